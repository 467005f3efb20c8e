/* Inside cli/: text from elsewhere, as it may stand on a terminal. */
#pragma once

#include "base/buf.h"

/* Names of members are what a document says: they may hold what a terminal obeys, or be as long as a body. A
 * copy in `arena` of the first `most` bytes, with an ellipsis where there are more, and with control
 * characters as \uXXXX. `text` is UTF-8. */
enum { PRINTED_NAME = 200, PRINTED_REASON = 1000 };
struct str printable(struct arena *arena, struct str text, size_t most);
