#include "auth/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST = 64 * 1024 };

static void close_file(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static int fault(struct err *err, struct str path, const char *words)
{
    return err_set(err, ERR_CONFIG, STR_FMT ": %s", STR_ARG(path), words);
}

static int system_fault(struct err *err, struct str path)
{
    char text[128];

    return fault(err, path, strerror_r(errno, text, sizeof text));
}

/* Its owner's alone; or root's, and its group may only read it, which is how Kubernetes gives secrets to a pod that is not root,
 * and systemd credentials to a service. */
static bool is_private(const struct stat *is)
{
    return !(is->st_mode & 077) || (!(is->st_mode & 037) && is->st_uid == 0 && geteuid() != 0);
}

static int check_mode(int fd, struct str path, bool secret, struct err *err)
{
    struct stat is;

    if (fstat(fd, &is))
        return system_fault(err, path);
    if (!S_ISREG(is.st_mode))
        return fault(err, path, "not a regular file");
    if (secret && !is_private(&is))
        return err_set(err, ERR_CONFIG, STR_FMT ": holds a secret but has mode %04o, expected 0600 or 0400",
                       STR_ARG(path), (unsigned)is.st_mode & 07777);
    return is.st_size > LARGEST ? fault(err, path, "larger than 64 KiB") : 0;
}

static int read_all(int fd, struct arena *arena, struct str path, struct str *text, struct err *err)
{
    char *to = arena_alloc(arena, LARGEST + 1);
    size_t len = 0;

    for (;;) {
        ssize_t n = read(fd, to + len, LARGEST + 1 - len);
        if (n < 0)
            return system_fault(err, path);
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *text = str_of(to, len);
    return len > LARGEST ? fault(err, path, "larger than 64 KiB") : 0;
}

int file_read(struct arena *arena, struct str path, bool secret, struct str *text, struct err *err)
{
    CLEANUP(close_file) int fd = open(arena_cstr(arena, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return system_fault(err, path);
    return check_mode(fd, path, secret, err) || read_all(fd, arena, path, text, err) ? -1 : 0;
}

int file_check_secret(struct arena *arena, struct str path, struct err *err)
{
    CLEANUP(close_file) int fd = open(arena_cstr(arena, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    return fd < 0 ? system_fault(err, path) : check_mode(fd, path, true, err);
}

static int write_all(int fd, struct str path, struct str text, struct err *err)
{
    for (size_t done = 0; done < text.len;) {
        ssize_t n = write(fd, text.ptr + done, text.len - done);
        if (n < 0)
            return system_fault(err, path);
        done += (size_t)n;
    }
    return fsync(fd) ? system_fault(err, path) : 0;
}

/* The name in its folder must survive a crash too. */
static void sync_folder(struct arena *arena, struct str path)
{
    while (path.len && path.ptr[path.len - 1] != '/')
        path.len--;
    CLEANUP(close_file)
    int fd = open(path.len ? arena_cstr(arena, path) : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)fsync(fd);
}

int file_make(struct arena *arena, struct str path, struct str text, bool *made, struct err *err)
{
    const char *whole = arena_cstr(arena, path);
    char *draft = arena_alloc(arena, path.len + sizeof ".XXXXXX");

    memcpy(draft, path.ptr, path.len);
    memcpy(draft + path.len, ".XXXXXX", sizeof ".XXXXXX");
    CLEANUP(close_file) int fd = mkostemp(draft, O_CLOEXEC); /* O_EXCL, mode 0600 */
    if (fd < 0)
        return system_fault(err, path);
    int rc = write_all(fd, path, text, err);
    /* link, unlike rename, never replaces what another process put there first. */
    *made = !rc && !link(draft, whole);
    if (!rc && !*made && errno != EEXIST)
        rc = system_fault(err, path);
    (void)unlink(draft);
    sync_folder(arena, path);
    return rc;
}
