#include "json/members.h"

#include "json/unescape.h"

#include <stdlib.h>

enum { FEW_NAMES = 32 }; /* so many are compared each with each, where a filter does not rule it out */

struct name {
    struct str text; /* decoded */
    uint32_t at;
};

bool member_names_equal(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b)
{
    struct str text_a = tape_text(a, at_a), text_b = tape_text(b, at_b);

    if (!b->slots[at_b].escaped)
        return tape_string_is(a, at_a, text_b);
    if (!a->slots[at_a].escaped)
        return tape_string_is(b, at_b, text_a);
    struct unescape from_a = unescape_of(text_a), from_b = unescape_of(text_b);
    int byte_a, byte_b;
    do {
        byte_a = unescape_next(&from_a);
        byte_b = unescape_next(&from_b);
    } while (byte_a == byte_b && byte_a >= 0);
    return byte_a == byte_b;
}

uint32_t member_find(const struct tape *tape, uint32_t object, const struct tape *other, uint32_t at)
{
    if (!other->slots[at].escaped)
        return tape_find(tape, object, tape_text(other, at));
    if (tape_type(tape, object) != JSON_OBJECT)
        return TAPE_NONE;
    for (uint32_t i = tape_first(tape, object); i < tape_next(tape, object); i = tape_next(tape, i + 1))
        if (member_names_equal(tape, i, other, at))
            return i + 1;
    return TAPE_NONE;
}

/* Whether a name before `at` in `object` equals it. */
static bool stands_before(const struct tape *tape, uint32_t object, uint32_t at)
{
    for (uint32_t i = tape_first(tape, object); i < at; i = tape_next(tape, i + 1))
        if (member_names_equal(tape, i, tape, at))
            return true;
    return false;
}

/* Length, first and last byte decide whether two names can be equal at all. */
static unsigned filter_bit(struct str name)
{
    if (!name.len)
        return 0;
    unsigned first = (unsigned char)name.ptr[0], last = (unsigned char)name.ptr[name.len - 1];
    return ((unsigned)name.len * 37 + first * 5 + last * 11) & 255;
}

static enum members_result check_few(const struct tape *tape, uint32_t object, uint32_t *twice)
{
    uint64_t seen[4] = { 0 };
    bool all = false; /* an escaped name came, which the filter cannot see */

    for (uint32_t i = tape_first(tape, object); i < tape_next(tape, object); i = tape_next(tape, i + 1)) {
        unsigned bit = filter_bit(tape_text(tape, i));
        all |= tape->slots[i].escaped;
        if ((all || seen[bit / 64] >> bit % 64 & 1) && stands_before(tape, object, i)) {
            *twice = i;
            return MEMBERS_TWICE;
        }
        seen[bit / 64] |= (uint64_t)1 << bit % 64;
    }
    return MEMBERS_UNIQUE;
}

static int compare_names(const void *left, const void *right)
{
    const struct name *a = left, *b = right;

    if (a->text.len != b->text.len)
        return a->text.len < b->text.len ? -1 : 1;
    int order = a->text.len ? memcmp(a->text.ptr, b->text.ptr, a->text.len) : 0;
    return order ? order : a->at < b->at ? -1 : a->at > b->at;
}

/* Room for `count` names, kept from object to object. */
static bool make_room(struct members *names, struct arena *arena, uint32_t count)
{
    size_t size = sizeof *names->sorted * count;

    if (names->space >= count)
        return true;
    if (size > arena_room(arena))
        return false;
    names->sorted = arena_alloc(arena, size);
    names->space = count;
    return true;
}

static bool collect(struct members *names, struct arena *arena, const struct tape *tape, uint32_t object)
{
    struct name *to = names->sorted;

    for (uint32_t i = tape_first(tape, object); i < tape_next(tape, object); i = tape_next(tape, i + 1)) {
        if (tape->slots[i].escaped && tape->slots[i].len > arena_room(arena))
            return false;
        *to++ = (struct name){ .text = tape_string(tape, i, arena), .at = i };
    }
    return true;
}

/* Sorted, not hashed: nothing a client sends makes it quadratic. */
static enum members_result check_many(struct members *names, struct arena *arena, const struct tape *tape,
                                      uint32_t object, uint32_t *twice)
{
    uint32_t count = tape_count(tape, object);

    if (!make_room(names, arena, count) || !collect(names, arena, tape, object))
        return MEMBERS_NO_ROOM;
    qsort(names->sorted, count, sizeof *names->sorted, compare_names);
    *twice = TAPE_NONE;
    for (uint32_t i = 1; i < count; i++)
        if (str_eq(names->sorted[i - 1].text, names->sorted[i].text) && names->sorted[i].at < *twice)
            *twice = names->sorted[i].at;
    return *twice == TAPE_NONE ? MEMBERS_UNIQUE : MEMBERS_TWICE;
}

enum members_result members_check(struct members *names, struct arena *arena, const struct tape *tape,
                                  uint32_t object, uint32_t *twice)
{
    if (tape_count(tape, object) <= FEW_NAMES)
        return check_few(tape, object, twice);
    return check_many(names, arena, tape, object, twice);
}
