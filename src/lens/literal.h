/* Values of the mapping file as JSON literals. Internal to the room. */
#pragma once

#include "lens/program.h"
#include "yaml/yaml.h"

/* The value as it stands: plain scalars are null, true, false, numbers, else strings. */
MUST_CHECK int literal_load(struct literal *literal, struct arena *arena, const struct yaml *node,
                            struct err *err);
/* A scalar of which `type` says how to read it: for strings, text without quotes stays text. */
MUST_CHECK int literal_load_typed(struct literal *literal, struct arena *arena, const struct yaml *node,
                                  struct str text, enum type type, struct err *err);
MUST_CHECK int literals_load(struct literals *literals, struct arena *arena, const struct yaml *map,
                             struct err *err);
/* `,"name":` */
struct str literal_lead(struct arena *arena, struct str name);
