#include "upstream/plan.h"

#include <assert.h>
#include <stdlib.h>

enum { AT_ONCE = 8, PAGE = 200 };

/* One documented call. */
struct step {
    struct plan *plan;
    const struct contract_call *call;
    struct upstream_argument *arguments;
    size_t argument_count;
    uint64_t offset;
    struct upstream_call *under_way;
    struct upstream_answer answer;
};

struct plan {
    struct upstream *upstream;
    struct upstream_request request;
    const struct contract_instead *instead;
    struct tape_limits limits;
    uint64_t most;
    plan_done_fn *done;
    void *data;
    struct step **steps;
    size_t step_count, step_space, next, running;
    struct plan_row *rows;
    size_t row_count;
    uint64_t seen;
    struct upstream_answer answer;
};

static bool is_left(const struct upstream_request *request, struct str name)
{
    const struct contract_instead *instead = request->call->instead;

    return instead && plan_has(instead->leave, instead->leave_count, name);
}

bool plan_needless(const struct upstream_request *request)
{
    if (!contract_serves(request->call, NULL, 0))
        return false;
    for (size_t i = 0; i < request->argument_count; i++)
        if (!contract_serves(request->call, &request->arguments[i].name, 1) &&
            !is_left(request, request->arguments[i].name))
            return false;
    return true;
}

void plan_strip(struct upstream_request *request)
{
    struct upstream_argument *kept;
    size_t count = 0;

    if (!request->call->beyond_count || request->call->beyond_served || !request->call->instead)
        return;
    kept = ARENA_ARRAY(request->arena, struct upstream_argument, request->argument_count);
    for (size_t i = 0; i < request->argument_count; i++)
        if (!is_left(request, request->arguments[i].name))
            kept[count++] = request->arguments[i];
    request->arguments = kept;
    request->argument_count = count;
}

static void add_step(struct plan *plan, struct step step)
{
    struct arena *arena = plan->request.arena;

    plan->steps = arena_grow(arena, plan->steps, plan->step_count, &plan->step_space, sizeof *plan->steps);
    struct step *made = ARENA_NEW(arena, struct step);
    *made = step;
    made->plan = plan;
    plan->steps[plan->step_count++] = made;
}

/* The arguments that the documented call takes, with one value where several were asked for. */
static struct step step_of(struct plan *plan, const struct contract_call *call, struct str name,
                           struct str value)
{
    const struct upstream_request *request = &plan->request;
    struct step step = { .call = call,
                         .arguments = ARENA_ARRAY(request->arena, struct upstream_argument,
                                                  request->argument_count + 1) };

    if (name.len)
        step.arguments[step.argument_count++] = (struct upstream_argument){ .name = name, .value = value };
    for (size_t i = 0; i < request->argument_count; i++)
        if (contract_takes(call, request->arguments[i].name) &&
            !plan_has(call->beyond, call->beyond_count, request->arguments[i].name))
            step.arguments[step.argument_count++] = request->arguments[i];
    return step;
}

static void end(struct plan *plan, const struct err *err)
{
    plan_done_fn *done = plan->done;

    plan->done = NULL;
    for (size_t i = 0; err && i < plan->step_count; i++)
        upstream_call_free(plan->upstream, &plan->steps[i]->under_way);
    done(err ? NULL : &plan->answer, err, plan->data); /* the plan may be gone now */
}

static void fail(struct plan *plan, enum err_code code, const char *what)
{
    struct err err;

    (void)err_set(&err, code, STR_FMT ": %s", STR_ARG(plan->request.call->name), what);
    end(plan, &err);
}

static void finish(struct plan *plan)
{
    struct buf text = buf_in(plan->request.arena, plan->limits.bytes);
    struct tape_fault fault;
    struct err err;

    if (plan_write(&plan->request, plan->rows, plan->row_count, &text, &err)) {
        end(plan, &err);
        return;
    }
    plan->answer.status = 200;
    if (!tape_read(&plan->answer.document, plan->request.arena, buf_str(&text), &plan->limits, &fault)) {
        fail(plan, ERR_UPSTREAM, fault.what);
        return;
    }
    end(plan, NULL);
}

/* Every item names a further list, unless the request does not ask for it. */
static void take_keys(struct step *step, uint32_t items)
{
    struct plan *plan = step->plan;
    const struct tape *tape = &step->answer.document;
    struct str of = plan->instead->key;

    for (uint32_t at = tape_first(tape, items); at < tape_next(tape, items); at = tape_next(tape, at)) {
        uint32_t key = tape_find(tape, at, of);
        if (key == TAPE_NONE || tape_type(tape, key) != JSON_STRING || !plan_wants(&plan->request, tape, at))
            continue;
        struct step more =
            step_of(plan, plan->instead->read, of, tape_string(tape, key, plan->request.arena));
        for (size_t i = step->argument_count; i-- > 0;) /* the patient of this list: of one name the first counts */
            for (size_t k = 1; k < more.argument_count; k++)
                if (str_eq(more.arguments[k].name, step->arguments[i].name))
                    more.arguments[k].value = step->arguments[i].value;
        add_step(plan, more);
    }
}

static void take_rows(struct step *step, uint32_t items)
{
    struct plan *plan = step->plan;
    const struct tape *tape = &step->answer.document;

    for (uint32_t at = tape_first(tape, items); at < tape_next(tape, items); at = tape_next(tape, at))
        if (plan->row_count < plan->most && plan_wants(&plan->request, tape, at))
            plan->rows[plan->row_count++] = (struct plan_row){ .tape = tape, .at = at };
    plan->seen += tape_count(tape, items);
}

static uint64_t page_size(const struct plan *plan)
{
    return plan->most < PAGE ? plan->most : PAGE;
}

/* A page that ends before the list does is followed by the next. */
static bool has_more(const struct step *step, uint32_t items)
{
    const struct tape *tape = &step->answer.document;
    uint32_t total = step->call->total.len ? tape_find(tape, 0, step->call->total) : TAPE_NONE;
    uint64_t count = tape_count(tape, items), said;

    if (!step->call->paged || !count)
        return false;
    if (total != TAPE_NONE && tape_type(tape, total) == JSON_NUMBER &&
        str_to_uint(tape_raw(tape, total), &said))
        return step->offset + count < said;
    return count == page_size(step->plan);
}

static void pump(struct plan *plan);

/* One documented call's answer. A patient that is not there has no rows. */
static int take(struct step *step)
{
    struct plan *plan = step->plan;
    uint32_t items = contract_items(step->call, &step->answer.document);

    if (items == TAPE_NONE) {
        fail(plan, ERR_UPSTREAM, "the backend's list has no items");
        return -1;
    }
    if (step->call == plan->instead->each) {
        take_keys(step, items);
        return 0;
    }
    take_rows(step, items);
    bool found = !plan->request.call->items.len && plan->row_count;
    bool more = !found && has_more(step, items);
    if ((!found && plan->seen > plan->most) || (more && plan->seen == plan->most)) {
        fail(plan, ERR_NOT_IMPLEMENTED, "more rows than backend.scan_limit");
        return -1;
    }
    if (more) {
        struct step next = *step;
        next.offset += tape_count(&step->answer.document, items);
        next.under_way = NULL;
        next.answer = (struct upstream_answer){ 0 };
        add_step(plan, next);
    }
    return 0;
}

static void on_step(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                    void *data)
{
    struct step *step = data;
    struct plan *plan = step->plan;

    (void)call;
    plan->running--;
    if (!answer && !(err->code == ERR_NOT_FOUND && plan->request.call->items.len)) {
        struct err why = *err;
        end(plan, &why);
        return;
    }
    if (answer) {
        step->answer = *answer;
        if (take(step))
            return;
    }
    pump(plan);
    if (!plan->running)
        finish(plan);
}

static void pump(struct plan *plan)
{
    while (plan->next < plan->step_count && plan->running < AT_ONCE) {
        struct step *step = plan->steps[plan->next++];
        struct upstream_request request = plan->request;
        request.call = step->call;
        request.arguments = step->arguments;
        request.argument_count = step->argument_count;
        request.paged = step->call->paged;
        request.limit = page_size(plan);
        request.offset = step->offset;
        plan->running++;
        step->under_way = upstream_start(plan->upstream, &request, on_step, step);
    }
}

/* Several values of a parameter of the path are as many lists. */
static void add_first(struct plan *plan)
{
    const struct contract_call *call = plan->instead->each ? plan->instead->each : plan->instead->read;

    for (size_t i = 0; i < call->segment_count; i++) {
        struct str values = plan_value(&plan->request, call->segments[i].text), one;
        if (!call->segments[i].is_parameter || !memchr(values.ptr ? values.ptr : "", ',', values.len))
            continue;
        while (str_next(&values, ',', &one))
            add_step(plan, step_of(plan, call, call->segments[i].text, one));
        return;
    }
    add_step(plan, step_of(plan, call, STR_NONE, STR_NONE));
}

struct plan *plan_start(struct upstream *upstream, const struct upstream_request *request,
                        const struct tape_limits *limits, uint64_t most, plan_done_fn *done, void *data,
                        struct err *err)
{
    if (!request->call->instead) {
        (void)err_set(err, ERR_NOT_IMPLEMENTED, "the backend is not said to have " STR_FMT,
                      STR_ARG(request->call->name));
        return NULL;
    }
    if (plan_check(request, err))
        return NULL;
    struct plan *plan = ARENA_NEW(request->arena, struct plan);
    *plan = (struct plan){ .upstream = upstream,
                           .request = *request,
                           .instead = request->call->instead,
                           .limits = *limits,
                           .most = most,
                           .done = done,
                           .data = data,
                           .rows = ARENA_ARRAY(request->arena, struct plan_row, (size_t)most) };
    add_first(plan);
    pump(plan);
    return plan;
}

void plan_free(struct plan **plan)
{
    if (!*plan)
        return;
    for (size_t i = 0; i < (*plan)->step_count; i++)
        upstream_call_free((*plan)->upstream, &(*plan)->steps[i]->under_way);
    *plan = NULL;
}
