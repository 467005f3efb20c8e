/* The crosswalk as CSV (RFC 4180): dialect,kind,brand,dialect_id,canonical_id. Pure. */
#pragma once

#include "base/buf.h"
#include "store/store.h"

extern const char csv_header[];

/* The rows of a text, with or without the header; empty lines are none. Everything lives in `arena` or in the
 * text. Faults name the line; what a row says is judged by the store. */
MUST_CHECK int csv_read(struct arena *arena, struct str text, struct crosswalk_row **rows, size_t *count,
                        struct err *err);

/* One row and its line feed, as csv_read reads it. */
void csv_write(const struct crosswalk_row *row, struct buf *out);
