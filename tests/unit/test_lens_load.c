/* Faults in mapping files: each with its exact place. */
#include "test_lens_kit.h"

#define HEAD       "dialect: d\nresource: r\nentity: e\n"
#define ONE(field) HEAD "fields:\n  a: " field "\n"
#define READING(row) "{ type: reading, is: a, reads: [{ where: { s: x }, at: c, " row " }] }"

static const struct kit_bad bad[] = {
    { "", "1:1", "`dialect:` is missing" },
    { "resource: r\nentity: e\nfields: {}\n", "1:1", "`dialect:` is missing" },
    { "dialect: d\nresource: r\nfields: {}\n", "1:1", "`entity:` is missing" },
    { HEAD, "1:1", "`fields:` is missing" },
    { HEAD "fields: {}\nwrap: x\n", "5:1", "unknown key \"wrap\"" },
    { HEAD "feilds: {}\n", "4:1",
      "unknown key \"feilds\", expected one of: dialect, resource, entity, fields, set, rest, examples, unknown, rules; did you mean 'fields'?" },
    { ONE("{ typ: string, is: a }"), "5:13",
      "\"typ\" is not a member, expected `type:` beside it if it is a field's key, else a map; did you mean 'type'?" },
    { ONE("{ type: dattime, is: a }"), "5:14", "\"dattime\" is not a type, expected one of string, integer, number, decimal, boolean, "
      "date, datetime, email, uuid, object, array, map, any, id, link, quantity, lines, pick, entries, list, digits, reading, version; "
      "did you mean 'datetime'?" },
    { HEAD "fields: [a]\n", "4:9", "found a list, expected a map" },
    { ONE("x"), "5:6", "\"a\" is not a member, expected `type:` beside it if it is a field's key, else a map" },
    { ONE("{ type: txt, is: a }"), "5:14", "\"txt\" is not a type" },
    { ONE("{ type: string, is: a, requird: create }"), "5:29",
      "unknown key \"requird\", expected one of docs/mapping.md; did you mean 'required'?" },
    { ONE("{ type: string, is: a, required: maybe }"), "5:39",
      "found \"maybe\", expected create, update or always" },
    { ONE("{ type: string, is: a, read_only: always }"), "5:40",
      "found \"always\", expected true, create or update" },
    { ONE("{ type: string, is: a, blank: keep }"), "5:36", "found \"keep\", expected refuse" },
    { ONE("{ type: integer, is: a, blank: refuse }"), "5:30", "`blank:` does not go with type integer" },
    { ONE("{ type: string, is: a, kind: patient }"), "5:29", "`kind:` does not go with type string" },
    { ONE("{ type: boolean, is: a, min_length: 1 }"), "5:30", "`min_length:` does not go with type boolean" },
    { ONE("{ type: string, is: a, min_length: -1 }"), "5:41", "found \"-1\", expected a whole number" },
    { ONE("{ type: integer, is: a, min: x }"), "5:35", "\"x\" is not a value of the field's type" },
    { ONE("{ type: string, is: a, const: b }"), "5:29", "`const:` stands beside `is:`" },
    { ONE("{ type: string, is: a, keep: true }"), "5:29", "`keep:` stands beside `is:`" },
    { ONE("{ type: string, keep: false }"), "5:28", "found \"false\", expected true" },
    { ONE("{ type: string, is: a..b }"), "5:26", "\"a..b\" is not a canonical path" },
    { ONE("{ type: string, is: a. }"), "5:26", "\"a.\" is not a canonical path" },
    { ONE("{ type: string, is: . }"), "5:26", "\".\" is the element of a list" },
    { ONE("{ type: string, is: [a, b] }"), "5:26", "found a list, expected text" },
    { ONE("{ type: quantity, is: a }"), "5:28", "a quantity goes to two members" },
    { ONE("{ type: quantity }"), "5:3", "type quantity lacks `is:`" },
    { ONE("{ type: string, is: x }\n  b: { type: string, is: x }"), "6:6",
      "\"x\" is written by \"a\" already" },
    { ONE("{ type: object, is: x }\n  b: { type: string, is: x.y }"), "6:26", "\"x\" is mapped as a whole" },
    { ONE("{ type: string, is: x.y }\n  b: { type: object, is: x }"), "6:26", "\"x\" is mapped in parts" },
    { ONE("{ type: string, is: a, enum: [x, x] }"), "5:39", "\"x\" stands twice" },
    { ONE("{ type: string, is: a, enum: { x: p, y: p } }"), "5:46", "canonical \"p\" stands twice" },
    { ONE("{ type: date, const: 2024-02-30 }"), "5:27", "\"2024-02-30\" is not a valid date, expected a value of the field's type" },
    { ONE("{ type: uuid, is: a, default: x }"), "5:36", "\"x\" is not a valid uuid, expected a value of" },
    { ONE("{ type: datetime, is: a, default: \"2024-02-30T00:00:00Z\" }"), "5:40", "\"2024-02-30T00:00:00Z\" is not a valid datetime" },
    { ONE("{ type: integer, const: five }"), "5:30", "\"five\" is not a value of the field's type" },
    { ONE("{ type: boolean, const: [true] }"), "5:30", "[true] is not a valid boolean" },
    { ONE("{ type: date, const: 2024-02-29, accept: [2024-02-28, 29-02-2024] }"), "5:60", "\"29-02-2024\" is not a valid date" },
    { ONE("{ type: object, is: a, default: [5] }"), "5:38", "[5] is not a valid object, expected a value of" },
    { ONE("{ type: array, is: a, default: x }"), "5:37", "\"x\" is not a valid array" },
    { ONE("{ type: string, is: a, enum: [x, y], default: z }"), "5:52", "\"z\" is not a canonical value of the enum" },
    { ONE("{ type: string, is: a, enum: { x: u }, default: x }"), "5:54", "\"x\" is not a canonical value of the enum" },
    { ONE("{ type: boolean, is: a, enum: { true: on, false: off }, default: true }"), "5:71", "true is not a canonical value of the enum" },
    { ONE("{ type: list, is: a, param: p, fields: { i: { type: id, is: b.c, kind: k } } }"), "5:34",
      "the id is \"b/c\" of an element, expected a member of it" },
    { ONE("{ type: string, is: a, enum: x }"), "5:35", "an enum lists values" },
    { ONE("{ type: string, is: a, enum: [] }"), "5:35", "an enum lists values" },
    { ONE("{ type: boolean, is: a, enum: { yes: p } }"), "5:43", "\"yes\" is not a value of the field's type" },
    { ONE("{ type: string, is: a, otherwise: same }"), "5:29", "`otherwise:` stands alone" },
    { ONE("{ type: string, keep: true, otherwise: same }"), "5:45", "`same` is a canonical value" },
    { ONE("{ type: string, is: a, otherwise_put: same }"), "5:29", "`otherwise_put:` stands alone" },
    { ONE("{ type: string, else: [b], keep: true }"), "5:22", "`else:` stands alone" },
    { ONE("{ type: string, is: a, else: b }"), "5:35", "`else:` lists other paths" },
    { ONE("{ type: string, is: a, else: [] }"), "5:35", "`else:` lists other paths" },
    { ONE("{ type: array, is: a, else: [b] }"), "5:28", "`else:` does not go with type array" },
    { ONE("{ type: string, is: a, found_by: p }"), "5:29", "`found_by:` does not go with type string" },
    { ONE("{ type: entries, is: a, name: s, value: v, found_by: p }\nrest: m.d"), "5:59", "nothing is kept" },
    { ONE("{ type: entries, is: a, name: s, value: v, found_by: p }\n"
          "  b: { type: entries, is: b, name: s, value: v, found_by: q }"),
      "6:59", "\"a\" has one already" },
    { ONE("{ type: string, is: a, tells: { x: p } }"), "5:36", "`tells:` has one path" },
    { ONE("{ type: string, is: a, tells: { x: [p] } }"), "5:36", "`tells:` has one path" },
    { ONE("{ type: string, is: a, tells: { x: [p, q] } }\n  b: { type: string, is: x }"), "6:6",
      "\"x\" is written by `tells:` already" },
    { ONE("{ type: string, is: x }\n  b: { type: string, is: a, tells: { x: [p, q] } }"), "6:36",
      "\"x\" is written by another field" },
    { ONE("{ type: string, is: a, cut: last }"), "5:29", "`cut:` stands alone" },
    { ONE("{ type: string, is: x, split: \" \", part: 1, cut: first }"), "5:55",
      "found \"first\", expected last" },
    { ONE("{ type: string, is: x, split: \" \", part: 1, cut: last }\n"
          "  b: { type: string, is: x, split: \" \", part: 2, cut: last }"),
      "5:3", "`cut: last` is for showing only" },
    { ONE("{ type: string, is: x, split: \" \", part: 1, cut: last, read_only: true }\n"
          "  b: { type: string, is: x, split: \" \", part: 2, read_only: true }"),
      "6:3", "the parts are cut in two ways" },
    { ONE("{ type: string, is: x, split: \"/\", part: 1, read_only: true }\n"
          "  b: { type: string, is: x, split: \" \", part: 2, read_only: true }"),
      "6:36", "the parts are cut in two ways" },
    { ONE("{ type: string, is: a, also: { x: p } }"), "5:29", "`also:` adds words to an enum" },
    { ONE("{ type: string, is: a, also: { x: p }, enum: [y] }"), "5:29", "`also:` adds words to an enum" },
    { ONE("{ type: string, is: a, enum: [x], also: [y] }"), "5:46", "found a list, expected a map" },
    { ONE("{ type: string, is: a, enum: [x], also: { } }"), "5:46", "`also:` lists values" },
    { ONE("{ type: string, is: a, enum: [x], also: { x: p } }"), "5:48", "\"x\" stands twice" },
    { ONE("{ type: string, keep: true, enum: [x], also: { y: p } }"), "5:45", "`also:` stands alone" },
    { ONE("{ type: boolean, is: a, enum: { true: x }, also: { false: x } }"), "5:49",
      "`also:` does not go with type boolean" },
    { ONE("{ type: integer, table: none, by: x, column: c }"), "5:30", "there is no table \"none\"" },
    { ONE("{ type: integer, table: gauge_scales, by: x, column: c }"), "5:59",
      "the table has no column \"c\"" },
    { ONE("{ type: integer, table: gauge_scales }"), "5:23", "`table:` is not complete" },
    { ONE("{ type: integer, by: x }"), "5:23", "`by:` stands alone" },
    { ONE("{ type: integer, derive: years_since }"), "5:23", "`derive:` stands alone" },
    { ONE("{ type: integer, derive: months, from: x }"), "5:31", "nothing is derived so" },
    { ONE("{ type: string, is: a, when: { x: y } }"), "5:37", "\"x\" is written by no other field" },
    { ONE("{ type: string, is: a, when: { x: y, z: y } }"), "5:35", "`when:` has one condition" },
    { ONE("{ type: string, is: a, unless: b }"), "5:37", "\"b\" is not a field before this one" },
    { ONE("{ type: string, is: a, unless: b }\n  b: { type: string, is: b }"), "5:37",
      "\"b\" is not a field before" },
    { ONE("{ type: string, is: a, split: / }"), "5:29", "`split:` stands alone" },
    { ONE("{ type: string, is: a, split: /, part: 1 }"), "5:36", "the parts are not complete" },
    { ONE("{ type: string, is: a, split: /, part: 0 }"), "5:45", "found \"0\", expected a whole number" },
    { ONE("{ type: id, is: a }"), "5:3", "type id lacks `kind:`" },
    { ONE("{ type: id, is: a, kind: k, as: number }"), "5:38", "found \"number\", expected integer" },
    { ONE("{ type: version, is: a }"), "5:23", "`is:` does not go with type version" },
    { ONE("{ type: version, keep: true }"), "5:23", "`keep:` does not go with type version" },
    { ONE("{ type: link, to: /x }"), "5:24", "the link names no field" },
    { ONE("{ type: link, to: \"/x/{id}\" }"), "5:24", "\"id\" is not a field at the top" },
    { ONE("{ type: entries, is: a, name: n }"), "5:3", "type entries lacks `value:`" },
    { ONE("{ type: lines, is: a, join: \"\" }"), "5:34", "lines without text between them" },
    { ONE("{ type: string, is: a, loss: \"\" }"), "5:35", "a loss without a reason, expected loss:" },
    { ONE("{ type: string, is: a, form: [] }"), "5:35", "no value has this form, expected a list such as" },
    { ONE("{ type: string, is: a, min_length: 5, max_length: 2 }"), "5:56", "this is less than `min_length:`, expected at least that" },
    { ONE("{ type: string, is: x, split: /, part: 1 }\n  b: { type: string, is: x, split: /, part: 2, read_only: true }"),
      "6:3", "nothing writes the other parts of \"x\", expected read_only: of all or of none" },
    { ONE("{ type: lines, is: a }"), "5:3", "type lines lacks `join:`" },
    { ONE("{ type: pick }"), "5:3", "type pick lacks `fields:`" },
    { ONE("{ type: pick, fields: { b: { type: string, keep: true } } }"), "5:30",
      "a pick's elements have plain fields" },
    { ONE("{ type: pick, fields: { b: { type: pick, fields: {} } } }"), "5:47",
      "a pick stands inside a pick" },
    { ONE("{ type: list, is: a, fields: { b: { type: string, is: . }, c: { type: string, is: x } } }"),
      "5:88", "\".\" is mapped as a whole" },
    { ONE("{ type: string, is: a, equals: $now }"), "5:37", "\"$now\" is not a value of the context" },
    { ONE("{ type: string, is: a, lookup: x }"), "5:29", "`lookup:` does not go with type string" },
    { ONE("{ type: string, is: a, absent: empty }"), "5:37", "a string is never empty" },
    { ONE("{ type: string, is: a, null: keep }"), "5:35", "found \"keep\", expected refuse, absent or ignore" },
    { ONE("{ type: reading, is: a }"), "5:3", "type reading lacks `reads:`" },
    { ONE("{ type: reading, is: a, reads: {} }"), "5:37", "found a map, expected a list" },
    { ONE("{ type: reading, is: a, reads: [] }"), "5:37", "`reads:` is empty" },
    { ONE("{ type: reading, is: a, reads: [{ at: c }] }"), "5:38", "the reading is not complete" },
    { ONE(READING("make: { c: x }")), "5:70", "`make:` has no $value" },
    { ONE(READING("make: $value")), "5:70", "`make:` has no $value" },
    { ONE(READING("make: { c: $value, d: $value }")), "5:70", "`make:` has $value twice" },
    { ONE(READING("make: { c: $value }, words: { table: t }")), "5:92", "`words:` is not complete" },
    { ONE(READING("make: { c: $value }, words: { table: none, column: c }")), "5:101", "there is no table \"none\"" },
    { ONE(READING("make: { c: $value }, number: true, form: [\"#\"]")), "5:38", "a value is read in two ways" },
    { ONE(READING("make: { c: $value }, numbr: true")), "5:85", "unknown key" },
    { ONE("{ type: string, is: a, reads: [] }"), "5:29", "`reads:` does not go with type string" },
    { ONE("{ type: list, is: a, bare: y, fields: { x: { type: string, is: . } } }"), "5:33",
      "\"y\" does not stand for an element" },
    { ONE("{ type: list, is: a, bare: x, fields: { x: { type: string, is: x }, y: { type: string, is: y } } }"), "5:33",
      "\"x\" does not stand for an element" },
    { ONE("{ type: digits }"), "5:3", "type digits lacks `is:`" },
    { ONE("{ type: string, is: a, with: b }"), "5:35", "\"b\" is not a field before this one" },
    { ONE("{ type: string, is: a, unless: [] }"), "5:37", "`unless:` names 0 members" },
    { ONE("{ type: string, is: a, unless: [b/c] }"), "5:38", "\"b/c\" is not a field before this one" },
    { ONE("{ type: string, is: a, prefix: P }"), "5:29", "`prefix:` does not go with type string" },
    { ONE("{ type: lines, is: a, join: x, pieces: cut }"), "5:45", "found \"cut\", expected keep" },
    { ONE("{ type: entries, is: a, name: n, value: v, lacking: drop }"), "5:58", "found \"drop\", expected keep" },
    { ONE("{ type: boolean, is: a, starts: maybe }"), "5:38", "\"maybe\" is not a value of the field's type" },
    { ONE("{ type: boolean, keep: true, starts: true }"), "5:35", "`starts:` stands alone, expected `is:`" },
    { ONE("{ type: string, is: a }") "unknown: keep\n", "6:10", "unknown word, expected refuse" },
    { ONE("{ type: string, is: a, of: { type: string } }"), "5:29", "`of:` does not go with type string" },
    { ONE("{ type: array, is: a, of: { min: 1 } }"), "5:32", "elements without a type" },
    { ONE("{ type: array, is: a, of: { type: array } }"), "5:40", "elements of type array" },
    { ONE("{ type: array, is: a, of: { type: string, is: b } }"), "5:48", "unknown key \"is\"" },
    { ONE("{ type: any, is: a, of: [number, word] }"), "5:39", "\"word\" is not a JSON type" },
    { ONE("{ type: string, is: a, form: x }"), "5:35", "found \"x\"" },
    { ONE("{ type: string, is: a, absent: none }"), "5:37", "found \"none\", expected omit, null or empty" },
    { ONE("{ type: string, is: a }") "set: { a: $today }\n", "6:11",
      "\"$today\" is not a value of the context" },
    { ONE("{ type: string, is: a.b }") "set: { a: 1 }\n", "6:11", "\"a\" is mapped in parts" },
    { ONE("{ type: string, is: a }") "rest: drop\n", "6:7", "\"drop\" is not a place for the rest" },
    { ONE("{ type: string, keep: true }") "rest: refuse\n", "6:7", "\"a\" is kept in the rest" },
    { ONE("{ type: string, is: m.d }") "rest: m.d\n", "6:7", "\"m.d\" is written by \"a\" already" },
    { ONE("{ type: string, is: a }") "examples:\n  - { dialect: {} }\n", "7:5",
      "the example is not complete" },
    { ONE("{ type: string, is: a }") "examples:\n  - { dialect: {}, canonical: {}, mod: x }\n", "7:35",
      "unknown key \"mod\"" },
};

static void bad_files_are_refused_with_their_place(void **state)
{
    (void)state;
    kit_refuses(bad, COUNT(bad));
}

/* Fields, members of picks and each of `picks:` count alike: one more than there is room for is refused. */
static void fields_are_bounded(void **state)
{
    static const struct {
        unsigned count; /* of fields before the last line */
        const char *last, *fault;
    } cases[] = {
        { 1023, "  x: { type: string, is: x }\n", NULL },
        { 1024, "  x: { type: string, is: x }\n", "map.yaml:1029:3: too many fields" },
        { 1022, "  x: { type: pick, fields: { v: { type: string, is: x } } }\n", NULL },
        { 1023, "  x: { type: pick, fields: { v: { type: string, is: x } } }\n", "map.yaml:1028:30: too many fields" },
        { 1022, "  x: { type: pick, picks: [{ where: { n: 1 }, fields: {} }] }\n", NULL },
        { 1023, "  x: { type: pick, picks: [{ where: { n: 1 }, fields: {} }] }\n",
          "map.yaml:1028:28: too many fields" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct buf text = buf_in(arena, 1 << 20);
        struct lens_style style = { 0 };
        struct err err = { 0 };
        struct lens *lens;

        buf_add(&text, STR(HEAD "fields:\n"));
        for (unsigned k = 0; k < cases[i].count; k++)
            buf_printf(&text, "  f%u: { type: string, is: f%u }\n", k, k);
        buf_add(&text, str_from(cases[i].last));
        int rc = lens_parse(&lens, arena, buf_str(&text), "map.yaml", &style, NULL, &err);
        CHECK((rc == 0) == !cases[i].fault, "case %zu: %s", i, err.detail);
        CHECK(!cases[i].fault || str_starts(str_from(err.detail), str_from(cases[i].fault)), "case %zu: %s", i,
              err.detail);
        arena_free(&arena);
    }
}

static const char *const good[] = {
    HEAD "fields: {}\n",
    ONE("{ type: string, is: a, example: x }"),
    /* A member that is itself called "type". */
    ONE("{ type: { type: string, is: a } }"),
    /* Parts, alternatives and variants may share a path; what is only read may always. */
    ONE("{ type: string, is: x, split: /, part: 2 }\n  b: { type: string, is: x, split: /, part: 1 }"),
    ONE("{ type: string, is: x }\n  b: { type: string, is: x, read_only: true }"),
    ONE("{ type: string, is: x }\n  b: { type: string, is: x, unless: a }"),
    ONE("{ type: string, is: k }\n  b: { type: string, is: x, when: { k: p } }\n  c: { type: date, is: x, "
        "when: { k: q } }"),
    ONE("{ type: string, is: a }") "rest: metadata.d\n",
};

static void good_files_load(void **state)
{
    struct lens_style style = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct err err = { 0 };
        struct lens *lens;
        CHECK(lens_parse(&lens, arena, str_from(good[i]), "map.yaml", &style, NULL, &err) == 0,
              "case %zu: %s", i, err.detail);
        assert_true(str_is(lens_dialect(lens), "d") && str_is(lens_resource(lens), "r") &&
                    str_is(lens_entity(lens), "e"));
        arena_free(&arena);
    }
}

/* Of few samples that fit, one is found for every document. */
static void generated_values_are_of_the_kinds_allowed(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct buf report = buf_in(arena, 1 << 20);
    struct lens_style style = { 0 };
    struct err err = { 0 };
    struct lens *lens;
    struct str text = STR(ONE("{ type: any, is: a, of: [string], required: create }"));

    (void)state;
    CHECK(lens_parse(&lens, arena, text, "map.yaml", &style, NULL, &err) == 0, "%s", err.detail);
    CHECK(lens_test(lens, 1, 1000, &report) == 0, "%.*s", (int)report.len, report.ptr);
    arena_free(&arena);
}

static void a_file_that_is_not_there_is_named(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct lens_style style = { 0 };
    struct err err = { 0 };
    struct lens *lens;

    (void)state;
    CHECK(lens_load(&lens, arena, "/nowhere/x.yaml", &style, NULL, &err) == -1, "loaded");
    CHECK(strstr(err.detail, "/nowhere/x.yaml"), "%s", err.detail);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_files_are_refused_with_their_place),
        cmocka_unit_test(fields_are_bounded),
        cmocka_unit_test(good_files_load),
        cmocka_unit_test(generated_values_are_of_the_kinds_allowed),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
