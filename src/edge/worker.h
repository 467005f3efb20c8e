/* Inside edge/: one worker, a thread with its own loop and everything that belongs to it. */
#pragma once

#include "edge/access.h"
#include "edge/metrics.h"
#include "flow/flow.h"

#include <pthread.h>
#include <stdatomic.h>

/* Workers that read the certificate again, each for itself. The outcome is logged once for all of them. */
struct renewal {
    pthread_mutex_t lock;
    size_t left; /* workers still reading, and one for the caller until it has asked all */
    bool failed; /* one of them failed, and has logged it */
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
    bool started, draining;
    struct post drain, renew;
    struct tls_files { /* NULL: none */
        const char *certificate, *key, *client_ca;
    } tls;
    struct renewal *renewal;
    atomic_bool renewing;
    struct deadline ending; /* from when nobody is connected any more */
    uint64_t drain_until_ms;
    struct worker_counts {
        struct http_counts http;
        struct auth_counts auth;
        struct call_counts calls;
        uint64_t undo_failures;
    } counts; /* copied on the worker's thread when asked */
    struct post count;
    struct counting *counting;
};

/* Makes the worker and listens; `access_fd` is borrowed. */
MUST_CHECK int worker_init(struct worker *worker, const struct conf *conf, struct gateway *gateway, int access_fd,
                           struct err *err);
MUST_CHECK int worker_run(struct worker *worker, struct err *err); /* starts its thread */
void worker_drain(struct worker *worker);                         /* the admin's thread; the worker's ends by itself */
/* Makes all workers read the files again, for new connections; they share one renewal. Always from one thread. */
void workers_renew_tls(struct worker *workers, size_t count);
void worker_stop(struct worker *worker); /* joins; gives up what is still under way */
void worker_done(struct worker *worker); /* after the store was closed: frees the loop */
