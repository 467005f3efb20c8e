/* Which members of a dialect's documents survive the way through another dialect and back. */
#pragma once

#include "flow/flow.h"

/* A page in Markdown: for each two dialects with an entity in common, each member of the first. */
void coverage_write(const struct gateway *gateway, struct arena *arena, struct buf *out);
