/* Look-up documents: ids of what exists, and of what is made where it is missing. */
#include "flow/stages.h"

#include "json/write.h"

/* The text of a member of a look-up document; arrays of strings become comma lists. ptr NULL: absent. */
static struct str lookup_text(struct exchange *x, const struct tape *tape, struct str path, bool *bad)
{
    uint32_t at = 0;
    struct str part;

    while (at != TAPE_NONE && str_next(&path, '.', &part))
        at = tape_find(tape, at, part);
    if (at == TAPE_NONE || tape_type(tape, at) == JSON_NULL)
        return STR_NONE;
    if (tape_type(tape, at) == JSON_STRING)
        return tape_string(tape, at, x->arena);
    if (tape_type(tape, at) != JSON_ARRAY) {
        *bad = true;
        return STR_NONE;
    }
    struct buf list = buf_in(x->arena, NAMES_MAX);
    for (uint32_t i = tape_first(tape, at); i < tape_next(tape, at); i = tape_next(tape, i)) {
        *bad = *bad || tape_type(tape, i) != JSON_STRING;
        if (!*bad)
            buf_join(&list, ',', tape_string(tape, i, x->arena));
    }
    *bad = *bad || !buf_ok(&list);
    return buf_str(&list);
}

/* Reads one look-up document's members into canonical arguments. */
int exchange_read_lookup(struct exchange *x, struct found_by *found)
{
    struct tape_fault bad_json;
    struct tape tape;
    bool bad = false;

    found->wrong = (struct fault){ .kind = FAULT_FORMAT, .want = found->slot->kind };
    if (!tape_read(&tape, x->arena, found->slot->given, &x->flow->gateway->limits, &bad_json) ||
        tape_type(&tape, 0) != JSON_OBJECT)
        return -1;
    for (size_t i = 0; i < found->lookup->member_count; i++) {
        const struct parameter *member = &found->lookup->members[i];
        struct argument_fault fault;
        struct str value = lookup_text(x, &tape, member->name, &bad);
        found->wrong = (struct fault){ .kind = FAULT_TYPE, .path = member->name, .want = STR("string") };
        if (bad)
            return -1;
        found->wrong.kind = FAULT_BLANK;
        if (!value.len && member->required)
            return -1;
        if (!value.len || !parameter_read(member, value, x->brand, x->arena, &found->arguments, &fault))
            continue;
        found->wrong.kind = FAULT_FORMAT;
        found->wrong.want = fault.want;
        return -1;
    }
    parameters_join(found->lookup->members, found->lookup->member_count, x->arena, &found->arguments);
    for (size_t i = 0; i < found->lookup->fixed_count; i++)
        arguments_add(&found->arguments, x->arena, found->lookup->fixed[i].name, found->lookup->fixed[i].value, NULL);
    return 0;
}

void exchange_lookup_fault(struct exchange *x, const struct found_by *found)
{
    struct buf path = buf_in(x->arena, 4096);
    struct fault fault = found->wrong;
    struct str rest = fault.path, part;

    buf_add(&path, found->slot->path);
    while (rest.len && str_next(&rest, '.', &part)) {
        buf_char(&path, '/');
        buf_add(&path, part);
    }
    fault.path = buf_str(&path);
    exchange_add_fault(x, fault, found->item);
}

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

    if (id.ptr && exchange_is_of_brand(found->x, found->asked->entity, tape, at))
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
