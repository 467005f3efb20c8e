/* Lists of entities that are alike: what was found out about one holds for the next (tape_same), but never for the one that is of
 * another brand or patient, wherever it stands. */
#include "test_flow_each.h"

enum { COUNT_OF_LIST = 9, ROUNDS = 300, MOST = 24 };

static const struct str p_1[] = { STR_INIT("p-1") }, g_1[] = { STR_INIT("g-1") };
#define ALL .subject = STR_INIT("s"), .scope = STR_INIT("admin:*")
static const struct token_claims anybody = { ALL };
static const struct token_claims bound = { ALL, .patients_bound = true, .patients = p_1, .patient_count = 1 };
static const struct token_claims member = { ALL, .groups_bound = true, .groups = g_1, .group_count = 1 };

/* An entity, and a foreign one. */
struct pair {
    const char *own, *foreign;
};
#define METRIC_AT(patient, brand, when)                                                                               \
    "{'id':'m-%u','patient_id':'" patient "','brand_id':'" brand "','metric_key':'mood','value_numeric':'7'," \
    "'recorded_at':'" when "','created_at':'2024-01-01T00:00:00.000Z'}"
#define AT_ONE   "2024-01-01T00:00:00.000Z"
#define AT_OTHER "2024-02-02T00:00:00.000Z"
#define PERSON(id, brand, more) "{'id':'" id "','brand_id':'" brand "'," more "'first_name':'Ada %u','last_name':'Doe'," PATIENT_REST "}"

#define IN(group) "'groups':[{'id':'" group "','brand_id':'acme'}],"

/* The list with the foreign one at `at`; none if that is behind its end. */
static struct reply list_of(const char *name, const struct pair *pair, unsigned at)
{
    struct buf out = buf_in(kit->arena, SIZE_MAX);

    buf_printf(&out, "{'%s':[", name);
    for (unsigned i = 0; i < COUNT_OF_LIST; i++) {
        buf_add(&out, i ? STR(",") : STR(""));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        buf_printf(&out, i == at ? pair->foreign : pair->own, 10 + i);
#pragma GCC diagnostic pop
    }
    buf_printf(&out, "],'total':%u,'count':%u}", COUNT_OF_LIST, COUNT_OF_LIST);
    return (struct reply){ .json = arena_cstr(kit->arena, buf_str(&out)) };
}

static const struct asked {
    const char *as, *method, *list;
    const struct token_claims *who;
    struct pair pair;
} cases[] = {
#define SERIES "patient-graph", "GET /v1/patients/p-1/metrics/mood", "data"
#define PEOPLE "patient-graph", "GET /v1/patients?brand_id=acme", "patients"
    { SERIES, &anybody, { METRIC_AT("p-1", "acme", AT_ONE), METRIC_AT("p-1", "ecma", AT_ONE) } },
    { SERIES, &anybody, { METRIC_AT("p-1", "acme", AT_ONE), METRIC_AT("p-1", "ecma", AT_OTHER) } },
    { SERIES, &anybody, { METRIC_AT("p-1", "acme", AT_ONE), METRIC_AT("p-1", "globex", AT_ONE) } },
    { SERIES, &bound, { METRIC_AT("p-1", "acme", AT_ONE), METRIC_AT("p-1", "ecma", AT_ONE) } },
    { SERIES, &bound, { METRIC_AT("p-1", "acme", AT_ONE), METRIC_AT("p-2", "acme", AT_ONE) } },
    { SERIES, &bound, { METRIC_AT("p-1", "acme", AT_ONE), METRIC_AT("p-2", "acme", AT_OTHER) } },
    { SERIES, &bound, { METRIC_AT("p-1", "acme", AT_ONE), METRIC_AT("p-22", "acme", AT_ONE) } },
    { PEOPLE, &anybody, { PERSON("p-1", "acme", ""), PERSON("p-1", "ecma", "") } },
    { PEOPLE, &bound, { PERSON("p-1", "acme", ""), PERSON("p-2", "acme", "") } },
    /* a patient is who its id says */
    { PEOPLE, &bound, { PERSON("p-1", "acme", "'patient_id':'p-1',"), PERSON("p-2", "acme", "'patient_id':'p-1',") } },
    /* and a group's if one of its groups is */
    { PEOPLE, &member, { PERSON("p-1", "acme", IN("g-1")), PERSON("p-1", "acme", IN("g-2")) } },
};

static void a_foreign_one_is_never_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (unsigned at = 0; at <= COUNT_OF_LIST; at++) {
            const struct reply reply = list_of(cases[i].list, &cases[i].pair, at);
            kit_script(kit, &reply, 1);
            struct heard heard = kit_ask(kit, (struct said){ .as = cases[i].as, .method = cases[i].method, .who = cases[i].who });
            CHECK(heard.status == (at < COUNT_OF_LIST ? 502 : 200), "case %zu, place %u: %d %s " STR_FMT, i, at, heard.status,
                  heard.detail, STR_ARG(heard.body));
        }
}

/* What was found out on one page of a list is nothing on the next one. */
static void no_foreign_page_is_shown(void **state)
{
    enum { PAGE = 1000, FULL = 2 };
    struct reply pages[FULL + 1] = { [FULL] = { .json = "{'metrics':[],'total':2000}" } };

    (void)state;
    for (size_t page = 0; page < FULL; page++) {
        struct buf out = buf_in(kit->arena, SIZE_MAX);
        buf_add(&out, STR("{'metrics':["));
        for (unsigned i = 0; i < PAGE; i++)
            buf_printf(&out, "%s{'id':'m-%04u','patient_id':'p-1','brand_id':'%s','metric_key':'mood','value_text':'%0200u'}",
                       i ? "," : "", i, page ? "ecma" : "acme", i);
        buf_add(&out, STR("],'total':2000}"));
        pages[page] = (struct reply){ .json = arena_cstr(kit->arena, buf_str(&out)) };
    }
    kit_script(kit, pages, COUNT(pages));
    struct heard heard = kit_ask(kit, (struct said){ .as = "general", .method = "GET /v1/patients/1/gauges", .who = &anybody });
    CHECK(heard.status == 502 && kit->started == COUNT(pages) && strstr(heard.detail, "may not see"), "%d %s, %zu calls", heard.status, heard.detail, kit->started);
}

/* Metrics that are shown as they stand, or not, and those that a pattern takes for others. */
static const char *const metrics[] = {
#define METRIC_OF(id, patient, value, unit, recorded, created)                                                      \
    "{'id':'" id "','patient_id':" patient ",'brand_id':'acme','metric_key':'mood','value_numeric':" value ","      \
    "'value_text':null,'unit':" unit ",'source':'api','is_phi':true,'recorded_at':" recorded ",'created_at':" created "}"
#define USUAL "'2024-01-01T00:00:00.000Z'"
    METRIC_OF("m-1", "'p-1'", "'7'", "null", USUAL, USUAL),
    METRIC_OF("m-2", "'p-1'", "'8'", "null", "'2024-01-02T00:00:00.000Z'", USUAL),
    METRIC_OF("m-3", "'p-1'", "'82.5'", "'kg'", "'2024-01-02T00:00:00.000Z'", USUAL),
    METRIC_OF("m-4", "'p-1'", "'9'", "null", "'2024-01-01t00:00:00.000Z'", USUAL), /* another form of as many bytes */
    METRIC_OF("m-5", "'p-1'", "'9'", "null", USUAL, "'2024-01-01t00:00:00.000Z'"),
    METRIC_OF("m-6", "'p-1'", "'9'", "null", "'2024-01-01T01:00:00.0+01'", USUAL),
    METRIC_OF("m-7", "'p-1'", "'9'", "null", "'2024-01-01T01:00:00+01:00'", USUAL),
    METRIC_OF("m-8", "'p-1'", "'9'", "null", "null", USUAL),
    METRIC_OF("m-\\u0039", "'p-1'", "'9'", "null", USUAL, USUAL),
    METRIC_OF("m-10", "'p-1'", "'9'", "{'at':'2024'}", USUAL, USUAL), /* something inside */
#define TIMES_INSIDE "{'v':1,'x':1,'y':" USUAL ",'z':" USUAL "}" /* where the outer ones are without them */
    METRIC_OF("m-11", "'p-1'", "'9'", TIMES_INSIDE, USUAL, USUAL),
    METRIC_OF("m-12", "'p-1'", "'9'", TIMES_INSIDE, "'2024-01-01t00:00:00.000Z'", USUAL),
    "{'created_at':" USUAL ",'id':'m-13','patient_id':'p-1','brand_id':'acme','metric_key':'mood','value_numeric':'7'}",
    "{ 'id':'m-14','patient_id':'p-1','brand_id':'acme'}",
};

static struct str shown_of(struct str list)
{
    struct buf reply = buf_in(kit->arena, SIZE_MAX);

    buf_printf(&reply, "{'patient_id':'p-1','metric_key':'mood','data':[" STR_FMT "],'count':1}", STR_ARG(list));
    kit_script(kit, &(struct reply){ .json = arena_cstr(kit->arena, buf_str(&reply)) }, 1);
    struct heard heard = kit_ask(kit, (struct said){ .as = "patient-graph", .method = "GET /v1/patients/p-1/metrics/mood",
                                                     .who = &anybody });
    const char *from = memchr(heard.body.ptr, '[', heard.body.len), *to = memrchr(heard.body.ptr, ']', heard.body.len);

    CHECK(heard.status == 200 && from && to, "%d: " STR_FMT, heard.status, STR_ARG(list));
    return arena_copy(kit->arena, str_of(from + 1, (size_t)(to - from) - 1));
}

/* Entities that stand one after the other in the backend's list are copied at once if that is the same. */
static void each_is_shown_as_it_is_alone(void **state)
{
    struct str alone[COUNT(metrics)];
    uint64_t chance = 11;

    (void)state;
    for (size_t i = 0; i < COUNT(metrics); i++)
        alone[i] = shown_of(str_from(metrics[i]));
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct buf list = buf_in(kit->arena, SIZE_MAX), expected = buf_in(kit->arena, SIZE_MAX);
        const unsigned kinds = 2 + round % (COUNT(metrics) - 1), count = 1 + round % MOST;
        for (unsigned i = 0; i < count; i++) {
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            const size_t one = (chance >> 33) % kinds;
            buf_add(&list, i ? (chance >> 60 ? STR(",") : STR(", ")) : STR(""));
            buf_add(&list, str_from(metrics[one]));
            buf_add(&expected, i ? STR(",") : STR(""));
            buf_add(&expected, alone[one]);
        }
        struct str shown = shown_of(buf_str(&list));
        CHECK(str_eq(shown, buf_str(&expected)), "round %u: " STR_FMT "\nis shown as\n" STR_FMT, round, STR_ARG(buf_str(&list)),
              STR_ARG(shown));
    }
}

/* What is kept beside one of them is shown with it. */
static void what_is_kept_is_shown_in_a_list(void **state)
{
    const struct pair pair = { .own = METRIC_OF("m-%u", "'p-1'", "'7'", "null", USUAL, USUAL) };
    const struct said post = { .as = "patient-graph", .method = "POST /v1/patients/p-1/metrics", .who = &anybody,
                               .body = "{'metric_key':'mood','value_numeric':'7','source':'api','recorded_at':'2024-01-01T00:00:00.000Z',"
                                       "'shoe_size':43}" };
    const struct reply stored = { .json = "{'id':'m-14','patient_id':'p-1','brand_id':'acme','metric_key':'mood'}" };

    (void)state;
    kit_script(kit, &stored, 1);
    struct heard heard = kit_ask(kit, post);
    CHECK(heard.status == 201, "%d %s", heard.status, heard.detail);
    const struct reply list = list_of("data", &pair, COUNT_OF_LIST);
    kit_script(kit, &list, 1);
    heard = kit_ask(kit, (struct said){ .as = "patient-graph", .method = "GET /v1/patients/p-1/metrics/mood", .who = &anybody });
    CHECK(heard.status == 200 && has(heard.body, "'shoe_size':43"), "%d " STR_FMT, heard.status, STR_ARG(heard.body));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_foreign_one_is_never_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(no_foreign_page_is_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_kept_is_shown_in_a_list, setup, teardown),
        cmocka_unit_test_setup_teardown(each_is_shown_as_it_is_alone, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
