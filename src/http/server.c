#include "http/inner.h"

#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

enum {
    ACCEPTS_PER_TURN = 16, /* of one listener, so that it does not starve who is connected */
    TAKEN_AT_END = 4096,
    LIMIT_SLACK =
        256 * 1024,     /* libh2o's own body limit is so much above ours: up to there the handler says 413 */
    CLOSE_TURNS = 2000, /* of the loop, until the last connection is gone */
    BACKSTOP_MS = 5000  /* how much later than the tick libh2o's own timer goes off */
};

const struct http_limits http_default_limits = {
    .head_bytes = 32 * 1024,
    .target_bytes = 8 * 1024,
    .body_bytes = 4 * 1024 * 1024,
    .headers = 90,
    .connections = 10000,
    .in_flight = 4096,
    .buffered_bytes = 256 * 1024 * 1024,
    .head_ms = 10000,
    .body_ms = 60000,
    .answer_ms = 120000,
    .idle_ms = 60000,
    .resets_per_second = 100,
};

/* A client that left must not end the process. */
static void ignore_broken_pipes(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
}

static void configure(struct http_server *server)
{
    const struct http_limits *limits = &server->limits;
    h2o_globalconf_t *conf = &server->conf;

    h2o_config_init(conf);
    conf->server_name = h2o_iovec_init(NULL, 0); /* no Server header */
    conf->max_request_entity_size = limits->body_bytes + LIMIT_SLACK;
    conf->handshake_timeout = limits->head_ms;
    /* One timer over waiting, head and body: the tick judges them apart, this is for when it fails. */
    conf->http1.req_timeout = limits->idle_ms + limits->head_ms + limits->body_ms + BACKSTOP_MS;
    conf->http1.upgrade_to_http2 = 0; /* `Upgrade: h2c` would pass the guard by */
    conf->http2.idle_timeout = limits->idle_ms;
}

struct http_server *http_server_new(struct loop *loop, const struct http_limits *limits,
                                    http_handler_fn *handler, void *data)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct arena *arena = arena_new(SIZE_MAX);
    struct http_server *server = ARENA_NEW(arena, struct http_server);

    (void)pthread_once(&once, ignore_broken_pipes);
    server->arena = arena;
    server->loop = loop;
    server->limits = *limits;
    server->total = limits->total ? limits->total : &server->own;
    server->total->servers++;
    server->handler = handler;
    server->data = data;
    configure(server);
    requests_setup(server);
    h2o_context_init(&server->context, loop_h2o(loop), &server->conf);
    tick_start(server);
    return server;
}

/* What `held` holds gives way to `context`. */
static void hold(SSL_CTX **held, SSL_CTX *context)
{
    if (!SSL_CTX_up_ref(context))
        return;
    SSL_CTX_free(*held);
    *held = context;
}

/* Connections that are open keep what they began with: each holds its context. */
void http_server_tls(struct http_server *server, struct http_tls *tls)
{
    hold(&server->tls, tls_context(tls));
    for (struct listener *listener = server->listeners; listener; listener = listener->next)
        if (listener->accept.ssl_ctx)
            hold(&listener->accept.ssl_ctx, server->tls);
}

void http_server_proxied(struct http_server *server, const struct network *networks, size_t count)
{
    server->proxies = networks;
    server->proxy_count = count;
}

/* ---- listening ---- */

static void on_accept(h2o_socket_t *sock, const char *err)
{
    struct listener *listener = sock->data;

    if (err)
        return;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        h2o_socket_t *accepted = h2o_evloop_socket_accept(sock);
        if (accepted) {
            conn_accept(listener, accepted);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_line(LOG_ERROR, "cannot accept connections: %s", strerror(errno));
            listener->resting = true; /* or the loop would spin */
            h2o_socket_read_stop(sock);
        }
        return;
    }
}

void listener_start(struct listener *listener)
{
    listener->resting = false;
    h2o_socket_read_start(listener->sock, on_accept);
}

static struct listener *listener_new(struct http_server *server, int fd)
{
    struct listener *listener = ARENA_NEW(server->arena, struct listener);
    union listen_address bound = { .any = { .sa_family = AF_UNSPEC } };
    socklen_t len = sizeof bound;

    listener->server = server;
    listener->proxies = server->proxies;
    listener->proxy_count = server->proxy_count;
    listener->accept = (h2o_accept_ctx_t){ .ctx = &server->context, .hosts = server->conf.hosts };
    if (server->tls && SSL_CTX_up_ref(server->tls))
        listener->accept.ssl_ctx = server->tls;
    if (getsockname(fd, &bound.any, &len) == 0)
        listener->port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
    listener->sock = h2o_evloop_socket_create(loop_h2o(server->loop), fd, H2O_SOCKET_FLAG_DONT_READ);
    listener->sock->data = listener;
    listener->next = server->listeners;
    server->listeners = listener;
    return listener;
}

void http_server_sockets(struct http_server *server, struct http_sockets *sockets)
{
    server->sockets = sockets;
}

int http_server_listen(struct http_server *server, struct str address, struct http_share share, uint16_t *port,
                       struct err *err)
{
    struct listening found;

    if (listen_open(&found, address, share, server->sockets, server->arena, err))
        return -1;
    for (size_t i = 0; i < found.count; i++) {
        struct listener *listener = listener_new(server, found.fds[i]);
        listener_start(listener);
        if (port)
            *port = listener->port;
    }
    return 0;
}

/* Whoever is connected already, for all he knows, would lose what he has sent. */
static void take_waiting(struct http_server *server)
{
    h2o_socket_t *accepted;

    for (struct listener *listener = server->listeners; listener; listener = listener->next)
        for (int i = 0; i < TAKEN_AT_END && listener->sock; i++) {
            accepted = h2o_evloop_socket_accept(listener->sock);
            if (!accepted)
                break;
            conn_accept(listener, accepted);
        }
}

void http_server_stop_listening(struct http_server *server)
{
    for (struct listener *listener = server->listeners; listener; listener = listener->next) {
        if (listener->sock)
            h2o_socket_close(listener->sock);
        listener->sock = NULL;
    }
}

/* ---- the end ---- */

void http_server_drain(struct http_server *server, uint64_t within_ms, void (*drained)(void *data),
                       void *data)
{
    server->drained = drained;
    server->drained_data = data;
    server->drain_until_ms = loop_now_ms(server->loop) + within_ms;
    if (!server->draining) {
        server->draining = true;
        server->drain_since_ms = loop_now_ms(server->loop);
        take_waiting(server);
        http_server_stop_listening(server);
        h2o_context_request_shutdown(&server->context); /* GOAWAY; HTTP/1 answers close their connection */
    }
    tick_start(server);
}

static void cut_everybody(struct http_server *server)
{
    for (struct conn *conn = server->conns, *next; conn; conn = next) {
        next = conn->next;
        if (conn->peeking) {
            conn_close_peeking(conn);
            continue;
        }
        if (conn->current && !conn->current->answered)
            request_leave(conn->current);
        conn_cut(conn);
    }
}

static void dispose(struct http_server *server)
{
    server->total->arriving_bytes -= server->arriving;
    server->total->servers--;
    h2o_timeout_unlink(&server->context.http2._graceful_shutdown_timeout);
    h2o_context_dispose(&server->context);
    h2o_mem_recycle_t none = { .max = 0 };
    h2o_mem_free_recycle(&none, server->context.queue); /* it forgets to */
    h2o_config_dispose(&server->conf);
    for (struct listener *listener = server->listeners; listener; listener = listener->next)
        SSL_CTX_free(listener->accept.ssl_ctx);
    SSL_CTX_free(server->tls);
    struct arena *arena = server->arena; /* the server lives in it */
    arena_free(&arena);
}

/* libh2o has no call that closes a connection: their sockets are shut down and the loop is turned until
 * libh2o has noticed. */
void http_server_free(struct http_server **server)
{
    struct http_server *gone = *server;

    *server = NULL;
    if (!gone)
        return;
    http_server_stop_listening(gone);
    deadline_clear(gone->loop, &gone->tick);
    cut_everybody(gone);
    for (int i = 0; gone->conns && i < CLOSE_TURNS; i++) {
        (void)h2o_evloop_run(loop_h2o(gone->loop), 1);
        cut_everybody(gone);
    }
    lingers_end(gone);
    if (gone->conns) {
        log_line(LOG_ERROR, "connections that cannot be closed: their memory is left");
        return;
    }
    dispose(gone);
}

struct http_counts http_server_counts(const struct http_server *server)
{
    struct http_counts counts = server->counts;

    counts.buffered_bytes += server->arriving;
    return counts;
}
