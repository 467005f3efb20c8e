#include "cli/signals.h"

#include "base/log.h"
#include "cli/restart.h"
#include "edge/edge.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

static const struct {
    int number;
    bool stops;
} taken[] = {
    { SIGTERM, true },  { SIGINT, true },   { SIGQUIT, true },  { SIGHUP, false },
    { SIGUSR1, false }, { SIGUSR2, false }, { SIGCHLD, false },
};

struct signals {
    struct arena *arena;
    struct edge *edge;
    char *const *arguments;
    const char *held;
    pthread_t thread;
    atomic_bool given_up;
    /* its thread's */
    struct judgement judgement;
    bool restarting;
    sigset_t stopped_by;
    bool stopping, cut;
};

static sigset_t all_of(bool only_stops)
{
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < COUNT(taken); i++)
        if (taken[i].stops || !only_stops)
            (void)sigaddset(&set, taken[i].number);
    return set;
}

void signals_block(void)
{
    sigset_t all = all_of(false);

    (void)pthread_sigmask(SIG_BLOCK, &all, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL); /* ignored, children would leave no status */
}

void signals_await_stop(void)
{
    sigset_t awaited = all_of(true);
    int got;

    (void)sigaddset(&awaited, SIGUSR2);
    while (sigwait(&awaited, &got) == 0 && got == SIGUSR2)
        log_line(LOG_WARN, "SIGUSR2: the backend alone does not restart in place; everything stays as it is");
}

/* The same signal again ends a drain. Not another one: a terminal sends SIGINT to a whole group of processes, of which the first
 * may send SIGTERM to this one. */
static void take_stop(struct signals *signals, int got)
{
    bool again = sigismember(&signals->stopped_by, got) == 1;

    (void)sigaddset(&signals->stopped_by, got);
    if (!signals->stopping) {
        signals->stopping = true;
        judgement_drop(&signals->judgement);
        edge_stop(signals->edge);
    } else if (again && !signals->cut) {
        signals->cut = true;
        edge_cut(signals->edge);
    }
}

static void take_restart(struct signals *signals)
{
    struct err err;

    if (signals->judgement.child)
        log_line(LOG_WARN, "SIGUSR2: a restart has begun already");
    else if (judgement_begin(&signals->judgement, signals->arguments, signals->held, &err))
        log_line(LOG_ERROR, "SIGUSR2: %s; everything stays as it is", err.detail);
    else
        log_line(LOG_INFO, "SIGUSR2: the configuration is judged, then it is taken up by a restart");
}

static void take_signal(struct signals *signals, int got)
{
    bool ends = signals->stopping || signals->restarting;

    switch (got) {
    case SIGCHLD: /* look_at_judgement() */
        break;
    case SIGHUP: /* about files that others replace while it runs */
        if (!ends) {
            edge_reopen_log(signals->edge, "SIGHUP");
            edge_renew(signals->edge);
        }
        break;
    case SIGUSR1:
        if (!ends)
            edge_reopen_log(signals->edge, "SIGUSR1");
        break;
    case SIGUSR2: /* nginx's for a new program in the place of the old one */
        if (!ends)
            take_restart(signals);
        break;
    default:
        take_stop(signals, got);
    }
}

static void look_at_judgement(struct signals *signals)
{
    if (!signals->judgement.child)
        return;
    switch (judgement_look(&signals->judgement)) {
    case VERDICT_AWAITED:
        break;
    case VERDICT_BAD:
        log_line(LOG_ERROR, "restart: everything stays as it is");
        break;
    case VERDICT_GOOD:
        signals->restarting = true;
        log_line(LOG_INFO, "restart: no fault");
        edge_restart(signals->edge);
        break;
    }
}

static void *run(void *data)
{
    static const struct timespec moment = { .tv_sec = 1 };
    struct signals *signals = data;
    sigset_t all = all_of(false);

    while (!signals->given_up) {
        int got = sigtimedwait(&all, NULL, signals->judgement.child ? &moment : NULL);
        if (got > 0)
            take_signal(signals, got);
        look_at_judgement(signals);
    }
    judgement_drop(&signals->judgement);
    return NULL;
}

int signals_start(struct signals **signals, struct edge *edge, char *const *arguments, struct str held, struct err *err)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct signals *made = ARENA_NEW(arena, struct signals);

    made->arena = arena;
    made->edge = edge;
    made->arguments = arguments;
    made->held = arena_cstr(arena, held);
    (void)sigemptyset(&made->stopped_by);
    if (pthread_create(&made->thread, NULL, run, made)) {
        arena_free(&arena);
        return err_set(err, ERR_INTERNAL, "the signal thread cannot be started");
    }
    *signals = made;
    return 0;
}

bool signals_end(struct signals **signals)
{
    struct signals *gone = *signals;

    *signals = NULL;
    if (!gone)
        return false;
    gone->given_up = true;
    (void)pthread_kill(gone->thread, SIGCHLD);
    (void)pthread_join(gone->thread, NULL);
    bool restart = gone->restarting && !gone->stopping;
    struct arena *arena = gone->arena;
    arena_free(&arena);
    return restart;
}
