/* SQLite: one connection and one thread that alone uses it. Jobs are run in order of submission, many in one
 * transaction (group commit); one that fails undoes only itself. `done` is called, still on that thread,
 * after the transaction is durable (WAL, synchronous=FULL). */
#pragma once

#include "base/err.h"

struct db;

struct db_job {
    /* On the db thread, inside a transaction. -1 with `err` rolls the job back. */
    int (*run)(struct db_job *job, struct db *db, struct err *err);
    bool repeatable; /* `run` may be called once more after what it did was rolled back: spares a savepoint */
    /* On the db thread after COMMIT (or after the rollback; then `err` says why). Often posts to a loop. */
    void (*done)(struct db_job *job, const struct err *err);
    struct db_job *next; /* the db's */
};

/* Opens or creates the file (mode 0600), sets the pragmas (WAL, FULL, foreign_keys, busy_timeout), runs
 * `schema` and starts the thread. `path` ":memory:" is allowed. The schema is idempotent SQL (CREATE TABLE IF NOT EXISTS NAME …); a
 * file with tables but none of its is refused, and not changed. */
MUST_CHECK int db_open(struct db **opened, const char *path, const char *schema, struct err *err);
void db_close(struct db **closed); /* runs what was submitted, then ends the thread */

/* Any thread. The job's memory is the db's until `done`, which may free it. */
void db_submit(struct db *db, struct db_job *job);

/* Runs one job now, waiting for it (start-up and command line only; never on a loop, nor inside a job). The
 * result is returned; `done` is not called. */
MUST_CHECK int db_run(struct db *db, struct db_job *job, struct err *err);

/* Any thread, for readiness and metrics: whether the last transaction worked (tried again every second while
 * it did not), and how many changed something. */
bool db_healthy(const struct db *db);
uint64_t db_commits(const struct db *db);

/* Prepared once per text and connection, reset and unbound when taken and when the job ends. Text must be a
 * literal (its address is the key). Only on the db thread inside `run`. Parameters count from 1, columns from
 * 0. Never NULL: what fails in preparing or binding is reported by db_step. */
struct db_statement;
struct db_statement *db_prepare(struct db *db, const char *sql);
void db_bind_text(struct db_statement *statement, int at, struct str text); /* borrowed until taken again */
void db_bind_int(struct db_statement *statement, int at, int64_t value);
void db_bind_null(struct db_statement *statement, int at);
/* 1: a row is there, 0: done, -1: failed (`err` set; a constraint violation has code ERR_CONFLICT). */
MUST_CHECK int db_step(struct db_statement *statement, struct err *err);
void db_end(struct db_statement *statement);                       /* before its last row: reads no more */
struct str db_column_text(struct db_statement *statement, int at); /* borrowed until the next step */
int64_t db_column_int(struct db_statement *statement, int at);
bool db_column_null(struct db_statement *statement, int at);
int64_t db_changes(struct db *db);
int64_t db_last_row(const struct db *db); /* the row number of the last row that was inserted */

/* Inside `run`: a number that jobs share if they would be undone together (usually all of one transaction), never used
 * again. What one of them has read, and none of them changes, later ones need not read again. */
uint64_t db_unit(const struct db *db);
/* Inside `run`: makes the db call `run` once after the last of these jobs, before they are durable (only the one given
 * last). -1 undoes them all. */
void db_at_end(struct db *db, int (*run)(struct db *db, void *data, struct err *err), void *data);

/* Inside `run`, for a job that erases data for good: deleted rows are overwritten in the file at once (secure_delete),
 * and the log, which still holds them, is emptied within a minute (as soon as nothing has been written for a second and
 * no other process reads). */
void db_scrub(struct db *db);

/* Several statements of SQL text at once, no parameters. */
MUST_CHECK int db_exec(struct db *db, const char *sql, struct err *err);
