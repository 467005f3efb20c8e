#include "net/pool.h"

#include <errno.h>
#include <sys/uio.h>
#include <h2o/socket.h>

enum { MOST_READS = 16 }; /* in one go, then it is the others' turn */

/* Libh2o's socket says when to read and write (H2O_SOCKET_FLAG_DONT_READ); the bytes go straight between the
 * kernel and the call's own memory. It is always registered for reading: an idle connection that says
 * something is dropped, and a busy one never changes its registration. */

static void on_readable(h2o_socket_t *sock, const char *why);
static void on_connected(h2o_socket_t *sock, const char *why);

/* ---- opening and closing ---- */

static struct conn *conn_new(struct pool *pool)
{
    struct call_client *client = pool->client;
    struct conn *conn = client->spare_conns;

    if (conn)
        client->spare_conns = conn->older;
    else
        conn = arena_alloc(client->arena, sizeof *conn);
    *conn = (struct conn){ .pool = pool, .fd = -1 };
    pool->open++;
    return conn;
}

void conn_close(struct conn *conn)
{
    struct call_client *client = conn->pool->client;

    if (conn->sock)
        h2o_socket_close(conn->sock);
    conn->pool->open--;
    *conn = (struct conn){ .older = client->spare_conns };
    client->spare_conns = conn;
}

/* A machine that is off does not refuse. So each address gets its share of the time, and the last one what is left. */
static void set_share(const struct conn *conn)
{
    struct call *call = conn->call;
    uint64_t now_ms = loop_now_ms(call->client->loop), left = conn->pool->names.found.count - conn->tried;

    call->address_by_ms = UINT64_MAX;
    if (left && call->connect_by_ms > now_ms)
        call->address_by_ms = now_ms + (call->connect_by_ms - now_ms) / (left + 1);
    call_arm(call);
}

/* False when no address is left that can be tried. */
static bool connect_next(struct conn *conn)
{
    struct names_found *found = &conn->pool->names.found;

    conn->sock = NULL;
    while (!conn->sock && conn->tried < found->count) {
        size_t i = (conn->first + conn->tried++) % found->count;
        conn->sock = h2o_socket_connect(loop_h2o(conn->pool->client->loop), (struct sockaddr *)&found->at[i],
                                        found->len[i], on_connected);
    }
    if (!conn->sock)
        return false;
    conn->sock->data = conn;
    conn->fd = h2o_socket_get_fd(conn->sock);
    set_share(conn);
    return true;
}

static void set_refused(const struct pool *pool, struct err *err)
{
    (void)err_set(err, ERR_UPSTREAM, "cannot connect to " STR_FMT ":%u", STR_ARG(pool->host), pool->port);
}

void conn_open(struct pool *pool, struct call *call)
{
    struct conn *conn = conn_new(pool);

    conn->call = call;
    conn->first = pool->names.good;
    call->conn = conn;
    if (connect_next(conn))
        return;
    call->conn = NULL;
    conn_close(conn);
    set_refused(pool, &call->err);
    call_fail_later(call);
}

/* Lets go of the call and closes. */
static struct call *part(struct conn *conn)
{
    struct call *call = conn->call;

    call->conn = NULL;
    conn_close(conn);
    return call;
}

void conn_try_next(struct conn *conn)
{
    struct pool *pool = conn->pool;
    struct err err;

    h2o_socket_close(conn->sock);
    if (connect_next(conn))
        return;
    struct call *call = part(conn);
    set_refused(pool, &err);
    pool_next(pool);
    call_fail(call, &err);
}

static void on_connected(h2o_socket_t *sock, const char *why)
{
    struct conn *conn = sock->data;
    struct names *names = &conn->pool->names;

    if (why) {
        conn_try_next(conn);
        return;
    }
    names->good = (conn->first + conn->tried - 1) % names->found.count;
    h2o_socket_dont_read(sock, 1);
    h2o_socket_read_start(sock, on_readable);
    conn_send(conn, conn->call);
}

bool conn_is_quiet(const struct conn *conn)
{
    char byte;

    return recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* ---- sending ---- */

/* One piece of memory, its size known before. */
static struct str build_head(const struct pool *pool, const struct call *call)
{
    enum { LENGTH_LINE = sizeof "content-length: 18446744073709551615\r\n" };
    const struct call_request *request = &call->request;
    size_t size = request->method.len + request->target.len + sizeof "  HTTP/1.1\r\n\r\n" +
                  pool->host_line.len + LENGTH_LINE;

    for (size_t i = 0; i < request->header_count; i++)
        size += request->headers[i].name.len + request->headers[i].value.len + sizeof ": \r\n";
    struct buf head = buf_in(call->arena, size);
    (void)buf_reserve(&head, size);
    buf_add(&head, request->method);
    buf_char(&head, ' ');
    buf_add(&head, request->target);
    buf_add(&head, STR(" HTTP/1.1\r\n"));
    buf_add(&head, pool->host_line);
    for (size_t i = 0; i < request->header_count; i++) {
        buf_add(&head, request->headers[i].name);
        buf_add(&head, STR(": "));
        buf_add(&head, request->headers[i].value);
        buf_add(&head, STR("\r\n"));
    }
    if (request->has_body) {
        buf_add(&head, STR("content-length: "));
        buf_uint(&head, request->body.len);
        buf_add(&head, STR("\r\n"));
    }
    buf_add(&head, STR("\r\n"));
    return buf_str(&head);
}

static struct str body_of(const struct call *call)
{
    return call->request.has_body ? call->request.body : STR_NONE;
}

static bool is_sent(const struct call *call)
{
    return call->sent == call->head.len + body_of(call).len;
}

static struct iovec piece(struct str s, size_t sent)
{
    struct str left = str_from_at(s, sent);

    return (struct iovec){ .iov_base = (void *)(uintptr_t)left.ptr, .iov_len = left.len };
}

/* What is left of head and body, in one call. */
static ssize_t send_rest(const struct conn *conn)
{
    const struct call *call = conn->call;
    size_t of_body = call->sent > call->head.len ? call->sent - call->head.len : 0;
    struct iovec pieces[] = { piece(call->head, call->sent), piece(body_of(call), of_body) };
    const struct msghdr message = { .msg_iov = pieces, .msg_iovlen = COUNT(pieces) };
    ssize_t sent;

    do
        sent = sendmsg(conn->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent;
}

static void on_writable(h2o_socket_t *sock, const char *why);

/* A failure shows when reading: the server may have answered (413) before it closed. */
static void push(struct conn *conn)
{
    struct call *call = conn->call;

    while (!is_sent(call)) {
        ssize_t sent = send_rest(conn);
        if (sent < 0 && errno == EAGAIN) {
            h2o_socket_notify_write(conn->sock, on_writable);
            return;
        }
        if (sent < 0) {
            conn->broken = true;
            (void)shutdown(conn->fd, SHUT_RDWR);
            return;
        }
        call->sent += (size_t)sent;
    }
}

static void on_writable(h2o_socket_t *sock, const char *why)
{
    (void)why;
    push(sock->data);
}

void conn_send(struct conn *conn, struct call *call)
{
    const struct call_limits *limits = &conn->pool->client->limits;

    conn->call = call;
    call->conn = conn;
    call->connect_by_ms = call->address_by_ms = UINT64_MAX;
    call->sent = 0;
    if (!call->head.len)
        call->head = build_head(conn->pool, call);
    h1_parse_init(&call->parse, call->arena, limits->head_bytes, limits->body_bytes,
                  str_is(call->request.method, "HEAD"));
    h1_parse_expect(&call->parse, conn->last_size);
    push(conn);
}

/* ---- reading ---- */

static void finish(struct conn *conn)
{
    struct pool *pool = conn->pool;
    struct call *call = conn->call;

    if (call->parse.keep && is_sent(call) && !conn->broken) {
        call->conn = NULL;
        conn->call = NULL;
        conn->reused = true;
        conn->last_size = h1_parse_size(&call->parse);
        pool_give_back(conn);
    } else {
        (void)part(conn);
        pool_next(pool);
    }
    call_succeed(call, &call->parse.answer);
}

/* Only a connection that the server may have closed before it saw the request gives a second chance, and a
 * fresh one takes it: other idle ones may be as stale. */
static void fail_or_retry(struct conn *conn, const struct err *err)
{
    struct pool *pool = conn->pool;
    bool again = conn->reused && !conn->call->answering && !conn->call->retried &&
                 (conn->call->idempotent || !conn->call->sent);
    struct call *call = part(conn);

    if (!again) {
        pool_next(pool);
        call_fail(call, err);
        return;
    }
    call->retried = true;
    pool->client->counts.retried++;
    call->connect_by_ms = loop_now_ms(pool->client->loop) + pool->client->limits.connect_ms;
    conn_open(pool, call);
    if (call->failing)
        pool_next(pool); /* the place is free */
    else
        call_arm(call);
}

static enum h1_step read_once(struct conn *conn, size_t *left, struct err *err)
{
    struct call *call = conn->call;
    struct h1_space space = h1_parse_space(&call->parse);
    ssize_t len = recv(conn->fd, space.ptr, space.len, MSG_DONTWAIT);

    *left = 0;
    if (len > 0) {
        call->answering = true;
        *left = (size_t)len == space.len; /* a read that was not filled has emptied the socket */
        return h1_parse_took(&call->parse, (size_t)len, err);
    }
    if (len == 0)
        return h1_parse_end(&call->parse, err);
    if (errno == EAGAIN || errno == EINTR)
        return H1_MORE;
    (void)err_set(err, ERR_UPSTREAM, "connection lost: %s", strerror(errno));
    return H1_FAILED;
}

static void on_readable(h2o_socket_t *sock, const char *why)
{
    struct conn *conn = sock->data;
    enum h1_step step = H1_MORE;
    size_t left = 1;
    struct err err;

    (void)why;
    if (!conn->call) {
        pool_leave_idle(conn);
        return;
    }
    for (int reads = 0; step == H1_MORE && left && reads < MOST_READS; reads++)
        step = read_once(conn, &left, &err);
    switch (step) {
    case H1_MORE:
        return;
    case H1_DONE:
        finish(conn);
        return;
    case H1_FAILED:
        fail_or_retry(conn, &err);
        return;
    }
}
