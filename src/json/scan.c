#include "json/scan.h"

#include "base/codec.h"

/* The code unit of "\uXXXX" at `at`, or -1. */
static int code_unit(const char *at, const char *end)
{
    int unit = 0;

    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int value = hex_value(at[i]);
        if (value < 0)
            return -1;
        unit = unit << 4 | value;
    }
    return unit;
}

static const char *unicode_escape(const char *at, const char *end, struct scan_fault *fault)
{
    int unit = code_unit(at, end);

    if (unit < 0)
        return scan_fail(fault, "invalid escape", at);
    if (unit == 0)
        return scan_fail(fault, "U+0000 in a string", at);
    if (unit < 0xD800 || unit > 0xDFFF)
        return at + 6;
    int low = unit < 0xDC00 ? code_unit(at + 6, end) : -1;
    if (low < 0xDC00 || low > 0xDFFF)
        return scan_fail(fault, "lone surrogate", at);
    return at + 12;
}

const char *scan_escape(const char *at, const char *end, struct scan_fault *fault)
{
    if (end - at < 2)
        return scan_fail(fault, "unexpected end in a string", end);
    switch (at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return at + 2;
    case 'u':
        return unicode_escape(at, end, fault);
    default:
        return scan_fail(fault, "invalid escape", at);
    }
}

const char *scan_wide(const char *at, const char *end, struct scan_fault *fault)
{
    const char *stop = at;

    /* No sequence holds an ASCII byte, so the run stands or falls alone. */
    while (stop < end && (unsigned char)*stop >= 0x80)
        stop++;
    size_t good = str_utf8_prefix(str_of(at, (size_t)(stop - at)));
    return at + good == stop ? stop : scan_fail(fault, "invalid UTF-8", at + good);
}

void scan_place(const struct scan_fault *fault, const char *start, bool limit, struct tape_fault *to)
{
    uint32_t line = 1;
    const char *line_start = start;

    for (const char *at = start; at < fault->at; at++) {
        if (*at == '\n') {
            line++;
            line_start = at + 1;
        }
    }
    *to = (struct tape_fault){ .what = fault->what,
                               .offset = (uint32_t)(fault->at - start),
                               .line = line,
                               .column = (uint32_t)(fault->at - line_start) + 1,
                               .limit = limit };
}
