/* SipHash-2-4 (Aumasson and Bernstein, 2012): a hash of bytes under a secret key. Who does not know the key cannot
 * choose bytes that collide. Any thread. */
#pragma once

#include "base/str.h"

struct siphash_key {
    uint64_t low, high;
};

uint64_t siphash(struct siphash_key key, struct str bytes);
