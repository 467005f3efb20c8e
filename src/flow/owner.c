/* Whose something is decides whether a principal bound to groups reaches it: the patient must be in one of those groups. Which
 * groups a patient is in is asked once for each patient of an exchange, of many at once, and before anything is judged by it:
 * the stage stands in the table after every stage that reads entities. */
#include "flow/stages.h"

/* So many patients of one exchange are asked about; more are an error, as is more than so many calls. */
enum { OWNERS_PER_CALL = 100, OWNERS_MAX = 1600, OWNER_CALLS_MAX = 64 };

struct owner {
    struct str patient;
    bool member;
    const struct tape *tape; /* of the answer that says its groups: the array at `groups`; NULL: none does */
    uint32_t groups;
};

/* One call about the owners `first` to `first + count`. */
struct owner_call {
    struct exchange *x;
    struct upstream_call *call;
    size_t first, count;
};

struct owners {
    struct owner items[OWNERS_MAX];
    size_t count, asked;
    struct owner_call calls[OWNER_CALLS_MAX];
    size_t call_count;
    bool too_many;
};

bool exchange_bound_to_groups(const struct exchange *x)
{
    return x->principal && x->principal->groups_bound && x->bound->call && !x->operation->me;
}

static struct owner *find(const struct exchange *x, struct str patient)
{
    for (size_t i = 0; x->owners && i < x->owners->count; i++)
        if (str_eq(x->owners->items[i].patient, patient))
            return &x->owners->items[i];
    return NULL;
}

void exchange_own(struct exchange *x, struct str patient)
{
    if (find(x, patient))
        return;
    if (!x->owners) {
        x->owners = ARENA_NEW(x->arena, struct owners);
        *x->owners = (struct owners){ .count = 0 };
    }
    if (x->owners->count == OWNERS_MAX)
        x->owners->too_many = true;
    else
        x->owners->items[x->owners->count++] = (struct owner){ .patient = arena_copy(x->arena, patient) };
}

bool exchange_is_member(const struct exchange *x, struct str patient)
{
    const struct owner *owner = find(x, patient);

    return owner && owner->member;
}

/* A group's id, which stands alone or in the group; TAPE_NONE: it has none. */
static uint32_t id_of(const struct tape *tape, uint32_t at)
{
    uint32_t id = tape_type(tape, at) == JSON_OBJECT ? tape_find(tape, at, STR("id")) : at;

    return id != TAPE_NONE && tape_type(tape, id) == JSON_STRING ? id : TAPE_NONE;
}

/* One of the groups is the principal's: `{"groups": [id or {"id": …}, …]}`. */
static bool any_group(const struct exchange *x, const struct tape *tape, uint32_t groups)
{
    for (uint32_t at = tape_first(tape, groups); at < tape_next(tape, groups); at = tape_next(tape, at)) {
        uint32_t id = id_of(tape, at);
        for (size_t i = 0; id != TAPE_NONE && i < x->principal->group_count; i++)
            if (tape_string_is(tape, id, x->principal->groups[i]))
                return true;
    }
    return false;
}

static void judge_groups(const struct exchange *x, struct owner *owner, const struct tape *tape, uint32_t groups)
{
    owner->member = any_group(x, tape, groups);
    owner->tape = tape;
    owner->groups = groups;
}

void exchange_add_other_groups(const struct exchange *x, struct str patient, bool *first, struct buf *list)
{
    const struct owner *owner = exchange_bound_to_groups(x) ? find(x, patient) : NULL;

    if (!owner || !owner->tape)
        return;
    for (uint32_t at = tape_first(owner->tape, owner->groups); at < tape_next(owner->tape, owner->groups);
         at = tape_next(owner->tape, at)) {
        uint32_t id = id_of(owner->tape, at);
        if (id == TAPE_NONE || principal_may_group(x->principal, tape_string(owner->tape, id, x->arena)))
            continue;
        if (!*first)
            buf_char(list, ',');
        *first = false;
        buf_add(list, tape_raw(owner->tape, id));
    }
}

/* The groups that an object itself says, or TAPE_NONE. */
static uint32_t groups_of(const struct tape *tape, uint32_t at)
{
    uint32_t groups = tape->count ? tape_find(tape, at, STR("groups")) : TAPE_NONE;

    return groups != TAPE_NONE && tape_type(tape, groups) == JSON_ARRAY ? groups : TAPE_NONE;
}

static void on_one(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err, void *data)
{
    struct owner_call *one = data;
    struct exchange *x = one->x;
    uint32_t groups = answer ? groups_of(&answer->document, 0) : TAPE_NONE;

    (void)call;
    if (groups != TAPE_NONE)
        judge_groups(x, &x->owners->items[one->first], &answer->document, groups);
    exchange_came(x, err && err->code != ERR_NOT_FOUND ? err : NULL);
}

static void judge_list(const struct exchange *x, const struct tape *tape)
{
    uint32_t items = contract_items(x->flow->gateway->patients, tape);

    if (items == TAPE_NONE)
        return;
    for (uint32_t at = tape_first(tape, items); at < tape_next(tape, items); at = tape_next(tape, at)) {
        struct owner *owner = find(x, exchange_text(x, tape, at, STR("id")));
        uint32_t groups = groups_of(tape, at);
        if (owner && groups != TAPE_NONE)
            judge_groups(x, owner, tape, groups);
    }
}

static void on_many(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err, void *data)
{
    const struct owner_call *many = data;

    (void)call;
    if (answer)
        judge_list(many->x, &answer->document);
    exchange_came(many->x, err);
}

static void ask_one(struct exchange *x, struct owner_call *one)
{
    struct upstream_argument *id = ARENA_NEW(x->arena, struct upstream_argument);
    struct upstream_request request = { .call = x->flow->gateway->memberships, .arguments = id, .argument_count = 1 };

    *id = (struct upstream_argument){ .name = STR("patient_id"), .value = x->owners->items[one->first].patient };
    one->call = exchange_call(x, &request, on_one, one);
}

static void ask_many(struct exchange *x, struct owner_call *many)
{
    struct upstream_argument *own = ARENA_ARRAY(x->arena, struct upstream_argument, 2);
    struct buf ids = buf_in(x->arena, NAMES_MAX);

    for (size_t i = 0; i < many->count; i++)
        buf_join(&ids, ',', x->owners->items[many->first + i].patient);
    own[0] = (struct upstream_argument){ .name = STR("patient_id"), .value = buf_str(&ids) };
    own[1] = (struct upstream_argument){ .name = STR("include"), .value = STR("groups") };
    struct upstream_request request = { .call = x->flow->gateway->patients,
                                        .arguments = own,
                                        .argument_count = 2,
                                        .paged = true,
                                        .limit = OWNERS_PER_CALL };
    many->call = exchange_call(x, &request, on_many, many);
}

enum step exchange_ask_owners(struct exchange *x)
{
    struct owners *owners = x->owners;

    if (!owners || owners->asked == owners->count)
        return STEP_NEXT;
    size_t left = owners->count - owners->asked;
    if (owners->too_many || owners->call_count + left / OWNERS_PER_CALL + 1 > OWNER_CALLS_MAX)
        return exchange_fail(x, ERR_UPSTREAM, "more than %d patients to be judged by their groups", OWNERS_MAX);
    if (!x->flow->gateway->memberships)
        return exchange_fail(x, ERR_FORBIDDEN, "the backend cannot say who belongs to a group");
    bool many = left > 1;
    for (; left; left = owners->count - owners->asked) {
        struct owner_call *asked = &owners->calls[owners->call_count++];
        *asked = (struct owner_call){ .x = x,
                                      .first = owners->asked,
                                      .count = left < OWNERS_PER_CALL ? left : OWNERS_PER_CALL };
        owners->asked += asked->count;
        exchange_wait(x);
        (many ? ask_many : ask_one)(x, asked);
    }
    return STEP_WAIT;
}

/* A patient that the request makes is in the groups that the backend gives it; it is the caller's own doing. */
static bool is_made(const struct exchange *x, struct str entity)
{
    return str_is(entity, "patient") && str_is(x->bound->call->entity, "patient") &&
           str_is(x->bound->call->method, "POST") && !x->arguments.id_count;
}

/* A group, and what belongs to one and to no patient, a reward programme, is for those of the group; and for nobody who is
 * bound to groups where it does not say of which it is. */
static bool is_of_group(const struct exchange *x, struct str entity, const struct tape *tape, uint32_t at)
{
    struct str group = exchange_text(x, tape, at, str_is(entity, "group") ? STR("id") : STR("group_id"));

    if (!group.ptr)
        return contract_owner(x->flow->gateway->contract, entity) != OWNER_GROUP;
    return principal_may_group(x->principal, group);
}

bool exchange_groups_may_see(const struct exchange *x, struct str entity, struct str patient, const struct tape *tape,
                             uint32_t at)
{
    uint32_t groups = str_is(entity, "patient") ? groups_of(tape, at) : TAPE_NONE;

    if (!x->bound->call && x->principal) /* what comes with a new token; nothing else is judged by its groups there */
        return !str_is(entity, "group") || is_of_group(x, entity, tape, at);
    if (!exchange_bound_to_groups(x) || is_made(x, entity))
        return true;
    if (!patient.ptr)
        return is_of_group(x, entity, tape, at);
    return groups != TAPE_NONE ? any_group(x, tape, groups) : exchange_is_member(x, patient);
}

static void own_entity(struct exchange *x, const struct contract_call *call, const struct tape *tape, uint32_t at)
{
    struct str patient = exchange_patient(x, call->entity, tape, at);

    if (patient.ptr && !is_made(x, call->entity) &&
        !(str_is(call->entity, "patient") && groups_of(tape, at) != TAPE_NONE))
        exchange_own(x, patient);
}

static void own_list(struct exchange *x, const struct contract_call *call, const struct tape *tape)
{
    uint32_t items = contract_items(call, tape);

    if (items == TAPE_NONE)
        return;
    for (uint32_t at = tape_first(tape, items); at < tape_next(tape, items); at = tape_next(tape, at))
        own_entity(x, call, tape, at);
}

void exchange_own_answer(struct exchange *x, const struct contract_call *call, const struct tape *tape)
{
    uint32_t item;

    if (!call || !tape->count)
        return;
    if (call->items.len)
        own_list(x, call, tape);
    else if (contract_item(call, tape, &item) && item != TAPE_NONE)
        own_entity(x, call, tape, item);
}

enum step stage_owners(struct exchange *x)
{
    if (!exchange_bound_to_groups(x))
        return STEP_NEXT;
    exchange_own_answer(x, x->bound->via, &x->via_answer.document);
    exchange_own_answer(x, x->stored_by, &x->stored.document);
    for (size_t i = 0; i < x->fetched_count; i++)
        exchange_own_answer(x, x->bound->call, &x->fetched[i].answer.document);
    for (size_t i = 0; i < x->item_count; i++)
        exchange_own_answer(x, x->bound->call, &x->items[i].answer.document);
    exchange_own_mentions(x);
    exchange_own_included(x);
    return exchange_ask_owners(x);
}

void exchange_free_owners(struct exchange *x)
{
    for (size_t i = 0; x->owners && i < x->owners->call_count; i++)
        upstream_call_free(x->flow->upstream, &x->owners->calls[i].call);
}
