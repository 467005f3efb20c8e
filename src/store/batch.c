#include "store/inside.h"

/* What the cache could not answer, copied: the batch's own memory may vanish before the db thread comes to
 * it. Look-ups are struct id_item. */
struct read_item {
    struct rest_key key;
    struct str json;
    size_t at;
    bool written; /* by this batch, so in the cache with that */
};

struct write_item {
    struct rest_write write;
    struct str json;
    bool kept; /* with the row of its entity's new id */
};

struct batch_task {
    struct task task;
    struct store_batch *batch; /* NULL: detached; only on the loop */
    struct id_item *ids;
    struct read_item *reads;
    struct write_item *writes;
    size_t id_count, read_count, write_count;
    struct trace *erased; /* what came after its owner's erasure */
};

/* ---- on the loop: from the cache ---- */

/* Unknown ids are never cached, as an import by another process can make them known: so after this pass an id
 * without an answer is one to look up. No empty id exists. */
static bool needs_lookup(const struct id_query *query)
{
    return !query->found.ptr && query->given.len && query->form != ID_SAME;
}

static struct str copy_if_room(struct arena *arena, struct str s)
{
    return arena_room(arena) > s.len ? arena_copy(arena, s) : s; /* borrowed like all the batch's strings */
}

static bool is_same(struct str a, struct str b)
{
    return a.ptr == b.ptr && a.len == b.len;
}

/* Most of a batch is of one kind, whose names are the same strings in memory: what their keys begin with is made once. */
static bool begin_alike(const struct id_query *a, const struct id_query *b)
{
    return a->to_dialect == b->to_dialect && is_same(a->dialect, b->dialect) && is_same(a->kind, b->kind) &&
           is_same(a->brand, b->brand);
}

static bool keys_begin_alike(const struct rest_key *a, const struct rest_key *b)
{
    return is_same(a->dialect, b->dialect) && is_same(a->kind, b->kind) && is_same(a->brand, b->brand);
}

static size_t answer_ids(struct store *store, struct store_batch *batch)
{
    const struct id_query *before = NULL;
    struct cache_prefix prefix;
    size_t missing = 0;

    for (size_t i = 0; i < batch->id_count; i++) {
        struct id_query *query = &batch->ids[i];
        query->found = STR_NONE;
        if (query->form == ID_SAME && query->given.len)
            query->found = copy_if_room(batch->arena, query->given);
        if (!needs_lookup(query))
            continue;
        if (!before || !begin_alike(before, query))
            store_id_prefix(&prefix, store, query, query->to_dialect);
        before = query;
        missing += !store_id_get(store, batch->arena, &prefix, query);
    }
    return missing;
}

/* With writes in the batch every read waits for them. */
static size_t answer_reads(struct store *store, struct store_batch *batch)
{
    const struct rest_key *before = NULL;
    struct cache_prefix prefix;
    size_t missing = 0;
    bool keeps = true;

    for (size_t i = 0; i < batch->read_count; i++) {
        struct rest_read *read = &batch->reads[i];
        read->json = STR_NONE;
        if (batch->write_count) {
            missing++;
            continue;
        }
        if (!before || !keys_begin_alike(before, &read->key)) {
            keeps = store_keeps(store, read->key.dialect, read->key.kind);
            store_rest_prefix(&prefix, store, &read->key);
            before = &read->key;
        }
        if (!keeps) {
            read->json = STR("");
            continue;
        }
        struct cache_key key = store_cache_key(&prefix, read->key.canonical_id);
        missing += !store_cache_get(store->cache, &key, 0, batch->arena, &read->json);
    }
    return missing;
}

/* ---- on the loop: the task ---- */

static struct rest_key copy_key(struct arena *arena, const struct rest_key *key)
{
    return (struct rest_key){ .dialect = arena_copy(arena, key->dialect),
                              .kind = arena_copy(arena, key->kind),
                              .brand = arena_copy(arena, key->brand),
                              .canonical_id = arena_copy(arena, key->canonical_id) };
}

static struct id_query copy_query(struct arena *arena, const struct id_query *query)
{
    return (struct id_query){ .dialect = arena_copy(arena, query->dialect),
                              .kind = arena_copy(arena, query->kind),
                              .brand = arena_copy(arena, query->brand),
                              .form = query->form,
                              .to_dialect = query->to_dialect,
                              .given = arena_copy(arena, query->given),
                              .owner = arena_copy(arena, query->owner) };
}

static void copy_ids(struct batch_task *task, const struct store_batch *batch, size_t missing)
{
    struct arena *arena = task->task.arena;

    task->ids = ARENA_ARRAY(arena, struct id_item, missing);
    for (size_t i = 0; i < batch->id_count; i++)
        if (needs_lookup(&batch->ids[i]))
            task->ids[task->id_count++] =
                (struct id_item){ .query = copy_query(arena, &batch->ids[i]), .at = i };
}

static const struct str *copy_values(struct arena *arena, const struct rest_write *write)
{
    struct str *values = ARENA_ARRAY(arena, struct str, write->value_count + 1);

    for (size_t i = 0; i < write->value_count; i++)
        values[i] = arena_copy(arena, write->values[i]);
    return values;
}

static void copy_rests(struct batch_task *task, const struct store_batch *batch, size_t missing)
{
    struct arena *arena = task->task.arena;

    task->reads = ARENA_ARRAY(arena, struct read_item, missing);
    for (size_t i = 0; i < batch->read_count; i++)
        if (!batch->reads[i].json.ptr)
            task->reads[task->read_count++] =
                (struct read_item){ .key = copy_key(arena, &batch->reads[i].key), .at = i };
    task->writes = ARENA_ARRAY(arena, struct write_item, batch->write_count);
    for (; task->write_count < batch->write_count; task->write_count++) {
        const struct rest_write *write = &batch->writes[task->write_count];
        task->writes[task->write_count].write =
            (struct rest_write){ .key = copy_key(arena, &write->key),
                                 .patch = arena_copy(arena, write->patch),
                                 .whole = write->whole,
                                 .only_if = write->only_if.ptr ? arena_copy(arena, write->only_if) : STR_NONE,
                                 .owner = arena_copy(arena, write->owner),
                                 .found_by = arena_copy(arena, write->found_by),
                                 .values = copy_values(arena, write),
                                 .value_count = write->value_count };
    }
}

/* ---- on the db thread ---- */

/* Before anything else: what this batch knows to be owned may have missed its owner's erasure. */
static int erase_late(struct batch_task *task, struct err *err)
{
    struct store *store = task->task.store;
    struct arena *arena = task->task.arena;

    for (size_t i = 0; i < task->id_count; i++) {
        const struct id_query *query = &task->ids[i].query;
        struct entity entity = { .kind = query->kind, .brand = query->brand, .canonical_id = query->given };
        if (query->to_dialect && store_entity_follow(store, arena, entity, query->owner, &task->erased, err))
            return -1;
    }
    for (size_t i = 0; i < task->write_count; i++) {
        const struct rest_key *key = &task->writes[i].write.key;
        struct entity entity = { .kind = key->kind, .brand = key->brand, .canonical_id = key->canonical_id };
        if (store_entity_follow(store, arena, entity, task->writes[i].write.owner, &task->erased, err))
            return -1;
    }
    return 0;
}

static bool is_about(const struct write_item *item, const struct rest_key *key)
{
    const struct rest_key *own = &item->write.key;

    return str_eq(own->canonical_id, key->canonical_id) && str_eq(own->kind, key->kind) &&
           str_eq(own->dialect, key->dialect) && str_eq(own->brand, key->brand);
}

/* The rest of a new entity goes into the row that its id makes: one insertion instead of two. The first one,
 * as those after it are applied to it. */
static int find_id(struct batch_task *task, struct id_item *item, struct err *err)
{
    const struct id_query *query = &item->query;
    struct rest_key key = { query->dialect, query->kind, query->brand, query->given };
    struct write_item *write = task->writes, *end = task->writes + task->write_count;

    while (query->to_dialect && write < end && !is_about(write, &key))
        write++;
    bool one =
        query->to_dialect && write < end && write->write.whole && str_eq(write->write.owner, query->owner);
    item->rest = STR("");
    if (one && store_rest_whole(task->task.arena, write->write.patch, &item->rest, err))
        return -1;
    if (store_id_find(task->task.store, task->task.arena, item, err))
        return -1;
    if (one && item->rest_kept) {
        write->kept = true;
        write->json = item->rest;
    }
    return 0;
}

static int write_rest(struct batch_task *task, struct db *db, struct write_item *item, struct err *err)
{
    return item->kept ? store_found_save(db, &item->write, err)
                      : store_rest_patch(task->task.store, task->task.arena, &item->write, &item->json, err);
}

/* What this batch wrote last is what is stored. */
static int read_rest(struct batch_task *task, struct read_item *item, struct err *err)
{
    for (const struct write_item *write = task->writes + task->write_count; write-- > task->writes;)
        if (is_about(write, &item->key)) {
            item->json = write->json;
            item->written = true;
            return 0;
        }
    return store_rest_load(task->task.store, task->task.arena, &item->key, &item->json, err);
}

static int run_batch(struct task *base, struct db *db, struct err *err)
{
    struct batch_task *task = (struct batch_task *)base;

    if (erase_late(task, err))
        return -1;
    for (struct write_item *item = task->writes; item < task->writes + task->write_count; item++)
        item->kept = false;
    for (struct id_item *item = task->ids; item < task->ids + task->id_count; item++)
        if (find_id(task, item, err))
            return -1;
    for (struct write_item *item = task->writes; item < task->writes + task->write_count; item++)
        if (write_rest(task, db, item, err))
            return -1;
    for (struct read_item *item = task->reads; item < task->reads + task->read_count; item++)
        if (read_rest(task, item, err))
            return -1;
    return 0;
}

static void cache_id(struct store *store, struct arena *arena, const struct id_item *item)
{
    if (item->source == ID_ROW || item->source == ID_NEW_ROW)
        store_id_put(store, arena, item);
    if (item->source == ID_NEW_ROW)
        atomic_fetch_add_explicit(&store->id_allocated, 1, memory_order_relaxed);
}

static void cache_rest(struct store *store, const struct rest_key *key, struct str json)
{
    struct cache_prefix prefix;

    store_rest_prefix(&prefix, store, key);
    struct cache_key place = store_cache_key(&prefix, key->canonical_id);
    store_cache_put(store->cache, &place, json, CACHE_FOREVER);
}

static void batch_committed(struct task *base)
{
    struct batch_task *task = (struct batch_task *)base;

    store_traces_drop(base->store, task->erased);
    for (size_t i = 0; i < task->id_count; i++)
        cache_id(base->store, base->arena, &task->ids[i]);
    for (size_t i = 0; i < task->write_count; i++)
        cache_rest(base->store, &task->writes[i].write.key, task->writes[i].json);
    for (size_t i = 0; i < task->read_count; i++)
        if (!task->reads[i].written)
            cache_rest(base->store, &task->reads[i].key, task->reads[i].json);
}

/* ---- back on the loop ---- */

static int give_results(const struct batch_task *task, struct store_batch *batch, struct err *err)
{
    for (size_t i = 0; i < task->id_count; i++) {
        const struct id_item *item = &task->ids[i];
        if (item->query.found.ptr &&
            store_give(batch->arena, item->query.found, &batch->ids[item->at].found, err))
            return -1;
    }
    for (size_t i = 0; i < task->read_count; i++) {
        const struct read_item *item = &task->reads[i];
        if (store_give(batch->arena, item->json, &batch->reads[item->at].json, err))
            return -1;
    }
    return 0;
}

static void finish_batch(struct task *base, const struct err *err)
{
    struct batch_task *task = (struct batch_task *)base;
    struct store_batch *batch = task->batch;
    struct err full;

    if (!batch)
        return;
    batch->inside = NULL;
    if (!batch->done)
        return;
    if (!err && give_results(task, batch, &full))
        err = &full;
    batch->done(batch, err, batch->data);
}

bool store_batch(struct store *store, struct loop *loop, struct store_batch *batch)
{
    size_t ids = answer_ids(store, batch), reads = answer_reads(store, batch);

    batch->inside = NULL;
    if (ids + reads + batch->write_count == 0)
        return true;
    struct batch_task *task = store_task_new(store, loop, sizeof *task);
    task->task.run = run_batch;
    task->task.committed = batch_committed;
    task->task.finish = finish_batch;
    task->batch = batch;
    copy_ids(task, batch, ids);
    copy_rests(task, batch, reads);
    batch->inside = task;
    store_task_submit(&task->task);
    return false;
}

void store_batch_detach(struct store_batch *batch)
{
    struct batch_task *task = batch->inside;

    if (task)
        task->batch = NULL;
    batch->inside = NULL;
}
