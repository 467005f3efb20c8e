/* Numbers as text: what is one, and which two are the same. */
#include "check.h"

#include "base/arena.h"
#include "json/number.h"

static void knows_numbers(void **state)
{
    static const struct {
        struct str text;
        bool valid, integer;
    } cases[] = {
        { STR_INIT("0"), true, true },
        { STR_INIT("-0"), true, true },
        { STR_INIT("7"), true, true },
        { STR_INIT("-120"), true, true },
        { STR_INIT("123456789012345678901234567890"), true, true },
        { STR_INIT("0.5"), true, false },
        { STR_INIT("-0.50"), true, false },
        { STR_INIT("1.0"), true, false },
        { STR_INIT("1e2"), true, false },
        { STR_INIT("1E+02"), true, false },
        { STR_INIT("1.5e-300"), true, false },
        { STR_INIT("0e0"), true, false },
        { STR_INIT(""), false, false },
        { STR_INIT("-"), false, false },
        { STR_INIT("+1"), false, false },
        { STR_INIT("--1"), false, false },
        { STR_INIT("01"), false, false },
        { STR_INIT("-01"), false, false },
        { STR_INIT("00"), false, false },
        { STR_INIT("1."), false, false },
        { STR_INIT(".5"), false, false },
        { STR_INIT("1.e5"), false, false },
        { STR_INIT("1e"), false, false },
        { STR_INIT("1e+"), false, false },
        { STR_INIT("1e5.0"), false, false },
        { STR_INIT("1.2.3"), false, false },
        { STR_INIT(" 1"), false, false },
        { STR_INIT("1 "), false, false },
        { STR_INIT("1\n"), false, false },
        { STR_INIT("1\0"), false, false },
        { STR_INIT("1,0"), false, false },
        { STR_INIT("1_0"), false, false },
        { STR_INIT("0x1"), false, false },
        { STR_INIT("NaN"), false, false },
        { STR_INIT("Infinity"), false, false },
        { STR_INIT("1f"), false, false },
        { STR_INIT("\xD9\xA1"), false, false },
    };

    (void)state;
    CHECK(!number_valid(STR_NONE) && !number_is_integer(STR_NONE), "no text");
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK(number_valid(cases[i].text) == cases[i].valid, STR_FMT, STR_ARG(cases[i].text));
        CHECK(number_is_integer(cases[i].text) == cases[i].integer, STR_FMT, STR_ARG(cases[i].text));
    }
}

static void compares_values(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        { "1", "1", true },
        { "1.0", "1", true },
        { "1.000", "1.0", true },
        { "1e2", "100", true },
        { "1E+2", "100.00", true },
        { "1e-2", "0.01", true },
        { "120e-1", "12", true },
        { "0.00120", "1.2e-3", true },
        { "12.34e2", "1234", true },
        { "1234e-2", "12.34", true },
        { "10.01", "1.001e1", true },
        { "100", "1e2", true },
        { "0", "-0", true },
        { "0", "0.000", true },
        { "0", "0e5", true },
        { "-0.0", "0e-999", true },
        { "-1.50", "-15e-1", true },
        { "9007199254740993", "9007199254740993.0", true },
        { "9007199254740993", "9007199254740.993e3", true },
        { "1e0", "1e-0", true },
        { "1e007", "1e7", true },
        { "1e000000000000000000000000000002", "100", true },
        { "1e400", "10e399", true },
        { "1e1000000", "10e999999", true },
        { "1e-1000000", "0.1e-999999", true },
        { "1e9999999", "1e9999999", true },
        { "1", "-1", false },
        { "1", "2", false },
        { "1", "10", false },
        { "1", "0", false },
        { "0", "1e-400", false },
        { "0.1", "0.10000000000000001", false },
        { "9007199254740993", "9007199254740992", false },
        { "12", "21", false },
        { "12", "123", false },
        { "1.23", "12.3", false },
        { "101", "11", false },
        { "1.01", "1.1", false },
        { "-5", "5", false },
        { "1e2", "1e3", false },
        { "1e400", "1e401", false },
        { "1e-400", "-1e-400", false },
        /* beyond the range of exponents only the same text is the same number */
        { "1e1000001", "10e1000000", false },
        { "1e9999999", "1.0e9999999", false },
        { "0e9999999", "0", false },
        { "1e99999999999999999999", "1e99999999999999999998", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str a = str_from(cases[i].a), b = str_from(cases[i].b);
        CHECK(number_equal(a, b) == cases[i].equal, "%s and %s", cases[i].a, cases[i].b);
        CHECK(number_equal(b, a) == cases[i].equal, "%s and %s", cases[i].b, cases[i].a);
        CHECK(number_equal(a, a) && number_equal(b, b), "%s, %s", cases[i].a, cases[i].b);
    }
}

/* The point moved through a long number and the exponent moved back: always the same value. */
static void moves_the_point(void **state)
{
    static const char digits[] = "1020030004000050000060000007";
    struct arena *arena = arena_new(SIZE_MAX);
    int count = (int)sizeof digits - 1;

    (void)state;
    for (int at = 1; at < count; at++) {
        struct str moved = arena_printf(arena, "%.*s.%se%d", at, digits, digits + at, count - at);
        struct str other = arena_printf(arena, "%.*s.%se%d", at, digits, digits + at, count - at + 1);
        CHECK(number_valid(moved) && number_equal(moved, str_from(digits)), STR_FMT, STR_ARG(moved));
        CHECK(!number_equal(other, str_from(digits)), STR_FMT, STR_ARG(other));
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_numbers),
        cmocka_unit_test(compares_values),
        cmocka_unit_test(moves_the_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
