#include "backend/task.h"

#include "base/clock.h"
#include "base/codec.h"
#include "json/number.h"
#include "json/write.h"

static bool media_type_fits(const struct route *route, struct str type)
{
    struct str rest;

    (void)str_cut(type, ';', &type, &rest);
    type = str_trim(type);
    return str_eq_nocase(type, STR("application/json")) ||
           (route->body == BODY_PATCH && str_eq_nocase(type, STR("application/merge-patch+json")));
}

static bool email_valid(struct str text)
{
    struct str local, domain;

    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] <= ' ' || text.ptr[i] == 0x7F)
            return false;
    return str_cut(text, '@', &local, &domain) && local.len && domain.len &&
           !memchr(domain.ptr, '@', domain.len);
}

static bool datetime_store(struct arena *arena, struct str text, struct str *stored)
{
    char *out = arena_alloc(arena, DATETIME_LEN);
    int64_t ms;

    if (!datetime_parse(text, &ms))
        return false;
    datetime_format(ms, out);
    *stored = str_of(out, DATETIME_LEN);
    return true;
}

static bool all_strings(const struct tape *body, uint32_t object)
{
    for (uint32_t i = tape_first(body, object); i < tape_next(body, object); i = tape_next(body, i + 1))
        if (tape_type(body, i + 1) != JSON_STRING)
            return false;
    return true;
}

static bool integer_valid(const struct column *column, const struct tape *body, uint32_t at)
{
    uint64_t number;

    return tape_type(body, at) == JSON_NUMBER && str_to_uint(tape_raw(body, at), &number) &&
           number >= column->min && number <= column->max;
}

static bool strings_valid(const struct column *column, const struct tape *body, uint32_t at)
{
    if (tape_type(body, at) != JSON_ARRAY || tape_count(body, at) > column->max)
        return false;
    for (uint32_t i = tape_first(body, at); i < tape_next(body, at); i = tape_next(body, i))
        if (tape_type(body, i) != JSON_STRING || !tape_text(body, i).len)
            return false;
    return true;
}

/* Code points: every byte that does not continue one. */
static bool shorter(struct str text, unsigned min)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len && count < min; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count < min;
}

/* What is wrong with the value, or NULL and the value as it is stored. A patch of a map may hold nulls: the
 * merged map is judged later. */
static const char *read_value(struct task *task, const struct column *column, uint32_t at,
                              struct value *value)
{
    const struct tape *body = &task->body;
    enum json_type type = tape_type(body, at);
    struct str text = STR_NONE;
    struct date date;

    if (type == JSON_STRING)
        value->text = text = tape_string(body, at, task->arena);
    if (column->not_empty && type == JSON_STRING && !text.len)
        return "must not be empty";
    if (type == JSON_STRING && column->type == COLUMN_TEXT && shorter(text, column->min))
        return "is too short";
    switch (column->type) {
    case COLUMN_BOOL:
        value->text = type == JSON_TRUE ? STR("1") : STR("0");
        return type == JSON_TRUE || type == JSON_FALSE ? NULL : "must be true or false";
    case COLUMN_OBJECT:
    case COLUMN_MAP:
        if (type != JSON_OBJECT)
            return "must be an object";
        value->text = json_compact(task->arena, tape_raw(body, at));
        if (column->type == COLUMN_MAP && task->route->body == BODY_CREATE && !all_strings(body, at))
            return "must hold strings only";
        return NULL;
    case COLUMN_ID:
    case COLUMN_BRAND:
    case COLUMN_PATIENT:
    case COLUMN_OWNER:
    case COLUMN_CREATED:
    case COLUMN_UPDATED:
    case COLUMN_VERSION:
    case COLUMN_SEARCH:
    case COLUMN_TEXT:
        return type == JSON_STRING ? NULL : "must be a string";
    case COLUMN_CHOICE:
        return type == JSON_STRING && str_lists(str_from(column->choices), ' ', text) ? NULL : "is not one of its values";
    case COLUMN_DATE:
        return type == JSON_STRING && date_parse(text, &date) ? NULL : "must be a date, YYYY-MM-DD";
    case COLUMN_DATETIME:
        return type == JSON_STRING && datetime_store(task->arena, text, &value->text)
                   ? NULL
                   : "must be an RFC 3339 date-time with an offset";
    case COLUMN_EMAIL:
        return type == JSON_STRING && email_valid(text) ? NULL : "must be an e-mail address";
    case COLUMN_UUID:
        return type == JSON_STRING && uuid_valid(text) ? NULL : "must be a UUID";
    case COLUMN_DECIMAL:
        return type == JSON_STRING && number_valid(text) ? NULL : "must be a string that is a number";
    case COLUMN_INTEGER:
        value->text = tape_raw(body, at);
        return integer_valid(column, body, at) ? NULL : "must be an integer in its range";
    case COLUMN_STRINGS:
        value->text = json_compact(task->arena, tape_raw(body, at));
        return strings_valid(column, body, at) ? NULL
                                               : "must be an array of strings, none empty, not too many";
    case COLUMN_BODY:
        break; /* no member of its own */
    }
    return NULL;
}

static bool may_set(const struct route *route, const struct column *column)
{
    if (column->type == COLUMN_BRAND || column->type == COLUMN_PATIENT || column->type == COLUMN_OWNER)
        return true; /* when they repeat what holds anyway */
    return route->body == BODY_CREATE ? column->create : column->patch;
}

/* Null clears in a patch; what cannot be null goes back to its preset ({} of an object), a required one may
 * not. */
static const char *read_null(const struct route *route, const struct column *column, struct value *value)
{
    if (route->body == BODY_CREATE || (!column->nullable && (!column->preset.ptr || column->required)))
        return "must not be null";
    if (column->type != COLUMN_OBJECT && column->type != COLUMN_MAP && !column->nullable)
        return "must not be null";
    *value = (struct value){ .text = column->preset, .null = column->nullable, .given = true };
    return NULL;
}

static const char *read_member(struct task *task, const struct column *column, uint32_t at,
                               struct value *value)
{
    if (!may_set(task->route, column))
        return "is read-only";
    if (tape_type(&task->body, at) == JSON_NULL)
        return read_null(task->route, column, value);
    value->given = true;
    return read_value(task, column, at, value);
}

static bool names_other(const struct task *task, enum column_type type, const struct value *value)
{
    struct str own = type == COLUMN_BRAND ? task->who->brand : task->path[0];

    return value->given && !str_eq(value->text, own);
}

static void note(struct buf *faults, struct str name, const char *what)
{
    buf_printf(faults, "%s" STR_FMT ": %s", faults->len ? "; " : "", STR_ARG(name), what);
}

static bool is_known(const struct entity *entity, const struct tape *body, uint32_t name)
{
    for (size_t i = 0; i < entity->column_count; i++)
        if (entity->columns[i].type != COLUMN_BODY && column_shown(&entity->columns[i]) &&
            tape_string_is(body, name, entity->columns[i].name))
            return true;
    for (size_t i = 0; i < entity->linked_count; i++)
        if (tape_string_is(body, name, entity->linked[i].name))
            return true;
    return false;
}

/* The members that are no columns, as one object. */
static void read_others(struct task *task, struct value *value)
{
    const struct tape *body = &task->body;
    struct buf others = buf_in(task->arena, SIZE_MAX);

    buf_char(&others, '{');
    for (uint32_t i = tape_first(body, 0); i < tape_next(body, 0); i = tape_next(body, i + 1)) {
        if (is_known(task->route->entity, body, i))
            continue;
        if (others.len > 1)
            buf_char(&others, ',');
        buf_add(&others, tape_raw(body, i));
        buf_char(&others, ':');
        buf_add(&others, json_compact(task->arena, tape_raw(body, i + 1)));
    }
    buf_char(&others, '}');
    *value = (struct value){ .text = buf_str(&others), .given = true };
}

/* All members that the entity knows; those it does not know are ignored unless it has a column for them. */
static int read_members(struct task *task, struct err *err)
{
    const struct entity *entity = task->route->entity;
    struct buf faults = buf_in(task->arena, 440);
    bool foreign = false;

    for (size_t i = 0; i < entity->column_count; i++) {
        const struct column *column = &entity->columns[i];
        uint32_t at = column_shown(column) ? tape_find(&task->body, 0, column->name) : TAPE_NONE;
        const char *what = NULL;

        if (column->type == COLUMN_BODY) {
            read_others(task, &task->values[i]);
            continue;
        }
        if (at != TAPE_NONE)
            what = read_member(task, column, at, &task->values[i]);
        else if (column->required && task->route->body == BODY_CREATE)
            what = "is required";
        if (!what && column->type == COLUMN_BRAND)
            foreign |= names_other(task, COLUMN_BRAND, &task->values[i]);
        if (!what && column->type == COLUMN_PATIENT && names_other(task, COLUMN_PATIENT, &task->values[i]))
            what = "is not the patient of the path";
        if (what)
            note(&faults, column->name, what);
    }
    for (size_t i = 0; i < entity->linked_count; i++)
        if (tape_find(&task->body, 0, entity->linked[i].name) != TAPE_NONE)
            note(&faults, entity->linked[i].name, "is read-only");
    if (foreign)
        return task_fail(task, err, ERR_FORBIDDEN, "the token is for another brand");
    if (faults.len)
        return task_fail(task, err, ERR_INVALID, STR_FMT, STR_ARG(buf_str(&faults)));
    return 0;
}

int body_read(struct task *task, const struct ask *ask, struct err *err)
{
    struct tape_fault fault;

    if (!media_type_fits(task->route, ask->content_type))
        return task_fail(task, err, ERR_MEDIA_TYPE, "the content type must be application/json");
    if (!tape_read(&task->body, task->arena, ask->body, &tape_default_limits, &fault))
        return task_fail(task, err, fault.limit ? ERR_TOO_LARGE : ERR_BAD_JSON,
                         "body: %s at line %u, column %u", fault.what, fault.line, fault.column);
    if (tape_type(&task->body, 0) != JSON_OBJECT)
        return task_fail(task, err, ERR_INVALID, "body: must be an object");
    return task->route->entity ? read_members(task, err) : 0;
}
