/* Calls over both transports against a scripted server, through net/call.h: what test_net_call_*.c share. */
#pragma once

#include "check.h"
#include "net/call.h"
#include "test_net_server.h"

static const enum call_transport transports[] = { CALL_H1, CALL_CURL };

static inline const char *carrier_name(enum call_transport transport)
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

struct outcome {
    struct loop *loop;
    bool inside_start, called;
    int status;
    char body[128], type[64];
    size_t body_len;
    struct err err;
};

static inline void on_done(struct call *call, const struct call_answer *answer, const struct err *err,
                           void *data)
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

static inline struct call_request request_of(const char *method, const char *host, uint16_t port,
                                             const char *target)
{
    return (struct call_request){ .method = str_from(method),
                                  .scheme = STR("http"),
                                  .host = str_from(host),
                                  .port = port,
                                  .target = str_from(target) };
}

static inline struct outcome call_now(struct loop *loop, struct call_client *client,
                                      const struct call_request *request)
{
    struct outcome outcome = { .loop = loop, .inside_start = true };

    (void)call_start(client, request, on_done, &outcome);
    outcome.inside_start = false;
    loop_run(loop);
    CHECK(outcome.called, "no outcome");
    return outcome;
}

/* With a body where the method has one. */
static inline struct call_request request_to(const char *method, uint16_t port, const char *target,
                                             bool repeatable)
{
    struct call_request request = request_of(method, "127.0.0.1", port, target);

    request.repeatable = repeatable;
    request.has_body = str_is(request.method, "POST") || str_is(request.method, "PUT");
    request.body = request.has_body ? STR("{\"a\":1}") : STR_NONE;
    return request;
}

static inline struct outcome get(struct loop *loop, struct call_client *client, uint16_t port,
                                 const char *method, const char *target)
{
    struct call_request request = request_to(method, port, target, false);

    return call_now(loop, client, &request);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

/* Proxies of the environment are not ours. */
static inline void ignore_proxies(void)
{
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("all_proxy", "http://127.0.0.1:1", 1);
}

/* ---- waiting for others ---- */

struct watch {
    struct deadline deadline;
    struct loop *loop;
    const struct call_client *client;
    struct server *server;
    size_t requests;
};

static inline void look(struct deadline *deadline)
{
    struct watch *watch = (struct watch *)(void *)deadline;

    if (watch->client ? call_client_counts(watch->client).open > 0
                      : watch->server->requests < watch->requests)
        deadline_set(watch->loop, deadline, 2);
    else
        loop_stop(watch->loop);
}

static inline void run_until_idle(struct loop *loop, const struct call_client *client)
{
    struct watch watch = { .deadline.run = look, .loop = loop, .client = client };

    deadline_set(loop, &watch.deadline, 0);
    loop_run(loop);
}

static inline void run_until_requests(struct loop *loop, struct server *server, size_t requests)
{
    struct watch watch = { .deadline.run = look, .loop = loop, .server = server, .requests = requests };

    deadline_set(loop, &watch.deadline, 0);
    loop_run(loop);
}
