/* Look-up documents: ids of what exists, and of what is made where it is missing. */
#include "flow/exchange.h"

#include "json/write.h"

static void note(struct found_by *found, struct str id)
{
    for (size_t i = 0; i < found->id_count; i++)
        if (str_eq(found->ids[i], id))
            return;
    found->matches++;
    if (found->id_count < COUNT(found->ids))
        found->ids[found->id_count++] = arena_copy(found->x->arena, id);
}

/* An entity of another brand is none that is meant, whatever the backend thought. */
static void note_entity(struct found_by *found, const struct tape *tape, uint32_t at)
{
    struct str id = exchange_text(found->x, tape, at, STR("id"));

    if (id.ptr && exchange_is_of_brand(found->x, tape, at))
        note(found, id);
    else
        found->matches++;
}

static int note_answer(struct found_by *found, const struct tape *tape, struct err *err)
{
    const struct contract_call *asked = found->asked;
    uint32_t items = asked->items.len ? contract_items(asked, tape) : TAPE_NONE;

    if (!asked->items.len) {
        note_entity(found, tape, 0);
        return 0;
    }
    if (items == TAPE_NONE)
        return err_set(err, ERR_UPSTREAM, "the look-up's answer is not a list");
    for (uint32_t at = tape_first(tape, items); at < tape_next(tape, items); at = tape_next(tape, at))
        note_entity(found, tape, at);
    return 0;
}

/* Starts the next look-up of the stage; false: there is none. */
static bool start_next(struct exchange *x)
{
    while (x->lookup_next < x->lookup_count)
        if (x->lookup_start(&x->lookups[x->lookup_next++]))
            return true;
    return false;
}

static void on_found(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                     void *data)
{
    struct found_by *found = data;
    struct err odd;

    (void)call;
    if (answer && note_answer(found, &answer->document, &odd))
        err = &odd;
    found->slot->found = found->matches == 1 && found->id_count == 1 ? found->ids[0] : STR_NONE;
    if (found->now)
        found->now->found = found->slot->found;
    if (!err)
        (void)start_next(found->x);
    exchange_came(found->x, err);
}

/* The new entity's members, for look-ups that make. */
static struct str make_body(struct found_by *found)
{
    struct exchange *x = found->x;
    struct buf body = buf_in(x->arena, SIZE_MAX); /* the request's own limits bound it */
    bool first = true;

    buf_char(&body, '{');
    json_member_string(&body, &first, STR("brand_id"), x->brand);
    for (size_t i = 0; i < found->arguments.count; i++) {
        const struct argument *argument = &found->arguments.items[i];
        if (argument->from && argument->from->in_body)
            json_member_string(&body, &first, argument->name, argument->value);
    }
    buf_char(&body, '}');
    return buf_str(&body);
}

/* A principal bound to groups makes no other: by its name it finds one of those. */
static bool only_finds(const struct found_by *found)
{
    const struct principal *who = found->x->principal;

    return found->lookup->match == LOOKUP_MAKE && who && who->groups_bound && str_is(found->slot->kind, "group");
}

void exchange_look_up(struct found_by *found)
{
    struct exchange *x = found->x;
    bool own = only_finds(found);
    const struct contract_call *call = found->asked = own ? x->flow->gateway->groups : found->lookup->bound;
    struct upstream_argument *more = ARENA_ARRAY(x->arena, struct upstream_argument, found->arguments.count + 1);
    size_t count = 0;

    if (own)
        more[count++] = (struct upstream_argument){
            .name = STR("id"), .value = str_join(x->arena, ',', x->principal->groups, x->principal->group_count)
        };
    for (size_t i = 0; i < found->arguments.count; i++)
        if (contract_takes(call, found->arguments.items[i].name))
            more[count++] = (struct upstream_argument){ .name = found->arguments.items[i].name,
                                                        .value = found->arguments.items[i].value };
    struct upstream_request request = { .call = call };
    exchange_bounded(x, call, more, count, &request);
    if (found->lookup->match == LOOKUP_MAKE && !own)
        request.body = make_body(found);
    if (call->paged) {
        request.paged = true;
        request.limit = 2; /* one more than may be there */
    }
    exchange_wait(x);
    found->call = exchange_call(x, &request, on_found, found);
    if (found->lookup->match == LOOKUP_ONE)
        (void)exchange_search_kept(x, call, &found->arguments, &found->kept);
}

/* The same question about the ids that the store knows, in place of the value. */
bool exchange_look_up_kept(struct found_by *found)
{
    struct exchange *x = found->x;
    const struct contract_call *call = found->lookup->bound;
    struct upstream_argument *more = ARENA_ARRAY(x->arena, struct upstream_argument, found->arguments.count + 1);
    size_t count = 0;
    struct str name, ids = found->kept.find.count ? exchange_kept_ids(x, call, &found->kept, &name) : STR_NONE;

    if (!ids.len)
        return false;
    for (size_t i = 0; i < found->arguments.count; i++)
        if (contract_takes(call, found->arguments.items[i].name) &&
            !str_eq(found->arguments.items[i].name, found->kept.name))
            more[count++] = (struct upstream_argument){ .name = found->arguments.items[i].name,
                                                        .value = found->arguments.items[i].value };
    more[count++] = (struct upstream_argument){ .name = name, .value = ids };
    struct upstream_request request = { .call = call, .paged = call->paged, .limit = 2 };
    exchange_bounded(x, call, more, count, &request);
    exchange_wait(x);
    found->kept.call = exchange_call(x, &request, on_found, found);
    return true;
}

static bool start(struct found_by *found, enum lookup_match match)
{
    if (found->lookup->match != match || !found->now || found->call || exchange_is_bound_to_nothing(found->x))
        return false;
    exchange_look_up(found);
    return true;
}

static bool start_one(struct found_by *found)
{
    return start(found, LOOKUP_ONE);
}

static bool start_make(struct found_by *found)
{
    if (only_finds(found) && !found->x->flow->gateway->groups)
        return false;
    return start(found, LOOKUP_MAKE);
}

/* All that `start` starts, a few at a time. Two documents that say the same need one call; here they are simply asked for
 * twice, which is as right. */
static enum step start_all(struct exchange *x, bool (*start_of)(struct found_by *found))
{
    unsigned started = 0;

    x->lookup_next = 0;
    x->lookup_start = start_of;
    while (started < ITEM_CALLS_AT_ONCE && start_next(x))
        started++;
    return started ? STEP_WAIT : STEP_NEXT;
}

enum step stage_lookup(struct exchange *x)
{
    return start_all(x, start_one);
}

enum step stage_lookup_kept(struct exchange *x)
{
    return start_all(x, exchange_look_up_kept);
}

static bool is_foreign_group(const struct exchange *x, const struct id_slot *slot)
{
    return x->principal && str_is(slot->kind, "group") && !principal_may_group(x->principal, slot->found);
}

/* What was looked up must have been found, and be permitted, before anything is made. */
static enum step judge_found(struct exchange *x)
{
    for (size_t i = 0; i < x->lookup_count; i++) {
        const struct found_by *found = &x->lookups[i];
        bool bound = x->principal && x->principal->patients_bound && str_is(found->slot->kind, "patient");
        if (found->lookup->match != LOOKUP_ONE || !found->now)
            continue;
        if (bound && !(found->slot->found.ptr && principal_may_patient(x->principal, found->slot->found)))
            return exchange_fail(x, ERR_FORBIDDEN_PATIENT, "the principal is bound to other patients");
        if (!found->slot->found.ptr || is_foreign_group(x, found->slot))
            exchange_slot_fault(x, found->slot, found->item, FAULT_ID);
    }
    return x->faults.count ? exchange_fail(x, ERR_INVALID, "%zu look-ups found not exactly one", x->faults.count)
                           : STEP_NEXT;
}

enum step stage_make(struct exchange *x)
{
    if (judge_found(x) == STEP_FAIL || (x->lookup_count && exchange_may_write(x) == STEP_FAIL))
        return STEP_FAIL;
    enum step step = start_all(x, start_make);
    x->writing = x->writing || step == STEP_WAIT; /* it may be the second time, after a 412 */
    return step;
}

/* A group that was there already may be another than the caller's. */
enum step stage_made(struct exchange *x)
{
    for (size_t i = 0; i < x->lookup_count; i++) {
        const struct found_by *found = &x->lookups[i];
        if (found->lookup->match != LOOKUP_MAKE || !found->now)
            continue;
        if (!found->slot->found.ptr && !only_finds(found))
            return exchange_fail(x, ERR_UPSTREAM, "the backend did not say what it made");
        if (!found->slot->found.ptr || is_foreign_group(x, found->slot))
            exchange_slot_fault(x, found->slot, found->item, FAULT_ID);
    }
    return x->faults.count ? exchange_fail(x, ERR_INVALID, "%zu groups are not the caller's", x->faults.count)
                           : STEP_NEXT;
}
