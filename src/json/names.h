/* Member names of one object, for this room's own files. Pure; any thread. */
#pragma once

#include "json/tape.h"

/* Scratch that one reader keeps for its big objects. */
struct names {
    struct name *sorted;
    uint32_t space;
};

enum names_result { NAMES_UNIQUE, NAMES_TWICE, NAMES_NO_ROOM };

/* Looks for a name that stands twice in `object`, whose members are all on the tape; `*twice` is the later
 * one. */
enum names_result names_check(struct names *names, struct arena *arena, const struct tape *tape,
                              uint32_t object, uint32_t *twice);

/* The decoded texts are the same. */
bool names_equal(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b);

/* The value of the member of `object` that is named like the string `at` of `other`, or TAPE_NONE. */
uint32_t names_find(const struct tape *tape, uint32_t object, const struct tape *other, uint32_t at);
