/* The laws find what is wrong with a mapping, and say it so that it can be mended: mappings that lose
 * something although they load, and what the report must say of each. */
#include "test_lens_kit.h"

#include "lens/test.h"

/* What lens_test says of these fields. */
static struct str report_of(struct arena *arena, const char *fields, struct lens_style style,
                            size_t *failures)
{
    struct str text = arena_printf(arena, "dialect: d\nresource: r\nentity: e\n%s", fields);
    struct buf report = buf_in(arena, 1 << 20);
    struct err err = { 0 };
    struct lens_tables *tables;
    struct lens *lens;

    assert_int_equal(lens_tables_load(&tables, arena, SOURCE_DIR "/mappings/tables", &err), 0);
    CHECK(lens_parse(&lens, arena, text, "map.yaml", &style, tables, &err) == 0, "%s", err.detail);
    *failures = lens_test(lens, 1, 300, &report);
    return buf_str(&report);
}

static const struct {
    const char *fields, *at, *law, *where, *document;
    bool empty_is_absent;
} broken[] = {
    /* An enum that takes what it does not show. */
    { "fields:\n  g:\n    a: { type: string, is: a, enum: { x: y }, otherwise_put: same }\n",
      ":6:5: ", "get(put(d)) = normal(d)", "g/a", "{\"g\":{\"a\":\"", false },
    /* The same inside a list: the place is that of the rule inside. */
    { "fields:\n  l:\n    type: list\n    is: l\n    fields:\n"
      "      a: { type: string, is: a, enum: { x: y }, otherwise_put: same }\n",
      ":9:7: ", "get(put(d)) = normal(d)", "l/0/a", "{\"l\":[{\"a\":\"", false },
    /* Empty texts, in a style that takes them for none. */
    { "fields:\n  a: { type: string, is: a }\n", ":5:3: ", "get(put(d)) = normal(d)", "a", "{\"a\":\"\"}",
      true },
    /* A value that is shown in two places, and written back to both. */
    { "fields:\n  b: { type: string, is: y }\n  a: { type: string, is: x, else: [y] }\n",
      ":6:3: ", "put(get(c), c) = c", "a", "{\"b\":\"", false },
    /* Rules that are asked one after the other: what the first wants, the second forbids. */
    { "fields:\n  a: { type: string, is: a, required: create, enum: [x] }\n  b: { type: boolean, is: b }\n"
      "  c: { type: boolean, is: c, required: create }\n"
      "rules:\n  - { where: { a: x }, equals: { b: true } }\n  - { where: { b: true }, equals: { c: true } "
      "}\n"
      "  - { where: { c: true }, absent: [b] }\n",
      ":6:3: ", "put takes what the fields allow", "b: equals", "{\"a\":\"x\"}\n", false },
};

/* Once for a rule, although many documents show it. */
static void a_broken_law_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(broken); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        size_t failures;
        struct str report =
            report_of(arena, broken[i].fields,
                      (struct lens_style){ .empty_is_absent = broken[i].empty_is_absent }, &failures);
        const struct str lines[] = {
            str_from(broken[i].at),
            arena_printf(arena, "(document "),
            arena_printf(arena, " of seed 1): %s\n", broken[i].law),
            arena_printf(arena, "\n  at    %s\n", broken[i].where),
            arena_printf(arena, "\n  for   %s", broken[i].document),
        };

        CHECK(failures >= 1 && failures <= 2, "case %zu: %zu failures\n" STR_FMT, i, failures,
              STR_ARG(report));
        for (size_t k = 0; k < COUNT(lines); k++)
            CHECK(memmem(report.ptr, report.len, lines[k].ptr, lines[k].len),
                  "case %zu: \"" STR_FMT "\" is not in\n" STR_FMT, i, STR_ARG(lines[k]), STR_ARG(report));
        arena_free(&arena);
    }
}

/* What comes back in another form is the normal one, and breaks no law. */
static void normal_forms_are_none(void **state)
{
    static const char *const sound[] = {
        "fields:\n  a: { type: datetime, is: a }\n",
        "fields:\n  a: { type: quantity, is: [b, c] }\n",
        "fields:\n  a: { type: lines, is: a, join: \", \" }\n",
        "fields:\n  a: { type: string, is: a, enum: { x: y }, otherwise: same, otherwise_put: same }\n",
        "fields:\n  a: { type: string, is: a, enum: { x: y }, otherwise_put: same, loss: words that are not "
        "known }\n",
        "fields:\n  l: { type: list, is: l, bare: t, fields: { t: { type: datetime, is: . } } }\n",
        "fields:\n  p: { type: pick, make: { u: 1 }, fields: { t: { type: datetime, is: t } } }\n",
        "fields:\n  a: { type: string, is: a, write_only: true }\n",
        "fields:\n  a: { type: number, is: x, split: /, part: 1 }\n  b: { type: number, is: x, split: /, "
        "part: 2 }\n"
        "  c: { type: string, is: x, unless: a }\n",
        "fields:\n  l:\n    type: list\n    is: l\n    fields:\n      a: { type: number, is: x, split: /, "
        "part: 1 }\n"
        "      b: { type: number, is: x, split: /, part: 2 }\n      c: { type: string, is: x, unless: a }\n",
        /* No sample is long or short enough, or in one piece. */
        "fields:\n  a: { type: string, is: a, min_length: 10 }\n",
        "fields:\n  a: { type: string, is: a, min_length: 4000, required: create }\n",
        "fields:\n  a: { type: string, is: a, min_length: 5, max_length: 6, required: create, blank: refuse }\n",
        "fields:\n  a: { type: string, is: x, split: a, part: 1, min_length: 4 }\n"
        "  b: { type: string, is: x, split: a, part: 2 }\n",
        "fields:\n  a: { type: array, is: a, min_length: 3, max_length: 3, required: create }\n",
        "fields:\n  a: { type: array, is: a, min_length: 40 }\n",
        "fields:\n  a: { type: array, is: a, of: { type: string, min_length: 5 } }\n",
        "fields:\n  a: { type: lines, is: a, join: ' ' }\n",
        "fields:\n  a: { type: lines, is: a, join: a, required: create }\n",
        "fields:\n  a: { type: lines, is: a, join: \"\\n\", min_length: 3 }\n",
        "fields:\n  a: { type: lines, is: a, join: ' ', pieces: keep, min_length: 2, blank: refuse }\n",
        "fields:\n  p: { type: pick, fields: { v: { type: string, is: v, min_length: 5 } } }\n",
        "fields:\n  a: { type: email, is: a, max_length: 8 }\n",
        /* What has not the form. */
        "fields:\n  a: { type: date, is: a, invalid: keep }\n  b: { type: datetime, is: b, invalid: keep, partial: keep }\n"
        "  c: { type: uuid, is: c, invalid: keep }\n  d: { type: decimal, is: d, invalid: keep, min: '0' }\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(sound); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        size_t failures;
        struct str report = report_of(arena, sound[i], (struct lens_style){ 0 }, &failures);
        CHECK(failures == 0, "case %zu: " STR_FMT, i, STR_ARG(report));
        arena_free(&arena);
    }
}

/* Entries have no order, but each counts. */
static void entries_are_counted(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        { "[{\"n\":\"A\"},{\"n\":\"B\"}]", "[{\"n\":\"B\"},{\"n\":\"A\"}]", true },
        { "[{\"n\":\"A\"},{\"n\":\"A\"}]", "[{\"n\":\"A\"},{\"n\":\"A\"}]", true },
        { "[{\"n\":\"A\"},{\"n\":\"A\"}]", "[{\"n\":\"A\"},{\"n\":\"B\"}]", false },
        { "[1,1,2]", "[1,2,2]", false },
        { "[1]", "[]", false },
        { "[]", "[]", true },
        { "null", "[]", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct document a, b;
        assert_true(test_read(&a, arena, str_from(cases[i].a)) && test_read(&b, arena, str_from(cases[i].b)));
        CHECK(same_entries(&a.tape, 0, &b.tape, 0) == cases[i].same, "case %zu", i);
        CHECK(same_entries(&b.tape, 0, &a.tape, 0) == cases[i].same, "case %zu, turned", i);
        arena_free(&arena);
    }
}

/* Examples of what put refuses: all faults, and no others. */
static void refusals_are_exact(void **state)
{
#define FIELDS                                                                                               \
    "fields:\n  a: { type: string, is: a, required: create }\n  b: { type: date, is: b, null: refuse "       \
    "}\nexamples:\n"
    static const struct {
        const char *text, *said; /* `said` NULL: the example holds */
    } cases[] = {
        { FIELDS "  - { dialect: {}, refused: { a: blank } }\n", NULL },
        { FIELDS "  - { dialect: { a: 5, b: x }, refused: { b: format, a: type } }\n", NULL },
        { FIELDS "  - { dialect: { b: null }, refused: { b: 'null' }, mode: update }\n", NULL },
        { FIELDS "  - { dialect: { a: x }, refused: { a: blank } }\n",
          ":8:5: put takes what it should refuse\n  found    {\"a\":\"x\"}\n  expected a: blank\n" },
        { FIELDS "  - { dialect: { b: x }, refused: { a: blank } }\n",
          ":8:5: put refuses something else\n  found    a: blank, b: format\n  expected a: blank\n" },
        { FIELDS "  - { dialect: {}, refused: { a: type } }\n",
          ":8:5: put refuses something else\n  found    a: blank\n  expected a: type\n" },
    };
    static const struct kit_bad bad[] = {
        { "dialect: d\nresource: r\nentity: e\n" FIELDS "  - { dialect: {}, refused: {} }\n", "8:29",
          "nothing is refused" },
        { "dialect: d\nresource: r\nentity: e\n" FIELDS "  - { dialect: {}, refused: { a: blanc } }\n",
          "8:34", "this is not a kind of fault" },
        { "dialect: d\nresource: r\nentity: e\n" FIELDS
          "  - { dialect: {}, refused: { a: blank }, canonical: {} }\n",
          "8:43", "unknown key \"canonical\"" },
        { "dialect: d\nresource: r\nentity: e\n" FIELDS "  - { refused: { a: blank } }\n", "8:5",
          "the example is not complete" },
    };
#undef FIELDS

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        size_t failures;
        struct str report = report_of(arena, cases[i].text, (struct lens_style){ 0 }, &failures);
        bool said = cases[i].said && memmem(report.ptr, report.len, cases[i].said, strlen(cases[i].said));
        CHECK(cases[i].said ? failures == 1 && said : failures == 0, "case %zu: " STR_FMT, i,
              STR_ARG(report));
        arena_free(&arena);
    }
    kit_refuses(bad, COUNT(bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_law_is_told),
        cmocka_unit_test(normal_forms_are_none),
        cmocka_unit_test(entries_are_counted),
        cmocka_unit_test(refusals_are_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
