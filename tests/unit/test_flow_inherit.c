/* A new entity that takes a member from another one that its body names: `inherit:` of dialect.yaml. */
#include "test_flow_kit.h"

#define T_PLAN_1 "ccccccccccccccccccccccc1"
#define ACTION(plan)                                                                                         \
    "{'data':{'type':'action','attributes':{'type':'weight','title':'Walk',"                                \
    "'effective_from':'2018-02-20T00:00:00Z'},'relationships':{'plan':{'data':{'type':'patient_plan_summary'," \
    "'id':'" plan "'}}}}}"
#define SENT                                                                                                 \
    "POST /v1/actions {'type':'weight','title':'Walk','effective_from':'2018-02-20T00:00:00.000Z','plan_id':'pl-1',"
#define MADE                                                                                                 \
    "{'id':'a-1','brand_id':'acme','type':'weight','title':'Walk','plan_id':'pl-1','patient_id':'p-1'}"

static struct kit *kit;

static int setup(void **state)
{
    static const struct crosswalk_row row = ROW("twine", "plan", "acme", T_PLAN_1, "pl-1");
    struct err err;

    (void)state;
    kit = kit_new(NULL);
    return store_crosswalk_import(kit->store, &row, 1, &err);
}

static int teardown(void **state)
{
    (void)state;
    kit_free(kit);
    return 0;
}

static const struct token_claims everything = { .subject = STR_INIT("tester"),
                                                .scope = STR_INIT("read:plans write:plans") };

static struct heard create(const char *body, const struct token_claims *who, const struct reply *replies, size_t count)
{
    kit_script(kit, replies, count);
    return kit_ask(kit, (struct said){ .as = "twine", .method = "POST /pub/action", .body = body, .who = who });
}

static void the_member_comes_from_the_other_entity(void **state)
{
    static const struct reply replies[] = {
        { .call = "plan.read", .json = "{'id':'pl-1','brand_id':'acme','patient_id':'p-1'}" },
        { .call = "action.create", .status = 201, .json = MADE },
    };

    (void)state;
    struct heard heard = create(ACTION(T_PLAN_1), &everything, replies, COUNT(replies));
    CHECK(heard.status == 201, "%d " STR_FMT, heard.status, STR_ARG(heard.body));
    struct str log = buf_str(&kit->log);
    CHECK(str_starts(log, STR("GET /v1/plans/pl-1\n" SENT "'patient_id':'p-1'}")), STR_FMT, STR_ARG(log));
}

/* Nothing is created under an entity that is not there, or that the caller may not see. */
static void an_entity_that_is_not_visible_is_a_fault_of_the_body(void **state)
{
    static const struct str one_patient[] = { STR_INIT("p-2") };
    static const struct token_claims bound = { .subject = STR_INIT("tester"),
                                               .scope = STR_INIT("read:plans write:plans"),
                                               .patients = one_patient,
                                               .patient_count = 1,
                                               .patients_bound = true };
    static const struct {
        const char *body;
        const struct token_claims *who;
        struct reply reply;
        int status;
    } cases[] = {
        { ACTION(T_PLAN_1), &everything, { .call = "plan.read", .code = ERR_NOT_FOUND }, 409 },
        { ACTION(T_PLAN_1), &everything, { .call = "plan.read", .json = "{'id':'pl-1','brand_id':'globex','patient_id':'p-9'}" }, 409 },
        { ACTION(T_PLAN_1), &bound, { .call = "plan.read", .json = "{'id':'pl-1','brand_id':'acme','patient_id':'p-1'}" }, 409 },
        { ACTION(T_PLAN_1), &everything, { .call = "plan.read", .json = "{'id':'pl-1','brand_id':'acme'}" }, 409 },
        { ACTION(T_PLAN_1), &everything, { .call = "plan.read", .code = ERR_UPSTREAM }, 502 },
        { ACTION("ccccccccccccccccccccccc9"), &everything, { .code = ERR_UPSTREAM }, 409 }, /* no call at all */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct heard heard = create(cases[i].body, cases[i].who, &cases[i].reply, 1);
        CHECK(heard.status == cases[i].status, "case %zu: %d " STR_FMT, i, heard.status, STR_ARG(heard.body));
        CHECK(heard.upstream_calls <= 1, "case %zu: something was created", i);
    }
}

static void an_entity_that_is_not_named_is_not_asked_for(void **state)
{
    static const struct reply replies[] = { { .call = "action.create", .status = 201, .json = MADE } };

    (void)state;
    struct heard heard = create("{'data':{'type':'action','attributes':{'type':'weight','title':'Walk',"
                                "'effective_from':'2018-02-20T00:00:00Z'}}}",
                                &everything, replies, COUNT(replies));
    CHECK(heard.status == 201, "%d " STR_FMT, heard.status, STR_ARG(heard.body));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_member_comes_from_the_other_entity, setup, teardown),
        cmocka_unit_test_setup_teardown(an_entity_that_is_not_visible_is_a_fault_of_the_body, setup, teardown),
        cmocka_unit_test_setup_teardown(an_entity_that_is_not_named_is_not_asked_for, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
