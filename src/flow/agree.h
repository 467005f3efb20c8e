/* Inside flow/: faults of a dialect's files that show only beside the contract. Used at start only; faults name file,
 * line and column. */
#pragma once

#include "flow/exchange.h"

MUST_CHECK int agree_dialect(const struct gateway *gateway, const struct dialect *dialect, struct err *err);
/* Fails at the first fault where `faults` is NULL. Not `*fine`: what the mapping says of kinds is wrong. */
MUST_CHECK int agree_lens(const struct gateway *gateway, const struct dialect *dialect, const struct lens *lens,
                          struct err_list *faults, bool *fine, struct err *err);
/* agree_values.c: part of agree_lens. */
MUST_CHECK int agree_values(const struct gateway *gateway, const struct lens *lens, struct err_list *faults, struct err *err);
MUST_CHECK int agree_lookup(const struct gateway *gateway, const struct lookup *lookup, struct err *err);
/* Its calls have been found already. */
MUST_CHECK int agree_operation(const struct gateway *gateway, const struct operation *operation,
                               struct err *err);
