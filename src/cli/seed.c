/* Sample data: rows into the embedded backend, and what the gateway knows of them (mappings/samples.yaml). */
#include "cli/cli.h"

#include "backend/backend.h"
#include "store/store.h"
#include "yaml/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

struct samples {
    struct store *store;
    struct arena *arena;
    const struct yaml *ids, *rests; /* lists, judged; NULL: none */
    const char *file;
    struct crosswalk_row *rows;
    struct rest_write *writes;
    size_t row_count, row_space, write_count, write_space;
    struct err err; /* why on_row failed */
};

struct waited {
    struct err *err;
    bool failed;
};

static void on_batch(struct store_batch *batch, const struct err *err, void *data)
{
    struct waited *waited = data;

    (void)batch;
    if (!err)
        return;
    *waited->err = *err;
    waited->failed = true;
}

int cli_batch(struct store *store, struct store_batch *batch, struct err *err)
{
    struct waited waited = { .err = err };

    batch->done = on_batch;
    batch->data = &waited;
    (void)store_batch(store, NULL, batch);
    return waited.failed ? -1 : 0;
}

static struct str text_of(const struct yaml *map, const char *key)
{
    const struct yaml *node = yaml_get(map, key);

    return node && node->kind == YAML_TEXT ? node->text : STR_NONE;
}

static void add_id(struct samples *samples, struct crosswalk_row row)
{
    samples->rows =
        arena_grow(samples->arena, samples->rows, samples->row_count, &samples->row_space, sizeof row);
    samples->rows[samples->row_count++] = row;
}

static void add_rest(struct samples *samples, struct rest_write write)
{
    samples->writes = arena_grow(samples->arena, samples->writes, samples->write_count, &samples->write_space,
                                 sizeof write);
    samples->writes[samples->write_count++] = write;
}

/* What the file says of the row that plays this role. */
static void take_row(struct samples *samples, const struct seed_row *row)
{
    struct str entity = arena_copy(samples->arena, row->entity),
               brand = arena_copy(samples->arena, row->brand);
    struct str id = arena_copy(samples->arena, row->canonical_id);

    for (const struct yaml *one = samples->ids ? samples->ids->first : NULL; one; one = one->next)
        if (str_is(text_of(one, "role"), row->role))
            add_id(samples, (struct crosswalk_row){ .dialect = text_of(one, "dialect"),
                                                    .kind = entity,
                                                    .brand = brand,
                                                    .dialect_id = text_of(one, "id"),
                                                    .canonical_id = id,
                                                    .line = one->line });
    for (const struct yaml *one = samples->rests ? samples->rests->first : NULL; one; one = one->next) {
        struct buf json = buf_in(samples->arena, SIZE_MAX);
        if (!str_is(text_of(one, "role"), row->role))
            continue;
        yaml_to_json(yaml_get(one, "rest"), &json);
        add_rest(samples, (struct rest_write){ .key = { .dialect = text_of(one, "dialect"),
                                                        .kind = entity,
                                                        .brand = brand,
                                                        .canonical_id = id },
                                               .patch = buf_str(&json) });
    }
}

/* Before the backend's rows: if either part fails, the next run does both again, with the same ids. */
static int store_samples(struct samples *samples)
{
    struct store_batch batch = { .arena = samples->arena,
                                 .writes = samples->writes,
                                 .write_count = samples->write_count };

    if (samples->row_count &&
        store_crosswalk_import(samples->store, samples->rows, samples->row_count, &samples->err))
        return err_wrap(&samples->err, "%s", samples->file);
    return samples->write_count ? cli_batch(samples->store, &batch, &samples->err) : 0;
}

static int on_row(const struct seed_row *row, void *data)
{
    struct samples *samples = data;

    if (!row)
        return store_samples(samples);
    if (row->role)
        take_row(samples, row);
    return 0;
}

/* A list of maps with these texts, and nothing else. */
static int judge(const struct yaml *list, const char *const *texts, const char *const *known, struct err *err)
{
    struct str text;

    if (list && yaml_list(list, err))
        return -1;
    for (const struct yaml *one = list ? list->first : NULL; one; one = one->next) {
        if (yaml_map(one, err) || yaml_only(one, known, err))
            return -1;
        for (const char *const *name = texts; *name; name++) {
            const struct yaml *node = yaml_get(one, *name);
            if (!node)
                return yaml_fault(one, err, "no '%s'", *name);
            if (yaml_text(node, &text, err))
                return -1;
        }
    }
    return 0;
}

static int load(struct samples *samples, const struct conf *conf, struct err *err)
{
    static const char *const id[] = { "role", "dialect", "id", NULL }, *const rest[] = { "role", "dialect",
                                                                                         NULL };
    static const char *const rest_known[] = { "role", "dialect", "rest", NULL }, *const known[] = { "ids",
                                                                                                    "rests",
                                                                                                    NULL };
    const struct yaml *root;

    samples->file = arena_printf(samples->arena, STR_FMT "/samples.yaml", STR_ARG(conf->mappings)).ptr;
    if (yaml_load(&root, samples->arena, samples->file, err) || yaml_only(root, known, err))
        return -1;
    samples->ids = yaml_get(root, "ids");
    samples->rests = yaml_get(root, "rests");
    if (judge(samples->ids, id, id, err) || judge(samples->rests, rest, rest_known, err))
        return -1;
    for (const struct yaml *one = samples->rests ? samples->rests->first : NULL; one; one = one->next)
        if (!yaml_get(one, "rest") || yaml_map(yaml_get(one, "rest"), err))
            return yaml_get(one, "rest") ? -1 : yaml_fault(one, err, "no 'rest'");
    return 0;
}

static int seed(struct samples *samples, const struct conf *conf, unsigned patients, struct err *err)
{
    bool made;

    if (load(samples, conf, err))
        return -1;
    if (backend_seed(conf, patients, on_row, samples, &made, err)) {
        if (samples->err.code != ERR_NONE)
            *err = samples->err;
        return -1;
    }
    (void)printf(made ? "sample data stored\n" : "the backend has data already: nothing to do\n");
    return 0;
}

int command_seed(const struct invocation *invocation, struct err *err)
{
    const struct conf *conf = invocation->conf;
    const char *dir = arena_cstr(conf->arena, conf->state_dir);
    struct samples *samples = ARENA_NEW(conf->arena, struct samples);
    uint64_t patients = 25;
    const char *text = option_text(invocation, "--patients", NULL);

    if (text && (!str_to_uint(str_from(text), &patients) || !patients || patients > 1000000))
        return cli_usage("--patients takes a number from 1 to 1000000");
    if (mkdir(dir, 0700) && errno != EEXIST)
        return err_set(err, ERR_CONFIG, "state_dir: %s cannot be made: %s", dir, strerror(errno));
    samples->arena = conf->arena;
    if (store_open(&samples->store, dir, err))
        return -1;
    int failed = store_claim(samples->store, err) ? -1 : seed(samples, conf, (unsigned)patients, err);
    store_close(&samples->store);
    return failed;
}
