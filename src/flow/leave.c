/* A client that leaves, and time that runs out. What only reads is given up at once. What has begun to write goes on to its
 * end without its client: half a write (an entity without what its dialect keeps beside it, an erasure that the store
 * never heard of) is worse than one nobody waits for. */
#include "flow/stages.h"

#include "conf/conf.h"

static bool only_reads(struct str method)
{
    return str_is(method, "GET") || str_is(method, "HEAD");
}

static const struct http_header *copy_headers(struct arena *arena, const struct http_head *head)
{
    struct http_header *headers = ARENA_ARRAY(arena, struct http_header, head->header_count + 1);

    for (size_t i = 0; i < head->header_count; i++)
        headers[i] = (struct http_header){ .name = arena_copy(arena, head->headers[i].name),
                                           .value = arena_copy(arena, head->headers[i].value) };
    return headers;
}

const struct http_head *exchange_own_head(struct arena *arena, const struct http_head *head)
{
    if (only_reads(head->method))
        return head;
    struct http_head *own = ARENA_NEW(arena, struct http_head);
    *own = *head;
    own->method = arena_copy(arena, head->method);
    own->target = arena_copy(arena, head->target);
    own->path = arena_copy(arena, head->path);
    own->query = head->query.ptr ? arena_copy(arena, head->query) : STR_NONE;
    own->host = arena_copy(arena, head->host);
    own->peer = arena_copy(arena, head->peer);
    own->body = arena_copy(arena, head->body);
    own->headers = copy_headers(arena, head);
    return own;
}

static void nobody(const struct flow_answer *answer, void *data)
{
    (void)answer;
    (void)data;
}

void flow_cancel(struct exchange *exchange)
{
    if (!exchange->writing) {
        exchange_release(exchange);
        return;
    }
    if (!exchange->gone) /* else its time ran out now */
        exchange->flow->left_bytes += exchange->head->body.len;
    exchange->gone = true;
    exchange->done = nobody;
}

/* The server counts the bodies of those who wait. Who sends and leaves, again and again, must not have more. */
enum step exchange_may_write(struct exchange *x)
{
    size_t most = (size_t)x->flow->gateway->conf->limits.buffered_mb * 1024 * 1024;

    if (x->writing || x->flow->left_bytes <= most)
        return STEP_NEXT;
    return exchange_fail(x, ERR_UNAVAILABLE, "too much is being written for clients that left");
}

/* No client waits longer than limits.exchange_ms. An exchange that writes is answered then, and goes on without it. */
void exchange_on_deadline(struct deadline *deadline)
{
    struct exchange *x = CONTAINER(deadline, struct exchange, deadline);
    struct err err;

    (void)err_set(&err, ERR_UPSTREAM_TIMEOUT, "the exchange took longer than limits.exchange_ms");
    if (x->writing) {
        struct err so_far = x->err;
        x->err = err;
        exchange_refuse(x);
        x->err = so_far;
        x->ended = false;
        flow_cancel(x);
        return;
    }
    x->pending = 1;
    exchange_came(x, &err);
}
