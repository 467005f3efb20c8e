#include "cli/printable.h"

enum { LONGEST_CODE = 3 };

/* What moves the cursor, colours, or turns the direction of what follows, where a terminal would obey it. */
static const struct range {
    unsigned from, to;
} unseen[] = {
    { 0x00, 0x1f },
    { 0x7f, 0x9f }, /* control characters */
    { 0x2028, 0x202e },
    { 0x2066, 0x2069 }, /* ends of lines, and the directions of Unicode's annex 9 */
};

/* The character at `at` where it may be one of the above; else the byte, which is none of them. */
static unsigned code_at(struct str text, size_t at, size_t *len)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr + at;
    size_t left = text.len - at;

    *len = 1;
    if (bytes[0] == 0xc2 && left > 1) {
        *len = 2;
        return bytes[1];
    }
    if (bytes[0] != 0xe2 || left < LONGEST_CODE)
        return bytes[0] < 0x80 ? bytes[0] : 0x100;
    *len = LONGEST_CODE;
    return 0x2000u | (bytes[1] & 0x3fu) << 6 | (bytes[2] & 0x3fu);
}

static bool is_unseen(unsigned code)
{
    for (size_t i = 0; i < COUNT(unseen); i++)
        if (code >= unseen[i].from && code <= unseen[i].to)
            return true;
    return false;
}

struct str printable(struct arena *arena, struct str text, size_t most)
{
    struct buf out = buf_in(arena, SIZE_MAX);
    struct str part = text.len > most ? str_of(text.ptr, str_utf8_prefix(str_of(text.ptr, most))) : text;
    size_t len;

    for (size_t at = 0; at < part.len; at += len) {
        unsigned code = code_at(part, at, &len);
        if (is_unseen(code))
            buf_printf(&out, "\\u%04x", code);
        else
            buf_add(&out, str_of(part.ptr + at, len));
    }
    if (part.len < text.len)
        buf_add(&out, STR("\u2026"));
    return out.len ? buf_str(&out) : STR("");
}
