#include "dialect/fault.h"

/* name[0].given[1] */
static void add_brackets(struct str path, struct buf *out)
{
    struct str part;
    uint64_t index;
    bool first = true;

    for (; str_next(&path, '/', &part); first = false) {
        bool element = str_to_uint(part, &index);
        if (!first && !element)
            buf_char(out, '.');
        buf_printf(out, element ? "[" STR_FMT "]" : STR_FMT, STR_ARG(part));
    }
}

void fault_path(const struct dialect *dialect, struct str path, bool many, size_t index, struct buf *out)
{
    char mark = dialect->pointer_paths ? '/' : '.';

    buf_add(out, dialect->pointer_base);
    if (many && (dialect->pointer_paths || (out->len && !dialect->bracket_paths)))
        buf_char(out, mark);
    if (many)
        buf_printf(out, dialect->bracket_paths ? "[%zu]" : "%zu", index);
    if (path.len && (dialect->pointer_paths || out->len))
        buf_char(out, mark);
    for (size_t i = 0; i < path.len && !dialect->bracket_paths; i++)
        buf_char(out, path.ptr[i] == '/' ? mark : path.ptr[i]);
    if (dialect->bracket_paths)
        add_brackets(path, out);
}

void fault_root_path(const struct dialect *dialect, struct str dotted, struct buf *out)
{
    size_t start = out->len;
    struct str part;

    while (str_next(&dotted, '.', &part)) {
        if (out->len > start || dialect->pointer_paths)
            buf_char(out, dialect->pointer_paths ? '/' : '.');
        buf_add(out, part);
    }
}
