#include "test_store.h"

#include "base/buf.h"
#include "base/clock.h"

static void get_noted(struct record_get *get, const struct err *err, void *data)
{
    (void)get;
    answer_note(data, err);
}

static struct str get_wait(struct store *store, struct arena *arena, enum record_kind kind, const char *key,
                           bool *hit)
{
    struct answer answer = { 0 };
    struct record_get get = {
        .kind = kind, .key = str_from(key), .arena = arena, .done = get_noted, .data = &answer
    };
    bool cached = store_record_get(store, NULL, &get);

    CHECK(answer.called == !cached && answer.code == ERR_NONE, "%s", answer.detail);
    if (hit)
        *hit = cached;
    return get.value;
}

static void put_noted(struct record_put *put, const struct err *err, void *data)
{
    (void)put;
    answer_note(data, err);
}

static enum err_code put_wait(struct store *store, enum record_kind kind, const char *key, const char *value,
                              const char *only_if, int64_t expires_ms)
{
    struct answer answer = { 0 };
    struct record_put put = { .kind = kind,
                              .key = str_from(key),
                              .value = str_from(value),
                              .only_if = str_from(only_if),
                              .expires_ms = expires_ms,
                              .done = put_noted,
                              .data = &answer };

    store_record_put(store, NULL, &put);
    CHECK(answer.called, "done was not called");
    return answer.code;
}

static void records_are_put_read_replaced_and_deleted(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    static const struct {
        const char *put, *only_if, *want;
        enum err_code code;
    } steps[] = {
        { .put = "{}", .only_if = "{}", .want = NULL, .code = ERR_CONFLICT },
        { .put = NULL, .only_if = "{}", .want = NULL, .code = ERR_CONFLICT },
        { .put = NULL, .want = NULL },
        { .put = "{\"a\":1}", .want = "{\"a\":1}" },
        { .put = "{\"a\":2}", .only_if = "{\"a\":0}", .want = "{\"a\":1}", .code = ERR_CONFLICT },
        { .put = "{\"a\":2}", .only_if = "", .want = "{\"a\":1}", .code = ERR_CONFLICT },
        { .put = "{\"a\":2}", .only_if = "{\"a\":1}", .want = "{\"a\":2}" },
        { .put = "{\"a\":2}", .only_if = "{\"a\":1}", .want = "{\"a\":2}", .code = ERR_CONFLICT },
        { .put = "{\"a\":3}", .want = "{\"a\":3}" },
        { .put = NULL, .only_if = "{\"a\":2}", .want = "{\"a\":3}", .code = ERR_CONFLICT },
        { .put = NULL, .only_if = "{\"a\":3}", .want = NULL },
        { .put = "", .want = "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        enum err_code code = put_wait(place.store, RECORD_CLIENT, "key", steps[i].put, steps[i].only_if, 0);
        CHECK(code == steps[i].code, "step %zu: %s", i, err_name(code));
        for (int round = 0; round < 2; round++) {
            struct str found = get_wait(place.store, arena, RECORD_CLIENT, "key", NULL);
            CHECK(!found.ptr == !steps[i].want, "step %zu", i);
            CHECK(!found.ptr || str_is(found, steps[i].want), "step %zu: " STR_FMT, i, STR_ARG(found));
        }
        CHECK(!get_wait(place.store, arena, RECORD_TOKEN, "key", NULL).ptr, "step %zu: another kind", i);
        CHECK(!get_wait(place.store, arena, RECORD_CLIENT, "ke", NULL).ptr, "step %zu: another key", i);
        place_reopen(&place);
    }
    arena_free(&arena);
    place_done(&place);
}

static void records_expire(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    int64_t now = clock_wall_ms();
    struct str found;

    (void)state;
    assert_int_equal(put_wait(place.store, RECORD_TOKEN, "past", "{}", NULL, now - 1), ERR_NONE);
    assert_null(get_wait(place.store, arena, RECORD_TOKEN, "past", NULL).ptr);
    assert_int_equal(put_wait(place.store, RECORD_TOKEN, "past", "{}", "{}", 0), ERR_CONFLICT);
    assert_int_equal(put_wait(place.store, RECORD_TOKEN, "later", "{}", NULL, now + 3600000), ERR_NONE);
    assert_non_null(get_wait(place.store, arena, RECORD_TOKEN, "later", NULL).ptr);
    assert_int_equal(put_wait(place.store, RECORD_TOKEN, "soon", "{}", NULL, now + 300), ERR_NONE);
    /* Cached or not, it ends in time. */
    do {
        found = get_wait(place.store, arena, RECORD_TOKEN, "soon", NULL);
    } while (found.ptr && clock_wall_ms() < now + 300);
    (void)usleep(5000); /* the cache counts on the monotonic clock: allow the two a rounding */
    assert_null(get_wait(place.store, arena, RECORD_TOKEN, "soon", NULL).ptr);
    arena_free(&arena);
    place_done(&place);
}

static void records_are_cached_for_a_second_at_most(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct store *other = NULL;
    struct err err;
    bool hit;

    (void)state;
    assert_int_equal(store_open(&other, place.dir, &err), 0);
    assert_null(get_wait(place.store, arena, RECORD_TOKEN, "t", NULL).ptr);
    assert_int_equal(store_record_put_now(other, RECORD_TOKEN, STR("t"), STR("{}"), 0, &err), 0);
    uint64_t read_ms = clock_monotonic_ms();
    assert_non_null(get_wait(place.store, arena, RECORD_TOKEN, "t", &hit).ptr); /* unknown was not cached */
    assert_false(hit);
    assert_int_equal(store_record_put_now(other, RECORD_TOKEN, STR("t"), STR_NONE, 0, &err), 0);
    while (get_wait(place.store, arena, RECORD_TOKEN, "t", &hit).ptr) {
        CHECK(hit || clock_monotonic_ms() < read_ms + 1000, "an old record was read");
        CHECK(clock_monotonic_ms() < read_ms + 3000, "an old record is still shown");
        (void)usleep(10000);
    }
    store_close(&other);
    arena_free(&arena);
    place_done(&place);
}

static void revoke_noted(struct family_revoke *revoke, const struct err *err, void *data)
{
    (void)revoke;
    answer_note(data, err);
}

static void a_revoked_family_is_gone_at_once(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    static const struct {
        enum record_kind kind;
        const char *key, *value;
        bool gone;
    } rows[] = {
        { .kind = RECORD_REFRESH, .key = "r1", .value = "{\"family\":\"f\",\"used\":true}", .gone = true },
        { .kind = RECORD_REFRESH,
          .key = "r2",
          .value = "{\"used\":false,\"family\":\"\\u0066\"}",
          .gone = true },
        { .kind = RECORD_REFRESH, .key = "r3", .value = "{\"family\":\"g\"}" },
        { .kind = RECORD_REFRESH, .key = "r4", .value = "{\"family\":1}" },
        { .kind = RECORD_REFRESH, .key = "r5", .value = "{\"x\":{\"family\":\"f\"}}" },
        { .kind = RECORD_REFRESH, .key = "r6", .value = "[\"family\",\"f\"]" },
        { .kind = RECORD_REFRESH, .key = "r7", .value = "no json, family f" },
        { .kind = RECORD_GRANT, .key = "r1", .value = "{\"family\":\"f\"}" },
    };
    struct answer answer = { 0 };
    struct family_revoke revoke = { .family = STR("f"), .done = revoke_noted, .data = &answer };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(put_wait(place.store, rows[i].kind, rows[i].key, rows[i].value, NULL, 0), ERR_NONE);
        assert_non_null(get_wait(place.store, arena, rows[i].kind, rows[i].key, NULL).ptr);
    }
    store_family_revoke(place.store, NULL, &revoke);
    assert_true(answer.called && answer.code == ERR_NONE);
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool gone = !get_wait(place.store, arena, rows[i].kind, rows[i].key, NULL).ptr;
        CHECK(gone == rows[i].gone, "row %zu", i);
    }
    arena_free(&arena);
    place_done(&place);
}

static int print_record(struct str key, struct str value, void *data)
{
    buf_printf(data, STR_FMT "=" STR_FMT "\n", STR_ARG(key), STR_ARG(value));
    return 0;
}

static int stop_at_once(struct str key, struct str value, void *data)
{
    (void)key;
    (void)value;
    (void)data;
    return 1;
}

static void records_are_listed_in_order(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct buf list = buf_in(arena, 1000);
    struct err err;

    (void)state;
    assert_int_equal(store_record_put_now(place.store, RECORD_CLIENT, STR("b"), STR("2"), 0, &err), 0);
    assert_int_equal(store_record_put_now(place.store, RECORD_CLIENT, STR("a"), STR("1"), 0, &err), 0);
    assert_int_equal(store_record_put_now(place.store, RECORD_CLIENT, STR("c"), STR("3"), 1, &err), 0);
    assert_int_equal(store_record_put_now(place.store, RECORD_TOKEN, STR("d"), STR("4"), 0, &err), 0);
    assert_int_equal(store_record_each_now(place.store, RECORD_CLIENT, print_record, &list, &err), 0);
    assert_true(str_is(buf_str(&list), "a=1\nb=2\n"));
    assert_int_equal(store_record_each_now(place.store, RECORD_CLIENT, stop_at_once, NULL, &err), -1);
    assert_int_equal(err.code, ERR_INTERNAL);
    arena_free(&arena);
    place_done(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_put_read_replaced_and_deleted),
        cmocka_unit_test(records_expire),
        cmocka_unit_test(records_are_cached_for_a_second_at_most),
        cmocka_unit_test(a_revoked_family_is_gone_at_once),
        cmocka_unit_test(records_are_listed_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
