/* Requests over HTTP/2: served, in pieces, refused as HTTP/1 refuses them, too large. */
#include "test_http_h2_kit.h"

static void h2_serves_requests(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    struct frame *body = calloc(1, sizeof *body);
    int fd = dial(kit->port);
    struct frames f = hello();

    (void)state;
    add_headers(&f, 1, END_STREAM,
                (struct request){ .path = "/x?y=1",
                                  .extra = { { STR("x-one"), STR("1") },
                                             { STR("x_two"), STR("2") },
                                             { STR("te"), STR("trailers") },
                                             { STR("authorization"), STR("t") } } });
    assert_int_equal(ask(fd, &f, body), 200);
    assert_non_null(
        strstr((char *)body->payload,
               "GET /x?y=1|/x|y=1\nhost=a.example h2=1 tls=0 body=0\n[x-one: 1]\n[authorization: t]\n"));
    assert_null(strstr((char *)body->payload, "two"));
    assert_null(strstr((char *)body->payload, "trailers"));
    add_headers(&f, 3, 0, (struct request){ .method = "POST", .path = "/p" });
    add_frame(&f, DATA, 0, 3, "abc", 3);
    add_frame(&f, DATA, END_STREAM, 3, "def", 3);
    assert_int_equal(ask(fd, &f, body), 200);
    assert_non_null(strstr((char *)body->payload, "<abcdef>"));
    add_headers(&f, 5, END_STREAM, (struct request){ .path = "/later" });
    add_headers(&f, 7, END_STREAM, (struct request){ .path = "/hello" });
    assert_int_equal(ask(fd, &f, body), 200);
    assert_int_equal(body->stream, 7);
    assert_int_equal(ask(fd, &f, body), 200);
    assert_int_equal(body->stream, 5);
    close(fd);
    free(body);
    kit_stop(kit);
}

static void h2_preface_in_pieces(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    struct frame *body = calloc(1, sizeof *body);
    int fd = dial(kit->port);
    struct frames f = hello();

    (void)state;
    add_headers(&f, 1, END_STREAM, (struct request){ .path = "/hello" });
    for (size_t i = 0; i < f.len; i++) {
        assert_true(put(fd, f.bytes + i, 1));
        usleep(300);
    }
    f.len = 0;
    assert_int_equal(ask(fd, &f, body), 200);
    close(fd);
    free(body);
    kit_stop(kit);
}

/* want 0: the stream or the connection is refused by libh2o, without a call of the handler */
static void h2_refuses_what_http1_refuses(void **state)
{
    static const struct {
        struct request request;
        int want;
    } rows[] = {
        { { .path = "/", .extra = { { STR_INIT("connection"), STR_INIT("close") } } }, 0 },
        { { .path = "/", .extra = { { STR_INIT("transfer-encoding"), STR_INIT("chunked") } } }, 0 },
        { { .path = "/", .extra = { { STR_INIT("upgrade"), STR_INIT("h2c") } } }, 0 },
        { { .path = "/", .extra = { { STR_INIT("te"), STR_INIT("chunked") } } }, 0 },
        { { .path = "/", .extra = { { STR_INIT("X-Upper"), STR_INIT("a") } } }, 0 },
        { { .path = "/", .extra = { { STR_INIT(":path"), STR_INIT("/two") } } }, 0 },
        { { .path = "/", .extra = { { STR_INIT("x"), STR_INIT("a\r\nb: c") } } }, 400 },
        { { .path = "/", .extra = { { STR_INIT("x"), STR_INIT("a\0b") } } }, 400 },
        { { .path = "/", .extra = { { STR_INIT("x y"), STR_INIT("a") } } }, 400 },
        { { .path = "/", .extra = { { STR_INIT("content-length"), STR_INIT("5") } } }, 400 },
        { { .path = "/",
            .extra = { { STR_INIT("authorization"), STR_INIT("a") },
                       { STR_INIT("authorization"), STR_INIT("b") } } },
          400 },
        { { .path = "/", .authority = "" }, 400 },
        { { .path = "/", .authority = "", .extra = { { STR_INIT("host"), STR_INIT("a.example") } } }, 400 },
        { { .path = "/", .authority = "a b" }, 400 },
        { { .path = "/", .authority = "u@a" }, 400 },
        { { .path = "/a b" }, 400 },
        { { .path = "/a#b" }, 400 },
        { { .path = "/a\r\nHost: x" }, 400 },
        { { .path = "" }, 400 },
        { { .path = "*", .method = "OPTIONS" }, 400 },
        { { .path = "http://a.example/" }, 400 },
        { { .path = "/", .method = "GE T" }, 400 },
        { { .path = "/", .method = "" }, 400 },
        { { .path = NULL }, 0 },
    };
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    struct frame *body = calloc(1, sizeof *body);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned calls = kit->calls, faults = kit->faults;
        int fd = dial(kit->port);
        struct frames f = hello();
        add_headers(&f, 1, END_STREAM, rows[i].request);
        int got = ask(fd, &f, body);
        CHECK(got == rows[i].want, "row %zu: %d", i, got);
        CHECK(kit->calls - calls == (rows[i].want ? 1 : 0), "row %zu: %u calls", i, kit->calls - calls);
        CHECK(kit->faults - faults == (rows[i].want ? 1 : 0), "row %zu: %u faults", i, kit->faults - faults);
        close(fd);
    }
    free(body);
    kit_stop(kit);
}

static void h2_shapes_what_is_too_large(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    struct frame *body = calloc(1, sizeof *body);
    char *pad = malloc(16000);
    int fd = dial(kit->port);
    struct frames f = hello();

    (void)state;
    memset(pad, 'p', 16000);
    add_headers(&f, 1, 0, (struct request){ .method = "POST", .path = "/" });
    for (int i = 0; i < 7; i++)
        add_frame(&f, DATA, i == 6 ? END_STREAM : 0, 1, pad, 16000);
    assert_int_equal(ask(fd, &f, body), 413);
    assert_string_equal((char *)body->payload, "fault:too_large");
    pad[0] = '/';
    pad[9000] = '\0';
    add_headers(&f, 3, END_STREAM, (struct request){ .path = pad });
    assert_int_equal(ask(fd, &f, body), 414);
    pad[0] = 'x';
    add_headers(&f, 5, END_STREAM, (struct request){ .path = "/", .extra = { { STR("a"), str_from(pad) } } });
    assert_int_equal(ask(fd, &f, body), 200);
    struct frames block = { .bytes = NULL };
    add_field(&block, STR(":method"), STR("GET"));
    add_field(&block, STR(":scheme"), STR("http"));
    add_field(&block, STR(":path"), STR("/"));
    add_field(&block, STR(":authority"), STR("a"));
    for (unsigned i = 0; i < limits.headers + 1; i++)
        add_field(&block, STR("x"), STR("y"));
    add_frame(&f, HEADERS, END_STREAM | END_HEADERS, 7, block.bytes, block.len);
    assert_int_equal(ask(fd, &f, body), 431);
    add_headers(&f, 9, END_STREAM, (struct request){ .path = "/hello" });
    assert_int_equal(ask(fd, &f, body), 200);
    /* One name and value said 5,000 times in a byte each (RFC 7541 section 7.3): the connection goes. */
    static const uint8_t indexed[] = { 0x40, 1, 'z', 1, 'z' }, again[] = { 0xbe };
    block.len = 0;
    add_field(&block, STR(":method"), STR("GET"));
    add_field(&block, STR(":scheme"), STR("http"));
    add_field(&block, STR(":path"), STR("/"));
    add_field(&block, STR(":authority"), STR("a"));
    add(&block, indexed, sizeof indexed);
    for (int i = 0; i < 5000; i++)
        add(&block, again, 1);
    add_frame(&f, HEADERS, END_STREAM | END_HEADERS, 11, block.bytes, block.len);
    (void)send_frames(fd, &f);
    while (next_frame(fd, -1, body))
        ;
    free(block.bytes);
    close(fd);
    free(pad);
    free(body);
    kit_stop(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h2_serves_requests),
        cmocka_unit_test(h2_preface_in_pieces),
        cmocka_unit_test(h2_refuses_what_http1_refuses),
        cmocka_unit_test(h2_shapes_what_is_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
