/* Lines of a file descriptor, read in large pieces into one buffer that is made once. One thread. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct lines {
    int fd;
    size_t most; /* bytes of one line */
    char *space;
    size_t start, scanned, end;
    bool ended;
    uint64_t number; /* of the line that was given last, from 1 */
    uint64_t bytes;  /* of all lines given so far */
};

/* The buffer lives in `arena`. */
void lines_init(struct lines *lines, struct arena *arena, int fd, size_t most);

/* 1: `*line`, without its line feed, is valid until the next call; when it is longer than `most`, `*too_long`
 * is set and the line is not to be used. 0: no more lines. -1: the file cannot be read. */
MUST_CHECK int lines_next(struct lines *lines, struct str *line, bool *too_long, struct err *err);
