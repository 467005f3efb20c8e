/* What a request asks for: the calls that it leads to. */
#include "cli/explain.h"

/* The parameter has a value, known or to be looked up. */
static bool is_said(const struct arguments *arguments, struct str name)
{
    for (size_t i = 0; i < arguments->count; i++)
        if (str_eq(arguments->items[i].name, name))
            return true;
    for (size_t i = 0; i < arguments->id_count; i++)
        if (str_eq(arguments->ids[i].from->to, name))
            return true;
    return false;
}

static void add_pair(struct buf *target, char *mark, struct str name, struct str value)
{
    buf_char(target, *mark);
    *mark = '&';
    if (value.ptr)
        buf_printf(target, STR_FMT "=" STR_FMT, STR_ARG(name), STR_ARG(value));
    else
        buf_printf(target, STR_FMT "={" STR_FMT "}", STR_ARG(name), STR_ARG(name));
}

/* What is fixed is written out; all else stands as {name}. */
static struct str target_of(struct explanation *explanation, const struct contract_call *call,
                            const struct arguments *arguments, const struct fixed_parameter *fixed,
                            size_t fixed_count, bool paged)
{
    struct buf target = buf_in(explanation->arena, SIZE_MAX);
    char mark = '?';

    for (size_t i = 0; i < call->segment_count; i++)
        buf_printf(&target, call->segments[i].is_parameter ? "{" STR_FMT "}" : STR_FMT,
                   STR_ARG(call->segments[i].text));
    if (call->brand_in_query)
        add_pair(&target, &mark, STR("brand_id"), STR_NONE);
    for (size_t i = 0; i < call->query_count; i++) {
        struct str value = STR_NONE;
        for (size_t k = 0; k < fixed_count; k++)
            if (str_eq(fixed[k].name, call->query[i]))
                value = fixed[k].value;
        if (value.ptr || is_said(arguments, call->query[i]))
            add_pair(&target, &mark, call->query[i], value);
    }
    if (paged && call->paged) {
        add_pair(&target, &mark, STR("limit"), STR_NONE);
        add_pair(&target, &mark, STR("offset"), STR_NONE);
    }
    return buf_str(&target);
}

static void add_call(struct explanation *explanation, struct str name, const struct arguments *arguments,
                     const struct fixed_parameter *fixed, size_t fixed_count, struct str when)
{
    const struct contract_call *call = name.len ? contract_find(explanation->gateway->contract, name) : NULL;
    bool paged = explanation->operation->paging != PAGING_NONE;

    if (!call)
        return;
    if (!call->served && !call->instead)
        when = STR("not served by this backend: 501");
    else if (!call->served)
        when = arena_printf(explanation->arena, STR_FMT "%snot served by this backend: a slower plan of " STR_FMT, STR_ARG(when),
                            when.len ? "; " : "", STR_ARG(call->instead->read->name));
    explanation->calls = arena_grow(explanation->arena, explanation->calls, explanation->call_count,
                                    &explanation->call_space, sizeof *explanation->calls);
    explanation->calls[explanation->call_count++] =
        (struct explain_call){ .name = call->name,
                               .method = call->method,
                               .target = target_of(explanation, call, arguments, fixed, fixed_count, paged),
                               .when = when };
}

/* A look-up document in the place of an id costs a call of its own. */
static void add_lookups(struct explanation *explanation, const struct id_slots *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        const struct lookup *lookup =
            ids->items[i].lookup.len ? dialect_lookup(explanation->dialect, ids->items[i].lookup) : NULL;
        struct arguments said = { 0 };
        for (size_t k = 0; lookup && k < lookup->member_count; k++)
            if (lookup->members[k].to.len && !lookup->members[k].in_body && lookup->members[k].required)
                arguments_add(&said, explanation->arena, lookup->members[k].to, STR(""), NULL);
        if (lookup)
            add_call(explanation, lookup->call, &said, lookup->fixed, lookup->fixed_count,
                     arena_printf(explanation->arena, "look-up " STR_FMT " at " STR_FMT,
                                  STR_ARG(lookup->name), STR_ARG(ids->items[i].path)));
    }
}

static bool names_param(const struct lens_put *put, struct str param)
{
    for (size_t i = 0; i < put->ids.count; i++)
        if (str_eq(put->ids.items[i].param, param))
            return true;
    for (size_t i = 0; i < put->params_name.count; i++)
        if (str_eq(put->params_name.items[i], param))
            return true;
    return false;
}

/* It changes what stands beside the entity (flow/touch.c). */
static bool touches(const struct explanation *explanation, const struct operation *operation, const struct lens_put *put)
{
    if (!operation->stored.len || explanation->documents != 1)
        return false;
    for (size_t i = 0; i < operation->thens.count; i++)
        if (names_param(put, operation->thens.calls[i].param))
            return true;
    return lens_rest(operation->lens) == REST_STORE && explanation->kept.count > 0;
}

/* The call that takes the document, with what the backend is told besides (flow/call.c) where the call takes that. An update is
 * explained as if nothing of what it says were so already. */
static void add_main(struct explanation *explanation, const struct operation *operation, const struct arguments *arguments,
                     const struct lens_put *put, struct str when)
{
    struct fixed_parameter *fixed = ARENA_ARRAY(explanation->arena, struct fixed_parameter, operation->fixed_count + 3);
    size_t count = 0;

    while (count < operation->fixed_count) {
        fixed[count] = operation->fixed[count];
        count++;
    }
    if (explanation->skips)
        fixed[count++] = (struct fixed_parameter){ .name = STR("unique"), .value = STR("true") };
    if (touches(explanation, operation, put))
        fixed[count++] = (struct fixed_parameter){ .name = STR("touch"), .value = STR("true") };
    if (explanation->strict)
        fixed[count++] = (struct fixed_parameter){ .name = STR("strict_merge"), .value = STR("true") };
    add_call(explanation, operation->call, arguments, fixed, count, when);
}

/* What is looked for first; the exchange then becomes one of two operations. */
static void add_choices(struct explanation *explanation, const struct arguments *arguments, const struct lens_put *put,
                        bool stored_needed)
{
    const struct choose *choose = &explanation->operation->choose;
    const struct lookup *lookup = dialect_lookup(explanation->dialect, choose->lookup);

    add_call(explanation, lookup->call, arguments, NULL, 0,
             arena_printf(explanation->arena, "the look-up document " STR_FMT, STR_ARG(choose->in)));
    if (stored_needed)
        add_call(explanation, choose->found->stored, arguments, choose->found->fixed, choose->found->fixed_count,
                 STR("one is found: what is stored is compared"));
    add_main(explanation, choose->found, arguments, put,
             arena_printf(explanation->arena, "one is found: as " STR_FMT, STR_ARG(choose->one)));
    add_call(explanation, choose->missing->call, arguments, choose->missing->fixed, choose->missing->fixed_count,
             arena_printf(explanation->arena, "none is found: as " STR_FMT, STR_ARG(choose->none)));
}

static void add_includes(struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->include_count; i++) {
        const struct include *row = explanation->includes[i];
        struct arguments ids = { 0 };
        arguments_add(&ids, explanation->arena, row->param, STR(""), NULL);
        add_call(explanation, row->call, &ids, row->fixed, row->fixed_count,
                 arena_printf(explanation->arena, "include " STR_FMT ", for those that are shown", STR_ARG(row->name)));
    }
}

void explain_calls(struct explanation *explanation, const struct arguments *arguments,
                   const struct lens_put *put, bool stored_needed)
{
    const struct operation *operation = explanation->operation;
    const struct fixed_parameter *fixed = operation->fixed;
    size_t count = operation->fixed_count;

    if (operation->choose.lookup.len) {
        add_choices(explanation, arguments, put, stored_needed);
        return;
    }
    add_lookups(explanation, &put->ids);
    if (stored_needed)
        add_call(explanation, operation->stored, arguments, fixed, count,
                 STR("a member is not exact: what is stored is compared"));
    const struct inherit *inherit = &operation->inherit;
    struct str taken = inherit->member.len || !inherit->also_count ? inherit->member : inherit->also[0];
    add_call(explanation, inherit->call, arguments, NULL, 0,
             arena_printf(explanation->arena, STR_FMT " is taken from there", STR_ARG(taken)));
    add_call(
        explanation, operation->via.call, arguments, NULL, 0,
        arena_printf(explanation->arena, STR_FMT " is taken from there", STR_ARG(operation->via.member)));
    add_main(explanation, operation, arguments, put, STR_NONE);
    bool any = false;
    for (size_t i = 0; i < operation->thens.count; i++) {
        const struct then *then = &operation->thens.calls[i];
        if (!names_param(put, then->param))
            continue;
        add_call(explanation, then->call, arguments, fixed, count,
                 arena_printf(explanation->arena, "the body names " STR_FMT, STR_ARG(then->param)));
        any = true;
    }
    if (any)
        add_call(explanation, operation->thens.read, arguments, fixed, count, STR("to show what was stored"));
    add_includes(explanation);
}
