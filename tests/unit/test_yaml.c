/* YAML files as trees: what is read, where everything stands, and what is refused with which words. */
#include "check.h"

#include "base/buf.h"
#include "yaml/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(512u << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const struct yaml *parse_ok(struct str text)
{
    const struct yaml *root = NULL;
    struct err err = { .code = ERR_NONE };

    CHECK(yaml_parse(&root, arena, text, "f.yaml", &err) == 0, "%s", err.detail);
    return root;
}

static struct str json_of(const struct yaml *node)
{
    struct buf buf = buf_in(arena, 1u << 20);

    yaml_to_json(node, &buf);
    CHECK(buf_ok(&buf), "does not fit");
    return buf_str(&buf);
}

static void reads_as_json(void **state)
{
    static const struct {
        struct str yaml;
        const char *json;
    } cases[] = {
        { STR_INIT(""), "{}" },
        { STR_INIT("\n\n"), "{}" },
        { STR_INIT("# only a comment\n"), "{}" },
        { STR_INIT("---\n"), "{}" },
        { STR_INIT("---\n...\n"), "{}" },
        { STR_INIT("a: 1\n...\n"), "{\"a\":1}" },
        { STR_INIT("%YAML 1.2\n---\na: 1\n"), "{\"a\":1}" },
        { STR_INIT("a: 1\r\nb: 2\r\n"), "{\"a\":1,\"b\":2}" },
        { STR_INIT("a: 1 # comment\n"), "{\"a\":1}" },
        { STR_INIT("text"), "\"text\"" },
        { STR_INIT("\"\""), "\"\"" },
        { STR_INIT("[]"), "[]" },
        { STR_INIT("{}"), "{}" },
        { STR_INIT("- a\n- b\n"), "[\"a\",\"b\"]" },
        { STR_INIT("-\n- b\n"), "[null,\"b\"]" },
        { STR_INIT("a:\n- b\n-  - c\n   - d\n"), "{\"a\":[\"b\",[\"c\",\"d\"]]}" },
        { STR_INIT("a: { b: [1, two], c: }\nd:\n  e: f\n"), "{\"a\":{\"b\":[1,\"two\"],\"c\":null},\"d\":{\"e\":\"f\"}}" },
        { STR_INIT("{\"a\": \"b\", \"c\": [true, null, 1.0]}"), "{\"a\":\"b\",\"c\":[true,null,1.0]}" },
        { STR_INIT("\"a b\": 1\n'c': 2\n"), "{\"a b\":1,\"c\":2}" },
        { STR_INIT("\"\": 1\n"), "{\"\":1}" },
        { STR_INIT("? a\n: b\n"), "{\"a\":\"b\"}" },
        { STR_INIT("1: a\ntrue: b\n"), "{\"1\":\"a\",\"true\":\"b\"}" },
        /* null, true, false, numbers: plain and spelled as JSON spells them */
        { STR_INIT("[null, ~, \"null\", '~', '']"), "[null,null,\"null\",\"~\",\"\"]" },
        { STR_INIT("[true, false, True, yes, on, \"true\"]"), "[true,false,\"True\",\"yes\",\"on\",\"true\"]" },
        { STR_INIT("[0, -0, 7, -12, 0.10, 1e400, -1.5E+02, 9007199254740993]"),
          "[0,-0,7,-12,0.10,1e400,-1.5E+02,9007199254740993]" },
        { STR_INIT("[+1, 01, -01, 1., .5, 1e, 1e+, 0x1F, 0o17, 1_000, .inf, .nan, 1.2.3, '1', 12:30, 2010-05-15]"),
          "[\"+1\",\"01\",\"-01\",\"1.\",\".5\",\"1e\",\"1e+\",\"0x1F\",\"0o17\",\"1_000\",\".inf\",\".nan\",\"1.2.3\","
          "\"1\",\"12:30\",\"2010-05-15\"]" },
        /* text */
        { STR_INIT("a: |\n  x\n  \"y\"\n"), "{\"a\":\"x\\u000a\\\"y\\\"\\u000a\"}" },
        { STR_INIT("a: >-\n  x\n  y\n"), "{\"a\":\"x y\"}" },
        { STR_INIT("a: |-\n  1\n"), "{\"a\":\"1\"}" },
        { STR_INIT("a: x\n  y\n"), "{\"a\":\"x y\"}" },
        { STR_INIT("a: 'it''s'\n"), "{\"a\":\"it's\"}" },
        { STR_INIT("a: \"\\u00e9\\x41\\n\\\\\\\"\\t\"\n"), "{\"a\":\"\xC3\xA9" "A\\u000a\\\\\\\"\\u0009\"}" },
        { STR_INIT("\xC3\xA9: \xF0\x9F\x98\x80\n"), "{\"\xC3\xA9\":\"\xF0\x9F\x98\x80\"}" },
        { STR_INIT("a: \"x\ty\"\n"), "{\"a\":\"x\\u0009y\"}" },
        { STR_INIT("a: b#c\nd: e:f\n"), "{\"a\":\"b#c\",\"d\":\"e:f\"}" },
        { STR_INIT("<<: { a: 1 }\n"), "{\"<<\":{\"a\":1}}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str json = json_of(parse_ok(cases[i].yaml));
        CHECK(str_is(json, cases[i].json), "row %zu: " STR_FMT, i, STR_ARG(json));
    }
}

static const struct {
    struct str yaml;
    const char *detail;
} refused[] = {
    /* what libfyaml would lose or let pass */
    { STR_INIT("a: 1\nb: \xFF\nc: 3\n"), "f.yaml:2:4: invalid UTF-8" },
    { STR_INIT("\xC0\x80"), "f.yaml:1:1: invalid UTF-8" },
    { STR_INIT("\xC3\xA9: \xC3\xA9\xED\xA0\x80"), "f.yaml:1:5: invalid UTF-8" },
    { STR_INIT("a: 1\nb: \xE2\x82"), "f.yaml:2:4: invalid UTF-8" },
    { STR_INIT("a: 1\n\0b: 2\n"), "f.yaml:2:1: control character" },
    { STR_INIT("a: 1\n# \x01\n"), "f.yaml:2:3: control character" },
    { STR_INIT("a: \x7F"), "f.yaml:1:4: control character" },
    { STR_INIT("\xC3\xA9\xC3\xA9: \x1B"), "f.yaml:1:5: control character" },
    { STR_INIT("a: 1\n---\nb: 2\n"), "f.yaml:2:1: a second document" },
    { STR_INIT("---\na: 1\n---\n"), "f.yaml:3:1: a second document" },
    { STR_INIT("a: 1\n...\nb: 2\n"), "f.yaml:3:1: a second document" },
    { STR_INIT("---\n---\na: 1\n"), "f.yaml:2:1: a second document" },
    { STR_INIT("a: &x 1\n"), "f.yaml:1:4: an anchor, which is not allowed" },
    { STR_INIT("a: &x\n  b: 1\n"), "f.yaml:1:4: an anchor, which is not allowed" },
    { STR_INIT("a:\n  - &x [1]\n"), "f.yaml:2:5: an anchor, which is not allowed" },
    { STR_INIT("&k a: 1\n"), "f.yaml:1:1: an anchor, which is not allowed" },
    { STR_INIT("a: 1\nb: *x\n"), "f.yaml:2:4: an alias, which is not allowed" },
    { STR_INIT("*x"), "f.yaml:1:1: an alias, which is not allowed" },
    { STR_INIT("*x : 1"), "f.yaml:1:1: an alias, which is not allowed" },
    { STR_INIT("a: !!str 1\n"), "f.yaml:1:4: a tag, which is not allowed" },
    { STR_INIT("a: !x {}\n"), "f.yaml:1:4: a tag, which is not allowed" },
    { STR_INIT("a: !<tag:x> []\n"), "f.yaml:1:4: a tag, which is not allowed" },
    { STR_INIT("- ! b\n"), "f.yaml:1:3: a tag, which is not allowed" },
    { STR_INIT("!!int 1: a\n"), "f.yaml:1:1: a tag, which is not allowed" },
    { STR_INIT("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: the key \"a\" stands twice" },
    { STR_INIT("x:\n  {a: 1, a: 2}\n"), "f.yaml:2:10: the key \"a\" stands twice" },
    { STR_INIT("a: 1\n\"a\": 2\n"), "f.yaml:2:1: the key \"a\" stands twice" },
    { STR_INIT("a: 1\n\"\\x61\": 2\n"), "f.yaml:2:1: the key \"a\" stands twice" },
    { STR_INIT("\xC3\xA9: 1\n\"\\u00e9\": 2\n"), "f.yaml:2:1: the key \"\xC3\xA9\" stands twice" },
    { STR_INIT("? [a]\n: b\n"), "f.yaml:1:3: a key that is a map or a list, expected text" },
    { STR_INIT("? {a: b}\n: c\n"), "f.yaml:1:3: a key that is a map or a list, expected text" },
    { STR_INIT("{[a]: b}\n"), "f.yaml:1:2: a key that is a map or a list, expected text" },
    { STR_INIT("x:\n  : y\n"), "f.yaml:2:3: a key is missing, expected text" },
    { STR_INIT("a: \"\\0\"\n"), "f.yaml:1:4: an escape that stands for no character" },
    { STR_INIT("\"a\\0b\": 1\n"), "f.yaml:1:1: an escape that stands for no character" },
    /* what it refuses itself: its words and its place */
    { STR_INIT("a: [1, 2\n"), "f.yaml:2:1: " },
    { STR_INIT("a: [1, 2}\n"), "f.yaml:1:9: " },
    { STR_INIT("a: b: c\n"), "f.yaml:1:5: " },
    { STR_INIT("a: \"x\n"), "f.yaml:1:5: " },
    { STR_INIT("a: 'x\n"), "f.yaml:1:5: " },
    { STR_INIT("- - a\n - b\n"), "f.yaml:2:2: " },
    { STR_INIT("a: 1\n\tb: 2\n"), NULL },
    { STR_INIT("a: \"\\q\"\n"), NULL },
    { STR_INIT("a: \"\\ud800\"\n"), NULL },
    { STR_INIT("a: @x\n"), NULL },
    { STR_INIT("a: `x`\n"), NULL },
    { STR_INIT("a: %x\n"), NULL },
    { STR_INIT("a: 1\n b: 2\n"), NULL },
    { STR_INIT("a: 1\nb\n"), NULL },
    { STR_INIT("{a: 1"), NULL },
    { STR_INIT("}"), NULL },
    { STR_INIT("]"), NULL },
    { STR_INIT("- a\nb: c\n"), NULL },
    { STR_INIT("a: - b\n"), NULL },
    { STR_INIT("%YAML 9.9\n---\na: 1\n"), NULL },
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        const struct yaml *root;
        struct err err = { .code = ERR_NONE };
        CHECK(yaml_parse(&root, arena, refused[i].yaml, "f.yaml", &err) == -1, "row %zu", i);
        CHECK(err.code == ERR_CONFIG, "row %zu", i);
        const char *want = refused[i].detail ? refused[i].detail : "f.yaml:";
        bool head = !refused[i].detail || strcmp(want + strlen(want) - 2, ": ") == 0;
        struct str detail = str_from(err.detail);
        CHECK(head ? str_starts(detail, str_from(want)) : str_is(detail, want), "row %zu: %s", i, err.detail);
        unsigned line = 0, column = 0;
        int numbers = sscanf(err.detail, "f.yaml:%u:%u: ", &line, &column);
        CHECK(numbers == 2 && line && column, "row %zu: %s", i, err.detail);
    }
}

/* Nothing of a file may be lost without a word, wherever the bad byte stands. */
static void refuses_bad_bytes_everywhere(void **state)
{
    static const char text[] = "a: [1, \"two\", 'three']\nb: |\n  four\nc: { d: e } # f\n";
    static const char bad[] = { '\0', '\x01', '\x7F', '\x80', '\xFF', '\xC3' };

    (void)state;
    for (size_t at = 0; at < sizeof text; at++) {
        for (size_t i = 0; i < sizeof bad; i++) {
            char with[sizeof text];
            const struct yaml *root;
            struct err err;
            memcpy(with, text, at);
            with[at] = bad[i];
            memcpy(with + at + 1, text + at, sizeof text - 1 - at);
            CHECK(yaml_parse(&root, arena, str_of(with, sizeof with), "f.yaml", &err) == -1, "%zu, %zu", at, i);
        }
    }
}

static void limits_depth(void **state)
{
    const struct yaml *root;
    struct err err;
    char text[200];

    (void)state;
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    CHECK(yaml_parse(&root, arena, str_of(text + 1, 128), "f.yaml", &err) == 0, "%s", err.detail);
    CHECK(yaml_parse(&root, arena, str_of(text, 130), "f.yaml", &err) == -1, "65 deep");
    CHECK(str_is(str_from(err.detail), "f.yaml:1:65: nested deeper than 64"), "%s", err.detail);
    struct buf buf = buf_in(arena, 1u << 20);
    for (unsigned i = 0; i < 70; i++)
        buf_printf(&buf, "%*sa:\n", (int)i, "");
    CHECK(yaml_parse(&root, arena, buf_str(&buf), "f.yaml", &err) == -1, "70 deep");
    CHECK(str_is(str_from(err.detail), "f.yaml:65:65: nested deeper than 64"), "%s", err.detail);
}

static void limits_size(void **state)
{
    enum { MOST = 4 << 20 };
    const struct yaml *root;
    struct err err;
    char *text = arena_alloc(arena, MOST + 1);

    (void)state;
    memset(text, 'x', MOST + 1);
    text[0] = '#';
    CHECK(yaml_parse(&root, arena, str_of(text, MOST), "f.yaml", &err) == 0, "%s", err.detail);
    CHECK(yaml_parse(&root, arena, str_of(text, MOST + 1), "f.yaml", &err) == -1, "over 4 MiB");
    CHECK(str_is(str_from(err.detail), "f.yaml:1:1: the file is larger than 4 MiB"), "%s", err.detail);
}

static void finds_duplicates_among_many(void **state)
{
    static const unsigned counts[] = { 2, 32, 33, 34, 2000 };

    (void)state;
    for (size_t c = 0; c < COUNT(counts); c++) {
        struct buf buf = buf_in(arena, 1u << 20);
        const struct yaml *root;
        struct err err;
        for (unsigned i = 0; i < counts[c]; i++)
            buf_printf(&buf, "key%u: %u\n", i, i);
        root = parse_ok(buf_str(&buf));
        CHECK(root->count == counts[c] && str_is(yaml_get(root, "key1")->text, "1"), "%u", counts[c]);
        buf_add(&buf, STR("key1: again\n"));
        CHECK(yaml_parse(&root, arena, buf_str(&buf), "f.yaml", &err) == -1, "%u", counts[c]);
        struct str want = arena_printf(arena, "f.yaml:%u:1: the key \"key1\" stands twice", counts[c] + 1);
        CHECK(str_is(str_from(err.detail), want.ptr), "%s", err.detail);
    }
}

static void limits_memory(void **state)
{
    struct buf buf = buf_in(arena, 1u << 20);

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        buf_printf(&buf, "key%u: {value: [1, \"%u\"]}\n", i, i);
    for (size_t ceiling = 200; ceiling < 60000; ceiling += 333) {
        struct arena *tight = arena_new(ceiling);
        const struct yaml *root;
        struct err err;
        if (yaml_parse(&root, tight, buf_str(&buf), "f.yaml", &err))
            CHECK(strstr(err.detail, ": no memory left"), "%zu: %s", ceiling, err.detail);
        arena_free(&tight);
    }
}

/* Every value and key at its line:column, in file order, as "kind text@value key@key". */
static void write_places(struct buf *out, const struct yaml *node)
{
    static const char kinds[] = "tml";

    buf_printf(out, "%c%s" STR_FMT "@%u:%u", kinds[node->kind], node->quoted ? "'" : "", STR_ARG(node->text),
               node->line, node->column);
    if (node->key_line)
        buf_printf(out, " " STR_FMT "@%u:%u", STR_ARG(node->key), node->key_line, node->key_column);
    buf_char(out, '\n');
    for (const struct yaml *at = node->first; at; at = at->next)
        write_places(out, at);
}

static void knows_places(void **state)
{
    static const struct {
        struct str yaml;
        const char *places;
    } cases[] = {
        { STR_INIT(""), "m@1:1\n" },
        { STR_INIT("\n\n  text"), "ttext@3:3\n" },
        { STR_INIT("\n# c\na: 1\n"), "m@3:1\nt1@3:4 a@3:1\n" },
        { STR_INIT("a: \"x\"\n'b':   'y'\n"), "m@1:1\nt'x@1:4 a@1:1\nt'y@2:8 b@2:1\n" },
        { STR_INIT("\xC3\xA9: \"\xC3\xA9\"\n"), "m@1:1\nt'\xC3\xA9@1:4 \xC3\xA9@1:1\n" },
        { STR_INIT("a:\n  - b\n  - c: d\n    e: [f, {g: h}]\n"),
          "m@1:1\nl@2:3 a@1:1\ntb@2:5\nm@3:5\ntd@3:8 c@3:5\nl@4:8 e@4:5\ntf@4:9\nm@4:12\nth@4:16 g@4:13\n" },
        { STR_INIT("a:\nb: 1\n"), "m@1:1\nt@1:1 a@1:1\nt1@2:4 b@2:1\n" },
        { STR_INIT("{a: , b: 1}"), "m@1:1\nt@1:2 a@1:2\nt1@1:10 b@1:7\n" },
        { STR_INIT("a: b\n   c\nd: e\n"), "m@1:1\ntb c@1:4 a@1:1\nte@3:4 d@3:1\n" },
        { STR_INIT("a: 1\r\nb: 2\r\n"), "m@1:1\nt1@1:4 a@1:1\nt2@2:4 b@2:1\n" },
        { STR_INIT("? a\n: b\n"), "m@1:1\ntb@2:3 a@1:3\n" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf buf = buf_in(arena, 1u << 16);
        write_places(&buf, parse_ok(cases[i].yaml));
        CHECK(str_is(buf_str(&buf), cases[i].places), "row %zu:\n" STR_FMT, i, STR_ARG(buf_str(&buf)));
    }
}

static void gets(void **state)
{
    const struct yaml *root = parse_ok(STR("a: 1\nb: { a: 2 }\nc: [a]\n"));

    (void)state;
    CHECK(str_is(yaml_get(root, "a")->text, "1"), "a");
    CHECK(str_is(yaml_get(yaml_get(root, "b"), "a")->text, "2"), "b.a");
    CHECK(!yaml_get(root, "d") && !yaml_get(root, "") && !yaml_get(root, "A"), "absent");
    CHECK(!yaml_get(yaml_get(root, "a"), "a"), "a scalar has no members");
    CHECK(!yaml_get(yaml_get(root, "c"), "a"), "a list has no members");
    CHECK(!yaml_get(yaml_get(root, "d"), "a"), "what is absent has no members");
    CHECK(root->count == 3 && strcmp(root->first->file, "f.yaml") == 0, "the root");
}

enum kind { TEXT, BOOL, UINT, MAP, LIST };

static int typed(const struct yaml *node, enum kind kind, struct err *err)
{
    struct str text;
    bool truth;
    uint64_t number;

    switch (kind) {
    case TEXT:
        return yaml_text(node, &text, err);
    case BOOL:
        return yaml_bool(node, &truth, err);
    case UINT:
        return yaml_uint(node, 1, 100, &number, err);
    case MAP:
        return yaml_map(node, err);
    case LIST:
        return yaml_list(node, err);
    }
    return -1;
}

static void reads_types(void **state)
{
    static const struct {
        const char *value;
        enum kind kind;
        const char *fault; /* NULL: read */
    } cases[] = {
        { "x", TEXT, NULL },
        { "1", TEXT, NULL },
        { "true", TEXT, NULL },
        { "'null'", TEXT, NULL },
        { "''", TEXT, NULL },
        { "", TEXT, "f.yaml:2:1: found nothing, expected text" },
        { "~", TEXT, "f.yaml:2:4: found nothing, expected text" },
        { "null", TEXT, "f.yaml:2:4: found nothing, expected text" },
        { "{}", TEXT, "f.yaml:2:4: found a map, expected text" },
        { "[]", TEXT, "f.yaml:2:4: found a list, expected text" },
        { "true", BOOL, NULL },
        { "false", BOOL, NULL },
        { "'true'", BOOL, "f.yaml:2:4: found \"true\", expected true or false" },
        { "yes", BOOL, "f.yaml:2:4: found \"yes\", expected true or false" },
        { "True", BOOL, "f.yaml:2:4: found \"True\", expected true or false" },
        { "1", BOOL, "f.yaml:2:4: found \"1\", expected true or false" },
        { "", BOOL, "f.yaml:2:1: found nothing, expected true or false" },
        { "[true]", BOOL, "f.yaml:2:4: found a list, expected true or false" },
        { "1", UINT, NULL },
        { "100", UINT, NULL },
        { "0", UINT, "f.yaml:2:4: found \"0\", expected a whole number from 1 to 100" },
        { "101", UINT, "f.yaml:2:4: found \"101\", expected a whole number from 1 to 100" },
        { "-1", UINT, "f.yaml:2:4: found \"-1\", expected a whole number from 1 to 100" },
        { "+1", UINT, "f.yaml:2:4: found \"+1\", expected a whole number from 1 to 100" },
        { "1.0", UINT, "f.yaml:2:4: found \"1.0\", expected a whole number from 1 to 100" },
        { "010", UINT, "f.yaml:2:4: found \"010\", expected a whole number from 1 to 100" },
        { "'10'", UINT, "f.yaml:2:4: found \"10\", expected a whole number from 1 to 100" },
        { "18446744073709551617", UINT,
          "f.yaml:2:4: found \"18446744073709551617\", expected a whole number from 1 to 100" },
        { "ten", UINT, "f.yaml:2:4: found \"ten\", expected a whole number from 1 to 100" },
        { "{ a: 1 }", MAP, NULL },
        { "[]", MAP, "f.yaml:2:4: found a list, expected a map" },
        { "x", MAP, "f.yaml:2:4: found \"x\", expected a map" },
        { "", MAP, "f.yaml:2:1: found nothing, expected a map" },
        { "[1]", LIST, NULL },
        { "{}", LIST, "f.yaml:2:4: found a map, expected a list" },
        { "x", LIST, "f.yaml:2:4: found \"x\", expected a list" },
        { "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", LIST,
          "f.yaml:2:4: found \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\", expected a list" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct yaml *root = parse_ok(arena_printf(arena, "# c\nk: %s\n", cases[i].value));
        struct err err = { .code = ERR_NONE };
        int failed = typed(yaml_get(root, "k"), cases[i].kind, &err);
        CHECK(failed == (cases[i].fault ? -1 : 0), "row %zu: %s", i, err.detail);
        if (cases[i].fault)
            CHECK(err.code == ERR_CONFIG && strcmp(err.detail, cases[i].fault) == 0, "row %zu: %s", i, err.detail);
        else
            CHECK(err.code == ERR_NONE, "row %zu: err was touched", i);
    }
}

static void gives_values(void **state)
{
    const struct yaml *root = parse_ok(STR("t: 'x y'\nb: true\nn: 18446744073709551615\n"));
    struct err err;
    struct str text;
    uint64_t number;
    bool truth;

    (void)state;
    CHECK(!yaml_text(yaml_get(root, "t"), &text, &err) && str_is(text, "x y"), "text");
    CHECK(!yaml_bool(yaml_get(root, "b"), &truth, &err) && truth, "bool");
    CHECK(!yaml_uint(yaml_get(root, "n"), 0, UINT64_MAX, &number, &err) && number == UINT64_MAX, "uint");
    CHECK(text.ptr[text.len] == '\0', "text ends with NUL for library calls");
}

static void knows_null(void **state)
{
    static const struct {
        const char *value;
        bool null;
    } cases[] = {
        { "", true },      { "~", true },      { "null", true }, { "''", false }, { "\"null\"", false },
        { "'~'", false },  { "Null", false },  { "0", false },   { "[]", false }, { "{}", false },
        { "|\n  null\n", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct yaml *root = parse_ok(arena_printf(arena, "k: %s\n", cases[i].value));
        CHECK(yaml_is_null(root->first) == cases[i].null, "row %zu", i);
    }
}

static void refuses_unknown_keys(void **state)
{
    static const char *const known[] = { "a", "b", NULL };
    struct err err = { .code = ERR_NONE };
    const struct yaml *root = parse_ok(STR("b: 1\n  \n"));

    (void)state;
    CHECK(yaml_only(root, known, &err) == 0, "%s", err.detail);
    CHECK(yaml_only(parse_ok(STR("")), known, &err) == 0, "%s", err.detail);
    root = parse_ok(STR("a: 1\nx:\n  c: 2\n"));
    CHECK(yaml_only(root, known, &err) == -1, "x is unknown");
    CHECK(strcmp(err.detail, "f.yaml:2:1: unknown key \"x\", expected one of: a, b") == 0, "%s", err.detail);
    CHECK(yaml_only(yaml_get(root, "x"), known, &err) == -1, "c is unknown");
    CHECK(strcmp(err.detail, "f.yaml:3:3: unknown key \"c\", expected one of: a, b") == 0, "%s", err.detail);
}

static void tells_places(void **state)
{
    const struct yaml *root = parse_ok(STR("a:\n  - 5\n"));
    struct err err;

    (void)state;
    int failed = yaml_fault(yaml_get(root, "a"), &err, "%s %d", "words", 7);
    CHECK(failed == -1, "-1");
    CHECK(strcmp(err.detail, "f.yaml:2:3: words 7") == 0 && err.code == ERR_CONFIG, "%s", err.detail);
    CHECK(yaml_fault_key(yaml_get(root, "a"), &err, "words") == -1, "-1");
    CHECK(strcmp(err.detail, "f.yaml:1:1: words") == 0, "%s", err.detail);
    (void)yaml_fault_key(yaml_get(root, "a")->first, &err, "no key");
    CHECK(strcmp(err.detail, "f.yaml:2:5: no key") == 0, "%s", err.detail);
}

static void loads_files(void **state)
{
    char path[] = "/tmp/test_yaml_XXXXXX";
    const struct yaml *root;
    struct err err;
    int fd = mkstemp(path);

    (void)state;
    CHECK(fd >= 0, "no temporary file");
    CHECK(yaml_load(&root, arena, path, &err) == 0 && root->kind == YAML_MAP && !root->count, "an empty file");
    CHECK(write(fd, "a: 1\nb: [\n", 10) == 10, "write");
    CHECK(yaml_load(&root, arena, path, &err) == -1, "not YAML");
    struct str want = arena_printf(arena, "%s:3:1: ", path);
    CHECK(str_starts(str_from(err.detail), want), "%s", err.detail);
    CHECK(write(fd, " ]\n", 3) == 3, "write");
    CHECK(yaml_load(&root, arena, path, &err) == 0 && strcmp(root->file, path) == 0, "%s", err.detail);
    CHECK(ftruncate(fd, (4 << 20) + 1) == 0 && yaml_load(&root, arena, path, &err) == -1, "too large");
    CHECK(strstr(err.detail, "larger than 4 MiB"), "%s", err.detail);
    CHECK(ftruncate(fd, 64 << 20) == 0 && yaml_load(&root, arena, path, &err) == -1, "far too large");
    CHECK(strstr(err.detail, "larger than 4 MiB"), "%s", err.detail);
    (void)close(fd);
    (void)unlink(path);
    CHECK(yaml_load(&root, arena, path, &err) == -1 && err.code == ERR_CONFIG, "gone");
    CHECK(str_starts(str_from(err.detail), str_from(path)) && strstr(err.detail, "No such file"), "%s", err.detail);
    CHECK(yaml_load(&root, arena, "/", &err) == -1, "a folder");
    CHECK(str_starts(str_from(err.detail), STR("/: cannot be read: ")), "%s", err.detail);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_as_json),        TEST(refuses),      TEST(refuses_bad_bytes_everywhere),
        TEST(limits_depth),         TEST(limits_size),  TEST(finds_duplicates_among_many),
        TEST(limits_memory),        TEST(knows_places), TEST(gets),
        TEST(reads_types),          TEST(gives_values), TEST(knows_null),
        TEST(refuses_unknown_keys), TEST(tells_places), TEST(loads_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
