#include "check.h"
#include "http/guard.h"

#include <stdlib.h>

#define LINE  "GET / HTTP/1.1\r\n"
#define HOST_ "Host: a\r\n"
#define END   "\r\n"

static const struct row {
    struct str in;
    enum guard_verdict want;
} rows[] = {
    /* what passes */
    { STR_INIT(LINE HOST_ END), GUARD_OK },
    { STR_INIT("\r\n" LINE HOST_ END), GUARD_OK },
    { STR_INIT("GET / HTTP/1.0\r\n" HOST_ END), GUARD_OK },
    { STR_INIT("POST /v1/a?b=c HTTP/1.1\r\nhost: a.b:8080\r\nCONTENT-LENGTH: 3\r\n\r\nabc"), GUARD_OK },
    { STR_INIT("POST / HTTP/1.1\r\n" HOST_ "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), GUARD_OK },
    { STR_INIT("POST / HTTP/1.1\r\n" HOST_ "Transfer-Encoding: Chunked \t\r\n\r\n"), GUARD_OK },
    { STR_INIT("POST / HTTP/1.1\r\n" HOST_ "Content-Length: 0\r\n\r\n"), GUARD_OK },
    { STR_INIT("GET /a/b;c=d/%7Ee?filter[x]=y&z={a|b}^`?/ HTTP/1.1\r\n" HOST_ END), GUARD_OK },
    { STR_INIT("GET //a/../b HTTP/1.1\r\n" HOST_ END), GUARD_OK },
    { STR_INIT("GET /? HTTP/1.1\r\n" HOST_ END), GUARD_OK },
    { STR_INIT("M-SEARCH / HTTP/1.1\r\n" HOST_ END), GUARD_OK },
    { STR_INIT(LINE "Host: [::1]:80\r\n" END), GUARD_OK },
    { STR_INIT(LINE "Host: [::1]\r\n" END), GUARD_OK },
    { STR_INIT(LINE "Host:a\r\n" END), GUARD_OK },
    { STR_INIT(LINE HOST_ "X:\r\n" END), GUARD_OK },
    { STR_INIT(LINE HOST_ "X: a\tb \xc3\xa9\r\n" END), GUARD_OK },
    { STR_INIT(LINE HOST_ "X: 1\r\nX: 2\r\n" END), GUARD_OK },
    { STR_INIT(LINE HOST_ "Authorization: Bearer a\r\n" END), GUARD_OK },
    { STR_INIT(LINE HOST_ "Upgrade: h2c\r\nConnection: upgrade\r\n" END "GET /two HTTP/9.9\n"), GUARD_OK },
    { STR_INIT(LINE HOST_ "!#$%&'*+-.^_`|~09az: x\r\n" END), GUARD_OK },
    /* no end */
    { STR_INIT(""), GUARD_INCOMPLETE },
    { STR_INIT("\r\n"), GUARD_INCOMPLETE },
    { STR_INIT("GET / HTTP/1.1"), GUARD_INCOMPLETE },
    { STR_INIT(LINE), GUARD_INCOMPLETE },
    { STR_INIT(LINE HOST_), GUARD_INCOMPLETE },
    { STR_INIT(LINE HOST_ "\r"), GUARD_INCOMPLETE },
    /* line ends */
    { STR_INIT("GET / HTTP/1.1\n" HOST_ END), GUARD_LINE_END },
    { STR_INIT(LINE "Host: a\n" END), GUARD_LINE_END },
    { STR_INIT(LINE HOST_ "\n"), GUARD_LINE_END },
    { STR_INIT("\n" LINE HOST_ END), GUARD_LINE_END },
    { STR_INIT("\n\n" LINE HOST_ END), GUARD_LINE_END },
    { STR_INIT(LINE HOST_ "X: a\nY: b\r\n" END), GUARD_LINE_END },
    { STR_INIT(LINE HOST_ "X: a\rY: b\r\n" END), GUARD_VALUE },
    { STR_INIT(LINE HOST_ "X: a\r\r\n" END), GUARD_VALUE },
    { STR_INIT("GET / HTTP/1.1\r\r\n" HOST_ END), GUARD_VERSION },
    { STR_INIT("GET /\rx HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT(LINE "\rHost: a\r\n" END), GUARD_NAME },
    /* request lines */
    { STR_INIT("\r\n\r\n" LINE HOST_ END), GUARD_REQUEST_LINE },
    { STR_INIT("GET /\r\n" HOST_ END), GUARD_REQUEST_LINE },
    { STR_INIT("GET\r\n" HOST_ END), GUARD_REQUEST_LINE },
    { STR_INIT("GET  / HTTP/1.1\r\n" HOST_ END), GUARD_VERSION },
    { STR_INIT("GET /  HTTP/1.1\r\n" HOST_ END), GUARD_VERSION },
    { STR_INIT("GET / HTTP/1.1 \r\n" HOST_ END), GUARD_VERSION },
    { STR_INIT("GET\t/\tHTTP/1.1\r\n" HOST_ END), GUARD_REQUEST_LINE },
    { STR_INIT(" GET / HTTP/1.1\r\n" HOST_ END), GUARD_METHOD },
    { STR_INIT("G(T / HTTP/1.1\r\n" HOST_ END), GUARD_METHOD },
    { STR_INIT("G\0T / HTTP/1.1\r\n" HOST_ END), GUARD_METHOD },
    { STR_INIT("GET / HTTP/1.2\r\n" HOST_ END), GUARD_VERSION },
    { STR_INIT("GET / HTTP/2.0\r\n" HOST_ END), GUARD_VERSION },
    { STR_INIT("GET / HTTP/0.9\r\n" HOST_ END), GUARD_VERSION },
    { STR_INIT("GET / http/1.1\r\n" HOST_ END), GUARD_VERSION },
    { STR_INIT("GET / HTTP/1.1x\r\n" HOST_ END), GUARD_VERSION },
    { STR_INIT("GET / HTTP/1.10\r\n" HOST_ END), GUARD_VERSION },
    { STR_INIT("GET / FTP/1.1\r\n" HOST_ END), GUARD_VERSION },
    /* targets */
    { STR_INIT("GET http://a/ HTTP/1.1\r\n" HOST_ END), GUARD_TARGET_FORM },
    { STR_INIT("OPTIONS * HTTP/1.1\r\n" HOST_ END), GUARD_TARGET_FORM },
    { STR_INIT("CONNECT a:443 HTTP/1.1\r\n" HOST_ END), GUARD_TARGET_FORM },
    { STR_INIT("GET a HTTP/1.1\r\n" HOST_ END), GUARD_TARGET_FORM },
    { STR_INIT("GET ?a HTTP/1.1\r\n" HOST_ END), GUARD_TARGET_FORM },
    { STR_INIT("GET /a#b HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /a?b#c HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /a\\b HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /a\"b HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /<a> HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /?<a> HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /[a] HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /% HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /%2 HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /%zz HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /?a=%g0 HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /\xc3\xa9 HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /a\x01 HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /a\0b HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    { STR_INIT("GET /a\x7f HTTP/1.1\r\n" HOST_ END), GUARD_TARGET },
    /* header lines */
    { STR_INIT(LINE " Host: a\r\n" END), GUARD_FOLD },
    { STR_INIT(LINE HOST_ " folded\r\n" END), GUARD_FOLD },
    { STR_INIT(LINE HOST_ "X: a\r\n\tb\r\n" END), GUARD_FOLD },
    { STR_INIT(LINE HOST_ "Content-Length: 0\r\n 5\r\n" END), GUARD_FOLD },
    { STR_INIT(LINE HOST_ " \r\n" END), GUARD_FOLD },
    { STR_INIT(LINE "Host : a\r\n" END), GUARD_NAME },
    { STR_INIT(LINE HOST_ "Content-Length : 5\r\n" END), GUARD_NAME },
    { STR_INIT(LINE HOST_ "Transfer-Encoding\t: chunked\r\n" END), GUARD_NAME },
    { STR_INIT(LINE HOST_ ": a\r\n" END), GUARD_NAME },
    { STR_INIT(LINE HOST_ "no colon\r\n" END), GUARD_NAME },
    { STR_INIT(LINE HOST_ "X\r\n" END), GUARD_NAME },
    { STR_INIT(LINE HOST_ "X(y): a\r\n" END), GUARD_NAME },
    { STR_INIT(LINE HOST_ "X\0: a\r\n" END), GUARD_NAME },
    { STR_INIT(LINE HOST_ "X\x80: a\r\n" END), GUARD_NAME },
    { STR_INIT(LINE HOST_ "\"X\": a\r\n" END), GUARD_NAME },
    { STR_INIT(LINE HOST_ "X: a\0b\r\n" END), GUARD_VALUE },
    { STR_INIT(LINE HOST_ "X: a\x0b\r\n" END), GUARD_VALUE },
    { STR_INIT(LINE HOST_ "X: \x7f\r\n" END), GUARD_VALUE },
    { STR_INIT(LINE HOST_ "X: \x1b[31m\r\n" END), GUARD_VALUE },
    /* Host */
    { STR_INIT(LINE END), GUARD_NO_HOST },
    { STR_INIT("GET / HTTP/1.0\r\n" END), GUARD_NO_HOST },
    { STR_INIT(LINE "Hosts: a\r\n" END), GUARD_NO_HOST },
    { STR_INIT(LINE HOST_ HOST_ END), GUARD_TWO_HOSTS },
    { STR_INIT(LINE HOST_ "hOsT: b\r\n" END), GUARD_TWO_HOSTS },
    { STR_INIT(LINE "Host:\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: a b\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: a/b\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: u@a\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: a:b\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: a:\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: :80\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: a:65536\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: a:80:80\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: [::1\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: ::1]\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: []\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: [::1]80\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: a, b\r\n" END), GUARD_HOST },
    { STR_INIT(LINE "Host: a?b\r\n" END), GUARD_HOST },
    /* framing */
    { STR_INIT(LINE HOST_ "Content-Length: 5\r\nContent-Length: 6\r\n" END), GUARD_TWO_LENGTHS },
    { STR_INIT(LINE HOST_ "Content-Length: 5\r\nContent-Length: 5\r\n" END), GUARD_TWO_LENGTHS },
    { STR_INIT(LINE HOST_ "Content-Length: 5, 5\r\n" END), GUARD_LENGTH },
    { STR_INIT(LINE HOST_ "Content-Length: +5\r\n" END), GUARD_LENGTH },
    { STR_INIT(LINE HOST_ "Content-Length: -1\r\n" END), GUARD_LENGTH },
    { STR_INIT(LINE HOST_ "Content-Length: 0x5\r\n" END), GUARD_LENGTH },
    { STR_INIT(LINE HOST_ "Content-Length: 5 5\r\n" END), GUARD_LENGTH },
    { STR_INIT(LINE HOST_ "Content-Length: 05\r\n" END), GUARD_LENGTH },
    { STR_INIT(LINE HOST_ "Content-Length:\r\n" END), GUARD_LENGTH },
    { STR_INIT(LINE HOST_ "Content-Length: 18446744073709551616\r\n" END), GUARD_LENGTH },
    { STR_INIT(LINE HOST_ "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END),
      GUARD_LENGTH_AND_ENCODING },
    { STR_INIT(LINE HOST_ "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END),
      GUARD_LENGTH_AND_ENCODING },
    { STR_INIT(LINE HOST_ "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n" END),
      GUARD_LENGTH_AND_ENCODING },
    { STR_INIT(LINE HOST_ "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END),
      GUARD_ENCODING },
    { STR_INIT(LINE HOST_ "Transfer-Encoding: chunked, chunked\r\n" END), GUARD_ENCODING },
    { STR_INIT(LINE HOST_ "Transfer-Encoding: gzip, chunked\r\n" END), GUARD_ENCODING },
    { STR_INIT(LINE HOST_ "Transfer-Encoding: identity\r\n" END), GUARD_ENCODING },
    { STR_INIT(LINE HOST_ "Transfer-Encoding: xchunked\r\n" END), GUARD_ENCODING },
    { STR_INIT(LINE HOST_ "Transfer-Encoding: chunked;q=1\r\n" END), GUARD_ENCODING },
    { STR_INIT(LINE HOST_ "Transfer-Encoding: \"chunked\"\r\n" END), GUARD_ENCODING },
    { STR_INIT(LINE HOST_ "Transfer-Encoding:\r\n" END), GUARD_ENCODING },
    { STR_INIT(LINE HOST_ "Transfer-Encoding: \x0b"
                          "chunked\r\n" END),
      GUARD_VALUE },
    { STR_INIT("POST / HTTP/1.0\r\n" HOST_ "Transfer-Encoding: chunked\r\n" END), GUARD_ENCODING },
    /* credentials */
    { STR_INIT(LINE HOST_ "Authorization: a\r\nAuthorization: b\r\n" END), GUARD_TWO_AUTHORIZATIONS },
    { STR_INIT(LINE HOST_ "authorization: a\r\nX: 1\r\nAUTHORIZATION: a\r\n" END), GUARD_TWO_AUTHORIZATIONS },
};

/* The bytes in memory of their own, so that reading past them is seen. */
static enum guard_verdict check_copy(struct str in, struct guard *guard)
{
    char *copy = malloc(in.len ? in.len : 1);

    memcpy(copy, in.ptr, in.len);
    enum guard_verdict verdict = guard_check(str_of(copy, in.len), guard);
    free(copy);
    return verdict;
}

static void judges_heads(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct guard guard;
        enum guard_verdict got = check_copy(rows[i].in, &guard);
        CHECK(got == rows[i].want, "row %zu: want \"%s\", got \"%s\" at %zu: " STR_FMT, i,
              guard_text(rows[i].want), guard_text(got), guard.offset, STR_ARG(rows[i].in));
        CHECK(guard.offset <= rows[i].in.len, "row %zu: offset %zu", i, guard.offset);
    }
}

/* Until the end of the head is there, a head that will pass is incomplete and nothing else. */
static void prefixes_are_incomplete(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct guard guard;
        if (rows[i].want || guard_check(rows[i].in, &guard))
            continue;
        size_t head = guard.offset;
        for (size_t n = 0; n < head; n++)
            CHECK(check_copy(str_of(rows[i].in.ptr, n), &guard) == GUARD_INCOMPLETE, "row %zu cut at %zu", i,
                  n);
        for (size_t n = head; n <= rows[i].in.len; n++)
            CHECK(check_copy(str_of(rows[i].in.ptr, n), &guard) == GUARD_OK, "row %zu cut at %zu", i, n);
    }
}

static void tells_what_it_read(void **state)
{
    static const struct str plain = STR_INIT(LINE HOST_ "A: b\r\n" END "rest");
    static const struct str chunked = STR_INIT(LINE HOST_ "Transfer-Encoding: chunked\r\n" END);
    static const struct str old = STR_INIT("GET / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\n" END);
    static const struct str folded = STR_INIT(LINE HOST_ " x\r\n" END);
    struct guard guard;

    (void)state;
    assert_int_equal(guard_check(plain, &guard), GUARD_OK);
    assert_int_equal(guard.offset, plain.len - 4);
    assert_int_equal(guard.headers, 2);
    assert_false(guard.chunked || guard.http_1_0 || guard.has_length);
    assert_int_equal(guard_check(chunked, &guard), GUARD_OK);
    assert_true(guard.chunked);
    assert_int_equal(guard_check(old, &guard), GUARD_OK);
    assert_true(guard.http_1_0 && guard.has_length);
    assert_int_equal(guard_check(folded, &guard), GUARD_FOLD);
    assert_int_equal(guard.offset, sizeof LINE HOST_ - 1);
}

/* Every byte at every place of values of every length: RFC 9110 section 5.5, and a tab. */
static void judges_values(void **state)
{
    char text[24];

    (void)state;
    for (size_t len = 1; len <= sizeof text; len++)
        for (size_t at = 0; at < len; at++)
            for (int c = 0; c < 256; c++) {
                memset(text, 'a', len);
                text[at] = (char)c;
                CHECK(guard_is_value(str_of(text, len)) == ((c >= 0x20 && c != 0x7F) || c == '\t'), "byte %d at %zu of %zu", c,
                      at, len);
            }
    CHECK(guard_is_value(STR_NONE), "none");
}

static void every_verdict_has_a_row_and_a_text(void **state)
{
    (void)state;
    for (unsigned verdict = 0; verdict < GUARD_VERDICT_COUNT; verdict++) {
        unsigned found = 0;
        for (size_t i = 0; i < COUNT(rows); i++)
            found += rows[i].want == (enum guard_verdict)verdict;
        CHECK(found, "no row for \"%s\"", guard_text((enum guard_verdict)verdict));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_heads),
        cmocka_unit_test(prefixes_are_incomplete),
        cmocka_unit_test(tells_what_it_read),
        cmocka_unit_test(judges_values),
        cmocka_unit_test(every_verdict_has_a_row_and_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
