#include "backend/task.h"

struct str json_compact(struct arena *arena, struct str json)
{
    char *out = arena_alloc(arena, json.len + 1);
    size_t len = 0;
    bool quoted = false;

    for (size_t i = 0; i < json.len; i++) {
        char c = json.ptr[i];
        if (!quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
            continue;
        out[len++] = c;
        if (quoted && c == '\\')
            out[len++] = json.ptr[++i]; /* the JSON was read: something follows */
        else if (c == '"')
            quoted = !quoted;
    }
    return str_of(out, len);
}

/* Capitals that have a small letter of the same length in UTF-8: `step` 1 shifts the whole range by `by`, 2
 * every second code point (the capital comes first). */
static const struct fold {
    uint16_t from, to;
    uint8_t step, by;
} folds[] = {
    { 0x00C0, 0x00D6, 1, 32 }, { 0x00D8, 0x00DE, 1, 32 }, { 0x0100, 0x012E, 2, 1 },
    { 0x0132, 0x0136, 2, 1 },  { 0x0139, 0x0147, 2, 1 },  { 0x014A, 0x0176, 2, 1 },
    { 0x0179, 0x017D, 2, 1 },  { 0x01CD, 0x01DB, 2, 1 },  { 0x0200, 0x021E, 2, 1 },
    { 0x0386, 0x0386, 1, 38 }, { 0x0388, 0x038A, 1, 37 }, { 0x038C, 0x038C, 1, 64 },
    { 0x038E, 0x038F, 1, 63 }, { 0x0391, 0x03A1, 1, 32 }, { 0x03A3, 0x03AB, 1, 32 },
    { 0x0400, 0x040F, 1, 80 }, { 0x0410, 0x042F, 1, 32 }, { 0x0460, 0x0480, 2, 1 },
    { 0x048A, 0x04BE, 2, 1 },
};

static unsigned fold_code(unsigned code)
{
    for (size_t i = 0; i < COUNT(folds); i++) {
        const struct fold *fold = &folds[i];
        if (code >= fold->from && code <= fold->to && (code - fold->from) % fold->step == 0)
            return code + fold->by;
    }
    return code;
}

struct str text_fold(struct arena *arena, struct str text)
{
    char *out = arena_alloc(arena, text.len + 1);

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        out[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        if ((c & 0xE0) != 0xC0 || i + 1 >= text.len)
            continue; /* the table's letters have two bytes */
        unsigned code = fold_code((c & 0x1Fu) << 6 | ((unsigned char)text.ptr[i + 1] & 0x3Fu));
        out[i++] = (char)(0xC0 | code >> 6);
        out[i] = (char)(0x80 | (code & 0x3F));
    }
    return str_of(out, text.len);
}
