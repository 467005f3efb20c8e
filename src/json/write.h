/* Writing JSON text into a buf. Pure; any thread. */
#pragma once

#include "base/buf.h"
#include "json/tape.h"

/* A quoted string from decoded text (valid UTF-8), escaped as RFC 8259 section 7 requires and no further. */
void json_quote(struct buf *buf, struct str text);
void json_escape(struct buf *buf, struct str text); /* the same without the quotes around it */

/* `"name":` with a comma before it unless `*first`; clears `*first`. */
void json_name(struct buf *buf, bool *first, struct str name);

/* Writers for whole members; `value` decoded text. */
void json_member_string(struct buf *buf, bool *first, struct str name, struct str value);
void json_member_uint(struct buf *buf, bool *first, struct str name, uint64_t value);
void json_member_raw(struct buf *buf, bool *first, struct str name, struct str json);

/* RFC 7396: `patch` applied to `target` (TAPE_NONE target: as if absent), members of the target in their order, new
 * ones after them. */
void json_merge_patch(struct buf *buf, const struct tape *target, uint32_t target_at, const struct tape *patch,
                      uint32_t patch_at);

/* That patch puts no object in the place of anything else; where nothing or null is, it may. */
bool json_merges_inside(const struct tape *target, uint32_t target_at, const struct tape *patch, uint32_t patch_at);

/* The patch that makes `wanted` of `old` (TAPE_NONE: absent): `wanted` with a null for each member that only `old` has, at any
 * depth. */
void json_patch_between(struct buf *buf, const struct tape *old, uint32_t old_at, const struct tape *wanted,
                        uint32_t wanted_at);
