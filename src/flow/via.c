/* What is asked for stands in another entity, which the path names (`via:` in dialect.yaml): the group of a programme. That
 * one is read first, with the arguments of the request; its member is the argument of the call. */
#include "flow/stages.h"

static void on_via(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err, void *data)
{
    struct exchange *x = data;

    (void)call;
    if (answer)
        x->via_answer = *answer;
    exchange_came(x, err);
}

enum step stage_via(struct exchange *x)
{
    struct upstream_request request = { .call = x->bound->via };

    if (!request.call)
        return STEP_NEXT;
    exchange_arguments(x, request.call, NULL, 0, &request);
    exchange_wait(x);
    x->via_call = exchange_call(x, &request, on_via, x);
    return STEP_WAIT;
}

enum step stage_found(struct exchange *x)
{
    if (!x->bound->via)
        return STEP_NEXT;
    const struct tape *tape = &x->via_answer.document;
    struct str via = tape->count && exchange_may_see(x, x->bound->via, tape, 0)
                         ? exchange_text(x, tape, 0, x->operation->via.member)
                         : STR_NONE;
    if (!via.len)
        return exchange_fail(x, ERR_NOT_FOUND, "the entity has no '" STR_FMT "'", STR_ARG(x->operation->via.member));
    arguments_add(&x->arguments, x->arena, x->operation->via.to, via, NULL);
    return STEP_NEXT;
}
