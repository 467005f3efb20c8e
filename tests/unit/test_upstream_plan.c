/* Documented calls in the place of one that the backend does not have: pages, several lists, order, limits, failures, and
 * being taken back at any moment. The backend is this file: it answers when the test says so. */
#include "check.h"

#include "conf/conf.h"
#include "upstream/plan.h"

#include <stdlib.h>
#include <string.h>

enum { CALLS_MOST = 64 };

struct upstream_call {
    struct str target;
    upstream_done_fn *done;
    void *data;
    struct arena *arena;
    struct upstream_answer answer;
    bool told, freed;
};

static struct {
    struct upstream upstream;
    struct arena *arena;
    struct conf *conf;
    struct contract *contract;
    struct upstream_call calls[CALLS_MOST];
    size_t count, open, most_open;
    struct plan *plan;
    struct str answer; /* of the plan, or the name of its error */
    unsigned done;
} kit;

static struct upstream_call *start(struct upstream *upstream, const struct upstream_request *request,
                                   upstream_done_fn *done, void *data)
{
    struct upstream_call *call = &kit.calls[kit.count++];
    struct buf target = buf_in(kit.arena, 4096);
    struct err err;

    (void)upstream;
    assert_true(kit.count < CALLS_MOST && request->call->documented);
    assert_int_equal(upstream_target(request, STR_NONE, &target, &err), 0);
    *call = (struct upstream_call){ .target = buf_str(&target), .done = done, .data = data, .arena = request->arena };
    kit.most_open = ++kit.open > kit.most_open ? kit.open : kit.most_open;
    return call;
}

static void free_call(struct upstream_call **call)
{
    if (!*call)
        return;
    assert_false((*call)->freed);
    (*call)->freed = true;
    kit.open -= !(*call)->told;
    *call = NULL;
}

static const struct upstream_ops ops = { .start = start, .free_call = free_call };

static void on_done(const struct upstream_answer *answer, const struct err *err, void *data)
{
    (void)data;
    kit.done++;
    kit.answer = answer ? tape_raw(&answer->document, 0) : str_from(err_name(err->code));
    plan_free(&kit.plan); /* as the flow does, from inside */
}

/* The call that went to `target` is answered; `code` without a text. */
static void tell(const char *target, const char *json, enum err_code code)
{
    struct tape_fault fault;
    struct err err = { .code = code };

    for (size_t i = 0; i < kit.count; i++) {
        struct upstream_call *call = &kit.calls[i];
        if (call->told || call->freed || !str_is(call->target, target))
            continue;
        call->told = true;
        kit.open--;
        if (json)
            assert_true(tape_read(&call->answer.document, call->arena, str_from(json), &tape_default_limits, &fault));
        call->done(call, json ? &call->answer : NULL, json ? NULL : &err, call->data);
        return;
    }
    for (size_t i = 0; i < kit.count; i++)
        print_error("asked: " STR_FMT "\n", STR_ARG(kit.calls[i].target));
    CHECK(false, "nobody asked for %s", target);
}

static int setup(void **state)
{
    const char *sets[] = { "mappings=" SOURCE_DIR "/mappings", "backend.completions=[]" };
    struct err err = { 0 };

    (void)state;
    memset(&kit, 0, sizeof kit);
    kit.upstream.ops = &ops;
    kit.arena = arena_new(SIZE_MAX);
    return conf_load(&kit.conf, NULL, sets, COUNT(sets), &err) ||
           contract_load(&kit.contract, kit.arena, SOURCE_DIR "/mappings", kit.conf, &err);
}

static int teardown(void **state)
{
    (void)state;
    plan_free(&kit.plan);
    CHECK(kit.open == 0, "%zu calls are still open", kit.open);
    for (size_t i = 0; i < kit.count; i++)
        CHECK(kit.calls[i].freed, "call %zu was not freed", i);
    conf_free(&kit.conf);
    arena_free(&kit.arena);
    return 0;
}

struct ask {
    const char *call;
    struct upstream_argument arguments[4];
    size_t count;
    uint64_t limit, offset, most; /* limit 0: not paged; most 0: 1,000 */
};

static int ask(const struct ask *ask, struct err *err)
{
    struct upstream_request request = { .call = contract_find(kit.contract, str_from(ask->call)),
                                        .arguments = ask->arguments,
                                        .argument_count = ask->count,
                                        .brand = STR("acme"),
                                        .paged = ask->limit > 0,
                                        .limit = ask->limit,
                                        .offset = ask->offset,
                                        .arena = kit.arena };

    assert_false(plan_needless(&request));
    kit.plan = plan_start(&kit.upstream, &request, &tape_default_limits, ask->most ? ask->most : 1000, on_done, NULL, err);
    return kit.plan ? 0 : -1;
}

#define LIST "/v1/patients?brand_id=acme&limit=200&offset="
#define WITH(...) .arguments = { __VA_ARGS__ }, .count = COUNT(((struct upstream_argument[]){ __VA_ARGS__ }))
#define ARG(n, v) { .name = STR_INIT(n), .value = STR_INIT(v) }

static const struct ask patient_c = { .call = "patient.read", WITH(ARG("patient_id", "c"), ARG("include", "groups")) };

/* A backend may give less than was asked for: what it said of the total counts. */
static void a_row_on_a_later_page(void **state)
{
    struct err err = { 0 };

    (void)state;
    CHECK(!ask(&patient_c, &err), "%s", err.detail);
    tell(LIST "0", "{\"patients\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"total\":9}", ERR_NONE);
    tell(LIST "2", "{\"patients\":[{\"id\":\"c\",\"n\":1.0}],\"total\":9}", ERR_NONE);
    CHECK(kit.done == 1 && str_is(kit.answer, "{\"id\":\"c\",\"n\":1.0}"), STR_FMT, STR_ARG(kit.answer));
    CHECK(kit.count == 2, "what was found ends it");
}

static void a_row_that_is_not_there(void **state)
{
    struct err err = { 0 };

    (void)state;
    CHECK(!ask(&patient_c, &err), "%s", err.detail);
    tell(LIST "0", "{\"patients\":[{\"id\":\"a\"}],\"total\":2}", ERR_NONE);
    tell(LIST "1", "{\"patients\":[{\"id\":\"b\"}],\"total\":2}", ERR_NONE);
    CHECK(kit.done == 1 && str_is(kit.answer, "not_found"), STR_FMT, STR_ARG(kit.answer));
}

/* name|value, both escaped: nothing but the very pair. */
static void a_row_by_a_pair(void **state)
{
    static const struct ask pair = { .call = "patient.list", WITH(ARG("external_id", "a\\|b|1\\\\2|3"), ARG("include", "groups")),
                                     .limit = 2 };
    struct err err = { 0 };

    (void)state;
    CHECK(!ask(&pair, &err), "%s", err.detail);
    tell(LIST "0", "{\"patients\":[{\"id\":\"1\",\"external_ids\":{\"a\":\"b|1\"}},{\"id\":\"2\",\"external_ids\":{\"a|b\":\"1\\\\2|3\"}},"
         "{\"id\":\"3\",\"external_ids\":{\"a|b\":\"1\"}},{\"id\":\"4\",\"external_ids\":null},{\"id\":\"5\"}],\"total\":5}", ERR_NONE);
    CHECK(str_is(kit.answer, "{\"patients\":[{\"id\":\"2\",\"external_ids\":{\"a|b\":\"1\\\\2|3\"}}],\"total\":1}"),
          STR_FMT, STR_ARG(kit.answer));
}

static void more_rows_than_may_be_read(void **state)
{
    struct ask few = patient_c;
    struct err err = { 0 };

    (void)state;
    few.most = 2;
    CHECK(!ask(&few, &err), "%s", err.detail);
    tell("/v1/patients?brand_id=acme&limit=2&offset=0", "{\"patients\":[{\"id\":\"a\"},{\"id\":\"b\"}],\"total\":3}", ERR_NONE);
    CHECK(kit.done == 1 && str_is(kit.answer, "not_implemented"), STR_FMT, STR_ARG(kit.answer));
}

#define P1 "/v1/patients/p1/metrics"
#define P2 "/v1/patients/p2/metrics"
static const char two_keys[] = "{\"metrics\":[{\"metric_key\":\"mood\"},{\"metric_key\":\"pain/x\"}]}";

static void lists_of_several_patients(void **state)
{
    static const struct ask metrics = { .call = "metric.list",
                                        WITH(ARG("patient_id", "p1,p2,gone"), ARG("order", "recorded_desc"), ARG("from", "f")),
                                        .limit = 2, .offset = 1 };
    struct err err = { 0 };

    (void)state;
    CHECK(!ask(&metrics, &err), "%s", err.detail);
    tell(P2, "{\"metrics\":[{\"metric_key\":\"mood\"}]}", ERR_NONE);
    tell(P1, two_keys, ERR_NONE);
    tell("/v1/patients/gone/metrics", NULL, ERR_NOT_FOUND);
    tell(P1 "/mood?from=f", "{\"data\":[{\"id\":\"1\",\"recorded_at\":\"2024-01-01\"},{\"id\":\"2\",\"recorded_at\":\"2024-01-04\"}]}", ERR_NONE);
    tell(P2 "/mood?from=f", "{\"data\":[{\"id\":\"4\",\"recorded_at\":\"2024-01-03\"},{\"id\":\"3\",\"recorded_at\":\"2024-01-03\"}]}", ERR_NONE);
    assert_int_equal(kit.done, 0);
    tell(P1 "/pain%2Fx?from=f", "{\"data\":[]}", ERR_NONE);
    CHECK(str_is(kit.answer, "{\"metrics\":[{\"id\":\"4\",\"recorded_at\":\"2024-01-03\"},{\"id\":\"3\",\"recorded_at\":\"2024-01-03\"}],\"total\":4}"),
          STR_FMT, STR_ARG(kit.answer));
}

/* Only the lists that are asked for are read, and never more than a few at once. */
static void only_some_keys(void **state)
{
    static const struct ask some = { .call = "metric.list", WITH(ARG("patient_id", "p1"), ARG("metric_key", "mood,weight")) };
    static const struct ask comma = { .call = "metric.list", WITH(ARG("patient_id", "p1"), ARG("metric_key", "mood\\,weight")) };
    static const struct ask many = { .call = "metric.list", WITH(ARG("patient_id", "1,2,3,4,5,6,7,8,9,10,11,12")) };
    struct err err = { 0 };

    (void)state;
    CHECK(!ask(&some, &err), "%s", err.detail);
    tell(P1, two_keys, ERR_NONE);
    assert_int_equal(kit.count, 2);
    tell(P1 "/mood", "{\"data\":[{\"id\":\"1\",\"metric_key\":\"mood\"}]}", ERR_NONE);
    CHECK(str_is(kit.answer, "{\"metrics\":[{\"id\":\"1\",\"metric_key\":\"mood\"}],\"total\":1}"), STR_FMT, STR_ARG(kit.answer));
    CHECK(!ask(&comma, &err), "%s", err.detail);
    tell(P1, "{\"metrics\":[{\"metric_key\":\"mood\"},{\"metric_key\":\"mood,weight\"}]}", ERR_NONE);
    assert_int_equal(kit.count, 4);
    tell(P1 "/mood%2Cweight", "{\"data\":[{\"id\":\"1\",\"metric_key\":\"mood,weight\"}]}", ERR_NONE);
    CHECK(str_is(kit.answer, "{\"metrics\":[{\"id\":\"1\",\"metric_key\":\"mood,weight\"}],\"total\":1}"), STR_FMT, STR_ARG(kit.answer));
    CHECK(!ask(&many, &err), "%s", err.detail);
    assert_int_equal(kit.open, 8);
    tell("/v1/patients/3/metrics", "{\"metrics\":[]}", ERR_NONE);
    assert_int_equal(kit.most_open, 8);
}

/* One that fails ends all; a list that is none is the backend's failure. */
static void failures(void **state)
{
    static const struct ask both = { .call = "metric.list", WITH(ARG("patient_id", "p1,p2")) };
    static const struct {
        const char *json;
        enum err_code code;
        const char *said;
    } cases[] = {
        { NULL, ERR_UNAVAILABLE, "unavailable" },
        { NULL, ERR_FORBIDDEN, "forbidden" },
        { "{\"items\":[]}", ERR_NONE, "upstream_failed" },
        { "{\"metrics\":{}}", ERR_NONE, "upstream_failed" },
        { "[]", ERR_NONE, "upstream_failed" },
    };
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit.done = 0;
        CHECK(!ask(&both, &err), "%s", err.detail);
        tell(P1, cases[i].json, cases[i].code);
        CHECK(kit.done == 1 && str_is(kit.answer, cases[i].said), "case %zu: " STR_FMT, i, STR_ARG(kit.answer));
        CHECK(kit.open == 0, "case %zu: the other call is given up", i);
    }
}

static void taken_back(void **state)
{
    static const struct ask both = { .call = "metric.list", WITH(ARG("patient_id", "p1,p2")) };
    struct err err = { 0 };

    (void)state;
    for (int told = 0; told < 3; told++) {
        kit.done = 0;
        CHECK(!ask(&both, &err), "%s", err.detail);
        if (told > 0)
            tell(P1, two_keys, ERR_NONE);
        if (told > 1)
            tell(P1 "/mood", "{\"data\":[]}", ERR_NONE);
        plan_free(&kit.plan);
        CHECK(kit.done == 0 && kit.open == 0, "%d told", told);
    }
}

/* What cannot be told is refused before anything is asked: never a wrong answer. */
static void what_cannot_be_told(void **state)
{
    static const struct {
        struct ask ask;
        const char *named;
    } cases[] = {
        { { .call = "patient.list", WITH(ARG("search", "doe")) }, "'search'" },
        { { .call = "patient.list", WITH(ARG("patient_id", "a"), ARG("group_id", "g")) }, "'group_id'" },
        { { .call = "patient.list", WITH(ARG("after", "x")) }, "'after'" },
        { { .call = "metric.list", WITH(ARG("metric_key", "mood")) }, "'patient_id'" },
        { { .call = "metric.list", WITH(ARG("patient_id", "p"), ARG("order", "unheard")) }, "'order'" },
        { { .call = "metric.read", WITH(ARG("metric_id", "m")) }, "metric.read" },
        { { .call = "metric.create", WITH(ARG("patient_id", "p"), ARG("unique", "true")) }, "metric.create" },
        { { .call = "encounter.all", WITH(ARG("patient_id", "p"), ARG("starts_from", "x")) }, "'starts_from'" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = { 0 };
        CHECK(ask(&cases[i].ask, &err) && err.code == ERR_NOT_IMPLEMENTED, "case %zu", i);
        CHECK(strstr(err.detail, cases[i].named), "case %zu: %s", i, err.detail);
    }
    assert_int_equal(kit.count, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_row_on_a_later_page, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_that_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_by_a_pair, setup, teardown),
        cmocka_unit_test_setup_teardown(more_rows_than_may_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_of_several_patients, setup, teardown),
        cmocka_unit_test_setup_teardown(only_some_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(failures, setup, teardown),
        cmocka_unit_test_setup_teardown(taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_told, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
