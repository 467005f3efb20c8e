/* A dialect's documents as JSON Schema (2020-12), from its mapping. Not for the flow. Pure, any thread. */
#pragma once

#include "lens/lens.h"

enum schema_side {
    SCHEMA_SHOWN,  /* what get writes */
    SCHEMA_CREATE, /* what put takes */
    SCHEMA_UPDATE
};

/* The schema of a whole document, an object, appended to `out`. What the rest may hold is allowed beside it. A look-up document
 * is "$ref": "#/components/schemas/NAMELookup".
 */
void lens_schema(const struct lens *lens, enum schema_side side, struct arena *arena, struct buf *out);

/* The first of the mapping's own examples that a create takes, as JSON; false: there is none. */
bool lens_example(const struct lens *lens, struct buf *out);
