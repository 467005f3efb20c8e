/* Entities that a body names beside its patient: what a new one takes from them (`inherit:` of dialect.yaml), and whose they are. */
#include "test_flow_kit.h"

#define T_PLAN_1 "ccccccccccccccccccccccc1"
#define ACTION(plan)                                                                                         \
    "{'data':{'type':'action','attributes':{'type':'weight','title':'Walk',"                                \
    "'effective_from':'2018-02-20T00:00:00Z'},'relationships':{'plan':{'data':{'type':'patient_plan_summary'," \
    "'id':'" plan "'}}}}}"
#define T_BUNDLE_1 "ddddddddddddddddddddddd1"
#define T_BUNDLE_2 "ddddddddddddddddddddddd2"
#define T_ACTION_1 "eeeeeeeeeeeeeeeeeeeeeee1"
#define BUNDLES                                                                                              \
    "'bundles':{'data':[{'type':'bundle','id':'" T_BUNDLE_1 "'},{'type':'bundle','id':'" T_BUNDLE_2 "'},"     \
    "{'type':'bundle','id':'" T_BUNDLE_1 "'}]}"
#define SENT                                                                                                 \
    "POST /v1/actions {'type':'weight','title':'Walk','effective_from':'2018-02-20T00:00:00.000Z'," \
    "'tracking':true,'metric_required':false,'plan_id':'pl-1',"
#define MADE                                                                                                 \
    "{'id':'a-1','brand_id':'acme','type':'weight','title':'Walk','plan_id':'pl-1','patient_id':'p-1'}"

static struct kit *kit;

static int setup(void **state)
{
    static const struct crosswalk_row rows[] = {
        ROW("twine", "plan", "acme", T_PLAN_1, "pl-1"),
        ROW("twine", "bundle", "acme", T_BUNDLE_1, "b-1"),
        ROW("twine", "bundle", "acme", T_BUNDLE_2, "b-2"),
        ROW("twine", "action", "acme", T_ACTION_1, "a-1"),
    };
    struct err err;

    (void)state;
    kit = kit_new(NULL);
    return store_crosswalk_import(kit->store, rows, COUNT(rows), &err);
}

static int teardown(void **state)
{
    (void)state;
    kit_free(kit);
    return 0;
}

static const struct token_claims everything = { .subject = STR_INIT("tester"),
                                                .scope = STR_INIT("read:plans write:plans") };

static const struct str one_patient[] = { STR_INIT("p-1") }, one_group[] = { STR_INIT("g-1") };
static const struct token_claims of_patient = { .subject = STR_INIT("tester"),
                                                .scope = STR_INIT("read:plans write:plans"),
                                                .patients = one_patient,
                                                .patient_count = 1,
                                                .patients_bound = true };
static const struct token_claims of_group = { .subject = STR_INIT("tester"),
                                              .scope = STR_INIT("read:plans write:plans"),
                                              .groups = one_group,
                                              .group_count = 1,
                                              .groups_bound = true };

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
    static const struct {
        const char *body;
        const struct token_claims *who;
        struct reply reply;
        int status;
    } cases[] = {
        { ACTION(T_PLAN_1), &everything, { .call = "plan.read", .code = ERR_NOT_FOUND }, 409 },
        { ACTION(T_PLAN_1), &everything, { .call = "plan.read", .json = "{'id':'pl-1','brand_id':'globex','patient_id':'p-9'}" }, 409 },
        { ACTION(T_PLAN_1), &of_patient, { .call = "plan.read", .json = "{'id':'pl-1','brand_id':'acme','patient_id':'p-2'}" }, 409 },
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

#define PLAN(patient)       "{'id':'pl-1','brand_id':'acme','patient_id':'" patient "'}"
#define BUNDLE(id, patient) "{'id':'" id "','brand_id':'acme','patient_id':'" patient "'}"

/* Every entity is read once, before anything is written; one of another patient is like one that is not there. */
static void entities_of_others_are_faults_of_a_bound_caller_s_body(void **state)
{
    static const struct {
        struct reply first, second;
        int status;
    } cases[] = {
        { { .call = "bundle.read", .json = BUNDLE("b-1", "p-1") }, { .call = "bundle.read", .json = BUNDLE("b-2", "p-1") }, 200 },
        { { .call = "bundle.read", .json = BUNDLE("b-1", "p-2") }, { .call = "bundle.read", .json = BUNDLE("b-2", "p-1") }, 409 },
        { { .call = "bundle.read", .json = BUNDLE("b-1", "p-1") }, { .call = "bundle.read", .json = BUNDLE("b-2", "p-2") }, 409 },
        { { .call = "bundle.read", .json = BUNDLE("b-1", "p-1") }, { .call = "bundle.read", .code = ERR_NOT_FOUND }, 409 },
        { { .call = "bundle.read", .json = BUNDLE("b-1", "p-1") },
          { .call = "bundle.read", .json = "{'id':'b-2','brand_id':'globex','patient_id':'p-1'}" },
          409 },
        { { .call = "bundle.read", .json = BUNDLE("b-1", "p-1") }, { .call = "bundle.read", .code = ERR_UPSTREAM }, 502 },
    };
    static const char body[] =
        "{'data':{'type':'action','attributes':{'type':'weight'},'relationships':{" BUNDLES "}}}";

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reply replies[] = { cases[i].first, cases[i].second, { .call = "action.read", .json = MADE },
                                   { .call = "action.update", .json = MADE } };
        kit_script(kit, replies, COUNT(replies));
        struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                         .method = "PATCH /pub/action/" T_ACTION_1,
                                                         .body = body,
                                                         .who = &of_patient });
        CHECK(heard.status == cases[i].status, "case %zu: %d " STR_FMT, i, heard.status, STR_ARG(heard.body));
        CHECK(heard.upstream_calls == (cases[i].status == 200 ? 4 : cases[i].status == 409 ? 3 : 2), "case %zu: %u calls", i,
              heard.upstream_calls); /* a fault is told when the action is known to be the caller's */
        if (cases[i].status == 409)
            CHECK(memmem(heard.body.ptr, heard.body.len, "/relationships/bundles/data/", 28), "case %zu: " STR_FMT, i,
                  STR_ARG(heard.body));
    }
}

/* A plan that an update names is not inherited from, but judged. */
static void an_update_moves_nothing_to_somebody_else(void **state)
{
    static const struct {
        const struct token_claims *who;
        const char *plan, *groups;
        int status;
    } cases[] = {
        { &of_patient, PLAN("p-1"), NULL, 200 },        { &of_patient, PLAN("p-2"), NULL, 409 },
        { &of_group, PLAN("p-2"), "{'groups':[{'id':'g-1'}]}", 200 }, { &of_group, PLAN("p-2"), "{'groups':[{'id':'g-2'}]}", 409 },
        { &of_group, "{'id':'pl-1','brand_id':'acme','group_id':'g-1'}", NULL, 409 }, /* a patient's, and names none */
    };
    static const char body[] = "{'data':{'type':'action','relationships':{'plan':{'data':{'type':'patient_plan_summary',"
                               "'id':'" T_PLAN_1 "'}}}}}";
    static const char own[] = "{'id':'a-1','brand_id':'acme','type':'weight','patient_id':'p-1'}";

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reply replies[5] = { { .call = "plan.read", .json = cases[i].plan } };
        size_t count = 1;
        if (cases[i].groups)
            replies[count++] = (struct reply){ .call = "patient.groups", .json = cases[i].groups };
        replies[count++] = (struct reply){ .call = "action.read", .json = own };
        if (cases[i].who == &of_group)
            replies[count++] = (struct reply){ .call = "patient.groups", .json = "{'groups':[{'id':'g-1'}]}" };
        replies[count++] = (struct reply){ .call = "action.update", .json = own };
        kit_script(kit, replies, count);
        struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                         .method = "PATCH /pub/action/" T_ACTION_1,
                                                         .body = body,
                                                         .who = cases[i].who });
        CHECK(heard.status == cases[i].status, "case %zu: %d " STR_FMT, i, heard.status, STR_ARG(heard.body));
    }
}

/* A body with thousands of ids is no way to thousands of calls. */
static void only_so_many_are_read(void **state)
{
    static struct crosswalk_row rows[1001];
    static const struct reply own = { .call = "action.read", .json = MADE };
    struct buf body = buf_in(kit->arena, 1 << 20);
    struct err err;

    (void)state;
    buf_add(&body, STR("{'data':{'type':'action','relationships':{'bundles':{'data':["));
    for (unsigned i = 0; i < COUNT(rows); i++) {
        struct str given = arena_printf(kit->arena, "%024x", i + 1);
        rows[i] = (struct crosswalk_row){ .dialect = STR("twine"), .kind = STR("bundle"), .brand = STR("acme"),
                                          .dialect_id = given, .canonical_id = arena_printf(kit->arena, "many-%u", i) };
        buf_printf(&body, "%s{'type':'bundle','id':'" STR_FMT "'}", i ? "," : "", STR_ARG(given));
    }
    buf_add(&body, STR("]}}}}"));
    assert_int_equal(store_crosswalk_import(kit->store, rows, COUNT(rows), &err), 0);
    kit_script(kit, &own, 1);
    buf_char(&body, '\0');
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                     .method = "PATCH /pub/action/" T_ACTION_1,
                                                     .body = buf_str(&body).ptr,
                                                     .who = &of_patient });
    CHECK(heard.status == 413 && heard.upstream_calls == 1, "%d, %u calls", heard.status, heard.upstream_calls);
}

/* A fault of the body would tell that the entity of the path is there, so it is told to those who may see that one. */
static void what_is_wrong_with_a_body_tells_nothing_of_the_path(void **state)
{
#define NAMES(more)                                                                                                      \
    "{'data':{'type':'action','relationships':{'plan':{'data':{'type':'patient_plan_summary','id':'" T_PLAN_1 "'}}" more "}}}"
#define UNKNOWN ",'bundles':{'data':[{'type':'bundle','id':'ddddddddddddddddddddddd9'}]}"
    static const struct reply hers = { .call = "action.read", .json = "{'id':'a-1','brand_id':'acme','type':'weight','patient_id':'p-2'}" };
    static const struct reply mine = { .call = "action.read", .json = MADE }, gone = { .call = "action.read", .code = ERR_NOT_FOUND };
    static const struct reply plan = { .call = "plan.read", .json = PLAN("p-2") };
    static const struct reply in = { .call = "patient.groups", .json = "{'groups':[{'id':'g-1'}]}" };
    static const struct reply out = { .call = "patient.groups", .json = "{'groups':[{'id':'g-2'}]}" };
    static const struct {
        const struct token_claims *who;
        const char *body;
        struct reply replies[3];
        int status;
    } cases[] = {
        { &of_patient, NAMES(UNKNOWN), { mine }, 409 },      { &of_patient, NAMES(UNKNOWN), { hers }, 404 },
        { &of_patient, NAMES(UNKNOWN), { gone }, 404 },      { &of_patient, NAMES(""), { plan, mine }, 409 },
        { &of_patient, NAMES(""), { plan, hers }, 404 },     { &of_group, NAMES(UNKNOWN), { mine, in }, 409 },
        { &of_group, NAMES(UNKNOWN), { hers, out }, 404 },   { &of_group, NAMES(""), { plan, out, hers }, 404 },
        { &everything, NAMES(UNKNOWN), { { .call = NULL } }, 409 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t count = 0;
        while (count < COUNT(cases[i].replies) && cases[i].replies[count].call)
            count++;
        kit_script(kit, cases[i].replies, count);
        struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                         .method = "PATCH /pub/action/" T_ACTION_1,
                                                         .body = cases[i].body,
                                                         .who = cases[i].who });
        CHECK(heard.status == cases[i].status, "case %zu: %d " STR_FMT, i, heard.status, STR_ARG(heard.body));
        CHECK(heard.upstream_calls == count, "case %zu: %u calls", i, heard.upstream_calls);
    }
}

/* An update that is judged by what is stored, as its blank title may be the one that is shown, has its ids all the same. */
static void ids_survive_a_value_that_is_shown(void **state)
{
#define BLANK "{'id':'a-1','brand_id':'acme','type':'weight','title':' ','plan_id':'pl-1','patient_id':'p-1','bundle_ids':[]}"

    (void)state;
    SCRIPT(kit, { .call = "action.read", .json = BLANK, .etag = "'v1'" }, { .call = "action.update", .json = BLANK });
    struct heard heard = kit_ask(
        kit, (struct said){ .as = "twine",
                            .method = "PATCH /pub/action/" T_ACTION_1,
                            .body = "{'data':{'type':'action','attributes':{'title':' '},'relationships':{'bundles':{'data':["
                                    "{'type':'bundle','id':'" T_BUNDLE_1 "'}]}}}}",
                            .who = &everything });
    CHECK(heard.status == 200, "%d %s " STR_FMT, heard.status, heard.detail, STR_ARG(heard.body));
    CHECK_LOG(kit, "GET /v1/actions/a-1\nPATCH /v1/actions/a-1?touch=true ['v1'] {'bundle_ids':['b-1']}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_member_comes_from_the_other_entity, setup, teardown),
        cmocka_unit_test_setup_teardown(an_entity_that_is_not_visible_is_a_fault_of_the_body, setup, teardown),
        cmocka_unit_test_setup_teardown(an_entity_that_is_not_named_is_not_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(entities_of_others_are_faults_of_a_bound_caller_s_body, setup, teardown),
        cmocka_unit_test_setup_teardown(an_update_moves_nothing_to_somebody_else, setup, teardown),
        cmocka_unit_test_setup_teardown(only_so_many_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_wrong_with_a_body_tells_nothing_of_the_path, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_survive_a_value_that_is_shown, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
