#include "dialect/parameter.h"

#include "base/clock.h"
#include "base/codec.h"
#include "dialect/period.h"

enum { DAY_MS = 86400000 };

void arguments_add(struct arguments *arguments, struct arena *arena, struct str name, struct str value,
                   const struct parameter *from)
{
    arguments->items =
        arena_grow(arena, arguments->items, arguments->count, &arguments->space, sizeof *arguments->items);
    arguments->items[arguments->count++] = (struct argument){ .name = name, .value = value, .from = from };
}

static void want_id(struct arguments *arguments, struct arena *arena, const struct parameter *from, struct str given)
{
    arguments->ids =
        arena_grow(arena, arguments->ids, arguments->id_count, &arguments->id_space, sizeof *arguments->ids);
    arguments->ids[arguments->id_count++] = (struct wanted_id){ .from = from, .given = given };
}

struct str arguments_find(const struct arguments *arguments, struct str name)
{
    for (size_t i = 0; i < arguments->count; i++)
        if (str_eq(arguments->items[i].name, name))
            return arguments->items[i].value;
    return STR_NONE;
}

/* A day or (where allowed) a moment as canonical text; `end` makes a day its end, which the last of all days has not. */
static bool read_time(struct str value, bool moments, bool end, struct arena *arena, struct str *text)
{
    struct date date;
    int64_t when;

    if (date_parse(value, &date))
        when = date_to_ms(date) + (end ? DAY_MS : 0);
    else if (!moments || !datetime_parse(value, &when))
        return false;
    *text = period_moment(arena, when, false);
    return true;
}

static bool read_date(struct str value, struct arena *arena, struct str *text)
{
    struct str moment;

    if (!read_time(value, true, false, arena, &moment))
        return false;
    *text = str_of(moment.ptr, strlen("YYYY-MM-DD"));
    return true;
}

static bool read_range(struct str value, struct arena *arena, struct str *from, struct str *to)
{
    for (size_t i = 0; i + 1 < value.len; i++) {
        int64_t first, last;
        if (value.ptr[i] != '.' || value.ptr[i + 1] != '.')
            continue;
        if (!datetime_parse(str_of(value.ptr, i), &first) || !datetime_parse(str_from_at(value, i + 2), &last))
            return false;
        *from = period_moment(arena, first, false);
        *to = period_moment(arena, last, false);
        return true;
    }
    return false;
}

static bool translate(const struct parameter *parameter, struct str *value)
{
    for (size_t i = 0; i < parameter->prefix_count; i++)
        if (str_starts(*value, parameter->prefixes[i])) {
            *value = str_from_at(*value, parameter->prefixes[i].len);
            break;
        }
    for (size_t i = 0; i < parameter->word_count; i++) {
        if (str_eq(parameter->words[i].said, *value)) {
            *value = parameter->words[i].meant;
            return true;
        }
    }
    return !parameter->only;
}

/* "Patient/" before an id, where the dialect writes it so. */
static struct str without_prefix(const struct parameter *parameter, struct str id)
{
    bool there = parameter->prefix.len && str_starts(id, parameter->prefix);

    return there ? str_from_at(id, parameter->prefix.len) : id;
}

static void read_ids(const struct parameter *parameter, struct str value, struct arena *arena,
                     struct arguments *arguments)
{
    struct str piece;

    /* an empty list is one id that nobody has: it selects nothing, and not everything */
    if (parameter->type == PARAMETER_ID || !value.len) {
        want_id(arguments, arena, parameter, without_prefix(parameter, value));
        return;
    }
    while (str_next(&value, ',', &piece))
        want_id(arguments, arena, parameter, without_prefix(parameter, str_trim(piece)));
}

/* One value: a backslash stands before a comma, a bar, a dollar sign or itself that is meant; a comma alone would begin
 * another value. `bar` is the first bar outside of an escape, in the text without escapes; at the end: none. */
static bool read_one(struct str value, struct arena *arena, struct str *text, size_t *bar)
{
    char *plain = arena_alloc(arena, value.len + 1);
    size_t len = 0;

    *bar = SIZE_MAX;
    for (size_t i = 0; i < value.len; i++) {
        bool escape = value.ptr[i] == '\\';
        if (value.ptr[i] == ',' || (escape && (i + 1 == value.len || !strchr(",|$\\", value.ptr[i + 1]))))
            return false;
        if (value.ptr[i] == '|' && *bar == SIZE_MAX)
            *bar = len;
        plain[len++] = value.ptr[i += escape];
    }
    *bar = *bar == SIZE_MAX ? len : *bar;
    *text = str_of(plain, len);
    return true;
}

/* "system|value" is a pair, "value" is of any system. A system alone, or none at all ("|value"), tells nothing that
 * could be asked for. */
static bool read_token(struct str value, struct arena *arena, struct str *pair, struct str *alone)
{
    struct str text;
    size_t bar;

    if (!read_one(value, arena, &text, &bar) || !text.len || bar == 0 || bar + 1 == text.len)
        return false;
    *pair = *alone = STR_NONE;
    if (bar == text.len)
        *alone = text;
    else
        *pair = pair_join(arena, str_of(text.ptr, bar), str_from_at(text, bar + 1));
    return true;
}

static bool read_value(const struct parameter *parameter, struct str value, struct arena *arena, struct str *first,
                       struct str *second)
{
    int64_t number;
    size_t bar;

    *first = value;
    switch (parameter->type) {
    case PARAMETER_STRING:
        if (!parameter->one)
            return true;
        /* behind a prefix that is known a bar is none; "system|" of another system would find nothing, or the wrong */
        return read_one(value, arena, first, &bar) && first->len && (!parameter->prefix_count || bar == first->len);
    case PARAMETER_INTEGER:
        return str_to_int(value, &number);
    case PARAMETER_DATE:
        return read_date(value, arena, first);
    case PARAMETER_DAY:
        return read_time(value, false, false, arena, first);
    case PARAMETER_DAY_END:
        return read_time(value, false, true, arena, first);
    case PARAMETER_MOMENT:
        return read_time(value, true, false, arena, first);
    case PARAMETER_MOMENT_END:
        return read_time(value, true, true, arena, first);
    case PARAMETER_RANGE:
        return read_range(value, arena, first, second);
    case PARAMETER_PERIOD:
    case PARAMETER_DAYS:
        return period_read(value, parameter->type == PARAMETER_DAYS, arena, first, second);
    case PARAMETER_TOKEN:
        return read_token(value, arena, first, second);
    case PARAMETER_ID:
    case PARAMETER_IDS:
        break;
    }
    return false;
}

/* "a,b": each as it would be alone, as a list of the canonical parameter, in which a value may have a comma or may not. */
static bool read_many(const struct parameter *parameter, struct str value, struct arena *arena, struct str *list)
{
    struct buf made = buf_in(arena, SIZE_MAX);
    struct str piece, plain, none;

    while (list_cut(&value, &piece)) {
        if (!translate(parameter, &piece) || !read_value(parameter, piece, arena, &plain, &none))
            return false;
        if (!parameter->listed && memchr(plain.ptr, ',', plain.len))
            return false;
        buf_join(&made, ',', parameter->listed ? list_item(arena, plain) : plain);
    }
    *list = buf_str(&made);
    return buf_ok(&made);
}

bool parameter_repeats(const struct parameter *parameter)
{
    return parameter->type == PARAMETER_PERIOD || parameter->type == PARAMETER_DAYS;
}

/* The later of two beginnings, the earlier of two ends: their texts sort as they do. */
static void narrow(struct arguments *arguments, struct arena *arena, struct str name, struct str bound, bool later)
{
    for (size_t i = 0; i < arguments->count && bound.ptr; i++) {
        struct argument *item = &arguments->items[i];
        if (!str_eq(item->name, name) || item->value.len != bound.len)
            continue;
        if ((memcmp(bound.ptr, item->value.ptr, bound.len) > 0) == later)
            item->value = bound;
        return;
    }
    if (bound.ptr)
        arguments_add(arguments, arena, name, bound, NULL);
}

int parameter_read(const struct parameter *parameter, struct str value, struct str brand, struct arena *arena,
                   struct arguments *arguments, struct argument_fault *fault)
{
    struct str first = STR_NONE, second = STR_NONE;

    *fault = (struct argument_fault){ .name = parameter->name, .want = str_from(parameter_want(parameter->type)) };
    if (parameter->prefix_count)
        fault->want = STR("single value, alone or behind a prefix that is known");
    if (parameter->type == PARAMETER_ID || parameter->type == PARAMETER_IDS) {
        read_ids(parameter, value, arena, arguments);
        return 0;
    }
    if (parameter->equals_brand && !str_eq(value, brand)) {
        fault->forbidden = true;
        return -1;
    }
    if (parameter->many ? !read_many(parameter, value, arena, &first)
                        : !translate(parameter, &value) || !read_value(parameter, value, arena, &first, &second))
        return -1;
    if (parameter->pair_with.len && first.len)
        first = pair_join(arena, parameter->pair_with, first);
    if (parameter->pair_with.len && !first.len)
        return -1; /* half a pair would find nothing, or all */
    if (parameter_repeats(parameter)) {
        narrow(arguments, arena, parameter->to, first, true);
        narrow(arguments, arena, parameter->to_end, second, false);
        return 0;
    }
    if (parameter->listed && !parameter->many)
        first = list_item(arena, first);
    if (parameter->to.len && first.ptr)
        arguments_add(arguments, arena, parameter->to, first, parameter);
    if (second.ptr)
        arguments_add(arguments, arena, parameter->to_end, second, parameter);
    return 0;
}

/* The argument that `part` of `to` became, or NULL. */
static struct argument *find_part(struct arguments *arguments, struct str to, unsigned part)
{
    for (size_t i = 0; i < arguments->count; i++) {
        struct argument *item = &arguments->items[i];
        if (item->from && item->from->part == part && str_eq(item->name, to))
            return item;
    }
    return NULL;
}

void parameters_join(const struct parameter *parameters, size_t count, struct arena *arena,
                     struct arguments *arguments)
{
    for (size_t i = 0; i < count; i++) {
        if (parameters[i].part != 1)
            continue;
        struct argument *first = find_part(arguments, parameters[i].to, 1);
        struct argument *second = find_part(arguments, parameters[i].to, 2);
        if (!first || !second)
            continue;
        first->value = pair_join(arena, first->value, second->value);
        first->from = NULL;
        *second = arguments->items[--arguments->count];
    }
}
