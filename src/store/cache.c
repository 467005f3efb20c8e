/* Each shard is a ring of bytes, in which entries stand in the order in which they came, and a table of where they are. What
 * is added goes to the head; for its room the tail gives way, and what was used since it was written moves on to the head
 * once more. A look-up touches one line of the table and one entry; nothing is allocated or freed. */
#include "store/cache.h"

#include "base/codec.h"
#include "base/fingerprint.h"
#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    SHARDS = 64,    /* a power of two */
    LINE = 64,      /* bytes of the processor's cache that come together */
    UNIT = 16,      /* bytes; entries begin at multiples of it */
    UNITS = 0x10000 /* of a ring at most, so that a slot fits into four bytes */
};

struct entry {
    uint64_t hash, stale_ms;
    uint32_t units, value_len;
    uint16_t key_len;
    bool used;    /* since it was written */
    bool gone;    /* its room is free when the tail comes here */
    char bytes[]; /* key, value */
};

/* Where an entry is, and sixteen bits of its hash. Unit 0 is no entry's, so 0 is a free slot. */
struct slot {
    uint16_t at, tag;
};

/* What has one place in the table: a cache line. */
struct bucket {
    struct slot slots[16];
};

struct shard {
    _Alignas(LINE) pthread_mutex_t lock; /* shards share no cache line */
    char *ring;
    struct bucket *buckets;
    uint32_t head, tail; /* the next to be written, and the oldest: units from the beginning */
    uint32_t end;        /* 0: entries are from tail to head. Else from tail to here, and then from 1 to head */
    struct cache_counts counts;
};

struct cache {
    uint64_t seed; /* so that nobody outside can choose what collides */
    uint32_t units, buckets;
    void *memory; /* of all rings and tables, used by and by */
    struct shard *shards;
};

static size_t power_of_two(size_t least)
{
    size_t power = 1;

    while (power < least)
        power *= 2;
    return power;
}

static void *aligned(void *memory)
{
    return (char *)memory + (LINE - (uintptr_t)memory % LINE) % LINE;
}

/* Held for a copy of some bytes: who meets another waits a moment before it asks the kernel to wake it. */
static void init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t spins;

    (void)pthread_mutexattr_init(&spins);
    (void)pthread_mutexattr_settype(&spins, PTHREAD_MUTEX_ADAPTIVE_NP);
    (void)pthread_mutex_init(lock, &spins);
    (void)pthread_mutexattr_destroy(&spins);
}

struct cache *store_cache_new(struct arena *arena, size_t bytes)
{
    struct cache *cache = ARENA_NEW(arena, struct cache);
    size_t units = bytes / SHARDS / LINE * (LINE / UNIT);

    random_bytes(&cache->seed, sizeof cache->seed);
    cache->units = (uint32_t)(units < UNITS ? units : UNITS);
    cache->buckets = (uint32_t)power_of_two((size_t)cache->units * UNIT / 512); /* a third full with short entries */
    cache->shards = aligned(arena_zero(arena, sizeof(struct shard) * SHARDS + LINE)); /* an arena aligns to 16 */
    size_t table = cache->buckets * sizeof(struct bucket), whole = table + (size_t)cache->units * UNIT;
    cache->memory = calloc(1, SHARDS * whole + LINE);
    if (!cache->memory)
        log_no_memory();
    for (size_t i = 0; i < SHARDS; i++) {
        char *memory = (char *)aligned(cache->memory) + i * whole;
        init_lock(&cache->shards[i].lock);
        cache->shards[i].buckets = (struct bucket *)(void *)memory;
        cache->shards[i].ring = memory + table;
        cache->shards[i].head = cache->shards[i].tail = 1;
    }
    return cache;
}

/* Eight bytes at a time, the last ones once more where they are not eight: a key of 60 bytes takes about 10 ns. */
static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t len)
{
    uint64_t word = 0;

    for (size_t at = 0; at < len; at += 8) {
        if (len >= 8)
            memcpy(&word, bytes + (len - at >= 8 ? at : len - 8), 8);
        else
            memcpy(&word, bytes, len);
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    /* A multiplication carries only upwards: without this keys that differ in the last bytes of a word, as counted ids may,
     * would meet in a handful of buckets. */
    return fingerprint_mix(hash ^ len);
}

void store_cache_prefix(struct cache_prefix *prefix, const struct cache *cache, enum cache_class group,
                        const struct str *parts, size_t count)
{
    size_t len = 0;

    prefix->group = group;
    prefix->len = 0;
    prefix->bytes[len++] = (char)group;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > UINT8_MAX || len + 1 + parts[i].len > sizeof prefix->bytes)
            return;
        prefix->bytes[len++] = (char)(unsigned char)parts[i].len;
        if (parts[i].len)
            memcpy(prefix->bytes + len, parts[i].ptr, parts[i].len);
        len += parts[i].len;
    }
    prefix->len = (uint32_t)len;
    prefix->hash = hash_bytes(cache->seed, prefix->bytes, len);
}

struct cache_key store_cache_key(const struct cache_prefix *prefix, struct str last)
{
    struct cache_key key = { .prefix = prefix, .last = last };

    if (!prefix->len || last.len > UINT8_MAX)
        return key;
    key.len = prefix->len + (uint32_t)last.len;
    key.hash = hash_bytes(prefix->hash, last.ptr, last.len);
    return key;
}

static struct shard *shard_of(struct cache *cache, const struct cache_key *key)
{
    return &cache->shards[key->hash >> 32 & (SHARDS - 1)];
}

/* ---- the table ---- */

static struct entry *entry_at(const struct shard *shard, uint32_t at)
{
    return (struct entry *)(void *)(shard->ring + (size_t)at * UNIT);
}

static struct bucket *bucket_of(const struct cache *cache, const struct shard *shard, uint64_t hash)
{
    return &shard->buckets[hash & (cache->buckets - 1)];
}

static uint16_t tag_of(uint64_t hash)
{
    return (uint16_t)(hash >> 48);
}

static bool is_key(const struct entry *entry, const struct cache_key *key)
{
    return entry->hash == key->hash && entry->key_len == key->len &&
           memcmp(entry->bytes, key->prefix->bytes, key->prefix->len) == 0 &&
           (!key->last.len || memcmp(entry->bytes + key->prefix->len, key->last.ptr, key->last.len) == 0);
}

static struct slot *find(const struct cache *cache, const struct shard *shard, const struct cache_key *key)
{
    struct bucket *bucket = bucket_of(cache, shard, key->hash);

    for (struct slot *slot = bucket->slots; slot < bucket->slots + COUNT(bucket->slots); slot++)
        if (slot->at && slot->tag == tag_of(key->hash) && is_key(entry_at(shard, slot->at), key))
            return slot;
    return NULL;
}

/* The slot of an entry that has one. */
static struct slot *slot_of(const struct cache *cache, const struct shard *shard, uint32_t at)
{
    struct slot *slot = bucket_of(cache, shard, entry_at(shard, at)->hash)->slots;

    while (slot->at != at)
        slot++;
    return slot;
}

/* What it says may be of a patient, so it does not stay until it is overwritten. */
static void remove_slot(struct shard *shard, struct slot *slot)
{
    struct entry *entry = entry_at(shard, slot->at);

    shard->counts.bytes -= (size_t)entry->units * UNIT;
    shard->counts.entries--;
    entry->gone = true;
    memset(entry->bytes, 0, entry->key_len + (size_t)entry->value_len);
    *slot = (struct slot){ 0 };
}

/* A free slot; if there is none, one of what was not used, or any, becomes free. */
static struct slot *free_slot(const struct cache *cache, struct shard *shard, uint64_t hash)
{
    struct bucket *bucket = bucket_of(cache, shard, hash);
    struct slot *idle = bucket->slots;

    for (struct slot *slot = bucket->slots; slot < bucket->slots + COUNT(bucket->slots); slot++)
        if (!slot->at)
            return slot;
    for (struct slot *slot = bucket->slots; slot < bucket->slots + COUNT(bucket->slots); slot++)
        if (!entry_at(shard, slot->at)->used)
            idle = slot;
    remove_slot(shard, idle);
    return idle;
}

/* ---- the ring ---- */

/* The oldest goes, or moves on to the head if it was used. The ring is wrapped: between head and tail is room, if only the
 * tail's own. */
static void pass_tail(const struct cache *cache, struct shard *shard)
{
    struct entry *entry = entry_at(shard, shard->tail);
    uint32_t units = entry->units;

    if (!entry->gone && !entry->used)
        remove_slot(shard, slot_of(cache, shard, shard->tail));
    if (!entry->gone) {
        entry->used = false;
        slot_of(cache, shard, shard->tail)->at = (uint16_t)shard->head;
        memmove(entry_at(shard, shard->head), entry, (size_t)units * UNIT);
        shard->head += units;
    }
    shard->tail += units;
    if (shard->tail != shard->end)
        return;
    shard->tail = 1;
    shard->end = 0;
}

/* No room before the ring's end. */
static void wrap(struct shard *shard)
{
    bool empty = shard->tail == shard->head;

    shard->end = empty ? 0 : shard->head;
    shard->tail = empty ? 1 : shard->tail;
    shard->head = 1;
}

/* The place of a new entry, which is less than a whole ring long. */
static uint32_t take(const struct cache *cache, struct shard *shard, uint32_t units)
{
    while ((shard->end ? shard->tail : cache->units) - shard->head < units) {
        if (shard->end)
            pass_tail(cache, shard);
        else
            wrap(shard);
    }
    uint32_t at = shard->head;
    shard->head += units;
    return at;
}

/* ---- for all ---- */

bool store_cache_get(struct cache *cache, const struct cache_key *key, uint64_t now_ms, struct arena *arena,
                     struct str *value)
{
    struct shard *shard = shard_of(cache, key);

    (void)pthread_mutex_lock(&shard->lock);
    const struct slot *slot = key->len ? find(cache, shard, key) : NULL;
    struct entry *found = slot ? entry_at(shard, slot->at) : NULL;
    bool hit = found && (found->stale_ms == CACHE_FOREVER || now_ms < found->stale_ms) &&
               arena_room(arena) > found->value_len;
    if (hit) {
        found->used = true;
        shard->counts.hits[key->prefix->group]++;
        *value = arena_copy(arena, str_of(found->bytes + found->key_len, found->value_len));
    } else {
        shard->counts.misses[key->prefix->group]++;
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return hit;
}

static void write_entry(struct entry *entry, uint32_t units, const struct cache_key *key, struct str value,
                        uint64_t stale_ms)
{
    *entry = (struct entry){ .hash = key->hash,
                             .stale_ms = stale_ms,
                             .units = units,
                             .value_len = (uint32_t)value.len,
                             .key_len = (uint16_t)key->len };
    memcpy(entry->bytes, key->prefix->bytes, key->prefix->len);
    if (key->last.len)
        memcpy(entry->bytes + key->prefix->len, key->last.ptr, key->last.len);
    if (value.len)
        memcpy(entry->bytes + key->len, value.ptr, value.len);
}

void store_cache_put(struct cache *cache, const struct cache_key *key, struct str value, uint64_t stale_ms)
{
    struct shard *shard = shard_of(cache, key);
    size_t units = (sizeof(struct entry) + key->len + value.len + UNIT - 1) / UNIT;

    if (!key->len)
        return;
    if (units > cache->units / 8) { /* one large rest must not push out thousands of ids */
        store_cache_drop(cache, key);
        return;
    }
    (void)pthread_mutex_lock(&shard->lock);
    struct slot *old = find(cache, shard, key);
    if (old)
        remove_slot(shard, old);
    uint32_t at = take(cache, shard, (uint32_t)units);
    *free_slot(cache, shard, key->hash) = (struct slot){ .at = (uint16_t)at, .tag = tag_of(key->hash) };
    write_entry(entry_at(shard, at), (uint32_t)units, key, value, stale_ms);
    shard->counts.bytes += units * UNIT;
    shard->counts.entries++;
    (void)pthread_mutex_unlock(&shard->lock);
}

void store_cache_drop(struct cache *cache, const struct cache_key *key)
{
    struct shard *shard = shard_of(cache, key);

    if (!key->len)
        return;
    (void)pthread_mutex_lock(&shard->lock);
    struct slot *old = find(cache, shard, key);
    if (old)
        remove_slot(shard, old);
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
    for (size_t i = 0; i < SHARDS; i++)
        (void)pthread_mutex_destroy(&cache->shards[i].lock);
    free(cache->memory);
}
