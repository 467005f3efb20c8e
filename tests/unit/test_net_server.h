/* A scripted server on a free loopback port: a thread for each connection, blocking sockets. The target says
 * what a request gets: "/3" is script 3, "/3/17" its first 17 bytes only and then the end of the connection.
 */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum after {
    AFTER_KEEP,  /* read the next request */
    AFTER_CLOSE, /* end the connection */
    AFTER_RESET, /* with RST */
    AFTER_HANG,  /* say nothing more until the client goes */
    AFTER_DRIP,  /* repeat `tail` every few milliseconds until the client goes */
    AFTER_FLOOD, /* repeat `tail` as fast as the client takes it */
};

struct script {
    const char *name;
    const char *reply; /* "" says nothing */
    const char *tail;
    enum after after;
    bool only_fresh; /* on a connection that carried a request before: close without a word */
    bool trickle;    /* one byte at a time */
};

enum { SERVER_CONNECTIONS = 4096, SERVER_REQUEST = 4 * 1024 * 1024 };

struct server {
    const struct script *scripts;
    int fd;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int fds[SERVER_CONNECTIONS]; /* open ones; -1: free */
    size_t open;
    atomic_size_t accepted, requests;
    char last_request[8192]; /* its head */
};

struct server_conn {
    struct server *server;
    size_t slot;
    int fd;
};

static bool server_send(int fd, const char *bytes, size_t len, bool trickle)
{
    while (len) {
        ssize_t sent = send(fd, bytes, trickle ? 1 : len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* Head and body of one request; false at the end of the connection. */
static bool server_read(struct server *server, int fd, char *buffer, size_t *target, size_t *cut)
{
    size_t used = 0, head = 0, body = 0;

    for (;;) {
        buffer[used] = '\0';
        char *end = head ? NULL : strstr(buffer, "\r\n\r\n");
        if (end) {
            char *length = strcasestr(buffer, "\r\ncontent-length: ");
            head = (size_t)(end - buffer) + 4;
            body = length && length < end ? strtoul(length + 18, NULL, 10) : 0;
        }
        if (head && used >= head + body)
            break;
        ssize_t len = recv(fd, buffer + used, SERVER_REQUEST - used, 0);
        if (len <= 0)
            return false;
        used += (size_t)len;
    }
    server->requests++;
    (void)pthread_mutex_lock(&server->lock);
    size_t kept = head < sizeof server->last_request ? head : sizeof server->last_request - 1;
    memcpy(server->last_request, buffer, kept);
    server->last_request[kept] = '\0';
    (void)pthread_mutex_unlock(&server->lock);
    char *slash = strchr(buffer, '/'), *rest;
    *target = strtoul(slash + 1, &rest, 10);
    *cut = *rest == '/' ? strtoul(rest + 1, NULL, 10) : SIZE_MAX;
    return true;
}

static void server_wait_for_end(int fd)
{
    char byte[256];

    while (recv(fd, byte, sizeof byte, 0) > 0)
        ;
}

/* True when the connection goes on. */
static bool server_answer(const struct script *script, int fd, size_t cut, bool fresh)
{
    size_t len = strlen(script->reply);
    const struct linger at_once = { .l_onoff = 1 };

    if (script->only_fresh && !fresh)
        return false;
    if (!server_send(fd, script->reply, len < cut ? len : cut, script->trickle) || cut != SIZE_MAX)
        return false;
    switch (script->after) {
    case AFTER_KEEP:
        return true;
    case AFTER_CLOSE:
        return false;
    case AFTER_RESET:
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return false;
    case AFTER_HANG:
        server_wait_for_end(fd);
        return false;
    case AFTER_DRIP:
        while (server_send(fd, script->tail, strlen(script->tail), false))
            (void)usleep(5000);
        return false;
    case AFTER_FLOOD:
        while (server_send(fd, script->tail, strlen(script->tail), false))
            ;
        return false;
    }
    return false;
}

static void *server_serve(void *data)
{
    struct server_conn *conn = data;
    struct server *server = conn->server;
    char *buffer = malloc(SERVER_REQUEST + 1);
    size_t target, cut;
    bool fresh = true;

    while (buffer && server_read(server, conn->fd, buffer, &target, &cut)) {
        if (!server_answer(&server->scripts[target], conn->fd, cut, fresh))
            break;
        fresh = false;
    }
    free(buffer);
    (void)pthread_mutex_lock(&server->lock);
    server->fds[conn->slot] = -1;
    (void)close(conn->fd);
    server->open--;
    (void)pthread_cond_signal(&server->changed);
    (void)pthread_mutex_unlock(&server->lock);
    free(conn);
    return NULL;
}

static void server_take(struct server *server, int fd)
{
    struct server_conn *conn = malloc(sizeof *conn);
    pthread_attr_t attributes;
    pthread_t thread;
    int on = 1;

    *conn = (struct server_conn){ .server = server, .fd = fd };
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)pthread_mutex_lock(&server->lock);
    while (server->fds[conn->slot] >= 0)
        conn->slot++;
    server->fds[conn->slot] = fd;
    server->accepted++;
    server->open++;
    (void)pthread_mutex_unlock(&server->lock);
    (void)pthread_attr_init(&attributes);
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, server_serve, conn))
        abort();
    (void)pthread_attr_destroy(&attributes);
}

static void *server_accept(void *data)
{
    struct server *server = data;

    for (int fd; (fd = accept(server->fd, NULL, NULL)) >= 0;)
        server_take(server, fd);
    return NULL;
}

static uint16_t server_listen(int *fd, int backlog)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;

    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0 || bind(*fd, (struct sockaddr *)&at, sizeof at) || listen(*fd, backlog) ||
        getsockname(*fd, (struct sockaddr *)&at, &len))
        abort();
    return ntohs(at.sin_port);
}

/* On a socket that listens already; it is taken. */
static void server_start_at(struct server *server, const struct script *scripts, int fd, uint16_t port)
{
    *server = (struct server){ .scripts = scripts,
                               .fd = fd,
                               .port = port,
                               .lock = PTHREAD_MUTEX_INITIALIZER,
                               .changed = PTHREAD_COND_INITIALIZER };
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
        server->fds[i] = -1;
    if (pthread_create(&server->thread, NULL, server_accept, server))
        abort();
}

static inline void server_start(struct server *server, const struct script *scripts)
{
    int fd;
    uint16_t port = server_listen(&fd, 1024);

    server_start_at(server, scripts, fd, port);
}

static void server_stop(struct server *server)
{
    (void)shutdown(server->fd, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->fd);
    (void)pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
        if (server->fds[i] >= 0)
            (void)shutdown(server->fds[i], SHUT_RDWR);
    while (server->open)
        (void)pthread_cond_wait(&server->changed, &server->lock);
    (void)pthread_mutex_unlock(&server->lock);
}
