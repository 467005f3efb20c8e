/* A whole file, for tests. */
#pragma once

#include "check.h"

#include "base/arena.h"
#include "base/buf.h"

#include <stdio.h>

static inline struct str test_file_read(struct arena *arena, const char *path)
{
    struct buf out = buf_in(arena, 1 << 24);
    FILE *in = fopen(path, "r");
    char *to;

    assert_non_null(in);
    while ((to = buf_reserve(&out, 4096)) != NULL) {
        size_t n = fread(to, 1, 4096, in);
        out.len += n;
        if (!n)
            break;
    }
    (void)fclose(in);
    return buf_str(&out);
}
