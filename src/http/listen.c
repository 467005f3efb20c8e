/* From the text of an address to sockets that listen there. */
#include "http/inner.h"
#include "http/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

int listen_parse(struct str text, union listen_address *address, socklen_t *len, struct err *err)
{
    char host[INET6_ADDRSTRLEN] = "";
    const char *colon = text.len ? memrchr(text.ptr, ':', text.len) : NULL;
    struct str name = str_of(text.ptr, colon ? (size_t)(colon - text.ptr) : 0);
    bool v6 = name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']';
    uint64_t port;

    if (v6)
        name = str_of(name.ptr + 1, name.len - 2);
    if (!colon || !name.len || name.len >= sizeof host ||
        !str_to_uint(str_from_at(text, (size_t)(colon - text.ptr) + 1), &port) || port > 65535)
        return err_set(err, ERR_CONFIG, "listen: want address:port, not " STR_FMT, STR_ARG(text));
    memcpy(host, name.ptr, name.len);
    memset(address, 0, sizeof *address);
    address->any.sa_family = v6 ? AF_INET6 : AF_INET;
    if (v6)
        address->v6.sin6_port = htons((uint16_t)port);
    else
        address->v4.sin_port = htons((uint16_t)port);
    *len = v6 ? sizeof address->v6 : sizeof address->v4;
    if (inet_pton(address->any.sa_family, host,
                  v6 ? (void *)&address->v6.sin6_addr : &address->v4.sin_addr) != 1)
        return err_set(err, ERR_CONFIG, "listen: not a literal address: " STR_FMT, STR_ARG(text));
    return 0;
}

uint16_t listen_port(const union listen_address *address)
{
    return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

static bool set(int fd, int level, int option)
{
    int on = 1;

    return setsockopt(fd, level, option, &on, sizeof on) == 0;
}

static int close_failed(int fd)
{
    int why = errno;

    if (fd >= 0)
        (void)close(fd);
    errno = why;
    return -1;
}

/* -1 and errno on failure. `beside`: others listen there, and let it in. */
static int bind_socket(const union listen_address *address, socklen_t len, bool beside)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    (void)set(fd, SOL_SOCKET, SO_REUSEADDR);
    if (address->any.sa_family == AF_INET6)
        (void)set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if ((beside && !set(fd, SOL_SOCKET, SO_REUSEPORT)) || bind(fd, &address->any, len))
        return close_failed(fd);
    return fd;
}

/* With SO_REUSEPORT before bind() the kernel would let in every process of the same user, another gateway too, and spread
 * the clients over both. So the first socket of an address is bound without it, and lets in the others when it listens. */
static int open_socket(const union listen_address *address, socklen_t len, struct http_share share)
{
    int fd = bind_socket(address, len, share.which > 0);

    if (fd < 0 || listen(fd, BACKLOG) || (share.which == 0 && share.of > 1 && !set(fd, SOL_SOCKET, SO_REUSEPORT)))
        return close_failed(fd);
    return fd;
}

static int add_socket(struct listening *found, const union listen_address *address, socklen_t len, struct http_share share,
                      struct http_sockets *sockets)
{
    int fd = open_socket(address, len, share);

    if (fd < 0 || (sockets && sockets_add(sockets, fd)))
        return close_failed(fd);
    found->fds[found->count++] = fd;
    return 0;
}

/* Those of the inherited ones that fall to this share: every one has a server. A share that none falls to gets a new one, or
 * uses one of a service manager's with others. */
static int find_sockets(struct listening *found, const union listen_address *address, socklen_t len, struct http_share share,
                        struct http_sockets *sockets)
{
    size_t there = sockets ? sockets_count(sockets, address) : 0;

    for (size_t nth = share.which; nth < there; nth += share.of)
        if (sockets_take(sockets, address, nth, &found->fds[found->count++]))
            return -1;
    if (found->count)
        return 0;
    if (there && !sockets_let_in(sockets, address))
        return sockets_take(sockets, address, share.which % there, &found->fds[found->count++]);
    return add_socket(found, address, len, share, sockets);
}

int listen_open(struct listening *found, struct str text, struct http_share share, struct http_sockets *sockets,
                struct arena *arena, struct err *err)
{
    union listen_address address;
    socklen_t len = 0; /* gcc 12 at -O2 does not see that it is set */

    if (listen_parse(text, &address, &len, err))
        return -1;
    size_t there = sockets ? sockets_count(sockets, &address) : 0;
    *found = (struct listening){ .fds = ARENA_ARRAY(arena, int, there + 1) };
    if (!find_sockets(found, &address, len, share, sockets))
        return 0;
    int why = errno;
    while (found->count)
        (void)close_failed(found->fds[--found->count]);
    if (there)
        return err_set(err, ERR_CONFIG, "listen: " STR_FMT ": the socket of LISTEN_FDS cannot be used: %s", STR_ARG(text),
                       strerror(why));
    return err_set(err, ERR_CONFIG, "listen: " STR_FMT ": %s%s", STR_ARG(text), strerror(why),
                   sockets && sockets_managed(sockets) ? " (none of the sockets of LISTEN_FDS has this address)" : "");
}

static bool has_port(struct str ports, uint16_t port)
{
    struct str piece;
    uint64_t one;

    while (str_next(&ports, ',', &piece))
        if (str_to_uint(piece, &one) && one == port)
            return true;
    return false;
}

int http_address_try(struct str text, struct str taken, struct err *err)
{
    union listen_address address;
    socklen_t len = 0;

    if (listen_parse(text, &address, &len, err))
        return -1;
    if (has_port(taken, listen_port(&address)))
        return 0;
    int fd = bind_socket(&address, len, false);
    if (fd < 0)
        return err_set(err, ERR_CONFIG, "listen: " STR_FMT ": %s", STR_ARG(text), strerror(errno));
    (void)close(fd);
    return 0;
}
