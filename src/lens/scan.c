#include "lens/scan.h"

/* Documents mostly keep the order of the mapping file, so the next node is tried first. */
static const struct node *find_child(const struct tape *tape, const struct node *parent,
                                     const struct node *hint, uint32_t at)
{
    if (hint && tape_string_is(tape, at, hint->name))
        return hint;
    for (const struct node *child = parent->first; child; child = child->next)
        if (child != hint && tape_string_is(tape, at, child->name))
            return child;
    return NULL;
}

static void add_unknown(struct unknowns *unknowns, uint32_t slot, uint32_t name)
{
    if (!unknowns->heads) {
        size_t size = sizeof(uint32_t) * unknowns->slots;
        if (!lens_room(unknowns->arena, 2 * size, &unknowns->full))
            return;
        unknowns->heads = arena_alloc(unknowns->arena, size);
        unknowns->tails = arena_alloc(unknowns->arena, size);
        memset(unknowns->heads, 0xff, size);
    }
    struct unknown *items = lens_grow(unknowns->arena, unknowns->items, unknowns->count, &unknowns->space,
                                      sizeof *items, &unknowns->full);
    if (!items)
        return;
    uint32_t added = (uint32_t)unknowns->count++;
    unknowns->items = items;
    items[added] = (struct unknown){ .name = name, .next = UNKNOWN_NONE };
    if (unknowns->heads[slot] == UNKNOWN_NONE)
        unknowns->heads[slot] = added;
    else
        items[unknowns->tails[slot]].next = added;
    unknowns->tails[slot] = added;
}

struct lens_seen *lens_seen_new(struct arena *arena)
{
    struct lens_seen *seen = ARENA_NEW(arena, struct lens_seen);

    seen->arena = arena;
    return seen;
}

struct seen_shape *seen_shape(struct lens_seen *seen, const struct tape *tape, uint32_t object)
{
    unsigned shape = tape_shape(tape, object);

    if (!seen || !shape)
        return NULL;
    if (seen->slots != tape->slots)
        *seen = (struct lens_seen){ .arena = seen->arena, .slots = tape->slots };
    return &seen->shapes[shape];
}

/* Which children the names of an object are, in their order, NULL for one that is none: found once for each
 * shape. NULL: not noted, since there is no room, or it is noted of another parent. */
static const struct node *const *children_of(struct lens_seen *seen, struct seen_shape *shape,
                                             const struct tape *tape, const struct node *parent,
                                             uint32_t object)
{
    size_t size = sizeof *shape->children * tape_count(tape, object);
    const struct node *hint = parent->first;

    if (shape->parent)
        return shape->parent == parent ? shape->children : NULL;
    if (size > arena_room(seen->arena))
        return NULL;
    const struct node **to = arena_alloc(seen->arena, size);
    *shape = (struct seen_shape){ .parent = parent, .children = to };
    for (uint32_t at = tape_first(tape, object); at < tape_next(tape, object);
         at = tape_next_name(tape, at)) {
        *to = find_child(tape, parent, hint, at);
        hint = *to ? (*to)->next : hint;
        to++;
    }
    return shape->children;
}

/* The name at `at` is the child's; NULL: no child's. */
static inline void take(const struct scan *scan, const struct node *parent, const struct node *child,
                        uint32_t at)
{
    if (!child) {
        if (scan->unknowns)
            add_unknown(scan->unknowns, parent->slot, at);
        return;
    }
    scan->slots[child->slot] = at + 1;
    if (child->group && tape_type(scan->tape, at + 1) == JSON_OBJECT)
        scan_object(scan, child, at + 1);
}

static bool scan_alike(const struct scan *scan, const struct node *parent, uint32_t object)
{
    const struct tape *tape = scan->tape;
    struct seen_shape *shape = seen_shape(scan->seen, tape, object);
    const struct node *const *child = shape ? children_of(scan->seen, shape, tape, parent, object) : NULL;
    uint32_t end = tape_next(tape, object);

    if (!child)
        return false;
    for (uint32_t at = tape_first(tape, object); at < end; at = tape_next_name(tape, at))
        take(scan, parent, *child++, at);
    return true;
}

/* Recursion ends with the tree's depth, which the mapping file bounds. */
void scan_object(const struct scan *scan, const struct node *parent, uint32_t object)
{
    const struct tape *tape = scan->tape;
    const struct node *hint = parent->first;
    uint32_t end = tape_next(tape, object);

    if (scan->seen && scan_alike(scan, parent, object))
        return;
    for (uint32_t at = tape_first(tape, object); at < end; at = tape_next_name(tape, at)) {
        const struct node *child = find_child(tape, parent, hint, at);
        take(scan, parent, child, at);
        hint = child ? child->next : hint;
    }
}

bool lens_room(struct arena *arena, size_t size, bool *full)
{
    if (size <= arena_room(arena))
        return true;
    *full = true;
    return false;
}

void *lens_grow(struct arena *arena, void *items, size_t count, size_t *space, size_t size, bool *full)
{
    if (count < *space)
        return items;
    size_t more = *space ? *space * 2 : 8;
    if (!lens_room(arena, more * size, full))
        return NULL;
    void *moved = arena_alloc(arena, more * size);
    if (count)
        memcpy(moved, items, count * size);
    *space = more;
    return moved;
}

bool name_map_new(struct name_map *map, struct arena *arena, size_t count, bool *full)
{
    uint32_t size = 8;

    while (size < count * 2)
        size *= 2;
    if (!lens_room(arena, sizeof *map->entries * size, full))
        return false;
    map->entries = ARENA_ARRAY(arena, struct name_entry, size);
    map->mask = size - 1;
    return true;
}

struct name_entry *name_map_at(const struct name_map *map, struct str name)
{
    uint32_t hash = 2166136261u; /* FNV-1a: of few bytes cheaper than base/fingerprint.h */

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619u;
    hash ^= hash >> 15;
    for (uint32_t at = hash;; at++) {
        struct name_entry *entry = &map->entries[at & map->mask];
        if (!entry->name.ptr)
            entry->hash = hash;
        if (!entry->name.ptr || (entry->hash == hash && str_eq(entry->name, name)))
            return entry;
    }
}
