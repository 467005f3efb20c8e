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
        CHECK(kit->started == cases[i].calls, "case %zu", i);
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
    CHECK_LOG(kit, "GET /v1/patients?brand_id=acme&group_id=g-1&include=groups&limit=25&offset=0\n");
    kit_free(kit);
}

#define T_EVENT "eeeeeeeeeeeeeeeeeeeeeee1"
#define T_PLAN  "ccccccccccccccccccccccc1"
#define EVENT   "GET /pub/calendar_event/" T_EVENT
static const struct token_claims insider = { .subject = STR_INIT("tester"),
                                             .scope = STR_INIT("read:patients read:encounters write:encounters "
                                                               "read:plans write:plans read:profiles read:metrics"),
                                             .groups = first_group,
                                             .group_count = 1,
                                             .groups_bound = true };

#define ENCOUNTER(patient)                                                                                   \
    "{'id':'e-1','patient_id':'" patient "','brand_id':'acme','encounter_type':'office_visit','status':'scheduled',"  \
    "'metadata':{}," TIMES "}"
#define READ_EVENT { .call = "encounter.read", .json = ENCOUNTER("p-1") }
#define PLAN       { .call = "plan.read", .json = "{'id':'pl-1','brand_id':'acme','patient_id':'p-1'}" }
#define RENAME     "{'data':{'type':'calendar_event','id':'" T_EVENT "','attributes':{'title':'Moved'}}}"
#define ACTION                                                                                               \
    "{'data':{'type':'action','attributes':{'type':'weight','title':'Walk','effective_from':'2018-02-20T00:00:00Z'},"  \
    "'relationships':{'plan':{'data':{'type':'patient_plan_summary','id':'" T_PLAN "'}}}}}"

static void know_entities(struct kit *kit)
{
    static const struct crosswalk_row rows[] = {
        ROW("twine", "encounter", "acme", T_EVENT, "e-1"),
        ROW("twine", "plan", "acme", T_PLAN, "pl-1"),
    };
    struct err err;
    int bad = store_crosswalk_import(kit->store, rows, COUNT(rows), &err);

    CHECK(!bad, "%s", err.detail);
}

/* An entity named by its own id is its patient's: it is shown, changed, deleted and built upon only within the groups, whatever
 * the backend says; nothing is written before that is known. */
static void entities_are_judged_by_the_groups_of_their_patient(void **state)
{
    static const struct {
        const char *method, *body;
        struct reply replies[3];
        size_t calls;
        int status;
    } cases[] = {
        { EVENT, NULL, { READ_EVENT, IN("g-1") }, 2, 200 },
        { EVENT, NULL, { READ_EVENT, IN("g-2") }, 2, 404 },
        { EVENT, NULL, { READ_EVENT, IN_NONE }, 2, 404 },
        { EVENT, NULL, { READ_EVENT, { .call = "patient.groups", .code = ERR_NOT_FOUND } }, 2, 404 },
        { EVENT, NULL, { READ_EVENT, { .call = "patient.groups", .code = ERR_UPSTREAM } }, 2, 502 },
        { "PATCH /pub/calendar_event/" T_EVENT, RENAME, { READ_EVENT, IN("g-2") }, 2, 404 },
        { "PATCH /pub/calendar_event/" T_EVENT,
          RENAME,
          { READ_EVENT, IN("g-1"), { .call = "encounter.update", .json = ENCOUNTER("p-1") } },
          3,
          200 },
        { "DELETE /pub/calendar_event/" T_EVENT, NULL, { READ_EVENT, IN("g-2") }, 2, 404 },
        { "POST /pub/action", ACTION, { PLAN, IN("g-2") }, 2, 409 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit *kit = kit_new(NULL);
        know_entities(kit);
        kit_script(kit, cases[i].replies, COUNT(cases[i].replies));
        struct heard heard = kit_ask(
            kit, (struct said){ .as = "twine", .method = cases[i].method, .body = cases[i].body, .who = &insider });
        CHECK(heard.status == cases[i].status, "case %zu: %d %s", i, heard.status, heard.detail);
        CHECK(kit->started == cases[i].calls, "case %zu", i);
        kit_free(kit);
    }
}

#define PROFILE(id, patient) "{'id':'" id "','brand_id':'acme','patient_id':'" patient "','stats':[]}"
#define PROFILES(...)        { .call = "health_profile.list", .json = "{'health_profiles':[" __VA_ARGS__ "],'total':3}" }
#define GROUPED(id, group)   "{'id':'" id "','brand_id':'acme','groups':['" group "']}"
#define GROUPS(...)          { .call = "patient.list", .json = "{'patients':[" __VA_ARGS__ "],'total':2}" }
#define LIST                 "GET /pub/health_profile?filter[organization]=" T_ACME
#define OF_MANY              PROFILE("h-1", "p-1") "," PROFILE("h-2", "p-2") "," PROFILE("h-3", "p-1")

/* One call says the groups of all patients of a list; one that is in none of the caller's makes the list a failure. */
static void lists_are_judged_by_one_call(void **state)
{
    static const struct {
        struct reply replies[2];
        int status;
    } cases[] = {
        { { PROFILES(OF_MANY), GROUPS(GROUPED("p-1", "g-1") "," GROUPED("p-2", "g-1")) }, 200 },
        { { PROFILES(OF_MANY), GROUPS(GROUPED("p-1", "g-1") "," GROUPED("p-2", "g-2")) }, 502 },
        { { PROFILES(OF_MANY), GROUPS(GROUPED("p-1", "g-1")) }, 502 },
        { { PROFILES(OF_MANY), GROUPS("{'id':'p-1'}," GROUPED("p-2", "g-1")) }, 502 },
        { { PROFILES(PROFILE("h-1", "p-2")), IN("g-2") }, 502 },
        { { PROFILES(PROFILE("h-1", "p-2") "," PROFILE("h-2", "p-2")), IN("g-1") }, 200 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit *kit = kit_new(NULL);
        kit_script(kit, cases[i].replies, COUNT(cases[i].replies));
        struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = LIST, .who = &insider });
        CHECK(heard.status == cases[i].status, "case %zu: %d %s", i, heard.status, heard.detail);
        CHECK(kit->started == 2, "case %zu: %zu calls", i, kit->started);
        kit_free(kit);
    }
}

static void what_is_included_is_judged(void **state)
{
    struct kit *kit = kit_new(NULL);

    (void)state;
    SCRIPT(kit, PROFILES(PROFILE("h-1", "p-1")), IN("g-1"),
           { .call = "patient.list", .json = "{'patients':[" PATIENT("p-1") "," PATIENT("p-2") "],'total':2}" }, IN("g-2"));
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = LIST "&include=patient", .who = &insider });
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK(has(heard.body, T_PATIENT_1) && !has(heard.body, T_PATIENT_2), STR_FMT, STR_ARG(heard.body));
    kit_free(kit);
}

/* What a list of patients says of their groups needs no further call; a backend that forgets its filter is found out. */
static void a_list_of_patients_says_its_groups(void **state)
{
#define LISTED(id, group) "{'id':'" id "','groups':['" group "'],'brand_id':'acme','first_name':'a','last_name':'b','date_of_birth':null," PATIENT_REST "}"
    static const struct reply well[] = { GROUPS(LISTED("p-1", "g-1") "," LISTED("p-2", "g-1")) };
    static const struct reply ill[] = { GROUPS(LISTED("p-1", "g-1") "," LISTED("p-2", "g-2")) };
    struct said said = { .as = "general", .method = "GET /v1/patients", .who = &member };
    struct kit *kit = kit_new(NULL);

    (void)state;
    kit_script(kit, well, COUNT(well));
    struct heard heard = kit_ask(kit, said);
    CHECK(heard.status == 200 && kit->started == 1, "%d %s", heard.status, heard.detail);
    CHECK(!has(heard.body, "g-1"), STR_FMT, STR_ARG(heard.body));
    kit_script(kit, ill, COUNT(ill));
    heard = kit_ask(kit, said);
    CHECK(heard.status == 502 && kit->started == 1, "%d %s", heard.status, heard.detail);
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

/* Whoever lists groups, of the brand or of a patient, and by whatever name one is asked for. */
static void groups_of_others_are_left_out(void **state)
{
    static const struct token_claims coach = { .subject = STR_INIT("tester"),
                                               .scope = STR_INIT("read:patients read:organization"),
                                               .groups = first_group,
                                               .group_count = 1,
                                               .groups_bound = true };
#define TWO_GROUPS "{'groups':[{'id':'g-2','brand_id':'acme','name':'Theirs'},{'id':'g-1','brand_id':'acme','name':'Mine'}],'total':2}"
    static const struct {
        const char *method;
        struct reply replies[2];
        size_t calls;
        const char *part;
    } cases[] = {
        { "GET /pub/group?filter[organization]=" T_ACME, { { .call = "group.list", .json = TWO_GROUPS } }, 1, "'count':1" },
        { "GET /pub/patient/" T_PATIENT_1 "/groups",
          { { .call = "patient.groups", .json = TWO_GROUPS }, { .call = "patient.groups", .json = TWO_GROUPS } },
          2,
          T_GROUP_1 },
        { "GET /pub/group/" T_GROUP_1, { { .call = "group.read", .json = "{'id':'g-2','brand_id':'acme','name':'Theirs'}" } }, 1, "NotFound" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit *kit = kit_new(NULL);
        kit_script(kit, cases[i].replies, cases[i].calls);
        struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = cases[i].method, .who = &coach });
        CHECK(has(heard.body, cases[i].part) && !has(heard.body, "Theirs") && !has(heard.body, T_GROUP_2),
              "case %zu: %d %.*s %s", i, heard.status, STR_ARG(heard.body), heard.detail);
        CHECK(kit->started == cases[i].calls, "case %zu", i);
        kit_free(kit);
    }
}

/* What replaces a patient's groups replaces those of the caller: of the others it says nothing, so they stay. */
static void memberships_in_groups_of_others_stay(void **state)
{
#define IN_BOTH "{'id':'p-1','groups':['g-1','g-2'],'care_team':[],'brand_id':'acme','first_name':'a','last_name':'b','date_of_birth':null," PATIENT_REST "}"
#define TO_GROUPS(...) "{'data':{'type':'patient','relationships':{'groups':{'data':[" __VA_ARGS__ "]}}}}"
    static const struct reply replies[] = {
        { .call = "patient.groups", .json = TWO_GROUPS },
        { .call = "patient.read", .json = IN_BOTH },
        { .call = "patient.update", .json = IN_BOTH },
        { .call = "patient.set_groups", .json = "{'groups':[]}" },
        { .call = "patient.read", .json = IN_BOTH },
    };
    static const struct {
        const char *body, *put;
    } cases[] = {
        { TO_GROUPS("{'type':'group','id':'" T_GROUP_1 "'}"), "PUT /v1/patients/p-1/groups {'group_ids':['g-1','g-2']}\n" },
        { TO_GROUPS(), "PUT /v1/patients/p-1/groups {'group_ids':['g-2']}\n" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit *kit = kit_new(NULL);
        kit_script(kit, replies, COUNT(replies));
        struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = "PATCH /pub/patient/" T_PATIENT_1,
                                                         .body = cases[i].body, .who = &member });
        CHECK(heard.status == 200, "case %zu: %d %s", i, heard.status, heard.detail);
        CHECK(has(buf_str(&kit->log), cases[i].put), "case %zu: " STR_FMT, i, STR_ARG(buf_str(&kit->log)));
        kit_free(kit);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_patients_are_judged_by_their_groups),
        cmocka_unit_test(lists_are_filtered),
        cmocka_unit_test(entities_are_judged_by_the_groups_of_their_patient),
        cmocka_unit_test(lists_are_judged_by_one_call),
        cmocka_unit_test(what_is_included_is_judged),
        cmocka_unit_test(a_list_of_patients_says_its_groups),
        cmocka_unit_test(without_memberships_nothing_is_reached),
        cmocka_unit_test(groups_of_others_are_left_out),
        cmocka_unit_test(memberships_in_groups_of_others_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
