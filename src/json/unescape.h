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
    return (struct unescape){ .at = text.ptr, .end = text.ptr + text.len };
}

/* Reads the escape at `at` into `held`. */
void unescape_one(struct unescape *d);

/* The next byte, or -1 at the end. */
static inline int unescape_next(struct unescape *d)
{
    if (d->held_at == d->held_len) {
        if (d->at == d->end)
            return -1;
        if (*d->at != '\\')
            return (unsigned char)*d->at++;
        unescape_one(d);
    }
    return d->held[d->held_at++];
}
