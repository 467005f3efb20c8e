/* From the text of an address to a socket that listens there. */
#include "http/inner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 4096, FIRST_INHERITED = 3, MOST_INHERITED = 1024 };

static int parse_address(struct str text, union listen_address *address, socklen_t *len, struct err *err)
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

static bool is_same(const union listen_address *a, const union listen_address *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    return a->any.sa_family == AF_INET6 && a->v6.sin6_port == b->v6.sin6_port &&
           IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr);
}

/* How many sockets the service manager passed to this process (sd_listen_fds(3)). */
static int count_inherited(void)
{
    const char *process = getenv("LISTEN_PID"), *sockets = getenv("LISTEN_FDS");
    uint64_t pid, count;

    if (!process || !sockets || !str_to_uint(str_from(process), &pid) || !str_to_uint(str_from(sockets), &count))
        return 0;
    return pid == (uint64_t)getpid() && count <= MOST_INHERITED ? (int)count : 0;
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

/* A descriptor of its own of the inherited socket at that address; -1: none, or it was found and errno says why not. The
 * inherited one stays, for other workers, and for the service manager: what connects while this process ends or has ended waits
 * for the next one. */
static int take_inherited(const union listen_address *address, bool *found)
{
    int end = FIRST_INHERITED + count_inherited();

    for (int fd = FIRST_INHERITED; fd < end; fd++) {
        union listen_address at = { .any = { .sa_family = AF_UNSPEC } };
        if (!listens_at(fd, &at) || !is_same(&at, address))
            continue;
        *found = true;
        int own = fcntl(fd, F_DUPFD_CLOEXEC, end);
        if (own >= 0)
            (void)fcntl(own, F_SETFL, O_NONBLOCK);
        return own;
    }
    return -1;
}

/* With SO_REUSEPORT before bind() the kernel would let in every process of the same user, another gateway too, and spread
 * the clients over both. So the first socket of an address is bound without it, and lets in the others when it listens. */
static int open_socket(const union listen_address *address, socklen_t len, enum http_share share)
{
    int on = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->any.sa_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if ((share != HTTP_BESIDE || !setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on)) &&
        !bind(fd, &address->any, len) && !listen(fd, BACKLOG) &&
        (share != HTTP_FIRST || !setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on)))
        return fd;
    int why = errno;
    (void)close(fd);
    errno = why;
    return -1;
}

int listen_open(struct str text, enum http_share share, struct err *err)
{
    union listen_address address;
    socklen_t len = 0; /* gcc 12 at -O2 does not see that it is set */
    bool inherited = false;

    if (parse_address(text, &address, &len, err))
        return -1;
    int fd = take_inherited(&address, &inherited);
    if (fd < 0 && inherited)
        return err_set(err, ERR_CONFIG, "listen: " STR_FMT ": the socket of LISTEN_FDS cannot be used: %s", STR_ARG(text),
                       strerror(errno));
    if (fd < 0)
        fd = open_socket(&address, len, share);
    if (fd < 0)
        return err_set(err, ERR_CONFIG, "listen: " STR_FMT ": %s%s", STR_ARG(text), strerror(errno),
                       count_inherited() ? " (none of the sockets of LISTEN_FDS has this address)" : "");
    return fd;
}
