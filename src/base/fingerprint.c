/* MurmurHash3, x64, 128 bits, by Austin Appleby, who put it in the public domain; with 128 bits of seed, and words read
 * low byte first whatever the machine. */
#include "base/fingerprint.h"

#include "base/codec.h"

static const uint64_t c1 = UINT64_C(0x87C37B91114253D5), c2 = UINT64_C(0x4CF5AD432745937F);

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

/* Up to eight bytes, those that are missing zero. */
static uint64_t word_at(const char *bytes, size_t len)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < len && i < 8; i++)
        sum |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
    return sum;
}

static uint64_t scramble_low(uint64_t k)
{
    return rotate(k * c1, 31) * c2;
}

static uint64_t scramble_high(uint64_t k)
{
    return rotate(k * c2, 33) * c1;
}

struct fingerprint fingerprint_add(struct fingerprint before, struct str bytes)
{
    uint64_t low = before.low, high = before.high;
    size_t at = 0;

    for (; at + 16 <= bytes.len; at += 16) {
        low = rotate(low ^ scramble_low(word_at(bytes.ptr + at, 8)), 27) + high;
        low = low * 5 + 0x52DCE729;
        high = rotate(high ^ scramble_high(word_at(bytes.ptr + at + 8, 8)), 31) + low;
        high = high * 5 + 0x38495AB5;
    }
    if (bytes.len - at > 8)
        high ^= scramble_high(word_at(bytes.ptr + at + 8, bytes.len - at - 8));
    if (bytes.len > at)
        low ^= scramble_low(word_at(bytes.ptr + at, bytes.len - at));
    low ^= bytes.len;
    high ^= bytes.len;
    low += high;
    high += low;
    low = fingerprint_mix(low);
    high = fingerprint_mix(high);
    low += high;
    return (struct fingerprint){ .low = low, .high = high + low };
}

void buf_fingerprint(struct buf *buf, struct fingerprint fingerprint)
{
    unsigned char bytes[16];

    for (size_t i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(fingerprint.low >> (56 - 8 * i));
        bytes[8 + i] = (unsigned char)(fingerprint.high >> (56 - 8 * i));
    }
    buf_hex(buf, bytes, sizeof bytes);
}
