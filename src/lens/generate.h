/* Inside lens/: documents made for the laws. generate.c writes their shape, generate_value.c single values. */
#pragma once

#include "lens/test.h"

struct generator {
    const struct lens *lens;
    const struct shape *shape;
    struct random *random;
    struct arena *arena;
    struct buf *out;
    bool *made; /* by the field's order in the shape */
    bool shown; /* what the dialect shows, and not what a client may send */
};

struct texts {
    const char *const *items;
    size_t count;
};
#define TEXTS(...)                                                                                           \
    {                                                                                                        \
        (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)  \
    }

static inline bool chance(struct generator *g, unsigned one_in)
{
    return random_below(g->random, one_in) == 0;
}

/* JSON texts that every field of the type takes, unless its own keys say otherwise. */
extern const struct texts generate_samples[TYPE_COUNT];

static inline struct str pick_text(struct generator *g, const struct texts *texts)
{
    return str_from(texts->items[random_below(g->random, texts->count)]);
}

/* A value that put takes. */
struct str generate_value(struct generator *g, const struct field *field);
/* Of elements: fewer than `most`, but now and then many; within the field's bounds. */
size_t generate_count(struct generator *g, const struct field *field, unsigned most);
