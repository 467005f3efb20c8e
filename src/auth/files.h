/* Key files. At load, and when they are read again. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* The content of a regular file of at most 64 KiB, in `arena`. A `secret` one must belong to its owner alone: group
 * and others may neither read nor write it. If it is root's, and this process is not root, its group may read it. */
MUST_CHECK int file_read(struct arena *arena, struct str path, bool secret, struct str *text, struct err *err);

/* Only that judgement of a secret file. */
MUST_CHECK int file_check_secret(struct arena *arena, struct str path, struct err *err);

/* Makes `path` with mode 0600 and this content, whole or not at all. A file that is there already, or that another
 * process makes at the same moment, is left alone: then `*made` is false. */
MUST_CHECK int file_make(struct arena *arena, struct str path, struct str text, bool *made, struct err *err);
