/* Second calls after the main one, fed with ids that the body named beside the entity (`then:` in dialect.yaml):
 * memberships, a care team. If one fails, an entity just created is taken back, so that nothing half-happens; of many documents only
 * that one, and the client is told which stay stored. */
#include "flow/stages.h"

#include "base/log.h"
#include "json/write.h"

bool exchange_names_param(const struct item *item, struct str param)
{
    for (size_t i = 0; i < item->put.ids.count; i++)
        if (str_eq(item->put.ids.items[i].param, param))
            return true;
    for (size_t i = 0; i < item->put.params_name.count; i++)
        if (str_eq(item->put.params_name.items[i], param))
            return true;
    return false;
}

/* Ids that an operation with `choose:` gives where its document names none. */
static void add_given(struct exchange *x, struct buf *body)
{
    struct str ids = exchange_choose_then(x), id;
    bool first = true;

    while (ids.len && str_next(&ids, ',', &id)) {
        if (!first)
            buf_char(body, ',');
        first = false;
        json_quote(body, id);
    }
}

/* The id, or the object that it is a member of. */
static void add_value(struct buf *body, const struct id_slot *slot)
{
    bool first = true;

    if (!slot->member.len) {
        json_quote(body, slot->found);
        return;
    }
    buf_char(body, '{');
    json_member_string(body, &first, slot->member, slot->found);
    if (slot->beside.len)
        buf_char(body, ',');
    buf_add(body, slot->beside);
    buf_char(body, '}');
}

/* The list replaces what there is. Of a patient's groups a principal that is bound to some says those only: the others stay. */
static struct str then_body(struct exchange *x, const struct item *item, size_t index)
{
    const struct then *then = &x->operation->thens.calls[index];
    struct buf body = buf_in(x->arena, SIZE_MAX); /* the request's own limits bound it */
    bool first = true;

    buf_char(&body, '{');
    json_name(&body, &first, then->member);
    buf_char(&body, '[');
    first = true;
    if (!exchange_names_param(item, then->param)) /* it is the first, then */
        add_given(x, &body);
    for (size_t i = 0; i < item->put.ids.count; i++) {
        const struct id_slot *slot = &item->put.ids.items[i];
        if (!str_eq(slot->param, then->param))
            continue;
        if (!first)
            buf_char(&body, ',');
        first = false;
        add_value(&body, slot);
    }
    if (str_is(x->bound->thens[index]->entity, "group"))
        exchange_add_other_groups(x, item->canonical_id, &first, &body);
    buf_add(&body, STR("]}"));
    return buf_str(&body);
}

/* The request of a call about the item's own entity. */
static struct upstream_request about(struct exchange *x, const struct item *item, const struct contract_call *call)
{
    struct upstream_request request = { .call = call };
    struct upstream_argument *own = ARENA_NEW(x->arena, struct upstream_argument);

    *own = (struct upstream_argument){ .name = contract_key(call), .value = item->canonical_id };
    exchange_arguments(x, call, own, 1, &request);
    return request;
}

static void on_then(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                    void *data)
{
    struct item *item = data;

    (void)call;
    if (!answer)
        item->err = *err;
    exchange_came(item->x, NULL);
}

/* Those for which the document says something; the first one's ids may be given by the operation. */
static bool start_thens(struct exchange *x, struct item *item)
{
    bool any = false;

    for (size_t i = 0; i < x->operation->thens.count; i++) {
        const struct then *then = &x->operation->thens.calls[i];
        if (!exchange_names_param(item, then->param) && (i || !exchange_choose_then(x).len))
            continue;
        struct upstream_request request = about(x, item, x->bound->thens[i]);
        request.body = then_body(x, item, i);
        exchange_wait(x);
        item->then_calls[i] = exchange_call(x, &request, on_then, item);
        any = true;
    }
    return any;
}

/* A few documents at a time. */
enum step stage_then(struct exchange *x)
{
    unsigned started = 0;

    while (x->then_next < x->item_count && started < ITEM_CALLS_AT_ONCE) {
        struct item *item = &x->items[x->then_next++];
        started += item->stored && start_thens(x, item);
    }
    return started ? STEP_AGAIN : STEP_NEXT;
}

static bool any_then(const struct item *item)
{
    for (size_t i = 0; i < THENS_MAX; i++)
        if (item->then_calls[i])
            return true;
    return false;
}

/* It has been judged as what it was before; any other entity has not. */
static bool is_the_same(const struct item *item, const struct tape *tape)
{
    return str_eq(exchange_text(item->x, tape, 0, STR("id")), item->canonical_id) &&
           exchange_is_of_brand(item->x, item->x->bound->then_read->entity, tape, 0);
}

/* What was stored stays stored, so a reading that fails is told only after the rests are kept. */
static void on_read(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                    void *data)
{
    struct item *item = data;

    (void)call;
    if (err) {
        item->unshown = *err;
    } else if (answer->document.count && !is_the_same(item, &answer->document)) {
        (void)err_set(&item->unshown, ERR_UPSTREAM, "read again, the backend answered with another entity");
    } else if (answer->document.count) {
        item->answer = *answer;
        item->x->shown[item->shown].tape = &item->answer.document;
        item->x->shown[item->shown].at = 0;
    }
    exchange_came(item->x, NULL);
}

/* What cannot be taken back is there: its client is told so, with the failure that came first, and whoever runs the
 * gateway, too. What has gone already is taken back. */
static void on_undone(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                      void *data)
{
    struct item *item = data;

    (void)call;
    (void)answer;
    item->undo_failed = err && err->code != ERR_NOT_FOUND;
    if (item->undo_failed) {
        struct exchange *x = item->x;
        item->unshown = item->err;
        x->flow->undo_failures++;
        log_line(LOG_ERROR, "request " STR_FMT ", " STR_FMT ": an entity without what belongs to it could not be taken back: %s",
                 STR_ARG(x->request_id), STR_ARG(exchange_asked(x)->name), err_name(err->code));
    }
    exchange_came(item->x, NULL);
}

static void start_undo(struct exchange *x, struct item *item)
{
    struct upstream_request request = about(x, item, x->bound->then_undo);

    item->undone = true;
    exchange_wait(x);
    item->read_call = exchange_call(x, &request, on_undone, item);
}

/* What was taken back is neither stored nor shown any more. */
static enum step leave_out_undone(struct exchange *x, const struct item *failed)
{
    size_t kept = 0;

    for (size_t i = 0; i < x->item_count; i++) {
        struct item *item = &x->items[i];
        item->stored = item->stored && (!item->undone || item->undo_failed);
        if (!item->stored)
            continue;
        x->shown[kept] = x->shown[item->shown];
        item->shown = kept++;
    }
    x->shown_count = kept;
    x->partial = true;
    if (kept)
        return STEP_NEXT;
    x->err = failed->err;
    return STEP_FAIL;
}

enum step stage_reread(struct exchange *x)
{
    const struct item *failed = NULL;
    unsigned started = 0;

    for (size_t i = 0; i < x->item_count && started < ITEM_CALLS_AT_ONCE; i++) {
        struct item *item = &x->items[i];
        if (!any_then(item))
            continue;
        if (item->err.code && x->bound->then_undo && !item->undone) {
            start_undo(x, item);
            return STEP_AGAIN;
        }
        if (item->err.code) {
            failed = item;
            continue;
        }
        if (item->read_call)
            continue;
        struct upstream_request request = about(x, item, x->bound->then_read);
        exchange_wait(x);
        item->read_call = exchange_call(x, &request, on_read, item);
        started++;
    }
    if (started)
        return STEP_AGAIN;
    if (!failed)
        return STEP_NEXT;
    if (!x->bound->then_undo) {
        x->then_err = &failed->err; /* the entity was changed: what is kept beside it follows before this is told */
        return STEP_NEXT;
    }
    return leave_out_undone(x, failed);
}
