#include "http/inner.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* libh2o closes a connection right behind its last answer. When the client is still sending then (a body that
 * was refused), the kernel answers with a reset, and the reset overtakes the answer: the client reports a
 * broken connection and not a 413 (RFC 9112 section 9.6). So refusals keep a second descriptor of the socket,
 * which outlives libh2o's, and read what comes until the client has closed too. */

enum { LINGER_MS = 1000, LINGER_BYTES = 16 * 1024 * 1024, LINGERS = 64 };

struct leftover {
    struct http_server *server;
    h2o_socket_t *sock;
    size_t bytes;
    struct deadline end;
    struct leftover *next;
};

static void linger_end(struct leftover *linger)
{
    struct http_server *server = linger->server;
    struct leftover **link = &server->lingering;

    while (*link != linger)
        link = &(*link)->next;
    *link = linger->next;
    linger->next = server->spare_lingers;
    server->spare_lingers = linger;
    server->lingers--;
    deadline_clear(server->loop, &linger->end);
    h2o_socket_read_stop(linger->sock);
    h2o_socket_close(linger->sock);
}

static void on_end(struct deadline *deadline)
{
    linger_end(CONTAINER(deadline, struct leftover, end));
}

static void on_rest(h2o_socket_t *sock, const char *err)
{
    struct leftover *linger = sock->data;

    linger->bytes += sock->input->size;
    h2o_buffer_consume(&sock->input, sock->input->size);
    if (err || linger->bytes > LINGER_BYTES)
        linger_end(linger);
}

/* `fd` is taken. */
void linger_start(struct http_server *server, int fd)
{
    struct leftover *linger = server->spare_lingers;

    if (server->lingers >= LINGERS || shutdown(fd, SHUT_WR)) {
        (void)close(fd);
        return;
    }
    if (linger)
        server->spare_lingers = linger->next;
    else
        linger = arena_alloc(server->arena, sizeof *linger);
    *linger = (struct leftover){ .server = server, .next = server->lingering, .end = { .run = on_end } };
    server->lingering = linger;
    server->lingers++;
    linger->sock = h2o_evloop_socket_create(loop_h2o(server->loop), fd, 0);
    linger->sock->data = linger;
    h2o_socket_read_start(linger->sock, on_rest);
    deadline_set(server->loop, &linger->end, LINGER_MS);
}

void linger_prepare(struct conn *conn)
{
    if (conn->linger_fd < 0 && conn->server->lingers < LINGERS)
        conn->linger_fd = fcntl(h2o_socket_get_fd(conn->sock), F_DUPFD_CLOEXEC, 0);
}

void lingers_end(struct http_server *server)
{
    while (server->lingering)
        linger_end(server->lingering);
}
