/* One HTTP call to another server, over one of two transports behind this header: h1, our own client over
 * libh2o's sockets (plain http only), and curl (TLS, HTTP/2, proxies; everything off the hot path). A client
 * belongs to one loop; all functions are called on that loop's thread. Redirects are never followed,
 * protocols are http and https only, proxies from the environment are ignored. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "net/loop.h"

struct call_client;
struct call;

struct call_limits {
    uint64_t connect_ms;              /* looking up the name and connecting, from when that begins */
    uint64_t first_byte_ms, total_ms; /* from the start of the call, waiting its turn included */
    size_t body_bytes, head_bytes;    /* of an answer */
    unsigned connections;             /* per origin, idle and busy; calls beyond wait their turn */
    unsigned waiting;                 /* calls that may wait; more fail with ERR_UNAVAILABLE */
    uint64_t idle_ms;                 /* an idle connection is closed after this */
};
extern const struct call_limits call_default_limits;

struct call_header {
    struct str name, value; /* name in lower case */
};

struct call_request {
    struct str method; /* "GET", … */
    struct str scheme; /* "http" or "https" */
    struct str host;   /* name or literal address, no brackets */
    uint16_t port;
    struct str target;                 /* origin-form: path and query, already encoded */
    const struct call_header *headers; /* no host, content-length, connection, transfer-encoding */
    size_t header_count;
    struct str body;
    bool has_body;   /* sends content-length even for an empty body */
    bool repeatable; /* only asks, whatever its method: may be sent again (RFC 9110 section 9.2.2) */
};

struct call_answer {
    int status; /* 200-599; 1xx are consumed */
    struct str body;
    const struct call_header *headers; /* names in lower case */
    size_t header_count;
};

/* Called exactly once per call unless it was cancelled. `answer` is NULL on failure and `err` then says why:
 * ERR_UPSTREAM (refused, reset, garbage, truncated, over a limit), ERR_UPSTREAM_TIMEOUT, ERR_UNAVAILABLE (too
 * many waiting), ERR_INTERNAL (a request that must not be sent, such as a line feed in a header). The answer
 * lives until call_free, which may be called inside `done`. */
typedef void call_done_fn(struct call *call, const struct call_answer *answer, const struct err *err,
                          void *data);

enum call_transport { CALL_AUTO, CALL_H1, CALL_CURL }; /* AUTO: https by curl, http by h1 */

struct call_client *call_client_new(struct loop *loop, enum call_transport transport,
                                    const struct call_limits *limits);

/* Cancels what is under way, without callbacks; not inside a `done`. The calls are still to be freed. */
void call_client_free(struct call_client **client);

/* TLS towards servers (curl): PEM file of authorities (NULL: the system's), client certificate and key (or
 * NULL). */
void call_client_tls(struct call_client *client, const char *ca_file, const char *certificate,
                     const char *key);

/* Starts a call. Everything in `request` is borrowed until `done`. `done` never runs inside call_start. A
 * call that failed on a reused connection before any byte of an answer came is sent once more on a fresh one
 * if its method is GET, HEAD, PUT, DELETE or OPTIONS, if it is `repeatable`, or if nothing of it was written.
 * Returns an owned call. */
struct call *call_start(struct call_client *client, const struct call_request *request, call_done_fn *done,
                        void *data);

/* Ends a call's memory; before `done` it cancels it (no callback any more, its connection is closed). */
void call_free(struct call **call);

enum call_transport call_carrier(const struct call *call); /* CALL_H1 or CALL_CURL */

/* Counters since the client was made, for metrics. */
struct call_counts {
    uint64_t started_h1, started_curl, failed, retried;
    unsigned open, idle, waiting; /* of h1, now: connections, calls */
};
struct call_counts call_client_counts(const struct call_client *client);

/* "http://host:port/base" in its parts (RFC 3986); borrowed from `url`. Refuses user info, query, fragment,
 * other schemes. `base` has no trailing slash. */
struct call_origin {
    struct str scheme, host, base;
    uint16_t port;
};
MUST_CHECK int call_origin_parse(struct call_origin *origin, struct str url, struct err *err);
