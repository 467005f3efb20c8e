#include "store/inside.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CACHE_BYTES = 64 * 1024 * 1024 };

/* One row for each entity and dialect: its id there (a verbatim one may have none) and what the dialect keeps
 * beside it (`json`), with which it is written at once. Rows stand in the order in which they came; those of a
 * canonical id are found by hints (hints.c).
 *
 * A dialect id, once given, keeps its row for ever: `erased` makes it a tombstone. `erasure` remembers erased
 * entities that a dialect had not seen, so that a request still under way does not bring anything of them
 * back; it is keyed to be asked about owners, too, whose kind is not known. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS entity("
    "  at INTEGER PRIMARY KEY, kind TEXT NOT NULL, brand TEXT NOT NULL, canonical_id TEXT NOT NULL,"
    "  dialect TEXT NOT NULL, dialect_id TEXT, erased INTEGER NOT NULL DEFAULT 0, owner TEXT, json TEXT) "
    "STRICT;"
    "CREATE UNIQUE INDEX IF NOT EXISTS entity_id ON entity(dialect_id, brand, kind, dialect)"
    "  WHERE dialect_id IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS entity_owner ON entity(owner, brand) WHERE owner IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS hint(hash INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(hash, at)) "
    "STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS hint_state(low INTEGER NOT NULL, high INTEGER NOT NULL, up_to INTEGER, "
    "  turn INTEGER NOT NULL DEFAULT 0) STRICT;"
    "INSERT INTO hint_state(low, high) SELECT random(), random() WHERE NOT EXISTS(SELECT 1 FROM hint_state);"
    "CREATE TABLE IF NOT EXISTS sequence("
    "  dialect TEXT NOT NULL, kind TEXT NOT NULL, brand TEXT NOT NULL, next INTEGER NOT NULL,"
    "  PRIMARY KEY(dialect, kind, brand)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS erasure("
    "  kind TEXT NOT NULL, brand TEXT NOT NULL, canonical_id TEXT NOT NULL,"
    "  PRIMARY KEY(brand, canonical_id, kind)) STRICT, WITHOUT ROWID;"
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

/* `up_to` NULL: it is not known which rows have hints. Who changes rows by hand sets it so.
 *
 * Files of before had a table of ids and one of rests. */
static const char upgrade[] =
    "INSERT INTO entity(kind, brand, canonical_id, dialect, dialect_id, erased, owner, json)"
    "  SELECT c.kind, c.brand, c.canonical_id, c.dialect, c.dialect_id, c.erased, coalesce(c.owner, "
    "r.owner), r.json"
    "  FROM crosswalk c LEFT JOIN rest r USING(kind, brand, canonical_id, dialect)"
    "  ORDER BY c.dialect, c.kind, c.brand, c.dialect_id;"
    "INSERT INTO entity(kind, brand, canonical_id, dialect, owner, json)"
    "  SELECT kind, brand, canonical_id, dialect, owner, json FROM rest r WHERE NOT EXISTS("
    "    SELECT 1 FROM crosswalk c WHERE c.kind = r.kind AND c.brand = r.brand"
    "      AND c.canonical_id = r.canonical_id AND c.dialect = r.dialect);"
    "DROP TABLE crosswalk;"
    "DROP TABLE rest;"
    "CREATE UNIQUE INDEX IF NOT EXISTS entity_canonical ON entity(canonical_id, brand, kind, dialect);"; /* refuses two ids of one */

/* Then there was an index of canonical ids, and the one of dialect ids had another order. Rows of that time have no hints. */
static const char upgrade_indexes[] = "DROP INDEX entity_canonical;"
                                      "DROP INDEX IF EXISTS entity_dialect;"
                                      "UPDATE hint_state SET up_to = NULL;";

struct upgrade {
    struct db_job job;
    struct store *store;
};

static int upgrade_from(struct db *db, const char *name, const char *sql, struct err *err)
{
    struct db_statement *old = db_prepare(db, "SELECT 1 FROM sqlite_schema WHERE name = ?1");

    db_bind_text(old, 1, str_from(name));
    int found = db_step(old, err);
    db_end(old); /* a table cannot go while one is read */
    return found == 1 ? db_exec(db, sql, err) : found;
}

static int run_upgrade(struct db_job *job, struct db *db, struct err *err)
{
    if (upgrade_from(db, "crosswalk", upgrade, err) || upgrade_from(db, "entity_canonical", upgrade_indexes, err))
        return -1;
    return store_hints_begin(((struct upgrade *)job)->store, db, err);
}

static int open_file(struct store *store, const char *path, struct err *err)
{
    struct upgrade all = { .job = { .run = run_upgrade }, .store = store };

    if (db_open(&store->db, path, schema, err))
        return -1;
    if (db_run(store->db, &all.job, err) == 0)
        return 0;
    db_close(&store->db);
    return err_wrap(err, "%s", path);
}

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

/* Without its rows another entity gets the number by which a client knows one. */
static void note_missing(const char *path, const char *claimed)
{
    struct stat found;

    if (stat(claimed, &found) || (stat(path, &found) == 0 && found.st_size > 0))
        return;
    log_line(LOG_WARN, "%s is missing, although a gateway has used this folder: ids begin anew, and one that a client knows may"
             " come to mean another entity; if the file was lost, stop, and restore it from a backup", path);
}

/* Behind the number in the claim's file while a gateway has the store; one that nobody has was left by who was killed. */
static const struct str open_mark = STR_INIT(" open");

/* What stands before the mark, in bytes; -1: there is none. */
static off_t marked_at(int file)
{
    char text[32];
    ssize_t len = pread(file, text, sizeof text, 0);
    struct str said = str_of(text, len > 0 ? (size_t)len : 0);
    bool is = said.len >= open_mark.len && str_eq(str_from_at(said, said.len - open_mark.len), open_mark);

    return is ? (off_t)(said.len - open_mark.len) : -1;
}

static bool drop_mark(int file)
{
    off_t at = marked_at(file);

    return at >= 0 && ftruncate(file, at) == 0;
}

/* Who is killed leaves the log, which holds what was stored last; who ends by himself takes it in, and so does whoever opens the
 * file next. */
static void note_missing_log(struct arena *arena, const char *path, const char *claimed)
{
    const char *log = arena_printf(arena, "%s-wal", path).ptr;
    int file = open(claimed, O_RDWR | O_CLOEXEC);
    struct stat found;

    if (file < 0)
        return;
    /* Not locked without a reason: a gateway that starts meanwhile would be refused. */
    if (marked_at(file) >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0 && drop_mark(file)) {
        if (stat(log, &found) && errno == ENOENT && stat(path, &found) == 0 && found.st_size > 0)
            log_line(LOG_WARN, "%s is missing, although the last gateway here was killed: if it was removed, what was stored last"
                     " is lost, and ids that clients know may be given again; if another program has opened %s since,"
                     " all is well", log, path);
    }
    (void)close(file);
}

int store_open(struct store **opened, const char *dir, struct err *err)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct store *store = ARENA_NEW(arena, struct store);
    const char *path = arena_printf(arena, "%s/gateway.db", dir).ptr;

    store->arena = arena;
    atomic_init(&store->claim, -1);
    store->claimed = arena_printf(arena, "%s/gateway.lock", dir).ptr;
    store->unit.arena = arena_new(SIZE_MAX);
    store->hints.arena = arena_new(SIZE_MAX);
    store->hints.buckets = ARENA_ARRAY(arena, struct hint *, HINT_BUCKETS);
    note_missing(path, store->claimed);
    note_missing_log(arena, path, store->claimed);
    if (make_dir(dir, err) || open_file(store, path, err)) {
        arena_free(&store->hints.arena);
        arena_free(&store->unit.arena);
        arena_free(&arena);
        return err_wrap(err, "store");
    }
    store->cache = store_cache_new(arena, CACHE_BYTES);
    (void)pthread_mutex_init(&store->lock, NULL);
    (void)pthread_cond_init(&store->wake, NULL);
    *opened = store;
    return 0;
}

/* Whoever has the lock writes his number into the file, for the one who comes after. */
static int lock(int file, struct err *err)
{
    char text[32];

    if (flock(file, LOCK_EX | LOCK_NB) == 0)
        return ftruncate(file, 0) || dprintf(file, "%d" STR_FMT, (int)getpid(), STR_ARG(open_mark)) < 0
                   ? err_set(err, ERR_CONFIG, "%s", strerror(errno))
                   : 0;
    if (errno != EWOULDBLOCK)
        return err_set(err, ERR_CONFIG, "%s", strerror(errno));
    ssize_t len = read(file, text, sizeof text);
    struct str said = str_of(text, len > 0 ? (size_t)len : 0), process = STR("?");
    (void)str_next(&said, ' ', &process);
    return err_set(err, ERR_CONFIG, "process " STR_FMT " has it: one gateway or seed at a time", STR_ARG(process));
}

int store_claim(struct store *store, struct err *err)
{
    const char *path = store->claimed;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (file < 0)
        return err_set(err, ERR_CONFIG, "store: %s: %s", path, strerror(errno));
    if (lock(file, err)) {
        (void)close(file);
        return err_wrap(err, "store: %s", path);
    }
    atomic_store_explicit(&store->claim, file, memory_order_release);
    store_keeps_survey(store);
    return 0;
}

void store_close(struct store **closed)
{
    struct store *store = *closed;

    if (!store)
        return;
    atomic_store_explicit(&store->closing, true, memory_order_release);
    if (store->claim >= 0)
        store_hints_end(store);
    db_close(&store->db);
    store_task_free_all(store);
    store_cache_done(store->cache);
    if (store->claim >= 0) {
        (void)drop_mark(store->claim);
        (void)close(store->claim);
    }
    (void)pthread_cond_destroy(&store->wake);
    (void)pthread_mutex_destroy(&store->lock);
    arena_free(&store->hints.arena);
    arena_free(&store->unit.arena);
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
