/* Tables read backwards, and the faults of mappings that can be read and are wrong. */
#include "test_lens_kit.h"

static const char fields[] =
    "fields:\n"
    "  type: { type: string, is: metric_key, required: create, enum: [weight, heart_rate],\n"
    "          known_by: { table: loinc, column: code, member: code/value, where: { code/system: LOINC } } "
    "}\n"
    "  code:\n"
    "    system: { type: string, keep: true }\n"
    "    value:  { type: string, keep: true, otherwise: { table: loinc, by: metric_key, column: code } }\n"
    "  fat: { type: number, is: fat, when: { metric_key: weight } }\n";

static void a_code_tells_the_type(void **state)
{
    static const struct {
        const char *in, *canonical, *faults;
    } cases[] = {
        { "{\"code\":{\"system\":\"LOINC\",\"value\":\"29463-7\"}}", "{\"metric_key\":\"weight\"}", "" },
        { "{\"type\":null,\"code\":{\"system\":\"LOINC\",\"value\":\"29463-7\"},\"fat\":3}",
          "{\"metric_key\":\"weight\",\"fat\":3}", "" },
        { "{\"type\":\"heart_rate\",\"code\":{\"system\":\"LOINC\",\"value\":\"29463-7\"}}",
          "{\"metric_key\":\"heart_rate\"}", "" },
        { "{\"code\":{\"system\":\"LOINC\",\"value\":\"0-0\"}}", NULL, "type blank string" },
        { "{\"code\":{\"system\":\"own\",\"value\":\"29463-7\"}}", NULL, "type blank string" },
        { "{\"code\":{\"value\":\"29463-7\"}}", NULL, "type blank string" },
        { "{\"code\":{\"system\":\"LOINC\",\"value\":29463}}", NULL,
          "type blank string; code/value type string" },
        { "{\"code\":null}", NULL, "type blank string" },
        { "{\"type\":\"\",\"code\":{\"system\":\"LOINC\",\"value\":\"29463-7\"}}", NULL,
          "type blank string" },
        { "{}", NULL, "type blank string" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });

        kit_put(&kit, LENS_CREATE, cases[i].in, NULL);
        CHECK((kit.rc == 0) == (cases[i].canonical != NULL), "case %zu: " STR_FMT, i,
              STR_ARG(kit_faults(&kit)));
        CHECK_TEXT(kit_faults(&kit), cases[i].faults, "case %zu", i);
        if (cases[i].canonical)
            CHECK_TEXT(buf_str(&kit.put.canonical), cases[i].canonical, "case %zu", i);
        kit_done(&kit);
    }
}

/* An update that leaves the type out leaves it as it is. */
static void an_update_is_not_told(void **state)
{
    struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });

    (void)state;
    kit_put(&kit, LENS_UPDATE, "{\"code\":{\"system\":\"LOINC\",\"value\":\"29463-7\"}}",
            "{\"type\":\"heart_rate\"}");
    assert_int_equal(kit.rc, 0);
    CHECK_TEXT(buf_str(&kit.put.canonical), "{}", "nothing canonical");
    kit_done(&kit);
}

#define HEAD "dialect: d\nresource: r\nentity: e\nfields:\n"

static void faults_have_their_place(void **state)
{
    static const struct {
        const char *text, *at, *what;
    } cases[] = {
        { HEAD "  a: { type: string, is: a, known_by: { table: loinc } }\n", "5:39",
          "`known_by:` is not complete" },
        { HEAD "  a: { type: string, is: a, known_by: { table: no, column: c, member: b } }\n", "5:48",
          "there is no table" },
        { HEAD "  a: { type: string, is: a, known_by: { table: loinc, column: c, member: b } }\n", "5:63",
          "the table has no column" },
        { HEAD "  a: { type: string, is: a, known_by: { table: gauge_scales, column: min, member: b } }\n",
          "5:70", "\"anxiety\" of the table stands in two rows" },
        { HEAD "  a: { type: string, is: a, known_by: { table: loinc, column: code, member: b } }\n", "5:39",
          "\"b\" is no other field" },
        { HEAD
          "  a: { type: string, is: a, known_by: { table: loinc, column: code, member: b, if: { x: 1 } } }\n",
          "5:80", "unknown key" },
        { HEAD "  a: { type: string, known_by: { table: loinc, column: code, member: b } }\n", "5:22",
          "`known_by:` stands alone" },
        { HEAD "  a: { type: string, is: x, split: \" \", part: 2, cut: last, read_only: true }\n"
               "  b: { type: string, is: x, split: \" \", part: 2, cut: last, read_only: true }\n",
          "5:36", "the parts are not complete" },
        { HEAD "  a: { type: string }\n", "5:3", "no rule takes \"a\"" },
        { HEAD "  a: { type: string, is: a, required: create, default: x }\n", "5:47",
          "nothing reaches this default" },
        { HEAD "  a: { type: string, is: a, enum: [x] }\n  b: { type: string, is: b, when: { a: y } }\n",
          "6:35", "nothing reaches this rule: \"a\" is never \"y\"" },
        { HEAD "  a: { type: string, is: a, required: always }\nset: { a: x }\n", "6:8",
          "nothing reaches this value" },
        { HEAD "  a: { type: integer, is: a }\nset: { a: x }\n", "6:11", "\"a\" is of another type" },
        { HEAD "  a: { type: date, is: a }\n  b: { type: datetime, is: a, read_only: true }\n", "6:3",
          "\"a\" and \"b\" can never be the same value" },
        { HEAD "  a: { type: integer, is: a }\n  b: { type: integer, derive: years_since, from: a }\n",
          "6:50", "\"a\" is no date" },
        { HEAD
          "  a: { type: integer, is: a }\n  b: { type: integer, table: gauge_scales, by: a, column: min }\n",
          "6:3", "\"a\" is no string" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct lens_style style = { 0 };
        struct lens_tables *tables;
        struct lens *lens;
        struct err err = { 0 };
        assert_int_equal(lens_tables_load(&tables, arena, SOURCE_DIR "/mappings/tables", &err), 0);
        struct str expected = arena_printf(arena, "map.yaml:%s: %s", cases[i].at, cases[i].what);

        CHECK(lens_parse(&lens, arena, str_from(cases[i].text), "map.yaml", &style, tables, &err) == -1,
              "case %zu", i);
        CHECK(str_starts(str_from(err.detail), expected), "case %zu: %s\nexpected " STR_FMT, i, err.detail,
              STR_ARG(expected));
        arena_free(&arena);
    }
}

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
        kit_done(&left);
        kit_done(&right);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_tells_the_type),
        cmocka_unit_test(an_update_is_not_told),
        cmocka_unit_test(faults_have_their_place),
        cmocka_unit_test(two_mappings_must_meet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
