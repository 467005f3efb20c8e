/* What the tests of db share: a directory of their own, a base in it, and how many of its items have a name. */
#pragma once

#include "check.h"

#include "db/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The file of the base, and the two that SQLite keeps beside it. */
struct place {
    char dir[64], path[96], log[104], index[104];
};

static inline struct place place_new(void)
{
    struct place place = { .dir = "/tmp/test_db.XXXXXX" };

    assert_non_null(mkdtemp(place.dir));
    (void)snprintf(place.path, sizeof place.path, "%s/x.db", place.dir);
    (void)snprintf(place.log, sizeof place.log, "%s-wal", place.path);
    (void)snprintf(place.index, sizeof place.index, "%s-shm", place.path);
    return place;
}

static inline void place_done(struct place *place)
{
    (void)unlink(place->path);
    (void)unlink(place->log);
    (void)unlink(place->index);
    assert_int_equal(rmdir(place->dir), 0);
}

static inline struct db *open_db(const char *path, const char *schema)
{
    struct db *db = NULL;
    struct err err;

    if (db_open(&db, path, schema, &err))
        fail_msg("%s", err.detail);
    return db;
}

/* Counts the rows of `item` named `name`, or all. */
struct count {
    struct db_job job;
    const char *name;
    int64_t found;
};

static inline int run_count(struct db_job *job, struct db *db, struct err *err)
{
    struct count *count = (struct count *)job;
    struct db_statement *select = db_prepare(db, "SELECT count(*) FROM item WHERE ?1 IS NULL OR name = ?1");

    if (count->name)
        db_bind_text(select, 1, str_from(count->name));
    if (db_step(select, err) != 1)
        return -1;
    count->found = db_column_int(select, 0);
    return 0; /* the statement is left stepping on purpose */
}

static inline int64_t count_rows(struct db *db, const char *name)
{
    struct count count = { .job = { .run = run_count, .repeatable = true }, .name = name };
    struct err err;

    if (db_run(db, &count.job, &err))
        fail_msg("%s", err.detail);
    return count.found;
}
