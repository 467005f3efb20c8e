#include "json/members.h"
#include "json/unescape.h"

/* A name that is looked for: decoded text, or as it stands in a document. */
struct key {
    struct str text;
    bool escaped;
};

static struct key key_at(const struct tape *tape, uint32_t at)
{
    return (struct key){ .text = tape_text(tape, at), .escaped = tape->slots[at].escaped };
}

/* By decoded bytes, as str_compare does. */
static int compare_decoded(struct key a, struct key b)
{
    struct unescape from_a = unescape_of(a.text), from_b = unescape_of(b.text);
    int byte_a, byte_b;

    do {
        byte_a = a.escaped ? unescape_next(&from_a) : unescape_raw(&from_a);
        byte_b = b.escaped ? unescape_next(&from_b) : unescape_raw(&from_b);
    } while (byte_a == byte_b && byte_a >= 0);
    return byte_a - byte_b;
}

static int compare_keys(struct key a, struct key b)
{
    return a.escaped || b.escaped ? compare_decoded(a, b) : str_compare(a.text, b.text);
}

static inline bool keys_equal(struct key a, struct key b)
{
    return a.escaped || b.escaped ? compare_decoded(a, b) == 0 : str_eq_short(a.text, b.text);
}

static const struct tape_index *find_index(const struct tape *tape, uint32_t object)
{
    uint32_t low = 0, high = tape->index_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (tape->indexes[middle].object == object)
            return &tape->indexes[middle];
        if (tape->indexes[middle].object < object)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static uint32_t find_sorted(const struct tape *tape, const uint32_t *names, uint32_t count, struct key key)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_keys(key_at(tape, names[middle]), key);
        if (!order)
            return names[middle] + 1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return TAPE_NONE;
}

/* NULL also for an object of few members. */
static const struct tape_index *index_of(const struct tape *tape, uint32_t object)
{
    return tape_count(tape, object) > FEW_MEMBERS ? find_index(tape, object) : NULL;
}

uint32_t tape_find(const struct tape *tape, uint32_t object, struct str name)
{
    if (tape_type(tape, object) != JSON_OBJECT)
        return TAPE_NONE;
    const struct tape_index *index = index_of(tape, object);
    if (index)
        return find_sorted(tape, index->names, tape_count(tape, object), (struct key){ .text = name });
    for (uint32_t i = tape_first(tape, object), end = tape_next(tape, object); i < end;
         i = tape_next_name(tape, i))
        if (tape_string_is(tape, i, name))
            return i + 1;
    return TAPE_NONE;
}

void tape_find_wanted_anew(const struct tape *tape, uint32_t object, struct tape_wanted *wanted)
{
    const bool flat = tape_type(tape, object) == JSON_OBJECT && tape_is_flat(tape, object);

    wanted->slots = flat ? tape->slots : NULL; /* in others the same names may stand elsewhere */
    wanted->shape = tape_shape(tape, object);
    for (size_t i = 0; i < TAPE_WANTED; i++) {
        wanted->found[i] = tape_find(tape, object, wanted->names[i]);
        wanted->behind[i] = wanted->found[i] == TAPE_NONE ? 0 : wanted->found[i] - object;
    }
}

uint32_t member_find(const struct tape *tape, uint32_t object, const struct tape *other, uint32_t at)
{
    struct key key = key_at(other, at);

    if (!key.escaped || tape_type(tape, object) != JSON_OBJECT)
        return tape_find(tape, object, key.text);
    const struct tape_index *index = index_of(tape, object);
    if (index)
        return find_sorted(tape, index->names, tape_count(tape, object), key);
    for (uint32_t i = tape_first(tape, object), end = tape_next(tape, object); i < end;
         i = tape_next_name(tape, i))
        if (keys_equal(key_at(tape, i), key))
            return i + 1;
    return TAPE_NONE;
}

bool member_names_equal(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b)
{
    return keys_equal(key_at(a, at_a), key_at(b, at_b));
}

bool tape_escaped_is(const struct tape *tape, uint32_t at, struct str text)
{
    return compare_decoded(key_at(tape, at), (struct key){ .text = text }) == 0;
}
