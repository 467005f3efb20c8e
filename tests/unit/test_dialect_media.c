/* Media types: which request bodies are read and what an answer is written as. */
#include "check.h"

#include "dialect/media.h"

static const struct str types[] = { STR_INIT("application/vnd.api+json"), STR_INIT("application/json") };

static void content_types(void **state)
{
    static const struct {
        struct str type;
        int index; /* -1: refused */
    } cases[] = {
        { STR_INIT("application/vnd.api+json"), 0 },
        { STR_INIT("application/json"), 1 },
        { STR_INIT("APPLICATION/JSON"), 1 },
        { STR_INIT("application/json; charset=utf-8"), 1 },
        { STR_INIT("application/json;charset=UTF-8"), 1 },
        { STR_INIT("application/json; charset=\"utf-8\""), 1 },
        { STR_INIT("application/json ; Charset = utf-8 "), 1 },
        { STR_INIT("application/json;"), 1 },
        { STR_INIT("application/vnd.api+json; charset=utf-8"), 0 },
        { STR_INIT(""), -1 },
        { { .ptr = NULL, .len = 0 }, -1 },
        { STR_INIT(";"), -1 },
        { STR_INIT("; charset=utf-8"), -1 },
        { STR_INIT("application"), -1 },
        { STR_INIT("application/"), -1 },
        { STR_INIT("application/jso"), -1 },
        { STR_INIT("application/jsonx"), -1 },
        { STR_INIT("application/json, application/json"), -1 },
        { STR_INIT("application/*"), -1 },
        { STR_INIT("*/*"), -1 },
        { STR_INIT("text/json"), -1 },
        { STR_INIT("text/plain"), -1 },
        { STR_INIT("application/xml"), -1 },
        { STR_INIT("application/x-www-form-urlencoded"), -1 },
        { STR_INIT("multipart/form-data; boundary=x"), -1 },
        { STR_INIT("application/json; charset=latin1"), -1 },
        { STR_INIT("application/json; charset=utf-16"), -1 },
        { STR_INIT("application/json; charset"), -1 },
        { STR_INIT("application/json; charset="), -1 },
        { STR_INIT("application/json; charset=\"utf-8"), -1 },
        { STR_INIT("application/json; charset='utf-8'"), -1 },
        { STR_INIT("application/json; version=1"), -1 },
        { STR_INIT("application/json; charset=utf-8; version=1"), -1 },
        { STR_INIT("application/vnd.api+json; ext=\"https://x\""), -1 },
        { STR_INIT("application/vnd.api+json; profile=x"), -1 },
    };

    static const struct dialect plain;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t index = 99;
        bool accepted = media_accepted(&plain, types, COUNT(types), cases[i].type, &index);
        CHECK(accepted == (cases[i].index >= 0), "%.*s", STR_ARG(cases[i].type));
        CHECK(!accepted || index == (size_t)cases[i].index, "%.*s: %zu", STR_ARG(cases[i].type), index);
    }
}

/* Parameters of a content type that the dialect names, with their value. */
static void also(void **state)
{
    static const struct parameter_word known[] = { { STR_INIT("fhirVersion"), STR_INIT("4.0") } };
    static const struct dialect dialect = { .media_also = known, .media_also_count = 1 };
    static const struct {
        const char *type;
        bool accepted;
    } cases[] = {
        { "application/json; fhirVersion=4.0", true },
        { "application/json; FHIRVERSION=\"4.0\"; charset=utf-8", true },
        { "application/json; fhirVersion=3.0", false },
        { "application/json; fhirVersion", false },
        { "application/json; fhirVersion=4.0; x=y", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t index;
        CHECK(media_accepted(&dialect, types, COUNT(types), str_from(cases[i].type), &index) == cases[i].accepted, "%s",
              cases[i].type);
    }
    static const struct {
        const char *accept;
        bool allowed;
    } accepts[] = {
        { "application/vnd.api+json; fhirVersion=4.0", true },
        { "application/vnd.api+json; fhirVersion=3.0", false },
        { "application/vnd.api+json; ext=x", false },
    };
    for (size_t i = 0; i < COUNT(accepts); i++) {
        struct dialect answers = dialect;
        answers.answer_media = types;
        answers.answer_media_count = COUNT(types);
        CHECK((media_choose(&answers, str_from(accepts[i].accept)).ptr != NULL) == accepts[i].allowed, "%s",
              accepts[i].accept);
    }
}

/* The dialect's own words for media types. */
static void named(void **state)
{
    static const struct parameter_word words[] = { { STR_INIT("json"), STR_INIT("application/json") } };
    static const struct dialect dialect = { .media_words = words, .media_word_count = 1 };

    (void)state;
    CHECK(str_is(media_named(&dialect, STR("json")), "application/json"), "a word");
    CHECK(!media_named(&dialect, STR("xml")).ptr && !media_named(&dialect, STR("")).ptr, "no word");
}

static void accept(void **state)
{
    static const struct {
        struct str accept;
        const char *chosen; /* NULL: none */
    } cases[] = {
        { { .ptr = NULL, .len = 0 }, "application/json" },
        { STR_INIT(""), "application/json" },
        { STR_INIT("  "), "application/json" },
        { STR_INIT("application/json"), "application/json" },
        { STR_INIT("application/vnd.api+json"), "application/vnd.api+json" },
        { STR_INIT("*/*"), "application/vnd.api+json" },
        { STR_INIT("application/*"), "application/vnd.api+json" },
        { STR_INIT("Application/JSON"), "application/json" },
        { STR_INIT("text/html, application/json"), "application/json" },
        { STR_INIT("text/html,application/xhtml+xml,*/*;q=0.8"), "application/vnd.api+json" },
        { STR_INIT("application/json, application/vnd.api+json"), "application/vnd.api+json" },
        { STR_INIT("application/json, application/vnd.api+json;q=0.9"), "application/json" },
        { STR_INIT("application/json;q=0.1, */*"), "application/vnd.api+json" },
        { STR_INIT("application/vnd.api+json; profile=x"), "application/vnd.api+json" },
        { STR_INIT("application/vnd.api+json; charset=utf-8; q=1"), "application/vnd.api+json" },
        { STR_INIT("application/vnd.api+json; ext=x, application/json;q=0.1"), "application/json" },
        { STR_INIT("application/vnd.api+json; ext=x, application/vnd.api+json"), "application/vnd.api+json" },
        { STR_INIT("application/json; version=1"), "application/json" },
        { STR_INIT("application/vnd.api+json;q=0, */*"), "application/json" },
        { STR_INIT("*/*, application/vnd.api+json;q=0"), "application/json" },
        { STR_INIT("application/*;q=0.5, application/json;q=0.6"), "application/json" },
        { STR_INIT("*/*;q=0.001"), "application/vnd.api+json" },
        { STR_INIT("application/json ; q=1.000"), "application/json" },
        { STR_INIT("application/json;Q=0.5"), "application/json" },
        { STR_INIT("application/json;charset=utf-8;q=0.5"), "application/json" },
        { STR_INIT(",,application/json,,"), "application/json" },
        { STR_INIT("text/html"), NULL },
        { STR_INIT("text/*"), NULL },
        { STR_INIT("text/html, image/*;q=0.5"), NULL },
        { STR_INIT("application/json;q=0"), NULL },
        { STR_INIT("application/json;q=0.0"), NULL },
        { STR_INIT("application/json;q=0.000"), NULL },
        { STR_INIT("*/*;q=0"), NULL },
        { STR_INIT(",*/*;q=0"), NULL },
        { STR_INIT(",application/json;q=0.5,;q=1"), "application/json" },
        { STR_INIT("application/*;q=0"), NULL },
        { STR_INIT("*/*;q=0, text/html"), NULL },
        { STR_INIT("application/json;q=0, application/vnd.api+json;q=0, */*"), NULL },
        { STR_INIT("application"), NULL },
        { STR_INIT("application/"), NULL },
        { STR_INIT("*"), NULL },
        { STR_INIT("*/json"), NULL },
        { STR_INIT("app/*"), NULL },
        { STR_INIT(";q=1"), NULL },
        { STR_INIT(","), NULL },
    };
    struct dialect dialect = { .answer_media = types,
                               .answer_media_count = COUNT(types),
                               .answer_without_accept = types[1] };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str chosen = media_choose(&dialect, cases[i].accept);
        CHECK(cases[i].chosen ? str_is(chosen, cases[i].chosen) : !chosen.ptr, "%.*s: %.*s",
              STR_ARG(cases[i].accept), STR_ARG(chosen));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(content_types), cmocka_unit_test(accept),
                                               cmocka_unit_test(also), cmocka_unit_test(named) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
