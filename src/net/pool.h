/* The connections to one origin, and the calls that wait for one. pool.c hands them out, conn.c speaks on
 * them. */
#pragma once

#include "net/call_inner.h"
#include "net/names.h"

struct st_h2o_socket_t;

struct conn {
    struct conn *newer, *older; /* in the pool's idle list; `older` also in the client's spare list */
    struct pool *pool;
    struct call *call; /* NULL: idle */
    struct st_h2o_socket_t *sock;
    int fd;
    size_t first, tried; /* of names.found: where it began, how many of them */
    bool reused, broken;
    size_t last_size; /* of the last answer (h1_parse_size) */
    uint64_t idle_since_ms;
};

struct pool {
    struct pool *next;
    struct call_client *client;
    struct str host, host_line;
    uint16_t port;
    struct names names;
    struct conn *newest, *oldest;
    unsigned open, idle;       /* `open` counts idle, busy and connecting ones */
    struct call *first, *last; /* waiting */
    struct deadline sweep;     /* of idle connections; set while there are any */
};

/* conn.c */
void conn_open(struct pool *pool, struct call *call); /* `names` is ready; sends when it is connected */
void conn_try_next(struct conn *conn);                /* this address does not answer */
void conn_send(struct conn *conn, struct call *call); /* on an idle one */
void conn_close(struct conn *conn);                   /* not in the idle list; leaves the call alone */
bool conn_is_quiet(const struct conn *conn);          /* still open, and nothing to read */

/* pool.c */
void pool_leave_idle(struct conn *conn); /* it was closed from the other side */
void pool_give_back(struct conn *conn);  /* it may carry another request */
void pool_next(struct pool *pool);       /* one was closed: who waits may open one */
