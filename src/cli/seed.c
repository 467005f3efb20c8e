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
    const struct yaml *ids, *rests;
    struct crosswalk_row rows[64];
    struct rest_write writes[64];
    size_t row_count, write_count;
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

/* What the file says of the row that plays this role. */
static int on_row(const struct seed_row *row, void *data)
{
    struct samples *samples = data;

    if (!row->role)
        return 0;
    struct str entity = arena_copy(samples->arena, row->entity), brand = arena_copy(samples->arena, row->brand);
    struct str id = arena_copy(samples->arena, row->canonical_id);
    for (const struct yaml *one = samples->ids ? samples->ids->first : NULL; one; one = one->next)
        if (str_is(text_of(one, "role"), row->role) && samples->row_count < COUNT(samples->rows))
            samples->rows[samples->row_count++] = (struct crosswalk_row){ .dialect = text_of(one, "dialect"),
                                                                          .kind = entity,
                                                                          .brand = brand,
                                                                          .dialect_id = text_of(one, "id"),
                                                                          .canonical_id = id,
                                                                          .line = one->line };
    for (const struct yaml *one = samples->rests ? samples->rests->first : NULL; one; one = one->next) {
        const struct yaml *rest = yaml_get(one, "rest");
        struct buf json = buf_in(samples->arena, SIZE_MAX);
        if (!rest || !str_is(text_of(one, "role"), row->role) || samples->write_count == COUNT(samples->writes))
            continue;
        yaml_to_json(rest, &json);
        samples->writes[samples->write_count++] = (struct rest_write){
            .key = { .dialect = text_of(one, "dialect"), .kind = entity, .brand = brand, .canonical_id = id },
            .patch = buf_str(&json),
        };
    }
    return 0;
}

/* The backend's rows first; if the gateway's part fails, the next run does it again with the same ids. */
static int store_samples(struct samples *samples, struct err *err)
{
    struct store_batch batch = { .arena = samples->arena,
                                 .writes = samples->writes,
                                 .write_count = samples->write_count };

    if (samples->row_count && store_crosswalk_import(samples->store, samples->rows, samples->row_count, err))
        return err_wrap(err, "samples");
    return samples->write_count ? cli_batch(samples->store, &batch, err) : 0;
}

static int seed(struct samples *samples, const struct conf *conf, unsigned patients, struct err *err)
{
    const struct yaml *root;
    bool made;

    if (yaml_load(&root, samples->arena, arena_printf(samples->arena, STR_FMT "/samples.yaml", STR_ARG(conf->mappings)).ptr,
                  err))
        return -1;
    samples->ids = yaml_get(root, "ids");
    samples->rests = yaml_get(root, "rests");
    if (backend_seed(conf, patients, on_row, samples, &made, err))
        return -1;
    if (made && store_samples(samples, err))
        return -1;
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
        return err_set(err, ERR_CONFIG, "state_dir: %s cannot be made", dir);
    samples->arena = conf->arena;
    if (store_open(&samples->store, dir, err))
        return -1;
    int failed = store_claim(samples->store, err) ? -1 : seed(samples, conf, (unsigned)patients, err);
    store_close(&samples->store);
    return failed;
}
