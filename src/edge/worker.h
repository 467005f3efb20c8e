/* Inside edge/: one worker, a thread with its own loop and everything that belongs to it. */
#pragma once

#include "edge/access.h"
#include "edge/metrics.h"
#include "flow/flow.h"

#include <pthread.h>

/* The certificate of all workers: its files are read once for all, so that no two of them serve another one. */
struct renewal {
    pthread_mutex_t lock;
    struct http_tls *tls; /* the newest; NULL: none */
    size_t left;          /* workers that do not use it yet */
};

/* What all workers have together. */
struct crew {
    int access_fd; /* -1: no access log */
    struct http_sockets *sockets;
    uint64_t connections; /* of clients, at most */
    struct http_total total;
    struct renewal renewal;
};

struct worker_counts {
    struct http_counts http;
    struct auth_counts auth;
    struct call_counts calls;
    uint64_t undo_failures, lines_lost;
};

struct worker {
    const struct conf *conf;
    struct gateway *gateway;
    struct loop *loop;
    struct http_server *server;
    struct upstream *upstream;
    struct flow *flow;
    struct metrics *metrics;
    struct access_log *access;
    struct bound_port { /* listeners that belong to one dialect */
        uint16_t port;
        const struct dialect *dialect;
    } *bound;
    size_t bound_count;
    struct arena *spare[64]; /* of requests */
    size_t spare_count;
    pthread_t thread;
    bool started, draining, leave_waiting;
    atomic_bool over; /* its thread is about to end */
    struct post drain, cut, renew;
    struct renewal *renewal;
    bool renewing; /* the post is under way; under the renewal's lock */
    struct deadline ending; /* from when nobody is connected any more */
    uint64_t drain_until_ms;
    struct post count;
    struct { /* under the lock */
        struct worker_counts *to; /* NULL: nobody asks */
        void (*counted)(void *data);
        void *data;
    } asked;
    pthread_mutex_t lock;
    struct worker_counts last; /* of a worker that is over */
};

/* limits.connections, or fewer where the system does not allow as many open files (files.c); asks for them first. */
uint64_t crew_connections(const struct conf *conf, size_t workers);

/* `crew` is borrowed. */
MUST_CHECK int worker_init(struct worker *worker, const struct conf *conf, struct gateway *gateway, struct crew *crew,
                           struct err *err);
/* At all addresses of the configuration, as one of all workers. */
MUST_CHECK int worker_listen(struct worker *worker, struct http_share share, struct err *err);
MUST_CHECK int worker_run(struct worker *worker, struct err *err); /* starts its thread */
/* The admin's thread; the worker's ends by itself. Who waits at the sockets is taken in first, or left to who comes after it. */
void worker_drain(struct worker *worker, bool leave_waiting);
void worker_cut(struct worker *worker); /* the same thread, once, while it drains: it ends now */
/* Copies its counters and then calls `counted`, on the worker's thread; here and at once if that has ended. One at a time. */
void worker_count(struct worker *worker, struct worker_counts *to, void (*counted)(void *data), void *data);
/* One thread at a time. Read: the configuration's files, if it names any. Renew: the same again, for connections to come; the
 * workers all have this renewal. */
MUST_CHECK int renewal_read(struct renewal *renewal, const struct conf *conf, struct err *err);
void workers_renew_tls(struct worker *workers, size_t count);
void worker_stop(struct worker *worker); /* joins; gives up what is still under way */
void worker_done(struct worker *worker); /* after the store was closed: frees the loop */
