#include "store/inside.h"

struct erase_task {
    struct task task;
    struct store_erase *erase;
    struct entity entity;
    struct trace *traces;
};

/* Steps a statement about a row, of two columns, dialect and dialect id, to its end. */
static int take_traces(struct arena *arena, struct db_statement *statement, const struct entity *entity, int64_t row,
                       struct trace **traces, struct err *err)
{
    int rc;

    db_bind_int(statement, 1, row);
    while ((rc = db_step(statement, err)) == 1) {
        struct trace *trace = ARENA_NEW(arena, struct trace);
        *trace = (struct trace){ .entity = entity,
                                 .dialect = arena_copy(arena, db_column_text(statement, 0)),
                                 .dialect_id = arena_copy(arena, db_column_text(statement, 1)),
                                 .next = *traces };
        *traces = trace;
    }
    return rc;
}

/* An id stays, as a tombstone; a row without one goes. */
static int bury(struct db *db, struct arena *arena, const struct entity *entity, int64_t row, struct trace **traces,
                struct err *err)
{
    struct db_statement *clear = db_prepare(db, "UPDATE entity SET erased = 1, owner = NULL, json = NULL WHERE at = ?1 "
                                                "AND erased = 0 AND dialect_id IS NOT NULL RETURNING dialect, dialect_id");
    struct db_statement *delete =
        db_prepare(db, "DELETE FROM entity WHERE at = ?1 AND dialect_id IS NULL RETURNING dialect, ''");

    return take_traces(arena, clear, entity, row, traces, err) || take_traces(arena, delete, entity, row, traces, err)
               ? -1
               : 0;
}

int store_entity_erase(struct store *store, struct arena *arena, const struct entity *entity, struct trace **traces,
                       struct err *err)
{
    struct db *db = store->db;
    struct row *rows;
    struct db_statement *remember = db_prepare(
        db, "INSERT INTO erasure(kind, brand, canonical_id) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING");

    store_unit_erases(store);
    db_scrub(db);
    db_bind_text(remember, 1, entity->kind);
    db_bind_text(remember, 2, entity->brand);
    db_bind_text(remember, 3, entity->canonical_id);
    if (db_step(remember, err) < 0 || store_found_erase(db, entity, err) ||
        store_rows(store, arena, entity, &rows, err))
        return -1;
    for (const struct row *row = rows; row; row = row->next)
        if (bury(db, arena, entity, row->at, traces, err))
            return -1;
    return 0;
}

int store_entity_follow(struct store *store, struct arena *arena, struct entity entity, struct str owner,
                        struct trace **traces, struct err *err)
{
    int any = owner.len ? store_any_erased(store, err) : 0;

    if (any < 1)
        return any;
    struct db_statement *find =
        db_prepare(store->db, "SELECT 1 FROM erasure WHERE brand = ?1 AND canonical_id = ?2 LIMIT 1");
    db_bind_text(find, 1, entity.brand);
    db_bind_text(find, 2, owner);
    int erased = db_step(find, err);
    if (erased < 1)
        return erased;
    struct entity *late = ARENA_NEW(arena, struct entity);
    *late = entity;
    return store_entity_erase(store, arena, late, traces, err);
}

/* All that the entity owns, as a list: erasing changes the tables that are read here. */
static int list_owned(struct db *db, struct arena *arena, const struct entity *owner, struct entity **owned,
                      struct err *err)
{
    struct db_statement *find =
        db_prepare(db, "SELECT DISTINCT kind, canonical_id FROM entity WHERE brand = ?1 AND owner = ?2");
    int rc;

    db_bind_text(find, 1, owner->brand);
    db_bind_text(find, 2, owner->canonical_id);
    while ((rc = db_step(find, err)) == 1) {
        struct entity *entity = ARENA_NEW(arena, struct entity);
        *entity = (struct entity){ .kind = arena_copy(arena, db_column_text(find, 0)),
                                   .brand = owner->brand,
                                   .canonical_id = arena_copy(arena, db_column_text(find, 1)),
                                   .next = *owned };
        *owned = entity;
    }
    return rc;
}

static int run_erase(struct task *base, struct db *db, struct err *err)
{
    struct erase_task *task = (struct erase_task *)base;
    struct entity *owned = NULL;

    if (store_entity_erase(base->store, base->arena, &task->entity, &task->traces, err) ||
        list_owned(db, base->arena, &task->entity, &owned, err))
        return -1;
    for (const struct entity *at = owned; at; at = at->next)
        if (store_entity_erase(base->store, base->arena, at, &task->traces, err))
            return -1;
    return 0;
}

void store_traces_drop(struct store *store, const struct trace *traces)
{
    for (const struct trace *at = traces; at; at = at->next) {
        const struct entity *entity = at->entity;
        struct rest_key rest = { .dialect = at->dialect, .kind = entity->kind, .brand = entity->brand };
        struct id_query query = { .dialect = at->dialect, .kind = entity->kind, .brand = entity->brand };
        struct cache_prefix rests, to_dialect, to_canonical;
        store_rest_prefix(&rests, store, &rest);
        store_id_prefix(&to_dialect, store, &query, true);
        store_id_prefix(&to_canonical, store, &query, false);
        struct cache_key keys[] = { store_cache_key(&rests, entity->canonical_id),
                                    store_cache_key(&to_dialect, entity->canonical_id),
                                    store_cache_key(&to_canonical, at->dialect_id) };
        for (size_t i = 0; i < COUNT(keys); i++)
            store_cache_drop(store->cache, &keys[i]);
    }
}

static void erase_committed(struct task *base)
{
    store_traces_drop(base->store, ((struct erase_task *)base)->traces);
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
    task->entity = (struct entity){ .kind = arena_copy(arena, erase->kind),
                                    .brand = arena_copy(arena, erase->brand),
                                    .canonical_id = arena_copy(arena, erase->canonical_id) };
    erase->inside = task;
    store_task_submit(&task->task);
}
