#include "db/inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file holds ids and hashes of credentials: 0600 whatever the umask is. SQLite gives its -wal and -shm
 * files the same mode. A file that exists is not opened here: closing any descriptor of it would drop the
 * POSIX locks that another connection of this process holds on it. */
static int make_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd < 0 && errno != EEXIST)
        return err_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
    int failed = fd < 0 ? chmod(path, S_IRUSR | S_IWUSR) : fchmod(fd, S_IRUSR | S_IWUSR);
    int why = errno;
    if (fd >= 0)
        (void)close(fd);
    return failed ? err_set(err, ERR_CONFIG, "%s: %s", path, strerror(why)) : 0;
}

/* A change of journal mode does not wait for other connections as other statements do, so it is tried again.
 */
static int use_wal(struct db *db, struct err *err)
{
    int code = sqlite3_exec(db->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);

    for (int waited_ms = 0; (code & 0xFF) == SQLITE_BUSY && waited_ms < DB_BUSY_MS; waited_ms += 10) {
        (void)sqlite3_sleep(10);
        code = sqlite3_exec(db->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    }
    return code == SQLITE_OK ? 0 : db_fail(db, code, err);
}

/* secure_delete: what is erased is overwritten. temp_store: nothing of a patient goes to the temporary
 * directory. */
static const char pragmas[] = "PRAGMA synchronous = FULL;"
                              "PRAGMA foreign_keys = ON;"
                              "PRAGMA trusted_schema = OFF;"
                              "PRAGMA secure_delete = ON;"
                              "PRAGMA temp_store = MEMORY;"
                              "PRAGMA cache_size = -16384;";

/* A file with tables, and none of those that `schema` makes where they are not there, is somebody else's: it is left as it is. */
static int judge_owner(struct db *db, const char *schema, struct err *err)
{
    if (!strstr(schema, "CREATE TABLE IF NOT EXISTS "))
        return 0;
    static const char asks[] = "SELECT count(*) > 0 AND total(instr(?1, 'EXISTS ' || name)) = 0 FROM sqlite_schema"
                               " WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, asks, -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 1, schema, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    bool foreign = code == SQLITE_ROW && sqlite3_column_int(statement, 0);
    int failed = code == SQLITE_ROW ? 0 : db_fail(db, code, err);
    (void)sqlite3_finalize(statement);
    return foreign ? err_set(err, ERR_CONFIG, "a database of another program: it has none of the expected tables") : failed;
}

static int prepare_file(struct db *db, const char *schema, struct err *err)
{
    (void)sqlite3_busy_timeout(db->handle, DB_BUSY_MS);
    if (judge_owner(db, schema, err))
        return -1;
    if (use_wal(db, err) || db_exec(db, pragmas, err))
        return -1;
    if (db_exec(db, "BEGIN IMMEDIATE", err)) /* two processes may start at once */
        return -1;
    if (db_exec(db, schema, err) || db_exec(db, "COMMIT", err)) {
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
        return -1;
    }
    return 0;
}

static const char *vfs;

/* Nobody reads SQLite's account of its memory, which costs a global lock for every piece of it. */
static void configure(void)
{
    int code = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);

    assert(code == SQLITE_OK);
    (void)code;
    vfs = db_gather_vfs();
}

/* Before the connection reads: a process that was killed left its log, or another one has it open now. */
static bool has_log(sqlite3 *handle)
{
    const char *path = sqlite3_db_filename(handle, "main"); /* NULL or empty: in memory */
    struct stat found;

    return path && *path && stat(sqlite3_filename_wal(path), &found) == 0 && found.st_size > 0;
}

int db_connect(struct db *db, const char *path, const char *schema, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

    if (strcmp(path, ":memory:") != 0 && make_file(path, err))
        return -1;
    (void)pthread_once(&once, configure);
    int code = sqlite3_open_v2(path, &db->handle, flags, vfs);
    if (code != SQLITE_OK)
        (void)db_fail(db, code, err);
    else if (has_log(db->handle))
        db_scrub(db); /* something may have been erased that the log still has */
    if (code != SQLITE_OK || prepare_file(db, schema, err)) {
        db_disconnect(db);
        return err_wrap(err, "%s", path);
    }
    return 0;
}

void db_disconnect(struct db *db)
{
    db_finalize_all(db);
    int code = sqlite3_close(db->handle);

    assert(code == SQLITE_OK);
    (void)code;
}
