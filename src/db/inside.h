/* What the files of db/ share; nobody else includes this. */
#pragma once

#include "base/arena.h"
#include "db/db.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

enum {
    GROUP_MAX = 256,         /* jobs in one transaction */
    STATEMENT_BUCKETS = 128, /* a power of two; chains may grow */
    DB_BUSY_MS = 5000        /* how long another process' transaction is waited for */
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

/* checkpoint.c */
struct checkpoint {
    const char *path;  /* the connection's; empty: in memory, without a log */
    int frames, next;  /* the db thread's: of the log; with how many to begin */
    uint64_t scrub_ms; /* the db thread's: when the log must be emptied; 0: nothing was erased */
    sqlite3 *handle;   /* the thread's; NULL: not connected yet */
    pthread_t thread;
    pthread_cond_t wake; /* with the db's lock, as are the next two */
    enum { CHECKPOINT_NONE, CHECKPOINT_WANTED, CHECKPOINT_NEAR } state; /* NEAR: the writer's turn */
    bool closing;
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
    struct checkpoint checkpoint;

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

/* checkpoint.c. The thread beside, from the connection's being open until before it is closed; 0 or an errno. */
MUST_CHECK int db_checkpoint_start(struct db *db);
void db_checkpoint_stop(struct db *db);
/* On the db thread, outside a transaction. `idle`: nothing was written for a while. */
void db_checkpoint_turn(struct db *db, bool idle);

/* A statement without parameters or rows. */
MUST_CHECK int db_control(struct db *db, const char *literal, struct err *err);

void db_release_taken(struct db *db); /* when a job ends: no read stays open, nothing borrowed stays bound */
void db_finalize_all(struct db *db);
