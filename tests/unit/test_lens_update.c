/* Updates: only what is named goes out, null clears, and what is shown and written back says nothing. */
#include "test_lens_kit.h"

static const struct lens_style plain = { 0 };

static const char fields[] =
    "fields:\n"
    "  id: { type: id, is: id, kind: k, read_only: true }\n"
    "  a: { type: string, is: a, required: create, blank: refuse, null: refuse }\n"
    "  b: { type: string, is: m.b, default: x }\n"
    "  g:\n"
    "    c: { type: string, is: m.g.c }\n"
    "    d: { type: string, is: m.g.d }\n"
    "    ro: { type: string, is: ro, read_only: true }\n"
    "    t: { type: string, const: t }\n"
    "  h:\n"
    "    e: { type: string, is: e, null: refuse }\n"
    "  k: { type: string, keep: true }\n"
    "  mail: { type: email, is: mail, invalid: keep }\n"
    "  sex: { type: string, is: sex, enum: [m, f], otherwise: same }\n"
    "  when: { type: datetime, is: at }\n"
    "  q: { type: quantity, is: [n, x] }\n"
    "  tel:\n"
    "    type: pick\n"
    "    fields:\n"
    "      value: { type: string, is: phone, required: always }\n"
    "      note: { type: string, is: m.note }\n"
    "  ids: { type: entries, is: ids, name: s, value: v, skip: { u: false } }\n"
    "  all: { type: list, is: all, param: all, fields: { id: { type: id, is: ., kind: el } } }\n"
    "  els: { type: list, is: els, fields: { v: { type: string, is: v } } }\n"
    "  map: { type: map, is: map }\n"
    "  any: { type: any, is: m.any }\n"
    "  kept: { type: any, keep: true }\n"
    "  obj: { type: object, is: m.obj }\n"
    "  kob: { type: object, keep: true }\n"
    "  nn: { type: string, is: nn, null: refuse, absent: null }\n"
    "  word: { type: any, is: m.word, of: [string, number] }\n"
    "  s1: { type: number, is: bp, split: /, part: 1 }\n"
    "  s2: { type: number, is: bp, split: /, part: 2 }\n"
    "set: { z: 1 }\n";

static const struct {
    const char *in, *shown, *canonical, *rest, *faults;
} updates[] = {
    { "{}", NULL, "{}", "", "" },
    { "{\"a\":\"1\"}", NULL, "{\"a\":\"1\"}", "", "" },
    { "{\"b\":null}", NULL, "{\"m\":{\"b\":null}}", "", "" },
    { "{\"a\":null}", NULL, NULL, NULL, "a null string" },
    { "{\"a\":\" \"}", NULL, NULL, NULL, "a blank string" },
    { "{\"id\":\"x\",\"a\":\"1\"}", NULL, "{\"a\":\"1\"}", "", "" },
    /* Nested paths make nested patches; what the dialect does not name stays. */
    { "{\"g\":{\"c\":\"1\"}}", NULL, "{\"m\":{\"g\":{\"c\":\"1\"}}}", "", "" },
    { "{\"g\":{}}", NULL, "{}", "", "" },
    /* A null group clears what it holds, in the entity and in the rest. */
    { "{\"g\":null}", NULL, "{\"m\":{\"g\":{\"c\":null,\"d\":null}}}", "{\"g\":null}", "" },
    { "{\"h\":null}", NULL, NULL, NULL, "h/e null string" },
    { "{\"g\":{\"x\":null,\"y\":1}}", NULL, "{}", "{\"g\":{\"x\":null,\"y\":1}}", "" },
    /* Kept fields. */
    { "{\"k\":\"1\"}", NULL, "{}", "{\"k\":\"1\"}", "" },
    { "{\"k\":null}", NULL, "{}", "{\"k\":null}", "" },
    { "{\"mail\":\"a@b\"}", NULL, "{\"mail\":\"a@b\"}", "{\"mail\":null}", "" },
    { "{\"mail\":\"none\"}", NULL, "{\"mail\":null}", "{\"mail\":\"none\"}", "" },
    { "{\"mail\":null}", NULL, "{\"mail\":null}", "{\"mail\":null}", "" },
    /* A quantity is one of two members. */
    { "{\"q\":1}", NULL, "{\"n\":\"1\",\"x\":null}", "{\"q\":null}", "" },
    { "{\"q\":\"hi\"}", NULL, "{\"n\":null,\"x\":\"hi\"}", "{\"q\":null}", "" },
    { "{\"q\":true}", NULL, "{\"n\":null,\"x\":\"true\"}", "{\"q\":\"true\"}", "" },
    { "{\"q\":null}", NULL, "{\"n\":null,\"x\":null}", "{\"q\":null}", "" },
    /* An array is sent whole: what its element does not have is cleared. */
    { "{\"tel\":[{\"value\":\"1\"}]}", NULL, "{\"m\":{\"note\":null},\"phone\":\"1\"}", "{\"tel\":null}",
      "" },
    { "{\"tel\":[{\"value\":\"1\",\"x\":2}]}", NULL, "{\"m\":{\"note\":null},\"phone\":\"1\"}",
      "{\"tel\":[{\"value\":\"1\",\"x\":2}]}", "" },
    { "{\"tel\":[{\"note\":\"1\"}]}", NULL, NULL, NULL, "tel/0/value blank string" },
    { "{\"tel\":[]}", NULL, "{\"m\":{\"note\":null},\"phone\":null}", "{\"tel\":null}", "" },
    { "{\"tel\":null}", NULL, "{\"m\":{\"note\":null},\"phone\":null}", "{\"tel\":null}", "" },
    { "{\"ids\":[{\"s\":\"p\",\"v\":\"1\"}]}", NULL, "{\"ids\":{\"p\":\"1\"}}", "{\"ids\":null}", "" },
    { "{\"ids\":[{\"s\":\"p\",\"v\":\"1\"}]}",
      "{\"ids\":[{\"s\":\"q\",\"v\":\"2\"},{\"s\":\"q\",\"v\":\"3\"},{\"s\":\"p\",\"v\":\"4\"},"
      "{\"s\":\"r\",\"v\":\"5\",\"u\":false}]}",
      "{\"ids\":{\"p\":\"1\",\"q\":null}}", "{\"ids\":null}", "" },
    { "{\"ids\":[]}", "{\"ids\":[{\"s\":\"q\",\"v\":\"2\"}]}", "{\"ids\":{\"q\":null}}", "{\"ids\":null}",
      "" },
    { "{\"ids\":null}", "{\"ids\":[{\"s\":\"q\",\"v\":\"2\"}]}", "{\"ids\":{\"q\":null}}", "{\"ids\":null}",
      "" },
    { "{\"ids\":null}", NULL, "{\"ids\":null}", "{\"ids\":null}", "" },
    { "{\"els\":[{\"v\":\"1\",\"x\":1}]}", NULL, "{\"els\":[{\"v\":\"1\"}]}", "{\"els\":[{\"x\":1}]}", "" },
    { "{\"els\":[{\"v\":null}]}", NULL, "{\"els\":[{\"v\":null}]}", "{\"els\":null}", "" },
    { "{\"els\":null}", NULL, "{\"els\":null}", "{\"els\":null}", "" },
    { "{\"map\":{\"a\":\"1\",\"b\":null}}", NULL, "{\"map\":{\"a\":\"1\",\"b\":null}}", "", "" },
    { "{\"map\":{\"a\":1}}", NULL, NULL, NULL, "map/a type string" },
    /* A value of any type stands in the place of the stored one: what is only stored is taken away. */
    { "{\"any\":{\"a\":1}}", NULL, "{\"m\":{\"any\":{\"a\":1}}}", "", "" },
    { "{\"any\":{\"a\":1,\"o\":{\"p\":2}}}", "{\"any\":{\"a\":0,\"b\":2,\"o\":{\"q\":3,\"p\":2}}}",
      "{\"m\":{\"any\":{\"a\":1,\"o\":{\"p\":2,\"q\":null},\"b\":null}}}", "", "" },
    { "{\"any\":{}}", "{\"any\":{\"b\":2}}", "{\"m\":{\"any\":{\"b\":null}}}", "", "" },
    { "{\"any\":[1]}", "{\"any\":{\"b\":2}}", "{\"m\":{\"any\":[1]}}", "", "" },
    { "{\"any\":{\"b\":2}}", "{\"any\":[1]}", "{\"m\":{\"any\":{\"b\":2}}}", "", "" },
    { "{\"any\":{\"b\":2}}", "{\"any\":{\"b\":2}}", "{}", "", "" },
    { "{\"any\":null}", "{\"any\":{\"b\":2}}", "{\"m\":{\"any\":null}}", "", "" },
    { "{\"kept\":{\"a\":1}}", "{\"kept\":{\"b\":2}}", "{}", "{\"kept\":{\"a\":1,\"b\":null}}", "" },
    { "{\"s1\":1,\"s2\":2}", NULL, "{\"bp\":\"1/2\"}", "", "" },
    { "{\"s1\":1}", NULL, NULL, NULL, "s2 together sent with its other parts, or absent" },
    { "{\"s1\":null}", NULL, NULL, NULL, "s2 together sent with its other parts, or absent" },
    { "{\"s1\":null,\"s2\":1}", NULL, NULL, NULL, "s1 together sent with its other parts, or absent" },
    { "{\"s1\":null,\"s2\":null}", NULL, "{\"bp\":null}", "", "" },
    { "{\"s1\":1,\"s2\":2}", "{\"s1\":1.0,\"s2\":2}", "{}", "", "" },
    { "{\"s1\":1,\"s2\":3}", "{\"s1\":1,\"s2\":2}", "{\"bp\":\"1/3\"}", "", "" },
    /* What is shown and written back says nothing, even what would be refused as new. */
    { "{\"sex\":\"other\"}", NULL, NULL, NULL, "sex enum m, f" },
    { "{\"sex\":\"other\"}", "{\"sex\":\"\\u006fther\"}", "{}", "", "" },
    { "{\"a\":\" \"}", "{\"a\":\" \"}", "{}", "", "" },
    { "{\"a\":\"\\u0020\",\"b\":\"1\"}", "{\"a\":\" \"}", "{\"m\":{\"b\":\"1\"}}", "", "" },
    { "{\"a\":\"  \"}", "{\"a\":\" \"}", NULL, NULL, "a blank string" },
    { "{\"g\":{\"c\":5,\"d\":5}}", "{\"g\":{\"c\":5,\"d\":6}}", NULL, NULL, "g/d type string" },
    { "{\"map\":{\"a\":1}}", "{\"map\":{\"a\":1}}", "{}", "", "" },
    { "{\"sex\":\"f\"}", "{\"sex\":\"other\"}", "{\"sex\":\"f\"}", "", "" },
    { "{\"sex\":null}", "{}", "{}", "", "" },
    { "{\"nn\":null}", "{\"nn\":null}", "{}", "", "" },
    { "{\"nn\":null}", "{\"nn\":\"1\"}", NULL, NULL, "nn null string" },
    { "{\"nn\":null}", NULL, NULL, NULL, "nn null string" },
    /* What nobody knows and was kept with nulls in it stays so. */
    { "{\"x\":null,\"y\":{\"a\":null}}", "{\"x\":null,\"y\":{\"a\":null}}", "{}", "", "" },
    { "{\"x\":null,\"y\":{\"a\":null,\"b\":1}}", "{\"x\":null,\"y\":{\"a\":null}}", "{}", "{\"y\":{\"a\":null,\"b\":1}}", "" },
    { "{\"g\":{\"x\":null,\"y\":1}}", "{\"g\":{\"\\u0078\":null,\"y\":2}}", "{}", "{\"g\":{\"y\":1}}", "" },
    { "{\"x\":null}", "{\"x\":1}", "{}", "{\"x\":null}", "" },
    /* So does an object that is known. One that changes is merged, and a null takes a member away (RFC 7396). */
    { "{\"obj\":{\"a\":null,\"b\":{\"c\":null}}}", "{\"obj\":{\"b\":{\"c\":null},\"a\":null}}", "{}", "", "" },
    { "{\"obj\":{\"a\":null}}", "{\"obj\":{\"a\":null,\"b\":1}}", "{\"m\":{\"obj\":{\"a\":null}}}", "", "" },
    { "{\"obj\":{\"a\":1}}", "{\"obj\":{\"a\":1}}", "{\"m\":{\"obj\":{\"a\":1}}}", "", "" },
    { "{\"kob\":{\"a\":[null]}}", "{\"kob\":{\"a\":[null]}}", "{}", "", "" },
    { "{\"kob\":{\"a\":null}}", "{\"kob\":{\"a\":1}}", "{}", "{\"kob\":{\"a\":null}}", "" },
    /* A null that clears nothing makes no object around it. */
    { "{\"b\":null,\"g\":{\"c\":null,\"d\":null}}", "{\"b\":null,\"g\":null}", "{}", "", "" },
    { "{\"b\":null,\"g\":{\"c\":null,\"d\":null}}", "{\"g\":{\"d\":\"1\"}}", "{\"m\":{\"g\":{\"d\":null}}}", "", "" },
    { "{\"g\":null}", "{\"g\":{\"c\":\"1\"}}", "{\"m\":{\"g\":{\"c\":null}}}", "{\"g\":null}", "" },
    { "{\"g\":null}", "{}", "{}", "{\"g\":null}", "" },
    { "{\"sex\":null}", "{\"sex\":\"m\"}", "{\"sex\":null}", "", "" },
    { "{\"when\":\"2024-01-01T00:00:00.000Z\"}", "{\"when\":\"2024-01-01T00:00:00.000Z\"}", "{}", "", "" },
    { "{\"when\":\"2024-01-01T00:00:00Z\"}", "{\"when\":\"2024-01-01T00:00:00.000Z\"}",
      "{\"at\":\"2024-01-01T00:00:00.000Z\"}", "", "" },
    { "{\"q\":1.0}", "{\"q\":1}", "{}", "", "" },
    { "{\"tel\":[{\"note\":\"1\"}]}", "{\"tel\":[{\"note\":\"1\"}]}", "{}", "", "" },
    { "{\"ids\":[{\"v\":\"1\",\"s\":\"p\"}]}", "{\"ids\":[{\"s\":\"p\",\"v\":\"1\"}]}", "{}", "", "" },
    { "{\"els\":[]}", "{\"els\":[]}", "{}", "", "" },
    { "{\"mail\":\"none\"}", "{\"mail\":\"none\"}", "{\"mail\":null}", "{\"mail\":\"none\"}", "" },
};

static void updates_say_what_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(updates); i++) {
        struct kit kit = kit_of_fields(fields, plain);
        kit_put(&kit, LENS_UPDATE, updates[i].in, updates[i].shown);
        CHECK_TEXT(kit_faults(&kit), updates[i].faults, "case %zu: %s", i, updates[i].in);
        if (updates[i].canonical) {
            CHECK_TEXT(buf_str(&kit.put.canonical), updates[i].canonical, "case %zu: %s", i, updates[i].in);
            CHECK_TEXT(buf_str(&kit.put.rest), updates[i].rest, "case %zu: %s", i, updates[i].in);
        }
        kit_done(&kit);
    }
}

/* Get leaves out what says nothing, and shows several canonical values alike. */
static const char picked[] = "fields:\n"
                             "  home:\n"
                             "    type: pick\n"
                             "    prefer: { use: home }\n"
                             "    fields:\n"
                             "      line: { type: lines, is: line, join: \"\\n\", blank: refuse }\n"
                             "      city: { type: string, is: city }\n"
                             "      kind: { type: string, is: kind, enum: [a, b], otherwise: b }\n"
                             "      since: { type: datetime, is: since }\n"
                             "  tel:\n"
                             "    type: pick\n"
                             "    picks:\n"
                             "      - { where: { s: p }, fields: { v: { type: string, is: p, enum: [a, b], "
                             "otherwise: b } } }\n"
                             "      - { where: { s: q }, fields: { v: { type: string, is: q } } }\n";

static const struct {
    const char *stored, *rest, *in, *canonical, *kept;
} picks[] = {
    /* A blank line is not shown: who changes the city does not take it away. */
    { "{\"line\":\"1 Main St\\n\\nApt 2\",\"city\":\"Rome\"}", NULL,
      "{\"home\":[{\"line\":[\"1 Main St\",\"Apt 2\"],\"city\":\"Pisa\"}]}", "{\"city\":\"Pisa\"}",
      "{\"home\":null}" },
    /* Nor a value that is shown as another word, or a moment in another form. */
    { "{\"city\":\"Rome\",\"kind\":\"z\",\"since\":\"2024-01-01T01:00:00+01:00\"}", NULL,
      "{\"home\":[{\"city\":\"Pisa\",\"kind\":\"b\",\"since\":\"2024-01-01T00:00:00.000Z\"}]}", "{\"city\":\"Pisa\"}",
      "{\"home\":[{\"city\":\"Pisa\",\"kind\":\"b\",\"since\":\"2024-01-01T00:00:00.000Z\"}]}" },
    { "{\"p\":\"z\",\"q\":\"1\"}", NULL, "{\"tel\":[{\"s\":\"q\",\"v\":\"2\"},{\"s\":\"p\",\"v\":\"b\"}]}", "{\"q\":\"2\"}",
      "{\"tel\":[{\"s\":\"q\",\"v\":\"2\"},{\"s\":\"p\",\"v\":\"b\"}]}" },
    { "{\"line\":\"\\n\",\"city\":\"Rome\"}", NULL, "{\"home\":[{\"city\":\"Pisa\"}]}", "{\"city\":\"Pisa\"}",
      "{\"home\":null}" },
    /* The element that is mapped may stand elsewhere now. */
    { "{\"line\":\"1\\n\\n2\",\"city\":\"Rome\"}", "{\"home\":[{\"use\":\"home\",\"city\":\"x\"}]}",
      "{\"home\":[{\"city\":\"y\"},{\"use\":\"home\",\"line\":[\"1\",\"2\"],\"city\":\"Rome\"}]}", "{\"city\":\"Rome\"}",
      "{\"home\":[{\"city\":\"y\"},{\"use\":\"home\",\"line\":[\"1\",\"2\"],\"city\":\"Rome\"}]}" },
    /* What was shown and is not sent is cleared. */
    { "{\"line\":\"1\\n\\n2\",\"city\":\"Rome\",\"kind\":\"z\"}", NULL, "{\"home\":[{\"city\":\"Rome\"}]}",
      "{\"line\":null,\"city\":\"Rome\",\"kind\":null}", "{\"home\":null}" },
    { "{\"line\":\"1\\n\\n2\",\"kind\":\"z\"}", NULL, "{\"home\":[]}", "{\"line\":null,\"city\":null,\"kind\":null}",
      "{\"home\":null}" },
    /* Who changes the lines does. */
    { "{\"line\":\"1 Main St\\n\\nApt 2\",\"city\":\"Rome\"}", NULL,
      "{\"home\":[{\"line\":[\"1 Main St\",\"Apt 3\"],\"city\":\"Rome\"}]}",
      "{\"line\":\"1 Main St\\nApt 3\",\"city\":\"Rome\"}", "{\"home\":null}" },
};

static void a_picked_member_that_comes_back_is_not_written(void **state)
{
    static const struct lens_style style = { .empty_is_absent = true };

    (void)state;
    for (size_t i = 0; i < COUNT(picks); i++) {
        struct kit kit = kit_of_fields(picked, style);
        kit_get(&kit, picks[i].stored, picks[i].rest);
        const char *shown = arena_cstr(kit.arena, buf_str(&kit.text));
        kit_put(&kit, LENS_UPDATE, picks[i].in, shown);
        CHECK_TEXT(kit_faults(&kit), "", "case %zu: shown %s", i, shown);
        CHECK_TEXT(buf_str(&kit.put.canonical), picks[i].canonical, "case %zu: shown %s", i, shown);
        CHECK_TEXT(buf_str(&kit.put.rest), picks[i].kept, "case %zu: shown %s", i, shown);
        kit_done(&kit);
    }
}

static void a_list_of_a_parameter_may_be_emptied(void **state)
{
    static const struct {
        const char *in, *shown;
        size_t params, ids;
    } cases[] = {
        { "{}", NULL, 0, 0 },
        { "{\"all\":[]}", NULL, 1, 0 },
        { "{\"all\":null}", NULL, 1, 0 },
        { "{\"all\":[{\"id\":\"1\"}]}", NULL, 0, 1 },
        { "{\"all\":[{\"id\":\"1\"}]}", "{\"all\":[{\"id\":\"1\"}]}", 0, 0 },
        { "{\"all\":[{\"id\":\"1\"}]}", "{\"all\":[]}", 0, 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, plain);
        kit_put(&kit, LENS_UPDATE, cases[i].in, cases[i].shown);
        CHECK(kit.rc == 0, "case %zu", i);
        CHECK(kit.put.params_name.count == cases[i].params, "case %zu: params", i);
        CHECK(kit.put.ids.count == cases[i].ids, "case %zu: ids", i);
        CHECK_TEXT(buf_str(&kit.put.canonical), "{}", "case %zu", i);
        kit_done(&kit);
    }
}

static void the_stored_entity_is_needed_where_a_field_is_not_exact(void **state)
{
    static const struct {
        const char *in;
        enum lens_need needed;
    } cases[] = {
        { "{\"a\":\"1\",\"mail\":\"a@b\",\"k\":\"x\",\"id\":\"1\",\"x\":1}", LENS_NEEDS_NOTHING },
        { "{\"b\":\"2\"}", LENS_NEEDS_OBJECTS }, /* inside an object in whose place something else may stand */
        { "{\"g\":{\"c\":\"1\"}}", LENS_NEEDS_OBJECTS },
        { "{\"b\":\"2\",\"q\":1}", LENS_NEEDS_STORED },
        { "{\"g\":{\"c\":\"1\"},\"a\":\"1\"}", LENS_NEEDS_OBJECTS },
        { "{\"a\":null}", LENS_NEEDS_NOTHING },
        { "{\"x\":[1],\"g\":{\"x\":{}}}", LENS_NEEDS_NOTHING },
        { "{\"x\":null}", LENS_NEEDS_STORED },
        { "{\"g\":{\"x\":{\"y\":[null]}}}", LENS_NEEDS_STORED },
        { "{\"els\":[{\"x\":null}],\"b\":\"2\"}", LENS_NEEDS_STORED },
        { "{\"b\":null}", LENS_NEEDS_STORED }, /* inside an object that may not be there */
        { "{\"g\":{\"c\":null}}", LENS_NEEDS_STORED },
        { "{\"g\":{\"t\":null,\"ro\":null}}", LENS_NEEDS_NOTHING },
        { "{\"mail\":\"none\"}", LENS_NEEDS_NOTHING },
        { "{\"sex\":\"m\"}", LENS_NEEDS_STORED },
        { "{\"when\":null}", LENS_NEEDS_STORED },
        { "{\"q\":1}", LENS_NEEDS_STORED },
        { "{\"tel\":[]}", LENS_NEEDS_STORED },
        { "{\"ids\":[]}", LENS_NEEDS_STORED },
        { "{\"all\":[]}", LENS_NEEDS_STORED },
        { "{\"s2\":1}", LENS_NEEDS_STORED },
        { "{\"any\":1}", LENS_NEEDS_STORED },
        { "{\"kept\":{}}", LENS_NEEDS_STORED },
        { "{\"word\":1}", LENS_NEEDS_OBJECTS },
        { "{\"obj\":{\"a\":{}}}", LENS_NEEDS_OBJECTS },
        { "{\"kob\":{\"a\":1}}", LENS_NEEDS_NOTHING },
        { "{\"obj\":{\"a\":{\"b\":null}}}", LENS_NEEDS_STORED },
        { "{\"obj\":null}", LENS_NEEDS_STORED }, /* as \"b\" */
        { "{\"kob\":null}", LENS_NEEDS_NOTHING },
        { "{\"nn\":null}", LENS_NEEDS_STORED },
        { "{\"kob\":{\"a\":null}}", LENS_NEEDS_STORED },
        { "{\"g\":null}", LENS_NEEDS_STORED },
        { "{\"h\":null}", LENS_NEEDS_NOTHING },
        { "[]", LENS_NEEDS_NOTHING },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, plain);
        CHECK(lens_needs(kit.lens, kit_tape(&kit, cases[i].in), 0) == cases[i].needed, "case %zu", i);
        kit_done(&kit);
    }
}

/* A member inside makes the object around it (RFC 7396 section 1). What stands in its place is shown to another dialect, and
 * would be gone. */
static void what_stands_in_the_place_of_an_object_is_not_replaced(void **state)
{
    static const struct {
        const char *stored, *in, *canonical, *faults;
    } cases[] = {
        { "{\"m\":\"text\"}", "{\"b\":\"2\"}", NULL, "b occupied string" },
        { "{\"m\":[]}", "{\"b\":\"2\"}", NULL, "b occupied string" },
        { "{\"m\":0}", "{\"b\":\"2\"}", NULL, "b occupied string" },
        { "{\"m\":{\"g\":\"text\"}}", "{\"g\":{\"c\":\"1\",\"d\":\"2\"}}", NULL,
          "g/c occupied string; g/d occupied string" },
        { "{\"m\":{\"g\":\"text\"}}", "{\"g\":{\"d\":\"2\"},\"b\":\"3\"}", NULL, "g/d occupied string" },
        { "{\"m\":\"text\"}", "{\"tel\":[{\"value\":\"1\",\"note\":\"2\"}]}", NULL, "tel/0/note occupied string" },
        { "{\"m\":{\"g\":\"text\"}}", "{\"b\":\"2\"}", "{\"m\":{\"b\":\"2\"}}", "" },
        { "{\"m\":{\"g\":\"text\"}}", "{\"g\":null}", "{}", "" },
        { "{\"m\":{\"g\":\"text\"}}", "{\"g\":{\"c\":null}}", "{}", "" },
        { "{\"m\":\"text\"}", "{\"tel\":[{\"value\":\"1\"}]}", "{\"phone\":\"1\"}", "" },
        { "{\"m\":{\"g\":null}}", "{\"g\":{\"c\":\"1\"}}", "{\"m\":{\"g\":{\"c\":\"1\"}}}", "" },
        { "{}", "{\"g\":{\"c\":\"1\"}}", "{\"m\":{\"g\":{\"c\":\"1\"}}}", "" },
        { "{\"m\":{\"g\":{\"c\":\"0\"}}}", "{\"g\":{\"c\":\"1\"}}", "{\"m\":{\"g\":{\"c\":\"1\"}}}", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, plain);
        struct lens_context context = KIT_CONTEXT;

        kit_get(&kit, cases[i].stored, NULL);
        context.mode = LENS_UPDATE;
        context.stored = kit_tape(&kit, cases[i].stored);
        kit.put = (struct lens_put){ .canonical = buf_in(kit.arena, 1 << 20), .rest = buf_in(kit.arena, 1 << 20) };
        kit.rc = lens_put(kit.lens, kit_tape(&kit, cases[i].in), 0, kit_tape(&kit, arena_cstr(kit.arena, buf_str(&kit.text))),
                          &context, kit.arena, &kit.put, &kit.err);
        CHECK_TEXT(kit_faults(&kit), cases[i].faults, "case %zu", i);
        if (cases[i].canonical)
            CHECK_TEXT(buf_str(&kit.put.canonical), cases[i].canonical, "case %zu", i);
        kit_done(&kit);
    }
}

/* The member that a condition speaks of may be the stored one. */
static void conditions_look_at_what_is_shown(void **state)
{
    static const char text[] = "fields:\n  kind: { type: string, is: key, enum: { one: 1st, two: 2nd } }\n"
                               "  v: { type: string, is: v, when: { key: 2nd } }\n";
    static const struct {
        const char *in, *shown, *canonical, *rest;
    } cases[] = {
        { "{\"v\":\"x\"}", "{\"kind\":\"two\"}", "{\"v\":\"x\"}", "" },
        { "{\"v\":\"x\"}", "{\"kind\":\"one\"}", "{}", "{\"v\":\"x\"}" },
        { "{\"v\":\"x\"}", NULL, "{}", "{\"v\":\"x\"}" },
        { "{\"v\":\"x\",\"kind\":\"one\"}", "{\"kind\":\"two\"}", "{\"key\":\"1st\"}", "{\"v\":\"x\"}" },
        { "{\"v\":\"x\",\"kind\":null}", "{\"kind\":\"two\"}", "{\"key\":null}", "{\"v\":\"x\"}" },
        { "{\"v\":\"x\",\"kind\":\"two\"}", "{\"kind\":\"two\"}", "{\"v\":\"x\"}", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(text, plain);
        kit_put(&kit, LENS_UPDATE, cases[i].in, cases[i].shown);
        CHECK_TEXT(buf_str(&kit.put.canonical), cases[i].canonical, "case %zu", i);
        CHECK_TEXT(buf_str(&kit.put.rest), cases[i].rest, "case %zu", i);
        kit_done(&kit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_say_what_is_named),
        cmocka_unit_test(a_picked_member_that_comes_back_is_not_written),
        cmocka_unit_test(a_list_of_a_parameter_may_be_emptied),
        cmocka_unit_test(the_stored_entity_is_needed_where_a_field_is_not_exact),
        cmocka_unit_test(what_stands_in_the_place_of_an_object_is_not_replaced),
        cmocka_unit_test(conditions_look_at_what_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
