/* How a dialect writes where in a body a fault is (`errors:` in dialect.yaml): "address.street", "address[0].line",
 * "/data/3/attributes/first_name". Pure. */
#pragma once

#include "base/buf.h"
#include "dialect/dialect.h"

/* Of a member of a document: `path` as a lens gives it, parts joined by '/'; of `many` documents it is in the one at `index`. */
void fault_path(const struct dialect *dialect, struct str path, bool many, size_t index, struct buf *out);

/* Of a member beside the documents: its path from the root of the body, parts joined by '.'. */
void fault_root_path(const struct dialect *dialect, struct str dotted, struct buf *out);
