#include "backend/open.h"

#include "conf/conf.h"

#include <errno.h>
#include <sys/stat.h>

static const char *database_path(const struct conf *conf, struct arena *arena)
{
    struct str dir = conf->state_dir;

    if (conf->backend.database.len)
        return arena_cstr(arena, conf->backend.database);
    bool slash = dir.len && dir.ptr[dir.len - 1] == '/';
    return arena_printf(arena, STR_FMT "%sbackend.db%c", STR_ARG(dir), slash ? "" : "/", '\0').ptr;
}

static int make_folders(struct arena *arena, const char *path, struct err *err)
{
    char *part = arena_alloc(arena, strlen(path) + 1);

    memcpy(part, path, strlen(path) + 1);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, S_IRWXU) && errno != EEXIST)
            return err_set(err, ERR_CONFIG, "%s: %s", part, strerror(errno));
        *slash = '/';
    }
    return 0;
}

/* Columns that databases made by earlier versions lack. */
static const struct {
    const char *missing, *add;
} additions[] = {
    { "SELECT 1 FROM pragma_table_info('encounters') WHERE name = 'version'",
      "ALTER TABLE encounters ADD COLUMN version INTEGER NOT NULL DEFAULT 1" },
};

static int run_additions(struct db_job *job, struct db *db, struct err *err)
{
    (void)job;
    for (size_t i = 0; i < COUNT(additions); i++) {
        int there = db_step(db_prepare(db, additions[i].missing), err);
        if (there < 0 || (!there && db_exec(db, additions[i].add, err)))
            return -1;
    }
    return 0;
}

static int open_database(struct db **db, const char *path, const struct service *service, struct err *err)
{
    struct db_job job = { .run = run_additions };

    if (db_open(db, path, service_schema(service), err))
        return -1;
    if (db_run(*db, &job, err) == 0)
        return 0;
    db_close(db);
    return -1;
}

int backend_open(const struct conf *conf, struct service **service, struct db **db, struct err *err)
{
    struct arena *arena = arena_new(SIZE_MAX);
    const char *path = database_path(conf, arena);
    struct service *made = service_new();
    bool memory = strcmp(path, ":memory:") == 0;

    int failed = (!memory && make_folders(arena, path, err)) || open_database(db, path, made, err);
    arena_free(&arena);
    if (failed) {
        service_free(&made);
        return err_wrap(err, "backend.database");
    }
    *service = made;
    return 0;
}
