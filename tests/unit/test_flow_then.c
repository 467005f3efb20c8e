/* Calls after the entity: memberships, a care team, the reading after them, and what is taken back. */
#include "test_flow_each.h"

#define NEW_IN(groups)                                                                                       \
    "{'data':{'type':'patient','attributes':{'first_name':'John','last_name':'Doe'},'relationships':{'"      \
    "groups':"                                                                                               \
    "{'data':[" groups "]}}}}"
#define PATIENT_IN(name)                                                                                     \
    "{'type':'patient','attributes':{'first_name':'" name "','last_name':'Doe'},'relationships':{'groups':"  \
    "{'data':[" GROUP_1 "]}}}"
#define GROUP_1 "{'type':'group','id':'" T_GROUP_1 "'}"
#define CREATED                                                                                              \
    {                                                                                                        \
        .call = "patient.create", .status = 201, .json = PATIENT("p-1")                                      \
    }

static void memberships_follow_the_entity(void **state)
{
    (void)state;
    SCRIPT(kit, CREATED, { .call = "patient.set_groups", .json = "{'groups':[]}" },
           { .call = "patient.read", .json = PATIENT("p-1") });
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "twine", .method = "POST /pub/patient", .body = NEW_IN(GROUP_1) });
    CHECK(heard.status == 201, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "POST /v1/patients {'first_name':'John','last_name':'Doe','brand_id':'acme'}\n"
                   "PUT /v1/patients/p-1/groups {'group_ids':['g-1']}\n"
                   "GET /v1/patients/p-1?include=groups%2Ccare_team\n");
    /* an empty list is said too, none is not */
    SCRIPT(kit, CREATED, { .call = "patient.set_groups", .json = "{'groups':[]}" },
           { .call = "patient.read", .json = PATIENT("p-1") });
    heard = kit_ask(kit, (struct said){ .as = "twine",
                                        .method = "POST /pub/patient",
                                        .body = "{'data':{'type':'patient','attributes':{'first_name':'John',"
                                                "'last_name':'Doe'}}}" });
    CHECK(heard.status == 201 && kit->started == 1, "%d, %zu calls", heard.status, kit->started);
}

/* Both lists at once; values that are objects say what they say beside the id. */
static void two_calls_follow_the_entity(void **state)
{
    static const char body[] =
        "{'data':{'type':'patient','attributes':{'first_name':'John','last_name':'Doe'},'relationships':{'groups':{'data':["
        GROUP_1 "]},'coaches':{'data':[{'type':'coach','id':'" T_PROVIDER_1 "','meta':{'primary':true}}]}}}}";
    const struct reply joined = { .call = "patient.set_groups", .json = "{'groups':[]}" };
    const struct reply cared = { .call = "patient.set_care_team", .json = "{'care_team':[]}" };

    (void)state;
    SCRIPT(kit, CREATED, joined, cared, { .call = "patient.read", .json = PATIENT("p-1") });
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = "POST /pub/patient", .body = body });
    CHECK(heard.status == 201, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "POST /v1/patients {'first_name':'John','last_name':'Doe','brand_id':'acme'}\n"
                   "PUT /v1/patients/p-1/groups {'group_ids':['g-1']}\n"
                   "PUT /v1/patients/p-1/care_team {'care_team':[{'provider_id':'c-1','relationship':'primary'}]}\n"
                   "GET /v1/patients/p-1?include=groups%2Ccare_team\n");
    SCRIPT(kit, CREATED, joined, { .call = "patient.set_care_team", .code = ERR_UPSTREAM },
           { .call = "patient.erase", .json = "{'status':'deleted'}" });
    heard = kit_ask(kit, (struct said){ .as = "twine", .method = "POST /pub/patient", .body = body });
    CHECK(heard.status == 502 && kit->started == 4, "%d, %zu calls", heard.status, kit->started);
    SCRIPT(kit, CREATED, { .call = "patient.set_groups", .code = ERR_UPSTREAM }, cared,
           { .call = "patient.erase", .json = "{'status':'deleted'}" });
    heard = kit_ask(kit, (struct said){ .as = "twine", .method = "POST /pub/patient", .body = body });
    CHECK(heard.status == 502 && kit->started == 4, "%d, %zu calls", heard.status, kit->started);
}

/* Nothing half-happens: the entity is taken back, and the client hears of the first failure. */
static void a_failed_membership_takes_the_entity_back(void **state)
{
    static const struct {
        struct reply membership, undo;
        int status;
    } cases[] = {
        { { .call = "patient.set_groups", .code = ERR_NOT_FOUND },
          { .call = "patient.erase", .json = "{'status':'ok'}" },
          404 },
        { { .call = "patient.set_groups", .code = ERR_UPSTREAM },
          { .call = "patient.erase", .json = "{'status':'ok'}" },
          502 },
        { { .call = "patient.set_groups", .code = ERR_UNAVAILABLE },
          { .call = "patient.erase", .code = ERR_UPSTREAM },
          503 },
        { { .call = "patient.set_groups", .code = ERR_UPSTREAM_TIMEOUT },
          { .call = "patient.erase", .code = ERR_UPSTREAM_TIMEOUT },
          504 },
        { { .call = "patient.set_groups", .code = ERR_UPSTREAM },
          { .call = "patient.erase", .status = 200, .json = "{'status':'not_present'}" },
          502 },
    };
    uint64_t failures = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct reply replies[] = { CREATED, cases[i].membership, cases[i].undo };
        kit_script(kit, replies, COUNT(replies));
        struct heard heard = kit_ask(
            kit, (struct said){ .as = "twine", .method = "POST /pub/patient", .body = NEW_IN(GROUP_1) });
        CHECK(heard.status == cases[i].status, "case %zu: %d %s", i, heard.status, heard.detail);
        /* one that could not be taken back is there: that is told, logged and counted */
        bool left = cases[i].undo.code != ERR_NONE;
        failures += left;
        CHECK(has(heard.body, "'stored':[{'index':0,'id':'" T_PATIENT_1 "'}]") == left, "case %zu: %.*s", i,
              STR_ARG(heard.body));
        CHECK(flow_undo_failures(kit->flow) == failures, "case %zu", i);
        CHECK_LOG(kit, "POST /v1/patients {'first_name':'John','last_name':'Doe','brand_id':'acme'}\n"
                       "PUT /v1/patients/p-1/groups {'group_ids':['g-1']}\nDELETE /v1/patients/p-1\n");
    }
}

/* An update is not taken back; the failure is told. */
static void a_failed_membership_of_an_update_is_told(void **state)
{
    (void)state;
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-1"), .etag = "'v1'" },
           { .call = "patient.update", .json = PATIENT("p-1") },
           { .call = "patient.set_groups", .code = ERR_UPSTREAM });
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "twine",
                                    .method = "PATCH /pub/patient/" T_PATIENT_1,
                                    .body = "{'data':{'type':'patient','relationships':{'groups':"
                                            "{'data':[" GROUP_1 "]}}}}" });
    CHECK(heard.status == 502 && kit->started == 3, "%d, %zu calls", heard.status, kit->started);
}

/* A backend that is wrong about which one it was asked for shows nobody else's. */
static void another_entity_that_is_read_again_is_not_shown(void **state)
{
    static const struct reply others[] = { { .call = "patient.read", .json = PATIENT_OF("p-1", "globex", "Secret") },
                                           { .call = "patient.read", .json = PATIENT_OF("p-2", "acme", "Secret") },
                                           { .call = "patient.read", .json = "{'first_name':'Secret'}" } };

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct reply replies[] = { CREATED, { .call = "patient.set_groups", .json = "{'groups':[]}" }, others[i] };
        kit_script(kit, replies, COUNT(replies));
        struct heard heard =
            kit_ask(kit, (struct said){ .as = "twine", .method = "POST /pub/patient", .body = NEW_IN(GROUP_1) });
        CHECK(heard.status == 502 && !has(heard.body, "Secret") && has(heard.body, "'id':'" T_PATIENT_1 "'"), "%d %.*s",
              heard.status, STR_ARG(heard.body));
    }
}

/* The entity is there and its memberships too: only the last reading failed. What is kept beside it is not lost. */
static void a_failed_rereading_is_told(void **state)
{
    (void)state;
    SCRIPT(kit, CREATED, { .call = "patient.set_groups", .json = "{'groups':[]}" },
           { .call = "patient.read", .code = ERR_UPSTREAM });
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "twine",
                                    .method = "POST /pub/patient",
                                    .body = "{'data':{'type':'patient','attributes':{'first_name':'John',"
                                            "'last_name':'Doe','shoe_size':44},'relationships':{'groups':"
                                            "{'data':[" GROUP_1 "]}}}}" });
    CHECK(heard.status == 502 && kit->started == 3, "%d, %zu calls", heard.status, kit->started);
    CHECK(has(heard.body, "'stored':[{'index':0,'id':'" T_PATIENT_1 "'}]") && has(heard.body, "'pointer':'/data'"), "%.*s",
          STR_ARG(heard.body));
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-1") });
    heard = kit_ask(kit, (struct said){ .as = "twine", .method = "GET /pub/patient/" T_PATIENT_1 });
    CHECK(heard.status == 200 && has(heard.body, "'shoe_size':44"), "%d %.*s", heard.status, STR_ARG(heard.body));
}

/* Of many, only the one whose memberships failed is taken back: the others are there, and the client is told which. */
static void a_failed_membership_of_many_takes_one_back(void **state)
{
    (void)state;
    SCRIPT(kit, CREATED, { .call = "patient.create", .status = 201, .json = PATIENT("p-2") },
           { .call = "patient.set_groups", .code = ERR_UPSTREAM },
           { .call = "patient.set_groups", .json = "{'groups':[]}" },
           { .call = "patient.erase", .json = "{'status':'ok'}" }, { .call = "patient.read", .json = PATIENT("p-2") });
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                     .method = "POST /pub/patient",
                                                     .body = "{'data':[" PATIENT_IN("1") "," PATIENT_IN("2") "]}" });
    CHECK(heard.status == 502 && kit->started == 6, "%d %s, %zu calls", heard.status, heard.detail, kit->started);
    CHECK(count_of(heard.body, "'pointer':") == 1 && has(heard.body, "'source':{'pointer':'/data/0'}"), "%.*s",
          STR_ARG(heard.body));
    CHECK(count_of(heard.body, "'index':") == 1 && has(heard.body, "'stored':[{'index':1,'id':'" T_PATIENT_2 "'}]"),
          "%.*s", STR_ARG(heard.body));
    CHECK(has(buf_str(&kit->log), "DELETE /v1/patients/p-1\n") && !has(buf_str(&kit->log), "DELETE /v1/patients/p-2"),
          "%.*s", STR_ARG(buf_str(&kit->log)));
}

/* Of many, all are stored, and one cannot be read again: which, and that all are there. */
static void a_failed_rereading_of_many_tells_what_is_stored(void **state)
{
    (void)state;
    SCRIPT(kit, CREATED, { .call = "patient.create", .status = 201, .json = PATIENT("p-2") },
           { .call = "patient.set_groups", .json = "{'groups':[]}" }, { .call = "patient.set_groups", .json = "{'groups':[]}" },
           { .call = "patient.read", .json = PATIENT("p-1") }, { .call = "patient.read", .code = ERR_UPSTREAM_TIMEOUT });
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                     .method = "POST /pub/patient",
                                                     .body = "{'data':[" PATIENT_IN("1") "," PATIENT_IN("2") "]}" });
    CHECK(heard.status == 504 && kit->started == 6, "%d %s, %zu calls", heard.status, heard.detail, kit->started);
    CHECK(count_of(heard.body, "'pointer':") == 1 && has(heard.body, "'source':{'pointer':'/data/1'}"), "%.*s",
          STR_ARG(heard.body));
    CHECK(has(heard.body, "'stored':[{'index':0,'id':'" T_PATIENT_1 "'},{'index':1,'id':'" T_PATIENT_2 "'}]"), "%.*s",
          STR_ARG(heard.body));
}

static void unknown_groups_store_nothing(void **state)
{
    static const char *const groups[] = { "{'type':'group','id':'" T_GROUP_9 "'}",
                                          "{'type':'group','id':'nobody'}",
                                          "{'type':'group','id':''}",
                                          "{'type':'group'}",
                                          "{'type':'patient','id':'" T_GROUP_1 "'}",
                                          GROUP_1 ",{'type':'group','id':'nobody'}",
                                          "7",
                                          "null" };

    (void)state;
    for (size_t i = 0; i < COUNT(groups); i++) {
        kit_script(kit, NULL, 0);
        struct str body = arena_printf(kit->arena,
                                       "{'data':{'type':'patient','attributes':{'first_name':'John',"
                                       "'last_name':'Doe'},'relationships':{'groups':{'data':[%s]}}}}",
                                       groups[i]);
        struct heard heard =
            kit_ask(kit, (struct said){ .as = "twine", .method = "POST /pub/patient", .body = body.ptr });
        CHECK(heard.status == 409 && !kit->started, "%s: %d, %zu calls %.*s", groups[i], heard.status,
              kit->started, STR_ARG(heard.body));
    }
}

/* However many: each call of a few entities is made before those of the next. */
static void memberships_of_many_are_a_few_at_a_time(void **state)
{
    const struct reply created = CREATED, joined = { .call = "patient.set_groups", .json = "{'groups':[]}" },
                       shown = { .call = "patient.read", .json = PATIENT("p-1") };
    struct reply replies[120];
    struct buf body = buf_in(kit->arena, SIZE_MAX);

    (void)state;
    for (size_t i = 0; i < COUNT(replies); i++)
        replies[i] = i < 40 ? created : i < 80 ? joined : shown;
    for (size_t i = 0; i < 40; i++)
        buf_join(&body, ',', STR(PATIENT_IN("1")));
    kit_script(kit, replies, COUNT(replies));
    struct heard heard = kit_ask(
        kit, (struct said){ .as = "twine",
                            .method = "POST /pub/patient",
                            .body = arena_printf(kit->arena, "{'data':[" STR_FMT "]}", STR_ARG(buf_str(&body))).ptr });
    CHECK(heard.status == 201 && kit->started == COUNT(replies) && kit->most_open == 16, "%d %s, %zu at once of %zu",
          heard.status, heard.detail, kit->most_open, kit->started);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(memberships_follow_the_entity, setup, teardown),
        cmocka_unit_test_setup_teardown(two_calls_follow_the_entity, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_membership_takes_the_entity_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_membership_of_an_update_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(another_entity_that_is_read_again_is_not_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_rereading_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_membership_of_many_takes_one_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_rereading_of_many_tells_what_is_stored, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_groups_store_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(memberships_of_many_are_a_few_at_a_time, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
