/* A fast hash for tables inside one process, keyed so that nobody outside can aim at a slot. Not for signatures. */
#pragma once

#include "base/str.h"

static inline uint64_t hash_mix(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    return h ^ h >> 32;
}

static inline uint64_t hash_str(struct str s, uint64_t key)
{
    uint64_t h = key ^ s.len;

    for (; s.len >= 8; s = str_of(s.ptr + 8, s.len - 8)) {
        uint64_t word;
        memcpy(&word, s.ptr, 8);
        h = hash_mix(h ^ word);
    }
    for (size_t i = 0; i < s.len; i++)
        h = hash_mix(h ^ (unsigned char)s.ptr[i]);
    return h;
}
