/* What call.c, its two transports and the pool share. Only they include it. */
#pragma once

#include "net/call.h"
#include "net/h1_parse.h"

struct conn;
struct fetch;
struct fetcher;
struct pool;

enum { SPARE_ARENAS = 64 };

struct call_client {
    struct arena *arena; /* owns the client itself */
    struct loop *loop;
    enum call_transport transport;
    struct call_limits limits;
    struct call_counts counts;
    struct call *calls; /* all that are not freed */
    bool closing;

    struct pool *pools; /* h1: one per origin */
    struct conn *spare_conns;

    struct fetcher *fetcher; /* curl: from the first call on that needs it */
    const char *ca_file, *certificate, *key;

    struct arena *spare[SPARE_ARENAS]; /* of freed calls */
    size_t spares, most_spares;
};

struct call {
    struct arena *arena; /* owns the call itself */
    struct call_client *client;
    struct call *previous, *next; /* in client->calls */
    enum call_transport carrier;
    struct call_request request;
    call_done_fn *done;
    void *data;

    struct deadline deadline; /* the nearest of: */
    uint64_t connect_by_ms;   /* UINT64_MAX unless it is connecting */
    uint64_t address_by_ms;   /* then the server's next address is tried; UINT64_MAX: there is none */
    uint64_t first_byte_by_ms, total_by_ms;

    bool ended;      /* `done` was called, or is about to be */
    bool failing;    /* the deadline is there to report `err` from the loop */
    bool idempotent; /* may be sent again after it was sent */
    bool answering;  /* a byte of an answer came */
    bool retried;
    struct err err;
    struct call_answer answer;

    struct pool *pool;            /* h1 */
    struct conn *conn;            /* while one is connecting or busy for it */
    struct call *earlier, *later; /* in the pool's queue */
    bool queued;
    struct str head;
    size_t sent; /* bytes of head and body on this connection */
    struct h1_parse parse;

    struct fetch *fetch; /* curl */
};

/* call.c. The transport has let go of the call before. After call_succeed and call_fail it must touch neither
 * the call nor anything of it. call_fail_later may be used inside call_start. */
void call_succeed(struct call *call, const struct call_answer *answer);
void call_fail(struct call *call, const struct err *err);
void call_fail_later(struct call *call);
void call_arm(struct call *call); /* after a *_by_ms came nearer */

/* pool.c: h1. Dropping a call closes its connection. */
void pool_start(struct call *call);
void pool_drop(struct call *call);
void pool_try_next(struct call *call); /* its address_by_ms has passed */
void pools_free(struct call_client *client);
void pools_count(const struct call_client *client, struct call_counts *counts);

/* fetch.c: curl. */
void fetch_start(struct call *call);
void fetch_drop(struct call *call);
void fetcher_free(struct call_client *client);
