#include "http/sockets.h"

#include "base/buf.h"
#include "http/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST = 3, MOST = 16384 }; /* descriptors that are handed on */

/* Among the names of LISTEN_FDNAMES: this program opened it, before a restart. */
static const struct str own_name = STR_INIT("dragoman.own");

struct kept {
    int fd;
    bool own;
    struct str name;           /* of a manager's */
    union listen_address at; /* AF_UNSPEC: it does not listen for connections */
};

struct http_sockets {
    struct arena *arena;
    struct kept *all;
    size_t count, space;
    size_t inherited; /* the first of them; the others were opened since */
};

static bool is_same(const union listen_address *a, const union listen_address *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    return a->any.sa_family == AF_INET6 && a->v6.sin6_port == b->v6.sin6_port &&
           IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr);
}

/* Whether it listens for connections, and where. */
static bool listens_at(int fd, union listen_address *address)
{
    int listens = 0, type = 0;
    socklen_t size = sizeof listens, len = sizeof *address;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
           getsockname(fd, &address->any, &len) == 0;
}

static void add(struct http_sockets *sockets, int fd, bool own, struct str name)
{
    struct kept kept = { .fd = fd, .own = own, .name = name, .at.any.sa_family = AF_UNSPEC };

    if (!listens_at(fd, &kept.at))
        kept.at.any.sa_family = AF_UNSPEC;
    sockets->all = arena_grow(sockets->arena, sockets->all, sockets->count, &sockets->space, sizeof kept);
    sockets->all[sockets->count++] = kept;
}

/* How many sockets were handed to this process. */
static int count_inherited(void)
{
    const char *process = getenv("LISTEN_PID"), *sockets = getenv("LISTEN_FDS");
    uint64_t pid, count;

    if (!process || !sockets || !str_to_uint(str_from(process), &pid) || !str_to_uint(str_from(sockets), &count))
        return 0;
    return pid == (uint64_t)getpid() && count <= MOST ? (int)count : 0;
}

struct http_sockets *http_sockets_new(void)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct http_sockets *sockets = ARENA_NEW(arena, struct http_sockets);
    const char *all_names = getenv("LISTEN_FDNAMES");
    int end = FIRST + count_inherited();

    sockets->arena = arena;
    struct str names = arena_copy(arena, str_from(all_names ? all_names : "")), name;
    for (int fd = FIRST; fd < end; fd++) {
        if (!str_next(&names, ':', &name))
            name = STR("unknown"); /* as sd_listen_fds_with_names(3) says */
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
            add(sockets, fd, str_eq(name, own_name), name);
    }
    sockets->inherited = sockets->count;
    return sockets;
}

void http_sockets_free(struct http_sockets **sockets)
{
    struct http_sockets *gone = *sockets;

    *sockets = NULL;
    if (!gone)
        return;
    http_sockets_close(gone);
    struct arena *arena = gone->arena;
    arena_free(&arena);
}

static bool is_among(const union listen_address *at, const struct str *addresses, size_t count)
{
    union listen_address one;
    socklen_t len;
    struct err err;

    for (size_t i = 0; i < count; i++)
        if (!listen_parse(addresses[i], &one, &len, &err) && is_same(&one, at))
            return true;
    return false;
}

void http_sockets_keep(struct http_sockets *sockets, const struct str *addresses, size_t count)
{
    size_t kept = 0, inherited = 0;

    for (size_t i = 0; i < sockets->count; i++) {
        if (sockets->all[i].own && !is_among(&sockets->all[i].at, addresses, count)) {
            (void)close(sockets->all[i].fd);
            continue;
        }
        inherited += i < sockets->inherited;
        sockets->all[kept++] = sockets->all[i];
    }
    sockets->count = kept;
    sockets->inherited = inherited;
}

void http_sockets_close(struct http_sockets *sockets)
{
    http_sockets_keep(sockets, NULL, 0);
}

struct str http_sockets_ports(const struct http_sockets *sockets, struct arena *arena)
{
    struct buf text = buf_in(arena, SIZE_MAX);

    for (size_t i = 0; i < sockets->count; i++) {
        unsigned port = listen_port(&sockets->all[i].at);
        bool known = sockets->all[i].at.any.sa_family == AF_UNSPEC;
        for (size_t k = 0; k < i && !known; k++)
            known = listen_port(&sockets->all[k].at) == port;
        if (!known)
            buf_printf(&text, "%s%u", text.len ? "," : "", port);
    }
    return buf_str(&text);
}

/* ---- for servers ---- */

int sockets_add(struct http_sockets *sockets, int fd)
{
    int kept = fcntl(fd, F_DUPFD_CLOEXEC, FIRST);

    if (kept < 0)
        return -1;
    add(sockets, kept, true, own_name);
    return 0;
}

bool sockets_managed(const struct http_sockets *sockets)
{
    return sockets->count && !sockets->all[0].own; /* a manager's are the first */
}

static const struct kept *find(const struct http_sockets *sockets, const union listen_address *at, size_t nth)
{
    for (size_t i = 0; i < sockets->inherited; i++)
        if (is_same(&sockets->all[i].at, at) && nth-- == 0)
            return &sockets->all[i];
    return NULL;
}

size_t sockets_count(const struct http_sockets *sockets, const union listen_address *at)
{
    size_t count = 0;

    while (find(sockets, at, count))
        count++;
    return count;
}

/* The server's own descriptor of it. The inherited one stays, for other servers, and for who comes after this program. */
int sockets_take(const struct http_sockets *sockets, const union listen_address *at, size_t nth, int *fd)
{
    const struct kept *kept = find(sockets, at, nth);

    *fd = fcntl(kept->fd, F_DUPFD_CLOEXEC, FIRST);
    if (*fd < 0)
        return -1;
    (void)fcntl(*fd, F_SETFL, O_NONBLOCK);
    return 0;
}

bool sockets_let_in(const struct http_sockets *sockets, const union listen_address *at)
{
    const struct kept *kept = find(sockets, at, 0);
    int on = 1;

    return kept->own && setsockopt(kept->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
}

/* ---- for the program that follows ---- */

static int set_environment(const struct http_sockets *sockets, struct err *err)
{
    struct arena *arena = sockets->arena;
    struct buf names = buf_in(arena, SIZE_MAX);

    for (size_t i = 0; i < sockets->count; i++)
        buf_printf(&names, "%s" STR_FMT, i ? ":" : "", STR_ARG(sockets->all[i].name));
    if (setenv("LISTEN_PID", arena_printf(arena, "%d", (int)getpid()).ptr, 1) ||
        setenv("LISTEN_FDS", arena_printf(arena, "%zu", sockets->count).ptr, 1) ||
        setenv("LISTEN_FDNAMES", arena_cstr(arena, buf_str(&names)), 1))
        return err_set(err, ERR_INTERNAL, "LISTEN_FDS: %s", strerror(errno));
    return 0;
}

/* First out of the way, since one may have the number that another one is to have. */
int http_sockets_hand_over(const struct http_sockets *sockets, struct err *err)
{
    int *moved = ARENA_ARRAY(sockets->arena, int, sockets->count + 1);

    for (size_t i = 0; i < sockets->count; i++) {
        moved[i] = fcntl(sockets->all[i].fd, F_DUPFD_CLOEXEC, FIRST + (int)sockets->count);
        if (moved[i] < 0)
            return err_set(err, ERR_INTERNAL, "a socket cannot be handed on: %s", strerror(errno));
    }
    for (size_t i = 0; i < sockets->count; i++)
        if (dup2(moved[i], FIRST + (int)i) < 0) /* not closed by exec() */
            return err_set(err, ERR_INTERNAL, "a socket cannot be handed on: %s", strerror(errno));
    return set_environment(sockets, err);
}
