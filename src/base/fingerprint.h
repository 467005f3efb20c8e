/* Fingerprints of bytes: 128 bits that tell two texts apart, the same in every run and on every machine. They are
 * neither secret nor a signature: anybody can construct two texts with the same fingerprint. Any thread. */
#pragma once

#include "base/buf.h"

struct fingerprint {
    uint64_t low, high;
};

/* The fingerprint of the bytes behind `before` (zeroes: none), followed by `bytes`. "ab" then "c" differs from "a" then
 * "bc". */
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
