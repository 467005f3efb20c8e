#include "test_store.h"

#include "base/buf.h"

static struct crosswalk_row row_of(unsigned line, const char *kind, const char *dialect_id,
                                   const char *canonical_id)
{
    return (struct crosswalk_row){ .dialect = STR("d"),
                                   .kind = str_from(kind),
                                   .brand = STR("b"),
                                   .dialect_id = str_from(dialect_id),
                                   .canonical_id = str_from(canonical_id),
                                   .line = line };
}

static int print_row(const struct crosswalk_row *row, void *data)
{
    buf_printf(data, "%u:" STR_FMT "," STR_FMT "," STR_FMT "," STR_FMT "," STR_FMT "\n", row->line,
               STR_ARG(row->dialect), STR_ARG(row->kind), STR_ARG(row->brand), STR_ARG(row->dialect_id),
               STR_ARG(row->canonical_id));
    return 0;
}

static struct str export_all(struct store *store, struct arena *arena)
{
    struct buf buf = buf_in(arena, 1 << 20);
    struct err err;

    if (store_crosswalk_each(store, print_row, &buf, &err))
        fail_msg("%s", err.detail);
    return buf_str(&buf);
}

static void rows_come_out_as_they_went_in_and_in_order(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct crosswalk_row rows[] = {
        row_of(2, "k", "10", "c-2"),
        row_of(3, "k", "9", "c-3"),
        row_of(4, "a", "9", "c-9"),
        row_of(5, "k", "11", "c-1"),
    };
    static const char want[] = "1:d,a,b,9,c-9\n2:d,k,b,11,c-1\n3:d,k,b,10,c-2\n4:d,k,b,9,c-3\n";
    struct err err;

    (void)state;
    for (int round = 0; round < 2; round++) { /* the second time everything is an exact repetition */
        assert_int_equal(store_crosswalk_import(place.store, rows, COUNT(rows), &err), 0);
        assert_true(str_is(export_all(place.store, arena), want));
    }
    assert_int_equal(store_crosswalk_import(place.store, NULL, 0, &err), 0);
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-1")), "11"));
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, false, "10")), "c-2"));
    erase_wait(place.store, "c-2");
    assert_true(str_is(export_all(place.store, arena), "1:d,a,b,9,c-9\n2:d,k,b,11,c-1\n3:d,k,b,9,c-3\n"));
    arena_free(&arena);
    place_done(&place);
}

static void new_integers_start_above_the_largest_imported(void **state)
{
    static const struct {
        const char *imported[3], *next;
    } cases[] = {
        { .imported = { "1049" }, .next = "1050" },
        { .imported = { "7", "1049", "12" }, .next = "1050" },
        { .imported = { "x", "007", "-9" }, .next = "8" },
        { .imported = { "18446744073709551615" }, .next = "1" },
        { .imported = { "9223372036854775807" }, .next = "1" },
        { .imported = { "58c4554710123c5c40dbab81" }, .next = "1" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct place place = place_new();
        struct arena *arena = arena_new(SIZE_MAX);
        struct err err;
        for (size_t k = 0; k < COUNT(cases[i].imported) && cases[i].imported[k]; k++) {
            char canonical[8];
            (void)snprintf(canonical, sizeof canonical, "c-%zu", k);
            struct crosswalk_row row = row_of(2, "k", cases[i].imported[k], canonical);
            assert_int_equal(store_crosswalk_import(place.store, &row, 1, &err), 0);
        }
        struct str found = id_wait(place.store, arena, query_of(ID_INTEGER, true, "new"));
        CHECK(str_is(found, cases[i].next), "case %zu: " STR_FMT, i, STR_ARG(found));
        arena_free(&arena);
        place_done(&place);
    }
}

static void an_import_below_allocated_ids_lowers_nothing(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct crosswalk_row row = row_of(2, "k", "0", "c-0");
    struct err err;

    (void)state;
    (void)id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-1"));
    (void)id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-2"));
    erase_wait(place.store, "c-2");
    assert_int_equal(store_crosswalk_import(place.store, &row, 1, &err), 0);
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-3")), "3"));
    arena_free(&arena);
    place_done(&place);
}

static void a_bad_row_is_refused_by_its_line_and_nothing_stays(void **state)
{
    static char too_long[300];
    static const struct {
        const char *dialect_id, *canonical_id;
        enum err_code code;
    } cases[] = {
        { .dialect_id = "1", .canonical_id = "c-9", .code = ERR_CONFLICT },  /* the id of another */
        { .dialect_id = "9", .canonical_id = "c-1", .code = ERR_CONFLICT },  /* has another id */
        { .dialect_id = "2", .canonical_id = "c-2", .code = ERR_CONFLICT },  /* a tombstone, itself */
        { .dialect_id = "2", .canonical_id = "c-9", .code = ERR_CONFLICT },  /* its id for another */
        { .dialect_id = "9", .canonical_id = "c-2", .code = ERR_CONFLICT },  /* another id for it */
        { .dialect_id = "9", .canonical_id = "c-3", .code = ERR_CONFLICT },  /* erased before it was seen */
        { .dialect_id = "50", .canonical_id = "c-9", .code = ERR_CONFLICT }, /* the row before it */
        { .dialect_id = "", .canonical_id = "c-9", .code = ERR_INVALID },
        { .dialect_id = "9", .canonical_id = "", .code = ERR_INVALID },
        { .dialect_id = "\xff", .canonical_id = "c-9", .code = ERR_INVALID },
        { .dialect_id = too_long, .canonical_id = "c-9", .code = ERR_INVALID },
    };
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    memset(too_long, 'x', sizeof too_long - 1);
    (void)id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-1"));
    (void)id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-2"));
    erase_wait(place.store, "c-2");
    erase_wait(place.store, "c-3");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct crosswalk_row rows[] = {
            row_of(2, "k", "50", "c-50"),
            row_of(3, "other", "9", "c-9"),
            row_of(4, "k", cases[i].dialect_id, cases[i].canonical_id),
            row_of(5, "k", "", ""),
        };
        struct err err = { 0 };
        CHECK(store_crosswalk_import(place.store, rows, COUNT(rows), &err) == -1, "case %zu", i);
        CHECK(err.code == cases[i].code, "case %zu: %s", i, err.detail);
        CHECK(strncmp(err.detail, "line 4: ", 8) == 0, "case %zu: %s", i, err.detail);
        CHECK(str_is(export_all(place.store, arena), "1:d,k,b,1,c-1\n"), "case %zu", i);
    }
    /* The sequence was not raised by what was refused. */
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-4")), "3"));
    arena_free(&arena);
    place_done(&place);
}

static void an_import_by_another_process_is_seen(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct store *other = NULL;
    struct crosswalk_row row = row_of(2, "k", "77", "c-1");
    struct err err;

    (void)state;
    assert_int_equal(store_open(&other, place.dir, &err), 0);
    assert_null(id_wait(place.store, arena, query_of(ID_INTEGER, false, "77")).ptr);
    assert_int_equal(store_crosswalk_import(other, &row, 1, &err), 0);
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, false, "77")), "c-1"));
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-2")), "78"));
    assert_true(str_is(id_wait(other, arena, query_of(ID_INTEGER, true, "c-3")), "79"));
    store_close(&other);
    arena_free(&arena);
    place_done(&place);
}

static int stop_at_once(const struct crosswalk_row *row, void *data)
{
    (void)row;
    ++*(int *)data;
    return 1;
}

static void a_walk_can_be_stopped(void **state)
{
    struct place place = place_new();
    struct crosswalk_row rows[] = { row_of(2, "k", "1", "c-1"), row_of(3, "k", "2", "c-2") };
    struct err err = { 0 };
    int calls = 0;

    (void)state;
    assert_int_equal(store_crosswalk_each(place.store, stop_at_once, &calls, &err), 0);
    assert_int_equal(store_crosswalk_import(place.store, rows, COUNT(rows), &err), 0);
    assert_int_equal(store_crosswalk_each(place.store, stop_at_once, &calls, &err), -1);
    assert_int_equal(calls, 1);
    assert_int_equal(err.code, ERR_INTERNAL);
    place_done(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_out_as_they_went_in_and_in_order),
        cmocka_unit_test(new_integers_start_above_the_largest_imported),
        cmocka_unit_test(an_import_below_allocated_ids_lowers_nothing),
        cmocka_unit_test(a_bad_row_is_refused_by_its_line_and_nothing_stays),
        cmocka_unit_test(an_import_by_another_process_is_seen),
        cmocka_unit_test(a_walk_can_be_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
