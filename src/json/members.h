/* Member names of one object, for this room's own files. Pure; any thread. */
#pragma once

#include "json/tape.h"

/* Scratch that one reader keeps for its big objects. */
struct members {
    struct name *sorted;
    uint32_t space;
};

enum members_result { MEMBERS_UNIQUE, MEMBERS_TWICE, MEMBERS_NO_ROOM };

/* Looks for a name that stands twice in `object`, whose members are all on the tape; `*twice` is the later
 * one. */
enum members_result members_check(struct members *names, struct arena *arena, const struct tape *tape,
                                  uint32_t object, uint32_t *twice);

/* The decoded texts are the same. */
bool member_names_equal(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b);

/* The value of the member of `object` that is named like the string `at` of `other`, or TAPE_NONE. */
uint32_t member_find(const struct tape *tape, uint32_t object, const struct tape *other, uint32_t at);
