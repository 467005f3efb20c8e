/* Bytes that nobody asked for, right behind an answer: they must never be the answer to the next call. */
#include "check.h"
#include "net/call.h"
#include "test_net_server.h"

#define FORGED "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
#define OWN    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown"

enum { MOST = 64 * 1024 };

struct pair {
    struct loop *loop;
    unsigned left, forged, own;
};

static void on_done(struct call *call, const struct call_answer *answer, const struct err *err, void *data)
{
    struct pair *pair = data;

    (void)err; /* the first may be refused for what stands behind it */
    pair->forged += answer && str_is(answer->body, "forged");
    pair->own += answer && str_is(answer->body, "own");
    call_free(&call);
    if (--pair->left == 0)
        loop_stop(pair->loop);
}

/* Two calls, of which the second waits for the first one's connection. */
static struct pair ask_twice(const char *first, enum call_transport transport)
{
    const struct script scripts[] = { { .reply = first }, { .reply = OWN } };
    struct call_limits limits = call_default_limits;
    struct loop *loop = loop_new();
    struct pair pair = { .loop = loop, .left = 2 };
    struct server server;

    limits.connections = 1;
    server_start(&server, scripts);
    struct call_client *client = call_client_new(loop, transport, &limits);
    struct call_request request = { .scheme = STR("http"),
                                    .host = STR("127.0.0.1"),
                                    .port = server.port,
                                    .method = STR("GET"),
                                    .target = STR("/0") };
    (void)call_start(client, &request, on_done, &pair);
    request.target = STR("/1");
    (void)call_start(client, &request, on_done, &pair);
    loop_run(loop);
    call_client_free(&client);
    loop_free(&loop);
    server_stop(&server);
    return pair;
}

/* An answer of `size` bytes in all, by its length or in one chunk, and the forged one. */
static void write_answer(char *to, size_t size, bool chunked)
{
    static const char tail[] = "\r\n0\r\n\r\n";
    size_t head = 0, end = chunked ? sizeof tail - 1 : 0;

    for (int i = 0; i < 2; i++) /* the head's size depends on the body's */
        head = (size_t)sprintf(to,
                               chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%05zx\r\n"
                                       : "HTTP/1.1 200 OK\r\nContent-Length: %05zu\r\n\r\n",
                               size - head - end);
    memset(to + head, 'x', size - head - end);
    memcpy(to + size - end, tail, end);
    memcpy(to + size, FORGED, sizeof FORGED);
}

/* Sizes at which a read is filled to its last byte are among these: the rest is still in the socket then. */
static void what_follows_an_answer_is_no_answer(void **state)
{
    static const enum call_transport transports[] = { CALL_H1, CALL_CURL };
    static char reply[MOST];

    (void)state;
    for (size_t i = 0; i < 3 * 48; i++) {
        size_t size = (8192u << i / 48) - 24 + i % 48;
        for (size_t k = 0; k < 4; k++) {
            write_answer(reply, size, k & 1);
            struct pair pair = ask_twice(reply, transports[k / 2]);
            CHECK(!pair.forged && pair.own == 1, "%zu bytes, %s, %s: %u forged, %u own", size,
                  k & 1 ? "chunked" : "length", k / 2 ? "curl" : "h1", pair.forged, pair.own);
        }
    }
}

static void start(struct call_client *client, struct pair *pair, uint16_t port, const char *method, const char *target)
{
    const struct call_request request = { .scheme = STR("http"),
                                          .host = STR("127.0.0.1"),
                                          .port = port,
                                          .method = str_from(method),
                                          .target = str_from(target) };

    pair->left++;
    (void)call_start(client, &request, on_done, pair);
}

/* Two kept connections: one is closed when it gets the request, the other has something nobody asked for. The request was
 * sent, so it is not begun again. */
static void what_was_sent_is_not_begun_again(void **state)
{
    static char reply[MOST];
    const struct script scripts[] = { { .reply = reply }, { .reply = OWN }, { .reply = OWN, .only_fresh = true } };

    (void)state;
    write_answer(reply, 40000, false);
    for (size_t first = 0; first < 2; first++) {
        struct loop *loop = loop_new();
        struct pair pair = { .loop = loop };
        struct server server;
        server_start(&server, scripts);
        struct call_client *client = call_client_new(loop, CALL_CURL, NULL);
        start(client, &pair, server.port, "GET", first ? "/1" : "/0");
        start(client, &pair, server.port, "GET", first ? "/0" : "/1");
        loop_run(loop);
        start(client, &pair, server.port, "POST", "/2");
        loop_run(loop);
        /* curl takes the connection that was used last: one with something in it is left at once, and the request goes
         * out on a new one; one that is closed under the request ends it */
        CHECK(pair.own == (first ? 1 : 2) && !pair.forged, "%zu: %u own, %u forged", first, pair.own, pair.forged);
        call_client_free(&client);
        loop_free(&loop);
        server_stop(&server);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(what_follows_an_answer_is_no_answer),
                                               cmocka_unit_test(what_was_sent_is_not_begun_again) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
