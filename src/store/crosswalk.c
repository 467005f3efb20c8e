#include "store/inside.h"

enum { ID_MAX_BYTES = 255 };

struct import {
    struct db_job job;
    struct store *store;
    const struct crosswalk_row *rows;
    size_t count;
};

static int refuse(const struct crosswalk_row *row, enum err_code code, struct err *err, const char *why)
{
    return err_set(err, code, "line %u: %s", row->line, why);
}

/* Ids are not repeated in messages: they may be a patient's. */
static int check_row(const struct crosswalk_row *row, struct err *err)
{
    const struct {
        const char *empty, *bad;
        struct str value;
    } parts[] = {
        { .empty = "no dialect", .bad = "dialect is not valid", .value = row->dialect },
        { .empty = "no kind", .bad = "kind is not valid", .value = row->kind },
        { .empty = "no brand", .bad = "brand is not valid", .value = row->brand },
        { .empty = "no dialect_id", .bad = "dialect_id is not valid", .value = row->dialect_id },
        { .empty = "no canonical_id", .bad = "canonical_id is not valid", .value = row->canonical_id },
    };

    for (size_t i = 0; i < COUNT(parts); i++) {
        struct str value = parts[i].value;
        if (!value.len)
            return refuse(row, ERR_INVALID, err, parts[i].empty);
        if (value.len > ID_MAX_BYTES || !str_is_utf8(value) || memchr(value.ptr, 0, value.len))
            return refuse(row, ERR_INVALID, err, parts[i].bad);
    }
    return 0;
}

static void bind_row(struct db_statement *statement, const struct crosswalk_row *row)
{
    db_bind_text(statement, 1, row->dialect);
    db_bind_text(statement, 2, row->kind);
    db_bind_text(statement, 3, row->brand);
}

/* What is stored under the dialect id: 1 the very same row, 0 nothing, -1 a contradiction. */
static int check_taken(struct db *db, const struct crosswalk_row *row, struct err *err)
{
    struct db_statement *find = db_prepare(db, "SELECT canonical_id, erased FROM entity WHERE dialect = ?1 "
                                               "AND kind = ?2 AND brand = ?3 AND dialect_id = ?4");

    bind_row(find, row);
    db_bind_text(find, 4, row->dialect_id);
    int found = db_step(find, err);
    if (found < 0)
        return err_wrap(err, "line %u", row->line);
    if (found && db_column_int(find, 1))
        return refuse(row, ERR_CONFLICT, err, "the dialect_id belonged to an entity that was erased");
    if (found && !str_eq(db_column_text(find, 0), row->canonical_id))
        return refuse(row, ERR_CONFLICT, err, "the dialect_id belongs to another canonical_id");
    return found;
}

/* The dialect id is free; the canonical id must be, too, except that its row (0: none) may have a rest only. */
static int check_canonical(struct store *store, const struct crosswalk_row *row, int64_t *at, struct err *err)
{
    struct rest_key key = { row->dialect, row->kind, row->brand, row->canonical_id };
    struct db_statement *find = db_prepare(store->db, "SELECT 1 FROM entity WHERE at = ?1 AND dialect_id IS NOT NULL");
    int erased = store_is_erased(store, row->kind, row->brand, row->canonical_id, err);
    int known = erased ? 0 : store_row(store, &key, at, err);

    if (known == 1) {
        db_bind_int(find, 1, *at);
        known = db_step(find, err);
    }
    if (erased < 0 || known < 0)
        return err_wrap(err, "line %u", row->line);
    if (erased)
        return refuse(row, ERR_CONFLICT, err, "the canonical_id was erased");
    return known ? refuse(row, ERR_CONFLICT, err, "the canonical_id has another dialect_id") : 0;
}

static int complete_row(struct db *db, const struct crosswalk_row *row, int64_t at, struct err *err)
{
    struct db_statement *set = db_prepare(db, "UPDATE entity SET dialect_id = ?2 WHERE at = ?1");

    db_bind_int(set, 1, at);
    db_bind_text(set, 2, row->dialect_id);
    return db_step(set, err) < 0 ? -1 : 0;
}

static int insert_row(struct store *store, const struct crosswalk_row *row, struct err *err)
{
    struct rest_key key = { row->dialect, row->kind, row->brand, row->canonical_id };

    return store_row_insert(store, &key, row->dialect_id, STR(""), STR(""), err) < 0 ? -1 : 0; /* the id was found free */
}

/* New integers start above every imported one. Larger numbers than these are no integers that a dialect
 * counts. */
static int raise_sequence(struct store *store, const struct crosswalk_row *row, struct err *err)
{
    struct sequence *sequence;
    uint64_t value;

    if (!str_to_uint(row->dialect_id, &value) || value >= (uint64_t)INT64_MAX / 2)
        return 0;
    if (store_sequence(store, row->dialect, row->kind, row->brand, &sequence, err))
        return err_wrap(err, "line %u", row->line);
    if (sequence->next <= (int64_t)value)
        sequence->next = (int64_t)value + 1;
    return 0;
}

static int import_row(struct store *store, const struct crosswalk_row *row, struct err *err)
{
    struct db *db = store->db;
    int64_t at = 0;
    int known = check_row(row, err) ? -1 : check_taken(db, row, err);

    if (known)
        return known < 0 ? -1 : 0;
    if (check_canonical(store, row, &at, err))
        return -1;
    if (at ? complete_row(db, row, at, err) : insert_row(store, row, err))
        return err_wrap(err, "line %u", row->line);
    return raise_sequence(store, row, err);
}

static int run_import(struct db_job *job, struct db *db, struct err *err)
{
    const struct import *import = (struct import *)job;

    (void)db;
    for (size_t i = 0; i < import->count; i++)
        if (import_row(import->store, &import->rows[i], err))
            return -1;
    return 0;
}

int store_crosswalk_import(struct store *store, const struct crosswalk_row *rows, size_t count,
                           struct err *err)
{
    struct import import = { .job = { .run = run_import }, .store = store, .rows = rows, .count = count };

    return db_run(store->db, &import.job, err);
}

struct walk {
    struct db_job job;
    store_crosswalk_fn *each;
    void *data;
};

static int run_walk(struct db_job *job, struct db *db, struct err *err)
{
    const struct walk *walk = (struct walk *)job;
    struct db_statement *all = db_prepare(
        db, "SELECT dialect, kind, brand, dialect_id, canonical_id FROM entity "
            "WHERE erased = 0 AND dialect_id IS NOT NULL ORDER BY dialect, kind, brand, canonical_id");
    int rc;

    for (unsigned line = 1; (rc = db_step(all, err)) == 1; line++) {
        struct crosswalk_row row = { .dialect = db_column_text(all, 0),
                                     .kind = db_column_text(all, 1),
                                     .brand = db_column_text(all, 2),
                                     .dialect_id = db_column_text(all, 3),
                                     .canonical_id = db_column_text(all, 4),
                                     .line = line };
        if (walk->each(&row, walk->data))
            return err_set(err, ERR_INTERNAL, "crosswalk: stopped at row %u", line);
    }
    return rc;
}

int store_crosswalk_each(struct store *store, store_crosswalk_fn *each, void *data, struct err *err)
{
    struct walk walk = { .job = { .run = run_walk }, .each = each, .data = data };

    return db_run(store->db, &walk.job, err);
}
