#include "cli/lines.h"

#include <errno.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

void lines_init(struct lines *lines, struct arena *arena, int fd, size_t most)
{
    *lines = (struct lines){ .fd = fd, .most = most, .space = arena_alloc(arena, most + 1 + PIECE) };
}

/* Moves what is left to the front and reads behind it. */
static int fill(struct lines *lines, struct err *err)
{
    size_t left = lines->end - lines->start;
    ssize_t got;

    if (left && lines->start)
        memmove(lines->space, lines->space + lines->start, left);
    lines->scanned -= lines->start;
    lines->start = 0;
    lines->end = left;
    do
        got = read(lines->fd, lines->space + left, lines->most + 1 + PIECE - left);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_set(err, ERR_CONFIG, "the input cannot be read: %s", strerror(errno));
    lines->ended = got == 0;
    lines->end += (size_t)got;
    return 0;
}

/* The line feed that ends the line, `end` at the end of the file, or NULL: more has to be read. */
static char *find_end(struct lines *lines)
{
    char *end = lines->space + lines->end;
    char *from = lines->space + lines->scanned;
    char *feed = from < end ? memchr(from, '\n', (size_t)(end - from)) : NULL;

    lines->scanned = lines->end;
    return feed ? feed : lines->ended ? end : NULL;
}

/* Goes on behind the line's end. */
static void pass(struct lines *lines, const char *stop)
{
    size_t past = (size_t)(stop - lines->space) + (stop < lines->space + lines->end);

    lines->bytes += past - lines->start;
    lines->start = lines->scanned = past;
}

/* Skips the rest of a line of which only the beginning fits. */
static int skip_line(struct lines *lines, struct err *err)
{
    char *stop;

    while (!(stop = find_end(lines))) {
        lines->bytes += lines->end - lines->start;
        lines->start = lines->end;
        if (fill(lines, err))
            return -1;
    }
    pass(lines, stop);
    return 0;
}

int lines_next(struct lines *lines, struct str *line, bool *too_long, struct err *err)
{
    char *stop;

    while (!(stop = find_end(lines)) && lines->end - lines->start <= lines->most)
        if (fill(lines, err))
            return -1;
    if (stop && lines->start == lines->end)
        return 0;
    lines->number++;
    *line =
        stop ? str_of(lines->space + lines->start, (size_t)(stop - lines->space) - lines->start) : STR("");
    *too_long = !stop || line->len > lines->most;
    if (!stop && skip_line(lines, err))
        return -1;
    if (stop)
        pass(lines, stop);
    return 1;
}
