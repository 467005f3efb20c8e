/* The file to read first: the table below is the life of a request. */
#include "flow/stages.h"

#include "base/clock.h"
#include "base/codec.h"
#include "conf/conf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum {
    POOL_BYTES = 16 * 1024 * 1024,   /* of blocks for requests that need more than their first */
    RESERVE_BYTES = 16 * 1024 * 1024 /* of a request that has used up its memory: to end a stage, and to say so */
};

/* The way of a request, in order. Reading this table is reading the gateway. */
static const struct {
    const char *name;
    stage_fn *run;
} way[] = {
    { "route", stage_route },             /* host, path, headers         -> facade, operation         */
    { "credential", stage_credential },   /* header                      -> principal                 */
    { "permit", stage_permit },           /* principal                   -> brand; scopes judged      */
    { "parameters", stage_parameters },   /* query, media types          -> canonical arguments       */
    { "seek", stage_seek },               /* a look-up of the body       -> canonical arguments       */
    { "sought", stage_sought },           /*                             -> what there is             */
    { "sought kept", stage_sought_kept }, /*                             -> and by what is kept       */
    { "choose", stage_choose },           /* none, one or several        -> the id of what there is   */
    { "become", stage_become },           /*                             -> another operation         */
    { "decode", stage_decode },           /* dialect bytes               -> canonical documents       */
    { "resolve", stage_resolve },         /* dialect ids                 -> canonical ids, one batch  */
    { "judge", stage_judge },             /* ids                         -> known, permitted          */
    { "lookup", stage_lookup },           /* look-up documents           -> ids of what exists        */
    { "looked kept", stage_lookup_kept }, /*                             -> and by what is kept       */
    { "members", stage_members },         /* patients named              -> their groups              */
    { "belong", stage_judge_members },    /*                             -> permitted                 */
    { "kept", stage_kept },               /* a list by what is kept      -> ids from the store        */
    { "kept both", stage_kept_both },     /*                             -> and from the backend      */
    { "kept join", stage_kept_join },     /*                             -> a list by ids             */
    { "mentions", stage_mentions },       /* other ids of the body       -> what those entities know  */
    { "their owners", stage_owners },     /* entities that were read     -> their patients' groups    */
    { "mentioned", stage_judge_mentions }, /*                            -> known, permitted          */
    { "via", stage_via },                 /* ids of the path             -> the entity between        */
    { "its owner", stage_owners },        /*                             -> its patient's groups      */
    { "found", stage_found },             /*                             -> an argument of the call   */
    { "turn", stage_turn },               /* more than one write         -> nobody else's meanwhile   */
    { "stored", stage_stored },           /* an update, or a condition   -> the entity as it is       */
    { "old owner", stage_owners },        /*                             -> its patient's groups      */
    { "compare", stage_compare },         /* the stored entity           -> what its client was shown */
    { "patch", stage_patch },             /*                             -> what really changes       */
    { "condition", stage_condition },     /* If-Match without an ETag    -> nothing is written        */
    { "make", stage_make },               /* look-up documents           -> ids, made where missing   */
    { "made", stage_made },               /*                             -> permitted                 */
    { "beside", stage_beside },           /* what an update keeps        -> what is kept now          */
    { "touch", stage_touch },             /*                             -> it changes, or not        */
    { "call", stage_call },               /* canonical documents         -> the backend's answers     */
    { "owners", stage_owners },           /*                             -> their patients' groups    */
    { "collect", stage_collect },         /* answers                     -> entities, brand judged    */
    { "place", stage_place },             /* a patient in the path       -> the entities are its own  */
    { "settle", stage_settle },           /* what an update keeps        -> the store, durable        */
    { "settled", stage_settled },         /*                             -> or the update once more   */
    { "then", stage_then },               /* ids beside the entity       -> a second call             */
    { "reread", stage_reread },           /* after it                    -> the entity as it is now   */
    { "include", stage_include },         /* ids of what is shown        -> related entities          */
    { "more owners", stage_owners },      /*                             -> their patients' groups    */
    { "included", stage_included },       /*                             -> judged, each once         */
    { "keep", stage_keep },               /* what has no canonical place -> the store, durable        */
    { "rests", stage_rests },             /* what the store read         -> beside each entity        */
    { "turn over", stage_turn_over },     /* all of it is written        -> the next one's turn       */
    { "encode", stage_encode },           /* entities                    -> dialect bytes with gaps   */
    { "name", stage_name },               /* canonical ids               -> dialect ids, durable      */
    { "finish", stage_finish },           /* gaps filled                 -> the answer                */
};

const struct err exchange_no_memory = { .code = ERR_TOO_LARGE,
                                        .detail = "the request needs more memory than it may have" };

/* Nothing failed, and there is memory left. The first stage finds out whose errors to speak. */
static bool may_go_on(struct exchange *x)
{
    if (x->at && !x->err.code && arena_is_short(x->arena))
        x->err = exchange_no_memory;
    return !x->err.code;
}

/* Runs stages until one waits; false when the exchange has ended and is gone. */
static bool run(struct exchange *x)
{
    x->running = true;
    while (!x->ended && !x->pending) {
        enum step step = may_go_on(x) ? way[x->at].run(x) : STEP_FAIL;
        switch (step) {
        case STEP_NEXT:
        case STEP_WAIT:
            x->at++;
            break;
        case STEP_AGAIN:
            break;
        case STEP_FAIL:
            err_wrap(&x->err, "%s", way[x->at < COUNT(way) ? x->at : COUNT(way) - 1].name);
            exchange_refuse(x);
            break;
        }
    }
    x->running = false;
    if (!x->ended)
        return true;
    exchange_release(x);
    return false;
}

void exchange_wait(struct exchange *x)
{
    x->pending++;
}

void exchange_came(struct exchange *x, const struct err *err)
{
    x->pending--;
    if (err && !x->err.code) {
        x->err = *err;
        if (err->code == ERR_INVALID && x->operation && !x->operation->has_body)
            x->err.code = ERR_BAD_REQUEST; /* the backend's 400, but there is no body that could have invalid members */
        x->pending = 0; /* the others are given up with the exchange */
    }
    if (!x->running && !x->pending)
        (void)run(x);
}

enum step exchange_fail(struct exchange *x, enum err_code code, const char *fmt, ...)
{
    va_list ap;

    x->err.code = code;
    x->err.after_s = 0;
    va_start(ap, fmt);
    if (vsnprintf(x->err.detail, sizeof x->err.detail, fmt, ap) < 0)
        x->err.detail[0] = '\0';
    va_end(ap);
    return STEP_FAIL;
}

int exchange_tell(struct exchange *x, enum err_code code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (vsnprintf(x->reason, sizeof x->reason, fmt, ap) < 0)
        x->reason[0] = '\0';
    va_end(ap);
    return err_set(&x->err, code, "%s", x->reason);
}

void exchange_go(struct exchange *x, stage_fn *stage)
{
    for (x->at = 0; way[x->at].run != stage; x->at++)
        assert(x->at + 1 < COUNT(way));
}

/* A client's id is passed on only if it is short and harmless (it goes to logs and headers). */
static bool request_id_allowed(struct str id)
{
    if (!id.len || id.len > 64)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
              c == '.'))
            return false;
    }
    return true;
}

static void set_request_id(struct exchange *x)
{
    struct str sent = http_find(x->head, STR("x-request-id"), NULL);

    if (request_id_allowed(sent)) {
        memcpy(x->request_id_text, sent.ptr, sent.len);
        x->request_id = str_of(x->request_id_text, sent.len);
    } else {
        random_uuid(x->request_id_text);
        x->request_id = str_of(x->request_id_text, UUID_LEN);
    }
    x->traceparent = http_find(x->head, STR("traceparent"), NULL);
    if (x->traceparent.len > 64)
        x->traceparent = STR_NONE;
}

struct exchange *flow_start(struct flow *flow, const struct http_head *head, enum err_code fault,
                            const struct dialect *bound, flow_done_fn *done, void *data)
{
    struct arena *arena = flow->spare_count ? flow->spare[--flow->spare_count]
                                            : arena_new_pooled(flow->memory, RESERVE_BYTES, flow->pool);
    struct exchange *x = ARENA_NEW(arena, struct exchange);

    x->flow = flow;
    x->arena = arena;
    x->head = exchange_own_head(arena, head);
    x->server_fault = fault;
    x->bound_dialect = bound;
    x->done = done;
    x->data = data;
    x->started_us = clock_monotonic_us();
    set_request_id(x);
    x->next = flow->first;
    x->link = &flow->first;
    if (x->next)
        x->next->link = &x->next;
    flow->first = x;
    x->deadline.run = exchange_on_deadline;
    deadline_set(flow->loop, &x->deadline, flow->gateway->conf->limits.exchange_ms);
    return run(x) ? x : NULL;
}

void exchange_free_calls(struct exchange *x)
{
    struct upstream *upstream = x->flow->upstream;

    for (size_t i = 0; i < x->fetched_count; i++)
        upstream_call_free(upstream, &x->fetched[i].call);
    for (size_t i = 0; i < x->item_count; i++) {
        upstream_call_free(upstream, &x->items[i].call);
        for (size_t k = 0; k < THENS_MAX; k++)
            upstream_call_free(upstream, &x->items[i].then_calls[k]);
        upstream_call_free(upstream, &x->items[i].read_call);
    }
    for (size_t i = 0; i < x->lookup_count; i++) {
        upstream_call_free(upstream, &x->lookups[i].call);
        exchange_leave_kept(x, &x->lookups[i].kept);
    }
    exchange_leave_kept(x, &x->kept);
    exchange_free_including(x);
    exchange_free_mentions(x);
    upstream_call_free(upstream, &x->via_call);
    upstream_call_free(upstream, &x->stored_call);
}

void exchange_release(struct exchange *x)
{
    struct flow *flow = x->flow;
    struct arena *arena = x->arena;

    if (x->batch_pending)
        store_batch_detach(&x->batch);
    if (x->ask_pending)
        auth_ask_detach(&x->ask);
    if (x->record_pending)
        store_record_detach(&x->record);
    if (x->grant_pending)
        grant_detach(x->grant);
    exchange_leave_forgetting(x);
    turn_leave(&x->turn);
    exchange_free_calls(x);
    exchange_free_owners(x);
    exchange_free_choosing(x);
    deadline_clear(flow->loop, &x->deadline);
    if (x->principal)
        principal_release(&x->principal);
    if (x->gone)
        flow->left_bytes -= x->head->body.len;
    *x->link = x->next;
    if (x->next)
        x->next->link = x->link;
    if (flow->spare_count == COUNT(flow->spare)) {
        arena_free(&arena);
        return;
    }
    arena_reset(arena);
    flow->spare[flow->spare_count++] = arena;
}

static size_t memory_of(const struct conf *conf)
{
    return 64u * 1024 * 1024 + conf->limits.body_kb * 1024 * 24 + conf->backend.body_kb * 1024 * 8;
}

struct flow *flow_new(struct gateway *gateway, struct loop *loop, struct upstream *upstream)
{
    struct flow *flow = ARENA_NEW(gateway->arena, struct flow);

    flow->gateway = gateway;
    flow->loop = loop;
    flow->upstream = upstream;
    flow->auth = auth_cache_new(gateway->auth);
    flow->pool = arena_pool_new(POOL_BYTES);
    flow->memory = memory_of(gateway->conf);
    turn_door_init(&flow->door, gateway->turns, loop);
    return flow;
}

void flow_free(struct flow **flow)
{
    if (!*flow)
        return;
    while ((*flow)->first)
        exchange_release((*flow)->first);
    while ((*flow)->spare_count)
        arena_free(&(*flow)->spare[--(*flow)->spare_count]);
    arena_pool_free(&(*flow)->pool);
    auth_cache_free(&(*flow)->auth);
    *flow = NULL;
}

bool flow_is_idle(const struct flow *flow)
{
    return !flow->first;
}

struct auth_counts flow_auth_counts(const struct flow *flow)
{
    return auth_cache_counts(flow->auth);
}

uint64_t flow_undo_failures(const struct flow *flow)
{
    return flow->undo_failures;
}

struct call_counts flow_call_counts(const struct flow *flow)
{
    return upstream_counts(flow->upstream);
}
