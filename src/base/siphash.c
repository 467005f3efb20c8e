#include "base/siphash.h"

#include <endian.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void mix(struct state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32) + s->v3;
    s->v2 += s->v1;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static void add_word(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    mix(s);
    mix(s);
    s->v0 ^= word;
}

uint64_t siphash(struct siphash_key key, struct str bytes)
{
    struct state s = { .v0 = key.low ^ UINT64_C(0x736F6D6570736575),
                       .v1 = key.high ^ UINT64_C(0x646F72616E646F6D),
                       .v2 = key.low ^ UINT64_C(0x6C7967656E657261),
                       .v3 = key.high ^ UINT64_C(0x7465646279746573) };
    uint64_t last = (uint64_t)bytes.len << 56;
    size_t at = 0;

    for (; at + 8 <= bytes.len; at += 8) {
        uint64_t word;
        memcpy(&word, bytes.ptr + at, sizeof word);
        add_word(&s, le64toh(word));
    }
    for (size_t i = 0; at + i < bytes.len; i++)
        last |= (uint64_t)(unsigned char)bytes.ptr[at + i] << 8 * i;
    add_word(&s, last);
    s.v2 ^= 0xFF;
    for (int i = 0; i < 4; i++)
        mix(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
