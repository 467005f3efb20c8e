#include "json/write.h"

#include "json/scan.h"

/* RFC 8259 section 7: a quote, a backslash and what is below U+0020, nothing else. */
static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

static void put_escape(struct buf *buf, unsigned char c)
{
    static const char letters[32] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };
    static const char hex[] = "0123456789abcdef";
    char letter = c < 0x20 ? letters[c] : (char)c;

    if (letter)
        buf_add(buf, str_of((char[]){ '\\', letter }, 2));
    else
        buf_add(buf, str_of((char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6));
}

void json_escape(struct buf *buf, struct str text)
{
    const char *start = text.len ? text.ptr : "", *end = start + text.len;

    for (const char *at = scan_plain(start, end); at < end; at = scan_plain(at + 1, end)) {
        if (!needs_escape((unsigned char)*at))
            continue;
        buf_add(buf, str_of(start, (size_t)(at - start)));
        put_escape(buf, (unsigned char)*at);
        start = at + 1;
    }
    buf_add(buf, str_of(start, (size_t)(end - start)));
}

void json_quote(struct buf *buf, struct str text)
{
    buf_char(buf, '"');
    json_escape(buf, text);
    buf_char(buf, '"');
}

void json_name(struct buf *buf, bool *first, struct str name)
{
    if (!*first)
        buf_char(buf, ',');
    *first = false;
    json_quote(buf, name);
    buf_char(buf, ':');
}

void json_member_string(struct buf *buf, bool *first, struct str name, struct str value)
{
    json_name(buf, first, name);
    json_quote(buf, value);
}

void json_member_uint(struct buf *buf, bool *first, struct str name, uint64_t value)
{
    json_name(buf, first, name);
    buf_uint(buf, value);
}

void json_member_raw(struct buf *buf, bool *first, struct str name, struct str json)
{
    json_name(buf, first, name);
    buf_add(buf, json);
}
