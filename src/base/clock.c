#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_us(clockid_t id)
{
    struct timespec now;

    (void)clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t clock_monotonic_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000u;
}

uint64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void)
{
    return (int64_t)(read_us(CLOCK_REALTIME) / 1000u);
}

static bool leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month - 1] + (month == 2 && leap(year));
}

/* `count` digits at `at`, or -1. */
static int digits(struct str text, size_t at, size_t count)
{
    int value = 0;

    if (text.len < at + count)
        return -1;
    for (size_t i = at; i < at + count; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return -1;
        value = value * 10 + (text.ptr[i] - '0');
    }
    return value;
}

bool date_parse(struct str text, struct date *date)
{
    if (text.len != 10 || text.ptr[4] != '-' || text.ptr[7] != '-')
        return false;
    struct date found = { .year = digits(text, 0, 4), .month = digits(text, 5, 2), .day = digits(text, 8, 2) };
    if (found.year < 0 || found.month < 1 || found.month > 12 || found.day < 1)
        return false;
    if (found.day > month_days(found.year, found.month))
        return false;
    *date = found;
    return true;
}

bool date_parse_partial(struct str text, struct date *first)
{
    char whole[] = "0000-01-01";

    if (text.len != 4 && text.len != 7)
        return date_parse(text, first);
    memcpy(whole, text.ptr, text.len);
    return date_parse(str_of(whole, sizeof whole - 1), first);
}

/* Days since 1970-01-01 (the civil calendar in 400-year eras that start on 1 March). */
static int64_t days_from(struct date date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct date date_from_days(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);

    return (struct date){ .year = (int)(year + era * 400 + (month <= 2)),
                          .month = month,
                          .day = (int)(of_year - (153 * shifted + 2) / 5 + 1) };
}

enum { DAY_MS = 86400000 };

static int64_t floor_days(int64_t wall_ms)
{
    return (wall_ms >= 0 ? wall_ms : wall_ms - (DAY_MS - 1)) / DAY_MS;
}

struct date date_of_ms(int64_t wall_ms)
{
    return date_from_days(floor_days(wall_ms));
}

int64_t date_to_ms(struct date date)
{
    return days_from(date) * DAY_MS;
}

int date_years(struct date birth, struct date today)
{
    int years = today.year - birth.year;

    /* 29 February is never reached in a common year: 28 February is still before it, 1 March after. */
    if (today.month < birth.month || (today.month == birth.month && today.day < birth.day))
        years--;
    return years;
}

/* ".123456" at `*at`: milliseconds, the position moved past every digit; -1 when a dot has no digit. */
static int fraction(struct str text, size_t *at)
{
    int ms = 0, scale = 100;
    size_t start = *at + 1;

    if (*at >= text.len || text.ptr[*at] != '.')
        return 0;
    for (*at = start; *at < text.len && text.ptr[*at] >= '0' && text.ptr[*at] <= '9'; ++*at) {
        ms += (text.ptr[*at] - '0') * scale;
        scale /= 10;
    }
    return *at == start ? -1 : ms;
}

/* "Z" or "+hh:mm" must be all that is left: minutes east of UTC in `*offset`. */
static bool zone(struct str left, int *offset)
{
    *offset = 0;
    if (left.len == 1)
        return left.ptr[0] == 'Z' || left.ptr[0] == 'z';
    if (left.len != 6 || (left.ptr[0] != '+' && left.ptr[0] != '-') || left.ptr[3] != ':')
        return false;
    int hours = digits(left, 1, 2), minutes = digits(left, 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *offset = (hours * 60 + minutes) * (left.ptr[0] == '-' ? -1 : 1);
    return true;
}

bool datetime_parse(struct str text, int64_t *wall_ms)
{
    struct date date;
    int offset;

    if (text.len < 20 || !date_parse(str_of(text.ptr, 10), &date) || (text.ptr[10] != 'T' && text.ptr[10] != 't'))
        return false;
    int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (text.ptr[13] != ':' || text.ptr[16] != ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59)
        return false;
    size_t at = 19;
    int ms = fraction(text, &at);
    if (ms < 0 || !zone(str_from_at(text, at), &offset))
        return false;
    int64_t when = date_to_ms(date) + ((hour * 60 + minute - offset) * 60 + second) * (int64_t)1000 + ms;
    int year = date_of_ms(when).year;
    if (year < 0 || year > 9999)
        return false;
    *wall_ms = when;
    return true;
}

bool datetime_is_finer(struct str text)
{
    bool finer = false;

    for (size_t at = 20; at < text.len && text.ptr[19] == '.' && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++)
        finer |= at >= 23 && text.ptr[at] != '0';
    return finer;
}

static void put_digits(char *to, int value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

void datetime_format(int64_t wall_ms, char out[static DATETIME_LEN])
{
    int64_t days = floor_days(wall_ms);
    int in_day = (int)(wall_ms - days * DAY_MS);
    struct date date = date_from_days(days);

    memcpy(out, "0000-00-00T00:00:00.000Z", DATETIME_LEN);
    put_digits(out, date.year, 4);
    put_digits(out + 5, date.month, 2);
    put_digits(out + 8, date.day, 2);
    put_digits(out + 11, in_day / 3600000, 2);
    put_digits(out + 14, in_day / 60000 % 60, 2);
    put_digits(out + 17, in_day / 1000 % 60, 2);
    put_digits(out + 20, in_day % 1000, 3);
}

void buf_datetime(struct buf *buf, int64_t wall_ms)
{
    char text[DATETIME_LEN];

    datetime_format(wall_ms, text);
    buf_add(buf, str_of(text, sizeof text));
}

void buf_http_date(struct buf *buf, int64_t wall_ms)
{
    static const char names[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t days = floor_days(wall_ms);
    int second = (int)((wall_ms - days * DAY_MS) / 1000), day = (int)((days % 7 + 7) % 7);
    struct date date = date_from_days(days);

    buf_printf(buf, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", names + (size_t)day * 3, date.day,
               months + (size_t)(date.month - 1) * 3, date.year, second / 3600, second / 60 % 60, second % 60);
}
