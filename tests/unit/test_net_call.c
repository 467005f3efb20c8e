/* Calls over both transports against a scripted server, through net/call.h. */
#include "check.h"
#include "net/call.h"
#include "test_net_server.h"

static const enum call_transport transports[] = { CALL_H1, CALL_CURL };

static const char *carrier_name(enum call_transport transport)
{
    return transport == CALL_H1 ? "h1" : "curl";
}

/* Long enough that no slow machine meets them, except where a test is about them. */
static const struct call_limits patient = {
    .connect_ms = 20000,
    .first_byte_ms = 20000,
    .total_ms = 20000,
    .body_bytes = 4096,
    .head_bytes = 2048,
    .connections = 8,
    .waiting = 600,
    .idle_ms = 20000,
};

/* ---- one call after the other ---- */

struct outcome {
    struct loop *loop;
    bool inside_start, called;
    int status;
    char body[128], type[64];
    size_t body_len;
    struct err err;
};

static void on_done(struct call *call, const struct call_answer *answer, const struct err *err, void *data)
{
    struct outcome *outcome = data;

    CHECK(!outcome->called && !outcome->inside_start, "done came twice, or inside call_start");
    CHECK(!answer != !err, "neither or both of answer and error");
    outcome->called = true;
    if (err)
        outcome->err = *err;
    if (answer) {
        outcome->status = answer->status;
        outcome->body_len = answer->body.len;
        (void)snprintf(outcome->body, sizeof outcome->body, STR_FMT, STR_ARG(answer->body));
        for (size_t i = 0; i < answer->header_count; i++)
            if (str_is(answer->headers[i].name, "content-type"))
                (void)snprintf(outcome->type, sizeof outcome->type, STR_FMT,
                               STR_ARG(answer->headers[i].value));
    }
    loop_stop(outcome->loop);
    call_free(&call);
}

static struct call_request request_of(const char *method, const char *host, uint16_t port, const char *target)
{
    return (struct call_request){ .method = str_from(method),
                                  .scheme = STR("http"),
                                  .host = str_from(host),
                                  .port = port,
                                  .target = str_from(target) };
}

static struct outcome call_now(struct loop *loop, struct call_client *client,
                               const struct call_request *request)
{
    struct outcome outcome = { .loop = loop, .inside_start = true };

    (void)call_start(client, request, on_done, &outcome);
    outcome.inside_start = false;
    loop_run(loop);
    CHECK(outcome.called, "no outcome");
    return outcome;
}

static struct outcome get(struct loop *loop, struct call_client *client, uint16_t port, const char *method,
                          const char *target)
{
    struct call_request request = request_of(method, "127.0.0.1", port, target);

    if (str_is(request.method, "POST") || str_is(request.method, "PUT")) {
        request.has_body = true;
        request.body = STR("{\"a\":1}");
    }
    return call_now(loop, client, &request);
}

/* ---- answers, good and bad ---- */

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define HUNDRED                                                                                              \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_good_and_bad),
    };

    /* Proxies of the environment are not ours. */
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("all_proxy", "http://127.0.0.1:1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
