/* Rows are found by their canonical ids, wherever the hints of them are: in memory, in the file, or to be made anew. */
#include "test_sql.h"
#include "test_store.h"

#include "store/inside.h"

enum { MOST = 1000 }; /* hints in memory */

static struct store_batch batch_of(struct arena *arena, struct rest_write *write)
{
    return (struct store_batch){ .arena = arena, .writes = write, .write_count = 1 };
}

static struct rest_key key_of(const char *canonical_id)
{
    return (struct rest_key){ STR("r"), STR("k"), STR("b"), str_from(canonical_id) };
}

/* A row without an id; `patch` "null" deletes it. */
static void rest_put(struct store *store, struct arena *arena, const char *canonical_id, const char *patch)
{
    struct rest_write write = { .key = key_of(canonical_id), .patch = str_from(patch) };
    struct store_batch batch = batch_of(arena, &write);
    struct answer answer;

    (void)batch_wait(store, &batch, &answer);
    CHECK(answer.code == ERR_NONE, "%s: %s", canonical_id, answer.detail);
}

static struct str rest_got(struct store *store, struct arena *arena, const char *canonical_id)
{
    struct rest_read read = { .key = key_of(canonical_id) };
    struct store_batch batch = { .arena = arena, .reads = &read, .read_count = 1 };
    struct answer answer;

    (void)batch_wait(store, &batch, &answer);
    CHECK(answer.code == ERR_NONE, "%s: %s", canonical_id, answer.detail);
    return read.json;
}

static void place_claim(struct place *place, size_t most)
{
    struct err err;

    place->store->hints.most = most; /* a round is soon over */
    CHECK(!store_claim(place->store, &err), "%s", err.detail);
}

/* As if the process was killed: nothing of what it had in memory is stored. */
static void place_kill(struct place *place)
{
    if (place->store->claim >= 0)
        (void)close(place->store->claim);
    place->store->claim = -1;
    place_reopen(place);
}

/* One number, as another process sees it. */
static int64_t ask(const struct place *place, const char *sql)
{
    struct db *db = NULL;
    struct err err;
    char path[128];

    (void)snprintf(path, sizeof path, "%s/gateway.db", place->dir);
    if (db_open(&db, path, "", &err))
        fail_msg("%s", err.detail);
    int64_t number = do_sql(db, sql);
    db_close(&db);
    return number;
}

static const char doubled[] = "SELECT count(*) FROM (SELECT 1 FROM entity"
                              " GROUP BY canonical_id, brand, kind, dialect HAVING count(*) > 1)";

/* More rows than there is memory for, so that the whole file is gone through more than once; many batches at a time, so
 * that rows are made in the transactions that store hints. */
enum { MANY = 12000, AT_ONCE = 20, LANES = 32 };

struct maker {
    struct store *store;
    struct loop *loop;
    int from, to, open; /* the next batch's first entity; where it ends; batches under way */
    int *told;      /* ids, by entity */
};

struct lane {
    struct maker *maker;
    struct arena *arena;
    struct store_batch batch;
    int from;
};

static void make_next(struct lane *lane);

static void made_some(struct store_batch *batch, const struct err *err, void *data)
{
    struct lane *lane = data;

    CHECK(!err, "%s", err->detail);
    for (int i = 0; i < AT_ONCE; i++)
        lane->maker->told[lane->from + i] = atoi(batch->ids[i].found.ptr);
    lane->maker->open--;
    make_next(lane);
}

static void make_next(struct lane *lane)
{
    struct maker *maker = lane->maker;

    if (maker->from == maker->to) {
        if (!maker->open)
            loop_stop(maker->loop);
        return;
    }
    arena_reset(lane->arena);
    lane->from = maker->from;
    maker->from += AT_ONCE;
    maker->open++;
    lane->batch = (struct store_batch){ .arena = lane->arena, .id_count = AT_ONCE, .done = made_some, .data = lane };
    lane->batch.ids = ARENA_ARRAY(lane->arena, struct id_query, AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++)
        lane->batch.ids[i] = query_of(ID_INTEGER, true, arena_printf(lane->arena, "c-%d", lane->from + i).ptr);
    assert_false(store_batch(maker->store, maker->loop, &lane->batch));
}

static void make_many(struct store *store, int from, int to, int *told)
{
    struct maker maker = { .store = store, .loop = loop_new(), .from = from, .to = to, .told = told };
    struct lane lanes[LANES];

    for (int i = 0; i < LANES; i++) {
        lanes[i] = (struct lane){ .maker = &maker, .arena = arena_new(SIZE_MAX) };
        make_next(&lanes[i]);
    }
    loop_run(maker.loop);
    for (int i = 0; i < LANES; i++)
        arena_free(&lanes[i].arena);
    loop_free(&maker.loop);
}

/* Some of them, by a store that has nothing in memory. */
static void check_many(struct place *place, int count, const int *told)
{
    struct arena *arena = arena_new(SIZE_MAX);

    place_reopen(place);
    for (int i = 0; i < count; i += 7) {
        arena_reset(arena);
        struct str found = id_wait(place->store, arena, query_of(ID_INTEGER, true, arena_printf(arena, "c-%d", i).ptr));
        struct str want = arena_printf(arena, "%d", told[i]);
        CHECK(told[i] && str_eq(found, want), "c-%d was %d and is " STR_FMT, i, told[i], STR_ARG(found));
    }
    arena_free(&arena);
    CHECK(ask(place, doubled) == 0, "an entity has two rows");
}

static void rows_beyond_the_memory_are_found(void **state)
{
    struct place place = place_new();
    int *told = calloc(MANY, sizeof *told);

    (void)state;
    place_claim(&place, MOST);
    make_many(place.store, 0, MANY, told);
    int64_t stored = ask(&place, "SELECT count(*) FROM hint"), up_to = ask(&place, "SELECT up_to FROM hint_state");
    CHECK(stored > MANY / 2 && stored < MANY, "%jd stored", (intmax_t)stored);
    CHECK(up_to > 0 && up_to < MANY, "up to %jd", (intmax_t)up_to);
    place_kill(&place);
    check_many(&place, MANY, told);
    free(told);
    place_done(&place);
}

static void nothing_is_left_to_read_when_it_was_closed(void **state)
{
    struct place place = place_new();
    int *told = calloc(MANY, sizeof *told);

    (void)state;
    place_claim(&place, MOST);
    make_many(place.store, 0, MANY / 2, told);
    check_many(&place, MANY / 2, told);
    CHECK(ask(&place, "SELECT up_to FROM hint_state") == MANY / 2, "up to the last row");
    CHECK(ask(&place, "SELECT count(*) FROM hint") == MANY / 2, "each has one");
    free(told);
    place_done(&place);
}

/* The transaction in which hints were stored is undone: they are not stored. */
static void hints_of_an_undone_transaction_stay(void **state)
{
    enum { FEW = MOST, UNDONE = 400 };
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    int *told = calloc(FEW, sizeof *told);
    struct id_query *ids = calloc(UNDONE, sizeof *ids);
    struct rest_write write = { .key = key_of("c-never"), .patch = STR("{}"), .only_if = STR("{\"never\":1}") };
    struct store_batch batch = batch_of(arena, &write);
    struct answer answer;

    (void)state;
    place_claim(&place, MOST);
    make_many(place.store, 0, FEW, told);
    for (int i = 0; i < UNDONE; i++)
        ids[i] = query_of(ID_INTEGER, true, arena_printf(arena, "u-%d", i).ptr);
    batch.ids = ids;
    batch.id_count = UNDONE;
    (void)batch_wait(place.store, &batch, &answer);
    CHECK(answer.code == ERR_PRECONDITION, "%s", answer.detail);
    CHECK(ask(&place, "SELECT count(*) FROM hint") == 0, "nothing was stored");
    rest_put(place.store, arena, "c-1", "{\"a\":1}");
    rest_put(place.store, arena, "c-2", "{\"a\":2}");
    check_many(&place, FEW, told);
    free(ids);
    free(told);
    arena_free(&arena);
    place_done(&place);
}

/* The number of the last row is given again when that row was erased, and up to it all hints are said to be in the file. */
static void the_number_of_an_erased_row_may_come_again(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    place_claim(&place, MOST);
    rest_put(place.store, arena, "c-1", "{\"a\":1}");
    place_reopen(&place);
    place_claim(&place, MOST);
    CHECK(ask(&place, "SELECT up_to FROM hint_state") == 1, "stored when it was closed");
    erase_wait(place.store, "c-1");
    rest_put(place.store, arena, "c-2", "{\"a\":2}");
    CHECK(ask(&place, "SELECT at FROM entity") == 1, "another number");
    place_kill(&place);
    CHECK(str_is(rest_got(place.store, arena, "c-2"), "{\"a\":2}"), "the new row");
    CHECK(!rest_got(place.store, arena, "c-1").len, "the old one");
    arena_free(&arena);
    place_done(&place);
}

/* One id, in a batch that fails. */
static void fail_one(struct store *store, struct arena *arena, const char *canonical_id)
{
    struct id_query query = query_of(ID_INTEGER, true, canonical_id);
    struct rest_write write = { .key = key_of("c-never"), .patch = STR("{}"), .only_if = STR("{\"never\":1}") };
    struct store_batch batch = batch_of(arena, &write);
    struct answer answer;

    batch.ids = &query;
    batch.id_count = 1;
    (void)batch_wait(store, &batch, &answer);
    CHECK(answer.code == ERR_PRECONDITION, "%s", answer.detail);
}

/* The number of a row whose transaction was undone comes again at once. */
static void an_undone_row_leaves_nothing(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    place_claim(&place, MOST);
    for (int round = 0; round < 3; round++) {
        fail_one(place.store, arena, "c-1");
        struct str id = id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-2"));
        CHECK(str_is(id, "1"), "round %d: " STR_FMT, round, STR_ARG(id));
        if (round) {
            place_kill(&place);
            place_claim(&place, MOST);
        }
    }
    for (int i = 0; i < 2000; i++) {
        arena_reset(arena);
        fail_one(place.store, arena, arena_printf(arena, "u-%d", i).ptr);
    }
    CHECK(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-1")), "2"), "it had none");
    CHECK(place.store->hints.count == 2, "%zu hints of two rows", place.store->hints.count);
    CHECK(ask(&place, doubled) == 0, "an entity has two rows");
    arena_free(&arena);
    place_done(&place);
}

/* A rest that comes and goes has one row for ever. */
static void a_rest_that_comes_and_goes_has_one_row(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    place_claim(&place, MOST);
    for (int i = 0; i < 200; i++) {
        arena_reset(arena);
        rest_put(place.store, arena, "c-1", "{\"a\":1}");
        rest_put(place.store, arena, arena_printf(arena, "o-%d", i).ptr, "{\"a\":1}");
        rest_put(place.store, arena, "c-1", "null");
    }
    CHECK(place.store->hints.count == 201, "%zu hints", place.store->hints.count);
    CHECK(ask(&place, "SELECT count(*) FROM entity WHERE canonical_id = 'c-1'") == 1, "rows");
    place_kill(&place);
    CHECK(!rest_got(place.store, arena, "c-1").len, "it came back");
    arena_free(&arena);
    place_done(&place);
}

/* Another process imports, adds clients and is asked for ids meanwhile: rounds end nevertheless, and all see all. */
static void a_round_ends_although_others_write(void **state)
{
    enum { STEP = 1500, ALL = 6 * STEP };
    struct place place = place_new();
    struct store *other = NULL;
    struct arena *arena = arena_new(SIZE_MAX);
    int *told = calloc(ALL, sizeof *told);
    struct err err;

    (void)state;
    place_claim(&place, MOST);
    CHECK(!store_open(&other, place.dir, &err), "%s", err.detail);
    for (int to = STEP; to <= ALL; to += STEP) {
        make_many(place.store, to - STEP, to, told);
        struct str name = arena_printf(arena, "i-%d", to), id = arena_printf(arena, "x%d", to),
                   theirs = arena_printf(arena, "o-%d", to);
        struct crosswalk_row row = { STR("d"), STR("k"), STR("b"), id, name, 1 };
        CHECK(!store_record_put_now(other, RECORD_CLIENT, name, STR("{}"), 0, &err), "%s", err.detail);
        CHECK(!store_crosswalk_import(other, &row, 1, &err), "%s", err.detail);
        struct str told_other = id_wait(other, arena, query_of(ID_HEX24, true, theirs.ptr));
        CHECK(str_eq(id_wait(place.store, arena, query_of(ID_INTEGER, true, name.ptr)), id), "what was imported");
        CHECK(str_eq(id_wait(place.store, arena, query_of(ID_HEX24, true, theirs.ptr)), told_other), "theirs");
        struct str ours = id_wait(other, arena, query_of(ID_INTEGER, true, arena_printf(arena, "c-%d", to - 1).ptr));
        CHECK(atoi(ours.ptr) == told[to - 1], "ours is " STR_FMT " there", STR_ARG(ours));
    }
    CHECK(ask(&place, "SELECT up_to FROM hint_state") > 0, "no round has ended");
    store_close(&other);
    place_kill(&place);
    check_many(&place, ALL, told);
    free(told);
    arena_free(&arena);
    place_done(&place);
}

/* ---- a law: whatever happened, an entity has the one id that was told first ---- */

enum { ENTITIES = 200, STEPS = 2000 };

struct world {
    struct place place;
    struct store *other; /* another process, which only asks for ids and imports */
    struct arena *arena;
    unsigned seed;
    char ids[ENTITIES][32]; /* empty: none was told */
    bool erased[ENTITIES];
    int rests[ENTITIES]; /* 0: none */
    int imported;
};

static int any(struct world *w, int below)
{
    return rand_r(&w->seed) % below;
}

static const char *name_of(struct world *w, int entity)
{
    return arena_printf(w->arena, "c-%d", entity).ptr;
}

static void ask_id(struct world *w, struct store *store, int entity)
{
    struct str found = id_wait(store, w->arena, query_of(ID_INTEGER, true, name_of(w, entity)));

    if (w->erased[entity]) {
        CHECK(store != w->place.store || !found.ptr, "c-%d came back as " STR_FMT, entity, STR_ARG(found));
        return;
    }
    CHECK(found.len && (!w->ids[entity][0] || str_is(found, w->ids[entity])), "c-%d was %s and is " STR_FMT, entity,
          w->ids[entity], STR_ARG(found));
    (void)snprintf(w->ids[entity], sizeof w->ids[entity], STR_FMT, STR_ARG(found));
}

static void import_one(struct world *w, int entity)
{
    char id[32];
    struct crosswalk_row row = { STR("d"), STR("k"), STR("b"), STR_NONE, str_from(name_of(w, entity)), 1 };
    struct err err;

    if (w->erased[entity])
        return;
    (void)snprintf(id, sizeof id, w->ids[entity][0] ? "%s" : "%.0sx-%d", w->ids[entity], w->imported);
    row.dialect_id = str_from(id);
    CHECK(!store_crosswalk_import(w->other, &row, 1, &err), "c-%d as %s: %s", entity, id, err.detail);
    w->imported++;
    (void)snprintf(w->ids[entity], sizeof w->ids[entity], "%s", id);
}

static void put_rest(struct world *w, int entity)
{
    int value = any(w, 3) ? 1 + any(w, 1000) : 0;

    rest_put(w->place.store, w->arena, name_of(w, entity), value ? arena_printf(w->arena, "{\"a\":%d}", value).ptr : "null");
    w->rests[entity] = w->erased[entity] ? 0 : value;
}

static void open_again(struct world *w)
{
    if (any(w, 2))
        place_kill(&w->place);
    else
        place_reopen(&w->place);
    place_claim(&w->place, 8);
}

static void check_all(struct world *w)
{
    open_again(w);
    for (int i = 0; i < ENTITIES; i++) {
        struct str rest = rest_got(w->place.store, w->arena, name_of(w, i));
        struct str want = w->rests[i] ? arena_printf(w->arena, "{\"a\":%d}", w->rests[i]) : STR("");
        CHECK(str_eq(rest, want), "c-%d keeps " STR_FMT " instead of " STR_FMT, i, STR_ARG(rest), STR_ARG(want));
        if (w->ids[i][0])
            ask_id(w, w->place.store, i);
    }
    CHECK(ask(&w->place, doubled) == 0, "an entity has two rows");
}

static void step(struct world *w)
{
    int entity = any(w, ENTITIES);

    switch (any(w, 40)) {
    case 0:
        open_again(w);
        break;
    case 1:
        check_all(w);
        break;
    case 2:
        if (any(w, 6) == 0) {
            erase_wait(w->place.store, name_of(w, entity));
            w->erased[entity] = true;
            w->rests[entity] = 0;
        }
        break;
    case 3:
        import_one(w, entity);
        break;
    case 4:
    case 5:
    case 6:
        fail_one(w->place.store, w->arena, name_of(w, entity));
        break;
    default:
        if (any(w, 2))
            put_rest(w, entity);
        else
            ask_id(w, any(w, 3) ? w->place.store : w->other, entity);
    }
}

static void an_entity_has_one_row_and_it_is_found(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 2; seed++) {
        struct world w = { .place = place_new(), .arena = arena_new(SIZE_MAX), .seed = seed };
        struct err err;
        CHECK(!store_open(&w.other, w.place.dir, &err), "%s", err.detail);
        place_claim(&w.place, 8);
        for (int i = 0; i < STEPS; i++) {
            arena_reset(w.arena);
            step(&w);
        }
        check_all(&w);
        store_close(&w.other);
        arena_free(&w.arena);
        place_done(&w.place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_beyond_the_memory_are_found),
        cmocka_unit_test(nothing_is_left_to_read_when_it_was_closed),
        cmocka_unit_test(hints_of_an_undone_transaction_stay),
        cmocka_unit_test(the_number_of_an_erased_row_may_come_again),
        cmocka_unit_test(an_undone_row_leaves_nothing),
        cmocka_unit_test(a_rest_that_comes_and_goes_has_one_row),
        cmocka_unit_test(a_round_ends_although_others_write),
        cmocka_unit_test(an_entity_has_one_row_and_it_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
