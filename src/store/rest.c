#include "store/inside.h"

#include "json/write.h"

void store_rest_prefix(struct cache_prefix *prefix, const struct store *store, const struct rest_key *key)
{
    struct str parts[] = { key->dialect, key->kind, key->brand };

    store_cache_prefix(prefix, store->cache, CACHE_REST, parts, COUNT(parts));
}

/* `row` 0: there is none. */
static int load(struct db *db, struct arena *arena, int64_t row, struct str *json, struct err *err)
{
    struct db_statement *load = db_prepare(db, "SELECT json FROM entity WHERE at = ?1");

    db_bind_int(load, 1, row);
    int rc = row ? db_step(load, err) : 0;
    *json = rc == 1 && !db_column_null(load, 0) ? arena_copy(arena, db_column_text(load, 0)) : STR("");
    return rc < 0 ? -1 : 0;
}

int store_rest_load(struct store *store, struct arena *arena, const struct rest_key *key, struct str *json,
                    struct err *err)
{
    int64_t row;

    return store_row(store, key, &row, err) < 0 ? -1 : load(store->db, arena, row, json, err);
}

static int update(struct store *store, int64_t row, const struct rest_write *write, struct str json, struct err *err)
{
    struct db_statement *set = db_prepare(
        store->db, "UPDATE entity SET json = ?2, owner = coalesce(owner, nullif(?3, '')) WHERE at = ?1");

    store_keeps_some(store, write->key.dialect, write->key.kind);
    db_bind_int(set, 1, row);
    db_bind_text(set, 2, json);
    db_bind_text(set, 3, write->owner);
    return db_step(set, err) < 0 ? -1 : 0;
}

/* The row stays, for the next rest: hints of rows that come and go would become ever more. */
static int forget(struct db *db, int64_t row, struct err *err)
{
    struct db_statement *clear = db_prepare(db, "UPDATE entity SET json = NULL WHERE at = ?1 AND json IS NOT NULL");

    db_bind_int(clear, 1, row);
    return db_step(clear, err) < 0 ? -1 : 0;
}

static int keep(struct store *store, int64_t row, const struct rest_write *write, struct str json, struct err *err)
{
    if (!json.len)
        return row ? forget(store->db, row, err) : 0;
    if (row)
        return update(store, row, write, json, err);
    return store_row_insert(store, &write->key, STR(""), write->owner, json, err) < 0 ? -1 : 0;
}

/* The rest stays as it is. */
static int set_owner(struct db *db, int64_t row, const struct rest_write *write, struct err *err)
{
    return write->owner.len && row ? store_row_own(db, row, write->owner, err) : 0;
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
    struct buf buf = buf_in(arena, STORE_REST_MOST);

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

/* A new entity's rest replaces what there is. */
static int put_whole(struct store *store, struct arena *arena, int64_t row, const struct rest_write *write,
                     struct str *json, struct err *err)
{
    if (store_rest_whole(arena, write->patch, json, err))
        return -1;
    return keep(store, row, write, *json, err);
}

static int put_merged(struct store *store, struct arena *arena, int64_t row, const struct rest_write *write,
                      struct str *json, struct err *err)
{
    struct str old;

    if (load(store->db, arena, row, &old, err))
        return -1;
    if (write->only_if.ptr && !str_eq(write->only_if, old))
        return err_set(err, ERR_PRECONDITION, "rest: it was changed meanwhile");
    if (merge(arena, old, write->patch, json, err))
        return -1;
    return str_eq(old, *json) ? set_owner(store->db, row, write, err) : keep(store, row, write, *json, err);
}

int store_rest_patch(struct store *store, struct arena *arena, const struct rest_write *write, struct str *json,
                     struct err *err)
{
    const struct rest_key *key = &write->key;
    int erased = store_is_erased(store, key->kind, key->brand, key->canonical_id, err);
    int64_t row;

    *json = STR("");
    if (erased)
        return erased < 0 ? -1 : 0;
    if (store_found_save(store->db, write, err) || store_row(store, key, &row, err) < 0)
        return -1;
    return write->whole ? put_whole(store, arena, row, write, json, err) : put_merged(store, arena, row, write, json, err);
}
