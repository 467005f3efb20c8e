#include "store/inside.h"

#include "base/clock.h"
#include "json/tape.h"

enum { FRESH_MS = 1000 }; /* other processes add and delete records; this is how late we may notice */

static void record_prefix(struct cache_prefix *prefix, const struct store *store, enum record_kind kind)
{
    char digit = (char)('0' + kind);

    store_cache_prefix(prefix, store->cache, CACHE_RECORD, &(struct str){ .ptr = &digit, .len = 1 }, 1);
}

/* The stored value, or ptr NULL: none, or its time is over. */
struct found {
    struct str value;
    int64_t expires_ms;
    uint64_t read_ms; /* monotonic, before it was read */
};

static int load(struct db *db, struct arena *arena, enum record_kind kind, struct str key,
                struct found *found, struct err *err)
{
    struct db_statement *find =
        db_prepare(db, "SELECT value, expires_ms FROM record WHERE kind = ?1 AND key = ?2 "
                       "AND (expires_ms = 0 OR expires_ms > ?3)");

    *found = (struct found){ .read_ms = clock_monotonic_ms() };
    db_bind_int(find, 1, kind);
    db_bind_text(find, 2, key);
    db_bind_int(find, 3, clock_wall_ms());
    int rc = db_step(find, err);
    if (rc < 0)
        return -1;
    if (rc) {
        found->value = arena_copy(arena, db_column_text(find, 0));
        found->expires_ms = db_column_int(find, 1);
    }
    return 0;
}

/* Keeps it for a second, or until it expires. What does not exist is not kept: nobody can fill the cache with
 * made-up tokens. */
static void keep(struct store *store, enum record_kind kind, struct str key, const struct found *found)
{
    int64_t left_ms = found->expires_ms ? found->expires_ms - clock_wall_ms() : FRESH_MS;
    struct cache_prefix prefix;

    record_prefix(&prefix, store, kind);
    struct cache_key place = store_cache_key(&prefix, key);
    if (!found->value.ptr || left_ms <= 0)
        store_cache_drop(store->cache, &place);
    else
        store_cache_put(store->cache, &place, found->value,
                        found->read_ms + (left_ms < FRESH_MS ? (uint64_t)left_ms : FRESH_MS));
}

/* ---- get ---- */

struct get_task {
    struct task task;
    struct record_get *get; /* NULL: detached; only on the loop */
    enum record_kind kind;
    struct str key;
    struct found found;
};

static int run_get(struct task *base, struct db *db, struct err *err)
{
    struct get_task *task = (struct get_task *)base;

    return load(db, base->arena, task->kind, task->key, &task->found, err);
}

static void get_committed(struct task *base)
{
    const struct get_task *task = (struct get_task *)base;

    keep(base->store, task->kind, task->key, &task->found);
}

static void finish_get(struct task *base, const struct err *err)
{
    const struct get_task *task = (struct get_task *)base;
    struct record_get *get = task->get;
    struct err full;

    if (!get)
        return;
    get->inside = NULL;
    if (!get->done)
        return;
    if (!err && task->found.value.ptr && store_give(get->arena, task->found.value, &get->value, &full))
        err = &full;
    get->done(get, err, get->data);
}

bool store_record_get(struct store *store, struct loop *loop, struct record_get *get)
{
    struct cache_prefix prefix;

    record_prefix(&prefix, store, get->kind);
    struct cache_key key = store_cache_key(&prefix, get->key);
    get->inside = NULL;
    get->value = STR_NONE;
    if (store_cache_get(store->cache, &key, clock_monotonic_ms(), get->arena, &get->value))
        return true;
    struct get_task *task = store_task_new(store, loop, sizeof *task);
    task->task.run = run_get;
    task->task.committed = get_committed;
    task->task.finish = finish_get;
    task->get = get;
    task->kind = get->kind;
    task->key = arena_copy(task->task.arena, get->key);
    get->inside = task;
    store_task_submit(&task->task);
    return false;
}

void store_record_detach(struct record_get *get)
{
    struct get_task *task = get->inside;

    if (task)
        task->get = NULL;
    get->inside = NULL;
}

/* ---- put ---- */

struct put_task {
    struct task task;
    struct record_put *put;
    enum record_kind kind;
    struct str key, value, only_if;
    int64_t expires_ms;
    uint64_t put_ms;
};

/* "family" of a refresh token's value, or ptr NULL. */
static struct str family_of(struct arena *arena, const struct put_task *task)
{
    struct tape tape;
    struct tape_fault fault;

    if (task->kind != RECORD_REFRESH || !tape_read(&tape, arena, task->value, &tape_default_limits, &fault))
        return STR_NONE;
    uint32_t at = tape_find(&tape, 0, STR("family"));
    return at != TAPE_NONE && tape_type(&tape, at) == JSON_STRING ? tape_string(&tape, at, arena) : STR_NONE;
}

static int put_value(struct put_task *task, struct db *db, struct err *err)
{
    struct db_statement *put =
        db_prepare(db, "INSERT OR REPLACE INTO record(kind, key, value, expires_ms, family) "
                       "VALUES(?1, ?2, ?3, ?4, ?5)");
    struct str family = family_of(task->task.arena, task);

    db_bind_int(put, 1, task->kind);
    db_bind_text(put, 2, task->key);
    db_bind_text(put, 3, task->value);
    db_bind_int(put, 4, task->expires_ms);
    if (family.ptr)
        db_bind_text(put, 5, family);
    return db_step(put, err) < 0 ? -1 : 0;
}

static int delete_value(const struct put_task *task, struct db *db, struct err *err)
{
    struct db_statement *delete = db_prepare(db, "DELETE FROM record WHERE kind = ?1 AND key = ?2");

    db_bind_int(delete, 1, task->kind);
    db_bind_text(delete, 2, task->key);
    return db_step(delete, err) < 0 ? -1 : 0;
}

/* Every put clears a few that expired, so that the table stays as large as what is alive. */
static int delete_expired(struct db *db, struct err *err)
{
    struct db_statement *delete =
        db_prepare(db, "DELETE FROM record WHERE (kind, key) IN (SELECT kind, key FROM record "
                       "WHERE expires_ms > 0 AND expires_ms <= ?1 LIMIT 16)");

    db_bind_int(delete, 1, clock_wall_ms());
    return db_step(delete, err) < 0 ? -1 : 0;
}

static int run_put(struct task *base, struct db *db, struct err *err)
{
    struct put_task *task = (struct put_task *)base;
    struct found now;

    if (task->only_if.ptr) {
        if (load(db, base->arena, task->kind, task->key, &now, err))
            return -1;
        if (!now.value.ptr || !str_eq(now.value, task->only_if))
            return err_set(err, ERR_CONFLICT, "record: it is not what was expected");
    }
    task->put_ms = clock_monotonic_ms();
    if (task->value.ptr ? put_value(task, db, err) : delete_value(task, db, err))
        return -1;
    return delete_expired(db, err);
}

static void put_committed(struct task *base)
{
    const struct put_task *task = (struct put_task *)base;
    struct found found = { .value = task->value, .expires_ms = task->expires_ms, .read_ms = task->put_ms };

    keep(base->store, task->kind, task->key, &found);
}

static void finish_put(struct task *base, const struct err *err)
{
    struct record_put *put = ((struct put_task *)base)->put;

    put->inside = NULL;
    if (put->done)
        put->done(put, err, put->data);
}

static struct str copy_if_any(struct arena *arena, struct str s)
{
    return s.ptr ? arena_copy(arena, s) : STR_NONE;
}

void store_record_put(struct store *store, struct loop *loop, struct record_put *put)
{
    struct put_task *task = store_task_new(store, loop, sizeof *task);
    struct arena *arena = task->task.arena;

    task->task.run = run_put;
    task->task.committed = put_committed;
    task->task.finish = finish_put;
    task->put = put;
    task->kind = put->kind;
    task->key = arena_copy(arena, put->key);
    task->value = copy_if_any(arena, put->value);
    task->only_if = copy_if_any(arena, put->only_if);
    task->expires_ms = put->expires_ms;
    put->inside = task;
    store_task_submit(&task->task);
}

struct outcome {
    bool failed;
    struct err *err;
};

static void note_put(struct record_put *put, const struct err *err, void *data)
{
    struct outcome *outcome = data;

    (void)put;
    outcome->failed = err != NULL;
    if (err)
        *outcome->err = *err;
}

int store_record_put_now(struct store *store, enum record_kind kind, struct str key, struct str value,
                         int64_t expires_ms, struct err *err)
{
    struct outcome outcome = { .err = err };
    struct record_put put = {
        .kind = kind, .key = key, .value = value, .expires_ms = expires_ms, .done = note_put, .data = &outcome
    };

    store_record_put(store, NULL, &put);
    return outcome.failed ? -1 : 0;
}

/* ---- each ---- */

struct walk {
    struct db_job job;
    enum record_kind kind;
    store_record_fn *each;
    void *data;
};

static int run_walk(struct db_job *job, struct db *db, struct err *err)
{
    const struct walk *walk = (struct walk *)job;
    struct db_statement *all = db_prepare(db, "SELECT key, value FROM record WHERE kind = ?1 "
                                              "AND (expires_ms = 0 OR expires_ms > ?2) ORDER BY key");
    int rc;

    db_bind_int(all, 1, walk->kind);
    db_bind_int(all, 2, clock_wall_ms());
    while ((rc = db_step(all, err)) == 1)
        if (walk->each(db_column_text(all, 0), db_column_text(all, 1), walk->data))
            return err_set(err, ERR_INTERNAL, "records: stopped");
    return rc;
}

int store_record_each_now(struct store *store, enum record_kind kind, store_record_fn *each, void *data,
                          struct err *err)
{
    struct walk walk = { .job = { .run = run_walk }, .kind = kind, .each = each, .data = data };

    return db_run(store->db, &walk.job, err);
}

/* ---- families ---- */

struct gone {
    struct str key;
    struct gone *next;
};

struct revoke_task {
    struct task task;
    struct family_revoke *revoke;
    struct str family;
    struct gone *gone;
};

static int run_revoke(struct task *base, struct db *db, struct err *err)
{
    struct revoke_task *task = (struct revoke_task *)base;
    struct db_statement *delete =
        db_prepare(db, "DELETE FROM record WHERE family = ?1 AND kind = ?2 RETURNING key");
    int rc;

    db_bind_text(delete, 1, task->family);
    db_bind_int(delete, 2, RECORD_REFRESH);
    while ((rc = db_step(delete, err)) == 1) {
        struct gone *gone = ARENA_NEW(base->arena, struct gone);
        *gone =
            (struct gone){ .key = arena_copy(base->arena, db_column_text(delete, 0)), .next = task->gone };
        task->gone = gone;
    }
    return rc;
}

static void revoke_committed(struct task *base)
{
    const struct revoke_task *task = (struct revoke_task *)base;
    struct cache_prefix prefix;

    record_prefix(&prefix, base->store, RECORD_REFRESH);
    for (const struct gone *at = task->gone; at; at = at->next) {
        struct cache_key key = store_cache_key(&prefix, at->key);
        store_cache_drop(base->store->cache, &key);
    }
}

static void finish_revoke(struct task *base, const struct err *err)
{
    struct family_revoke *revoke = ((struct revoke_task *)base)->revoke;

    revoke->inside = NULL;
    if (revoke->done)
        revoke->done(revoke, err, revoke->data);
}

void store_family_revoke(struct store *store, struct loop *loop, struct family_revoke *revoke)
{
    struct revoke_task *task = store_task_new(store, loop, sizeof *task);

    task->task.run = run_revoke;
    task->task.committed = revoke_committed;
    task->task.finish = finish_revoke;
    task->revoke = revoke;
    task->family = arena_copy(task->task.arena, revoke->family);
    revoke->inside = task;
    store_task_submit(&task->task);
}
