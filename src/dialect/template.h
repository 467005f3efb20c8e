/* Envelopes and error shapes: JSON with variables, compiled from dialect.yaml. Pure; immutable once loaded. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct template;
struct yaml;

/* Every variable a template may name; `$path.NAME`, `$document.NAME` and `$link.NAME` carry a name. */
enum template_var {
    VAR_ITEM, VAR_ITEMS, VAR_ENTRIES, VAR_DOCUMENT, VAR_PATH, VAR_LINK, VAR_URL,
    VAR_TOTAL, VAR_COUNT, VAR_PAGE, VAR_PAGES, VAR_SIZE, VAR_OFFSET,
    VAR_REQUEST_ID, VAR_IGNORED, VAR_INCLUDED, VAR_STORED,
    VAR_MESSAGE, VAR_CODE, VAR_TITLE, VAR_STATUS, VAR_POINTER, VAR_PARAMETER, VAR_FIELDS, VAR_ERRORS
};

/* Compiles a node; strings that are exactly `$name` are variables. Faults name file, line and column. */
MUST_CHECK int template_load(struct template **made, struct arena *arena, const struct yaml *node, struct err *err);

/* Appends the value of a variable as JSON; false when it has none: its member is then left out, and so is an object
 * all of whose members were (except the outermost). In a list, an object that names variables of which none has a
 * value is left out as a whole, whatever constants stand beside them. */
typedef bool template_value_fn(void *data, enum template_var var, struct str name, struct buf *out);
void template_write(const struct template *template, template_value_fn *value, void *data, struct buf *out);

/* True when the template names `var` anywhere. */
bool template_uses(const struct template *template, enum template_var var);
