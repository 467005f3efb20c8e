/* A crosswalk as CSV: what is read and written out again reads the same; a fault names its line. */
#include "cli/csv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct buf out = buf_in(arena, SIZE_MAX);
    struct crosswalk_row *rows, *again;
    size_t count, count_again;
    struct err err = { 0 };

    buf_printf(&out, "%s\n", csv_header);
    if (csv_read(arena, str_of((const char *)data, size), &rows, &count, &err)) {
        demand(err.code == ERR_CONFIG && str_starts(str_from(err.detail), STR("line ")));
    } else {
        for (size_t i = 0; i < count; i++)
            csv_write(&rows[i], &out);
        demand(csv_read(arena, buf_str(&out), &again, &count_again, &err) == 0 && count_again == count);
        for (size_t i = 0; i < count; i++)
            demand(str_eq(rows[i].dialect, again[i].dialect) && str_eq(rows[i].kind, again[i].kind) &&
                   str_eq(rows[i].brand, again[i].brand) && str_eq(rows[i].dialect_id, again[i].dialect_id) &&
                   str_eq(rows[i].canonical_id, again[i].canonical_id));
    }
    arena_free(&arena);
    return 0;
}
