/* The crosswalk as CSV (RFC 4180): dialect,kind,brand,dialect_id,canonical_id. */
#include "cli/cli.h"

#include "store/store.h"

#include <stdio.h>

enum { COLUMNS = 5 };
static const char header[] = "dialect,kind,brand,dialect_id,canonical_id";

/* All of a stream. */
static struct str read_all(struct arena *arena, FILE *file)
{
    struct buf text = buf_in(arena, SIZE_MAX);
    char *to;

    while ((to = buf_reserve(&text, 64 * 1024)) != NULL) {
        size_t n = fread(to, 1, 64 * 1024, file);
        text.len += n;
        if (!n)
            break;
    }
    return buf_str(&text);
}

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
    while (reader->at < reader->text.len && !strchr(",\r\n", reader->text.ptr[reader->at]))
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
            return err_set(err, ERR_CONFIG, "line %u: not %d columns, expected %s", row->line, COLUMNS, header);
        if (i + 1 < COLUMNS)
            reader->at++;
    }
    if (!at_end(reader) && reader->text.ptr[reader->at] == '\r')
        reader->at++;
    if (!at_end(reader) && reader->text.ptr[reader->at++] != '\n')
        return err_set(err, ERR_CONFIG, "line %u: text after a closing quote", row->line);
    reader->line++;
    *row = (struct crosswalk_row){ .dialect = fields[0], .kind = fields[1], .brand = fields[2],
                                   .dialect_id = fields[3], .canonical_id = fields[4], .line = row->line };
    return 0;
}

static int import_text(struct store *store, struct arena *arena, struct str text, struct err *err)
{
    struct reader reader = { .text = text, .line = 1, .arena = arena };
    size_t count = 0, lines = 1;

    for (size_t i = 0; i < text.len; i++)
        lines += text.ptr[i] == '\n';
    struct crosswalk_row *rows = ARENA_ARRAY(arena, struct crosswalk_row, lines + 1);
    while (!at_end(&reader)) {
        if (reader.text.ptr[reader.at] == '\n') { /* an empty line */
            reader.at++;
            reader.line++;
            continue;
        }
        if (read_row(&reader, &rows[count], err))
            return -1;
        bool is_header = count == 0 && str_is(rows[0].dialect, "dialect") && str_is(rows[0].kind, "kind");
        count += !is_header;
    }
    if (store_crosswalk_import(store, rows, count, err))
        return -1;
    (void)printf("%zu rows\n", count);
    return 0;
}

static void print_field(struct str field, const char *after)
{
    bool plain = true;

    for (size_t i = 0; i < field.len; i++)
        plain = plain && !strchr(",\"\r\n", field.ptr[i]);
    if (plain) {
        (void)printf(STR_FMT "%s", STR_ARG(field), after);
        return;
    }
    (void)putchar('"');
    for (size_t i = 0; i < field.len; i++) {
        if (field.ptr[i] == '"')
            (void)putchar('"');
        (void)putchar(field.ptr[i]);
    }
    (void)printf("\"%s", after);
}

static int print_row(const struct crosswalk_row *row, void *data)
{
    (void)data;
    print_field(row->dialect, ",");
    print_field(row->kind, ",");
    print_field(row->brand, ",");
    print_field(row->dialect_id, ",");
    print_field(row->canonical_id, "\n");
    return 0;
}

static int import(struct store *store, const struct invocation *invocation, struct err *err)
{
    const char *path = invocation->word_count > 1 ? invocation->words[1] : "-";
    FILE *file = strcmp(path, "-") != 0 ? fopen(path, "re") : stdin;

    if (!file)
        return err_set(err, ERR_CONFIG, "%s cannot be read", path);
    struct arena *arena = arena_new(SIZE_MAX);
    int failed = import_text(store, arena, read_all(arena, file), err);
    arena_free(&arena);
    if (file != stdin)
        (void)fclose(file);
    return failed ? err_wrap(err, "%s", path) : 0;
}

int command_crosswalk(const struct invocation *invocation, struct err *err)
{
    const char *word = invocation->word_count ? invocation->words[0] : "";
    bool in = !strcmp(word, "import"), out = !strcmp(word, "export");
    struct store *store = NULL;

    if ((!in && !out) || invocation->word_count > 2)
        return cli_usage("crosswalk: expected import or export, and maybe a file");
    if (store_open(&store, arena_cstr(invocation->conf->arena, invocation->conf->state_dir), err))
        return -1;
    if (out && invocation->word_count == 2 && !freopen(invocation->words[1], "we", stdout)) {
        store_close(&store);
        return err_set(err, ERR_CONFIG, "%s cannot be written", invocation->words[1]);
    }
    if (out)
        (void)printf("%s\n", header);
    int failed = in ? import(store, invocation, err) : store_crosswalk_each(store, print_row, NULL, err);
    store_close(&store);
    if (!failed && fflush(stdout))
        return err_set(err, ERR_CONFIG, "the output cannot be written");
    return failed;
}
