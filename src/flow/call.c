/* The backend's part: one call, a page, every page, or one call per document. */
#include "flow/stages.h"

#include "json/write.h"

/* Nothing goes out without a credential, or with a part missing: what it is refused for, or NULL. */
static const struct err *refused(struct exchange *x, struct str *token)
{
    struct err err;

    if (arena_is_short(x->arena))
        return &exchange_no_memory;
    if (!auth_backend_token(x->flow->gateway->auth, x->flow->auth, x->principal, x->brand, loop_wall_ms(x->flow->loop),
                            token, &err)) {
        *token = arena_copy(x->arena, *token);
        return NULL;
    }
    struct err *why = arena_alloc(x->arena, sizeof *why);
    *why = err;
    return why;
}

struct upstream_call *exchange_call(struct exchange *x, const struct upstream_request *wanted, upstream_done_fn *done,
                                    void *data)
{
    struct upstream_request *request = ARENA_NEW(x->arena, struct upstream_request);

    *request = *wanted;
    request->brand = x->brand;
    request->request_id = x->request_id;
    request->traceparent = x->traceparent;
    request->arena = x->arena;
    request->refused = refused(x, &request->token);
    request->sent = &x->upstream_calls;
    return upstream_start(x->flow->upstream, request, done, data);
}

static bool has_argument(const struct upstream_argument *arguments, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(arguments[i].name, name))
            return true;
    return false;
}

/* A bound principal's lists hold only what it may see: its patients or groups become a filter. */
static void add_bounds(struct exchange *x, const struct contract_call *call, struct upstream_argument *made,
                       size_t *count)
{
    const struct principal *who = x->principal;

    if (!who || !call->items.len)
        return;
    if (who->patients_bound && contract_takes(call, STR("patient_id")) &&
        !has_argument(made, *count, STR("patient_id")))
        made[(*count)++] = (struct upstream_argument){ .name = STR("patient_id"),
                                                       .value = str_join(x->arena, ',', who->patients, who->patient_count) };
    if (who->groups_bound && contract_takes(call, STR("group_id")) && !has_argument(made, *count, STR("group_id")))
        made[(*count)++] = (struct upstream_argument){ .name = STR("group_id"),
                                                       .value = str_join(x->arena, ',', who->groups, who->group_count) };
    /* What is listed is judged by its groups again (owner.c): saying them here saves a call. */
    if (who->groups_bound && contract_takes(call, STR("include")) && !has_argument(made, *count, STR("include")))
        made[(*count)++] = (struct upstream_argument){ .name = STR("include"), .value = STR("groups") };
}

void exchange_bounded(struct exchange *x, const struct contract_call *call, struct upstream_argument *own, size_t count,
                      struct upstream_request *request)
{
    struct upstream_argument *made = ARENA_ARRAY(x->arena, struct upstream_argument, count + 3);

    memcpy(made, own, count * sizeof *made);
    add_bounds(x, call, made, &count);
    request->arguments = made;
    request->argument_count = count;
}

void exchange_arguments(struct exchange *x, const struct contract_call *call, const struct upstream_argument *more,
                        size_t more_count, struct upstream_request *request)
{
    struct upstream_argument *made = ARENA_ARRAY(x->arena, struct upstream_argument, x->arguments.count + more_count + 3);
    size_t count = 0;

    for (size_t i = 0; i < more_count; i++)
        made[count++] = more[i];
    for (size_t i = 0; i < x->arguments.count; i++)
        made[count++] = (struct upstream_argument){ .name = x->arguments.items[i].name,
                                                    .value = x->arguments.items[i].value };
    add_bounds(x, call, made, &count);
    request->arguments = made;
    request->argument_count = count;
}

/* Reads: one call, or one per page until everything is there. */

static void on_page(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                    void *data)
{
    struct exchange *x = data;

    (void)call;
    if (answer)
        x->fetched[x->fetched_count - 1].answer = *answer;
    exchange_came(x, err && err->code == ERR_NOT_FOUND ? exchange_forget_gone(x, err) : err);
}

static void start_page(struct exchange *x)
{
    struct upstream_request request = { .call = x->bound->call };

    exchange_arguments(x, request.call, NULL, 0, &request);
    request.if_match = x->if_match;
    request.paged = request.call->paged;
    request.limit = x->page.used ? (x->page.size ? x->page.size : 1) : FETCH_SIZE;
    request.limit += x->cursor.used; /* one more tells whether there is more */
    request.offset = x->page.used ? x->page.offset : x->fetched_count * FETCH_SIZE;
    x->fetched = arena_grow(x->arena, x->fetched, x->fetched_count, &x->fetched_space, sizeof *x->fetched);
    struct fetched *next = &x->fetched[x->fetched_count++];
    *next = (struct fetched){ 0 };
    exchange_wait(x);
    next->call = exchange_call(x, &request, on_page, x);
}

static enum step call_pages(struct exchange *x)
{
    const struct contract_call *call = x->bound->call;

    if (x->nothing && call->items.len)
        return STEP_NEXT;
    if (!x->fetched_count) {
        start_page(x);
        return call->items.len && call->paged && !x->page.used ? STEP_AGAIN : STEP_WAIT;
    }
    const struct tape *last = &x->fetched[x->fetched_count - 1].answer.document;
    uint32_t items = contract_items(call, last);
    if (items == TAPE_NONE || tape_count(last, items) < FETCH_SIZE)
        return STEP_NEXT;
    if (x->fetched_count == FETCH_PAGES_MAX)
        return exchange_fail(x, ERR_UPSTREAM, "more than %d pages of %d", FETCH_PAGES_MAX, FETCH_SIZE);
    start_page(x);
    return STEP_AGAIN;
}

/* Writes: one call per document, a few at a time. */

static void start_item(struct exchange *x);

static void on_item(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                    void *data)
{
    struct item *item = data;
    struct exchange *x = item->x;

    (void)call;
    if (answer) {
        item->answer = *answer;
        item->stored = true;
    } else {
        item->err = *err;
    }
    if (x->item_next < x->item_count)
        start_item(x);
    exchange_came(x, NULL);
}

/* Ids and other values that the document gives to the call and not to its body. */
static void item_arguments(struct exchange *x, struct item *item)
{
    item->arguments = ARENA_ARRAY(x->arena, struct upstream_argument,
                                  item->put.ids.count + item->put.params_name.count + 3);
    if (x->skip)
        item->arguments[item->argument_count++] = (struct upstream_argument){ .name = STR("unique"), .value = STR("true") };
    if (x->touches)
        item->arguments[item->argument_count++] = (struct upstream_argument){ .name = STR("touch"), .value = STR("true") };
    if (x->strict)
        item->arguments[item->argument_count++] = (struct upstream_argument){ .name = STR("strict_merge"), .value = STR("true") };
    for (size_t i = 0; i < item->put.ids.count; i++)
        if (item->put.ids.items[i].param.len)
            item->arguments[item->argument_count++] = (struct upstream_argument){
                .name = item->put.ids.items[i].param, .value = item->put.ids.items[i].found
            };
    for (size_t i = 0; i < item->put.params_name.count; i++)
        item->arguments[item->argument_count++] = (struct upstream_argument){
            .name = item->put.params_name.items[i], .value = item->put.params_value.items[i]
        };
}

/* The document with its ids, and with what it takes from another entity. */
static struct str canonical_text(struct exchange *x, const struct item *item)
{
    struct buf filled = buf_in(x->arena, SIZE_MAX);

    lens_fill(buf_str(&item->put.canonical), &item->put.ids, 0, &filled);
    if (item->inherited.len && filled.len) {
        filled.len--; /* the closing brace */
        if (filled.len > 1)
            buf_char(&filled, ',');
        buf_add(&filled, item->inherited);
        buf_char(&filled, '}');
    }
    return exchange_choose_add(x, buf_str(&filled));
}

static void start_item(struct exchange *x)
{
    struct item *item = &x->items[x->item_next++];
    struct upstream_request request = { .call = x->bound->call };

    item->canonical = canonical_text(x, item);
    item_arguments(x, item);
    exchange_arguments(x, request.call, item->arguments, item->argument_count, &request);
    request.body = item->canonical;
    request.if_match = x->if_match.len ? x->if_match : exchange_condition(x);
    exchange_wait(x);
    item->call = exchange_call(x, &request, on_item, item);
}

static enum step call_items(struct exchange *x)
{
    while (x->item_next < x->item_count && x->item_next < ITEM_CALLS_AT_ONCE)
        start_item(x);
    return STEP_WAIT;
}

enum step stage_call(struct exchange *x)
{
    if (x->operation->builtin != BUILTIN_NONE)
        return exchange_builtin(x);
    bool writes = !str_is(x->bound->call->method, "GET");
    if (writes && exchange_may_write(x) == STEP_FAIL)
        return STEP_FAIL;
    x->writing = writes;
    return x->operation->has_body ? call_items(x) : call_pages(x);
}
