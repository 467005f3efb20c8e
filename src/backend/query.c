#include "backend/task.h"

#include "base/clock.h"
#include "base/codec.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 1000 };

static int bad(struct task *task, struct err *err, struct str name, const char *what)
{
    return task_fail(task, err, ERR_INVALID_PARAMETER, "query parameter " STR_FMT ": %s", STR_ARG(name),
                     what);
}

static int read_brand(struct task *task, struct str name, struct str value, struct err *err)
{
    (void)name;
    if (str_eq(value, task->who->brand))
        return 0;
    return task_fail(task, err, ERR_FORBIDDEN, "the token is for another brand");
}

static int read_limit(struct task *task, struct str name, struct str value, struct err *err)
{
    if (str_to_uint(value, &task->limit) && task->limit >= 1 && task->limit <= LIMIT_MAX)
        return 0;
    return bad(task, err, name, "must be an integer from 1 to 1000");
}

/* Documented as "integer or null". */
static int read_offset(struct task *task, struct str name, struct str value, struct err *err)
{
    if (!value.len || str_is(value, "null"))
        return 0;
    if (str_to_uint(value, &task->offset) && task->offset <= INT32_MAX)
        return 0;
    return bad(task, err, name, "must be an integer from 0 on");
}

static int read_include(struct task *task, struct str name, struct str value, struct err *err)
{
    struct str word;

    while (value.len && str_next(&value, ',', &word)) {
        task->include_groups = task->include_groups || str_is(word, "groups");
        task->include_team = task->include_team || str_is(word, "care_team");
        if (!str_is(word, "groups") && !str_is(word, "care_team"))
            return bad(task, err, name, "only groups and care_team can be included");
    }
    return 0;
}

static int read_order(struct task *task, struct str name, struct str value, struct err *err)
{
    const struct select *select = task->route->select;

    task->other_order = str_is(value, select->other_name);
    if (task->other_order || str_is(value, select->order_name))
        return 0;
    return task_fail(task, err, ERR_INVALID_PARAMETER, "query parameter " STR_FMT ": must be %s or %s",
                     STR_ARG(name), select->order_name, select->other_name);
}

static int read_flag(struct task *task, struct str name, struct str value, bool *flag, struct err *err)
{
    *flag = str_is(value, "true");
    if (*flag || str_is(value, "false"))
        return 0;
    return bad(task, err, name, "must be true or false");
}

static bool takes_brand(const struct route *route)
{
    (void)route;
    return true;
}

static bool takes_page(const struct route *route)
{
    return route->select && route->select->paged;
}

static bool takes_include(const struct route *route)
{
    return route->select && route->select->groups;
}

static bool takes_order(const struct route *route)
{
    return route->select && route->select->other_order;
}

static bool takes_get_or_create(const struct route *route)
{
    return route->get_or_create;
}

static bool takes_unique(const struct route *route)
{
    return route->unique;
}

static bool takes_patch(const struct route *route)
{
    return route->body == BODY_PATCH;
}

/* Parameters that are no filters. Those without `read` are true or false. */
static const struct {
    struct str name;
    bool (*takes)(const struct route *route);
    int (*read)(struct task *task, struct str name, struct str value, struct err *err);
    size_t flag; /* its place in the task */
} params[] = {
    { STR_INIT("brand_id"), takes_brand, .read = read_brand },
    { STR_INIT("limit"), takes_page, .read = read_limit },
    { STR_INIT("offset"), takes_page, .read = read_offset },
    { STR_INIT("include"), takes_include, .read = read_include },
    { STR_INIT("order"), takes_order, .read = read_order },
    { STR_INIT("get_or_create"), takes_get_or_create, .flag = offsetof(struct task, get_or_create) },
    { STR_INIT("unique"), takes_unique, .flag = offsetof(struct task, unique) },
    { STR_INIT("touch"), takes_patch, .flag = offsetof(struct task, touch) },
    { STR_INIT("strict_merge"), takes_patch, .flag = offsetof(struct task, strict_merge) },
};

/* One comma-separated value; nothing between commas is no item, so an empty list selects nothing. */
static struct str read_list(struct arena *arena, struct str value, bool texts)
{
    struct str *items = ARENA_ARRAY(arena, struct str, value.len / 2 + 1), rest = value, item;
    size_t count = 0;

    while (texts ? list_next(arena, &rest, &item) : str_next(&rest, ',', &item))
        if (item.len)
            items[count++] = item;
    return json_list(arena, items, count);
}

/* A date-time, or a date, which means its first millisecond. */
static bool read_time(struct arena *arena, struct str value, struct str *stored)
{
    char *out = arena_alloc(arena, DATETIME_LEN);
    struct date date;
    int64_t ms;

    if (date_parse(value, &date))
        ms = date_to_ms(date);
    else if (!datetime_parse(value, &ms))
        return false;
    datetime_format(ms, out);
    *stored = str_of(out, DATETIME_LEN);
    return true;
}

/* "system|value": \ before a character takes it literally; exactly one | stands bare. */
static bool read_pair(struct arena *arena, struct str value, struct filter_value *pair)
{
    char *out = arena_alloc(arena, value.len + 1);
    size_t len = 0, bar = SIZE_MAX;

    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '|' && bar != SIZE_MAX)
            return false;
        if (c == '|') {
            bar = len;
            continue;
        }
        if (c == '\\' && ++i == value.len)
            return false;
        out[len++] = value.ptr[i];
    }
    if (bar == SIZE_MAX)
        return false;
    *pair = (struct filter_value){ .text = str_of(out, bar), .second = str_of(out + bar, len - bar) };
    return true;
}

static int read_filter(struct task *task, const struct filter *filter, struct str value,
                       struct filter_value *to, struct err *err)
{
    struct date date;

    switch (filter->kind) {
    case FILTER_ID:
    case FILTER_PATH_0:
    case FILTER_PATH_1:
    case FILTER_KEY:
        break;
    case FILTER_TEXT:
        to->text = value;
        break;
    case FILTER_CHOICE:
        to->text = value;
        if (!str_lists(str_from(filter->choices), ' ', value))
            return bad(task, err, filter->name, "is not one of its values");
        break;
    case FILTER_LIST:
    case FILTER_TEXTS:
        to->text = read_list(task->arena, value, filter->kind == FILTER_TEXTS);
        break;
    case FILTER_TIME:
        if (!read_time(task->arena, value, &to->text))
            return bad(task, err, filter->name, "must be an RFC 3339 date-time");
        break;
    case FILTER_DATE:
        to->text = value;
        if (!date_parse(value, &date))
            return bad(task, err, filter->name, "must be a date, YYYY-MM-DD");
        break;
    case FILTER_SEARCH:
        to->text = text_fold(task->arena, value);
        break;
    case FILTER_PAIR:
        if (!read_pair(task->arena, value, to))
            return bad(task, err, filter->name, "must be system|value");
        break;
    }
    return 0;
}

/* Unknown parameters are ignored, as unknown members of bodies are. `seen` has a bit for each that was there.
 */
static int read_param(struct task *task, struct str name, struct str value, uint32_t *seen, struct err *err)
{
    const struct select *select = task->route->select;

    for (size_t i = 0; i < COUNT(params); i++) {
        if (!str_eq(params[i].name, name) || !params[i].takes(task->route))
            continue;
        if (*seen & 1u << i)
            return bad(task, err, params[i].name, "stands twice");
        *seen |= 1u << i;
        return params[i].read ? params[i].read(task, name, value, err)
                              : read_flag(task, name, value, (bool *)((char *)task + params[i].flag), err);
    }
    for (size_t i = 0; select && i < select->filter_count; i++) {
        if (select->filters[i].kind < FILTER_TEXT || !str_eq(select->filters[i].name, name))
            continue;
        if (task->filter_mask & 1u << i)
            return bad(task, err, select->filters[i].name, "stands twice");
        task->filter_mask |= 1u << i;
        return read_filter(task, &select->filters[i], value, &task->filters[i], err);
    }
    return 0;
}

/* The filters that the route demands. */
static int judge_needed(struct task *task, struct err *err)
{
    const struct select *select = task->route->select;

    for (size_t i = 0; task->route->filtered && i < select->filter_count; i++)
        if (select->filters[i].kind >= FILTER_TEXT && !(task->filter_mask & 1u << i))
            return bad(task, err, select->filters[i].name, "required");
    return 0;
}

int query_read(struct task *task, struct str query, struct err *err)
{
    struct str piece, raw_name, raw_value, name, value;
    uint32_t seen = 0;

    task->limit = LIMIT_DEFAULT;
    while (str_next(&query, '&', &piece)) {
        if (!piece.len)
            continue;
        if (!str_cut(piece, '=', &raw_name, &raw_value)) {
            raw_name = piece;
            raw_value = STR_NONE;
        }
        if (!percent_decode(task->arena, raw_name, true, &name) ||
            !percent_decode(task->arena, raw_value, true, &value))
            return task_fail(task, err, ERR_BAD_REQUEST, "the query is not valid");
        if (read_param(task, name, value, &seen, err))
            return -1;
    }
    if (task->route->brand_query && !(seen & 1u))
        return task_fail(task, err, ERR_INVALID_PARAMETER, "query parameter brand_id: required");
    return judge_needed(task, err);
}
