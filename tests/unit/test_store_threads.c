#include "test_store.h"

#include "base/arena.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- leaving early ---- */

struct leaver {
    struct post post;
    struct loop *loop;
    struct store *store;
    struct arena *arena;
    struct id_query last;
    struct store_batch batch;
    struct answer answer;
};

static void on_last(struct store_batch *batch, const struct err *err, void *data)
{
    struct leaver *leaver = data;

    (void)batch;
    answer_note(&leaver->answer, err);
    loop_stop(leaver->loop);
}

static void never(struct store_batch *batch, const struct err *err, void *data)
{
    (void)batch;
    (void)err;
    *(bool *)data = true;
}

static void never_got(struct record_get *get, const struct err *err, void *data)
{
    (void)get;
    (void)err;
    *(bool *)data = true;
}

/* Everything a batch or a record_get points to is freed right after it was detached. */
static void leave_early(struct leaver *leaver, bool *called)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct id_query *id = ARENA_NEW(arena, struct id_query);
    struct rest_write *write = ARENA_NEW(arena, struct rest_write);
    struct store_batch *batch = ARENA_NEW(arena, struct store_batch);
    struct record_get *get = ARENA_NEW(arena, struct record_get);

    *id = query_of(ID_INTEGER, true, arena_cstr(arena, STR("left")));
    *write = (struct rest_write){ .key = { STR("d"), STR("k"), STR("b"), arena_copy(arena, STR("left")) },
                                  .patch = arena_copy(arena, STR("{\"a\":1}")) };
    *batch = (struct store_batch){ .arena = arena,
                                   .ids = id,
                                   .id_count = 1,
                                   .writes = write,
                                   .write_count = 1,
                                   .done = never,
                                   .data = called };
    *get = (struct record_get){
        .key = arena_copy(arena, STR("x")), .arena = arena, .done = never_got, .data = called
    };
    assert_false(store_batch(leaver->store, leaver->loop, batch));
    assert_false(store_record_get(leaver->store, leaver->loop, get));
    store_batch_detach(batch);
    store_batch_detach(batch); /* twice does nothing */
    store_record_detach(get);
    arena_free(&arena);
}

static bool left_called;

static void run_leaver(struct post *post)
{
    struct leaver *leaver = (struct leaver *)post;

    leave_early(leaver, &left_called);
    leaver->last = query_of(ID_INTEGER, false, "1");
    leaver->batch = (struct store_batch){
        .arena = leaver->arena, .ids = &leaver->last, .id_count = 1, .done = on_last, .data = leaver
    };
    /* The database's thread may have done what was left behind already: then the id is known at once. */
    if (store_batch(leaver->store, leaver->loop, &leaver->batch))
        on_last(&leaver->batch, NULL, leaver);
}

static void what_is_detached_is_done_and_touches_nothing(void **state)
{
    struct place place = place_new();
    struct leaver leaver = { .post = { .run = run_leaver }, .loop = loop_new(), .store = place.store };

    (void)state;
    leaver.arena = arena_new(SIZE_MAX);
    loop_post(leaver.loop, &leaver.post);
    loop_run(leaver.loop);
    assert_false(left_called);
    assert_true(leaver.answer.called && leaver.answer.code == ERR_NONE);
    assert_true(str_is(leaver.last.found, "left"));
    store_batch_detach(&leaver.batch); /* after done: nothing */

    struct rest_read read = { .key = { STR("d"), STR("k"), STR("b"), STR("left") } };
    struct store_batch batch = { .arena = leaver.arena, .reads = &read, .read_count = 1 };
    assert_true(store_batch(place.store, leaver.loop, &batch)); /* written, and cached */
    assert_true(str_is(read.json, "{\"a\":1}"));
    store_batch_detach(&batch);

    /* The loop does not run any more: what is under way is done all the same, and its memory returns. */
    struct id_query id = query_of(ID_INTEGER, true, "late");
    struct store_batch late = {
        .arena = leaver.arena, .ids = &id, .id_count = 1, .done = never, .data = &left_called
    };
    assert_false(store_batch(place.store, leaver.loop, &late));
    place_reopen(&place);
    loop_free(&leaver.loop);
    assert_false(left_called);
    assert_true(str_is(id_wait(place.store, leaver.arena, query_of(ID_INTEGER, false, "2")), "late"));
    arena_free(&leaver.arena);
    place_done(&place);
}

/* ---- many loops ---- */

enum { LOOPS = 4, ROUNDS = 150, IDS = 8, CANONICALS = 200, KINDS = 3 };

static const struct {
    struct str kind;
    enum id_form form;
} kinds[KINDS] = { { STR_INIT("number"), ID_INTEGER },
                   { STR_INIT("hex"), ID_HEX24 },
                   { STR_INIT("text"), ID_VERBATIM } };

/* One loop on its own thread, asking one batch after the other and noting every id it was told. */
struct asker {
    struct post post; /* first */
    pthread_t thread;
    struct loop *loop;
    struct store *store;
    struct arena *arena;
    unsigned seed;
    int round, wrong;
    struct id_query ids[IDS];
    int canonical[IDS], kind[IDS];
    struct rest_write write;
    struct rest_read read;
    struct store_batch batch;
    char told[KINDS][CANONICALS][32];
};

static int draw(struct asker *asker, int below)
{
    return rand_r(&asker->seed) % below;
}

static void note_answers(struct asker *asker)
{
    for (int i = 0; i < IDS; i++) {
        char *told = asker->told[asker->kind[i]][asker->canonical[i]];
        struct str found = asker->ids[i].found;
        if (!found.len || found.len > 31 || (told[0] && !str_is(found, told))) {
            asker->wrong++;
            continue;
        }
        memcpy(told, found.ptr, found.len);
        told[found.len] = '\0';
    }
    asker->wrong += !str_eq(asker->read.json, asker->write.patch);
}

static void ask(struct asker *asker);

static void on_answer(struct store_batch *batch, const struct err *err, void *data)
{
    struct asker *asker = data;

    (void)batch;
    asker->wrong += err != NULL;
    if (!err)
        note_answers(asker);
    ask(asker);
}

static void ask_once(struct asker *asker)
{
    arena_reset(asker->arena);
    for (int i = 0; i < IDS; i++) {
        asker->kind[i] = draw(asker, KINDS);
        asker->canonical[i] = draw(asker, CANONICALS);
        asker->ids[i] = query_of(kinds[asker->kind[i]].form, true, "");
        asker->ids[i].kind = kinds[asker->kind[i]].kind;
        asker->ids[i].given = arena_printf(asker->arena, "c-%d", asker->canonical[i]);
    }
    struct rest_key key = { STR("d"), STR("own"), STR("b"), arena_printf(asker->arena, "%p", (void *)asker) };
    asker->write = (struct rest_write){ .key = key,
                                        .patch = arena_printf(asker->arena, "{\"round\":%d}", asker->round) };
    asker->read.key = key;
    asker->batch = (struct store_batch){ .arena = asker->arena,
                                         .ids = asker->ids,
                                         .id_count = IDS,
                                         .reads = &asker->read,
                                         .read_count = 1,
                                         .writes = &asker->write,
                                         .write_count = asker->round % 2 ? 0 : 1,
                                         .done = on_answer,
                                         .data = asker };
    if (asker->batch.write_count == 0) /* the round before wrote it */
        asker->write.patch = arena_printf(asker->arena, "{\"round\":%d}", asker->round - 1);
}

static void ask(struct asker *asker)
{
    while (asker->round < ROUNDS) {
        ask_once(asker);
        asker->round++;
        if (!store_batch(asker->store, asker->loop, &asker->batch))
            return;
        note_answers(asker);
    }
    loop_stop(asker->loop);
}

static void start_asking(struct post *post)
{
    ask((struct asker *)post);
}

static void *run_asker(void *data)
{
    struct asker *asker = data;

    loop_run(asker->loop);
    return NULL;
}

/* Every loop was told the same, no id names two, and the stored rows say so too. */
static void check_told(struct place *place, const struct asker *askers)
{
    struct arena *arena = arena_new(SIZE_MAX);
    uint64_t different = 0;

    place_reopen(place);
    for (int kind = 0; kind < KINDS; kind++) {
        for (int at = 0; at < CANONICALS; at++) {
            const char *told = "";
            for (int i = 0; i < LOOPS; i++) {
                const char *here = askers[i].told[kind][at];
                CHECK(!here[0] || !told[0] || strcmp(here, told) == 0, "c-%d is %s and %s", at, here, told);
                told = here[0] ? here : told;
            }
            if (!told[0])
                continue;
            struct id_query query = query_of(kinds[kind].form, false, told);
            query.kind = kinds[kind].kind;
            struct str found = id_wait(place->store, arena, query), want = arena_printf(arena, "c-%d", at);
            CHECK(str_eq(found, want), "%s is " STR_FMT ", not c-%d", told, STR_ARG(found), at);
            different++;
        }
    }
    CHECK(different > CANONICALS, "%d ids only", (int)different);
    assert_int_equal(store_count(place->store).id_allocated, 0);
    arena_free(&arena);
}

static void no_id_is_given_twice_whoever_asks(void **state)
{
    struct place place = place_new();
    struct asker *askers = calloc(LOOPS, sizeof *askers);

    (void)state;
    for (unsigned i = 0; i < LOOPS; i++) {
        askers[i].post.run = start_asking;
        askers[i].loop = loop_new();
        askers[i].store = place.store;
        askers[i].arena = arena_new(SIZE_MAX);
        askers[i].seed = i + 1;
        loop_post(askers[i].loop, &askers[i].post);
    }
    for (int i = 0; i < LOOPS; i++)
        assert_int_equal(pthread_create(&askers[i].thread, NULL, run_asker, &askers[i]), 0);
    for (int i = 0; i < LOOPS; i++)
        (void)pthread_join(askers[i].thread, NULL);
    for (int i = 0; i < LOOPS; i++)
        CHECK(askers[i].wrong == 0, "loop %d: %d wrong answers", i, askers[i].wrong);
    check_told(&place, askers);
    for (int i = 0; i < LOOPS; i++) {
        loop_free(&askers[i].loop);
        arena_free(&askers[i].arena);
    }
    free(askers);
    place_done(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_detached_is_done_and_touches_nothing),
        cmocka_unit_test(no_id_is_given_twice_whoever_asks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
