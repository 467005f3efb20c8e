/* Values that entities are found by: kept and changed with the rest, per brand, gone with the entity. */
#include "test_store.h"

#include "base/buf.h"

struct wish {
    const char *brand, *canonical_id, *dialect, *patch, *found_by;
    const char *values[3];
    const char *owner;
};

static void keep(struct place *place, struct wish wish)
{
    struct str values[3];
    struct rest_write write = { .key = { .dialect = str_from(wish.dialect ? wish.dialect : "d"),
                                         .kind = STR("k"),
                                         .brand = str_from(wish.brand ? wish.brand : "b"),
                                         .canonical_id = str_from(wish.canonical_id) },
                                .patch = str_from(wish.patch ? wish.patch : "{\"x\":1}"),
                                .owner = str_from(wish.owner ? wish.owner : ""),
                                .found_by = str_from(wish.found_by),
                                .values = values };
    struct arena *arena = arena_new(SIZE_MAX);
    struct store_batch batch = { .arena = arena, .writes = &write, .write_count = 1 };
    struct answer answer;

    for (; write.value_count < COUNT(values) && wish.values[write.value_count]; write.value_count++)
        values[write.value_count] = str_from(wish.values[write.value_count]);
    (void)batch_wait(place->store, &batch, &answer);
    CHECK(answer.code == ERR_NONE, "%s", answer.detail);
    arena_free(&arena);
}

static void found(struct store_find *find, const struct err *err, void *data)
{
    (void)find;
    answer_note(data, err);
}

/* The ids, each followed by a space. */
static struct str find(struct place *place, struct arena *arena, const char *brand, const char *name, const char *value)
{
    struct answer answer = { 0 };
    struct buf out = buf_in(arena, 4096);
    struct store_find asked = { .kind = STR("k"),
                                .brand = str_from(brand),
                                .name = str_from(name),
                                .value = str_from(value),
                                .arena = arena,
                                .done = found,
                                .data = &answer };

    store_find_start(place->store, NULL, &asked);
    CHECK(answer.called && answer.code == ERR_NONE, "%s", answer.detail);
    for (size_t i = 0; i < asked.count; i++)
        buf_printf(&out, STR_FMT " ", STR_ARG(asked.ids[i]));
    return buf_str(&out);
}
#define FOUND(brand, name, value, ids)                                                                       \
    do {                                                                                                     \
        struct str found_ = find(&place, arena, brand, name, value);                                         \
        CHECK(str_is(found_, ids), "%s " STR_FMT, value, STR_ARG(found_));                                   \
    } while (0)

static void values_come_and_go_with_the_rest(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    keep(&place, (struct wish){ .canonical_id = "c-1", .found_by = "p", .values = { "a|1", "a|2", "a|1" } });
    keep(&place, (struct wish){ .canonical_id = "c-2", .found_by = "p", .values = { "a|2" } });
    keep(&place, (struct wish){ .canonical_id = "c-9", .brand = "other", .found_by = "p", .values = { "a|1" } });
    keep(&place, (struct wish){ .canonical_id = "c-1", .dialect = "e", .found_by = "p", .values = { "a|1", "a|3" } });
    FOUND("b", "p", "a|1", "c-1 ");
    FOUND("b", "p", "a|2", "c-1 c-2 ");
    FOUND("other", "p", "a|1", "c-9 ");
    FOUND("b", "q", "a|1", "");
    FOUND("b", "p", "a|", "");
    FOUND("b", "p", "", "");
    /* another part of the rest changes nothing of it */
    keep(&place, (struct wish){ .canonical_id = "c-1", .patch = "{\"y\":2}", .found_by = "" });
    FOUND("b", "p", "a|2", "c-1 c-2 ");
    /* one dialect's values are replaced, the other's stay; also where the rest itself is as it was */
    place_reopen(&place);
    keep(&place, (struct wish){ .canonical_id = "c-1", .found_by = "p", .values = { "a|4" } });
    FOUND("b", "p", "a|2", "c-2 ");
    FOUND("b", "p", "a|1", "c-1 ");
    FOUND("b", "p", "a|4", "c-1 ");
    keep(&place, (struct wish){ .canonical_id = "c-1", .patch = "null", .found_by = "p" });
    FOUND("b", "p", "a|4", "");
    arena_free(&arena);
    place_done(&place);
}

static void what_is_erased_is_not_found(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    keep(&place, (struct wish){ .canonical_id = "c-1", .found_by = "p", .values = { "a|1" } });
    keep(&place, (struct wish){ .canonical_id = "m-1", .found_by = "p", .values = { "a|1" }, .owner = "c-1" });
    FOUND("b", "p", "a|1", "c-1 m-1 ");
    erase_wait(place.store, "c-1");
    FOUND("b", "p", "a|1", "");
    /* what comes late is not kept */
    keep(&place, (struct wish){ .canonical_id = "c-1", .found_by = "p", .values = { "a|1" } });
    keep(&place, (struct wish){ .canonical_id = "m-2", .found_by = "p", .values = { "a|1" }, .owner = "c-1" });
    FOUND("b", "p", "a|1", "");
    arena_free(&arena);
    place_done(&place);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_and_go_with_the_rest),
        cmocka_unit_test(what_is_erased_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
