/* Hex digits and percent-encoding, as every room reads them. */
#include "check.h"

#include "base/codec.h"

static void hex_digits_have_values(void **state)
{
    static const char digits[] = "0123456789abcdef";

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte, low = (char)(c >= 'A' && c <= 'F' ? c + 32 : c);
        const char *at = c ? strchr(digits, low) : NULL;
        CHECK(hex_value(c) == (at ? (int)(at - digits) : -1), "byte %d: %d", byte, hex_value(c));
    }
}

static void percent_encoding_is_undone(void **state)
{
    static const struct {
        struct str text;
        bool form;
        struct str plain;
    } cases[] = {
        { STR_INIT(""), true, STR_INIT("") },
        { STR_INIT("a b"), true, STR_INIT("a b") },
        { STR_INIT("a+b%2Bc"), true, STR_INIT("a b+c") },
        { STR_INIT("a+b%2bc"), false, STR_INIT("a+b+c") },
        { STR_INIT("%C3%A9\xC3\xA9"), false, STR_INIT("\xC3\xA9\xC3\xA9") },
        { STR_INIT("%25%32%35"), false, STR_INIT("%25") },
        { STR_INIT("%0A%7F"), false, STR_INIT("\n\x7F") },
    };
    static const struct str refused[] = {
        STR_INIT("%"),    STR_INIT("%4"),  STR_INIT("a%4"),    STR_INIT("%4g"), STR_INIT("%g4"), STR_INIT("%%41"),
        STR_INIT("%+41"), STR_INIT("% 4"), STR_INIT("%00"),    STR_INIT("a\0b"), STR_INIT("%C3"), STR_INIT("%ED%A0%80"),
        STR_INIT("\xFF"), STR_INIT("%C0%80"),
    };
    struct arena *arena = arena_new(SIZE_MAX), *small = arena_new(3);
    struct str plain;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(percent_decode(arena, cases[i].text, cases[i].form, &plain) && str_eq(plain, cases[i].plain), "row %zu", i);
    for (size_t i = 0; i < COUNT(refused); i++)
        CHECK(!percent_decode(arena, refused[i], true, &plain), "row %zu: " STR_FMT, i, STR_ARG(refused[i]));
    CHECK(!percent_decode(small, STR("abc"), true, &plain), "what does not fit is refused, not fatal");
    arena_free(&small);
    arena_free(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_digits_have_values),
        cmocka_unit_test(percent_encoding_is_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
