/* What each operation does on the backend that was asked. */
#include "cli/ask.h"

#include "flow/flow.h"
#include "json/write.h"

/* An operation that becomes one of two others has the calls of both, and looks up first. */
enum { CALLS_OF_PART = 5 + THENS_MAX, CALLS_OF_ONE = 2 * CALLS_OF_PART + 1 };

struct verdict {
    struct str word; /* works, slower plan, 501 or not asked */
    const struct contract_call *call;
    struct str why;
};

static size_t add_calls(const struct operation *operation, const struct contract_call *calls[CALLS_OF_ONE], size_t count)
{
    const struct bound *bound = operation->bound;
    const struct contract_call *all[] = { bound->call, bound->stored, bound->via, bound->inherit, bound->then_read };

    for (size_t i = 0; i < COUNT(all); i++)
        if (all[i])
            calls[count++] = all[i];
    for (size_t i = 0; i < operation->thens.count; i++)
        calls[count++] = bound->thens[i];
    return count;
}

/* Every call that an operation cannot do without. */
static size_t calls_of(const struct dialect *dialect, const struct operation *operation,
                       const struct contract_call *calls[CALLS_OF_ONE])
{
    const struct choose *choose = &operation->choose;

    if (!choose->lookup.len)
        return add_calls(operation, calls, 0);
    calls[0] = dialect_lookup(dialect, choose->lookup)->bound;
    return add_calls(choose->missing, calls, add_calls(choose->found, calls, 1));
}

/* The documented calls that would take its place are there. */
static bool has_plan(const struct backend_asked *asked, const struct contract_call *call)
{
    const struct contract_instead *plan = call->instead;

    return plan && backend_asked_find(asked, plan->read)->state == ASK_WORKS &&
           (!plan->each || backend_asked_find(asked, plan->each)->state == ASK_WORKS);
}

/* A call that writes is what the contract or the configuration says: it is not tried. */
static struct verdict judge_call(const struct backend_asked *asked, const struct contract_call *call)
{
    const struct asked *found = backend_asked_find(asked, call);
    bool writes = !str_is(call->method, "GET");

    if (found->state == ASK_MISSING && has_plan(asked, call))
        return (struct verdict){ .word = STR("slower plan"), .call = call, .why = found->why };
    if (found->state == ASK_MISSING)
        return (struct verdict){ .word = STR("501"), .call = call, .why = found->why };
    if (found->state == ASK_WORKS)
        return (struct verdict){ .word = STR("works"), .call = call };
    if (writes && !call->served)
        return (struct verdict){ .word = STR("501"), .call = call, .why = STR("not in backend.completions") };
    return (struct verdict){ .word = STR("not asked"), .call = call, .why = found->why };
}

static int badness(struct str word)
{
    static const char *const words[] = { "works", "not asked", "slower plan", "501" };
    int at = 0;

    while (!str_is(word, words[at]))
        at++;
    return at;
}

/* The worst of its calls; its own call decides among equals. */
static struct verdict judge(const struct backend_asked *asked, const struct dialect *dialect,
                            const struct operation *operation)
{
    const struct contract_call *calls[CALLS_OF_ONE];
    size_t count = calls_of(dialect, operation, calls);
    struct verdict worst = { .word = STR("works"), .why = count ? STR_NONE : STR("the gateway's own") };

    for (size_t i = 0; i < count; i++) {
        struct verdict one = judge_call(asked, calls[i]);
        bool worse = badness(one.word) > badness(worst.word);
        if (worse || !i)
            worst = one;
    }
    return worst;
}

/* To be written into the configuration: what was seen, and what was declared and could not be tried. */
static bool is_completion(const struct asked *asked)
{
    return !asked->call->documented &&
           (asked->state == ASK_WORKS || (asked->state == ASK_NOT_ASKED && asked->call->served));
}

static size_t width_of(const struct gateway *gateway, bool dialect)
{
    size_t width = 0;

    for (size_t i = 0; i < gateway->dialect_count; i++)
        for (size_t k = 0; k < gateway->dialects[i]->operation_count; k++) {
            size_t len =
                dialect ? gateway->dialects[i]->name.len : gateway->dialects[i]->operations[k].name.len;
            width = len > width ? len : width;
        }
    return width;
}

static void write_padded(struct buf *out, struct str text, size_t width)
{
    buf_add(out, text);
    for (size_t i = text.len; i < width + 2; i++)
        buf_char(out, ' ');
}

static void write_row(const struct gateway *gateway, const struct dialect *dialect,
                      const struct operation *operation, const struct verdict *verdict, struct buf *out)
{
    write_padded(out, dialect->name, width_of(gateway, true));
    write_padded(out, operation->name, width_of(gateway, false));
    if (verdict->why.len) {
        write_padded(out, verdict->word, strlen("slower plan"));
        if (verdict->call)
            buf_printf(out, STR_FMT ": ", STR_ARG(verdict->call->name));
    }
    buf_add(out, verdict->why.len ? verdict->why : verdict->word);
    buf_char(out, '\n');
}

static void write_json_row(const struct dialect *dialect, const struct operation *operation,
                           const struct verdict *verdict, bool *first_row, struct buf *out)
{
    bool first = true;

    buf_add(out, *first_row ? STR("{") : STR(",{"));
    *first_row = false;
    json_member_string(out, &first, STR("dialect"), dialect->name);
    json_member_string(out, &first, STR("operation"), operation->name);
    json_member_string(out, &first, STR("state"), verdict->word);
    if (verdict->call)
        json_member_string(out, &first, STR("call"), verdict->call->name);
    if (verdict->why.len)
        json_member_string(out, &first, STR("why"), verdict->why);
    buf_char(out, '}');
}

static void write_rows(const struct backend_asked *asked, const struct gateway *gateway, bool json,
                       struct buf *out)
{
    bool first = true;

    for (size_t i = 0; i < gateway->dialect_count; i++)
        for (size_t k = 0; k < gateway->dialects[i]->operation_count; k++) {
            const struct operation *operation = &gateway->dialects[i]->operations[k];
            struct verdict verdict = judge(asked, gateway->dialects[i], operation);
            if (json)
                write_json_row(gateway->dialects[i], operation, &verdict, &first, out);
            else
                write_row(gateway, gateway->dialects[i], operation, &verdict, out);
        }
}

static void write_name(struct str name, bool *first, bool json, struct buf *out)
{
    if (!*first)
        buf_add(out, json ? STR(",") : STR(", "));
    *first = false;
    if (json)
        json_quote(out, name);
    else
        buf_add(out, name);
}

static bool is_there(const struct asked *asked)
{
    return asked->call->documented || is_completion(asked);
}

/* `all`, or the list that backend.completions may say. */
static void write_completions(const struct backend_asked *asked, bool json, struct buf *out)
{
    bool all = true, first = true;

    for (size_t i = 0; i < asked->count; i++)
        all &= is_there(&asked->calls[i]) && (!asked->calls[i].call->beyond_count || asked->calls[i].call->beyond_served);
    if (all) {
        buf_add(out, json ? STR("\"all\"") : STR("all"));
        return;
    }
    buf_char(out, '[');
    for (size_t i = 0; i < asked->count; i++) {
        const struct contract_call *call = asked->calls[i].call;
        if (is_completion(&asked->calls[i]))
            write_name(call->name, &first, json, out);
        if (call->beyond_count && call->beyond_served && is_there(&asked->calls[i])) /* what a filter does cannot be seen from outside */
            write_name(call->beyond_name, &first, json, out);
    }
    buf_char(out, ']');
}

size_t backend_report(const struct backend_asked *asked, const struct gateway *gateway, bool json,
                      struct buf *out)
{
    size_t wrong = 0;

    for (size_t i = 0; i < asked->count; i++)
        wrong += asked->calls[i].state == ASK_MISSING && !asked->calls[i].call->documented &&
                 asked->calls[i].call->served;
    if (json) {
        buf_add(out, STR("{\"backend\":"));
        json_quote(out, asked->url);
        buf_add(out, STR(",\"operations\":["));
        write_rows(asked, gateway, true, out);
        buf_add(out, STR("],\"completions\":"));
        write_completions(asked, true, out);
        buf_add(out, STR("}\n"));
        return wrong;
    }
    write_rows(asked, gateway, false, out);
    buf_add(out, STR("\nbackend.completions: "));
    write_completions(asked, false, out);
    buf_char(out, '\n');
    return wrong;
}
