/* Inside dialect/: pieces of the loader. Everything lives in `arena`; faults name file, line and column. */
#pragma once

#include "dialect/dialect.h"
#include "yaml/yaml.h"

/* Optional members: absent leaves the output alone. */
MUST_CHECK int load_number(const struct yaml *map, const char *key, uint64_t min, uint64_t max, unsigned *value,
                           struct err *err);
/* `max:`, at most `limit`, and `default:`, which is never above it. What is not said stays, the default cut to max. */
MUST_CHECK int load_sizes(const struct yaml *map, uint64_t limit, unsigned *max, unsigned *usual, struct err *err);
/* { said: meant, … } */
MUST_CHECK int load_pairs(const struct yaml *map, const char *key, struct arena *arena,
                          const struct parameter_word **pairs, size_t *count, struct err *err);
MUST_CHECK int load_template(const struct yaml *map, const char *key, struct arena *arena,
                             const struct template **made, struct err *err);

MUST_CHECK int load_parameters(const struct yaml *map, struct arena *arena, struct parameter **made,
                               size_t *count, struct err *err);
/* `words:` of all parameters, once the tables are known. */
MUST_CHECK int load_tables_of(struct dialect *dialect, const struct lens_tables *tables, struct arena *arena,
                              struct err *err);
MUST_CHECK int load_fixed(const struct yaml *map, struct arena *arena, const struct fixed_parameter **made,
                          size_t *count, struct err *err);
/* `faults` (or NULL) takes one of each operation. */
MUST_CHECK int load_operations(struct dialect *dialect, struct arena *arena, const struct yaml *map,
                               struct err_list *faults, struct err *err);
/* load_agree.c. Agree: all files of a folder name the same dialect, which is the folder's name. Apart: no two dialects
 * are reached in the same way. */
MUST_CHECK int load_agree(const struct dialect *dialect, struct str folder, struct err *err);
MUST_CHECK int load_apart(struct dialect *const *dialects, size_t count, struct err *err);
/* load_request.c: `request:` and `also:`; every {hole} has a row under `path:` and the other way round; `form:` makes another
 * operation of one that is complete. */
MUST_CHECK int load_request(const struct yaml *map, struct arena *arena, struct operation *made, struct err *err);
MUST_CHECK int load_also_methods(const struct yaml *map, struct operation *made, struct err *err);
MUST_CHECK int load_check_path(const struct yaml *map, const struct operation *made, struct err *err);
bool load_same_path(const struct operation *a, const struct operation *b);
bool load_same_route(const struct operation *a, const struct operation *b);
MUST_CHECK int load_form(const struct yaml *map, struct arena *arena, const struct operation *search,
                         struct operation *made, struct err *err);
/* load_second.c: `then:`, `inherit:` and `via:` of an operation. */
MUST_CHECK int load_then(const struct yaml *map, struct operation *made, struct err *err);
MUST_CHECK int load_inherit(const struct yaml *map, struct arena *arena, struct operation *made, struct err *err);
MUST_CHECK int load_via(const struct yaml *map, struct operation *made, struct err *err);
/* load_media.c */
MUST_CHECK int load_media(struct dialect *dialect, struct arena *arena, const struct yaml *map, struct err *err);
MUST_CHECK int load_media_types(const struct yaml *map, const char *key, struct arena *arena, const struct str **types,
                                size_t *count, struct err *err);
MUST_CHECK int load_errors(struct dialect *dialect, struct arena *arena, const struct yaml *map, struct err *err);
MUST_CHECK int load_choose(const struct dialect *dialect, const struct yaml *map, struct operation *made,
                           struct err *err);
/* After all operations are loaded: what is chosen takes the same body; one updates what its path names, none makes. */
MUST_CHECK int load_choices(struct dialect *dialect, struct err *err);
/* load_version.c: `etag:`, `modified:`; and, after all operations are loaded, `versioned_by`. */
MUST_CHECK int load_etag(const struct yaml *map, struct operation *made, struct err *err);
MUST_CHECK int load_check_version(const struct yaml *map, const struct operation *made, struct err *err);
void load_versions(struct dialect *dialect);
