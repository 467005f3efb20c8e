/* Where the rows of a canonical id are. A hint is the hash of an entity and the number of a row. Whoever follows it compares
 * the row itself, so a hint that is no longer true costs a look and does no other harm; but every row must have one.
 *
 * Canonical ids come in no order, so an index of them costs a page of the log for each new row. The process that has claimed
 * the directory therefore keeps hints of new rows in memory. When there are HINTS_MOST, the job that makes another row also
 * stores some of them: a turn. Turns go through the hashes in order, so that many hints go into one page, and begin anew
 * after the last one: that is a round. Other processes, which make few rows, store each hint with its row.
 *
 * The hints of all rows up to `hint_state.up_to` are in the file. Those of later rows may be in somebody's memory only; who
 * needs them, and has not made all rows himself since, makes them from the rows. */
#include "store/inside.h"

#include "base/log.h"

enum { AT_ONCE = 1 << 18 }; /* hints of an old file's rows: each lot goes through all pages that there are */

/* The kind is hashed too, and so is the brand: ids such as the keys of metrics are the same in many. */
static uint64_t hash_of(const struct hints *hints, struct str kind, struct str brand, struct str canonical_id)
{
    struct siphash_key key = hints->key;

    key.low ^= siphash(key, canonical_id);
    key.low ^= siphash(key, brand);
    return siphash(key, kind);
}

static struct hint **bucket_of(struct hints *hints, uint64_t hash)
{
    return &hints->buckets[hash >> (64 - HINT_BUCKET_BITS)];
}

static void add(struct hints *hints, uint64_t hash, int64_t row)
{
    struct hint *hint = hints->unused, **bucket = bucket_of(hints, hash);

    if (hint)
        hints->unused = hint->next;
    else
        hint = ARENA_NEW(hints->arena, struct hint);
    *hint = (struct hint){ .hash = hash, .row = row, .next = *bucket, .before = hints->fresh };
    *bucket = hints->fresh = hint;
    hints->count++;
    hints->last = row > hints->last ? row : hints->last;
}

static void drop(struct hints *hints, struct hint **link)
{
    struct hint *hint = *link;

    *link = hint->next;
    hint->next = hints->unused;
    hints->unused = hint;
    hints->count--;
}

static void drop_stored(struct hints *hints, size_t from, size_t to, int64_t turn)
{
    for (size_t i = from; i < to; i++)
        for (struct hint **link = &hints->buckets[i]; *link;)
            if ((*link)->stored_in == turn)
                drop(hints, link);
            else
                link = &(*link)->next;
}

static void drop_all(struct hints *hints)
{
    hints->fresh = NULL;
    for (size_t i = 0; i < HINT_BUCKETS; i++)
        while (hints->buckets[i])
            drop(hints, &hints->buckets[i]);
}

/* Row numbers are given in order, so what was undone is behind the last row that there is. */
static void drop_undone(struct hints *hints, int64_t last)
{
    for (struct hint *hint = hints->fresh; hint; hint = hint->before) {
        struct hint **link = bucket_of(hints, hint->hash);
        while (hint->row > last && *link != hint)
            link = &(*link)->next;
        if (hint->row > last)
            drop(hints, link);
    }
    hints->fresh = NULL;
    hints->last = last;
}

/* INT64_MIN: none. */
static int one_number(struct db_statement *statement, int64_t *number, struct err *err)
{
    int rc = db_step(statement, err);

    if (rc < 0)
        return -1;
    *number = rc == 1 && !db_column_null(statement, 0) ? db_column_int(statement, 0) : INT64_MIN;
    db_end(statement);
    return 0;
}

/* ---- storing ---- */

static int store_one(struct db *db, uint64_t hash, int64_t row, struct err *err)
{
    struct db_statement *put = db_prepare(db, "INSERT INTO hint(hash, at) VALUES(?1, ?2) ON CONFLICT DO NOTHING");

    db_bind_int(put, 1, (int64_t)hash);
    db_bind_int(put, 2, row);
    return db_step(put, err) < 0 ? -1 : 0;
}

/* The turn's number tells later whether what it did became durable. */
static int save_state(const struct hints *hints, struct db *db, bool all, struct err *err)
{
    struct db_statement *save =
        db_prepare(db, "UPDATE hint_state SET turn = ?1, up_to = CASE ?2 WHEN 1 THEN ?3 ELSE up_to END");

    db_bind_int(save, 1, hints->turn);
    db_bind_int(save, 2, all);
    db_bind_int(save, 3, hints->mark);
    return db_step(save, err) < 0 ? -1 : 0;
}

/* From the bucket `*at` on, at least `least` hints, or all up to the last bucket. After that one, all hints that were in
 * memory at the first bucket are in the file: those of the rows up to `mark`. So a row that is made later and is given the
 * number of one before `mark` that is gone must have its hint in the file at once. */
static int store_from(struct hints *hints, struct db *db, size_t *at, size_t least, struct err *err)
{
    size_t stored = 0;

    hints->turn++;
    if (*at == 0)
        hints->mark = hints->last > hints->mark ? hints->last : hints->mark;
    for (; *at < HINT_BUCKETS && stored < least; (*at)++)
        for (struct hint *hint = hints->buckets[*at]; hint; hint = hint->next, stored++) {
            if (store_one(db, hint->hash, hint->row, err))
                return -1;
            hint->stored_in = hints->turn;
        }
    return save_state(hints, db, *at == HINT_BUCKETS, err);
}

static int store_all(struct hints *hints, struct db *db, struct err *err)
{
    size_t at = 0;

    return store_from(hints, db, &at, SIZE_MAX, err);
}

/* A turn: a few hints, and half of those that are too many, so that none takes long although memory does not grow. It is
 * part of a job, whose transaction may come to nothing: until that is known the hints stay, and there is no other turn. */
static int store_some(struct hints *hints, struct db *db, struct err *err)
{
    hints->turn_end = hints->next;
    hints->commits = db_commits(db);
    hints->pending = true;
    return store_from(hints, db, &hints->turn_end, hints->most / 32 + (hints->count - hints->most) / 2, err);
}

/* In a later transaction than the last turn's. */
static int settle(struct hints *hints, struct db *db, struct err *err)
{
    int64_t turn;

    if (!hints->pending || db_commits(db) == hints->commits)
        return 0;
    if (one_number(db_prepare(db, "SELECT turn FROM hint_state"), &turn, err))
        return -1;
    hints->pending = false;
    if (turn != hints->turn)
        return 0;
    drop_stored(hints, hints->next, hints->turn_end, hints->turn);
    hints->next = hints->turn_end % HINT_BUCKETS;
    return 0;
}

/* ---- reading rows ---- */

/* Hints for the rows after `row`. `at_once`: they are stored, so that there need not be memory for all. */
static int read_rows(struct hints *hints, struct db *db, int64_t row, bool at_once, struct err *err)
{
    struct db_statement *rows =
        db_prepare(db, "SELECT at, kind, brand, canonical_id FROM entity WHERE at > ?1 ORDER BY at");
    int rc;

    drop_all(hints);
    hints->last = hints->mark = row;
    hints->next = 0;
    hints->pending = false;
    db_bind_int(rows, 1, row);
    while ((rc = db_step(rows, err)) == 1) {
        add(hints, hash_of(hints, db_column_text(rows, 1), db_column_text(rows, 2), db_column_text(rows, 3)),
            db_column_int(rows, 0));
        if (!at_once || hints->count < AT_ONCE)
            continue;
        if (store_all(hints, db, err))
            return -1;
        drop_all(hints);
    }
    hints->fresh = NULL;
    return rc < 0 || (at_once && store_all(hints, db, err)) ? -1 : 0;
}

/* `*known` false: which rows have stored hints is not known, and `*up_to` is before all of them. */
static int read_state(struct hints *hints, struct db *db, int64_t *up_to, bool *known, struct err *err)
{
    struct db_statement *state = db_prepare(db, "SELECT low, high, up_to, turn FROM hint_state");
    int rc = db_step(state, err);

    if (rc != 1)
        return rc < 0 ? -1 : err_set(err, ERR_INTERNAL, "database: hint_state is empty");
    hints->key = (struct siphash_key){ (uint64_t)db_column_int(state, 0), (uint64_t)db_column_int(state, 1) };
    *known = !db_column_null(state, 2);
    *up_to = *known ? db_column_int(state, 2) : INT64_MIN;
    hints->turn = db_column_int(state, 3);
    db_end(state);
    return 0;
}

int store_hints_begin(struct store *store, struct db *db, struct err *err)
{
    struct hints *hints = &store->hints;
    int64_t up_to;
    bool known;

    hints->most = HINTS_MOST;
    hints->version = -1; /* with the first look all is read again */
    if (read_state(hints, db, &up_to, &known, err) || (!known && read_rows(hints, db, INT64_MIN, true, err)))
        return -1;
    drop_all(hints);
    return 0;
}

static int read_again(struct hints *hints, struct db *db, struct err *err)
{
    int64_t up_to;
    bool known;

    return read_state(hints, db, &up_to, &known, err) || read_rows(hints, db, up_to, false, err) ? -1 : 0;
}

/* Others store the hints of what they write, so what is in memory stays right as long as nobody else has claimed. */
static int follow_own(struct hints *hints, struct db *db, struct err *err)
{
    int64_t last;

    if (one_number(db_prepare(db, "SELECT max(at) FROM entity"), &last, err))
        return -1;
    if (hints->owned) {
        drop_undone(hints, last);
        return settle(hints, db, err);
    }
    hints->owned = read_again(hints, db, err) == 0;
    return hints->owned ? 0 : -1;
}

static int follow_others(struct hints *hints, struct db *db, struct err *err)
{
    int64_t version;

    if (one_number(db_prepare(db, "PRAGMA data_version"), &version, err) ||
        (version != hints->version && read_again(hints, db, err)))
        return -1;
    hints->version = version;
    return 0;
}

/* Before the first look of every unit. */
static int follow(struct store *store, struct err *err)
{
    struct hints *hints = &store->hints;
    bool claimed = atomic_load_explicit(&store->claim, memory_order_acquire) >= 0;

    if (hints->unit == db_unit(store->db))
        return 0;
    if (claimed ? follow_own(hints, store->db, err) : follow_others(hints, store->db, err))
        return -1;
    hints->unit = db_unit(store->db);
    return 0;
}

struct ending {
    struct db_job job;
    struct store *store;
};

static int run_ending(struct db_job *job, struct db *db, struct err *err)
{
    struct store *store = ((struct ending *)job)->store;

    if (!store->hints.count)
        return 0;
    return follow(store, err) || store_all(&store->hints, db, err) ? -1 : 0;
}

void store_hints_end(struct store *store)
{
    struct ending ending = { .job = { .run = run_ending }, .store = store };
    struct err err;

    if (db_run(store->db, &ending.job, &err))
        log_line(LOG_DEBUG, "store: the next process makes its hints from the rows: %s", err.detail);
}

/* ---- following and making hints ---- */

static int walk_memory(struct store *store, uint64_t hash, const struct entity *entity, row_fn *each, void *data,
                       struct err *err)
{
    int rc = 0;

    for (const struct hint *hint = *bucket_of(&store->hints, hash); hint && !rc; hint = hint->next) {
        if (hint->hash != hash)
            continue;
        struct db_statement *row = db_prepare(store->db, "SELECT dialect FROM entity WHERE at = ?1 AND kind = ?2 AND "
                                                         "brand = ?3 AND canonical_id = ?4");
        db_bind_int(row, 1, hint->row);
        db_bind_text(row, 2, entity->kind);
        db_bind_text(row, 3, entity->brand);
        db_bind_text(row, 4, entity->canonical_id);
        rc = db_step(row, err);
        if (rc == 1)
            rc = each(hint->row, db_column_text(row, 0), data);
        db_end(row);
    }
    return rc;
}

static int walk_stored(struct store *store, uint64_t hash, const struct entity *entity, row_fn *each, void *data,
                       struct err *err)
{
    struct db_statement *rows =
        db_prepare(store->db, "SELECT e.dialect, e.at FROM hint h CROSS JOIN entity e ON e.at = h.at WHERE h.hash = ?1 "
                              "AND e.kind = ?2 AND e.brand = ?3 AND e.canonical_id = ?4");
    int rc;

    db_bind_int(rows, 1, (int64_t)hash);
    db_bind_text(rows, 2, entity->kind);
    db_bind_text(rows, 3, entity->brand);
    db_bind_text(rows, 4, entity->canonical_id);
    while ((rc = db_step(rows, err)) == 1)
        if (each(db_column_int(rows, 1), db_column_text(rows, 0), data))
            break;
    db_end(rows);
    return rc;
}

int store_hints_walk(struct store *store, const struct entity *entity, row_fn *each, void *data, struct err *err)
{
    if (follow(store, err))
        return -1;
    uint64_t hash = hash_of(&store->hints, entity->kind, entity->brand, entity->canonical_id);
    int rc = walk_memory(store, hash, entity, each, data, err);
    return rc ? rc : walk_stored(store, hash, entity, each, data, err);
}

int store_hint_made(struct store *store, const struct rest_key *key, int64_t row, struct err *err)
{
    struct hints *hints = &store->hints;

    if (follow(store, err))
        return -1;
    uint64_t hash = hash_of(hints, key->kind, key->brand, key->canonical_id);
    if (!hints->owned || row <= hints->mark) /* see store_from() */
        return store_one(store->db, hash, row, err);
    add(hints, hash, row);
    return hints->count > hints->most && !hints->pending ? store_some(hints, store->db, err) : 0;
}
