#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

enum { FIRST_SPACE = 512 };

static bool grow(struct buf *buf, size_t need)
{
    size_t space = buf->space ? buf->space : FIRST_SPACE;

    while (space < need)
        space = space > SIZE_MAX / 2 ? SIZE_MAX : space * 2;
    if (space > buf->ceiling)
        space = buf->ceiling;
    if (space > arena_room(buf->arena))
        space = need;
    if (space > arena_room(buf->arena)) {
        arena_go_without(buf->arena);
        return false;
    }
    char *moved = arena_alloc(buf->arena, space);
    if (buf->len)
        memcpy(moved, buf->ptr, buf->len);
    buf->ptr = moved;
    buf->space = space;
    return true;
}

char *buf_reserve_more(struct buf *buf, size_t size)
{
    if (buf->full)
        return NULL;
    if (size > buf->ceiling - buf->len || (size > buf->space - buf->len && !grow(buf, buf->len + size))) {
        buf->full = true;
        return NULL;
    }
    return buf->ptr + buf->len;
}

void buf_expect(struct buf *buf, size_t size)
{
    size_t room = arena_room(buf->arena);

    if (!buf->full && size > buf->space - buf->len && size <= buf->ceiling - buf->len && buf->len < room &&
        size < room - buf->len)
        (void)grow(buf, buf->len + size);
}

void buf_join(struct buf *buf, char sep, struct str piece)
{
    if (buf->len)
        buf_char(buf, sep);
    buf_add(buf, piece);
}

struct str str_join(struct arena *arena, char sep, const struct str *pieces, size_t count)
{
    struct buf joined = buf_in(arena, SIZE_MAX);

    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_char(&joined, sep);
        buf_add(&joined, pieces[i]);
    }
    return buf_str(&joined);
}

void buf_uint(struct buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_add(buf, str_of(digits + at, sizeof digits - at));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *to = n >= 0 ? buf_reserve(buf, (size_t)n + 1) : NULL;
    if (!to)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(to, (size_t)n + 1, fmt, ap);
    va_end(ap);
    buf->len += (size_t)n;
}
