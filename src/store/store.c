#include "store/inside.h"

#include <errno.h>
#include <sys/stat.h>

enum { CACHE_BYTES = 64 * 1024 * 1024 };

/* A dialect id, once given, keeps its row for ever: `erased` makes it a tombstone. `erasure` remembers erased
 * entities that a dialect had not seen, so that a request still under way does not bring anything of them
 * back; it is keyed to be asked about owners, too, whose kind is not known. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS crosswalk("
    "  dialect TEXT NOT NULL, kind TEXT NOT NULL, brand TEXT NOT NULL,"
    "  dialect_id TEXT NOT NULL, canonical_id TEXT NOT NULL, erased INTEGER NOT NULL DEFAULT 0,"
    "  owner TEXT,"
    "  PRIMARY KEY(dialect, kind, brand, dialect_id)) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX IF NOT EXISTS crosswalk_canonical ON crosswalk(kind, brand, canonical_id, dialect);"
    "CREATE INDEX IF NOT EXISTS crosswalk_owner ON crosswalk(brand, owner) WHERE owner IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS sequence("
    "  dialect TEXT NOT NULL, kind TEXT NOT NULL, brand TEXT NOT NULL, next INTEGER NOT NULL,"
    "  PRIMARY KEY(dialect, kind, brand)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS erasure("
    "  kind TEXT NOT NULL, brand TEXT NOT NULL, canonical_id TEXT NOT NULL,"
    "  PRIMARY KEY(brand, canonical_id, kind)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS rest("
    "  kind TEXT NOT NULL, brand TEXT NOT NULL, canonical_id TEXT NOT NULL, dialect TEXT NOT NULL,"
    "  json TEXT NOT NULL, owner TEXT, PRIMARY KEY(kind, brand, canonical_id, dialect)) STRICT, WITHOUT "
    "ROWID;"
    "CREATE INDEX IF NOT EXISTS rest_owner ON rest(brand, owner) WHERE owner IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS found("
    "  kind TEXT NOT NULL, brand TEXT NOT NULL, canonical_id TEXT NOT NULL, dialect TEXT NOT NULL,"
    "  name TEXT NOT NULL, value TEXT NOT NULL,"
    "  PRIMARY KEY(kind, brand, canonical_id, dialect, name, value)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS found_value ON found(brand, kind, name, value, canonical_id);"
    "CREATE TABLE IF NOT EXISTS record("
    "  kind INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, expires_ms INTEGER NOT NULL, family "
    "TEXT,"
    "  PRIMARY KEY(kind, key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS record_family ON record(family, kind) WHERE family IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS record_expires ON record(expires_ms) WHERE expires_ms > 0;";

/* 0700 whatever the umask is; a directory that exists keeps its mode. */
static int make_dir(const char *dir, struct err *err)
{
    struct stat found;

    if (mkdir(dir, S_IRWXU) == 0)
        return chmod(dir, S_IRWXU) ? err_set(err, ERR_CONFIG, "%s: %s", dir, strerror(errno)) : 0;
    if (errno != EEXIST)
        return err_set(err, ERR_CONFIG, "%s: %s", dir, strerror(errno));
    if (stat(dir, &found) || !S_ISDIR(found.st_mode))
        return err_set(err, ERR_CONFIG, "%s: not a directory", dir);
    return 0;
}

int store_open(struct store **opened, const char *dir, struct err *err)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct store *store = ARENA_NEW(arena, struct store);
    const char *path = arena_printf(arena, "%s/gateway.db", dir).ptr;

    store->arena = arena;
    if (make_dir(dir, err) || db_open(&store->db, path, schema, err)) {
        arena_free(&arena);
        return err_wrap(err, "store");
    }
    store->cache = store_cache_new(arena, CACHE_BYTES);
    (void)pthread_mutex_init(&store->lock, NULL);
    (void)pthread_cond_init(&store->wake, NULL);
    *opened = store;
    return 0;
}

void store_close(struct store **closed)
{
    struct store *store = *closed;

    if (!store)
        return;
    db_close(&store->db);
    store_task_free_all(store);
    store_cache_done(store->cache);
    (void)pthread_cond_destroy(&store->wake);
    (void)pthread_mutex_destroy(&store->lock);
    struct arena *arena = store->arena; /* holds the store itself */
    arena_free(&arena);
    *closed = NULL;
}

struct store_counts store_count(const struct store *store)
{
    struct cache_counts cache = store_cache_count(store->cache);

    return (struct store_counts){
        .id_hits = cache.hits[CACHE_ID_IN] + cache.hits[CACHE_ID_OUT],
        .id_misses = cache.misses[CACHE_ID_IN] + cache.misses[CACHE_ID_OUT],
        .id_allocated = atomic_load_explicit(&store->id_allocated, memory_order_relaxed),
        .rest_hits = cache.hits[CACHE_REST],
        .rest_misses = cache.misses[CACHE_REST],
        .commits = db_commits(store->db),
    };
}

bool store_healthy(const struct store *store)
{
    return db_healthy(store->db);
}
