#include "net/fetch_inner.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Curl 7.88 does not say which socket a request is about to be sent on, but its local port. So its sockets
 * are made here. */

struct fetch_socket {
    int fd;
    int port; /* local; 0: not connected when it was last asked for */
};

static curl_socket_t on_open(void *of, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct fetcher *fetcher = of;
    int fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);

    (void)purpose;
    if (fd < 0)
        return CURL_SOCKET_BAD;
    fetcher->sockets = arena_grow(fetcher->client->arena, fetcher->sockets, fetcher->socket_count,
                                  &fetcher->socket_space, sizeof *fetcher->sockets);
    fetcher->sockets[fetcher->socket_count++] = (struct fetch_socket){ .fd = fd };
    return fd;
}

static int on_close(void *of, curl_socket_t fd)
{
    struct fetcher *fetcher = of;

    for (size_t i = 0; i < fetcher->socket_count; i++) {
        if (fetcher->sockets[i].fd != fd)
            continue;
        fetcher->sockets[i] = fetcher->sockets[--fetcher->socket_count];
        break;
    }
    return close(fd);
}

int fetch_sockets_set(struct fetcher *fetcher, CURL *easy)
{
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open) ||
                   curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, fetcher) ||
                   curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close) ||
                   curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, fetcher)
               ? -1
               : 0;
}

static int port_of(struct fetch_socket *socket)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;

    if (socket->port || getsockname(socket->fd, (struct sockaddr *)&address, &len))
        return socket->port;
    if (address.ss_family == AF_INET6)
        socket->port = ntohs(((struct sockaddr_in6 *)(void *)&address)->sin6_port);
    else
        socket->port = ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
    return socket->port;
}

/* Of all that have the port: those to other hosts may share it. */
static bool are_quiet(const struct fetcher *fetcher, int port)
{
    bool found = false;
    char byte;

    for (size_t i = 0; i < fetcher->socket_count; i++) {
        if (port_of(&fetcher->sockets[i]) != port)
            continue;
        found = true;
        if (recv(fetcher->sockets[i].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN)
            return false;
    }
    return found;
}

/* NULL where there is no TLS. */
static const SSL *tls_of(CURL *easy)
{
    struct curl_tlssessioninfo *tls = NULL;

    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls) || !tls || tls->backend != CURLSSLBACKEND_OPENSSL)
        return NULL;
    return tls->internals;
}

static bool is_http2(const SSL *tls)
{
    const unsigned char *name;
    unsigned len;

    SSL_get0_alpn_selected(tls, &name, &len);
    return str_is(str_of((const char *)name, len), "h2");
}

bool fetch_is_quiet(const struct fetcher *fetcher, CURL *easy, int port)
{
    long connects = 0;

    if (curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects) || connects > 0)
        return true;
    const SSL *tls = tls_of(easy);
    if (tls && is_http2(tls))
        return true;
    return !(tls && SSL_has_pending(tls)) && are_quiet(fetcher, port);
}
