/* An operation whose body says by a look-up document which entity is meant (`choose:` in dialect.yaml): an upsert. What was
 * found decides which operation the exchange becomes; from there on nothing is special. Two that make the same entity at
 * once meet in the backend, where one of them is refused as a duplicate: that one looks again and updates. */
#include "flow/stages.h"

#include "base/codec.h"
#include "json/write.h"

/* A duplicate that the look-up does not find may be one whose memberships are still being written: it is looked for again
 * after 5, 15, 45, 135 and 405 ms. */
enum { SEEKS_MAX = 5, FIRST_PAUSE_MS = 5 };

/* A fault of the look-up document, or of one of its members. */
static enum step refuse_at(struct exchange *x, struct str member, enum fault_kind kind, struct str want)
{
    struct str in = x->choosing->as->choose.in;
    struct str path = member.len ? arena_printf(x->arena, STR_FMT "." STR_FMT, STR_ARG(in), STR_ARG(member)) : in;

    exchange_add_body_fault(x, path, kind, want);
    return exchange_fail(x, ERR_INVALID, "the look-up document of the body");
}

static enum step refuse(struct exchange *x, enum fault_kind kind, struct str want)
{
    return refuse_at(x, STR_NONE, kind, want);
}

/* The look-up document, as JSON; ptr NULL: there is none. */
static struct str document(const struct exchange *x)
{
    struct str path = x->operation->choose.in, part;
    uint32_t at = 0;

    while (at != TAPE_NONE && str_next(&path, '.', &part))
        at = tape_type(&x->body, at) == JSON_OBJECT ? tape_find(&x->body, at, part) : TAPE_NONE;
    return at != TAPE_NONE && tape_type(&x->body, at) != JSON_NULL ? tape_raw(&x->body, at) : STR_NONE;
}

/* One entity is meant, so the document is one. */
static enum step judge_document(struct exchange *x)
{
    uint32_t at = tape_find(&x->body, 0, x->operation->wrapper);

    if (at != TAPE_NONE && tape_type(&x->body, at) == JSON_OBJECT)
        return STEP_NEXT;
    x->missing = x->operation->wrapper;
    return exchange_fail(x, ERR_MISSING_WRAPPER, "the body has no '" STR_FMT "'", STR_ARG(x->missing));
}

static void begin(struct exchange *x)
{
    const struct lookup *lookup = dialect_lookup(x->dialect, x->operation->choose.lookup);
    const struct contract_call *call = lookup->bound;
    unsigned seeks = x->choosing ? x->choosing->seeks : 0;

    if (!x->choosing)
        x->choosing = ARENA_NEW(x->arena, struct choosing);
    *x->choosing = (struct choosing){ .as = x->operation, .slot.kind = call->entity, .seeks = seeks };
    x->choosing->found = (struct found_by){ .x = x, .slot = &x->choosing->slot, .now = &x->choosing->slot, .lookup = lookup };
}

enum step stage_seek(struct exchange *x)
{
    if (!x->operation->choose.lookup.len)
        return STEP_NEXT;
    if (exchange_read_body(x) || judge_document(x) == STEP_FAIL)
        return STEP_FAIL;
    begin(x);
    struct found_by *found = &x->choosing->found;
    x->choosing->slot.given = document(x);
    if (!x->choosing->slot.given.ptr)
        return refuse(x, FAULT_BLANK, STR_NONE);
    if (exchange_read_lookup(x, found))
        return refuse_at(x, found->wrong.path, found->wrong.kind, found->wrong.want);
    x->batch = (struct store_batch){ .ids = ARENA_ARRAY(x->arena, struct id_query, found->arguments.id_count),
                                     .id_count = found->arguments.id_count };
    exchange_lookup_ids(x, found, x->batch.ids);
    return x->batch.id_count ? exchange_batch(x, STEP_NEXT) : STEP_NEXT;
}

enum step stage_sought(struct exchange *x)
{
    if (!x->operation->choose.lookup.len)
        return STEP_NEXT;
    if (!exchange_judge_lookup(x, &x->choosing->found))
        return refuse(x, FAULT_ID, x->choosing->slot.kind);
    if (exchange_is_bound_to_nothing(x))
        return STEP_NEXT;
    exchange_look_up(&x->choosing->found);
    return STEP_WAIT;
}

enum step stage_sought_kept(struct exchange *x)
{
    bool asked = x->operation->choose.lookup.len && exchange_look_up_kept(&x->choosing->found);

    return asked ? STEP_WAIT : STEP_NEXT;
}

/* A principal bound to patients hears the same of every other one, of none and of several. */
static enum step judge_found(struct exchange *x)
{
    const struct found_by *found = &x->choosing->found;
    bool bound = x->principal && x->principal->patients_bound && str_is(found->slot->kind, "patient");

    if (found->matches == 1 && !found->slot->found.ptr)
        return exchange_fail(x, ERR_UPSTREAM, "the look-up's answer is not an entity of this brand");
    if (bound && !(found->matches == 1 && principal_may_patient(x->principal, found->slot->found)))
        return exchange_fail(x, ERR_FORBIDDEN_PATIENT, "the principal is bound to other patients");
    return found->matches > 1 ? refuse(x, FAULT_EQUALS, STR("a query that exactly one entity fits")) : STEP_NEXT;
}

enum step stage_choose(struct exchange *x)
{
    if (!x->operation->choose.lookup.len)
        return STEP_NEXT;
    if (judge_found(x) == STEP_FAIL)
        return STEP_FAIL;
    x->choosing->none = !x->choosing->found.matches;
    if (x->choosing->none)
        return STEP_NEXT;
    const struct id_slot *slot = &x->choosing->slot;
    struct id_query *id = ARENA_NEW(x->arena, struct id_query);
    exchange_name(x, slot->kind, slot->found, id);
    x->batch = (struct store_batch){ .ids = id, .id_count = 1 };
    return exchange_batch(x, STEP_NEXT);
}

/* The exchange goes on as if its client had sent the operation that fits: its scopes are judged like any other's. */
enum step stage_become(struct exchange *x)
{
    if (!x->operation->choose.lookup.len)
        return STEP_NEXT;
    const struct choose *choose = &x->operation->choose;
    if (!x->choosing->none)
        x->route.path[0] = x->batch.ids[0].found;
    x->operation = x->choosing->none ? choose->missing : choose->found;
    x->bound = x->operation->bound;
    x->arguments = (struct arguments){ 0 };
    exchange_go(x, stage_permit);
    return STEP_AGAIN;
}

const struct operation *exchange_asked(const struct exchange *x)
{
    return x->choosing ? x->choosing->as : x->operation;
}

static void on_pause(struct deadline *deadline)
{
    struct choosing *choosing = CONTAINER(deadline, struct choosing, pause);

    exchange_came(choosing->found.x, NULL);
}

bool exchange_choose_again(struct exchange *x, enum err_code code)
{
    struct choosing *choosing = x->choosing;
    uint64_t pause_ms = FIRST_PAUSE_MS;

    if (!choosing || !choosing->none || code != ERR_CONFLICT || choosing->seeks == SEEKS_MAX)
        return false;
    exchange_free_calls(x);
    upstream_call_free(x->flow->upstream, &choosing->found.call);
    exchange_leave_kept(x, &choosing->found.kept);
    x->operation = choosing->as;
    x->bound = x->operation->bound;
    x->arguments = (struct arguments){ 0 };
    x->item_count = x->item_next = x->lookup_count = 0;
    x->writing = false; /* nothing was stored */
    turn_leave(&x->turn);
    for (unsigned i = 0; i < choosing->seeks; i++)
        pause_ms *= 3;
    choosing->seeks++;
    exchange_go(x, stage_seek);
    choosing->pause.run = on_pause;
    exchange_wait(x);
    deadline_set(x->flow->loop, &choosing->pause, pause_ms);
    return true;
}

struct str exchange_choose_add(struct exchange *x, struct str canonical)
{
    const struct choose *choose = x->choosing ? &x->choosing->as->choose : NULL;
    struct str pair = choose && x->choosing->none ? arguments_find(&x->choosing->found.arguments, choose->pair) : STR_NONE;
    struct buf json = buf_in(x->arena, pair.len * 6 + 1024), merged = buf_in(x->arena, SIZE_MAX);
    struct tape_fault fault;
    struct tape own, said;
    struct str name, value;
    bool first = true;

    if (!pair.len)
        return canonical;
    buf_char(&json, '{');
    json_name(&json, &first, choose->member);
    buf_char(&json, '{');
    first = true;
    pair_split(x->arena, pair, &name, &value);
    json_member_string(&json, &first, name, value);
    buf_add(&json, STR("}}"));
    if (!tape_read(&own, x->arena, buf_str(&json), &tape_known_limits, &fault) ||
        !tape_read(&said, x->arena, canonical, &tape_known_limits, &fault))
        return canonical;
    json_merge_patch(&merged, &own, 0, &said, 0); /* what the document says itself wins */
    return buf_str(&merged);
}

struct str exchange_choose_then(const struct exchange *x)
{
    const struct choose *choose = x->choosing ? &x->choosing->as->choose : NULL;

    return choose && x->choosing->none ? arguments_find(&x->choosing->found.arguments, choose->then) : STR_NONE;
}

void exchange_free_choosing(struct exchange *x)
{
    if (!x->choosing)
        return;
    deadline_clear(x->flow->loop, &x->choosing->pause);
    upstream_call_free(x->flow->upstream, &x->choosing->found.call);
    exchange_leave_kept(x, &x->choosing->found.kept);
}
