/* What the canonical entity has no room for: kept by put, merged back by get. */
#include "test_lens_kit.h"

static const struct lens_style plain = { 0 };

static const char fields[] = "fields:\n"
                             "  a: { type: string, is: a }\n"
                             "  k: { type: string, keep: true }\n"
                             "  o: { type: string, keep: true, otherwise: dflt }\n"
                             "  mail: { type: email, is: mail, invalid: keep }\n"
                             "  q: { type: quantity, is: [n, t] }\n"
                             "  g:\n"
                             "    b: { type: string, is: b }\n"
                             "    h:\n"
                             "      c: { type: string, is: c }\n"
                             "  tel:\n"
                             "    type: pick\n"
                             "    prefer: { primary: true }\n"
                             "    make: { type: other, primary: true }\n"
                             "    fields:\n"
                             "      value: { type: string, is: phone }\n"
                             "  adr:\n"
                             "    type: pick\n"
                             "    fields:\n"
                             "      lines: { type: lines, is: line, join: \"\\n\" }\n"
                             "      city: { type: string, is: city }\n"
                             "  ids: { type: entries, is: ids, name: s, value: v, skip: { unique: false } }\n"
                             "  els:\n"
                             "    type: list\n"
                             "    is: els\n"
                             "    absent: omit\n"
                             "    fields:\n"
                             "      v: { type: string, is: v }\n";

/* put on create: what goes where; then get of both, which shows all that was sent. */
static const struct {
    const char *in, *canonical, *rest;
} kept[] = {
    { "{\"a\":\"1\"}", "{\"a\":\"1\"}", "" },
    { "{\"x\":{\"y\": [1]},\"g\":{\"z\":0.10,\"b\":\"2\"}}", "{\"b\":\"2\"}",
      "{\"g\":{\"z\":0.10},\"x\":{\"y\": [1]}}" },
    { "{\"g\":{\"h\":{\"\\u0078\":1}}}", "{}", "{\"g\":{\"h\":{\"\\u0078\":1}}}" },
    { "{\"k\":\"1\",\"o\":\"dflt\"}", "{}", "{\"k\":\"1\"}" },
    { "{\"o\":\"other\"}", "{}", "{\"o\":\"other\"}" },
    { "{\"mail\":\"no mail\"}", "{}", "{\"mail\":\"no mail\"}" },
    { "{\"mail\":\"a@b\"}", "{\"mail\":\"a@b\"}", "" },
    { "{\"q\":true}", "{\"t\":\"true\"}", "{\"q\":\"true\"}" },
    { "{\"q\":[1, 2]}", "{\"t\":\"[1, 2]\"}", "{\"q\":\"[1, 2]\"}" },
    { "{\"q\":{\"y\":null}}", "{\"t\":\"{\\\"y\\\":null}\"}", "{\"q\":\"{\\\"y\\\":null}\"}" },
    { "{\"q\":\"true\"}", "{\"t\":\"true\"}", "" },
    /* An element that get would make alike is not kept. */
    { "{\"tel\":[{\"type\":\"other\",\"value\":\"1\",\"primary\":true}]}", "{\"phone\":\"1\"}", "" },
    { "{\"tel\":[{\"type\":\"home\",\"value\":\"1\",\"primary\":true}]}", "{\"phone\":\"1\"}",
      "{\"tel\":[{\"type\":\"home\",\"value\":\"1\",\"primary\":true}]}" },
    { "{\"tel\":[{\"value\":\"1\"}]}", "{\"phone\":\"1\"}", "{\"tel\":[{\"value\":\"1\"}]}" },
    { "{\"tel\":[{\"value\":\"0\"},{\"value\":\"1\",\"primary\":true,\"x\":2}]}", "{\"phone\":\"1\"}",
      "{\"tel\":[{\"value\":\"0\"},{\"value\":\"1\",\"primary\":true,\"x\":2}]}" },
    { "{\"tel\":[{\"x\":1}]}", "{}", "{\"tel\":[{\"x\":1}]}" },
    { "{\"tel\":[{}]}", "{}", "{\"tel\":[{}]}" },
    { "{\"adr\":[{\"use\":\"home\"}]}", "{}", "{\"adr\":[{\"use\":\"home\"}]}" },
    { "{\"tel\":[]}", "{}", "" },
    { "{\"adr\":[{\"lines\":[\"a\",\"b\"],\"city\":\"c\"}]}", "{\"line\":\"a\\nb\",\"city\":\"c\"}", "" },
    { "{\"adr\":[{\"city\":\"c\"},{\"city\":\"d\"}]}", "{\"city\":\"c\"}",
      "{\"adr\":[{\"city\":\"c\"},{\"city\":\"d\"}]}" },
    { "{\"ids\":[{\"s\":\"p\",\"v\":\"1\"},{\"s\":\"q\",\"v\":\"2\"}]}",
      "{\"ids\":{\"p\":\"1\",\"q\":\"2\"}}", "" },
    { "{\"ids\":[{\"s\":\"p\",\"v\":\"1\"},{\"s\":\"p\",\"v\":\"2\"}]}", "{\"ids\":{\"p\":\"1\"}}",
      "{\"ids\":[{\"s\":\"p\",\"v\":\"1\"},{\"s\":\"p\",\"v\":\"2\"}]}" },
    { "{\"ids\":[{\"s\":\"p\",\"v\":\"1\",\"unique\":false}]}", "{\"ids\":{}}",
      "{\"ids\":[{\"s\":\"p\",\"v\":\"1\",\"unique\":false}]}" },
    { "{\"ids\":[{\"s\":\"p\",\"v\":\"1\",\"label\":\"l\"}]}", "{\"ids\":{\"p\":\"1\"}}",
      "{\"ids\":[{\"s\":\"p\",\"v\":\"1\",\"label\":\"l\"}]}" },
    { "{\"els\":[{\"v\":\"1\"},{\"v\":\"2\",\"x\":3}]}", "{\"els\":[{\"v\":\"1\"},{\"v\":\"2\"}]}",
      "{\"els\":[{},{\"x\":3}]}" },
};

static void what_is_sent_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kept); i++) {
        struct kit kit = kit_of_fields(fields, plain);
        kit_put(&kit, LENS_CREATE, kept[i].in, NULL);
        CHECK(kit.rc == 0, "case %zu: " STR_FMT, i, STR_ARG(kit_faults(&kit)));
        CHECK_TEXT(buf_str(&kit.put.canonical), kept[i].canonical, "case %zu", i);
        CHECK_TEXT(buf_str(&kit.put.rest), kept[i].rest, "case %zu", i);
        kit_get(&kit, kept[i].canonical, kept[i].rest[0] ? kept[i].rest : NULL);
        const struct tape *sent = kit_tape(&kit, kept[i].in);
        const struct tape *shown = kit_tape(&kit, arena_cstr(kit.arena, buf_str(&kit.text)));
        for (uint32_t at = tape_first(sent, 0); at < tape_next(sent, 0); at = tape_next(sent, at + 1)) {
            uint32_t found = tape_find(shown, 0, tape_string(sent, at, kit.arena));
            CHECK(found != TAPE_NONE && tape_equal(sent, at + 1, shown, found), "case %zu: " STR_FMT, i,
                  STR_ARG(buf_str(&kit.text)));
        }
        kit_done(&kit);
    }
}

/* The entity was changed by others meanwhile. */
static const struct {
    const char *canonical, *rest, *shown;
} merged[] = {
    { "{\"mail\":\"a@b\"}", "{\"mail\":\"no mail\"}", "{\"mail\":\"a@b\"}" },
    { "{\"t\":\"no json\"}", "{\"q\":\"no json\"}", "{\"q\":\"no json\"}" },
    { "{\"t\":\"other\"}", "{\"q\":\"true\"}", "{\"q\":\"other\"}" },
    { "{\"n\":\"5\"}", "{\"q\":\"true\"}", "{\"q\":5}" },
    { "{\"a\":\"new\"}", "{\"a\":\"stale\"}", "{\"a\":\"new\"}" },
    { "{}", "{\"a\":\"stale\"}", "{}" },
    { "{}", "{\"g\":5}", "{}" },
    { "{\"phone\":\"2\"}",
      "{\"tel\":[{\"value\":\"0\"},{\"type\":\"home\",\"value\":\"1\",\"primary\":true}]}",
      "{\"tel\":[{\"value\":\"0\"},{\"value\":\"2\",\"type\":\"home\",\"primary\":true}]}" },
    { "{\"phone\":\"2\"}", "{\"tel\":[{\"x\":1}]}", "{\"tel\":[{\"value\":\"2\",\"x\":1}]}" },
    { "{}", "{\"tel\":[{\"value\":\"0\"},{\"value\":\"1\",\"primary\":true}]}",
      "{\"tel\":[{\"value\":\"0\"}]}" },
    { "{}", "{\"tel\":[{\"value\":\"1\",\"primary\":true}]}", "{}" },
    { "{}", "{\"tel\":[{\"x\":1}]}", "{\"tel\":[{\"x\":1}]}" },
    { "{\"ids\":{\"p\":\"9\",\"r\":\"3\"}}",
      "{\"ids\":[{\"s\":\"p\",\"v\":\"1\",\"l\":1},{\"s\":\"q\",\"v\":\"2\"},"
      "{\"s\":\"q\",\"v\":\"8\"},{\"s\":\"p\",\"v\":\"7\",\"unique\":false},{\"s\":\"p\",\"v\":\"6\"}]}",
      "{\"ids\":[{\"s\":\"p\",\"v\":\"9\",\"l\":1},{\"s\":\"p\",\"v\":\"7\",\"unique\":false},{\"s\":\"p\","
      "\"v\":\"6\"},"
      "{\"s\":\"r\",\"v\":\"3\"}]}" },
    { "{}", "{\"ids\":[{\"s\":\"p\",\"v\":\"1\"}]}", "{}" },
    { "{\"els\":[{\"v\":\"1\"}]}", "{\"els\":[{},{\"x\":3}]}", "{\"els\":[{\"v\":\"1\"}]}" },
};

static void add_defaults(struct buf *out, const char *shown)
{
    static const char *const always[] = { "\"o\":\"dflt\"", "\"tel\":[]", "\"adr\":[]", "\"ids\":[]" };

    buf_char(out, '{');
    for (size_t i = 0; i < COUNT(always); i++) {
        char name[8] = { 0 };
        memcpy(name, always[i], strcspn(always[i], ":"));
        if (!strstr(shown, name))
            buf_printf(out, "%s%s", out->len > 1 ? "," : "", always[i]);
    }
    buf_printf(out, "%s%s", shown[1] == '}' ? "" : ",", shown + 1);
}

static void canonical_values_win_over_what_was_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(merged); i++) {
        struct kit kit = kit_of_fields(fields, plain);
        kit_get(&kit, merged[i].canonical, merged[i].rest);
        struct buf wanted = buf_in(kit.arena, 1 << 16);
        const struct tape *shown = kit_tape(&kit, arena_cstr(kit.arena, buf_str(&kit.text)));
        /* What these documents never have is shown as it always is. */
        add_defaults(&wanted, merged[i].shown);
        const struct tape *expected = kit_tape(&kit, arena_cstr(kit.arena, buf_str(&wanted)));
        CHECK(tape_equal(shown, 0, expected, 0), "case %zu: " STR_FMT " expected " STR_FMT, i,
              STR_ARG(buf_str(&kit.text)), STR_ARG(buf_str(&wanted)));
        kit_done(&kit);
    }
}

static void a_member_of_the_entity_may_hold_the_rest(void **state)
{
    struct kit kit = kit_of_fields(
        "fields:\n  a: { type: string, is: a }\n  k: { type: string, keep: true }\nrest: metadata.d\n",
        plain);

    (void)state;
    assert_int_equal(lens_rest(kit.lens), REST_MEMBER);
    kit_put(&kit, LENS_CREATE, "{\"a\":\"1\",\"x\":2,\"k\":\"3\"}", NULL);
    CHECK_TEXT(buf_str(&kit.put.canonical), "{\"a\":\"1\",\"metadata\":{\"d\":{\"k\":\"3\",\"x\":2}}}",
               "put");
    CHECK_TEXT(buf_str(&kit.put.rest), "", "nothing beside");
    kit_get(&kit, "{\"a\":\"1\",\"metadata\":{\"d\":{\"k\":\"3\",\"x\":2},\"e\":5}}", NULL);
    CHECK_TEXT(buf_str(&kit.text), "{\"a\":\"1\",\"k\":\"3\",\"x\":2}", "get");
    kit_done(&kit);
}

static void a_lens_without_a_rest_refuses_what_it_does_not_know(void **state)
{
    static const struct {
        const char *in, *faults;
    } cases[] = {
        { "{\"a\":\"1\"}", "" },
        { "{\"x\":1,\"a\":1}", "a type string; x unknown a known member" },
        { "{\"g\":{\"y~/\":1}}", "g/y~0~1 unknown a known member" },
        { "{\"l\":[{\"v\":\"1\"},{\"z\":1}]}", "l/1/z unknown a known member" },
        { "{\"q\":true}", "q type number" },
        { "{\"w\":\"x\"}", "w unknown a known member" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit =
            kit_of_fields("fields:\n  a: { type: string, is: a }\n  g:\n    b: { type: string, is: b }\n"
                          "  q: { type: quantity, is: [n, t] }\n"
                          "  l: { type: list, is: l, fields: { v: { type: string, is: v } } }\n"
                          "  w: { type: string, is: w, when: { a: \"2\" } }\nrest: refuse\n",
                          plain);
        kit_put(&kit, LENS_CREATE, cases[i].in, NULL);
        CHECK_TEXT(kit_faults(&kit), cases[i].faults, "case %zu", i);
        kit_done(&kit);
    }
}

/* An element that says something beyond its mapped members stays, though those say nothing. */
static void an_element_without_values_stays(void **state)
{
    struct kit kit = kit_of_fields(fields, plain);

    (void)state;
    kit_put(&kit, LENS_CREATE, "{\"adr\":[{\"lines\":[],\"use\":\"home\"}]}", NULL);
    CHECK(kit.rc == 0, STR_FMT, STR_ARG(kit_faults(&kit)));
    kit_get(&kit, "{}", arena_cstr(kit.arena, buf_str(&kit.put.rest)));
    CHECK(strstr(arena_cstr(kit.arena, buf_str(&kit.text)), "\"use\":\"home\""), STR_FMT, STR_ARG(buf_str(&kit.text)));
    kit_done(&kit);
}

/* A body of its own, shown by another mapping: what that one shows from elsewhere is not kept, or nobody would see it. */
static void what_the_answer_shows_from_elsewhere_is_not_kept(void **state)
{
    static const char own[] = "fields:\n  b: { type: string, is: b }\n  g: { c: { type: string, is: c } }\n";
    static const char shows[] = "fields:\n"
                                "  a: { type: string, is: a }\n"
                                "  k: { type: string, keep: true }\n"
                                "  brand: { type: string, is: brand_id, equals: $brand }\n"
                                "  g: { d: { type: string, is: d } }\n"
                                "  h: { e: { type: string, is: e } }\n";
    static const struct {
        const char *in, *rest, *ignored, *faults;
    } cases[] = {
        { "{\"b\":\"1\",\"z\":1}", "{\"z\":1}", "", "" },
        { "{\"a\":1,\"z\":1}", "{\"z\":1}", "a", "a read_only nothing" },
        { "{\"y\":1,\"\\u0061\":1,\"z\":1}", "{\"y\":1,\"z\":1}", "a", "a read_only nothing" },
        { "{\"k\":\"x\"}", "{\"k\":\"x\"}", "", "" },
        { "{\"g\":{\"d\":1,\"z\":2}}", "{\"g\":{\"z\":2}}", "g/d", "g/d read_only nothing" },
        { "{\"h\":{\"z\":2}}", "", "h", "h read_only nothing" },
        { "{\"brand\":\"acme\"}", "", "", "" },
        { "{\"brand\":\"other\"}", "", "brand", "brand read_only nothing" },
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        struct lens_style style = { .read_only = i % 2 ? READ_ONLY_REFUSE : READ_ONLY_IGNORE };
        struct lens_context context = KIT_CONTEXT;
        struct kit kit = kit_of_fields(own, style), other = kit_of_fields(shows, style);
        context.answer = other.lens;
        kit.put = (struct lens_put){ .canonical = buf_in(kit.arena, 1 << 20), .rest = buf_in(kit.arena, 1 << 20) };
        int bad = lens_put(kit.lens, kit_tape(&kit, cases[i / 2].in), 0, NULL, &context, kit.arena, &kit.put, &kit.err);
        CHECK_TEXT(kit_faults(&kit), i % 2 ? cases[i / 2].faults : "", "case %zu", i);
        if (!bad) {
            CHECK_TEXT(buf_str(&kit.put.rest), cases[i / 2].rest, "case %zu", i);
            CHECK_TEXT(kit_names(&kit, &kit.put.ignored), i % 2 ? "" : cases[i / 2].ignored, "case %zu", i);
        }
        kit_done(&kit);
        kit_done(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_comes_back),
        cmocka_unit_test(an_element_without_values_stays),
        cmocka_unit_test(what_the_answer_shows_from_elsewhere_is_not_kept),
        cmocka_unit_test(canonical_values_win_over_what_was_kept),
        cmocka_unit_test(a_member_of_the_entity_may_hold_the_rest),
        cmocka_unit_test(a_lens_without_a_rest_refuses_what_it_does_not_know),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
