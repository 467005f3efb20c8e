#include "test_db_kit.h"
#include "test_sql.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS item(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE IF NOT EXISTS part(id INTEGER PRIMARY KEY, item INTEGER NOT NULL"
    "  REFERENCES item(id) DEFERRABLE INITIALLY DEFERRED) STRICT;";

/* Inserts `name`, then fails if asked to. */
struct insert {
    struct db_job job;
    const char *name;
    bool fail_after;
    int64_t part_of; /* also a row of part; 0: none */
    atomic_int *order;
    bool failed;
    int runs, done_at;
    enum err_code code;
};

static int run_insert(struct db_job *job, struct db *db, struct err *err)
{
    struct insert *insert = (struct insert *)job;
    struct db_statement *add = db_prepare(db, "INSERT INTO item(name) VALUES(?1)");

    insert->runs++;
    db_bind_text(add, 1, str_from(insert->name));
    if (db_step(add, err) < 0)
        return -1;
    if (insert->part_of) {
        struct db_statement *part = db_prepare(db, "INSERT INTO part(item) VALUES(?1)");
        db_bind_int(part, 1, insert->part_of);
        if (db_step(part, err) < 0)
            return -1;
    }
    return insert->fail_after ? err_set(err, ERR_INVALID, "asked to fail") : 0;
}

static void done_insert(struct db_job *job, const struct err *err)
{
    struct insert *insert = (struct insert *)job;

    insert->failed = err != NULL;
    insert->code = err ? err->code : ERR_NONE;
    if (insert->order)
        insert->done_at = atomic_fetch_add(insert->order, 1);
}

/* Holds the db thread until opened, so that what is submitted meanwhile forms one group. */
struct gate {
    struct db_job job;
    pthread_mutex_t lock;
};

static int run_gate(struct db_job *job, struct db *db, struct err *err)
{
    struct gate *gate = (struct gate *)job;

    (void)db;
    (void)err;
    (void)pthread_mutex_lock(&gate->lock);
    (void)pthread_mutex_unlock(&gate->lock);
    return 0;
}

static void done_nothing(struct db_job *job, const struct err *err)
{
    (void)job;
    (void)err;
}

static void gate_shut(struct gate *gate, struct db *db)
{
    *gate = (struct gate){ .job = { .run = run_gate, .repeatable = true, .done = done_nothing },
                           .lock = PTHREAD_MUTEX_INITIALIZER };
    (void)pthread_mutex_lock(&gate->lock);
    db_submit(db, &gate->job);
}

static void gate_open(struct gate *gate)
{
    (void)pthread_mutex_unlock(&gate->lock);
}

/* With `repeatable` jobs the group is tried at once and, when one fails, job by job. */
static void one_of_a_group_fails(bool repeatable)
{
    struct db *db = open_db(":memory:", schema);
    atomic_int order = 0;
    struct insert jobs[] = {
        { .name = "a" }, { .name = "b", .fail_after = true },
        { .name = "a" },                  /* a duplicate */
        { .name = "c" }, { .name = "b" }, /* free again: the second job was undone */
    };
    static const enum err_code want[] = { ERR_NONE, ERR_INVALID, ERR_CONFLICT, ERR_NONE, ERR_NONE };
    struct gate gate;

    gate_shut(&gate, db);
    for (size_t i = 0; i < COUNT(jobs); i++) {
        jobs[i].job = (struct db_job){ .run = run_insert, .repeatable = repeatable, .done = done_insert };
        jobs[i].order = &order;
        db_submit(db, &jobs[i].job);
    }
    gate_open(&gate);
    assert_int_equal(count_rows(db, NULL), 3);
    for (size_t i = 0; i < COUNT(jobs); i++) {
        CHECK(jobs[i].code == want[i], "job %zu: %s", i, err_name(jobs[i].code));
        CHECK(jobs[i].done_at == (int)i, "job %zu was reported as %d", i, jobs[i].done_at);
        CHECK(jobs[i].runs == (repeatable && i < 2 ? 2 : 1), "job %zu ran %d times", i, jobs[i].runs);
    }
    assert_true(db_healthy(db));
    db_close(&db);
    assert_null(db);
}

static void one_job_of_a_group_fails_alone(void **state)
{
    (void)state;
    one_of_a_group_fails(false);
    one_of_a_group_fails(true);
}

static void one_job_that_may_not_run_twice_guards_its_group(void **state)
{
    struct db *db = open_db(":memory:", schema);
    struct insert jobs[] = { { .name = "a" }, { .name = "b" }, { .name = "c", .fail_after = true } };
    struct gate gate;

    (void)state;
    gate_shut(&gate, db);
    for (size_t i = 0; i < COUNT(jobs); i++) {
        jobs[i].job = (struct db_job){ .run = run_insert, .repeatable = i != 1, .done = done_insert };
        db_submit(db, &jobs[i].job);
    }
    gate_open(&gate);
    assert_int_equal(count_rows(db, NULL), 2);
    for (size_t i = 0; i < COUNT(jobs); i++)
        CHECK(jobs[i].runs == 1 && jobs[i].failed == (i == 2), "job %zu ran %d times", i, jobs[i].runs);
    db_close(&db);
}

/* What jobs that are undone together share: one row that says how many of them there were. */
struct counted {
    struct insert insert;
    struct unit *unit;
};

struct unit {
    const char *name;
    uint64_t number;
    int jobs, ends;
    bool fail_at_end;
};

static int end_of_unit(struct db *db, void *data, struct err *err)
{
    struct unit *unit = data;
    char name[32];
    struct db_statement *add = db_prepare(db, "INSERT INTO item(name) VALUES(?1)");

    unit->ends++;
    (void)snprintf(name, sizeof name, "%s: %d", unit->name, unit->jobs);
    db_bind_text(add, 1, str_from(name));
    if (db_step(add, err) < 0)
        return -1;
    return unit->fail_at_end ? err_set(err, ERR_INVALID, "the end fails") : 0;
}

static int run_counted(struct db_job *job, struct db *db, struct err *err)
{
    struct unit *unit = ((struct counted *)job)->unit;

    if (unit->number != db_unit(db)) {
        CHECK(db_unit(db) > unit->number, "a number twice");
        unit->number = db_unit(db);
        unit->jobs = 0;
    }
    unit->jobs++;
    db_at_end(db, end_of_unit, unit);
    return run_insert(job, db, err);
}

static void submit_counted(struct db *db, struct counted *jobs, size_t count, bool repeatable)
{
    struct gate gate, second; /* the first may be a group of its own */

    gate_shut(&gate, db);
    gate_shut(&second, db);
    gate_open(&gate);
    for (size_t i = 0; i < count; i++) {
        jobs[i].insert.job = (struct db_job){ .run = run_counted, .repeatable = repeatable, .done = done_insert };
        db_submit(db, &jobs[i].insert.job);
    }
    gate_open(&second);
    struct count last = { .job = { .run = run_count, .repeatable = repeatable } };
    struct err err;
    (void)(db_run(db, &last.job, &err) == 0); /* shares the fate of the others, or comes after them */
}

static void the_end_of_a_unit_belongs_to_it(void **state)
{
    struct db *db = open_db(":memory:", schema);
    struct unit whole = { .name = "whole" }, parts = { .name = "part" };
    struct unit failing = { .name = "failing", .fail_at_end = true };
    struct counted a[] = { { { .name = "a" }, &whole }, { { .name = "b" }, &whole } };
    struct counted b[] = { { { .name = "c" }, &parts }, { { .name = "d", .fail_after = true }, &parts } };
    struct counted c[] = { { { .name = "e" }, &failing }, { { .name = "f" }, &failing } };

    (void)state;
    submit_counted(db, a, COUNT(a), true);
    CHECK(whole.ends == 1 && count_rows(db, "whole: 2") == 1, "%d ends", whole.ends);
    submit_counted(db, b, COUNT(b), true); /* tried together, then one by one */
    CHECK(!b[0].insert.failed && b[1].insert.failed && parts.ends == 1, "%d ends", parts.ends);
    CHECK(count_rows(db, "part: 1") == 1 && count_rows(db, "c") == 1 && !count_rows(db, "d"), "undone job by job");
    submit_counted(db, c, COUNT(c), true);
    CHECK(c[0].insert.failed && c[1].insert.failed && c[1].insert.code == ERR_INVALID, "the end failed");
    submit_counted(db, c, COUNT(c), false);
    CHECK(c[0].insert.failed && c[1].insert.failed, "the end of each failed");
    CHECK(!count_rows(db, "e") && !count_rows(db, "f") && count_rows(db, NULL) == 5, "%d rows", (int)count_rows(db, NULL));
    assert_true(db_healthy(db));
    db_close(&db);
}

static void many_jobs_are_few_commits(void **state)
{
    enum { JOBS = 600 };
    struct db *db = open_db(":memory:", schema);
    struct insert *jobs = calloc(JOBS, sizeof *jobs);
    char(*names)[16] = calloc(JOBS, sizeof *names);
    struct gate gate;

    (void)state;
    gate_shut(&gate, db);
    for (size_t i = 0; i < JOBS; i++) {
        (void)snprintf(names[i], sizeof names[i], "n%zu", i);
        jobs[i] = (struct insert){ .job = { .run = run_insert, .done = done_insert }, .name = names[i] };
        db_submit(db, &jobs[i].job);
    }
    gate_open(&gate);
    assert_int_equal(count_rows(db, NULL), JOBS);
    CHECK(db_commits(db) <= 4, "%d commits", (int)db_commits(db));
    for (size_t i = 0; i < JOBS; i++)
        CHECK(!jobs[i].failed, "job %zu", i);
    uint64_t before = db_commits(db);
    (void)count_rows(db, NULL);
    CHECK(db_commits(db) == before, "reading alone is no commit");
    db_close(&db);
    free(names);
    free(jobs);
}

static void when_commit_fails_every_job_of_the_group_failed(void **state)
{
    struct db *db = open_db(":memory:", schema);
    struct insert jobs[] = {
        { .name = "a" },
        { .name = "b", .part_of = 999 }, /* no such item: a deferred key, found out by COMMIT */
        { .name = "c", .fail_after = true },
    };
    struct gate gate;

    (void)state;
    gate_shut(&gate, db);
    /* The gate may be a group of its own: a second one makes sure that the rest is together. */
    struct gate second;
    gate_shut(&second, db);
    gate_open(&gate);
    for (size_t i = 0; i < COUNT(jobs); i++) {
        jobs[i].job = (struct db_job){ .run = run_insert, .done = done_insert };
        db_submit(db, &jobs[i].job);
    }
    gate_open(&second);
    struct insert last = { .job = { .run = run_insert }, .name = "d" };
    struct err err;
    /* Whether this one shares the group or follows it decides whether it fails. */
    bool stored = db_run(db, &last.job, &err) == 0;
    assert_int_equal(count_rows(db, NULL), stored);
    assert_true(jobs[0].failed && jobs[1].failed && jobs[2].failed);
    assert_int_equal(jobs[1].code, ERR_CONFLICT);
    assert_int_equal(jobs[2].code, ERR_INVALID);
    assert_true(db_healthy(db)); /* the count's transaction worked */
    db_close(&db);
}

/* What SQLite does of itself where the disk fails. */
static int run_lost(struct db_job *job, struct db *db, struct err *err)
{
    (void)job;
    return db_exec(db, "ROLLBACK", err);
}

/* Several jobs of one group; what follows them is not among them, or shares their fate. */
static void submit_together(struct db *db, struct insert *jobs, size_t count)
{
    struct gate gate, second; /* the first may be a group of its own */
    struct count last = { .job = { .run = run_count } };
    struct err err;

    gate_shut(&gate, db);
    gate_shut(&second, db);
    gate_open(&gate);
    for (size_t i = 0; i < count; i++)
        db_submit(db, &jobs[i].job);
    gate_open(&second);
    (void)(db_run(db, &last.job, &err) == 0);
}

/* A job that was never come to failed for what ended its group, and not for what was wrong with another one, which stood in
 * its place in the group before. */
static void what_ended_a_group_is_what_its_jobs_are_told(void **state)
{
    enum { JOBS = 8 };
    static const char *const names[JOBS] = { "a", "b", "c", "d", "e", "f", "g", "h" };
    struct db *db = open_db(":memory:", schema);
    struct insert before[JOBS], after[JOBS / 2];

    (void)state;
    for (size_t i = 0; i < JOBS; i++)
        before[i] = (struct insert){ .job = { .run = run_insert, .done = done_insert },
                                     .name = names[i],
                                     .fail_after = true };
    submit_together(db, before, COUNT(before));
    for (size_t i = 0; i < COUNT(before); i++)
        CHECK(before[i].code == ERR_INVALID, "job %zu: %s", i, err_name(before[i].code));
    for (size_t i = 0; i < COUNT(after); i++)
        after[i] = (struct insert){ .job = { .run = i ? run_insert : run_lost, .done = done_insert }, .name = names[i] };
    submit_together(db, after, COUNT(after));
    for (size_t i = 0; i < COUNT(after); i++)
        CHECK(after[i].code == ERR_UNAVAILABLE, "job %zu: %s", i, err_name(after[i].code));
    assert_int_equal(count_rows(db, NULL), 0);
    assert_true(db_healthy(db));
    db_close(&db);
}

static int run_limit(struct db_job *job, struct db *db, struct err *err)
{
    (void)job;
    return db_exec(db, "PRAGMA max_page_count = 12", err);
}

static void fill_disk(bool repeatable)
{
    enum { JOBS = 200 };
    struct place place = place_new();
    struct db *db = open_db(place.path, schema);
    struct db_job limit = { .run = run_limit };
    struct insert *jobs = calloc(JOBS, sizeof *jobs);
    char(*names)[512] = calloc(JOBS, sizeof *names);
    struct err err;
    int64_t stored = 0;

    assert_int_equal(db_run(db, &limit, &err), 0);
    for (size_t i = 0; i < JOBS; i++) {
        (void)snprintf(names[i], sizeof names[i], "%0500zu", i);
        jobs[i] =
            (struct insert){ .job = { .run = run_insert, .repeatable = repeatable, .done = done_insert },
                             .name = names[i] };
        db_submit(db, &jobs[i].job);
    }
    struct count last = { .job = { .run = run_count } };
    (void)(db_run(db, &last.job, &err) == 0); /* may share the lost transaction */
    for (size_t i = 0; i < JOBS; i++) {
        CHECK(count_rows(db, names[i]) == !jobs[i].failed, "job %zu", i);
        CHECK(!jobs[i].failed || jobs[i].code == ERR_UNAVAILABLE, "job %zu: %s", i, err_name(jobs[i].code));
        stored += !jobs[i].failed;
    }
    CHECK(stored < JOBS, "the limit was never met");
    db_close(&db);
    place_done(&place);
    free(names);
    free(jobs);
}

static void a_full_disk_loses_nothing_that_was_reported(void **state)
{
    (void)state;
    fill_disk(false);
    fill_disk(true);
}

/* What does not fit into the cache goes to the log before its time, and is read from there again. */
struct many {
    struct db_job job;
    int rows;
    bool fail_after;
    int64_t sum;
};

static int run_many(struct db_job *job, struct db *db, struct err *err)
{
    enum { LEN = 16000 };
    struct many *many = (struct many *)job;
    static char name[LEN + 1];

    for (int i = 0; i < many->rows; i++) {
        struct db_statement *add = db_prepare(db, "INSERT INTO item(name) VALUES(?1)");
        (void)snprintf(name, sizeof name, "%c%0*d", many->fail_after ? 'x' : 'y', LEN - 1, i);
        db_bind_text(add, 1, str_of(name, LEN));
        if (db_step(add, err) < 0)
            return -1;
    }
    struct db_statement *sum = db_prepare(db, "SELECT sum(length(name) + substr(name, 2)) FROM item");
    if (db_step(sum, err) != 1)
        return -1;
    many->sum = db_column_int(sum, 0);
    return many->fail_after ? err_set(err, ERR_INVALID, "asked to fail") : 0;
}

static void a_transaction_may_be_larger_than_the_cache(void **state)
{
    enum { ROWS = 2000 };
    const int64_t want = (int64_t)ROWS * 16000 + (int64_t)ROWS * (ROWS - 1) / 2;
    struct place place = place_new();
    struct db *db = open_db(place.path, schema), *other = open_db(place.path, schema);
    struct many lost = { .job = { .run = run_many }, .rows = ROWS, .fail_after = true };
    struct many kept = { .job = { .run = run_many }, .rows = ROWS }, seen = { .job = { .run = run_many } };
    struct err err;

    (void)state;
    assert_int_equal(db_run(db, &lost.job, &err), -1);
    assert_int_equal(lost.sum, want);
    assert_int_equal(db_run(db, &kept.job, &err), 0);
    assert_int_equal(kept.sum, want);
    assert_int_equal(db_run(other, &seen.job, &err), 0);
    CHECK(seen.sum == want, "the other connection sums up %lld", (long long)seen.sum);
    db_close(&db);
    db_close(&other);
    other = open_db(place.path, schema);
    CHECK(count_rows(other, NULL) == ROWS, "%lld rows", (long long)count_rows(other, NULL));
    db_close(&other);
    place_done(&place);
}

/* When `done` runs, another connection sees the row. */
struct witnessed {
    struct insert insert;
    struct db *other;
    int64_t seen;
};

static void done_witnessed(struct db_job *job, const struct err *err)
{
    struct witnessed *witnessed = (struct witnessed *)job;

    if (!err)
        witnessed->seen = count_rows(witnessed->other, witnessed->insert.name);
}

static void done_means_committed(void **state)
{
    struct place place = place_new();
    struct db *db = open_db(place.path, schema), *other = open_db(place.path, schema);
    char names[20][8];
    struct witnessed jobs[20];

    (void)state;
    for (size_t i = 0; i < COUNT(jobs); i++) {
        (void)snprintf(names[i], sizeof names[i], "w%zu", i);
        jobs[i] = (struct witnessed){ .insert = { .job = { .run = run_insert, .done = done_witnessed },
                                                  .name = names[i] },
                                      .other = other };
        db_submit(db, &jobs[i].insert.job);
    }
    assert_int_equal(count_rows(db, NULL), COUNT(jobs));
    db_close(&db);
    for (size_t i = 0; i < COUNT(jobs); i++)
        CHECK(jobs[i].seen == 1, "job %zu", i);
    db_close(&other);
    place_done(&place);
}

static void close_runs_what_was_submitted(void **state)
{
    struct place place = place_new();
    struct db *db = open_db(place.path, schema);
    struct insert jobs[50];
    char names[50][8];

    (void)state;
    for (size_t i = 0; i < COUNT(jobs); i++) {
        (void)snprintf(names[i], sizeof names[i], "q%zu", i);
        jobs[i] = (struct insert){ .job = { .run = run_insert, .done = done_insert },
                                   .name = names[i],
                                   .failed = true };
        db_submit(db, &jobs[i].job);
    }
    db_close(&db);
    for (size_t i = 0; i < COUNT(jobs); i++)
        CHECK(!jobs[i].failed, "job %zu", i);
    db = open_db(place.path, schema);
    assert_int_equal(count_rows(db, NULL), COUNT(jobs));
    db_close(&db);
    place_done(&place);
}

struct writer {
    struct db *db;
    char letter;
    int failed;
};

static void *write_many(void *data)
{
    struct writer *writer = data;

    for (int i = 0; i < 100; i++) {
        char name[16];
        struct err err;
        (void)snprintf(name, sizeof name, "%c%d", writer->letter, i);
        struct insert insert = { .job = { .run = run_insert }, .name = name };
        writer->failed += db_run(writer->db, &insert.job, &err) != 0;
    }
    return NULL;
}

static void two_connections_share_one_file(void **state)
{
    struct place place = place_new();
    struct db *a = open_db(place.path, schema), *b = open_db(place.path, schema);
    struct writer writers[] = { { .db = a, .letter = 'a' },
                                { .db = a, .letter = 'b' },
                                { .db = b, .letter = 'c' } };
    pthread_t threads[COUNT(writers)];

    (void)state;
    for (size_t i = 0; i < COUNT(writers); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &writers[i]), 0);
    for (size_t i = 0; i < COUNT(writers); i++) {
        (void)pthread_join(threads[i], NULL);
        CHECK(writers[i].failed == 0, "writer %zu: %d failed", i, writers[i].failed);
    }
    assert_int_equal(count_rows(a, NULL), 300);
    assert_int_equal(count_rows(b, NULL), 300);
    db_close(&a);
    assert_int_equal(count_rows(b, "a99"), 1);
    db_close(&b);
    place_done(&place);
}

static void check_mode(const char *path, const char *end)
{
    char name[128];
    struct stat found;

    (void)snprintf(name, sizeof name, "%s%s", path, end);
    assert_int_equal(stat(name, &found), 0);
    CHECK((found.st_mode & 0777) == 0600, "%s: %o", name, (unsigned)found.st_mode & 0777u);
}

static void the_file_is_private_whatever_the_umask(void **state)
{
    static const mode_t masks[] = { 0, 022, 0777 };

    (void)state;
    for (size_t i = 0; i < COUNT(masks); i++) {
        struct place place = place_new();
        mode_t old = umask(masks[i]);
        struct db *db = open_db(place.path, schema);
        assert_int_equal(count_rows(db, NULL), 0);
        (void)umask(old);
        check_mode(place.path, "");
        check_mode(place.path, "-wal");
        check_mode(place.path, "-shm");
        assert_int_equal(chmod(place.path, 0644), 0);
        struct db *again = open_db(place.path, schema);
        check_mode(place.path, "");
        db_close(&again);
        db_close(&db);
        place_done(&place);
    }
}

static void opening_fails_with_a_reason(void **state)
{
    struct place place = place_new();
    static const struct {
        const char *path, *schema, *content;
    } cases[] = {
        { .path = "/nonexistent/x.db", .schema = "" },
        { .path = ":memory:", .schema = "CREATE TABLE" },
        { .path = NULL,
          .schema = "",
          .content = "this is no database, and it is longer than one header of SQLite's "
                     "file format, which has a hundred bytes at its beginning" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct db *db = NULL;
        struct err err = { 0 };
        if (cases[i].content) {
            FILE *file = fopen(place.path, "w");
            assert_non_null(file);
            (void)fputs(cases[i].content, file);
            (void)fclose(file);
        }
        int rc = db_open(&db, cases[i].path ? cases[i].path : place.path, cases[i].schema, &err);
        CHECK(rc == -1 && db == NULL && err.code != ERR_NONE && err.detail[0], "case %zu", i);
    }
    place_done(&place);
}

static void another_programs_file_is_left_alone(void **state)
{
    struct place place = place_new();
    struct db *db = NULL;
    struct err err = { 0 };

    (void)state;
    CHECK(!db_open(&db, place.path, "CREATE TABLE IF NOT EXISTS theirs(id INTEGER PRIMARY KEY AUTOINCREMENT)", &err), "%s", err.detail);
    db_close(&db);
    CHECK(db_open(&db, place.path, "CREATE TABLE IF NOT EXISTS ours(id INTEGER)", &err) == -1 && err.code == ERR_CONFIG, "it was opened");
    CHECK(strstr(err.detail, "another program"), "%s", err.detail);
    CHECK(!db_open(&db, place.path, "", &err), "%s", err.detail);
    CHECK(do_sql(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'ours'") == 0, "it was changed");
    db_close(&db);
    CHECK(!db_open(&db, place.path, "CREATE TABLE IF NOT EXISTS ours(id INTEGER); CREATE TABLE IF NOT EXISTS theirs(id INTEGER)", &err),
          "of an earlier version: %s", err.detail);
    db_close(&db);
    place_done(&place);
}

/* cmocka's assertions jump, which only the main thread can: inside a job a failed expectation is an error. */
#define EXPECT(condition)                                                                                    \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            return err_set(err, ERR_INTERNAL, "line %d: " #condition, __LINE__);                             \
    } while (0)

/* Statements: what was bound does not survive, what fails to prepare is told by db_step. */
static int run_statements(struct db_job *job, struct db *db, struct err *err)
{
    static const char echo[] = "SELECT ?1, ?2, ?3";
    struct db_statement *statement = db_prepare(db, echo);
    struct err wrong = { 0 };

    (void)job;
    db_bind_text(statement, 1, STR("a\0b"));
    db_bind_int(statement, 2, INT64_MIN);
    db_bind_text(statement, 3, STR_NONE);
    EXPECT(db_step(statement, err) == 1);
    EXPECT(str_eq(db_column_text(statement, 0), STR("a\0b")));
    EXPECT(db_column_int(statement, 1) == INT64_MIN);
    EXPECT(!db_column_null(statement, 2)); /* empty text is not NULL */
    EXPECT(db_column_text(statement, 2).len == 0);
    EXPECT(db_step(statement, err) == 0);

    EXPECT(db_prepare(db, echo) == statement);
    db_bind_null(statement, 3);
    EXPECT(db_step(statement, err) == 1);
    EXPECT(db_column_null(statement, 0) && db_column_null(statement, 1) && db_column_null(statement, 2));

    struct db_statement *bad = db_prepare(db, "SELECT nonsense FROM nowhere");
    db_bind_int(bad, 1, 1);
    EXPECT(db_step(bad, &wrong) == -1);
    EXPECT(wrong.code == ERR_INTERNAL);
    EXPECT(db_prepare(db, echo) == statement);
    db_bind_int(statement, 4, 1); /* no such parameter */
    EXPECT(db_step(statement, &wrong) == -1);
    EXPECT(db_exec(db, "INSERT INTO item(name) VALUES('x'); INSERT INTO item(name) VALUES('y')", err) == 0);
    EXPECT(db_changes(db) == 1);
    EXPECT(db_exec(db, "INSERT INTO item(name) VALUES('x')", &wrong) == -1);
    EXPECT(wrong.code == ERR_CONFLICT);
    return 0;
}

static void statements_are_kept_and_start_clean(void **state)
{
    struct db *db = open_db(":memory:", schema);
    struct db_job job = { .run = run_statements };
    struct err err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        if (db_run(db, &job, &err))
            fail_msg("%s", err.detail);
        struct db_job clean = { .run = run_limit };
        assert_int_equal(db_run(db, &clean, &err), 0);
        assert_int_equal(count_rows(db, NULL), 2);
        db_close(&db);
        db = open_db(":memory:", schema);
    }
    db_close(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_job_of_a_group_fails_alone),
        cmocka_unit_test(one_job_that_may_not_run_twice_guards_its_group),
        cmocka_unit_test(the_end_of_a_unit_belongs_to_it),
        cmocka_unit_test(a_transaction_may_be_larger_than_the_cache),
        cmocka_unit_test(many_jobs_are_few_commits),
        cmocka_unit_test(when_commit_fails_every_job_of_the_group_failed),
        cmocka_unit_test(what_ended_a_group_is_what_its_jobs_are_told),
        cmocka_unit_test(a_full_disk_loses_nothing_that_was_reported),
        cmocka_unit_test(done_means_committed),
        cmocka_unit_test(close_runs_what_was_submitted),
        cmocka_unit_test(two_connections_share_one_file),
        cmocka_unit_test(the_file_is_private_whatever_the_umask),
        cmocka_unit_test(opening_fails_with_a_reason),
        cmocka_unit_test(another_programs_file_is_left_alone),
        cmocka_unit_test(statements_are_kept_and_start_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
