/* Connecting, keeping a connection, using it again, and what is sent again when it was gone. */
#include "test_net_call_kit.h"

/* A port where nobody listens: it was ours a moment ago. */
static uint16_t closed_port(void)
{
    int fd;
    uint16_t port = server_listen(&fd, 1);

    (void)close(fd);
    return port;
}

static void nobody_to_connect_to(void **state)
{
    static const char *const hosts[] = { "127.0.0.1", "localhost", "::1" };
    struct loop *loop = loop_new();

    (void)state;
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct call_client *client = call_client_new(loop, transports[t], &patient);
        for (size_t i = 0; i < COUNT(hosts); i++) {
            struct call_request request = request_of("GET", hosts[i], closed_port(), "/");
            struct outcome got = call_now(loop, client, &request);
            CHECK(got.err.code == ERR_UPSTREAM, "%s: %s", hosts[i], got.err.detail);
        }
        call_client_free(&client);
    }
    loop_free(&loop);
}

static void names_are_looked_up(void **state)
{
    static const struct script scripts[] = { { .reply = OK_HEAD "Content-Length: 0\r\n\r\n" } };
    struct server server;
    struct loop *loop = loop_new();

    (void)state;
    server_start(&server, scripts);
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct call_client *client = call_client_new(loop, transports[t], &patient);
        struct call_request request = request_of("GET", "LocalHost", server.port, "/0");
        struct outcome got = call_now(loop, client, &request);
        CHECK(got.status == 200, "%s", got.err.detail);
        /* RFC 6761: there is no such name; a resolver that cannot ask anybody may take its time. */
        request = request_of("GET", "no-such-host.invalid", server.port, "/0");
        got = call_now(loop, client, &request);
        CHECK(got.err.code == ERR_UPSTREAM || got.err.code == ERR_UPSTREAM_TIMEOUT, "%s", got.err.detail);
        /* Leaving while a name is looked up. */
        request = request_of("GET", "no-such-host-either.invalid", server.port, "/0");
        struct outcome never = { .loop = loop };
        struct call *call = call_start(client, &request, on_done, &never);
        call_client_free(&client);
        CHECK(!never.called, "done after the client was freed");
        call_free(&call);
    }
    loop_free(&loop);
    server_stop(&server);
}

/* NULL: ends the connections. */
static void server_say_to_all(struct server *server, const char *text)
{
    (void)pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
        if (server->fds[i] < 0)
            continue;
        if (text)
            (void)server_send(server->fds[i], text, strlen(text), false);
        else
            (void)shutdown(server->fds[i], SHUT_RDWR);
    }
    (void)pthread_mutex_unlock(&server->lock);
}

static void connections_are_kept(void **state)
{
    static const struct script scripts[] = {
        { .reply = OK_HEAD "Content-Length: 2\r\n\r\nok" },
        { .reply = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" },
        { .reply = "HTTP/1.1 204 No Content\r\n\r\n" },
        { .reply = OK_HEAD "Connection: close\r\nContent-Length: 2\r\n\r\nok" },
    };
    struct server server;
    struct loop *loop = loop_new();

    (void)state;
    server_start(&server, scripts);
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct call_client *client = call_client_new(loop, transports[t], &patient);
        size_t before = server.accepted;
        for (size_t i = 0; i < 30; i++) {
            char target[32];
            (void)snprintf(target, sizeof target, "/%zu", i % 3);
            struct outcome got = get(loop, client, server.port, i % 2 ? "GET" : "POST", target);
            CHECK(got.status, "%s", got.err.detail);
        }
        CHECK(server.accepted == before + 1, "%zu connections for 30 calls", server.accepted - before);
        for (size_t i = 0; i < 3; i++)
            (void)get(loop, client, server.port, "GET", "/3");
        CHECK(server.accepted == before + 3, "a connection that said close was used again");
        CHECK(call_client_counts(client).idle == 0, "a connection that said close is idle");
        call_client_free(&client);
    }
    loop_free(&loop);
    server_stop(&server);
}

static void idle_connections_go(void **state)
{
    static const struct script scripts[] = { { .reply = OK_HEAD "Content-Length: 2\r\n\r\nok" } };
    struct call_limits limits = patient;
    struct server server;
    struct loop *loop = loop_new();

    (void)state;
    limits.idle_ms = 30;
    server_start(&server, scripts);
    struct call_client *client = call_client_new(loop, CALL_H1, &limits);
    (void)get(loop, client, server.port, "GET", "/0");
    CHECK(call_client_counts(client).idle == 1, "%u idle", call_client_counts(client).idle);
    run_until_idle(loop, client);
    CHECK(call_client_counts(client).open == 0, "%u open", call_client_counts(client).open);
    call_client_free(&client);

    /* The server closes, or says something nobody asked for: the connection must not be used again. */
    limits.idle_ms = 20000;
    client = call_client_new(loop, CALL_H1, &limits);
    (void)get(loop, client, server.port, "GET", "/0");
    server_say_to_all(&server, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    struct outcome got = get(loop, client, server.port, "POST", "/0");
    CHECK(!strcmp(got.body, "ok"), "'%s' %s", got.body, got.err.detail);
    server_say_to_all(&server, NULL);
    got = get(loop, client, server.port, "POST", "/0");
    CHECK(!strcmp(got.body, "ok"), "'%s' %s", got.body, got.err.detail);
    server_say_to_all(&server, NULL);
    run_until_idle(loop, client);
    CHECK(call_client_counts(client).open == 0, "%u open", call_client_counts(client).open);
    call_client_free(&client);
    loop_free(&loop);
    server_stop(&server);
}

/* The server closes when it reads the second request of a connection: the client cannot know before it wrote.
 */
static void only_idempotent_and_repeatable_calls_are_sent_again(void **state)
{
    static const struct script scripts[] = {
        { .reply = OK_HEAD "Content-Length: 2\r\n\r\nok" },
        { .reply = OK_HEAD "Content-Length: 2\r\n\r\nok", .only_fresh = true },
        { .reply = "", .after = AFTER_CLOSE },
    };
    static const struct {
        const char *method, *target;
        bool warm, repeatable; /* on a reused connection; as the caller says */
        int status;
        size_t requests;
        unsigned retried;
    } cases[] = {
        { "GET", "/1", true, false, 200, 2, 1 },    { "PUT", "/1", true, false, 200, 2, 1 },
        { "DELETE", "/1", true, false, 200, 2, 1 }, { "OPTIONS", "/1", true, false, 200, 2, 1 },
        { "POST", "/1", true, false, 0, 1, 0 },     { "PATCH", "/1", true, false, 0, 1, 0 },
        { "POST", "/1", true, true, 200, 2, 1 },    { "POST", "/1/20", true, true, 0, 2, 1 },
        { "GET", "/2", false, false, 0, 1, 0 },     { "GET", "/2", true, false, 0, 2, 1 },
        { "POST", "/2", false, true, 0, 1, 0 },     { "GET", "/1", false, false, 200, 1, 0 },
        { "POST", "/1", false, false, 200, 1, 0 },  { "GET", "/1/20", true, false, 0, 2, 1 },
    };
    struct server server;
    struct loop *loop = loop_new();

    (void)state;
    server_start(&server, scripts);
    for (size_t t = 0; t < COUNT(transports); t++) {
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct call_client *client = call_client_new(loop, transports[t], &patient);
            if (cases[i].warm)
                (void)get(loop, client, server.port, "GET", "/0");
            size_t before = server.requests;
            struct call_request request =
                request_to(cases[i].method, server.port, cases[i].target, cases[i].repeatable);
            struct outcome got = call_now(loop, client, &request);
            struct call_counts counts = call_client_counts(client);
            const char *carrier = carrier_name(transports[t]);
            CHECK(got.status == cases[i].status, "case %zu over %s: %d %s", i, carrier, got.status,
                  got.err.detail);
            CHECK(got.status || got.err.code == ERR_UPSTREAM, "case %zu over %s: %s", i, carrier,
                  got.err.detail);
            CHECK(server.requests - before == cases[i].requests, "case %zu over %s: sent %zu times", i,
                  carrier, server.requests - before);
            CHECK(counts.retried == cases[i].retried, "case %zu over %s: sent again %zu times", i, carrier,
                  (size_t)counts.retried);
            CHECK(counts.failed == !cases[i].status, "case %zu over %s: %zu failed", i, carrier,
                  (size_t)counts.failed);
            call_client_free(&client);
        }
    }
    loop_free(&loop);
    server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_to_connect_to),
        cmocka_unit_test(names_are_looked_up),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(idle_connections_go),
        cmocka_unit_test(only_idempotent_and_repeatable_calls_are_sent_again),
    };

    ignore_proxies();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
