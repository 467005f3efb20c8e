#include "http/h2.h"
#include "http/inner.h"
#include "http/proxied.h"

#include "base/log.h"

#include <h2o/http1.h>
#include <sys/socket.h>

static const struct str preface = STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); /* RFC 9113 section 3.4 */

enum { GOODBYE_MS = 10 }; /* for the GOAWAY frame to leave before the socket is shut down */

static void on_close(void *data)
{
    struct conn *conn = data;
    struct http_server *server = conn->server;

    deadline_clear(server->loop, &conn->goodbye);
    address_forget(conn);
    server->counts.connections--;
    server->total->connections--;
    *conn->link = conn->next;
    if (conn->next)
        conn->next->link = conn->link;
    conn->next = server->spare_conns;
    server->spare_conns = conn;
    if (conn->linger_fd >= 0)
        linger_start(server, conn->linger_fd);
}

static struct conn *conn_new(struct listener *listener, h2o_socket_t *sock)
{
    struct http_server *server = listener->server;
    struct conn *conn = server->spare_conns;

    if (conn)
        server->spare_conns = conn->next;
    else
        conn = arena_alloc(server->arena, sizeof *conn);
    *conn = (struct conn){
        .server = server,
        .listener = listener,
        .sock = sock,
        .next = server->conns,
        .link = &server->conns,
        .quiet_ms = loop_now_ms(server->loop),
        .linger_fd = -1,
    };
    if (conn->next)
        conn->next->link = &conn->next;
    server->conns = conn;
    server->counts.connections++;
    server->total->connections++;
    server->counts.accepted++;
    sock->on_close.cb = on_close;
    sock->on_close.data = conn;
    return conn;
}

static void set_peer(struct conn *conn, const struct address *address)
{
    conn->peer_len = address_text(address, conn->peer).len;
}

/* The other end of the socket. False: it is gone already. */
static bool find_peer(const struct conn *conn, struct address *address)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } from = { .any = { .sa_family = AF_UNSPEC } };
    socklen_t len = sizeof from;

    if (getpeername(h2o_socket_get_fd(conn->sock), &from.any, &len))
        return false;
    if (from.any.sa_family == AF_INET)
        *address = address_of(&from.v4.sin_addr, sizeof from.v4.sin_addr);
    else if (from.any.sa_family == AF_INET6)
        *address = address_of(&from.v6.sin6_addr, sizeof from.v6.sin6_addr);
    else
        return false;
    return true;
}

void conn_close_peeking(struct conn *conn)
{
    h2o_socket_read_stop(conn->sock);
    h2o_socket_close(conn->sock); /* frees conn */
}

/* HTTP/2 with prior knowledge begins with bytes that begin no HTTP/1 request (`Upgrade: h2c` is not offered).
 */
static void on_first_bytes(h2o_socket_t *sock, const char *err)
{
    struct conn *conn = sock->data;
    struct str seen = str_of(sock->input->bytes, sock->input->size);

    if (err) {
        conn_close_peeking(conn);
        return;
    }
    bool matches = str_starts(preface, seen) || str_starts(seen, preface);
    if (matches && seen.len < preface.len)
        return;
    conn->peeking = false;
    if (matches)
        h2o_http2_accept(&conn->listener->accept, sock, conn->accepted_at);
    else
        h2o_http1_accept(&conn->listener->accept, sock, conn->accepted_at);
}

/* Whatever has come already is still in sock->input. */
static void begin(struct conn *conn)
{
    h2o_socket_t *sock = conn->sock;

    conn->peeking = !conn->listener->accept.ssl_ctx;
    if (!conn->peeking) {
        conn->shaking_hands = true; /* until a tick sees what it speaks */
        h2o_accept(&conn->listener->accept, sock);
        return;
    }
    h2o_socket_read_start(sock, on_first_bytes);
    if (sock->input->size)
        on_first_bytes(sock, NULL);
}

/* The first is told, since whoever set this up looks for why nobody gets through; the others are only counted. */
static void refuse_unproxied(struct conn *conn, const char *why)
{
    struct http_server *server = conn->server;

    server->counts.proxy_refusals++;
    if (!server->told_proxy_refusal)
        log_line(LOG_WARN, "PROXY protocol: a connection from %.*s is closed, %s", (int)conn->peer_len, conn->peer, why);
    server->told_proxy_refusal = true;
    conn_close_peeking(conn);
}

static void on_proxy_bytes(h2o_socket_t *sock, const char *err)
{
    struct conn *conn = sock->data;
    struct proxied proxied;

    if (err) {
        conn_close_peeking(conn);
        return;
    }
    switch (proxied_read(str_of(sock->input->bytes, sock->input->size), &proxied)) {
    case PROXIED_INCOMPLETE:
        return;
    case PROXIED_MALFORMED:
        refuse_unproxied(conn, "it does not begin with a header of that protocol");
        return;
    case PROXIED_WHOLE:
        break;
    }
    h2o_socket_read_stop(sock);
    h2o_buffer_consume(&sock->input, proxied.len);
    conn->unproxied = false;
    conn->peer_is_proxy = !proxied.named;
    if (proxied.named)
        set_peer(conn, &proxied.client);
    if (proxied.named && !address_count(conn, &proxied.client))
        conn_close_peeking(conn);
    else
        begin(conn);
}

/* The header is never optional: who might leave it out might as well write it. */
static void expect_header(struct conn *conn, const struct address *peer)
{
    const struct listener *listener = conn->listener;

    if (!peer) { /* reset by a health check, say */
        conn_close_peeking(conn);
        return;
    }
    if (!networks_have(listener->proxies, listener->proxy_count, peer)) {
        refuse_unproxied(conn, "which is not in trusted_proxies");
        return;
    }
    conn->unproxied = true;
    h2o_socket_read_start(conn->sock, on_proxy_bytes);
}

void conn_accept(struct listener *listener, h2o_socket_t *sock)
{
    struct http_server *server = listener->server;
    struct address peer;

    if (server->total->connections >= server->limits.connections) {
        server->counts.refused++;
        h2o_socket_close(sock);
        return;
    }
    struct conn *conn = conn_new(listener, sock);
    bool known = find_peer(conn, &peer);
    if (known)
        set_peer(conn, &peer);
    conn->accepted_at = *h2o_get_timestamp(&server->context, NULL, NULL);
    conn->peeking = true;
    sock->data = conn;
    if (listener->proxy_count)
        expect_header(conn, known ? &peer : NULL);
    else if (known && !address_count(conn, &peer))
        conn_close_peeking(conn);
    else
        begin(conn);
}

void conn_cut(struct conn *conn)
{
    if (conn->cut)
        return;
    conn->cut = true;
    (void)shutdown(h2o_socket_get_fd(conn->sock), SHUT_RDWR);
}

/* ---- HTTP/2 streams that end before they are answered (S46) ---- */

/* Early ends since the connection began: of streams that reached a handler we are told; those that never did
 * (HEADERS without END_STREAM and then RST_STREAM, refused ones) are what the stream ids say was opened
 * beyond them. */
uint32_t conn_early_ends(const struct conn *conn, const struct st_h2o_http2_conn_t *h2)
{
    uint32_t opened = (h2->pull_stream_ids.max_open + 1) / 2;
    uint32_t on_the_way = h2->num_streams.pull.open - h2->num_streams.pull.half_closed;
    uint32_t known = conn->reached + on_the_way;

    return conn->early + (opened > known ? opened - known : 0);
}

void conn_judge_early_ends(struct conn *conn, const struct st_h2o_http2_conn_t *h2)
{
    uint32_t ends = conn_early_ends(conn, h2);

    if (ends > conn->early_before && ends - conn->early_before > conn->server->limits.resets_per_second)
        conn_condemn(conn);
}

/* NULL when libh2o has dropped the connection already and only TLS is being closed. */
static struct st_h2o_http2_conn_t *find_h2(const struct conn *conn)
{
    h2o_linklist_t *all = &conn->server->context.http2._conns;

    for (h2o_linklist_t *node = all->next; node != all; node = node->next) {
        if (h2_conn_of_link(node)->sock == conn->sock)
            return h2_conn_of_link(node);
    }
    return NULL;
}

static void say_goaway(struct st_h2o_http2_conn_t *h2)
{
    h2o_iovec_t why = h2o_iovec_init(H2O_STRLIT("too many resets"));

    if (h2->state != H2_CONN_OPEN)
        return;
    h2o_http2_encode_goaway_frame(&h2->write.buf, h2->pull_stream_ids.max_open,
                                  H2O_HTTP2_ERROR_ENHANCE_YOUR_CALM, why);
    h2o_http2_conn_request_write(h2);
    h2->state = H2_CONN_HALF_CLOSED; /* further HEADERS and DATA are passed over */
}

static void on_goodbye(struct deadline *deadline)
{
    struct conn *conn = CONTAINER(deadline, struct conn, goodbye);
    struct st_h2o_http2_conn_t *h2 = find_h2(conn);

    if (!h2 || conn->said_goaway) {
        conn_cut(conn);
        return;
    }
    conn->said_goaway = true;
    say_goaway(h2);
    deadline_set(conn->server->loop, &conn->goodbye, GOODBYE_MS);
}

/* May be called from anywhere, also while libh2o closes the connection: what touches it waits for the next
 * turn. */
void conn_condemn(struct conn *conn)
{
    if (conn->condemned)
        return;
    conn->condemned = true;
    conn->server->counts.resets_cut++;
    conn->goodbye.run = on_goodbye;
    deadline_set(conn->server->loop, &conn->goodbye, 0);
}
