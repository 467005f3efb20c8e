/* Dates and times, read and written; the clocks. */
#include "test_base_kit.h"


static void reads_dates(void **state)
{
    static const struct {
        struct str text;
        bool valid;
    } cases[] = {
        { STR_INIT("1970-01-01"), true },   { STR_INIT("0000-01-01"), true },   { STR_INIT("9999-12-31"), true },
        { STR_INIT("2000-02-29"), true },   { STR_INIT("2024-02-29"), true },   { STR_INIT("0000-02-29"), true },
        { STR_INIT("2023-12-31"), true },   { STR_INIT("1900-02-28"), true },   { STR_INIT("1900-02-29"), false },
        { STR_INIT("2100-02-29"), false },  { STR_INIT("2023-02-29"), false },  { STR_INIT("2024-02-30"), false },
        { STR_INIT("2023-04-31"), false },  { STR_INIT("2023-01-32"), false },  { STR_INIT("2023-00-01"), false },
        { STR_INIT("2023-13-01"), false },  { STR_INIT("2023-01-00"), false },  { STR_INIT(""), false },
        { STR_INIT("2023-1-1"), false },    { STR_INIT("23-01-01"), false },    { STR_INIT("2023/01/01"), false },
        { STR_INIT("20230101"), false },    { STR_INIT("2023-01-01 "), false }, { STR_INIT(" 2023-01-01"), false },
        { STR_INIT("2023-01-1x"), false },  { STR_INIT("+023-01-01"), false },  { STR_INIT("-023-01-01"), false },
        { STR_INIT("2023-01-01T"), false }, { STR_INIT("10000-01-1"), false },  { STR_INIT("2023-01-0\0"), false },
        { STR_INIT("2023--1-01"), false },  { STR_INIT("01-01-2023"), false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct date date = { .year = -7 };
        CHECK(date_parse(cases[i].text, &date) == cases[i].valid, STR_FMT, STR_ARG(cases[i].text));
        CHECK(cases[i].valid || date.year == -7, STR_FMT ": output touched", STR_ARG(cases[i].text));
    }
}

static void reads_parts_of_dates(void **state)
{
    static const struct {
        const char *text;
        int year, month, day; /* year 0: refused */
    } cases[] = {
        { "2013", 2013, 1, 1 },   { "2013-03", 2013, 3, 1 }, { "2013-03-14", 2013, 3, 14 }, { "2013-13", 0, 0, 0 },
        { "2013-3", 0, 0, 0 },    { "201", 0, 0, 0 },        { "2013-", 0, 0, 0 },          { "2013-02-30", 0, 0, 0 },
        { "abcd", 0, 0, 0 },      { "2013/03", 0, 0, 0 },    { "", 0, 0, 0 },               { "2013-03T", 0, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct date date = { 0 };
        bool good = date_parse_partial(str_from(cases[i].text), &date);
        CHECK(good == (cases[i].year > 0), "%s", cases[i].text);
        CHECK(!good || (date.year == cases[i].year && date.month == cases[i].month && date.day == cases[i].day), "%s",
              cases[i].text);
    }
}

/* Every day of the calendar: its date gives the day, and the day its date. */
static void counts_days(void **state)
{
    static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t ms = date_to_ms((struct date){ .year = 0, .month = 1, .day = 1 });
    const int64_t day_ms = 86400000;

    (void)state;
    CHECK(date_to_ms((struct date){ .year = 1970, .month = 1, .day = 1 }) == 0, "the epoch");
    CHECK(ms == -719528 * day_ms, "year 0000");
    for (int year = 0; year <= 9999; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= month_days[month - 1] + (month == 2 && leap); day++, ms += day_ms) {
                struct date date = { .year = year, .month = month, .day = day };
                struct date first = date_of_ms(ms), last = date_of_ms(ms + day_ms - 1);
                CHECK(date_to_ms(date) == ms, "%d-%d-%d", year, month, day);
                CHECK(first.year == year && first.month == month && first.day == day, "%d-%d-%d", year, month, day);
                CHECK(last.year == year && last.month == month && last.day == day, "%d-%d-%d", year, month, day);
            }
        }
    }
}

static void counts_years(void **state)
{
    static const struct {
        const char *birth, *today;
        int years;
    } cases[] = {
        { "2010-05-15", "2010-05-15", 0 },  { "2010-05-15", "2011-05-14", 0 },  { "2010-05-15", "2011-05-15", 1 },
        { "2010-05-15", "2026-05-14", 15 }, { "2010-05-15", "2026-05-16", 16 }, { "2010-12-31", "2011-01-01", 0 },
        { "2010-01-01", "2010-12-31", 0 },  { "1999-12-31", "2000-12-30", 0 },  { "2004-02-29", "2005-02-28", 0 },
        { "2004-02-29", "2005-03-01", 1 },  { "2004-02-29", "2008-02-28", 3 },  { "2004-02-29", "2008-02-29", 4 },
        { "1896-02-29", "1900-02-28", 3 },  { "1896-02-29", "1900-03-01", 4 },  { "2004-03-01", "2005-02-28", 0 },
        { "2004-02-28", "2005-02-28", 1 },  { "2010-05-15", "2010-05-14", -1 }, { "2010-05-15", "2009-05-15", -1 },
        { "0001-01-01", "9999-12-31", 9998 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct date birth, today;
        CHECK(date_parse(str_from(cases[i].birth), &birth) && date_parse(str_from(cases[i].today), &today), "row %zu", i);
        int years = date_years(birth, today);
        CHECK(years == cases[i].years, "%s to %s: %d", cases[i].birth, cases[i].today, years);
    }
}

static void reads_datetimes(void **state)
{
    static const struct {
        const char *text, *want; /* NULL: refused */
    } cases[] = {
        { "2017-03-14T11:00:57.000Z", "2017-03-14T11:00:57.000Z" },
        { "2017-03-14T11:00:57Z", "2017-03-14T11:00:57.000Z" },
        { "2017-03-14t11:00:57z", "2017-03-14T11:00:57.000Z" },
        { "2017-03-14T11:00:57.1Z", "2017-03-14T11:00:57.100Z" },
        { "2017-03-14T11:00:57.12Z", "2017-03-14T11:00:57.120Z" },
        { "2017-03-14T11:00:57.1239999Z", "2017-03-14T11:00:57.123Z" },
        { "2017-03-14T11:00:57.00000000000000000000000000000000000000001Z", "2017-03-14T11:00:57.000Z" },
        { "2017-03-14T11:00:57+00:00", "2017-03-14T11:00:57.000Z" },
        { "2017-03-14T11:00:57-00:00", "2017-03-14T11:00:57.000Z" },
        { "2017-03-14T11:00:57+02:00", "2017-03-14T09:00:57.000Z" },
        { "2017-03-14T11:00:57.5-05:30", "2017-03-14T16:30:57.500Z" },
        { "2017-01-01T00:00:00+00:01", "2016-12-31T23:59:00.000Z" },
        { "2016-12-31T23:59:59.999-00:01", "2017-01-01T00:00:59.999Z" },
        { "2017-03-14T11:00:57+23:59", "2017-03-13T11:01:57.000Z" },
        { "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000Z" },
        { "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z" },
        { "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z" },
        { "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z" },
        { "0000-01-01T00:00:00+00:01", NULL },
        { "9999-12-31T23:59:59-00:01", NULL },
        { "", NULL },
        { "2017-03-14", NULL },
        { "2017-03-14T11:00:57", NULL },
        { "2017-03-14T11:00:57.000", NULL },
        { "2017-03-14T11:00Z", NULL },
        { "2017-03-14T24:00:00Z", NULL },
        { "2017-03-14T11:60:00Z", NULL },
        { "2017-03-14T23:59:60Z", NULL },
        { "2017-03-14T11:00:57.Z", NULL },
        { "2017-03-14T11:00:57,5Z", NULL },
        { "2017-03-14T11:00:57.5", NULL },
        { "2017-03-14T11:00:57.-5Z", NULL },
        { "2017-03-14 11:00:57Z", NULL },
        { "2017-03-14T11:00:57 Z", NULL },
        { "2017-03-14T11:00:57ZZ", NULL },
        { "2017-03-14T11:00:57Z ", NULL },
        { " 2017-03-14T11:00:57Z", NULL },
        { "2017-03-14T11:00:57+24:00", NULL },
        { "2017-03-14T11:00:57+02:60", NULL },
        { "2017-03-14T11:00:57+0200", NULL },
        { "2017-03-14T11:00:57+02", NULL },
        { "2017-03-14T11:00:57+2:00", NULL },
        { "2017-03-14T11:00:57+02:00Z", NULL },
        { "2017-02-29T11:00:57Z", NULL },
        { "2017-13-14T11:00:57Z", NULL },
        { "2017-03-14T1:00:57Z", NULL },
        { "2017-03-14T11-00-57Z", NULL },
        { "2017-03-14T-1:00:57Z", NULL },
        { "20170314T110057Z......", NULL },
        { "1489489257", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ms = -7;
        char out[DATETIME_LEN];
        bool read = datetime_parse(str_from(cases[i].text), &ms);
        CHECK(read == (cases[i].want != NULL), "%s", cases[i].text);
        CHECK(read || ms == -7, "%s: output touched", cases[i].text);
        if (!read)
            continue;
        datetime_format(ms, out);
        CHECK(str_is(str_of(out, sizeof out), cases[i].want), "%s: %.*s", cases[i].text, DATETIME_LEN, out);
    }
}

static void writes_datetimes(void **state)
{
    struct buf buf = buf_in(arena, 100);

    (void)state;
    buf_datetime(&buf, 0);
    buf_char(&buf, ' ');
    buf_datetime(&buf, -1);
    buf_char(&buf, ' ');
    buf_datetime(&buf, 1489489257123);
    CHECK(str_is(buf_str(&buf), "1970-01-01T00:00:00.000Z 1969-12-31T23:59:59.999Z 2017-03-14T11:00:57.123Z"), STR_FMT,
          STR_ARG(buf_str(&buf)));
    for (int64_t ms = -62167219200000; ms <= 253402300799999; ms += 86400000 * 13 + 3723007) {
        char out[DATETIME_LEN];
        int64_t back = 0;
        datetime_format(ms, out);
        CHECK(datetime_parse(str_of(out, sizeof out), &back) && back == ms, "%.*s", DATETIME_LEN, out);
    }
}

static void writes_dates_of_http(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
        { -1, "Wed, 31 Dec 1969 23:59:59 GMT" },
        { 784111777000, "Sun, 06 Nov 1994 08:49:37 GMT" }, /* the RFC's own */
        { 1709251199999, "Thu, 29 Feb 2024 23:59:59 GMT" },
        { 253402300799999, "Fri, 31 Dec 9999 23:59:59 GMT" },
        { -62167219200000, "Sat, 01 Jan 0000 00:00:00 GMT" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf buf = buf_in(arena, 64);
        buf_http_date(&buf, cases[i].ms);
        CHECK(str_is(buf_str(&buf), cases[i].text), STR_FMT, STR_ARG(buf_str(&buf)));
    }
}

static void reads_clocks(void **state)
{
    uint64_t ms = clock_monotonic_ms(), us = clock_monotonic_us();

    (void)state;
    CHECK(clock_monotonic_ms() >= ms && clock_monotonic_us() >= us && us / 1000 >= ms, "monotonic");
    CHECK(clock_wall_ms() > 1600000000000, "wall");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_dates), TEST(reads_parts_of_dates), TEST(counts_days), TEST(counts_years),
        TEST(reads_datetimes), TEST(writes_datetimes), TEST(writes_dates_of_http), TEST(reads_clocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
