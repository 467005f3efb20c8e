/* All faults of a mapping file are told in one run, in order of place, and none that only follows from another. */
#include "check.h"

#include "lens/lens.h"
#include "yaml/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD "dialect: d\nresource: r\nentity: e\nfields:\n"
#define TWO  HEAD "  a: { type: string, is: a }\n  b: { type: string, is: b }\n"

enum { MOST_TOLD = 9 };

static const struct {
    const char *text;
    const char *told[MOST_TOLD]; /* "line:column: how the words begin" */
} cases[] = {
    { TWO, { NULL } },
    /* Each key of a field, and the fields after it. */
    { HEAD "  a: { type: string, is: a, requird: create, blnk: refuse }\n  b: { type: strng, is: b }\n"
           "  c: { type: integer, is: c, min: x }\n",
      { "5:29: unknown key \"requird\"", "5:46: unknown key \"blnk\"", "6:14: \"strng\" is not a type",
        "7:35: \"x\" is not a value" } },
    /* A wrong type makes many keys wrong: one is told. */
    { HEAD "  a: { type: boolean, is: a, blank: refuse, min_length: 1, form: ['#'] }\n", { "5:30: `blank:` does not go" } },
    /* So does one that is missing. */
    { HEAD "  a: { typ: string, is: a, required: create }\n  b: { type: strng, is: b }\n",
      { "5:13: \"typ\" is not a member", "6:14: \"strng\"" } },
    { HEAD "  g:\n    a: { type: strng, is: a }\n    x: 5\n  a/b: { type: string, is: b }\n  c: { type: string, is: c, kind: k }\n",
      { "6:16: \"strng\"", "7:8: \"x\" is not a member", "8:3: \"a/b\" cannot be named", "9:29: `kind:` does not go" } },
    /* In lists and picks. */
    { HEAD "  l: { type: list, is: l, fields: { a: { type: strng, is: a }, b: { type: string, is: b, c: d } } }\n"
           "  p: { type: pick, fields: { a: { type: string, is: x, c: d }, b: { type: string, iss: y } } }\n"
           "  q: { type: pick, picks: [{ where: { u: 1 }, fields: { a: { type: string, is: u, c: d }, b: { type: strng, is: v } } }] }\n"
           "  z: { type: strng, is: z }\n",
      { "5:48: \"strng\"", "5:90: unknown key \"c\"", "6:56: unknown key \"c\"", "6:83: unknown key \"iss\"", "7:83: unknown key \"c\"",
        "7:102: \"strng\"", "8:14: \"strng\"" } },
    /* What stands beside the fields. */
    { "dialect: d\nresource: r\nentity: [e]\nsets: { a: 1 }\nrest: nowhere\nunknown: keep\nfields:\n  a: { type: strng, is: a }\n"
      "rules: [{ where: {} }, 5]\nexamples: [{ dialect: {} }, { dialect: {}, canonical: {}, mode: maybe }]\n",
      { "3:9: found a list, expected text", "4:1: unknown key \"sets\"", "5:7: \"nowhere\" is not a place", "6:10: unknown word",
        "8:14: \"strng\"", "9:9: the rule is not complete", "9:24: found \"5\", expected a map", "10:12: the example is not complete", "10:65: unknown word" } },
    { TWO "set: { c: $brnd, d..e: 1, f: $noww }\n",
      { "7:11: \"$brnd\" is not a value", "7:24: \"d..e\" is not a canonical path", "7:30: \"$noww\" is not" } },
    { "dialect: d\nresource: r\nentity: e\nfeilds:\n  a: { type: strng, is: a }\nset: { a: $b }\n", { "4:1: unknown key \"feilds\"" } },
    { "", { "1:1: `dialect:` is missing" } },
    { "a: b: c\n", { "1:" } },
    /* What fields say of each other, and what is judged last. */
    { TWO "  c: { type: string, is: c, when: { x: 1 } }\n  d: { type: string, is: d, unless: zz }\n  e: { type: string }\n"
          "  f: { type: integer, is: f, min: 5, max: 1 }\nset: { g: $b }\nrules: [{ where: { y: 1 }, absent: [a] }]\n",
      { "7:37: \"x\" is written by no other field", "8:37: \"zz\" is not a field", "9:3: no rule takes \"e\"",
        "10:43: no value lies between", "11:11: \"$b\" is not", "12:23: \"y\" is not a field" } },
    /* What speaks of something with a fault follows from it. */
    { HEAD "  s: { type: string, is: state, enumm: [x] }\n  c: { type: string, is: c, when: { state: x } }\n"
           "  d: { type: string, is: d, unless: s }\n  e: { type: integer, derive: years_since, from: state }\n"
           "  f: { type: string, is: f, with: s }\n  h: { type: string, is: h, when: { other: x } }\n"
           "rules: [{ where: { s: x }, absent: [c] }]\n",
      { "5:33: unknown key \"enumm\"", "10:37: \"other\" is written by no other field" } },
    { HEAD "  a: { type: string, is: t, split: '-', part: 1, prt: 2 }\n  b: { type: string, is: t, split: '-', part: 2 }\n"
           "  l: { type: link, to: '/x/{i}' }\n  i: { type: id, is: id, kind: k, read_onli: true }\n",
      { "5:50: unknown key \"prt\"", "8:35: unknown key \"read_onli\"" } },
    { HEAD "  l: { type: list, is: l, bare: v, fields: { v: { type: strng, is: v } } }\n", { "5:57: \"strng\"" } },
    { HEAD "  a: { type: strng, is: a }\nset: { s: [x, $b }\n", { "6:18: mismatched" } }, /* no tree */
    { HEAD "  a: { type: string, is: a, when: { s: x } }\nset: { s: $x }\n", { "6:11: \"$x\" is not" } },
    { HEAD "  a: { type: string, is: x, requird: 1 }\n  b: { type: string, is: x }\n  c: { type: string, is: x }\n",
      { "5:29: unknown key \"requird\"", "7:6: \"x\" is written by \"b\" already" } },
};

static const char *write_text(char *path, const char *text)
{
    int file = mkstemp(strcpy(path, "/tmp/test_faults.XXXXXX"));

    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(file), 0);
    return path;
}

/* Prints what is not as the case says. */
static bool told(size_t at, const struct err_list *faults, const char *path)
{
    size_t count = 0;
    bool fine = true;

    while (count < MOST_TOLD && cases[at].told[count])
        count++;
    for (size_t i = 0; i < faults->count || i < count; i++) {
        struct str said = i < faults->count ? str_from(faults->items[i].detail) : STR("nothing");
        struct str expected = arena_printf(faults->arena, "%s:%s", path, i < count ? cases[at].told[i] : "nothing");
        if (str_starts(said, expected))
            continue;
        print_message("case %zu: " STR_FMT "\nexpected " STR_FMT "\n", at, STR_ARG(said), STR_ARG(expected));
        fine = false;
    }
    return fine;
}

static void all_faults_in_order(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        struct err_list faults = { .arena = arena };
        struct lens_style style = { 0 };
        struct lens_tables *tables;
        struct lens *lens;
        struct err err = { 0 }, first = { 0 };
        char path[64];

        CHECK(lens_tables_load(&tables, arena, SOURCE_DIR "/mappings/tables", &err) == 0, "%s", err.detail);
        write_text(path, cases[i].text);
        int rc = lens_judge(&lens, arena, path, &style, tables, &faults, &err);
        int loaded = lens_load(&lens, arena, path, &style, tables, &first);
        yaml_sort_faults(&faults);
        wrong += !told(i, &faults, path);
        CHECK((rc == 0) == (faults.count == 0) && rc == loaded, "case %zu: %d, %d", i, rc, loaded);
        assert_int_equal(unlink(path), 0);
        arena_free(&arena);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_faults_in_order) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
