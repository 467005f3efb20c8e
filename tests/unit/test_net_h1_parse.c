/* The answer parser as a pure function: a table of answers, each fed whole, byte by byte and cut in two
 * everywhere. */
#include "check.h"
#include "net/h1_parse.h"

#include <stdio.h>

enum { HEAD_CEILING = 600, BODY_CEILING = 20 };

struct result {
    enum h1_step step;
    struct arena *arena;
    struct h1_parse parse;
    struct err err;
};

static void begin(struct result *result, bool to_head)
{
    *result = (struct result){ .arena = arena_new(SIZE_MAX), .step = H1_MORE };
    h1_parse_init(&result->parse, result->arena, HEAD_CEILING, BODY_CEILING, to_head);
}

/* As a socket would: never more at once than there is space for, but bytes after the end are seen. */
static void feed(struct result *result, struct str in)
{
    while (in.len && result->step != H1_FAILED) {
        if (result->step == H1_DONE) {
            result->step = H1_FAILED;
            return;
        }
        struct h1_space space = h1_parse_space(&result->parse);
        size_t len = in.len < space.len ? in.len : space.len;
        CHECK(space.len > 0, "no space");
        memcpy(space.ptr, in.ptr, len);
        in = str_from_at(in, len);
        result->step = h1_parse_took(&result->parse, len, &result->err);
    }
}

static void end(struct result *result)
{
    if (result->step == H1_MORE)
        result->step = h1_parse_end(&result->parse, &result->err);
}

static const struct answer_case {
    struct str in;
    bool to_head;
    int status; /* 0: refused */
    struct str body;
    bool keep;
} cases[] = {
    /* good ones */
    { STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), false, 200, STR_INIT("hello"), true },
    { STR_INIT("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"), false, 200, STR_INIT(""), true },
    { STR_INIT("HTTP/1.1 404 Not Found\r\ncontent-length:5\t \r\n\r\nhello"), false, 404, STR_INIT("hello"),
      true },
    { STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n01234567890123456789"), false, 200,
      STR_INIT("01234567890123456789"), true },
    { STR_INIT("HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 1\r\n\r\nx"), false, 200,
      STR_INIT("x"), false },
    { STR_INIT("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"), false, 200, STR_INIT("x"), false },
    { STR_INIT("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx"), false, 200,
      STR_INIT("x"), true },
    { STR_INIT("HTTP/1.1 200 OK\r\n\r\nto the end"), false, 200, STR_INIT("to the end"), false },
    { STR_INIT("HTTP/1.1 200 OK\r\n\r\n"), false, 200, STR_INIT(""), false },
    { STR_INIT("HTTP/1.1 204 No Content\r\n\r\n"), false, 204, STR_INIT(""), true },
    { STR_INIT("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), false, 204, STR_INIT(""), true },
    { STR_INIT("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), false, 304, STR_INIT(""), true },
    { STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), true, 200, STR_INIT(""), true },
    { STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), true, 200, STR_INIT(""), true },
    { STR_INIT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
               "Content-Length: 2\r\n\r\nok"),
      false, 200, STR_INIT("ok"), true },
    { STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), false, 200,
      STR_INIT("hello"), true },
    { STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n00003;a=\"b\" "
               "\r\nllo\r\n000\r\nX: "
               "y\r\nZ: \r\n\r\n"),
      false, 200, STR_INIT("hello"), true },
    { STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA "
               ";x\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
      false, 200, STR_INIT("01234567890123456789"), true },
    /* heads that are none */
    { .in = STR_INIT("") },
    { .in = STR_INIT("x") },
    { .in = STR_INIT("<html>no such thing</html>\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5") },
    { .in = STR_INIT("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 101 Switching\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nA: b\001\r\nContent-Length: 0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nA: b\rContent-Length: 0\r\n\r\n") },
    /* framing that two readers could read in two ways */
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551621\r\n\r\nhello") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n") },
    { .in = STR_INIT(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello") },
    { .in = STR_INIT("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 204 No Content\r\n\r\nx") },
    { .in = STR_INIT("HTTP/1.1 304 Not Modified\r\n\r\nx") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), .to_head = true },
    /* bodies that are not whole, or more than whole */
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!") },
    { .in = STR_INIT(
          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n012345678901234567890") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\n\r\n012345678901234567890") },
    { .in = STR_INIT(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n15\r\n012345678901234567890\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nx") },
    /* chunks that are none */
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\001\r\nhello\r\n0\r\n\r\n") },
    { .in = STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\n\r\n") },
    { .in = STR_INIT(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n") },
    { .in = STR_INIT(
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nhello\r\n0\r\n\r\n") },
};

static void judge(struct result *result, const struct answer_case *want, const char *how)
{
    const struct call_answer *answer = &result->parse.answer;
    size_t i = (size_t)(want - cases);

    if (!want->status) {
        CHECK(result->step == H1_FAILED, "case %zu %s: accepted with %d", i, how, answer->status);
    } else {
        CHECK(result->step == H1_DONE, "case %zu %s: %s", i, how, result->err.detail);
        CHECK(answer->status == want->status, "case %zu %s: %d", i, how, answer->status);
        CHECK(str_eq(answer->body, want->body), "case %zu %s: '" STR_FMT "'", i, how, STR_ARG(answer->body));
        CHECK(result->parse.keep == want->keep, "case %zu %s: keep %d", i, how, result->parse.keep);
    }
    arena_free(&result->arena);
}

static void answers_read_the_same_however_they_are_cut(void **state)
{
    struct result result;

    (void)state;
    for (const struct answer_case *one = cases; one < cases + COUNT(cases); one++) {
        begin(&result, one->to_head);
        feed(&result, one->in);
        end(&result);
        judge(&result, one, "whole");
        begin(&result, one->to_head);
        for (size_t i = 0; i < one->in.len; i++)
            feed(&result, str_of(one->in.ptr + i, 1));
        end(&result);
        judge(&result, one, "byte by byte");
        for (size_t cut = 1; cut < one->in.len; cut++) {
            begin(&result, one->to_head);
            feed(&result, str_of(one->in.ptr, cut));
            feed(&result, str_from_at(one->in, cut));
            end(&result);
            judge(&result, one, "cut in two");
        }
    }
}

/* A good answer that ends early is refused, unless only the end of the connection ends it. */
static void every_prefix_is_refused(void **state)
{
    struct result result;

    (void)state;
    for (const struct answer_case *one = cases; one < cases + COUNT(cases) && one->status; one++) {
        bool to_end = str_is(one->body, "to the end") || (!one->keep && !one->body.len);
        for (size_t len = 0; len < one->in.len && !to_end; len++) {
            begin(&result, one->to_head);
            feed(&result, str_of(one->in.ptr, len));
            end(&result);
            CHECK(result.step == H1_FAILED, "case %zu, %zu bytes", (size_t)(one - cases), len);
            arena_free(&result.arena);
        }
    }
}

static void headers_are_lowered_and_trimmed(void **state)
{
    struct result result;

    (void)state;
    begin(&result, false);
    feed(&result,
         STR("HTTP/1.1 200 OK\r\nContent-TYPE: \t a b \t\r\nEmpty:\r\nX_y-9:1\r\nContent-Length: 0\r\n\r\n"));
    CHECK(result.step == H1_DONE, "%s", result.err.detail);
    static const struct call_header want[] = {
        { STR_INIT("content-type"), STR_INIT("a b") },
        { STR_INIT("empty"), STR_INIT("") },
        { STR_INIT("x_y-9"), STR_INIT("1") },
        { STR_INIT("content-length"), STR_INIT("0") },
    };
    assert_int_equal(result.parse.answer.header_count, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        const struct call_header *header = &result.parse.answer.headers[i];
        CHECK(str_eq(header->name, want[i].name), "'" STR_FMT "'", STR_ARG(header->name));
        CHECK(str_eq(header->value, want[i].value), "'" STR_FMT "'", STR_ARG(header->value));
    }
    arena_free(&result.arena);
}

/* `times` times `piece` after `head`, which ends at last with `tail`. */
static enum h1_step repeat(const char *head, const char *piece, size_t times, const char *tail)
{
    struct result result;

    begin(&result, false);
    feed(&result, str_from(head));
    for (size_t i = 0; i < times; i++)
        feed(&result, str_from(piece));
    feed(&result, str_from(tail));
    end(&result);
    arena_free(&result.arena);
    return result.step;
}

static void ceilings_hold(void **state)
{
    static const struct {
        const char *head, *piece, *tail;
        size_t most; /* so many times pass, one more does not; SIZE_MAX: none of both is looked for */
        size_t too_many;
    } limits[] = {
        { "", "HTTP/1.1 100 \r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", H1_INTERIM,
          H1_INTERIM + 1 },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "a:b\r\n", "\r\n", H1_HEADERS - 1, H1_HEADERS },
        { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: ", "aaaaaaaaaa", "\r\n\r\n", 50, 60 },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", "abcdefgh", "\r\nhello\r\n0\r\n\r\n", 30,
          32 },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "Abcd: efgh\r\n", "\r\n", 49, 50 },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", "0\r\n\r\n", 20, 21 },
        { "HTTP/1.1 200 OK\r\n\r\n", "x", "", 20, 21 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        enum h1_step some = repeat(limits[i].head, limits[i].piece, limits[i].most, limits[i].tail);
        enum h1_step more = repeat(limits[i].head, limits[i].piece, limits[i].too_many, limits[i].tail);
        CHECK(some == H1_DONE, "limit %zu: %zu refused", i, limits[i].most);
        CHECK(more == H1_FAILED, "limit %zu: %zu accepted", i, limits[i].too_many);
    }
}

/* As much as the last one had is read at once, within bounds. */
static void what_is_expected_has_space(void **state)
{
    static const struct {
        size_t expected, space;
    } rows[] = { { 0, 8192 }, { 8191, 8192 }, { 8192, 16384 }, { 30000, 32768 }, { 65536, 65536 }, { SIZE_MAX, 65536 } };
    const struct str head = STR("HTTP/1.1 200 OK\r\nContent-Length: 29950\r\n\r\n");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct result result = { .arena = arena_new(SIZE_MAX), .step = H1_MORE };
        h1_parse_init(&result.parse, result.arena, 65536, 1 << 20, false);
        h1_parse_expect(&result.parse, rows[i].expected);
        struct h1_space space = h1_parse_space(&result.parse);
        assert_int_equal(space.len, rows[i].space);
        feed(&result, head);
        assert_int_equal(h1_parse_size(&result.parse), head.len + 29950);
        CHECK((result.parse.ptr == space.ptr + head.len) == (rows[i].space > 30000), "%zu: moved", rows[i].expected);
        for (unsigned k = 0; k < 29950; k++)
            feed(&result, STR("x"));
        CHECK(result.step == H1_DONE && result.parse.answer.body.len == 29950, "%s", result.err.detail);
        arena_free(&result.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_read_the_same_however_they_are_cut),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(headers_are_lowered_and_trimmed),
        cmocka_unit_test(ceilings_hold),
        cmocka_unit_test(what_is_expected_has_space),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
