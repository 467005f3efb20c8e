/* Kinds of which nothing is kept are not looked up, whatever wrote the file; and one process at a time has a directory. */
#include "test_store.h"

#include "db/db.h"

#include <signal.h>
#include <sys/wait.h>

static struct str rest_of(struct store *store, struct arena *arena, const char *dialect, const char *kind, const char *id,
                          bool *at_once)
{
    struct rest_read read = { .key = { str_from(dialect), str_from(kind), STR("b"), str_from(id) } };
    struct store_batch batch = { .arena = arena, .reads = &read, .read_count = 1 };
    struct answer answer;

    *at_once = batch_wait(store, &batch, &answer);
    CHECK(answer.code == ERR_NONE, "%s", answer.detail);
    return read.json;
}

static void keep(struct store *store, struct arena *arena, const char *dialect, const char *kind, const char *id,
                 const char *patch)
{
    struct rest_write write = { .key = { str_from(dialect), str_from(kind), STR("b"), str_from(id) },
                                .patch = str_from(patch) };
    struct store_batch batch = { .arena = arena, .writes = &write, .write_count = 1 };
    struct answer answer;

    (void)batch_wait(store, &batch, &answer);
    CHECK(answer.code == ERR_NONE, "%s", answer.detail);
}

/* Until the file was read. Other ids each time, as what was looked up once is remembered. */
static void wait_for_survey(struct store *store, struct arena *arena)
{
    struct err err;
    bool known = false;

    CHECK(store_claim(store, &err) == 0, "%s", err.detail);
    for (int i = 0; !known; i++) {
        (void)usleep(1000);
        (void)rest_of(store, arena, "none", "none", arena_printf(arena, "c-%d", i).ptr, &known);
    }
}

static void what_is_never_kept_is_never_looked_up(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    bool at_once;

    (void)state;
    assert_int_equal(rest_of(place.store, arena, "d", "k", "c-1", &at_once).len, 0);
    assert_false(at_once); /* others may write */
    wait_for_survey(place.store, arena);
    assert_int_equal(rest_of(place.store, arena, "d", "k", "c-0", &at_once).len, 0);
    assert_true(at_once);
    keep(place.store, arena, "d", "k", "c-2", "{\"a\":2}");
    assert_int_equal(rest_of(place.store, arena, "d", "k", "c-3", &at_once).len, 0);
    assert_false(at_once);
    assert_true(str_is(rest_of(place.store, arena, "d", "k", "c-2", &at_once), "{\"a\":2}"));
    assert_int_equal(rest_of(place.store, arena, "d", "other", "c-1", &at_once).len, 0);
    assert_true(at_once);
    assert_int_equal(rest_of(place.store, arena, "e", "k", "c-2", &at_once).len, 0);
    assert_true(at_once);
    arena_free(&arena);
    place_done(&place);
}

/* The rest of a new entity comes with the row of its id. */
static void what_comes_with_an_id_is_kept(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct id_query query = query_of(ID_INTEGER, true, "c-1");
    struct rest_write write = { .key = { query.dialect, query.kind, query.brand, query.given },
                                .patch = STR("{\"a\":1}"),
                                .whole = true };
    struct store_batch batch = { .arena = arena, .ids = &query, .id_count = 1, .writes = &write, .write_count = 1 };
    struct answer answer;
    bool at_once;

    (void)state;
    wait_for_survey(place.store, arena);
    (void)batch_wait(place.store, &batch, &answer);
    CHECK(answer.code == ERR_NONE, "%s", answer.detail);
    for (int round = 0; round < 2; round++) {
        struct str rest = rest_of(place.store, arena, "d", "k", "c-1", &at_once);
        CHECK(str_is(rest, "{\"a\":1}"), "round %d: " STR_FMT, round, STR_ARG(rest));
        place_reopen(&place);
        wait_for_survey(place.store, arena);
    }
    arena_free(&arena);
    place_done(&place);
}

/* However the rows came there, however many stand before them, and with whatever numbers. */
static void what_the_file_has_is_found(void **state)
{
    static const char *const contents[] = {
        "INSERT INTO entity(kind, brand, canonical_id, dialect, json) VALUES('k', 'b', 'c-1', 'd', '{\"a\":1}');",
        "INSERT INTO entity(at, kind, brand, canonical_id, dialect, json) VALUES(-7, 'k', 'b', 'c-1', 'd', '{\"a\":1}');",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4001)"
        " INSERT INTO entity(at, kind, brand, canonical_id, dialect, json)"
        " SELECT 3 * i, 'k', 'b', 'c-' || (4002 - i), 'd', CASE i WHEN 4001 THEN '{\"a\":1}' END FROM n;",
    };
    struct arena *arena = arena_new(SIZE_MAX);
    char path[128];
    bool at_once;

    (void)state;
    for (size_t i = 0; i < COUNT(contents); i++) {
        struct place place = place_new();
        struct db *db = NULL;
        struct err err;
        store_close(&place.store);
        (void)snprintf(path, sizeof path, "%s/gateway.db", place.dir);
        assert_int_equal(db_open(&db, path, contents[i], &err), 0);
        db_close(&db);
        place_open(&place);
        wait_for_survey(place.store, arena);
        struct str rest = rest_of(place.store, arena, "d", "k", "c-1", &at_once);
        CHECK(str_is(rest, "{\"a\":1}"), "row %zu: " STR_FMT, i, STR_ARG(rest));
        place_done(&place);
    }
    arena_free(&arena);
}

static void a_directory_is_claimed_once(void **state)
{
    struct place place = place_new();
    struct store *second = NULL;
    struct err err;

    (void)state;
    assert_int_equal(store_claim(place.store, &err), 0);
    assert_int_equal(store_open(&second, place.dir, &err), 0); /* to import ids, say */
    assert_int_equal(store_claim(second, &err), -1);
    char number[16];
    (void)snprintf(number, sizeof number, "process %d", (int)getpid());
    CHECK(err.code == ERR_CONFIG && strstr(err.detail, "gateway.lock") && strstr(err.detail, number), "%s", err.detail);

    store_close(&place.store);
    assert_int_equal(store_claim(second, &err), 0);
    store_close(&second);
    place_done(&place);
}

/* However it ends. */
static void a_process_that_is_killed_claims_nothing(void **state)
{
    struct place place = place_new();
    int told[2], status;
    struct err err;

    (void)state;
    store_close(&place.store);
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    if (child == 0) {
        place_open(&place);
        if (store_claim(place.store, &err) == 0)
            (void)!write(told[1], "y", 1);
        (void)pause();
        _exit(0);
    }
    char byte = 0;
    assert_int_equal(read(told[0], &byte, 1), 1);
    place_open(&place);
    assert_int_equal(store_claim(place.store, &err), -1);
    (void)kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    CHECK(store_claim(place.store, &err) == 0, "%s", err.detail);
    (void)close(told[0]);
    (void)close(told[1]);
    place_done(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_never_kept_is_never_looked_up),
        cmocka_unit_test(what_comes_with_an_id_is_kept),
        cmocka_unit_test(what_the_file_has_is_found),
        cmocka_unit_test(a_directory_is_claimed_once),
        cmocka_unit_test(a_process_that_is_killed_claims_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
