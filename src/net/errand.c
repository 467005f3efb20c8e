#include "net/loop_inner.h"

#include <signal.h>

enum { HELPERS = 2, MOST_WAITING = 1024 };

/* One for the process, because what runs here (password hashes, name look-ups) competes for the same
 * processors whichever loop asked. The only state of net/ that is not a loop's. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* an errand came, one ended, or the helpers shall end or have ended */
    struct errand *first, **last;
    size_t waiting;
    struct busy {
        const struct loop *loop;
        const struct errand *errand; /* compared only: its memory may be gone as soon as it is posted */
    } busy[HELPERS];
    pthread_t threads[HELPERS];
    size_t started, loops;
    bool ending;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .last = &pool.first };

static void lock(void)
{
    (void)pthread_mutex_lock(&pool.lock);
}

static void unlock(void)
{
    (void)pthread_mutex_unlock(&pool.lock);
}

static void wait_for_change(void)
{
    (void)pthread_cond_wait(&pool.changed, &pool.lock);
}

static void tell_change(void)
{
    (void)pthread_cond_broadcast(&pool.changed);
}

static struct errand *take_first(void)
{
    struct errand *errand = pool.first;

    pool.first = errand->next;
    if (!pool.first)
        pool.last = &pool.first;
    pool.waiting--;
    return errand;
}

static void *help(void *slot)
{
    struct busy *busy = slot;

    lock();
    for (;;) {
        while (!pool.first && !pool.ending)
            wait_for_change();
        if (pool.ending)
            break;
        struct errand *errand = take_first();
        struct loop *loop = errand->loop;
        *busy = (struct busy){ .loop = loop, .errand = errand };
        unlock();
        errand->work(errand);
        loop_post(loop, &errand->post);
        lock();
        *busy = (struct busy){ 0 };
        tell_change();
    }
    unlock();
    return NULL;
}

/* Signals are the main thread's. */
static void start_helpers(void)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.started < HELPERS &&
           !pthread_create(&pool.threads[pool.started], NULL, help, &pool.busy[pool.started]))
        pool.started++;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void finish(struct post *post)
{
    struct errand *errand = CONTAINER(post, struct errand, post);

    errand->done(errand);
}

bool errand_submit(struct loop *loop, struct errand *errand)
{
    errand->loop = loop;
    errand->post = (struct post){ .run = finish };
    errand->next = NULL;
    lock();
    if (!pool.started)
        start_helpers();
    bool taken = pool.started && pool.waiting < MOST_WAITING;
    if (taken) {
        *pool.last = errand;
        pool.last = &errand->next;
        pool.waiting++;
        tell_change();
    }
    unlock();
    return taken;
}

/* ---- coming and going ---- */

/* Takes out of the waiting ones those of `loop`, or the one `errand`. */
static void drop_waiting(const struct loop *loop, const struct errand *errand)
{
    struct errand **link = &pool.first;

    while (*link) {
        if ((*link)->loop == loop || *link == errand) {
            *link = (*link)->next;
            pool.waiting--;
        } else {
            link = &(*link)->next;
        }
    }
    pool.last = link;
}

static bool is_busy(const struct loop *loop, const struct errand *errand)
{
    for (size_t i = 0; i < HELPERS; i++)
        if (pool.busy[i].errand && (pool.busy[i].loop == loop || pool.busy[i].errand == errand))
            return true;
    return false;
}

void errand_cancel(struct errand *errand)
{
    lock();
    drop_waiting(NULL, errand);
    while (is_busy(NULL, errand))
        wait_for_change();
    unlock();
    loop_unpost(errand->loop, &errand->post);
}

void errands_enter(void)
{
    lock();
    while (pool.ending)
        wait_for_change();
    pool.loops++;
    unlock();
}

static void end_helpers(void)
{
    pool.ending = true;
    tell_change();
    unlock();
    for (size_t i = 0; i < pool.started; i++)
        (void)pthread_join(pool.threads[i], NULL);
    lock();
    pool.started = 0;
    pool.ending = false;
    tell_change();
}

void errands_leave(const struct loop *loop)
{
    lock();
    drop_waiting(loop, NULL);
    while (is_busy(loop, NULL))
        wait_for_change();
    if (--pool.loops == 0 && pool.started)
        end_helpers();
    unlock();
}
