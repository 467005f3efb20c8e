/* An explanation for people, and the same as JSON for machines. */
#include "cli/explain.h"

#include "cli/printable.h"
#include "json/write.h"

static bool held(const struct explanation *explanation, struct str scope)
{
    return explanation->principal && principal_allows(explanation->principal, scope);
}

/* What a document or a token says may be anything. */
static void print_seen(const struct explanation *explanation, struct str name, FILE *to)
{
    struct str piece = printable(explanation->arena, name, PRINTED_NAME);

    (void)fwrite(piece.ptr, 1, piece.len, to);
}

static void print_who(const struct explanation *explanation, FILE *to)
{
    const struct operation *operation = explanation->operation;
    const struct principal *principal = explanation->principal;

    (void)fprintf(to, "facade      " STR_FMT "\n", STR_ARG(explanation->dialect->name));
    (void)fprintf(to, "operation   " STR_FMT "\n", STR_ARG(operation->name));
    (void)fprintf(to, "scopes     ");
    for (size_t i = 0; i < explanation->scope_count; i++)
        (void)fprintf(to, " " STR_FMT "%s", STR_ARG(explanation->scopes[i]),
                      !principal                                  ? ""
                      : held(explanation, explanation->scopes[i]) ? " (held)"
                                                                  : " (missing: 403)");
    (void)fprintf(to, "%s\n", operation->open ? " none needed" : "");
    if (!principal) {
        (void)fprintf(to, "credential  " STR_FMT "\n", STR_ARG(explanation->credential));
        return;
    }
    (void)fputs("credential  brand ", to);
    print_seen(explanation, principal->brand, to);
    (void)fputs("; scopes", to);
    for (size_t i = 0; i < principal->scope_count; i++) {
        (void)fputc(' ', to);
        print_seen(explanation, principal->scopes[i], to);
    }
    if (principal->patients_bound)
        (void)fprintf(to, "; bound to %zu patients", principal->patient_count);
    if (principal->groups_bound)
        (void)fprintf(to, "; bound to %zu groups", principal->group_count);
    (void)fputc('\n', to);
}

static void print_calls(const struct explanation *explanation, FILE *to)
{
    if (!explanation->call_count)
        (void)fputs("calls       none: the gateway answers by itself\n", to);
    for (size_t i = 0; i < explanation->call_count; i++) {
        const struct explain_call *call = &explanation->calls[i];
        (void)fprintf(to, "%s" STR_FMT " " STR_FMT "  (" STR_FMT "%s" STR_FMT ")\n",
                      i ? "            " : "calls       ", STR_ARG(call->method), STR_ARG(call->target),
                      STR_ARG(call->name), call->when.len ? ": " : "", STR_ARG(call->when));
    }
}

static int widest(const struct lens_lines *lines, size_t offset)
{
    size_t most = 0;

    for (size_t i = 0; i < lines->count; i++) {
        const struct str *shown = (const struct str *)(const void *)((const char *)&lines->items[i] + offset);
        most = shown->len > most ? shown->len : most;
    }
    return most > 48 ? 48 : (int)most;
}

static void print_lines(const struct explanation *explanation, FILE *to)
{
    const struct lens_lines *lines = &explanation->lines;
    int from = widest(lines, offsetof(struct lens_line, from)),
        where = widest(lines, offsetof(struct lens_line, to));
    int rule = widest(lines, offsetof(struct lens_line, rule));

    if (lines->count)
        (void)fputs("\nfields\n", to);
    for (size_t i = 0; i < lines->count; i++) {
        const struct lens_line *line = &lines->items[i];
        struct str place = line->to.len ? line->to : STR("-");
        struct str name = printable(explanation->arena, line->from, PRINTED_NAME);
        (void)fprintf(to, "  %-*.*s  %-*.*s  %-*.*s  " STR_FMT "%s" STR_FMT "%s\n", from, STR_ARG(name), rule,
                      STR_ARG(line->rule), where, STR_ARG(place), STR_ARG(line->class),
                      line->why.len ? " (" : "", STR_ARG(line->why), line->why.len ? ")" : "");
    }
}

/* A line of a list, with the list's head before the first; the caller ends the line. */
static void print_item(const struct explanation *explanation, const char *head, size_t index, struct str name,
                       FILE *to)
{
    (void)fprintf(to, "%s  ", index ? "" : head);
    print_seen(explanation, name, to);
}

static void print_rest(const struct explanation *explanation, FILE *to)
{
    for (size_t i = 0; i < explanation->kept.count; i++) {
        print_item(explanation, "\nkept: comes back to this dialect only\n", i, explanation->kept.items[i],
                   to);
        (void)fputc('\n', to);
    }
    for (size_t i = 0; i < explanation->lost_count; i++) {
        print_item(explanation, "\nlost\n", i, explanation->lost[i].at, to);
        (void)fprintf(to, " (" STR_FMT ")\n", STR_ARG(explanation->lost[i].why));
    }
    for (size_t i = 0; i < explanation->id_count; i++) {
        print_item(explanation, "\nids, unresolved\n", i, explanation->ids[i].at, to);
        (void)fprintf(to, ": a " STR_FMT ", as " STR_FMT "\n", STR_ARG(explanation->ids[i].kind),
                      STR_ARG(explanation->ids[i].as));
    }
    for (size_t i = 0; i < explanation->faults.count; i++) {
        const struct fault *fault = &explanation->faults.items[i];
        print_item(explanation, "\nfaults: the request is refused\n", i, fault->path, to);
        (void)fprintf(to, ": %s%s" STR_FMT "\n", fault_name(fault->kind),
                      fault->want.len ? ", expected " : "", STR_ARG(fault->want));
    }
}

void explain_print(const struct explanation *explanation, bool values, FILE *to)
{
    print_who(explanation, to);
    print_calls(explanation, to);
    if (explanation->documents > 1)
        (void)fprintf(to, "documents   %zu%s\n", explanation->documents,
                      explanation->response ? "" : ", of which the first is shown");
    if (explanation->response >= 300)
        (void)fprintf(to, "answer      a %d is not an entity: the client gets an error of its dialect\n",
                      explanation->response);
    print_lines(explanation, to);
    print_rest(explanation, to);
    if (values && explanation->result.ptr)
        (void)fprintf(to, "\n%s\n  " STR_FMT "\n", explanation->response ? "document shown" : "body sent",
                      STR_ARG(explanation->result));
}

/* JSON: small writers over one buffer. */
struct writer {
    struct buf out;
    bool first;
};

static void open_member(struct writer *w, const char *name, char bracket)
{
    json_name(&w->out, &w->first, str_from(name));
    buf_char(&w->out, bracket);
    w->first = true;
}

static void open_element(struct writer *w)
{
    if (!w->first)
        buf_char(&w->out, ',');
    buf_char(&w->out, '{');
    w->first = true;
}

static void close_with(struct writer *w, char bracket)
{
    buf_char(&w->out, bracket);
    w->first = false;
}

static void text(struct writer *w, const char *name, struct str value)
{
    json_member_string(&w->out, &w->first, str_from(name), value);
}

static void texts(struct writer *w, const char *name, const struct str *items, size_t count)
{
    open_member(w, name, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_char(&w->out, ',');
        json_quote(&w->out, items[i]);
    }
    close_with(w, ']');
}

static void write_who(const struct explanation *explanation, struct writer *w)
{
    const struct operation *operation = explanation->operation;
    const struct principal *principal = explanation->principal;
    struct str *missing = ARENA_ARRAY(explanation->arena, struct str, explanation->scope_count + 1);

    text(w, "facade", explanation->dialect->name);
    text(w, "operation", operation->name);
    texts(w, "scopes", explanation->scopes, explanation->scope_count);
    open_member(w, "credential", '{');
    text(w, "state", principal ? STR("accepted") : explanation->credential);
    if (principal) {
        size_t count = 0;
        for (size_t i = 0; i < explanation->scope_count; i++)
            if (!held(explanation, explanation->scopes[i]))
                missing[count++] = explanation->scopes[i];
        text(w, "brand", principal->brand);
        texts(w, "scopes", principal->scopes, principal->scope_count);
        texts(w, "missing", missing, count);
    }
    close_with(w, '}');
}

static void write_calls(const struct explanation *explanation, struct writer *w)
{
    open_member(w, "calls", '[');
    for (size_t i = 0; i < explanation->call_count; i++) {
        const struct explain_call *call = &explanation->calls[i];
        open_element(w);
        text(w, "call", call->name);
        text(w, "method", call->method);
        text(w, "target", call->target);
        if (call->when.len)
            text(w, "when", call->when);
        close_with(w, '}');
    }
    close_with(w, ']');
}

static void write_lines(const struct explanation *explanation, struct writer *w)
{
    open_member(w, "fields", '[');
    for (size_t i = 0; i < explanation->lines.count; i++) {
        const struct lens_line *line = &explanation->lines.items[i];
        open_element(w);
        text(w, "from", line->from);
        text(w, "rule", line->rule);
        if (line->to.len)
            text(w, "to", line->to);
        text(w, "class", line->class);
        if (line->why.len)
            text(w, "why", line->why);
        text(w, "at", arena_printf(explanation->arena, "%s:%u", line->file, line->line));
        close_with(w, '}');
    }
    close_with(w, ']');
}

static void write_rest(const struct explanation *explanation, struct writer *w)
{
    texts(w, "kept", explanation->kept.items, explanation->kept.count);
    open_member(w, "lost", '[');
    for (size_t i = 0; i < explanation->lost_count; i++) {
        open_element(w);
        text(w, "at", explanation->lost[i].at);
        text(w, "why", explanation->lost[i].why);
        close_with(w, '}');
    }
    close_with(w, ']');
    open_member(w, "ids", '[');
    for (size_t i = 0; i < explanation->id_count; i++) {
        open_element(w);
        text(w, "at", explanation->ids[i].at);
        text(w, "kind", explanation->ids[i].kind);
        text(w, "as", explanation->ids[i].as);
        close_with(w, '}');
    }
    close_with(w, ']');
    open_member(w, "faults", '[');
    for (size_t i = 0; i < explanation->faults.count; i++) {
        const struct fault *fault = &explanation->faults.items[i];
        open_element(w);
        text(w, "at", fault->path);
        text(w, "fault", str_from(fault_name(fault->kind)));
        text(w, "want", fault->want);
        close_with(w, '}');
    }
    close_with(w, ']');
}

void explain_json(const struct explanation *explanation, bool values, FILE *to)
{
    struct writer w = { .out = buf_in(explanation->arena, SIZE_MAX), .first = true };

    buf_char(&w.out, '{');
    write_who(explanation, &w);
    write_calls(explanation, &w);
    json_member_uint(&w.out, &w.first, STR("documents"), explanation->documents);
    write_lines(explanation, &w);
    write_rest(explanation, &w);
    if (values && explanation->result.ptr)
        json_member_raw(&w.out, &w.first, explanation->response ? STR("shown") : STR("sent"),
                        explanation->result);
    buf_add(&w.out, STR("}\n"));
    (void)fwrite(w.out.ptr, 1, w.out.len, to);
}
