/* Lists of entities that are alike: what was found out about one holds for the next (tape_same), but never for the one that is of
 * another brand or patient, wherever it stands. */
#include "test_flow_each.h"

enum { COUNT_OF_LIST = 9 };

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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_foreign_one_is_never_shown, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
