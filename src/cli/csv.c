#include "cli/csv.h"

#include <string.h>

enum { COLUMNS = 5 };
const char csv_header[] = "dialect,kind,brand,dialect_id,canonical_id";

struct reader {
    struct str text;
    size_t at;
    unsigned line;
    struct arena *arena;
};

/* A quoted field; doubled quotes stand for one. */
static int read_quoted(struct reader *reader, struct str *field, struct err *err)
{
    struct buf out = buf_in(reader->arena, SIZE_MAX);
    unsigned start = reader->line;

    for (reader->at++; reader->at < reader->text.len; reader->at++) {
        char c = reader->text.ptr[reader->at];
        reader->line += c == '\n';
        if (c == '"') {
            bool doubled = reader->at + 1 < reader->text.len && reader->text.ptr[reader->at + 1] == '"';
            if (!doubled) {
                reader->at++;
                *field = buf_str(&out);
                return 0;
            }
            reader->at++;
        }
        buf_char(&out, c);
    }
    return err_set(err, ERR_CONFIG, "line %u: a quote that is not closed", start);
}

static int read_field(struct reader *reader, struct str *field, struct err *err)
{
    size_t start = reader->at;

    if (start < reader->text.len && reader->text.ptr[start] == '"')
        return read_quoted(reader, field, err);
    while (reader->at < reader->text.len && !memchr(",\r\n", reader->text.ptr[reader->at], 3))
        reader->at++;
    *field = str_of(reader->text.ptr + start, reader->at - start);
    return 0;
}

static bool at_end(const struct reader *reader)
{
    return reader->at >= reader->text.len;
}

static int read_row(struct reader *reader, struct crosswalk_row *row, struct err *err)
{
    struct str fields[COLUMNS];

    row->line = reader->line;
    for (size_t i = 0; i < COLUMNS; i++) {
        if (read_field(reader, &fields[i], err))
            return -1;
        char next = at_end(reader) ? '\n' : reader->text.ptr[reader->at];
        if (i + 1 < COLUMNS ? next != ',' : next == ',')
            return err_set(err, ERR_CONFIG, "line %u: not %d columns, expected %s", row->line, COLUMNS,
                           csv_header);
        if (i + 1 < COLUMNS)
            reader->at++;
    }
    if (!at_end(reader) && reader->text.ptr[reader->at] == '\r')
        reader->at++;
    if (!at_end(reader) && reader->text.ptr[reader->at++] != '\n')
        return err_set(err, ERR_CONFIG, "line %u: text after a closing quote", row->line);
    reader->line++;
    *row = (struct crosswalk_row){ .dialect = fields[0],
                                   .kind = fields[1],
                                   .brand = fields[2],
                                   .dialect_id = fields[3],
                                   .canonical_id = fields[4],
                                   .line = row->line };
    return 0;
}

int csv_read(struct arena *arena, struct str text, struct crosswalk_row **rows, size_t *count,
             struct err *err)
{
    struct reader reader = { .text = text, .line = 1, .arena = arena };
    size_t lines = 1;

    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    *count = 0;
    *rows = ARENA_ARRAY(arena, struct crosswalk_row, lines + 1);
    while (!at_end(&reader)) {
        if (reader.text.ptr[reader.at] == '\n') { /* an empty line */
            reader.at++;
            reader.line++;
            continue;
        }
        const struct crosswalk_row *row = &(*rows)[*count];
        if (read_row(&reader, &(*rows)[*count], err))
            return -1;
        bool is_header = *count == 0 && str_is(row->dialect, "dialect") && str_is(row->kind, "kind");
        *count += !is_header;
    }
    return 0;
}

static void add_field(struct str field, char after, struct buf *out)
{
    bool plain = true;

    for (size_t i = 0; i < field.len; i++)
        plain = plain && !memchr(",\"\r\n", field.ptr[i], 4);
    if (!plain)
        buf_char(out, '"');
    for (size_t i = 0; i < field.len; i++) {
        if (field.ptr[i] == '"')
            buf_char(out, '"');
        buf_char(out, field.ptr[i]);
    }
    if (!plain)
        buf_char(out, '"');
    buf_char(out, after);
}

void csv_write(const struct crosswalk_row *row, struct buf *out)
{
    add_field(row->dialect, ',', out);
    add_field(row->kind, ',', out);
    add_field(row->brand, ',', out);
    add_field(row->dialect_id, ',', out);
    add_field(row->canonical_id, '\n', out);
}
