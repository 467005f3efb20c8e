/* Many bytes at once, as the compiler has them: in one register where the processor has such, else in several. For this room's
 * own files, and json's. */
#pragma once

#include "base/str.h"

typedef unsigned char bytes16 __attribute__((vector_size(16)));

static inline bytes16 bytes16_at(const char *at)
{
    bytes16 bytes;

    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

/* For the result of comparing all sixteen bytes: is any of them set, are all? */
static inline bool bytes16_any(bytes16 compared)
{
    uint64_t words[2];

    memcpy(words, &compared, sizeof words);
    return (words[0] | words[1]) != 0;
}

static inline bool bytes16_all(bytes16 compared)
{
    uint64_t words[2];

    memcpy(words, &compared, sizeof words);
    return (words[0] & words[1]) == UINT64_MAX;
}

/* One to fifteen bytes, some of them more than once. */
static inline bytes16 bytes16_of_few(const char *at, size_t len)
{
    uint64_t words[2];
    bytes16 bytes;

    if (len >= 8) {
        words[0] = str_word8(at);
        words[1] = str_word8(at + len - 8);
    } else if (len >= 4) {
        words[0] = words[1] = str_word4(at) | (uint64_t)str_word4(at + len - 4) << 32;
    } else {
        words[0] = words[1] = (unsigned char)at[0] * UINT64_C(0x0101010101000001) |
                              (uint64_t)(unsigned char)at[len / 2] << 8 | (uint64_t)(unsigned char)at[len - 1] << 16;
    }
    memcpy(&bytes, words, sizeof bytes);
    return bytes;
}

/* `which` sets those of sixteen bytes that are looked for: is there one? The last sixteen may overlap those before. */
static inline __attribute__((always_inline)) bool bytes_any(const char *at, size_t len, bytes16 (*which)(bytes16 bytes))
{
    if (len == 0)
        return false;
    if (len < sizeof(bytes16))
        return bytes16_any(which(bytes16_of_few(at, len)));
    for (const char *const last = at + len - sizeof(bytes16);; at += sizeof(bytes16)) {
        if (at >= last)
            return bytes16_any(which(bytes16_at(last)));
        if (bytes16_any(which(bytes16_at(at))))
            return true;
    }
}

/* Only inside functions and by pointer: how such a value is handed over depends on the processor that a file is built for. */
typedef unsigned char bytes32 __attribute__((vector_size(32)));
