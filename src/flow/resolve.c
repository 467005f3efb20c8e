/* Ids: everything a request names, looked up in one batch, then judged. */
#include "flow/stages.h"

static void on_batch(struct store_batch *batch, const struct err *err, void *data)
{
    struct exchange *x = data;

    (void)batch;
    x->batch_pending = false;
    exchange_came(x, err);
}

static enum step run_batch(struct exchange *x, enum step done)
{
    x->batch.arena = x->arena;
    x->batch.data = x;
    if (store_batch(x->flow->gateway->store, x->flow->loop, &x->batch))
        return done;
    x->batch_pending = true;
    exchange_wait(x);
    return STEP_WAIT;
}

enum step exchange_batch(struct exchange *x, enum step done)
{
    x->batch.done = on_batch;
    return run_batch(x, done);
}

enum step exchange_batch_to(struct exchange *x, void (*came)(struct store_batch *batch, const struct err *err, void *data))
{
    x->batch.done = came;
    return run_batch(x, STEP_NEXT);
}

/* Numbers of ids, in the order in which they stand in the batch: parameters, slots, look-up documents. */
static size_t count_ids(const struct exchange *x)
{
    size_t sum = x->arguments.id_count;

    for (size_t i = 0; i < x->item_count; i++)
        sum += x->items[i].put.ids.count;
    for (size_t i = 0; i < x->lookup_count; i++)
        sum += x->lookups[i].arguments.id_count;
    return sum;
}

static struct id_query query_of(const struct exchange *x, struct str kind, struct str given)
{
    return (struct id_query){ .dialect = x->dialect->name,
                              .kind = kind,
                              .brand = x->brand,
                              .form = dialect_id_form(x->dialect, kind),
                              .given = given };
}

void exchange_name(const struct exchange *x, struct str kind, struct str canonical_id, struct id_query *query)
{
    *query = query_of(x, kind, canonical_id);
    query->to_dialect = true;
}

static size_t count_lookups(const struct exchange *x)
{
    size_t sum = 0;

    for (size_t i = 0; i < x->item_count; i++)
        for (size_t k = 0; k < x->items[i].put.ids.count; k++)
            sum += x->items[i].put.ids.items[k].lookup.len > 0;
    return sum;
}

void exchange_slot_fault(struct exchange *x, const struct id_slot *slot, size_t item, enum fault_kind kind)
{
    exchange_add_fault(x, (struct fault){ .kind = kind, .path = slot->path, .want = slot->kind }, item);
}

static int prepare_lookups(struct exchange *x)
{
    x->lookups = ARENA_ARRAY(x->arena, struct found_by, count_lookups(x));
    for (size_t i = 0; i < x->item_count; i++) {
        for (size_t k = 0; k < x->items[i].put.ids.count; k++) {
            struct id_slot *slot = &x->items[i].put.ids.items[k];
            if (!slot->lookup.len)
                continue;
            struct found_by *found = &x->lookups[x->lookup_count++];
            *found = (struct found_by){
                .x = x, .slot = slot, .now = slot, .item = i, .lookup = dialect_lookup(x->dialect, slot->lookup)
            };
            if (!found->lookup)
                return err_set(&x->err, ERR_INTERNAL, "no look-up '" STR_FMT "'", STR_ARG(slot->lookup));
            if (exchange_read_lookup(x, found))
                exchange_lookup_fault(x, found);
        }
    }
    return x->faults.count ? err_set(&x->err, ERR_INVALID, "%zu look-ups are not understood", x->faults.count) : 0;
}

void exchange_lookup_ids(const struct exchange *x, const struct found_by *found, struct id_query *ids)
{
    for (size_t k = 0; k < found->arguments.id_count; k++)
        ids[k] = query_of(x, found->arguments.ids[k].from->kind, found->arguments.ids[k].given);
}

enum step stage_resolve(struct exchange *x)
{
    size_t at = 0;

    if (prepare_lookups(x))
        return STEP_FAIL;
    struct id_query *ids = ARENA_ARRAY(x->arena, struct id_query, count_ids(x));
    for (size_t i = 0; i < x->arguments.id_count; i++)
        ids[at++] = query_of(x, x->arguments.ids[i].from->kind, x->arguments.ids[i].given);
    for (size_t i = 0; i < x->item_count; i++)
        for (size_t k = 0; k < x->items[i].put.ids.count; k++)
            if (!x->items[i].put.ids.items[k].lookup.len)
                ids[at++] = query_of(x, x->items[i].put.ids.items[k].kind, x->items[i].put.ids.items[k].given);
    for (size_t i = 0; i < x->lookup_count; i++) {
        x->lookups[i].first_id = at;
        exchange_lookup_ids(x, &x->lookups[i], ids + at);
        at += x->lookups[i].arguments.id_count;
    }
    if (!at)
        return STEP_NEXT;
    x->batch = (struct store_batch){ .ids = ids, .id_count = at };
    return exchange_batch(x, STEP_NEXT);
}

/* What an id means to this principal. A brand is only ever the caller's own. */
enum verdict { KNOWN, UNKNOWN, NOT_PERMITTED };

static enum verdict judge(const struct exchange *x, struct str kind, struct str found)
{
    const struct principal *who = x->principal;

    if (str_is(kind, "patient") && who && who->patients_bound)
        return found.ptr && principal_may_patient(who, found) ? KNOWN : NOT_PERMITTED;
    if (!found.len || (str_is(kind, "brand") && !str_eq(found, x->brand)))
        return UNKNOWN;
    return str_is(kind, "group") && who && !principal_may_group(who, found) ? UNKNOWN : KNOWN;
}

bool exchange_is_of_path(const struct exchange *x, const struct parameter *parameter)
{
    for (size_t i = 0; i < x->operation->path_count; i++)
        if (parameter == &x->operation->path[i])
            return true;
    return false;
}

/* The ids that were found for a parameter become its argument, a comma list. Those of one parameter stand side by side.
 * false: none of them is known. */
static bool add_known(struct exchange *x, struct arguments *arguments, const struct id_query *ids, size_t *at)
{
    const struct parameter *from = arguments->ids[*at].from;
    struct buf list = buf_in(x->arena, SIZE_MAX);

    for (; *at < arguments->id_count && arguments->ids[*at].from == from; ++*at)
        if (judge(x, from->kind, ids[*at].found) == KNOWN)
            buf_join(&list, ',', ids[*at].found);
    if (list.len && from->to.len)
        arguments_add(arguments, x->arena, from->to, buf_str(&list), from);
    return list.len > 0;
}

enum step exchange_select_nothing(struct exchange *x)
{
    x->nothing = true;
    return x->bound->call && !x->bound->call->items.len
               ? exchange_fail(x, ERR_NOT_FOUND, "a parameter names what the caller cannot have")
               : STEP_NEXT;
}

static enum step judge_parameters(struct exchange *x)
{
    const struct id_query *ids = x->batch.ids;

    for (size_t i = 0; i < x->arguments.id_count; i++) {
        const struct parameter *from = x->arguments.ids[i].from;
        enum verdict verdict = judge(x, from->kind, ids[i].found);
        if (verdict == NOT_PERMITTED)
            return exchange_fail(x, ERR_FORBIDDEN_PATIENT, "the principal is bound to other patients");
        if (verdict == UNKNOWN && exchange_is_of_path(x, from))
            return exchange_fail(x, ERR_NOT_FOUND, "the " STR_FMT " of the path is unknown", STR_ARG(from->kind));
        if (str_is(from->kind, "patient") && !from->to.len && exchange_is_of_path(x, from) && x->bound->call &&
            !str_is(x->bound->call->entity, "patient") && !x->bound->via)
            x->path_patient = ids[i].found;
    }
    for (size_t i = 0; i < x->arguments.id_count;) /* one that names nothing known selects nothing */
        if (!add_known(x, &x->arguments, ids, &i) && exchange_select_nothing(x) == STEP_FAIL)
            return STEP_FAIL;
    return STEP_NEXT;
}

static enum step judge_slots(struct exchange *x, size_t *at)
{
    for (size_t i = 0; i < x->item_count; i++)
        for (size_t k = 0; k < x->items[i].put.ids.count; k++) {
            struct id_slot *slot = &x->items[i].put.ids.items[k];
            if (slot->lookup.len)
                continue;
            slot->found = x->batch.ids[(*at)++].found;
            enum verdict verdict = judge(x, slot->kind, slot->found);
            if (verdict == NOT_PERMITTED)
                return exchange_fail(x, ERR_FORBIDDEN_PATIENT, "the principal is bound to other patients");
            if (verdict == UNKNOWN)
                exchange_slot_fault(x, slot, i, FAULT_ID);
        }
    return STEP_NEXT;
}

bool exchange_judge_lookup(struct exchange *x, struct found_by *found)
{
    const struct id_query *ids = x->batch.ids + found->first_id;

    for (size_t k = 0; k < found->arguments.id_count; k++)
        if (judge(x, found->arguments.ids[k].from->kind, ids[k].found) != KNOWN)
            return false;
    for (size_t k = 0; k < found->arguments.id_count;)
        (void)add_known(x, &found->arguments, ids, &k);
    return true;
}

static void judge_lookups(struct exchange *x)
{
    for (size_t i = 0; i < x->lookup_count; i++)
        if (!exchange_judge_lookup(x, &x->lookups[i]))
            exchange_slot_fault(x, x->lookups[i].slot, x->lookups[i].item, FAULT_ID);
}

/* Every document names a patient, or the entity whose patient it takes (and is judged by). */
static bool all_about_patients(const struct exchange *x)
{
    for (size_t i = 0; i < x->item_count; i++) {
        bool named = false;
        for (size_t k = 0; k < x->items[i].put.ids.count; k++) {
            struct str kind = x->items[i].put.ids.items[k].kind;
            bool parent = x->bound->inherit && x->operation->inherit.member.len && str_eq(kind, x->operation->inherit.kind);
            named = named || parent || str_is(kind, "patient");
        }
        if (!named)
            return false;
    }
    return true;
}

/* What a look-up would make needs the scope of making it. */
static enum step judge_makers(struct exchange *x)
{
    for (size_t i = 0; i < x->lookup_count; i++) {
        const struct lookup *lookup = x->lookups[i].lookup;
        if (lookup->match != LOOKUP_MAKE || !x->principal || principal_allows(x->principal, lookup->scope))
            continue;
        x->missing = lookup->scope;
        return exchange_fail(x, ERR_SCOPE, "scope " STR_FMT " is missing", STR_ARG(x->missing));
    }
    return STEP_NEXT;
}

bool exchange_is_bound(const struct exchange *x)
{
    return x->principal && (x->principal->patients_bound || x->principal->groups_bound);
}

bool exchange_is_bound_to_nothing(const struct exchange *x)
{
    const struct principal *who = x->principal;

    return who && ((who->patients_bound && !who->patient_count) || (who->groups_bound && !who->group_count));
}

static bool path_names_patient(const struct exchange *x)
{
    for (size_t i = 0; i < x->operation->path_count; i++)
        if (str_is(x->operation->path[i].kind, "patient"))
            return true;
    return false;
}

/* And so does the call's: it reaches nothing but that patient's. A dialect's path alone tells nothing of the entity in it. */
static bool reaches_one_patient(const struct exchange *x)
{
    return path_names_patient(x) && contract_names(x->bound->call, STR("patient_id"));
}

/* A bound principal changes what is not named by a patient only where the entity can be read, and so judged, before. One
 * bound to patients works on those: it makes no new one. What is about the caller's own patient (me) is about those. */
static enum step judge_bounds(struct exchange *x)
{
    const struct operation *operation = x->operation;
    bool entity = false, other = false;

    if (!exchange_is_bound(x) || !x->bound->call || operation->me)
        return STEP_NEXT;
    for (size_t i = 0; i < operation->path_count; i++) {
        other = other || operation->path[i].kind.len;
        entity = entity || (operation->path[i].kind.len && !str_is(operation->path[i].kind, "patient"));
    }
    bool writes = !str_is(x->bound->call->method, "GET");
    if (writes && entity && !reaches_one_patient(x) && !x->bound->stored)
        return exchange_fail(x, ERR_FORBIDDEN_PATIENT, "the entity cannot be judged before it is changed");
    if (x->principal->groups_bound && operation->has_body && !other && str_is(x->bound->call->entity, "group"))
        return exchange_fail(x, ERR_FORBIDDEN, "a principal bound to groups makes no other");
    if (!x->principal->patients_bound)
        return STEP_NEXT;
    if (operation->has_body && !other && str_is(x->bound->call->entity, "patient"))
        return exchange_fail(x, ERR_FORBIDDEN_PATIENT, "a principal bound to patients makes no new one");
    if (operation->has_body && !other && !all_about_patients(x))
        return exchange_fail(x, ERR_FORBIDDEN_PATIENT, "a principal bound to patients writes about those only");
    for (size_t i = 0; i < x->lookup_count; i++)
        if (x->lookups[i].lookup->match == LOOKUP_MAKE)
            return exchange_fail(x, ERR_FORBIDDEN_PATIENT, "a principal bound to patients makes nothing else");
    return STEP_NEXT;
}

bool exchange_must_read(const struct exchange *x)
{
    bool judged = x->path_patient.len || (exchange_is_bound(x) && !reaches_one_patient(x));

    return judged && x->bound->stored;
}

enum step exchange_withhold(struct exchange *x, stage_fn *members)
{
    stage_fn *judging = exchange_must_read(x)                                     ? stage_stored
                        : exchange_bound_to_groups(x) && path_names_patient(x) ? members
                                                                                : NULL;

    if (!judging)
        return STEP_FAIL;
    x->withheld = ARENA_NEW(x->arena, struct err);
    *x->withheld = x->err;
    x->err.code = ERR_NONE;
    exchange_go(x, judging);
    return STEP_AGAIN;
}

enum step exchange_tell_withheld(struct exchange *x)
{
    if (!x->withheld)
        return STEP_NEXT;
    x->err = *x->withheld;
    return STEP_FAIL;
}

static enum step judge_body(struct exchange *x)
{
    size_t at = x->arguments.id_count;

    if (judge_slots(x, &at) == STEP_FAIL)
        return STEP_FAIL;
    judge_lookups(x);
    return x->faults.count ? exchange_fail(x, ERR_INVALID, "%zu ids of the body are unknown", x->faults.count)
                           : STEP_NEXT;
}

enum step stage_judge(struct exchange *x)
{
    if (judge_bounds(x) == STEP_FAIL || judge_makers(x) == STEP_FAIL || judge_parameters(x) == STEP_FAIL)
        return STEP_FAIL;
    if (judge_body(x) == STEP_FAIL)
        return exchange_withhold(x, stage_members);
    x->nothing = x->nothing || exchange_is_bound_to_nothing(x);
    return STEP_NEXT;
}
