/* Any document against every lens of every dialect: the first byte says which. As what a client sends it is taken or its
 * faults are named; as what the backend says it is shown or refused; all that is written is JSON, and a member of the
 * document itself that no lens knows is neither taken nor shown. The mappings are those of the folder that
 * DRAGOMAN_MAPPINGS names, or of the working directory. */
#include "dialect/dialect.h"
#include "lens/lens.h"

#include <stdio.h>
#include <stdlib.h>

#define CANARY "Qcanary"

static struct lens **lenses;
static size_t lens_count;

static _Noreturn void wrong(const char *what, struct str text)
{
    (void)fprintf(stderr, "%s: " STR_FMT "\n", what, STR_ARG(text));
    abort();
}

static void load(void)
{
    static struct arena *arena; /* for the process */
    const char *dir = getenv("DRAGOMAN_MAPPINGS");
    struct dialect **dialects;
    struct err err = { 0 };
    size_t count;

    arena = arena_new(SIZE_MAX);
    if (dialects_load(&dialects, &count, arena, dir ? dir : "mappings", NULL, &err))
        wrong("the mappings (set DRAGOMAN_MAPPINGS)", str_from(err.detail));
    for (size_t i = 0; i < count; i++)
        lens_count += dialects[i]->lens_count;
    lenses = ARENA_ARRAY(arena, struct lens *, lens_count);
    lens_count = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < dialects[i]->lens_count; k++)
            lenses[lens_count++] = dialects[i]->lenses[k];
}

/* With every gap filled the text is JSON. */
static void judge(struct arena *arena, const char *what, struct str text, struct id_slots *ids)
{
    struct tape_limits limits = tape_default_limits;
    struct buf out = buf_in(arena, 64 << 20);
    struct tape_fault fault;
    struct tape tape;

    limits.bytes = UINT32_MAX / 4;
    for (size_t i = 0; i < ids->count; i++)
        ids->items[i].found = STR("5");
    lens_fill(text, ids, 0, &out);
    if (!tape_read(&tape, arena, buf_str(&out), &limits, &fault) && !fault.limit)
        wrong(what, buf_str(&out));
    if (out.len && memmem(out.ptr, out.len, CANARY, sizeof CANARY - 1))
        wrong("what nobody knows is there", buf_str(&out));
}

static void put(const struct lens *lens, enum lens_mode mode, const struct tape *in)
{
    struct arena *arena = arena_new(256 << 20);
    struct lens_context context = { .mode = mode, .brand = STR("acme"), .wall_ms = 1717754400000 };
    struct lens_put put = { .canonical = buf_in(arena, 16 << 20), .rest = buf_in(arena, 16 << 20) };
    struct err err = { 0 };

    if (lens_put(lens, in, 0, mode == LENS_UPDATE ? in : NULL, &context, arena, &put, &err) == 0)
        judge(arena, "taken", buf_str(&put.canonical), &put.ids);
    else if ((err.code != ERR_INVALID && err.code != ERR_TOO_LARGE) || (err.code == ERR_INVALID && !put.faults.count))
        wrong("refused without a reason", str_from(err.detail));
    arena_free(&arena);
}

static void get(const struct lens *lens, const struct tape *in, const struct tape *rest)
{
    struct arena *arena = arena_new(256 << 20);
    struct lens_context context = { .brand = STR("acme"), .wall_ms = 1717754400000 };
    struct buf shown = buf_in(arena, 16 << 20);
    struct id_slots ids = { 0 };
    struct err err = { 0 };

    if (lens_get(lens, in, 0, rest, &context, arena, &shown, &ids, &err) == 0)
        judge(arena, "shown", buf_str(&shown), &ids);
    else if (!err.code)
        wrong("not shown without a reason", STR(""));
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tape_fault fault;
    struct tape plain, in;

    if (!lenses)
        load();
    if (!size || memmem(data, size, CANARY, sizeof CANARY - 1))
        return 0;
    struct arena *arena = arena_new(SIZE_MAX);
    const struct lens *lens = lenses[data[0] % lens_count];
    struct str text = str_of((const char *)data + 1, size - 1);
    if (tape_read(&plain, arena, text, &tape_default_limits, &fault) && tape_type(&plain, 0) == JSON_OBJECT) {
        struct str more = tape_count(&plain, 0) ? STR("{\"zz\":\"" CANARY "\",") : STR("{\"zz\":\"" CANARY "\"");
        struct str rest = str_from_at(tape_raw(&plain, 0), 1);
        text = arena_printf(arena, STR_FMT STR_FMT, STR_ARG(more), STR_ARG(rest));
        if (tape_read(&in, arena, text, &tape_default_limits, &fault)) {
            put(lens, LENS_CREATE, &in);
            put(lens, LENS_UPDATE, &in);
            get(lens, &in, NULL);
            get(lens, &in, &plain);
        }
    }
    arena_free(&arena);
    return 0;
}
