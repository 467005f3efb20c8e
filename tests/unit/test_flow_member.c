/* A principal bound to groups: patients that it names are judged by their memberships, lists are filtered. */
#include "test_flow_kit.h"

static const struct str first_group[] = { STR_INIT("g-1") };
static const struct token_claims member = { .subject = STR_INIT("tester"),
                                            .scope = STR_INIT("read:patients write:patients read:metrics "
                                                              "write:metrics"),
                                            .groups = first_group,
                                            .group_count = 1,
                                            .groups_bound = true };
static const struct token_claims of_none = { .subject = STR_INIT("tester"),
                                             .scope = STR_INIT("read:patients read:metrics"),
                                             .groups_bound = true };

#define IN(group)   { .call = "patient.groups", .json = "{'groups':[{'id':'" group "'}],'total':1}" }
#define IN_NONE     { .call = "patient.groups", .json = "{'groups':[],'total':0}" }
#define SHOW        "GET /v1/patients/1"
#define TO_METRIC                                                                                            \
    "{'data':{'type':'patient_health_metric','attributes':{'type':'weight','value':7},'relationships':"      \
    "{'patient':{'data':{'type':'patient','id':'" T_PATIENT_1 "'}}}}}"

static void named_patients_are_judged_by_their_groups(void **state)
{
    static const struct {
        const char *as, *method, *body;
        const struct token_claims *who;
        struct reply replies[2];
        size_t calls;
        int status;
    } cases[] = {
        { "general", SHOW, NULL, &member, { IN("g-1"), { .call = "patient.read", .json = PATIENT("p-1") } }, 2, 200 },
        { "general", SHOW, NULL, &member, { IN("g-2") }, 1, 404 },
        { "general", SHOW, NULL, &member, { IN_NONE }, 1, 404 },
        { "general", SHOW, NULL, &member, { { .call = "patient.groups", .json = "{}" } }, 1, 404 },
        { "general", SHOW, NULL, &member, { { .call = "patient.groups", .code = ERR_NOT_FOUND } }, 1, 404 },
        { "general", SHOW, NULL, &member, { { .call = "patient.groups", .code = ERR_UPSTREAM } }, 1, 502 },
        { "general", SHOW, NULL, &of_none, { IN("g-1") }, 1, 404 },
        { "general", "GET /v1/patients/777", NULL, &member, { IN_NONE }, 0, 404 }, /* unknown: nothing to ask */
        { "general", "GET /v1/patients/1/gauges", NULL, &member, { IN("g-2") }, 1, 404 },
        { "patient-graph", "GET /v1/patients/p-1/safe", NULL, &member, { IN("g-2") }, 1, 404 },
        { "twine", "GET /pub/patient_health_metric?filter[patient]=" T_PATIENT_1, NULL, &member, { IN("g-2") }, 1, 200 },
        { "twine", "POST /pub/patient_health_metric", TO_METRIC, &member, { IN("g-2") }, 1, 409 },
        { "twine",
          "POST /pub/patient_health_metric",
          TO_METRIC,
          &member,
          { IN("g-1"), { .call = "metric.create", .status = 201, .json = METRIC("m-1", "p-1") } },
          2,
          200 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit *kit = kit_new(NULL);
        kit_script(kit, cases[i].replies, COUNT(cases[i].replies));
        struct heard heard = kit_ask(kit, (struct said){ .as = cases[i].as,
                                                         .method = cases[i].method,
                                                         .body = cases[i].body,
                                                         .who = cases[i].who });
        CHECK(heard.status == cases[i].status, "case %zu: %d %s", i, heard.status, heard.detail);
        CHECK(kit->started == cases[i].calls, "case %zu: %zu calls", i, kit->started);
        kit_free(kit);
    }
}

static void lists_are_filtered(void **state)
{
    struct kit *kit = kit_new(NULL);

    (void)state;
    SCRIPT(kit, { .call = "patient.list", .json = "{'patients':[],'total':0}" });
    struct heard heard = kit_ask(kit, (struct said){ .as = "general", .method = "GET /v1/patients", .who = &member });
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients?brand_id=acme&group_id=g-1&limit=25&offset=0\n");
    kit_free(kit);
}

/* A backend that cannot say who belongs to a group is not trusted to know. */
static void without_memberships_nothing_is_reached(void **state)
{
    struct kit *kit = kit_new("backend.completions=[patient.read]");

    (void)state;
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-1") });
    struct heard heard = kit_ask(kit, (struct said){ .as = "general", .method = SHOW, .who = &member });
    CHECK(heard.status == 403 && kit->started == 0, "%d, %zu calls", heard.status, kit->started);
    kit_free(kit);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_patients_are_judged_by_their_groups),
        cmocka_unit_test(lists_are_filtered),
        cmocka_unit_test(without_memberships_nothing_is_reached),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
