#include "store/inside.h"

/* A cache entry of the entity: of its rest in a dialect, or (with an id) of its row in the crosswalk. */
struct trace {
    struct str dialect, dialect_id;
    struct trace *next;
};

struct erase_task {
    struct task task;
    struct store_erase *erase;
    struct str kind, brand, canonical_id;
    struct trace *traces;
};

static void bind_entity(struct db_statement *statement, const struct erase_task *task)
{
    db_bind_text(statement, 1, task->kind);
    db_bind_text(statement, 2, task->brand);
    db_bind_text(statement, 3, task->canonical_id);
}

/* Steps a statement of two columns, dialect and dialect id, to its end. */
static int take_traces(struct erase_task *task, struct db_statement *statement, struct err *err)
{
    int rc;

    bind_entity(statement, task);
    while ((rc = db_step(statement, err)) == 1) {
        struct trace *trace = ARENA_NEW(task->task.arena, struct trace);
        *trace = (struct trace){ .dialect = arena_copy(task->task.arena, db_column_text(statement, 0)),
                                 .dialect_id = arena_copy(task->task.arena, db_column_text(statement, 1)),
                                 .next = task->traces };
        task->traces = trace;
    }
    return rc;
}

static int run_erase(struct task *base, struct db *db, struct err *err)
{
    struct erase_task *task = (struct erase_task *)base;
    struct db_statement *remember = db_prepare(
        db, "INSERT INTO erasure(kind, brand, canonical_id) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING");

    bind_entity(remember, task);
    if (db_step(remember, err) < 0)
        return -1;
    if (take_traces(task,
                    db_prepare(db, "UPDATE crosswalk SET erased = 1 WHERE kind = ?1 AND brand = ?2 "
                                   "AND canonical_id = ?3 AND erased = 0 RETURNING dialect, dialect_id"),
                    err))
        return -1;
    return take_traces(task,
                       db_prepare(db, "DELETE FROM rest WHERE kind = ?1 AND brand = ?2 AND canonical_id = ?3 "
                                      "RETURNING dialect, ''"),
                       err);
}

static void erase_committed(struct task *base)
{
    const struct erase_task *task = (struct erase_task *)base;
    struct store *store = base->store;

    for (const struct trace *at = task->traces; at; at = at->next) {
        struct rest_key rest = { .dialect = at->dialect,
                                 .kind = task->kind,
                                 .brand = task->brand,
                                 .canonical_id = task->canonical_id };
        struct id_query query = { .dialect = at->dialect, .kind = task->kind, .brand = task->brand };
        struct cache_key keys[] = { store_rest_key(store, &rest),
                                    store_id_key(store, &query, true, task->canonical_id),
                                    store_id_key(store, &query, false, at->dialect_id) };
        for (size_t i = 0; i < COUNT(keys); i++)
            store_cache_drop(store->cache, &keys[i]);
    }
}

static void finish_erase(struct task *base, const struct err *err)
{
    struct store_erase *erase = ((struct erase_task *)base)->erase;

    erase->inside = NULL;
    if (erase->done)
        erase->done(erase, err, erase->data);
}

void store_erase_start(struct store *store, struct loop *loop, struct store_erase *erase)
{
    struct erase_task *task = store_task_new(store, loop, sizeof *task);
    struct arena *arena = task->task.arena;

    task->task.run = run_erase;
    task->task.committed = erase_committed;
    task->task.finish = finish_erase;
    task->erase = erase;
    task->kind = arena_copy(arena, erase->kind);
    task->brand = arena_copy(arena, erase->brand);
    task->canonical_id = arena_copy(arena, erase->canonical_id);
    erase->inside = task;
    store_task_submit(&task->task);
}
