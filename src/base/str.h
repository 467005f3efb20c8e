/* Bytes with a length: how text travels everywhere inside. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK         __attribute__((warn_unused_result))
#define PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define COUNT(a)           (sizeof(a) / sizeof((a)[0]))
#define CLEANUP(fn)        __attribute__((cleanup(fn)))
/* The struct whose `member` is at `ptr`: what a callback that is given a part of it wants. */
#define CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* A borrowed run of bytes: not owned, not NUL-terminated, may be empty. */
struct str {
    const char *ptr;
    size_t len;
};
#define STR_INIT(lit) { .ptr = (lit), .len = sizeof(lit) - 1 } /* in static tables */
#define STR(lit)      ((struct str)STR_INIT(lit))              /* in expressions   */
#define STR_NONE      ((struct str){ .ptr = NULL, .len = 0 })
#define STR_FMT       "%.*s"
#define STR_ARG(s)    (int)(s).len, (s).ptr ? (s).ptr : ""

static inline struct str str_of(const char *ptr, size_t len)
{
    return (struct str){ .ptr = ptr, .len = len };
}

/* NUL-terminated text from a library; NULL gives the empty str. */
static inline struct str str_from(const char *text)
{
    return (struct str){ .ptr = text, .len = text ? strlen(text) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline uint32_t str_word4(const char *at)
{
    uint32_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

static inline uint64_t str_word8(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

/* The same for names that are compared one after the other: up to sixteen bytes without a call. */
static inline bool str_eq_short(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    if (a.len < 4 || a.len > 16)
        return str_eq(a, b);
    /* Two halves, which overlap where there are fewer bytes than twice theirs. */
    if (a.len < 8)
        return ((str_word4(a.ptr) ^ str_word4(b.ptr)) |
                (str_word4(a.ptr + a.len - 4) ^ str_word4(b.ptr + a.len - 4))) == 0;
    return ((str_word8(a.ptr) ^ str_word8(b.ptr)) | (str_word8(a.ptr + a.len - 8) ^ str_word8(b.ptr + a.len - 8))) == 0;
}

/* Always inline: of a literal the length and the bytes are known, and nothing is called. */
static inline __attribute__((always_inline)) bool str_is(struct str s, const char *text)
{
    return str_eq(s, str_from(text));
}

static inline bool str_starts(struct str s, struct str head)
{
    return s.len >= head.len && str_eq(str_of(s.ptr, head.len), head);
}

/* Everything from `at` on; empty when `at` is past the end. */
static inline struct str str_from_at(struct str s, size_t at)
{
    return at < s.len ? str_of(s.ptr + at, s.len - at) : STR_NONE;
}

/* ASCII case is ignored (header names, hosts). */
bool str_eq_nocase(struct str a, struct str b);

/* <0, 0, >0 by bytes, a shorter prefix first. */
int str_compare(struct str a, struct str b);

/* Equal, in time that depends on the lengths only (secrets). */
bool str_eq_secret(struct str a, struct str b);

/* Splits `s` at the first `sep`; false, leaving outputs alone, if there is none. */
bool str_cut(struct str s, char sep, struct str *head, struct str *tail);

/* Next piece of `*rest` up to `sep` or the end; false when nothing is left. An empty str gives no piece;
 * "a," gives "a" and "". */
bool str_next(struct str *rest, char sep, struct str *piece);

/* One of the pieces of `list` is `piece`. */
bool str_lists(struct str list, char sep, struct str piece);

/* What a misspelt word meant: near_try gives every word it could be, then `best` is the nearest, empty if none is near. Of
 * words with up to three bytes one may differ, of longer ones two. */
struct near {
    struct str text, best;
    unsigned least; /* only what is nearer than this */
};
struct near near_to(struct str text);
void near_try(struct near *near, struct str word);

/* Without spaces and tabs at both ends. */
struct str str_trim(struct str s);

/* Decimal digits only (an optional '-' for the signed one), whole text, no overflow; false otherwise. */
bool str_to_uint(struct str s, uint64_t *value);
bool str_to_int(struct str s, int64_t *value);

/* A control character other than a tab: what no field value holds, of ASCII (RFC 9110 section 5.5). */
static inline bool str_is_control(char c)
{
    return ((unsigned char)c < ' ' && c != '\t') || c == 0x7F;
}
bool str_has_control(struct str s);

/* Not empty, and without control characters, spaces and tabs. */
bool str_is_word(struct str s);

/* True for well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF). */
bool str_is_utf8(struct str s);

/* Bytes before the first that is not well-formed UTF-8; the whole length if there is none. */
size_t str_utf8_prefix(struct str s);
