/* The decoded bytes of a string that tape_read accepted, one by one, for this room's own files. */
#pragma once

#include "base/str.h"

struct decode {
    const char *at, *end;
    unsigned char held[4]; /* the rest of an escape */
    unsigned held_at, held_len;
};

static inline struct decode decode_of(struct str text)
{
    return (struct decode){ .at = text.ptr, .end = text.ptr + text.len };
}

/* Reads the escape at `at` into `held`. */
void decode_escape(struct decode *d);

/* The next byte, or -1 at the end. */
static inline int decode_next(struct decode *d)
{
    if (d->held_at == d->held_len) {
        if (d->at == d->end)
            return -1;
        if (*d->at != '\\')
            return (unsigned char)*d->at++;
        decode_escape(d);
    }
    return d->held[d->held_at++];
}
