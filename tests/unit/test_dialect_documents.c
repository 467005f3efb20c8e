/* A body becomes a tape, and where its documents stand in it. */
#include "check.h"

#include "dialect/documents.h"

static const struct operation plain = { .has_body = true }, list = { .many = 2 }, passing = { .many = 2, .pass = true },
                              wrapped = { .wrapper = STR_INIT("data") },
                              bulk = { .wrapper = STR_INIT("data"), .many = 2 },
                              bare = { .wrapper = STR_INIT("data"), .bare = STR_INIT("attributes") };

static const struct {
    const struct operation *operation;
    const char *text;
    enum err_code code;
    size_t count;
    bool many, bare;
    const char *document; /* or the array of them */
} cases[] = {
    { &plain, "{\"a\":1}", ERR_NONE, 1, false, false, "{\"a\":1}" },
    { &plain, "[{}]", ERR_BAD_REQUEST, 0, 0, 0, NULL },
    { &plain, "1", ERR_BAD_REQUEST, 0, 0, 0, NULL },
    { &list, "[{},{}]", ERR_NONE, 2, true, false, "[{},{}]" },
    { &list, "[{},{},{}]", ERR_TOO_LARGE, 0, 0, 0, NULL },
    { &list, "{}", ERR_BAD_REQUEST, 0, 0, 0, NULL },
    { &list, "[]", ERR_MISSING_WRAPPER, 0, 0, 0, NULL },
    { &passing, "[]", ERR_NONE, 0, true, false, "[]" },
    { &wrapped, "{\"data\":{\"a\":1},\"b\":2}", ERR_NONE, 1, false, false, "{\"a\":1}" },
    { &wrapped, "{\"data\":[{}]}", ERR_MISSING_WRAPPER, 0, 0, 0, NULL },
    { &wrapped, "{\"data\":null}", ERR_MISSING_WRAPPER, 0, 0, 0, NULL },
    { &wrapped, "{\"a\":1}", ERR_MISSING_WRAPPER, 0, 0, 0, NULL },
    { &wrapped, "[{\"data\":{}}]", ERR_MISSING_WRAPPER, 0, 0, 0, NULL },
    { &wrapped, "\"data\"", ERR_MISSING_WRAPPER, 0, 0, 0, NULL },
    { &bulk, "{\"data\":{}}", ERR_NONE, 1, false, false, "{}" },
    { &bulk, "{\"data\":[{},1]}", ERR_NONE, 2, true, false, "[{},1]" },
    { &bulk, "{\"data\":[]}", ERR_MISSING_WRAPPER, 0, 0, 0, NULL },
    { &bulk, "{\"data\":[1,2,3]}", ERR_TOO_LARGE, 0, 0, 0, NULL },
    { &bare, "{\"data\":{\"a\":1}}", ERR_NONE, 1, false, false, "{\"a\":1}" },
    { &bare, "{\"a\":1}", ERR_NONE, 1, false, true, "{\"attributes\":{\"a\":1}}" },
    { &bare, "[]", ERR_MISSING_WRAPPER, 0, 0, 0, NULL },
};

static void documents_are_found_where_the_operation_wants_them(void **state)
{
    struct arena *arena = arena_new(SIZE_MAX);
    const struct documents_parser parser = { .arena = arena, .limits = &tape_default_limits };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = { 0 };
        struct documents found;
        struct tape tape;
        CHECK(!documents_parse(&tape, &parser, STR_NONE, str_from(cases[i].text), &err), "%s: %s", cases[i].text, err.detail);
        int bad = documents_find(&found, &tape, cases[i].operation, &parser, &err);
        CHECK(bad == (cases[i].code ? -1 : 0) && err.code == cases[i].code, "case %zu, %s: %s", i, cases[i].text, err.detail);
        if (bad)
            continue;
        CHECK(found.count == cases[i].count && found.many == cases[i].many && found.bare == cases[i].bare, "case %zu, %s", i,
              cases[i].text);
        struct str document = tape_raw(&tape, found.at);
        CHECK(str_is(document, cases[i].document), "case %zu: " STR_FMT, i, STR_ARG(document));
    }
    arena_free(&arena);
}

static void text_becomes_a_tape(void **state)
{
    static const struct tape_limits small = {
        .bytes = 64, .depth = 2, .members = 2, .elements = 2, .string_bytes = 8, .slots = 16
    };
    static const struct {
        const char *type, *text;
        enum err_code code;
        const char *read;
    } texts[] = {
        { "", "{\"a\":1}", ERR_NONE, "{\"a\":1}" },
        { "application/json", "{\"a\":1", ERR_BAD_JSON, NULL },
        { "application/json", "[1,2,3]", ERR_TOO_LARGE, NULL },
        { "application/x-www-form-urlencoded", "a=1&b=%22", ERR_NONE, "{\"a\":\"1\",\"b\":\"\\\"\"}" },
        { "Application/X-WWW-Form-urlencoded ; charset=utf-8", "a=", ERR_NONE, "{\"a\":\"\"}" },
        { "application/x-www-form-urlencoded", "", ERR_NONE, "{}" },
        { "application/x-www-form-urlencoded", "a=%", ERR_BAD_REQUEST, NULL },
        { "application/x-www-form-urlencoded", "a=1&a=2", ERR_BAD_JSON, NULL },
        { "application/x-www-form-urlencoded", "a=1&b=2&c=3", ERR_TOO_LARGE, NULL },
    };
    struct arena *arena = arena_new(SIZE_MAX);
    const struct documents_parser parser = { .arena = arena, .limits = &small };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct err err = { 0 };
        struct tape tape;
        int bad = documents_parse(&tape, &parser, str_from(texts[i].type), str_from(texts[i].text), &err);
        CHECK(bad == (texts[i].code ? -1 : 0) && err.code == texts[i].code, "case %zu: %s", i, err.detail);
        CHECK(bad || str_is(tape_raw(&tape, 0), texts[i].read), "case %zu: " STR_FMT, i, STR_ARG(tape_raw(&tape, 0)));
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_found_where_the_operation_wants_them),
        cmocka_unit_test(text_becomes_a_tape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
