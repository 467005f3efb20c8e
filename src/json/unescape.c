#include "json/unescape.h"

static uint32_t code_unit(const char *digits)
{
    uint32_t unit = 0;

    for (int i = 0; i < 4; i++) {
        char c = digits[i];
        unit = unit << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return unit;
}

static unsigned utf8_put(unsigned char to[static 4], uint32_t code)
{
    if (code < 0x80) {
        to[0] = (unsigned char)code;
        return 1;
    }
    unsigned count = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (unsigned i = count - 1; i > 0; i--, code >>= 6)
        to[i] = (unsigned char)(0x80 | (code & 0x3F));
    to[0] = (unsigned char)((0xF00u >> count & 0xFF) | code);
    return count;
}

static unsigned char short_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return (unsigned char)c; /* a quote, a backslash or a slash */
    }
}

void unescape_one(struct unescape *u)
{
    u->held_at = 0;
    if (u->at[1] != 'u') {
        u->held[0] = short_escape(u->at[1]);
        u->held_len = 1;
        u->at += 2;
        return;
    }
    uint32_t code = code_unit(u->at + 2);
    u->at += 6;
    if (code >= 0xD800 && code <= 0xDFFF) { /* the reader saw to it that its other half follows */
        code = 0x10000 + ((code - 0xD800) << 10) + (code_unit(u->at + 2) - 0xDC00);
        u->at += 6;
    }
    u->held_len = utf8_put(u->held, code);
}
