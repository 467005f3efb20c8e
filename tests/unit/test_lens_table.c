/* Files of constants: what is wrong with one is said with its place. */
#include "test_lens_kit.h"

#include <unistd.h>

static const struct {
    const char *text, *what; /* `what` begins with the place; NULL: no fault */
} cases[] = {
    { "key: k\ncolumns: [a, b]\nrows:\n  x: [1, two]\n", NULL },
    { "", "1:1: the table is not complete" },
    { "columns: [a]\nrows:\n  x: [1]\n", "1:1: the table is not complete, expected key, columns and rows" },
    { "key: k\nrows:\n  x: [1]\n", "1:1: the table is not complete" },
    { "key: k\ncolumns: [a]\n", "1:1: the table is not complete" },
    { "key: k\ncolumns: [a]\nrows: {}\n", "3:7: the table has no rows" },
    { "key: k\ncolumns: []\nrows:\n  x: []\n", "2:10: the table has no columns" },
    { "key: k\ncolumns: [a, a]\nrows:\n  x: [1, 2]\n", "2:14: the column \"a\" stands twice" },
    { "key: k\ncolumns: [a, b]\nrows:\n  x: [1]\n",
      "4:6: the row has 1 values, expected one for each of 2 columns" },
    { "key: k\ncolumns: [a]\nrows:\n  x: 1\n", "4:6: found \"1\", expected a list" },
    { "key: k\ncolumns: [a]\nrows:\n  x: [1]\n  x: [2]\n", "5:3: the key \"x\" stands twice" },
    { "key: k\ncolumns: [a]\nrows: [x]\n", "3:7: found a list, expected a map" },
    { "key: k\ncolumn: [a]\nrows:\n  x: [1]\n", "2:1: unknown key \"column\"" },
};

static void a_fault_has_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char dir[] = "/tmp/test_lens_table_XXXXXX", path[64];
        struct arena *arena = arena_new(SIZE_MAX);
        struct lens_tables *tables;
        struct err err = { 0 };

        assert_non_null(mkdtemp(dir));
        assert_true(snprintf(path, sizeof path, "%s/t.yaml", dir) > 0);
        FILE *file = fopen(path, "w");
        assert_true(file && fputs(cases[i].text, file) >= 0 && fclose(file) == 0);
        int rc = lens_tables_load(&tables, arena, dir, &err);
        CHECK((rc == 0) == !cases[i].what, "case %zu: %s", i, err.detail);
        struct str wanted = arena_printf(arena, "%s:%s", path, cases[i].what ? cases[i].what : "");
        CHECK(!cases[i].what || str_starts(str_from(err.detail), wanted), "case %zu: %s\nexpected " STR_FMT,
              i, err.detail, STR_ARG(wanted));
        assert_true(unlink(path) == 0 && rmdir(dir) == 0);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_fault_has_its_place) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
