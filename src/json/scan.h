/* The tokens of JSON text, for this room's own files. Pure; any thread. */
#pragma once

#include <endian.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "json/tape.h"

/* Why a token was refused; `what` is static text. */
struct scan_fault {
    const char *what, *at;
};

static inline const char *scan_fail(struct scan_fault *fault, const char *what, const char *at)
{
    *fault = (struct scan_fault){ .what = what, .at = at };
    return NULL;
}

/* The same with its place in the text that begins at `start`. */
void scan_place(const struct scan_fault *fault, const char *start, bool limit, struct tape_fault *to);

/* The first byte after an escape whose backslash is at `at`, or NULL. */
const char *scan_escape(const char *at, const char *end, struct scan_fault *fault);

/* The first byte after the run of non-ASCII bytes that starts at `at`, or NULL if it is no UTF-8. */
const char *scan_wide(const char *at, const char *end, struct scan_fault *fault);

static inline bool scan_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Eight bytes of a string at once: the high bit of each byte that is a quote, a backslash, a control
 * character or not ASCII. Bits above the lowest one set may be false (a borrow), so only the lowest counts.
 */
static inline uint64_t scan_special(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t quote = (word ^ ones * '"') - ones;
    uint64_t backslash = (word ^ ones * '\\') - ones;
    uint64_t control = word - ones * 0x20;

    return (quote | backslash | control | word) & ones * 0x80;
}

/* The first byte from `at` on that a string does not simply contain, or `end`. */
static inline const char *scan_plain_words(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t special = scan_special(le64toh(word));
        if (special)
            return at + __builtin_ctzll(special) / 8;
    }
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return at;
}

#if defined(__SSE2__)
/* A bit for each of sixteen bytes that is special. Flipping the second bit turns a quote into a space. Then the quote,
 * the control characters and, as signed bytes, those that are not ASCII are all below '!'. */
static inline unsigned scan_mask(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i turned = _mm_xor_si128(bytes, _mm_set1_epi8('"' ^ ' '));
    __m128i special =
        _mm_or_si128(_mm_cmplt_epi8(turned, _mm_set1_epi8('!')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));

    return (unsigned)_mm_movemask_epi8(special);
}

/* As scan_plain_words, sixteen bytes at a time. */
static inline const char *scan_plain(const char *at, const char *end)
{
    for (; end - at >= 16; at += 16) {
        unsigned mask = scan_mask(at);
        if (mask)
            return at + __builtin_ctz(mask);
    }
    return scan_plain_words(at, end);
}

/* How many bytes are the same in both places. `left` bytes are readable in both; near their end it may report fewer,
 * elsewhere more than `most`. */
static inline size_t scan_alike(const char *a, const char *b, size_t most, size_t left)
{
    const size_t within = left < 16 ? 0 : left - 15, stop = most < within ? most : within;
    size_t same = 0;

    for (; same < stop; same += 16) {
        __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)(a + same)),
                                       _mm_loadu_si128((const __m128i *)(const void *)(b + same)));
        unsigned mask = (unsigned)_mm_movemask_epi8(equal);
        if (mask != 0xFFFF)
            return same + (size_t)__builtin_ctz(~mask);
    }
    return same;
}
#else
static inline size_t scan_alike(const char *a, const char *b, size_t most, size_t left)
{
    const size_t within = left < 8 ? 0 : left - 7, stop = most < within ? most : within;
    size_t same = 0;

    for (; same < stop; same += 8) {
        uint64_t here, there;
        memcpy(&here, a + same, sizeof here);
        memcpy(&there, b + same, sizeof there);
        if (here != there)
            return same + (size_t)__builtin_ctzll(le64toh(here ^ there)) / 8;
    }
    return same;
}

static inline const char *scan_plain(const char *at, const char *end)
{
    return scan_plain_words(at, end);
}
#endif

/* The closing quote of the string whose first byte is at `at`, or NULL. Sets `*escaped` if there is a
 * backslash. */
static inline const char *scan_string(const char *at, const char *end, bool *escaped,
                                      struct scan_fault *fault)
{
    for (;;) {
        at = scan_plain(at, end);
        if (at == end)
            return scan_fail(fault, "unexpected end in a string", at);
        if (*at == '"')
            return at;
        if ((unsigned char)*at < 0x20)
            return scan_fail(fault, "control character in a string", at);
        if (*at == '\\')
            *escaped = true;
        at = *at == '\\' ? scan_escape(at, end, fault) : scan_wide(at, end, fault);
        if (!at)
            return NULL;
    }
}

static inline const char *scan_digits(const char *at, const char *end, struct scan_fault *fault)
{
    if (at == end || !scan_is_digit(*at))
        return scan_fail(fault, "invalid number", at);
    while (at < end && scan_is_digit(*at))
        at++;
    return at;
}

/* The first byte after the number at `at`, or NULL (RFC 8259 section 6). */
static inline const char *scan_number(const char *at, const char *end, struct scan_fault *fault)
{
    if (at < end && *at == '-')
        at++;
    at = at < end && *at == '0' ? at + 1 : scan_digits(at, end, fault);
    if (at && at < end && *at == '.')
        at = scan_digits(at + 1, end, fault);
    if (!at || at == end || (*at | 0x20) != 'e')
        return at;
    at++;
    if (at < end && (*at == '+' || *at == '-'))
        at++;
    return scan_digits(at, end, fault);
}
