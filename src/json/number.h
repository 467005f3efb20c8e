/* JSON numbers as text. Pure; any thread. */
#pragma once

#include "base/str.h"

/* Whole text is a JSON number (RFC 8259 section 6). */
bool number_valid(struct str text);

/* A JSON number without fraction or exponent. */
bool number_is_integer(struct str text);

/* Equal as decimal values, whatever their spelling; exact for any size ("1.0" = "1", "1e2" = "100"). Exponents
 * beyond +-1,000,000 are compared by text. */
bool number_equal(struct str a, struct str b);
