/* Several mapped elements of one array. */
#include "test_lens_kit.h"

static const char fields[] = "fields:\n"
                             "  telecom:\n"
                             "    type: pick\n"
                             "    picks:\n"
                             "      - where: { system: phone }\n"
                             "        fields: { value: { type: string, is: phone, required: always } }\n"
                             "      - where: { system: email }\n"
                             "        make: { system: email, use: home }\n"
                             "        fields: { value: { type: email, is: mail } }\n";

static void elements_go_where_they_belong(void **state)
{
    static const struct {
        enum lens_mode mode;
        const char *in, *canonical, *rest, *faults;
    } cases[] = {
        { LENS_CREATE, "{\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"}]}", "{\"phone\":\"1\"}", "",
          "" },
        { LENS_CREATE,
          "{\"telecom\":[{\"system\":\"email\",\"use\":\"home\",\"value\":\"a@b.c\"},{\"system\":\"phone\","
          "\"value\":"
          "\"1\"}]}",
          "{\"phone\":\"1\",\"mail\":\"a@b.c\"}",
          "{\"telecom\":[{\"system\":\"email\",\"use\":\"home\",\"value\":\"a@b.c\"},{\"system\":\"phone\","
          "\"value\":"
          "\"1\"}]}",
          "" },
        { LENS_CREATE, "{\"telecom\":[{\"value\":\"1\"}]}", "{}", "{\"telecom\":[{\"value\":\"1\"}]}", "" },
        { LENS_CREATE, "{\"telecom\":[]}", "{}", "", "" },
        { LENS_CREATE, "{\"telecom\":[{\"system\":\"phone\"}]}", NULL, "", "telecom/0/value blank string" },
        { LENS_CREATE, "{\"telecom\":[{\"system\":\"x\"},{\"system\":\"email\",\"value\":\"no\"}]}", NULL, "",
          "telecom/1/value format email" },
        { LENS_CREATE, "{\"telecom\":[1]}", NULL, "", "telecom/0 type object" },
        { LENS_CREATE, "{\"telecom\":\"x\"}", NULL, "", "telecom type array" },
        { LENS_UPDATE, "{\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"}]}",
          "{\"phone\":\"1\",\"mail\":null}", "{\"telecom\":null}", "" },
        { LENS_UPDATE, "{\"telecom\":null}", "{\"phone\":null,\"mail\":null}", "{\"telecom\":null}", "" },
        { LENS_UPDATE, "{}", "{}", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });

        kit_put(&kit, cases[i].mode, cases[i].in, NULL);
        CHECK_TEXT(kit_faults(&kit), cases[i].faults, "case %zu", i);
        if (cases[i].canonical) {
            CHECK_TEXT(buf_str(&kit.put.canonical), cases[i].canonical, "case %zu", i);
            CHECK_TEXT(buf_str(&kit.put.rest), cases[i].rest, "case %zu", i);
        }
        kit_done(&kit);
    }
}

static void values_are_shown_in_their_elements(void **state)
{
    static const struct {
        const char *canonical, *rest, *shown;
    } cases[] = {
        { "{}", NULL, "{\"telecom\":[]}" },
        { "{\"mail\":\"a@b.c\"}", NULL,
          "{\"telecom\":[{\"system\":\"email\",\"use\":\"home\",\"value\":\"a@b.c\"}]}" },
        { "{\"phone\":\"2\",\"mail\":\"a@b.c\"}",
          "{\"telecom\":[{\"system\":\"fax\"},{\"system\":\"phone\",\"value\":\"1\",\"use\":\"work\"}]}",
          "{\"telecom\":[{\"system\":\"fax\"},{\"value\":\"2\",\"system\":\"phone\",\"use\":\"work\"},{"
          "\"system\":"
          "\"email\",\"use\":\"home\",\"value\":\"a@b.c\"}]}" },
        { "{\"mail\":\"a@b.c\"}",
          "{\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"},{\"system\":\"email\",\"value\":\"x@y.z\"}]}",
          "{\"telecom\":[{\"value\":\"a@b.c\",\"system\":\"email\"}]}" },
        { "{\"phone\":\"1\"}", "{\"telecom\":5}", "{\"telecom\":[{\"system\":\"phone\",\"value\":\"1\"}]}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(fields, (struct lens_style){ 0 });

        kit_get(&kit, cases[i].canonical, cases[i].rest);
        CHECK_TEXT(buf_str(&kit.text), cases[i].shown, "case %zu", i);
        kit_done(&kit);
    }
}

/* A line that has the text between lines in it was sent as one, and is shown so while it makes the text. */
static void kept_lines_are_not_cut_again(void **state)
{
    static const char lines[] = "fields:\n  a: { type: pick, fields: { l: { type: lines, is: l, join: \"\\n\" } } }\n";
    static const struct {
        const char *canonical, *rest, *shown;
    } cases[] = {
        { "{\"l\":\"1\\n2\"}", "{\"a\":[{\"l\":[\"1\\n2\"]}]}", "{\"a\":[{\"l\":[\"1\\n2\"]}]}" },
        { "{\"l\":\"1\\n3\"}", "{\"a\":[{\"l\":[\"1\\n2\"]}]}", "{\"a\":[{\"l\":[\"1\",\"3\"]}]}" },
        { "{\"l\":\"1\\n2\"}", NULL, "{\"a\":[{\"l\":[\"1\",\"2\"]}]}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit = kit_of_fields(lines, (struct lens_style){ 0 });

        kit_get(&kit, cases[i].canonical, cases[i].rest);
        CHECK_TEXT(buf_str(&kit.text), cases[i].shown, "case %zu", i);
        kit_done(&kit);
    }
}

/* Where an empty text is none, an entry without a value is not mapped: get would not show it. */
static void an_empty_value_is_no_entry(void **state)
{
    static const struct {
        const char *lacking, *canonical, *rest, *faults;
    } cases[] = {
        { ", lacking: keep", "{\"e\":{}}", "{\"e\":[{\"n\":\"A\",\"v\":\"\"}]}", "" },
        { "", NULL, NULL, "e/0/v blank string" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct str entries =
            arena_printf(arena, "fields:\n  e: { type: entries, is: e, name: n, value: v%s }\n", cases[i].lacking);
        struct kit kit = kit_of_fields(entries.ptr, (struct lens_style){ .empty_is_absent = true });

        kit_put(&kit, LENS_CREATE, "{\"e\":[{\"n\":\"A\",\"v\":\"\"}]}", NULL);
        CHECK_TEXT(kit_faults(&kit), cases[i].faults, "case %zu", i);
        if (cases[i].canonical) {
            CHECK_TEXT(buf_str(&kit.put.canonical), cases[i].canonical, "case %zu", i);
            CHECK_TEXT(buf_str(&kit.put.rest), cases[i].rest, "case %zu", i);
        }
        kit_done(&kit);
        arena_free(&arena);
    }
}

#define HEAD "dialect: d\nresource: r\nentity: e\nfields:\n  a:\n    type: pick\n"

static void faults_have_their_place(void **state)
{
    static const struct kit_bad cases[] = {
        { HEAD, "5:3", "type pick lacks `fields:`" },
        { HEAD "    picks: []\n", "7:12", "`picks:` is empty" },
        { HEAD "    picks: [x]\n", "7:13", "found \"x\", expected a map" },
        { HEAD "    picks: [{ where: { s: x } }]\n", "7:13", "the pick is not complete" },
        { HEAD "    picks: [{ where: {}, fields: { v: { type: string, is: v } } }]\n", "7:22",
          "`where:` is empty" },
        { HEAD "    picks: [{ where: { v: x }, fields: { v: { type: string, is: v } } }]\n", "7:24",
          "\"v\" is mapped too" },
        { HEAD "    picks: [{ where: { s: x }, when: 1, fields: { v: { type: string, is: v } } }]\n", "7:32",
          "unknown key" },
        { HEAD "    picks:\n"
               "      - { where: { s: x }, fields: { v: { type: string, is: v } } }\n"
               "      - { where: { t: x }, fields: { w: { type: string, is: w } } }\n",
          "9:18", "an element could be this one and one before it" },
        { HEAD "    picks:\n"
               "      - { where: { n: 1 }, fields: { v: { type: string, is: a } } }\n"
               "      - { where: { n: 1.0 }, fields: { v: { type: string, is: b } } }\n",
          "9:18", "an element could be this one and one before it" },
        { HEAD "    fields: { v: { type: string, is: v } }\n    picks: [{ where: { s: x }, fields: {} }]\n",
          "8:5", "`picks:` stands in or beside `fields:`" },
        { HEAD "    picks:\n"
               "      - { where: { s: x }, fields: { v: { type: string, is: v } } }\n"
               "      - { where: { s: y }, fields: { v: { type: string, is: v } } }\n",
          "9:41", "\"v\" is written by" },
    };

    (void)state;
    kit_refuses(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_go_where_they_belong),
        cmocka_unit_test(values_are_shown_in_their_elements),
        cmocka_unit_test(kept_lines_are_not_cut_again),
        cmocka_unit_test(an_empty_value_is_no_entry),
        cmocka_unit_test(faults_have_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
