/* What is asked beyond the body, judged as the flow judges it (flow/ask.c); but all faults are told, not the first. */
#include "cli/explain.h"

#include "dialect/media.h"
#include "dialect/page.h"
#include "dialect/query.h"
#include "yaml/yaml.h"

enum { LONGEST_NAME = 64 };

void explain_fault(struct explanation *explanation, struct fault fault)
{
    struct faults *faults = &explanation->faults;

    faults->items = arena_grow(explanation->arena, faults->items, faults->count, &faults->space, sizeof fault);
    faults->items[faults->count++] = fault;
}

void explain_lost(struct explanation *explanation, struct str at, struct str why)
{
    explanation->lost = arena_grow(explanation->arena, explanation->lost, explanation->lost_count,
                                   &explanation->lost_space, sizeof *explanation->lost);
    explanation->lost[explanation->lost_count++] = (struct explain_lost){ .at = at, .why = why };
}

static void add_line(struct explanation *explanation, struct lens_line line)
{
    struct lens_lines *lines = &explanation->lines;

    lines->items = arena_grow(explanation->arena, lines->items, lines->count, &lines->space, sizeof line);
    lines->items[lines->count++] = line;
}

/* A body in the place of a form is all name; it is no name that a client would have meant. */
static bool is_name(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-$[]", text.ptr[i]) || !text.ptr[i])
            return false;
    return text.len && text.len <= LONGEST_NAME;
}

static struct str in_query(struct explanation *explanation, struct str name)
{
    return is_name(name) ? arena_printf(explanation->arena, "?" STR_FMT, STR_ARG(name)) : STR("?(no name)");
}

static void wrong(struct explanation *explanation, enum fault_kind kind, struct str name, struct str want)
{
    explain_fault(explanation, (struct fault){ .kind = kind, .path = in_query(explanation, name), .want = want });
}

/* Where a parameter goes, and whether it may say that. */
static void read_parameter(struct explanation *explanation, const struct parameter *parameter, struct str value,
                           struct str from, struct arguments *arguments)
{
    struct arena *arena = explanation->arena;
    struct argument_fault fault;
    struct str to = parameter->to.len ? arena_printf(arena, "parameter " STR_FMT, STR_ARG(parameter->to)) : STR_NONE;

    add_line(explanation, (struct lens_line){ .from = from,
                                              .to = to,
                                              .rule = str_from(parameter_want(parameter->type)),
                                              .class = STR("exact"),
                                              .why = to.len ? STR_NONE : STR("only judged"),
                                              .file = parameter->place ? parameter->place->file : "",
                                              .line = parameter->place ? parameter->place->key_line : 0 });
    if (!parameter_read(parameter, value, explanation->brand, arena, arguments, &fault))
        return;
    explain_fault(explanation, (struct fault){ .kind = fault.forbidden ? FAULT_EQUALS : FAULT_FORMAT,
                                               .path = from,
                                               .want = fault.want,
                                               .forbidden = fault.forbidden });
}

static void read_one(struct explanation *explanation, const struct parameter *parameter, struct arguments *arguments)
{
    const struct target *target = &explanation->target;
    size_t count, other = 1;
    struct str value = query_said(target, parameter, &count), name = in_query(explanation, parameter->name);

    if (!count && parameter->required)
        wrong(explanation, FAULT_BLANK, parameter->name, str_from(parameter_want(parameter->type)));
    if (!count)
        return;
    if (parameter->needs.len)
        (void)target_parameter(target, parameter->needs, &other);
    if (!other)
        wrong(explanation, FAULT_TOGETHER, parameter->needs, STR_NONE);
    if (count > 1 && !parameter_repeats(parameter))
        wrong(explanation, FAULT_LENGTH, parameter->name, STR("single value"));
    if (count == 1)
        read_parameter(explanation, parameter, value, name, arguments);
    for (size_t i = 0; count > 1 && i < target->parameter_count; i++)
        if (str_eq(target->parameters[i].name, parameter->name) || str_eq(target->parameters[i].name, parameter->alias))
            read_parameter(explanation, parameter, target->parameters[i].value, name, arguments);
}

/* By page or by cursor; true where there is paging. */
static bool read_paging(struct explanation *explanation)
{
    const struct operation *operation = explanation->operation;
    const struct contract_call *call = contract_find(explanation->gateway->contract, operation->call);
    enum paging_mode mode = call && call->items.len ? operation->paging : PAGING_NONE;
    struct cursor cursor = { 0 };
    struct page page = { 0 };
    struct str name;

    if (mode != PAGING_NONE && contract_takes(call, STR("after")) &&
        cursor_read(&cursor, operation->pages, &explanation->target, explanation->arena, &name)) {
        wrong(explanation, FAULT_FORMAT, name, STR("cursor"));
        return true;
    }
    if (!cursor.used && page_read(&page, operation->pages, mode, &explanation->target, &name)) {
        wrong(explanation, FAULT_FORMAT, name, page_want(operation->pages, name, explanation->arena));
        return true;
    }
    return cursor.used || page.used;
}

/* What nobody reads is refused or overlooked. */
static void judge_unread(struct explanation *explanation, bool paged)
{
    const struct dialect *dialect = explanation->dialect;

    for (size_t i = 0; i < explanation->target.parameter_count; i++) {
        struct str name = explanation->target.parameters[i].name;
        if (query_is_read(dialect, explanation->operation, paged, name))
            continue;
        if (query_is_refused(dialect, name))
            wrong(explanation, FAULT_UNKNOWN, name, STR("known parameter"));
        else
            explain_lost(explanation, in_query(explanation, name), STR("no parameter of this operation"));
    }
}

static void read_includes(struct explanation *explanation)
{
    const struct operation *operation = explanation->operation;
    struct str names = query_includes(operation, &explanation->target, explanation->arena), name;

    explanation->includes = ARENA_ARRAY(explanation->arena, const struct include *, operation->include_count + 1);
    while (str_next(&names, ',', &name)) {
        const struct include *row = query_include(operation, str_trim(name));
        bool again = false;
        for (size_t i = 0; i < explanation->include_count; i++)
            again |= explanation->includes[i] == row;
        if (!row)
            wrong(explanation, FAULT_ENUM, STR("include"), STR("list of what can be included"));
        else if (!again)
            explanation->includes[explanation->include_count++] = row;
    }
}

static void need_scopes(struct explanation *explanation, const struct str *scopes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool again = false;
        for (size_t k = 0; k < explanation->scope_count; k++)
            again |= str_eq(explanation->scopes[k], scopes[i]);
        if (again)
            continue;
        explanation->scopes = arena_grow(explanation->arena, explanation->scopes, explanation->scope_count,
                                         &explanation->scope_space, sizeof *explanation->scopes);
        explanation->scopes[explanation->scope_count++] = scopes[i];
    }
}

/* Where nobody is known before the answer (a token) what cannot be read is left out of it. */
static void list_scopes(struct explanation *explanation)
{
    const struct operation *operation = explanation->operation;

    need_scopes(explanation, operation->scopes, operation->scope_count);
    for (size_t i = 0; i < explanation->include_count && !operation->open; i++)
        need_scopes(explanation, explanation->includes[i]->scopes, explanation->includes[i]->scope_count);
}

/* Of headers that were told. Those that a client sends anyway need not be. */
static void judge_media(struct explanation *explanation)
{
    const struct operation *operation = explanation->operation;
    const struct dialect *dialect = explanation->dialect;
    size_t types, accepts, index;
    struct str type = explain_header(explanation, STR("content-type"), &types),
               accept = explain_header(explanation, STR("accept"), &accepts);
    const struct str *allowed = operation->media_count ? operation->media : dialect->request_media;
    size_t count = operation->media_count ? operation->media_count : dialect->request_media_count;

    if (types && operation->has_body && !media_accepted(dialect, allowed, count, type, &index))
        explain_fault(explanation, (struct fault){ .kind = FAULT_ENUM, .path = STR("Content-Type"), .want = allowed[0] });
    if (accepts && !media_choose(dialect, accept).ptr)
        explain_fault(explanation,
                      (struct fault){ .kind = FAULT_ENUM, .path = STR("Accept"), .want = dialect->answer_media[0] });
}

/* Header fields that ask for what is not served. */
static void judge_headers(struct explanation *explanation)
{
    const struct dialect *dialect = explanation->dialect;
    size_t count;

    for (size_t i = 0; i < dialect->refused_header_count; i++) {
        (void)explain_header(explanation, dialect->refused_headers[i], &count);
        if (count)
            explain_fault(explanation, (struct fault){ .kind = FAULT_UNKNOWN,
                                                       .path = dialect->refused_headers[i],
                                                       .want = STR("a header that is served") });
    }
}

/* Whom the operation is about: its own patient, its own token. */
static void judge_principal(struct explanation *explanation)
{
    const struct operation *operation = explanation->operation;
    const struct principal *who = explanation->principal;

    if (operation->me && who && !(who->patients_bound && who->patient_count == 1))
        explain_fault(explanation, (struct fault){ .kind = FAULT_EQUALS,
                                                   .path = STR("(credential)"),
                                                   .want = STR("one that is bound to one patient"),
                                                   .forbidden = true });
    if (operation->token && who && !(who->token_id.len && str_eq(explanation->route.path[0], who->token_id)))
        explain_fault(explanation, (struct fault){ .kind = FAULT_ID,
                                                   .path = arena_printf(explanation->arena, "{" STR_FMT "}",
                                                                        STR_ARG(operation->path[0].name)),
                                                   .want = STR("the credential's own token") });
}

void explain_query(struct explanation *explanation, struct arguments *arguments)
{
    const struct operation *operation = explanation->operation;

    judge_media(explanation);
    judge_headers(explanation);
    judge_principal(explanation);
    for (size_t i = 0; i < operation->path_count; i++)
        read_parameter(explanation, &operation->path[i], explanation->route.path[i],
                       arena_printf(explanation->arena, "{" STR_FMT "}", STR_ARG(operation->path[i].name)), arguments);
    for (size_t i = 0; i < operation->query_count; i++)
        read_one(explanation, &operation->query[i], arguments);
    if (!query_has_one_of(operation, &explanation->target))
        wrong(explanation, FAULT_BLANK, operation->one_of[0], query_one_of(operation, explanation->arena));
    judge_unread(explanation, read_paging(explanation));
    read_includes(explanation);
    list_scopes(explanation);
    if (operation->has_body && !explanation->body.ptr && !explanation->response)
        explain_fault(explanation, (struct fault){ .kind = FAULT_BLANK, .path = STR("(body)"), .want = STR("JSON document") });
}
