/* Identifiers that only the gateway keeps find their patient as the canonical ones do. */
#include "test_flow_kit.h"

static struct kit *kit;

#define KEPT(value)                                                                                          \
    "{'data':{'type':'patient','attributes':{'first_name':'J','last_name':'D','identifiers':[{'system':'K','value':'" value  \
    "','unique':false}]}}}"

/* Two patients of acme, kept as K|1 and K|2; both as K|3. */
static int setup(void **state)
{
    (void)state;
    kit = kit_new(NULL);
    static const struct {
        const char *id, *body;
    } patients[] = { { PATIENT("p-1"), KEPT("1','unique':false},{'system':'K','value':'3") },
                     { PATIENT("p-2"), KEPT("2','unique':false},{'system':'K','value':'3") } };
    for (size_t i = 0; i < COUNT(patients); i++) {
        struct reply made = { .call = "patient.create", .status = 201, .json = patients[i].id };
        kit_script(kit, &made, 1);
        struct heard heard =
            kit_ask(kit, (struct said){ .as = "twine", .method = "POST /pub/patient", .body = patients[i].body });
        CHECK(heard.status == 201, "%d %s", heard.status, heard.detail);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_free(kit);
    return 0;
}

#define NONE { .call = "patient.list", .json = "{'patients':[],'total':0}" }
#define LIST(list) { .call = "patient.list", .json = "{'patients':[" list "],'total':1}" }
#define STORED { .call = "metric.create", .status = 201, .json = METRIC("m-1", "p-1") }
#define WEIGHT(value)                                                                                        \
    "{'data':{'type':'patient_health_metric','attributes':{'type':'weight','value':'7'},'relationships':{'patient':{'data':{"  \
    "'type':'patient','meta':{'query':{'identifier':{'system':'K','value':'" value "'},'groups':['" T_GROUP_1 "']}}}}}}}"

static struct heard weigh(const char *body)
{
    return kit_ask(kit, (struct said){ .as = "twine", .method = "POST /pub/patient_health_metric", .body = body });
}

static void a_look_up_asks_both(void **state)
{
    (void)state;
    SCRIPT(kit, NONE, LIST(PATIENT("p-1")), STORED);
    struct heard heard = weigh(WEIGHT("1"));
    CHECK(heard.status == 200, "%d %s %.*s", heard.status, heard.detail, STR_ARG(heard.body));
    CHECK(str_starts(buf_str(&kit->log), STR("GET /v1/patients?brand_id=acme&external_id=K%7C1&group_id=g-1&limit=2&offset=0\n"
                                             "GET /v1/patients?brand_id=acme&group_id=g-1&patient_id=p-1&limit=2&offset=0\n"
                                             "POST /v1/patients/p-1/metrics ")),
          "%.*s", STR_ARG(buf_str(&kit->log)));
    /* the same patient by both is one */
    SCRIPT(kit, LIST(PATIENT("p-1")), LIST(PATIENT("p-1")), STORED);
    heard = weigh(WEIGHT("1"));
    CHECK(heard.status == 200 && kit->started == 3, "%d %s", heard.status, heard.detail);
    /* another one by each is two */
    SCRIPT(kit, LIST(PATIENT("p-2")), LIST(PATIENT("p-1")));
    heard = weigh(WEIGHT("1"));
    CHECK(heard.status == 409 && kit->started == 2, "%d, %zu calls", heard.status, kit->started);
    /* two by what is kept, or one that the rest of the question leaves out */
    SCRIPT(kit, NONE, LIST(PATIENT("p-1") "," PATIENT("p-2")));
    heard = weigh(WEIGHT("3"));
    CHECK(heard.status == 409 && has(buf_str(&kit->log), "patient_id=p-1%2Cp-2&"), "%d %.*s", heard.status,
          STR_ARG(buf_str(&kit->log)));
    SCRIPT(kit, NONE, NONE);
    heard = weigh(WEIGHT("1"));
    CHECK(heard.status == 409 && kit->started == 2, "%d, %zu calls", heard.status, kit->started);
    /* nobody keeps it: one call as before */
    SCRIPT(kit, NONE);
    heard = weigh(WEIGHT("4"));
    CHECK(heard.status == 409 && kit->started == 1, "%d, %zu calls", heard.status, kit->started);
}

static void an_upsert_asks_both(void **state)
{
    (void)state;
    SCRIPT(kit, NONE, LIST(PATIENT("p-1")), { .call = "patient.update", .json = PATIENT("p-1") });
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                     .method = "PUT /pub/patient",
                                                     .body = "{'meta':{'query':{'identifier':{'system':'K','value':'1'},"
                                                             "'groups':['" T_GROUP_1 "']}},'data':{'type':'patient',"
                                                             "'attributes':{'first_name':'Jim'}}}" });
    CHECK(heard.status == 200 && kit->started == 3, "%d %s", heard.status, heard.detail);
}

#define LIST_BY(value) "GET /pub/patient?filter[organization]=" T_ACME "&filter[identifier][system]=K&filter[identifier][value]=" value

static void a_list_asks_both(void **state)
{
    (void)state;
    SCRIPT(kit, LIST(PATIENT("p-7")), LIST(PATIENT("p-1") "," PATIENT("p-7")));
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = LIST_BY("1") });
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients?brand_id=acme&external_id=K%7C1&limit=1000&offset=0\n"
                   "GET /v1/patients?brand_id=acme&patient_id=p-1%2Cp-7&include=groups%2Ccare_team&limit=10&offset=0\n");
    SCRIPT(kit, NONE);
    heard = kit_ask(kit, (struct said){ .as = "twine", .method = LIST_BY("9") });
    CHECK(heard.status == 200 && kit->started == 1, "%d, %zu calls", heard.status, kit->started);
}

/* A full page may have a next one, whose ids would be missing. */
static void a_list_by_half_of_the_ids_is_none(void **state)
{
    struct buf list = buf_in(kit->arena, SIZE_MAX);

    (void)state;
    buf_add(&list, STR("{'patients':["));
    for (size_t i = 0; i < 1000; i++)
        buf_printf(&list, "%s{'id':'q-%zu','brand_id':'acme'}", i ? "," : "", i);
    buf_add(&list, STR("],'total':1001}"));
    struct reply reply = { .call = "patient.list", .json = arena_cstr(kit->arena, buf_str(&list)) };
    kit_script(kit, &reply, 1);
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = LIST_BY("1") });
    CHECK(heard.status == 413 && kit->started == 1, "%d %s", heard.status, heard.detail);
}

/* Ids that are asked for by number must be the caller's own, or the bound that a list has would be gone. */
static void bounds_hold(void **state)
{
    static const struct str patients[] = { STR_INIT("p-2") };
    const struct token_claims two = { .patients = patients, .patient_count = 1, .patients_bound = true };
    const struct token_claims globex = { .brand = STR("globex") };

    (void)state;
    SCRIPT(kit, NONE, LIST(PATIENT("p-2")));
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = LIST_BY("3"), .who = &two });
    CHECK(heard.status == 200 && has(buf_str(&kit->log), "patient_id=p-2&") && !has(buf_str(&kit->log), "p-1"), "%d %.*s",
          heard.status, STR_ARG(buf_str(&kit->log)));
    SCRIPT(kit, NONE);
    heard = kit_ask(kit, (struct said){ .as = "twine", .method = LIST_BY("1"), .who = &two });
    CHECK(heard.status == 200 && kit->started == 1 && has(heard.body, "'data':[]"), "%d %.*s", heard.status,
          STR_ARG(heard.body));
    SCRIPT(kit, NONE);
    heard = kit_ask(kit, (struct said){ .as = "twine", .method = "POST /pub/patient_health_metric", .body = WEIGHT("1"),
                                        .who = &two });
    CHECK(heard.status == 403 && kit->started == 1, "%d, %zu calls", heard.status, kit->started);
    /* that somebody else has the same makes no difference */
    SCRIPT(kit, NONE, LIST(PATIENT("p-2")), { .call = "metric.create", .status = 201, .json = METRIC("m-1", "p-2") });
    heard = kit_ask(kit, (struct said){ .as = "twine", .method = "POST /pub/patient_health_metric", .body = WEIGHT("3"),
                                        .who = &two });
    CHECK(heard.status == 200 && count_of(buf_str(&kit->log), "&patient_id=p-2&") == 2 && !has(buf_str(&kit->log), "p-1"),
          "%d %.*s", heard.status, STR_ARG(buf_str(&kit->log)));
    /* what one brand keeps, another does not find */
    SCRIPT(kit, NONE);
    heard = kit_ask(kit, (struct said){ .as = "twine",
                                        .method = "GET /pub/patient?filter[organization]=" T_GLOBEX
                                                  "&filter[identifier][system]=K&filter[identifier][value]=1",
                                        .who = &globex });
    CHECK(heard.status == 200 && kit->started == 1, "%d, %zu calls", heard.status, kit->started);
}

static void what_is_changed_or_erased_is_not_found(void **state)
{
    (void)state;
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-1"), .etag = "'v1'" },
           { .call = "patient.update", .json = PATIENT("p-1") });
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                     .method = "PATCH /pub/patient/" T_PATIENT_1,
                                                     .body = "{'data':{'type':'patient','attributes':{'identifiers':[{"
                                                             "'system':'K','value':'5','unique':false}]}}}" });
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    SCRIPT(kit, NONE);
    heard = weigh(WEIGHT("1"));
    CHECK(heard.status == 409 && kit->started == 1, "%d, %zu calls", heard.status, kit->started);
    SCRIPT(kit, NONE, LIST(PATIENT("p-1")), STORED);
    heard = weigh(WEIGHT("5"));
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    SCRIPT(kit, { .call = "patient.erase", .json = "{'status':'ok','rows_affected':{}}" });
    heard = kit_ask(kit, (struct said){ .as = "patient-graph", .method = "DELETE /v1/patients/p-1" });
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    SCRIPT(kit, NONE);
    heard = weigh(WEIGHT("5"));
    CHECK(heard.status == 409 && kit->started == 1, "%d, %zu calls", heard.status, kit->started);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_look_up_asks_both, setup, teardown),
        cmocka_unit_test_setup_teardown(an_upsert_asks_both, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_asks_both, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_by_half_of_the_ids_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_changed_or_erased_is_not_found, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
