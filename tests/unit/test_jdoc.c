#include "check.h"

#include "jdoc/jdoc.h"

static void one_document_parses_or_is_refused(void **state)
{
    static const struct {
        struct str in;
        bool ok;
    } cases[] = {
        { STR_INIT("{}"), true },
        { STR_INIT(" [1, 2] "), true },
        { STR_INIT("\"text\""), true },
        { STR_INIT("null"), true },
        { STR_INIT("9223372036854775807"), true },
        { STR_INIT("{\"a\":{\"a\":1}}"), true },
        { STR_INIT(""), false },
        { STR_INIT(" "), false },
        { STR_INIT("{} {}"), false },
        { STR_INIT("{}x"), false },
        { STR_INIT("{\"a\":1,\"a\":2}"), false },
        { STR_INIT("{\"a\":1,\"\\u0061\":2}"), false },
        { STR_INIT("[{\"b\":{\"a\":1,\"a\":1}}]"), false },
        { STR_INIT("9223372036854775808"), false },
        { STR_INIT("1e400"), false },
        { STR_INIT("\"\xff\""), false },
        { STR_INIT("\"\\ud800\""), false },
        { STR_INIT("\"\\u0000\""), false },
        { STR_INIT("{\"a\":1}\0"), false },
        { STR_INIT("\xef\xbb\xbf{}"), false },
        { STR_INIT("{'a':1}"), false },
        { STR_INIT("[1,]"), false },
        { STR_INIT("NaN"), false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = { 0 };
        struct jdoc *doc = jdoc_parse(cases[i].in, &err);
        CHECK(!!doc == cases[i].ok, "case %zu: %s", i, err.detail);
        CHECK(doc || err.code == ERR_BAD_JSON, "case %zu: code %s", i, err_name(err.code));
        jdoc_free(&doc);
        CHECK(!doc, "case %zu: freed", i);
    }
}

static void nesting_is_bounded(void **state)
{
    static char deep[100000];
    struct err err = { 0 };

    (void)state;
    memset(deep, '[', sizeof deep);
    CHECK(!jdoc_parse(str_of(deep, sizeof deep), &err), "a hundred thousand brackets");
}

static void reading_asks_for_the_kind(void **state)
{
    struct err err = { 0 };
    struct jdoc *doc =
        jdoc_parse(STR("{\"s\":\"t\",\"i\":-7,\"r\":1.5,\"b\":true,\"n\":null,\"a\":[1,\"x\"]}"), &err);
    static const struct {
        const char *name;
        enum jdoc_kind kind;
    } cases[] = {
        { "s", JDOC_STRING }, { "i", JDOC_INTEGER }, { "r", JDOC_REAL },      { "b", JDOC_BOOL },
        { "n", JDOC_NULL },   { "a", JDOC_ARRAY },   { "absent", JDOC_NULL },
    };

    (void)state;
    CHECK(doc, "%s", err.detail);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct jdoc *value = jdoc_get(doc, cases[i].name);
        struct str text = STR("untouched");
        int64_t number = 42;
        bool truth = false;

        CHECK(jdoc_kind(value) == cases[i].kind, "%s", cases[i].name);
        CHECK(jdoc_string(value, &text) == (cases[i].kind == JDOC_STRING), "%s", cases[i].name);
        CHECK(jdoc_integer(value, &number) == (cases[i].kind == JDOC_INTEGER), "%s", cases[i].name);
        CHECK(jdoc_boolean(value, &truth) == (cases[i].kind == JDOC_BOOL), "%s", cases[i].name);
        CHECK(str_is(text, cases[i].kind == JDOC_STRING ? "t" : "untouched"), "%s", cases[i].name);
        CHECK(number == (cases[i].kind == JDOC_INTEGER ? -7 : 42), "%s", cases[i].name);
    }
    CHECK(jdoc_count(doc) == 6 && jdoc_count(jdoc_get(doc, "a")) == 2 && jdoc_count(NULL) == 0, "counts");
    CHECK(jdoc_count(jdoc_get(doc, "s")) == 0, "a string holds nothing");
    CHECK(jdoc_kind(jdoc_at(jdoc_get(doc, "a"), 1)) == JDOC_STRING, "second element");
    CHECK(!jdoc_at(jdoc_get(doc, "a"), 2) && !jdoc_at(doc, 0) && !jdoc_get(jdoc_get(doc, "a"), "s"),
          "absent");
    CHECK(!jdoc_get(NULL, "s") && !jdoc_at(NULL, 0), "of nothing");
    jdoc_free(&doc);
}

static void writing_keeps_the_order(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct buf out = buf_in(arena, 4096), tight = buf_in(arena, 8);
    struct jdoc *doc = jdoc_object(), *list = jdoc_array();

    (void)state;
    jdoc_set_string(doc, "z", STR("a\"\n\xc3\xa9"));
    jdoc_set_integer(doc, "a", INT64_MIN);
    jdoc_set_boolean(doc, "m", false);
    jdoc_push_string(list, STR(""));
    jdoc_push_string(list, STR("\xff"));
    jdoc_push(list, jdoc_object());
    jdoc_set(doc, "list", list);
    jdoc_write(doc, &out);
    CHECK(str_is(buf_str(&out), "{\"z\":\"a\\\"\\n\xc3\xa9\",\"a\":-9223372036854775808,\"m\":false,"
                                "\"list\":[\"\",null,{}]}"),
          STR_FMT, STR_ARG(buf_str(&out)));
    jdoc_write(doc, &tight);
    CHECK(!buf_ok(&tight), "a document that does not fit");
    jdoc_free(&doc);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_document_parses_or_is_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(reading_asks_for_the_kind),
        cmocka_unit_test(writing_keeps_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
