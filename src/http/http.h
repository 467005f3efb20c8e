/* The server side of HTTP: listeners, TLS, the guards that libh2o lacks (docs/security.md), requests and answers.
 * A server belongs to one loop and is used on its thread only. Several servers on several loops may listen on the
 * same address (SO_REUSEPORT). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/network.h"
#include "base/siphash.h"
#include "net/loop.h"

#include <stdatomic.h>

struct http_server;
struct http_request;

struct http_header {
    struct str name, value; /* name in lower case */
};

/* What several servers hold together, on whatever threads. All zero before the first of them. */
struct http_total {
    atomic_uint servers, connections, in_flight;
    atomic_size_t held_bytes, arriving_bytes; /* of bodies: of requests being answered; under way, at each one's last tick */
    atomic_uint *by_address; /* HTTP_ADDRESSES counts of connections; NULL: addresses are not told apart */
    struct siphash_key address_key;
};

/* An address falls to one of so many counters, by a hash whose key nobody knows. */
enum { HTTP_ADDRESSES = 16384 };
/* Before the first server, for limits.per_address. The counters are the arena's. */
void http_total_count_addresses(struct http_total *total, struct arena *arena);

struct http_limits {
    struct http_total *total; /* borrowed: `connections`, `in_flight`, `buffered_bytes` are of all its servers; NULL: of one */
    size_t head_bytes, target_bytes, body_bytes; /* of one request: 431, 414, 413 */
    unsigned headers;                            /* 431 */
    unsigned connections;                        /* further ones are closed at once */
    unsigned per_address;          /* of them from one address, of IPv6 from one network of 64 bits; 0: any number */
    const struct network *exempt;  /* borrowed: proxies, whose connections are many clients' */
    size_t exempt_count;
    unsigned in_flight;                          /* requests being answered; further ones get 503 */
    size_t buffered_bytes;                       /* request bodies held at once, in total; beyond it 503 */
    uint64_t head_ms, body_ms, answer_ms, idle_ms;
    unsigned resets_per_second; /* HTTP/2 streams a client may cancel; beyond it the connection is closed */
};
extern const struct http_limits http_default_limits;

/* What came. Everything is borrowed from the request and lives until it was answered or `gone` was called. */
struct http_head {
    struct str method, target; /* target as sent: path and query, raw */
    struct str path, query;    /* raw parts of the target; query without '?', ptr NULL when there is no '?' */
    struct str host;           /* Host or :authority, as sent */
    struct str peer;           /* address without port */
    bool peer_is_proxy;        /* of a proxy that has not said whose the connection is (PROXY protocol) */
    uint16_t local_port;
    bool tls, http2;
    const struct http_header *headers; /* no host; Connection and what it names removed (RFC 9110 section 7.6.1) */
    size_t header_count;
    struct str body; /* whole, or empty */
    bool has_body;
};

/* The value of the only header with that (lower case) name; ptr NULL when there is none. `count` (or NULL) receives
 * how many there are. */
struct str http_find(const struct http_head *head, struct str name, unsigned *count);
bool http_has(const struct http_head *head, struct str name); /* one or more of them */

/* For a field that is a list: the values of all headers with that name, joined (RFC 9110 section 5.3); in `arena` if
 * there are several. ptr NULL when there is none. */
struct str http_find_list(const struct http_head *head, struct str name, struct arena *arena);

/* A request arrived whole, and must be answered exactly once with http_answer unless `gone` is called first.
 * `fault` is ERR_NONE, or what the server itself has found wrong (ERR_TOO_LARGE, ERR_URI_TOO_LONG,
 * ERR_HEAD_TOO_LARGE, ERR_BAD_REQUEST, ERR_UNAVAILABLE, …): the handler then only shapes that error. */
typedef void http_handler_fn(struct http_request *request, const struct http_head *head, enum err_code fault,
                             void *data);

struct http_server *http_server_new(struct loop *loop, const struct http_limits *limits, http_handler_fn *handler,
                                    void *data);

/* Which of so many servers a listener's is that share its address; they listen in this order. The first finds no other listener
 * there, of this process or another, or it fails. */
struct http_share {
    size_t which, of;
};
#define HTTP_SHARE(which, of) ((struct http_share){ (which), (of) })
#define HTTP_ALONE            HTTP_SHARE(0, 1)

/* Listeners added after this take their sockets from `sockets` where there are some at their very address, and leave new ones
 * there (http/sockets.h). Borrowed until then. */
struct http_sockets;
void http_server_sockets(struct http_server *server, struct http_sockets *sockets);

/* "127.0.0.1:8080", "[::1]:0", "0.0.0.0:443"; port 0 takes a free one, which `port` (or NULL) receives. `data` of the handler
 * is the same for all listeners; head->local_port tells them apart. */
MUST_CHECK int http_server_listen(struct http_server *server, struct str address, struct http_share share,
                                  uint16_t *port, struct err *err);

/* Who waits at a socket is left to others that have it (http/sockets.h), and so is who comes. */
void http_server_stop_listening(struct http_server *server);

/* A certificate and its key, for any number of servers on any threads. PEM files, read here only; `client_ca` (or NULL)
 * demands client certificates. */
struct http_tls;
MUST_CHECK int http_tls_read(struct http_tls **tls, const char *certificate, const char *key, const char *client_ca,
                             struct err *err);
void http_tls_free(struct http_tls **tls); /* servers that have it keep it; NULL is fine */

/* Listeners added after this speak TLS (1.2 and later, ALPN h2 and http/1.1). Those that speak TLS already use it for
 * connections to come. */
void http_server_tls(struct http_server *server, struct http_tls *tls);

/* Listeners added after this let in only connections from these networks, each of which must begin with a header of the PROXY
 * protocol (version 1 or 2): the address in it is the peer. Without a whole header within limits.head_ms the connection is closed.
 * The networks are borrowed; `count` 0: from then on no header is expected. */
void http_server_proxied(struct http_server *server, const struct network *networks, size_t count);

/* Stops listening, takes in who waits at its sockets, and lets requests in flight finish. Idle connections are closed a moment
 * later, those without any request so far after a second, so that requests already on their way are answered. `drained` runs
 * when none is left or `within_ms` has passed. A second call changes that time. */
void http_server_drain(struct http_server *server, uint64_t within_ms, void (*drained)(void *data), void *data);

/* Closes everything at once; `gone` is called for what was not answered. Not from inside a handler, a `gone` or
 * another callback of a socket; from a post, a deadline or `drained` it may be. */
void http_server_free(struct http_server **server);

/* The client left before the answer (HTTP/2 reset, closed connection) or limits.answer_ms passed: the request handle
 * and head are dead when this returns; http_answer must not be called any more. At most one call. In HTTP/1 it takes
 * up to a second to be noticed, and a client that closes only its sending side counts as gone. */
void http_request_on_gone(struct http_request *request, void (*gone)(void *data), void *data);

/* Copies `headers` and `body`; Date and Content-Length are added. A Connection header is not allowed. After it the
 * request is dead. HEAD requests and 204/304 send no body. */
void http_answer(struct http_request *request, int status, const struct http_header *headers, size_t header_count,
                 struct str body);

struct http_counts {
    uint64_t accepted, refused, requests, guard_refusals, proxy_refusals, address_refusals, resets_cut, timeouts;
    unsigned connections, in_flight;
    size_t buffered_bytes;
};
struct http_counts http_server_counts(const struct http_server *server);
