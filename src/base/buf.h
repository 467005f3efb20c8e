/* Bytes that grow inside an arena, up to a ceiling fixed at the start. After one append that does not fit the
 * buffer is `full`: later appends do nothing, and whoever hands the bytes on checks buf_ok once.
 * Not thread safe. */
#pragma once

#include "base/arena.h"

struct buf {
    struct arena *arena; /* borrowed */
    char *ptr;
    size_t len, space, ceiling;
    bool full;
};

static inline struct buf buf_in(struct arena *arena, size_t ceiling)
{
    return (struct buf){ .arena = arena, .ceiling = ceiling };
}

static inline bool buf_ok(const struct buf *buf)
{
    return !buf->full;
}

static inline struct str buf_str(const struct buf *buf)
{
    return str_of(buf->ptr, buf->len);
}

char *buf_reserve_more(struct buf *buf, size_t size); /* buf_reserve where there is no room yet */

/* Room for `size` more bytes at the end, or NULL (and full). Add to `len` what was used of it. */
static inline char *buf_reserve(struct buf *buf, size_t size)
{
    return size <= buf->space - buf->len && !buf->full ? buf->ptr + buf->len : buf_reserve_more(buf, size);
}

/* About so many more bytes will come: room for them at once, if the arena has it. Never fails, never makes `full`. */
void buf_expect(struct buf *buf, size_t size);

static inline void buf_add(struct buf *buf, struct str s)
{
    char *to = s.len ? buf_reserve(buf, s.len) : NULL;
    if (!to)
        return;
    memcpy(to, s.ptr, s.len);
    buf->len += s.len;
}

static inline void buf_char(struct buf *buf, char c)
{
    char *to = buf_reserve(buf, 1);
    if (!to)
        return;
    *to = c;
    buf->len++;
}

void buf_join(struct buf *buf, char sep, struct str piece); /* `sep` first, unless nothing stands there yet */
struct str str_join(struct arena *arena, char sep, const struct str *pieces, size_t count);
void buf_uint(struct buf *buf, uint64_t value);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF(2, 3);
