#include "lens/scan.h"

/* Documents mostly keep the order of the mapping file, so the next node is tried first. */
static const struct node *find_child(const struct scan *scan, const struct node *parent,
                                     const struct node *hint, uint32_t at)
{
    if (hint && scan_is_named(scan->tape, at, hint))
        return hint;
    for (const struct node *child = parent->first; child; child = child->next)
        if (child != hint && scan_is_named(scan->tape, at, child))
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

/* Recursion ends with the tree's depth, which the mapping file bounds. */
void scan_object(const struct scan *scan, const struct node *parent, uint32_t object)
{
    const struct tape *tape = scan->tape;
    const struct node *hint = parent->first;
    uint32_t end = tape_next(tape, object);

    for (uint32_t at = tape_first(tape, object); at < end; at = tape_next(tape, at + 1)) {
        const struct node *child = find_child(scan, parent, hint, at);
        if (!child) {
            if (scan->unknowns)
                add_unknown(scan->unknowns, parent->slot, at);
            continue;
        }
        scan->slots[child->slot] = at + 1;
        if (child->group && tape_type(tape, at + 1) == JSON_OBJECT)
            scan_object(scan, child, at + 1);
        hint = child->next;
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
