/* JSON documents that are not bodies: claims, keys, records, admin pages. A thin face over jansson, so that its type
 * stays in this folder. Not for client or backend bodies (those keep their numbers' digits: json/). Duplicate
 * members are refused. Not thread safe. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct jdoc; /* a value; borrowed children live as long as the root */

/* Owned; NULL with `err` (ERR_BAD_JSON) when `text` is no single JSON document. */
struct jdoc *jdoc_parse(struct str text, struct err *err);
struct jdoc *jdoc_object(void);
struct jdoc *jdoc_array(void);
void jdoc_free(struct jdoc **doc); /* NULL is fine, and left behind */

enum jdoc_kind { JDOC_NULL, JDOC_BOOL, JDOC_INTEGER, JDOC_REAL, JDOC_STRING, JDOC_ARRAY, JDOC_OBJECT };
enum jdoc_kind jdoc_kind(const struct jdoc *doc);

/* Borrowed member or element, or NULL (also for NULL or another kind of `doc`). */
const struct jdoc *jdoc_get(const struct jdoc *object, const char *name);
const struct jdoc *jdoc_at(const struct jdoc *array, size_t index);
size_t jdoc_count(const struct jdoc *container);

/* Typed reading; false (output untouched) for NULL or another kind. Strings are borrowed. */
bool jdoc_string(const struct jdoc *doc, struct str *text);
bool jdoc_integer(const struct jdoc *doc, int64_t *value);
bool jdoc_boolean(const struct jdoc *doc, bool *value);

/* Building; `value` of jdoc_set and jdoc_push is taken. Text that is not UTF-8 becomes null. */
void jdoc_set(struct jdoc *object, const char *name, struct jdoc *value);
void jdoc_set_string(struct jdoc *object, const char *name, struct str text);
void jdoc_set_integer(struct jdoc *object, const char *name, int64_t value);
void jdoc_set_boolean(struct jdoc *object, const char *name, bool value);
void jdoc_remove(struct jdoc *object, const char *name); /* nothing happens when it is not there */
void jdoc_push(struct jdoc *array, struct jdoc *value);
void jdoc_push_string(struct jdoc *array, struct str text);

/* Compact JSON, members in order of insertion; `out` is full if it did not fit. */
void jdoc_write(const struct jdoc *doc, struct buf *out);
