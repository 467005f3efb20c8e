#include "store/inside.h"

#include "json/write.h"

void store_rest_prefix(struct cache_prefix *prefix, const struct store *store, const struct rest_key *key)
{
    struct str parts[] = { key->dialect, key->kind, key->brand };

    store_cache_prefix(prefix, store->cache, CACHE_REST, parts, COUNT(parts));
}

static void bind_key(struct db_statement *statement, const struct rest_key *key)
{
    db_bind_text(statement, 1, key->kind);
    db_bind_text(statement, 2, key->brand);
    db_bind_text(statement, 3, key->canonical_id);
    db_bind_text(statement, 4, key->dialect);
}

int store_rest_load(struct db *db, struct arena *arena, const struct rest_key *key, struct str *json,
                    struct err *err)
{
    struct db_statement *load = db_prepare(db, "SELECT json FROM entity WHERE kind = ?1 AND brand = ?2 "
                                               "AND canonical_id = ?3 AND dialect = ?4");

    bind_key(load, key);
    int rc = db_step(load, err);
    *json = rc == 1 && !db_column_null(load, 0) ? arena_copy(arena, db_column_text(load, 0)) : STR("");
    return rc < 0 ? -1 : 0;
}

static int save(struct store *store, const struct rest_write *write, struct str json, struct err *err)
{
    struct db_statement *save =
        db_prepare(store->db, "INSERT INTO entity(kind, brand, canonical_id, dialect, json, owner) "
                              "VALUES(?1, ?2, ?3, ?4, ?5, nullif(?6, '')) "
                              "ON CONFLICT(canonical_id, brand, kind, dialect) DO UPDATE "
                              "SET json = excluded.json, owner = coalesce(owner, excluded.owner)");

    store_keeps_some(store, write->key.dialect, write->key.kind);
    bind_key(save, &write->key);
    db_bind_text(save, 5, json);
    db_bind_text(save, 6, write->owner);
    return db_step(save, err) < 0 ? -1 : 0;
}

/* The id stays, if there is one. */
static int forget(struct db *db, const struct rest_key *key, struct err *err)
{
    struct db_statement *delete =
        db_prepare(db, "DELETE FROM entity WHERE kind = ?1 AND brand = ?2 AND canonical_id = ?3 "
                       "AND dialect = ?4 AND dialect_id IS NULL");
    struct db_statement *clear =
        db_prepare(db, "UPDATE entity SET json = NULL WHERE kind = ?1 AND brand = ?2 AND canonical_id = ?3 "
                       "AND dialect = ?4 AND json IS NOT NULL");

    bind_key(delete, key);
    bind_key(clear, key);
    return db_step(delete, err) < 0 || db_step(clear, err) < 0 ? -1 : 0;
}

static int keep(struct store *store, const struct rest_write *write, struct str json, struct err *err)
{
    return json.len ? save(store, write, json, err) : forget(store->db, &write->key, err);
}

/* The rest stays as it is. */
static int set_owner(struct db *db, const struct rest_write *write, struct err *err)
{
    if (!write->owner.len)
        return 0;
    struct db_statement *set =
        db_prepare(db, "UPDATE entity SET owner = ?5 WHERE kind = ?1 AND brand = ?2 AND canonical_id = ?3 "
                       "AND dialect = ?4 AND owner IS NULL");
    bind_key(set, &write->key);
    db_bind_text(set, 5, write->owner);
    return db_step(set, err) < 0 ? -1 : 0;
}

/* What is kept must be readable again. Its parts came in under the configuration's limits, and when the backend has the rest of
 * the document is no time to refuse it for others. */
static int read_json(struct tape *tape, struct arena *arena, struct str text, const char *what,
                     struct err *err)
{
    struct tape_fault fault;

    if (tape_read(tape, arena, text, &tape_known_limits, &fault))
        return 0;
    return err_set(err, fault.limit ? ERR_TOO_LARGE : ERR_INTERNAL, "rest: %s: %s", what, fault.what);
}

static bool is_nothing(const struct tape *tape)
{
    return tape_type(tape, 0) == JSON_NULL || (tape_type(tape, 0) == JSON_OBJECT && tape_count(tape, 0) == 0);
}

int store_rest_whole(struct arena *arena, struct str patch, struct str *json, struct err *err)
{
    struct tape tape;

    if (read_json(&tape, arena, patch, "new", err))
        return -1;
    *json = is_nothing(&tape) ? STR("") : patch;
    return 0;
}

static int merge(struct arena *arena, struct str old, struct str patch, struct str *json, struct err *err)
{
    struct tape target = { 0 }, change, merged;
    struct buf buf = buf_in(arena, tape_default_limits.bytes);

    if ((old.len && read_json(&target, arena, old, "stored", err)) ||
        read_json(&change, arena, patch, "patch", err))
        return -1;
    json_merge_patch(&buf, &target, old.len ? 0 : TAPE_NONE, &change, 0);
    if (!buf_ok(&buf))
        return err_set(err, ERR_TOO_LARGE, "rest: too large");
    *json = buf_str(&buf);
    if (read_json(&merged, arena, *json, "merged", err))
        return -1;
    if (is_nothing(&merged))
        *json = STR("");
    return 0;
}

/* A new entity's rest replaces what there is, and needs no look at it. */
static int put_whole(struct store *store, struct arena *arena, const struct rest_write *write, struct str *json,
                     struct err *err)
{
    if (store_rest_whole(arena, write->patch, json, err))
        return -1;
    return keep(store, write, *json, err);
}

static int put_merged(struct store *store, struct arena *arena, const struct rest_write *write, struct str *json,
                      struct err *err)
{
    struct str old;

    if (store_rest_load(store->db, arena, &write->key, &old, err))
        return -1;
    if (write->only_if.ptr && !str_eq(write->only_if, old))
        return err_set(err, ERR_PRECONDITION, "rest: it was changed meanwhile");
    if (merge(arena, old, write->patch, json, err))
        return -1;
    return str_eq(old, *json) ? set_owner(store->db, write, err) : keep(store, write, *json, err);
}

int store_rest_patch(struct store *store, struct arena *arena, const struct rest_write *write, struct str *json,
                     struct err *err)
{
    const struct rest_key *key = &write->key;
    int erased = store_is_erased(store, key->kind, key->brand, key->canonical_id, err);

    *json = STR("");
    if (erased)
        return erased < 0 ? -1 : 0;
    if (store_found_save(store->db, write, err))
        return -1;
    return write->whole ? put_whole(store, arena, write, json, err) : put_merged(store, arena, write, json, err);
}
