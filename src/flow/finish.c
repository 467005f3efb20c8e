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

static void fill(struct exchange *x, struct buf *body)
{
    enum { ID_ROOM = 64 };

    for (size_t i = 0, named = 0; i < x->slots.count; i++) {
        named += !is_again(&x->slots, i);
        x->slots.items[i].found = x->batch.ids[named - 1].found;
    }
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
