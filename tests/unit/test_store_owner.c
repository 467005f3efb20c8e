#include "test_store.h"

#include <pthread.h>

/* An entity of kind m; its owner is of kind k, which is what erase_wait erases. */
static struct id_query owned_of(const char *given, const char *owner)
{
    struct id_query query = query_of(ID_INTEGER, true, given);

    query.kind = STR("m");
    query.owner = str_from(owner);
    return query;
}

static struct str back_wait(struct store *store, struct arena *arena, const char *dialect_id)
{
    struct id_query query = owned_of(dialect_id, "");

    query.to_dialect = false;
    return id_wait(store, arena, query);
}

static struct rest_key rest_of(const char *dialect, const char *canonical_id)
{
    return (struct rest_key){ .dialect = str_from(dialect),
                              .kind = STR("m"),
                              .brand = STR("b"),
                              .canonical_id = str_from(canonical_id) };
}

static void write_wait(struct store *store, struct rest_key key, const char *patch, const char *owner)
{
    struct rest_write write = { .key = key, .patch = str_from(patch), .owner = str_from(owner) };
    struct arena *arena = arena_new(SIZE_MAX);
    struct store_batch batch = { .arena = arena, .writes = &write, .write_count = 1 };
    struct answer answer;

    (void)batch_wait(store, &batch, &answer);
    CHECK(answer.code == ERR_NONE, "%s", answer.detail);
    arena_free(&arena);
}

static struct str read_wait(struct store *store, struct arena *arena, struct rest_key key)
{
    struct rest_read read = { .key = key };
    struct store_batch batch = { .arena = arena, .reads = &read, .read_count = 1 };
    struct answer answer;

    (void)batch_wait(store, &batch, &answer);
    CHECK(answer.code == ERR_NONE, "%s", answer.detail);
    return read.json;
}

static bool is_hit(struct store *store, struct arena *arena, struct id_query query)
{
    struct store_batch batch = { .arena = arena, .ids = &query, .id_count = 1 };
    struct answer answer;

    return batch_wait(store, &batch, &answer);
}

static void import_wait(struct store *store, const char *dialect_id, const char *canonical_id)
{
    struct crosswalk_row row = { .dialect = STR("d"),
                                 .kind = STR("m"),
                                 .brand = STR("b"),
                                 .dialect_id = str_from(dialect_id),
                                 .canonical_id = str_from(canonical_id),
                                 .line = 2 };
    struct err err;

    if (store_crosswalk_import(store, &row, 1, &err))
        fail_msg("%s", err.detail);
}

static void what_is_owned_goes_with_its_owner(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct id_query encounter = owned_of("e-1", "p-1"), elsewhere = owned_of("m-1", "p-1");

    (void)state;
    encounter.kind = STR("n");
    elsewhere.brand = STR("c");
    struct store *store = place.store;
    assert_true(str_is(id_wait(store, arena, query_of(ID_INTEGER, true, "p-1")), "1"));
    assert_true(str_is(id_wait(store, arena, owned_of("m-1", "p-1")), "1"));
    assert_true(str_is(id_wait(store, arena, owned_of("m-2", "p-2")), "2"));
    assert_true(str_is(id_wait(store, arena, owned_of("m-3", "")), "3"));
    assert_true(str_is(id_wait(store, arena, encounter), "1"));
    assert_true(str_is(id_wait(store, arena, elsewhere), "1"));
    write_wait(store, rest_of("d", "m-1"), "{\"notes\":1}", "p-1");
    write_wait(store, rest_of("d", "m-2"), "{\"notes\":2}", "p-2");
    write_wait(store, rest_of("d", "m-4"), "{\"notes\":4}", "p-1"); /* a rest without a row */
    erase_wait(store, "p-1");
    for (int round = 0; round < 2;
         round++) { /* from the cache of the process that erased, then from the file */
        store = place.store;
        assert_null(id_wait(store, arena, owned_of("m-1", "")).ptr);
        assert_null(id_wait(store, arena, owned_of("m-1", "p-1")).ptr);
        assert_null(id_wait(store, arena, encounter).ptr);
        assert_null(back_wait(store, arena, "1").ptr);
        assert_int_equal(read_wait(store, arena, rest_of("d", "m-1")).len, 0);
        assert_int_equal(read_wait(store, arena, rest_of("d", "m-4")).len, 0);
        assert_true(str_is(id_wait(store, arena, owned_of("m-2", "p-2")), "2"));
        assert_true(str_is(id_wait(store, arena, owned_of("m-3", "")), "3"));
        assert_true(str_is(id_wait(store, arena, elsewhere), "1"));
        assert_true(str_is(read_wait(store, arena, rest_of("d", "m-2")), "{\"notes\":2}"));
        place_reopen(&place);
    }
    assert_true(str_is(id_wait(place.store, arena, owned_of("m-5", "p-2")), "4")); /* 1 is not given again */
    arena_free(&arena);
    place_done(&place);
}

/* However it was told that m-1 is p-1's, everything of m-1 goes. */
static void every_way_to_tell_the_owner_counts(void **state)
{
    static const struct {
        const char *name, *id_owner, *rest_owner;
        bool imported, cached, later; /* later: the owner is told only when asked again */
        bool stays;
    } cases[] = {
        { .name = "nobody", .stays = true },
        { .name = "another", .id_owner = "p-2", .rest_owner = "p-2", .stays = true },
        { .name = "another of that beginning", .id_owner = "p-11", .stays = true },
        { .name = "row", .id_owner = "p-1" },
        { .name = "rest", .rest_owner = "p-1" },
        { .name = "both", .id_owner = "p-1", .rest_owner = "p-1" },
        { .name = "row, later", .id_owner = "p-1", .later = true },
        { .name = "rest, later", .rest_owner = "p-1", .later = true },
        { .name = "imported", .imported = true, .stays = true },
        { .name = "row, imported", .imported = true, .id_owner = "p-1" },
        { .name = "row, imported and cached", .imported = true, .cached = true, .id_owner = "p-1" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct place place = place_new();
        struct arena *arena = arena_new(SIZE_MAX);
        const char *first = cases[i].later ? "" : cases[i].id_owner;
        if (cases[i].imported)
            import_wait(place.store, "1", "m-1");
        if (cases[i].cached)
            (void)back_wait(place.store, arena, "1");
        (void)id_wait(place.store, arena, owned_of("m-1", first));
        write_wait(place.store, rest_of("d", "m-1"), "{\"a\":1}", cases[i].later ? "" : cases[i].rest_owner);
        write_wait(place.store, rest_of("e", "m-1"), "{\"a\":2}", "");
        if (cases[i].later) {
            (void)id_wait(place.store, arena, owned_of("m-1", cases[i].id_owner));
            write_wait(place.store, rest_of("d", "m-1"), "{\"a\":1}",
                       cases[i].rest_owner); /* the same rest */
        }
        erase_wait(place.store, "p-1");
        for (int round = 0; round < 2; round++) {
            bool id = id_wait(place.store, arena, owned_of("m-1", "")).ptr != NULL;
            bool back = back_wait(place.store, arena, "1").ptr != NULL;
            bool rest = read_wait(place.store, arena, rest_of("d", "m-1")).len > 0;
            bool other = read_wait(place.store, arena, rest_of("e", "m-1")).len > 0;
            bool stays = cases[i].stays;
            CHECK(id == stays && back == stays && rest == stays && other == stays, "%s: %d %d %d %d",
                  cases[i].name, id, back, rest, other);
            place_reopen(&place);
        }
        arena_free(&arena);
        place_done(&place);
    }
}

static void the_first_owner_stays(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    (void)id_wait(place.store, arena, owned_of("m-1", "p-1"));
    (void)id_wait(place.store, arena, owned_of("m-1", "p-2"));
    write_wait(place.store, rest_of("d", "m-1"), "{\"a\":1}", "p-1");
    write_wait(place.store, rest_of("d", "m-1"), "{\"a\":2}", "p-2");
    place_reopen(&place);
    (void)id_wait(place.store, arena, owned_of("m-1", "p-2"));
    erase_wait(place.store, "p-2");
    assert_true(str_is(id_wait(place.store, arena, owned_of("m-1", "")), "1"));
    assert_true(str_is(read_wait(place.store, arena, rest_of("d", "m-1")), "{\"a\":2}"));
    erase_wait(place.store, "p-1");
    assert_null(id_wait(place.store, arena, owned_of("m-1", "")).ptr);
    assert_int_equal(read_wait(place.store, arena, rest_of("d", "m-1")).len, 0);
    arena_free(&arena);
    place_done(&place);
}

/* A request still under way when the owner was erased: it makes nothing new, and what nobody had said to be
 * the owner's goes when somebody does. */
static void what_comes_after_the_erasure_is_erased(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    (void)id_wait(place.store, arena, owned_of("m-1", ""));
    write_wait(place.store, rest_of("d", "m-1"), "{\"a\":1}", "");
    write_wait(place.store, rest_of("e", "m-2"), "{\"a\":2}", "");
    erase_wait(place.store, "p-1");
    assert_true(str_is(back_wait(place.store, arena, "1"), "m-1"));
    assert_true(str_is(id_wait(place.store, arena, owned_of("m-1", "")), "1"));
    assert_null(id_wait(place.store, arena, owned_of("m-1", "p-1")).ptr);
    write_wait(place.store, rest_of("d", "m-2"), "{\"a\":3}", "p-1");
    assert_null(id_wait(place.store, arena, owned_of("m-3", "p-1")).ptr);
    write_wait(place.store, rest_of("d", "m-4"), "{\"a\":4}", "p-1");
    for (int round = 0; round < 2; round++) {
        static const char *const gone[] = { "m-1", "m-2", "m-3", "m-4" };
        for (size_t i = 0; i < COUNT(gone); i++) {
            CHECK(!id_wait(place.store, arena, owned_of(gone[i], "")).ptr, "%s", gone[i]);
            CHECK(!read_wait(place.store, arena, rest_of("d", gone[i])).len, "%s", gone[i]);
            CHECK(!read_wait(place.store, arena, rest_of("e", gone[i])).len, "%s", gone[i]);
        }
        assert_null(back_wait(place.store, arena, "1").ptr);
        place_reopen(&place);
    }
    assert_int_equal(store_count(place.store).id_allocated, 0);
    arena_free(&arena);
    place_done(&place);
}

static void an_owner_costs_a_hit_only_once(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct id_query back = owned_of("1", "p-1");

    (void)state;
    back.to_dialect = false;
    assert_false(is_hit(place.store, arena, owned_of("m-1", "")));
    assert_true(is_hit(place.store, arena, owned_of("m-1", "")));
    assert_true(is_hit(place.store, arena, back)); /* says nothing there */
    assert_false(is_hit(place.store, arena, owned_of("m-1", "p-1")));
    assert_true(is_hit(place.store, arena, owned_of("m-1", "p-1")));
    assert_true(is_hit(place.store, arena, owned_of("m-1", "")));
    assert_false(is_hit(place.store, arena, owned_of("m-2", "p-1")));
    assert_true(is_hit(place.store, arena, owned_of("m-2", "p-1")));
    place_reopen(&place);
    assert_true(str_is(back_wait(place.store, arena, "2"), "m-2"));
    uint64_t commits = store_count(place.store).commits;
    assert_true(
        is_hit(place.store, arena, owned_of("m-2", "p-1"))); /* cached with its owner, the other way */
    assert_false(is_hit(place.store, arena, owned_of("m-1", "p-1")));
    assert_int_equal(store_count(place.store).commits, commits); /* nothing to change */
    arena_free(&arena);
    place_done(&place);
}

/* ---- erasing while others ask ---- */

enum { ASKERS = 3, ENTITIES = 40, OWNERS = 4, ROUNDS = 5 };

struct asker {
    pthread_t thread;
    struct store *store;
    int number;
};

static const char *const owners[OWNERS] = { "p-0", "p-1", "p-2", "p-3" };

static void *keep_asking(void *data)
{
    const struct asker *asker = data;
    struct arena *arena = arena_new(SIZE_MAX);

    for (int i = 0; i < ENTITIES * ROUNDS; i++) {
        int entity = (i * 7 + asker->number) % ENTITIES;
        const char *id = arena_printf(arena, "m-%d", entity).ptr, *owner = owners[entity % OWNERS];
        (void)id_wait(asker->store, arena, owned_of(id, (i + asker->number) % 3 ? owner : ""));
        if (i % 4 == asker->number)
            write_wait(asker->store, rest_of("d", id), "{\"a\":1}", owner);
        (void)read_wait(asker->store, arena, rest_of("d", id));
    }
    arena_free(&arena);
    return NULL;
}

/* Afterwards the cache and the file agree: nothing is left of the erased owners' entities, all of the
 * others'. */
static void check_left(struct place *place, struct arena *arena)
{
    for (int i = 0; i < ENTITIES * 2; i++) {
        int entity = i % ENTITIES;
        const char *id = arena_printf(arena, "m-%d", entity).ptr, *owner = owners[entity % OWNERS];
        bool stays = entity % OWNERS == 0;
        if (i == ENTITIES)
            place_reopen(place);
        CHECK((id_wait(place->store, arena, owned_of(id, owner)).ptr != NULL) == stays, "%s", id);
        CHECK(stays || !read_wait(place->store, arena, rest_of("d", id)).len, "%s", id);
    }
    for (uint64_t i = 1; i <= ENTITIES; i++) {
        struct str found = back_wait(place->store, arena, arena_printf(arena, "%d", (int)i).ptr);
        uint64_t entity = 0;
        bool stays = found.ptr && str_to_uint(str_from_at(found, 2), &entity) && entity % OWNERS == 0;
        CHECK(!found.ptr || stays, STR_FMT, STR_ARG(found));
    }
}

static void nothing_comes_back_whoever_asks_meanwhile(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct asker askers[ASKERS];

    (void)state;
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){ .store = place.store, .number = i };
        assert_int_equal(pthread_create(&askers[i].thread, NULL, keep_asking, &askers[i]), 0);
    }
    for (int i = 1; i < OWNERS; i++) {
        while (store_count(place.store).commits < (uint64_t)i * 2) /* let them make something to erase */
            (void)usleep(1000);
        erase_wait(place.store, owners[i]);
    }
    for (int i = 0; i < ASKERS; i++)
        (void)pthread_join(askers[i].thread, NULL);
    check_left(&place, arena);
    arena_free(&arena);
    place_done(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_owned_goes_with_its_owner),
        cmocka_unit_test(every_way_to_tell_the_owner_counts),
        cmocka_unit_test(the_first_owner_stays),
        cmocka_unit_test(what_comes_after_the_erasure_is_erased),
        cmocka_unit_test(an_owner_costs_a_hit_only_once),
        cmocka_unit_test(nothing_comes_back_whoever_asks_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
