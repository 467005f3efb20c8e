/* Requests that need several calls: many documents at once, and look-ups. */
#include "test_flow_each.h"

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

/* Whether something is kept beside that metric. */
static bool is_kept(const char *id)
{
    struct rest_read rest = {
        .key = { .dialect = STR("twine"), .kind = STR("metric"), .brand = STR("acme"), .canonical_id = str_from(id) }
    };
    struct store_batch batch = { .arena = kit->arena, .reads = &rest, .read_count = 1 };

    (void)store_batch(kit->store, NULL, &batch);
    return rest.json.len > 0;
}

/* What the backend answers to one document says nothing of the others: they are stored, told, and kept whole. */
static void one_of_many_is_answered_with_nonsense(void **state)
{
    static const char colour[] = "{'type':'patient_health_metric','attributes':{'type':'weight','value':'7','colour':'red'},"
                                 TO(T_PATIENT_1) "}";
    struct reply *replies = stored_replies(4);

    (void)state;
    replies[1].json = "{'id':'m-x','patient_id':'p-9','brand_id':'globex','metric_key':'weight'}";
    replies[2].json = "{'brand_id':'acme','metric_key':'weight'}";
    kit_script(kit, replies, 4);
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = BULK, .body = many(colour, 4) });
    CHECK(heard.status == 404 && kit->started == 4, "%d %s", heard.status, heard.detail);
    CHECK(has(heard.body, "'status':'404','source':{'pointer':'/data/1'}}") &&
              has(heard.body, "'status':'502','source':{'pointer':'/data/2'}}") && count_of(heard.body, "'pointer':") == 2,
          "%.*s", STR_ARG(heard.body));
    CHECK(has(heard.body, "'stored':[{'index':0,'id':'") && has(heard.body, "{'index':3,'id':'") &&
              count_of(heard.body, "'index':") == 2,
          "%.*s", STR_ARG(heard.body));
    CHECK(is_kept("m-0") && is_kept("m-3") && !is_kept("m-x"), "what is kept");
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
        { empty, COUNT(empty), 502 }, { list, COUNT(list), 502 },         { missing, COUNT(missing), 502 },
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
    /* half a document names the other half */
    kit_script(kit, NULL, 0);
    struct heard half = kit_ask(
        kit, (struct said){ .as = "twine",
                            .method = BULK,
                            .body = ONE("'relationships':{'patient':{'data':{'type':'patient','meta':{'query':{"
                                        "'identifier':{'system':'a'}}}}}}") });
    CHECK(half.status == 409 &&
              has(half.body, "is required','status':'409','source':{"
                             "'pointer':'/data/relationships/patient/data/meta/query/identifier/value'}"),
          "%d %.*s", half.status, STR_ARG(half.body));
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

static void faults_are_told_up_to_a_thousand(void **state)
{
    (void)state;
    kit_script(kit, NULL, 0);
    struct heard heard = kit_ask(
        kit, (struct said){ .as = "twine",
                            .method = BULK,
                            .body = many("{'type':'x','attributes':{'type':7,'value':null,'occurred_at':'x'}," TO("nobody") "}", 500) });
    CHECK(heard.status == 409 && !kit->started, "%d %s", heard.status, heard.detail);
    CHECK(count_of(heard.body, "'pointer':") == 1000, "%zu of %.*s", count_of(heard.body, "'pointer':"), 500,
          heard.body.ptr);
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

/* However many: the others wait for their turn, and so do the calls after each entity (test_flow_then.c). */
static void look_ups_are_a_few_at_a_time(void **state)
{
    struct reply replies[80];
    const struct reply found = FOUND(PATIENT("p-1")), stored = STORED;

    (void)state;
    for (size_t i = 0; i < COUNT(replies); i++)
        replies[i] = i < COUNT(replies) / 2 ? found : stored;
    kit_script(kit, replies, COUNT(replies));
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = BULK, .body = many(WEIGHT("1", BY("a", "1")), 40) });
    CHECK(heard.status == 200 && kit->started == COUNT(replies) && kit->most_open == 16, "%d %s, %zu at once of %zu",
          heard.status, heard.detail, kit->most_open, kit->started);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_many, setup, teardown),
        cmocka_unit_test_setup_teardown(some_of_many, setup, teardown),
        cmocka_unit_test_setup_teardown(one_of_many_is_answered_with_nonsense, setup, teardown),
        cmocka_unit_test_setup_teardown(none_of_many, setup, teardown),
        cmocka_unit_test_setup_teardown(many_are_judged_before_any_is_stored, setup, teardown),
        cmocka_unit_test_setup_teardown(a_look_up_finds_exactly_one, setup, teardown),
        cmocka_unit_test_setup_teardown(a_look_up_that_names_nobody_asks_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(faults_are_told_up_to_a_thousand, setup, teardown),
        cmocka_unit_test_setup_teardown(look_ups_of_many_run_together, setup, teardown),
        cmocka_unit_test_setup_teardown(look_ups_are_a_few_at_a_time, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
