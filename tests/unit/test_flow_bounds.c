/* What a principal bound to patients may write, and what making something on the way needs. */
#include "test_flow_kit.h"

static const struct str one_patient[] = { STR_INIT("p-1") };
#define SCOPES                                                                                               \
    STR_INIT("read:patients write:patients admin:patients read:metrics write:metrics read:organization "     \
             "write:organization write:plans read:plans")
static const struct token_claims bound = {
    .subject = STR_INIT("s"), .scope = SCOPES, .patients = one_patient, .patient_count = 1, .patients_bound = true
};
static const struct str one_group[] = { STR_INIT("g-1") };
static const struct token_claims of_group = {
    .subject = STR_INIT("s"), .scope = SCOPES, .groups = one_group, .group_count = 1, .groups_bound = true
};
static const struct token_claims of_no_group = { .subject = STR_INIT("s"), .scope = SCOPES, .groups_bound = true };
static const struct token_claims reader = { .subject = STR_INIT("s"),
                                            .scope = STR_INIT("read:patients write:patients read:organization") };

#define IN_NEW_GROUP                                                                                         \
    "'relationships':{'groups':{'data':[{'type':'group','meta':{'query':{'organization':'" T_ACME            \
    "','name':'Lead'}}}]}}"

static const struct {
    const char *as, *method, *body;
    const struct token_claims *who;
    int status;
    enum err_code code;
} refused[] = {
    { "general", "POST /v1/patients", "{'patient':{'first_name':'a','last_name':'b','date_of_birth':'2010-05-15'}}", &bound,
      403, ERR_FORBIDDEN_PATIENT },
    { "twine", "POST /pub/group", "{'data':{'type':'group','attributes':{'name':'Mine'}}}", &bound, 403,
      ERR_FORBIDDEN_PATIENT },
    { "twine", "POST /pub/group", "{'data':{'type':'group','attributes':{'name':'Mine'}}}", &of_group, 403, ERR_FORBIDDEN },
    { "twine", "POST /pub/action",
      "{'data':{'type':'action','attributes':{'type':'weight','title':'t','effective_from':'2018-02-20T00:00:00Z'}}}",
      &bound, 403, ERR_FORBIDDEN_PATIENT }, /* nobody's */
    { "twine", "PATCH /pub/patient/" T_PATIENT_1, "{'data':{'type':'patient'," IN_NEW_GROUP "}}", &bound, 403,
      ERR_FORBIDDEN_PATIENT },
    { "twine", "PATCH /pub/patient/" T_PATIENT_2, "{'data':{'type':'patient','attributes':{'gender':'male'}}}", &bound,
      403, ERR_FORBIDDEN_PATIENT },
    { "twine", "POST /pub/action",
      "{'data':{'type':'action','attributes':{'type':'weight','title':'t','effective_from':'2018-02-20T00:00:00Z'}}}", NULL,
      403, ERR_SCOPE }, /* the kit's own claims lack the scope */
    { "twine", "POST /pub/patient",
      "{'data':{'type':'patient','attributes':{'first_name':'a','last_name':'b'}," IN_NEW_GROUP "}}", &reader, 403,
      ERR_SCOPE }, /* it may make a group */
};

static void nothing_is_asked_for_what_is_refused(void **state)
{
    struct kit *kit = kit_new(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        kit_script(kit, NULL, 0);
        struct heard heard = kit_ask(kit, (struct said){ .as = refused[i].as,
                                                         .method = refused[i].method,
                                                         .body = refused[i].body,
                                                         .who = refused[i].who });
        CHECK(heard.status == refused[i].status && heard.code == refused[i].code, "case %zu: %d %s", i, heard.status,
              heard.detail);
        CHECK(kit->started == 0, "case %zu: %zu calls", i, kit->started);
    }
    kit_free(kit);
}

static void what_is_about_the_patient_is_allowed(void **state)
{
    struct kit *kit = kit_new(NULL);

    (void)state;
    SCRIPT(kit, { .call = "metric.create", .status = 201, .json = METRIC("m-1", "p-1") });
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "twine",
                                    .method = "POST /pub/patient_health_metric",
                                    .body = "{'data':{'type':'patient_health_metric','attributes':{'type':'weight','value':7},"
                                            "'relationships':{'patient':{'data':{'type':'patient','id':'" T_PATIENT_1
                                            "'}}}}}",
                                    .who = &bound });
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    kit_free(kit);
}

/* Bound to groups, it makes no other, by a name neither: its own are looked through. */
static void a_principal_bound_to_groups_makes_none_by_a_name(void **state)
{
#define NAMED(id, brand) "{'groups':[{'id':'" id "','brand_id':'" brand "','name':'Lead'}],'total':1}"
    static const struct {
        const struct token_claims *who;
        const char *groups;
        int status;
        size_t calls;
    } cases[] = {
        { &of_group, NAMED("g-1", "acme"), 201, 4 },
        { &of_group, "{'groups':[],'total':0}", 409, 1 },
        { &of_group, NAMED("g-2", "acme"), 409, 1 },   /* a backend that forgets the filter */
        { &of_group, NAMED("g-1", "globex"), 409, 1 },
        { &of_group, "{}", 502, 1 },
        { &of_no_group, NULL, 409, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit *kit = kit_new(NULL);
        struct reply replies[] = { { .call = "group.list", .json = cases[i].groups },
                                   { .call = "patient.create", .status = 201, .json = PATIENT("p-7") },
                                   { .call = "patient.set_groups", .json = "{'groups':[{'id':'g-1'}]}" },
                                   { .call = "patient.read", .json = PATIENT("p-7") } };
        kit_script(kit, replies, COUNT(replies));
        struct heard heard =
            kit_ask(kit, (struct said){ .as = "twine",
                                        .method = "POST /pub/patient",
                                        .body = "{'data':{'type':'patient','attributes':{'first_name':'a',"
                                                "'last_name':'b'}," IN_NEW_GROUP "}}",
                                        .who = cases[i].who });
        CHECK(heard.status == cases[i].status, "case %zu: %d %s", i, heard.status, heard.detail);
        CHECK(kit->started == cases[i].calls, "case %zu: %zu calls", i, kit->started);
        CHECK(!kit->started || has(buf_str(&kit->log), "GET /v1/groups?id=g-1&name=Lead&limit=2&offset=0\n"), STR_FMT,
              STR_ARG(buf_str(&kit->log)));
        kit_free(kit);
    }
}

/* The path of a dialect may name the patient where the call does not: that it is the caller's own tells nothing of the entity. */
static void an_own_patient_in_the_path_opens_no_other_entity(void **state)
{
#define NESTED "request: \"%s /v1/patients/{patient}/encounters/{id}\", scopes: [write:encounters], resource: encounter, answer: $item, " \
               "path: { patient: { type: id, kind: patient }, id: { type: id, kind: encounter, to: encounter_id } }, "
#define ENCOUNTER(patient) "{'id':'e-1','patient_id':'" patient "','brand_id':'acme','encounter_type':'lab','status':'scheduled','metadata':{}," TIMES "}"
#define GROUPS_OF(group) { .call = "patient.groups", .json = "{'groups':[{'id':'" group "'}],'total':1}" }
#define READ(patient) { .call = "encounter.read", .json = ENCOUNTER(patient) }
#define GONE           { .call = "encounter.delete", .json = ENCOUNTER("p-1") }
#define WRITE(patient) { .call = "encounter.update", .json = ENCOUNTER(patient) }
    static const struct token_claims own = { .subject = STR_INIT("s"), .scope = STR_INIT("admin:*"), .patients = one_patient,
                                             .patient_count = 1, .patients_bound = true };
    static const struct token_claims member = { .subject = STR_INIT("s"), .scope = STR_INIT("admin:*"), .groups = one_group,
                                                .group_count = 1, .groups_bound = true };
    static const struct {
        const char *method;
        const struct token_claims *who;
        struct reply replies[4];
        size_t calls;
        int status;
    } cases[] = {
        { "PATCH /v1/patients/p-1/encounters/e-1", &own, { READ("p-2") }, 1, 404 },
        { "PATCH /v1/patients/p-1/encounters/e-1", &own, { READ("p-1"), WRITE("p-1") }, 2, 200 },
        { "PATCH /v1/patients/p-2/encounters/e-1", &own, { { .json = "{}" } }, 0, 403 },
        { "PATCH /v1/patients/p-1/encounters/e-1", &member, { GROUPS_OF("g-1"), READ("p-2"), GROUPS_OF("g-2") }, 3, 404 },
        { "PATCH /v1/patients/p-1/encounters/e-1", &member, { GROUPS_OF("g-1"), READ("p-1"), WRITE("p-1") }, 3, 200 },
        { "DELETE /v1/patients/p-1/encounters/e-1", &own, { READ("p-2") }, 1, 404 },
        { "DELETE /v1/patients/p-1/encounters/e-1", &own, { READ("p-1"), GONE }, 2, 200 },
        { "DELETE /v1/patients/p-1/encounters/e-1", &member, { GROUPS_OF("g-1"), READ("p-2"), GROUPS_OF("g-2") }, 3, 404 },
        { "DELETE /v1/patients/p-1/encounters/e-1", &member, { GROUPS_OF("g-1"), READ("p-1"), GONE }, 3, 200 },
        { "GET /v1/patients/p-1/encounters/e-1", NULL, { READ("p-1") }, 1, 200 }, /* who is bound to nothing may not be misled either */
        { "GET /v1/patients/p-2/encounters/e-1", NULL, { READ("p-1") }, 1, 404 },
        { "GET /v1/patients/p-1/encounters/e-1", NULL, { { .call = "encounter.read", .json = "{'id':'e-1','brand_id':'acme'}" } }, 1, 404 },
        { "PATCH /v1/patients/p-2/encounters/e-1", NULL, { READ("p-1") }, 1, 404 },
        { "PATCH /v1/patients/p-1/encounters/e-1", NULL, { READ("p-1"), WRITE("p-1") }, 2, 200 },
        { "PATCH /v1/patients/p-1/encounters/e-1", NULL,
          { READ("p-1"), { .call = "encounter.update", .json = "{'id':'e-1','brand_id':'acme'}" } }, 2, 200 },
        { "DELETE /v1/patients/p-2/encounters/e-1", NULL, { READ("p-1") }, 1, 404 },
        { "DELETE /v1/patients/p-1/encounters/e-1", NULL, { READ("p-1"), GONE }, 2, 200 },
    };
    struct arena *arena = arena_new(SIZE_MAX);
    struct kit *kit = kit_new_changed(
        "patient-graph/dialect.yaml",
        arena_printf(arena,
                     "s|^operations:|&\\n  visit: { " NESTED "call: encounter.update, stored: encounter.read, body: {} }"
                     "\\n  leave: { " NESTED "call: encounter.delete, stored: encounter.read }"
                     "\\n  look: { " NESTED "call: encounter.read }|",
                     "PATCH", "DELETE", "GET")
            .ptr);

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, cases[i].replies, cases[i].calls);
        bool writes = str_starts(str_from(cases[i].method), STR("PATCH"));
        struct heard heard = kit_ask(kit, (struct said){ .as = "patient-graph", .method = cases[i].method, .who = cases[i].who,
                                                         .body = writes ? "{'notes':'mine'}" : NULL });
        CHECK(heard.status == cases[i].status && kit->started == cases[i].calls, "case %zu: %d, %zu calls, %s\n" STR_FMT, i,
              heard.status, kit->started, heard.detail, STR_ARG(buf_str(&kit->log)));
    }
    kit_free(kit);
    arena_free(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_asked_for_what_is_refused),
        cmocka_unit_test(what_is_about_the_patient_is_allowed),
        cmocka_unit_test(a_principal_bound_to_groups_makes_none_by_a_name),
        cmocka_unit_test(an_own_patient_in_the_path_opens_no_other_entity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
