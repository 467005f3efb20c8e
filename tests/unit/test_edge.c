/* What the edge writes about requests: the access log, which names no patient, and the metrics. */
#include "check.h"

#include "conf/conf.h"
#include "edge/access.h"
#include "edge/metrics.h"
#include "json/tape.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static bool has(struct str text, const char *part)
{
    return text.len && memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static struct flow_answer answer_of(const char *dialect, const char *operation, int status, uint64_t micros)
{
    return (struct flow_answer){ .status = status,
                                 .body = STR("{\"first_name\":\"Zebediah\"}"),
                                 .report = { .dialect = str_from(dialect),
                                             .operation = str_from(operation),
                                             .request_id = STR("r-1"),
                                             .brand = STR("acme"),
                                             .subject = STR("client-7"),
                                             .upstream_calls = 2,
                                             .micros = micros } };
}

/* ---- the access log ---- */

/* A file that nobody else sees. */
static int open_file(void)
{
    char name[] = "/tmp/test_edge.XXXXXX";
    int fd = mkstemp(name);

    assert_true(fd >= 0);
    assert_int_equal(unlink(name), 0);
    return fd;
}

static struct str file_text(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = arena_alloc(rig.arena, (size_t)size + 1);

    assert_true(pread(fd, text, (size_t)size, 0) == size);
    return str_of(text, (size_t)size);
}

/* A request full of what must not be written anywhere. */
static const struct http_header secrets[] = {
    { .name = STR_INIT("authorization"), .value = STR_INIT("Bearer s3cret-token") },
    { .name = STR_INIT("cookie"), .value = STR_INIT("s3cret-cookie") },
    { .name = STR_INIT("user-agent"), .value = STR_INIT("s3cret-agent") },
};
static const struct http_head telling = {
    .method = STR_INIT("GET"),
    .target = STR_INIT("/v1/patients/s3cret-id?search=s3cret-name"),
    .path = STR_INIT("/v1/patients/s3cret-id"),
    .query = STR_INIT("search=s3cret-name"),
    .host = STR_INIT("s3cret-host"),
    .peer = STR_INIT("192.0.2.7"),
    .headers = secrets,
    .header_count = COUNT(secrets),
    .body = STR_INIT("{\"last_name\":\"s3cret-body\"}"),
    .has_body = true,
};

/* Every line is one JSON object. */
static size_t check_lines(struct str text)
{
    struct str line;
    size_t count = 0;

    while (str_next(&text, '\n', &line)) {
        struct tape_fault fault;
        struct tape tape;
        if (!line.len && !text.len)
            break;
        bool good = tape_read(&tape, rig.arena, line, &tape_default_limits, &fault);
        CHECK(good && tape_type(&tape, 0) == JSON_OBJECT, "%s: %.*s", fault.what, STR_ARG(line));
        count++;
    }
    return count;
}

static void a_line_says_what_happened_and_nothing_of_whom(void **state)
{
    static const char *const parts[] = { "\"request_id\":\"r-1\"",
                                         "\"peer\":\"192.0.2.7\"",
                                         "\"method\":\"GET\"",
                                         "\"dialect\":\"general\"",
                                         "\"operation\":\"showPatient\"",
                                         "\"status\":200",
                                         "\"micros\":1234",
                                         "\"bytes_in\":27",
                                         "\"bytes_out\":25",
                                         "\"upstream_calls\":2",
                                         "\"brand\":\"acme\"",
                                         "\"subject\":\"client-7\"" };
    struct flow_answer answer = answer_of("general", "showPatient", 200, 1234);
    int fd = open_file();
    struct access_log *log = access_log_new(rig.loop, fd);

    (void)state;
    access_log_add(log, &telling, &answer);
    access_log_free(&log);
    struct str text = file_text(fd);
    CHECK(check_lines(text) == 1, "%.*s", STR_ARG(text));
    for (size_t i = 0; i < COUNT(parts); i++)
        CHECK(has(text, parts[i]), "%s in %.*s", parts[i], STR_ARG(text));
    CHECK(!has(text, "s3cret") && !has(text, "Zebediah") && !has(text, "/v1"), "%.*s", STR_ARG(text));
    CHECK(!has(text, "\"error\"") && !has(text, "\"detail\""), "%.*s", STR_ARG(text));
    (void)close(fd);
}

/* A fault of the client's may quote the client; one of ours, or said in our words, may not, and is told to the operator. */
static void details_are_in_our_own_words_only(void **state)
{
    static const struct {
        enum err_code code;
        int status;
        bool detail;
    } cases[] = {
        { ERR_INVALID, 422, true },          { ERR_BAD_JSON, 400, false },
        { ERR_NOT_FOUND, 404, false },       { ERR_INVALID_TOKEN, 401, true },
        { ERR_UNAUTHENTICATED, 401, true },  { ERR_SCOPE, 403, true },
        { ERR_FORBIDDEN, 403, false },       { ERR_INVALID_PARAMETER, 422, false },
        { ERR_CONFLICT, 409, false },        { ERR_UPSTREAM, 502, true },
        { ERR_INTERNAL, 500, true },         { ERR_UNAVAILABLE, 503, true },
        { ERR_UPSTREAM_TIMEOUT, 504, true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = { .code = cases[i].code, .detail = "the \"reason\"\n" };
        struct flow_answer answer = answer_of("general", "", cases[i].status, 1);
        int fd = open_file();
        struct access_log *log = access_log_new(rig.loop, fd);
        answer.report.err = &err;
        answer.report.brand = answer.report.subject = STR_NONE;
        access_log_add(log, &telling, &answer);
        access_log_free(&log);
        struct str text = file_text(fd);
        struct str error = arena_printf(rig.arena, "\"error\":\"%s\"", err_name(cases[i].code));
        CHECK(check_lines(text) == 1 && has(text, error.ptr), "%.*s", STR_ARG(text));
        CHECK(has(text, "reason") == cases[i].detail, "%.*s", STR_ARG(text));
        CHECK(has(text, "\"operation\":\"none\"") && !has(text, "\"brand\"") && !has(text, "\"subject\""),
              "%.*s", STR_ARG(text));
        (void)close(fd);
    }
}

/* Whatever a client puts into what is written, a line stays a line. */
static void a_client_cannot_forge_lines(void **state)
{
    static const struct str methods[] = { STR_INIT("G\",\"x\":1"), STR_INIT("\n{}"), STR_INIT(""),
                                          STR_INIT("s3cret"),      STR_INIT("get"),  STR_INIT("PROPFIND") };

    (void)state;
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct flow_answer answer = answer_of("general", "showPatient", 200, 1);
        struct http_head head = telling;
        int fd = open_file();
        struct access_log *log = access_log_new(rig.loop, fd);
        head.method = methods[i];
        answer.report.subject = STR("a\"}\n{\"b\":\x01");
        answer.report.brand = STR("\\");
        access_log_add(log, &head, &answer);
        access_log_free(&log);
        struct str text = file_text(fd);
        CHECK(check_lines(text) == 1 && has(text, "\"method\":\"other\""), "%.*s", STR_ARG(text));
        CHECK(!has(text, "s3cret"), "%.*s", STR_ARG(text));
        (void)close(fd);
    }
}

static void many_lines_all_arrive(void **state)
{
    struct flow_answer answer = answer_of("general", "showPatient", 200, 1);
    int fd = open_file();
    struct access_log *log = access_log_new(rig.loop, fd);

    (void)state;
    for (size_t i = 0; i < 2000; i++)
        access_log_add(log, &telling, &answer);
    CHECK(file_text(fd).len > 64 * 1024, "a full buffer is written at once");
    access_log_free(&log);
    CHECK(check_lines(file_text(fd)) == 2000, "all of them");
    (void)close(fd);
}

static void stop(struct deadline *deadline)
{
    (void)deadline;
    loop_stop(rig.loop);
}

static void a_line_does_not_wait_for_the_next(void **state)
{
    struct flow_answer answer = answer_of("general", "showPatient", 200, 1);
    struct deadline later = { .run = stop };
    int fd = open_file();
    struct access_log *log = access_log_new(rig.loop, fd);

    (void)state;
    access_log_add(log, &telling, &answer);
    deadline_set(rig.loop, &later, 400);
    loop_run(rig.loop);
    CHECK(check_lines(file_text(fd)) == 1, "written by the clock");
    access_log_free(&log);
    CHECK(check_lines(file_text(fd)) == 1, "and once");
    (void)close(fd);
}

/* Nobody reads the log: nobody waits for it either, and what fits is there when somebody does. */
static void a_full_pipe_holds_nobody(void **state)
{
    struct flow_answer answer = answer_of("general", "showPatient", 200, 1);
    int ends[2];
    char text[64 * 1024];
    size_t lines = 0;
    ssize_t n;

    (void)state;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    struct access_log *log = access_log_new(rig.loop, ends[1]);
    for (size_t i = 0; i < 20000; i++)
        access_log_add(log, &telling, &answer);
    while ((n = read(ends[0], text, sizeof text)) > 0) /* room again */
        for (ssize_t i = 0; i < n; i++)
            lines += text[i] == '\n';
    CHECK(lines > 10 && lines < 20000, "%zu lines", lines);
    access_log_free(&log);
    CHECK(read(ends[0], text, sizeof text) > 0, "what was held follows");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void no_log_is_no_log(void **state)
{
    struct flow_answer answer = answer_of("general", "showPatient", 200, 1);
    struct access_log *log = access_log_new(rig.loop, -1);

    (void)state;
    access_log_add(log, &telling, &answer);
    access_log_free(&log);
    access_log_free(&log);
}

/* ---- metrics ---- */

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
        cmocka_unit_test(a_full_pipe_holds_nobody),
        cmocka_unit_test(a_line_says_what_happened_and_nothing_of_whom),
        cmocka_unit_test(details_are_in_our_own_words_only),
        cmocka_unit_test(a_client_cannot_forge_lines),
        cmocka_unit_test(many_lines_all_arrive),
        cmocka_unit_test(a_line_does_not_wait_for_the_next),
        cmocka_unit_test(no_log_is_no_log),
        cmocka_unit_test(metrics_are_sums),
        cmocka_unit_test(odd_answers_are_counted_safely),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
