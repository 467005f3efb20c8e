#include "net/loop_inner.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <h2o/socket.h>

/* Libh2o moves buffers from 32 MB on to a file in the temporary directory; bodies must never get there.
 * Libh2o and OpenSSL write to sockets that may be closed without asking for an error instead of the signal.
 */
static void prepare_process(void)
{
    h2o_socket_buffer_mmap_settings.threshold = SIZE_MAX;
    (void)signal(SIGPIPE, SIG_IGN);
}

static void wake(const struct loop *loop)
{
    const uint64_t one = 1;

    while (write(loop->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

/* ---- time ---- */

uint64_t loop_now_ms(const struct loop *loop)
{
    struct loop_instant *instant = loop->instant;
    uint64_t wall_ms = h2o_now(loop->h2o);

    if (!loop->running)
        return clock_monotonic_ms();
    if (wall_ms != instant->wall_ms)
        *instant = (struct loop_instant){ .monotonic_ms = clock_monotonic_ms(), .wall_ms = wall_ms };
    return instant->monotonic_ms;
}

int64_t loop_wall_ms(const struct loop *loop)
{
    return loop->running ? (int64_t)h2o_now(loop->h2o) : clock_wall_ms();
}

/* ---- posts ---- */

void loop_post(struct loop *loop, struct post *post)
{
    post->next = NULL;
    (void)pthread_mutex_lock(&loop->lock);
    bool was_empty = !loop->first;
    bool own = loop->running && pthread_equal(loop->thread, pthread_self());
    *loop->last = post;
    loop->last = &post->next;
    (void)pthread_mutex_unlock(&loop->lock);
    if (was_empty && !own) /* the loop's own thread looks at the list before it sleeps */
        wake(loop);
}

static struct post *take_posts(struct loop *loop)
{
    (void)pthread_mutex_lock(&loop->lock);
    struct post *first = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    (void)pthread_mutex_unlock(&loop->lock);
    return first;
}

/* Those that are posted meanwhile wait for the next turn, or two posts could keep the sockets waiting. */
static void run_posts(struct loop *loop)
{
    loop->due = take_posts(loop);
    while (loop->due) {
        struct post *post = loop->due;
        loop->due = post->next;
        post->run(post);
    }
}

/* Posts of other threads run here, among the sockets: what they write is then told to be written in the same turn, where
 * libh2o would otherwise watch each socket for writing and at once no more, with two system calls. */
static void on_wake(h2o_socket_t *sock, const char *err)
{
    struct loop *loop = sock->data;
    uint64_t count;

    (void)err;
    while (read(loop->wake_fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
    run_posts(loop);
}

/* Returns the link at the end. */
static struct post **unlink_post(struct post **link, const struct post *post)
{
    for (; *link; link = &(*link)->next)
        if (*link == post) {
            *link = post->next;
            break;
        }
    while (*link)
        link = &(*link)->next;
    return link;
}

void loop_unpost(struct loop *loop, const struct post *post)
{
    (void)pthread_mutex_lock(&loop->lock);
    loop->last = unlink_post(&loop->first, post);
    (void)pthread_mutex_unlock(&loop->lock);
    (void)unlink_post(&loop->due, post);
}

static bool has_posts(struct loop *loop)
{
    (void)pthread_mutex_lock(&loop->lock);
    bool any = loop->first;
    (void)pthread_mutex_unlock(&loop->lock);
    return any;
}

/* ---- life ---- */

struct loop *loop_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct arena *arena = arena_new(SIZE_MAX);
    struct loop *loop = ARENA_NEW(arena, struct loop);

    (void)pthread_once(&once, prepare_process);
    loop->arena = arena;
    loop->instant = ARENA_NEW(arena, struct loop_instant);
    loop->last = &loop->first;
    loop->h2o = h2o_evloop_create();
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake_fd < 0 || pthread_mutex_init(&loop->lock, NULL)) {
        log_line(LOG_ERROR, "cannot make an event loop: %s", strerror(errno));
        abort(); /* no descriptors or no memory: nothing could be served */
    }
    loop->wake = h2o_evloop_socket_create(loop->h2o, loop->wake_fd, H2O_SOCKET_FLAG_DONT_READ);
    loop->wake->data = loop;
    h2o_socket_read_start(loop->wake, on_wake);
    errands_enter();
    return loop;
}

void loop_free(struct loop **loop)
{
    struct loop *gone = *loop;

    *loop = NULL;
    if (!gone)
        return;
    errands_leave(gone);
    h2o_socket_close(gone->wake); /* closes the eventfd too */
    /* Version 2.2.5 leaves its epoll descriptor open: loops are not for making many. */
    h2o_evloop_destroy(gone->h2o);
    (void)pthread_mutex_destroy(&gone->lock);
    struct arena *arena = gone->arena; /* the loop lives in it */
    arena_free(&arena);
}

struct st_h2o_evloop_t *loop_h2o(struct loop *loop)
{
    return loop->h2o;
}

/* ---- turns ---- */

/* Libh2o runs the callbacks of finished writes after it slept, also of those that posts and deadlines
 * started: when there are any it must not sleep. */
static int32_t wait_ms(struct loop *loop)
{
    if (loop->h2o->_pending_as_client || loop->h2o->_pending_as_server || has_posts(loop))
        return 0;
    int64_t wait = deadlines_wait_ms(loop, clock_monotonic_ms());
    return wait < 0 || wait > INT32_MAX ? INT32_MAX : (int32_t)wait;
}

static void set_running(struct loop *loop, bool running)
{
    (void)pthread_mutex_lock(&loop->lock);
    loop->running = running;
    loop->thread = pthread_self();
    (void)pthread_mutex_unlock(&loop->lock);
}

void loop_run(struct loop *loop)
{
    set_running(loop, true);
    while (!atomic_load_explicit(&loop->stopped, memory_order_acquire)) {
        run_posts(loop);
        deadlines_run(loop);
        (void)h2o_evloop_run(loop->h2o, wait_ms(loop)); /* fails on a signal only: go on */
    }
    atomic_store_explicit(&loop->stopped, false, memory_order_relaxed);
    set_running(loop, false);
}

void loop_stop(struct loop *loop)
{
    atomic_store_explicit(&loop->stopped, true, memory_order_release);
    wake(loop);
}
