/* A request target taken apart once, before routing and before authorisation, so that both judge the same
 * (RFC 3986 section 3; RFC 9112 section 3.2.1). Pure. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum { TARGET_SEGMENTS_MAX = 16, TARGET_PARAMETERS_MAX = 64 };

/* What it holds lies in the arena that it was read into, or in the text itself. */
struct target {
    struct str *segments; /* decoded, none empty */
    size_t segment_count;
    struct target_parameter {
        struct str name, value; /* decoded, '+' is a space (WHATWG form encoding) */
    } *parameters;
    size_t parameter_count;
};

/* ERR_BAD_REQUEST for bad percent-encoding, NUL and invalid UTF-8 anywhere; in a path also for encoded slashes,
 * backslashes or control bytes, dot segments, empty segments, path parameters; ERR_URI_TOO_LONG for too many parts.
 * One trailing slash is ignored. */
MUST_CHECK int target_parse(struct target *target, struct arena *arena, struct str path, struct str query,
                            struct err *err);

/* The parts of application/x-www-form-urlencoded text, into `parameters`. */
MUST_CHECK int target_parse_form(struct target *target, struct arena *arena, struct str form, struct err *err);

/* The value of a parameter; ptr NULL when absent. More than one is `*count`. */
struct str target_parameter(const struct target *target, struct str name, size_t *count);
