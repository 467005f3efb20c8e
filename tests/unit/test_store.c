#include "test_store.h"

#include "base/clock.h"
#include "store/cache.h"

#include <sys/stat.h>
#include <unistd.h>

/* ---- ids ---- */

static bool is_hex24(struct str id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!strchr("0123456789abcdef", id.ptr[i]))
            return false;
    return id.len == 24;
}

static void each_form_gives_its_ids(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    struct str same = id_wait(place.store, arena, query_of(ID_SAME, true, "c-1"));
    struct str one = id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-1"));
    struct str two = id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-2"));
    struct str again = id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-1"));
    assert_true(str_is(same, "c-1") && str_is(one, "1") && str_is(two, "2") && str_is(again, "1"));

    struct id_query hex = query_of(ID_HEX24, true, "c-1");
    hex.kind = STR("hex");
    struct str random = id_wait(place.store, arena, hex);
    assert_true(is_hex24(random));
    assert_true(str_eq(id_wait(place.store, arena, hex), random));
    hex.given = STR("c-2");
    assert_false(str_eq(id_wait(place.store, arena, hex), random));

    struct id_query text = query_of(ID_VERBATIM, true, "sleep");
    text.kind = STR("text");
    assert_true(str_is(id_wait(place.store, arena, text), "sleep"));

    place_reopen(&place);
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-2")), "2"));
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, false, "2")), "c-2"));
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-3")), "3"));
    hex.given = random;
    hex.to_dialect = false;
    assert_true(str_is(id_wait(place.store, arena, hex), "c-1"));
    arena_free(&arena);
    place_done(&place);
}

/* The first four bytes are seconds, so that ids of one time stand together. */
static void hex_ids_begin_with_the_time(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    long long before = clock_wall_ms() / 1000;
    struct str first = id_wait(place.store, arena, query_of(ID_HEX24, true, "c-1"));

    (void)state;
    (void)usleep(2000);
    struct str second = id_wait(place.store, arena, query_of(ID_HEX24, true, "c-2"));
    long long said = strtoll(arena_printf(arena, "%.8s", first.ptr).ptr, NULL, 16);
    assert_true(is_hex24(first) && is_hex24(second));
    CHECK(said >= before && said <= clock_wall_ms() / 1000, "%lld", said);
    CHECK(memcmp(first.ptr, second.ptr, 12) < 0, STR_FMT " then " STR_FMT, STR_ARG(first), STR_ARG(second));
    arena_free(&arena);
    place_done(&place);
}

static void who_is_known_keeps_its_id_and_who_is_erased_gets_none(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    static const enum id_form forms[] = { ID_INTEGER, ID_HEX24, ID_VERBATIM };

    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct id_query first = query_of(forms[i], true, "c-1"), second = query_of(forms[i], true, "c-2");
        first.kind = second.kind = i ? (struct str)STR_INIT("l") : (struct str)STR_INIT("k");
        first.dialect = second.dialect = i == 2 ? (struct str)STR_INIT("e") : (struct str)STR_INIT("d");
        struct str known = id_wait(place.store, arena, first);
        place_reopen(&place);
        struct str again = id_wait(place.store, arena, first), fresh = id_wait(place.store, arena, second);
        CHECK(str_eq(again, known), "form %zu: " STR_FMT, i, STR_ARG(again));
        CHECK(fresh.len && !str_eq(fresh, known), "form %zu: " STR_FMT, i, STR_ARG(fresh));
        CHECK(forms[i] != ID_INTEGER || str_is(fresh, "2"), "a number was lost: " STR_FMT, STR_ARG(fresh));
    }
    erase_wait(place.store, "c-3"); /* never seen */
    erase_wait(place.store, "c-1"); /* a tombstone */
    static const char *const erased[] = { "c-3", "c-1" };
    for (size_t i = 0; i < COUNT(erased); i++) {
        struct id_query query = query_of(ID_INTEGER, true, erased[i]);
        CHECK(!id_wait(place.store, arena, query).ptr, "%s came back", erased[i]);
    }
    arena_free(&arena);
    place_done(&place);
}

/* Another process counts in the same file. */
static void two_stores_never_give_one_number_twice(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct store *other = NULL;
    struct err err;
    char name[16], want[16];

    (void)state;
    assert_int_equal(store_open(&other, place.dir, &err), 0);
    for (int i = 1; i <= 20; i++) {
        (void)snprintf(name, sizeof name, "c-%d", i);
        (void)snprintf(want, sizeof want, "%d", i);
        struct id_query query = query_of(ID_INTEGER, true, name);
        struct str found = id_wait(i % 2 ? place.store : other, arena, query);
        CHECK(str_is(found, want), "%s is " STR_FMT, name, STR_ARG(found));
    }
    store_close(&other);
    arena_free(&arena);
    place_done(&place);
}

static void integers_count_per_dialect_kind_and_brand(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    static const struct {
        struct str dialect, kind, brand;
    } cases[] = {
        { STR_INIT("d"), STR_INIT("k"), STR_INIT("b") }, { STR_INIT("e"), STR_INIT("k"), STR_INIT("b") },
        { STR_INIT("d"), STR_INIT("l"), STR_INIT("b") }, { STR_INIT("d"), STR_INIT("k"), STR_INIT("c") },
        { STR_INIT("dk"), STR_INIT(""), STR_INIT("b") }, { STR_INIT(""), STR_INIT("dk"), STR_INIT("b") },
    };

    (void)state;
    for (int round = 1; round <= 2; round++) {
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct id_query query = query_of(ID_INTEGER, true, round == 1 ? "c-1" : "c-2");
            query.dialect = cases[i].dialect;
            query.kind = cases[i].kind;
            query.brand = cases[i].brand;
            struct str found = id_wait(place.store, arena, query);
            CHECK(str_is(found, round == 1 ? "1" : "2"), "case %zu: " STR_FMT, i, STR_ARG(found));
        }
    }
    arena_free(&arena);
    place_done(&place);
}

static void unknown_ids_stay_unknown_and_allocate_nothing(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    static const struct {
        enum id_form form;
        const char *given;
        bool to_dialect;
    } cases[] = {
        { .form = ID_INTEGER, .given = "2" },
        { .form = ID_INTEGER, .given = "01" },
        { .form = ID_INTEGER, .given = " 1" },
        { .form = ID_INTEGER, .given = "1 " },
        { .form = ID_INTEGER, .given = "-1" },
        { .form = ID_INTEGER, .given = "c-1" },
        { .form = ID_INTEGER, .given = "1' OR '1'='1" },
        { .form = ID_INTEGER, .given = "" },
        { .form = ID_INTEGER, .given = "", .to_dialect = true },
        { .form = ID_SAME, .given = "" },
        { .form = ID_HEX24, .given = "0123456789abcdef01234567" },
        { .form = ID_HEX24, .given = "" },
        { .form = ID_VERBATIM, .given = "" },
    };

    (void)state;
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-1")), "1"));
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct id_query query = query_of(cases[i].form, cases[i].to_dialect, cases[i].given);
            CHECK(!id_wait(place.store, arena, query).ptr, "case %zu", i);
        }
    struct id_query other = query_of(ID_INTEGER, false, "1");
    other.brand = STR("another");
    assert_null(id_wait(place.store, arena, other).ptr);
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-2")), "2"));
    assert_int_equal(store_count(place.store).id_allocated, 2);
    arena_free(&arena);
    place_done(&place);
}

static void a_verbatim_id_is_the_canonical_one_unless_imported(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct crosswalk_row row = { .dialect = STR("d"),
                                 .kind = STR("k"),
                                 .brand = STR("b"),
                                 .dialect_id = STR("Sleep"),
                                 .canonical_id = STR("c-1"),
                                 .line = 2 };
    struct err err;

    (void)state;
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_VERBATIM, false, "c-1")), "c-1"));
    assert_int_equal(store_crosswalk_import(place.store, &row, 1, &err), 0);
    assert_null(id_wait(place.store, arena, query_of(ID_VERBATIM, false, "c-1")).ptr);
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_VERBATIM, false, "Sleep")), "c-1"));
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_VERBATIM, true, "c-1")), "Sleep"));

    /* The canonical id of one is the imported id of another: it cannot be given twice. */
    struct id_query query = query_of(ID_VERBATIM, true, "Sleep");
    struct store_batch batch = { .arena = arena, .ids = &query, .id_count = 1 };
    struct answer answer;
    (void)batch_wait(place.store, &batch, &answer);
    assert_int_equal(answer.code, ERR_CONFLICT);
    arena_free(&arena);
    place_done(&place);
}

static void what_was_answered_once_comes_from_the_cache(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct id_query ids[] = { query_of(ID_INTEGER, true, "c-1"), query_of(ID_SAME, true, "x"),
                              query_of(ID_INTEGER, true, "c-2"), query_of(ID_INTEGER, true, "c-1") };
    struct rest_read read = { .key = { STR("d"), STR("k"), STR("b"), STR("c-1") } };
    struct store_batch batch = {
        .arena = arena, .ids = ids, .id_count = COUNT(ids), .reads = &read, .read_count = 1
    };
    struct answer answer;

    (void)state;
    assert_false(batch_wait(place.store, &batch, &answer));
    uint64_t commits = store_count(place.store).commits;
    for (int round = 0; round < 2; round++) {
        assert_true(str_is(ids[0].found, "1") && str_is(ids[1].found, "x"));
        assert_true(str_is(ids[2].found, "2") && str_is(ids[3].found, "1"));
        assert_int_equal(read.json.len, 0);
        assert_true(batch_wait(place.store, &batch, &answer));
    }
    struct id_query back = query_of(ID_INTEGER, false, "2");
    struct store_batch returning = { .arena = arena, .ids = &back, .id_count = 1 };
    assert_true(batch_wait(place.store, &returning, &answer));
    assert_true(str_is(back.found, "c-2"));
    struct store_counts counts = store_count(place.store);
    assert_true(counts.commits == commits && counts.id_hits == 7 && counts.rest_hits == 2);
    assert_true(counts.id_misses == 3 && counts.rest_misses == 1 && counts.id_allocated == 2);
    assert_true(store_batch(place.store, NULL, &(struct store_batch){ .arena = arena })); /* nothing asked */
    arena_free(&arena);
    place_done(&place);
}

static void an_arena_without_room_is_an_error(void **state)
{
    struct place place = place_new();
    struct id_query id = query_of(ID_HEX24, true, "c-1");
    struct answer answer;

    (void)state;
    for (int round = 0; round < 2; round++) {
        struct arena *arena = arena_new(10);
        struct store_batch batch = { .arena = arena, .ids = &id, .id_count = 1 };
        assert_false(batch_wait(place.store, &batch, &answer));
        assert_int_equal(answer.code, ERR_TOO_LARGE);
        arena_free(&arena);
    }
    place_done(&place);
}

/* ---- opening ---- */

static void opening_makes_a_private_directory(void **state)
{
    struct place place = place_new();
    char inner[96], file[128];
    struct store *store = NULL;
    struct stat found;
    struct err err;

    (void)state;
    (void)snprintf(inner, sizeof inner, "%s/var", place.dir);
    (void)snprintf(file, sizeof file, "%s/gateway.db", inner);
    mode_t old = umask(0);
    assert_int_equal(store_open(&store, inner, &err), 0);
    (void)umask(old);
    assert_int_equal(stat(inner, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    assert_int_equal(stat(file, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    store_close(&store);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(inner), 0);
    (void)snprintf(inner, sizeof inner, "%s/no/such", place.dir);
    assert_int_equal(store_open(&store, inner, &err), -1);
    assert_int_equal(store_open(&store, "/dev/null", &err), -1);
    assert_null(store);
    place_done(&place);
}

/* ---- the cache ---- */

static struct cache_key numbered(const struct cache *cache, int number, struct arena *arena)
{
    struct cache_prefix *prefix = ARENA_NEW(arena, struct cache_prefix);

    store_cache_prefix(prefix, cache, CACHE_REST, NULL, 0);
    return store_cache_key(prefix, arena_printf(arena, "%d", number));
}

/* Against a model that never forgets: what is answered is what was put last, and nothing that was dropped. Rings of 1 KiB
 * (with a line for each), so that they go round all the time. */
/* Opened anew, it tells that ids begin anew. */
static bool warns(struct place *place)
{
    return place_warns(place, place_reopen, "ids begin anew");
}

static void a_store_that_is_gone_is_missed(void **state)
{
    struct place place = place_new();
    struct err err;
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/gateway.db", place.dir);
    CHECK(!warns(&place), "nobody has claimed it so far");
    CHECK(!store_claim(place.store, &err), "%s", err.detail);
    CHECK(!warns(&place), "it is there");
    store_close(&place.store);
    CHECK(!truncate(path, 0), "it cannot be emptied");
    CHECK(warns(&place), "it is empty");
    CHECK(!warns(&place), "it was made anew");
    store_close(&place.store);
    CHECK(!unlink(path), "it cannot be removed");
    CHECK(warns(&place), "it is gone");
    place_done(&place);
}

static void the_cache_answers_what_was_put_last(void **state)
{
    enum { KEYS = 3000, STEPS = 300000, LONGEST = 100 };
    struct arena *arena = arena_new(SIZE_MAX), *scratch = arena_new(SIZE_MAX);
    struct cache *cache = store_cache_new(arena, 64 * 1024);
    int *said = ARENA_ARRAY(arena, int, KEYS), hits = 0; /* 0: not there */
    unsigned seed = 1;

    (void)state;
    for (int step = 1; step <= STEPS; step++) {
        seed = seed * 1664525 + 1013904223;
        int number = (int)(seed >> 8) % (seed & 0x80000000 ? KEYS : KEYS / 100), act = (int)(seed >> 4) % 8;
        struct cache_key key = numbered(cache, number, scratch);
        struct str value;
        if (act == 0) {
            store_cache_drop(cache, &key);
            said[number] = 0;
        } else if (act < 4) {
            store_cache_put(cache, &key, arena_printf(scratch, "%0*d", step % LONGEST + 1, step), CACHE_FOREVER);
            said[number] = step;
        } else if (store_cache_get(cache, &key, 0, scratch, &value)) {
            struct str want = arena_printf(scratch, "%0*d", said[number] % LONGEST + 1, said[number]);
            CHECK(said[number] && str_eq(value, want), "step %d: " STR_FMT, step, STR_ARG(value));
            hits++;
        }
        arena_reset(scratch);
    }
    struct cache_counts counts = store_cache_count(cache);
    CHECK(hits > STEPS / 20 && counts.entries > 100, "%d hits, %zu entries", hits, counts.entries);
    CHECK(counts.bytes <= 64 * 1024 && counts.bytes > 16 * 1024, "%zu bytes", counts.bytes);
    for (int number = 0; number < KEYS; number++) {
        struct cache_key key = numbered(cache, number, scratch);
        store_cache_drop(cache, &key);
    }
    counts = store_cache_count(cache);
    CHECK(!counts.entries && !counts.bytes, "%zu entries of %zu bytes are left", counts.entries, counts.bytes);
    store_cache_done(cache);
    arena_free(&scratch);
    arena_free(&arena);
}

static void the_cache_is_bounded_and_keeps_what_is_used(void **state)
{
    enum { BYTES = 1 << 20, PUTS = 50000, HOT = 200 };
    struct arena *arena = arena_new(SIZE_MAX), *scratch = arena_new(SIZE_MAX);
    struct cache *cache = store_cache_new(arena, BYTES);
    struct str value, long_part = arena_printf(arena, "%0300d", 0);
    struct cache_prefix prefix;
    int hot = 0;

    (void)state;
    for (int i = 0; i < PUTS; i++) {
        struct cache_key key = numbered(cache, i, scratch), used = numbered(cache, i % HOT, scratch);
        store_cache_put(cache, &key, arena_printf(scratch, "v%d", i), CACHE_FOREVER);
        (void)store_cache_get(cache, &used, 0, scratch, &value);
        arena_reset(scratch);
    }
    struct cache_counts counts = store_cache_count(cache);
    CHECK(counts.bytes <= BYTES && counts.bytes > BYTES / 2, "%zu bytes", counts.bytes);
    for (int i = 0; i < HOT; i++) {
        struct cache_key key = numbered(cache, i, scratch);
        hot += store_cache_get(cache, &key, 0, scratch, &value) &&
               str_eq(value, arena_printf(scratch, "v%d", i));
    }
    CHECK(hot > HOT * 9 / 10, "only %d of the used ones are left", hot);

    struct cache_key large = numbered(cache, -1, scratch);
    store_cache_put(cache, &large, str_of(arena_zero(scratch, BYTES), BYTES), CACHE_FOREVER);
    assert_false(store_cache_get(cache, &large, 0, scratch, &value));
    store_cache_prefix(&prefix, cache, CACHE_REST, NULL, 0);
    struct cache_key no_key = store_cache_key(&prefix, long_part);
    store_cache_put(cache, &no_key, STR("x"), CACHE_FOREVER);
    assert_false(store_cache_get(cache, &no_key, 0, scratch, &value));
    store_cache_prefix(&prefix, cache, CACHE_REST, &long_part, 1);
    no_key = store_cache_key(&prefix, STR("1"));
    store_cache_put(cache, &no_key, STR("x"), CACHE_FOREVER);
    assert_false(store_cache_get(cache, &no_key, 0, scratch, &value));

    struct cache_key stale = numbered(cache, -2, scratch);
    store_cache_put(cache, &stale, STR("x"), 100);
    assert_true(store_cache_get(cache, &stale, 99, scratch, &value));
    assert_false(store_cache_get(cache, &stale, 100, scratch, &value));
    store_cache_drop(cache, &stale);
    assert_false(store_cache_get(cache, &stale, 99, scratch, &value));
    store_cache_done(cache);
    arena_free(&scratch);
    arena_free(&arena);
}

/* The same letters, cut elsewhere, in another class, or in another order of words. */
static void keys_that_read_alike_are_apart(void **state)
{
    static const struct {
        enum cache_class group;
        struct str parts[2], last;
    } keys[] = {
        { CACHE_ID_OUT, { STR_INIT("ab"), STR_INIT("c") }, STR_INIT("12345678abcdefgh") },
        { CACHE_ID_IN, { STR_INIT("ab"), STR_INIT("c") }, STR_INIT("12345678abcdefgh") },
        { CACHE_ID_OUT, { STR_INIT("a"), STR_INIT("bc") }, STR_INIT("12345678abcdefgh") },
        { CACHE_ID_OUT, { STR_INIT("ab"), STR_INIT("") }, STR_INIT("c12345678abcdefgh") },
        { CACHE_ID_OUT, { STR_INIT("ab"), STR_INIT("c1") }, STR_INIT("2345678abcdefgh") },
        { CACHE_ID_OUT, { STR_INIT("ab"), STR_INIT("c") }, STR_INIT("abcdefgh12345678") },
        { CACHE_ID_OUT, { STR_INIT("ab"), STR_INIT("c") }, STR_INIT("12345678") },
        { CACHE_ID_OUT, { STR_INIT("ab"), STR_INIT("c") }, STR_INIT("") },
    };
    struct arena *arena = arena_new(SIZE_MAX);
    struct cache *cache = store_cache_new(arena, 1 << 20);
    struct cache_prefix prefixes[COUNT(keys)];
    struct str value;

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        store_cache_prefix(&prefixes[i], cache, keys[i].group, keys[i].parts, COUNT(keys[i].parts));
        struct cache_key key = store_cache_key(&prefixes[i], keys[i].last);
        CHECK(!store_cache_get(cache, &key, 0, arena, &value), "row %zu", i);
        store_cache_put(cache, &key, arena_printf(arena, "%zu", i), CACHE_FOREVER);
    }
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct cache_key key = store_cache_key(&prefixes[i], keys[i].last);
        CHECK(store_cache_get(cache, &key, 0, arena, &value) && str_eq(value, arena_printf(arena, "%zu", i)), "row %zu", i);
    }
    store_cache_done(cache);
    arena_free(&arena);
}

/* However long what stands before them is, and so wherever in a word their digits fall. */
static void counted_ids_spread_over_the_buckets(void **state)
{
    enum { IDS = 20000, PLACES = 1 << 18, WANT = 18000 }; /* by chance about 19,260 places are met */
    struct arena *arena = arena_new(SIZE_MAX);
    struct cache *cache = store_cache_new(arena, 1 << 20);
    bool *met = calloc(PLACES, sizeof *met);

    (void)state;
    for (size_t before = 0; before < 8; before++) {
        int places = 0;
        memset(met, 0, PLACES * sizeof *met);
        for (int id = 0; id < IDS; id++) {
            char text[16];
            (void)snprintf(text, sizeof text, "%07d", id);
            struct cache_prefix prefix;
            store_cache_prefix(&prefix, cache, CACHE_ID_OUT, &(struct str){ .ptr = "brandname", .len = before }, 1);
            uint64_t hash = store_cache_key(&prefix, str_from(text)).hash;
            size_t place = (hash >> 32 & 63) << 12 | (hash & 4095);
            places += !met[place];
            met[place] = true;
        }
        CHECK(places > WANT, "%zu bytes before: %d places", before, places);
    }
    free(met);
    store_cache_done(cache);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_gives_its_ids),
        cmocka_unit_test(hex_ids_begin_with_the_time),
        cmocka_unit_test(who_is_known_keeps_its_id_and_who_is_erased_gets_none),
        cmocka_unit_test(two_stores_never_give_one_number_twice),
        cmocka_unit_test(integers_count_per_dialect_kind_and_brand),
        cmocka_unit_test(unknown_ids_stay_unknown_and_allocate_nothing),
        cmocka_unit_test(a_verbatim_id_is_the_canonical_one_unless_imported),
        cmocka_unit_test(what_was_answered_once_comes_from_the_cache),
        cmocka_unit_test(an_arena_without_room_is_an_error),
        cmocka_unit_test(opening_makes_a_private_directory),
        cmocka_unit_test(a_store_that_is_gone_is_missed),
        cmocka_unit_test(the_cache_answers_what_was_put_last),
        cmocka_unit_test(the_cache_is_bounded_and_keeps_what_is_used),
        cmocka_unit_test(keys_that_read_alike_are_apart),
        cmocka_unit_test(counted_ids_spread_over_the_buckets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
