/* What the edge counts: the metrics of requests. */
#include "test_edge_kit.h"

#include "conf/conf.h"
#include "edge/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rig {
    struct arena *arena;
    struct conf *conf;
    struct gateway *gateway;
    struct loop *loop;
};

static struct rig rig;

static int setup(void **state)
{
    static const char *const sets[] = { "mappings=" SOURCE_DIR "/mappings" };
    struct err err;

    (void)state;
    rig.arena = arena_new(SIZE_MAX);
    rig.loop = loop_new();
    int bad = conf_load(&rig.conf, NULL, sets, COUNT(sets), &err) ||
              gateway_new(&rig.gateway, rig.conf, NULL, NULL, &err);
    CHECK(!bad, "%s", err.detail);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gateway_free(&rig.gateway);
    conf_free(&rig.conf);
    loop_free(&rig.loop);
    arena_free(&rig.arena);
    return 0;
}

static struct str metrics_text(struct metrics *const *all, size_t count)
{
    struct buf out = buf_in(rig.arena, SIZE_MAX);

    metrics_write(all, count, &out);
    return buf_str(&out);
}

static void metrics_are_sums(void **state)
{
    struct metrics *all[] = { metrics_new(rig.gateway), metrics_new(rig.gateway) };
    struct flow_answer ok = answer_of("general", "showPatient", 200, 2000),
                       slow = answer_of("general", "showPatient", 200, 7000000),
                       bad = answer_of("general", "showPatient", 404, 50),
                       nowhere = answer_of("twine", "", 404, 10);
    static const char *const lines[] = {
        "dragoman_requests_total{dialect=\"general\",operation=\"showPatient\",status=\"200\"} 3\n",
        "dragoman_requests_total{dialect=\"general\",operation=\"showPatient\",status=\"404\"} 1\n",
        "dragoman_requests_total{dialect=\"twine\",operation=\"none\",status=\"404\"} 1\n",
        "dragoman_request_seconds_bucket{dialect=\"general\",operation=\"showPatient\",le=\"0.0001\"} 1\n",
        "dragoman_request_seconds_bucket{dialect=\"general\",operation=\"showPatient\",le=\"0.0025\"} 3\n",
        "dragoman_request_seconds_bucket{dialect=\"general\",operation=\"showPatient\",le=\"5\"} 3\n",
        "dragoman_request_seconds_bucket{dialect=\"general\",operation=\"showPatient\",le=\"+Inf\"} 4\n",
        "dragoman_request_seconds_sum{dialect=\"general\",operation=\"showPatient\"} 7.004050\n",
        "dragoman_request_seconds_count{dialect=\"general\",operation=\"showPatient\"} 4\n",
        "# TYPE dragoman_requests_total counter\n",
        "# TYPE dragoman_request_seconds histogram\n",
    };

    (void)state;
    metrics_count(all[0], &ok);
    metrics_count(all[1], &ok);
    metrics_count(all[1], &slow);
    metrics_count(all[0], &bad);
    metrics_count(all[0], &nowhere);
    struct str text = metrics_text(all, COUNT(all));
    for (size_t i = 0; i < COUNT(lines); i++)
        CHECK(has(text, lines[i]), "%s in\n%.*s", lines[i], STR_ARG(text));
    CHECK(!has(text, "listPatients"), "what was not asked for is not listed");
    CHECK(!has(text, "acme") && !has(text, "client-7") && !has(text, "r-1"), "%.*s", STR_ARG(text));
}

/* What no operation, dialect or status is, is counted where it cannot grow or harm. */
static void odd_answers_are_counted_safely(void **state)
{
    struct metrics *all[] = { metrics_new(rig.gateway) };
    static const struct {
        const char *dialect, *operation;
        int status;
        uint64_t micros;
    } cases[] = {
        { "general", "noSuchOperation", 200, 1 },
        { "none", "", 400, 1 },
        { "", "", 0, 0 },
        { "general", "showPatient", 99, 1 },
        { "general", "showPatient", 600, 1 },
        { "general", "showPatient", -1, UINT64_MAX },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct flow_answer answer =
            answer_of(cases[i].dialect, cases[i].operation, cases[i].status, cases[i].micros);
        metrics_count(all[0], &answer);
    }
    struct str text = metrics_text(all, 1);
    CHECK(has(text, "operation=\"none\",status=\"200\"} 1\n") && !has(text, "noSuchOperation"), "%.*s",
          STR_ARG(text));
    CHECK(!has(text, "status=\"99\"") && !has(text, "status=\"600\""), "%.*s", STR_ARG(text));
    CHECK(!metrics_text(all, 0).len, "no worker, no text");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_are_sums),
        cmocka_unit_test(odd_answers_are_counted_safely),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
