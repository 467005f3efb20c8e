/* Updates: a member that is not exact is compared with what the client was shown, so that what was read and is
 * written back changes nothing. */
#include "flow/stages.h"

static void on_stored(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                      void *data)
{
    struct exchange *x = data;

    (void)call;
    if (answer)
        x->stored = *answer;
    exchange_came(x, err && err->code == ERR_NOT_FOUND ? exchange_forget_gone(x, err) : err);
}

struct str exchange_own_id(const struct exchange *x, struct str kind)
{
    size_t own = route_own_id(x->operation, kind);

    return own < x->operation->path_count ? arguments_find(&x->arguments, x->operation->path[own].to) : STR_NONE;
}

void exchange_read_rest(struct exchange *x, const struct lens *lens)
{
    struct rest_read *read = ARENA_NEW(x->arena, struct rest_read);
    struct str kind = lens_entity(lens);

    read->key = (struct rest_key){ .dialect = x->dialect->name,
                                   .kind = kind,
                                   .brand = x->brand,
                                   .canonical_id = exchange_own_id(x, kind) };
    x->batch = (struct store_batch){ .reads = read, .read_count = 1 };
}

/* The backend itself refuses what would put an object in the place of something else. If it does, everything from the reading on
 * is done. */
static bool may_be_strict(const struct exchange *x)
{
    return !x->stays_lax && contract_offers(x->bound->call, STR("strict_merge"));
}

bool exchange_needs_stored(struct exchange *x)
{
    enum lens_need need = x->item_count ? lens_needs(x->operation->lens, &x->body, x->items[0].at) : LENS_NEEDS_NOTHING;

    x->strict = need == LENS_NEEDS_OBJECTS && may_be_strict(x);
    return need == LENS_NEEDS_STORED || (need == LENS_NEEDS_OBJECTS && !x->strict) ||
           (x->item_count && x->items[0].judged_later);
}

/* The operation that shows at this path the version that the client's condition is about, if it is not this one. */
static const struct operation *other_shows(const struct exchange *x)
{
    return exchange_has_condition(x) ? x->operation->versioned_by : NULL;
}

/* How the entity of the path is read: for the comparison of an update, or for a condition alone. */
static const struct contract_call *reader(const struct exchange *x)
{
    const struct operation *other = other_shows(x);

    return x->bound->stored || !other ? x->bound->stored : ((const struct bound *)other->bound)->call;
}

/* The entity and what its dialect keeps beside it, asked for at the same time. */
enum step stage_stored(struct exchange *x)
{
    struct upstream_request request = { .call = reader(x) };
    const struct operation *other = other_shows(x);

    if (!request.call)
        return STEP_NEXT;
    if (!x->compared && !exchange_must_read(x) && !x->operation->whole && !exchange_has_condition(x))
        return STEP_NEXT;
    x->strict = false; /* what is read is compared */
    exchange_arguments(x, request.call, NULL, 0, &request);
    exchange_wait(x);
    x->stored_by = request.call;
    x->stored_call = exchange_call(x, &request, on_stored, x);
    exchange_read_rest(x, other ? other->lens : x->operation->lens);
    (void)exchange_batch(x, STEP_WAIT);
    return STEP_WAIT;
}

/* What was read, with what is kept beside it. */
static struct shown read_one(struct exchange *x)
{
    struct tape *rest = ARENA_NEW(x->arena, struct tape);
    struct tape_fault fault;

    x->stored_rest = x->batch.reads[0].json.len ? x->batch.reads[0].json : STR("");
    bool kept = x->stored_rest.len && tape_read(rest, x->arena, x->stored_rest, &tape_known_limits, &fault);
    return (struct shown){ .tape = &x->stored.document, .rest = kept ? rest : NULL };
}

/* What its client was shown, and the version that this is. */
static int get_echo(struct exchange *x, struct str *version)
{
    const struct lens_context context = exchange_context(x);
    struct shown shown = read_one(x);

    x->echo = buf_in(x->arena, SIZE_MAX);
    if (exchange_show(x, &shown, &context, &x->echo, &x->echo_ids))
        return -1;
    *version = shown.version;
    return 0;
}

/* An entity of another patient than the one that the path names beside it, or of nobody. */
static bool is_elsewhere(const struct exchange *x, const struct tape *tape, uint32_t at)
{
    return x->path_patient.len && !str_eq(exchange_text(x, tape, at, STR("patient_id")), x->path_patient);
}

enum step stage_place(struct exchange *x)
{
    for (size_t i = 0; i < x->shown_count && !x->stored_call; i++) /* else it was judged before it was changed */
        if (is_elsewhere(x, x->shown[i].tape, x->shown[i].at))
            return exchange_fail(x, ERR_NOT_FOUND, "the entity is not of the patient in the path");
    return STEP_NEXT;
}

static enum step judge_other(struct exchange *x)
{
    struct shown shown = read_one(x);

    return exchange_judge_other(x, &shown);
}

enum step stage_compare(struct exchange *x)
{
    struct str shown;

    if (!x->stored_call)
        return STEP_NEXT;
    if (!x->stored.document.count)
        return exchange_fail(x, ERR_UPSTREAM, "the stored entity came without a body");
    if (!exchange_may_see(x, x->stored_by, &x->stored.document, 0))
        return exchange_fail(x, ERR_NOT_FOUND, "the stored entity is of another brand or patient");
    if (is_elsewhere(x, &x->stored.document, 0))
        return exchange_fail(x, ERR_NOT_FOUND, "the stored entity is not of the patient in the path");
    if (exchange_is_another(x, exchange_text(x, &x->stored.document, 0, STR("id"))))
        return exchange_fail(x, ERR_UPSTREAM, "the backend answered with another entity than the stored one");
    if (exchange_tell_withheld(x) == STEP_FAIL)
        return STEP_FAIL;
    if (other_shows(x) && judge_other(x) == STEP_FAIL)
        return STEP_FAIL;
    if (!x->item_count || !x->bound->stored)
        return STEP_NEXT;
    if (get_echo(x, &shown) || exchange_judge_condition(x, shown) == STEP_FAIL)
        return STEP_FAIL;
    struct id_query *ids = ARENA_ARRAY(x->arena, struct id_query, x->echo_ids.count);
    for (size_t i = 0; i < x->echo_ids.count; i++)
        exchange_name(x, x->echo_ids.items[i].kind, x->echo_ids.items[i].given, &ids[i]);
    x->batch = (struct store_batch){ .ids = ids, .id_count = x->echo_ids.count };
    return x->echo_ids.count ? exchange_batch(x, STEP_NEXT) : STEP_NEXT;
}

/* A look-up document of a place is only itself; ids of one may be several. */
static bool is_same_place(const struct id_slot *a, const struct id_slot *b)
{
    return str_eq(a->path, b->path) && str_eq(a->lookup, b->lookup) && (a->lookup.len || str_eq(a->given, b->given));
}

/* The slot of the same place, or the number of slots. Both lists are in the order of the document, so it is looked for
 * from `at`, where the one before was. */
static size_t find_place(const struct id_slots *slots, size_t at, const struct id_slot *wanted)
{
    for (size_t i = 0; i < slots->count; i++)
        if (is_same_place(&slots->items[(at + i) % slots->count], wanted))
            return (at + i) % slots->count;
    return slots->count;
}

/* Ids as they were asked for, taken over by their place; false when there is one that was not. */
static bool take_over(const struct id_slots *from, struct id_slots *to)
{
    for (size_t i = 0, at = 0; i < to->count; i++) {
        at = find_place(from, at, &to->items[i]);
        if (at == from->count)
            return false;
        to->items[i].found = from->items[at].found;
    }
    return true;
}

/* The members that are wrong, now that what is stored is known. */
static enum step refuse_patch(struct exchange *x, const struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        exchange_add_fault(x, faults->items[i], 0);
    return STEP_FAIL;
}

/* Where each look-up's id goes now, if anywhere. */
static void move_lookups(struct exchange *x, struct id_slots *to)
{
    size_t at = 0;

    for (size_t i = 0; i < x->lookup_count; i++) {
        size_t place = find_place(to, at, x->lookups[i].slot);
        at = place < to->count ? place : at;
        x->lookups[i].now = place < to->count ? &to->items[place] : NULL;
    }
}

/* The backend's version to insist on: the client's own, if it named one (RFC 9110 section 13.1.1), else the one compared with. */
static struct str version(struct exchange *x)
{
    struct str named = exchange_condition(x);

    x->own_version = named.len && !str_is(str_trim(named), "*");
    return x->own_version ? named : arena_copy(x->arena, x->stored.etag);
}

enum step stage_patch(struct exchange *x)
{
    struct lens_context context = exchange_context(x);
    struct tape shown;
    struct tape_fault fault;

    if (!x->stored_call || !x->item_count || !x->bound->stored)
        return STEP_NEXT;
    struct item *item = &x->items[0];
    for (size_t i = 0; i < x->echo_ids.count; i++)
        x->echo_ids.items[i].found = x->batch.ids[i].found;
    struct buf text = buf_in(x->arena, SIZE_MAX);
    lens_fill(buf_str(&x->echo), &x->echo_ids, 0, &text);
    if (!tape_read(&shown, x->arena, buf_str(&text), &tape_known_limits, &fault))
        return exchange_fail(x, ERR_INTERNAL, "what is shown does not read back: %s", fault.what);
    if (x->operation->whole && exchange_complete(x, &shown))
        return STEP_FAIL;
    context.stored = &x->stored.document;
    struct lens_put again = { .canonical = buf_in(x->arena, SIZE_MAX), .rest = buf_in(x->arena, SIZE_MAX) };
    if (lens_put(x->operation->lens, &x->body, item->at, &shown, &context, x->arena, &again, &x->err))
        return refuse_patch(x, &again.faults);
    if (!x->attempts)
        item->asked = item->put.ids;
    if (!take_over(&item->asked, &again.ids))
        return exchange_fail(x, ERR_INTERNAL, "the comparison names an id that the document did not");
    move_lookups(x, &again.ids);
    item->put = again;
    x->if_match = version(x);
    return STEP_NEXT;
}
