/* An event loop: one thread, libh2o's loop inside. Everything but loop_post and loop_stop must be called on
 * the loop's own thread (or before it runs). */
#pragma once

#include "base/err.h"

struct loop;

struct loop *loop_new(void); /* never NULL; from the first on the process ignores SIGPIPE */
void loop_free(struct loop **loop);

/* Runs until loop_stop. Signals must be blocked in the calling thread. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop); /* any thread */

/* Monotonic milliseconds and wall-clock milliseconds, read once per turn of the loop. */
uint64_t loop_now_ms(const struct loop *loop);
int64_t loop_wall_ms(const struct loop *loop);

/* A post runs once on the loop's thread, soon, in order of posting. The memory is the caller's and must live
 * until it ran; it may be posted again from inside `run`. */
struct post {
    void (*run)(struct post *post);
    struct post *next; /* the loop's */
};
void loop_post(struct loop *loop, struct post *post); /* any thread */

/* A deadline in the caller's memory; zero-initialise it. `run` is called once, at or soon after `at_ms`.
 * Setting a set deadline moves it. Clearing one that is not set does nothing. */
struct deadline {
    void (*run)(struct deadline *deadline);
    uint64_t at_ms; /* the loop's from here on */
    size_t index;   /* 0: not set */
};
void deadline_set(struct loop *loop, struct deadline *deadline, uint64_t after_ms);
void deadline_clear(struct loop *loop, struct deadline *deadline);

/* Work for another thread: `work` runs on one of a few helper threads (password hashing, slow files), then
 * `done` on the loop that submitted it. The memory is the caller's and must live until `done`. At most 1,024
 * wait; more are refused with false. */
struct errand {
    struct post post; /* the loop's */
    struct loop *loop;
    void (*work)(struct errand *errand);
    void (*done)(struct errand *errand);
    struct errand *next;
};
MUST_CHECK bool errand_submit(struct loop *loop, struct errand *errand);

/* Takes back an errand whose `done` has not run: waits for `work` if it is under way; `done` will not run. */
void errand_cancel(struct errand *errand);

/* libh2o's loop, for the folder http/ only. */
struct st_h2o_evloop_t;
struct st_h2o_evloop_t *loop_h2o(struct loop *loop);
