/* Related entities that the client asks for beside the answer (`include:` in dialect.yaml; JSON:API section 5.4): one call for
 * each kind, whatever the number of entities shown. Each is judged like the others, and shown once. */
#include "flow/stages.h"

#include "dialect/query.h"

enum { IDS_LONGEST = 32 * 1024 }; /* bytes of a list of ids: a target is no longer */

struct including {
    struct exchange *x;
    const struct include *row;
    struct upstream_call *call;
    struct upstream_answer answer;
};

/* The parameter itself is read with the others (ask.c), so that a wrong name is told before anything is done. */
int exchange_read_includes(struct exchange *x)
{
    struct str names = query_includes(x->operation, &x->target, x->arena), name;

    x->including_count = 0; /* an operation with `choose:` comes here again, as another one */
    if (!names.len)
        return 0;
    x->including = ARENA_ARRAY(x->arena, struct including, x->operation->include_count);
    while (str_next(&names, ',', &name)) {
        const struct include *row = query_include(x->operation, str_trim(name));
        bool again = false;
        for (size_t i = 0; i < x->including_count; i++)
            again = again || x->including[i].row == row;
        if (!row)
            return -1;
        if (!again)
            x->including[x->including_count++] = (struct including){ .x = x, .row = row };
    }
    return 0;
}

/* Whoever asks for related entities must be allowed to read them by themselves. */
enum step exchange_judge_includes(struct exchange *x)
{
    for (size_t i = 0; x->principal && i < x->including_count; i++) {
        const struct include *row = x->including[i].row;
        for (size_t k = 0; k < row->scope_count; k++) {
            if (principal_allows(x->principal, row->scopes[k]))
                continue;
            x->missing = row->scopes[k];
            return exchange_fail(x, ERR_SCOPE, "scope " STR_FMT " is missing to include " STR_FMT, STR_ARG(x->missing),
                                 STR_ARG(row->name));
        }
    }
    return STEP_NEXT;
}

const struct str *exchange_include_scopes(struct exchange *x, size_t *count)
{
    size_t most = 0;

    for (size_t i = 0; i < x->including_count; i++)
        most += x->including[i].row->scope_count;
    struct str *scopes = ARENA_ARRAY(x->arena, struct str, most);
    *count = 0;
    for (size_t i = 0; i < x->including_count; i++)
        for (size_t k = 0; k < x->including[i].row->scope_count; k++)
            scopes[(*count)++] = x->including[i].row->scopes[k];
    return scopes;
}

static void add_id(struct exchange *x, const struct tape *tape, uint32_t at, struct buf *ids)
{
    if (tape_type(tape, at) != JSON_STRING)
        return;
    struct str id = tape_string(tape, at, x->arena);
    if (!str_lists(buf_str(ids), ',', id))
        buf_join(ids, ',', id);
}

/* The ids that the shown entities have in that member, once each, comma separated. */
static struct buf ids_of(struct exchange *x, const struct include *row)
{
    struct buf ids = buf_in(x->arena, IDS_LONGEST);

    for (size_t i = 0; i < x->shown_count && buf_ok(&ids); i++) {
        const struct tape *tape = x->shown[i].tape;
        uint32_t at = tape_find(tape, x->shown[i].at, row->from);
        if (at == TAPE_NONE)
            continue;
        if (tape_type(tape, at) != JSON_ARRAY)
            add_id(x, tape, at, &ids);
        else
            for (uint32_t k = tape_first(tape, at); k < tape_next(tape, at); k = tape_next(tape, k))
                add_id(x, tape, k, &ids);
    }
    return ids;
}

/* The answer with a token cannot be had again: what it was given for, a refresh token perhaps, is used up. So it is not lost
 * for the sake of what was to be shown beside it. */
static bool goes_without(struct exchange *x)
{
    x->unincluded = x->unincluded || x->operation->builtin == BUILTIN_TOKEN;
    return x->unincluded;
}

static void on_included(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                        void *data)
{
    struct including *including = data;

    (void)call;
    if (answer)
        including->answer = *answer;
    exchange_came(including->x, err && goes_without(including->x) ? NULL : err);
}

enum step stage_include(struct exchange *x)
{
    bool any = false;

    for (size_t i = 0; i < x->including_count; i++) {
        struct including *including = &x->including[i];
        const struct include *row = including->row;
        struct upstream_argument *own = ARENA_ARRAY(x->arena, struct upstream_argument, row->fixed_count + 1);
        size_t count = 0;
        struct buf ids = ids_of(x, row);
        if (!buf_ok(&ids) && goes_without(x))
            break;
        if (!buf_ok(&ids))
            return exchange_fail(x, ERR_URI_TOO_LONG, "more ids to include than one call can name");
        own[count++] = (struct upstream_argument){ .name = row->param, .value = buf_str(&ids) };
        if (!ids.len)
            continue;
        for (size_t k = 0; k < row->fixed_count; k++)
            own[count++] = (struct upstream_argument){ .name = row->fixed[k].name, .value = row->fixed[k].value };
        const struct contract_call *call = row->bound;
        struct upstream_request request = { .call = call, .paged = call->paged, .limit = FETCH_SIZE };
        exchange_bounded(x, call, own, count, &request);
        exchange_wait(x);
        including->call = exchange_call(x, &request, on_included, including);
        any = true;
    }
    return any ? STEP_WAIT : STEP_NEXT;
}

void exchange_own_included(struct exchange *x)
{
    for (size_t i = 0; i < x->including_count; i++)
        exchange_own_answer(x, x->including[i].row->bound, &x->including[i].answer.document);
}

/* No entity is there twice: not among those included, and not if it is primary (JSON:API: full linkage). */
static bool is_known(const struct exchange *x, const struct lens *lens, struct str id)
{
    for (size_t i = 0; i < x->included_count; i++)
        if (x->included[i].lens == lens && str_eq(x->included[i].canonical_id, id))
            return true;
    for (size_t i = 0; i < x->shown_count && lens == x->operation->lens; i++)
        if (str_eq(x->shown[i].canonical_id, id))
            return true;
    return false;
}

static void take(struct exchange *x, const struct including *including, uint32_t at)
{
    const struct tape *tape = &including->answer.document;
    const struct contract_call *call = including->row->bound;
    struct shown shown = { .tape = tape,
                           .at = at,
                           .lens = including->row->lens,
                           .canonical_id = exchange_text(x, tape, at, STR("id")) };

    if (!shown.canonical_id.ptr || !exchange_may_see(x, call, tape, at))
        return;
    if (!is_known(x, shown.lens, shown.canonical_id))
        x->included[x->included_count++] = shown;
}

/* How many entities the answer has; -1: it is no answer. */
static int64_t count_of(const struct including *including)
{
    const struct contract_call *call = including->row->bound;
    const struct tape *tape = &including->answer.document;

    if (!including->call)
        return 0;
    if (!call->items.len)
        return tape->count && tape_type(tape, 0) == JSON_OBJECT ? 1 : -1;
    uint32_t items = contract_items(call, tape);
    return items == TAPE_NONE ? -1 : (int64_t)tape_count(tape, items);
}

static void take_all(struct exchange *x, const struct including *including)
{
    const struct contract_call *call = including->row->bound;
    const struct tape *tape = &including->answer.document;

    if (!call->items.len) {
        take(x, including, 0);
        return;
    }
    uint32_t items = contract_items(call, tape);
    for (uint32_t at = tape_first(tape, items); at < tape_next(tape, items); at = tape_next(tape, at))
        take(x, including, at);
}

enum step stage_included(struct exchange *x)
{
    size_t most = 0;

    for (size_t i = 0; i < x->including_count && !x->unincluded; i++) {
        int64_t count = count_of(&x->including[i]);
        if ((count < 0 || count >= FETCH_SIZE) && goes_without(x))
            break;
        if (count < 0)
            return exchange_fail(x, ERR_UPSTREAM, "the backend's answer with what is included has no entities");
        if (count >= FETCH_SIZE)
            return exchange_fail(x, ERR_UPSTREAM, "%d entities or more to include: some may be missing", FETCH_SIZE);
        most += (size_t)count;
    }
    if (x->unincluded)
        return STEP_NEXT;
    x->included = ARENA_ARRAY(x->arena, struct shown, most);
    for (size_t i = 0; i < x->including_count; i++)
        if (x->including[i].call)
            take_all(x, &x->including[i]);
    return STEP_NEXT;
}

void exchange_free_including(struct exchange *x)
{
    for (size_t i = 0; i < x->including_count; i++)
        upstream_call_free(x->flow->upstream, &x->including[i].call);
}
