/* Dialect ids for the gaps of the answer, durable before it goes out; and its end. */
#include "flow/stages.h"

#include "base/clock.h"

/* An entity's own id often stands several times in it, one after the other: as the id, and in its links. */
static bool is_again(const struct id_slots *slots, size_t i)
{
    return i && str_eq(slots->items[i].given, slots->items[i - 1].given) &&
           str_eq(slots->items[i].kind, slots->items[i - 1].kind);
}

/* The entity that the slot itself names (not one that it only speaks of), or NULL. */
static const struct shown *named_by(const struct exchange *x, size_t slot, size_t *entity)
{
    while (*entity + 1 < x->shown_count && x->shown[*entity + 1].first_slot <= slot)
        ++*entity;
    if (*entity >= x->shown_count || x->shown[*entity].first_slot > slot)
        return NULL;
    const struct shown *shown = &x->shown[*entity];
    return str_eq(x->slots.items[slot].given, shown->canonical_id) ? shown : NULL;
}

/* An id allocated for an entity itself is erased with the patient it belongs to. */
enum step stage_name(struct exchange *x)
{
    struct id_query *ids = ARENA_ARRAY(x->arena, struct id_query, x->slots.count);
    size_t count = 0, entity = 0;

    for (size_t i = 0; i < x->slots.count; i++) {
        const struct id_slot *slot = &x->slots.items[i];
        const struct shown *own = named_by(x, i, &entity);
        if (is_again(&x->slots, i))
            continue;
        exchange_name(x, slot->kind, slot->given, &ids[count]);
        ids[count++].owner = own ? own->owner : STR_NONE;
    }
    if (!count)
        return STEP_NEXT;
    x->batch = (struct store_batch){ .ids = ids, .id_count = count };
    return exchange_batch(x, STEP_NEXT);
}

static void take_names(struct exchange *x)
{
    for (size_t i = 0, named = 0; i < x->slots.count; i++) {
        named += !is_again(&x->slots, i);
        x->slots.items[i].found = x->batch.ids[named - 1].found;
    }
}

/* It shows what there is, however many; else what is shown was asked for, or stored just now. */
static bool is_list(const struct exchange *x)
{
    return !x->item_count && x->bound->call && x->bound->call->items.len;
}

/* Ids of what was erased, which the backend still names. */
static void find_dangling(struct exchange *x)
{
    size_t entity = 0;

    x->dangling = ARENA_NEW(x->arena, struct id_slots);
    *x->dangling = (struct id_slots){ .items = ARENA_ARRAY(x->arena, struct id_slot, x->slots.count) };
    for (size_t i = 0; i < x->slots.count && !x->partial; i++)
        if (!x->slots.items[i].found.ptr && (is_list(x) || !named_by(x, i, &entity)))
            x->dangling->items[x->dangling->count++] = x->slots.items[i];
}

/* Those of the entities that are there still; returns how many. */
static size_t leave_out(const struct exchange *x, struct shown *shown, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        const struct lens *lens = shown[i].lens ? shown[i].lens : x->operation->lens;
        bool gone = false;
        for (size_t k = 0; k < x->dangling->count && lens; k++)
            gone = gone || (str_eq(x->dangling->items[k].given, shown[i].canonical_id) &&
                            str_eq(x->dangling->items[k].kind, lens_entity(lens)));
        if (!gone)
            shown[kept++] = shown[i];
    }
    return kept;
}

/* True: the answer names what was erased, and is to be written again without that. */
static bool shows_erased(struct exchange *x)
{
    bool any = false;

    if (!x->slots.count)
        return false;
    take_names(x);
    for (size_t i = 0; i < x->slots.count && !any; i++)
        any = !x->slots.items[i].found.ptr;
    if (!any || x->dangling)
        return false;
    find_dangling(x);
    if (!x->dangling->count)
        return false;
    if (is_list(x))
        x->shown_count = leave_out(x, x->shown, x->shown_count);
    x->included_count = leave_out(x, x->included, x->included_count);
    x->slots.count = x->location = 0;
    return true;
}

static void fill(struct exchange *x, struct buf *body)
{
    enum { ID_ROOM = 64 };

    buf_expect(body, x->out.len + x->slots.count * ID_ROOM);
    lens_fill(buf_str(&x->out), &x->slots, 0, body);
}

void exchange_answer(struct exchange *x, int status, struct str content_type, struct str body,
                     const struct http_header *more, size_t more_count)
{
    struct http_header *headers = ARENA_ARRAY(x->arena, struct http_header, more_count + 4);
    size_t count = 0;

    if (content_type.len)
        headers[count++] = (struct http_header){ .name = STR("content-type"), .value = content_type };
    headers[count++] = (struct http_header){ .name = STR("x-request-id"), .value = x->request_id };
    headers[count++] = (struct http_header){ .name = STR("cache-control"), .value = STR("no-store") };
    for (size_t i = 0; i < more_count; i++)
        headers[count++] = more[i];
    struct flow_answer answer = {
        .status = status,
        .headers = headers,
        .header_count = count,
        .body = body,
        .report = { .dialect = x->dialect ? x->dialect->name : STR("none"),
                    .operation = x->operation ? exchange_asked(x)->name : STR_NONE,
                    .request_id = x->request_id,
                    .brand = x->brand,
                    .subject = x->principal ? x->principal->subject : STR_NONE,
                    .err = x->err.code ? &x->err : NULL,
                    .upstream_calls = x->upstream_calls,
                    .micros = clock_monotonic_us() - x->started_us },
    };
    x->ended = true;
    x->done(&answer, x->data);
}

enum step stage_finish(struct exchange *x)
{
    struct buf filled = buf_in(x->arena, SIZE_MAX), body = x->slots.count ? filled : x->out;
    struct http_header headers[ENTITY_HEADERS_MAX];

    if (shows_erased(x)) {
        exchange_go(x, stage_encode);
        return STEP_AGAIN;
    }
    if (x->slots.count)
        fill(x, &body);
    if (!buf_ok(&x->out) || !buf_ok(&body))
        return exchange_fail(x, ERR_INTERNAL, "the answer does not fit");
    if (x->partial) {
        exchange_refuse_partly(x, buf_str(&body));
        return STEP_NEXT;
    }
    size_t count = exchange_entity_headers(x, headers);
    if (exchange_is_unchanged(x))
        exchange_answer(x, 304, STR_NONE, STR_NONE, headers, count);
    else
        exchange_answer(x, exchange_asked(x)->status, x->media, buf_str(&body), headers, count);
    return STEP_NEXT;
}
