/* Where a call ends: its time, its place among many, its caller leaving. */
#include "test_net_call_kit.h"

static void calls_end_in_time(void **state)
{
    static const struct script scripts[] = {
        { .reply = "", .after = AFTER_HANG },
        { .reply = "HTTP/1.1 200", .after = AFTER_HANG },
        { .reply = OK_HEAD "Content-Length: 50000\r\n\r\n", .tail = "x", .after = AFTER_DRIP },
        { .reply = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1;", .tail = "x", .after = AFTER_DRIP },
        { .reply = OK_HEAD "\r\n", .tail = "x", .after = AFTER_DRIP },
        { .reply = "HTTP/1.1 100 Continue\r\n\r\n", .after = AFTER_HANG },
    };
    static const struct {
        const char *target;
        uint64_t first_byte_ms, total_ms;
    } cases[] = {
        { "/0", 50, 20000 }, { "/0", 20000, 50 },  { "/1", 20000, 50 },
        { "/1", 20, 50 },    { "/2", 20000, 100 }, { "/2", 50, 100 },
        { "/3", 20000, 60 }, { "/4", 20000, 100 }, { "/5", 20000, 50 },
    };
    struct server server;
    struct loop *loop = loop_new();

    (void)state;
    server_start(&server, scripts);
    for (size_t t = 0; t < COUNT(transports); t++) {
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct call_limits limits = patient;
            limits.body_bytes = 100000;
            limits.first_byte_ms = cases[i].first_byte_ms;
            limits.total_ms = cases[i].total_ms;
            struct call_client *client = call_client_new(loop, transports[t], &limits);
            struct outcome got = get(loop, client, server.port, "GET", cases[i].target);
            const char *carrier = carrier_name(transports[t]);
            /* A dripped chunk extension may also meet its ceiling. */
            CHECK(got.err.code == ERR_UPSTREAM_TIMEOUT, "case %zu over %s: %d %s", i, carrier, got.status,
                  got.err.detail);
            CHECK(call_client_counts(client).open == 0, "case %zu over %s: a connection is left", i, carrier);
            call_client_free(&client);
        }
    }
    loop_free(&loop);
    server_stop(&server);
}

/* The queue of a listener that accepts nobody is full: the kernel drops what comes, as a machine that is off does. */
struct hole {
    int fd, fillers[4];
    uint16_t port;
};

static void hole_open(struct hole *hole)
{
    hole->port = server_listen(&hole->fd, 0);
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(hole->port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    for (size_t i = 0; i < COUNT(hole->fillers); i++) {
        hole->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(hole->fillers[i], (struct sockaddr *)&at, sizeof at);
    }
}

static void hole_close(const struct hole *hole)
{
    for (size_t i = 0; i < COUNT(hole->fillers); i++)
        (void)close(hole->fillers[i]);
    (void)close(hole->fd);
}

static void connecting_ends_in_time(void **state)
{
    struct call_limits limits = patient;
    struct loop *loop = loop_new();
    struct hole hole;

    (void)state;
    limits.connect_ms = 50;
    hole_open(&hole);
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct call_client *client = call_client_new(loop, transports[t], &limits);
        struct outcome got = get(loop, client, hole.port, "GET", "/");
        CHECK(got.err.code == ERR_UPSTREAM_TIMEOUT, "%s: %s", carrier_name(transports[t]), got.err.detail);
        call_client_free(&client);
    }
    hole_close(&hole);
    loop_free(&loop);
}

static int listen6(uint16_t port)
{
    struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 1024))
        abort();
    return fd;
}

/* localhost is 127.0.0.1, then ::1. */
static void a_dead_address_does_not_take_the_time_of_the_next(void **state)
{
    static const struct script scripts[] = { { .reply = OK_HEAD "Connection: close\r\nContent-Length: 2\r\n\r\nok" } };
    struct call_limits limits = patient;
    struct loop *loop = loop_new();
    struct server server;
    struct hole hole;

    (void)state;
    limits.connect_ms = 2000;
    hole_open(&hole);
    server_start_at(&server, scripts, listen6(hole.port), hole.port);
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct call_client *client = call_client_new(loop, transports[t], &limits);
        struct call_request request = request_of("POST", "localhost", hole.port, "/0");
        for (size_t i = 0; i < 3; i++) {
            uint64_t since_ms = loop_now_ms(loop);
            struct outcome got = call_now(loop, client, &request);
            CHECK(got.status == 200, "%s, call %zu: %s", carrier_name(transports[t]), i, got.err.detail);
            CHECK(!i || transports[t] != CALL_H1 || loop_now_ms(loop) - since_ms < 900,
                  "call %zu began with the dead address again", i);
        }
        call_client_free(&client);
    }
    server_stop(&server);
    hole_close(&hole);
    loop_free(&loop);
}

struct crowd {
    struct loop *loop;
    size_t left, good, unavailable, other;
};

static void on_one_of_many(struct call *call, const struct call_answer *answer, const struct err *err,
                           void *data)
{
    struct crowd *crowd = data;

    if (answer && answer->status == 200 && str_is(answer->body, "ok"))
        crowd->good++;
    else if (err && err->code == ERR_UNAVAILABLE)
        crowd->unavailable++;
    else
        crowd->other++;
    call_free(&call);
    if (--crowd->left == 0)
        loop_stop(crowd->loop);
}

static void many_calls_share_few_connections(void **state)
{
    enum { CALLS = 500 };
    static const struct script scripts[] = { { .reply = OK_HEAD "Content-Length: 2\r\n\r\nok" } };

    (void)state;
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct server server;
        struct loop *loop = loop_new();
        struct crowd crowd = { .loop = loop, .left = CALLS };
        struct call_client *client = call_client_new(loop, transports[t], &patient);
        server_start(&server, scripts);
        struct call_request request = request_of("GET", "127.0.0.1", server.port, "/0");
        for (size_t i = 0; i < CALLS; i++)
            (void)call_start(client, &request, on_one_of_many, &crowd);
        loop_run(loop);
        CHECK(crowd.good == CALLS, "%s: %zu good, %zu unavailable, %zu others", carrier_name(transports[t]),
              crowd.good, crowd.unavailable, crowd.other);
        CHECK(server.accepted <= 8, "%s: %zu connections", carrier_name(transports[t]), server.accepted);
        CHECK(call_client_counts(client).waiting == 0, "some still wait");
        call_client_free(&client);
        loop_free(&loop);
        server_stop(&server);
    }
}

static void too_many_waiting_calls_are_refused(void **state)
{
    static const struct script scripts[] = { { .reply = OK_HEAD "Content-Length: 2\r\n\r\nok" } };
    struct call_limits limits = patient;

    (void)state;
    limits.connections = 2;
    limits.waiting = 3;
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct server server;
        struct loop *loop = loop_new();
        struct crowd crowd = { .loop = loop, .left = 9 };
        struct call_client *client = call_client_new(loop, transports[t], &limits);
        server_start(&server, scripts);
        struct call_request request = request_of("GET", "127.0.0.1", server.port, "/0");
        for (size_t i = 0; i < 9; i++)
            (void)call_start(client, &request, on_one_of_many, &crowd);
        loop_run(loop);
        CHECK(crowd.good == 5 && crowd.unavailable == 4, "%s: %zu good, %zu unavailable, %zu others",
              carrier_name(transports[t]), crowd.good, crowd.unavailable, crowd.other);
        call_client_free(&client);
        loop_free(&loop);
        server_stop(&server);
    }
}

static void cancelled_calls_are_not_heard_of(void **state)
{
    static const struct script scripts[] = {
        { .reply = "", .after = AFTER_HANG },
        { .reply = OK_HEAD "Content-Length: 2\r\n\r\nok" },
    };
    struct call_limits limits = patient;

    (void)state;
    limits.connections = 2;
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct server server;
        struct loop *loop = loop_new();
        struct outcome never = { .loop = loop };
        struct call *calls[4];
        struct call_client *client = call_client_new(loop, transports[t], &limits);
        server_start(&server, scripts);
        struct call_request request = request_of("GET", "127.0.0.1", server.port, "/0");
        for (size_t i = 0; i < COUNT(calls); i++) /* two under way, two waiting */
            calls[i] = call_start(client, &request, on_done, &never);
        call_free(&calls[2]); /* at once */
        run_until_requests(loop, &server, 2);
        call_free(&calls[0]); /* whose place the last one takes */
        call_free(&calls[1]);
        struct outcome got = get(loop, client, server.port, "GET", "/1");
        CHECK(got.status == 200, "%s: %s", carrier_name(transports[t]), got.err.detail);
        call_client_free(&client); /* with a call under way */
        CHECK(!never.called, "%s: done of a cancelled call", carrier_name(transports[t]));
        call_free(&calls[3]);
        loop_free(&loop);
        server_stop(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_end_in_time),
        cmocka_unit_test(connecting_ends_in_time),
        cmocka_unit_test(a_dead_address_does_not_take_the_time_of_the_next),
        cmocka_unit_test(many_calls_share_few_connections),
        cmocka_unit_test(too_many_waiting_calls_are_refused),
        cmocka_unit_test(cancelled_calls_are_not_heard_of),
    };

    ignore_proxies();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
