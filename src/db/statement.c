#include "db/inside.h"

int db_fail(struct db *db, int code, struct err *err)
{
    static const struct {
        int code;
        enum err_code means;
    } rows[] = {
        { .code = SQLITE_CONSTRAINT, .means = ERR_CONFLICT },
        { .code = SQLITE_BUSY, .means = ERR_UNAVAILABLE },
        { .code = SQLITE_LOCKED, .means = ERR_UNAVAILABLE },
        { .code = SQLITE_FULL, .means = ERR_UNAVAILABLE },
        { .code = SQLITE_IOERR, .means = ERR_UNAVAILABLE },
        { .code = SQLITE_READONLY, .means = ERR_UNAVAILABLE },
        { .code = SQLITE_CANTOPEN, .means = ERR_UNAVAILABLE },
    };
    enum err_code means = ERR_INTERNAL;

    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].code == (code & 0xFF)) /* the rest of an extended code is detail */
            means = rows[i].means;
    return err_set(err, means, "database: %s", sqlite3_errmsg(db->handle));
}

static struct db_statement **bucket(struct db *db, const char *sql)
{
    uintptr_t address = (uintptr_t)sql;

    return &db->statements[(address ^ address >> 7) & (STATEMENT_BUCKETS - 1)];
}

static struct db_statement *statement_new(struct db *db, const char *sql)
{
    struct db_statement **head = bucket(db, sql), *made = ARENA_NEW(db->arena, struct db_statement);

    *made = (struct db_statement){ .db = db, .sql = sql, .chain = *head };
    *head = made;
    return made;
}

static void clean(struct db_statement *statement)
{
    if (!statement->handle)
        return;
    (void)sqlite3_reset(statement->handle); /* repeats the code of its last step, which was reported */
    (void)sqlite3_clear_bindings(statement->handle);
}

struct db_statement *db_prepare(struct db *db, const char *sql)
{
    struct db_statement *found = *bucket(db, sql);

    while (found && found->sql != sql)
        found = found->chain;
    if (!found)
        found = statement_new(db, sql);
    found->failure = 0;
    if (!found->handle)
        found->failure =
            sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &found->handle, NULL);
    if (found->taken) {
        clean(found);
        return found;
    }
    found->taken = true; /* and clean: it was released, or is new */
    found->next_taken = db->taken;
    db->taken = found;
    return found;
}

void db_release_taken(struct db *db)
{
    for (struct db_statement *at = db->taken; at; at = at->next_taken) {
        clean(at);
        at->taken = false;
    }
    db->taken = NULL;
}

void db_finalize_all(struct db *db)
{
    for (size_t i = 0; i < STATEMENT_BUCKETS; i++)
        for (struct db_statement *at = db->statements[i]; at; at = at->chain)
            (void)sqlite3_finalize(at->handle);
}

static void note(struct db_statement *statement, int code)
{
    if (code != SQLITE_OK && !statement->failure)
        statement->failure = code;
}

void db_bind_text(struct db_statement *statement, int at, struct str text)
{
    if (statement->handle)
        note(statement, sqlite3_bind_text64(statement->handle, at, text.ptr ? text.ptr : "", text.len,
                                            SQLITE_STATIC, SQLITE_UTF8));
}

void db_bind_int(struct db_statement *statement, int at, int64_t value)
{
    if (statement->handle)
        note(statement, sqlite3_bind_int64(statement->handle, at, value));
}

void db_bind_null(struct db_statement *statement, int at)
{
    if (statement->handle)
        note(statement, sqlite3_bind_null(statement->handle, at));
}

int db_step(struct db_statement *statement, struct err *err)
{
    if (statement->failure)
        return db_fail(statement->db, statement->failure, err);
    int code = sqlite3_step(statement->handle);
    if (code == SQLITE_ROW)
        return 1;
    if (code != SQLITE_DONE)
        (void)db_fail(statement->db, code, err);
    (void)sqlite3_reset(statement->handle);
    return code == SQLITE_DONE ? 0 : -1;
}

void db_end(struct db_statement *statement)
{
    if (statement->handle)
        (void)sqlite3_reset(statement->handle); /* repeats the code of its last step, which was reported */
}

struct str db_column_text(struct db_statement *statement, int at)
{
    const char *text = (const char *)sqlite3_column_text(statement->handle, at);

    return str_of(text, (size_t)sqlite3_column_bytes(statement->handle, at));
}

int64_t db_column_int(struct db_statement *statement, int at)
{
    return sqlite3_column_int64(statement->handle, at);
}

bool db_column_null(struct db_statement *statement, int at)
{
    return sqlite3_column_type(statement->handle, at) == SQLITE_NULL;
}

int64_t db_changes(struct db *db)
{
    return sqlite3_changes64(db->handle);
}

int64_t db_last_row(const struct db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int db_exec(struct db *db, const char *sql, struct err *err)
{
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? 0 : db_fail(db, code, err);
}

int db_control(struct db *db, const char *literal, struct err *err)
{
    return db_step(db_prepare(db, literal), err) < 0 ? -1 : 0;
}
