/* One statement on a database, for tests that look into a file. */
#pragma once

#include "check.h"

#include "db/db.h"

struct statement {
    struct db_job job;
    const char *sql;
    int64_t found;
};

static inline int run_statement(struct db_job *job, struct db *db, struct err *err)
{
    struct statement *it = (struct statement *)job;
    struct db_statement *statement = db_prepare(db, it->sql);
    int rc = db_step(statement, err);

    if (rc == 1)
        it->found = db_column_int(statement, 0);
    return rc < 0 ? -1 : 0;
}

/* The number in its first row and column; 0 without a row. */
static inline int64_t do_sql(struct db *db, const char *literal)
{
    struct statement statement = { .job = { .run = run_statement }, .sql = literal };
    struct err err;

    if (db_run(db, &statement.job, &err))
        fail_msg("%s", err.detail);
    return statement.found;
}
