#include "test_http_kit.h"

#define HOST_LINE "Host: a.example\r\n"

/* Sends `bytes`, gives everything that comes until the server closes. */
static char *exchange(struct kit *kit, struct str bytes, ssize_t *len)
{
    int fd = dial(kit->port);

    (void)put(fd, bytes.ptr, bytes.len);
    char *all = drain_socket(fd, len);
    close(fd);
    return all;
}

static void keeps_connections_alive(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    char text[8192];
    int fd = dial(kit->port);

    (void)state;
    for (int i = 0; i < 5; i++) {
        put_text(fd, "GET /x/y?a=1&b=%20 HTTP/1.1\r\n" HOST_LINE "X-One: 1\r\nx_two: 2\r\n\r\n");
        assert_int_equal(read_answer(fd, text, sizeof text, false), 200);
        assert_non_null(strstr(
            text, "GET /x/y?a=1&b=%20|/x/y|a=1&b=%20\nhost=a.example h2=0 tls=0 body=0\n[x-one: 1]\n"));
        assert_null(strstr(text, "two"));
        assert_null(strstr(text, "split"));
        assert_null(strstr(text, "erver:"));
        assert_non_null(strstr(text, "Date: "));
        assert_non_null(strstr(text, "content-type: text/plain\r\n"));
    }
    close(fd);
    assert_int_equal(kit->calls, 5);
    kit_stop(kit);
}

static void answers_pipelined_requests_in_order(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    ssize_t len;
    char *all =
        exchange(kit,
                 STR("GET /1 HTTP/1.1\r\n" HOST_LINE "\r\nPOST /2 HTTP/1.1\r\n" HOST_LINE
                     "Content-Length: 3\r\n\r\nabcGET /later HTTP/1.1\r\n" HOST_LINE
                     "\r\nGET /4 HTTP/1.1\r\n" HOST_LINE "Connection: close\r\n\r\nGET /5 HTTP/1.1\r\n\r\n"),
                 &len);

    (void)state;
    const char *one = strstr(all, "GET /1"), *two = strstr(all, "POST /2"), *later = strstr(all, "later"),
               *four = strstr(all, "GET /4");
    assert_true(one && two && later && four && one < two && two < later && later < four);
    assert_non_null(strstr(all, "<abc>"));
    assert_int_equal(kit->calls, 4);
    free(all);
    kit_stop(kit);
}

/* What comes while a request is being answered is the next one's, however it is cut. */
static void keeps_what_comes_early(void **state)
{
    static const char next[] = "POST /next HTTP/1.1\r\n" HOST_LINE "Content-Length: 3\r\n\r\nabc";
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    int fd = dial(kit->port);
    char text[8192];

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        size_t early = i * (sizeof next - 1) / 5;
        put_text(fd, "GET /later HTTP/1.1\r\n" HOST_LINE "\r\n");
        assert_true(wait_for(&kit->calls, 2 * i + 1));
        (void)put(fd, next, early);
        assert_int_equal(read_answer(fd, text, sizeof text, false), 200);
        assert_non_null(strstr(text, "later"));
        (void)put(fd, next + early, sizeof next - 1 - early);
        assert_int_equal(read_answer(fd, text, sizeof text, false), 200);
        assert_non_null(strstr(text, "<abc>"));
    }
    close(fd);
    kit_stop(kit);
}

/* The same request whole and byte by byte; with chunks the connection is closed behind it. */
static void takes_bodies_in_pieces(void **state)
{
    static const char *const requests[] = {
        "POST /a HTTP/1.1\r\n" HOST_LINE "Content-Length: 10\r\nConnection: close\r\n\r\n0123456789",
        "POST /a HTTP/1.1\r\n" HOST_LINE
        "Transfer-Encoding: chunked\r\n\r\n3\r\n012\r\n7;x=y\r\n3456789\r\n0\r\nT: 1\r\n\r\n",
    };
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);

    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        for (int slow = 0; slow < 2; slow++) {
            int fd = dial(kit->port);
            ssize_t len;
            if (!slow)
                put_text(fd, requests[i]);
            for (const char *at = requests[i]; slow && *at; at++) {
                put(fd, at, 1);
                if (at[0] == '\n')
                    usleep(500);
            }
            if (i) /* pipelined behind chunks: must not be read */
                put_text(fd, "GET /smuggled HTTP/1.1\r\n" HOST_LINE "\r\n");
            char *all = drain_socket(fd, &len);
            CHECK(strstr(all, "<0123456789>") && !strstr(all, "smuggled"), "request %zu slow %d: %s", i, slow,
                  all);
            CHECK(strstr(all, "Connection: close"), "request %zu: %s", i, all);
            free(all);
            close(fd);
        }
    }
    assert_int_equal(kit->calls, 4);
    kit_stop(kit);
}

static void says_continue(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    char text[8192];
    int fd = dial(kit->port);

    (void)state;
    put_text(fd, "POST /a HTTP/1.1\r\n" HOST_LINE "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    assert_int_equal(read_answer(fd, text, sizeof text, true), 100);
    put_text(fd, "abc");
    assert_int_equal(read_answer(fd, text, sizeof text, false), 200);
    assert_non_null(strstr(text, "<abc>"));
    assert_null(strstr(text, "expect"));
    put_text(fd, "POST /a HTTP/1.1\r\n" HOST_LINE "Content-Length: 3\r\nExpect: 200-maybe\r\n\r\n");
    assert_int_equal(read_answer(fd, text, sizeof text, false), 400);
    assert_non_null(strstr(text, "fault:bad_request"));
    close(fd);
    kit_stop(kit);
}

static void sends_no_body_where_none_belongs(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    char text[8192];
    int fd = dial(kit->port);

    (void)state;
    put_text(fd, "HEAD /hello HTTP/1.1\r\n" HOST_LINE "\r\n");
    assert_int_equal(read_answer(fd, text, sizeof text, true), 200);
    assert_non_null(strstr(text, "Content-Length: 5\r\n"));
    put_text(fd, "GET /none HTTP/1.1\r\n" HOST_LINE "\r\n");
    assert_int_equal(read_answer(fd, text, sizeof text, false), 204);
    assert_null(strstr(text, "Content-Length"));
    put_text(fd, "GET /hello HTTP/1.1\r\n" HOST_LINE "\r\n");
    assert_int_equal(read_answer(fd, text, sizeof text, false), 200);
    close(fd);
    kit_stop(kit);
}

static char *padded(const char *head, size_t pad, const char *tail)
{
    size_t a = strlen(head), b = strlen(tail);
    char *text = malloc(a + pad + b + 1);

    memcpy(text, head, a);
    memset(text + a, 'p', pad);
    memcpy(text + a + pad, tail, b + 1);
    return text;
}

/* The handler shapes every one of them, also those that libh2o would answer by itself. */
static void shapes_what_is_too_large(void **state)
{
    static const struct {
        const char *head;
        size_t pad;
        const char *tail, *want;
    } rows[] = {
        { "POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 100000\r\nConnection: close\r\n\r\n", 100000, "",
          " 200 OK" },
        { "POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 100001\r\nConnection: close\r\n\r\n", 100001, "",
          "fault:too_large" },
        { "POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 9000000\r\n\r\n", 9000000, "", "fault:too_large" },
        { "POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 9000000\r\n\r\n", 0, "", "fault:too_large" },
        { "POST / HTTP/1.1\r\n" HOST_LINE "Transfer-Encoding: chunked\r\n\r\nf4240\r\n", 1000000,
          "\r\n0\r\n\r\n", "fault:too_large" },
        { "POST / HTTP/1.1\r\n" HOST_LINE "Transfer-Encoding: chunked\r\n\r\n20000\r\n", 0x20000,
          "\r\n0\r\n\r\n", "fault:too_large" },
        { "POST / HTTP/1.1\r\n" HOST_LINE "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 0, "",
          "fault:bad_request" },
        { "POST / HTTP/1.1\r\n" HOST_LINE "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 0, "",
          "fault:bad_request" },
        { "POST / HTTP/1.1\r\n" HOST_LINE "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n", 0, "",
          "fault:bad_request" },
        { "POST / HTTP/1.1\r\n" HOST_LINE "Transfer-Encoding: x\r\n\r\n", 0, "", "fault:bad_request" },
        { "POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: x\r\n\r\n", 0, "", "fault:bad_request" },
        { "GET /", 9000, " HTTP/1.1\r\n" HOST_LINE "Connection: close\r\n\r\n", "fault:uri_too_long" },
        { "GET / HTTP/1.1\r\n" HOST_LINE "X: ", 40000, "\r\n\r\n", "fault:head_too_large" },
        { "GET / HTTP/1.1\r\n" HOST_LINE "X: ", 500000, "\r\n\r\n", "400 Bad Request" },
    };
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ssize_t len;
        char *text = padded(rows[i].head, rows[i].pad, rows[i].tail);
        char *all = exchange(kit, str_from(text), &len);
        CHECK(strstr(all, rows[i].want), "row %zu: %zd %s", i, len, all);
        CHECK(count_of(all, "HTTP/1.1 ") == 1, "row %zu: %s", i, all);
        free(text);
        free(all);
    }
    kit_stop(kit);
}

static void refuses_too_many_headers(void **state)
{
    struct http_limits limits = kit_limits();
    char text[8192] = "GET / HTTP/1.1\r\n" HOST_LINE;

    (void)state;
    for (unsigned i = 0; i < limits.headers; i++)
        strcat(text, "X: y\r\n");
    strcat(text, "\r\n");
    struct kit *kit = kit_start(&limits);
    ssize_t len;
    char *all = exchange(kit, str_from(text), &len);
    assert_non_null(strstr(all, "fault:head_too_large"));
    free(all);
    kit_stop(kit);
}

#define AFTER "GET /smuggled HTTP/1.1\r\n" HOST_LINE "\r\n"

/* Each is refused once, the connection is closed, and nothing behind it is taken for a request. */
static void s41_ambiguous_heads_are_refused_and_closed(void **state)
{
    static const struct str rows[] = {
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE
                 "Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello" AFTER),
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" AFTER),
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE
                 "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" AFTER),
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE
                 "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" AFTER),
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: +5\r\n\r\nhello" AFTER),
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 0x5\r\n\r\nhello" AFTER),
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 05\r\n\r\nhello" AFTER),
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE "Transfer-Encoding: x\r\n\r\n" AFTER),
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE
                 "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" AFTER),
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE
                 "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" AFTER),
        STR_INIT("POST / HTTP/1.0\r\n" HOST_LINE
                 "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n" AFTER),
        STR_INIT("GET / HTTP/1.1\r\n" HOST_LINE " folded: x\r\n\r\n" AFTER),
        STR_INIT("GET / HTTP/1.1\r\n" HOST_LINE "X: y\r\n z\r\n\r\n" AFTER),
        STR_INIT("GET / HTTP/1.1\r\nHost : a\r\n\r\n" AFTER),
        STR_INIT("GET / HTTP/1.1\r\n" HOST_LINE "Content-Length : 3\r\n\r\nabc" AFTER),
        STR_INIT("GET / HTTP/1.1\n" HOST_LINE "\r\n" AFTER),
        STR_INIT("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n" AFTER),
        STR_INIT("GET / HTTP/1.1\r\n" HOST_LINE "X: y\n\n" AFTER),
        STR_INIT("GET / HTTP/1.1\r\n" HOST_LINE "X: a\rb\r\n\r\n" AFTER),
        STR_INIT("GET / HTTP/1.1\r\n" HOST_LINE "X: a\0b\r\n\r\n" AFTER),
        STR_INIT("GET / HTTP/1.1\r\nX: y\r\n\r\n" AFTER),
        STR_INIT("GET / HTTP/1.1\r\n" HOST_LINE HOST_LINE "\r\n" AFTER),
        STR_INIT("GET / HTTP/1.1\r\n" HOST_LINE "Authorization: a\r\nAuthorization: b\r\n\r\n" AFTER),
        STR_INIT("GET http://a.example/ HTTP/1.1\r\n" HOST_LINE "\r\n" AFTER),
        STR_INIT("OPTIONS * HTTP/1.1\r\n" HOST_LINE "\r\n" AFTER),
        STR_INIT("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n" AFTER),
        STR_INIT("GET /a#b HTTP/1.1\r\n" HOST_LINE "\r\n" AFTER),
        STR_INIT("GET / HTTP/1.2\r\n" HOST_LINE "\r\n" AFTER),
        STR_INIT("GET /\r\n\r\n" AFTER),
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE
                 "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" AFTER),
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE
                 "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n" AFTER),
        STR_INIT("POST / HTTP/1.1\r\n" HOST_LINE
                 "Content-Length: 5\r\nContent-Length: 6\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                 "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\nhello" AFTER),
    };
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned calls = kit->calls, faults = kit->faults;
        ssize_t len;
        char *all = exchange(kit, rows[i], &len);
        CHECK(len > 0 && strncmp(all, "HTTP/1.1 400 ", 13) == 0, "row %zu: %zd %s", i, len, all);
        CHECK(count_of(all, "HTTP/1.1 ") == 1, "row %zu: %s", i, all);
        CHECK(kit->calls - calls <= 1 && kit->calls - calls == kit->faults - faults, "row %zu: %u calls", i,
              kit->calls - calls);
        free(all);
    }
    kit_stop(kit);
}

static void s41_junk_in_chunk_extensions_closes(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    ssize_t len;
    char *all = exchange(
        kit,
        STR("POST / HTTP/1.1\r\n" HOST_LINE "Transfer-Encoding: chunked\r\n\r\n1\r0\r\na\r\n0\r\n\r\n" AFTER),
        &len);

    (void)state;
    assert_int_equal(kit->calls, 1);
    assert_int_equal(count_of(all, "HTTP/1.1 "), 1);
    free(all);
    kit_stop(kit);
}

static void s49_upgrades_are_not_taken(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    ssize_t len;
    char *all =
        exchange(kit,
                 STR("GET /x HTTP/1.1\r\n" HOST_LINE "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                     "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"),
                 &len);

    (void)state;
    assert_memory_equal(all, "HTTP/1.1 200", 12);
    assert_null(strstr(all, "pgrade"));
    free(all);
    all = exchange(kit, STR("GET /x HTTP/1.0\r\n" HOST_LINE "\r\n"), &len);
    assert_memory_equal(all, "HTTP/1.1 200", 12);
    assert_non_null(strstr(all, "Connection: close"));
    free(all);
    kit_stop(kit);
}

static void s44_connection_headers_are_removed(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    ssize_t len;
    char *all = exchange(
        kit,
        STR("GET /x HTTP/1.1\r\n" HOST_LINE
            "Connection: close, Foo\r\nConnection: authorization, x-request-id,bar\r\nFoo: 1\r\nBAR: 2\r\n"
            "Baz: 3\r\nAuthorization: Bearer t\r\nX-Request-Id: 9\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
            "Proxy-Authorization: p\r\nX_Request_Id: 8\r\nUpgrade: w\r\n\r\n"),
        &len);

    (void)state;
    assert_non_null(strstr(all, "body=0\n[baz: 3]\n[authorization: Bearer t]\n[x-request-id: 9]\n"));
    assert_int_equal(count_of(all, "\n["), 3);
    free(all);
    kit_stop(kit);
}

static void finds_headers(void **state)
{
    static const struct http_header headers[] = { { STR_INIT("a"), STR_INIT("1") },
                                                  { STR_INIT("b"), STR_INIT("2") },
                                                  { STR_INIT("b"), STR_INIT("3") } };
    const struct http_head head = { .headers = headers, .header_count = 3 };
    unsigned count = 9;

    (void)state;
    assert_true(str_is(http_find(&head, STR("a"), &count), "1"));
    assert_int_equal(count, 1);
    assert_null(http_find(&head, STR("b"), &count).ptr);
    assert_int_equal(count, 2);
    assert_null(http_find(&head, STR("c"), &count).ptr);
    assert_int_equal(count, 0);
    assert_null(http_find(&head, STR("B"), NULL).ptr);
}

/* The client closes before the answer: `gone` comes, the answer is not sent, nothing is used after it is
 * freed. */
static void tells_who_left(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);

    (void)state;
    for (int i = 0; i < 3; i++) {
        int fd = dial(kit->port);
        put_text(fd, "GET /never HTTP/1.1\r\n" HOST_LINE "\r\n" AFTER);
        assert_true(wait_for(&kit->calls, (unsigned)i + 1));
        close(fd);
    }
    assert_true(wait_for(&kit->gone, 3));
    assert_int_equal(kit->calls, 3);
    for (int i = 0; i < 500 && kit_counts(kit).connections; i++)
        usleep(2000);
    struct http_counts counts = kit_counts(kit);
    assert_int_equal(counts.connections, 0);
    assert_int_equal(counts.in_flight, 0);
    kit_stop(kit);
}

/* The same for errors that libh2o found and the handler has yet to shape. */
static void tells_who_left_before_a_shaped_error(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_prepare(&limits);

    (void)state;
    kit->hold_faults = true;
    kit_listen(kit);
    kit_run(kit);
    for (unsigned i = 0; i < 2; i++) {
        int fd = dial(kit->port);
        put_text(fd, "POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 900000000\r\n\r\nabc");
        assert_true(wait_for(&kit->faults, i + 1));
        assert_int_equal(kit->fault, ERR_TOO_LARGE);
        if (i)
            kit_stop(kit);
        close(fd);
        if (!i)
            assert_true(wait_for(&kit->gone, 1));
    }
}

static void leaves_while_answers_are_on_their_way(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);

    (void)state;
    for (int i = 0; i < 30; i++) {
        int fd = dial(kit->port);
        put_text(fd, i % 2 ? "GET /later HTTP/1.1\r\n" HOST_LINE "\r\n"
                           : "GET /big HTTP/1.1\r\n" HOST_LINE "\r\n");
        if (i % 3 == 0)
            usleep(1000);
        close(fd);
    }
    for (int i = 0; i < 2000 && (kit_counts(kit).accepted < 30 || kit_counts(kit).connections); i++)
        usleep(2000);
    assert_int_equal(kit_counts(kit).in_flight, 0);
    kit_stop(kit);
}

static void frees_with_requests_open(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    int idle = dial(kit->port), waiting = dial(kit->port), half = dial(kit->port), begun = dial(kit->port);

    (void)state;
    put_text(waiting, "GET /never HTTP/1.1\r\n" HOST_LINE "\r\n");
    put_text(half, "POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 100\r\n\r\nhalf");
    put_text(begun, "GE");
    assert_true(wait_for(&kit->calls, 1));
    for (int i = 0; i < 500 && kit_counts(kit).connections < 4; i++)
        usleep(2000);
    loop_stop(kit->loop);
    pthread_join(kit->thread, NULL);
    http_server_free(&kit->server);
    assert_int_equal(kit->gone, 1);
    assert_null(kit->server);
    loop_free(&kit->loop);
    free(kit->big_body);
    free(kit);
    close(idle);
    close(waiting);
    close(half);
    close(begun);
}

/* Each sends its bytes and then waits; the tick has to end it. */
static void s48_slow_clients_are_cut(void **state)
{
    static const struct {
        const char *bytes;
        unsigned calls;
    } rows[] = {
        { "", 0 },
        { "G", 0 },
        { "GET / HTTP/1.1\r\nHost:", 0 },
        { "POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 10\r\n\r\nabc", 0 },
        { "POST / HTTP/1.1\r\n" HOST_LINE "Transfer-Encoding: chunked\r\n\r\n5\r\nabc", 0 },
        { "GET /never HTTP/1.1\r\n" HOST_LINE "\r\n", 1 },
        { "GET /big HTTP/1.1\r\n" HOST_LINE "\r\n", 1 }, /* and does not read it */
        { "PRI * HTTP/2.0\r\n", 0 },
    };
    struct http_limits limits = kit_limits();
    limits.head_ms = limits.body_ms = limits.answer_ms = limits.idle_ms = 300;
    struct kit *kit = kit_start(&limits);
    int fds[COUNT(rows)];

    (void)state;
    kit->big_len = 8 << 20; /* more than both sockets buffer */
    for (size_t i = 0; i < COUNT(rows); i++) {
        int small = 4096;
        fds[i] = dial(kit->port);
        setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        put_text(fds[i], rows[i].bytes);
    }
    for (int i = 0; i < 3000 && (kit_counts(kit).accepted < COUNT(rows) || kit_counts(kit).connections); i++)
        usleep(2000);
    struct http_counts counts = kit_counts(kit);
    assert_int_equal(counts.connections, 0);
    assert_int_equal(counts.in_flight, 0);
    assert_int_equal(kit->gone, 1);
    assert_int_equal(counts.timeouts, COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++)
        close(fds[i]);
    kit_stop(kit);
}

/* Bytes that trickle do not make a head younger. */
static void s48_trickled_heads_are_cut(void **state)
{
    struct http_limits limits = kit_limits();
    limits.head_ms = 500;
    struct kit *kit = kit_start(&limits);
    int fd = dial(kit->port);
    bool open = put_text(fd, "GET / HTTP/1.1\r\nX: ");
    uint64_t start = clock_monotonic_ms();

    (void)state;
    while (open && clock_monotonic_ms() - start < 9000) {
        struct pollfd poller = { .fd = fd, .events = POLLIN };
        open = put(fd, "x", 1) && !(poll(&poller, 1, 20) > 0 && (poller.revents & (POLLIN | POLLHUP)));
    }
    assert_false(open);
    close(fd);
    kit_stop(kit);
}

static void refuses_more_connections_than_allowed(void **state)
{
    struct http_limits limits = kit_limits();
    limits.connections = 20;
    struct kit *kit = kit_start(&limits);
    int fds[40];
    unsigned served = 0, closed = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(fds); i++)
        fds[i] = dial(kit->port);
    for (int i = 0; i < 2000 && kit_counts(kit).accepted + kit_counts(kit).refused < COUNT(fds); i++)
        usleep(1000);
    for (size_t i = 0; i < COUNT(fds); i++) {
        char text[1000];
        bool ok = put_text(fds[i], "GET /hello HTTP/1.1\r\n" HOST_LINE "\r\n") &&
                  read_answer(fds[i], text, sizeof text, false) == 200;
        served += ok;
        closed += !ok;
        close(fds[i]);
    }
    assert_int_equal(served, 20);
    assert_int_equal(closed, 20);
    assert_int_equal(kit_counts(kit).refused, 20);
    kit_stop(kit);
}

static void refuses_more_in_flight_than_allowed(void **state)
{
    struct http_limits limits = kit_limits();
    limits.in_flight = 2;
    struct kit *kit = kit_start(&limits);
    int fds[2];
    ssize_t len;

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        fds[i] = dial(kit->port);
        put_text(fds[i], "GET /never HTTP/1.1\r\n" HOST_LINE "\r\n");
        assert_true(wait_for(&kit->calls, i + 1));
    }
    char *all = exchange(kit, STR("GET /x HTTP/1.1\r\n" HOST_LINE "Connection: close\r\n\r\n"), &len);
    assert_non_null(strstr(all, "503"));
    assert_non_null(strstr(all, "fault:unavailable"));
    free(all);
    close(fds[0]);
    close(fds[1]);
    assert_true(wait_for(&kit->gone, 2));
    all = exchange(kit, STR("GET /x HTTP/1.1\r\n" HOST_LINE "Connection: close\r\n\r\n"), &len);
    assert_memory_equal(all, "HTTP/1.1 200", 12);
    free(all);
    kit_stop(kit);
}

/* Many bodies under way that are too much together: some are cut, the server lives. */
static void bounds_buffered_bodies(void **state)
{
    struct http_limits limits = kit_limits();
    limits.buffered_bytes = 500000;
    struct kit *kit = kit_start(&limits);
    char *part = padded("POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 100000\r\n\r\n", 90000, "");
    int fds[20];
    unsigned cut = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(fds); i++) {
        fds[i] = dial(kit->port);
        put_text(fds[i], part);
    }
    for (int i = 0;
         i < 2000 && (kit_counts(kit).accepted < COUNT(fds) || kit_counts(kit).connections == COUNT(fds));
         i++)
        usleep(2000);
    for (int i = 0; i < 2000 && kit_counts(kit).buffered_bytes > limits.buffered_bytes; i++)
        usleep(2000);
    assert_true(kit_counts(kit).buffered_bytes <= limits.buffered_bytes);
    cut = (unsigned)COUNT(fds) - kit_counts(kit).connections;
    CHECK(cut >= 1, "%u cut", cut);
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
    free(part);
    ssize_t len;
    char *all = exchange(kit, STR("POST /x HTTP/1.1\r\n" HOST_LINE "Connection: close\r\n\r\n"), &len);
    assert_memory_equal(all, "HTTP/1.1 200", 12);
    free(all);
    kit_stop(kit);
}

static void on_drained(void *data)
{
    struct kit *kit = data;

    kit->drained++;
}

static void start_drain(struct kit *kit)
{
    http_server_drain(kit->server, 5000, on_drained, kit);
}

static void start_short_drain(struct kit *kit)
{
    http_server_drain(kit->server, 100, on_drained, kit);
}

static void drains(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    int idle = dial(kit->port), kept = dial(kit->port), busy = dial(kit->port);
    char text[1000];
    ssize_t len;

    (void)state;
    put_text(kept, "GET /hello HTTP/1.1\r\n" HOST_LINE "\r\n");
    assert_int_equal(read_answer(kept, text, sizeof text, false), 200);
    put_text(busy, "GET /later HTTP/1.1\r\n" HOST_LINE "\r\n");
    assert_true(wait_for(&kit->calls, 2));
    kit_do(kit, start_drain);
    char *all = drain_socket(busy, &len);
    assert_non_null(strstr(all, "later"));
    assert_non_null(strstr(all, "Connection: close"));
    free(all);
    for (int i = 0; i < 2; i++) {
        all = drain_socket(i ? idle : kept, &len);
        assert_int_equal(len, 0);
        free(all);
    }
    assert_true(wait_for(&kit->drained, 1));
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(kit->port),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int late = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_not_equal(connect(late, (struct sockaddr *)&to, sizeof to), 0);
    close(late);
    close(idle);
    close(kept);
    close(busy);
    assert_int_equal(kit->drained, 1);
    kit_stop(kit);
}

static int late_fd;

static void start_drain_and_ask(struct kit *kit)
{
    start_drain(kit);
    put_text(late_fd, "GET /hello HTTP/1.1\r\n" HOST_LINE "\r\n");
}

/* On a kept connection, and on one that waits to be accepted. */
static void what_is_on_its_way_when_the_end_begins_is_answered(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    char text[1000];
    ssize_t len;

    (void)state;
    late_fd = dial(kit->port);
    put_text(late_fd, "GET /hello HTTP/1.1\r\n" HOST_LINE "\r\n");
    assert_int_equal(read_answer(late_fd, text, sizeof text, false), 200);
    kit_do(kit, start_drain_and_ask);
    char *all = drain_socket(late_fd, &len);
    CHECK(strstr(all, "200 OK") && strstr(all, "Connection: close"), "%s", all);
    free(all);
    close(late_fd);
    kit_stop(kit);

    kit = kit_prepare(&limits);
    kit_listen(kit);
    int waits = dial(kit->port);
    put_text(waits, "GET /hello HTTP/1.1\r\n" HOST_LINE "\r\n");
    start_drain(kit);
    kit_run(kit);
    all = drain_socket(waits, &len);
    CHECK(strstr(all, "200 OK") && strstr(all, "Connection: close"), "%s", all);
    free(all);
    assert_true(wait_for(&kit->drained, 1));
    close(waits);
    kit_stop(kit);
}

static void drains_without_waiting_for_ever(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    int busy = dial(kit->port);

    (void)state;
    put_text(busy, "GET /never HTTP/1.1\r\n" HOST_LINE "\r\n");
    assert_true(wait_for(&kit->calls, 1));
    kit_do(kit, start_short_drain);
    assert_true(wait_for(&kit->drained, 1));
    assert_int_equal(kit_counts(kit).in_flight, 1);
    kit_stop(kit);
    close(busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_connections_alive),
        cmocka_unit_test(answers_pipelined_requests_in_order),
        cmocka_unit_test(keeps_what_comes_early),
        cmocka_unit_test(takes_bodies_in_pieces),
        cmocka_unit_test(says_continue),
        cmocka_unit_test(sends_no_body_where_none_belongs),
        cmocka_unit_test(shapes_what_is_too_large),
        cmocka_unit_test(refuses_too_many_headers),
        cmocka_unit_test(s41_ambiguous_heads_are_refused_and_closed),
        cmocka_unit_test(s41_junk_in_chunk_extensions_closes),
        cmocka_unit_test(s49_upgrades_are_not_taken),
        cmocka_unit_test(s44_connection_headers_are_removed),
        cmocka_unit_test(finds_headers),
        cmocka_unit_test(tells_who_left),
        cmocka_unit_test(tells_who_left_before_a_shaped_error),
        cmocka_unit_test(leaves_while_answers_are_on_their_way),
        cmocka_unit_test(frees_with_requests_open),
        cmocka_unit_test(s48_slow_clients_are_cut),
        cmocka_unit_test(s48_trickled_heads_are_cut),
        cmocka_unit_test(refuses_more_connections_than_allowed),
        cmocka_unit_test(refuses_more_in_flight_than_allowed),
        cmocka_unit_test(bounds_buffered_bodies),
        cmocka_unit_test(drains),
        cmocka_unit_test(what_is_on_its_way_when_the_end_begins_is_answered),
        cmocka_unit_test(drains_without_waiting_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
