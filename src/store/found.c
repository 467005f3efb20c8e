/* What kept documents are found by: a table of its own, changed by the transaction that keeps the rest, erased with the
 * entity. Not cached: a look-up must see what another process has kept. */
#include "store/inside.h"

int store_found_save(struct db *db, const struct rest_write *write, struct err *err)
{
    const struct rest_key *key = &write->key;

    if (!write->found_by.len)
        return 0;
    struct db_statement *forget = db_prepare(db, "DELETE FROM found WHERE kind = ?1 AND brand = ?2 AND canonical_id = ?3 "
                                                 "AND dialect = ?4 AND name = ?5");
    db_bind_text(forget, 1, key->kind);
    db_bind_text(forget, 2, key->brand);
    db_bind_text(forget, 3, key->canonical_id);
    db_bind_text(forget, 4, key->dialect);
    db_bind_text(forget, 5, write->found_by);
    if (db_step(forget, err) < 0)
        return -1;
    for (size_t i = 0; i < write->value_count; i++) {
        struct db_statement *add = db_prepare(db, "INSERT INTO found(kind, brand, canonical_id, dialect, name, value) "
                                                  "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING");
        db_bind_text(add, 1, key->kind);
        db_bind_text(add, 2, key->brand);
        db_bind_text(add, 3, key->canonical_id);
        db_bind_text(add, 4, key->dialect);
        db_bind_text(add, 5, write->found_by);
        db_bind_text(add, 6, write->values[i]);
        if (db_step(add, err) < 0)
            return -1;
    }
    return 0;
}

int store_found_erase(struct db *db, const struct entity *entity, struct err *err)
{
    struct db_statement *erase =
        db_prepare(db, "DELETE FROM found WHERE kind = ?1 AND brand = ?2 AND canonical_id = ?3");

    db_bind_text(erase, 1, entity->kind);
    db_bind_text(erase, 2, entity->brand);
    db_bind_text(erase, 3, entity->canonical_id);
    return db_step(erase, err) < 0 ? -1 : 0;
}

struct find_task {
    struct task task;
    struct store_find *find; /* NULL: detached; only on the loop */
    struct str kind, brand, name, value;
    struct str ids[STORE_FOUND_MAX];
    size_t count;
};

static int run_find(struct task *base, struct db *db, struct err *err)
{
    struct find_task *task = (struct find_task *)base;
    struct db_statement *find = db_prepare(db, "SELECT DISTINCT canonical_id FROM found WHERE brand = ?1 AND kind = ?2 "
                                               "AND name = ?3 AND value = ?4 ORDER BY canonical_id");
    int rc;

    task->count = 0;
    db_bind_text(find, 1, task->brand);
    db_bind_text(find, 2, task->kind);
    db_bind_text(find, 3, task->name);
    db_bind_text(find, 4, task->value);
    while ((rc = db_step(find, err)) == 1) {
        if (task->count == STORE_FOUND_MAX)
            return err_set(err, ERR_TOO_LARGE, "store: more than %d entities are found by one value", STORE_FOUND_MAX);
        task->ids[task->count++] = arena_copy(base->arena, db_column_text(find, 0));
    }
    return rc;
}

static void finish_find(struct task *base, const struct err *err)
{
    const struct find_task *task = (struct find_task *)base;
    struct store_find *find = task->find;
    struct err full;

    if (!find)
        return;
    find->inside = NULL;
    find->ids = ARENA_ARRAY(find->arena, struct str, task->count + 1);
    for (size_t i = 0; i < task->count && !err; i++)
        if (store_give(find->arena, task->ids[i], &find->ids[find->count++], &full))
            err = &full;
    find->done(find, err, find->data);
}

void store_find_start(struct store *store, struct loop *loop, struct store_find *find)
{
    struct find_task *task = store_task_new(store, loop, sizeof *task);
    struct arena *arena = task->task.arena;

    task->task.run = run_find;
    task->task.finish = finish_find;
    task->find = find;
    task->kind = arena_copy(arena, find->kind);
    task->brand = arena_copy(arena, find->brand);
    task->name = arena_copy(arena, find->name);
    task->value = arena_copy(arena, find->value);
    find->inside = task;
    find->count = 0;
    store_task_submit(&task->task);
}

void store_find_detach(struct store_find *find)
{
    struct find_task *task = find->inside;

    if (task)
        task->find = NULL;
    find->inside = NULL;
}
