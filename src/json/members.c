#include "json/members.h"

#include <stdlib.h>

struct name {
    struct str text; /* decoded */
    uint32_t at;
};

/* Whether a name before `at` in `object` equals it. */
static bool stands_before(const struct tape *tape, uint32_t object, uint32_t at)
{
    for (uint32_t i = tape_first(tape, object); i < at; i = tape_next_name(tape, i))
        if (member_names_equal(tape, i, tape, at))
            return true;
    return false;
}

/* Length, first and last byte decide whether two names can be equal at all; an empty one has its quotes for them. */
static inline unsigned filter_bit(const char *text, const struct tape_slot *name)
{
    const unsigned char *first = (const unsigned char *)text + name->at, *last = first + name->len - 1;

    return (name->len * 37 + *first * 5u + *last * 11u) & 255;
}

static enum members_result check_few(const struct tape *tape, uint32_t object, uint32_t *twice)
{
    uint64_t seen[4] = { 0 };
    bool all = false; /* an escaped name came, which the filter cannot see */

    for (uint32_t i = tape_first(tape, object), end = tape_next(tape, object); i < end; i = tape_next_name(tape, i)) {
        unsigned bit = filter_bit(tape->text, &tape->slots[i]);
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
    int order = str_compare(a->text, b->text);

    return order ? order : (a->at > b->at) - (a->at < b->at);
}

static void *take(struct arena *arena, size_t size)
{
    return size <= arena_room(arena) ? arena_alloc(arena, size) : NULL;
}

/* Scratch for `count` names, kept from object to object. */
static bool make_scratch(struct members *members, struct arena *arena, uint32_t count)
{
    if (members->space >= count)
        return true;
    members->sorted = take(arena, sizeof *members->sorted * count);
    members->space = members->sorted ? count : 0;
    return members->sorted;
}

static bool collect(struct name *to, struct arena *arena, const struct tape *tape, uint32_t object)
{
    for (uint32_t i = tape_first(tape, object); i < tape_next(tape, object); i = tape_next_name(tape, i)) {
        if (tape->slots[i].escaped && tape->slots[i].len > arena_room(arena))
            return false;
        *to++ = (struct name){ .text = tape_string(tape, i, arena), .at = i };
    }
    return true;
}

static bool make_index_room(struct members *members, struct arena *arena)
{
    uint32_t space = members->index_space ? members->index_space * 2 : 4;

    if (members->index_count < members->index_space)
        return true;
    struct tape_index *moved = take(arena, sizeof *moved * space);
    if (!moved)
        return false;
    if (members->index_count)
        memcpy(moved, members->indexes, sizeof *moved * members->index_count);
    members->indexes = moved;
    members->index_space = space;
    return true;
}

static bool add_index(struct members *members, struct arena *arena, uint32_t object, uint32_t count)
{
    uint32_t *names = make_index_room(members, arena) ? take(arena, sizeof *names * count) : NULL;

    if (!names)
        return false;
    for (uint32_t i = 0; i < count; i++)
        names[i] = members->sorted[i].at;
    members->indexes[members->index_count++] = (struct tape_index){ .object = object, .names = names };
    return true;
}

/* Sorted, not hashed: nothing a client sends makes it quadratic. */
static enum members_result check_many(struct members *members, struct arena *arena, const struct tape *tape,
                                      uint32_t object, uint32_t *twice)
{
    uint32_t count = tape_count(tape, object);

    if (!make_scratch(members, arena, count) || !collect(members->sorted, arena, tape, object))
        return MEMBERS_NO_ROOM;
    const struct name *sorted = members->sorted;
    qsort(members->sorted, count, sizeof *sorted, compare_names);
    *twice = TAPE_NONE;
    for (uint32_t i = 1; i < count; i++)
        if (str_eq(sorted[i - 1].text, sorted[i].text) && sorted[i].at < *twice)
            *twice = sorted[i].at;
    if (*twice != TAPE_NONE)
        return MEMBERS_TWICE;
    return add_index(members, arena, object, count) ? MEMBERS_UNIQUE : MEMBERS_NO_ROOM;
}

enum members_result members_check(struct members *members, struct arena *arena, const struct tape *tape,
                                  uint32_t object, uint32_t *twice)
{
    if (tape_count(tape, object) <= FEW_MEMBERS)
        return check_few(tape, object, twice);
    return check_many(members, arena, tape, object, twice);
}

static int compare_indexes(const void *left, const void *right)
{
    const struct tape_index *a = left, *b = right;

    return (a->object > b->object) - (a->object < b->object);
}

/* Objects were closed inner ones first. */
void members_end(struct members *members)
{
    if (members->index_count > 1)
        qsort(members->indexes, members->index_count, sizeof *members->indexes, compare_indexes);
}
