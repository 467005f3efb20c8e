#include "cli/ask.h"

#include "base/clock.h"

enum { VALUES_MOST = 64, ROUNDS_MOST = 8, SAMPLE_MOST = 4 };

struct asking {
    struct backend_asked *asked;
    struct arena *arena;
    struct loop *loop;
    struct upstream *upstream;
    struct auth *auth;
    struct auth_cache *cache;
    struct str brand;
    struct upstream_argument values[VALUES_MOST]; /* what paths may be filled with */
    size_t value_count;
    const struct upstream_answer *answer; /* of the call under way */
    struct err err;
};

static struct str value_of(const struct asking *a, struct str name)
{
    for (size_t i = 0; i < a->value_count; i++)
        if (str_eq(a->values[i].name, name))
            return a->values[i].value;
    return STR_NONE;
}

static void learn(struct asking *a, struct str name, struct str value)
{
    if (value.len && a->value_count < VALUES_MOST && !value_of(a, name).len)
        a->values[a->value_count++] = (struct upstream_argument){
            .name = name, .value = arena_copy(a->arena, value) /* the answer goes with its call */
        };
}

/* Of one entity: its id, and what it names. */
static void learn_from(struct asking *a, const struct contract_call *call, const struct tape *tape,
                       uint32_t at)
{
    if (tape_type(tape, at) != JSON_OBJECT)
        return;
    uint32_t id = tape_find(tape, at, STR("id"));
    if (id != TAPE_NONE && tape_type(tape, id) == JSON_STRING)
        learn(a, arena_printf(a->arena, STR_FMT "_id", STR_ARG(call->entity)),
              tape_string(tape, id, a->arena));
    for (size_t i = 0; i < a->asked->count; i++) {
        const struct contract_call *other = a->asked->calls[i].call;
        for (size_t k = 0; k < other->segment_count; k++) {
            struct str name = other->segments[k].text;
            uint32_t found = other->segments[k].is_parameter ? tape_find(tape, at, name) : TAPE_NONE;
            if (found != TAPE_NONE && tape_type(tape, found) == JSON_STRING)
                learn(a, name, tape_string(tape, found, a->arena));
        }
    }
}

static void on_answer(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                      void *data)
{
    struct asking *a = data;

    (void)call;
    a->answer = answer;
    if (err)
        a->err = *err;
    loop_stop(a->loop);
}

/* The caller's own patient is asked for by one who is bound to it. */
static bool is_own(const struct contract_call *call)
{
    for (size_t i = 0; i < call->segment_count; i++)
        if (!call->segments[i].is_parameter &&
            memmem(call->segments[i].text.ptr, call->segments[i].text.len, "/me", 3))
            return true;
    return false;
}

/* 0: nothing in the path is unknown. */
static int fill(const struct asking *a, const struct contract_call *call, struct str *lacks)
{
    *lacks = is_own(call) && !value_of(a, STR("patient_id")).len ? STR("patient_id") : STR_NONE;
    for (size_t i = 0; i < call->segment_count && !lacks->len; i++)
        if (call->segments[i].is_parameter && !value_of(a, call->segments[i].text).len)
            *lacks = call->segments[i].text;
    return lacks->len ? -1 : 0;
}

/* What a call without a filter is asked with: its path. */
static size_t path_arguments(const struct asking *a, const struct contract_call *call,
                             struct upstream_argument *made)
{
    size_t count = 0;

    for (size_t i = 0; i < call->segment_count && count < SAMPLE_MOST; i++)
        if (call->segments[i].is_parameter)
            made[count++] = (struct upstream_argument){ .name = call->segments[i].text,
                                                        .value = value_of(a, call->segments[i].text) };
    return count;
}

static struct str token_for(struct asking *a, const struct contract_call *call)
{
    static const struct str scopes[] = { STR_INIT("admin:*") };
    struct str patient = value_of(a, STR("patient_id")), token;
    struct principal who = { .subject = STR("dragoman check"),
                             .brand = a->brand,
                             .scopes = scopes,
                             .scope_count = 1,
                             .patients_bound = is_own(call),
                             .patients = &patient,
                             .patient_count = 1 };

    if (auth_backend_token(a->auth, a->cache, &who, a->brand, clock_wall_ms(), &token, &a->err))
        return STR_NONE;
    return arena_copy(a->arena, token);
}

/* Whether a 2xx answer is what the contract says. */
static bool is_right(struct asking *a, const struct contract_call *call)
{
    const struct tape *tape = &a->answer->document;

    if (!tape->count || tape_type(tape, 0) != JSON_OBJECT)
        return false;
    if (!call->items.len) {
        uint32_t item;
        bool fits = contract_item(call, tape, &item);
        if (item != TAPE_NONE)
            learn_from(a, call, tape, item);
        return fits;
    }
    uint32_t items = tape_find(tape, 0, call->items);
    if (items == TAPE_NONE || tape_type(tape, items) != JSON_ARRAY)
        return false;
    if (tape_count(tape, items))
        learn_from(a, call, tape, tape_first(tape, items));
    return true;
}

static void judge(struct asking *a, struct asked *asked)
{
    if (!a->err.code) {
        asked->state = is_right(a, asked->call) ? ASK_WORKS : ASK_MISSING;
        asked->why = asked->state == ASK_WORKS ? STR_NONE : STR("another document than the contract's");
        return;
    }
    /* It wants parameters that this question has not: so it is there. Busy, forbidden, failing tell nothing.
     */
    if (a->err.code == ERR_INVALID)
        asked->state = ASK_WORKS;
    else if (a->err.code == ERR_NOT_FOUND || a->err.code == ERR_NOT_IMPLEMENTED)
        asked->state = ASK_MISSING;
    asked->why = arena_copy(a->arena, str_from(a->err.detail));
}

static void ask(struct asking *a, struct asked *asked)
{
    struct contract_call *call = ARENA_NEW(a->arena, struct contract_call);
    struct upstream_argument arguments[SAMPLE_MOST];
    struct upstream_request request = { .call = call,
                                        .arguments = arguments,
                                        .argument_count = path_arguments(a, asked->call, arguments),
                                        .brand = a->brand,
                                        .request_id = STR("dragoman-check"),
                                        .limit = 1,
                                        .paged = asked->call->paged,
                                        .arena = a->arena };

    *call = *asked->call;
    call->served = true; /* what the configuration says of it is not believed here */
    a->err.code = ERR_NONE;
    request.token = token_for(a, call);
    if (!a->err.code) {
        struct upstream_call *under_way = upstream_start(a->upstream, &request, on_answer, a);
        loop_run(a->loop);
        judge(a, asked);
        upstream_call_free(a->upstream, &under_way);
    }
}

/* The list that every backend has. Without it there is nothing more to ask. */
static int ask_first(struct asking *a, struct err *err)
{
    for (size_t i = 0; i < a->asked->count; i++) {
        struct asked *asked = &a->asked->calls[i];
        if (!str_is(asked->call->name, "patient.list"))
            continue;
        ask(a, asked);
        if (asked->state == ASK_WORKS)
            return 0;
        if (strstr(a->err.detail, " 401") || a->err.code == ERR_FORBIDDEN)
            return err_set(err, ERR_CONFIG,
                           STR_FMT ": the backend refuses the gateway's credential (backend.auth, "
                                   "backend.audience): " STR_FMT,
                           STR_ARG(a->asked->url), STR_ARG(asked->why));
        return err_set(err, ERR_CONFIG,
                       STR_FMT ": the backend does not answer the list of patients: " STR_FMT,
                       STR_ARG(a->asked->url), STR_ARG(asked->why));
    }
    return err_set(err, ERR_CONFIG, "the contract has no patient.list");
}

/* What one answer names makes further calls possible: rounds, until none is. */
static void ask_all(struct asking *a)
{
    bool done[1024] = { false }, more = true;
    size_t count = a->asked->count < COUNT(done) ? a->asked->count : COUNT(done);

    for (int round = 0; round < ROUNDS_MOST && more; round++) {
        more = false;
        for (size_t i = 0; i < count; i++) {
            struct asked *asked = &a->asked->calls[i];
            struct str lacks;
            if (done[i] || asked->state != ASK_NOT_ASKED || !str_is(asked->call->method, "GET"))
                continue;
            if (fill(a, asked->call, &lacks)) {
                asked->why = arena_printf(a->arena, "no " STR_FMT " is known to ask about", STR_ARG(lacks));
                continue;
            }
            ask(a, asked);
            done[i] = more = true;
        }
    }
}

int backend_ask(struct backend_asked *asked, const struct gateway *gateway, struct conf *conf,
                struct str brand, struct err *err)
{
    struct asking a = { .asked = asked, .arena = conf->arena, .brand = brand };

    if (!conf->backend.url.len)
        conf->backend.url = arena_printf(conf->arena, "http://" STR_FMT, STR_ARG(conf->backend.listen));
    *asked = (struct backend_asked){ .url = conf->backend.url, .count = contract_count(gateway->contract) };
    asked->calls = ARENA_ARRAY(conf->arena, struct asked, asked->count);
    for (size_t i = 0; i < asked->count; i++)
        asked->calls[i] =
            (struct asked){ .call = contract_at(gateway->contract, i), .why = STR("writes are not asked") };
    learn(&a, STR("brand_id"), brand);
    if (auth_new(&a.auth, conf, err))
        return -1;
    a.cache = auth_cache_new(a.auth);
    a.loop = loop_new();
    int failed = upstream_new(&a.upstream, a.loop, conf, err) || ask_first(&a, err);
    if (!failed)
        ask_all(&a);
    upstream_free(&a.upstream);
    loop_free(&a.loop);
    auth_cache_free(&a.cache);
    auth_free(&a.auth);
    return failed ? -1 : 0;
}

const struct asked *backend_asked_find(const struct backend_asked *asked, const struct contract_call *call)
{
    for (size_t i = 0; i < asked->count; i++)
        if (asked->calls[i].call == call)
            return &asked->calls[i];
    return NULL;
}
