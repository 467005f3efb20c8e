/* The system's VFS, but what is written to a log is gathered. SQLite writes each page of its log with two calls, the second
 * across two pages of the file. What comes one after the other is kept here until it is synced, read, or too much, and then
 * written at once. With synchronous=FULL no transaction is told of, to this or another process, before its pages are synced.
 * See https://www.sqlite.org/c3ref/io_methods.html */
#include "db/inside.h"

#include <string.h>

enum { SPACE = 128 * 1024 };

/* Stands behind the system's own part of the file. */
struct gathered {
    sqlite3_io_methods methods; /* the system's, without those that are here */
    const sqlite3_io_methods *own;
    char *bytes;
    int len;
    sqlite3_int64 at; /* in the file, of the first byte */
};

static int own_size; /* of a file of the system's */

static struct gathered *gathered(sqlite3_file *file)
{
    return (struct gathered *)(void *)((char *)file + own_size);
}

/* After a failure SQLite gives the transaction up. */
static int write_out(sqlite3_file *file)
{
    struct gathered *it = gathered(file);
    int len = it->len;

    it->len = 0;
    return len ? it->own->xWrite(file, it->bytes, len, it->at) : SQLITE_OK;
}

static int gather_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    struct gathered *it = gathered(file);
    int code = SQLITE_OK;

    if (it->len && (at != it->at + it->len || len > SPACE - it->len))
        code = write_out(file);
    if (code != SQLITE_OK || len > SPACE)
        return code != SQLITE_OK ? code : it->own->xWrite(file, bytes, len, at);
    if (!it->len)
        it->at = at;
    memcpy(it->bytes + it->len, bytes, (size_t)len);
    it->len += len;
    return SQLITE_OK;
}

static int gather_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
    int code = write_out(file);

    return code != SQLITE_OK ? code : gathered(file)->own->xRead(file, bytes, len, at);
}

static int gather_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = write_out(file);

    return code != SQLITE_OK ? code : gathered(file)->own->xTruncate(file, size);
}

static int gather_sync(sqlite3_file *file, int flags)
{
    int code = write_out(file);

    return code != SQLITE_OK ? code : gathered(file)->own->xSync(file, flags);
}

static int gather_size(sqlite3_file *file, sqlite3_int64 *size)
{
    int code = write_out(file);

    return code != SQLITE_OK ? code : gathered(file)->own->xFileSize(file, size);
}

static int gather_close(sqlite3_file *file)
{
    int wrote = write_out(file), closed = gathered(file)->own->xClose(file);

    sqlite3_free(gathered(file)->bytes);
    return wrote != SQLITE_OK ? wrote : closed;
}

static int gather_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *opened)
{
    struct gathered *it = gathered(file);
    int code = sqlite3_vfs_find(NULL)->xOpen(vfs, name, file, flags, opened);

    if (code != SQLITE_OK || !(flags & SQLITE_OPEN_WAL))
        return code;
    *it = (struct gathered){ .own = file->pMethods, .bytes = sqlite3_malloc(SPACE) };
    if (!it->bytes) {
        (void)it->own->xClose(file);
        file->pMethods = NULL;
        return SQLITE_NOMEM;
    }
    it->methods = *it->own;
    it->methods.iVersion = it->methods.iVersion < 2 ? it->methods.iVersion : 2; /* 3 maps files */
    it->methods.xClose = gather_close;
    it->methods.xRead = gather_read;
    it->methods.xWrite = gather_write;
    it->methods.xTruncate = gather_truncate;
    it->methods.xSync = gather_sync;
    it->methods.xFileSize = gather_size;
    file->pMethods = &it->methods;
    return SQLITE_OK;
}

const char *db_gather_vfs(void)
{
    enum { ALIGN = 16 };
    static sqlite3_vfs vfs;
    const sqlite3_vfs *system = sqlite3_vfs_find(NULL);

    own_size = (system->szOsFile + ALIGN - 1) / ALIGN * ALIGN;
    vfs = *system;
    vfs.pNext = NULL;
    vfs.zName = "gather";
    vfs.szOsFile = own_size + (int)sizeof(struct gathered);
    vfs.xOpen = gather_open;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK ? vfs.zName : NULL;
}
