/* An update may change nothing of the entity itself but what the gateway keeps beside it, or what second calls set (`then:`). Its
 * clients are shown another entity all the same, so the backend is told to count it as changed: its time moves, and lists by
 * that time find it. */
#include "flow/stages.h"

#include "json/write.h"

static bool may_touch(const struct exchange *x)
{
    return x->bound->stored && x->item_count == 1 && contract_takes(x->bound->call, STR("touch"));
}

static bool keeps(const struct exchange *x)
{
    return lens_rest(x->operation->lens) == REST_STORE && x->items[0].put.rest.len > 2;
}

/* What was compared with is known already. */
enum step stage_beside(struct exchange *x)
{
    if (!may_touch(x) || !keeps(x) || x->stored_rest.ptr)
        return STEP_NEXT;
    exchange_read_rest(x, x->operation->lens);
    return exchange_batch(x, STEP_NEXT);
}

/* What does not read is told by the store, when it is to be changed. */
static bool is_kept_already(struct exchange *x)
{
    struct str kept = x->stored_rest.ptr ? x->stored_rest : x->batch.reads[0].json;
    struct buf merged = buf_in(x->arena, SIZE_MAX);
    struct tape old = { 0 }, patch;
    struct tape_fault fault;

    if ((kept.len && !tape_read(&old, x->arena, kept, &tape_known_limits, &fault)) ||
        !tape_read(&patch, x->arena, buf_str(&x->items[0].put.rest), &tape_known_limits, &fault))
        return false;
    json_merge_patch(&merged, &old, kept.len ? 0 : TAPE_NONE, &patch, 0);
    return str_eq(buf_str(&merged), kept.len ? kept : STR("{}"));
}

/* What is so already was dropped by the comparison. */
static bool changes_beside(const struct exchange *x)
{
    for (size_t i = 0; i < x->operation->thens.count; i++)
        if (exchange_names_param(&x->items[0], x->operation->thens.calls[i].param))
            return true;
    return false;
}

enum step stage_touch(struct exchange *x)
{
    bool may = may_touch(x), changes = may && keeps(x);

    x->kept_already = changes && is_kept_already(x);
    x->touches = may && (changes_beside(x) || (changes && !x->kept_already));
    return STEP_NEXT;
}
