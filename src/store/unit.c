/* What the jobs that are undone together (db_unit) share: each is read once, numbers are counted in memory and written
 * once. Only the db thread comes here. */
#include "store/inside.h"

static struct unit *unit_of(struct store *store)
{
    struct unit *unit = &store->unit;

    if (unit->number == db_unit(store->db))
        return unit;
    arena_reset(unit->arena);
    *unit = (struct unit){ .number = db_unit(store->db), .arena = unit->arena };
    return unit;
}

/* ---- erasures ---- */

void store_unit_erases(struct store *store)
{
    unit_of(store)->erasures = ERASURES_SOME;
}

int store_any_erased(struct store *store, struct err *err)
{
    struct unit *unit = unit_of(store);

    if (unit->erasures == ERASURES_UNKNOWN) {
        int any = db_step(db_prepare(store->db, "SELECT 1 FROM erasure LIMIT 1"), err);
        if (any < 0)
            return -1;
        unit->erasures = any ? ERASURES_SOME : ERASURES_NONE;
    }
    return unit->erasures == ERASURES_SOME;
}

/* ---- sequences ---- */

static void bind_sequence(struct db_statement *statement, const struct sequence *sequence)
{
    db_bind_text(statement, 1, sequence->dialect);
    db_bind_text(statement, 2, sequence->kind);
    db_bind_text(statement, 3, sequence->brand);
}

static int write_sequences(struct db *db, void *data, struct err *err)
{
    const struct store *store = data;

    for (const struct sequence *at = store->unit.sequences; at; at = at->more) {
        if (at->next == at->stored)
            continue;
        struct db_statement *write =
            db_prepare(db, "INSERT INTO sequence(dialect, kind, brand, next) VALUES(?1, ?2, ?3, ?4)"
                           " ON CONFLICT DO UPDATE SET next = excluded.next");
        bind_sequence(write, at);
        db_bind_int(write, 4, at->next);
        if (db_step(write, err) < 0)
            return -1;
    }
    return 0;
}

static int read_sequence(struct store *store, struct sequence *sequence, struct err *err)
{
    struct db_statement *read =
        db_prepare(store->db, "SELECT next FROM sequence WHERE dialect = ?1 AND kind = ?2 AND brand = ?3");

    bind_sequence(read, sequence);
    int rc = db_step(read, err);
    sequence->stored = rc == 1 ? db_column_int(read, 0) : 0;
    sequence->next = rc == 1 ? sequence->stored : 1;
    return rc < 0 ? -1 : 0;
}

int store_sequence(struct store *store, struct str dialect, struct str kind, struct str brand, struct sequence **found,
                   struct err *err)
{
    struct unit *unit = unit_of(store);

    for (*found = unit->sequences; *found; *found = (*found)->more)
        if (str_eq((*found)->kind, kind) && str_eq((*found)->brand, brand) && str_eq((*found)->dialect, dialect))
            return 0;
    struct sequence *made = ARENA_NEW(unit->arena, struct sequence);
    *made = (struct sequence){ .dialect = arena_copy(unit->arena, dialect),
                               .kind = arena_copy(unit->arena, kind),
                               .brand = arena_copy(unit->arena, brand) };
    if (read_sequence(store, made, err))
        return -1;
    made->more = unit->sequences;
    unit->sequences = *found = made;
    db_at_end(store->db, write_sequences, store);
    return 0;
}
