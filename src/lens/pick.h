/* What put and get of arrays share. Internal to the room. */
#pragma once

#include "lens/program.h"

/* The element that is mapped: the first that has the members of `prefer`, else the first object; or
 * TAPE_NONE. */
uint32_t pick_element(const struct field *pick, const struct tape *tape, uint32_t array);

/* An entry that says no name or no value, where such ones are kept. */
static inline bool entry_lacks(const struct field *field, const struct tape *tape, uint32_t element)
{
    return field->lacking_keep && (tape_find(tape, element, field->entry_name) == TAPE_NONE ||
                                   tape_find(tape, element, field->entry_value) == TAPE_NONE);
}
