#include "net/call.h"

/* "[::1]:8081", "host", "127.0.0.1:80" in host and port. An empty port is none (RFC 3986 section 6.2.3). */
static int read_authority(struct call_origin *origin, struct str authority, struct err *err)
{
    struct str port = STR_NONE;
    uint64_t number;

    if (str_starts(authority, STR("["))) {
        if (!str_cut(str_from_at(authority, 1), ']', &origin->host, &port) ||
            !memchr(origin->host.ptr, ':', origin->host.len))
            return err_set(err, ERR_CONFIG, "malformed address in the URL");
        if (port.len && port.ptr[0] != ':')
            return err_set(err, ERR_CONFIG, "malformed address in the URL");
        port = str_from_at(port, 1);
    } else if (!str_cut(authority, ':', &origin->host, &port)) {
        origin->host = authority;
    }
    if (!origin->host.len)
        return err_set(err, ERR_CONFIG, "the URL has no host");
    if (!port.len)
        return 0;
    if (!str_to_uint(port, &number) || number < 1 || number > UINT16_MAX)
        return err_set(err, ERR_CONFIG, "the URL's port is not one");
    origin->port = (uint16_t)number;
    return 0;
}

static int read_scheme(struct call_origin *origin, struct str *rest, struct err *err)
{
    static const struct {
        struct str head, scheme;
        uint16_t port;
    } schemes[] = {
        { .head = STR_INIT("http://"), .scheme = STR_INIT("http"), .port = 80 },
        { .head = STR_INIT("https://"), .scheme = STR_INIT("https"), .port = 443 },
    };

    for (size_t i = 0; i < COUNT(schemes); i++) {
        struct str head = schemes[i].head;
        if (rest->len < head.len || !str_eq_nocase(str_of(rest->ptr, head.len), head))
            continue;
        origin->scheme = schemes[i].scheme;
        origin->port = schemes[i].port;
        *rest = str_from_at(*rest, head.len);
        return 0;
    }
    return err_set(err, ERR_CONFIG, "the URL begins with neither http:// nor https://");
}

static bool has_bad_byte(struct str url)
{
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= ' ' || url.ptr[i] == 0x7f || memchr("?#@\\\"<>", url.ptr[i], 7))
            return true;
    return false;
}

int call_origin_parse(struct call_origin *origin, struct str url, struct err *err)
{
    struct str path = STR_NONE;

    if (read_scheme(origin, &url, err))
        return -1;
    if (has_bad_byte(url))
        return err_set(err, ERR_CONFIG, "the URL has user info, a query, a fragment or a byte that none has");
    struct str authority = url;
    const char *slash = url.len ? memchr(url.ptr, '/', url.len) : NULL;
    if (slash) {
        authority = str_of(url.ptr, (size_t)(slash - url.ptr));
        path = str_from_at(url, authority.len);
    }
    while (path.len && path.ptr[path.len - 1] == '/')
        path.len--;
    origin->base = path;
    return read_authority(origin, authority, err);
}
