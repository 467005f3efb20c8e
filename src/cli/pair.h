/* Two resources of two dialects that are the same entity. */
#pragma once

#include "dialect/dialect.h"

/* The resource of `to` with the entity of `from`: the one that was named (or NULL), the one with the same
 * name, the one that is called as the entity is, or the only one; else NULL. */
const struct lens *pair_target(const struct dialect *to, const struct lens *from, const char *named);
