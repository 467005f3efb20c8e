/* A principal bound to groups reaches the patients of those groups and no other. Lists are filtered by the backend
 * (call.c); a patient that is named is judged here, by its memberships, before anything else is asked about it. */
#include "flow/exchange.h"

enum place { PLACE_PATH, PLACE_QUERY, PLACE_BODY };

struct named_patient {
    struct exchange *x;
    struct upstream_call *call;
    struct str id;
    enum place place;
    struct id_slot *slot; /* PLACE_BODY */
    size_t item;
    bool member;
};

static void on_groups(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                      void *data)
{
    struct named_patient *named = data;
    struct exchange *x = named->x;
    const struct tape *tape = answer ? &answer->document : NULL;
    uint32_t groups = tape && tape->count ? tape_find(tape, 0, STR("groups")) : TAPE_NONE;

    (void)call;
    if (groups != TAPE_NONE && tape_type(tape, groups) == JSON_ARRAY)
        for (uint32_t at = tape_first(tape, groups); at < tape_next(tape, groups); at = tape_next(tape, at)) {
            uint32_t id = tape_find(tape, at, STR("id"));
            for (size_t i = 0; id != TAPE_NONE && i < x->principal->group_count; i++)
                named->member = named->member || tape_string_is(tape, id, x->principal->groups[i]);
        }
    exchange_came(x, err && err->code != ERR_NOT_FOUND ? err : NULL);
}

static void ask(struct exchange *x, struct named_patient named)
{
    struct named_patient *kept = &x->named[x->named_count++];
    struct upstream_argument *id = ARENA_NEW(x->arena, struct upstream_argument);

    *kept = named;
    kept->x = x;
    *id = (struct upstream_argument){ .name = STR("patient_id"), .value = named.id };
    struct upstream_request request = { .call = x->flow->gateway->memberships, .arguments = id, .argument_count = 1 };
    exchange_wait(x);
    kept->call = exchange_call(x, &request, on_groups, kept);
}

static void ask_parameters(struct exchange *x)
{
    for (size_t i = 0; i < x->arguments.id_count; i++) {
        const struct parameter *from = x->arguments.ids[i].from;
        struct str found = x->batch.ids[i].found;
        bool path = from >= x->operation->path && from < x->operation->path + x->operation->path_count;
        if (str_is(from->kind, "patient") && found.ptr)
            ask(x, (struct named_patient){ .id = found, .place = path ? PLACE_PATH : PLACE_QUERY });
    }
}

static void ask_slots(struct exchange *x)
{
    for (size_t i = 0; i < x->item_count; i++)
        for (size_t k = 0; k < x->items[i].put.ids.count; k++) {
            struct id_slot *slot = &x->items[i].put.ids.items[k];
            if (str_is(slot->kind, "patient") && slot->found.ptr)
                ask(x, (struct named_patient){ .id = slot->found, .place = PLACE_BODY, .slot = slot, .item = i });
        }
}

enum step stage_members(struct exchange *x)
{
    size_t most = x->arguments.id_count;

    if (!x->principal || !x->principal->groups_bound || !x->bound->call)
        return STEP_NEXT;
    if (!x->flow->gateway->memberships)
        return exchange_fail(x, ERR_FORBIDDEN, "the backend cannot say who belongs to a group");
    for (size_t i = 0; i < x->item_count; i++)
        most += x->items[i].put.ids.count;
    x->named = ARENA_ARRAY(x->arena, struct named_patient, most);
    ask_parameters(x);
    ask_slots(x);
    return x->named_count ? STEP_WAIT : STEP_NEXT;
}

enum step stage_judge_members(struct exchange *x)
{
    for (size_t i = 0; i < x->named_count; i++) {
        const struct named_patient *named = &x->named[i];
        if (named->member)
            continue;
        switch (named->place) {
        case PLACE_PATH:
            return exchange_fail(x, ERR_NOT_FOUND, "the patient of the path is in none of the caller's groups");
        case PLACE_QUERY:
            x->nothing = true;
            break;
        case PLACE_BODY:
            exchange_slot_fault(x, named->slot, named->item, FAULT_ID);
            break;
        }
    }
    return x->faults.count ? exchange_fail(x, ERR_INVALID, "%zu patients are in none of the caller's groups",
                                           x->faults.count)
                           : STEP_NEXT;
}

void exchange_free_members(struct exchange *x)
{
    for (size_t i = 0; i < x->named_count; i++)
        upstream_call_free(x->flow->upstream, &x->named[i].call);
}
