#include "json/unescape.h"
#include "json/members.h"

struct str tape_raw(const struct tape *tape, uint32_t at)
{
    const struct tape_slot *slot = &tape->slots[at];
    unsigned quotes = slot->type == JSON_STRING;

    return str_of(tape->text + slot->at - quotes, slot->len + 2 * quotes);
}

struct str tape_text(const struct tape *tape, uint32_t at)
{
    return str_of(tape->text + tape->slots[at].at, tape->slots[at].len);
}

struct str tape_string(const struct tape *tape, uint32_t at, struct arena *arena)
{
    struct str text = tape_text(tape, at);
    struct unescape from = unescape_of(text);

    if (!tape->slots[at].escaped)
        return text;
    /* An escape is never shorter than what it stands for. */
    char *to = arena_alloc(arena, text.len);
    size_t len = 0;
    for (int byte = unescape_next(&from); byte >= 0; byte = unescape_next(&from))
        to[len++] = (char)byte;
    return str_of(to, len);
}

bool tape_string_is(const struct tape *tape, uint32_t at, struct str text)
{
    struct str own = tape_text(tape, at);

    if (!tape->slots[at].escaped)
        return str_eq(own, text);
    struct unescape from = unescape_of(own);
    for (size_t i = 0; i < text.len; i++)
        if (unescape_next(&from) != (unsigned char)text.ptr[i])
            return false;
    return unescape_next(&from) < 0;
}

uint32_t tape_find(const struct tape *tape, uint32_t object, struct str name)
{
    if (tape_type(tape, object) != JSON_OBJECT)
        return TAPE_NONE;
    for (uint32_t i = tape_first(tape, object); i < tape_next(tape, object); i = tape_next(tape, i + 1))
        if (tape_string_is(tape, i, name))
            return i + 1;
    return TAPE_NONE;
}
