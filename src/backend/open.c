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

int backend_open(const struct conf *conf, struct service **service, struct db **db, struct err *err)
{
    struct arena *arena = arena_new(SIZE_MAX);
    const char *path = database_path(conf, arena);
    struct service *made = service_new();
    bool memory = strcmp(path, ":memory:") == 0;

    int failed = (!memory && make_folders(arena, path, err)) || db_open(db, path, service_schema(made), err);
    arena_free(&arena);
    if (failed) {
        service_free(&made);
        return err_wrap(err, "backend.database");
    }
    *service = made;
    return 0;
}
