/* From the canonical document to a dialect's: what is shown, in which order, and what is not. */
#include "test_lens_kit.h"

static const struct lens_style omits = { 0 };
static const struct lens_style nulls = { .absent_as_null = true };

static const struct {
    const char *field, *canonical, *shown;
    bool absent_as_null;
} values[] = {
    { "{ type: string, is: x }", "{\"x\":\"\\u00e9\"}", "{\"a\":\"\\u00e9\"}", false },
    { "{ type: string, is: x }", "{\"x\":null}", "{}", false },
    { "{ type: string, is: x }", "{}", "{\"a\":null}", true },
    { "{ type: string, is: x, absent: null }", "{}", "{\"a\":null}", false },
    { "{ type: string, is: x, absent: omit }", "{}", "{}", true },
    { "{ type: object, is: x, absent: empty }", "{}", "{\"a\":{}}", false },
    { "{ type: array, is: x, absent: empty }", "{\"x\":null}", "{\"a\":[]}", false },
    { "{ type: string, is: x.y }", "{\"x\":{\"y\":\"z\"}}", "{\"a\":\"z\"}", false },
    { "{ type: string, is: x.y }", "{\"x\":\"no object\"}", "{}", false },
    { "{ type: string, is: x, write_only: true }", "{\"x\":\"secret\"}", "{}", true },
    { "{ type: string, read_only: true }", "{\"a\":\"x\"}", "{\"a\":null}", true },
    { "{ type: number, is: x }", "{\"x\":100.20}", "{\"a\":100.20}", false },
    { "{ type: datetime, is: x }", "{\"x\":\"2024-01-01T10:00:00.000Z\"}",
      "{\"a\":\"2024-01-01T10:00:00.000Z\"}", false },
    { "{ type: datetime, is: x }", "{\"x\":\"2024-01-01T10:00:00+01:00\"}",
      "{\"a\":\"2024-01-01T09:00:00.000Z\"}", false },
    { "{ type: datetime, is: x }", "{\"x\":\"soon\"}", "{\"a\":\"soon\"}", false },
    { "{ type: datetime, is: x }", "{\"x\":5}", "{\"a\":5}", false },
    { "{ type: string, is: x, enum: { p: q } }", "{\"x\":\"q\"}", "{\"a\":\"p\"}", false },
    { "{ type: string, is: x, enum: { p: q } }", "{\"x\":\"r\"}", "{}", false },
    { "{ type: string, is: x, enum: { p: q }, otherwise: same }", "{\"x\":\"r\"}", "{\"a\":\"r\"}", false },
    { "{ type: string, is: x, enum: { p: q }, otherwise: o }", "{\"x\":\"r\"}", "{\"a\":\"o\"}", false },
    { "{ type: boolean, is: x, enum: { true: on }, otherwise: false }", "{\"x\":\"off\"}", "{\"a\":false}",
      false },
    { "{ type: boolean, is: x, enum: { true: on }, otherwise: false }", "{}", "{}", false },
    { "{ type: quantity, is: [n, t] }", "{\"n\":\"100.20\",\"t\":\"x\"}", "{\"a\":100.20}", false },
    { "{ type: quantity, is: [n, t] }", "{\"n\":9007199254740993}", "{\"a\":9007199254740993}", false },
    { "{ type: quantity, is: [n, t] }", "{\"n\":\"1,5\"}", "{\"a\":\"1,5\"}", false },
    { "{ type: quantity, is: [n, t] }", "{\"n\":null,\"t\":\"high\"}", "{\"a\":\"high\"}", false },
    { "{ type: quantity, is: [n, t] }", "{}", "{\"a\":null}", true },
    { "{ type: lines, is: x, join: \"\\n\" }", "{\"x\":\"a\\nb\\n\"}", "{\"a\":[\"a\",\"b\",\"\"]}", false },
    { "{ type: lines, is: x, join: \"\\n\" }", "{\"x\":\"\"}", "{\"a\":[\"\"]}", false },
    { "{ type: lines, is: x, join: \"\\n\" }", "{\"x\":5}", "{}", false },
    { "{ type: integer, derive: years_since, from: b }", "{\"b\":\"2010-06-07\"}", "{\"a\":14}", false },
    { "{ type: integer, derive: years_since, from: b }", "{\"b\":\"2010-06-08\"}", "{\"a\":13}", false },
    { "{ type: integer, derive: years_since, from: b }", "{\"b\":\"2030-01-01\"}", "{\"a\":null}", true },
    { "{ type: integer, derive: years_since, from: b }", "{\"b\":null}", "{\"a\":null}", true },
    { "{ type: integer, table: gauge_scales, by: k, column: max }", "{\"k\":\"mood\"}", "{\"a\":10}", false },
    { "{ type: integer, table: gauge_scales, by: k, column: max }", "{\"k\":\"m\\u006fod\"}", "{\"a\":10}",
      false },
    { "{ type: integer, table: gauge_scales, by: k, column: max }", "{\"k\":\"weight\"}", "{\"a\":null}",
      true },
    { "{ type: integer, table: gauge_scales, by: k, column: max, otherwise: 0 }", "{\"k\":5}", "{\"a\":0}",
      true },
    { "{ type: string, keep: true, otherwise: o }", "{}", "{\"a\":\"o\"}", false },
    { "{ type: string, keep: true, otherwise: { table: loinc, by: k, column: code, as: LOINC } }",
      "{\"k\":\"weight\"}", "{\"a\":\"LOINC\"}", false },
    { "{ type: string, keep: true, otherwise: { table: loinc, by: k, column: code } }",
      "{\"k\":\"nausea_level\"}", "{}", false },
    { "{ type: string, const: c }", "{}", "{\"a\":\"c\"}", false },
    { "{ type: entries, is: x, name: n, value: v }", "{\"x\":{\"p\":\"q\",\"\\u00e9\":\"\"}}",
      "{\"a\":[{\"n\":\"p\",\"v\":\"q\"},{\"n\":\"\\u00e9\",\"v\":\"\"}]}", false },
    { "{ type: entries, is: x, name: n, value: v }", "{\"x\":{}}", "{\"a\":[]}", false },
    { "{ type: entries, is: x, name: n, value: v, absent: omit }", "{\"x\":null}", "{}", false },
    { "{ type: pick, make: { t: o }, fields: { v: { type: string, is: x } } }", "{\"x\":\"1\"}",
      "{\"a\":[{\"t\":\"o\",\"v\":\"1\"}]}", false },
    { "{ type: pick, make: { t: o }, fields: { v: { type: string, is: x } } }", "{\"x\":null}", "{\"a\":[]}",
      false },
    { "{ type: list, is: x, fields: { b: { type: string, is: c.d }, e: { type: string, const: f } } }",
      "{\"x\":[{\"c\":{\"d\":\"1\"}},{}]}", "{\"a\":[{\"b\":\"1\",\"e\":\"f\"},{\"e\":\"f\"}]}", false },
    { "{ type: list, is: x, fields: { b: { type: string, is: . } } }", "{\"x\":[\"1\",\"2\"]}",
      "{\"a\":[{\"b\":\"1\"},{\"b\":\"2\"}]}", false },
    { "{ type: list, is: x, fields: {} }", "{\"x\":{}}", "{\"a\":[]}", false },
};

static void values_are_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct str fields = arena_printf(arena, "fields:\n  a: %s\n", values[i].field);
        struct kit kit = kit_of_fields(fields.ptr, values[i].absent_as_null ? nulls : omits);
        kit_get(&kit, values[i].canonical, NULL);
        CHECK(kit.rc == 0, "case %zu: %s", i, kit.err.detail);
        CHECK_TEXT(buf_str(&kit.text), values[i].shown, "case %zu: %s of %s", i, values[i].field,
                   values[i].canonical);
        kit_done(&kit);
        arena_free(&arena);
    }
}

/* A lens of the canonical shape copies; the blank inside shows that it did. */
static void what_stays_as_it_is_is_copied(void **state)
{
    static const char fields[] = "fields:\n"
                                 "  id: { type: string, is: id, read_only: true }\n"
                                 "  s: { type: string, is: s, enum: [p, q], otherwise: same }\n"
                                 "  at: { type: datetime, is: at }\n"
                                 "  o: { type: object, is: o }\n";
#define AT "\"at\":\"2024-01-01T10:00:00.000Z\""
    static const struct {
        const char *canonical, *shown;
        bool nulls;
    } cases[] = {
        { "{ \"id\":\"1\",\"s\":\"r\"," AT ",\"o\":{} }", "{ \"id\":\"1\",\"s\":\"r\"," AT ",\"o\":{} }", false },
        { "{ \"\\u0069d\":\"1\",\"s\":\"p\"," AT ",\"o\":5}", "{ \"\\u0069d\":\"1\",\"s\":\"p\"," AT ",\"o\":5}", false },
        { "{ \"id\":null,\"s\":null,\"at\":null,\"o\":null}", "{ \"id\":null,\"s\":null,\"at\":null,\"o\":null}", true },
        { "{ \"id\":null,\"s\":null,\"at\":null,\"o\":null}", "{}", false },
        { "{ \"id\":\"1\",\"s\":\"r\"," AT "}", "{\"id\":\"1\",\"s\":\"r\"," AT ",\"o\":null}", true },
        { "{ \"s\":\"r\",\"id\":\"1\"," AT ",\"o\":{}}", "{\"id\":\"1\",\"s\":\"r\"," AT ",\"o\":{}}", false },
        { "{ \"id\":\"1\",\"s\":\"r\"," AT ",\"o\":{},\"x\":1}", "{\"id\":\"1\",\"s\":\"r\"," AT ",\"o\":{}}", false },
        { "{ \"id\":\"1\",\"x\":1,\"s\":\"r\"," AT ",\"o\":{}}", "{\"id\":\"1\",\"s\":\"r\"," AT ",\"o\":{}}", false },
        { "{ \"id\":\"1\",\"s\":\"r\",\"at\":\"2024-01-01T10:00:00Z\",\"o\":{}}",
          "{\"id\":\"1\",\"s\":\"r\"," AT ",\"o\":{}}", false },
        { "{ \"id\":\"1\",\"s\":\"r\",\"at\":5,\"o\":{}}", "{\"id\":\"1\",\"s\":\"r\",\"at\":5,\"o\":{}}", false },
        { "{ \"id\":null,\"s\":\"r\"," AT ",\"o\":{}}", "{\"s\":\"r\"," AT ",\"o\":{}}", false },
        { "{ \"id\":\"1\",\"s\":\"r\",\"at\":\"2024-01-01T10:00:00Z\",\"o\":{}}", "{\"id\":\"1\",\"s\":\"r\"," AT ",\"o\":{}}", true },
        { "{ }", "{}", false },
    };
    static const char *const others[] = {
        "fields:\n  s: { type: string, is: t }\n",          "fields:\n  s: { type: string, is: g.s }\n",
        "fields:\n  g:\n    s: { type: string, is: s }\n", "fields:\n  s: { type: string, is: s, enum: { p: q } }\n",
        "fields:\n  s: { type: string, is: s, write_only: true }\n",
        "fields:\n  s: { type: string, is: s, enum: [p, q], otherwise: q }\n",
        "fields:\n  s: { type: string, is: s }\n  t: { type: string, const: c }\n",
        "fields:\n  s: { type: id, is: s, kind: k }\n",     "fields:\n  s: { type: digits, is: s }\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, cases[i].nulls ? nulls : omits);
        kit_get(&kit, cases[i].canonical, NULL);
        CHECK_TEXT(buf_str(&kit.text), cases[i].shown, "case %zu: %s", i, cases[i].canonical);
        kit_get(&kit, cases[i].canonical, "{\"more\":1}");
        CHECK(memmem(kit.text.ptr, kit.text.len, "\"more\":1}", 9), "case %zu: the rest is lost", i);
        kit_done(&kit);
    }
    struct kit behind = kit_of_fields("fields:\n  o: { type: object, is: o }\n  at: { type: datetime, is: at }\n", omits);
    kit_get(&behind, "{ \"o\":{" AT "},\"at\":\"2024-01-01T10:00:00Z\"}", NULL); /* where it would be without the inner one */
    CHECK_TEXT(buf_str(&behind.text), "{\"o\":{" AT "}," AT "}", "behind an object");
    kit_get(&behind, "{ \"o\":{\"at\":0}," AT "}", NULL);
    CHECK_TEXT(buf_str(&behind.text), "{ \"o\":{\"at\":0}," AT "}", "behind an object, as it is");
    kit_done(&behind);
    for (size_t i = 0; i < COUNT(others); i++) {
        struct kit kit = kit_of_fields(others[i], omits);
        kit_get(&kit, "{ \"s\":\"r\"}", NULL);
        CHECK(kit.rc == 0 && kit.text.ptr[1] != ' ', "lens %zu: copied", i);
        kit_done(&kit);
    }
}

static const char grouped[] = "fields:\n"
                              "  type: { type: string, const: t }\n"
                              "  id: { type: id, is: id, kind: k }\n"
                              "  n: { type: id, is: n, kind: num, as: integer }\n"
                              "  g:\n"
                              "    a: { type: string, is: m.a }\n"
                              "    b: { type: string, is: m.b }\n"
                              "  rel:\n"
                              "    data:\n"
                              "      type: { type: string, const: r }\n"
                              "      id: { type: id, is: r, kind: rk }\n"
                              "    links:\n"
                              "      self: { type: link, to: \"/r\\\"/{id}/x\" }\n";

static const struct {
    const char *canonical, *omitted, *with_nulls;
} groups[] = {
    { "{\"id\":\"1\",\"n\":2,\"m\":{\"a\":\"x\"},\"r\":\"9\"}",
      "{\"type\":\"t\",\"id\":\"<k:1>\",\"n\":2,\"g\":{\"a\":\"x\"},\"rel\":{\"data\":{\"type\":\"r\",\"id\":"
      "\"<rk:9>\"},"
      "\"links\":{\"self\":\"/r\\\"/<k:1>/x\"}}}",
      "{\"type\":\"t\",\"id\":\"<k:1>\",\"n\":2,\"g\":{\"a\":\"x\",\"b\":null},\"rel\":{\"data\":{\"type\":"
      "\"r\",\"id\":\"<rk:9>\"},"
      "\"links\":{\"self\":\"/r\\\"/<k:1>/x\"}}}" },
    /* A group of nothing but constants and nulls is absent, and its ids with it. */
    { "{}", "{\"type\":\"t\"}", "{\"type\":\"t\",\"id\":null,\"n\":null,\"g\":null,\"rel\":null}" },
    { "{\"id\":\"1\"}", "{\"type\":\"t\",\"id\":\"<k:1>\",\"rel\":{\"links\":{\"self\":\"/r\\\"/<k:1>/x\"}}}",
      "{\"type\":\"t\",\"id\":\"<k:1>\",\"n\":null,\"g\":null,\"rel\":{\"data\":null,\"links\":{\"self\":\"/"
      "r\\\"/<k:1>/x\"}}}" },
    { "{\"m\":[],\"r\":\"9\"}", "{\"type\":\"t\",\"rel\":{\"data\":{\"type\":\"r\",\"id\":\"<rk:9>\"}}}",
      "{\"type\":\"t\",\"id\":null,\"n\":null,\"g\":null,\"rel\":{\"data\":{\"type\":\"r\",\"id\":\"<rk:9>\"}"
      ",\"links\":null}}" },
};

static void groups_are_shown_when_they_hold_a_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(groups); i++)
        for (int style = 0; style < 2; style++) {
            struct kit kit = kit_of_fields(grouped, style ? nulls : omits);
            kit_get(&kit, groups[i].canonical, NULL);
            CHECK_TEXT(kit_filled(&kit, buf_str(&kit.text), &kit.ids),
                       style ? groups[i].with_nulls : groups[i].omitted, "case %zu", i);
            kit_done(&kit);
        }
}

static void ids_that_nothing_resolves_are_null(void **state)
{
    struct kit kit = kit_of_fields(grouped, omits);
    struct buf out = buf_in(kit.arena, 1 << 16);

    (void)state;
    kit_get(&kit, "{\"id\":\"1\",\"n\":2}", NULL);
    kit.ids.items[0].found = STR("a\"b");
    kit.ids.items[2].found = STR("c\"d");
    lens_fill(buf_str(&kit.text), &kit.ids, 0, &out);
    CHECK_TEXT(
        buf_str(&out),
        "{\"type\":\"t\",\"id\":\"a\\\"b\",\"n\":null,\"rel\":{\"links\":{\"self\":\"/r\\\"/c\\\"d/x\"}}}",
        "fill");
    kit_done(&kit);
}

/* Answers are put together in one buffer: offsets count from its start. */
static void documents_share_a_buffer(void **state)
{
    struct kit kit = kit_of_fields(grouped, omits);
    struct lens_context context = KIT_CONTEXT;
    struct buf out = buf_in(kit.arena, 1 << 16);
    struct id_slots ids = { 0 };

    (void)state;
    buf_add(&out, STR("[ "));
    for (int i = 0; i < 2; i++) {
        CHECK(lens_get(kit.lens, kit_tape(&kit, i ? "{\"id\":\"1\"}" : "{\"id\":\"2\"}"), 0, NULL, &context,
                       kit.arena, &out, &ids, &kit.err) == 0,
              "get");
        buf_add(&out, str_from(i ? " ]" : " , "));
    }
    CHECK_TEXT(kit_filled(&kit, buf_str(&out), &ids),
               "[ {\"type\":\"t\",\"id\":\"<k:2>\",\"rel\":{\"links\":{\"self\":\"/r\\\"/<k:2>/x\"}}} , "
               "{\"type\":\"t\",\"id\":\"<k:1>\",\"rel\":{\"links\":{\"self\":\"/r\\\"/<k:1>/x\"}}} ]",
               "two");
    kit_done(&kit);
}

static const char metric[] = "fields:\n"
                             "  sys: { type: number, is: text, split: /, part: 1, when: { key: bp } }\n"
                             "  dia: { type: integer, is: text, split: /, part: 2, when: { key: bp } }\n"
                             "  value: { type: quantity, is: [number, text], unless: sys }\n"
                             "  kind: { type: string, is: key }\n";
static const struct {
    const char *canonical, *rest, *shown;
} parts[] = {
    { "{\"key\":\"bp\",\"text\":\"120.0/80\"}", NULL, "{\"sys\":120.0,\"dia\":80,\"kind\":\"bp\"}" },
    { "{\"key\":\"bp\",\"text\":\"120/80.5\"}", NULL, "{\"value\":\"120/80.5\",\"kind\":\"bp\"}" },
    { "{\"key\":\"bp\",\"text\":\"120/80/1\"}", NULL, "{\"value\":\"120/80/1\",\"kind\":\"bp\"}" },
    { "{\"key\":\"bp\",\"text\":\"120\"}", NULL, "{\"value\":\"120\",\"kind\":\"bp\"}" },
    { "{\"key\":\"bp\",\"text\":\"/\"}", NULL, "{\"value\":\"/\",\"kind\":\"bp\"}" },
    { "{\"key\":\"bp\",\"number\":\"7\"}", NULL, "{\"value\":7,\"kind\":\"bp\"}" },
    { "{\"key\":\"mood\",\"text\":\"120/80\"}", NULL, "{\"value\":\"120/80\",\"kind\":\"mood\"}" },
    { "{\"text\":\"120/80\"}", NULL, "{\"value\":\"120/80\"}" },
    /* A member that did not apply when it was sent. */
    { "{\"key\":\"mood\",\"number\":\"1\"}", "{\"sys\":120}", "{\"sys\":120,\"value\":1,\"kind\":\"mood\"}" },
    { "{\"key\":\"bp\",\"text\":\"1/2\"}", "{\"sys\":120}", "{\"sys\":1,\"dia\":2,\"kind\":\"bp\"}" },
};

static void parts_are_shown_all_or_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parts); i++) {
        struct kit kit = kit_of_fields(metric, omits);
        kit_get(&kit, parts[i].canonical, parts[i].rest);
        CHECK_TEXT(buf_str(&kit.text), parts[i].shown, "case %zu", i);
        kit_done(&kit);
    }
}

static void what_is_no_object_is_the_backends_fault(void **state)
{
    static const char *const others[] = { "[]", "null", "\"x\"", "1" };

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        struct kit kit = kit_of_fields(grouped, omits);
        kit_get(&kit, others[i], NULL);
        CHECK(kit.rc == -1 && kit.err.code == ERR_UPSTREAM, "case %zu", i);
        kit_done(&kit);
    }
}

static void an_output_that_is_full_is_an_error(void **state)
{
    struct kit kit = kit_of_fields(grouped, omits);
    struct lens_context context = KIT_CONTEXT;
    const struct tape *in = kit_tape(&kit, "{\"id\":\"1\",\"n\":2,\"m\":{\"a\":\"x\"},\"r\":\"9\"}");

    (void)state;
    for (size_t ceiling = 0; ceiling < 60; ceiling++) {
        struct buf out = buf_in(kit.arena, ceiling);
        struct id_slots ids = { 0 };
        CHECK(lens_get(kit.lens, in, 0, NULL, &context, kit.arena, &out, &ids, &kit.err) == -1, "ceiling %zu",
              ceiling);
    }
    kit_done(&kit);
}

/* Where the style says so, a text of no characters is none, wherever it would stand. */
static void empty_texts_are_absent_where_the_style_says_so(void **state)
{
    static const char fields[] = "fields:\n"
                                 "  a: { type: string, is: a }\n"
                                 "  l: { type: lines, is: l, join: x, absent: omit }\n"
                                 "  p: { type: pick, absent: omit, fields: { v: { type: string, is: v } } }\n"
                                 "  e: { type: entries, is: e, name: n, value: w, absent: omit }\n";
    static const struct {
        bool absent;
        const char *canonical, *shown;
    } cases[] = {
        { false, "{\"a\":\"\",\"v\":\"\",\"e\":{\"q\":\"\"}}",
          "{\"a\":\"\",\"p\":[{\"v\":\"\"}],\"e\":[{\"n\":\"q\",\"w\":\"\"}]}" },
        { true, "{\"a\":\"\",\"l\":\"\",\"v\":\"\",\"e\":{\"q\":\"\"}}", "{}" },
        { true, "{\"l\":\"axxbx\"}", "{\"l\":[\"a\",\"b\"]}" },
        { true, "{\"l\":\"xx\"}", "{}" },
        { false, "{\"l\":\"axxb\"}", "{\"l\":[\"a\",\"\",\"b\"]}" },
        { true, "{\"a\":\" \",\"l\":\"y\",\"v\":\"z\",\"e\":{\"q\":\"\",\"r\":\"1\"}}",
          "{\"a\":\" \",\"l\":[\"y\"],\"p\":[{\"v\":\"z\"}],\"e\":[{\"n\":\"r\",\"w\":\"1\"}]}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, (struct lens_style){ .empty_is_absent = cases[i].absent });
        kit_get(&kit, cases[i].canonical, NULL);
        CHECK_TEXT(buf_str(&kit.text), cases[i].shown, "case %zu", i);
        kit_done(&kit);
    }
}

/* A day, month or year that was sent is shown as long as the moment is its beginning, however that is written. */
static void parts_of_dates_are_shown_while_they_are_true(void **state)
{
    static const struct {
        const char *kept, *canonical, *shown;
    } cases[] = {
        { "\"2013-03\"", "\"2013-03-01T00:00:00.000Z\"", "\"2013-03\"" },
        { "\"2013-03\"", "\"2013-03-01T01:00:00+01:00\"", "\"2013-03\"" },
        { "\"2013\"", "\"2013-01-01T00:00:00.000Z\"", "\"2013\"" },
        { "\"2013-03\"", "\"2013-03-01T00:00:00.001Z\"", "\"2013-03-01T00:00:00.001Z\"" },
        { "\"2013-03\"", "\"2014-03-01T00:00:00.000Z\"", "\"2014-03-01T00:00:00.000Z\"" },
        { "5", "\"2013-03-01T00:00:00.000Z\"", "\"2013-03-01T00:00:00.000Z\"" },
        { "\"2013-03\"", "\"soon\"", "\"soon\"" },
        { "\"2013-03\"", "5", "5" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields("fields: { a: { type: datetime, is: x, partial: keep } }\n", omits);
        const char *canonical = arena_printf(kit.arena, "{\"x\":%s}", cases[i].canonical).ptr;
        kit_get(&kit, canonical, arena_printf(kit.arena, "{\"a\":%s}", cases[i].kept).ptr);
        CHECK_TEXT(buf_str(&kit.text), arena_printf(kit.arena, "{\"a\":%s}", cases[i].shown).ptr, "case %zu", i);
        kit_get(&kit, "{\"x\":null}", "{\"a\":\"2013\"}");
        CHECK_TEXT(buf_str(&kit.text), "{}", "case %zu", i);
        kit_put(&kit, LENS_UPDATE, "{\"a\":\"2013-03-01T00:00:00Z\"}", NULL); /* exact again */
        CHECK_TEXT(buf_str(&kit.put.rest), "{\"a\":null}", "case %zu", i);
        kit_put(&kit, LENS_CREATE, "{\"a\":\"2013-13\"}", NULL);
        CHECK(kit.rc && kit.put.faults.count == 1, "case %zu", i);
        kit_done(&kit);
    }
}

/* The version is the caller's to say. Where it says none, the field and what has nothing else are absent. */
static void a_version_is_shown_where_one_is_said(void **state)
{
    struct kit kit = kit_of_fields("fields:\n  m:\n    v: { type: version }\n  a: { type: string, is: a }\n", omits);
    struct lens_context context = KIT_CONTEXT;

    (void)state;
    assert_true(lens_shows_version(kit.lens));
    kit_get(&kit, "{\"a\":\"x\",\"v\":\"y\"}", NULL);
    CHECK_TEXT(buf_str(&kit.text), "{\"a\":\"x\"}", "none");
    context.version = STR("1\"2");
    kit.text.len = 0;
    assert_int_equal(lens_get(kit.lens, kit_tape(&kit, "{}"), 0, NULL, &context, kit.arena, &kit.text, &kit.ids, &kit.err), 0);
    CHECK_TEXT(buf_str(&kit.text), "{\"m\":{\"v\":\"1\\\"2\"}}", "one");
    kit_put(&kit, LENS_CREATE, "{\"m\":{\"v\":\"5\"},\"a\":\"x\"}", NULL); /* what a client says is never taken */
    CHECK_TEXT(buf_str(&kit.put.canonical), "{\"a\":\"x\"}", "put");
    CHECK_TEXT(kit_names(&kit, &kit.put.ignored), "m/v", "put");
    kit_done(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_texts_are_absent_where_the_style_says_so),
        cmocka_unit_test(values_are_shown),
        cmocka_unit_test(parts_of_dates_are_shown_while_they_are_true),
        cmocka_unit_test(a_version_is_shown_where_one_is_said),
        cmocka_unit_test(what_stays_as_it_is_is_copied),
        cmocka_unit_test(groups_are_shown_when_they_hold_a_value),
        cmocka_unit_test(ids_that_nothing_resolves_are_null),
        cmocka_unit_test(documents_share_a_buffer),
        cmocka_unit_test(parts_are_shown_all_or_none),
        cmocka_unit_test(what_is_no_object_is_the_backends_fault),
        cmocka_unit_test(an_output_that_is_full_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
