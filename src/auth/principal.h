/* How principals are made and counted, inside auth/. */
#pragma once

#include "auth/auth.h"
#include "jdoc/jdoc.h"

/* Principals that live and die together: their memory is one arena, freed with the last reference. */
struct lot {
    struct arena *arena;
    unsigned references;
};
struct lot *lot_new(size_t ceiling); /* with one reference */
void lot_release(struct lot **lot);

/* A principal in `lot` as `claims` describe it; holds a reference of the lot. The claims' times, issuer and audience
 * are judged elsewhere. Claims that are malformed make the principal weaker, never stronger. */
struct principal *principal_new(struct lot *lot, const struct jdoc *claims, int64_t expires_ms);
