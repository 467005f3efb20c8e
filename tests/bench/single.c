/* What single steps of a request cost, one thread, no socket, everything warm: a known id, a document read, and
 * translated each way. Usage: single STATE-DIR MAPPINGS-DIR. Prints one JSON object: microseconds by name. */
#include "base/clock.h"
#include "lens/lens.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

enum { TIMES = 200000, ROUNDS = 5, IDS = 1000, TEXT = 1 << 16 };

static const struct str created = STR_INIT(
    "{\"first_name\":\"John\",\"last_name\":\"Doe\",\"date_of_birth\":\"2010-05-15\",\"gender\":\"male\","
    "\"phone\":\"+1-555-123-4567\",\"email\":\"john@example.com\",\"address\":{\"street\":\"123 Main St\","
    "\"city\":\"Anytown\",\"state\":\"CA\",\"zip_code\":\"12345\"}}");
static const struct str stored = STR_INIT(
    "{\"id\":\"00000000-0000-4000-8000-000000001049\",\"brand_id\":\"acme\",\"first_name\":\"John\","
    "\"last_name\":\"Doe\",\"date_of_birth\":\"2010-05-15\",\"gender\":\"male\",\"email\":"
    "\"john@example.com\",\"phone\":\"+1-555-123-4567\",\"external_ids\":{},\"status\":\"active\","
    "\"metadata\":{\"address\":{\"line\":\"123 Main St\",\"city\":\"Anytown\",\"state\":\"CA\","
    "\"postal_code\":\"12345\"}},\"created_at\":\"2023-10-20T10:00:00.000Z\",\"updated_at\":"
    "\"2023-10-20T15:30:00.000Z\"}");

struct bench {
    struct arena *arena; /* of one step, reset after it */
    struct store *store;
    struct lens *lens;
    struct str ids[IDS]; /* of the dialect: 1 to IDS; the canonical ones are the same, after "c-" */
    struct tape created, stored;
};

static _Noreturn void give_up(const char *what, const char *why)
{
    (void)fprintf(stderr, "single: %s: %s\n", what, why);
    exit(1);
}

static void look_up(struct bench *bench, int turn, bool to_dialect)
{
    struct str id = bench->ids[turn % IDS];
    struct id_query query = { .dialect = STR("general"),
                              .kind = STR("patient"),
                              .brand = STR("acme"),
                              .form = ID_INTEGER,
                              .to_dialect = to_dialect,
                              .given = to_dialect ? id : str_from_at(id, 2) };
    struct store_batch batch = { .arena = bench->arena, .ids = &query, .id_count = 1 };

    if (!store_batch(bench->store, NULL, &batch) || !query.found.ptr)
        give_up("a known id", "was not in the cache");
}

static void find_canonical(struct bench *bench, int turn)
{
    look_up(bench, turn, false);
}

static void find_dialect(struct bench *bench, int turn)
{
    look_up(bench, turn, true);
}

static void read_document(struct bench *bench, struct str text, struct arena *arena, struct tape *tape)
{
    struct tape_fault fault;

    (void)bench;
    if (!tape_read(tape, arena, text, &tape_default_limits, &fault))
        give_up("a document", fault.what);
}

static void read_stored(struct bench *bench, int turn)
{
    struct tape tape;

    (void)turn;
    read_document(bench, stored, bench->arena, &tape);
}

static const struct lens_context context = { .brand = STR_INIT("acme"), .wall_ms = 1717754400000 };

static void put(struct bench *bench, int turn)
{
    struct lens_put out = { .canonical = buf_in(bench->arena, TEXT), .rest = buf_in(bench->arena, TEXT) };
    struct err err;

    (void)turn;
    if (lens_put(bench->lens, &bench->created, 0, NULL, &context, bench->arena, &out, &err))
        give_up("put", err.detail);
}

static void get(struct bench *bench, int turn)
{
    struct buf out = buf_in(bench->arena, TEXT);
    struct id_slots ids = { 0 };
    struct err err;

    (void)turn;
    if (lens_get(bench->lens, &bench->stored, 0, NULL, &context, bench->arena, &out, &ids, &err))
        give_up("get", err.detail);
}

static const struct {
    const char *name;
    void (*run)(struct bench *bench, int turn);
} steps[] = {
    { "crosswalk hit, dialect to canonical", find_canonical },
    { "crosswalk hit, canonical to dialect", find_dialect },
    { "a stored patient read", read_stored },
    { "a created patient put", put },
    { "a stored patient got", get },
};

/* The quickest round; the first warms up. */
static double measure_us(struct bench *bench, void (*run)(struct bench *bench, int turn))
{
    double best = 1e9;

    for (int round = 0; round <= ROUNDS; round++) {
        uint64_t begin = clock_monotonic_us();
        for (int turn = 0; turn < TIMES; turn++) {
            run(bench, turn);
            arena_reset(bench->arena);
        }
        double us = (double)(clock_monotonic_us() - begin) / TIMES;
        if (round && us < best)
            best = us;
    }
    return best;
}

static void know(struct bench *bench, struct arena *arena)
{
    struct crosswalk_row *rows = ARENA_ARRAY(arena, struct crosswalk_row, IDS);
    struct err err;

    for (int i = 0; i < IDS; i++) {
        bench->ids[i] = arena_printf(arena, "c-%d", i + 1);
        rows[i] = (struct crosswalk_row){ .dialect = STR("general"),
                                          .kind = STR("patient"),
                                          .brand = STR("acme"),
                                          .dialect_id = str_from_at(bench->ids[i], 2),
                                          .canonical_id = bench->ids[i] };
    }
    if (store_crosswalk_import(bench->store, rows, IDS, &err))
        give_up("import", err.detail);
}

/* Both ways once, by the database, so that the cache has every id. */
static void warm_up(struct bench *bench)
{
    for (int i = 0; i < 2 * IDS; i++) {
        bool back = i >= IDS;
        struct str id = bench->ids[i % IDS];
        struct id_query query = { .dialect = STR("general"), .kind = STR("patient"), .brand = STR("acme"),
                                  .form = ID_INTEGER, .to_dialect = back,
                                  .given = back ? id : str_from_at(id, 2) };
        struct store_batch batch = { .arena = bench->arena, .ids = &query, .id_count = 1 };
        (void)store_batch(bench->store, NULL, &batch);
        arena_reset(bench->arena);
    }
}

static void open_lens(struct bench *bench, struct arena *arena, const char *mappings)
{
    static const struct lens_style style = { .absent_as_null = true };
    struct lens_tables *tables;
    struct err err;

    if (lens_tables_load(&tables, arena, arena_printf(arena, "%s/tables", mappings).ptr, &err) ||
        lens_load(&bench->lens, arena, arena_printf(arena, "%s/general/patient.yaml", mappings).ptr, &style, tables, &err))
        give_up(mappings, err.detail);
    read_document(bench, created, arena, &bench->created);
    read_document(bench, stored, arena, &bench->stored);
}

int main(int count, char **words)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct bench bench = { .arena = arena_new(SIZE_MAX) };
    struct err err;

    if (count != 3)
        give_up("usage", "single STATE-DIR MAPPINGS-DIR");
    if (store_open(&bench.store, words[1], &err))
        give_up(words[1], err.detail);
    open_lens(&bench, arena, words[2]);
    know(&bench, arena);
    warm_up(&bench);
    for (size_t i = 0; i < COUNT(steps); i++)
        printf("%s\"%s\":%.3f", i ? "," : "{", steps[i].name, measure_us(&bench, steps[i].run));
    printf("}\n");
    store_close(&bench.store);
    arena_free(&bench.arena);
    arena_free(&arena);
    return 0;
}
