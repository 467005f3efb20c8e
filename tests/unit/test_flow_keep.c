/* What has no canonical place: kept before the client is told, shown with its entity, merged by updates, gone
 * after an erasure; each dialect and brand has its own. And ids, which stay what they were. */
#include "test_flow_each.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

/* The process ends and starts again. */
static void restart(void)
{
    flow_free(&kit->flow);
    kit_turn(kit);
    store_close(&kit->store);
    loop_free(&kit->loop);
    gateway_free(&kit->gateway);
    auth_free(&kit->auth);
    conf_free(&kit->conf);
    kit_open(kit, NULL);
}

static struct heard general(const char *method, const char *body)
{
    return kit_ask(kit, (struct said){ .as = "general", .method = method, .body = body });
}

static void create_with(const char *more)
{
    SCRIPT(kit, { .call = "patient.create", .status = 201, .json = PATIENT("p-1") });
    struct str body = arena_printf(kit->arena,
                                   "{'patient':{'first_name':'John','last_name':'Doe',"
                                   "'date_of_birth':'2010-05-15'%s}}",
                                   more);
    struct heard heard = general("POST /v1/patients", body.ptr);
    CHECK(heard.status == 201, "%d %s", heard.status, heard.detail);
}

static struct heard read_one(void)
{
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-1") });
    struct heard heard = general("GET /v1/patients/1", NULL);
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    return heard;
}

static struct heard update_one(const char *members)
{
    SCRIPT(kit, { .call = "patient.update", .json = PATIENT("p-1") });
    struct str body = arena_printf(kit->arena, "{'patient':{%s}}", members);
    struct heard heard = general("PATCH /v1/patients/1", body.ptr);
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    return heard;
}

/* With a null, which is compared with what is shown. */
static struct heard clear_some(const char *members)
{
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-1") },
           { .call = "patient.update", .json = PATIENT("p-1") });
    struct str body = arena_printf(kit->arena, "{'patient':{%s}}", members);
    return general("PATCH /v1/patients/1", body.ptr);
}

static void rests_come_back(void **state)
{
    static const char kept[] =
        "'favourite':'blue','deep':{'a':[1,2.50,{'b':null}],'n':9007199254740993},'flag':true";

    (void)state;
    create_with(",'favourite':'blue','deep':{'a':[1,2.50,{'b':null}],'n':9007199254740993},'flag':true");
    CHECK(has(read_one().body, kept), "%.*s", STR_ARG(read_one().body));
    restart();
    CHECK(has(read_one().body, kept), "after a restart: %.*s", STR_ARG(read_one().body));
    /* in a list too, beside the right one */
    SCRIPT(kit, { .json = "{'patients':[" PATIENT("p-2") "," PATIENT("p-1") "],'total':2}" });
    struct heard heard = general("GET /v1/patients", NULL);
    const char *second = memmem(heard.body.ptr, heard.body.len, "'id':1,", 7);
    const char *found = memmem(heard.body.ptr, heard.body.len, kept, sizeof kept - 1);
    CHECK(second && found > second, "%.*s", STR_ARG(heard.body));
}

static void rests_are_merged(void **state)
{
    struct heard heard;

    (void)state;
    create_with(",'a':1,'b':{'x':1,'y':2},'c':'keep'");
    heard = clear_some("'a':2,'b':{'y':null,'z':3}");
    CHECK(has(heard.body, "'c':'keep'") && has(heard.body, "'a':2") && has(heard.body, "{'x':1,'z':3}"),
          "%.*s", STR_ARG(heard.body));
    heard = clear_some("'a':null,'first_name':'Jane'");
    CHECK(!has(heard.body, "'a':") && has(heard.body, "'c':'keep'"), "%.*s", STR_ARG(heard.body));
    restart();
    heard = read_one();
    CHECK(!has(heard.body, "'a':") && has(heard.body, "'c':'keep'") && has(heard.body, "{'x':1,'z':3}"),
          "%.*s", STR_ARG(heard.body));
}

/* The backend sees no change, and is told of it; what is so already is none. */
static void the_backend_is_told_of_a_change(void **state)
{
    static const struct {
        const char *members, *call;
    } cases[] = {
        { "'favourite':'red'", "PATCH /v1/patients/p-1?touch=true {}\n" },
        { "'favourite':'red'", "PATCH /v1/patients/p-1 {}\n" },
        { "'favourite':'red','first_name':'Jane'", "PATCH /v1/patients/p-1 {'first_name':'Jane'}\n" },
        { "'favourite':'blue','first_name':'Jane'", "PATCH /v1/patients/p-1?touch=true {'first_name':'Jane'}\n" },
        { "'first_name':'Jane'", "PATCH /v1/patients/p-1 {'first_name':'Jane'}\n" },
    };

    (void)state;
    create_with("");
    for (size_t i = 0; i < COUNT(cases); i++) {
        (void)update_one(cases[i].members);
        CHECK_LOG(kit, cases[i].call);
    }
    struct heard heard = clear_some("'favourite':null");
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients/p-1\nPATCH /v1/patients/p-1?touch=true {}\n");
}

/* What is kept already is not written: the update is answered while somebody else writes into the file. */
static void what_is_kept_already_waits_for_nobody(void **state)
{
    sqlite3 *other;

    (void)state;
    create_with(",'favourite':'blue','deep':{'a':1}");
    struct str file = arena_printf(kit->arena, "%s/gateway.db", kit->dir);
    assert_int_equal(sqlite3_open(file.ptr, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    struct heard heard = update_one("'favourite':'blue','phone':'5'");
    CHECK(has(heard.body, "'favourite':'blue'") && has(heard.body, "'deep':"), "%.*s", STR_ARG(heard.body));
    CHECK_LOG(kit, "PATCH /v1/patients/p-1 {'phone':'5'}\n");
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    CHECK(has(update_one("'favourite':'red'").body, "'favourite':'red'") && has(update_one("'favourite':'blue'").body, "'blue'"),
          "what changes is written");
}

/* Nothing is kept of what the backend refused. */
static void nothing_is_kept_of_what_failed(void **state)
{
    (void)state;
    create_with("");
    SCRIPT(kit, { .call = "patient.update", .code = ERR_UPSTREAM });
    struct heard heard = general("PATCH /v1/patients/1", "{'patient':{'favourite':'red'}}");
    CHECK(heard.status == 502, "%d", heard.status);
    CHECK(!has(read_one().body, "favourite"), "%.*s", STR_ARG(read_one().body));
}

/* The backend confuses two entities: nothing of one is kept beside the other, shown for it, or compared with it. */
static void nothing_is_kept_beside_another_entity(void **state)
{
    struct heard heard;

    (void)state;
    SCRIPT(kit, { .call = "patient.update", .json = PATIENT("p-2") });
    heard = general("PATCH /v1/patients/1", "{'patient':{'favourite':'red'}}");
    CHECK(heard.status == 502, "%d %.*s", heard.status, STR_ARG(heard.body));
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-2") });
    heard = general("GET /v1/patients/2", NULL);
    CHECK(heard.status == 200 && !has(heard.body, "favourite"), "%d %.*s", heard.status, STR_ARG(heard.body));
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-2") });
    heard = general("GET /v1/patients/1", NULL);
    CHECK(heard.status == 502, "%d %.*s", heard.status, STR_ARG(heard.body));
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-2") });
    heard = kit_ask(kit, (struct said){ .as = "twine",
                                        .method = "PATCH /pub/patient/" T_PATIENT_1,
                                        .body = "{'data':{'type':'patient','attributes':{'gender':'female'}}}" });
    CHECK(heard.status == 502 && kit->started == 1, "%d %.*s", heard.status, STR_ARG(heard.body));
}

/* The disk of this process: no file may grow beyond its first byte. */
static void set_disk(bool works)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = works ? limit.rlim_max : 1;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The backend has the patient; nobody is told to send it again by itself. */
static void what_is_stored_and_cannot_be_kept_is_not_asked_for_again(void **state)
{
    static const char body[] = "{'patient':{'first_name':'John','last_name':'Doe','date_of_birth':'2010-05-15',"
                               "'favourite':'blue'}}";
    struct heard heard;

    (void)state;
    set_disk(false);
    SCRIPT(kit, { .call = "patient.create", .status = 201, .json = PATIENT("p-7") });
    heard = general("POST /v1/patients", body);
    CHECK(heard.status == 503 && !has(heard.headers, "retry-after"), "%d %.*s", heard.status, STR_ARG(heard.headers));
    SCRIPT(kit, { .call = "patient.create", .code = ERR_UNAVAILABLE });
    heard = general("POST /v1/patients", body);
    CHECK(heard.status == 503 && has(heard.headers, "retry-after: 1\n"), "nothing is stored: %d %.*s", heard.status,
          STR_ARG(heard.headers));
    set_disk(true);
    SCRIPT(kit, { .call = "patient.create", .status = 201, .json = PATIENT("p-8") });
    heard = general("POST /v1/patients", body);
    CHECK(heard.status == 201 && has(heard.body, "'favourite':'blue'"), "%d %.*s", heard.status, STR_ARG(heard.body));
}

/* What the configuration lets in is not refused by the store when the backend has it already. */
static void a_rest_may_be_as_deep_as_a_body(void **state)
{
    struct buf deep = buf_in(kit->arena, 4096);
    struct kit *usual = kit;

    (void)state;
    kit = kit_new("limits.json_depth=200");
    buf_add(&deep, STR(",'deep':"));
    for (size_t i = 0; i < 90; i++)
        buf_add(&deep, STR("{'in':"));
    buf_add(&deep, STR("'most'"));
    for (size_t i = 0; i < 90; i++)
        buf_char(&deep, '}');
    create_with(arena_cstr(usual->arena, buf_str(&deep)));
    CHECK(has(read_one().body, "{'in':'most'}"), "%.*s", STR_ARG(read_one().body));
    CHECK(has(update_one("'deep':{'in':{'more':1}}").body, "'more':1"), "merged");
    CHECK(has(read_one().body, "{'in':'most'}"), "%.*s", STR_ARG(read_one().body));
    kit_free(kit);
    kit = usual;
}

static void a_dialect_sees_its_own_rest_only(void **state)
{
    static const struct token_claims globex = { .subject = STR_INIT("s"), .brand = STR_INIT("globex") };

    (void)state;
    create_with(",'favourite':'blue'");
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-1") });
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "patient-graph", .method = "GET /v1/patients/p-1" });
    CHECK(heard.status == 200 && !has(heard.body, "favourite"), "%.*s", STR_ARG(heard.body));
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-1") });
    heard = kit_ask(kit, (struct said){ .as = "twine", .method = "GET /pub/patient/" T_PATIENT_1 });
    CHECK(heard.status == 200 && !has(heard.body, "favourite"), "%.*s", STR_ARG(heard.body));
    /* nor does another brand, should its backend use the same id */
    SCRIPT(kit, { .json = "{'patients':[" PATIENT_OF("p-1", "globex", "X") "],'total':1}" });
    heard = kit_ask(kit, (struct said){ .as = "general", .method = "GET /v1/patients", .who = &globex });
    CHECK(heard.status == 200 && !has(heard.body, "favourite") && !has(heard.body, "'id':1,"), "%.*s",
          STR_ARG(heard.body));
}

static void ids_stay(void **state)
{
    static const struct reply both[] = { { .json = "{'patients':[" PATIENT("p-7") "," PATIENT(
                                               "p-8") "],'total':2}" } };

    (void)state;
    kit_script(kit, both, 1);
    struct heard first = general("GET /v1/patients", NULL);
    CHECK(has(first.body, "'id':3,") && has(first.body, "'id':4,"), "%.*s", STR_ARG(first.body));
    kit_script(kit, both, 1);
    struct heard again = general("GET /v1/patients", NULL);
    CHECK(str_eq(first.body, again.body), "%.*s", STR_ARG(again.body));
    restart();
    kit_script(kit, both, 1);
    again = general("GET /v1/patients", NULL);
    CHECK(str_eq(first.body, again.body), "%.*s", STR_ARG(again.body));
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-8") });
    struct heard one = general("GET /v1/patients/4", NULL);
    CHECK(one.status == 200 && has(buf_str(&kit->log), "/p-8"), "%.*s", STR_ARG(buf_str(&kit->log)));
}

/* After an erasure nothing of it is shown, its dialect ids name nobody, and they are not given again. */
static void what_is_erased_is_forgotten(void **state)
{
    (void)state;
    create_with(",'favourite':'blue'");
    SCRIPT(kit, { .call = "metric.create", .status = 201, .json = METRIC("m-1", "p-1") });
    struct heard heard =
        general("POST /v1/patients/1/gauges", "{'gauge':{'gauge_type':'mood','value':7,'notes':'secret'}}");
    CHECK(heard.status == 201 && has(heard.body, "'notes':'secret'"), "%d %.*s", heard.status,
          STR_ARG(heard.body));
    SCRIPT(kit, { .call = "patient.erase", .json = "{'status':'erased','rows_affected':{'patients':1}}" });
    heard = kit_ask(kit, (struct said){ .as = "patient-graph", .method = "DELETE /v1/patients/p-1" });
    CHECK(heard.status == 200 && has(heard.body, "'status':'erased'"), "%d %.*s", heard.status,
          STR_ARG(heard.body));
    for (size_t turn = 0; turn < 2; turn++) {
        kit_script(kit, NULL, 0);
        heard = general("GET /v1/patients/1", NULL);
        CHECK(heard.status == 404 && !kit->started, "turn %zu: %d", turn, heard.status);
        kit_script(kit, NULL, 0);
        heard = kit_ask(kit, (struct said){ .as = "twine", .method = "GET /pub/patient/" T_PATIENT_1 });
        CHECK(heard.status == 404 && !kit->started, "turn %zu: %d", turn, heard.status);
        restart();
    }
    /* should the backend show them again, they come without what was kept, under no number they had */
    SCRIPT(kit, { .json = "{'patients':[" PATIENT("p-1") "],'total':1}" });
    heard = general("GET /v1/patients", NULL);
    CHECK(!has(heard.body, "favourite") && !has(heard.body, "'id':1,"), "%.*s", STR_ARG(heard.body));
    SCRIPT(kit, { .json = "{'metrics':[" METRIC("m-1", "p-2") "],'total':1}" });
    heard = general("GET /v1/patients/2/gauges", NULL);
    CHECK(!has(heard.body, "secret"), "%.*s", STR_ARG(heard.body));
}

#define T_BUNDLE "dddddddddddddddddddddddd"
#define PLAN(id, patient)                                                                                    \
    "{'id':'" id "','brand_id':'acme','patient_id':'" patient "','action_ids':['a-1','a-9'],'bundle_ids':[]," \
    "'current_result_ids':[]}"
#define ACTION(id) "{'id':'" id "','brand_id':'acme','patient_id':'p-1','type':'weight','title':'Walk'}"
#define BUNDLE     "{'id':'b-1','brand_id':'acme','patient_id':null,'type':'weight','title':'Mornings','plan_id':'pl-1','action_ids':['a-9','a-1']}"
#define PLANS      "GET /pub/patient_plan_summary?filter[organization]=" T_ACME

static struct heard plans(const char *method, const char *body)
{
    static const struct token_claims planner = { .subject = STR_INIT("s"), .scope = STR_INIT("read:plans write:plans") };

    return kit_ask(kit, (struct said){ .as = "twine", .method = method, .body = body, .who = &planner });
}

/* A backend may go on naming what was erased. Its clients are shown no reference without an id, and no entity. */
static void nobody_is_shown_what_is_erased(void **state)
{
    static const struct crosswalk_row bundle[] = { ROW("twine", "bundle", "acme", T_BUNDLE, "b-1") };
    struct err err;

    (void)state;
    assert_int_equal(store_crosswalk_import(kit->store, bundle, 1, &err), 0);
    SCRIPT(kit, { .json = "{'plans':[" PLAN("pl-1", "p-1") "],'total':1}" });
    struct heard heard = plans(PLANS, NULL);
    CHECK(heard.status == 200, "%d %.*s", heard.status, STR_ARG(heard.body));
    SCRIPT(kit, { .call = "action.create", .status = 201, .json = ACTION("a-1") });
    heard = plans("POST /pub/action", "{'data':{'type':'action','attributes':{'type':'weight','title':'Walk','effective_from':'2018-02-20T00:00:00Z'}}}");
    CHECK(heard.status == 201, "%d %.*s", heard.status, STR_ARG(heard.body));
    SCRIPT(kit, { .call = "bundle.read", .json = BUNDLE });
    heard = plans("GET /pub/bundle/" T_BUNDLE, NULL);
    CHECK(has(heard.body, "'patient_plan_summary','id':'") && !has(heard.body, "null"), "%.*s", STR_ARG(heard.body));

    SCRIPT(kit, { .call = "patient.erase", .json = "{'status':'erased','rows_affected':{'patients':1}}" });
    heard = kit_ask(kit, (struct said){ .as = "patient-graph", .method = "DELETE /v1/patients/p-1" });
    CHECK(heard.status == 200, "%d", heard.status);
    SCRIPT(kit, { .call = "bundle.read", .json = BUNDLE });
    heard = plans("GET /pub/bundle/" T_BUNDLE, NULL);
    CHECK(heard.status == 200 && !has(heard.body, "null") && has(heard.body, "'plan':{'links'") &&
              has(heard.body, "'data':[{'type':'action','id':'") && !has(heard.body, "'},{'type':'action'"),
          "%d %.*s", heard.status, STR_ARG(heard.body));
    SCRIPT(kit, { .json = "{'plans':[" PLAN("pl-1", "p-1") "," PLAN("pl-2", "p-2") "],'total':2}" },
           { .call = "action.list", .json = "{'actions':[" ACTION("a-1") "],'total':1}" });
    heard = plans(PLANS "&include=actions", NULL);
    CHECK(heard.status == 200 && has(heard.body, "'included':[]") && !has(heard.body, "null") && !has(heard.body, "Walk") &&
              !has(heard.body, "},{'type':'patient_plan_summary'"),
          "%d %.*s", heard.status, STR_ARG(heard.body));
}

/* An answer need not say whose it is where the path of the call does; what is kept beside it is erased all the same. */
static void what_the_path_says_is_erased_too(void **state)
{
    (void)state;
    create_with(",'favourite':'blue'");
    SCRIPT(kit, { .call = "metric.create",
                  .status = 201,
                  .json = "{'id':'m-1','brand_id':'acme','metric_key':'mood','value_numeric':'7','recorded_at':"
                          "'2024-01-01T00:00:00.000Z'}" });
    struct heard heard =
        general("POST /v1/patients/1/gauges", "{'gauge':{'gauge_type':'mood','value':7,'notes':'secret'}}");
    CHECK(heard.status == 201 && has(heard.body, "'notes':'secret'"), "%d %.*s", heard.status, STR_ARG(heard.body));
    SCRIPT(kit, { .call = "patient.erase", .json = "{'status':'erased','rows_affected':{'patients':1}}" });
    heard = kit_ask(kit, (struct said){ .as = "patient-graph", .method = "DELETE /v1/patients/p-1" });
    CHECK(heard.status == 200, "%d %.*s", heard.status, STR_ARG(heard.body));
    SCRIPT(kit, { .json = "{'metrics':[" METRIC("m-1", "p-2") "],'total':1}" });
    heard = general("GET /v1/patients/2/gauges", NULL);
    CHECK(heard.status == 200 && !has(heard.body, "secret"), "%d %.*s", heard.status, STR_ARG(heard.body));
}

/* A backend that failed to erase has erased nothing, and neither have we. */
static void a_failed_erasure_forgets_nothing(void **state)
{
    (void)state;
    create_with(",'favourite':'blue'");
    SCRIPT(kit, { .call = "patient.erase", .code = ERR_UPSTREAM });
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "patient-graph", .method = "DELETE /v1/patients/p-1" });
    CHECK(heard.status == 502, "%d", heard.status);
    CHECK(has(read_one().body, "'favourite':'blue'"), "%.*s", STR_ARG(read_one().body));
}

#define T_EVENT "58c4554710123c5c40dbab01"
#define EVENT   "{'id':'e-1','brand_id':'acme','patient_id':'p-1','encounter_type':'other','chief_complaint':'x'}"

static struct heard event(const char *method, const char *body, const struct token_claims *who)
{
    return kit_ask(kit, (struct said){ .as = "twine", .method = method, .body = body, .who = who });
}

/* The answer to a deletion was lost, and it is asked for again: what is kept goes then. Of somebody who is bound the backend may
 * say that of what is there. */
static void what_is_gone_already_is_forgotten(void **state)
{
    static const struct crosswalk_row row = { .dialect = STR_INIT("twine"),
                                              .kind = STR_INIT("encounter"),
                                              .brand = STR_INIT("acme"),
                                              .dialect_id = STR_INIT(T_EVENT),
                                              .canonical_id = STR_INIT("e-1") };
    static const struct str own[] = { STR_INIT("p-1") };
    static const struct token_claims bound = {
        .subject = STR_INIT("s"), .patients_bound = true, .patients = own, .patient_count = 1
    };
    struct err err;

    (void)state;
    CHECK(!store_crosswalk_import(kit->store, &row, 1, &err), "%s", err.detail);
    SCRIPT(kit, { .call = "encounter.update", .json = EVENT });
    struct heard heard = event("PATCH /pub/calendar_event/" T_EVENT,
                               "{'data':{'type':'calendar_event','attributes':{'location':'here'}}}", NULL);
    CHECK(heard.status == 200 && has(heard.body, "'location':'here'"), "%d %.*s", heard.status, STR_ARG(heard.body));
    SCRIPT(kit, { .call = "encounter.read", .json = EVENT }, { .call = "encounter.delete", .code = ERR_NOT_FOUND });
    heard = event("DELETE /pub/calendar_event/" T_EVENT, NULL, &bound);
    CHECK(heard.status == 404, "%d", heard.status);
    SCRIPT(kit, { .call = "encounter.delete", .code = ERR_UPSTREAM });
    heard = event("DELETE /pub/calendar_event/" T_EVENT, NULL, NULL);
    CHECK(heard.status == 502, "%d", heard.status);
    SCRIPT(kit, { .call = "encounter.read", .json = EVENT });
    heard = event("GET /pub/calendar_event/" T_EVENT, NULL, NULL);
    CHECK(heard.status == 200 && has(heard.body, "'location':'here'"), "%d %.*s", heard.status, STR_ARG(heard.body));
    SCRIPT(kit, { .call = "encounter.delete", .code = ERR_NOT_FOUND });
    heard = event("DELETE /pub/calendar_event/" T_EVENT, NULL, NULL);
    CHECK(heard.status == 404, "%d", heard.status);
    for (size_t turn = 0; turn < 2; turn++) {
        kit_script(kit, NULL, 0);
        heard = event("GET /pub/calendar_event/" T_EVENT, NULL, NULL);
        CHECK(heard.status == 404 && !kit->started, "turn %zu: %d: its id names nobody any more", turn, heard.status);
        restart();
    }
    SCRIPT(kit, { .json = "{'encounters':[" EVENT "],'total':1}" });
    heard = event("GET /pub/calendar_event?filter[patient]=" T_PATIENT_1, NULL, NULL);
    CHECK(!has(heard.body, "here"), "%.*s", STR_ARG(heard.body));
}

#define COACH "{'id':'c-1','brand_id':'acme','first_name':'C','last_name':'D'," TIMES "}"

/* A link ends: neither of those it was between is gone, whether there was a link or not. */
static void what_is_only_let_go_is_not_forgotten(void **state)
{
    static const struct reply ends[] = {
        { .call = "patient.unlink_provider", .json = "{'id':'l-1','patient_id':'p-1','provider_id':'c-1','status':'ended'}" },
        { .call = "patient.unlink_provider", .code = ERR_NOT_FOUND },
    };
    static const struct token_claims who = { .subject = STR_INIT("s"), .scope = STR_INIT("read:providers write:providers") };

    (void)state;
    kit_free(kit);
    kit = kit_new_changed("patient-graph/dialect.yaml",
                          "s|^operations:|&\\n  unlink: { request: \"DELETE /v1/patients/{id}/providers/{provider_id}\", "
                          "scopes: [write:providers], resource: patient_provider, call: patient.unlink_provider, answer: $item, "
                          "path: { id: { type: id, kind: patient, to: patient_id }, "
                          "provider_id: { type: id, kind: provider, to: provider_id } } }|");
    for (size_t i = 0; i < COUNT(ends); i++) {
        kit_script(kit, &ends[i], 1);
        struct heard heard = kit_ask(kit, (struct said){ .as = "patient-graph", .method = "DELETE /v1/patients/p-1/providers/c-1", .who = &who });
        CHECK(heard.status == (i ? 404 : 200), "%d %.*s %s", heard.status, STR_ARG(heard.body), heard.detail);
        SCRIPT(kit, { .call = "provider.read", .json = COACH });
        heard = kit_ask(kit, (struct said){ .as = "twine", .method = "GET /pub/coach/" T_PROVIDER_1, .who = &who });
        CHECK(heard.status == 200 && kit->started, "case %zu: %d %s", i, heard.status, heard.detail);
    }
}

/* Kept under no id it would be lost without a word. */
static void what_cannot_be_kept_is_told(void **state)
{
    (void)state;
    SCRIPT(kit, { .call = "patient.create", .status = 201, .json = "{'brand_id':'acme','first_name':'John'}" });
    struct heard heard = general("POST /v1/patients", "{'patient':{'first_name':'John','last_name':'Doe',"
                                                      "'date_of_birth':'2010-05-15','favourite':'blue'}}");
    CHECK(heard.status == 502, "%d %.*s", heard.status, STR_ARG(heard.body));
}

static struct heard journal(const char *method, const char *body)
{
    static const struct str one[] = { STR_INIT("p-1") };
    static const struct token_claims who = { .subject = STR_INIT("s"),
                                             .scope = STR_INIT("read:journal write:journal"),
                                             .patients = one,
                                             .patient_count = 1,
                                             .patients_bound = true };
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "patient-graph", .method = method, .body = body, .who = &who });

    CHECK(heard.status == 200, "%d %.*s %s", heard.status, STR_ARG(heard.body), heard.detail);
    return heard;
}

#define ENTRY                                                                                                \
    "{'id':'j-1','patient_id':'p-1','brand_id':'acme','entry_date':'2024-01-01','mood':3,'energy':4,"        \
    "'notes':'','side_effects':[]," TIMES "}"

static struct heard put_entry(const char *more)
{
    SCRIPT(kit, { .call = "journal.put", .json = ENTRY });
    return journal("POST /v1/patients/me/journal",
                   arena_printf(kit->arena, "{'entry_date':'2024-01-01','mood':3,'energy':4%s}", more).ptr);
}

static struct heard list_entries(void)
{
    SCRIPT(kit, { .call = "journal.list", .json = "{'entries':[" ENTRY "]}" });
    return journal("GET /v1/patients/me/journal?from=2024-01-01&to=2024-01-01", NULL);
}

/* One entry a day: a second one replaces it, and says nothing of what was kept beside the first. */
static void what_is_replaced_takes_its_rest_along(void **state)
{
    (void)state;
    for (size_t turn = 0; turn < 2; turn++) {
        CHECK(has(put_entry(",'weather':'rain'").body, "'weather':'rain'"), "turn %zu", turn);
        CHECK(has(list_entries().body, "'weather':'rain'"), "turn %zu", turn);
        if (turn)
            restart(); /* nothing is in the cache */
        struct heard heard = put_entry("");
        CHECK(!has(heard.body, "weather"), "turn %zu: %.*s", turn, STR_ARG(heard.body));
        heard = list_entries();
        CHECK(!has(heard.body, "weather"), "turn %zu: %.*s", turn, STR_ARG(heard.body));
        restart();
        heard = list_entries();
        CHECK(!has(heard.body, "weather"), "turn %zu, after a restart: %.*s", turn, STR_ARG(heard.body));
    }
    (void)put_entry(",'weather':'rain'");
    struct heard heard = put_entry(",'place':'home'");
    CHECK(!has(heard.body, "weather") && has(heard.body, "'place':'home'"), "%.*s", STR_ARG(heard.body));
}

/* What another update keeps, in the moment when this one is at the backend. */
static unsigned overtaken; /* so often */
static struct str theirs;

static void keep_theirs(void)
{
    struct rest_write write = { .key = { .dialect = STR("general"), .kind = STR("patient"), .brand = STR("acme"), .canonical_id = STR("p-1") },
                                .patch = theirs };
    struct store_batch batch = { .arena = kit->arena, .writes = &write, .write_count = 1 };

    (void)store_batch(kit->store, NULL, &batch);
}

static const struct reply *overtake(struct kit *of, const struct upstream_request *request)
{
    static const struct reply read = { .json = PATIENT("p-1"), .etag = "'v7'" }, updated = { .json = PATIENT("p-1"), .etag = "'v8'" };

    if (!str_is(request->call->name, "patient.update"))
        return &read;
    if (overtaken) {
        theirs = arena_printf(of->arena, "{\"favourite\":\"theirs %u\",\"other\":\"theirs\"}", overtaken--);
        keep_theirs();
    }
    return &updated;
}

static struct heard overtaken_times(unsigned times, const char *word)
{
    struct str body = arena_printf(kit->arena, "{'patient':{'phone':'1','favourite':'%s','gone':null}}", word);

    kit_script(kit, NULL, 0);
    overtaken = times;
    kit->compose = overtake;
    struct heard heard = general("PATCH /v1/patients/1", body.ptr);
    kit->compose = NULL;
    return heard;
}

/* Else the entity would have the backend's half of one update and the kept half of another. */
static void an_update_that_is_overtaken_at_the_store_is_done_again(void **state)
{
    static const char once[] = "GET /v1/patients/p-1\nPATCH /v1/patients/p-1?touch=true ['v7'] {'phone':'1'}\n";

    (void)state;
    create_with(",'favourite':'blue'");
    struct heard heard = overtaken_times(0, "mine");
    CHECK(heard.status == 200 && has(heard.body, "'favourite':'mine'"), "%d %.*s", heard.status, STR_ARG(heard.body));
    CHECK(str_is(buf_str(&kit->log), once), "%.*s", STR_ARG(buf_str(&kit->log)));
    heard = overtaken_times(2, "my own");
    CHECK(heard.status == 200 && has(heard.body, "'favourite':'my own','other':'theirs'"), "%d %.*s", heard.status, STR_ARG(heard.body));
    CHECK(kit->started == 6, "%zu calls", kit->started);
    CHECK(has(read_one().body, "'favourite':'my own','other':'theirs'"), "%.*s", STR_ARG(read_one().body));
    /* others may be faster again and again, but not for ever: then it is kept all the same */
    heard = overtaken_times(100, "at last");
    CHECK(heard.status == 200 && has(heard.body, "'favourite':'at last'"), "%d %.*s", heard.status, STR_ARG(heard.body));
    CHECK(kit->started == 18, "%zu calls", kit->started);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rests_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(rests_are_merged, setup, teardown),
        cmocka_unit_test_setup_teardown(the_backend_is_told_of_a_change, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_kept_already_waits_for_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_kept_of_what_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_kept_beside_another_entity, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_stored_and_cannot_be_kept_is_not_asked_for_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rest_may_be_as_deep_as_a_body, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dialect_sees_its_own_rest_only, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_path_says_is_erased_too, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_erased_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_is_shown_what_is_erased, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_erasure_forgets_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_gone_already_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_only_let_go_is_not_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_kept_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_replaced_takes_its_rest_along, setup, teardown),
        cmocka_unit_test_setup_teardown(an_update_that_is_overtaken_at_the_store_is_done_again, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
