/* The gateway's own state: crosswalk, rests, opaque tokens, OAuth clients and refresh tokens. One store per
 * process, shared by all loops. What is in the cache is answered at once; the rest through one database
 * thread. Nothing here blocks a loop. An id is reported only after it is durable.
 *
 * Where a function takes a loop, NULL stands for none: the call then waits and calls `done` before it returns
 * (command line, start-up, helper threads). */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "net/loop.h"
#include "store/id_form.h"

struct store;

/* `dir` is made (0700) if missing; the file in it is gateway.db. */
MUST_CHECK int store_open(struct store **opened, const char *dir, struct err *err);

/* Claims the directory for this process until store_close (gateway.lock in it, flock). What is kept beside entities is
 * cached for good, so writes of a second process would go unseen. Processes that only import or read ids, or add
 * tokens, need no claim. Fails at once if another process has it. */
MUST_CHECK int store_claim(struct store *store, struct err *err);

/* After the loops stopped running and before they are freed. What was submitted is still done, but its `done`
 * is not called. */
void store_close(struct store **closed);

/* One look-up. Strings are borrowed until the batch is done. */
struct id_query {
    struct str dialect, kind, brand;
    enum id_form form;
    bool to_dialect; /* canonical -> dialect (allocates if unknown), else dialect -> canonical (never
                        allocates) */
    struct str given;
    struct str owner; /* with to_dialect: kept in the row, unless that has one already; else not looked at */
    struct str found; /* result, in the batch's arena; ptr NULL: unknown (or erased) */
};

/* An owner is the canonical id of the entity (a patient) with which another one (a metric, an encounter) must
 * be erased; empty: none, or not known here. No two entities of a brand that own anything may share their
 * canonical id, whatever their kinds. It is what the backend says, or was told when it made the entity; never what a client
 * merely claims. */

/* A batch of look-ups and rest reads and writes that is answered together. A patch that would make a rest longer than
 * STORE_REST_MOST bytes fails with ERR_TOO_LARGE. */
enum { STORE_REST_MOST = 8 << 20 };
struct rest_key {
    struct str dialect, kind, brand, canonical_id; /* kind: the canonical entity */
};
struct rest_read {
    struct rest_key key;
    struct str json; /* result in the batch's arena; empty: none */
};
struct rest_write {
    struct rest_key key;
    struct str patch; /* RFC 7396 merge patch on the stored rest; a rest that becomes {} or null is deleted */
    struct str owner; /* kept with the rest, unless that has one already */
    struct str only_if; /* not NULL: what must be stored (empty: nothing), else the whole batch fails with ERR_PRECONDITION */
    bool whole;       /* `patch` is the rest itself (a new entity's): its nulls are kept, too */
    struct str found_by;      /* not empty: from now on the entity is found by these values of that name */
    const struct str *values; /* and by no others that this dialect kept */
    size_t value_count;
};

struct store_batch {
    struct arena *arena; /* for results; used only on the loop's thread */
    struct id_query *ids;
    size_t id_count;
    struct rest_read *reads;
    size_t read_count;
    struct rest_write *writes;
    size_t write_count;
    void (*done)(struct store_batch *batch, const struct err *err,
                 void *data); /* on the loop; err NULL: all done */
    void *data;
    void *inside; /* the store's */
};

/* True: everything was answered from the cache, `done` is not called. False: `done` comes later. To cancel,
 * set `done` to NULL (results are then dropped; the batch, its arena and strings must still live until then:
 * use store_batch_detach). Writes are applied before reads. */
bool store_batch(struct store *store, struct loop *loop, struct store_batch *batch);

/* False: this dialect keeps nothing beside any entity of the (canonical) kind, so that a read would find nothing. Any thread. */
bool store_keeps(const struct store *store, struct str dialect, struct str kind);

/* The caller goes away: copies nothing back, never calls `done`; afterwards the batch may be freed at once.
 */
void store_batch_detach(struct store_batch *batch);

/* The entities of a brand that have a value which some dialect keeps (`found_by` of a write), without erased ones. More
 * than STORE_FOUND_MAX fail with ERR_TOO_LARGE. */
enum { STORE_FOUND_MAX = 1000 };
struct store_find {
    struct str kind, brand, name, value; /* borrowed until submitted */
    struct arena *arena;                 /* for results */
    struct str *ids;
    size_t count;
    void (*done)(struct store_find *find, const struct err *err, void *data);
    void *data;
    void *inside;
};
void store_find_start(struct store *store, struct loop *loop, struct store_find *find);
void store_find_detach(struct store_find *find); /* as store_batch_detach; fine when nothing is under way */

/* Erases one canonical entity and every entity that it owns, of whatever kind: their rests in every dialect go, and
 * their crosswalk rows become tombstones. An entity is owned if any row or rest of it says so; ownership is not
 * followed further. An entity that is said to be owned only after its owner was erased is erased then. */
struct store_erase {
    struct str kind, brand, canonical_id; /* borrowed until done */
    void (*done)(struct store_erase *erase, const struct err *err, void *data);
    void *data;
    void *inside;
};
void store_erase_start(struct store *store, struct loop *loop, struct store_erase *erase);

/* Opaque tokens and OAuth records: small JSON documents under a hash, looked up by it. Cached; a record added
 * by another process is seen within one second. */
enum record_kind {
    RECORD_TOKEN,   /* key: SHA-256 of an opaque token, hex; value: its claims */
    RECORD_CLIENT,  /* key: client_id; value: {secret_hash, brand, scope, groups, …} */
    RECORD_REFRESH, /* key: SHA-256 of a refresh token, hex; value: {family, client_id, …, used} */
    RECORD_GRANT    /* key: token id; value: what a token endpoint's sub-resources show */
};
struct record_get {
    enum record_kind kind;
    struct str key;
    struct arena *arena;
    struct str value; /* result; ptr NULL: none */
    void (*done)(struct record_get *get, const struct err *err, void *data);
    void *data;
    void *inside;
};
bool store_record_get(struct store *store, struct loop *loop, struct record_get *get); /* as store_batch */
void store_record_detach(struct record_get *get);

/* `value` ptr NULL deletes. `only_if` (or STR_NONE): the stored value must equal it, else err ERR_CONFLICT;
 * this makes "use this refresh token once" atomic. */
struct record_put {
    enum record_kind kind;
    struct str key, value, only_if;
    int64_t expires_ms; /* wall clock; 0: never */
    void (*done)(struct record_put *put, const struct err *err, void *data);
    void *data;
    void *inside;
};
void store_record_put(struct store *store, struct loop *loop, struct record_put *put);

/* Deletes every RECORD_REFRESH whose value has "family" = `family`. */
struct family_revoke {
    struct str family;
    void (*done)(struct family_revoke *revoke, const struct err *err, void *data);
    void *data;
    void *inside;
};
void store_family_revoke(struct store *store, struct loop *loop, struct family_revoke *revoke);

/* Command line, waiting for the result. `each` is called in order of keys on the store's own thread: it must
 * not call the store. When it returns non-zero the walk ends and fails with ERR_INTERNAL. */
MUST_CHECK int store_record_put_now(struct store *store, enum record_kind kind, struct str key,
                                    struct str value, int64_t expires_ms, struct err *err);
typedef int store_record_fn(struct str key, struct str value, void *data);
MUST_CHECK int store_record_each_now(struct store *store, enum record_kind kind, store_record_fn *each,
                                     void *data, struct err *err);

/* One crosswalk row as CSV has it. `line` is for errors. Import is all or nothing; an exact repetition is
 * accepted, a row that contradicts another (or a tombstone) is refused naming its line. */
struct crosswalk_row {
    struct str dialect, kind, brand, dialect_id, canonical_id;
    unsigned line;
};
MUST_CHECK int store_crosswalk_import(struct store *store, const struct crosswalk_row *rows, size_t count,
                                      struct err *err);
/* In order of dialect, kind, brand, canonical id, without tombstones; `each` as above. */
typedef int store_crosswalk_fn(const struct crosswalk_row *row, void *data);
MUST_CHECK int store_crosswalk_each(struct store *store, store_crosswalk_fn *each, void *data,
                                    struct err *err);

/* Readiness and metrics. */
struct store_counts {
    uint64_t id_hits, id_misses, id_allocated, rest_hits, rest_misses, commits;
};
struct store_counts store_count(const struct store *store);
bool store_healthy(const struct store *store); /* the last commit worked */
