/* Any document against the patient lenses of all dialects: put takes it or names faults; what it took is
 * JSON, and get shows JSON for it. The mappings are those of the folder that DRAGOMAN_MAPPINGS names, or of
 * the working directory. */
#include "lens/lens.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *file;
    struct lens_style style;
} files[] = {
    { "general/patient.yaml", { .absent_as_null = true } },
    { "twine/patient.yaml", { 0 } },
    { "patient-graph/patient.yaml",
      { .absent_as_null = true, .refuse_null_on_create = true, .read_only = READ_ONLY_REFUSE } },
};

static struct lens *lenses[COUNT(files)];

static void load(void)
{
    const char *dir = getenv("DRAGOMAN_MAPPINGS");
    static struct arena *arena; /* for the process */
    struct lens_tables *tables;
    struct err err = { 0 };
    char path[4096];

    arena = arena_new(SIZE_MAX);
    for (size_t i = 0; i < COUNT(files); i++) {
        if (snprintf(path, sizeof path, "%s/tables", dir ? dir : "mappings") < 0 ||
            lens_tables_load(&tables, arena, path, &err))
            abort();
        if (snprintf(path, sizeof path, "%s/%s", dir ? dir : "mappings", files[i].file) < 0 ||
            lens_load(&lenses[i], arena, path, &files[i].style, tables, &err)) {
            (void)fprintf(stderr, "%s (set DRAGOMAN_MAPPINGS)\n", err.detail);
            abort();
        }
    }
}

/* With every gap filled the text is JSON. */
static struct tape filled(struct arena *arena, struct str text, struct id_slots *ids)
{
    struct buf out = buf_in(arena, 64 << 20);
    struct tape_fault fault;
    struct tape tape;

    for (size_t i = 0; i < ids->count; i++)
        ids->items[i].found = STR("5");
    lens_fill(text, ids, 0, &out);
    if (!tape_read(&tape, arena, buf_str(&out), &tape_default_limits, &fault) && !fault.limit)
        abort();
    return tape;
}

static void run(const struct lens *lens, enum lens_mode mode, const struct tape *in)
{
    struct arena *arena = arena_new(256 << 20);
    struct lens_context context = { .mode = mode, .brand = STR("acme"), .wall_ms = 1717754400000 };
    struct lens_put put = { .canonical = buf_in(arena, 16 << 20), .rest = buf_in(arena, 16 << 20) };
    struct buf shown = buf_in(arena, 16 << 20);
    struct id_slots ids = { 0 };
    struct err err = { 0 };

    (void)lens_needs(lens, in, 0);
    if (lens_put(lens, in, 0, mode == LENS_UPDATE ? in : NULL, &context, arena, &put, &err) == 0) {
        struct tape canonical = filled(arena, buf_str(&put.canonical), &put.ids), rest;
        if (put.rest.len)
            rest = filled(arena, buf_str(&put.rest), &ids);
        if (lens_get(lens, &canonical, 0, put.rest.len ? &rest : NULL, &context, arena, &shown, &ids, &err))
            abort();
        (void)filled(arena, buf_str(&shown), &ids);
    } else if (err.code != ERR_INVALID && err.code != ERR_TOO_LARGE) {
        abort();
    } else if (err.code == ERR_INVALID && !put.faults.count) {
        abort();
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct tape_fault fault;
    struct tape in;

    if (!lenses[0])
        load();
    if (tape_read(&in, arena, str_of((const char *)data, size), &tape_default_limits, &fault))
        for (size_t i = 0; i < COUNT(files); i++) {
            run(lenses[i], LENS_CREATE, &in);
            run(lenses[i], LENS_UPDATE, &in);
        }
    arena_free(&arena);
    return 0;
}
