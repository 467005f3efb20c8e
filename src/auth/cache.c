#include "auth/cache.h"

#include <openssl/evp.h>

#include "auth/hash.h"
#include "auth/jws.h"
#include "base/codec.h"

/* Two generations, each a lot of its own: when the newer is full the older is forgotten as a whole. A token
 * in use then costs one verification per turn, and memory needs no other bookkeeping. */
enum {
    GENERATION_ENTRIES = 4096,
    GENERATION_SLOTS = 4096, /* a power of two */
    GENERATION_BYTES = 16 * 1024 * 1024,
    ENTRY_BYTES =
        64 * JWS_LONGEST, /* more than any token's principal can take, arrays of tiny texts included */
    HASHED_BYTES = 32,    /* of a token's end */
    REFUSED_SLOTS = 1024,
    DIGEST_BYTES = 32
};

struct refused {
    unsigned char digest[DIGEST_BYTES]; /* SHA-256 of the token */
    int64_t from_ms, until_ms;
};

struct entry {
    struct entry *next;
    uint64_t hash;
    enum door door;
    struct str token;
    struct lifetime lifetime;
    struct principal *principal; /* borrowed: the generation holds the lot */
};

struct generation {
    struct lot *lot;
    struct entry **slots;
    size_t count;
};

/* The end of a token is its signature: as good as random, and nobody but the issuer can choose one that
 * verifies. */
static uint64_t hash_token(const struct auth_cache *cache, enum door door, struct str token)
{
    size_t skip = token.len > HASHED_BYTES ? token.len - HASHED_BYTES : 0;

    return hash_str(str_from_at(token, skip), cache->key ^ door);
}

static struct generation *generation_new(void)
{
    struct lot *lot = lot_new(GENERATION_BYTES);
    struct generation *made = ARENA_NEW(lot->arena, struct generation);

    *made =
        (struct generation){ .lot = lot, .slots = ARENA_ARRAY(lot->arena, struct entry *, GENERATION_SLOTS) };
    return made;
}

static void generation_free(struct generation **generation)
{
    if (!*generation)
        return;
    struct lot *lot = (*generation)->lot;
    *generation = NULL;
    lot_release(&lot);
}

struct auth_cache *auth_cache_new(struct auth *auth)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct auth_cache *cache = ARENA_NEW(arena, struct auth_cache);

    *cache = (struct auth_cache){
        .auth = auth,
        .arena = arena,
        .scratch = arena_new(SIZE_MAX),
        .mint = mint_new(),
        .refused = ARENA_ARRAY(arena, struct refused, REFUSED_SLOTS),
    };
    random_bytes(&cache->key, sizeof cache->key);
    return cache;
}

void auth_cache_free(struct auth_cache **cache)
{
    struct auth_cache *gone = *cache;

    *cache = NULL;
    if (!gone)
        return;
    while (gone->waits) {
        struct wait *wait = gone->waits;
        wait_free(&wait);
    }
    generation_free(&gone->now);
    generation_free(&gone->before);
    mint_free(&gone->mint);
    arena_free(&gone->scratch);
    struct arena *arena = gone->arena;
    arena_free(&arena);
}

static struct principal *find_in(const struct generation *generation, uint64_t hash, enum door door,
                                 struct str token, int64_t wall_ms)
{
    if (!generation)
        return NULL;
    for (struct entry *e = generation->slots[hash % GENERATION_SLOTS]; e; e = e->next)
        if (e->hash == hash && e->door == door && str_eq_secret(e->token, token))
            return wall_ms >= e->lifetime.from_ms && wall_ms < e->lifetime.until_ms ? e->principal : NULL;
    return NULL;
}

struct principal *cache_find(struct auth_cache *cache, enum door door, struct str token, int64_t wall_ms)
{
    uint64_t hash = hash_token(cache, door, token);
    struct principal *found = find_in(cache->now, hash, door, token, wall_ms);

    if (!found)
        found = find_in(cache->before, hash, door, token, wall_ms);
    return found ? principal_keep(found) : NULL;
}

struct lot *cache_lot(struct auth_cache *cache, struct str token)
{
    const struct generation *now = cache->now;

    if (now && now->count < GENERATION_ENTRIES && arena_room(now->lot->arena) >= ENTRY_BYTES + token.len)
        return now->lot;
    generation_free(&cache->before);
    cache->before = cache->now;
    cache->now = generation_new();
    return cache->now->lot;
}

void cache_add(struct auth_cache *cache, enum door door, struct str token, struct lifetime lifetime,
               struct principal *principal)
{
    struct generation *now = cache->now;
    struct entry *made = ARENA_NEW(now->lot->arena, struct entry);
    uint64_t hash = hash_token(cache, door, token);
    struct entry **slot = &now->slots[hash % GENERATION_SLOTS];

    *made = (struct entry){
        .next = *slot,
        .hash = hash,
        .door = door,
        .token = arena_copy(now->lot->arena, token),
        .lifetime = lifetime,
        .principal = principal,
    };
    *slot = made;
    now->count++;
}

void cache_follow(struct auth_cache *cache, unsigned epoch)
{
    if (cache->epoch == epoch)
        return;
    cache->epoch = epoch;
    generation_free(&cache->now);
    generation_free(&cache->before);
}

static struct refused *refused_slot(const struct auth_cache *cache, struct str token,
                                    unsigned char digest[static DIGEST_BYTES])
{
    if (EVP_Digest(token.ptr ? token.ptr : "", token.len, digest, NULL, EVP_sha256(), NULL) != 1)
        return NULL;
    return &cache->refused[hash_str(str_of((const char *)digest, DIGEST_BYTES), cache->key) % REFUSED_SLOTS];
}

bool cache_is_refused(const struct auth_cache *cache, struct str token, int64_t wall_ms)
{
    unsigned char digest[DIGEST_BYTES];
    const struct refused *slot = refused_slot(cache, token, digest);

    /* A clock that was set back must not lengthen it. */
    return slot && wall_ms >= slot->from_ms && wall_ms < slot->until_ms &&
           !memcmp(slot->digest, digest, DIGEST_BYTES);
}

void cache_refuse(struct auth_cache *cache, struct str token, int64_t wall_ms, int64_t for_ms)
{
    unsigned char digest[DIGEST_BYTES];
    struct refused *slot = refused_slot(cache, token, digest);

    if (!slot)
        return;
    *slot = (struct refused){ .from_ms = wall_ms, .until_ms = wall_ms + for_ms };
    memcpy(slot->digest, digest, DIGEST_BYTES);
}
