#include "store/cache.h"

#include "base/codec.h"

#include <pthread.h>
#include <stdlib.h>

enum { SHARDS = 64, BUCKETS = 4096 }; /* powers of two; buckets per shard */

struct entry {
    struct entry *chain;
    struct entry *next, *before; /* the ring the clock's hand goes around */
    uint64_t hash, stale_ms;
    uint32_t key_len, value_len;
    bool used;    /* since the hand passed */
    char bytes[]; /* key, value */
};

struct shard {
    _Alignas(64) pthread_mutex_t lock; /* shards share no cache line */
    struct entry **buckets;
    struct entry *hand;
    struct cache_counts counts;
};

struct cache {
    uint64_t seed; /* so that nobody outside can choose what collides */
    size_t shard_bytes;
    struct shard *shards;
};

struct cache *store_cache_new(struct arena *arena, size_t bytes)
{
    struct cache *cache = ARENA_NEW(arena, struct cache);
    char *space = arena_zero(arena, sizeof(struct shard) * (SHARDS + 1));
    uintptr_t over = (uintptr_t)space % _Alignof(struct shard); /* an arena aligns to 16 */

    random_bytes(&cache->seed, sizeof cache->seed);
    cache->shard_bytes = bytes / SHARDS;
    cache->shards = (struct shard *)(void *)(space + (over ? _Alignof(struct shard) - over : 0));
    for (size_t i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_init(&cache->shards[i].lock, NULL);
        cache->shards[i].buckets = ARENA_ARRAY(arena, struct entry *, BUCKETS);
    }
    return cache;
}

static size_t weight(const struct entry *entry)
{
    return sizeof *entry + entry->key_len + entry->value_len + 16; /* 16: malloc's own */
}

/* The last steps of MurmurHash3 (64 bit). A multiplication carries only upwards: without them keys that
 * differ in the last bytes of a word, as counted ids may, would meet in a handful of buckets. */
static uint64_t hash_end(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * UINT64_C(0xFF51AFD7ED558CCD);
    hash = (hash ^ hash >> 33) * UINT64_C(0xC4CEB9FE1A85EC53);
    return hash ^ hash >> 33;
}

/* Eight bytes at a time: a key of 60 bytes takes about 10 ns. */
static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t len)
{
    for (size_t at = 0; at < len; at += 8) {
        uint64_t word = 0;
        if (len - at >= 8)
            memcpy(&word, bytes + at, 8);
        else
            memcpy(&word, bytes + at, len - at);
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    return hash_end(hash);
}

struct cache_key store_cache_key(const struct cache *cache, enum cache_class group, const struct str *parts,
                                 size_t count)
{
    struct cache_key key;
    size_t len = 0;

    key.group = group;
    key.len = 0;
    key.hash = 0;
    key.bytes[len++] = (char)group;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > UINT8_MAX || len + 1 + parts[i].len > sizeof key.bytes)
            return key;
        key.bytes[len++] = (char)(unsigned char)parts[i].len;
        if (parts[i].len)
            memcpy(key.bytes + len, parts[i].ptr, parts[i].len);
        len += parts[i].len;
    }
    key.len = (uint32_t)len;
    key.hash = hash_bytes(cache->seed, key.bytes, len);
    return key;
}

static struct shard *shard_of(struct cache *cache, const struct cache_key *key)
{
    return &cache->shards[key->hash >> 32 & (SHARDS - 1)];
}

static struct entry **place_of(struct shard *shard, uint64_t hash)
{
    return &shard->buckets[hash & (BUCKETS - 1)];
}

static struct entry *find(struct shard *shard, const struct cache_key *key)
{
    struct entry *at = *place_of(shard, key->hash);

    while (at &&
           (at->hash != key->hash || at->key_len != key->len || memcmp(at->bytes, key->bytes, key->len) != 0))
        at = at->chain;
    return at;
}

bool store_cache_get(struct cache *cache, const struct cache_key *key, uint64_t now_ms, struct arena *arena,
                     struct str *value)
{
    struct shard *shard = shard_of(cache, key);

    (void)pthread_mutex_lock(&shard->lock);
    struct entry *found = key->len ? find(shard, key) : NULL;
    bool hit = found && (found->stale_ms == CACHE_FOREVER || now_ms < found->stale_ms) &&
               arena_room(arena) > found->value_len;
    if (hit) {
        found->used = true;
        shard->counts.hits[key->group]++;
        *value = arena_copy(arena, str_of(found->bytes + found->key_len, found->value_len));
    } else {
        shard->counts.misses[key->group]++;
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return hit;
}

static void ring_add(struct shard *shard, struct entry *entry)
{
    if (!shard->hand) {
        entry->next = entry->before = shard->hand = entry;
        return;
    }
    entry->next = shard->hand; /* just behind the hand: the last to be looked at */
    entry->before = shard->hand->before;
    entry->before->next = entry;
    entry->next->before = entry;
}

static void ring_remove(struct shard *shard, struct entry *entry)
{
    if (shard->hand == entry)
        shard->hand = entry->next == entry ? NULL : entry->next;
    entry->before->next = entry->next;
    entry->next->before = entry->before;
}

static void remove_entry(struct shard *shard, struct entry *entry)
{
    struct entry **at = place_of(shard, entry->hash);

    while (*at != entry)
        at = &(*at)->chain;
    *at = entry->chain;
    ring_remove(shard, entry);
    shard->counts.bytes -= weight(entry);
    shard->counts.entries--;
    free(entry);
}

/* The hand gives what was used since its last pass a second chance. */
static void make_room(struct shard *shard, size_t need, size_t limit)
{
    while (shard->hand && shard->counts.bytes + need > limit) {
        struct entry *at = shard->hand;
        shard->hand = at->next;
        if (at->used)
            at->used = false;
        else
            remove_entry(shard, at);
    }
}

/* Entries come and go one by one, which an arena cannot: this is the one place of the store that calls
 * malloc. */
static struct entry *entry_new(const struct cache_key *key, struct str value, uint64_t stale_ms)
{
    struct entry *entry = malloc(sizeof *entry + key->len + value.len);

    if (!entry)
        abort();
    *entry = (struct entry){
        .hash = key->hash, .stale_ms = stale_ms, .key_len = key->len, .value_len = (uint32_t)value.len
    };
    memcpy(entry->bytes, key->bytes, key->len);
    if (value.len)
        memcpy(entry->bytes + key->len, value.ptr, value.len);
    return entry;
}

void store_cache_put(struct cache *cache, const struct cache_key *key, struct str value, uint64_t stale_ms)
{
    struct shard *shard = shard_of(cache, key);

    if (!key->len)
        return;
    if (value.len > cache->shard_bytes / 8) { /* one large rest must not push out thousands of ids */
        store_cache_drop(cache, key);
        return;
    }
    struct entry *entry = entry_new(key, value, stale_ms);
    (void)pthread_mutex_lock(&shard->lock);
    struct entry *old = find(shard, key);
    if (old)
        remove_entry(shard, old);
    make_room(shard, weight(entry), cache->shard_bytes);
    struct entry **at = place_of(shard, key->hash);
    entry->chain = *at;
    *at = entry;
    ring_add(shard, entry);
    shard->counts.bytes += weight(entry);
    shard->counts.entries++;
    (void)pthread_mutex_unlock(&shard->lock);
}

void store_cache_drop(struct cache *cache, const struct cache_key *key)
{
    struct shard *shard = shard_of(cache, key);

    if (!key->len)
        return;
    (void)pthread_mutex_lock(&shard->lock);
    struct entry *old = find(shard, key);
    if (old)
        remove_entry(shard, old);
    (void)pthread_mutex_unlock(&shard->lock);
}

struct cache_counts store_cache_count(struct cache *cache)
{
    struct cache_counts sum = { 0 };

    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];
        (void)pthread_mutex_lock(&shard->lock);
        for (size_t group = 0; group < CACHE_CLASSES; group++) {
            sum.hits[group] += shard->counts.hits[group];
            sum.misses[group] += shard->counts.misses[group];
        }
        sum.bytes += shard->counts.bytes;
        sum.entries += shard->counts.entries;
        (void)pthread_mutex_unlock(&shard->lock);
    }
    return sum;
}

void store_cache_done(struct cache *cache)
{
    for (size_t i = 0; i < SHARDS; i++) {
        while (cache->shards[i].hand)
            remove_entry(&cache->shards[i], cache->shards[i].hand);
        (void)pthread_mutex_destroy(&cache->shards[i].lock);
    }
}
