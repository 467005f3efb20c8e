/* Requests that need several calls: many documents at once, look-ups, memberships after the entity. */
#include "test_flow_kit.h"

static struct kit *kit;

static int setup(void **state)
{
    (void)state;
    kit = kit_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_free(kit);
    return 0;
}

static size_t count_of(struct str text, const char *part)
{
    size_t count = 0, len = strlen(part);

    for (size_t i = 0; i + len <= text.len; i++)
        count += !memcmp(text.ptr + i, part, len);
    return count;
}

/* ---- many documents ---- */

#define BULK          "POST /pub/patient_health_metric"
#define TO(id)        "'relationships':{'patient':{'data':{'type':'patient','id':'" id "'}}}"
#define WEIGHT(v, to) "{'type':'patient_health_metric','attributes':{'type':'weight','value':'" v "'}," to "}"

/* {"data":[one, one, …]} */
static const char *many(const char *one, size_t count)
{
    struct buf out = buf_in(kit->arena, 1 << 20);

    buf_add(&out, STR("{'data':["));
    for (size_t i = 0; i < count; i++)
        buf_printf(&out, "%s%s", i ? "," : "", one);
    buf_add(&out, STR("]}"));
    return arena_cstr(kit->arena, buf_str(&out));
}

/* Replies for `count` documents: all stored, with ids of their own. */
static struct reply *stored_replies(size_t count)
{
    struct reply *replies = ARENA_ARRAY(kit->arena, struct reply, count);

    for (size_t i = 0; i < count; i++)
        replies[i] = (struct reply){
            .call = "metric.create",
            .status = 201,
            .json =
                arena_printf(kit->arena,
                             "{'id':'m-%zu','patient_id':'p-1','brand_id':'acme','metric_key':'weight',"
                             "'value_numeric':7,'value_text':null,'recorded_at':'2024-01-01T00:00:00.000Z'}",
                             i)
                    .ptr
        };
    return replies;
}

static void all_of_many(void **state)
{
    (void)state;
    kit_script(kit, stored_replies(20), 20);
    struct heard heard = kit_ask(
        kit, (struct said){ .as = "twine", .method = BULK, .body = many(WEIGHT("7", TO(T_PATIENT_1)), 20) });
    CHECK(heard.status == 200 && kit->started == 20, "%d %s", heard.status, heard.detail);
    CHECK(kit->most_open == 16, "%zu at once", kit->most_open);
    CHECK(count_of(heard.body, "'type':'patient_health_metric'") == 20, "%.*s", STR_ARG(heard.body));
    CHECK(!has(heard.body, "'stored'") && !has(heard.body, "m-1"), "%.*s", STR_ARG(heard.body));
    /* each got an id of its own, and the same ones are shown again */
    kit_script(kit, stored_replies(1), 1);
    struct heard again = kit_ask(
        kit, (struct said){ .as = "twine", .method = BULK, .body = many(WEIGHT("7", TO(T_PATIENT_1)), 1) });
    struct str id = str_of(memmem(again.body.ptr, again.body.len, "'id':'", 6), 30);
    CHECK(count_of(heard.body, arena_cstr(kit->arena, id)) == 1, "%.*s", STR_ARG(id));
}

static void some_of_many(void **state)
{
    struct reply *replies;

    (void)state;
    replies = stored_replies(20);
    replies[7] = (struct reply){ .code = ERR_CONFLICT };
    replies[12] = (struct reply){ .code = ERR_UPSTREAM };
    replies[19] = (struct reply){ .status = 201 }; /* without a body */
    kit_script(kit, replies, 20);
    struct heard heard = kit_ask(
        kit, (struct said){ .as = "twine", .method = BULK, .body = many(WEIGHT("7", TO(T_PATIENT_1)), 20) });
    CHECK(heard.status == 409 && kit->started == 20, "%d %s", heard.status, heard.detail);
    CHECK(count_of(heard.body, "'pointer':") == 3, "%.*s", STR_ARG(heard.body));
    CHECK(has(heard.body,
              "{'code':'InvalidBodyParameter','detail':'A resource with this identifier exists already',"
              "'status':'409','source':{'pointer':'/data/7'}}"),
          "%.*s", STR_ARG(heard.body));
    CHECK(has(heard.body, "'status':'502','source':{'pointer':'/data/12'}}") &&
              has(heard.body, "'status':'502','source':{'pointer':'/data/19'}}"),
          "%.*s", STR_ARG(heard.body));
    /* what is stored stays stored, and is named */
    CHECK(has(heard.body, "'meta':{'req_id':'r-1','stored':[{'index':0,'id':'"), "%.*s", STR_ARG(heard.body));
    CHECK(count_of(heard.body, "'index':") == 17 && !has(heard.body, "'index':7,") &&
              has(heard.body, "'index':18,"),
          "%.*s", STR_ARG(heard.body));
}

static void none_of_many(void **state)
{
    static const struct reply replies[] = { { .code = ERR_UNAVAILABLE }, { .code = ERR_CONFLICT } };

    (void)state;
    kit_script(kit, replies, COUNT(replies));
    struct heard heard = kit_ask(
        kit, (struct said){ .as = "twine", .method = BULK, .body = many(WEIGHT("7", TO(T_PATIENT_1)), 2) });
    CHECK(heard.status == 503 && !has(heard.body, "'stored'"), "%d %.*s", heard.status, STR_ARG(heard.body));
}

static void many_are_judged_before_any_is_stored(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *parts[3];
    } cases[] = {
        { "{'data':[" WEIGHT("7", TO(T_PATIENT_1)) "," WEIGHT("7", TO("no")) "," WEIGHT("7",
                                                                                        TO(T_PATIENT_9)) "]}",
          409,
          { "'pointer':'/data/1/relationships/patient/data/id'",
            "'pointer':'/data/2/relationships/patient/data/id'" } },
        { "{'data':[" WEIGHT("7", TO(T_PATIENT_1)) ",7,null,[]]}",
          409,
          { "'pointer':'/data/1'", "'pointer':'/data/2'", "'pointer':'/data/3'" } },
        { "{'data':[" WEIGHT("7", TO(T_PATIENT_1)) ",{'type':'patient_health_metric'}]}",
          409,
          { "'pointer':'/data/1/attributes/type'" } },
        { "{'data':[]}", 409, { "'pointer':'/data'" } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, NULL, 0);
        struct heard heard =
            kit_ask(kit, (struct said){ .as = "twine", .method = BULK, .body = cases[i].body });
        CHECK(heard.status == cases[i].status && !kit->started, "case %zu: %d", i, heard.status);
        for (size_t k = 0; k < COUNT(cases[i].parts) && cases[i].parts[k]; k++)
            CHECK(has(heard.body, cases[i].parts[k]), "case %zu: %.*s", i, STR_ARG(heard.body));
        CHECK(!has(heard.body, "/data/0"), "case %zu: %.*s", i, STR_ARG(heard.body));
    }
    kit_script(kit, NULL, 0);
    struct heard heard = kit_ask(
        kit, (struct said){ .as = "twine", .method = BULK, .body = many(WEIGHT("7", TO(T_PATIENT_1)), 501) });
    CHECK(heard.status == 413 && !kit->started, "%d", heard.status);
}

/* ---- look-ups ---- */

#define BY(system, value)                                                                                    \
    "'relationships':{'patient':{'data':{'type':'patient','meta':{'query':{'identifier':{'system':'" system  \
    "','value':'" value "'}}}}}}"
#define FOUND(list)                                                                                          \
    {                                                                                                        \
        .call = "patient.list", .json = "{'patients':[" list "],'total':9}"                                  \
    }
#define STORED                                                                                               \
    {                                                                                                        \
        .call = "metric.create", .status = 201, .json = METRIC("m-1", "p-1")                                 \
    }
#define ONE(to) "{'data':" WEIGHT("7", to) "}"

static void a_look_up_finds_exactly_one(void **state)
{
    static const struct reply one[] = { FOUND(PATIENT("p-1")), STORED }, none[] = { FOUND("") },
                              two[] = { FOUND(PATIENT("p-1") "," PATIENT("p-2")) }, odd[] = { FOUND("7") },
                              nameless[] = { FOUND("{'first_name':'x'}") }, number[] = { FOUND("{'id':7}") },
                              empty[] = { { .call = "patient.list" } }, list[] = { { .json = "[]" } },
                              missing[] = { { .json = "{'total':1}" } }, ill[] = { { .code = ERR_UPSTREAM } },
                              slow[] = { { .code = ERR_UPSTREAM_TIMEOUT } };
    static const struct {
        const struct reply *replies;
        size_t count;
        int status;
    } cases[] = {
        { one, COUNT(one), 200 },     { none, COUNT(none), 409 },         { two, COUNT(two), 409 },
        { odd, COUNT(odd), 409 },     { nameless, COUNT(nameless), 409 }, { number, COUNT(number), 409 },
        { empty, COUNT(empty), 409 }, { list, COUNT(list), 409 },         { missing, COUNT(missing), 409 },
        { ill, COUNT(ill), 502 },     { slow, COUNT(slow), 504 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, cases[i].replies, cases[i].count);
        struct heard heard =
            kit_ask(kit, (struct said){ .as = "twine", .method = BULK, .body = ONE(BY("My|EHR", "1&2")) });
        CHECK(heard.status == cases[i].status, "case %zu: %d %s %.*s", i, heard.status, heard.detail,
              STR_ARG(heard.body));
        CHECK(heard.status != 409 ||
                  has(heard.body, "'pointer':'/data/relationships/patient/data/meta/query'"),
              "case %zu: %.*s", i, STR_ARG(heard.body));
        CHECK(kit->started == cases[i].count, "case %zu: %zu calls", i, kit->started);
        CHECK(str_starts(
                  buf_str(&kit->log),
                  STR("GET /v1/patients?brand_id=acme&external_id=My%5C%7CEHR%7C1%262&limit=2&offset=0\n")),
              "%.*s", STR_ARG(buf_str(&kit->log)));
    }
}

static void a_look_up_that_names_nobody_asks_nobody(void **state)
{
    static const char *const queries[] = {
        "{}",
        "{'identifier':null}",
        "{'identifier':{'system':'a'}}",
        "{'identifier':{'value':'a'}}",
        "{'identifier':{'system':'a','value':''}}",
        "{'identifier':{'system':'a','value':7}}",
        "{'identifier':{'system':'a','value':{}}}",
        "{'identifier':'a'}",
        "{'identifier':{'system':'a','value':'b'},'organization':'" T_GLOBEX "'}",
        "{'identifier':{'system':'a','value':'b'},'organization':'nobody'}",
        "{'identifier':{'system':'a','value':'b'},'groups':['" T_GROUP_9 "']}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(queries); i++) {
        kit_script(kit, NULL, 0);
        struct str to =
            arena_printf(kit->arena,
                         "{'data':{'type':'patient_health_metric','attributes':{'type':'weight',"
                         "'value':'7'},'relationships':{'patient':{'data':{'type':'patient','meta':"
                         "{'query':%s}}}}}}",
                         queries[i]);
        struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = BULK, .body = to.ptr });
        CHECK(heard.status == 409 && !kit->started, "%s: %d %.*s, %zu calls", queries[i], heard.status,
              STR_ARG(heard.body), kit->started);
    }
}

static void look_ups_of_many_run_together(void **state)
{
    static const struct reply replies[] = { FOUND(PATIENT("p-1")), FOUND(PATIENT("p-2")), STORED, STORED };

    (void)state;
    kit_script(kit, replies, COUNT(replies));
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                     .method = BULK,
                                                     .body = "{'data':[" WEIGHT("1", BY("a", "1")) "," WEIGHT(
                                                         "2", BY("a", "2")) "]}" });
    CHECK(heard.status == 200 && kit->most_open >= 2, "%d, %zu at once", heard.status, kit->most_open);
    CHECK(has(buf_str(&kit->log), "POST /v1/patients/p-1/metrics {") &&
              has(buf_str(&kit->log), "POST /v1/patients/p-2/metrics {"),
          "%.*s", STR_ARG(buf_str(&kit->log)));
}

/* ---- memberships ---- */

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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_many, setup, teardown),
        cmocka_unit_test_setup_teardown(some_of_many, setup, teardown),
        cmocka_unit_test_setup_teardown(none_of_many, setup, teardown),
        cmocka_unit_test_setup_teardown(many_are_judged_before_any_is_stored, setup, teardown),
        cmocka_unit_test_setup_teardown(a_look_up_finds_exactly_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_look_up_that_names_nobody_asks_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(look_ups_of_many_run_together, setup, teardown),
        cmocka_unit_test_setup_teardown(memberships_follow_the_entity, setup, teardown),
        cmocka_unit_test_setup_teardown(two_calls_follow_the_entity, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_membership_takes_the_entity_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_membership_of_an_update_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(another_entity_that_is_read_again_is_not_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_rereading_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_membership_of_many_takes_one_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_rereading_of_many_tells_what_is_stored, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_groups_store_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
