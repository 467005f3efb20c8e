/* The registered claims that decide whether a token counts at all (RFC 7519 section 4.1). Pure. */
#pragma once

#include "base/err.h"
#include "jdoc/jdoc.h"

/* Between these a token may be used; wall clock, skew included. */
struct lifetime {
    int64_t from_ms, until_ms;
};

/* `exp` is required; it, `nbf` and `iat` are integers of this or a coming century. */
MUST_CHECK int claims_lifetime(const struct jdoc *claims, int64_t wall_ms, uint64_t skew_s,
                               struct lifetime *lifetime, struct err *err);

/* The same for what somebody else vouches for, where `exp` may be missing: then it does not end. */
MUST_CHECK int claims_lifetime_open(const struct jdoc *claims, int64_t wall_ms, uint64_t skew_s,
                                    struct lifetime *lifetime, struct err *err);

/* RFC 9068 section 2.2: `sub`, `client_id` and `jti` are texts, `iat` is there. */
MUST_CHECK int claims_at_jwt(const struct jdoc *claims, struct err *err);

/* `aud` is, or as an array of texts contains, `audience`. */
MUST_CHECK int claims_audience(const struct jdoc *claims, struct str audience, struct err *err);

/* `sub` and `jti` are texts where they are present. */
MUST_CHECK int claims_names(const struct jdoc *claims, struct err *err);
