/* The members of one object, for this room's own files. Pure; any thread. */
#pragma once

#include "json/tape.h"

/* Up to so many names are compared each with each; past that they are sorted, and stay so for look-ups. */
enum { FEW_MEMBERS = 32 };

/* The names of an object with many members, in the order of their decoded bytes. */
struct tape_index {
    uint32_t object;
    const uint32_t *names;
};

/* What one reader has seen; zero to start with. */
struct members {
    struct name *sorted; /* scratch */
    uint32_t space;
    struct tape_index *indexes;
    uint32_t index_count, index_space;
};

enum members_result { MEMBERS_UNIQUE, MEMBERS_TWICE, MEMBERS_NO_ROOM };

/* Looks for a name that stands twice in `object`, whose members are all on the tape; `*twice` is the later one. */
enum members_result members_check(struct members *members, struct arena *arena, const struct tape *tape,
                                  uint32_t object, uint32_t *twice);

/* Makes the indexes ready for member_find. */
void members_end(struct members *members);

/* The decoded texts are the same. */
bool member_names_equal(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b);

/* The value of the member of `object` that is named like the string `at` of `other`, or TAPE_NONE. */
uint32_t member_find(const struct tape *tape, uint32_t object, const struct tape *other, uint32_t at);
