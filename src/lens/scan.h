/* Walking a document against a tree of names, once. Internal to the room. */
#pragma once

#include "lens/program.h"

/* A slot whose enclosing member was null: there is no value, but the canonical one is to be cleared. */
#define SLOT_CLEARED (UINT32_MAX - 1)

/* Members that no node names, listed per object in the document's order. */
struct unknowns {
    struct arena *arena;
    uint32_t slots;
    uint32_t *heads, *tails; /* by the object's slot; NULL until the first one */
    struct unknown {
        uint32_t name; /* on the tape */
        uint32_t next;
    } * items;
    size_t count, space;
    bool full;
};
#define UNKNOWN_NONE UINT32_MAX

static inline uint32_t unknowns_first(const struct unknowns *unknowns, uint32_t slot)
{
    return unknowns->heads ? unknowns->heads[slot] : UNKNOWN_NONE;
}

/* What was found out about the names of a list's objects: see lens_seen_new. */
struct lens_seen {
    struct arena *arena;
    const struct tape_slot *slots; /* of the tape whose shapes these are */
    const struct shape *copied;    /* by this one an object at `last` without any inside was shown as it stands; or NULL */
    uint32_t last;
    struct seen_shape {
        const struct node *parent; /* the names were looked up among its children; NULL: not yet */
        const struct node *
            *children; /* by the member's place, NULL where no child has the name; or NULL: not noted */
    } shapes[TAPE_SHAPES + 1];
};

/* Of the object's shape; NULL: it has none, or nothing is to be noted. */
struct seen_shape *seen_shape(struct lens_seen *seen, const struct tape *tape, uint32_t object);

struct scan {
    const struct tape *tape;
    uint32_t *slots;           /* TAPE_NONE beforehand */
    struct unknowns *unknowns; /* or NULL: not wanted */
    struct lens_seen *seen;    /* or NULL */
};

/* `object` must be an object. */
void scan_object(const struct scan *scan, const struct node *parent, uint32_t object);

static inline bool slot_given(uint32_t at)
{
    return at < SLOT_CLEARED;
}

/* Writes `,"name":`, the comma only after a first member. */
static inline void write_lead(struct buf *buf, struct str lead, bool *first)
{
    buf_add(buf, str_from_at(lead, *first));
    *first = false;
}

/* Strings as keys of a table that lives in an arena: for arrays of named entries. */
struct name_map {
    struct name_entry {
        struct str name;
        uint32_t hash, at;
        bool used;
    } * entries;
    uint32_t mask;
};
/* Colliding names cost a comparison each, so whoever fills a map from outside bounds it by this. */
enum { MOST_NAMES = 4096 };

/* Room for `count` names; false when the arena is full. */
MUST_CHECK bool name_map_new(struct name_map *map, struct arena *arena, size_t count, bool *full);
/* The entry of `name`, or the free one where it would stand (name.ptr NULL). */
struct name_entry *name_map_at(const struct name_map *map, struct str name);
