/* The PROXY protocol: what its header says, and what a server does that demands one. */
#include "test_http_kit.h"

#include "http/proxied.h"

#define V2     "\r\n\r\n\0\r\nQUIT\n"
#define V4     "\xCB\0\x71\x09\xC0\0\2\1\x12\x67\1\xBB" /* 203.0.113.9:4711 to 192.0.2.1:443 */
#define V6     "\x20\1\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\7\x20\1\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\1\x12\x67\1\xBB"
#define MAPPED "\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xCB\0\x71\x09\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\0\2\1\x12\x67\1\xBB"
#define X10    "xxxxxxxxxx"
#define X70    X10 X10 X10 X10 X10 X10 X10
#define X216   X70 X70 X70 "xxxxxx"

static const struct {
    struct str header;
    const char *client; /* NULL: malformed; "": of nobody */
} headers[] = {
    { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n"), "203.0.113.9" },
    { STR_INIT("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), "255.255.255.255" },
    { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1 0 0\r\n"), "203.0.113.9" },
    { STR_INIT("PROXY TCP6 2001:DB8::7 2001:db8::1 4711 443\r\n"), "2001:db8::7" },
    { STR_INIT("PROXY TCP6 ffff:f...f:ffff 2001:db8::1 1 1\r\n"), NULL },
    { STR_INIT("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
    { STR_INIT("PROXY TCP6 ::ffff:203.0.113.9 ::ffff:192.0.2.1 4711 443\r\n"), "203.0.113.9" },
    { STR_INIT("PROXY UNKNOWN\r\n"), "" },
    { STR_INIT("PROXY UNKNOWN anything, \x01 at all\r\n"), "" },
    { STR_INIT("PROXY UNKNOWN " X70 X10 " 89 1234567\r\n"), "" }, /* 107 bytes */
    { STR_INIT("PROXY UNKNOWN " X70 X10 " 89 12345678\r\n"), NULL },
    { STR_INIT("PROXY UNKNOWNS\r\n"), NULL },
    { STR_INIT("PROXY \r\n"), NULL },
    { STR_INIT("PROXY\r\n"), NULL },
    { STR_INIT("proxy TCP4 203.0.113.9 192.0.2.1 4711 443\r\n"), NULL },
    { STR_INIT("PROXY  TCP4 203.0.113.9 192.0.2.1 4711 443\r\n"), NULL },
    { STR_INIT("PROXY TCP4  203.0.113.9 192.0.2.1 4711 443\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443 \r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443 1\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1 4711\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.9\r\n"), NULL },
    { STR_INIT("PROXY TCP4\r\n"), NULL },
    { STR_INIT("PROXY TCP5 203.0.113.9 192.0.2.1 4711 443\r\n"), NULL },
    { STR_INIT("PROXY TCP4 2001:db8::7 2001:db8::1 4711 443\r\n"), NULL },
    { STR_INIT("PROXY TCP6 203.0.113.9 192.0.2.1 4711 443\r\n"), NULL },
    { STR_INIT("PROXY TCP6 2001:db8::7 192.0.2.1 4711 443\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.256 192.0.2.1 4711 443\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113 192.0.2.1 4711 443\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.9\0 192.0.2.1 4711 443\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1 65536 443\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1 4711 0443\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1 -1 443\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\n\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\r\n"), NULL },
    { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\n" X70 X10), NULL },
    { STR_INIT(V2 "\x21\x11\0\x0C" V4), "203.0.113.9" },
    { STR_INIT(V2 "\x21\x11\0\x13" V4 "\4\0\4abcd"), "203.0.113.9" }, /* one TLV */
    { STR_INIT(V2 "\x21\x11\0\x0F" V4 "\4\xFF\xFF"), "203.0.113.9" }, /* a TLV that lies is skipped like any other */
    { STR_INIT(V2 "\x21\x21\0\x24" V6), "2001:db8::7" },
    { STR_INIT(V2 "\x21\x21\0\x24" MAPPED), "203.0.113.9" },
    { STR_INIT(V2 "\x21\x12\0\x0C" V4), "" },
    { STR_INIT(V2 "\x21\x22\0\x24" V6), "" },
    { STR_INIT(V2 "\x21\x31\0\xD8" X216), "" },
    { STR_INIT(V2 "\x21\x32\0\xD8" X216), "" },
    { STR_INIT(V2 "\x21\0\0\0"), "" },
    { STR_INIT(V2 "\x21\0\0\3xyz"), "" },
    { STR_INIT(V2 "\x20\0\0\0"), "" },
    { STR_INIT(V2 "\x20\x11\0\x0C" V4), "" },
    { STR_INIT(V2 "\x20\xFF\0\1x"), "" },
    { STR_INIT(V2 "\x21\x11\0\x0B" "\xCB\0\x71\x09\xC0\0\2\1\x12\x67\1"), NULL }, /* shorter than its addresses */
    { STR_INIT(V2 "\x21\x21\0\x0C" V4), NULL },
    { STR_INIT(V2 "\x21\x31\0\x0C" V4), NULL },
    { STR_INIT(V2 "\x21\x11\0\0"), NULL },
    { STR_INIT(V2 "\x21\x10\0\x0C" V4), NULL },
    { STR_INIT(V2 "\x21\x13\0\x0C" V4), NULL },
    { STR_INIT(V2 "\x21\x41\0\xD8" X216), NULL },
    { STR_INIT(V2 "\x22\x11\0\x0C" V4), NULL },
    { STR_INIT(V2 "\x11\x11\0\x0C" V4), NULL },
    { STR_INIT(V2 "\x31\x11\0\x0C" V4), NULL },
    { STR_INIT(V2 "\x21\x11\x0F\xF1" V4), NULL }, /* 4,097 bytes */
    { STR_INIT(V2 "\x20\x11\xFF\xFF" V4), NULL },
    { STR_INIT("\r\n\r\n\0\r\nQUIT\r\x21\x11\0\x0C" V4), NULL },
    { STR_INIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), NULL },
    { STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), NULL },
    { STR_INIT("\x16\3\1\2\0\1\0\1\xFC\3\3"), NULL },
    { STR_INIT("\r\n\r\nGET / HTTP/1.1\r\n"), NULL },
};

/* Whatever came after the header makes no difference to it, and what is shorter is incomplete, or malformed already. */
static void headers_are_read_alike_however_they_come(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        const struct str whole = headers[i].header;
        char bytes[512], text[ADDRESS_TEXT];
        struct proxied proxied = { 0 };
        memcpy(bytes, whole.ptr, whole.len);
        memcpy(bytes + whole.len, "PROXY \r\n", 8);
        for (size_t len = 0; len <= whole.len + 8; len++) {
            char *exact = malloc(len ? len : 1); /* so that reading past it is found */
            memcpy(exact, bytes, len);
            enum proxied_verdict verdict = proxied_read(str_of(exact, len), &proxied);
            free(exact);
            if (!headers[i].client) {
                CHECK(verdict != PROXIED_WHOLE, "case %zu, %zu bytes", i, len);
                CHECK(verdict == PROXIED_MALFORMED || len < whole.len, "case %zu, %zu bytes", i, len);
                continue;
            }
            CHECK(verdict == (len < whole.len ? PROXIED_INCOMPLETE : PROXIED_WHOLE), "case %zu, %zu bytes: %d", i, len, verdict);
        }
        if (!headers[i].client)
            continue;
        CHECK(proxied.len == whole.len, "case %zu: %zu", i, proxied.len);
        CHECK(proxied.named == (*headers[i].client != '\0'), "case %zu", i);
        CHECK(!proxied.named || str_is(address_text(&proxied.client, text), headers[i].client), "case %zu", i);
    }
}

static void a_header_of_4096_bytes_is_the_longest(void **state)
{
    char *bytes = calloc(1, PROXIED_BYTES);
    struct proxied proxied;

    (void)state;
    memcpy(bytes, V2 "\x21\x11\x0F\xF0" V4, 28);
    assert_int_equal(proxied_read(str_of(bytes, PROXIED_BYTES - 1), &proxied), PROXIED_INCOMPLETE);
    assert_int_equal(proxied_read(str_of(bytes, PROXIED_BYTES), &proxied), PROXIED_WHOLE);
    assert_int_equal(proxied.len, PROXIED_BYTES);
    free(bytes);
}

/* ---- a server ---- */

#define ASK "GET /peer HTTP/1.1\r\nHost: a.example\r\n\r\n"

static struct kit *start(struct http_limits limits, const char *from)
{
    static struct network network; /* borrowed by the server */
    struct kit *kit = kit_prepare(&limits);

    assert_true(network_parse(str_from(from), &network));
    http_server_proxied(kit->server, &network, 1);
    kit_listen(kit);
    kit_run(kit);
    return kit;
}

static bool is_closed(int fd)
{
    char byte;

    return recv(fd, &byte, 1, 0) <= 0 && errno != EAGAIN;
}

static void the_peer_is_who_the_header_names(void **state)
{
    struct kit *kit = start(kit_limits(), "127.0.0.0/8");
    char text[1000], want[100];

    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        int fd = dial(kit->port);
        (void)put(fd, headers[i].header.ptr, headers[i].header.len);
        if (!headers[i].client) {
            CHECK(is_closed(fd), "case %zu", i);
            close(fd);
            continue;
        }
        (void)snprintf(want, sizeof want, *headers[i].client ? "<%s>" : "<127.0.0.1>proxy", headers[i].client);
        for (int again = 0; again < 2; again++) {
            put_text(fd, ASK);
            CHECK(read_answer(fd, text, sizeof text, false) == 200 && strstr(text, want), "case %zu: %s", i, text);
        }
        close(fd);
    }
    size_t bad = 0;
    for (size_t i = 0; i < COUNT(headers); i++)
        bad += headers[i].client == NULL;
    assert_int_equal(kit_counts(kit).proxy_refusals, bad);
    assert_int_equal(kit_counts(kit).guard_refusals, 0);
    kit_stop(kit);
}

static void bytes_may_come_one_by_one_or_all_at_once(void **state)
{
    static const struct str all[] = { STR_INIT("PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n" ASK),
                                      STR_INIT(V2 "\x21\x11\0\x13" V4 "\4\0\4abcd" ASK) };
    struct kit *kit = start(kit_limits(), "127.0.0.1");
    char text[1000];

    (void)state;
    for (size_t i = 0; i < COUNT(all); i++)
        for (int slow = 0; slow < 2; slow++) {
            int fd = dial(kit->port), on = 1;
            setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
            for (size_t at = 0; slow && at < all[i].len; at++) {
                assert_true(put(fd, all[i].ptr + at, 1));
                usleep(500);
            }
            if (!slow)
                assert_true(put(fd, all[i].ptr, all[i].len));
            CHECK(read_answer(fd, text, sizeof text, false) == 200 && strstr(text, "<203.0.113.9>"), "case %zu: %s", i, text);
            close(fd);
        }
    kit_stop(kit);
}

static void http2_follows_the_header(void **state)
{
    static const char bytes[] = "PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
    struct kit *kit = start(kit_limits(), "127.0.0.1");
    char frame[9];

    (void)state;
    for (size_t cut = 40; cut < 60; cut += 5) { /* in the header, and in the preface */
        int fd = dial(kit->port);
        assert_true(put(fd, bytes, cut));
        usleep(5000);
        assert_true(put(fd, bytes + cut, sizeof bytes - cut)); /* with the NUL: the frame's last byte */
        assert_int_equal(recv(fd, frame, sizeof frame, MSG_WAITALL), sizeof frame);
        CHECK(frame[3] == 4, "SETTINGS, not %d", frame[3]);
        close(fd);
    }
    kit_stop(kit);
}

/* The second one is the client's, and no HTTP. */
static void a_second_header_is_no_header(void **state)
{
    static const struct str seconds[] = { STR_INIT("PROXY TCP4 192.0.2.66 192.0.2.1 4711 443\r\n"),
                                          STR_INIT(V2 "\x21\x11\0\x0C" V4) };
    struct kit *kit = start(kit_limits(), "127.0.0.1");
    char text[4000];

    (void)state;
    for (size_t i = 0; i < COUNT(seconds); i++) {
        ssize_t len;
        int fd = dial(kit->port);
        put_text(fd, "PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n");
        put(fd, seconds[i].ptr, seconds[i].len);
        put_text(fd, ASK);
        char *all = drain_socket(fd, &len);
        CHECK(len >= 0 && (len == 0 || strstr(all, " 400 ")) && !strstr(all, " 200 "), "%zu: %zd, %s", i, len, all);
        free(all);
        close(fd);
    }
    int fd = dial(kit->port);
    put_text(fd, "PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n" ASK);
    assert_int_equal(read_answer(fd, text, sizeof text, false), 200);
    close(fd);
    kit_stop(kit);
}

static void others_are_not_let_in(void **state)
{
    struct kit *kit = start(kit_limits(), "192.0.2.0/24");
    int fd = dial(kit->port);

    (void)state;
    put_text(fd, "PROXY TCP4 192.0.2.9 192.0.2.1 4711 443\r\n" ASK);
    assert_true(is_closed(fd));
    assert_int_equal(kit_counts(kit).proxy_refusals, 1);
    assert_int_equal(kit->calls, 0);
    close(fd);
    kit_stop(kit);
}

/* Unlike a first request, which may take limits.idle_ms, a header has to come at once. */
static void a_header_that_does_not_come_ends_the_connection(void **state)
{
    static const char *const begins[] = { "", "P", "PROXY TCP4 203.0.113.9 192.0.2.1 47" };
    struct http_limits limits = kit_limits();
    int fds[COUNT(begins)];

    (void)state;
    limits.head_ms = 100;
    limits.idle_ms = 60000;
    limits.connections = COUNT(begins);
    struct kit *kit = start(limits, "127.0.0.1");
    for (size_t i = 0; i < COUNT(begins); i++) {
        fds[i] = dial(kit->port);
        put_text(fds[i], begins[i]);
    }
    int more = dial(kit->port); /* they count from when they are accepted */
    assert_true(is_closed(more));
    close(more);
    for (size_t i = 0; i < COUNT(begins); i++) {
        CHECK(is_closed(fds[i]), "%s", begins[i]);
        close(fds[i]);
    }
    struct http_counts counts = kit_counts(kit);
    assert_int_equal(counts.timeouts, COUNT(begins));
    assert_int_equal(counts.refused, 1);
    assert_int_equal(counts.proxy_refusals, 0);
    assert_int_equal(counts.connections, 0);
    kit_stop(kit);
}

/* A proxy that only looks whether somebody listens. One that resets may be gone when it is accepted: nobody knows its address. */
static void who_closes_before_its_header_is_no_fault(void **state)
{
    static const char *const begins[] = { "", "PRO", "PROXY UNKNOWN\r\n" };
    struct http_limits limits = kit_limits();
    struct network from;
    struct kit *kit = kit_prepare(&limits);

    (void)state;
    assert_true(network_parse(STR("127.0.0.1"), &from));
    http_server_proxied(kit->server, &from, 1);
    kit_listen(kit);
    for (size_t i = 0; i < 2 * COUNT(begins); i++) {
        struct linger reset = { .l_onoff = i % 2 };
        int fd = dial(kit->port);
        put_text(fd, begins[i / 2]);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
    kit_run(kit);
    for (int i = 0; i < 1000 && (kit_counts(kit).accepted < 2 * COUNT(begins) || kit->counts.connections); i++)
        usleep(2000);
    assert_int_equal(kit->counts.accepted, 2 * COUNT(begins));
    assert_int_equal(kit->counts.connections, 0);
    assert_int_equal(kit->counts.proxy_refusals + kit->counts.timeouts, 0);
    kit_stop(kit);
}

static void drain(struct kit *kit)
{
    http_server_drain(kit->server, 60000, NULL, NULL);
}

static void a_drain_does_not_wait_for_headers(void **state)
{
    struct kit *kit = start(kit_limits(), "127.0.0.1");
    int silent = dial(kit->port), late = dial(kit->port);
    char text[1000];

    (void)state;
    while (kit_counts(kit).connections < 2)
        usleep(2000);
    kit_do(kit, drain);
    put_text(late, "PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n" ASK); /* was on its way */
    assert_int_equal(read_answer(late, text, sizeof text, false), 200);
    assert_true(is_closed(silent));
    close(silent);
    close(late);
    kit_stop(kit);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_read_alike_however_they_come),
        cmocka_unit_test(a_header_of_4096_bytes_is_the_longest),
        cmocka_unit_test(the_peer_is_who_the_header_names),
        cmocka_unit_test(bytes_may_come_one_by_one_or_all_at_once),
        cmocka_unit_test(http2_follows_the_header),
        cmocka_unit_test(a_second_header_is_no_header),
        cmocka_unit_test(others_are_not_let_in),
        cmocka_unit_test(a_header_that_does_not_come_ends_the_connection),
        cmocka_unit_test(who_closes_before_its_header_is_no_fault),
        cmocka_unit_test(a_drain_does_not_wait_for_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
