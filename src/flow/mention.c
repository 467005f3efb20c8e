/* Entities that a body names beside its patient: the plan of an action, the bundles it is in. Each is read once, and judged
 * like everything else the caller names. That is done where a new entity takes a member from one (`inherit:` in dialect.yaml:
 * the patient of an action is its plan's), and for a principal bound to patients or groups: what the crosswalk knows of an id
 * is its brand only. */
#include "flow/stages.h"

#include "json/write.h"

/* So many are read for one exchange; a principal that is not bound names what it likes, but each item inherits from one only. */
enum { MENTIONS_MAX = 1000 };

struct mention {
    struct exchange *x;
    const struct contract_call *reader;
    struct str id;
    struct upstream_call *call;
    struct upstream_answer answer;
};

struct mentions {
    size_t count, next; /* next: the first that is not asked for yet */
    struct mention *items;
};

/* Judged by their ids alone: patients, groups and the brand are in the token. */
static bool is_of_token(struct str kind)
{
    return str_is(kind, "patient") || str_is(kind, "group") || str_is(kind, "brand");
}

static bool is_parent(const struct exchange *x, const struct id_slot *slot)
{
    return x->bound->inherit && str_eq(slot->kind, x->operation->inherit.kind);
}

static bool must_read(const struct exchange *x, const struct id_slot *slot)
{
    if (!slot->found.ptr || !x->bound->call)
        return false;
    return is_parent(x, slot) || (exchange_is_bound(x) && !is_of_token(slot->kind));
}

static const struct contract_call *reader_of(const struct exchange *x, const struct id_slot *slot)
{
    return is_parent(x, slot) ? x->bound->inherit : contract_entity_reader(x->flow->gateway->contract, slot->kind);
}

static struct mention *find(const struct exchange *x, const struct contract_call *reader, struct str id)
{
    for (size_t i = 0; i < x->mentions->count; i++)
        if (x->mentions->items[i].reader == reader && str_eq(x->mentions->items[i].id, id))
            return &x->mentions->items[i];
    return NULL;
}

static enum step note(struct exchange *x, const struct id_slot *slot)
{
    const struct contract_call *reader = reader_of(x, slot);

    if (!reader)
        return exchange_fail(x, ERR_FORBIDDEN_PATIENT, "no call reads the " STR_FMT " of the body: it cannot be judged",
                             STR_ARG(slot->kind));
    if (find(x, reader, slot->found))
        return STEP_NEXT;
    if (x->mentions->count == MENTIONS_MAX) {
        (void)exchange_tell(x, ERR_TOO_LARGE, "the body names more than %d entities", MENTIONS_MAX);
        return STEP_FAIL;
    }
    x->mentions->items[x->mentions->count++] = (struct mention){ .x = x, .reader = reader, .id = slot->found };
    return STEP_NEXT;
}

static void read_next(struct exchange *x);

static void on_read(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err, void *data)
{
    struct mention *mention = data;
    struct exchange *x = mention->x;

    (void)call;
    if (answer)
        mention->answer = *answer;
    /* One that is not there is a fault of the body, told with the others in the next stage. */
    if (err && err->code == ERR_NOT_FOUND)
        err = NULL;
    if (!err && x->mentions->next < x->mentions->count)
        read_next(x);
    exchange_came(x, err);
}

static void read_next(struct exchange *x)
{
    struct mention *mention = &x->mentions->items[x->mentions->next++];
    struct upstream_argument *own = ARENA_NEW(x->arena, struct upstream_argument);

    *own = (struct upstream_argument){ .name = contract_key(mention->reader), .value = mention->id };
    struct upstream_request request = { .call = mention->reader, .arguments = own, .argument_count = 1 };
    exchange_wait(x);
    mention->call = exchange_call(x, &request, on_read, mention);
}

/* Room for all of them, were they all different. */
static void make_room(struct exchange *x)
{
    size_t count = 0;

    for (size_t i = 0; i < x->item_count; i++)
        for (size_t k = 0; k < x->items[i].put.ids.count; k++)
            count += must_read(x, &x->items[i].put.ids.items[k]);
    if (!count)
        return;
    x->mentions = ARENA_NEW(x->arena, struct mentions);
    x->mentions->items = ARENA_ARRAY(x->arena, struct mention, count < MENTIONS_MAX ? count : MENTIONS_MAX);
}

enum step stage_mentions(struct exchange *x)
{
    make_room(x);
    if (!x->mentions)
        return STEP_NEXT;
    for (size_t i = 0; i < x->item_count; i++)
        for (size_t k = 0; k < x->items[i].put.ids.count; k++) {
            const struct id_slot *slot = &x->items[i].put.ids.items[k];
            if (must_read(x, slot) && note(x, slot) == STEP_FAIL)
                return exchange_withhold(x, NULL);
        }
    for (unsigned i = 0; i < ITEM_CALLS_AT_ONCE && x->mentions->next < x->mentions->count; i++)
        read_next(x);
    return STEP_WAIT;
}

void exchange_own_mentions(struct exchange *x)
{
    for (size_t i = 0; x->mentions && i < x->mentions->count; i++)
        exchange_own_answer(x, x->mentions->items[i].reader, &x->mentions->items[i].answer.document);
}

static bool take(struct buf *members, const struct tape *parent, struct str name)
{
    uint32_t at = tape_find(parent, 0, name);
    bool first = !members->len;

    if (at == TAPE_NONE || tape_type(parent, at) == JSON_NULL)
        return false;
    json_member_raw(members, &first, name, tape_raw(parent, at));
    return true;
}

/* What the new entity takes from its parent; false: the parent lacks what must be there. */
static bool inherit(const struct exchange *x, struct item *item, const struct tape *parent)
{
    const struct inherit *row = &x->operation->inherit;
    struct buf members = buf_in(x->arena, SIZE_MAX);

    if (row->member.len && !take(&members, parent, row->member))
        return false;
    for (size_t i = 0; i < row->also_count; i++)
        (void)take(&members, parent, row->also[i]);
    item->inherited = buf_str(&members);
    return true;
}

static bool judge(const struct exchange *x, struct item *item, const struct id_slot *slot)
{
    const struct mention *mention = find(x, reader_of(x, slot), slot->found);
    const struct tape *tape = &mention->answer.document;

    if (!tape->count || !exchange_may_see(x, mention->reader, tape, 0))
        return false;
    return !is_parent(x, slot) || item->inherited.len || inherit(x, item, tape);
}

enum step stage_judge_mentions(struct exchange *x)
{
    for (size_t i = 0; i < x->item_count; i++)
        for (size_t k = 0; k < x->items[i].put.ids.count; k++) {
            const struct id_slot *slot = &x->items[i].put.ids.items[k];
            if (must_read(x, slot) && !judge(x, &x->items[i], slot))
                exchange_slot_fault(x, slot, i, FAULT_ID);
        }
    if (!x->faults.count)
        return STEP_NEXT;
    (void)exchange_fail(x, ERR_INVALID, "%zu entities named by the body are unknown", x->faults.count);
    return exchange_withhold(x, NULL);
}

void exchange_free_mentions(struct exchange *x)
{
    for (size_t i = 0; x->mentions && i < x->mentions->count; i++)
        upstream_call_free(x->flow->upstream, &x->mentions->items[i].call);
    x->mentions = NULL;
}
