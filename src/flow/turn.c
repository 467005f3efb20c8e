/* What an update sends to the backend and what the gateway keeps beside the entity are two writes. Of several updates of one entity
 * that are more than one write, one is under way and the others wait: from before the entity is read until all of it is written,
 * so that it never shows half of one and half of another. What is one write at the backend waits for nobody. */
#include "flow/stages.h"

static bool names_thens(const struct exchange *x)
{
    for (size_t i = 0; i < x->operation->thens.count; i++)
        if (exchange_names_param(&x->items[0], x->operation->thens.calls[i].param))
            return true;
    return false;
}

/* What an update keeps its document says, or the comparison. */
static bool updates_twice(const struct exchange *x)
{
    return x->items[0].put.rest.len > 2 || x->compared || x->operation->whole || names_thens(x);
}

/* A document that may take the place of an earlier one: what was kept beside that one goes, whatever this one keeps. What is new
 * has an id that nobody knows yet. */
static bool replaces(const struct contract_call *call)
{
    return call->replaces || !str_is(call->method, "POST");
}

static bool takes_turn(struct exchange *x)
{
    const struct bound *bound = x->bound;

    x->compared = bound->stored && exchange_needs_stored(x);
    if (!bound->call || !x->item_count || !x->operation->lens)
        return false;
    if (bound->stored)
        return updates_twice(x);
    return replaces(bound->call) && lens_rest(x->operation->lens) == REST_STORE;
}

/* Of what has no id of its own before it is there, the patient: his documents of that kind share a turn. */
static struct str name_of(struct exchange *x)
{
    struct str kind = lens_entity(x->operation->lens);
    struct str id = x->operation->me ? x->principal->patients[0] : exchange_own_id(x, kind);

    return arena_printf(x->arena, STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(kind), STR_ARG(x->brand), STR_ARG(id));
}

static void on_turn(struct turn *turn)
{
    exchange_came(CONTAINER(turn, struct exchange, turn), NULL);
}

/* It may have one already: it is done again. */
enum step stage_turn(struct exchange *x)
{
    if (!takes_turn(x) || x->turn.turns)
        return STEP_NEXT;
    x->turn.came = on_turn;
    switch (turn_take(&x->turn, &x->flow->door, name_of(x))) {
    case TURN_TAKEN:
        return STEP_NEXT;
    case TURN_LATER:
        exchange_wait(x);
        return STEP_WAIT;
    case TURN_REFUSED:
        break;
    }
    return exchange_fail(x, ERR_UNAVAILABLE, "%d updates of the entity are waiting already", TURN_WAITERS_MAX);
}

enum step stage_turn_over(struct exchange *x)
{
    turn_leave(&x->turn);
    return STEP_NEXT;
}
