/* What the files of db/ share; nobody else includes this. */
#pragma once

#include "base/arena.h"
#include "db/db.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

enum {
    GROUP_MAX = 256,        /* jobs in one transaction */
    STATEMENT_BUCKETS = 128 /* a power of two; chains may grow */
};

struct db_statement {
    struct db *db;
    const char *sql;
    sqlite3_stmt *handle; /* NULL when preparing failed */
    int failure;          /* the first result code that was no success; 0: none */
    bool taken;
    struct db_statement *chain, *next_taken;
};

/* One job of the transaction that is running. */
struct outcome {
    struct db_job *job;
    bool failed;
    struct err err;
};

struct db {
    sqlite3 *handle;
    struct arena *arena; /* this struct and its statements */
    struct db_statement *statements[STATEMENT_BUCKETS];
    struct db_statement *taken; /* by the running job */
    struct outcome group[GROUP_MAX];
    uint64_t unit;
    int (*at_end)(struct db *db, void *data, struct err *err); /* of the unit */
    void *at_end_data;

    pthread_t thread;
    pthread_mutex_t lock; /* for the next three */
    pthread_cond_t wake;
    struct db_job *first, **end;
    bool closing;

    _Atomic uint64_t commits;
    atomic_bool healthy;
};

/* Sets `err` from SQLite's result code; -1. */
int db_fail(struct db *db, int code, struct err *err);

/* The file and its connection, before the thread starts and after it ended. */
MUST_CHECK int db_connect(struct db *db, const char *path, const char *schema, struct err *err);
void db_disconnect(struct db *db);

/* gather.c: the name of a VFS that is registered with the first call. To be called once. */
const char *db_gather_vfs(void);

/* A statement without parameters or rows. */
MUST_CHECK int db_control(struct db *db, const char *literal, struct err *err);

void db_release_taken(struct db *db); /* when a job ends: no read stays open, nothing borrowed stays bound */
void db_finalize_all(struct db *db);
