/* A folder for one process, gone when it ends well. After a crash it is left, as the input is. */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static char scratch_dir[] = "/tmp/dragoman-fuzz.XXXXXX";

static int scratch_remove(const char *path, const struct stat *state, int kind, struct FTW *where)
{
    (void)state;
    (void)kind;
    (void)where;
    return remove(path);
}

static void scratch_end(void)
{
    (void)nftw(scratch_dir, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* Its path; stays as it is for the process. */
static inline const char *scratch_make(void)
{
    if (!mkdtemp(scratch_dir) || atexit(scratch_end))
        abort();
    return scratch_dir;
}
