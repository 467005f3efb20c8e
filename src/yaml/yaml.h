/* YAML files as trees whose every node knows its place. Loading is done at start, in one thread; a tree is
 * immutable afterwards. Refused with file:line:column: invalid UTF-8, a second document, anchors, aliases, tags,
 * duplicate keys, keys that are no plain text, files over 4 MiB, nesting over 64. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum yaml_kind { YAML_TEXT, YAML_MAP, YAML_LIST };

struct yaml {
    enum yaml_kind kind;
    bool quoted;            /* a scalar in quotes or a block scalar: never null, true or a number */
    struct str text;        /* of a scalar */
    struct str key;         /* when the parent is a map */
    const char *file;       /* as given to yaml_load */
    unsigned line, column;  /* of the value; from 1 */
    unsigned key_line, key_column;
    const struct yaml *first, *next; /* children, siblings; in file order */
    size_t count;           /* children */
};

/* The tree of a file, living in `arena`. An empty file is an empty map. */
MUST_CHECK int yaml_load(const struct yaml **root, struct arena *arena, const char *path, struct err *err);

/* The same for text; `name` stands where the path would. */
MUST_CHECK int yaml_parse(const struct yaml **root, struct arena *arena, struct str text, const char *name,
                          struct err *err);

/* A member of a map, or NULL. */
const struct yaml *yaml_get(const struct yaml *map, const char *key);
const struct yaml *yaml_get_str(const struct yaml *map, struct str key);

/* An unquoted null, ~ or empty scalar. */
bool yaml_is_null(const struct yaml *node);

/* Typed reading; each fails with "file:line:column: …, expected …". */
MUST_CHECK int yaml_text(const struct yaml *node, struct str *text, struct err *err);
MUST_CHECK int yaml_bool(const struct yaml *node, bool *value, struct err *err);
MUST_CHECK int yaml_uint(const struct yaml *node, uint64_t min, uint64_t max, uint64_t *value, struct err *err);
MUST_CHECK int yaml_map(const struct yaml *node, struct err *err);
MUST_CHECK int yaml_list(const struct yaml *node, struct err *err);

/* Members of a map that may be left out: absent leaves the outputs alone. */
MUST_CHECK int yaml_get_text(const struct yaml *map, const char *key, struct str *text, struct err *err);
MUST_CHECK int yaml_get_bool(const struct yaml *map, const char *key, bool *value, struct err *err);
MUST_CHECK int yaml_get_texts(const struct yaml *map, const char *key, struct arena *arena, const struct str **texts,
                              size_t *count, struct err *err);

/* The node's key is one of the NULL-terminated `known`, or a fault naming it and its place. */
MUST_CHECK int yaml_known(const struct yaml *node, const char *const *known, struct err *err);

/* So is every key of `map`. */
MUST_CHECK int yaml_only(const struct yaml *map, const char *const *known, struct err *err);

/* ERR_CONFIG "file:line:column: <words>". yaml_fault_key points at the node's key. Return -1. */
int yaml_fault(const struct yaml *node, struct err *err, const char *fmt, ...) PRINTF(3, 4);
int yaml_fault_key(const struct yaml *node, struct err *err, const char *fmt, ...) PRINTF(3, 4);

/* Faults in order of their places, files in the order in which they came; of several at one place the first, since the others
 * follow from it. Those without a place stay before what came after them. */
void yaml_sort_faults(struct err_list *faults);

/* The tree as JSON text: quoted scalars are strings; plain ones are null, true, false, numbers (RFC 8259) or else
 * strings. For `examples:` and constants in mapping files. */
struct buf;
void yaml_to_json(const struct yaml *node, struct buf *out);
