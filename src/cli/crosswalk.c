/* The crosswalk out of a file and into one. */
#include "cli/cli.h"
#include "cli/csv.h"

#include "json/number.h"
#include "store/store.h"

#include <stdio.h>

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

/* A row that the gateway would never read, or could not show, would be found out by a client only. Ids are not repeated:
 * they may be a patient's. */
static int judge_row(const struct gateway *gateway, const struct crosswalk_row *row, struct err *err)
{
    const struct dialect *dialect = gateway_dialect(gateway, row->dialect);
    int64_t number;

    if (!dialect)
        return err_set(err, ERR_CONFIG, "line %u: there is no dialect '" STR_FMT "'", row->line,
                       STR_ARG(row->dialect));
    switch (dialect_id_form(dialect, row->kind)) {
    case ID_SAME:
        return err_set(err, ERR_CONFIG, "line %u: " STR_FMT " has no ids of its own for '" STR_FMT
                       "', expected a kind under ids: of its dialect.yaml", row->line, STR_ARG(row->dialect),
                       STR_ARG(row->kind));
    case ID_INTEGER:
        if (number_is_integer(row->dialect_id) && str_to_int(row->dialect_id, &number) && number >= 0)
            return 0;
        return err_set(err, ERR_CONFIG, "line %u: the dialect_id is not a whole number", row->line);
    case ID_HEX24: /* how they are made; those that are brought along may be any text */
    case ID_VERBATIM:
        break;
    }
    return 0;
}

static int judge_rows(const struct conf *conf, const struct crosswalk_row *rows, size_t count, struct err *err)
{
    struct gateway *gateway = NULL;
    int failed = gateway_new(&gateway, conf, NULL, NULL, err);

    for (size_t i = 0; i < count && !failed; i++)
        failed = judge_row(gateway, &rows[i], err);
    gateway_free(&gateway);
    return failed;
}

static int import_text(struct store *store, const struct conf *conf, struct arena *arena, struct str text,
                       struct err *err)
{
    struct crosswalk_row *rows;
    size_t count;

    if (csv_read(arena, text, &rows, &count, err) || judge_rows(conf, rows, count, err) ||
        store_crosswalk_import(store, rows, count, err))
        return -1;
    (void)printf("%zu row%s\n", count, count == 1 ? "" : "s");
    return 0;
}

static int print_row(const struct crosswalk_row *row, void *data)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct buf line = buf_in(arena, SIZE_MAX);

    (void)data;
    csv_write(row, &line);
    (void)fwrite(line.ptr, 1, line.len, stdout);
    arena_free(&arena);
    return 0;
}

static int import(struct store *store, const struct invocation *invocation, struct err *err)
{
    const char *path = invocation->word_count > 1 ? invocation->words[1] : "-";
    FILE *file = strcmp(path, "-") != 0 ? fopen(path, "re") : stdin;

    if (!file)
        return err_set(err, ERR_CONFIG, "%s cannot be read", path);
    struct arena *arena = arena_new(SIZE_MAX);
    int failed = import_text(store, invocation->conf, arena, read_all(arena, file), err);
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
        (void)printf("%s\n", csv_header);
    int failed = in ? import(store, invocation, err) : store_crosswalk_each(store, print_row, NULL, err);
    store_close(&store);
    return failed;
}
