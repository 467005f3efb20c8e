/* What a translation could not carry. Member names are shown, never values. */
#include "cli/translate.h"

#include "cli/printable.h"

#include <stdio.h>

/* Of a name as long as a line only the beginning is held, so much that its ellipsis is shown. */
enum { HELD_NAME = PRINTED_NAME + 4 };

static const char *const words[] = {
    [LOSS_KEPT] = "says more than the canonical entity can hold",
    [LOSS_IGNORED] = "is not taken from documents",
    [LOSS_UNREAD] = "is a canonical member that the target does not show",
    [LOSS_ID] = "is an id that the crosswalk does not have and the target's ids cannot spell",
};

/* Paths of fields are the mapping's own text, so that most look-ups compare addresses only. */
static struct loss_row *find(struct losses *losses, enum loss why, struct str path)
{
    for (size_t i = 0; i < losses->count; i++)
        if (losses->rows[i].seen == path.ptr && losses->rows[i].why == why &&
            losses->rows[i].path.len == path.len && str_eq(losses->rows[i].path, path))
            return &losses->rows[i];
    for (size_t i = 0; i < losses->count; i++)
        if (losses->rows[i].why == why && str_eq(losses->rows[i].path, path))
            return &losses->rows[i];
    return NULL;
}

void losses_add(struct losses *losses, enum loss why, struct str path, uint64_t line)
{
    if (path.len > HELD_NAME)
        path.len = str_utf8_prefix(str_of(path.ptr, HELD_NAME));
    struct loss_row *row = find(losses, why, path);
    if (!row && losses->count == MOST_LOSSES) {
        losses->others++;
        return;
    }
    if (!row) {
        row = &losses->rows[losses->count++];
        *row = (struct loss_row){ .path = arena_copy(losses->arena, path), .why = why, .first_line = line };
    }
    row->seen = path.ptr;
    row->count++;
}

void losses_print(const struct losses *losses, FILE *to)
{
    for (size_t i = 0; i < losses->count; i++) {
        const struct loss_row *row = &losses->rows[i];
        struct str path = printable(losses->arena, row->path, PRINTED_NAME);
        (void)fprintf(to, "dragoman: lost %llu×, first in line %llu: \"" STR_FMT "\" %s\n",
                      (unsigned long long)row->count, (unsigned long long)row->first_line, STR_ARG(path),
                      words[row->why]);
    }
    if (losses->others)
        (void)fprintf(to, "dragoman: lost %llu× under further names\n", (unsigned long long)losses->others);
}
