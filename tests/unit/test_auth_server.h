/* A scripted authority on a free loopback port, a thread for each connection. What it answers, and whether it
 * answers at all, is changed while it runs. */
#pragma once

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

struct authority_server {
    int fd;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const char *reply; /* all of it, head included; NULL: ends the connection without a word */
    size_t reply_len;
    bool holds; /* requests wait */
    unsigned requests, open;
    char last[8192]; /* request */
};

struct authority_visit {
    struct authority_server *server;
    int fd;
};

/* A whole request, as far as this client sends them. */
static size_t server_receive(int fd, char *to, size_t space)
{
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(fd, to + len, space - 1 - len, 0);
        if (n <= 0)
            return 0;
        len += (size_t)n;
        to[len] = '\0';
        char *end = strstr(to, "\r\n\r\n"), *length = strcasestr(to, "content-length: ");
        if (end &&
            len >= (size_t)(end + 4 - to) + (length && length < end ? strtoul(length + 16, NULL, 10) : 0))
            return len;
    }
}

static void *server_visit(void *data)
{
    struct authority_visit *visit = data;
    struct authority_server *server = visit->server;
    static _Thread_local char request[8192];
    size_t len = server_receive(visit->fd, request, sizeof request), sent = 0;

    (void)pthread_mutex_lock(&server->lock);
    if (len) {
        memcpy(server->last, request, len + 1);
        server->requests++;
        (void)pthread_cond_broadcast(&server->changed);
    }
    while (server->holds)
        (void)pthread_cond_wait(&server->changed, &server->lock);
    const char *reply = server->reply;
    size_t reply_len = len && reply ? server->reply_len : 0;
    (void)pthread_mutex_unlock(&server->lock);
    while (sent < reply_len) {
        ssize_t n = send(visit->fd, reply + sent, reply_len - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    (void)close(visit->fd);
    (void)pthread_mutex_lock(&server->lock);
    server->open--;
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->lock);
    free(visit);
    return NULL;
}

static void *server_run(void *data)
{
    struct authority_server *server = data;

    for (int fd; (fd = accept(server->fd, NULL, NULL)) >= 0;) {
        struct authority_visit *visit = malloc(sizeof *visit);
        pthread_t thread;
        if (!visit)
            abort();
        *visit = (struct authority_visit){ server, fd };
        (void)pthread_mutex_lock(&server->lock);
        server->open++;
        (void)pthread_mutex_unlock(&server->lock);
        if (pthread_create(&thread, NULL, server_visit, visit) || pthread_detach(thread))
            abort();
    }
    return NULL;
}

static inline void server_start(struct authority_server *server)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;

    *server =
        (struct authority_server){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->fd < 0 || bind(server->fd, (struct sockaddr *)&at, sizeof at) || listen(server->fd, 256) ||
        getsockname(server->fd, (struct sockaddr *)&at, &len) ||
        pthread_create(&server->thread, NULL, server_run, server))
        abort();
    server->port = ntohs(at.sin_port);
}

static inline void server_hold(struct authority_server *server, bool holds)
{
    (void)pthread_mutex_lock(&server->lock);
    server->holds = holds;
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->lock);
}

static inline void server_stop(struct authority_server *server)
{
    (void)shutdown(server->fd, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->fd);
    server_hold(server, false);
    (void)pthread_mutex_lock(&server->lock);
    while (server->open)
        (void)pthread_cond_wait(&server->changed, &server->lock);
    (void)pthread_mutex_unlock(&server->lock);
}

/* `reply` lives as long as the server. */
static inline void server_reply(struct authority_server *server, struct str reply)
{
    (void)pthread_mutex_lock(&server->lock);
    server->reply = reply.ptr;
    server->reply_len = reply.len;
    (void)pthread_mutex_unlock(&server->lock);
}

static inline unsigned server_requests(struct authority_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    unsigned requests = server->requests;
    (void)pthread_mutex_unlock(&server->lock);
    return requests;
}

/* Until that many requests came in all. */
static inline void server_wait(struct authority_server *server, unsigned requests)
{
    (void)pthread_mutex_lock(&server->lock);
    while (server->requests < requests)
        (void)pthread_cond_wait(&server->changed, &server->lock);
    (void)pthread_mutex_unlock(&server->lock);
}
