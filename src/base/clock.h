/* Time: clocks (the only functions of base/ that look outside) and RFC 3339 text. Any thread. */
#pragma once

#include "base/buf.h"

uint64_t clock_monotonic_ms(void); /* for deadlines */
uint64_t clock_monotonic_us(void); /* for durations in logs and metrics */
int64_t clock_wall_ms(void);       /* milliseconds since 1970-01-01T00:00:00Z */

struct date {
    int year, month, day; /* proleptic Gregorian, year 0000 to 9999 */
};

/* RFC 3339 full-date, whole text, a day that exists; false otherwise. */
bool date_parse(struct str text, struct date *date);
/* YYYY, YYYY-MM or YYYY-MM-DD: the first day of it. */
bool date_parse_partial(struct str text, struct date *first);
struct date date_of_ms(int64_t wall_ms); /* UTC */
int64_t date_to_ms(struct date date);    /* its first millisecond, UTC */

/* Whole years from `birth` to `today`; a birth on 29 February counts on 1 March in common years. Negative when
 * `today` is earlier. */
int date_years(struct date birth, struct date today);

/* RFC 3339 date-time with an offset or Z ('T' and 'Z' in either case, any number of fraction digits, further ones
 * than milliseconds cut off). No zone, 24:00 and :60 are refused. */
bool datetime_parse(struct str text, int64_t *wall_ms);
/* `text` is a date-time: does it have digits finer than a millisecond? */
bool datetime_is_finer(struct str text);

/* "2017-03-14T11:00:57.000Z": 24 bytes. */
enum { DATETIME_LEN = 24 };
void datetime_format(int64_t wall_ms, char out[static DATETIME_LEN]);
void buf_datetime(struct buf *buf, int64_t wall_ms);

/* RFC 9110 section 5.6.7: "Tue, 14 Mar 2017 11:00:57 GMT". */
void buf_http_date(struct buf *buf, int64_t wall_ms);
