/* Which parameters of a query an operation reads, and what is wrong with the others. Pure. */
#pragma once

#include "dialect/dialect.h"
#include "dialect/target.h"

/* A parameter by its name or by its other one, and how often it stands there: under both it is there twice. */
struct str query_said(const struct target *target, const struct parameter *parameter, size_t *count);

/* The operation reads it; `paged`: it may be one of paging. */
bool query_is_read(const struct dialect *dialect, const struct operation *operation, bool paged, struct str name);

/* Nobody reads it, and it is refused: a filter that is overlooked would select more than the client meant. Others are ignored. */
bool query_is_refused(const struct dialect *dialect, struct str name);

/* One of those of which the operation needs at least one stands there, or it needs none. */
bool query_has_one_of(const struct operation *operation, const struct target *target);

/* All that the parameter `include` lists, separated by commas; some clients repeat the parameter in the list's place. Empty:
 * nothing is asked for. */
struct str query_includes(const struct operation *operation, const struct target *target, struct arena *arena);

/* What a client asks for by that name; NULL: the operation has nothing of the kind. */
const struct include *query_include(const struct operation *operation, struct str name);
