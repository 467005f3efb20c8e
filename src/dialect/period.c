#include "dialect/period.h"

#include "base/clock.h"

enum { DAY_MS = 86400000 };

enum compare { EQUAL, FROM, AFTER, UNTIL, BEFORE };

/* Two letters before the date. */
static enum compare read_compare(struct str *text)
{
    static const struct {
        struct str word;
        enum compare compare;
    } words[] = {
        { STR_INIT("eq"), EQUAL }, { STR_INIT("ge"), FROM },   { STR_INIT("gt"), AFTER },  { STR_INIT("sa"), AFTER },
        { STR_INIT("le"), UNTIL }, { STR_INIT("lt"), BEFORE }, { STR_INIT("eb"), BEFORE },
    };

    for (size_t i = 0; i < COUNT(words); i++) {
        if (!str_starts(*text, words[i].word))
            continue;
        *text = str_from_at(*text, words[i].word.len);
        return words[i].compare;
    }
    return EQUAL;
}

/* YYYY, YYYY-MM or YYYY-MM-DD: its first millisecond, and the first after it. */
static bool read_days(struct str text, int64_t *first, int64_t *after)
{
    bool year = text.len == 4, month = text.len == 7;
    struct date date;

    if (!date_parse_partial(text, &date))
        return false;
    *first = date_to_ms(date);
    *after = *first + DAY_MS;
    date.year += year || (month && date.month == 12);
    date.month = month ? date.month % 12 + 1 : date.month;
    if (year || month)
        *after = date_to_ms(date);
    return true;
}

/* YYYY-MM-DDThh:mm[:ss[.fff]] with or without a zone. */
static bool read_moment(struct str text, struct arena *arena, int64_t *first, int64_t *after)
{
    size_t minutes = strlen("YYYY-MM-DDThh:mm"), zone = minutes;
    struct str seconds;

    if (text.len < minutes || text.len > 64)
        return false;
    while (zone < text.len && !strchr("Zz+-", text.ptr[zone]))
        zone++;
    seconds = str_of(text.ptr + minutes, zone - minutes);
    struct str whole = arena_printf(arena, STR_FMT "%s" STR_FMT, (int)zone, text.ptr, seconds.len ? "" : ":00",
                                    (int)(text.len - zone), text.ptr + zone);
    if (zone == text.len)
        whole = arena_printf(arena, STR_FMT "Z", STR_ARG(whole));
    if (!datetime_parse(whole, first))
        return false;
    *after = *first + (!seconds.len ? 60000 : seconds.len == strlen(":ss") ? 1000 : 1);
    return true;
}

struct str period_moment(struct arena *arena, int64_t wall_ms, bool days)
{
    char text[DATETIME_LEN];
    const int64_t end = date_to_ms((struct date){ .year = 9999, .month = 12, .day = 31 }) + DAY_MS;

    if (wall_ms >= end)
        return STR_NONE;
    datetime_format(wall_ms, text);
    return arena_copy(arena, str_of(text, days ? strlen("YYYY-MM-DD") : sizeof text));
}

bool period_read(struct str text, bool days, struct arena *arena, struct str *from, struct str *to)
{
    enum compare compare = read_compare(&text);
    int64_t first, after;

    *from = *to = STR_NONE;
    if (!read_days(text, &first, &after) && (days || !read_moment(text, arena, &first, &after)))
        return false;
    switch (compare) {
    case EQUAL:
        *from = period_moment(arena, first, days);
        *to = period_moment(arena, after, days);
        return true;
    case FROM:
    case AFTER:
        *from = period_moment(arena, compare == FROM ? first : after, days);
        return from->ptr != NULL; /* after the end of time */
    case UNTIL:
    case BEFORE:
        *to = period_moment(arena, compare == BEFORE ? first : after, days);
        return true;
    }
    return false;
}
