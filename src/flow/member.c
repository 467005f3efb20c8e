/* A principal bound to groups reaches the patients of those groups and no other. Lists are filtered by the backend
 * (call.c); a patient that is named is judged here, by its memberships (owner.c), before anything else is asked about it. */
#include "flow/stages.h"

/* The patient that a parameter names, or STR_NONE. */
static struct str of_parameter(const struct exchange *x, size_t i)
{
    return str_is(x->arguments.ids[i].from->kind, "patient") ? x->named[i] : STR_NONE;
}

/* The same of a place in a body. */
static struct str of_slot(const struct id_slot *slot)
{
    return str_is(slot->kind, "patient") ? slot->found : STR_NONE;
}

enum step stage_members(struct exchange *x)
{
    if (!exchange_bound_to_groups(x))
        return STEP_NEXT;
    /* The batch is used again before these are judged. */
    x->named = ARENA_ARRAY(x->arena, struct str, x->arguments.id_count);
    for (size_t i = 0; i < x->arguments.id_count; i++) {
        x->named[i] = x->batch.ids[i].found;
        if (of_parameter(x, i).ptr)
            exchange_own(x, of_parameter(x, i));
    }
    for (size_t i = 0; i < x->item_count; i++)
        for (size_t k = 0; k < x->items[i].put.ids.count; k++)
            if (of_slot(&x->items[i].put.ids.items[k]).ptr)
                exchange_own(x, of_slot(&x->items[i].put.ids.items[k]));
    return exchange_ask_owners(x);
}

static enum step judge_parameters(struct exchange *x)
{
    for (size_t i = 0; i < x->arguments.id_count; i++) {
        struct str patient = of_parameter(x, i);
        if (!patient.ptr || exchange_is_member(x, patient))
            continue;
        if (exchange_is_of_path(x, x->arguments.ids[i].from))
            return exchange_fail(x, ERR_NOT_FOUND, "the patient of the path is in none of the caller's groups");
        if (exchange_select_nothing(x) == STEP_FAIL)
            return STEP_FAIL;
    }
    return STEP_NEXT;
}

enum step stage_judge_members(struct exchange *x)
{
    if (!exchange_bound_to_groups(x))
        return STEP_NEXT;
    if (judge_parameters(x) == STEP_FAIL || exchange_tell_withheld(x) == STEP_FAIL)
        return STEP_FAIL;
    for (size_t i = 0; i < x->item_count; i++)
        for (size_t k = 0; k < x->items[i].put.ids.count; k++) {
            const struct id_slot *slot = &x->items[i].put.ids.items[k];
            if (of_slot(slot).ptr && !exchange_is_member(x, slot->found))
                exchange_slot_fault(x, slot, i, FAULT_ID);
        }
    if (!x->faults.count)
        return STEP_NEXT;
    (void)exchange_fail(x, ERR_INVALID, "%zu patients are in none of the caller's groups", x->faults.count);
    return exchange_withhold(x, NULL);
}
