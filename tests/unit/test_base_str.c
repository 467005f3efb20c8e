/* Runs of bytes: comparing, cutting, numbers, UTF-8, control characters. */
#include "test_base_kit.h"


static void compares_strs(void **state)
{
    static const struct {
        struct str a, b;
        bool equal, nocase;
        int order;
    } cases[] = {
        { STR_INIT(""), STR_INIT(""), true, true, 0 },
        { STR_INIT("a"), STR_INIT("a"), true, true, 0 },
        { STR_INIT("a"), STR_INIT("A"), false, true, 1 },
        { STR_INIT("Host"), STR_INIT("hOST"), false, true, -1 },
        { STR_INIT("a"), STR_INIT("b"), false, false, -1 },
        { STR_INIT("a"), STR_INIT("ab"), false, false, -1 },
        { STR_INIT("a"), STR_INIT(""), false, false, 1 },
        { STR_INIT("a\0b"), STR_INIT("a\0c"), false, false, -1 },
        { STR_INIT("["), STR_INIT("{"), false, false, -1 },     /* 0x20 apart but no letters */
        { STR_INIT("\xC3\x84"), STR_INIT("\xC3\xA4"), false, false, -1 }, /* only ASCII has case */
        { STR_INIT("\x7F"), STR_INIT("\x80"), false, false, -1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str a = cases[i].a, b = cases[i].b;
        int order = str_compare(a, b), turned = str_compare(b, a);
        CHECK(str_eq(a, b) == cases[i].equal, "row %zu", i);
        CHECK(str_eq_secret(a, b) == cases[i].equal, "row %zu", i);
        CHECK(str_eq_nocase(a, b) == cases[i].nocase, "row %zu", i);
        CHECK((order > 0) - (order < 0) == cases[i].order, "row %zu: %d", i, order);
        CHECK((turned > 0) - (turned < 0) == -cases[i].order, "row %zu: %d", i, turned);
    }
    CHECK(str_eq(STR_NONE, STR("")) && str_eq_secret(STR_NONE, STR("")) && !str_compare(STR_NONE, STR("")), "empty");
    CHECK(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), STR_NONE), "starts");
    CHECK(!str_starts(STR("ab"), STR("abc")) && !str_starts(STR("abc"), STR("b")), "does not start");
    CHECK(str_is(str_from_at(STR("abc"), 1), "bc") && !str_from_at(STR("abc"), 3).len, "from at");
    CHECK(!str_from_at(STR("abc"), 9).len && !str_from(NULL).len && str_is(str_from("x"), "x"), "from");
}

static void cuts_strs(void **state)
{
    static const struct {
        struct str text;
        const char *pieces; /* joined by | */
    } cases[] = {
        { STR_INIT(""), "" },
        { STR_INIT("a"), "a|" },
        { STR_INIT("a,b"), "a|b|" },
        { STR_INIT("a,"), "a||" },
        { STR_INIT(","), "||" },
        { STR_INIT(",,"), "|||" },
        { STR_INIT(",a"), "|a|" },
        { STR_INIT("a,,b"), "a||b|" },
        { STR_INIT("ab,cd,ef"), "ab|cd|ef|" },
    };
    struct str head = STR("unset"), tail = STR("unset"), none = STR_NONE, piece;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf buf = buf_in(arena, 100);
        struct str rest = cases[i].text;
        for (unsigned n = 0; n < 9 && str_next(&rest, ',', &piece); n++) {
            buf_add(&buf, piece);
            buf_char(&buf, '|');
        }
        CHECK(str_is(buf_str(&buf), cases[i].pieces), "row %zu: " STR_FMT, i, STR_ARG(buf_str(&buf)));
        CHECK(!str_next(&rest, ',', &piece), "row %zu: a piece after the last", i);
    }
    CHECK(!str_next(&none, ',', &piece), "no text");
    CHECK(str_lists(STR("a,bc,"), ',', STR("bc")) && str_lists(STR("a,bc,"), ',', STR("")), "pieces of it");
    CHECK(!str_lists(STR("a,bc"), ',', STR("b")) && !str_lists(STR("a,bc"), ',', STR("")) && !str_lists(none, ',', STR("")),
          "none of its pieces");
    static const struct str pieces[] = { STR_INIT("a"), STR_INIT(""), STR_INIT("bc") };
    struct buf joined = buf_in(arena, 3);
    CHECK(str_is(str_join(arena, ',', pieces, 3), "a,,bc") && !str_join(arena, ',', pieces, 0).len, "joined");
    buf_join(&joined, '|', STR("a"));
    buf_join(&joined, '|', STR("b"));
    CHECK(str_is(buf_str(&joined), "a|b") && buf_ok(&joined), "one by one");
    buf_join(&joined, '|', STR("c"));
    CHECK(!buf_ok(&joined), "past the ceiling");
    struct buf expected = buf_in(arena, 2000), small = buf_in(arena, 3);
    buf_expect(&expected, 1000);
    CHECK(expected.space >= 1000 && !expected.len && buf_ok(&expected), "room beforehand");
    buf_expect(&small, 1000);
    buf_add(&small, STR("abc"));
    CHECK(buf_ok(&small) && str_is(buf_str(&small), "abc"), "no room, and no harm");
    CHECK(!str_cut(STR("ab"), ':', &head, &tail) && str_is(head, "unset") && str_is(tail, "unset"), "outputs touched");
    CHECK(!str_cut(STR_NONE, ':', &head, &tail), "no text");
    CHECK(str_cut(STR("a:b:c"), ':', &head, &tail) && str_is(head, "a") && str_is(tail, "b:c"), "first separator");
    CHECK(str_cut(STR(":"), ':', &head, &tail) && !head.len && !tail.len, "only a separator");
    CHECK(str_is(str_trim(STR(" \ta b\t ")), "a b") && !str_trim(STR(" \t")).len && !str_trim(STR_NONE).len, "trim");
    CHECK(str_is(str_trim(STR("\na\r")), "\na\r"), "only spaces and tabs");
}

static void reads_integers(void **state)
{
    static const struct {
        struct str text;
        bool is_uint, is_int;
        uint64_t value; /* of the signed one as two's complement */
    } cases[] = {
        { STR_INIT("0"), true, true, 0 },
        { STR_INIT("42"), true, true, 42 },
        { STR_INIT("007"), true, true, 7 },
        { STR_INIT("9223372036854775807"), true, true, INT64_MAX },
        { STR_INIT("9223372036854775808"), true, false, (uint64_t)INT64_MAX + 1 },
        { STR_INIT("18446744073709551615"), true, false, UINT64_MAX },
        { STR_INIT("-1"), false, true, UINT64_MAX },
        { STR_INIT("-0"), false, true, 0 },
        { STR_INIT("-9223372036854775808"), false, true, (uint64_t)INT64_MAX + 1 },
        { STR_INIT("-9223372036854775809"), false, false, 0 },
        { STR_INIT("18446744073709551616"), false, false, 0 },
        { STR_INIT("99999999999999999999"), false, false, 0 },
        { STR_INIT("184467440737095516150"), false, false, 0 },
        { STR_INIT(""), false, false, 0 },
        { STR_INIT("-"), false, false, 0 },
        { STR_INIT("--1"), false, false, 0 },
        { STR_INIT("+1"), false, false, 0 },
        { STR_INIT(" 1"), false, false, 0 },
        { STR_INIT("1 "), false, false, 0 },
        { STR_INIT("1\0"), false, false, 0 },
        { STR_INIT("1.0"), false, false, 0 },
        { STR_INIT("1e2"), false, false, 0 },
        { STR_INIT("0x1"), false, false, 0 },
        { STR_INIT("\xD9\xA1"), false, false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t number = 0;
        int64_t sign = 0;
        CHECK(str_to_uint(cases[i].text, &number) == cases[i].is_uint, "row %zu", i);
        CHECK(!cases[i].is_uint || number == cases[i].value, "row %zu", i);
        CHECK(str_to_int(cases[i].text, &sign) == cases[i].is_int, "row %zu", i);
        CHECK(!cases[i].is_int || (uint64_t)sign == cases[i].value, "row %zu", i);
    }
}

static void checks_utf8(void **state)
{
    static const struct {
        struct str text;
        size_t good; /* bytes; the length if all of it is */
    } cases[] = {
        { STR_INIT(""), 0 },
        { STR_INIT("ascii \x7F\0 x"), 10 },
        { STR_INIT("\xC2\x80\xDF\xBF"), 4 },
        { STR_INIT("\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"), 12 },
        { STR_INIT("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), 8 },
        { STR_INIT("12345678\xC3\xA9" "12345678"), 18 },
        { STR_INIT("\x80"), 0 },
        { STR_INIT("a\xBF"), 1 },
        { STR_INIT("\xC0\x80"), 0 },
        { STR_INIT("\xC1\xBF"), 0 },
        { STR_INIT("a\xC2"), 1 },
        { STR_INIT("\xC2" "a"), 0 },
        { STR_INIT("\xC2\xC2"), 0 },
        { STR_INIT("\xE0\x9F\xBF"), 0 },
        { STR_INIT("\xE2\x82"), 0 },
        { STR_INIT("\xE2\x82" "a"), 0 },
        { STR_INIT("\xED\xA0\x80"), 0 },
        { STR_INIT("\xED\xBF\xBF"), 0 },
        { STR_INIT("\xF0\x8F\xBF\xBF"), 0 },
        { STR_INIT("\xF0\x9F\x98"), 0 },
        { STR_INIT("\xF4\x90\x80\x80"), 0 },
        { STR_INIT("\xF5\x80\x80\x80"), 0 },
        { STR_INIT("\xF8\x88\x80\x80\x80"), 0 },
        { STR_INIT("\xFE"), 0 },
        { STR_INIT("\xFF"), 0 },
        { STR_INIT("1234567\xFF"), 7 },
        { STR_INIT("12345678\xFF"), 8 },
        { STR_INIT("12345678\xC3\xA9\xFF"), 10 },
        { STR_INIT("12345678\xC3\xA9" "12345678\xE9"), 18 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t good = str_utf8_prefix(cases[i].text);
        CHECK(good == cases[i].good, "row %zu: %zu", i, good);
        CHECK(str_is_utf8(cases[i].text) == (good == cases[i].text.len), "row %zu", i);
    }
    CHECK(str_is_utf8(STR_NONE), "no text");
}

/* What a misspelt word meant: nothing that is far, and of short words nothing that is another word. */
static void finds_near_words(void **state)
{
    static const struct {
        const char *said, *meant;
    } cases[] = {
        { "requird", "required" }, { "feilds", "fields" }, { "scope", "scopes" }, { "isa", "is" }, { "x", "" },
        { "if", "is" },            { "something", "" },    { "", "" },            { "of", "" },
    };
    static const char *const words[] = { "is", "required", "fields", "scopes", "a", "field" };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct near near = near_to(str_from(cases[i].said));
        for (size_t k = 0; k < COUNT(words); k++)
            near_try(&near, str_from(words[k]));
        CHECK(str_is(near.best, cases[i].meant), "%s: " STR_FMT, cases[i].said, STR_ARG(near.best));
    }
}

/* It is not lost where the detail is as long as it can be. */
static void says_what_was_meant(void **state)
{
    struct err err;

    (void)state;
    (void)err_set(&err, ERR_CONFIG, "no");
    assert_int_equal(err_meant(&err, STR_NONE), -1);
    assert_string_equal(err.detail, "no");
    (void)err_meant(&err, STR("yes"));
    assert_string_equal(err.detail, "no; did you mean 'yes'?");
    (void)err_set(&err, ERR_CONFIG, "%0999d", 1);
    (void)err_meant(&err, STR("yes"));
    CHECK(strlen(err.detail) == sizeof err.detail - 1 && strstr(err.detail, "0; did you mean 'yes'?"), "%s", err.detail);
}

/* Every byte at every place, in text of every length: what is judged sixteen at a time, and one at a time. */
static void finds_control_characters(void **state)
{
    char text[40];

    (void)state;
    for (size_t len = 1; len <= sizeof text; len++)
        for (size_t at = 0; at < len; at++)
            for (int c = 0; c < 256; c++) {
                memset(text, 'a', len);
                text[at] = (char)c;
                bool control = (c < 32 && c != '\t') || c == 127;
                CHECK(str_has_control(str_of(text, len)) == control, "byte %d at %zu of %zu", c, at, len);
                CHECK(str_is_control((char)c) == control, "byte %d", c);
                CHECK(str_is_word(str_of(text, len)) == (c > 32 && c != 127), "byte %d at %zu of %zu", c, at, len);
            }
    CHECK(!str_has_control(STR_NONE) && !str_is_word(STR_NONE), "no text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(compares_strs), TEST(cuts_strs), TEST(reads_integers),
        TEST(checks_utf8), TEST(finds_control_characters), TEST(finds_near_words),
        TEST(says_what_was_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
