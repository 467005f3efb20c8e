/* The write-ahead log is brought into the database file beside the writer, by a thread and a connection of its own: while
 * it copies, transactions go on. What came meanwhile it copies, too, until little is left; that little the writer copies
 * between two transactions, and the next one begins the log anew. The longer the log may get, the more often a page of it
 * is a later state of the same one, and only the last is copied.
 *
 * The log has former states of pages, so also what was erased (db_scrub), and one that somebody left may have, too: then it
 * is emptied when nothing is written for a second, and within a minute in any case. An empty file grows more slowly than a
 * long one is overwritten: so only then.
 * See https://www.sqlite.org/wal.html#ckpt */
#include "base/clock.h"
#include "db/inside.h"

#include <limits.h>
#include <sched.h>

enum {
    START = 32768,  /* frames (pages) of the log with which a checkpoint begins: 128 MiB */
    LIMIT = 131072, /* with which the writer waits for it */
    NEAR = 256,     /* frames that the writer copies itself */
    SCRUB_MS = 60 * 1000,
    AGAIN_MS = 1000 /* while another process reads, the log cannot be emptied */
};

/* On the db thread, after a commit; `frames` are those of the whole log. */
static int note_frames(void *data, sqlite3 *handle, const char *name, int frames)
{
    struct checkpoint *it = data;

    (void)handle;
    (void)name;
    if (frames < it->frames)
        it->next = START; /* the log was begun anew */
    it->frames = frames;
    return SQLITE_OK;
}

/* ---- beside the writer ---- */

static int connect_beside(struct checkpoint *it)
{
    if (it->handle)
        return SQLITE_OK;
    int code = sqlite3_open_v2(it->path, &it->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) /* a connection learns from the file's first page that there is a log */
        code = sqlite3_exec(it->handle, "PRAGMA synchronous = FULL; SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        return code;
    (void)sqlite3_close(it->handle);
    it->handle = NULL;
    return code;
}

/* What fails is tried again when the log has grown; nothing is lost, as the log stays. */
static void copy(struct checkpoint *it)
{
    int left = INT_MAX, before, frames, copied;

    if (connect_beside(it) != SQLITE_OK)
        return;
    do {
        before = left;
        if (sqlite3_wal_checkpoint_v2(it->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied) != SQLITE_OK)
            return;
        left = frames - copied;
    } while (left > NEAR && left < before / 2);
}

static void *run_beside(void *data)
{
    struct db *db = data;
    struct checkpoint *it = &db->checkpoint;
    const struct sched_param none = { 0 };

    (void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
    (void)pthread_mutex_lock(&db->lock);
    while (!it->closing) {
        if (it->state != CHECKPOINT_WANTED) {
            (void)pthread_cond_wait(&it->wake, &db->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&db->lock);
        copy(it);
        (void)pthread_mutex_lock(&db->lock);
        it->state = CHECKPOINT_NEAR;
        (void)pthread_cond_signal(&db->wake);
    }
    (void)pthread_mutex_unlock(&db->lock);
    return NULL;
}

/* ---- the db thread's part ---- */

/* Does not wait for other processes that read. */
static void finish(struct db *db, bool empty)
{
    struct checkpoint *it = &db->checkpoint;
    int mode = empty ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;

    (void)sqlite3_busy_timeout(db->handle, 0);
    int code = sqlite3_wal_checkpoint_v2(db->handle, NULL, mode, NULL, NULL);
    (void)sqlite3_busy_timeout(db->handle, DB_BUSY_MS);
    it->next = it->frames + START;
    if (empty)
        it->scrub_ms = code == SQLITE_OK ? 0 : clock_monotonic_ms() + AGAIN_MS;
}

/* The writer's turn has come: true. Else it may be time to begin. */
static bool is_near(struct db *db, bool begin)
{
    struct checkpoint *it = &db->checkpoint;

    (void)pthread_mutex_lock(&db->lock);
    if (begin && it->state == CHECKPOINT_NONE) {
        it->state = CHECKPOINT_WANTED;
        (void)pthread_cond_signal(&it->wake);
    }
    while (it->frames >= LIMIT && it->state == CHECKPOINT_WANTED)
        (void)pthread_cond_wait(&db->wake, &db->lock);
    bool near = it->state == CHECKPOINT_NEAR;
    if (near)
        it->state = CHECKPOINT_NONE;
    (void)pthread_mutex_unlock(&db->lock);
    return near;
}

void db_checkpoint_turn(struct db *db, bool idle)
{
    struct checkpoint *it = &db->checkpoint;
    bool empty = it->scrub_ms && (idle || clock_monotonic_ms() >= it->scrub_ms);

    if (is_near(db, empty || it->frames >= it->next))
        finish(db, empty);
}

void db_scrub(struct db *db)
{
    if (!db->checkpoint.scrub_ms)
        db->checkpoint.scrub_ms = clock_monotonic_ms() + SCRUB_MS;
}

int db_checkpoint_start(struct db *db)
{
    struct checkpoint *it = &db->checkpoint;
    const char *path = sqlite3_db_filename(db->handle, "main"); /* NULL or empty: in memory */

    it->path = path ? path : "";
    it->next = START;
    (void)sqlite3_wal_hook(db->handle, note_frames, it);
    (void)pthread_cond_init(&it->wake, NULL);
    int code = pthread_create(&it->thread, NULL, run_beside, db);
    if (code == 0)
        (void)pthread_setname_np(it->thread, "db-checkpoint");
    return code;
}

void db_checkpoint_stop(struct db *db)
{
    struct checkpoint *it = &db->checkpoint;

    (void)pthread_mutex_lock(&db->lock);
    it->closing = true;
    (void)pthread_cond_signal(&it->wake);
    (void)pthread_mutex_unlock(&db->lock);
    (void)pthread_join(it->thread, NULL);
    (void)pthread_cond_destroy(&it->wake);
    (void)sqlite3_close(it->handle);
}
