/* Files of before version 2 of the schema had ids and rests in tables of their own. */
#include "test_store.h"

#include "db/db.h"

/* As it was, but for what has not changed since. */
static const char old_schema[] =
    "CREATE TABLE crosswalk("
    "  dialect TEXT NOT NULL, kind TEXT NOT NULL, brand TEXT NOT NULL,"
    "  dialect_id TEXT NOT NULL, canonical_id TEXT NOT NULL, erased INTEGER NOT NULL DEFAULT 0,"
    "  owner TEXT,"
    "  PRIMARY KEY(dialect, kind, brand, dialect_id)) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX crosswalk_canonical ON crosswalk(kind, brand, canonical_id, dialect);"
    "CREATE INDEX crosswalk_owner ON crosswalk(brand, owner) WHERE owner IS NOT NULL;"
    "CREATE TABLE sequence("
    "  dialect TEXT NOT NULL, kind TEXT NOT NULL, brand TEXT NOT NULL, next INTEGER NOT NULL,"
    "  PRIMARY KEY(dialect, kind, brand)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE erasure("
    "  kind TEXT NOT NULL, brand TEXT NOT NULL, canonical_id TEXT NOT NULL,"
    "  PRIMARY KEY(brand, canonical_id, kind)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE rest("
    "  kind TEXT NOT NULL, brand TEXT NOT NULL, canonical_id TEXT NOT NULL, dialect TEXT NOT NULL,"
    "  json TEXT NOT NULL, owner TEXT, PRIMARY KEY(kind, brand, canonical_id, dialect)) STRICT, WITHOUT "
    "ROWID;"
    "CREATE INDEX rest_owner ON rest(brand, owner) WHERE owner IS NOT NULL;";

static const char old_rows[] =
    "INSERT INTO crosswalk(dialect, kind, brand, dialect_id, canonical_id, erased, owner) VALUES"
    "  ('d', 'k', 'b', '1', 'c-1', 0, NULL), ('d', 'k', 'b', '2', 'c-2', 1, NULL),"
    "  ('d', 'k', 'b', '3', 'c-3', 0, 'p-1'), ('d', 'k', 'b', '4', 'c-4', 0, NULL),"
    "  ('e', 'k', 'b', '5a8c1f0e9d3b2a4c6e7f1049', 'c-1', 0, NULL);"
    "INSERT INTO sequence VALUES('d', 'k', 'b', 5);"
    "INSERT INTO erasure VALUES('k', 'b', 'c-2');"
    "INSERT INTO rest(kind, brand, canonical_id, dialect, json, owner) VALUES"
    "  ('k', 'b', 'c-1', 'd', '{\"a\":1}', NULL), ('k', 'b', 'c-4', 'd', '{\"a\":4}', 'p-1'),"
    "  ('k', 'b', 'c-9', 'f', '{\"a\":9}', 'p-1');";

static int run_rows(struct db_job *job, struct db *db, struct err *err)
{
    (void)job;
    return db_exec(db, old_rows, err);
}

/* Writes the old tables into the store's file, which may be there. */
static void write_old(const struct place *place)
{
    struct db_job job = { .run = run_rows };
    struct db *db = NULL;
    char path[128];
    struct err err;

    (void)snprintf(path, sizeof path, "%s/gateway.db", place->dir);
    if (db_open(&db, path, old_schema, &err) || db_run(db, &job, &err))
        fail_msg("%s", err.detail);
    db_close(&db);
}

static struct place place_of_before(void)
{
    struct place place = { .dir = "/tmp/test_store.XXXXXX" };

    assert_non_null(mkdtemp(place.dir));
    write_old(&place);
    return place;
}

static struct str rest_of(struct store *store, struct arena *arena, const char *dialect,
                          const char *canonical_id)
{
    struct rest_read read = { .key = { str_from(dialect), STR("k"), STR("b"), str_from(canonical_id) } };
    struct store_batch batch = { .arena = arena, .reads = &read, .read_count = 1 };
    struct answer answer;

    (void)batch_wait(store, &batch, &answer);
    CHECK(answer.code == ERR_NONE, "%s", answer.detail);
    return read.json;
}

static void an_old_file_keeps_everything(void **state)
{
    struct place place = place_of_before();
    struct arena *arena = arena_new(SIZE_MAX);
    struct id_query hex = query_of(ID_HEX24, false, "5a8c1f0e9d3b2a4c6e7f1049");

    (void)state;
    hex.dialect = STR("e");
    place_open(&place);
    for (int round = 0; round < 2; round++) { /* opened again nothing is left to do */
        struct store *store = place.store;
        assert_true(str_is(id_wait(store, arena, query_of(ID_INTEGER, false, "1")), "c-1"));
        assert_true(str_is(id_wait(store, arena, hex), "c-1"));
        assert_true(str_is(id_wait(store, arena, query_of(ID_INTEGER, true, "c-3")), "3"));
        assert_null(id_wait(store, arena, query_of(ID_INTEGER, false, "2")).ptr);
        assert_null(id_wait(store, arena, query_of(ID_INTEGER, true, "c-2")).ptr);
        assert_true(str_is(rest_of(store, arena, "d", "c-1"), "{\"a\":1}"));
        assert_true(str_is(rest_of(store, arena, "d", "c-4"), "{\"a\":4}"));
        assert_true(str_is(rest_of(store, arena, "f", "c-9"), "{\"a\":9}"));
        assert_int_equal(rest_of(store, arena, "e", "c-1").len, 0);
        place_reopen(&place);
    }
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-5")), "5"));
    erase_wait(place.store, "p-1"); /* an owner that only a row, only a rest, and a rest without a row says */
    assert_null(id_wait(place.store, arena, query_of(ID_INTEGER, false, "3")).ptr);
    assert_null(id_wait(place.store, arena, query_of(ID_INTEGER, false, "4")).ptr);
    assert_int_equal(rest_of(place.store, arena, "d", "c-4").len, 0);
    assert_int_equal(rest_of(place.store, arena, "f", "c-9").len, 0);
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, false, "1")), "c-1"));
    arena_free(&arena);
    place_done(&place);
}

/* An older program wrote to a file of now: what it says and what is there cannot both be right. Nothing is
 * lost of either: the store does not open. */
static void a_contradiction_is_not_resolved_by_losing_a_row(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct store *store = NULL;
    struct err err;

    (void)state;
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "another")), "1"));
    store_close(&place.store);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/gateway.db", place.dir);
    struct db *db = NULL;
    struct db_job job = { .run = run_rows };
    assert_int_equal(
        db_open(&db, path,
                "CREATE TABLE crosswalk(dialect, kind, brand, dialect_id, canonical_id, erased, owner);"
                "CREATE TABLE rest(kind, brand, canonical_id, dialect, json, owner);"
                "DELETE FROM sequence;",
                &err),
        0);
    assert_int_equal(db_run(db, &job, &err), 0);
    db_close(&db);
    assert_int_equal(store_open(&store, place.dir, &err), -1);
    CHECK(err.code == ERR_CONFLICT && strstr(err.detail, "gateway.db"), "%s", err.detail);
    assert_null(store);
    assert_int_equal(store_open(&store, place.dir, &err), -1); /* nothing of it was done */
    arena_free(&arena);
    place_done(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_file_keeps_everything),
        cmocka_unit_test(a_contradiction_is_not_resolved_by_losing_a_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
