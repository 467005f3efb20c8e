#include "db/inside.h"

#include "base/log.h"

#include <assert.h>
#include <signal.h>
#include <time.h>

uint64_t db_unit(const struct db *db)
{
    return db->unit;
}

void db_at_end(struct db *db, int (*run)(struct db *db, void *data, struct err *err), void *data)
{
    db->at_end = run;
    db->at_end_data = data;
}

static void start_unit(struct db *db)
{
    db->unit++;
    db->at_end = NULL;
}

static int end_unit(struct db *db, struct err *err)
{
    int rc = db->at_end ? db->at_end(db, db->at_end_data, err) : 0;

    db_release_taken(db);
    return rc;
}

/* Runs one job. -1: the whole transaction is lost (SQLite rolls it back itself when the disk is full or
 * fails), and nothing more may run in it. */
static int run_job(struct db *db, struct outcome *outcome)
{
    struct db_job *job = outcome->job;

    outcome->err = (struct err){ .code = ERR_INTERNAL };
    outcome->failed = job->run(job, db, &outcome->err) != 0;
    db_release_taken(db);
    if (!sqlite3_get_autocommit(db->handle))
        return 0;
    if (!outcome->failed)
        (void)err_set(&outcome->err, ERR_UNAVAILABLE, "database: the transaction was rolled back");
    return -1;
}

/* Runs one job in a savepoint, so that one that fails undoes only itself. -1 as above. */
static int run_guarded(struct db *db, struct outcome *outcome)
{
    struct err err;

    start_unit(db);
    if (db_control(db, "SAVEPOINT job", &outcome->err) || run_job(db, outcome))
        return -1;
    if (!outcome->failed)
        outcome->failed = end_unit(db, &outcome->err) != 0;
    if (outcome->failed && db_control(db, "ROLLBACK TO job", &err)) {
        outcome->err = err;
        return -1;
    }
    return db_control(db, "RELEASE job", &outcome->err);
}

/* One transaction. Unguarded, the first job that fails ends it. -1: nothing of it is there. It may end before it comes to
 * a job, so what the group before left of outcomes goes first. */
static int run_jobs(struct db *db, size_t count, bool guarded, struct err *err)
{
    for (struct outcome *at = db->group; at < db->group + count; at++)
        at->failed = false;
    if (db_control(db, "BEGIN IMMEDIATE", err))
        return -1;
    start_unit(db);
    for (struct outcome *at = db->group; at < db->group + count; at++) {
        if ((guarded ? run_guarded(db, at) : run_job(db, at)) == 0 && (guarded || !at->failed))
            continue;
        *err = at->err;
        return -1;
    }
    return !guarded && end_unit(db, err) ? -1 : db_control(db, "COMMIT", err);
}

static void forget(struct db *db)
{
    db_release_taken(db);
    if (!sqlite3_get_autocommit(db->handle))
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

static bool all_repeatable(const struct db *db, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!db->group[i].job->repeatable)
            return false;
    return true;
}

static bool any_failed(const struct db *db, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (db->group[i].failed)
            return true;
    return false;
}

/* A savepoint keeps a copy of every page that its job changes, and two statements of its own. Failures are
 * rare: so a group of jobs that may run twice goes without, and once more with them if one failed. */
static int try_jobs(struct db *db, size_t count, struct err *err)
{
    bool guarded = !all_repeatable(db, count);
    int rc = run_jobs(db, count, guarded, err);

    if (rc && !guarded && any_failed(db, count)) {
        forget(db);
        rc = run_jobs(db, count, true, err);
    }
    if (rc)
        forget(db);
    return rc;
}

/* A transaction that changes nothing works on a full disk, too: this one writes a page. */
static int try_to_write(struct db *db, struct err *err)
{
    int rc = db_control(db, "BEGIN IMMEDIATE", err) || db_exec(db, "PRAGMA user_version = 0", err) ||
             db_control(db, "COMMIT", err);

    if (rc)
        forget(db);
    return rc;
}

/* A line for each change: whoever asks why the gateway is not ready finds the reason in its log. */
static void note_health(struct db *db, const struct err *lost, bool wrote)
{
    bool healthy = db_healthy(db);
    struct err err;

    if (!lost && !wrote && !healthy && try_to_write(db, &err))
        lost = &err;
    if (lost && healthy)
        log_line(LOG_ERROR, "%s: nothing can be written: %s", db->checkpoint.path, lost->detail);
    else if (!lost && !healthy)
        log_line(LOG_INFO, "%s: can be written again", db->checkpoint.path);
    atomic_store_explicit(&db->healthy, !lost, memory_order_relaxed);
}

/* Runs the group; nothing of it is reported before COMMIT returned. */
static void run_group(struct db *db, size_t count)
{
    struct err err;
    int64_t changes = sqlite3_total_changes64(db->handle);
    bool lost = try_jobs(db, count, &err) != 0;

    db_release_taken(db);
    bool wrote = !lost && sqlite3_total_changes64(db->handle) != changes;
    if (wrote)
        atomic_fetch_add_explicit(&db->commits, 1, memory_order_relaxed);
    note_health(db, lost ? &err : NULL, wrote);
    for (size_t i = 0; i < count; i++) {
        struct outcome *outcome = &db->group[i];

        if (lost && !outcome->failed)
            outcome->err = err;
        outcome->job->done(outcome->job, lost || outcome->failed ? &outcome->err : NULL);
    }
}

/* Waits, at most for a second: -1 nothing came in it. */
static int wait_a_second(struct db *db)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    return pthread_cond_timedwait(&db->wake, &db->lock, &until) ? -1 : 0;
}

static bool is_quiet(const struct db *db)
{
    return !db->first && !db->closing && db->checkpoint.state != CHECKPOINT_NEAR;
}

/* Waits for jobs and moves at most GROUP_MAX into the group. Comes back after a second with none while the last
 * transaction did not work, or something erased is in the log. */
static size_t take_jobs(struct db *db)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&db->lock);
    while (is_quiet(db)) {
        if (db_healthy(db) && !db->checkpoint.scrub_ms)
            (void)pthread_cond_wait(&db->wake, &db->lock);
        else if (wait_a_second(db))
            break;
    }
    for (; db->first && count < GROUP_MAX; count++) {
        db->group[count].job = db->first;
        db->first = db->first->next;
    }
    if (!db->first)
        db->end = &db->first;
    (void)pthread_mutex_unlock(&db->lock);
    return count;
}

static bool ended(struct db *db)
{
    (void)pthread_mutex_lock(&db->lock);
    bool end = db->closing && !db->first;
    (void)pthread_mutex_unlock(&db->lock);
    return end;
}

/* SCHED_BATCH: on a core shared with a loop, the first job of a turn does not take the core from that loop at
 * once, to be committed alone; the jobs of the whole turn come together. Where it is refused, groups are
 * smaller. */
static void *run_thread(void *data)
{
    struct db *db = data;
    const struct sched_param none = { 0 };

    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
    while (!ended(db)) {
        size_t count = take_jobs(db);
        if (count || (!db_healthy(db) && !ended(db))) /* an empty one finds out whether it works again */
            run_group(db, count);
        db_checkpoint_turn(db, count == 0);
    }
    return NULL;
}

/* The threads take no signals: they belong to the main thread. */
static int start_threads(struct db *db)
{
    pthread_condattr_t attributes;
    sigset_t all, old;

    db->end = &db->first;
    atomic_init(&db->healthy, true);
    (void)pthread_mutex_init(&db->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&db->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int code = db_checkpoint_start(db);
    if (code == 0 && (code = pthread_create(&db->thread, NULL, run_thread, db)) != 0)
        db_checkpoint_stop(db);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (code == 0)
        (void)pthread_setname_np(db->thread, "db");
    return code;
}

static void free_memory(struct db *db)
{
    struct arena *arena = db->arena; /* holds the db itself */

    arena_free(&arena);
}

int db_open(struct db **opened, const char *path, const char *schema, struct err *err)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct db *db = ARENA_NEW(arena, struct db);

    db->arena = arena;
    if (db_connect(db, path, schema, err)) {
        free_memory(db);
        return -1;
    }
    int code = start_threads(db);
    if (code) {
        db_disconnect(db);
        free_memory(db);
        return err_set(err, ERR_INTERNAL, "%s: no thread: %s", path, strerror(code));
    }
    *opened = db;
    return 0;
}

void db_close(struct db **closed)
{
    struct db *db = *closed;

    if (!db)
        return;
    (void)pthread_mutex_lock(&db->lock);
    db->closing = true;
    (void)pthread_cond_signal(&db->wake);
    (void)pthread_mutex_unlock(&db->lock);
    (void)pthread_join(db->thread, NULL);
    db_checkpoint_stop(db);
    db_disconnect(db);
    (void)pthread_cond_destroy(&db->wake);
    (void)pthread_mutex_destroy(&db->lock);
    free_memory(db);
    *closed = NULL;
}

void db_submit(struct db *db, struct db_job *job)
{
    job->next = NULL;
    (void)pthread_mutex_lock(&db->lock);
    bool idle = !db->first;
    *db->end = job;
    db->end = &job->next;
    if (idle)
        (void)pthread_cond_signal(&db->wake);
    (void)pthread_mutex_unlock(&db->lock);
}

/* A job whose submitter waits for it. */
struct awaited {
    struct db_job job;
    struct db_job *inner;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool finished, failed;
    struct err *err;
};

static int run_awaited(struct db_job *job, struct db *db, struct err *err)
{
    struct awaited *awaited = (struct awaited *)job;

    return awaited->inner->run(awaited->inner, db, err);
}

static void finish_awaited(struct db_job *job, const struct err *err)
{
    struct awaited *awaited = (struct awaited *)job;

    (void)pthread_mutex_lock(&awaited->lock);
    awaited->finished = true;
    awaited->failed = err != NULL;
    if (err)
        *awaited->err = *err;
    (void)pthread_cond_signal(&awaited->wake);
    (void)pthread_mutex_unlock(&awaited->lock);
}

int db_run(struct db *db, struct db_job *job, struct err *err)
{
    struct awaited awaited = {
        .job = { .run = run_awaited, .repeatable = job->repeatable, .done = finish_awaited },
        .inner = job,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .wake = PTHREAD_COND_INITIALIZER,
        .err = err,
    };

    assert(!pthread_equal(pthread_self(), db->thread));
    db_submit(db, &awaited.job);
    (void)pthread_mutex_lock(&awaited.lock);
    while (!awaited.finished)
        (void)pthread_cond_wait(&awaited.wake, &awaited.lock);
    (void)pthread_mutex_unlock(&awaited.lock);
    (void)pthread_cond_destroy(&awaited.wake);
    (void)pthread_mutex_destroy(&awaited.lock);
    return awaited.failed ? -1 : 0;
}

bool db_healthy(const struct db *db)
{
    return atomic_load_explicit(&db->healthy, memory_order_relaxed);
}

uint64_t db_commits(const struct db *db)
{
    return atomic_load_explicit(&db->commits, memory_order_relaxed);
}
