/* Judging one credential with what is known here and now. On the loop of the cache. */
#pragma once

#include "auth/cache.h"
#include "auth/inside.h"

/* Why the answer may change if somebody is asked first: the token's issuer has a key set, which may be outdated
 * (`serial` says which version it was). */
struct doubt {
    struct remote *remote; /* NULL: none */
    uint64_t serial;
};

/* What was verified before, or NULL. */
struct principal *judge_known(struct auth_cache *cache, enum door door, struct str token, int64_t wall_ms);

MUST_CHECK int judge_jwt(struct auth_cache *cache, enum door door, struct str token, int64_t wall_ms,
                         struct principal **principal, struct doubt *doubt, struct err *err);

/* The claims of a token that this gateway signed, whatever they say; owned, NULL for any other text. */
struct jdoc *judge_own_claims(const struct auth *auth, struct arena *arena, struct str token);

/* `answer` is what the introspection endpoint said about `token` (RFC 7662 section 2.2). */
MUST_CHECK int judge_answer(struct auth_cache *cache, struct str token, struct str answer, int64_t wall_ms,
                            struct principal **principal, struct err *err);
