/* A date or date-time of any precision with a comparison before it ("ge2013", "lt2013-03-14T10:00Z") as a span of time.
 * Pure. */
#pragma once

#include "base/arena.h"

/* From `from` on, before `to`, as the canonical text of moments (or of days); ptr NULL: no bound on that side. False when
 * the text is none. `days`: dates only. A date-time without a zone is UTC's. */
bool period_read(struct str text, bool days, struct arena *arena, struct str *from, struct str *to);

/* The canonical text of a moment, or of its day; ptr NULL beyond the year 9999, where nothing is: no bound. */
struct str period_moment(struct arena *arena, int64_t wall_ms, bool days);
