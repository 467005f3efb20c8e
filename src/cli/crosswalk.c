/* The crosswalk out of a file and into one. */
#include "cli/cli.h"
#include "cli/csv.h"

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

static int import_text(struct store *store, struct arena *arena, struct str text, struct err *err)
{
    struct crosswalk_row *rows;
    size_t count;

    if (csv_read(arena, text, &rows, &count, err) || store_crosswalk_import(store, rows, count, err))
        return -1;
    (void)printf("%zu rows\n", count);
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
        (void)printf("%s\n", csv_header);
    int failed = in ? import(store, invocation, err) : store_crosswalk_each(store, print_row, NULL, err);
    store_close(&store);
    return failed;
}
