#include "base/str.h"

#include "base/bytes.h"

#include <limits.h>

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

int str_compare(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n ? memcmp(a.ptr, b.ptr, n) : 0;

    if (order)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool str_eq_secret(struct str a, struct str b)
{
    uint64_t differs = a.len != b.len, word_a, word_b;
    size_t n = a.len < b.len ? a.len : b.len, at = 0;

    for (; n - at >= sizeof word_a; at += sizeof word_a) {
        memcpy(&word_a, a.ptr + at, sizeof word_a);
        memcpy(&word_b, b.ptr + at, sizeof word_b);
        differs |= word_a ^ word_b;
    }
    for (; at < n; at++)
        differs |= (unsigned char)(a.ptr[at] ^ b.ptr[at]);
    return differs == 0;
}

bool str_cut(struct str s, char sep, struct str *head, struct str *tail)
{
    const char *at = s.len ? memchr(s.ptr, sep, s.len) : NULL;
    if (!at)
        return false;
    size_t n = (size_t)(at - s.ptr);
    *head = (struct str){ .ptr = s.ptr, .len = n };
    *tail = (struct str){ .ptr = at + 1, .len = s.len - n - 1 };
    return true;
}

bool str_next(struct str *rest, char sep, struct str *piece)
{
    static const char after_sep[1]; /* where `rest` points when one more piece is due, and it is empty */

    if (!rest->len && rest->ptr != after_sep)
        return false;
    if (!str_cut(*rest, sep, piece, rest)) {
        *piece = str_of(rest->ptr, rest->len);
        *rest = STR_NONE;
    } else if (!rest->len) {
        *rest = str_of(after_sep, 0);
    }
    return true;
}

bool str_lists(struct str list, char sep, struct str piece)
{
    struct str one;

    while (str_next(&list, sep, &one))
        if (str_eq(one, piece))
            return true;
    return false;
}

struct str str_trim(struct str s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = str_of(s.ptr + 1, s.len - 1);
    while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool str_to_uint(struct str s, uint64_t *value)
{
    uint64_t sum = 0;

    if (!s.len)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        if (__builtin_mul_overflow(sum, 10u, &sum) || __builtin_add_overflow(sum, (uint64_t)(s.ptr[i] - '0'), &sum))
            return false;
    }
    *value = sum;
    return true;
}

bool str_to_int(struct str s, int64_t *value)
{
    bool negative = s.len && s.ptr[0] == '-';
    uint64_t size;

    if (!str_to_uint(negative ? str_from_at(s, 1) : s, &size))
        return false;
    if (size > (uint64_t)INT64_MAX + negative)
        return false;
    *value = negative ? (int64_t)(0 - size) : (int64_t)size;
    return true;
}

static inline bytes16 are_controls(bytes16 bytes)
{
    return (bytes16)(((bytes < ' ') & (bytes != '\t')) | (bytes == 0x7F));
}

static inline bytes16 are_controls_or_spaces(bytes16 bytes)
{
    return (bytes16)((bytes <= ' ') | (bytes == 0x7F));
}

bool str_has_control(struct str s)
{
    return bytes_any(s.ptr, s.len, are_controls);
}

bool str_is_word(struct str s)
{
    return s.len && !bytes_any(s.ptr, s.len, are_controls_or_spaces);
}

/* Length of the well-formed sequence at `p`, or 0 (Unicode 15, table 3-7). */
static size_t utf8_step(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
        (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return n;
}

/* ASCII is most of what comes: eight bytes at once. */
static size_t skip_ascii(struct str s, size_t at)
{
    uint64_t word;

    for (; s.len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, s.ptr + at, sizeof word);
        if (word & 0x8080808080808080u)
            break;
    }
    return at;
}

size_t str_utf8_prefix(struct str s)
{
    size_t at = skip_ascii(s, 0);

    while (at < s.len) {
        size_t n = utf8_step((const unsigned char *)s.ptr + at, s.len - at);
        if (!n)
            break;
        at = skip_ascii(s, at + n);
    }
    return at;
}

bool str_is_utf8(struct str s)
{
    return str_utf8_prefix(s) == s.len;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many bytes must be changed, added or left out to make one of the other (Levenshtein's distance); UINT_MAX where one is
 * longer than any word that is looked for. */
static unsigned distance(struct str a, struct str b)
{
    enum { LONGEST = 48 };
    unsigned row[LONGEST + 1];

    if (a.len > LONGEST || b.len > LONGEST)
        return UINT_MAX;
    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 0; i < a.len; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < b.len; j++) {
            unsigned changed = diagonal + (a.ptr[i] != b.ptr[j]);
            diagonal = row[j + 1];
            row[j + 1] = least(changed, least(row[j], diagonal) + 1);
        }
    }
    return row[b.len];
}

struct near near_to(struct str text)
{
    return (struct near){ .text = text, .least = text.len < 4 ? 2 : 3 };
}

void near_try(struct near *near, struct str word)
{
    unsigned far = distance(near->text, word);

    if (far >= near->least || far >= word.len)
        return;
    near->best = word;
    near->least = far;
}
