#include "http/h2.h"
#include "http/inner.h"

#include <poll.h>

/* Once a second each server looks at all its connections, because libh2o 2.2.5 has one timer for waiting,
 * head and body together, none while a request is being answered, and does not see an HTTP/1 client leave. */

enum {
    TICK_MS = 1000,
    DRAINING_TICK_MS = 50,
    CLOCK_JUMP_MS = 2000,
    /* From the begin of draining: a request that its client had sent by then is answered. */
    ON_ITS_WAY_MS = 50,
    FIRST_ON_ITS_WAY_MS = 1000 /* of a connection that has had none: somebody is about to use it */
};

struct walk {
    struct http_server *server;
    uint64_t now_ms;
    size_t bytes, bodies; /* under way */
    size_t most;          /* cut who buffers more than this; SIZE_MAX: nobody */
};

/* Milliseconds since a time that libh2o took from the wall clock. When that clock jumps, what began before
 * counts from the jump, so that nobody is cut for it. */
static uint64_t age_ms(const struct http_server *server, struct timeval at)
{
    int64_t begin_ms = (int64_t)at.tv_sec * 1000 + at.tv_usec / 1000;

    if (begin_ms < server->wall_since_ms || begin_ms > server->wall_ms)
        begin_ms = server->wall_since_ms;
    return (uint64_t)(server->wall_ms - begin_ms);
}

static void look_at_clocks(struct http_server *server)
{
    int64_t wall_ms = loop_wall_ms(server->loop);
    uint64_t now_ms = loop_now_ms(server->loop);
    int64_t expected_ms = server->wall_ms + (int64_t)(now_ms - server->monotonic_ms);

    if (wall_ms > expected_ms + CLOCK_JUMP_MS || wall_ms < expected_ms - CLOCK_JUMP_MS ||
        wall_ms < server->wall_since_ms)
        server->wall_since_ms = wall_ms;
    server->wall_ms = wall_ms;
    server->monotonic_ms = now_ms;
}

static void cut_late(struct conn *conn, uint64_t age, uint64_t limit_ms)
{
    if (age <= limit_ms || conn->cut)
        return;
    conn->server->counts.timeouts++;
    conn_cut(conn);
}

static bool has_left(const struct conn *conn)
{
    struct pollfd fd = { .fd = h2o_socket_get_fd(conn->sock), .events = POLLRDHUP };

    return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void count_body(struct walk *walk, struct conn *conn, size_t bytes)
{
    walk->bytes += bytes;
    walk->bodies++;
    if (bytes > walk->most)
        conn_cut(conn);
}

/* ---- HTTP/1: one request for each connection, also for one that waits ---- */

static void judge_answering(struct conn *conn, uint64_t now_ms)
{
    struct http_request *request = conn->current;

    if (request->answered) /* what is left is a write */
        return;
    bool late = now_ms - request->since_ms > conn->server->limits.answer_ms;
    if (!late && !has_left(conn))
        return;
    if (late)
        conn->server->counts.timeouts++;
    request_leave(request);
    conn_cut(conn);
}

static bool drains_since(const struct http_server *server, uint64_t now_ms, uint64_t ms)
{
    return server->draining && now_ms >= server->drain_since_ms + ms;
}

static void judge_unread(struct walk *walk, struct conn *conn, h2o_req_t *req)
{
    const struct http_server *server = walk->server;
    const struct http_limits *limits = &server->limits;

    if (req->version) {
        count_body(walk, conn, conn->sock->input->size);
        cut_late(conn, age_ms(server, req->timestamps.request_body_begin_at), limits->body_ms);
    } else if (req->timestamps.request_begin_at.tv_sec) {
        cut_late(conn, age_ms(server, req->timestamps.request_begin_at), limits->head_ms);
        if (conn->sock->input->size > limits->head_bytes)
            conn_cut(conn);
    } else {
        cut_late(conn, walk->now_ms - conn->quiet_ms, limits->idle_ms);
        if (drains_since(server, walk->now_ms, conn->asked ? ON_ITS_WAY_MS : FIRST_ON_ITS_WAY_MS))
            conn_cut(conn);
    }
}

static int judge_http1(h2o_req_t *req, void *data)
{
    struct walk *walk = data;
    struct conn *conn = conn_of(req);

    conn->shaking_hands = false;
    if (conn->current)
        judge_answering(conn, walk->now_ms);
    else
        judge_unread(walk, conn, req);
    return 0;
}

/* ---- HTTP/2 ---- */

static int judge_stream(h2o_req_t *req, void *data)
{
    struct walk *walk = data;
    const struct http_server *server = walk->server;
    const struct st_h2o_http2_stream_t *stream = h2_stream_of(req);
    struct conn *conn = conn_of(req);

    switch (stream->state) {
    case H2_STREAM_RECV_HEADERS:
        cut_late(conn, age_ms(server, req->timestamps.request_begin_at), server->limits.head_ms);
        break;
    case H2_STREAM_RECV_BODY:
        count_body(walk, conn, stream->req_body ? stream->req_body->size : 0);
        cut_late(conn, age_ms(server, req->timestamps.request_body_begin_at), server->limits.body_ms);
        break;
    case H2_STREAM_SEND_HEADERS:
    case H2_STREAM_SEND_BODY:
    case H2_STREAM_SEND_BODY_IS_FINAL:
        cut_late(conn, age_ms(server, req->processed_at.at), server->limits.answer_ms);
        break;
    case H2_STREAM_IDLE:
    case H2_STREAM_REQ_PENDING:
    case H2_STREAM_END_STREAM:
        break;
    }
    return 0;
}

static void judge_http2_conns(struct http_server *server, uint64_t now_ms)
{
    h2o_linklist_t *all = &server->context.http2._conns;

    for (h2o_linklist_t *node = all->next; node != all; node = node->next) {
        const struct st_h2o_http2_conn_t *h2 = h2_conn_of_link(node);
        struct conn *conn = h2->sock->on_close.data;
        conn->shaking_hands = false;
        conn_judge_early_ends(conn, h2);
        conn->early_before = conn_early_ends(conn, h2);
        if (drains_since(server, now_ms, ON_ITS_WAY_MS) && h2->num_streams.pull.open == 0 && h2->state != H2_CONN_OPEN)
            conn_cut(conn);
    }
}

/* ---- every connection, whatever libh2o makes of it ---- */

/* A write that takes longer than an answer may: a client that does not read (S48), a TLS close that nobody
 * takes. */
static void judge_write(struct conn *conn, uint64_t now_ms)
{
    const h2o_socket_t *sock = conn->sock;

    if (!h2o_socket_is_writing((h2o_socket_t *)(uintptr_t)sock) || sock->bytes_written != conn->written ||
        !conn->written_ms) {
        conn->written = sock->bytes_written;
        conn->written_ms = now_ms;
        return;
    }
    cut_late(conn, now_ms - conn->written_ms, conn->server->limits.answer_ms);
}

static void judge_conns(struct http_server *server, uint64_t now_ms)
{
    for (struct conn *conn = server->conns, *next; conn; conn = next) {
        next = conn->next;
        if (!conn->peeking) {
            judge_write(conn, now_ms);
            if (conn->shaking_hands && drains_since(server, now_ms, FIRST_ON_ITS_WAY_MS))
                conn_cut(conn);
            continue;
        }
        bool begun = conn->sock->input->size;
        bool due = begun || conn->unproxied; /* a proxy sends its header at once */
        bool late = now_ms - conn->quiet_ms > (due ? server->limits.head_ms : server->limits.idle_ms);
        if (late)
            server->counts.timeouts++;
        if (late || (!begun && drains_since(server, now_ms, FIRST_ON_ITS_WAY_MS)))
            conn_close_peeking(conn);
    }
}

static void walk_requests(struct walk *walk)
{
    h2o_context_t *context = &walk->server->context;

    walk->bytes = walk->bodies = 0;
    (void)walk->server->conf.http1.callbacks.foreach_request(context, judge_http1, walk);
    (void)walk->server->conf.http2.callbacks.foreach_request(context, judge_stream, walk);
}

/* Bodies are buffered by libh2o without asking. When all of them together are too much, servers that have more than their share
 * cut those that hold more than theirs: at least half of the bytes go. */
static void judge_buffers(struct walk *walk)
{
    struct http_server *server = walk->server;
    struct http_total *total = server->total;
    size_t limit = server->limits.buffered_bytes;

    total->arriving_bytes += walk->bytes - server->arriving; /* may wrap: so it is taken away */
    server->arriving = walk->bytes;
    server->too_much = total->arriving_bytes + total->held_bytes > limit;
    if (!server->too_much || !walk->bodies || server->arriving + server->counts.buffered_bytes <= limit / total->servers)
        return;
    walk->most = walk->bytes / walk->bodies / 2;
    walk_requests(walk);
}

static void wake_listeners(struct http_server *server)
{
    for (struct listener *listener = server->listeners; listener; listener = listener->next) {
        if (listener->resting && listener->sock)
            listener_start(listener);
    }
}

static void drain_step(struct http_server *server)
{
    void (*drained)(void *data) = server->drained;

    if (!drained || (server->counts.connections && loop_now_ms(server->loop) < server->drain_until_ms))
        return;
    server->drained = NULL;
    drained(server->drained_data);
}

static void on_tick(struct deadline *deadline)
{
    struct http_server *server = CONTAINER(deadline, struct http_server, tick);

    look_at_clocks(server);
    struct walk walk = { .server = server, .now_ms = loop_now_ms(server->loop), .most = SIZE_MAX };
    walk_requests(&walk);
    judge_buffers(&walk);
    judge_http2_conns(server, walk.now_ms);
    judge_conns(server, walk.now_ms);
    wake_listeners(server);
    deadline_set(server->loop, &server->tick, server->draining ? DRAINING_TICK_MS : TICK_MS);
    drain_step(server); /* last: it may free the server */
}

void tick_start(struct http_server *server)
{
    server->tick.run = on_tick;
    if (!server->wall_ms) {
        server->wall_ms = server->wall_since_ms = loop_wall_ms(server->loop);
        server->monotonic_ms = loop_now_ms(server->loop);
    }
    deadline_set(server->loop, &server->tick, server->draining ? 0 : TICK_MS);
}
