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

    CHECK(!outcome->inside_start, "done inside call_start");
    CHECK(!outcome->called, "done came twice: %s", err ? err->detail : "an answer");
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

/* ---- waiting for others ---- */

struct watch {
    struct deadline deadline;
    struct loop *loop;
    const struct call_client *client;
    struct server *server;
    size_t requests;
};

static void look(struct deadline *deadline)
{
    struct watch *watch = (struct watch *)(void *)deadline;

    if (watch->client ? call_client_counts(watch->client).open > 0
                      : watch->server->requests < watch->requests)
        deadline_set(watch->loop, deadline, 2);
    else
        loop_stop(watch->loop);
}

static void run_until_idle(struct loop *loop, const struct call_client *client)
{
    struct watch watch = { .deadline.run = look, .loop = loop, .client = client };

    deadline_set(loop, &watch.deadline, 0);
    loop_run(loop);
}

static void run_until_requests(struct loop *loop, struct server *server, size_t requests)
{
    struct watch watch = { .deadline.run = look, .loop = loop, .server = server, .requests = requests };

    deadline_set(loop, &watch.deadline, 0);
    loop_run(loop);
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

/* ---- what is sent ---- */

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

/* ---- connections ---- */

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
static void only_idempotent_calls_are_sent_again(void **state)
{
    static const struct script scripts[] = {
        { .reply = OK_HEAD "Content-Length: 2\r\n\r\nok" },
        { .reply = OK_HEAD "Content-Length: 2\r\n\r\nok", .only_fresh = true },
        { .reply = "", .after = AFTER_CLOSE },
    };
    static const struct {
        const char *method, *target;
        bool warm; /* on a reused connection */
        int status;
        size_t requests;
        unsigned retried;
    } cases[] = {
        { "GET", "/1", true, 200, 2, 1 },    { "PUT", "/1", true, 200, 2, 1 },
        { "DELETE", "/1", true, 200, 2, 1 }, { "OPTIONS", "/1", true, 200, 2, 1 },
        { "POST", "/1", true, 0, 1, 0 },     { "PATCH", "/1", true, 0, 1, 0 },
        { "GET", "/2", false, 0, 1, 0 },     { "GET", "/2", true, 0, 2, 1 },
        { "POST", "/2", false, 0, 1, 0 },    { "GET", "/1", false, 200, 1, 0 },
        { "POST", "/1", false, 200, 1, 0 },  { "GET", "/1/20", true, 0, 2, 1 },
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
            struct outcome got = get(loop, client, server.port, cases[i].method, cases[i].target);
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

/* ---- time ---- */

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

/* The queue of a listener that accepts nobody is full: the kernel drops what comes. */
static void connecting_ends_in_time(void **state)
{
    int fd, fillers[4];
    uint16_t port = server_listen(&fd, 0);
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct call_limits limits = patient;
    struct loop *loop = loop_new();

    (void)state;
    limits.connect_ms = 50;
    for (size_t i = 0; i < COUNT(fillers); i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fillers[i], (struct sockaddr *)&at, sizeof at);
    }
    for (size_t t = 0; t < COUNT(transports); t++) {
        struct call_client *client = call_client_new(loop, transports[t], &limits);
        struct outcome got = get(loop, client, port, "GET", "/");
        CHECK(got.err.code == ERR_UPSTREAM_TIMEOUT, "%s: %s", carrier_name(transports[t]), got.err.detail);
        call_client_free(&client);
    }
    for (size_t i = 0; i < COUNT(fillers); i++)
        (void)close(fillers[i]);
    (void)close(fd);
    loop_free(&loop);
}

/* ---- many at a time ---- */

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

/* ---- leaving early ---- */

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
        cmocka_unit_test(requests_look_the_same_over_both),
        cmocka_unit_test(what_may_not_be_sent_is_refused),
        cmocka_unit_test(nobody_to_connect_to),
        cmocka_unit_test(names_are_looked_up),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(idle_connections_go),
        cmocka_unit_test(only_idempotent_calls_are_sent_again),
        cmocka_unit_test(calls_end_in_time),
        cmocka_unit_test(connecting_ends_in_time),
        cmocka_unit_test(many_calls_share_few_connections),
        cmocka_unit_test(too_many_waiting_calls_are_refused),
        cmocka_unit_test(cancelled_calls_are_not_heard_of),
        cmocka_unit_test(large_bodies_are_sent),
        cmocka_unit_test(large_answers_come_whole),
    };

    /* Proxies of the environment are not ours. */
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("all_proxy", "http://127.0.0.1:1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
