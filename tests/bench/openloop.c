/* An open-loop sender: requests begin when their time has come, whether or not earlier ones were answered,
 * and each one's latency counts from the time at which it was to begin. So a server that stands still for 100
 * ms is seen by all that would have come meanwhile, not by one request of each connection. No packaged tool
 * of Debian 12 does that. Usage: openloop PORT RATE SECONDS CONNECTIONS REQUEST-FILE; prints one line of
 * JSON, times in microseconds.
 *
 * Requests that find no idle connection wait, oldest first; answers are HTTP/1.1 with Content-Length;
 * anything but a 2xx ends the run. One thread; it sleeps between requests, as the canned backend has the same
 * core. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 1024,
    ANSWER_MAX = 1 << 20,
    HEAD_MAX = 64 * 1024,
    WARM_UP_S = 1,
    PATIENCE_NS = 10 * 1000 * 1000
};

struct connection {
    int socket;
    uint64_t due; /* when its request was to begin */
    size_t got, body_left;
    bool in_body;
    char head[HEAD_MAX];
};

struct sender {
    int epoll;
    char *request;
    size_t request_len;
    struct connection *connections;
    struct connection *idle[CONNECTIONS_MAX];
    size_t idle_count;
    uint64_t begin, interval_ps; /* of one request: its number times the interval after `begin` */
    uint64_t next, wanted, answered, warm;
    uint32_t *took_us;
};

static _Noreturn void give_up(const char *what, const char *why)
{
    (void)fprintf(stderr, "openloop: %s: %s\n", what, why);
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t due_at(const struct sender *sender, uint64_t number)
{
    return sender->begin + number * sender->interval_ps / 1000;
}

static void open_connection(struct sender *sender, struct connection *connection, uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
    int yes = 1;

    connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->socket < 0 || connect(connection->socket, (struct sockaddr *)&to, sizeof to) ||
        setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) ||
        epoll_ctl(sender->epoll, EPOLL_CTL_ADD, connection->socket, &event))
        give_up("connection", strerror(errno));
    sender->idle[sender->idle_count++] = connection;
}

/* Everything whose time has come and that finds an idle connection. */
static void send_due(struct sender *sender)
{
    uint64_t now = now_ns();

    while (sender->next < sender->wanted && due_at(sender, sender->next) <= now && sender->idle_count) {
        struct connection *connection = sender->idle[--sender->idle_count];
        connection->due = due_at(sender, sender->next++);
        connection->got = connection->body_left = 0;
        connection->in_body = false;
        if (send(connection->socket, sender->request, sender->request_len, MSG_NOSIGNAL) !=
            (ssize_t)sender->request_len)
            give_up("send", strerror(errno));
    }
}

static void on_answered(struct sender *sender, struct connection *connection)
{
    uint64_t took = (now_ns() - connection->due) / 1000;

    if (sender->answered >= sender->warm)
        sender->took_us[sender->answered - sender->warm] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
    sender->answered++;
    sender->idle[sender->idle_count++] = connection;
}

/* True when the head is whole: then `body_left` is what is still to come. */
static bool read_head(struct connection *connection)
{
    const char *end = memmem(connection->head, connection->got, "\r\n\r\n", 4);
    if (!end)
        return false;
    size_t head_len = (size_t)(end - connection->head) + 4, body_got = connection->got - head_len;
    connection->head[head_len - 1] = '\0';
    const char *length = strcasestr(connection->head, "\r\ncontent-length:");
    if (strncmp(connection->head, "HTTP/1.1 2", 10) != 0 || !length)
        give_up("answer", connection->head);
    size_t body = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
    if (body < body_got)
        give_up("answer", "bytes left over");
    connection->body_left = body - body_got;
    connection->in_body = true;
    return true;
}

static void on_readable(struct sender *sender, struct connection *connection)
{
    static char body[ANSWER_MAX];
    ssize_t got = connection->in_body ? recv(connection->socket, body, sizeof body, 0)
                                      : recv(connection->socket, connection->head + connection->got,
                                             HEAD_MAX - connection->got, 0);

    if (got <= 0)
        give_up("connection", got ? strerror(errno) : "closed by the server");
    if (connection->in_body) {
        if ((size_t)got > connection->body_left)
            give_up("answer", "bytes left over");
        connection->body_left -= (size_t)got;
    } else {
        connection->got += (size_t)got;
        if (!read_head(connection) && connection->got == HEAD_MAX)
            give_up("answer", "the head does not end");
    }
    if (connection->in_body && !connection->body_left)
        on_answered(sender, connection);
}

/* Until something is readable or the next request is due. */
static void turn(struct sender *sender)
{
    struct epoll_event events[64];
    uint64_t now = now_ns(), wait = PATIENCE_NS;

    if (sender->next < sender->wanted && sender->idle_count) {
        uint64_t due = due_at(sender, sender->next);
        wait = due > now ? due - now : 0;
    }
    struct timespec timeout = { .tv_sec = (time_t)(wait / 1000000000u),
                                .tv_nsec = (long)(wait % 1000000000u) };
    int count = epoll_pwait2(sender->epoll, events, 64, &timeout, NULL);
    if (count < 0 && errno != EINTR)
        give_up("epoll", strerror(errno));
    for (int i = 0; i < count; i++)
        on_readable(sender, events[i].data.ptr);
}

static void read_request(struct sender *sender, const char *path)
{
    FILE *in = fopen(path, "rb");

    sender->request = malloc(ANSWER_MAX);
    if (!in || !sender->request)
        give_up(path, "cannot be read");
    sender->request_len = fread(sender->request, 1, ANSWER_MAX, in);
    (void)fclose(in);
}

static int by_size(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

static void report(struct sender *sender)
{
    size_t count = sender->wanted - sender->warm;

    qsort(sender->took_us, count, sizeof *sender->took_us, by_size);
    printf("{\"count\":%zu,\"p50\":%u,\"p99\":%u,\"p999\":%u,\"max\":%u}\n", count,
           sender->took_us[count / 2], sender->took_us[count * 99 / 100], sender->took_us[count * 999 / 1000],
           sender->took_us[count - 1]);
}

int main(int count, char **words)
{
    static struct sender sender;

    if (count != 6)
        give_up("usage", "openloop PORT RATE SECONDS CONNECTIONS REQUEST-FILE");
    uint64_t rate = strtoul(words[2], NULL, 10), seconds = strtoul(words[3], NULL, 10);
    size_t connections = strtoul(words[4], NULL, 10);
    if (!rate || !seconds || !connections || connections > CONNECTIONS_MAX)
        give_up("usage", "rate, seconds and connections (at most 1024) are numbers above 0");
    (void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    read_request(&sender, words[5]);
    sender.interval_ps = 1000000000000u / rate;
    sender.warm = rate * WARM_UP_S;
    sender.wanted = sender.warm + rate * seconds;
    sender.took_us = calloc(rate * seconds, sizeof *sender.took_us);
    sender.connections = calloc(connections, sizeof *sender.connections);
    sender.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!sender.took_us || !sender.connections || sender.epoll < 0)
        give_up("start", "no memory");
    for (size_t i = 0; i < connections; i++)
        open_connection(&sender, &sender.connections[i], (uint16_t)strtoul(words[1], NULL, 10));
    sender.begin = now_ns();
    while (sender.answered < sender.wanted) {
        send_due(&sender);
        turn(&sender);
    }
    report(&sender);
    return 0;
}
