/* Envelopes and error shapes: what has no value leaves no trace, and what is written is always JSON. */
#include "check.h"

#include "dialect/template.h"
#include "json/tape.h"
#include "json/write.h"
#include "yaml/yaml.h"

static const struct {
    enum template_var var;
    const char *name, *json;
} known[] = {
    { VAR_ITEM, "", "{\"a\":1}" },  { VAR_ITEMS, "", "[1,2]" },
    { VAR_TOTAL, "", "7" },         { VAR_REQUEST_ID, "", "\"r-1\"" },
    { VAR_LINK, "self", "\"/x\"" }, { VAR_PATH, "id", "\"p\"" },
    { VAR_DOCUMENT, "t", "null" },  { VAR_MESSAGE, "", "\"said \\\"so\\\"\"" },
};

/* Values of `known`; anything else has none, and leaves half a value behind to prove that it is taken back.
 */
static bool value(void *data, enum template_var var, struct str name, struct buf *out)
{
    (void)data;
    for (size_t i = 0; i < COUNT(known); i++) {
        if (known[i].var != var || !str_is(name, known[i].name))
            continue;
        buf_add(out, str_from(known[i].json));
        return true;
    }
    buf_add(out, STR("[garbage"));
    return false;
}

static void written(void **state)
{
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        { "t: $item", "{\"a\":1}" },
        { "t: $items", "[1,2]" },
        { "t: { data: $item }", "{\"data\":{\"a\":1}}" },
        { "t: { patients: $items, total: $total }", "{\"patients\":[1,2],\"total\":7}" },
        { "t: { a: 1, b: true, c: null, d: x, e: \"1\", f: 1.50 }",
          "{\"a\":1,\"b\":true,\"c\":null,\"d\":\"x\",\"e\":\"1\",\"f\":1.50}" },
        { "t: { \"a\\\"b\": $total }", "{\"a\\\"b\":7}" },
        { "t: { m: $message }", "{\"m\":\"said \\\"so\\\"\"}" },
        { "t: { l: { s: $link.self, n: $link.next } }", "{\"l\":{\"s\":\"/x\"}}" },
        { "t: { p: $path.id, d: $document.t }", "{\"p\":\"p\",\"d\":null}" },
        /* what has no value is left out, wherever it stands */
        { "t: { a: $code, b: $total }", "{\"b\":7}" },
        { "t: { a: $total, b: $code }", "{\"a\":7}" },
        { "t: { a: $code, b: $title, c: $total, d: $status }", "{\"c\":7}" },
        { "t: { a: $code }", "{}" },
        { "t: { a: { b: { c: $code } } }", "{}" },
        { "t: { a: { b: $code, c: { d: $title } }, e: $total }", "{\"e\":7}" },
        { "t: { a: [$code, $title], e: $total }", "{\"e\":7}" },
        { "t: [$code, $total, $title]", "[7]" },
        { "t: [[$code], [$total]]", "[[7]]" },
        { "t: [$code]", "null" },
        { "t: $code", "null" },
        { "t: $path.other", "null" },
        /* what was written empty stays */
        { "t: {}", "{}" },
        { "t: []", "[]" },
        { "t: { a: {}, b: [] }", "{\"a\":{},\"b\":[]}" },
        /* in a list, an object that was to say something and says nothing goes, whatever constants it has */
        { "t: { l: [{ r: self, u: $code }, { r: next, u: $total }, { r: x }] }", "{\"l\":[{\"r\":\"next\",\"u\":7},{\"r\":\"x\"}]}" },
        { "t: { l: [{ r: self, u: $code }] }", "{}" },
        { "t: { l: [$code, $path.other] }", "{}" },
        { "t: { l: [{ r: self, n: { u: $code } }, a] }", "{\"l\":[\"a\"]}" },
        /* no variables */
        { "t: $", "\"$\"" },
        { "t: a $item", "\"a $item\"" },
        { "t: 5$", "\"5$\"" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        const struct yaml *root;
        struct template *made;
        struct buf out = buf_in(arena, 1 << 20);
        struct tape tape;
        struct tape_fault fault;
        struct err err;
        CHECK(yaml_parse(&root, arena, str_from(cases[i].yaml), "t.yaml", &err) == 0, "%s", err.detail);
        CHECK(template_load(&made, arena, yaml_get(root, "t"), &err) == 0, "%s: %s", cases[i].yaml,
              err.detail);
        template_write(made, value, NULL, &out);
        CHECK(str_is(buf_str(&out), cases[i].json), "%s: %.*s", cases[i].yaml, STR_ARG(buf_str(&out)));
        CHECK(tape_read(&tape, arena, buf_str(&out), &tape_default_limits, &fault), "%s: %s", cases[i].yaml,
              fault.what);
        arena_free(&arena);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *yaml, *fault;
    } cases[] = {
        { "t: $nothing", "t.yaml:1:4: unknown variable '$nothing'" },
        { "t: $Item", "t.yaml:1:4: unknown variable '$Item'" },
        { "t: $item.id", "t.yaml:1:4: unknown variable '$item.id'" },
        { "t: $items ", NULL }, /* trailing space is not part of a plain scalar */
        { "t: \"$items \"", "t.yaml:1:4: unknown variable '$items '" },
        { "t: $.x", "t.yaml:1:4: unknown variable '$.x'" },
        { "t: $$", "t.yaml:1:4: unknown variable '$$'" },
        { "t:\n  a:\n    - $total\n    - { b: $totl }", "t.yaml:4:12: unknown variable '$totl'" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        const struct yaml *root;
        struct template *made;
        struct err err = { 0 };
        CHECK(yaml_parse(&root, arena, str_from(cases[i].yaml), "t.yaml", &err) == 0, "%s", err.detail);
        int bad = template_load(&made, arena, yaml_get(root, "t"), &err);
        CHECK(bad ? cases[i].fault && str_starts(str_from(err.detail), str_from(cases[i].fault))
                  : !cases[i].fault,
              "%s: %s", cases[i].yaml, err.detail);
        arena_free(&arena);
    }
}

static void uses(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    const struct yaml *root;
    struct template *made;
    struct err err;

    (void)state;
    CHECK(yaml_parse(&root, arena, STR("t: { a: [x, { b: $ignored }], c: $item }"), "t.yaml", &err) == 0,
          "%s", err.detail);
    CHECK(template_load(&made, arena, yaml_get(root, "t"), &err) == 0, "%s", err.detail);
    CHECK(template_uses(made, VAR_IGNORED) && template_uses(made, VAR_ITEM), "deep and flat");
    CHECK(!template_uses(made, VAR_ITEMS), "not there");
    arena_free(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(written),
        cmocka_unit_test(refused),
        cmocka_unit_test(uses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
