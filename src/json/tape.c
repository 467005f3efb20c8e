#include "json/tape.h"

#include "json/unescape.h"

struct str tape_raw(const struct tape *tape, uint32_t at)
{
    const struct tape_slot *slot = &tape->slots[at];
    unsigned quotes = slot->type == JSON_STRING;

    return str_of(tape->text + slot->at - quotes, slot->len + 2 * quotes);
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
