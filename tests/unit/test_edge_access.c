/* The access log, which names no patient. */
#include "test_edge_kit.h"

#include "edge/access.h"
#include "json/tape.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    struct arena *arena;
    struct loop *loop;
} rig;

static int setup(void **state)
{
    (void)state;
    rig.arena = arena_new(SIZE_MAX);
    rig.loop = loop_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(&rig.loop);
    arena_free(&rig.arena);
    return 0;
}

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

/* What standard output is: a pipe opened anew, one that this user may not open anew, or the journal's socket. */
static void open_ends(size_t kind, int ends[2])
{
    enum { PIPE, BLOCKING_PIPE, SOCKET };

    int bad = kind == SOCKET ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe2(ends, kind == PIPE ? O_NONBLOCK : 0);
    assert_int_equal(bad, 0);
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

static size_t count_lines(const char *text, ssize_t len)
{
    size_t lines = 0;

    for (ssize_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    return lines;
}

/* Nobody reads the log: nobody waits for it either, and what fits is there when somebody does. */
static void a_full_pipe_holds_nobody(void **state)
{
    struct flow_answer answer = answer_of("general", "showPatient", 200, 1);
    char text[64 * 1024];
    int ends[2];

    (void)state;
    (void)alarm(60); /* instead of waiting for ever */
    for (size_t kind = 0; kind < 3; kind++) {
        size_t lines = 0;
        ssize_t n;
        open_ends(kind, ends);
        struct access_log *log = access_log_new(rig.loop, ends[1]);
        for (size_t i = 0; i < 20000; i++)
            access_log_add(log, &telling, &answer);
        while ((n = read(ends[0], text, sizeof text)) > 0) /* room again */
            lines += count_lines(text, n);
        CHECK(lines > 10 && lines < 20000, "%zu lines", lines);
        CHECK(access_log_lost(log) > 0 && access_log_lost(log) < 20000 - lines, "%llu lost",
              (unsigned long long)access_log_lost(log));
        access_log_free(&log);
        CHECK(read(ends[0], text, sizeof text) > 0, "what was held follows");
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
    (void)alarm(0);
}

/* The logs of two loops share a pipe. One finds it full in the midst of its lines; the other writes when there is room. */
static void lines_of_two_logs_are_not_mixed(void **state)
{
    struct flow_answer answer = answer_of("general", "showPatient", 200, 1);
    char *text = arena_alloc(rig.arena, 1024 * 1024);
    int ends[2];

    (void)state;
    for (size_t kind = 0; kind < 3; kind += 2) {
        size_t used = 0;
        ssize_t n;
        open_ends(kind, ends);
        struct access_log *one = access_log_new(rig.loop, ends[1]), *other = access_log_new(rig.loop, ends[1]);
        for (size_t i = 0; i < 2000; i++)
            access_log_add(one, &telling, &answer);
        access_log_add(other, &telling, &answer);
        while ((n = read(ends[0], text + used, 1024 * 1024 - used)) > 0)
            used += (size_t)n;
        access_log_free(&other);
        access_log_free(&one);
        while ((n = read(ends[0], text + used, 1024 * 1024 - used)) > 0)
            used += (size_t)n;
        CHECK(check_lines(str_of(text, used)) > 200, "%zu bytes", used);
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
}

/* An issuer may put anything into `sub`. */
static void a_long_subject_is_cut_and_the_line_is_there(void **state)
{
    static char subject[100000];
    struct flow_answer answer = answer_of("general", "showPatient", 200, 1);
    int fd = open_file();
    struct access_log *log = access_log_new(rig.loop, fd);

    (void)state;
    for (size_t i = 0; i + 2 <= sizeof subject; i += 2)
        memcpy(subject + i, "\xc3\xa9", 2);
    for (size_t from = 0; from < 2; from++) { /* the second one begins with a letter of its own, to be cut elsewhere */
        answer.report.subject = str_of(subject, sizeof subject);
        subject[0] = subject[1] = 'a';
        if (from)
            answer.report.subject = str_of(subject + 1, sizeof subject - 1);
        access_log_add(log, &telling, &answer);
    }
    answer.report.subject = STR_NONE;
    answer.report.brand = str_of(subject, sizeof subject);
    access_log_add(log, &telling, &answer);
    access_log_free(&log);
    struct str text = file_text(fd);
    CHECK(check_lines(text) == 3 && text.len < 3 * 2048, "%zu bytes", text.len);
    CHECK(has(text, "\xc3\xa9…\""), "%.*s", STR_ARG(text));
    (void)close(fd);
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_pipe_holds_nobody),
        cmocka_unit_test(lines_of_two_logs_are_not_mixed),
        cmocka_unit_test(a_long_subject_is_cut_and_the_line_is_there),
        cmocka_unit_test(a_line_says_what_happened_and_nothing_of_whom),
        cmocka_unit_test(details_are_in_our_own_words_only),
        cmocka_unit_test(a_client_cannot_forge_lines),
        cmocka_unit_test(many_lines_all_arrive),
        cmocka_unit_test(a_line_does_not_wait_for_the_next),
        cmocka_unit_test(no_log_is_no_log),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
