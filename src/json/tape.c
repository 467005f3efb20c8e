#include "json/tape.h"

#include "json/unescape.h"

const struct tape_limits tape_default_limits = { .bytes = 8u << 20,
                                                 .depth = 64,
                                                 .members = 4096,
                                                 .elements = 65536,
                                                 .string_bytes = 1u << 20,
                                                 .slots = 1000000 };

const struct tape_limits tape_known_limits = { .bytes = TAPE_MOST_BYTES,
                                               .depth = 1024,
                                               .members = TAPE_MOST_COUNT,
                                               .elements = TAPE_MOST_COUNT,
                                               .string_bytes = TAPE_MOST_BYTES,
                                               .slots = TAPE_MOST_COUNT };

struct str tape_raw(const struct tape *tape, uint32_t at)
{
    const struct tape_slot *slot = &tape->slots[at];
    unsigned quotes = slot->type == JSON_STRING;

    return str_of(tape->text + slot->at - quotes, slot->len + 2 * quotes);
}

struct str tape_unescaped(const struct tape *tape, uint32_t at, struct arena *arena)
{
    struct str text = tape_text(tape, at);
    struct unescape from = unescape_of(text);

    /* An escape is never shorter than what it stands for. */
    char *to = arena_alloc(arena, text.len);
    size_t len = 0;
    for (int byte = unescape_next(&from); byte >= 0; byte = unescape_next(&from))
        to[len++] = (char)byte;
    return str_of(to, len);
}
