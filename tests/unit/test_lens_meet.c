/* Mappings of one entity: what one writes the others can show, what one keeps they leave alone, and what one only reads
 * some mapping has. */
#include "test_lens_kit.h"

static void two_mappings_must_meet(void **state)
{
    static const struct {
        const char *left, *right;
        bool meet;
    } cases[] = {
        { "a: { type: string, is: x }", "b: { type: date, is: x }", true },
        { "a: { type: date, is: x }", "b: { type: datetime, is: x }", false },
        { "a: { type: integer, is: x }", "b: { type: string, is: x }", false },
        { "a: { type: boolean, is: x, enum: { true: p, false: q } }", "b: { type: string, is: x }", true },
        { "a: { type: object, is: x }", "b: { type: string, is: x.y }", true },
        { "a: { type: string, is: x }", "b: { type: string, is: x.y }", false },
        { "a: { type: string, is: x }", "b: { type: integer, is: y }", true },
        { "a: { type: quantity, is: [x, y] }", "b: { type: decimal, is: x }", true },
        { "a: { type: quantity, is: [x, y] }", "b: { type: number, is: x }", false },
        /* What one keeps in a member, the other does not show as a part of something. */
        { "a: { type: string, is: x }\nrest: m.d", "b: { type: object, is: m }", false },
        { "a: { type: object, is: m }", "b: { type: string, is: x }\nrest: m.d", false },
        { "a: { type: string, is: x }\nrest: m.d", "b: { type: string, is: m.d }", false },
        { "a: { type: string, is: x }\nrest: m.d", "b: { type: string, is: m.d.e, read_only: true }", false },
        { "a: { type: string, is: x }\nrest: m.d", "b: { type: object, is: m.c }", true },
        { "a: { type: string, is: x }\nrest: m.d", "b: { type: string, is: x }\nrest: m.e", true },
        { "a: { type: id, is: x, kind: p }", "b: { type: id, is: x, kind: p }", true },
        { "a: { type: id, is: x, kind: p }", "b: { type: id, is: x, kind: q }", false },
        { "a: { type: list, is: x, fields: { c: { type: date, is: d } } }",
          "b: { type: list, is: x, fields: { c: { type: string, is: d } } }", true },
        { "a: { type: list, is: x, fields: { c: { type: date, is: d } } }",
          "b: { type: list, is: x, fields: { c: { type: integer, is: d } } }", false },
        { "a: { type: list, is: x, fields: { c: { type: date, is: d } } }",
          "b: { type: list, is: y, fields: { c: { type: integer, is: d } } }", true },
        /* An element as a whole, and one with members. */
        { "a: { type: list, is: x, fields: { c: { type: string, is: . } } }",
          "b: { type: list, is: x, fields: { c: { type: string, is: d } } }", false },
        { "a: { type: list, is: x, fields: { c: { type: id, is: ., kind: p } } }",
          "b: { type: list, is: x, fields: { c: { type: id, is: d, kind: p } } }", false },
        { "a: { type: list, is: x, fields: { c: { type: object, is: . } } }",
          "b: { type: list, is: x, fields: { c: { type: string, is: d } } }", true },
        /* Values of which an entity has only one are not compared. */
        { "k: { type: string, is: k }\n"
          "  a: { type: date, is: x, when: { k: p } }\n  b: { type: datetime, is: x, when: { k: q } }",
          "k: { type: string, is: k }\n"
          "  b: { type: datetime, is: x, when: { k: q } }\n  a: { type: date, is: x, when: { k: p } }", true },
        { "k: { type: string, is: k }\n  a: { type: date, is: x, when: { k: p } }",
          "k: { type: string, is: k }\n  b: { type: datetime, is: x, when: { k: p } }", false },
        { "k: { type: string, is: k }\n  a: { type: date, is: x, when: { k: p } }",
          "b: { type: datetime, is: x }", false },
        /* The rest, and what only a second path, `set:`, `tells:`, `else:` or another rest says. */
        { "a: { type: string, is: x }\nrest: m.d", "a: { type: quantity, is: [x, m.d] }", false },
        { "a: { type: string, is: x }\nrest: m.d", "a: { type: string, is: x }\nset: { m.d: y }", false },
        { "a: { type: string, is: x }\nrest: m.d", "a: { type: string, is: x, tells: { m.d.e: [p, q] } }", false },
        { "a: { type: string, is: x }\nrest: m.d", "a: { type: string, is: x, else: [m.d] }", false },
        { "a: { type: string, is: x }\nrest: m.d", "a: { type: string, is: x }\nrest: m.d.e", false },
        { "a: { type: string, is: x }\nrest: m.d", "a: { type: string, is: x }\nrest: m.d", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = { 0 };
        struct arena *arena = arena_new(SIZE_MAX);
        struct kit left = kit_of_fields(arena_printf(arena, "fields:\n  %s\n", cases[i].left).ptr,
                                        (struct lens_style){ 0 });
        struct kit right = kit_of_fields(arena_printf(arena, "fields:\n  %s\n", cases[i].right).ptr,
                                         (struct lens_style){ 0 });

        CHECK((lens_compare(left.lens, right.lens, &err) == 0) == cases[i].meet, "case %zu: %s", i,
              err.detail);
        CHECK((lens_compare(right.lens, left.lens, &err) == 0) == cases[i].meet, "case %zu, turned: %s", i,
              err.detail);
        CHECK(lens_compare(left.lens, left.lens, &err) == 0, "case %zu with itself: %s", i, err.detail);
        kit_done(&left);
        kit_done(&right);
        arena_free(&arena);
    }
}

/* A path that is only read is one that some mapping of the entity has. */
static void what_is_read_is_somewhere(void **state)
{
    static const struct {
        const char *reads, *beside, *what; /* `what` NULL: no fault */
    } cases[] = {
        { "a: { type: integer, derive: years_since, from: born }", "b: { type: date, is: born }", NULL },
        { "a: { type: integer, derive: years_since, from: bron }", "b: { type: date, is: born }",
          "map.yaml:5:50: nothing reaches \"bron\"" },
        { "a: { type: string, is: x, else: [y] }", "b: { type: string, is: y }", NULL },
        { "a: { type: string, is: x, else: [y] }", "b: { type: string, is: x }",
          "map.yaml:5:36: nothing reaches \"y\"" },
        { "a: { type: string, table: loinc, by: k, column: code }", "b: { type: string, is: k }", NULL },
        { "a: { type: string, table: loinc, by: k, column: code }", "b: { type: string, is: kk }",
          "map.yaml:5:40: nothing reaches \"k\"" },
        { "a: { type: string, keep: true, otherwise: { table: loinc, by: k, column: code } }",
          "b: { type: string, is: kk }", "map.yaml:5:65: nothing reaches \"k\"" },
        { "a: { type: string, is: x, else: [m.y] }", "b: { type: object, is: m }", NULL },
        /* In lists, too: in those at the same path. */
        { "a: { type: list, is: l, fields: { c: { type: integer, derive: years_since, from: born } } }",
          "b: { type: list, is: l, fields: { c: { type: date, is: born } } }", NULL },
        { "a: { type: list, is: l, fields: { c: { type: integer, derive: years_since, from: bron } } }",
          "b: { type: list, is: l, fields: { c: { type: date, is: born } } }",
          "map.yaml:5:84: nothing reaches \"bron\"" },
        { "a: { type: list, is: l, fields: { c: { type: integer, derive: years_since, from: born } } }",
          "b: { type: list, is: n, fields: { c: { type: date, is: born } } }",
          "map.yaml:5:84: nothing reaches \"born\"" },
        { "a: { type: list, is: l, fields: { c: { type: string, is: x, else: [y] } } }",
          "b: { type: array, is: l }", NULL },
        { "a: { type: list, is: l, fields: { m: { type: list, is: m, fields: { c: { type: string, is: x, else: [y] "
          "} } } } }",
          "b: { type: list, is: l, fields: { m: { type: list, is: m, fields: { c: { type: string, is: y } } } } }",
          NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = { 0 };
        struct arena *arena = arena_new(SIZE_MAX);
        struct kit left = kit_of_fields(arena_printf(arena, "fields:\n  %s\n", cases[i].reads).ptr,
                                        (struct lens_style){ 0 });
        struct kit right = kit_of_fields(arena_printf(arena, "fields:\n  %s\n", cases[i].beside).ptr,
                                         (struct lens_style){ 0 });
        const struct lens *lenses[] = { left.lens, right.lens };
        int rc = lens_check_reads(left.lens, lenses, COUNT(lenses), &err);

        CHECK((rc == 0) == !cases[i].what, "case %zu: %s", i, err.detail);
        CHECK(!cases[i].what || str_starts(str_from(err.detail), str_from(cases[i].what)), "case %zu: %s", i,
              err.detail);
        kit_done(&left);
        kit_done(&right);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_mappings_must_meet),
        cmocka_unit_test(what_is_read_is_somewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
