#include "net/fetch_inner.h"

#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <h2o/socket.h>

enum { EVENTS = 64 };

/* Curl opens and closes its sockets itself, and so does libh2o with what it watches: curl's sockets therefore
 * have an epoll of their own, and only that descriptor is the loop's. */

static void read_messages(struct fetcher *fetcher);

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *known)
{
    const struct fetcher *fetcher = data;
    struct epoll_event event = { .data.fd = fd };

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(fetcher->epoll, EPOLL_CTL_DEL, fd, NULL); /* closed ones are gone already */
        return 0;
    }
    if (what & CURL_POLL_IN)
        event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    if (epoll_ctl(fetcher->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) && errno == EEXIST)
        (void)epoll_ctl(fetcher->epoll, EPOLL_CTL_MOD, fd, &event);
    (void)curl_multi_assign(fetcher->multi, fd, data);
    return 0;
}

static int on_timer(CURLM *multi, long after_ms, void *data)
{
    struct fetcher *fetcher = data;

    (void)multi;
    if (after_ms < 0)
        deadline_clear(fetcher->client->loop, &fetcher->timer);
    else
        deadline_set(fetcher->client->loop, &fetcher->timer, (uint64_t)after_ms);
    return 0;
}

static void act(struct fetcher *fetcher, curl_socket_t fd, int events)
{
    int running;

    (void)curl_multi_socket_action(fetcher->multi, fd, events, &running);
}

static void on_due(struct deadline *deadline)
{
    struct fetcher *fetcher = CONTAINER(deadline, struct fetcher, timer);

    act(fetcher, CURL_SOCKET_TIMEOUT, 0);
    read_messages(fetcher);
}

static void on_events(h2o_socket_t *sock, const char *why)
{
    struct fetcher *fetcher = sock->data;
    struct epoll_event events[EVENTS];
    int count = epoll_wait(fetcher->epoll, events, EVENTS, 0);

    (void)why;
    for (int i = 0; i < count; i++) {
        uint32_t ready = events[i].events;
        int in = (ready & EPOLLIN) ? CURL_CSELECT_IN : 0, out = (ready & EPOLLOUT) ? CURL_CSELECT_OUT : 0;
        act(fetcher, events[i].data.fd, in | out | ((ready & (EPOLLERR | EPOLLHUP)) ? CURL_CSELECT_ERR : 0));
    }
    read_messages(fetcher);
}

/* ---- the fetcher ---- */

static void init_curl(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
        log_line(LOG_ERROR, "libcurl cannot start");
        abort();
    }
}

static void set_options(struct fetcher *fetcher)
{
    const struct call_limits *limits = &fetcher->client->limits;

    (void)curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
    (void)curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
    (void)curl_multi_setopt(fetcher->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)limits->connections);
}

static struct fetcher *fetcher_of(struct call_client *client)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct fetcher *fetcher = client->fetcher;

    if (fetcher)
        return fetcher;
    (void)pthread_once(&once, init_curl);
    fetcher = client->fetcher = ARENA_NEW(client->arena, struct fetcher);
    fetcher->client = client;
    fetcher->timer.run = on_due;
    fetcher->multi = curl_multi_init();
    fetcher->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!fetcher->multi || fetcher->epoll < 0) {
        log_line(LOG_ERROR, "cannot make a fetcher: %s", strerror(errno));
        abort();
    }
    set_options(fetcher);
    fetcher->sock =
        h2o_evloop_socket_create(loop_h2o(client->loop), fetcher->epoll, H2O_SOCKET_FLAG_DONT_READ);
    fetcher->sock->data = fetcher;
    h2o_socket_read_start(fetcher->sock, on_events);
    return fetcher;
}

void fetcher_free(struct call_client *client)
{
    struct fetcher *fetcher = client->fetcher;

    if (!fetcher)
        return;
    while (fetcher->spares)
        curl_easy_cleanup(fetcher->spare[--fetcher->spares]);
    (void)curl_multi_cleanup(fetcher->multi);
    deadline_clear(client->loop, &fetcher->timer);
    h2o_socket_close(fetcher->sock); /* closes the epoll too */
    client->fetcher = NULL;
}

/* ---- transfers ---- */

static CURL *take_easy(struct fetcher *fetcher)
{
    return fetcher->spares ? fetcher->spare[--fetcher->spares] : curl_easy_init();
}

static void give_easy(struct fetcher *fetcher, CURL *easy)
{
    if (fetcher->spares == SPARE_EASY) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy); /* forgets the request, its headers and its body */
    fetcher->spare[fetcher->spares++] = easy;
}

static int start(struct fetcher *fetcher, struct call *call)
{
    const struct call_limits *limits = &fetcher->client->limits;
    CURL *easy;

    /* Curl queues what goes beyond its connections; over HTTP/2 nothing waits. */
    if (fetcher->running >= (uint64_t)limits->connections + limits->waiting)
        return err_set(&call->err, ERR_UNAVAILABLE, "%u calls are under way already", fetcher->running);
    call->fetch = ARENA_NEW(call->arena, struct fetch);
    call->fetch->call = call;
    easy = take_easy(fetcher);
    if (easy && !fetch_prepare(call->fetch, easy) && !curl_multi_add_handle(fetcher->multi, easy)) {
        call->fetch->easy = easy;
        fetcher->running++;
        return 0;
    }
    fetch_release(call->fetch);
    call->fetch = NULL;
    if (easy)
        give_easy(fetcher, easy);
    return err_set(&call->err, ERR_UPSTREAM, "curl refuses the request");
}

void fetch_start(struct call *call)
{
    if (start(fetcher_of(call->client), call))
        call_fail_later(call);
}

void fetch_drop(struct call *call)
{
    struct fetcher *fetcher = call->client->fetcher;
    struct fetch *fetch = call->fetch;

    call->fetch = NULL;
    (void)curl_multi_remove_handle(fetcher->multi, fetch->easy);
    give_easy(fetcher, fetch->easy);
    fetch_release(fetch);
    fetcher->running--;
}

/* Nothing was sent this time: the same request, on a connection of its own. What was sent before still counts (on_attempt).
 * False: curl does not take it. */
static bool start_again(struct fetcher *fetcher, struct fetch *fetch)
{
    fetch->stale = false;
    (void)curl_multi_remove_handle(fetcher->multi, fetch->easy);
    return !curl_easy_setopt(fetch->easy, CURLOPT_FRESH_CONNECT, 1L) && !curl_multi_add_handle(fetcher->multi, fetch->easy);
}

static void read_messages(struct fetcher *fetcher)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(fetcher->multi, &left))) {
        struct fetch *fetch;
        CURLcode code = message->data.result; /* the message does not outlive the handle's removal */
        if (message->msg != CURLMSG_DONE || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch))
            continue;
        if (fetch->stale && start_again(fetcher, fetch))
            continue;
        fetch_drop(fetch->call);
        fetch_end(fetch, code);
    }
}
