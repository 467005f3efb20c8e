/* What has no place in the canonical entity goes to the store before the client is told; what the store holds
 * beside the entities to be shown comes back; what was deleted is forgotten. */
#include "flow/stages.h"

static struct rest_key key_of(const struct exchange *x, const struct lens *lens, struct str canonical_id)
{
    return (struct rest_key){ .dialect = x->dialect->name,
                              .kind = lens_entity(lens ? lens : x->operation->lens),
                              .brand = x->brand,
                              .canonical_id = canonical_id };
}

static bool keeps_rests(const struct exchange *x)
{
    return x->included_count || (x->operation->lens && lens_rest(x->operation->lens) == REST_STORE);
}

/* A body says a part of the entity where it is an update's, or another lens judges it. */
static bool says_whole(const struct exchange *x)
{
    return exchange_context(x).mode == LENS_CREATE && x->operation->body_lens == x->operation->lens;
}

/* Nothing is to be written: not what was kept already when this update began, nor values that it is found by, nor whose it is. */
static bool is_kept(const struct exchange *x, const struct item *item)
{
    return x->kept_already && !item->put.finds && !x->insists && !x->shown[item->shown].owner.len;
}

/* What an update was compared with. Another one may have stored what it keeps since, and be the later one at the store only: then
 * this one is done again, as a whole. */
static struct str expected(const struct exchange *x)
{
    bool compared = x->stored_call && x->bound->stored && !x->operation->versioned_by;

    return x->insists || (compared && !x->own_version && x->attempts < RETRIES_MAX) ? x->stored_rest : STR_NONE;
}

static void list_writes(struct exchange *x)
{
    bool is_whole = says_whole(x);

    x->batch.writes = ARENA_ARRAY(x->arena, struct rest_write, x->item_count);
    for (size_t i = 0; i < x->item_count; i++) {
        const struct item *item = &x->items[i];
        if (!item->stored || item->put.rest.len <= 2 || is_kept(x, item))
            continue;
        x->batch.writes[x->batch.write_count++] =
            (struct rest_write){ .key = key_of(x, NULL, item->canonical_id),
                                 .patch = buf_str(&item->put.rest),
                                 .owner = x->shown[item->shown].owner,
                                 .found_by = item->put.finds ? lens_found_by(x->operation->body_lens) : STR_NONE,
                                 .values = item->put.values.items,
                                 .value_count = item->put.values.count,
                                 .only_if = expected(x),
                                 .whole = is_whole };
    }
}

static void on_settled(struct store_batch *batch, const struct err *err, void *data)
{
    struct exchange *x = data;

    (void)batch;
    x->batch_pending = false;
    x->late = err && err->code == ERR_PRECONDITION && !x->insists;
    exchange_came(x, x->late ? NULL : err);
}

/* What an update keeps is stored as soon as the backend has the rest of it: of two at once the same one shall be the later there
 * and here, else the entity shows half of each. */
enum step stage_settle(struct exchange *x)
{
    bool stored = x->item_count == 1 && x->items[0].stored && x->operation->builtin == BUILTIN_NONE;

    x->settled = x->late = false;
    if (!stored || exchange_context(x).mode == LENS_CREATE || lens_rest(x->operation->lens) != REST_STORE)
        return STEP_NEXT;
    x->batch = (struct store_batch){ 0 };
    list_writes(x);
    x->settled = true;
    return x->batch.write_count ? exchange_batch_to(x, on_settled) : STEP_NEXT;
}

enum step stage_settled(struct exchange *x)
{
    if (!x->late)
        return STEP_NEXT;
    x->late = false;
    x->attempts++;
    exchange_do_again(x);
    return STEP_AGAIN;
}

/* What is new gets its id in the same transaction as its rest: one commit instead of two. The answer's own look-up
 * then meets the cache. */
static void list_names(struct exchange *x)
{
    struct str kind = x->bound->call->entity;

    if (!x->batch.write_count || dialect_id_form(x->dialect, kind) == ID_SAME ||
        exchange_context(x).mode != LENS_CREATE)
        return;
    x->batch.ids = ARENA_ARRAY(x->arena, struct id_query, x->shown_count);
    for (size_t i = 0; i < x->shown_count; i++) {
        if (!x->shown[i].canonical_id.len)
            continue;
        struct id_query *made = &x->batch.ids[x->batch.id_count++];
        exchange_name(x, kind, x->shown[i].canonical_id, made);
        made->owner = x->shown[i].owner;
    }
}

/* First of what is shown, then of what is included, as stage_rests takes them. Of what is shown only where anything may be. */
static void list_reads(struct exchange *x)
{
    const struct rest_key kind = key_of(x, NULL, STR_NONE);
    const bool kept = x->batch.write_count || store_keeps(x->flow->gateway->store, kind.dialect, kind.kind);

    x->shown_reads = kept ? x->shown_count : 0;
    x->batch.reads = ARENA_ARRAY(x->arena, struct rest_read, x->shown_reads + x->included_count);
    for (size_t i = 0; i < x->shown_reads; i++)
        x->batch.reads[x->batch.read_count++].key = key_of(x, NULL, x->shown[i].canonical_id);
    for (size_t i = 0; i < x->included_count; i++)
        x->batch.reads[x->batch.read_count++].key = key_of(x, x->included[i].lens, x->included[i].canonical_id);
}

/* An erasure goes on even if the client leaves, so it lives apart from the exchange. */
struct forgetting {
    struct arena *arena;
    struct exchange *x; /* NULL once the exchange is gone */
    struct err gone;    /* what the exchange ends with then, if anything */
    struct store_erase erase;
};

static void on_erased(struct store_erase *erase, const struct err *err, void *data)
{
    struct forgetting *forgetting = data;
    struct exchange *x = forgetting->x;
    struct arena *arena = forgetting->arena;

    (void)erase;
    if (x) {
        x->forgetting = NULL;
        exchange_came(x, !err && forgetting->gone.code ? &forgetting->gone : err);
    }
    arena_free(&arena);
}

void exchange_leave_forgetting(struct exchange *x)
{
    if (x->forgetting)
        x->forgetting->x = NULL;
    x->forgetting = NULL;
}

/* Whose id a DELETE takes away. Where the call takes several it is one of the call's own kind, else only a link between them
 * ends. NULL: nobody's. */
static const struct parameter *find_gone(const struct exchange *x)
{
    const struct operation *operation = x->operation;
    const struct contract_call *call = x->bound->call;
    size_t own = route_own_id(operation, call->entity), ids = 0;

    for (size_t i = 0; i < operation->path_count; i++)
        ids += operation->path[i].type == PARAMETER_ID && contract_names(call, operation->path[i].to);
    if (own == operation->path_count || (ids > 1 && !str_eq(operation->path[own].kind, call->entity)))
        return NULL;
    return &operation->path[own];
}

/* Crosswalk rows of the entity that the path names become tombstones, rests go. NULL: the path names none. */
static struct forgetting *forget(struct exchange *x)
{
    const struct parameter *gone = find_gone(x);
    struct arena *arena;

    if (!gone)
        return NULL;
    arena = arena_new(SIZE_MAX);
    struct forgetting *made = ARENA_NEW(arena, struct forgetting);
    *made = (struct forgetting){
        .arena = arena,
        .x = x,
        .erase = { .kind = arena_copy(arena, gone->kind),
                   .brand = arena_copy(arena, x->brand),
                   .canonical_id = arena_copy(arena, arguments_find(&x->arguments, gone->to)),
                   .done = on_erased,
                   .data = made },
    };
    x->forgetting = made;
    exchange_wait(x);
    store_erase_start(x->flow->gateway->store, x->flow->loop, &made->erase);
    return made;
}

static bool is_delete(const struct exchange *x)
{
    return x->bound->call && str_is(x->bound->call->method, "DELETE");
}

/* Of somebody who is bound the backend may say so of what is there. */
const struct err *exchange_forget_gone(struct exchange *x, const struct err *err)
{
    struct forgetting *made = is_delete(x) && !exchange_is_bound(x) ? forget(x) : NULL;

    if (!made)
        return err;
    made->gone = *err;
    return NULL;
}

enum step stage_keep(struct exchange *x)
{
    x->batch = (struct store_batch){ 0 };
    if (is_delete(x))
        return forget(x) ? STEP_WAIT : STEP_NEXT;
    if (!keeps_rests(x) || x->operation->builtin != BUILTIN_NONE)
        return STEP_NEXT;
    if (!x->settled)
        list_writes(x);
    list_names(x);
    list_reads(x);
    return x->batch.read_count ? exchange_batch(x, STEP_NEXT) : STEP_NEXT;
}

/* A document may have taken the place of an earlier one: what was kept beside that one, and this one does not say, goes.
 * Only now is it known that there was one; of what is new nothing is asked twice. */
static enum step forget_replaced(struct exchange *x)
{
    struct rest_write *writes = ARENA_ARRAY(x->arena, struct rest_write, x->item_count);
    size_t count = 0;

    for (size_t i = 0; i < x->item_count && says_whole(x); i++) {
        struct shown *shown = x->items[i].stored ? &x->shown[x->items[i].shown] : NULL;
        if (!shown || !shown->rest || x->items[i].put.rest.len > 2)
            continue;
        shown->rest = NULL;
        writes[count++] = (struct rest_write){ .key = key_of(x, NULL, shown->canonical_id),
                                               .patch = STR("{}"),
                                               .owner = shown->owner,
                                               .whole = true };
    }
    x->batch = (struct store_batch){ .writes = writes, .write_count = count };
    return count ? exchange_batch(x, STEP_NEXT) : STEP_NEXT;
}

enum step stage_rests(struct exchange *x)
{
    for (size_t i = 0; i < x->item_count; i++)
        x->partial = x->partial || x->items[i].unshown.code;
    if (x->then_err) {
        x->err = *x->then_err;
        return STEP_FAIL;
    }
    for (size_t i = 0; i < x->batch.read_count; i++) {
        struct str json = x->batch.reads[i].json;
        struct tape_fault fault;
        if (!json.len)
            continue;
        struct shown *shown = i < x->shown_reads ? &x->shown[i] : &x->included[i - x->shown_reads];
        struct tape *rest = ARENA_NEW(x->arena, struct tape);
        if (!tape_read(rest, x->arena, json, &tape_known_limits, &fault))
            return exchange_fail(x, ERR_INTERNAL, "a stored rest does not read: %s", fault.what);
        shown->rest = rest;
    }
    return forget_replaced(x);
}
