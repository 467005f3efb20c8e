/* What put and get of arrays share. Internal to the room. */
#pragma once

#include "lens/scan.h"

/* The element that is mapped: the first that has the members of `prefer`, else the first object; or
 * TAPE_NONE. */
uint32_t pick_element(const struct field *pick, const struct tape *tape, uint32_t array);

/* Scans the members of the element that is mapped, where the array's slot has one; its place, or TAPE_NONE. */
uint32_t pick_scan(const struct scan *scan, const struct field *pick);

/* Says something: false where it is not there, or is a text of no characters and the style takes that for none. */
static inline bool entry_says(const struct lens *lens, const struct tape *tape, uint32_t at)
{
    bool empty = at != TAPE_NONE && tape_type(tape, at) == JSON_STRING && !tape_text(tape, at).len;

    return at != TAPE_NONE && !(empty && lens->style.empty_is_absent);
}

/* An entry that says no name or no value, where such ones are kept. */
static inline bool entry_lacks(const struct lens *lens, const struct field *field, const struct tape *tape,
                               uint32_t element)
{
    return field->lacking_keep && (!entry_says(lens, tape, tape_find(tape, element, field->entry_name)) ||
                                   !entry_says(lens, tape, tape_find(tape, element, field->entry_value)));
}
