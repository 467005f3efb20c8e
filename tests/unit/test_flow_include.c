/* Related entities beside the answer: `include:` of dialect.yaml. */
#include "test_flow_kit.h"

#define T_PROFILE "GET /pub/health_profile?filter[organization]=" T_ACME
static const struct token_claims who = { .subject = STR_INIT("s"), .scope = STR_INIT("read:profiles read:patients") };

#define PROFILES                                                                                             \
    "{'health_profiles':[{'id':'h-1','brand_id':'acme','patient_id':'p-1','stats':[]},"                      \
    "{'id':'h-2','brand_id':'acme','patient_id':'p-2','stats':[]},"                                          \
    "{'id':'h-3','brand_id':'acme','patient_id':'p-1','stats':[]}],'total':3}"
#define LIST_CALL "GET /v1/health_profiles?limit=10&offset=0\n"

static struct heard ask(struct kit *kit, const char *method)
{
    return kit_ask(kit, (struct said){ .as = "twine", .method = method, .who = &who });
}

static void one_call_for_each_kind_and_each_entity_once(void **state)
{
    struct kit *kit = kit_new(NULL);

    (void)state;
    SCRIPT(kit, { .call = "health_profile.list", .json = PROFILES },
           { .call = "patient.list",
             .json = "{'patients':[" PATIENT("p-1") "," PATIENT("p-2") "," PATIENT("p-1") "],'total':3}" });
    struct heard heard = ask(kit, T_PROFILE "&include=&include=patient&include=patient,patient");
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, LIST_CALL "GET /v1/patients?brand_id=acme&patient_id=p-1%2Cp-2&include=groups%2Ccare_team&limit=1000&offset=0\n");
    CHECK(count_of(heard.body, "{'type':'patient','id':'" T_PATIENT_1 "','attributes'") == 1, STR_FMT, STR_ARG(heard.body));
    CHECK(count_of(heard.body, "{'type':'patient','id':'" T_PATIENT_2 "','attributes'") == 1, STR_FMT, STR_ARG(heard.body));
    CHECK(count_of(heard.body, "'included':[") == 1, STR_FMT, STR_ARG(heard.body));
    kit_free(kit);
}

static void nothing_is_fetched_where_nothing_is_asked_or_shown(void **state)
{
    struct kit *kit = kit_new(NULL);

    (void)state;
    SCRIPT(kit, { .call = "health_profile.list", .json = PROFILES });
    struct heard heard = ask(kit, T_PROFILE);
    CHECK(heard.status == 200 && !count_of(heard.body, "'included'"), STR_FMT, STR_ARG(heard.body));
    SCRIPT(kit, { .call = "health_profile.list", .json = "{'health_profiles':[],'total':0}" });
    heard = ask(kit, T_PROFILE "&include=patient,questions");
    CHECK(heard.status == 200 && count_of(heard.body, "'included':[]") == 1, STR_FMT, STR_ARG(heard.body));
    kit_free(kit);
}

static void what_cannot_be_included_is_told_before_anything_is_done(void **state)
{
    static const char *const asked[] = { T_PROFILE "&include=owner", T_PROFILE "&include=patient,owner",
                                         T_PROFILE "&include=patient&include=owner",
                                         T_PROFILE "&include=patient.groups", T_PROFILE "&include=," };
    struct kit *kit = kit_new(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(asked); i++) {
        kit_script(kit, NULL, 0);
        struct heard heard = ask(kit, asked[i]);
        CHECK(heard.status == 409 && kit->started == 0, "%s: %d", asked[i], heard.status);
        CHECK(count_of(heard.body, "'parameter':'include'") == 1, STR_FMT, STR_ARG(heard.body));
    }
    kit_free(kit);
}

/* What the backend puts in is judged like everything else; and a bound principal's own filter holds here, too. */
static void included_entities_are_judged(void **state)
{
    static const struct str one_patient[] = { STR_INIT("p-1") };
    static const struct token_claims bound = { .subject = STR_INIT("s"),
                                               .scope = STR_INIT("read:profiles read:patients"),
                                               .patients = one_patient,
                                               .patient_count = 1,
                                               .patients_bound = true };
    struct kit *kit = kit_new(NULL);

    (void)state;
    SCRIPT(kit, { .call = "health_profile.list", .json = PROFILES },
           { .call = "patient.list",
             .json = "{'patients':[" PATIENT("p-1") "," PATIENT_OF("p-9", "globex", "Eve") "],'total':2}" });
    struct heard heard = ask(kit, T_PROFILE "&include=patient");
    CHECK(heard.status == 200 && !count_of(heard.body, "Eve"), STR_FMT, STR_ARG(heard.body));
    SCRIPT(kit, { .call = "health_profile.list",
                  .json = "{'health_profiles':[{'id':'h-1','brand_id':'acme','patient_id':'p-1','stats':[]}],'total':1}" },
           { .call = "patient.list", .json = "{'patients':[" PATIENT("p-1") "," PATIENT("p-2") "],'total':2}" });
    heard = kit_ask(kit, (struct said){ .as = "twine", .method = T_PROFILE "&include=patient", .who = &bound });
    CHECK(heard.status == 200 && !count_of(heard.body, T_PATIENT_2), STR_FMT, STR_ARG(heard.body));
    SCRIPT(kit, { .call = "health_profile.list", .json = PROFILES }, { .call = "patient.list", .code = ERR_UPSTREAM });
    heard = ask(kit, T_PROFILE "&include=patient");
    CHECK(heard.status == 502, "%d", heard.status);
    SCRIPT(kit, { .call = "health_profile.list", .json = PROFILES }, { .call = "patient.list", .json = "{}" });
    heard = ask(kit, T_PROFILE "&include=patient");
    CHECK(heard.status == 502, "%d", heard.status);
    kit_free(kit);
}

/* Whoever may not read patients by themselves may not read them beside something else either. */
static void what_is_included_needs_its_own_scopes(void **state)
{
    static const struct token_claims few = { .subject = STR_INIT("s"), .scope = STR_INIT("read:profiles write:patients") };
    struct kit *kit = kit_new(NULL);

    (void)state;
    kit_script(kit, NULL, 0);
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = T_PROFILE "&include=patient", .who = &few });
    CHECK(heard.status == 403 && kit->started == 0, "%d", heard.status);
    CHECK(count_of(heard.body, "'code':'Forbidden'") == 1, STR_FMT, STR_ARG(heard.body));
    CHECK(count_of(heard.headers, "read:patients") == 1, STR_FMT, STR_ARG(heard.headers));
    SCRIPT(kit, { .call = "health_profile.list", .json = PROFILES },
           { .call = "health_profile_question.list", .json = "{'health_profile_questions':[],'total':0}" });
    heard = kit_ask(kit, (struct said){ .as = "twine", .method = T_PROFILE "&include=questions", .who = &few });
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    kit_free(kit);
}

/* So many entities, each of a patient of its own. */
static const char *list_of(struct kit *kit, const char *name, const char *patient, size_t count)
{
    struct buf out = buf_in(kit->arena, SIZE_MAX);

    buf_printf(&out, "{'%s':[", name);
    for (size_t i = 0; i < count; i++)
        buf_printf(&out, "%s{'id':'h-%zu','brand_id':'acme','patient_id':'%s-%zu','stats':[]}", i ? "," : "", i, patient, i);
    buf_add(&out, STR("]}"));
    return arena_cstr(kit->arena, buf_str(&out));
}

/* What does not fit into one call, or comes with a full page, is not left out. */
static void more_than_one_call_can_say_is_told(void **state)
{
    struct kit *kit = kit_new(NULL);
    char long_name[4000];

    (void)state;
    memset(long_name, 'p', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    struct reply profiles = { .call = "health_profile.list", .json = list_of(kit, "health_profiles", long_name, 10) };
    kit_script(kit, &profiles, 1);
    struct heard heard = ask(kit, T_PROFILE "&include=patient");
    CHECK(heard.status == 414 && kit->started == 1, "%d %s", heard.status, heard.detail);
    struct reply full[] = { { .call = "health_profile.list", .json = PROFILES },
                            { .call = "patient.list", .json = list_of(kit, "patients", "p", 1000) } };
    kit_script(kit, full, COUNT(full));
    heard = ask(kit, T_PROFILE "&include=patient");
    CHECK(heard.status == 502 && kit->started == 2, "%d %s", heard.status, heard.detail);
    kit_free(kit);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_included_needs_its_own_scopes),
        cmocka_unit_test(one_call_for_each_kind_and_each_entity_once),
        cmocka_unit_test(nothing_is_fetched_where_nothing_is_asked_or_shown),
        cmocka_unit_test(what_cannot_be_included_is_told_before_anything_is_done),
        cmocka_unit_test(included_entities_are_judged),
        cmocka_unit_test(more_than_one_call_can_say_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
