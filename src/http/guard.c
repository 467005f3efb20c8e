#include "http/guard.h"

/* What each byte may be part of. */
enum { TOKEN = 1, PATH = 2, QUERY = 4, HOST = 8 };

/* Generated from RFC 9110 section 5.6.2 (token), RFC 3986 section 3.3 (pchar and slash) and section 3.2 (host and
 * port); none of them has bytes beyond ASCII. The query also allows []{}|^` as they are,
 * because browsers and many clients send `filter[x]` so. The percent sign is judged apart. */
static const uint8_t byte_class[256] = {
    /* clang-format off */
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     0, 15,  0,  1, 15,  1, 15, 15, 14, 14, 15, 15, 14, 15, 15,  6,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 14, 14,  0, 14,  0,  4,
     6, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 12,  0, 12,  5, 15,
     5, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15,  4,  5,  4, 15,  0,
    /* clang-format on */
};

struct reader {
    struct str bytes;
    size_t at; /* start of the next line */
    struct str line;
    struct guard *guard;
    unsigned hosts, lengths, encodings, authorizations;
};

static bool all(struct str s, uint8_t class)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!(byte_class[(uint8_t)s.ptr[i]] & class))
            return false;
    }
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_component(struct str s, uint8_t class)
{
    for (size_t i = 0; i < s.len; i++) {
        if (byte_class[(uint8_t)s.ptr[i]] & class)
            continue;
        if (s.ptr[i] != '%' || s.len - i < 3 || !is_hex(s.ptr[i + 1]) || !is_hex(s.ptr[i + 2]))
            return false;
        i += 2;
    }
    return true;
}

bool guard_is_method(struct str method)
{
    return method.len > 0 && all(method, TOKEN);
}

/* Origin-form only: absolute, authority (CONNECT) and asterisk form are for proxies and for nobody we serve.
 */
enum guard_verdict guard_check_target(struct str target)
{
    struct str path = target, query = STR_NONE;

    if (target.len == 0 || target.ptr[0] != '/')
        return GUARD_TARGET_FORM;
    str_cut(target, '?', &path, &query);
    return is_component(path, PATH) && is_component(query, QUERY) ? GUARD_OK : GUARD_TARGET;
}

bool guard_is_host(struct str host)
{
    struct str name = host, port = STR_NONE;
    uint64_t number;

    if (host.len == 0 || host.len > 300 || !all(host, HOST))
        return false;
    if (host.ptr[0] == '[') { /* an IPv6 address, its colons inside the brackets */
        struct str rest;
        if (!str_cut(host, ']', &name, &rest) || name.len < 3 || memchr(name.ptr + 1, '[', name.len - 1))
            return false;
        return rest.len == 0 ||
               (rest.ptr[0] == ':' && str_to_uint(str_from_at(rest, 1), &number) && number <= 65535);
    }
    if (memchr(host.ptr, '[', host.len) || memchr(host.ptr, ']', host.len))
        return false;
    if (!str_cut(host, ':', &name, &port))
        return true;
    return name.len > 0 && str_to_uint(port, &number) && number <= 65535;
}

bool guard_is_name(struct str name)
{
    return name.len > 0 && all(name, TOKEN);
}

bool guard_is_value(struct str value)
{
    return !str_has_control(value);
}

/* The next line without its CR LF. A carriage return elsewhere in it is found by the byte classes. */
static enum guard_verdict next_line(struct reader *reader)
{
    struct str rest = str_from_at(reader->bytes, reader->at);
    const char *end = rest.len ? memchr(rest.ptr, '\n', rest.len) : NULL;

    reader->guard->offset = reader->at;
    if (!end)
        return GUARD_INCOMPLETE;
    size_t len = (size_t)(end - rest.ptr);
    reader->at += len + 1;
    if (len == 0 || end[-1] != '\r')
        return GUARD_LINE_END;
    reader->line = str_of(rest.ptr, len - 1);
    return GUARD_OK;
}

static enum guard_verdict request_line(struct reader *reader)
{
    struct str method, rest, target, version;

    if (!str_cut(reader->line, ' ', &method, &rest) || !str_cut(rest, ' ', &target, &version))
        return GUARD_REQUEST_LINE;
    if (!guard_is_method(method))
        return GUARD_METHOD;
    if (!str_is(version, "HTTP/1.1") && !str_is(version, "HTTP/1.0"))
        return GUARD_VERSION;
    reader->guard->http_1_0 = str_is(version, "HTTP/1.0");
    return guard_check_target(target);
}

static enum guard_verdict on_host(struct reader *reader, struct str value)
{
    if (reader->hosts++)
        return GUARD_TWO_HOSTS;
    return guard_is_host(value) ? GUARD_OK : GUARD_HOST;
}

/* RFC 9110 section 8.6 lets a list of equal numbers pass; we do not, nor leading zeros. */
static enum guard_verdict on_length(struct reader *reader, struct str value)
{
    uint64_t length;

    reader->guard->has_length = true;
    if (reader->lengths++)
        return GUARD_TWO_LENGTHS;
    if (!str_to_uint(value, &length) || (value.len > 1 && value.ptr[0] == '0'))
        return GUARD_LENGTH;
    return reader->encodings ? GUARD_LENGTH_AND_ENCODING : GUARD_OK;
}

/* RFC 9112 section 6.1: in HTTP/1.0 it is a framing error. */
static enum guard_verdict on_encoding(struct reader *reader, struct str value)
{
    reader->guard->chunked = true;
    if (reader->encodings++ || reader->guard->http_1_0 || !str_eq_nocase(value, STR("chunked")))
        return GUARD_ENCODING;
    return reader->lengths ? GUARD_LENGTH_AND_ENCODING : GUARD_OK;
}

static enum guard_verdict on_authorization(struct reader *reader, struct str value)
{
    (void)value;
    return reader->authorizations++ ? GUARD_TWO_AUTHORIZATIONS : GUARD_OK;
}

static const struct {
    struct str name;
    enum guard_verdict (*judge)(struct reader *reader, struct str value);
} judges[] = {
    { .name = STR_INIT("host"), .judge = on_host },
    { .name = STR_INIT("content-length"), .judge = on_length },
    { .name = STR_INIT("transfer-encoding"), .judge = on_encoding },
    { .name = STR_INIT("authorization"), .judge = on_authorization },
};

static enum guard_verdict header_line(struct reader *reader)
{
    struct str name, value;

    reader->guard->headers++;
    if (reader->line.ptr[0] == ' ' || reader->line.ptr[0] == '\t')
        return GUARD_FOLD;
    if (!str_cut(reader->line, ':', &name, &value) || !guard_is_name(name))
        return GUARD_NAME;
    if (!guard_is_value(value))
        return GUARD_VALUE;
    for (size_t i = 0; i < COUNT(judges); i++) {
        if (str_eq_nocase(name, judges[i].name))
            return judges[i].judge(reader, str_trim(value));
    }
    return GUARD_OK;
}

enum guard_verdict guard_check(struct str bytes, struct guard *guard)
{
    struct reader reader = { .bytes = bytes, .guard = guard };
    enum guard_verdict verdict;

    *guard = (struct guard){ 0 };
    if (str_starts(bytes,
                   STR("\r\n"))) /* one empty line before a request is passed over (RFC 9112 section 2.2) */
        reader.at = 2;
    verdict = next_line(&reader);
    if (!verdict)
        verdict = request_line(&reader);
    while (!verdict) {
        verdict = next_line(&reader);
        if (!verdict && reader.line.len == 0) {
            guard->offset = reader.at;
            return reader.hosts ? GUARD_OK : GUARD_NO_HOST;
        }
        if (!verdict)
            verdict = header_line(&reader);
    }
    return verdict;
}

const char *guard_text(enum guard_verdict verdict)
{
    static const char *const texts[] = {
#define X(row, text) text,
        GUARD_VERDICTS(X)
#undef X
    };
    return texts[verdict];
}
