/* Answers, good and bad, small and large, whole and cut off: what either transport makes of them. */
#include "test_net_call_kit.h"

#define TENTH   "0123456789"
#define HUNDRED TENTH TENTH TENTH TENTH TENTH TENTH TENTH TENTH TENTH TENTH

static const struct answer_case {
    struct script script;
    int status; /* 0: an error */
    enum err_code code;
    const char *body, *method;
    bool curl_accepts; /* where curl is less strict: the bytes after the end are thrown away */
} answers[] = {
    { .script = { "length", OK_HEAD "Content-Length: 5\r\n\r\nhello" }, .status = 200, .body = "hello" },
    { .script = { "length, trickling", OK_HEAD "Content-Length: 5\r\n\r\nhello", .trickle = true },
      .status = 200,
      .body = "hello" },
    { .script = { "chunked", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n" },
      .status = 200,
      .body = "hello" },
    { .script = { "chunked, trickling",
                  OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
                  .trickle = true },
      .status = 200,
      .body = "hello" },
    { .script = { "to the end", OK_HEAD "\r\nhello", .after = AFTER_CLOSE }, .status = 200, .body = "hello" },
    { .script = { "204", "HTTP/1.1 204 No Content\r\n\r\n" }, .status = 204, .body = "" },
    { .script = { "304", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n" }, .status = 304, .body = "" },
    { .script = { "HEAD", OK_HEAD "Content-Length: 5\r\n\r\n" },
      .status = 200,
      .body = "",
      .method = "HEAD" },
    { .script = { "POST", OK_HEAD "Content-Length: 2\r\n\r\nok" },
      .status = 200,
      .body = "ok",
      .method = "POST" },
    { .script = { "PATCH without body", OK_HEAD "Content-Length: 2\r\n\r\nok" },
      .status = 200,
      .body = "ok",
      .method = "PATCH" },
    { .script = { "error with body", "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nno" },
      .status = 500,
      .body = "no" },
    { .script = { "redirect", "HTTP/1.1 302 Found\r\nLocation: /0\r\nContent-Length: 0\r\n\r\n" },
      .status = 302,
      .body = "" },
    { .script = { "1xx first",
                  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" OK_HEAD
                  "Content-Length: 2\r\n\r\nok" },
      .status = 200,
      .body = "ok" },
    { .script = { "close announced", OK_HEAD "Connection: close\r\nContent-Length: 2\r\n\r\nok",
                  .after = AFTER_CLOSE },
      .status = 200,
      .body = "ok" },
    { .script = { "nothing", "", .after = AFTER_CLOSE }, .code = ERR_UPSTREAM },
    { .script = { "reset", "", .after = AFTER_RESET }, .code = ERR_UPSTREAM },
    { .script = { "reset within the head", "HTTP/1.1 200", .after = AFTER_RESET }, .code = ERR_UPSTREAM },
    { .script = { "reset within the body", OK_HEAD "Content-Length: 5\r\n\r\nhel", .after = AFTER_RESET },
      .code = ERR_UPSTREAM },
    { .script = { "reset instead of the end", OK_HEAD "\r\nhel", .after = AFTER_RESET },
      .code = ERR_UPSTREAM },
    { .script = { "garbage", "<html>\r\n\r\n", .after = AFTER_CLOSE }, .code = ERR_UPSTREAM },
    { .script = { "HTTP/0.9", "hello", .after = AFTER_CLOSE }, .code = ERR_UPSTREAM },
    { .script = { "length too long", OK_HEAD "Content-Length: 6\r\n\r\nhello", .after = AFTER_CLOSE },
      .code = ERR_UPSTREAM },
    { .script = { "length too short", OK_HEAD "Content-Length: 4\r\n\r\nhello" },
      .code = ERR_UPSTREAM,
      .body = "hell",
      .curl_accepts = true },
    { .script = { "two answers", OK_HEAD "Content-Length: 0\r\n\r\n" OK_HEAD "Content-Length: 0\r\n\r\n" },
      .code = ERR_UPSTREAM,
      .body = "",
      .curl_accepts = true },
    { .script = { "length and chunked",
                  OK_HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" },
      .code = ERR_UPSTREAM },
    { .script = { "two lengths", OK_HEAD "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello" },
      .code = ERR_UPSTREAM },
    { .script = { "the same length twice", OK_HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" },
      .code = ERR_UPSTREAM },
    { .script = { "length is no number", OK_HEAD "Content-Length: five\r\n\r\nhello" },
      .code = ERR_UPSTREAM },
    { .script = { "body after 204", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello" },
      .code = ERR_UPSTREAM },
    { .script = { "unannounced body after 204", "HTTP/1.1 204 No Content\r\n\r\nhello" },
      .code = ERR_UPSTREAM,
      .body = "",
      .curl_accepts = true },
    { .script = { "other coding", OK_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" },
      .code = ERR_UPSTREAM },
    { .script = { "bad chunk", OK_HEAD "Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n" },
      .code = ERR_UPSTREAM },
    { .script = { "chunk too long", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n" },
      .code = ERR_UPSTREAM },
    { .script = { "no last chunk", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                  .after = AFTER_CLOSE },
      .code = ERR_UPSTREAM },
    { .script = { "bytes after the last chunk", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nx" },
      .code = ERR_UPSTREAM,
      .body = "",
      .curl_accepts = true },
    { .script = { "unasked upgrade", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" },
      .code = ERR_UPSTREAM },
    { .script = { "1xx storm", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
                  AFTER_FLOOD },
      .code = ERR_UPSTREAM },
    { .script = { "huge header", "HTTP/1.1 200 OK\r\nX: ", HUNDRED, AFTER_FLOOD }, .code = ERR_UPSTREAM },
    { .script = { "huge number of headers", "HTTP/1.1 200 OK\r\n", "a: b\r\n", AFTER_FLOOD },
      .code = ERR_UPSTREAM },
    { .script = { "huge length", OK_HEAD "Content-Length: 999999999999\r\n\r\n", HUNDRED, AFTER_FLOOD },
      .code = ERR_UPSTREAM },
    { .script = { "huge body to the end", OK_HEAD "\r\n", HUNDRED, AFTER_FLOOD }, .code = ERR_UPSTREAM },
    { .script = { "huge body of chunks", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n", "a\r\n0123456789\r\n",
                  AFTER_FLOOD },
      .code = ERR_UPSTREAM },
    { .script = { "endless trailers", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n", "a: b\r\n",
                  AFTER_FLOOD },
      .code = ERR_UPSTREAM },
};

static void judge(const struct answer_case *want, enum call_transport transport, const struct outcome *got)
{
    const char *name = want->script.name, *carrier = carrier_name(transport);
    bool accepts = want->status || (transport == CALL_CURL && want->curl_accepts);

    if (!accepts) {
        CHECK(!got->status, "%s over %s: accepted with %d", name, carrier, got->status);
        CHECK(got->err.code == want->code, "%s over %s: %s", name, carrier, got->err.detail);
        return;
    }
    CHECK(got->status, "%s over %s: %s", name, carrier, got->err.detail);
    CHECK(!want->status || got->status == want->status, "%s over %s: %d", name, carrier, got->status);
    CHECK(!strcmp(got->body, want->body), "%s over %s: '%s'", name, carrier, got->body);
    CHECK(!strstr(want->script.reply, OK_HEAD) || !strcmp(got->type, "application/json"),
          "%s over %s: type '%s'", name, carrier, got->type);
}

static void answers_good_and_bad(void **state)
{
    struct script scripts[COUNT(answers)];
    struct server server;
    struct loop *loop = loop_new();

    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++)
        scripts[i] = answers[i].script;
    server_start(&server, scripts);
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct call_client *client = call_client_new(loop, transports[t], &patient);
        for (size_t i = 0; i < COUNT(answers); i++) {
            char target[32];
            (void)snprintf(target, sizeof target, "/%zu", i);
            struct outcome got =
                get(loop, client, server.port, answers[i].method ? answers[i].method : "GET", target);
            judge(&answers[i], transports[t], &got);
        }
        call_client_free(&client);
    }
    loop_free(&loop);
    server_stop(&server);
}

/* Answers are read the same when they come whole; cut anywhere they are refused. */
static void an_answer_cut_anywhere_is_refused(void **state)
{
    static const struct script scripts[] = {
        { .reply = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!" },
        { .reply = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "5\r\nhello\r\n0\r\nX: y\r\n\r\n" },
    };
    struct server server;
    struct loop *loop = loop_new();

    (void)state;
    server_start(&server, scripts);
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct call_client *client = call_client_new(loop, transports[t], &patient);
        for (size_t i = 0; i < COUNT(scripts); i++) {
            /* Curl takes the last CR for the end. */
            size_t whole = strlen(scripts[i].reply) - (transports[t] == CALL_CURL);
            for (size_t len = 0; len < whole; len++) {
                char target[48];
                (void)snprintf(target, sizeof target, "/%zu/%zu", i, len);
                struct outcome got = get(loop, client, server.port, "POST", target);
                CHECK(got.err.code == ERR_UPSTREAM, "%s over %s: %d %s", target, carrier_name(transports[t]),
                      got.status, got.err.detail);
            }
        }
        call_client_free(&client);
    }
    loop_free(&loop);
    server_stop(&server);
}

enum { LARGE_ANSWER = 25600 };

/* `head`, LARGE_ANSWER bytes, `tail`. */
static struct script large_script(char *space, const char *head, const char *tail, enum after after)
{
    size_t len = strlen(head);

    memcpy(space, head, len);
    memset(space + len, 'x', LARGE_ANSWER);
    memcpy(space + len + LARGE_ANSWER, tail, strlen(tail) + 1);
    return (struct script){ .reply = space, .after = after };
}

static void large_answers_come_whole(void **state)
{
    static char replies[3][LARGE_ANSWER + 256];
    const struct script scripts[] = {
        large_script(replies[0], OK_HEAD "\r\n", "", AFTER_CLOSE),
        large_script(replies[1], OK_HEAD "Content-Length: 25600\r\n\r\n", "", AFTER_KEEP),
        large_script(replies[2], OK_HEAD "Transfer-Encoding: chunked\r\n\r\n6400\r\n", "\r\n0\r\n\r\n",
                     AFTER_KEEP),
    };
    struct call_limits limits = patient;
    struct server server;
    struct loop *loop = loop_new();

    (void)state;
    server_start(&server, scripts);
    for (size_t t = 0; t < COUNT(transports); t++) {
        for (size_t i = 0; i < COUNT(scripts) * 2; i++) { /* with just enough room, and one byte less */
            char target[32];
            (void)snprintf(target, sizeof target, "/%zu", i / 2);
            limits.body_bytes = LARGE_ANSWER - i % 2;
            struct call_client *client = call_client_new(loop, transports[t], &limits);
            struct outcome got = get(loop, client, server.port, "GET", target);
            bool well = i % 2 ? got.err.code == ERR_UPSTREAM : got.body_len == LARGE_ANSWER;
            CHECK(well, "case %zu over %s: %d, %zu bytes, %s", i, carrier_name(transports[t]), got.status,
                  got.body_len, got.err.detail);
            call_client_free(&client);
        }
    }
    loop_free(&loop);
    server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_good_and_bad),
        cmocka_unit_test(an_answer_cut_anywhere_is_refused),
        cmocka_unit_test(large_answers_come_whole),
    };

    ignore_proxies();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
