/* What the store answers at once: short keys to bytes, bounded in bytes; the oldest entries leave first, unless they
 * were used. Any thread may get. Only the db thread puts and drops, in the order of its commits, so the cache never
 * holds an older value than the one that was reported. */
#pragma once

#include "base/arena.h"

struct cache;

enum cache_class { CACHE_ID_OUT, CACHE_ID_IN, CACHE_REST, CACHE_RECORD, CACHE_CLASSES };

/* What many keys begin with: made once for all of them. */
struct cache_prefix {
    uint64_t hash;
    enum cache_class group;
    uint32_t len; /* 0: too long */
    char bytes[200];
};

/* Both are borrowed. A key that is too long has `len` 0: it is never found and never kept. */
struct cache_key {
    const struct cache_prefix *prefix;
    struct str last;
    uint64_t hash;
    uint32_t len;
};

/* At most 64 MiB are used. */
struct cache *store_cache_new(struct arena *arena, size_t bytes);
void store_cache_done(struct cache *cache); /* its entries; the rest is the arena's */

void store_cache_prefix(struct cache_prefix *prefix, const struct cache *cache, enum cache_class group,
                        const struct str *parts, size_t count);
/* `last` may be of 255 bytes. */
struct cache_key store_cache_key(const struct cache_prefix *prefix, struct str last);

/* A copy of the value in `arena`; false: not here, stale at `now_ms`, or no room in the arena. An empty value
 * has a ptr all the same. */
bool store_cache_get(struct cache *cache, const struct cache_key *key, uint64_t now_ms, struct arena *arena,
                     struct str *value);

enum { CACHE_FOREVER = 0 };
void store_cache_put(struct cache *cache, const struct cache_key *key, struct str value, uint64_t stale_ms);
void store_cache_drop(struct cache *cache, const struct cache_key *key);

struct cache_counts {
    uint64_t hits[CACHE_CLASSES], misses[CACHE_CLASSES];
    size_t bytes, entries;
};
struct cache_counts store_cache_count(struct cache *cache);
