/* Inside flow/: what can be read in a dialect's files, and is wrong beside the contract all the same. Used at
 * start only; faults name file, line and column. */
#pragma once

#include "flow/exchange.h"

MUST_CHECK int agree_dialect(const struct gateway *gateway, const struct dialect *dialect, struct err *err);
/* Its calls have been found already. */
MUST_CHECK int agree_operation(const struct gateway *gateway, const struct operation *operation,
                               struct err *err);
