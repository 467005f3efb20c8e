/* A server on a thread of its own and a client that speaks raw bytes, for test_http_*.c. */
#pragma once

#include "check.h"
#include "base/clock.h"
#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* libh2o keeps a few freed buffers for each thread and never gives them back when the thread ends. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:h2o_mem_alloc_recycle\nleak:h2o_buffer_reserve\nleak:h2o_mem_alloc_pool\nleak:h2o_mempool\n";
}

struct kit {
    struct loop *loop;
    struct http_server *server;
    uint16_t port;
    pthread_t thread;
    atomic_uint calls, faults, gone, drained;
    _Atomic enum err_code fault; /* the last one */
    bool hold_faults;            /* they are never answered */
    struct http_header big[2];
    char *big_body;
    size_t big_len;
    struct http_counts counts; /* asked for with kit_counts */
};

/* What the handler keeps of a request that it answers later. */
struct later {
    struct deadline deadline;
    struct kit *kit;
    struct http_request *request;
};

static inline void later_answer(struct deadline *deadline)
{
    struct later *later = (struct later *)(void *)deadline;

    http_answer(later->request, 200, NULL, 0, STR("later"));
    free(later);
}

static inline void later_gone(void *data)
{
    struct later *later = data;

    later->kit->gone++;
    deadline_clear(later->kit->loop, &later->deadline);
    free(later);
}

static inline void never_gone(void *data)
{
    struct kit *kit = data;

    kit->gone++;
}

static inline void answer_echo(struct http_request *request, const struct http_head *head)
{
    char text[65536];
    int n = snprintf(text, sizeof text,
                     STR_FMT " " STR_FMT "|" STR_FMT "|" STR_FMT "\nhost=" STR_FMT " h2=%d tls=%d body=%zu\n",
                     STR_ARG(head->method), STR_ARG(head->target), STR_ARG(head->path), STR_ARG(head->query),
                     STR_ARG(head->host), head->http2, head->tls, head->body.len);

    for (size_t i = 0; i < head->header_count; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "[" STR_FMT ": " STR_FMT "]\n",
                      STR_ARG(head->headers[i].name), STR_ARG(head->headers[i].value));
    if (head->has_body && head->body.len < 1000)
        n += snprintf(text + n, sizeof text - (size_t)n, "<" STR_FMT ">", STR_ARG(head->body));
    const struct http_header headers[] = { { .name = STR("content-type"), .value = STR("text/plain") },
                                           { .name = STR("x-bad"), .value = STR("a\r\nx-split: 1") } };
    http_answer(request, 200, headers, 2, str_of(text, (size_t)n));
}

static inline void kit_handler(struct http_request *request, const struct http_head *head,
                               enum err_code fault, void *data)
{
    struct kit *kit = data;

    kit->calls++;
    if (fault) {
        char text[100];
        int n = snprintf(text, sizeof text, "fault:%s", err_name(fault));
        kit->faults++;
        kit->fault = fault;
        if (kit->hold_faults) {
            http_request_on_gone(request, never_gone, kit);
            return;
        }
        http_answer(request, err_status(fault), NULL, 0, str_of(text, (size_t)n));
        return;
    }
    if (str_is(head->path, "/later")) {
        struct later *later = calloc(1, sizeof *later);
        later->deadline.run = later_answer;
        later->kit = kit;
        later->request = request;
        http_request_on_gone(request, later_gone, later);
        deadline_set(kit->loop, &later->deadline, 50);
    } else if (str_is(head->path, "/never")) {
        http_request_on_gone(request, never_gone, kit);
    } else if (str_is(head->path, "/none")) {
        http_answer(request, 204, NULL, 0, STR_NONE);
    } else if (str_is(head->path, "/big")) {
        http_answer(request, 200, NULL, 0, str_of(kit->big_body, kit->big_len));
    } else if (str_is(head->path, "/hello")) {
        http_answer(request, 200, NULL, 0, STR("hello"));
    } else if (str_is(head->path, "/peer")) {
        char text[100];
        int n = snprintf(text, sizeof text, "<" STR_FMT ">%s", STR_ARG(head->peer), head->peer_is_proxy ? "proxy" : "");
        http_answer(request, 200, NULL, 0, str_of(text, (size_t)n));
    } else {
        answer_echo(request, head);
    }
}

static inline void *kit_thread(void *data)
{
    struct kit *kit = data;

    loop_run(kit->loop);
    return NULL;
}

static inline struct http_limits kit_limits(void)
{
    struct http_limits limits = http_default_limits;

    limits.body_bytes = 100000;
    return limits;
}

static inline struct kit *kit_prepare(const struct http_limits *limits)
{
    struct kit *kit = calloc(1, sizeof *kit);

    kit->big_len = 8 << 20;
    kit->big_body = malloc(kit->big_len);
    memset(kit->big_body, 'b', kit->big_len);
    kit->loop = loop_new();
    kit->server = http_server_new(kit->loop, limits, kit_handler, kit);
    return kit;
}

static inline void kit_listen(struct kit *kit)
{
    struct err err;

    if (http_server_listen(kit->server, STR("127.0.0.1:0"), HTTP_ALONE, &kit->port, &err))
        fail_msg("%s", err.detail);
}

static inline void kit_run(struct kit *kit)
{
    assert_int_equal(pthread_create(&kit->thread, NULL, kit_thread, kit), 0);
}

static inline struct kit *kit_start(const struct http_limits *limits)
{
    struct kit *kit = kit_prepare(limits);

    kit_listen(kit);
    kit_run(kit);
    return kit;
}

static inline void kit_stop(struct kit *kit)
{
    loop_stop(kit->loop);
    pthread_join(kit->thread, NULL);
    http_server_free(&kit->server);
    loop_free(&kit->loop);
    free(kit->big_body);
    free(kit);
}

/* Runs `run` on the loop's thread and waits for it. */
struct errant {
    struct post post;
    struct kit *kit;
    void (*run)(struct kit *kit);
    atomic_bool done;
};

static inline void errant_run(struct post *post)
{
    struct errant *errant = (struct errant *)(void *)post;

    errant->run(errant->kit);
    errant->done = true;
}

static inline void kit_do(struct kit *kit, void (*run)(struct kit *kit))
{
    struct errant errant = { .post = { .run = errant_run }, .kit = kit, .run = run };

    loop_post(kit->loop, &errant.post);
    while (!errant.done)
        usleep(200);
}

static inline void kit_take_counts(struct kit *kit)
{
    kit->counts = http_server_counts(kit->server);
}

static inline struct http_counts kit_counts(struct kit *kit)
{
    kit_do(kit, kit_take_counts);
    return kit->counts;
}

static inline int dial(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    struct timeval limit = { .tv_sec = 10 };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* False when the other side closed meanwhile. */
static inline bool put(int fd, const void *bytes, size_t len)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, (const char *)bytes + sent, len - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    return true;
}

static inline bool put_text(int fd, const char *text)
{
    return put(fd, text, strlen(text));
}

struct reply {
    int status;
    char *bytes; /* head and body; head ends at `body` */
    size_t len;
    const char *body;
    size_t body_len;
};

/* Everything until the other side closes; NUL-terminated; the caller frees it. -1 as length on a timeout. */
static inline char *drain_socket(int fd, ssize_t *len)
{
    size_t space = 1 << 16, used = 0;
    char *all = malloc(space);

    for (;;) {
        if (used + 4096 > space)
            all = realloc(all, space *= 2);
        ssize_t n = recv(fd, all + used, space - used - 1, 0);
        if (n < 0 && errno == EAGAIN) {
            *len = -1;
            all[used] = '\0';
            return all;
        }
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    all[used] = '\0';
    *len = (ssize_t)used;
    return all;
}

/* One answer with a Content-Length (or none), read byte by byte so that nothing of the next is taken. */
static inline int read_answer(int fd, char *to, size_t space, bool to_head)
{
    size_t n = 0, want = 0;
    char *end = NULL;

    while (n + 1 < space && (!end || n < want)) {
        if (recv(fd, to + n, 1, 0) != 1)
            return -1;
        to[++n] = '\0';
        if (!end && n >= 4 && memcmp(to + n - 4, "\r\n\r\n", 4) == 0) {
            const char *length = strstr(to, "Content-Length: ");
            end = to + n;
            want = n + (length && !to_head ? strtoul(length + 16, NULL, 10) : 0);
        }
    }
    return atoi(to + 9);
}

static inline unsigned count_of(const char *text, const char *word)
{
    unsigned n = 0;

    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        n++;
    return n;
}

/* Waits until `value` reaches `want`; false after ten seconds. */
static inline bool wait_for(atomic_uint *value, unsigned want)
{
    for (int i = 0; i < 5000 && *value < want; i++)
        usleep(2000);
    return *value >= want;
}
