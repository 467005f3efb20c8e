/* What a call sends, the same over both transports, and what it refuses to send. */
#include "test_net_call_kit.h"

/* "host: a\r\n" lines joined by '|', the names in lower case (curl writes its own as Host and
 * Content-Length). */
static void lines(char *to, size_t space, const char *head)
{
    size_t used = 0;
    bool in_name = false, first_line = true;

    for (; *head && used + 1 < space; head++) {
        if (*head == '\r')
            continue;
        if (*head == '\n' && (!used || to[used - 1] == '|'))
            break;
        char c = *head == '\n' ? '|' : *head;
        if (in_name && c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if (c == ':')
            in_name = false;
        if (c == '|' && !first_line && to[used - 1] == ' ')
            used--; /* "x-empty: " and "x-empty:" are the same */
        to[used++] = c;
        if (c == '|') {
            in_name = true;
            first_line = false;
        }
    }
    to[used] = '\0';
}

static void fill_port(char *to, size_t space, const char *text, unsigned port)
{
    const char *at = strstr(text, "PORT");

    (void)snprintf(to, space, "%.*s%u%s", (int)(at - text), text, port, at + 4);
}

static void requests_look_the_same_over_both(void **state)
{
    static const struct script scripts[] = { { .reply = OK_HEAD "Content-Length: 0\r\n\r\n" } };
    static const struct call_header headers[] = {
        { STR_INIT("accept"), STR_INIT("application/json") },
        { STR_INIT("x-empty"), STR_INIT("") },
        { STR_INIT("if-match"), STR_INIT("\"7\"") },
    };
    static const struct {
        const char *method, *target, *body, *want; /* lines joined by '|' */
    } cases[] = {
        { "GET", "/0?a=%20b&c=/../d", NULL,
          "GET /0?a=%20b&c=/../d HTTP/1.1|host: 127.0.0.1:PORT|accept: application/json|x-empty:|if-match: "
          "\"7\"|" },
        { "GET", "/0/../x", NULL,
          "GET /0/../x HTTP/1.1|host: 127.0.0.1:PORT|accept: application/json|x-empty:|if-match: \"7\"|" },
        { "DELETE", "/0", NULL,
          "DELETE /0 HTTP/1.1|host: 127.0.0.1:PORT|accept: application/json|x-empty:|if-match: \"7\"|" },
        { "POST", "/0", "{}",
          "POST /0 HTTP/1.1|host: 127.0.0.1:PORT|accept: application/json|x-empty:|if-match: "
          "\"7\"|content-length: 2|" },
        { "PATCH", "/0", "",
          "PATCH /0 HTTP/1.1|host: 127.0.0.1:PORT|accept: application/json|x-empty:|if-match: "
          "\"7\"|content-length: 0|" },
    };
    struct server server;
    struct loop *loop = loop_new();

    (void)state;
    server_start(&server, scripts);
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct call_client *client = call_client_new(loop, transports[t], &patient);
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct call_request request =
                request_of(cases[i].method, "127.0.0.1", server.port, cases[i].target);
            request.headers = headers;
            request.header_count = COUNT(headers);
            request.has_body = cases[i].body;
            request.body = str_from(cases[i].body);
            (void)call_now(loop, client, &request);
            char want[512], got[sizeof server.last_request];
            fill_port(want, sizeof want, cases[i].want, server.port);
            (void)pthread_mutex_lock(&server.lock);
            lines(got, sizeof got, server.last_request);
            (void)pthread_mutex_unlock(&server.lock);
            CHECK(!strcmp(got, want), "%s: got  %s\n want %s", carrier_name(transports[t]), got, want);
        }
        call_client_free(&client);
    }
    loop_free(&loop);
    server_stop(&server);
}

static void what_may_not_be_sent_is_refused(void **state)
{
    static const struct {
        const char *method, *scheme, *host, *target;
        struct call_header header;
    } cases[] = {
        { "GET", "ftp", "127.0.0.1", "/", { STR_INIT("a"), STR_INIT("b") } },
        { "GET", "file", "127.0.0.1", "/", { STR_INIT("a"), STR_INIT("b") } },
        { "", "http", "127.0.0.1", "/", { STR_INIT("a"), STR_INIT("b") } },
        { "GET /x", "http", "127.0.0.1", "/", { STR_INIT("a"), STR_INIT("b") } },
        { "GET", "http", "", "/", { STR_INIT("a"), STR_INIT("b") } },
        { "GET", "http", "127.0.0.1\r\nx: y", "/", { STR_INIT("a"), STR_INIT("b") } },
        { "GET", "http", "127.0.0.1", "", { STR_INIT("a"), STR_INIT("b") } },
        { "GET", "http", "127.0.0.1", "x", { STR_INIT("a"), STR_INIT("b") } },
        { "GET", "http", "127.0.0.1", "/a b", { STR_INIT("a"), STR_INIT("b") } },
        { "GET", "http", "127.0.0.1", "/a\tb", { STR_INIT("a"), STR_INIT("b") } },
        { "GET", "http", "127.0.0.1", "/\r\nx: y", { STR_INIT("a"), STR_INIT("b") } },
        { "GET", "http", "127.0.0.1", "/", { STR_INIT(""), STR_INIT("b") } },
        { "GET", "http", "127.0.0.1", "/", { STR_INIT("a b"), STR_INIT("b") } },
        { "GET", "http", "127.0.0.1", "/", { STR_INIT("a:"), STR_INIT("b") } },
        { "GET", "http", "127.0.0.1", "/", { STR_INIT("a"), STR_INIT("b\r\nx: y") } },
        { "GET", "http", "127.0.0.1", "/", { STR_INIT("a"), STR_INIT("b\nx: y") } },
        { "GET", "http", "127.0.0.1", "/", { STR_INIT("a"), STR_INIT("b\0x") } },
    };
    struct loop *loop = loop_new();

    (void)state;
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct call_client *client = call_client_new(loop, transports[t], &patient);
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct call_request request = request_of(cases[i].method, cases[i].host, 1, cases[i].target);
            request.scheme = str_from(cases[i].scheme);
            request.headers = &cases[i].header;
            request.header_count = 1;
            struct outcome got = call_now(loop, client, &request);
            CHECK(got.err.code == ERR_INTERNAL, "case %zu over %s: %s", i, carrier_name(transports[t]),
                  got.err.detail);
        }
        call_client_free(&client);
    }
    loop_free(&loop);
}

/* The body is larger than what sockets take at once, and the server answers before it was read, or goes. */
static void large_bodies_are_sent(void **state)
{
    enum { LARGE = 3 * 1024 * 1024 };
    static const struct script scripts[] = {
        { .reply = OK_HEAD "Content-Length: 2\r\n\r\nok" },
        { .reply = "", .after = AFTER_CLOSE },
    };
    static char body[LARGE];
    struct server server;
    struct loop *loop = loop_new();

    (void)state;
    memset(body, 'x', sizeof body);
    server_start(&server, scripts);
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct call_client *client = call_client_new(loop, transports[t], &patient);
        struct call_request request = request_of("POST", "127.0.0.1", server.port, "/0");
        request.has_body = true;
        request.body = str_of(body, sizeof body);
        for (size_t i = 0; i < 3; i++) {
            struct outcome got = call_now(loop, client, &request);
            CHECK(got.status == 200, "%s: %s", carrier_name(transports[t]), got.err.detail);
        }
        request.target = STR("/1");
        struct outcome got = call_now(loop, client, &request);
        CHECK(got.err.code == ERR_UPSTREAM, "%s: %d %s", carrier_name(transports[t]), got.status,
              got.err.detail);
        call_client_free(&client);
    }
    loop_free(&loop);
    server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_look_the_same_over_both),
        cmocka_unit_test(what_may_not_be_sent_is_refused),
        cmocka_unit_test(large_bodies_are_sent),
    };

    ignore_proxies();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
