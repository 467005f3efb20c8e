#include "base/codec.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void buf_hex(struct buf *buf, const void *bytes, size_t len)
{
    const unsigned char *from = bytes;
    char *to = buf_reserve(buf, len * 2);

    if (!to)
        return;
    for (size_t i = 0; i < len; i++) {
        to[2 * i] = hex_digits[from[i] >> 4];
        to[2 * i + 1] = hex_digits[from[i] & 15];
    }
    buf->len += len * 2;
}

int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bytes16 are_letters_or_digits(bytes16 bytes)
{
    bytes16 letter = (bytes | 0x20) - 'a', digit = bytes - '0';

    return (bytes16)((letter < 26) | (digit < 10));
}

static inline bytes16 are_reserved(bytes16 bytes)
{
    return ~(are_letters_or_digits(bytes) |
             (bytes16)((bytes == '-') | (bytes == '.') | (bytes == '_') | (bytes == '~')));
}

bool percent_is_plain(struct str text)
{
    return !bytes_any(text.ptr, text.len, are_reserved);
}

bool percent_decode(struct arena *arena, struct str text, bool plus_is_space, struct str *plain)
{
    if (text.len >= arena_room(arena))
        return false;
    char *to = arena_alloc(arena, text.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = plus_is_space && text.ptr[i] == '+' ? ' ' : text.ptr[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_value(text.ptr[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_value(text.ptr[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (!c)
            return false;
        to[len++] = c;
    }
    to[len] = '\0';
    *plain = str_of(to, len);
    return str_is_utf8(*plain);
}

void buf_base64url(struct buf *buf, const void *bytes, size_t len)
{
    const unsigned char *from = bytes;
    unsigned bits = 0, held = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | from[i];
        for (held += 8; held >= 6; held -= 6)
            buf_char(buf, base64url[bits >> (held - 6) & 63]);
    }
    if (held)
        buf_char(buf, base64url[bits << (6 - held) & 63]);
}

static int base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

static inline bytes16 are_not_base64url(bytes16 bytes)
{
    return ~(are_letters_or_digits(bytes) | (bytes16)((bytes == '-') | (bytes == '_')));
}

bool base64url_is(struct str text)
{
    return !bytes_any(text.ptr, text.len, are_not_base64url);
}

bool base64url_decode(struct arena *arena, struct str text, struct str *bytes)
{
    if (text.len % 4 == 1 || text.len >= arena_room(arena))
        return false;
    char *to = arena_alloc(arena, text.len * 3 / 4 + 1);
    size_t len = 0;
    unsigned bits = 0, held = 0;

    for (size_t i = 0; i < text.len; i++) {
        int value = base64url_value(text.ptr[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (unsigned)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            to[len++] = (char)(bits >> held & 255);
        }
    }
    if (bits & ((1u << held) - 1))
        return false;
    to[len] = '\0';
    *bytes = str_of(to, len);
    return true;
}

static void from_kernel(unsigned char *to, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = getrandom(to + done, len - done, 0);
        if (n <= 0)
            abort();
        done += (size_t)n;
    }
}

/* ---- texts between marks: a backslash stands before a mark or a backslash that is meant ---- */

static void add_escaped(struct buf *buf, struct str text, char mark)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == mark || text.ptr[i] == '\\')
            buf_char(buf, '\\');
        buf_char(buf, text.ptr[i]);
    }
}

/* Takes what stands before the next mark that is one, escapes as they are; then `*rest` is behind it, or STR_NONE. */
static struct str cut(struct str *rest, char mark)
{
    struct str whole = *rest;
    size_t at = 0;

    for (; at < whole.len && whole.ptr[at] != mark; at++)
        at += whole.ptr[at] == '\\' && at + 1 < whole.len;
    *rest = at < whole.len ? str_of(whole.ptr + at + 1, whole.len - at - 1) : STR_NONE;
    return str_of(whole.ptr, at < whole.len ? at : whole.len);
}

static struct str unescaped(struct arena *arena, struct str piece)
{
    struct buf text = buf_in(arena, piece.len + 1);

    for (size_t at = 0; at < piece.len; at++) {
        at += piece.ptr[at] == '\\' && at + 1 < piece.len;
        buf_char(&text, piece.ptr[at]);
    }
    return buf_ok(&text) ? buf_str(&text) : STR_NONE;
}

void buf_pair_part(struct buf *buf, struct str text)
{
    add_escaped(buf, text, '|');
}

struct str pair_join(struct arena *arena, struct str first, struct str second)
{
    struct buf joined = buf_in(arena, 2 * (first.len + second.len) + 2);

    buf_pair_part(&joined, first);
    buf_char(&joined, '|');
    buf_pair_part(&joined, second);
    return buf_ok(&joined) ? buf_str(&joined) : STR_NONE;
}

void pair_split(struct arena *arena, struct str text, struct str *first, struct str *second)
{
    *first = unescaped(arena, cut(&text, '|'));
    *second = unescaped(arena, text);
}

struct str list_item(struct arena *arena, struct str text)
{
    struct buf item = buf_in(arena, 2 * text.len + 1);

    if (!text.len)
        return text;
    add_escaped(&item, text, ',');
    return buf_ok(&item) ? buf_str(&item) : STR_NONE;
}

bool list_cut(struct str *list, struct str *piece)
{
    if (!list->ptr)
        return false;
    *piece = cut(list, ',');
    return true;
}

bool list_next(struct arena *arena, struct str *list, struct str *item)
{
    struct str piece;

    if (!list_cut(list, &piece))
        return false;
    *item = unescaped(arena, piece);
    return true;
}

static unsigned forks; /* between this process and the first one; changes in a child before it has threads */

static void on_fork(void)
{
    forks++;
}

static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, on_fork);
}

/* Each thread fetches a page at a time: every request needs 16 bytes, and a system call for each was 4 % of its
 * cost. What was given out is wiped. */
void random_bytes(void *to, size_t len)
{
    static _Thread_local unsigned char page[1024];
    static _Thread_local size_t left;
    static _Thread_local unsigned owner;
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, watch_forks);
    if (len > sizeof page) {
        from_kernel(to, len);
        return;
    }
    if (left < len || owner != forks) { /* a forked child must not repeat its parent's bytes */
        from_kernel(page, sizeof page);
        left = sizeof page;
        owner = forks;
    }
    left -= len;
    memcpy(to, page + left, len);
    memset(page + left, 0, len);
}

bool uuid_valid(struct str text)
{
    if (text.len != UUID_LEN)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !hex)
            return false;
    }
    return true;
}

static void uuid_write(unsigned char raw[static 16], unsigned version, char out[static UUID_LEN])
{
    raw[6] = (unsigned char)((raw[6] & 0x0F) | version << 4);
    raw[8] = (unsigned char)((raw[8] & 0x3F) | 0x80);
    for (size_t i = 0, at = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = hex_digits[raw[i] >> 4];
        out[at++] = hex_digits[raw[i] & 15];
    }
}

void random_uuid(char out[static UUID_LEN])
{
    unsigned char raw[16];

    random_bytes(raw, sizeof raw);
    uuid_write(raw, 4, out);
}

/* 48 bits of milliseconds, then 12 that count within one; a millisecond that is used up borrows from the next. */
void ordered_uuid(char out[static UUID_LEN])
{
    static _Thread_local uint64_t last;
    unsigned char raw[16];

    random_bytes(raw, sizeof raw);
    uint64_t now = (uint64_t)clock_wall_ms() << 12;
    last = now > last ? now : last + 1;
    for (int i = 0; i < 6; i++)
        raw[i] = (unsigned char)(last >> (52 - 8 * i));
    raw[6] = (unsigned char)(last >> 8 & 0x0F);
    raw[7] = (unsigned char)last;
    uuid_write(raw, 7, out);
}
