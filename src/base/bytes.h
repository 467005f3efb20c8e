/* Many bytes at once, as the compiler has them: in one register where the processor has such, else in several. For this room's
 * own files, and json's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

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

/* Only inside functions and by pointer: how such a value is handed over depends on the processor that a file is built for. */
typedef unsigned char bytes32 __attribute__((vector_size(32)));
