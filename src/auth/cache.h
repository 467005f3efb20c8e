/* What one loop remembers: tokens that were verified, and tokens minted for the backend. One loop's thread.
 */
#pragma once

#include "auth/authority.h"
#include "auth/claims.h"
#include "auth/principal.h"

/* A token that passed one door is judged again at the other. */
enum door { DOOR_CLIENTS, DOOR_BACKEND };

struct auth_cache {
    struct auth *auth;     /* borrowed */
    struct arena *arena;   /* of the cache itself */
    struct arena *scratch; /* of one call */
    struct generation *now, *before;
    struct mint *mint;
    uint64_t key;   /* of the hashes */
    unsigned epoch; /* the authority's, when what is remembered was verified */
    struct refused *refused;
    struct wait *waits; /* credentials of this loop that wait */
    struct auth_counts counts;
};

/* A reference to the principal of a token that was verified, while it may be used; or NULL. */
struct principal *cache_find(struct auth_cache *cache, enum door door, struct str token, int64_t wall_ms);

/* Lot: where to make the principal of a token that was just verified. Add: its entry. Only tokens in their canonical
 * spelling get here, so the text is as good a key as the bytes. */
struct lot *cache_lot(struct auth_cache *cache, struct str token);
void cache_add(struct auth_cache *cache, enum door door, struct str token, struct lifetime lifetime,
               struct principal *principal);

/* Forgets everything that was verified before a key was removed from some set. */
void cache_follow(struct auth_cache *cache, unsigned epoch);

/* Opaque tokens that were not active a moment ago. They have slots of their own, so that guessing does not
 * push out what is good. */
bool cache_is_refused(const struct auth_cache *cache, struct str token, int64_t wall_ms);
void cache_refuse(struct auth_cache *cache, struct str token, int64_t wall_ms, int64_t for_ms);

/* Tokens minted for the backend (mint.c). */
struct mint *mint_new(void);
void mint_free(struct mint **mint);
