/* What of the write-ahead log goes to the database file, and what of it stays. */
#include "test_db_kit.h"
#include "test_file.h"
#include "test_sql.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static const char schema[] = "CREATE TABLE IF NOT EXISTS item(id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;";

enum { SECONDS = 90, ROWS = 1000, LEN = 16000, FRAME = 4096 + 24, LOG_MAX_FRAMES = 131072 };

static void closed(struct db **db, struct place *place)
{
    db_close(db);
    CHECK(access(place->log, F_OK) != 0, "closing left a log");
    place_done(place);
}

static long long log_size(const struct place *place)
{
    struct stat found;

    return stat(place->log, &found) ? -1 : (long long)found.st_size;
}

static void wait_for_empty_log(const struct place *place)
{
    const struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };

    for (int i = 0; log_size(place) != 0; i++) {
        CHECK(i < SECONDS * 50, "the log still has %lld bytes", log_size(place));
        (void)nanosleep(&moment, NULL);
    }
}

static bool file_has(const char *path, const char *text)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct str all = test_file_read(arena, path);
    bool has = memmem(all.ptr, all.len, text, strlen(text)) != NULL;

    arena_free(&arena);
    return has;
}

static int run_erase(struct db_job *job, struct db *db, struct err *err)
{
    (void)job;
    db_scrub(db);
    return db_step(db_prepare(db, "DELETE FROM item"), err);
}

static void what_was_erased_leaves_the_log_too(void **state)
{
    static const char secret[] = "Zoltan Q. Erasedperson";
    struct db_job erase = { .run = run_erase };
    struct place place = place_new();
    struct db *db = open_db(place.path, schema);
    struct err err;

    (void)state;
    do_sql(db, "INSERT INTO item(name) VALUES('Zoltan Q. Erasedperson')");
    CHECK(file_has(place.log, secret), "it was never there");
    assert_int_equal(db_run(db, &erase, &err), 0);
    wait_for_empty_log(&place);
    CHECK(!file_has(place.path, secret), "it is in the file still");
    do_sql(db, "INSERT INTO item(name) VALUES('somebody else')");
    assert_int_equal(count_rows(db, NULL), 1);
    closed(&db, &place);
}

static void what_a_killed_process_left_goes_as_well(void **state)
{
    struct place place = place_new();
    pid_t child = fork();
    int status;

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        struct db *db = open_db(place.path, schema);
        do_sql(db, "INSERT INTO item(name) VALUES('left')");
        (void)raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    CHECK(log_size(&place) > 0, "nothing is left of it");
    struct db *db = open_db(place.path, schema);
    wait_for_empty_log(&place);
    assert_int_equal(count_rows(db, "left"), 1);
    closed(&db, &place);
}

/* How often the log was begun anew: the fourth number of its head (https://www.sqlite.org/fileformat2.html#wal_file_format). */
static unsigned log_number(const struct place *place)
{
    unsigned char head[16] = { 0 };
    FILE *in = fopen(place->log, "r");

    assert_non_null(in);
    size_t got = fread(head, 1, sizeof head, in);
    (void)fclose(in);
    return got == sizeof head ? (unsigned)head[12] << 24 | (unsigned)head[13] << 16 | (unsigned)head[14] << 8 | head[15] : 0;
}

struct fill {
    struct db_job job;
    int from;
};

static int run_fill(struct db_job *job, struct db *db, struct err *err)
{
    const struct fill *fill = (struct fill *)job;
    static char name[LEN + 1];

    for (int i = 0; i < ROWS; i++) {
        struct db_statement *add = db_prepare(db, "INSERT INTO item(id, name) VALUES(?1, ?2)");
        (void)snprintf(name, sizeof name, "%0*d", LEN, fill->from + i);
        db_bind_int(add, 1, fill->from + i);
        db_bind_text(add, 2, str_of(name, LEN));
        if (db_step(add, err) < 0)
            return -1;
    }
    return 0;
}

static void fill(struct db *db, int from)
{
    struct fill job = { .job = { .run = run_fill }, .from = from };
    struct err err;

    if (db_run(db, &job.job, &err))
        fail_msg("%s", err.detail);
}

static void the_log_begins_anew_while_writing_goes_on(void **state)
{
    struct place place = place_new();
    struct db *db = open_db(place.path, schema);
    int rows = 0;

    (void)state;
    fill(db, rows);
    unsigned first = log_number(&place);
    while (log_number(&place) == first) {
        CHECK(log_size(&place) < (long long)LOG_MAX_FRAMES * FRAME * 2, "%lld bytes", log_size(&place));
        rows += ROWS;
        fill(db, rows);
    }
    rows += ROWS;
    assert_int_equal(count_rows(db, NULL), rows);
    assert_int_equal(do_sql(db, "SELECT count(*) FROM item WHERE CAST(name AS INTEGER) <> id"), 0);
    db_close(&db);
    db = open_db(place.path, schema);
    assert_int_equal(do_sql(db, "SELECT count(*) FROM item WHERE CAST(name AS INTEGER) = id"), rows);
    closed(&db, &place);
}

/* ---- a disk that takes its time: of the database file, and for connections to come ---- */

static atomic_bool held;
static sqlite3_vfs *quick;
static sqlite3_io_methods quick_methods, slow_methods;

static int slow_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
    const struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };

    while (atomic_load(&held))
        (void)nanosleep(&moment, NULL);
    return quick_methods.xWrite(file, bytes, count, at);
}

static int slow_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *opened)
{
    int code = quick->xOpen(vfs, name, file, flags, opened);

    if (code != SQLITE_OK || !(flags & SQLITE_OPEN_MAIN_DB))
        return code;
    slow_methods = quick_methods = *file->pMethods;
    slow_methods.xWrite = slow_write;
    file->pMethods = &slow_methods;
    return code;
}

struct filler {
    struct db *db;
    atomic_bool ends;
    int rows;
};

static void *fill_on(void *data)
{
    struct filler *filler = data;

    for (; !atomic_load(&filler->ends); filler->rows += ROWS)
        fill(filler->db, filler->rows);
    return NULL;
}

static void the_writer_waits_before_the_log_is_too_long(void **state)
{
    const long long most = (long long)(LOG_MAX_FRAMES + 20 * ROWS) * FRAME;
    const struct timespec while_written = { .tv_sec = 2 }, moment = { .tv_nsec = 20 * 1000 * 1000 };
    struct place place = place_new();
    struct filler filler = { .db = open_db(place.path, schema) };
    pthread_t thread;

    (void)state;
    quick = sqlite3_vfs_find(NULL);
    sqlite3_vfs slow = *quick;
    slow.zName = "slow";
    slow.xOpen = slow_open;
    atomic_store(&held, true);
    assert_int_equal(sqlite3_vfs_register(&slow, 1), SQLITE_OK);
    assert_int_equal(pthread_create(&thread, NULL, fill_on, &filler), 0);
    for (int i = 0; log_size(&place) < (long long)LOG_MAX_FRAMES * FRAME && i < SECONDS * 50; i++)
        (void)nanosleep(&moment, NULL);
    (void)nanosleep(&while_written, NULL);
    long long size = log_size(&place);
    atomic_store(&filler.ends, true);
    atomic_store(&held, false);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(sqlite3_vfs_register(quick, 1), SQLITE_OK);
    assert_int_equal(count_rows(filler.db, NULL), filler.rows);
    closed(&filler.db, &place); /* and the connection beside, which has this disk */
    assert_int_equal(sqlite3_vfs_unregister(&slow), SQLITE_OK);
    CHECK(size >= (long long)LOG_MAX_FRAMES * FRAME && size < most, "%lld bytes", size);
}

/* Where nobody left a log nothing in it was erased. */
static void the_log_of_a_start_stays(void **state)
{
    const struct timespec while_idle = { .tv_sec = 2 };
    struct place place = place_new();
    struct db *db = open_db(place.path, schema);

    (void)state;
    (void)nanosleep(&while_idle, NULL);
    CHECK(log_size(&place) > 0, "it was emptied for nothing");
    closed(&db, &place);
}

static int run_scrub(struct db_job *job, struct db *db, struct err *err)
{
    (void)job;
    (void)err;
    db_scrub(db);
    return 0;
}

/* Another process that makes a copy, say. */
static void somebody_who_reads_holds_nobody_up(void **state)
{
    const struct timespec while_idle = { .tv_sec = 2 };
    struct place place = place_new();
    struct db *db = open_db(place.path, schema);
    struct db_job scrub = { .run = run_scrub };
    sqlite3 *reader = NULL;
    struct err err;

    (void)state;
    do_sql(db, "INSERT INTO item(name) VALUES('before')");
    assert_int_equal(db_run(db, &scrub, &err), 0);
    assert_int_equal(sqlite3_open(place.path, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT * FROM item", NULL, NULL, NULL), SQLITE_OK);
    do_sql(db, "INSERT INTO item(name) VALUES('meanwhile')");
    (void)nanosleep(&while_idle, NULL);
    CHECK(log_size(&place) > 0, "the log went under its reader");
    do_sql(db, "INSERT INTO item(name) VALUES('after')");
    assert_int_equal(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    wait_for_empty_log(&place);
    assert_int_equal(count_rows(db, NULL), 3);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    closed(&db, &place);
}

static void a_base_in_memory_has_no_log(void **state)
{
    struct db *db = open_db(":memory:", schema);

    (void)state;
    do_sql(db, "INSERT INTO item(name) VALUES('x')");
    assert_int_equal(count_rows(db, NULL), 1);
    db_close(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_erased_leaves_the_log_too),
        cmocka_unit_test(what_a_killed_process_left_goes_as_well),
        cmocka_unit_test(the_log_of_a_start_stays),
        cmocka_unit_test(the_log_begins_anew_while_writing_goes_on),
        cmocka_unit_test(the_writer_waits_before_the_log_is_too_long),
        cmocka_unit_test(somebody_who_reads_holds_nobody_up),
        cmocka_unit_test(a_base_in_memory_has_no_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
