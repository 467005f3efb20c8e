/* Fingerprints of bytes: 128 bits that tell two texts apart, the same in every run and on every machine. They are no secret
 * and no signature: who wants two texts with one fingerprint can make them. Any thread. */
#pragma once

#include "base/buf.h"

struct fingerprint {
    uint64_t low, high;
};

/* Of what `before` is of (zeroes: nothing), followed by these bytes: "ab" then "c" is not "a" then "bc". */
struct fingerprint fingerprint_add(struct fingerprint before, struct str bytes);

/* The last steps of MurmurHash3 (64 bit): every bit of the result depends on all bits of `x`. */
static inline uint64_t fingerprint_mix(uint64_t x)
{
    x = (x ^ x >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
    x = (x ^ x >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
    return x ^ x >> 33;
}

enum { FINGERPRINT_LEN = 32 };
void buf_fingerprint(struct buf *buf, struct fingerprint fingerprint); /* lower-case hex */
