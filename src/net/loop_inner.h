/* What loop.c, deadline.c and errand.c share. Only they include it. */
#pragma once

#include "base/arena.h"
#include "net/loop.h"

#include <pthread.h>
#include <stdatomic.h>

struct st_h2o_socket_t;

/* A binary heap; at[0] is never used, so that index 0 says "not set". */
struct deadline_heap {
    struct deadline **at;
    size_t count, space;
};

/* The time of this turn. h2o_evloop_run reads the wall clock after it slept and before it calls anybody: when
 * that moved, a new turn began and the monotonic clock is read again. */
struct loop_instant {
    uint64_t monotonic_ms, wall_ms;
};

struct loop {
    struct arena *arena; /* owns the loop itself */
    struct st_h2o_evloop_t *h2o;
    struct loop_instant *instant;
    struct deadline_heap deadlines;
    struct st_h2o_socket_t *wake; /* on an eventfd: another thread posted or stopped */
    int wake_fd;
    struct post *due; /* being run in this turn */
    atomic_bool stopped;
    pthread_mutex_t lock; /* over the rest */
    struct post *first, **last;
    bool running;
    pthread_t thread;
};

/* deadline.c: the heap. `deadlines_wait_ms` is -1 when nothing is set. */
void deadlines_run(struct loop *loop);
int64_t deadlines_wait_ms(const struct loop *loop, uint64_t now_ms);

/* loop.c: takes a post back that may not be posted. */
void loop_unpost(struct loop *loop, const struct post *post);

/* errand.c: every loop enters before its first errand and leaves when it is freed. Leaving drops its waiting
 * errands and waits for those under way; the last to leave ends the helper threads. */
void errands_enter(void);
void errands_leave(const struct loop *loop);
