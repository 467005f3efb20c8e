/* What put and get of arrays share. Internal to the room. */
#pragma once

#include "lens/program.h"

/* The element that is mapped: the first that has the members of `prefer`, else the first object; or
 * TAPE_NONE. */
uint32_t pick_element(const struct field *pick, const struct tape *tape, uint32_t array);
