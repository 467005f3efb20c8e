#include "yaml/yaml.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* yaml_parse refuses what is over its own limit; this one ends the reading of what has no end. */
enum { PIECE = 64 * 1024, MOST_READ = (4 << 20) + 2 * PIECE };

static void close_file(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static int cannot_read(const char *path, struct err *err)
{
    return err_set(err, ERR_CONFIG, "%s: cannot be read: %s", path, strerror(errno));
}

static int read_file(struct buf *buf, const char *path, struct err *err)
{
    CLEANUP(close_file) int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return cannot_read(path, err);
    for (;;) {
        char *to = buf_reserve(buf, PIECE);
        if (!to)
            return err_set(err, ERR_CONFIG, "%s:1:1: the file is larger than 4 MiB", path);
        ssize_t n = read(fd, to, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cannot_read(path, err);
        if (n == 0)
            return 0;
        buf->len += (size_t)n;
    }
}

int yaml_load(const struct yaml **root, struct arena *arena, const char *path, struct err *err)
{
    struct buf buf = buf_in(arena, MOST_READ);

    if (read_file(&buf, path, err))
        return -1;
    return yaml_parse(root, arena, buf_str(&buf), path, err);
}
