/* What the files of store/ share; nobody else includes this. */
#pragma once

#include "base/siphash.h"
#include "db/db.h"
#include "store/cache.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct task;

/* unit.c: what the jobs that are undone together share. */
struct sequence {
    struct str dialect, kind, brand;
    int64_t next;   /* the integer for the next new id: who takes it adds one */
    int64_t stored; /* what the table has */
    struct sequence *more;
};
struct unit {
    uint64_t number; /* db_unit's; 0: none yet */
    struct arena *arena;
    struct sequence *sequences;
    enum { ERASURES_UNKNOWN, ERASURES_NONE, ERASURES_SOME } erasures;
};

/* hints.c: where the rows of canonical ids are. The db thread's. */
enum { HINT_BUCKET_BITS = 15, HINT_BUCKETS = 1 << HINT_BUCKET_BITS, HINTS_MOST = 32768 };
struct hint {
    uint64_t hash;
    int64_t row;
    int64_t stored_in; /* a turn; 0: none */
    struct hint *next, *before; /* in its bucket; of `fresh` */
};
struct hints {
    struct arena *arena;
    struct hint **buckets; /* by the first bits of the hash, so that they are in its order */
    struct hint *unused;
    size_t count, most; /* so many stay in memory: HINTS_MOST, in tests fewer */
    struct siphash_key key;
    struct hint *fresh; /* of rows that were made in this unit, the last one first */
    uint64_t unit;    /* db_unit() in which follow() was done */
    int64_t version;  /* SQLite's data_version when the rows were read; -1: they were not */
    bool owned;       /* they were read when this process had claimed the directory */
    int64_t last;     /* the largest row number */
    int64_t mark;     /* rows up to it must have their hints in the file when a round of turns ends */
    size_t next;      /* where the next turn begins */
    int64_t turn;     /* the number of the last one */
    bool pending;     /* it is not known yet whether that one is durable, and nothing of it was dropped */
    size_t turn_end;  /* it stored the buckets before this one */
    uint64_t commits; /* db_commits() at that time */
};

enum { KEEPS_WORDS = 16 };

struct store {
    struct arena *arena; /* this struct and the cache */
    const char *claimed; /* the file that store_claim locks */
    _Atomic int claim; /* the lock's file, or -1 */
    struct db *db;
    struct cache *cache;
    _Atomic uint64_t id_allocated;
    _Atomic uint64_t keeps[KEEPS_WORDS];
    _Atomic bool surveyed, closing;
    pthread_mutex_t lock; /* for the next two */
    pthread_cond_t wake;
    struct task *tasks; /* submitted and not finished */
    struct unit unit;   /* the db thread's */
    struct hints hints;
};

/* One job with all its memory, and its way back. `run` and `committed` happen on the db thread, `finish` on the loop;
 * in between nobody else touches it. `run` may be called twice (db_job's `repeatable`), so it sets all its results each
 * time; a list of what must leave the cache may then name a thing twice. */
struct task {
    struct db_job job;
    struct post post;
    struct store *store;
    struct loop *loop;   /* NULL: the submitter waits and finishes it */
    struct arena *arena; /* the task itself and all it needs */
    struct task *next, *before;
    int (*run)(struct task *task, struct db *db, struct err *err);
    void (*committed)(struct task *task); /* updates the cache; not after a failure */
    void (*finish)(struct task *task, const struct err *err);
    bool ready, failed;
    struct err err;
};

/* Zeroed memory of `size` bytes that starts with the task, in the task's own arena. */
void *store_task_new(struct store *store, struct loop *loop, size_t size);
void store_task_submit(struct task *task);
void store_task_free_all(struct store *store); /* after the db's end: those whose loop ended before them */

/* A result into its owner's arena; -1 when there is no room. */
MUST_CHECK int store_give(struct arena *arena, struct str value, struct str *to, struct err *err);

/* On the db thread, results in `arena`. */

/* 1 something was ever erased, 0 nothing, -1 failed. */
MUST_CHECK int store_any_erased(struct store *store, struct err *err);
void store_unit_erases(struct store *store);
/* The next number of an id sequence. It is written before anything that used it becomes durable. */
MUST_CHECK int store_sequence(struct store *store, struct str dialect, struct str kind, struct str brand,
                              struct sequence **found, struct err *err);

/* 1 erased, 0 not, -1 failed. */
MUST_CHECK int store_is_erased(struct store *store, struct str kind, struct str brand, struct str canonical_id,
                               struct err *err);

/* An erased entity, and a cache entry of it that must go: its rest in a dialect, or (with an id) its row in the
 * crosswalk. */
struct entity {
    struct str kind, brand, canonical_id;
    struct entity *next;
};
struct trace {
    const struct entity *entity;
    struct str dialect, dialect_id;
    struct trace *next;
};

/* The entity itself, not what it owns. Adds to `traces`; `entity` must live as long as they do. */
MUST_CHECK int store_entity_erase(struct store *store, struct arena *arena, const struct entity *entity,
                                  struct trace **traces, struct err *err);
/* The same, but only if `owner` (may be empty) was erased before. */
MUST_CHECK int store_entity_follow(struct store *store, struct arena *arena, struct entity entity, struct str owner,
                                   struct trace **traces, struct err *err);
void store_traces_drop(struct store *store, const struct trace *traces); /* after the commit */

/* row.c: the row of an entity in a dialect: 1 found, 0 there is none, -1 failed. */
MUST_CHECK int store_row(struct store *store, const struct rest_key *key, int64_t *row, struct err *err);
/* Its rows in all dialects, in no order; one may be named twice. */
struct row {
    int64_t at;
    struct row *next;
};
MUST_CHECK int store_rows(struct store *store, struct arena *arena, const struct entity *entity, struct row **rows,
                          struct err *err);
/* The only insertion: of an entity that has no row in the dialect. Empty: no dialect id, owner or rest. 1 made, 0 the
 * dialect id is taken, -1 failed. */
MUST_CHECK int store_row_insert(struct store *store, const struct rest_key *key, struct str dialect_id, struct str owner,
                                struct str json, struct err *err);
MUST_CHECK int store_row_own(struct db *db, int64_t row, struct str owner, struct err *err); /* the first owner stays */

/* hints.c: every row of an entity, some twice, until one is enough: 1 it was, 0 it was not, -1 failed. */
typedef bool row_fn(int64_t row, struct str dialect, void *data); /* true: enough */
MUST_CHECK int store_hints_walk(struct store *store, const struct entity *entity, row_fn *each, void *data, struct err *err);
/* For a row that was just inserted: without it the row is not found any more. */
MUST_CHECK int store_hint_made(struct store *store, const struct rest_key *key, int64_t row, struct err *err);
/* When the file is opened, in a job of its own: a file of before has no hints. */
MUST_CHECK int store_hints_begin(struct store *store, struct db *db, struct err *err);
/* Stores those in memory before the file is closed, so that nothing is to be read when it is opened again. Not on the db
 * thread. */
void store_hints_end(struct store *store);

/* One look-up on its way. How an id was found: only what a row says may be cached. */
enum id_source { ID_UNKNOWN, ID_ROW, ID_NEW_ROW, ID_ITSELF };
struct id_item {
    struct id_query query;
    size_t at; /* in the batch */
    enum id_source source;
    bool owned;      /* the row has an owner */
    int64_t row;     /* 0: none yet */
    struct str rest; /* a new entity's, kept in the row that is made for it; may be empty */
    bool rest_kept;  /* result: it was made, so `rest` is kept */
};
MUST_CHECK int store_id_find(struct store *store, struct arena *arena, struct id_item *item, struct err *err);

/* From and to the cache. A row without an owner does not answer a query that has one. */
MUST_CHECK bool store_id_get(struct store *store, struct arena *arena, const struct cache_prefix *prefix,
                             struct id_query *query);
void store_id_put(struct store *store, struct arena *arena, const struct id_item *item);

MUST_CHECK int store_rest_load(struct store *store, struct arena *arena, const struct rest_key *key,
                               struct str *json, struct err *err);
/* A new entity's rest as it is kept: empty for none. */
MUST_CHECK int store_rest_whole(struct arena *arena, struct str patch, struct str *json, struct err *err);
/* `json`: what is stored now, empty for none. */
MUST_CHECK int store_rest_patch(struct store *store, struct arena *arena, const struct rest_write *write,
                                struct str *json, struct err *err);

/* keeps.c; on the db thread: from now on store_keeps is true of it; before a rest is written. */
void store_keeps_some(struct store *store, struct str dialect, struct str kind);
/* Begins to find out what the file has. Once, and only if no other process writes rests. */
void store_keeps_survey(struct store *store);

/* found.c: with the rest, and with its entity. */
MUST_CHECK int store_found_save(struct db *db, const struct rest_write *write, struct err *err);
MUST_CHECK int store_found_erase(struct db *db, const struct entity *entity, struct err *err);

/* What the cache's keys of a kind begin with; the id comes last. */
void store_id_prefix(struct cache_prefix *prefix, const struct store *store, const struct id_query *query, bool to_dialect);
void store_rest_prefix(struct cache_prefix *prefix, const struct store *store, const struct rest_key *key);
