/* Rows of the table entity, found by canonical id and made. */
#include "store/inside.h"

struct wanted {
    struct str dialect;
    int64_t row;
};

static bool is_wanted(int64_t row, struct str dialect, void *data)
{
    struct wanted *wanted = data;

    if (!str_eq(dialect, wanted->dialect))
        return false;
    wanted->row = row;
    return true;
}

int store_row(struct store *store, const struct rest_key *key, int64_t *row, struct err *err)
{
    struct entity entity = { .kind = key->kind, .brand = key->brand, .canonical_id = key->canonical_id };
    struct wanted wanted = { .dialect = key->dialect };
    int rc = store_hints_walk(store, &entity, is_wanted, &wanted, err);

    *row = wanted.row;
    return rc;
}

struct listing {
    struct arena *arena;
    struct row *rows;
};

static bool list_row(int64_t row, struct str dialect, void *data)
{
    struct listing *listing = data;
    struct row *made = ARENA_NEW(listing->arena, struct row);

    (void)dialect;
    *made = (struct row){ .at = row, .next = listing->rows };
    listing->rows = made;
    return false;
}

int store_rows(struct store *store, struct arena *arena, const struct entity *entity, struct row **rows, struct err *err)
{
    struct listing listing = { .arena = arena };
    int rc = store_hints_walk(store, entity, list_row, &listing, err);

    *rows = listing.rows;
    return rc;
}

int store_row_insert(struct store *store, const struct rest_key *key, struct str dialect_id, struct str owner,
                     struct str json, struct err *err)
{
    struct db_statement *add =
        db_prepare(store->db, "INSERT INTO entity(dialect, kind, brand, canonical_id, dialect_id, owner, json) "
                              "VALUES(?1, ?2, ?3, ?4, nullif(?5, ''), nullif(?6, ''), nullif(?7, '')) "
                              "ON CONFLICT DO NOTHING");

    if (json.len)
        store_keeps_some(store, key->dialect, key->kind);
    db_bind_text(add, 1, key->dialect);
    db_bind_text(add, 2, key->kind);
    db_bind_text(add, 3, key->brand);
    db_bind_text(add, 4, key->canonical_id);
    db_bind_text(add, 5, dialect_id);
    db_bind_text(add, 6, owner);
    db_bind_text(add, 7, json);
    if (db_step(add, err) < 0)
        return -1;
    if (db_changes(store->db) == 0)
        return 0;
    return store_hint_made(store, key, db_last_row(store->db), err) ? -1 : 1;
}

int store_row_own(struct db *db, int64_t row, struct str owner, struct err *err)
{
    struct db_statement *set = db_prepare(db, "UPDATE entity SET owner = ?2 WHERE at = ?1 AND owner IS NULL");

    db_bind_int(set, 1, row);
    db_bind_text(set, 2, owner);
    return db_step(set, err) < 0 ? -1 : 0;
}
