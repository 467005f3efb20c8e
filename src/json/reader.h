/* One reading of a text, for this room's own files. */
#pragma once

#include "json/members.h"
#include "json/scan.h"

enum { MODELS = 32 };

/* The objects of a list mostly have the same names in the same order, and many of the same values. A model is what is left
 * of one that was read: the names from `next` up to `end`, nothing if these are the same (alike.h). */
struct model {
    uint32_t next, end; /* end 0: there is none, or the object was not like it */
    uint32_t object;
};

/* Models of elements (pattern.h): the last few, because values like 9 and 10 make objects of different lengths. */
enum { PATTERNS = 4, PATTERN_BYTES = 1024 };
struct pattern {
    uint32_t object, len, depth; /* len 0: none */
    bool made, is, shared;
    struct pattern_bytes *bytes; /* if it is */
};

struct reader {
    const char *start, *end;
    struct tape_slot *slots, *stop; /* of the space there is */
    uint32_t open; /* the innermost open container or TAPE_NONE: see enter() */
    uint32_t depth;
    uint32_t most_members, most_elements, most_string;
    struct arena *arena;
    const struct tape_limits *limits;
    struct members members;
    struct model models[MODELS]; /* for the next object at each depth */
    struct pattern patterns[PATTERNS];
    unsigned pattern_turn; /* counts those that there were */
    uint32_t last_model;   /* of the last of them */
    unsigned shapes;       /* given out */
    struct scan_fault fault;
    bool limit;
};

/* Where the reading stands, in the text and on the tape. Handed on by value, so that both stay in registers.
 * `at` is NULL when something was refused; r->fault says why. */
struct place {
    const char *at;
    struct tape_slot *to;
};

static inline const char *skip_space(const char *at, const char *end)
{
    /* One comparison where there is none, as mostly. */
    while (at < end && (unsigned char)*at <= ' ' && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* The same, where most texts have `mark`. */
static inline const char *skip_to(const char *at, const char *end, char mark)
{
    return at < end && *at == mark ? at : skip_space(at, end);
}
