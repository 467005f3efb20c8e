/* What the files of this folder share; nobody else includes it. Everything here runs on the server's loop. */
#pragma once

#include "base/arena.h"
#include "http/http.h"

#include <h2o.h>
#include <netinet/in.h>

struct st_h2o_http2_conn_t;

/* One listening socket. */
struct listener {
    struct http_server *server;
    h2o_accept_ctx_t accept; /* its ssl_ctx is owned */
    h2o_socket_t *sock;      /* NULL once closed */
    uint16_t port;
    const struct network *proxies; /* from where connections come, with a header of the PROXY protocol */
    size_t proxy_count;            /* 0: from anywhere, without */
    bool resting; /* out of descriptors: the next tick starts it again */
    struct listener *next;
};

/* One connection, from accept until its socket is closed: it hangs at sock->on_close.data. It outlives its
 * requests; libh2o's own connection, in between, is created after it and may be freed before it (TLS). */
struct conn {
    struct http_server *server;
    struct listener *listener;
    h2o_socket_t *sock;
    struct conn *next, **link; /* server->conns, or server->spare_conns */
    char peer[ADDRESS_TEXT];
    size_t peer_len;
    bool peer_is_proxy;
    atomic_uint *counted; /* where its address is counted; NULL: nowhere */
    struct timeval accepted_at;
    bool peeking;                 /* HTTP/1 or HTTP/2 is not known yet, or the client: libh2o does not have it */
    bool unproxied;               /* the header of the PROXY protocol has not come yet */
    bool shaking_hands;           /* TLS: nobody knows yet what it will speak */
    bool asked;                   /* it has had a request (HTTP/1) */
    bool cut;                     /* its socket was shut down */
    bool watched;                 /* registered for reading although libh2o does not read (HTTP/1) */
    uint64_t quiet_ms;            /* when it was accepted, or last became idle (HTTP/1) */
    struct http_request *current; /* HTTP/1: what is being answered */
    size_t written; /* a write that does not come to an end: bytes handed over, and since when */
    uint64_t written_ms;
    /* HTTP/2: streams that reached a handler; those of them that ended early; all early ends at the last tick
     */
    uint32_t reached, early, early_before;
    bool condemned, said_goaway;
    struct deadline goodbye;
    int linger_fd; /* -1: none */
};

struct http_server {
    struct arena *arena;
    struct loop *loop;
    struct http_limits limits;
    struct http_total own, *total; /* `own` where it shares with nobody */
    http_handler_fn *handler;
    void *data;
    h2o_globalconf_t conf;
    h2o_context_t context;
    SSL_CTX *tls; /* of listeners to come, as the next two */
    const struct network *proxies;
    size_t proxy_count;
    bool told_proxy_refusal, told_address_refusal;
    struct http_sockets *sockets; /* or NULL */
    struct listener *listeners;
    struct conn *conns, *spare_conns;
    struct leftover *lingering, *spare_lingers;
    unsigned lingers;
    struct http_counts counts; /* buffered_bytes: of bodies that are being answered */
    size_t arriving;           /* of bodies under way, at the last tick */
    bool too_much;             /* both together were over the limit then */
    struct deadline tick;
    int64_t wall_ms; /* at the last tick, and the last time it jumped */
    int64_t wall_since_ms;
    uint64_t monotonic_ms;
    bool draining;
    uint64_t drain_since_ms, drain_until_ms;
    void (*drained)(void *data);
    void *drained_data;
};

struct http_request {
    struct http_server *server;
    struct conn *conn;
    h2o_req_t *req;
    struct shaper *shaper; /* answers in the place of an error that libh2o made */
    void (*gone)(void *data);
    void *gone_data;
    struct deadline begin; /* HTTP/2: set until the handler has it */
    bool answered;
    size_t held; /* bytes of the body */
    uint64_t since_ms;
    struct http_head head;
};

static inline struct str str_of_iovec(h2o_iovec_t v)
{
    return str_of(v.base, v.len);
}

static inline struct conn *conn_of(h2o_req_t *req)
{
    return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

/* server.c */
void listener_start(struct listener *listener);

/* listen.c */
union listen_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};
uint16_t listen_port(const union listen_address *address);
MUST_CHECK int listen_parse(struct str text, union listen_address *address, socklen_t *len, struct err *err);
/* The sockets at an address for one of the servers that share it (http_server_listen): at least one. */
struct listening {
    int *fds; /* owned by who asked */
    size_t count;
};
MUST_CHECK int listen_open(struct listening *found, struct str text, struct http_share share, struct http_sockets *sockets,
                           struct arena *arena, struct err *err);

/* sockets.c, for listen.c; -1: errno says why. Those that were inherited at an address are numbered in their order. */
MUST_CHECK int sockets_add(struct http_sockets *sockets, int fd); /* a duplicate of one that was opened */
bool sockets_managed(const struct http_sockets *sockets);        /* a service manager handed some on */
size_t sockets_count(const struct http_sockets *sockets, const union listen_address *at);
MUST_CHECK int sockets_take(const struct http_sockets *sockets, const union listen_address *at, size_t nth, int *fd);
bool sockets_let_in(const struct http_sockets *sockets, const union listen_address *at); /* others may be opened beside it */

/* conn.c */
void conn_accept(struct listener *listener, h2o_socket_t *sock);
void conn_cut(struct conn *conn); /* shutdown(2): libh2o then closes it by itself */
void conn_close_peeking(struct conn *conn);
uint32_t conn_early_ends(const struct conn *conn, const struct st_h2o_http2_conn_t *h2);
void conn_judge_early_ends(struct conn *conn, const struct st_h2o_http2_conn_t *h2);
void conn_condemn(struct conn *conn);

/* addresses.c. Count: false, and it is told, if that address has as many as it may. Forget: when the connection ends. */
MUST_CHECK bool address_count(struct conn *conn, const struct address *address);
void address_forget(const struct conn *conn);

/* linger.c */
void linger_prepare(struct conn *conn); /* before the last answer on a connection with bytes unread */
void linger_start(struct http_server *server, int fd);
void lingers_end(struct http_server *server);

/* request.c */
void requests_setup(struct http_server *server);
void request_leave(struct http_request *request); /* HTTP/1: the client is gone */

/* head.c */
void hold_bytes(struct http_request *request, size_t bytes); /* of its body, from now on */
enum err_code head_read(struct http_request *request, enum err_code fault);

/* tick.c */
void tick_start(struct http_server *server);

/* tls.c; borrowed */
SSL_CTX *tls_context(struct http_tls *tls);
