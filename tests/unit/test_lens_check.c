/* What is wrong with a mapping although every line of it can be read. */
#include "test_lens_kit.h"

#define FIELDS "dialect: d\nresource: r\nentity: e\nfields:\n"

static const struct kit_bad bad[] = {
    { FIELDS "  a: { type: string }\n", "5:3", "no rule takes \"a\"" },
    { FIELDS "  a: { type: string, is: a, required: create, default: x }\n", "5:47",
      "nothing reaches this default" },
    { FIELDS "  a: { type: string, is: a, enum: [x] }\n  b: { type: string, is: b, when: { a: y } }\n",
      "6:35", "nothing reaches this rule: \"a\" is never \"y\"" },
    { FIELDS "  a: { type: string, is: a, required: always }\nset: { a: x }\n", "6:8",
      "nothing reaches this value" },
    { FIELDS "  a: { type: integer, is: a }\nset: { a: x }\n", "6:11", "\"a\" is of another type" },
    { FIELDS "  a: { type: date, is: a }\n  b: { type: datetime, is: a, read_only: true }\n", "6:3",
      "\"a\" and \"b\" can never be the same value" },
    { FIELDS "  a: { type: integer, is: a }\n  b: { type: integer, derive: years_since, from: a }\n", "6:50",
      "\"a\" is not a date" },
    { FIELDS
      "  a: { type: integer, is: a }\n  b: { type: integer, table: gauge_scales, by: a, column: min }\n",
      "6:3", "\"a\" is not a string" },
    { FIELDS "  a: { type: integer, is: a, min: 5, max: 3 }\n", "5:43", "no value lies between 5 and 3" },
    { FIELDS "  a: { type: decimal, is: a, min: \"5\", max: \"3\" }\n", "5:45",
      "no value lies between 5 and 3" },
    { FIELDS "  a: { type: array, is: a, of: { type: integer, min: 5, max: 3 } }\n", "5:62",
      "no value lies between 5 and 3" },
    { FIELDS "  a: { type: array, is: a, of: { type: string, min_length: 5, max_length: 3 } }\n", "5:75",
      "this is less than `min_length:`" },
    { FIELDS "  a: { type: integer, is: a, min: 5, default: 3 }\n", "5:47",
      "3 is outside `min:` and `max:`" },
    { FIELDS "  a: { type: string, is: a, max_length: 2, default: abcd }\n", "5:53",
      "\"abcd\" is outside `min_length:` and `max_length:`" },
    { FIELDS "  a: { type: string, is: a, form: ['##'], default: abcd }\n", "5:52",
      "\"abcd\" is not a valid text like ##" },
    { FIELDS "  a: { type: integer, const: 3, min: 5 }\n", "5:30", "3 is outside `min:` and `max:`" },
    { FIELDS "  a: { type: integer, is: a, enum: [1, 2], min: 5 }\n", "5:37",
      "1 is outside `min:` and `max:`" },
    { FIELDS "  a: { type: string, is: a, enum: [abc], max_length: 2 }\n", "5:36",
      "\"abc\" is outside `min_length:` and `max_length:`" },
    { FIELDS "  a: { type: string, is: a, enum: [x, y], starts: z }\n", "5:51",
      "\"z\" is not one of the values of `enum:`" },
    { FIELDS "  a: { type: string, is: a, enum: [x, y], equals: z }\n", "5:51",
      "\"z\" is not one of the values of `enum:`" },
    { FIELDS "  a: { type: string, is: a, starts: x, default: y }\n", "5:40",
      "`default:` stands beside what create takes alone" },
    { FIELDS "  a: { type: string, is: a, equals: x, default: y }\n", "5:40",
      "`default:` stands beside what create takes alone" },
    { FIELDS "  a: { type: string, is: a, read_only: true, required: create }\n", "5:46",
      "nothing reaches `required:` of what is read only" },
    { FIELDS "  a: { type: string, is: a, read_only: true, write_only: true }\n", "5:46",
      "nothing reaches `write_only:` of what is read only" },
    { FIELDS "  a: { type: string, is: a, read_only: true, default: x }\n", "5:46",
      "nothing reaches `default:` of what is read only" },
    { FIELDS "  a: { type: string, is: a, read_only: create, default: x }\n", "5:48",
      "nothing reaches `default:` of what is read only" },
    { FIELDS "  a: { type: string, is: x, tells: { s: [p, q] } }\n"
             "  b: { type: integer, is: s, read_only: true }\n",
      "5:41", "\"b\" can never show \"p\"" },
    { FIELDS "  a: { type: string, is: x, tells: { s: [p, q] } }\n"
             "  b: { type: string, is: s, read_only: true, enum: [u, v] }\n",
      "5:41", "\"b\" can never show \"p\"" },
    { FIELDS "  a: { type: string, is: x }\n"
             "set: { metadata.d: z }\n"
             "rest: metadata.d\n",
      "7:7", "\"metadata.d\" is written by `set:` already" },
    { FIELDS "  l:\n"
             "    type: list\n"
             "    is: l\n"
             "    fields:\n"
             "      a: { type: string, keep: true }\n"
             "rest: refuse\n",
      "10:7", "\"a\" is kept in the rest" },
    { FIELDS "  l:\n"
             "    type: list\n"
             "    is: l\n"
             "    fields:\n"
             "      p: { type: pick, fields: { v: { type: string, is: v } } }\n"
             "rest: refuse\n",
      "10:7", "\"p\" is kept in the rest" },
    { FIELDS "  l:\n"
             "    type: list\n"
             "    is: l\n"
             "    fields:\n"
             "      p: { type: string, is: k, enum: {a: b}, also: {c: b} }\n"
             "rest: refuse\n",
      "10:7", "\"p\" is kept in the rest" },
    { FIELDS "  l: { type: lines, is: l, join: ' ', pieces: keep }\n"
             "rest: refuse\n",
      "6:7", "\"l\" is kept in the rest" },
    { FIELDS "  l:\n"
             "    type: list\n"
             "    is: l\n"
             "    fields:\n"
             "      e: { type: entries, is: e, name: n, value: v, found_by: p }\n",
      "9:63", "an entity is not found by what stands in a list" },
    { FIELDS "  a: { type: string, const: z }\n"
             "  b: { type: string, is: b, with: a }\n",
      "6:35", "\"a\" has no canonical value that get could ask for" },
    { FIELDS "  a: { type: string, const: z }\n"
             "  b: { type: string, is: b, unless: a }\n",
      "6:37", "\"a\" has no canonical value that get could ask for" },
    { FIELDS "  a: { type: string, keep: true }\n"
             "  b: { type: string, is: b, unless: a }\n",
      "6:37", "\"a\" has no canonical value that get could ask for" },
    { FIELDS "  b: { type: string, is: k }\n"
             "  a: { type: integer, table: loinc, by: k, column: code }\n",
      "6:52", "\"2339-0\" is not a valid integer" },
    { FIELDS "  b: { type: string, is: k }\n"
             "  a: { type: string, table: loinc, by: k, column: code, otherwise: [1] }\n",
      "6:68", "[1] is not a valid string" },
    { FIELDS "  a: { type: string, is: a, enum: { x: null } }\n", "5:40", "null is not a canonical value" },
    { FIELDS "  a: { type: string, is: a, enum: { x: 1, y: 1.0 } }\n", "5:46",
      "canonical \"1.0\" stands twice" },
    { FIELDS "  a: { type: number, is: a, enum: [1, 1.0] }\n", "5:39", "\"1.0\" stands twice" },
    { FIELDS "  p:\n"
             "    type: pick\n"
             "    make: { v: 1 }\n"
             "    fields:\n"
             "      v: { type: string, is: v }\n",
      "7:13", "\"v\" is mapped too" },
    { FIELDS "  e: { type: entries, is: e, name: n, value: n }\n", "5:46", "\"n\" is the name already" },
    { FIELDS "  e: { type: entries, is: e, name: n, value: v, skip: { n: x } }\n", "5:55",
      "\"n\" is mapped" },
    { FIELDS "  \"a/b\": { type: string, is: e }\n", "5:3", "\"a/b\" cannot be named" },
    { FIELDS "  \"a~b\": { type: string, is: e }\n", "5:3", "\"a~b\" cannot be named" },
    { FIELDS "  \"\": { type: string, is: e }\n", "5:3", "\"\" cannot be named" },
    { FIELDS "  a: { type: integer, is: a, example: word }\n", "5:39",
      "\"word\" is not a value of the field's type" },
    { FIELDS "  k: { type: string, is: k }\n"
             "  a: { type: string, is: x, split: '/', part: 1, when: { k: p } }\n"
             "  b: { type: string, is: x, split: '/', part: 2, when: { k: q } }\n",
      "7:3", "the parts of \"x\" apply apart" },
    { FIELDS "  a: { type: string, is: x, enum: [p, q] }\n"
             "  b: { type: boolean, is: y }\n"
             "rules:\n"
             " - { where: { a: p }, equals: { b: true } }\n"
             " - { where: { a: p }, equals: { b: false } }\n",
      "9:4", "no document can obey: two values are demanded of \"b\"" },
    { FIELDS "  a: { type: string, is: x, enum: [p, q] }\n"
             "rules:\n"
             " - { where: { a: p }, equals: { a: q } }\n",
      "7:4", "no document can obey: two values are demanded of \"a\"" },
    { FIELDS "  a: { type: string, is: x, enum: [p, q] }\n"
             "  b: { type: boolean, is: y }\n"
             "rules:\n"
             " - { where: { a: p }, equals: { b: true }, absent: [b] }\n",
      "8:4", "no document can obey: two values are demanded of \"b\"" },
    { FIELDS "  a: { type: string, keep: true, loss: 'because' }\n", "5:34",
      "`loss:` stands beside `keep:`" },
    { FIELDS "  a: { type: id, is: a, kind: p, as: integer, prefix: P/ }\n", "5:47",
      "a number has no text before it" },
    { FIELDS "  a: { type: string, is: a, param: p }\n"
             "  b: { type: string, is: b, param: p }\n",
      "6:36", "\"p\" is the parameter of \"a\" already" },
    { FIELDS "  a: { type: string, is: a }\n"
             "examples:\n"
             " - { dialect: {}, canonical: {}, mode: updat }\n",
      "7:40", "unknown word" },
    { FIELDS "  a: { type: string, is: a }\n"
             "examples:\n"
             " - { dialect: {}, canonical: {}, only: puts }\n",
      "7:40", "unknown word" },
    { FIELDS "  a: { type: string, is: a }\n"
             "examples:\n"
             " - { dialect: [], canonical: {} }\n",
      "7:15", "found a list" },
    { FIELDS "  a: { type: string, is: a }\n"
             "examples:\n"
             " - { dialect: x, canonical: {} }\n",
      "7:15", "found \"x\"" },
    { FIELDS "  a: { type: string, is: a, else: [a] }\n", "5:36",
      "nothing reaches this path: it is the field's own" },
    { FIELDS "  b: { type: integer, is: b }\n"
             "  a: { type: date, is: a, else: [b] }\n",
      "6:34", "\"b\" is of another type" },
    { FIELDS "  a: { type: string, is: a, required: create, max_length: 0 }\n", "5:59",
      "a required value is never empty" },
    { FIELDS "  a: { type: array, is: a, of: { type: string, enum: { p: q } } }\n", "5:54",
      "values inside are not translated" },
    { FIELDS "  a: { type: id, is: a, kind: p }\n"
             "  b: { type: id, is: a, kind: q, read_only: true }\n",
      "6:3", "\"a\" and \"b\" can never be the same value at \"a\"" },
    { FIELDS "  a: { type: string, is: a, enum: [x], also: { y: null } }\n", "5:51",
      "null is not a canonical value" },
    { FIELDS "  a: { type: datetime, is: a, default: \"2024-01-01T10:00:00+01:00\" }\n", "5:40",
      "\"2024-01-01T10:00:00+01:00\" is written as it stands" },
    { FIELDS "  a: { type: string, is: a, read_only: update, required: always }\n", "5:48",
      "nothing reaches `required:` of what is read only" },
    { FIELDS
      "  k: { type: string, is: k }\n"
      "  a: { type: integer, keep: true, otherwise: { table: gauge_scales, by: k, column: min, as: x } }\n",
      "6:93", "\"x\" is not a valid integer" },
    { FIELDS "  a: { type: string, is: x, enum: [p, q] }\n"
             "  b: { type: boolean, is: y }\n"
             "  c: { type: boolean, is: z }\n"
             "rules:\n"
             "  - { where: { a: p }, equals: { b: true } }\n"
             "  - { where: { a: p, c: true }, absent: [b] }\n",
      "10:5", "no document can obey: two values are demanded of \"b\"" },
    { FIELDS "  a: { type: string, keep: true }\n"
             "  b: { type: string, is: b, with: a }\n",
      "6:35", "\"a\" has no canonical value that get could ask for" },
    { FIELDS "  a: { type: string, keep: true }\n"
             "examples:\n"
             "  - { dialect: {}, canonical: {}, rest: [] }\n",
      "7:41", "found a list" },
    { FIELDS "  a: { type: string, is: a }\n  b: { type: string, is: b, when: { a: null } }\n", "6:35",
      "nothing reaches this rule: \"a\" is never null" },
    { FIELDS "  a: { type: integer, is: a }\nset: { a: $now }\n", "6:11", "\"a\" is of another type" },
    { FIELDS "  a: { type: date, is: a }\nset: { a: $now }\n", "6:11", "\"a\" is of another type" },
    { FIELDS "  a: { type: boolean, is: a }\nset: { a: $brand }\n", "6:11", "\"a\" is of another type" },
    { FIELDS "  a: { type: id, is: a, kind: k }\n  b: { type: boolean, is: a, read_only: true }\n", "6:3",
      "\"a\" and \"b\" can never be the same value" },
    { FIELDS "  a: { type: string, is: a, tells: { m.d: [p, q] } }\nrest: m.d\n", "5:3",
      "\"a\" speaks of \"m.d\", where the rest is kept" },
    { FIELDS "  a: { type: object, is: m.d, read_only: true }\nrest: m.d\n", "5:3",
      "\"a\" speaks of \"m.d\", where the rest is kept" },
    { FIELDS "  a: { type: string, is: a, else: [m.d] }\nrest: m.d\n", "5:3",
      "\"a\" speaks of \"m.d\", where the rest is kept" },
    { FIELDS "  a: { type: string, table: loinc, by: m.d, column: code }\nrest: m.d\n", "5:3",
      "\"a\" speaks of \"m.d\", where the rest is kept" },
    { FIELDS "  a: { type: string, is: a, min_length: 1048577 }\n", "5:41", "no document has a value of this length" },
    { FIELDS "  a: { type: string, is: a, enum: [p, q] }\nset: { a: z }\n", "6:11", "\"a\" can never show \"z\"" },
    { FIELDS "  a: { type: string, is: a, equals: null }\n", "5:37", "no value equals null" },
    { FIELDS "  a: { type: decimal, is: a, min: abc }\n", "5:35", "this is not a number" },
    { FIELDS "  a: { type: decimal, is: a, min: \"1\", max: \"\" }\n", "5:45", "this is not a number" },
    { FIELDS "  a: { type: integer, is: a, max: [1] }\n", "5:35", "this is not a number" },
    { FIELDS "  a: { type: number, is: a, min: null }\n", "5:34", "this is not a number" },
    { FIELDS "  a: { type: array, is: a, of: { type: decimal, max: x } }\n", "5:54", "this is not a number" },
    { FIELDS "  a: { type: array, const: [1], accept: [x] }\n", "5:42", "\"x\" is not a valid array" },
    { FIELDS "  a: { type: object, is: a, kind: k, lookup: l, default: { x: 1 } }\n", "5:49",
      "`default:` stands beside `lookup:`" },
    { FIELDS "  a: { type: any, is: a, of: [] }\n", "5:30", "a value has at least one JSON type" },
    { FIELDS "  k: { type: string, is: k }\n"
             "  a: { type: string, table: loinc, by: k, column: code, required: create }\n",
      "6:57", "nothing reaches `required:` of what is read only" },
    { FIELDS "  k: { type: string, is: k }\n"
             "  a: { type: string, table: loinc, by: k, column: code, write_only: true }\n",
      "6:57", "nothing reaches `write_only:` of what is read only" },
    { FIELDS "  a: { type: string, loss: because, blank: refuse }\n", "5:37",
      "nothing reaches `blank:` of what is read only" },
    { FIELDS "  k: { type: string, is: k }\n"
             "  a: { type: string, is: a, param: p, when: { k: x } }\n"
             "  b: { type: string, is: b, param: p, when: { k: x } }\n",
      "7:36", "\"p\" is the parameter of \"a\" already" },
    { FIELDS "  k: { type: string, is: k }\n"
             "  a: { type: string, is: a, param: p }\n"
             "  b: { type: string, is: b, param: p, unless: k }\n",
      "7:36", "\"p\" is the parameter of \"a\" already" },
    { FIELDS "  a: { type: object, is: x, kind: p, param: p, lookup: l }\n"
             "  b: { type: id, is: y, kind: p, param: p }\n",
      "6:41", "\"p\" is the parameter of \"a\" already" },
    /* A number may be written in several ways. */
    { FIELDS "  n: { type: number, is: n }\n"
             "  a: { type: string, is: x, when: { n: 1 } }\n"
             "  b: { type: string, is: x, when: { n: 1.0 } }\n",
      "7:6", "\"x\" is written by \"a\" already" },
    { FIELDS "  n: { type: number, is: n }\n"
             "  a: { type: string, is: x, split: '/', part: 1, when: { n: 1 } }\n"
             "  b: { type: string, is: x, split: '/', part: 2, when: { n: 2 } }\n",
      "7:3", "the parts of \"x\" apply apart" },
};

static void what_says_nothing_is_refused(void **state)
{
    (void)state;
    kit_refuses(bad, COUNT(bad));
}

/* Beside each of the refused ones: what it might be taken for. */
static void what_says_something_is_not(void **state)
{
    static const char *const good[] = {
        "  a: { type: boolean, is: a, enum: { true: on, false: off }, default: on }\n",
        "  a: { type: integer, is: a, min: 5, max: 5, default: 5 }\n",
        "  a: { type: decimal, is: a, min: \"-0\", max: \"0.0\" }\n",
        "  a: { type: string, is: a, required: create, read_only: update }\n",
        "  a: { type: array, is: a, required: create, empty: allow, max_length: 0 }\n",
        "  a: { type: string, is: a, else: [b], otherwise: x, enum: [y] }\n",
        "  a: { type: string, is: x, tells: { s: [p, q] } }\n"
        "  b: { type: boolean, is: s, read_only: true, enum: { true: p }, otherwise: false }\n",
        "  a: { type: object, is: a, kind: p, param: p, lookup: l }\n  b: { type: id, is: a, kind: p, param: "
        "p }\n",
        "  a: { type: string, is: x, enum: [p, q] }\n  b: { type: boolean, is: y }\n"
        "rules:\n  - { where: { a: p }, equals: { b: true } }\n  - { where: { a: q }, equals: { b: false } "
        "}\n",
        "  a: { type: string, is: a, read_only: true, enum: [x], example: x }\n",
        "  a: { type: string, is: a, read_only: true, equals: $brand }\n",
        "  a: { type: boolean, is: a, enum: { true: p }, otherwise: false }\nset: { a: z }\n",
        "  a: { type: string, is: a, enum: [p, q] }\nset: { a: null }\n",
        "  a: { type: string, is: a, enum: { p: q }, also: { x: z } }\nset: { a: z }\n",
        "  a: { type: any, const: 1, accept: [[1], x, { y: z }] }\n",
        "  a: { type: string, loss: because, write_only: true }\n",
        "  k: { type: string, is: k }\n  a: { type: string, is: a, param: p, when: { k: x } }\n"
        "  b: { type: string, is: b, param: p, when: { k: y } }\n",
        "  a: { type: string, is: a, param: p }\n  b: { type: string, is: b, param: p, unless: a }\n",
        "  a: { type: quantity, is: [n, t], required: create }\nset: { t: x }\n",
        "  a: { type: email, is: a, required: create, invalid: keep }\nset: { a: x@y.example }\n",
        "  a: { type: datetime, is: a }\n  b: { type: string, is: b }\nset: { a: $now, b: $brand }\n",
        "  n: { type: number, is: n }\n"
        "  a: { type: string, is: x, split: '/', part: 1, when: { n: 1 } }\n"
        "  b: { type: string, is: x, split: '/', part: 2, when: { n: 1.0 } }\n",
        "  a: { type: number, is: x, enum: [1, 2] }\n  b: { type: boolean, is: y }\n"
        "rules:\n  - { where: { a: 1.0 }, equals: { b: true } }\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct str fields = arena_printf(arena, "fields:\n%s", good[i]);
        struct kit kit = kit_of_fields(fields.ptr, (struct lens_style){ 0 });
        kit_done(&kit);
        arena_free(&arena);
    }
}

/* Values without quotes are what the field's type says; where it says nothing, what they look like. */
static void values_have_their_type(void **state)
{
    struct kit kit = kit_of_fields("fields:\n  a: { type: any, keep: true, otherwise: 5 }\n"
                                   "  b: { type: any, const: x, accept: [7, [1]], required: create }\n"
                                   "  c: { type: string, keep: true, otherwise: 5 }\n",
                                   (struct lens_style){ 0 });

    (void)state;
    kit_get(&kit, "{}", NULL);
    CHECK_TEXT(buf_str(&kit.text), "{\"a\":5,\"b\":\"x\",\"c\":\"5\"}", "shown");
    kit_put(&kit, LENS_CREATE, "{\"b\":[1]}", NULL);
    CHECK_TEXT(kit_faults(&kit), "", "a list that is accepted");
    kit_put(&kit, LENS_CREATE, "{\"b\":\"7\"}", NULL);
    CHECK_TEXT(kit_faults(&kit), "b equals x", "a text that is no number");
    kit_done(&kit);
}

/* Each word is looked at for every value. */
static void words_are_bounded(void **state)
{
    (void)state;
    for (unsigned count = 1024; count <= 1025; count++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct buf text = buf_in(arena, 1 << 20);
        struct lens_style style = { 0 };
        struct err err = { 0 };
        struct lens *lens;

        buf_add(&text, STR(FIELDS "  a: { type: integer, is: a, enum: [0"));
        for (unsigned i = 1; i < count; i++)
            buf_printf(&text, ", %u", i);
        buf_add(&text, STR("] }\n"));
        int rc = lens_parse(&lens, arena, buf_str(&text), "map.yaml", &style, NULL, &err);
        CHECK((rc == 0) == (count == 1024), "%u: %s", count, err.detail);
        CHECK(!rc || strstr(err.detail, "map.yaml:5:36: an enum has 1025 values"), "%s", err.detail);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_says_nothing_is_refused),
        cmocka_unit_test(what_says_something_is_not),
        cmocka_unit_test(values_have_their_type),
        cmocka_unit_test(words_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
