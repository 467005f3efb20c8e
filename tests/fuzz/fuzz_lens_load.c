/* A mapping file that loads runs: whatever it says, a small document goes through and back without a crash.
 */
#include "lens/lens.h"
#include "lens/report.h"
#include "lens/schema.h"

#include <stdlib.h>

static const char document[] =
    "{\"a\":\"1\",\"b\":[{\"c\":\"2\",\"d\":null}],\"e\":{\"f\":3},\"type\":\"x\",\"id\":\"7\"}";

static void run(const struct lens *lens, enum lens_mode mode, struct arena *arena, const struct tape *in)
{
    struct lens_context context = { .mode = mode, .brand = STR("acme"), .wall_ms = 1717754400000 };
    struct lens_put put = { .canonical = buf_in(arena, 1 << 20), .rest = buf_in(arena, 1 << 20) };
    struct buf shown = buf_in(arena, 1 << 20);
    struct id_slots ids = { 0 };
    struct names unread = { 0 };
    struct err err;

    context.unread = mode == LENS_SHOWN ? &unread : NULL;
    context.unread_arena = arena;
    if (lens_put(lens, in, 0, in, &context, arena, &put, &err) && err.code != ERR_INVALID &&
        err.code != ERR_TOO_LARGE)
        abort();
    if (lens_get(lens, in, 0, in, &context, arena, &shown, &ids, &err))
        abort();
    struct tape again;
    struct tape_fault fault;
    struct buf filled = buf_in(arena, 1 << 20);
    lens_fill(buf_str(&shown), &ids, 0, &filled);
    if (!tape_read(&again, arena, buf_str(&filled), &tape_default_limits, &fault) && !fault.limit)
        abort();
}

/* What is told about it is JSON, and can be told of any document. */
static void tell(const struct lens *lens, struct arena *arena, const struct tape *in)
{
    for (int side = SCHEMA_SHOWN; side <= SCHEMA_UPDATE; side++) {
        struct buf schema = buf_in(arena, 1 << 20);
        struct tape_fault fault;
        struct tape read;
        lens_schema(lens, (enum schema_side)side, arena, &schema);
        if (buf_ok(&schema) && !tape_read(&read, arena, buf_str(&schema), &tape_default_limits, &fault) &&
            !fault.limit)
            abort();
    }
    for (int given = 0; given < 2; given++) {
        struct lens_lines lines = { 0 };
        lens_report_put(lens, given ? in : NULL, 0, LENS_SHOWN, arena, &lines);
        lens_report_put(lens, given ? in : NULL, 0, LENS_UPDATE, arena, &lines);
        lens_report_get(lens, given ? in : NULL, 0, arena, &lines);
    }
}

/* Beside itself, as the one mapping of its entity. Whether it agrees with itself does not matter here. */
static void compare(const struct lens *lens)
{
    struct err err = { 0 };

    if (lens_compare(lens, lens, &err) && err.code != ERR_CONFIG)
        abort();
    if (lens_check_reads(lens, &lens, 1, &err) && err.code != ERR_CONFIG)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct lens_style style = { .absent_as_null = size & 1, .refuse_null_on_create = size & 2 };
    struct tape_fault fault;
    struct tape in;
    struct lens *lens;
    struct err err = { 0 };

    if (!tape_read(&in, arena, str_from(document), &tape_default_limits, &fault))
        abort();
    if (lens_parse(&lens, arena, str_of((const char *)data, size), "fuzz.yaml", &style, NULL, &err) == 0) {
        run(lens, LENS_CREATE, arena, &in);
        run(lens, LENS_UPDATE, arena, &in);
        run(lens, LENS_SHOWN, arena, &in);
        tell(lens, arena, &in);
        compare(lens);
    } else if (err.code != ERR_CONFIG) {
        abort();
    }
    arena_free(&arena);
    return 0;
}
