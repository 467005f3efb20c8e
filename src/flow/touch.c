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

/* What is kept once the update is done; ptr NULL: what there is does not read, which the store tells when it is to be changed. */
static struct str merge_kept(struct exchange *x, struct str kept)
{
    struct buf merged = buf_in(x->arena, SIZE_MAX);
    struct tape old = { 0 }, patch;
    struct tape_fault fault;

    if ((kept.len && !tape_read(&old, x->arena, kept, &tape_known_limits, &fault)) ||
        !tape_read(&patch, x->arena, buf_str(&x->items[0].put.rest), &tape_known_limits, &fault))
        return STR_NONE;
    json_merge_patch(&merged, &old, kept.len ? 0 : TAPE_NONE, &patch, 0);
    return buf_str(&merged);
}

/* What the store would refuse is refused now, before the backend changes the entity. */
static enum step judge_kept(struct exchange *x)
{
    struct str kept = x->stored_rest.ptr ? x->stored_rest : x->batch.reads[0].json;
    struct str merged = merge_kept(x, kept);

    x->kept_already = merged.ptr && str_eq(merged, kept.len ? kept : STR("{}"));
    if (x->kept_already || merged.len <= STORE_REST_MOST)
        return STEP_NEXT;
    return exchange_fail(x, ERR_TOO_LARGE, "too much would be kept beside the entity");
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

    x->kept_already = false;
    if (changes && judge_kept(x) == STEP_FAIL)
        return STEP_FAIL;
    x->touches = may && (changes_beside(x) || (changes && !x->kept_already));
    return STEP_NEXT;
}
