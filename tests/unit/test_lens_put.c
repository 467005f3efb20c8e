/* From a dialect's document to the canonical one: values, faults, parameters and ids. */
#include "test_lens_kit.h"

#define FIELDS(text) "fields:\n" text
static const struct lens_style plain = { 0 };
static const struct lens_style strict = { .absent_as_null = true,
                                          .refuse_null_on_create = true,
                                          .read_only = READ_ONLY_REFUSE };

/* One field `a`, the value put gives it, and what comes out: a canonical document, or faults. */
static const struct {
    const char *field, *in, *canonical, *faults;
} values[] = {
    { "{ type: string, is: x.y }", "\"a\\u00e9\"", "{\"x\":{\"y\":\"a\\u00e9\"}}", "" },
    { "{ type: string, is: x }", "\"\"", "{\"x\":\"\"}", "" },
    { "{ type: string, is: x }", "null", "{}", "" },
    { "{ type: string, is: x }", "1", NULL, "a type string" },
    { "{ type: string, is: x, required: create }", "\"\"", NULL, "a blank string" },
    { "{ type: string, is: x, required: create }", "null", NULL, "a blank string" },
    { "{ type: string, is: x, required: create }", "\" \"", "{\"x\":\" \"}", "" },
    { "{ type: string, is: x, required: create }", NULL, NULL, "a blank string" },
    { "{ type: string, is: x, required: update }", NULL, "{}", "" },
    { "{ type: string, is: x, blank: refuse }", "\" \\t\\u00a0\\u2003\"", NULL, "a blank string" },
    { "{ type: string, is: x, blank: refuse }", "\" a\"", "{\"x\":\" a\"}", "" },
    { "{ type: string, is: x, min_length: 2 }", "\"\xc3\xa9\"", NULL, "a length at least 2 characters" },
    { "{ type: string, is: x, max_length: 2 }", "\"\xc3\xa9\xc3\xa9\"", "{\"x\":\"\xc3\xa9\xc3\xa9\"}", "" },
    { "{ type: string, is: x, min_length: 1, max_length: 2 }", "\"abc\"", NULL,
      "a length 1 to 2 characters" },
    { "{ type: array, is: x, max_length: 1 }", "[1,2]", NULL, "a length at most 1 elements" },
    { "{ type: array, is: x, of: { type: string, min_length: 1 } }", "[\"a\",\"b\"]", "{\"x\":[\"a\",\"b\"]}", "" },
    { "{ type: array, is: x, of: { type: string, min_length: 1 } }", "[]", "{\"x\":[]}", "" },
    { "{ type: array, is: x, of: { type: string, min_length: 1 } }", "[\"a\",\"\",1,null]", NULL,
      "a/1 length at least 1 characters; a/2 type string; a/3 null string" },
    { "{ type: array, is: x, of: { type: integer, min: 0, max: 6 } }", "[0,6,7,1.0]", NULL,
      "a/2 range 0 to 6; a/3 type integer" },
    { "{ type: array, is: x, of: { type: string, enum: [p, q] } }", "[\"p\",\"r\"]", NULL, "a/1 enum p, q" },
    { "{ type: array, is: x, of: { type: string } }", "\"a\"", NULL, "a type array" },
    { "{ type: object, is: x, of: { p: { type: boolean }, q: { type: string, enum: [a] } } }",
      "{\"p\":true,\"z\":null}", "{\"x\":{\"p\":true,\"z\":null}}", "" },
    { "{ type: object, is: x, of: { p: { type: boolean }, q: { type: string, enum: [a] } } }",
      "{\"q\":\"b\",\"p\":null}", NULL, "a/p null boolean; a/q enum a" },
    { "{ type: object, is: x, of: { p: { type: boolean } } }", "[]", NULL, "a type object" },
    { "{ type: array, is: x, required: create }", "[]", NULL, "a blank array" },
    { "{ type: array, is: x, required: create, empty: allow }", "[]", "{\"x\":[]}", "" },
    { "{ type: object, is: x, required: create, empty: allow }", NULL, NULL, "a blank object" },
    { "{ type: any, is: x, of: [number, string] }", "1.50", "{\"x\":1.50}", "" },
    { "{ type: any, is: x, of: [number, string] }", "\"1\"", "{\"x\":\"1\"}", "" },
    { "{ type: any, is: x, of: [number, string] }", "true", NULL, "a type number or string" },
    { "{ type: any, is: x, of: [number, string] }", "[]", NULL, "a type number or string" },
    { "{ type: string, is: x, form: [\"##:##\", \"##:##:##\"] }", "\"07:30\"", "{\"x\":\"07:30\"}", "" },
    { "{ type: string, is: x, form: [\"##:##\", \"##:##:##\"] }", "\"07:30:1\"", NULL,
      "a format text like ##:## or ##:##:##" },
    { "{ type: string, is: x, form: [\"##:##\"] }", "\"\"", NULL, "a format text like ##:##" },
    { "{ type: string, is: x, form: [\"##:##\"] }", "\"7a:30\"", NULL, "a format text like ##:##" },
    { "{ type: string, is: x, form: [\"##:##\"] }", "730", NULL, "a type string" },
    { "{ type: integer, is: x }", "123456789012345678901234567890", "{\"x\":123456789012345678901234567890}",
      "" },
    { "{ type: email, is: x, invalid: keep }", "\"no address\"", "{}", "" },
    { "{ type: email, is: x, invalid: keep }", "[]", NULL, "a type email" },
    { "{ type: email, is: x, invalid: keep }", "5", NULL, "a type email" },
    { "{ type: integer, is: x }", "1.0", NULL, "a type integer" },
    { "{ type: integer, is: x }", "\"1\"", NULL, "a type integer" },
    { "{ type: integer, is: x, min: 1, max: 10 }", "0", NULL, "a range 1 to 10" },
    { "{ type: number, is: x, max: 10 }", "10.00000000000000000001", NULL, "a range at most 10" },
    { "{ type: number, is: x, max: 10 }", "1e1", "{\"x\":1e1}", "" },
    { "{ type: number, is: x, min: 0 }", "-0.0", "{\"x\":-0.0}", "" },
    { "{ type: number, is: x, min: -1 }", "-1e400", NULL, "a range at least -1" },
    { "{ type: number, is: x, max: 1 }", "1e99999999999999999999", NULL, "a range at most 1" },
    { "{ type: number, is: x, min: 0 }", "1e-99999999999999999999", "{\"x\":1e-99999999999999999999}", "" },
    { "{ type: number, is: x, max: 0.5 }", "0.0500", "{\"x\":0.0500}", "" },
    { "{ type: digits, is: x, min: 0.5, max: 500 }", "70.50", "{\"x\":\"70.50\"}", "" },
    { "{ type: digits, is: x, min: 0.5, max: 500 }", "0.49", NULL, "a range 0.5 to 500" },
    { "{ type: digits, is: x, max: 500 }", "\"70\"", NULL, "a type number" },
    { "{ type: decimal, is: x }", "\"100.20\"", "{\"x\":\"100.20\"}", "" },
    { "{ type: decimal, is: x }", "\"1,5\"", NULL, "a format decimal" },
    { "{ type: decimal, is: x }", "100.20", NULL, "a type decimal" },
    { "{ type: decimal, is: x, max: 1 }", "\"2\"", NULL, "a range at most 1" },
    { "{ type: boolean, is: x }", "true", "{\"x\":true}", "" },
    { "{ type: boolean, is: x }", "\"true\"", NULL, "a type boolean" },
    { "{ type: date, is: x }", "\"2024-02-29\"", "{\"x\":\"2024-02-29\"}", "" },
    { "{ type: date, is: x }", "\"2023-02-29\"", NULL, "a format date" },
    { "{ type: date, is: x }", "\"\"", NULL, "a format date" },
    { "{ type: date, is: x }", "20240229", NULL, "a type date" },
    { "{ type: date, is: x, required: create }", "\"\"", NULL, "a blank date" },
    { "{ type: datetime, is: x }", "\"2024-01-01T10:00:00+05:30\"", "{\"x\":\"2024-01-01T04:30:00.000Z\"}",
      "" },
    { "{ type: datetime, is: x }", "\"2024-01-01T10:00:00.000Z\"", "{\"x\":\"2024-01-01T10:00:00.000Z\"}",
      "" },
    { "{ type: datetime, is: x }", "\"2024-01-01\"", NULL, "a format datetime" },
    { "{ type: datetime, is: x }", "\"2024-01-01T24:00:00Z\"", NULL, "a format datetime" },
    { "{ type: email, is: x }", "\"a.b+c@d-e.example\"", "{\"x\":\"a.b+c@d-e.example\"}", "" },
    { "{ type: email, is: x }", "\"a b@c\"", NULL, "a format email" },
    { "{ type: email, is: x }", "\"a@b@c\"", NULL, "a format email" },
    { "{ type: email, is: x }", "\"@c\"", NULL, "a format email" },
    { "{ type: email, is: x }", "\"a@\"", NULL, "a format email" },
    { "{ type: email, is: x }", "\"a@b..c\"", NULL, "a format email" },
    { "{ type: email, is: x }", "\"a@b.\"", NULL, "a format email" },
    { "{ type: email, is: x }", "\"a@-b\"", NULL, "a format email" },
    { "{ type: email, is: x }", "\"a..b@c\"", NULL, "a format email" },
    { "{ type: email, is: x }", "\"[email\xc2\xa0protected]\"", NULL, "a format email" },
    { "{ type: uuid, is: x }", "\"123e4567-e89b-42d3-a456-426614174000\"",
      "{\"x\":\"123e4567-e89b-42d3-a456-426614174000\"}", "" },
    { "{ type: uuid, is: x }", "\"123e4567e89b42d3a456426614174000\"", NULL, "a format uuid" },
    { "{ type: object, is: x }", "{\"b\": [1, 2]}", "{\"x\":{\"b\": [1, 2]}}", "" },
    { "{ type: object, is: x }", "[]", NULL, "a type object" },
    { "{ type: map, is: x }", "{\"b\":\"c\"}", "{\"x\":{\"b\":\"c\"}}", "" },
    { "{ type: map, is: x }", "{\"b\":1}", NULL, "a/b type string" },
    { "{ type: map, is: x }", "{\"b\":null}", NULL, "a/b type string" },
    { "{ type: map, is: x }", "[]", NULL, "a type object" },
    { "{ type: any, is: x }", "[null]", "{\"x\":[null]}", "" },
    { "{ type: lines, is: x, join: \"\\n\" }", "[\"a\",\"b\\\"\"]", "{\"x\":\"a\\nb\\\"\"}", "" },
    { "{ type: lines, is: x, join: \"\\n\" }", "[\"a\\nb\",\"c\"]", NULL, "a format array" },
    { "{ type: lines, is: x, join: \", \" }", "[\"a,b\",\"c, d\"]", NULL, "a format array" },
    { "{ type: lines, is: x, join: \", \", loss: cut }", "[\"c, d\"]", "{\"x\":\"c, d\"}", "" },
    { "{ type: lines, is: x, join: \"\\n\" }", "[]", "{}", "" },
    { "{ type: lines, is: x, join: \"\\n\" }", "[1]", NULL, "a type array of strings" },
    { "{ type: string, is: x, enum: [p, q] }", "\"p\"", "{\"x\":\"p\"}", "" },
    { "{ type: string, is: x, enum: [p, q] }", "\"r\"", NULL, "a enum p, q" },
    { "{ type: string, is: x, enum: [p], otherwise_put: same }", "\"r\"", "{\"x\":\"r\"}", "" },
    { "{ type: string, is: x, enum: { p: q }, also: { r: q, s: t } }", "\"r\"", "{\"x\":\"q\"}", "" },
    { "{ type: string, is: x, enum: { p: q }, also: { r: q, s: t } }", "\"\\u0073\"", "{\"x\":\"t\"}", "" },
    { "{ type: string, is: x, enum: { p: q }, also: { r: q, s: t } }", "\"q\"", NULL, "a enum p, r, s" },
    { "{ type: string, is: x, enum: { p: q }, also: { r: q } }", "1", NULL, "a type string" },
    { "{ type: string, is: x, enum: { p: q } }", "\"\\u0070\"", "{\"x\":\"q\"}", "" },
    { "{ type: boolean, is: x, enum: { true: on, false: off } }", "false", "{\"x\":\"off\"}", "" },
    { "{ type: integer, is: x, enum: { 1: one } }", "1", "{\"x\":\"one\"}", "" },
    { "{ type: integer, is: x, enum: { 1: one } }", "\"1\"", NULL, "a type integer" },
    { "{ type: quantity, is: [n, t] }", "100.20", "{\"n\":\"100.20\"}", "" },
    { "{ type: quantity, is: [n, t] }", "\"9007199254740993\"", "{\"n\":\"9007199254740993\"}", "" },
    { "{ type: quantity, is: [n, t] }", "\"\\u0031\"", "{\"n\":\"1\"}", "" },
    { "{ type: quantity, is: [n, t] }", "\"+1\"", "{\"t\":\"+1\"}", "" },
    { "{ type: quantity, is: [n, t] }", "{\"q\":\"r\"}", "{\"t\":\"{\\\"q\\\":\\\"r\\\"}\"}", "" },
    { "{ type: quantity, is: [n, t], required: create }", "\"\"", NULL, "a blank number" },
    { "{ type: quantity, is: [n, t], required: create }", "null", NULL, "a blank number" },
    { "{ type: string, is: x, default: d }", NULL, "{\"x\":\"d\"}", "" },
    { "{ type: string, is: x, default: d }", "null", "{\"x\":\"d\"}", "" },
    { "{ type: string, is: x, equals: $brand }", "\"acme\"", "{\"x\":\"acme\"}", "" },
    { "{ type: string, is: x, equals: $brand }", "\"other\"", NULL, "a equals acme forbidden" },
    { "{ type: string, is: x, equals: $brand }", "1", NULL, "a type string" },
    { "{ type: string, is: x, equals: $brand }", "[\"acme\"]", NULL, "a type string" },
    { "{ type: string, is: x, equals: $brand }", "\"5\"", NULL, "a equals acme forbidden" },
    { "{ type: string, is: x, equals: v1 }", "\"v2\"", NULL, "a equals v1" },
    { "{ type: string, const: c, accept: [d] }", "\"c\"", "{}", "" },
    { "{ type: string, const: c, accept: [d] }", "\"d\"", "{}", "" },
    { "{ type: string, const: c, accept: [d] }", "\"e\"", NULL, "a equals c" },
    { "{ type: string, const: c }", "null", "{}", "" },
    { "{ type: string, is: x, param: p }", "\"\\u0076\"", "{}", "" },
};

static void values_are_checked_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct kit kit = kit_of_fields(arena_printf(arena, "fields:\n  a: %s\n", values[i].field).ptr, plain);
        struct str in = values[i].in ? arena_printf(arena, "{\"a\":%s}", values[i].in) : STR("{}");
        kit_put(&kit, LENS_CREATE, arena_cstr(arena, in), NULL);
        CHECK_TEXT(kit_faults(&kit), values[i].faults, "case %zu: %s", i, values[i].field);
        CHECK((kit.rc == 0) == (values[i].canonical != NULL), "case %zu: %s", i, kit.err.detail);
        if (kit.rc)
            CHECK(kit.err.code == ERR_INVALID, "case %zu: %s", i, kit.err.detail);
        else
            CHECK_TEXT(buf_str(&kit.put.canonical), values[i].canonical, "case %zu", i);
        kit_done(&kit);
        arena_free(&arena);
    }
}

static const char fields_in_groups[] = FIELDS("  g:\n"
                                              "    a: { type: string, is: m.a, required: create }\n"
                                              "    h:\n"
                                              "      b: { type: integer, is: m.b }\n"
                                              "  r: { type: string, is: r, read_only: true }\n"
                                              "  d: { type: date, is: d, required: create, null: refuse }\n"
                                              "  n: { type: string, read_only: true }\n"
                                              "set: { z: 1, m.c: $brand, t: $now }\n");

static const struct {
    const char *in, *canonical, *faults, *ignored;
} groups[] = {
    { "{\"d\":\"2024-01-01\",\"g\":{\"h\":{\"b\":1},\"a\":\"x\"}}",
      "{\"m\":{\"a\":\"x\",\"b\":1,\"c\":\"acme\"},\"d\":\"2024-01-01\",\"z\":1,\"t\":\"2024-06-07T10:00:00."
      "000Z\"}",
      "", "" },
    { "{}", NULL, "g/a blank string; d blank date", "" },
    { "{\"d\":1,\"g\":5}", NULL, "g type object; g/a blank string; d type date", "" },
    { "{\"g\":null}", NULL, "g/a blank string; d blank date", "" },
    { "{\"d\":\"x\",\"g\":{\"h\":[],\"a\":\"x\"}}", NULL, "g/h type object; d format date", "" },
    { "{\"r\":\"x\",\"n\":\"y\",\"d\":\"2024-01-01\",\"g\":{\"a\":\"x\"}}",
      "{\"m\":{\"a\":\"x\",\"c\":\"acme\"},\"d\":\"2024-01-01\",\"z\":1,\"t\":\"2024-06-07T10:00:00.000Z\"}",
      "", "r n" },
};

static void groups_nest_and_faults_come_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(groups); i++) {
        struct kit kit = kit_of_fields(fields_in_groups, plain);
        kit_put(&kit, LENS_CREATE, groups[i].in, NULL);
        CHECK_TEXT(kit_faults(&kit), groups[i].faults, "case %zu", i);
        CHECK_TEXT(kit_names(&kit, &kit.put.ignored), groups[i].ignored, "case %zu", i);
        if (groups[i].canonical)
            CHECK_TEXT(buf_str(&kit.put.canonical), groups[i].canonical, "case %zu", i);
        kit_done(&kit);
    }
}

/* What a moment says beyond the millisecond is not stored, and that is said. */
static void a_finer_moment_is_told(void **state)
{
    static const struct {
        const char *in, *canonical, *ignored;
    } cases[] = {
        { "{\"a\":\"2024-01-01T10:00:00.123Z\"}", "{\"a\":\"2024-01-01T10:00:00.123Z\"}", "" },
        { "{\"a\":\"2024-01-01T10:00:00.123456Z\"}", "{\"a\":\"2024-01-01T10:00:00.123Z\"}", "a" },
        { "{\"a\":\"2024-01-01T10:00:00.1230001+02:00\"}", "{\"a\":\"2024-01-01T08:00:00.123Z\"}", "a" },
        { "{\"a\":\"2024-01-01T10:00:00.123000+02:00\"}", "{\"a\":\"2024-01-01T08:00:00.123Z\"}", "" },
        { "{\"a\":\"2024-01-01T10:00:00+00:01\"}", "{\"a\":\"2024-01-01T09:59:00.000Z\"}", "" },
        { "{\"k\":\"2024-01-01T10:00:00.123456Z\"}", "{}", "" }, /* kept as it is */
        { "{\"l\":[{\"b\":\"2024-01-01T10:00:00.9999Z\"}]}", "{\"l\":[{\"b\":\"2024-01-01T10:00:00.999Z\"}]}", "l/0/b" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields("fields:\n  a: { type: datetime, is: a }\n  k: { type: datetime, keep: true }\n"
                                       "  l: { type: list, is: l, fields: { b: { type: datetime, is: b } } }\n",
                                       plain);
        kit_put(&kit, LENS_CREATE, cases[i].in, NULL);
        CHECK_TEXT(kit_names(&kit, &kit.put.ignored), cases[i].ignored, "case %zu", i);
        CHECK_TEXT(buf_str(&kit.put.canonical), cases[i].canonical, "case %zu", i);
        kit_done(&kit);
    }
}

static void a_strict_style_refuses_nulls_and_what_is_only_read(void **state)
{
    struct kit kit = kit_of_fields(fields_in_groups, strict);

    (void)state;
    kit_put(&kit, LENS_CREATE, "{\"r\":1,\"n\":2,\"d\":null,\"g\":{\"a\":null,\"h\":null}}", NULL);
    CHECK_TEXT(kit_faults(&kit),
               "g/a blank string; g/h null object; r read_only absent; d blank date; n read_only absent",
               "strict");
    kit_put(&kit, LENS_CREATE, "{\"d\":\"2024-01-01\",\"g\":{\"a\":\"x\",\"h\":{\"b\":null}}}", NULL);
    CHECK_TEXT(kit_faults(&kit), "g/h/b null integer", "strict");
    kit_done(&kit);
}

static void a_document_is_an_object(void **state)
{
    static const char *const others[] = { "[]", "null", "1", "\"x\"" };

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct kit kit = kit_of_fields(fields_in_groups, plain);
        kit_put(&kit, LENS_CREATE, others[i], NULL);
        CHECK_TEXT(kit_faults(&kit), " type object", "case %zu", i);
        kit_done(&kit);
    }
}

static void faults_stop_at_a_hundred(void **state)
{
    struct kit kit = kit_of_fields(FIELDS("  a: { type: string, is: a }\nrest: refuse\n"), plain);
    struct buf in = buf_in(kit.arena, 1 << 20);

    (void)state;
    buf_add(&in, STR("{\"a\":1"));
    for (unsigned i = 0; i < 500; i++)
        buf_printf(&in, ",\"m/~%u\":1", i);
    buf_char(&in, '}');
    kit_put(&kit, LENS_CREATE, arena_cstr(kit.arena, buf_str(&in)), NULL);
    assert_int_equal(kit.put.faults.count, 100);
    CHECK_TEXT(kit.put.faults.items[0].path, "a", "named fields come first");
    CHECK_TEXT(kit.put.faults.items[1].path, "m~1~00", "names are escaped as in a JSON pointer");
    kit_done(&kit);
}

static const char metric[] =
    FIELDS("  kind: { type: string, is: key }\n"
           "  sys: { type: number, is: text, split: /, part: 1, when: { key: bp } }\n"
           "  dia: { type: number, is: text, split: /, part: 2, when: { key: bp } }\n"
           "  value: { type: quantity, is: [number, text], unless: sys }\n");
static const struct {
    const char *in, *canonical, *rest, *faults;
} parts[] = {
    { "{\"kind\":\"bp\",\"sys\":120.0,\"dia\":80}", "{\"key\":\"bp\",\"text\":\"120.0/80\"}", "", "" },
    { "{\"dia\":80,\"sys\":120,\"kind\":\"bp\"}", "{\"key\":\"bp\",\"text\":\"120/80\"}", "", "" },
    { "{\"kind\":\"bp\",\"sys\":120}", NULL, "", "dia together sent with its other parts, or absent" },
    { "{\"kind\":\"bp\",\"sys\":120,\"dia\":null}", NULL, "", "dia together sent with its other parts, or absent" },
    { "{\"kind\":\"bp\",\"sys\":null,\"dia\":null}", "{\"key\":\"bp\"}", "", "" },
    { "{\"kind\":\"bp\",\"sys\":\"120\",\"dia\":true}", NULL, "", "sys type number; dia type number" },
    { "{\"kind\":\"bp\",\"sys\":120,\"dia\":80,\"value\":1}", NULL, "", "value together absent beside sys" },
    { "{\"kind\":\"bp\",\"value\":\"120/80\"}", "{\"key\":\"bp\",\"text\":\"120/80\"}", "", "" },
    /* Where the condition does not hold they are members that the dialect does not know. */
    { "{\"kind\":\"mood\",\"sys\":120,\"value\":1}", "{\"key\":\"mood\",\"number\":\"1\"}", "{\"sys\":120}",
      "" },
    { "{\"sys\":120,\"dia\":80}", "{}", "{\"sys\":120,\"dia\":80}", "" },
};

static void parts_conditions_and_alternatives(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct kit kit = kit_of_fields(metric, plain);
        kit_put(&kit, LENS_CREATE, parts[i].in, NULL);
        CHECK_TEXT(kit_faults(&kit), parts[i].faults, "case %zu", i);
        if (parts[i].canonical) {
            CHECK_TEXT(buf_str(&kit.put.canonical), parts[i].canonical, "case %zu", i);
            CHECK_TEXT(buf_str(&kit.put.rest), parts[i].rest, "case %zu", i);
        }
        kit_done(&kit);
    }
}

static const char with_ids[] = FIELDS("  id: { type: id, is: id, kind: k, read_only: true }\n"
                                      "  n: { type: id, is: n, kind: num, as: integer }\n"
                                      "  o: { type: id, is: o.id, kind: other }\n"
                                      "  p: { type: id, is: p, kind: par, param: p }\n"
                                      "  q: { type: object, is: p, kind: par, param: p, lookup: by_q }\n"
                                      "  all:\n"
                                      "    type: list\n"
                                      "    is: all\n"
                                      "    param: all\n"
                                      "    fields:\n"
                                      "      type: { type: string, const: t }\n"
                                      "      id: { type: id, is: ., kind: el }\n"
                                      "      meta:\n"
                                      "        query: { type: object, is: ., kind: el, lookup: by_name }\n"
                                      "  team:\n"
                                      "    type: list\n"
                                      "    is: team\n"
                                      "    param: team\n"
                                      "    fields:\n"
                                      "      id: { type: id, is: who, kind: el }\n"
                                      "      lead: { type: boolean, is: as.role, enum: { true: first, false: other } }\n"
                                      "  body:\n"
                                      "    type: list\n"
                                      "    is: body\n"
                                      "    fields:\n"
                                      "      id: { type: id, is: who.id, kind: el }\n"
                                      "      name: { type: string, is: name, required: always }\n");

/* Slots as "path=kind:given@param/lookup", and "+member,beside" of a parameter whose values are objects. */
static struct str show_ids(struct kit *kit)
{
    struct buf out = buf_in(kit->arena, 1 << 20);

    for (size_t i = 0; i < kit->put.ids.count; i++) {
        const struct id_slot *slot = &kit->put.ids.items[i];
        buf_printf(&out, "%s" STR_FMT "=" STR_FMT ":" STR_FMT, i ? " " : "", STR_ARG(slot->path),
                   STR_ARG(slot->kind), STR_ARG(slot->given));
        if (slot->param.len)
            buf_printf(&out, "@" STR_FMT, STR_ARG(slot->param));
        if (slot->lookup.len)
            buf_printf(&out, "/" STR_FMT, STR_ARG(slot->lookup));
        if (slot->member.len)
            buf_printf(&out, "+" STR_FMT "," STR_FMT, STR_ARG(slot->member), STR_ARG(slot->beside));
    }
    return buf_str(&out);
}

static const struct {
    const char *in, *ids, *canonical, *params, *faults;
} ids[] = {
    { "{\"id\":\"\"}", "", "{}", "", "" },
    { "{\"n\":1049,\"o\":\"\\u0061b\"}", "n=num:1049 o=other:ab",
      "{\"n\":\"<num:1049>\",\"o\":{\"id\":\"<other:ab>\"}}", "", "" },
    { "{\"n\":\"1049\",\"o\":5}", "", NULL, "", "n type integer; o type string" },
    { "{\"n\":1.5}", "", NULL, "", "n type integer" },
    { "{\"p\":\"x\"}", "p=par:x@p", "{}", "", "" },
    { "{\"q\":{\"s\":1}}", "q=par:{\"s\":1}@p/by_q", "{}", "", "" },
    { "{\"p\":\"x\",\"q\":{}}", "p=par:x@p", NULL, "", "q together absent, as another member names it" },
    { "{\"p\":null,\"q\":{}}", "q=par:{}@p/by_q", "{}", "", "" },
    { "{\"q\":\"x\"}", "", NULL, "", "q type object" },
    { "{\"all\":[]}", "", "{}", "all", "" },
    { "{\"all\":[{\"type\":\"t\",\"id\":\"1\"},{\"meta\":{\"query\":{\"n\":\"g\"}}},{\"id\":\"2\"}]}",
      "all/0/id=el:1@all all/1/meta/query=el:{\"n\":\"g\"}@all/by_name all/2/id=el:2@all", "{}", "", "" },
    { "{\"all\":[{\"type\":\"t\"}]}", "", NULL, "", "all/0/id blank string" },
    { "{\"all\":[{\"type\":\"u\",\"id\":\"1\"},5]}", "all/0/id=el:1@all", NULL, "",
      "all/0/type equals t; all/1 type object" },
    { "{\"all\":{}}", "", NULL, "", "all type array" },
    { "{\"team\":[{\"id\":\"1\",\"lead\":true},{\"id\":\"2\"},{\"lead\":false,\"id\":\"3\"}]}",
      "team/0/id=el:1@team+who,\"as\":{\"role\":\"first\"} team/1/id=el:2@team+who, "
      "team/2/id=el:3@team+who,\"as\":{\"role\":\"other\"}",
      "{}", "", "" },
    { "{\"team\":[{\"lead\":true}]}", "", NULL, "", "team/0/id blank string" },
    { "{\"team\":[{\"id\":\"1\",\"lead\":1}]}", "team/0/id=el:1@team", NULL, "", "team/0/lead type boolean" },
    { "{\"team\":[]}", "", "{}", "team", "" },
    { "{\"body\":[{\"id\":\"1\",\"name\":\"a\"},{\"name\":\"b\"},{\"id\":\"2\",\"name\":\"c\"}],\"n\":7}",
      "n=num:7 body/0/id=el:1 body/2/id=el:2",
      "{\"n\":\"<num:7>\",\"body\":[{\"who\":{\"id\":\"<el:1>\"},\"name\":\"a\"},{\"name\":\"b\"},{\"who\":{"
      "\"id\":\"<el:2>\"},\"name\":\"c\"}]}",
      "", "" },
    { "{\"body\":[]}", "", "{\"body\":[]}", "", "" },
    { "{\"body\":[{},{\"name\":\"\"},{\"name\":1}]}", "", NULL, "",
      "body/0/name blank string; body/1/name blank string; body/2/name type string" },
};

static void ids_become_slots_and_gaps(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct kit kit = kit_of_fields(with_ids, plain);
        kit_put(&kit, LENS_CREATE, ids[i].in, NULL);
        CHECK_TEXT(kit_faults(&kit), ids[i].faults, "case %zu", i);
        if (ids[i].canonical) {
            CHECK_TEXT(show_ids(&kit), ids[i].ids, "case %zu", i);
            CHECK_TEXT(kit_filled(&kit, buf_str(&kit.put.canonical), &kit.put.ids), ids[i].canonical,
                       "case %zu", i);
            CHECK_TEXT(kit_names(&kit, &kit.put.params_name), ids[i].params, "case %zu", i);
        }
        kit_done(&kit);
    }
}

static void parameters_are_decoded(void **state)
{
    struct kit kit = kit_of_fields(FIELDS("  a: { type: string, is: a, param: pa, required: create }\n"
                                          "  b: { type: integer, is: b, param: pb }\n"),
                                   plain);

    (void)state;
    kit_put(&kit, LENS_CREATE, "{\"a\":\"\\u0076/w\",\"b\":12}", NULL);
    assert_int_equal(kit.rc, 0);
    CHECK_TEXT(kit_names(&kit, &kit.put.params_name), "pa pb", "names");
    CHECK_TEXT(kit_names(&kit, &kit.put.params_value), "v/w 12", "values");
    CHECK_TEXT(buf_str(&kit.put.canonical), "{}", "no members");
    kit_done(&kit);
}

static void arrays_name_their_elements_in_faults(void **state)
{
    static const struct {
        const char *in, *faults;
    } cases[] = {
        { "{\"e\":{}}", "e type array" },
        { "{\"e\":[1]}", "e/0 type object" },
        { "{\"e\":[{\"value\":\"v\"}]}", "e/0/system blank string" },
        { "{\"e\":[{\"system\":\"s\",\"value\":\"v\"},{\"system\":5,\"value\":null}]}",
          "e/1/system type string; e/1/value blank string" },
        { "{\"p\":[{\"x\":1},{\"primary\":true}]}", "p/1/value blank string" },
        { "{\"p\":[{\"x\":1},7]}", "p/1 type object" },
        { "{\"p\":[{\"value\":5}]}", "p/0/value type string" },
        { "{\"p\":\"x\"}", "p type array" },
        { "{\"p\":[],\"e\":[]}", "" },
    };
    static const char fields[] =
        FIELDS("  e: { type: entries, is: m, name: system, value: value, skip: { unique: false } }\n"
               "  p:\n"
               "    type: pick\n"
               "    prefer: { primary: true }\n"
               "    fields:\n"
               "      value: { type: string, is: v, required: always, blank: refuse }\n");

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, plain);
        kit_put(&kit, LENS_CREATE, cases[i].in, NULL);
        CHECK_TEXT(kit_faults(&kit), cases[i].faults, "case %zu", i);
        kit_done(&kit);
    }
}

static void a_full_arena_is_an_error_and_no_crash(void **state)
{
    struct arena *text = arena_new(SIZE_MAX);
    struct buf in = buf_in(text, 1 << 20);

    (void)state;
    buf_add(&in, STR("{\"body\":["));
    for (unsigned i = 0; i < 2000; i++)
        buf_printf(&in, "%s{\"id\":\"%u\",\"name\":\"n\",\"x\":1}", i ? "," : "", i);
    buf_add(&in, STR("]}"));
    struct kit kit = kit_of_fields(with_ids, plain);
    const struct tape *tape = kit_tape(&kit, arena_cstr(text, buf_str(&in)));
    size_t refused = 0;
    for (size_t room = 1024; room < 16 << 20; room += room / 3) {
        struct arena *small = arena_new(room);
        struct lens_context context = KIT_CONTEXT;
        struct lens_put put = { .canonical = buf_in(small, SIZE_MAX), .rest = buf_in(small, SIZE_MAX) };
        struct err err = { 0 };
        int rc = lens_put(kit.lens, tape, 0, NULL, &context, small, &put, &err);
        CHECK(rc == 0 || err.code == ERR_TOO_LARGE, "room %zu: %s", room, err.detail);
        refused += rc != 0;
        arena_free(&small);
    }
    assert_true(refused > 3);
    kit_done(&kit);
    arena_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_checked_and_written),
        cmocka_unit_test(groups_nest_and_faults_come_in_order),
        cmocka_unit_test(a_finer_moment_is_told),
        cmocka_unit_test(a_strict_style_refuses_nulls_and_what_is_only_read),
        cmocka_unit_test(a_document_is_an_object),
        cmocka_unit_test(faults_stop_at_a_hundred),
        cmocka_unit_test(parts_conditions_and_alternatives),
        cmocka_unit_test(ids_become_slots_and_gaps),
        cmocka_unit_test(parameters_are_decoded),
        cmocka_unit_test(arrays_name_their_elements_in_faults),
        cmocka_unit_test(a_full_arena_is_an_error_and_no_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
