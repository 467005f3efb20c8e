#include "net/call_inner.h"

/* Idle connections go before common servers close them (Node.js after 5 s), for a request that meets a
 * closing connection cannot be sent again unless it is idempotent. */
const struct call_limits call_default_limits = {
    .connect_ms = 3000,
    .first_byte_ms = 30000,
    .total_ms = 60000,
    .body_bytes = (size_t)16 * 1024 * 1024,
    .head_bytes = (size_t)32 * 1024,
    .connections = 64,
    .waiting = 1024,
    .idle_ms = 4000,
};

/* To use a freed call's memory again would hide a use after free from the sanitizer. */
#if defined(__SANITIZE_ADDRESS__)
enum { MOST_SPARES = 0 };
#else
enum { MOST_SPARES = SPARE_ARENAS };
#endif

/* ---- the client ---- */

static size_t sane(size_t ceiling)
{
    return ceiling < SIZE_MAX / 8 ? ceiling : SIZE_MAX / 8; /* so that doubling cannot overflow */
}

struct call_client *call_client_new(struct loop *loop, enum call_transport transport,
                                    const struct call_limits *limits)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct call_client *client = ARENA_NEW(arena, struct call_client);

    client->arena = arena;
    client->loop = loop;
    client->transport = transport;
    client->most_spares = MOST_SPARES;
    client->limits = limits ? *limits : call_default_limits;
    client->limits.body_bytes = sane(client->limits.body_bytes);
    client->limits.head_bytes = sane(client->limits.head_bytes);
    if (!client->limits.connections)
        client->limits.connections = 1;
    return client;
}

static void drop(struct call *call)
{
    deadline_clear(call->client->loop, &call->deadline);
    if (call->fetch)
        fetch_drop(call);
    else if (call->pool)
        pool_drop(call);
}

void call_client_free(struct call_client **client)
{
    struct call_client *gone = *client;

    *client = NULL;
    if (!gone)
        return;
    gone->closing = true;
    for (struct call *call = gone->calls; call; call = call->next) {
        if (!call->ended)
            drop(call);
        call->client = NULL; /* its owner frees it later */
    }
    pools_free(gone);
    fetcher_free(gone);
    while (gone->spares)
        arena_free(&gone->spare[--gone->spares]);
    struct arena *arena = gone->arena; /* the client lives in it */
    arena_free(&arena);
}

void call_client_tls(struct call_client *client, const char *ca_file, const char *certificate,
                     const char *key)
{
    client->ca_file = ca_file ? arena_cstr(client->arena, str_from(ca_file)) : NULL;
    client->certificate = certificate ? arena_cstr(client->arena, str_from(certificate)) : NULL;
    client->key = key ? arena_cstr(client->arena, str_from(key)) : NULL;
}

struct call_counts call_client_counts(const struct call_client *client)
{
    struct call_counts counts = client->counts;

    pools_count(client, &counts);
    return counts;
}

/* ---- requests that may be sent ---- */

static bool is_header(const struct call_header *header)
{
    return str_is_word(header->name) && !memchr(header->name.ptr, ':', header->name.len) &&
           !str_has_control(header->value);
}

/* Nothing a client sent may end a line of what we send: the last check before the wire. */
static int check(const struct call_request *request, enum call_transport carrier, struct err *err)
{
    bool https = str_is(request->scheme, "https");

    if (!https && !str_is(request->scheme, "http"))
        return err_set(err, ERR_INTERNAL, "scheme is neither http nor https");
    if (https && carrier == CALL_H1)
        return err_set(err, ERR_INTERNAL, "https needs the curl transport");
    if (!str_is_word(request->method) || !str_is_word(request->host) || !str_is_word(request->target) ||
        request->target.ptr[0] != '/')
        return err_set(err, ERR_INTERNAL, "method, host or target cannot be sent");
    for (size_t i = 0; i < request->header_count; i++)
        if (!is_header(&request->headers[i]))
            return err_set(err, ERR_INTERNAL, "header %zu cannot be sent", i);
    return 0;
}

/* RFC 9110 section 9.2.2, those that are used. */
static bool is_idempotent(struct str method)
{
    static const struct str methods[] = { STR_INIT("GET"), STR_INIT("HEAD"), STR_INIT("PUT"),
                                          STR_INIT("DELETE"), STR_INIT("OPTIONS") };

    for (size_t i = 0; i < COUNT(methods); i++)
        if (str_eq(method, methods[i]))
            return true;
    return false;
}

/* ---- the call's own time ---- */

static uint64_t nearest(const struct call *call)
{
    uint64_t by_ms = call->total_by_ms;

    if (!call->answering && call->first_byte_by_ms < by_ms)
        by_ms = call->first_byte_by_ms;
    if (call->address_by_ms < by_ms)
        by_ms = call->address_by_ms;
    return call->connect_by_ms < by_ms ? call->connect_by_ms : by_ms;
}

static bool is_only_of_address(const struct call *call, uint64_t now_ms)
{
    return now_ms >= call->address_by_ms && now_ms < call->connect_by_ms && now_ms < call->total_by_ms &&
           now_ms < call->first_byte_by_ms;
}

static uint64_t later_by(uint64_t now_ms, uint64_t after_ms)
{
    return after_ms > UINT64_MAX - now_ms ? UINT64_MAX : now_ms + after_ms;
}

void call_arm(struct call *call)
{
    uint64_t now_ms = loop_now_ms(call->client->loop), by_ms = nearest(call);

    deadline_set(call->client->loop, &call->deadline, by_ms > now_ms ? by_ms - now_ms : 0);
}

static const char *what_is_late(const struct call *call, uint64_t now_ms)
{
    if (now_ms >= call->total_by_ms)
        return "the answer is not whole in time";
    return now_ms >= call->connect_by_ms ? "cannot connect in time" : "no answer in time";
}

/* A deadline that was passed meanwhile (connected, first byte) is not moved then, but here: most calls end
 * before. */
static void on_deadline(struct deadline *deadline)
{
    struct call *call = CONTAINER(deadline, struct call, deadline);
    uint64_t now_ms = loop_now_ms(call->client->loop);
    struct err err;

    if (call->failing) {
        call_fail(call, &call->err);
        return;
    }
    if (now_ms < nearest(call)) {
        call_arm(call);
        return;
    }
    if (is_only_of_address(call, now_ms)) {
        pool_try_next(call);
        return;
    }
    (void)err_set(&err, ERR_UPSTREAM_TIMEOUT, "%s", what_is_late(call, now_ms));
    drop(call);
    call_fail(call, &err);
}

void call_fail_later(struct call *call)
{
    call->failing = true;
    deadline_set(call->client->loop, &call->deadline, 0);
}

/* ---- calls ---- */

static struct call *new_call(struct call_client *client)
{
    struct arena *arena = client->spares ? client->spare[--client->spares] : arena_new(SIZE_MAX);
    struct call *call = ARENA_NEW(arena, struct call);

    call->arena = arena;
    call->client = client;
    call->next = client->calls;
    if (call->next)
        call->next->previous = call;
    client->calls = call;
    return call;
}

static void begin(struct call *call)
{
    struct call_counts *counts = &call->client->counts;

    if (check(&call->request, call->carrier, &call->err)) {
        call_fail_later(call);
    } else if (call->carrier == CALL_CURL) {
        counts->started_curl++;
        fetch_start(call);
    } else {
        counts->started_h1++;
        pool_start(call);
    }
}

struct call *call_start(struct call_client *client, const struct call_request *request, call_done_fn *done,
                        void *data)
{
    struct call *call = new_call(client);
    uint64_t now_ms = loop_now_ms(client->loop);

    call->request = *request;
    call->done = done;
    call->data = data;
    call->idempotent = request->repeatable || is_idempotent(request->method);
    call->carrier = client->transport;
    if (call->carrier == CALL_AUTO)
        call->carrier = str_is(request->scheme, "https") ? CALL_CURL : CALL_H1;
    call->deadline.run = on_deadline;
    call->connect_by_ms = call->address_by_ms = UINT64_MAX;
    call->first_byte_by_ms = later_by(now_ms, client->limits.first_byte_ms);
    call->total_by_ms = later_by(now_ms, client->limits.total_ms);
    begin(call);
    if (!call->failing)
        call_arm(call);
    return call;
}

void call_succeed(struct call *call, const struct call_answer *answer)
{
    call->answer = *answer;
    call->ended = true;
    deadline_clear(call->client->loop, &call->deadline);
    call->done(call, &call->answer, NULL, call->data);
}

void call_fail(struct call *call, const struct err *err)
{
    if (err != &call->err)
        call->err = *err;
    call->ended = true;
    call->client->counts.failed++;
    deadline_clear(call->client->loop, &call->deadline);
    call->done(call, NULL, &call->err, call->data);
}

static void unlink_call(struct call *call)
{
    if (call->next)
        call->next->previous = call->previous;
    if (call->previous)
        call->previous->next = call->next;
    else
        call->client->calls = call->next;
}

void call_free(struct call **call)
{
    struct call *gone = *call;

    *call = NULL;
    if (!gone)
        return;
    struct call_client *client = gone->client;
    struct arena *arena = gone->arena; /* the call lives in it */
    if (client) {
        if (!gone->ended)
            drop(gone);
        unlink_call(gone);
    }
    if (!client || client->spares == client->most_spares) {
        arena_free(&arena);
        return;
    }
    arena_reset(arena);
    client->spare[client->spares++] = arena;
}

enum call_transport call_carrier(const struct call *call)
{
    return call->carrier;
}
