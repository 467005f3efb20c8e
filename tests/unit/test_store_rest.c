#include "test_store.h"

#include "base/buf.h"

static struct rest_key rest_of(const char *dialect, const char *canonical_id)
{
    return (struct rest_key){ .dialect = str_from(dialect),
                              .kind = STR("k"),
                              .brand = STR("b"),
                              .canonical_id = str_from(canonical_id) };
}

/* Patches and reads back in one batch. */
static struct str rest_wait(struct store *store, struct arena *arena, struct rest_key key, const char *patch,
                            struct answer *answer)
{
    struct rest_read read = { .key = key };
    struct rest_write write = { .key = key, .patch = str_from(patch) };
    struct store_batch batch = {
        .arena = arena, .reads = &read, .read_count = 1, .writes = &write, .write_count = patch ? 1 : 0
    };

    (void)batch_wait(store, &batch, answer);
    return read.json;
}

static void rests_are_merged_and_deleted(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    static const struct {
        const char *patch, *want;
        enum err_code code;
    } steps[] = {
        { .patch = NULL, .want = "" },
        { .patch = "{}", .want = "" },
        { .patch = "{\"a\":null}", .want = "" },
        { .patch = "{\"a\":1.0,\"b\":{\"c\":\"x\"}}", .want = "{\"a\":1.0,\"b\":{\"c\":\"x\"}}" },
        { .patch = "{}", .want = "{\"a\":1.0,\"b\":{\"c\":\"x\"}}" },
        { .patch = "{\"b\":{\"c\":null,\"d\":[]}}", .want = "{\"a\":1.0,\"b\":{\"d\":[]}}" },
        { .patch = "{\"a\":", .code = ERR_INTERNAL },
        { .patch = "", .code = ERR_INTERNAL },
        { .patch = NULL, .want = "{\"a\":1.0,\"b\":{\"d\":[]}}" },
        { .patch = "{\"a\":null,\"b\":null}", .want = "" },
        { .patch = "{\"z\":1}", .want = "{\"z\":1}" },
        { .patch = "null", .want = "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct answer answer;
        struct str found = rest_wait(place.store, arena, rest_of("d", "c-1"), steps[i].patch, &answer);
        CHECK(answer.code == steps[i].code, "step %zu: %s", i, answer.detail);
        if (steps[i].code)
            continue;
        CHECK(str_is(found, steps[i].want), "step %zu: " STR_FMT, i, STR_ARG(found));
        found = rest_wait(place.store, arena, rest_of("d", "c-1"), NULL, &answer);
        CHECK(!answer.called && str_is(found, steps[i].want), "step %zu, cached: " STR_FMT, i,
              STR_ARG(found));
        CHECK(rest_wait(place.store, arena, rest_of("e", "c-1"), NULL, &answer).len == 0, "step %zu", i);
        if (i == 5)
            place_reopen(&place);
    }
    arena_free(&arena);
    place_done(&place);
}

/* A write under the condition that nothing changed since it was read. */
static void a_changed_rest_is_not_overwritten(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct rest_key key = rest_of("d", "c-1");
    static const struct {
        const char *only_if, *patch, *want;
        enum err_code code;
    } steps[] = {
        { "", "{\"a\":1}", "{\"a\":1}", ERR_NONE },
        { "", "{\"a\":2}", "{\"a\":1}", ERR_PRECONDITION },
        { "{\"a\":2}", "{\"a\":3}", "{\"a\":1}", ERR_PRECONDITION },
        { "{\"a\":1}", "{\"a\":1}", "{\"a\":1}", ERR_NONE },
        { "{\"a\":1}", "{\"a\":null}", "", ERR_NONE },
        { "{\"a\":1}", "{\"a\":4}", "", ERR_PRECONDITION },
        { NULL, "{\"a\":5}", "{\"a\":5}", ERR_NONE },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct answer answer;
        struct rest_read read = { .key = key };
        struct rest_write writes[] = {
            { .key = rest_of("d", "c-2"), .patch = STR("{\"n\":1}") },
            { .key = key, .patch = str_from(steps[i].patch),
              .only_if = steps[i].only_if ? str_from(steps[i].only_if) : STR_NONE },
        };
        struct store_batch batch = { .arena = arena, .reads = &read, .read_count = 1, .writes = writes, .write_count = 2 };
        (void)batch_wait(place.store, &batch, &answer);
        CHECK(answer.code == steps[i].code, "step %zu: %s", i, answer.detail);
        CHECK(str_is(rest_wait(place.store, arena, key, NULL, &answer), steps[i].want), "step %zu", i);
        if (!i) /* what stands in the same batch as a refused write is not stored either */
            (void)rest_wait(place.store, arena, rest_of("d", "c-2"), "{\"n\":null}", &answer);
        if (i == 2)
            CHECK(!rest_wait(place.store, arena, rest_of("d", "c-2"), NULL, &answer).len, "step %zu", i);
    }
    arena_free(&arena);
    place_done(&place);
}

/* An id and a rest share a row, whichever comes first, however it comes; the other is not touched. */
static void a_rest_and_an_id_come_in_any_order(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct answer answer;
    struct err err;

    (void)state;
    (void)rest_wait(place.store, arena, rest_of("d", "c-1"), "{\"a\":1}", &answer);
    (void)rest_wait(place.store, arena, rest_of("d", "c-2"), "{\"a\":2}", &answer);
    assert_null(id_wait(place.store, arena, query_of(ID_INTEGER, false, "1")).ptr);
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_VERBATIM, false, "c-1")), "c-1"));
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-1")), "1"));
    struct crosswalk_row row = { .dialect = STR("d"),
                                 .kind = STR("k"),
                                 .brand = STR("b"),
                                 .dialect_id = STR("7"),
                                 .canonical_id = STR("c-2"),
                                 .line = 2 };
    CHECK(store_crosswalk_import(place.store, &row, 1, &err) == 0, "%s", err.detail);
    row.dialect_id = STR("8");
    assert_int_equal(store_crosswalk_import(place.store, &row, 1, &err), -1);
    place_reopen(&place);
    assert_true(str_is(rest_wait(place.store, arena, rest_of("d", "c-1"), NULL, &answer), "{\"a\":1}"));
    assert_true(str_is(rest_wait(place.store, arena, rest_of("d", "c-2"), NULL, &answer), "{\"a\":2}"));
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-2")), "7"));
    assert_int_equal(rest_wait(place.store, arena, rest_of("d", "c-2"), "null", &answer).len, 0);
    place_reopen(&place);
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, false, "7")), "c-2"));
    assert_int_equal(rest_wait(place.store, arena, rest_of("d", "c-2"), NULL, &answer).len, 0);
    arena_free(&arena);
    place_done(&place);
}

/* A new entity's id and rest in one batch; further writes are applied in order, and read as they are. */
static void a_batch_keeps_its_writes_in_order(void **state)
{
    static const struct {
        const char *name, *first, *second, *want;
        bool whole_first, whole_second, known, owned;
    } cases[] = {
        { .name = "one", .first = "{\"a\":1}", .whole_first = true, .want = "{\"a\":1}" },
        { .name = "nulls", .first = "{\"a\":null}", .whole_first = true, .want = "{\"a\":null}" },
        { .name = "nothing", .first = "{}", .whole_first = true, .want = "" },
        { .name = "patch", .first = "{\"a\":1,\"b\":null}", .want = "{\"a\":1}" },
        { .name = "whole, patch",
          .first = "{\"a\":1}",
          .second = "{\"b\":2}",
          .whole_first = true,
          .want = "{\"a\":1,\"b\":2}" },
        { .name = "patch, whole",
          .first = "{\"a\":1}",
          .second = "{\"b\":2}",
          .whole_second = true,
          .want = "{\"b\":2}" },
        { .name = "whole, whole",
          .first = "{\"a\":1}",
          .second = "{\"b\":2}",
          .whole_first = true,
          .whole_second = true,
          .want = "{\"b\":2}" },
        { .name = "whole, gone", .first = "{\"a\":1}", .second = "null", .whole_first = true, .want = "" },
        { .name = "known", .first = "{\"a\":1}", .whole_first = true, .known = true, .want = "{\"a\":1}" },
        { .name = "owned", .first = "{\"a\":1}", .whole_first = true, .owned = true, .want = "{\"a\":1}" },
    };
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct answer answer;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rest_key key = rest_of("d", cases[i].name);
        struct id_query ids[] = { query_of(ID_INTEGER, true, cases[i].name),
                                  query_of(ID_INTEGER, true, cases[i].name) };
        struct rest_write writes[] = {
            { .key = key,
              .patch = str_from(cases[i].first),
              .whole = cases[i].whole_first,
              .owner = cases[i].owned ? STR("p-1") : STR("") },
            { .key = key,
              .patch = str_from(cases[i].second ? cases[i].second : ""),
              .whole = cases[i].whole_second },
        };
        struct rest_read read = { .key = key };
        struct store_batch batch = { .arena = arena,
                                     .ids = ids,
                                     .id_count = 2,
                                     .reads = &read,
                                     .read_count = 1,
                                     .writes = writes,
                                     .write_count = cases[i].second ? 2 : 1 };
        if (cases[i].known)
            (void)id_wait(place.store, arena, ids[0]);
        (void)batch_wait(place.store, &batch, &answer);
        CHECK(answer.code == ERR_NONE, "%s: %s", cases[i].name, answer.detail);
        CHECK(ids[0].found.len && str_eq(ids[0].found, ids[1].found), "%s: two ids", cases[i].name);
        CHECK(str_is(read.json, cases[i].want), "%s: " STR_FMT, cases[i].name, STR_ARG(read.json));
    }
    for (int round = 0; round < 2; round++) { /* from the cache, then from the file */
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct str found = rest_wait(place.store, arena, rest_of("d", cases[i].name), NULL, &answer);
            CHECK(str_is(found, cases[i].want), "%s, again: " STR_FMT, cases[i].name, STR_ARG(found));
        }
        place_reopen(&place);
    }
    erase_wait(place.store, "p-1");
    assert_int_equal(rest_wait(place.store, arena, rest_of("d", "owned"), NULL, &answer).len, 0);
    arena_free(&arena);
    place_done(&place);
}

static void one_bad_write_undoes_the_whole_batch(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct id_query id = query_of(ID_INTEGER, true, "c-1");
    struct rest_write writes[] = { { .key = rest_of("d", "c-1"), .patch = STR("{\"a\":1}") },
                                   { .key = rest_of("d", "c-2"), .patch = STR("nonsense") } };
    struct store_batch batch = {
        .arena = arena, .ids = &id, .id_count = 1, .writes = writes, .write_count = 2
    };
    struct answer answer;

    (void)state;
    assert_false(batch_wait(place.store, &batch, &answer));
    assert_int_equal(answer.code, ERR_INTERNAL);
    assert_null(id.found.ptr);
    assert_int_equal(rest_wait(place.store, arena, rest_of("d", "c-1"), NULL, &answer).len, 0);
    assert_null(id_wait(place.store, arena, query_of(ID_INTEGER, false, "1")).ptr);
    assert_true(store_healthy(place.store));
    arena_free(&arena);
    place_done(&place);
}

/* Each part may come in a document of its own, and the backend has the rest of that already: only its bytes are bounded. */
static void a_rest_stays_readable_and_bounded(void **state)
{
    enum { TEXT = 2000000 };
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct answer answer = { 0 };
    int refused = 0;

    (void)state;
    for (int part = 0; part < 5; part++) {
        struct buf patch = buf_in(arena, 2 * TEXT);
        buf_char(&patch, '{');
        for (int i = 0; i < 2000; i++)
            buf_printf(&patch, "\"m%d_%d\":1,", part, i);
        buf_printf(&patch, "\"text%d\":\"%0*d\"}", part, TEXT, part);
        struct str text = arena_copy(arena, buf_str(&patch));
        (void)rest_wait(place.store, arena, rest_of("d", "c-1"), text.ptr, &answer);
        refused += answer.code == ERR_TOO_LARGE;
    }
    assert_int_equal(refused, 1); /* 10 MB, where 8 MiB are kept */
    place_reopen(&place);
    assert_true(rest_wait(place.store, arena, rest_of("d", "c-1"), NULL, &answer).len > (size_t)4 * TEXT);
    assert_int_equal(answer.code, ERR_NONE);
    arena_free(&arena);
    place_done(&place);
}

/* ---- erasure ---- */

static void erased_entities_leave_tombstones(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct id_query hex = query_of(ID_HEX24, true, "c-2"), late = query_of(ID_HEX24, true, "c-2");
    struct answer answer;

    (void)state;
    hex.dialect = STR("e");
    late.dialect = STR("f"); /* has not seen it before the erasure */
    (void)id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-1"));
    (void)id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-2"));
    struct str given = id_wait(place.store, arena, hex);
    (void)rest_wait(place.store, arena, rest_of("d", "c-2"), "{\"a\":1}", &answer);
    (void)rest_wait(place.store, arena, rest_of("e", "c-2"), "{\"a\":2}", &answer);
    (void)rest_wait(place.store, arena, rest_of("d", "c-1"), "{\"a\":3}", &answer);
    erase_wait(place.store, "c-2");
    for (int round = 0; round < 2; round++) {
        struct id_query back = query_of(ID_HEX24, false, "");
        back.dialect = STR("e");
        back.given = given;
        assert_null(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-2")).ptr);
        assert_null(id_wait(place.store, arena, query_of(ID_INTEGER, false, "2")).ptr);
        assert_null(id_wait(place.store, arena, hex).ptr);
        assert_null(id_wait(place.store, arena, back).ptr);
        assert_null(id_wait(place.store, arena, late).ptr);
        assert_null(id_wait(place.store, arena, query_of(ID_VERBATIM, false, "c-2")).ptr);
        assert_int_equal(rest_wait(place.store, arena, rest_of("d", "c-2"), NULL, &answer).len, 0);
        assert_int_equal(rest_wait(place.store, arena, rest_of("e", "c-2"), NULL, &answer).len, 0);
        /* A request that was under way brings nothing back. */
        assert_int_equal(rest_wait(place.store, arena, rest_of("e", "c-2"), "{\"a\":2}", &answer).len, 0);
        assert_int_equal(answer.code, ERR_NONE);
        assert_true(str_is(rest_wait(place.store, arena, rest_of("d", "c-1"), NULL, &answer), "{\"a\":3}"));
        assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-1")), "1"));
        erase_wait(place.store, "c-2");  /* repeated */
        erase_wait(place.store, "c-99"); /* never seen */
        place_reopen(&place);
    }
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-3")),
                       "3")); /* 2 is not given again */
    arena_free(&arena);
    place_done(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rests_are_merged_and_deleted),
        cmocka_unit_test(a_changed_rest_is_not_overwritten),
        cmocka_unit_test(a_rest_and_an_id_come_in_any_order),
        cmocka_unit_test(a_batch_keeps_its_writes_in_order),
        cmocka_unit_test(one_bad_write_undoes_the_whole_batch),
        cmocka_unit_test(a_rest_stays_readable_and_bounded),
        cmocka_unit_test(erased_entities_leave_tombstones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
