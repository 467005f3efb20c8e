/* The backend's part: one call, a page, every page, or one call per document. */
#include "flow/exchange.h"

#include "conf/conf.h"
#include "json/write.h"

/* A call that no backend serves: it fails before anything is sent. */
static const struct contract_call no_call = { .name = STR_INIT("none") };

struct upstream_call *exchange_call(struct exchange *x, const struct upstream_request *wanted, upstream_done_fn *done,
                                    void *data)
{
    struct upstream_request *request = ARENA_NEW(x->arena, struct upstream_request);
    struct str token;

    *request = *wanted;
    request->brand = x->brand;
    request->request_id = x->request_id;
    request->traceparent = x->traceparent;
    request->arena = x->arena;
    if (!auth_backend_token(x->flow->gateway->auth, x->flow->auth, x->principal, x->brand,
                            loop_wall_ms(x->flow->loop), &token, &x->err))
        request->token = arena_copy(x->arena, token);
    else
        request->call = &no_call; /* x->err says why; nothing goes out without a credential */
    x->upstream_calls++;
    return upstream_start(x->flow->upstream, request, done, data);
}

static struct str join(struct exchange *x, const struct str *items, size_t count)
{
    struct buf list = buf_in(x->arena, NAMES_MAX);

    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_char(&list, ',');
        buf_add(&list, items[i]);
    }
    return buf_str(&list);
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
                                                       .value = join(x, who->patients, who->patient_count) };
    if (who->groups_bound && contract_takes(call, STR("group_id")) && !has_argument(made, *count, STR("group_id")))
        made[(*count)++] = (struct upstream_argument){ .name = STR("group_id"),
                                                       .value = join(x, who->groups, who->group_count) };
}

void exchange_bounded(struct exchange *x, const struct contract_call *call, struct upstream_argument *own, size_t count,
                      struct upstream_request *request)
{
    struct upstream_argument *made = ARENA_ARRAY(x->arena, struct upstream_argument, count + 2);

    memcpy(made, own, count * sizeof *made);
    add_bounds(x, call, made, &count);
    request->arguments = made;
    request->argument_count = count;
}

void exchange_arguments(struct exchange *x, const struct contract_call *call, const struct upstream_argument *more,
                        size_t more_count, struct upstream_request *request)
{
    struct upstream_argument *made = ARENA_ARRAY(x->arena, struct upstream_argument, x->arguments.count + more_count + 2);
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
        x->answers[x->call_count - 1] = *answer;
    exchange_came(x, err);
}

static void start_page(struct exchange *x)
{
    struct upstream_request request = { .call = x->bound->call };

    exchange_arguments(x, request.call, NULL, 0, &request);
    request.paged = request.call->paged;
    request.limit = x->page.used ? (x->page.size ? x->page.size : 1) : FETCH_SIZE;
    request.limit += x->cursor.used; /* one more tells whether there is more */
    request.offset = x->page.used ? x->page.offset : x->call_count * FETCH_SIZE;
    exchange_wait(x);
    x->calls[x->call_count++] = exchange_call(x, &request, on_page, x);
}

/* The items of one answer, or TAPE_NONE. */
uint32_t exchange_items(const struct contract_call *call, const struct tape *tape)
{
    uint32_t at = tape->count ? tape_find(tape, 0, call->items) : TAPE_NONE;

    return at != TAPE_NONE && tape_type(tape, at) == JSON_ARRAY ? at : TAPE_NONE;
}

static enum step call_pages(struct exchange *x)
{
    const struct contract_call *call = x->bound->call;

    if (x->nothing && call->items.len)
        return STEP_NEXT;
    if (!x->call_count) {
        start_page(x);
        return call->items.len && call->paged && !x->page.used ? STEP_AGAIN : STEP_WAIT;
    }
    uint32_t items = exchange_items(call, &x->answers[x->call_count - 1].document);
    if (items == TAPE_NONE || tape_count(&x->answers[x->call_count - 1].document, items) < FETCH_SIZE)
        return STEP_NEXT;
    if (x->call_count == FETCH_PAGES_MAX)
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
                                  item->put.ids.count + item->put.params_name.count + 1);
    if (x->skip)
        item->arguments[item->argument_count++] = (struct upstream_argument){ .name = STR("unique"), .value = STR("true") };
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
        bool first = filled.len == 2; /* {} */
        filled.len--;
        json_member_raw(&filled, &first, x->operation->inherit.member, item->inherited);
        buf_char(&filled, '}');
    }
    return buf_str(&filled);
}

static void start_item(struct exchange *x)
{
    struct item *item = &x->items[x->item_next++];
    struct upstream_request request = { .call = x->bound->call };

    item->canonical = canonical_text(x, item);
    item_arguments(x, item);
    exchange_arguments(x, request.call, item->arguments, item->argument_count, &request);
    request.body = item->canonical;
    request.if_match = x->if_match.len       ? x->if_match
                       : x->operation->etag ? http_find(x->head, STR("if-match"), NULL)
                                            : STR_NONE;
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
    x->writing = !str_is(x->bound->call->method, "GET");
    return x->operation->has_body ? call_items(x) : call_pages(x);
}

/* From answers to entities. */

struct str exchange_text(const struct exchange *x, const struct tape *tape, uint32_t at, struct str name)
{
    uint32_t found = tape->count ? tape_find(tape, at, name) : TAPE_NONE;
    bool is_text = found != TAPE_NONE && tape_type(tape, found) == JSON_STRING;

    return is_text ? tape_string(tape, found, x->arena) : STR_NONE;
}

/* What the backend returns is judged like what the client asked: its brand, and its patient for a bound principal. */
bool exchange_may_see(const struct exchange *x, struct str entity, const struct tape *tape, uint32_t at)
{
    struct str brand = exchange_text(x, tape, at, STR("brand_id"));
    const struct principal *who = x->principal;

    if (brand.ptr && x->operation->builtin == BUILTIN_NONE && !str_eq(brand, x->brand))
        return false;
    if (!who || !who->patients_bound)
        return true;
    struct str patient = exchange_text(x, tape, at, str_is(entity, "patient") ? STR("id") : STR("patient_id"));
    return !patient.ptr || principal_may_patient(who, patient);
}

static int show(struct exchange *x, const struct tape *tape, uint32_t at)
{
    if (!exchange_may_see(x, x->bound->call ? x->bound->call->entity : STR_NONE, tape, at)) {
        if (x->bound->call && x->bound->call->items.len)
            return err_set(&x->err, ERR_UPSTREAM, "the backend's list holds what the caller may not see");
        return err_set(&x->err, ERR_NOT_FOUND, "the backend's answer is of another brand or patient");
    }
    struct str id = exchange_text(x, tape, at, STR("id")), owner = exchange_text(x, tape, at, STR("patient_id"));
    /* What has no id of its own is its patient's only one of the kind. */
    x->shown[x->shown_count++] =
        (struct shown){ .tape = tape, .at = at, .canonical_id = id.ptr ? id : owner, .owner = owner };
    return 0;
}

/* Of a list that belongs to a token: only what the token is bound to. */
static bool is_left_out(const struct exchange *x, const struct tape *tape, uint32_t at)
{
    struct str id = exchange_text(x, tape, at, STR("id"));

    for (size_t i = 0; x->operation->token && i < x->principal->group_count; i++)
        if (str_eq(x->principal->groups[i], id))
            return false;
    return x->operation->token;
}

/* The cursor of what follows, if something does. The total is the one that the walk began with. */
static void end_walk(struct exchange *x)
{
    if (x->cursor.after.len)
        x->total = x->cursor.total;
    if (!x->cursor.size || x->shown_count <= x->cursor.size)
        return;
    x->shown_count = x->cursor.size;
    const struct shown *last = &x->shown[x->shown_count - 1];
    x->cursor.next = cursor_text(x->arena, x->total, exchange_text(x, last->tape, last->at, STR("created_at")),
                                 last->canonical_id);
}

static enum step collect_list(struct exchange *x)
{
    size_t sum = 0;

    for (size_t i = 0; i < x->call_count; i++) {
        uint32_t items = exchange_items(x->bound->call, &x->answers[i].document);
        if (items == TAPE_NONE)
            return exchange_fail(x, ERR_UPSTREAM, "the backend's list has no '" STR_FMT "'",
                                 STR_ARG(x->bound->call->items));
        sum += tape_count(&x->answers[i].document, items);
    }
    x->total = sum;
    x->shown = ARENA_ARRAY(x->arena, struct shown, sum);
    for (size_t i = 0; i < x->call_count; i++) {
        const struct tape *tape = &x->answers[i].document;
        uint32_t items = exchange_items(x->bound->call, &x->answers[i].document);
        uint32_t total = tape_find(tape, 0, x->bound->call->total);
        uint64_t said;
        if (total != TAPE_NONE && tape_type(tape, total) == JSON_NUMBER && str_to_uint(tape_raw(tape, total), &said))
            x->total = said;
        for (uint32_t at = tape_first(tape, items); at < tape_next(tape, items); at = tape_next(tape, at))
            if (!is_left_out(x, tape, at) && show(x, tape, at))
                return STEP_FAIL;
    }
    if (x->operation->token)
        x->total = x->shown_count;
    if (x->page.used && !x->page.size)
        x->shown_count = 0;
    if (x->cursor.used)
        end_walk(x);
    return STEP_NEXT;
}

/* The item that a stored document, a left out one, or none became. */
static void judge_item(const struct exchange *x, struct item *item)
{
    if (item->stored && !item->answer.document.count) {
        item->stored = false;
        (void)err_set(&item->err, ERR_UPSTREAM, "the backend answered without a body");
    }
    item->skipped = !item->stored && x->skip && item->err.code == ERR_CONFLICT;
}

/* Someone was faster, and the client set no condition of its own: everything from the reading on is done again. */
static bool again(struct exchange *x, const struct item *failed)
{
    if (failed->err.code != ERR_PRECONDITION || !x->stored_call || x->own_version || x->attempts++ >= RETRIES_MAX)
        return false;
    upstream_call_free(x->flow->upstream, &x->stored_call);
    upstream_call_free(x->flow->upstream, &x->items[0].call);
    x->items[0].err.code = ERR_NONE;
    x->item_next = x->items[0].argument_count = x->echo_ids.count = 0;
    exchange_go(x, stage_stored);
    return true;
}

static int show_item(struct exchange *x, struct item *item)
{
    if (show(x, &item->answer.document, 0))
        return -1;
    item->shown = x->shown_count - 1;
    item->canonical_id = x->shown[item->shown].canonical_id;
    return 0;
}

static enum step collect_items(struct exchange *x)
{
    struct item *failed = NULL;
    size_t stored = 0;

    for (size_t i = 0; i < x->item_count; i++) {
        judge_item(x, &x->items[i]);
        stored += x->items[i].stored;
        if (!failed && !x->items[i].stored && !x->items[i].skipped)
            failed = &x->items[i];
    }
    if (failed && again(x, failed))
        return STEP_AGAIN;
    if (failed && !stored) {
        x->err = failed->err;
        return STEP_FAIL;
    }
    x->partial = failed != NULL;
    x->shown = ARENA_ARRAY(x->arena, struct shown, x->item_count);
    for (size_t i = 0; i < x->item_count; i++)
        if (x->items[i].stored && show_item(x, &x->items[i]))
            return STEP_FAIL;
    return STEP_NEXT;
}

static enum step collect_grant(struct exchange *x)
{
    struct tape_fault fault;

    if (!tape_read(&x->made, x->arena, x->grant.json, &tape_default_limits, &fault))
        return exchange_fail(x, ERR_INTERNAL, "the grant's answer does not read: %s", fault.what);
    x->document = x->grant.json;
    x->brand = exchange_text(x, &x->made, 0, STR("brand_id"));
    x->shown = ARENA_ARRAY(x->arena, struct shown, 1);
    return show(x, &x->made, 0) ? STEP_FAIL : STEP_NEXT;
}

enum step stage_collect(struct exchange *x)
{
    if (x->operation->builtin == BUILTIN_TOKEN)
        return collect_grant(x);
    if (x->operation->builtin != BUILTIN_NONE)
        return STEP_NEXT;
    if (x->operation->has_body)
        return collect_items(x);
    if (x->bound->call->items.len)
        return collect_list(x);
    if (!x->answers[0].document.count)
        return exchange_fail(x, ERR_UPSTREAM, "the backend answered without a body");
    x->shown = ARENA_ARRAY(x->arena, struct shown, 1);
    return show(x, &x->answers[0].document, 0) ? STEP_FAIL : STEP_NEXT;
}
