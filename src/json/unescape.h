/* The decoded bytes of a string that tape_read accepted, one by one, for this room's own files. */
#pragma once

#include "base/str.h"

struct unescape {
    const char *at, *end;
    unsigned char held[4]; /* the rest of an escape */
    unsigned held_at, held_len;
};

static inline struct unescape unescape_of(struct str text)
{
    return (struct unescape){ .at = text.ptr, .end = text.len ? text.ptr + text.len : text.ptr };
}

/* The next byte of text in which a backslash is only that, or -1. */
static inline int unescape_raw(struct unescape *u)
{
    return u->at == u->end ? -1 : (unsigned char)*u->at++;
}

/* Reads the escape at `at` into `held`. */
void unescape_one(struct unescape *u);

/* The next byte, or -1 at the end. */
static inline int unescape_next(struct unescape *u)
{
    if (u->held_at == u->held_len) {
        if (u->at == u->end)
            return -1;
        if (*u->at != '\\')
            return (unsigned char)*u->at++;
        unescape_one(u);
    }
    return u->held[u->held_at++];
}
