/* Which parameters of a query an operation reads, and what is wrong with the others. Pure. */
#pragma once

#include "dialect/dialect.h"
#include "dialect/target.h"

/* The value of a parameter, under its name or its alias, and how often it was sent; under both names it counts twice. */
struct str query_said(const struct target *target, const struct parameter *parameter, size_t *count);

/* The operation reads it; `paged`: it may be one of paging. */
bool query_is_read(const struct dialect *dialect, const struct operation *operation, bool paged, struct str name);

/* For a parameter that nobody reads: is it refused? A filter that is overlooked would select more than the client
 * meant. Others are ignored. */
bool query_is_refused(const struct dialect *dialect, struct str name);

/* At least one parameter of the operation's `needs_one_of:` was sent, or it has none. */
bool query_has_one_of(const struct operation *operation, const struct target *target);

/* Their names in words: "a, b or c". */
struct str query_one_of(const struct operation *operation, struct arena *arena);

/* Everything that `include` lists, separated by commas; some clients repeat the parameter instead of using a list.
 * Empty: nothing is requested. */
struct str query_includes(const struct operation *operation, const struct target *target, struct arena *arena);

/* The related entity of that name; NULL: the operation offers none. */
const struct include *query_include(const struct operation *operation, struct str name);
