/* Entities that are found by what a dialect keeps beside them (`found_by:` of a lens): an identifier that the canonical entity
 * has no place for. Every question by that parameter asks both, the backend and the store. The store only says which ids to
 * ask for: who may see them, and whether they fit the rest of the question, is the backend's and the flow's to judge. */
#include "flow/stages.h"

static bool is_found_by(const struct gateway *gateway, struct str entity, struct str name)
{
    for (size_t i = 0; i < gateway->kept_count; i++)
        if (str_eq(gateway->kept[i].name, name) && str_eq(gateway->kept[i].entity, entity))
            return true;
    return false;
}

/* The parameter by which a list selects ids of its own entity. */
static struct str ids_name(const struct contract_call *call)
{
    return str_is(call->entity, "patient") ? STR("patient_id") : STR("id");
}

static void on_find(struct store_find *find, const struct err *err, void *data)
{
    struct kept_search *search = data;

    (void)find;
    exchange_came(search->x, err);
}

bool exchange_search_kept(struct exchange *x, const struct contract_call *call, const struct arguments *arguments,
                          struct kept_search *search)
{
    for (size_t i = 0; i < arguments->count; i++) {
        const struct argument *argument = &arguments->items[i];
        if (!call->items.len || !contract_takes(call, ids_name(call)) ||
            !is_found_by(x->flow->gateway, call->entity, argument->name))
            continue;
        *search = (struct kept_search){ .x = x, .name = argument->name, .value = argument->value };
        search->find = (struct store_find){ .kind = call->entity,
                                            .brand = x->brand,
                                            .name = argument->name,
                                            .value = argument->value,
                                            .arena = x->arena,
                                            .done = on_find,
                                            .data = search };
        exchange_wait(x);
        store_find_start(x->flow->gateway->store, x->flow->loop, &search->find);
        return true;
    }
    return false;
}

/* A list by ids of patients has no other bound than these. */
static bool is_permitted(const struct exchange *x, const struct contract_call *call, struct str id)
{
    const struct principal *who = x->principal;

    return !who || !str_is(call->entity, "patient") || principal_may_patient(who, id);
}

struct str exchange_kept_ids(struct exchange *x, const struct contract_call *call, const struct kept_search *search,
                             struct str *name)
{
    struct buf list = buf_in(x->arena, SIZE_MAX);

    *name = ids_name(call);
    for (size_t i = 0; i < search->find.count; i++)
        if (is_permitted(x, call, search->find.ids[i]))
            buf_join(&list, ',', search->find.ids[i]);
    return buf_str(&list);
}

void exchange_leave_kept(struct exchange *x, struct kept_search *search)
{
    store_find_detach(&search->find);
    upstream_call_free(x->flow->upstream, &search->call);
}

/* A list: what the backend finds by the value, and what the store does, become a list of ids. */
enum step stage_kept(struct exchange *x)
{
    const struct contract_call *call = x->bound->call;

    if (!call || x->operation->has_body || x->nothing)
        return STEP_NEXT;
    return exchange_search_kept(x, call, &x->arguments, &x->kept) ? STEP_WAIT : STEP_NEXT;
}

static void on_both(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err, void *data)
{
    struct kept_search *search = data;

    (void)call;
    if (answer)
        search->answer = *answer;
    exchange_came(search->x, err);
}

enum step stage_kept_both(struct exchange *x)
{
    if (!x->kept.find.count)
        return STEP_NEXT;
    struct upstream_argument *own = ARENA_NEW(x->arena, struct upstream_argument);
    *own = (struct upstream_argument){ .name = x->kept.name, .value = x->kept.value };
    struct upstream_request request = { .call = x->bound->call, .arguments = own, .argument_count = 1 };
    request.paged = request.call->paged;
    request.limit = FETCH_SIZE;
    exchange_wait(x);
    x->kept.call = exchange_call(x, &request, on_both, &x->kept);
    return STEP_WAIT;
}

static bool is_allowed(const struct exchange *x, struct str asked, struct str id)
{
    return (!asked.ptr || str_lists(asked, ',', id)) && is_permitted(x, x->bound->call, id);
}

/* The arguments of these names go. */
static void drop(struct arguments *arguments, struct str a, struct str b)
{
    size_t kept = 0;

    for (size_t i = 0; i < arguments->count; i++)
        if (!str_eq(arguments->items[i].name, a) && !str_eq(arguments->items[i].name, b))
            arguments->items[kept++] = arguments->items[i];
    arguments->count = kept;
}

enum step stage_kept_join(struct exchange *x)
{
    const struct tape *tape = &x->kept.answer.document;
    const struct store_find *find = &x->kept.find;

    if (!find->count)
        return STEP_NEXT;
    uint32_t items = contract_items(x->bound->call, tape);
    if (items == TAPE_NONE)
        return exchange_fail(x, ERR_UPSTREAM, "the backend's list has no '" STR_FMT "'", STR_ARG(x->bound->call->items));
    if (tape_count(tape, items) >= FETCH_SIZE)
        return exchange_fail(x, ERR_TOO_LARGE, "%d entities or more by one value: some may be missing", FETCH_SIZE);
    struct str name = ids_name(x->bound->call), asked = arguments_find(&x->arguments, name);
    struct str *ids = ARENA_ARRAY(x->arena, struct str, find->count + tape_count(tape, items));
    size_t count = 0;
    for (size_t i = 0; i < find->count; i++)
        if (is_allowed(x, asked, find->ids[i]))
            ids[count++] = find->ids[i];
    for (uint32_t at = tape_first(tape, items); at < tape_next(tape, items); at = tape_next(tape, at)) {
        struct str id = exchange_text(x, tape, at, STR("id"));
        if (id.ptr && is_allowed(x, asked, id))
            ids[count++] = id;
    }
    drop(&x->arguments, x->kept.name, name);
    x->nothing = x->nothing || !count;
    arguments_add(&x->arguments, x->arena, name, str_join(x->arena, ',', ids, count), NULL);
    return STEP_NEXT;
}
