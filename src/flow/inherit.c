/* A new entity that belongs to another one takes a member from it (`inherit:` in dialect.yaml): the patient of an action
 * is its plan's. The other entity is judged like everything the caller names. */
#include "flow/exchange.h"

static void on_parent(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                      void *data)
{
    struct item *item = data;
    struct exchange *x = item->x;

    (void)call;
    if (answer)
        item->parent_answer = *answer;
    /* One that is not there is a fault of the body, told with the others in the next stage. */
    exchange_came(x, err && err->code != ERR_NOT_FOUND ? err : NULL);
}

static struct id_slot *find_parent(const struct exchange *x, const struct item *item)
{
    for (size_t i = 0; i < item->put.ids.count; i++)
        if (str_eq(item->put.ids.items[i].kind, x->operation->inherit.kind) && item->put.ids.items[i].found.ptr)
            return &item->put.ids.items[i];
    return NULL;
}

enum step stage_inherit(struct exchange *x)
{
    const struct contract_call *call = x->bound->inherit;
    bool any = false;

    if (!call)
        return STEP_NEXT;
    for (size_t i = 0; i < x->item_count; i++) {
        struct item *item = &x->items[i];
        struct upstream_argument *own = ARENA_NEW(x->arena, struct upstream_argument);
        item->parent = find_parent(x, item);
        if (!item->parent)
            continue;
        for (size_t k = 0; k < call->segment_count; k++)
            if (call->segments[k].is_parameter)
                *own = (struct upstream_argument){ .name = call->segments[k].text, .value = item->parent->found };
        struct upstream_request request = { .call = call, .arguments = own, .argument_count = 1 };
        exchange_wait(x);
        item->parent_call = exchange_call(x, &request, on_parent, item);
        any = true;
    }
    return any ? STEP_WAIT : STEP_NEXT;
}

/* What the parent says, if the caller may see it. */
static struct str inherited(const struct exchange *x, const struct item *item)
{
    const struct tape *tape = &item->parent_answer.document;

    if (!tape->count || !exchange_may_see(x, x->bound->inherit->entity, tape, 0))
        return STR_NONE;
    uint32_t at = tape_find(tape, 0, x->operation->inherit.member);
    return at != TAPE_NONE ? tape_raw(tape, at) : STR_NONE;
}

enum step stage_judge_parents(struct exchange *x)
{
    for (size_t i = 0; i < x->item_count; i++) {
        struct item *item = &x->items[i];
        if (!item->parent)
            continue;
        item->inherited = inherited(x, item);
        if (!item->inherited.len)
            exchange_slot_fault(x, item->parent, i, FAULT_ID);
    }
    return x->faults.count ? exchange_fail(x, ERR_INVALID, "%zu entities named by the body are unknown", x->faults.count)
                           : STEP_NEXT;
}
