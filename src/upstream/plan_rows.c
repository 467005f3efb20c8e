/* Rows of documented lists: which are asked for, in which order, as which document. */
#include "upstream/plan.h"

#include "base/codec.h"
#include "json/write.h"

#include <stdlib.h>

struct str plan_value(const struct upstream_request *request, struct str name)
{
    for (size_t i = 0; i < request->argument_count; i++)
        if (str_eq(request->arguments[i].name, name))
            return request->arguments[i].value;
    return STR_NONE;
}

bool plan_has(const struct str *names, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

static const struct contract_rule *rule_of(const struct contract_rule *rules, size_t count,
                                           struct str parameter)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(rules[i].parameter, parameter))
            return &rules[i];
    return NULL;
}

/* What a documented call takes of itself, and of its own completions nothing. */
static bool passes(const struct contract_call *call, struct str name)
{
    return contract_takes(call, name) && !plan_has(call->beyond, call->beyond_count, name);
}

int plan_check(const struct upstream_request *request, struct err *err)
{
    const struct contract_instead *plan = request->call->instead;

    for (size_t i = 0; i < request->argument_count; i++) {
        struct str name = request->arguments[i].name;
        if (!contract_takes(request->call, name) || plan_has(plan->leave, plan->leave_count, name) ||
            passes(plan->read, name) || rule_of(plan->where, plan->where_count, name))
            continue;
        if (str_is(name, "order") && rule_of(plan->order, plan->order_count, request->arguments[i].value))
            continue;
        return err_set(err, ERR_NOT_IMPLEMENTED,
                       "the backend is not said to have " STR_FMT ", and nothing else tells '" STR_FMT "'",
                       STR_ARG(request->call->name), STR_ARG(name));
    }
    for (size_t i = 0; i < plan->read->segment_count; i++) {
        const struct contract_segment *part = &plan->read->segments[i];
        if (part->is_parameter && !str_eq(part->text, plan->key) && !plan_value(request, part->text).len)
            return err_set(err, ERR_NOT_IMPLEMENTED,
                           "the backend is not said to have " STR_FMT ", and without '" STR_FMT
                           "' nothing else tells",
                           STR_ARG(request->call->name), STR_ARG(part->text));
    }
    return 0;
}

static struct str text_of(const struct upstream_request *request, const struct tape *tape, uint32_t at,
                          struct str name)
{
    uint32_t found = tape_find(tape, at, name);

    return found != TAPE_NONE && tape_type(tape, found) == JSON_STRING
               ? tape_string(tape, found, request->arena)
               : STR_NONE;
}

static bool has_pair(const struct upstream_request *request, const struct tape *tape, uint32_t at, struct str member,
                     struct str wanted)
{
    struct str name, value;

    pair_split(request->arena, wanted, &name, &value);
    uint32_t object = tape_find(tape, at, member);
    uint32_t found = object == TAPE_NONE ? TAPE_NONE : tape_find(tape, object, name);
    return found != TAPE_NONE && tape_type(tape, found) == JSON_STRING && tape_string_is(tape, found, value);
}

/* One of the texts of a list, or of ids, which have no commas. */
static bool is_listed(const struct upstream_request *request, struct str name, struct str wanted, struct str text)
{
    struct str one;

    if (!contract_lists(request->call, name))
        return str_lists(wanted, ',', text);
    while (list_next(request->arena, &wanted, &one))
        if (str_eq(one, text))
            return true;
    return false;
}

static bool fits(const struct upstream_request *request, const struct contract_rule *rule, const struct tape *tape,
                 uint32_t at)
{
    struct str wanted = plan_value(request, rule->parameter);

    if (!wanted.ptr)
        return true;
    return rule->pair ? has_pair(request, tape, at, rule->member, wanted)
                      : is_listed(request, rule->parameter, wanted, text_of(request, tape, at, rule->member));
}

bool plan_wants(const struct upstream_request *request, const struct tape *tape, uint32_t at)
{
    const struct contract_instead *plan = request->call->instead;

    for (size_t i = 0; i < plan->where_count; i++)
        if (!fits(request, &plan->where[i], tape, at))
            return false;
    return true;
}

static int ascending(const void *left, const void *right)
{
    const struct plan_row *a = left, *b = right;
    int order = str_compare(a->order, b->order);

    return order ? order : str_compare(a->id, b->id);
}

static int descending(const void *left, const void *right)
{
    return ascending(right, left);
}

/* (created_at, id) ascending, or what `order` asks for, newest first. */
static void sort(const struct upstream_request *request, struct plan_row *rows, size_t count)
{
    const struct contract_instead *plan = request->call->instead;
    const struct contract_rule *rule =
        rule_of(plan->order, plan->order_count, plan_value(request, STR("order")));
    struct str member = rule ? rule->member : STR("created_at");

    for (size_t i = 0; i < count; i++) {
        rows[i].order = text_of(request, rows[i].tape, rows[i].at, member);
        rows[i].id = text_of(request, rows[i].tape, rows[i].at, STR("id"));
    }
    if (count)
        qsort(rows, count, sizeof *rows, rule ? descending : ascending);
}

int plan_write(const struct upstream_request *request, struct plan_row *rows, size_t count, struct buf *out,
               struct err *err)
{
    const struct contract_call *call = request->call;
    size_t from = request->paged ? (request->offset < count ? (size_t)request->offset : count) : 0;
    size_t to = request->paged && request->limit < count - from ? from + (size_t)request->limit : count;
    bool first = true;

    if (!call->items.len && !count)
        return err_set(err, ERR_NOT_FOUND, "no row of " STR_FMT " is it", STR_ARG(call->instead->read->name));
    if (!call->items.len) {
        buf_add(out, tape_raw(rows[0].tape, rows[0].at));
        return 0;
    }
    sort(request, rows, count);
    buf_char(out, '{');
    json_name(out, &first, call->items);
    buf_char(out, '[');
    for (size_t i = from; i < to; i++) {
        if (i > from)
            buf_char(out, ',');
        buf_add(out, tape_raw(rows[i].tape, rows[i].at));
    }
    buf_char(out, ']');
    if (call->total.len)
        json_member_uint(out, &first, call->total, count);
    buf_char(out, '}');
    return buf_ok(out)
               ? 0
               : err_set(err, ERR_UPSTREAM, "the rows of " STR_FMT " are too many", STR_ARG(call->name));
}
