/* The least that forwarding costs here: what any gateway must do for a request, and nothing else. Bytes are received and sent
 * on, with as few system calls as there can be; of an answer only its length is looked for. `--read`: the answer's JSON is
 * read, too, which who judges or translates it cannot do without. Usage: floor PORT BACKEND-PORT [--read]
 *
 * One thread. Each client's connection has one of its own to the backend. A request is what one read brings, an answer has a
 * Content-Length. For loopback and load generators only: what they never send ends the process. */
#include "json/tape.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { REQUEST_MAX = 16 * 1024, ANSWER_MAX = 256 * 1024, EVENTS = 256 };

struct pair {
    struct end {
        struct pair *pair;
        int socket;
    } client, backend;
    struct pair *gone; /* the next one that is closed */
    size_t got, whole;
    char request[REQUEST_MAX], answer[ANSWER_MAX];
};

static struct {
    int epoll, backend_port;
    struct arena *arena; /* to read with; NULL: answers are not read */
    struct pair *gone;   /* closed, and free when the turn is over */
} proxy;

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                 .sin_port = htons((uint16_t)port) };
}

static void watch(int socket, void *data)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = data };

    if (epoll_ctl(proxy.epoll, EPOLL_CTL_ADD, socket, &event))
        give_up("epoll_ctl");
}

static int open_socket(void)
{
    const int on = 1;
    int made = socket(AF_INET, SOCK_STREAM, 0);

    if (made < 0 || setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
        give_up("socket");
    return made;
}

static void leave(struct pair *pair)
{
    if (pair->client.socket < 0)
        return;
    (void)close(pair->client.socket);
    (void)close(pair->backend.socket);
    pair->client.socket = -1;
    pair->gone = proxy.gone;
    proxy.gone = pair;
}

static void on_client(int listener)
{
    const int on = 1;
    const struct sockaddr_in to = loopback(proxy.backend_port);
    struct pair *pair = calloc(1, sizeof *pair);

    if (!pair)
        give_up("memory");
    pair->client = (struct end){ .pair = pair, .socket = accept(listener, NULL, NULL) };
    pair->backend = (struct end){ .pair = pair, .socket = open_socket() };
    if (pair->client.socket < 0 || setsockopt(pair->client.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
        give_up("accept");
    if (connect(pair->backend.socket, (const struct sockaddr *)&to, sizeof to))
        give_up("connect");
    watch(pair->client.socket, &pair->client);
    watch(pair->backend.socket, &pair->backend);
}

static void send_all(int socket, const char *bytes, size_t len)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t now = send(socket, bytes + sent, len - sent, MSG_NOSIGNAL);
        if (now < 0)
            return; /* the load generator has gone; its end is read next */
        sent += (size_t)now;
    }
}

/* Of the list that has another path at the backend (proxy.conf). */
static const struct str list = STR_INIT("GET /v1/patients HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");

static void on_request(struct pair *pair)
{
    if (pair->client.socket < 0)
        return;
    ssize_t len = recv(pair->client.socket, pair->request, sizeof pair->request, 0);

    if (len <= 0) {
        leave(pair);
        return;
    }
    struct str request = str_of(pair->request, (size_t)len), line = request, method, path;
    (void)str_next(&line, ' ', &method);
    (void)str_next(&line, ' ', &path);
    if (str_starts(path, STR("/pub/patient?")))
        request = list;
    send_all(pair->backend.socket, request.ptr, request.len);
}

/* Head and body, when the head is whole; 0 before. */
static size_t whole_length(const char *answer, size_t got)
{
    static const char name[] = "Content-Length: ";
    const char *end = memmem(answer, got, "\r\n\r\n", 4);
    const char *length = end ? memmem(answer, (size_t)(end - answer), name, sizeof name - 1) : NULL;

    if (end && !length)
        give_up("an answer without Content-Length");
    return end ? (size_t)(end + 4 - answer) + strtoul(length + sizeof name - 1, NULL, 10) : 0;
}

static void read_body(const struct pair *pair)
{
    const char *end = memmem(pair->answer, pair->got, "\r\n\r\n", 4);
    struct tape_fault fault;
    struct tape tape;

    arena_reset(proxy.arena);
    if (!tape_read(&tape, proxy.arena, str_of(end + 4, (size_t)(pair->answer + pair->got - end - 4)), &tape_default_limits, &fault))
        give_up(fault.what);
}

static void on_answer(struct pair *pair)
{
    if (pair->client.socket < 0)
        return;
    ssize_t len = recv(pair->backend.socket, pair->answer + pair->got, sizeof pair->answer - pair->got, 0);

    if (len <= 0) {
        leave(pair);
        return;
    }
    pair->got += (size_t)len;
    if (!pair->whole)
        pair->whole = whole_length(pair->answer, pair->got);
    if (!pair->whole || pair->got < pair->whole)
        return;
    if (proxy.arena)
        read_body(pair);
    send_all(pair->client.socket, pair->answer, pair->got);
    pair->got = pair->whole = 0;
}

int main(int count, char **args)
{
    struct epoll_event events[EVENTS];

    if (count < 3)
        give_up("usage: floor PORT BACKEND-PORT [--read]");
    const struct sockaddr_in at = loopback(atoi(args[1]));
    int listener = open_socket();
    proxy.epoll = epoll_create1(0);
    proxy.backend_port = atoi(args[2]);
    if (count > 3)
        proxy.arena = arena_new_pooled(SIZE_MAX, 0, arena_pool_new(1 << 24));
    if (proxy.epoll < 0 || bind(listener, (const struct sockaddr *)&at, sizeof at) || listen(listener, 512))
        give_up("listen");
    watch(listener, NULL);
    for (;;) {
        int ready = epoll_wait(proxy.epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct end *end = events[i].data.ptr;
            if (!end)
                on_client(listener);
            else if (end == &end->pair->client)
                on_request(end->pair);
            else
                on_answer(end->pair);
        }
        for (struct pair *gone; (gone = proxy.gone); free(gone))
            proxy.gone = gone->gone;
    }
}
