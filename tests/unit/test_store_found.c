/* Values that entities are found by: kept and changed with the rest, per brand, gone with the entity. */
#include "test_store.h"

#include "base/buf.h"

#include <pthread.h>
#include <semaphore.h>

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

/* A walk over the records that holds the database's thread until it is let go. */
struct hold {
    struct store *store;
    sem_t held, go;
};

static int hold_on(struct str key, struct str value, void *data)
{
    struct hold *hold = data;

    (void)key, (void)value;
    (void)sem_post(&hold->held);
    (void)sem_wait(&hold->go);
    return 0;
}

static void *hold_thread(void *data)
{
    struct hold *hold = data;
    struct err err;

    CHECK(!store_record_each_now(hold->store, RECORD_CLIENT, hold_on, hold, &err), "%s", err.detail);
    return NULL;
}

struct pair {
    struct loop *loop;
    unsigned left;
    struct answer find, put;
};

static void pair_came(struct pair *pair)
{
    if (!--pair->left)
        loop_stop(pair->loop);
}

static void pair_found(struct store_find *find, const struct err *err, void *data)
{
    (void)find;
    answer_note(&((struct pair *)data)->find, err);
    pair_came(data);
}

static void pair_put(struct record_put *put, const struct err *err, void *data)
{
    (void)put;
    answer_note(&((struct pair *)data)->put, err);
    pair_came(data);
}

/* The jobs of a group run once more when one of them fails. */
static void a_look_up_beside_a_failure_finds_each_once(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct hold hold = { .store = place.store };
    struct pair pair = { .loop = loop_new(), .left = 2 };
    pthread_t thread;
    struct err err;

    (void)state;
    keep(&place, (struct wish){ .canonical_id = "c-1", .found_by = "p", .values = { "a|1" } });
    CHECK(!store_record_put_now(place.store, RECORD_CLIENT, STR("c"), STR("{}"), 0, &err), "%s", err.detail);
    assert_int_equal(sem_init(&hold.held, 0, 0) | sem_init(&hold.go, 0, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, hold_thread, &hold), 0);
    assert_int_equal(sem_wait(&hold.held), 0);
    struct store_find find = { .kind = STR("k"), .brand = STR("b"), .name = STR("p"), .value = STR("a|1"), .arena = arena,
                               .done = pair_found, .data = &pair };
    struct record_put put = { .kind = RECORD_CLIENT, .key = STR("c"), .value = STR("{}"), .only_if = STR("no"),
                              .done = pair_put, .data = &pair };
    store_find_start(place.store, pair.loop, &find);
    store_record_put(place.store, pair.loop, &put);
    assert_int_equal(sem_post(&hold.go), 0);
    loop_run(pair.loop);
    assert_int_equal(pthread_join(thread, NULL), 0);
    CHECK(pair.put.code == ERR_CONFLICT && pair.find.code == ERR_NONE, "%s, %s", pair.put.detail, pair.find.detail);
    CHECK(find.count == 1 && str_is(find.ids[0], "c-1"), "%zu found", find.count);
    (void)sem_destroy(&hold.held);
    (void)sem_destroy(&hold.go);
    arena_free(&arena);
    place_done(&place);
    loop_free(&pair.loop);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_and_go_with_the_rest),
        cmocka_unit_test(what_is_erased_is_not_found),
        cmocka_unit_test(a_look_up_beside_a_failure_finds_each_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
