/* Files of before: first with ids and rests in tables of their own, then with an index of canonical ids. */
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

static const char indexed_schema[] =
    "CREATE TABLE entity("
    "  at INTEGER PRIMARY KEY, kind TEXT NOT NULL, brand TEXT NOT NULL, canonical_id TEXT NOT NULL,"
    "  dialect TEXT NOT NULL, dialect_id TEXT, erased INTEGER NOT NULL DEFAULT 0, owner TEXT, json TEXT) STRICT;"
    "CREATE UNIQUE INDEX entity_canonical ON entity(canonical_id, brand, kind, dialect);"
    "CREATE UNIQUE INDEX entity_dialect ON entity(dialect, kind, brand, dialect_id) WHERE dialect_id IS NOT NULL;";

static const char indexed_rows[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 270000)"
    " INSERT INTO entity(kind, brand, canonical_id, dialect, dialect_id, json)"
    " SELECT 'k', 'b', 'c-' || i, 'd', 'x' || i, CASE i WHEN 7 THEN '{\"a\":7}' END FROM n;"
    "INSERT INTO entity(kind, brand, canonical_id, dialect, json) VALUES('k', 'b', 'c-1', 'f', '{\"a\":1}');";

struct writing {
    struct db_job job;
    const char *rows;
};

static int run_rows(struct db_job *job, struct db *db, struct err *err)
{
    return db_exec(db, ((struct writing *)job)->rows, err);
}

/* Into the store's file, which may be there. */
static void write_file_of(const struct place *place, const char *schema, const char *rows)
{
    struct writing writing = { .job = { .run = run_rows }, .rows = rows };
    struct db *db = NULL;
    char path[128];
    struct err err;

    (void)snprintf(path, sizeof path, "%s/gateway.db", place->dir);
    if (db_open(&db, path, schema, &err) || db_run(db, &writing.job, &err))
        fail_msg("%s", err.detail);
    db_close(&db);
}

static struct place place_of_before(const char *schema, const char *rows)
{
    struct place place = { .dir = "/tmp/test_store.XXXXXX" };

    assert_non_null(mkdtemp(place.dir));
    write_file_of(&place, schema, rows);
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
    struct place place = place_of_before(old_schema, old_rows);
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
    write_file_of(&place,
                  "CREATE TABLE crosswalk(dialect, kind, brand, dialect_id, canonical_id, erased, owner);"
                  "CREATE TABLE rest(kind, brand, canonical_id, dialect, json, owner);"
                  "DELETE FROM sequence;",
                  old_rows);
    assert_int_equal(store_open(&store, place.dir, &err), -1);
    CHECK(err.code == ERR_CONFLICT && strstr(err.detail, "gateway.db"), "%s", err.detail);
    assert_null(store);
    assert_int_equal(store_open(&store, place.dir, &err), -1); /* nothing of it was done */
    arena_free(&arena);
    place_done(&place);
}

/* The same where only the canonical id is there already. */
static void an_entity_of_two_ids_is_refused(void **state)
{
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct store *store = NULL;
    struct err err;

    (void)state;
    assert_true(id_wait(place.store, arena, query_of(ID_HEX24, true, "c-1")).len == 24);
    store_close(&place.store);
    write_file_of(&place,
                  "CREATE TABLE crosswalk(dialect, kind, brand, dialect_id, canonical_id, erased, owner);"
                  "CREATE TABLE rest(kind, brand, canonical_id, dialect, json, owner);",
                  "INSERT INTO crosswalk VALUES('d', 'k', 'b', '1', 'c-1', 0, NULL);");
    assert_int_equal(store_open(&store, place.dir, &err), -1);
    CHECK(err.code == ERR_CONFLICT, "%s", err.detail);
    arena_free(&arena);
    place_done(&place);
}

static void an_indexed_file_keeps_everything(void **state)
{
    struct place place = place_of_before(indexed_schema, indexed_rows);
    struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    place_open(&place);
    for (int round = 0; round < 2; round++) {
        for (int i = 1; i <= 270000; i += 871) {
            struct str id = arena_printf(arena, "x%d", i), canonical = arena_printf(arena, "c-%d", i);
            assert_true(str_eq(id_wait(place.store, arena, query_of(ID_INTEGER, true, canonical.ptr)), id));
            assert_true(str_eq(id_wait(place.store, arena, query_of(ID_INTEGER, false, id.ptr)), canonical));
        }
        assert_true(str_is(rest_of(place.store, arena, "d", "c-7"), "{\"a\":7}"));
        assert_true(str_is(rest_of(place.store, arena, "f", "c-1"), "{\"a\":1}"));
        place_reopen(&place);
    }
    /* A program of before was here again: its rows have no hints, and may have any number. */
    store_close(&place.store);
    write_file_of(&place,
                  "DELETE FROM entity WHERE at > 269990;"
                  "CREATE UNIQUE INDEX IF NOT EXISTS entity_canonical ON entity(canonical_id, brand, kind, dialect);",
                  "INSERT INTO entity(kind, brand, canonical_id, dialect, dialect_id) VALUES('k', 'b', 'new', 'd', 'x');");
    place_open(&place);
    assert_true(str_is(id_wait(place.store, arena, query_of(ID_INTEGER, true, "new")), "x"));
    arena_free(&arena);
    place_done(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_file_keeps_everything),
        cmocka_unit_test(a_contradiction_is_not_resolved_by_losing_a_row),
        cmocka_unit_test(an_entity_of_two_ids_is_refused),
        cmocka_unit_test(an_indexed_file_keeps_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
