#include "net/pool.h"

/* ---- origins ---- */

static struct str host_line(struct arena *arena, const struct call_request *request)
{
    bool literal6 = memchr(request->host.ptr, ':', request->host.len);
    const char *open = literal6 ? "[" : "", *close = literal6 ? "]" : "";

    if (request->port == 80)
        return arena_printf(arena, "host: %s" STR_FMT "%s\r\n", open, STR_ARG(request->host), close);
    return arena_printf(arena, "host: %s" STR_FMT "%s:%u\r\n", open, STR_ARG(request->host), close,
                        request->port);
}

static void on_names(struct names *names);
static void on_sweep(struct deadline *deadline);

static struct pool *pool_new(struct call_client *client, const struct call_request *request)
{
    struct pool *pool = ARENA_NEW(client->arena, struct pool);

    pool->client = client;
    pool->host = arena_copy(client->arena, request->host);
    pool->port = request->port;
    pool->host_line = host_line(client->arena, request);
    pool->sweep.run = on_sweep;
    names_init(&pool->names, client->loop, client->arena, request->host, request->port);
    pool->names.changed = on_names;
    pool->next = client->pools;
    client->pools = pool;
    return pool;
}

/* A client speaks to a handful of origins, all from the configuration. */
static struct pool *pool_of(struct call_client *client, const struct call_request *request)
{
    for (struct pool *pool = client->pools; pool; pool = pool->next)
        if (pool->port == request->port && str_eq(pool->host, request->host))
            return pool;
    return pool_new(client, request);
}

void pools_count(const struct call_client *client, struct call_counts *counts)
{
    for (const struct pool *pool = client->pools; pool; pool = pool->next) {
        counts->open += pool->open;
        counts->idle += pool->idle;
    }
}

/* ---- idle connections ---- */

static void unlink_idle(struct conn *conn)
{
    struct pool *pool = conn->pool;

    *(conn->newer ? &conn->newer->older : &pool->newest) = conn->older;
    *(conn->older ? &conn->older->newer : &pool->oldest) = conn->newer;
    conn->newer = conn->older = NULL;
    pool->idle--;
}

void pool_leave_idle(struct conn *conn)
{
    unlink_idle(conn);
    conn_close(conn);
}

static void set_sweep(struct pool *pool)
{
    uint64_t now_ms = loop_now_ms(pool->client->loop);
    uint64_t passed_ms = now_ms - pool->oldest->idle_since_ms, idle_ms = pool->client->limits.idle_ms;

    deadline_set(pool->client->loop, &pool->sweep, idle_ms > passed_ms ? idle_ms - passed_ms : 0);
}

static void on_sweep(struct deadline *deadline)
{
    struct pool *pool = CONTAINER(deadline, struct pool, sweep);
    uint64_t now_ms = loop_now_ms(pool->client->loop);

    while (pool->oldest && now_ms - pool->oldest->idle_since_ms >= pool->client->limits.idle_ms)
        pool_leave_idle(pool->oldest);
    if (pool->oldest)
        set_sweep(pool);
}

/* The newest is the least likely to be closed by the server. One that was closed, or that said something
 * nobody asked for, must not carry another request: what it said would be taken for the answer. To ask the
 * kernel costs 3 % of a small request. */
static struct conn *take_idle(struct pool *pool)
{
    while (pool->newest) {
        struct conn *conn = pool->newest;
        unlink_idle(conn);
        if (conn_is_quiet(conn))
            return conn;
        conn_close(conn);
    }
    return NULL;
}

/* ---- waiting calls ---- */

static void enqueue(struct pool *pool, struct call *call)
{
    call->earlier = pool->last;
    *(pool->last ? &pool->last->later : &pool->first) = call;
    pool->last = call;
    call->queued = true;
    pool->client->counts.waiting++;
}

static void dequeue(struct call *call)
{
    struct pool *pool = call->pool;

    if (!call->queued)
        return;
    *(call->earlier ? &call->earlier->later : &pool->first) = call->later;
    *(call->later ? &call->later->earlier : &pool->last) = call->earlier;
    call->earlier = call->later = NULL;
    call->queued = false;
    pool->client->counts.waiting--;
}

/* False when the call must wait. */
static bool serve(struct pool *pool, struct call *call)
{
    struct conn *conn = take_idle(pool);

    if (conn) {
        dequeue(call);
        conn_send(conn, call);
        return true;
    }
    if (pool->open >= pool->client->limits.connections)
        return false;
    if (call->connect_by_ms == UINT64_MAX) { /* looking up the name counts */
        call->connect_by_ms = loop_now_ms(pool->client->loop) + pool->client->limits.connect_ms;
        call_arm(call);
    }
    bool ready = names_ready(&pool->names);
    if (!ready && pool->names.asking)
        return false;
    dequeue(call);
    if (ready) {
        conn_open(pool, call);
        return true;
    }
    (void)err_set(&call->err, ERR_UNAVAILABLE, "too many errands are waiting");
    call_fail_later(call);
    return true;
}

void pool_next(struct pool *pool)
{
    while (!pool->client->closing && pool->first && serve(pool, pool->first))
        ;
}

static void make_idle(struct pool *pool, struct conn *conn)
{
    conn->idle_since_ms = loop_now_ms(pool->client->loop);
    conn->older = pool->newest;
    *(conn->older ? &conn->older->newer : &pool->oldest) = conn;
    pool->newest = conn;
    pool->idle++;
}

void pool_give_back(struct conn *conn)
{
    struct pool *pool = conn->pool;

    make_idle(pool, conn);
    pool_next(pool); /* whoever waits takes it as any other, or a new one */
    if (pool->oldest && !pool->sweep.index)
        set_sweep(pool);
}

static void on_names(struct names *names)
{
    struct pool *pool = CONTAINER(names, struct pool, names);

    while (!names->found.count && pool->first) {
        struct call *call = pool->first;
        dequeue(call);
        (void)err_set(&call->err, ERR_UPSTREAM, "no address for " STR_FMT, STR_ARG(pool->host));
        call_fail_later(call);
    }
    pool_next(pool);
}

/* ---- calls ---- */

void pool_start(struct call *call)
{
    struct call_client *client = call->client;
    struct pool *pool = pool_of(client, &call->request);

    call->pool = pool;
    if (!pool->first && serve(pool, call))
        return;
    if (client->counts.waiting < client->limits.waiting) {
        enqueue(pool, call);
        return;
    }
    (void)err_set(&call->err, ERR_UNAVAILABLE, "%u calls are waiting already", client->counts.waiting);
    call_fail_later(call);
}

void pool_drop(struct call *call)
{
    dequeue(call);
    if (!call->conn)
        return;
    conn_close(call->conn);
    call->conn = NULL;
    pool_next(call->pool);
}

void pool_try_next(struct call *call)
{
    conn_try_next(call->conn);
}

void pools_free(struct call_client *client)
{
    for (struct pool *pool = client->pools; pool; pool = pool->next) {
        while (pool->oldest)
            pool_leave_idle(pool->oldest);
        deadline_clear(client->loop, &pool->sweep);
        names_done(&pool->names);
    }
}
