/* One operation: its parameters, body, answers and security. */
#include "cli/openapi.h"

#include "flow/flow.h"
#include "json/write.h"

static bool is_integer_id(const struct openapi *api, struct str kind)
{
    return dialect_id_form(api->dialect, kind) == ID_INTEGER;
}

static void write_words(struct openapi *api, const struct parameter *parameter)
{
    openapi_open(api, STR("enum"), '[');
    for (size_t i = 0; i < parameter->word_count; i++) {
        if (i)
            buf_char(&api->out, ',');
        json_quote(&api->out, parameter->words[i].said);
    }
    openapi_close(api, ']');
}

void openapi_parameter_schema(struct openapi *api, struct str name, const struct parameter *parameter)
{
    openapi_open(api, name, '{');
    switch (parameter->type) {
    case PARAMETER_INTEGER:
        openapi_text(api, "type", STR("integer"));
        break;
    case PARAMETER_ID:
        openapi_text(api, "type", is_integer_id(api, parameter->kind) ? STR("integer") : STR("string"));
        break;
    case PARAMETER_DAY:
    case PARAMETER_DAY_END:
        openapi_text(api, "type", STR("string"));
        openapi_text(api, "format", STR("date"));
        break;
    case PARAMETER_STRING:
    case PARAMETER_DATE:
    case PARAMETER_MOMENT:
    case PARAMETER_MOMENT_END:
    case PARAMETER_RANGE:
    case PARAMETER_IDS:
    case PARAMETER_PERIOD:
    case PARAMETER_DAYS:
    case PARAMETER_TOKEN:
        openapi_text(api, "type", STR("string"));
        break;
    }
    if (parameter->word_count && parameter->only)
        write_words(api, parameter);
    openapi_close(api, '}');
}

static const char *describe(const struct parameter *parameter)
{
    if (parameter->equals_brand)
        return "The brand that the credential is for.";
    switch (parameter->type) {
    case PARAMETER_RANGE:
        return "From..to, the end left out.";
    case PARAMETER_IDS:
        return "Ids, separated by commas.";
    case PARAMETER_PERIOD:
    case PARAMETER_DAYS:
        return "A date of any precision, with eq, ge, gt, le, lt, sa or eb before it. It may be repeated: all must hold.";
    case PARAMETER_TOKEN:
        return "system|value, or a value of any system.";
    case PARAMETER_DATE:
    case PARAMETER_MOMENT:
    case PARAMETER_MOMENT_END:
        return "An RFC 3339 date-time, or a day.";
    case PARAMETER_STRING:
    case PARAMETER_INTEGER:
    case PARAMETER_DAY:
    case PARAMETER_DAY_END:
    case PARAMETER_ID:
        break;
    }
    return NULL;
}

static void write_parameter(struct openapi *api, const struct parameter *parameter, const char *in)
{
    const char *description = describe(parameter);

    openapi_open(api, STR_NONE, '{');
    openapi_text(api, "name", parameter->name);
    openapi_text(api, "in", str_from(in));
    if (parameter->required || in[0] == 'p')
        openapi_raw(api, "required", STR("true"));
    if (description)
        openapi_text(api, "description", str_from(description));
    openapi_parameter_schema(api, STR("schema"), parameter);
    openapi_close(api, '}');
}

static void write_page_parameter(struct openapi *api, struct str name, unsigned least, unsigned most,
                                 unsigned usual)
{
    if (!name.len)
        return;
    openapi_open(api, STR_NONE, '{');
    openapi_text(api, "name", name);
    openapi_text(api, "in", STR("query"));
    openapi_open(api, STR("schema"), '{');
    openapi_text(api, "type", STR("integer"));
    json_member_uint(&api->out, &api->first, STR("minimum"), least);
    if (most)
        json_member_uint(&api->out, &api->first, STR("maximum"), most);
    if (usual)
        json_member_uint(&api->out, &api->first, STR("default"), usual);
    openapi_close(api, '}');
    openapi_close(api, '}');
}

/* Related entities beside the answer; a list of these names. */
static void write_include(struct openapi *api, const struct operation *operation)
{
    struct buf words = buf_in(api->arena, SIZE_MAX);

    for (size_t i = 0; i < operation->include_count; i++)
        buf_printf(&words, "%s" STR_FMT, i ? ", " : "", STR_ARG(operation->includes[i].name));
    if (!words.len)
        return;
    openapi_open(api, STR_NONE, '{');
    openapi_text(api, "name", STR("include"));
    openapi_text(api, "in", STR("query"));
    openapi_text(api, "description",
                 arena_printf(api->arena, "Related entities, separated by commas: " STR_FMT ".", STR_ARG(buf_str(&words))));
    openapi_raw(api, "schema", STR("{\"type\":\"string\"}"));
    openapi_close(api, '}');
}

/* A walk by cursor, where the call can go on after an entity. */
static void write_cursor(struct openapi *api, const struct operation *operation)
{
    const struct paging *paging = operation->pages;
    const struct contract_call *call = ((const struct bound *)operation->bound)->call;

    if (!paging->cursor_count || !call || !contract_takes(call, STR("after")))
        return;
    write_page_parameter(api, paging->cursor_size, 0, paging->over_refused ? paging->cursor_max : 0, 0);
    for (size_t i = 0; i < paging->cursor_count; i++) {
        openapi_open(api, STR_NONE, '{');
        openapi_text(api, "name", paging->cursors[i]);
        openapi_text(api, "in", STR("query"));
        openapi_text(api, "description", STR("Where a walk goes on: the text that the link to what follows has."));
        openapi_raw(api, "schema", STR("{\"type\":\"string\"}"));
        openapi_close(api, '}');
    }
}

static bool is_paged(const struct openapi *api, const struct operation *operation)
{
    return api->dialect->paging.used && operation->paging != PAGING_NONE && operation->answer &&
           (template_uses(operation->answer, VAR_ITEMS) || template_uses(operation->answer, VAR_ENTRIES));
}

static void write_parameters(struct openapi *api, const struct operation *operation)
{
    const struct paging *paging = operation->pages;

    openapi_open(api, STR("parameters"), '[');
    for (size_t i = 0; i < operation->path_count; i++)
        write_parameter(api, &operation->path[i], "path");
    for (size_t i = 0; i < operation->query_count && !operation->form_of; i++)
        write_parameter(api, &operation->query[i], "query");
    if (is_paged(api, operation)) {
        bool whole = operation->paging == PAGING_OPTIONAL; /* everything unless asked: no default */
        write_page_parameter(api, paging->number, 1, 0, whole ? 0 : 1);
        write_page_parameter(api, paging->offset, 0, 0, 0);
        write_page_parameter(api, paging->size, paging->size_min, paging->size_max,
                             whole ? 0 : paging->size_default);
        write_cursor(api, operation);
    }
    write_include(api, operation);
    openapi_close(api, ']');
}

void openapi_content(struct openapi *api, const struct str *media, size_t count,
                     void (*write)(struct openapi *api, const struct operation *operation),
                     const struct operation *operation)
{
    openapi_open(api, STR("content"), '{');
    for (size_t i = 0; i < count; i++) {
        openapi_open(api, media[i], '{');
        write(api, operation);
        openapi_close(api, '}');
    }
    openapi_close(api, '}');
}

static void write_answer_schema(struct openapi *api, const struct operation *operation)
{
    openapi_answer(api, "schema", operation);
}

static void write_error_schema(struct openapi *api, const struct operation *operation)
{
    (void)operation;
    openapi_raw(api, "schema", STR("{\"$ref\":\"#/components/schemas/Error\"}"));
}

/* What can go wrong with the operation; statuses are the dialect's. */
static bool can_fail(const struct operation *operation, enum err_code code)
{
    static const enum err_code of_body[] = { ERR_BAD_JSON, ERR_INVALID,    ERR_MISSING_WRAPPER,
                                             ERR_CONFLICT, ERR_MEDIA_TYPE, ERR_TOO_LARGE };
    static const enum err_code of_all[] = { ERR_BAD_REQUEST,     ERR_NOT_ACCEPTABLE, ERR_TOO_MANY,
                                            ERR_INTERNAL,        ERR_UPSTREAM,       ERR_UNAVAILABLE,
                                            ERR_UPSTREAM_TIMEOUT };
    bool found = false;

    for (size_t i = 0; i < COUNT(of_all); i++)
        found = found || code == of_all[i];
    found = found || (operation->form_of && (code == ERR_MEDIA_TYPE || code == ERR_TOO_LARGE));
    for (size_t i = 0; i < COUNT(of_body) && operation->has_body; i++)
        found = found || code == of_body[i];
    bool client = operation->builtin == BUILTIN_TOKEN || operation->builtin == BUILTIN_REVOKE; /* says who it is in the body */
    found = found || (client && (code == ERR_INVALID_CLIENT || code == ERR_UNAUTHENTICATED)) || (operation->has_body && code == operation->media_error);
    found = found ||
            (!operation->open && (code == ERR_UNAUTHENTICATED || code == ERR_FORBIDDEN || code == ERR_SCOPE));
    found = found || (((operation->etag && operation->stored.len) || operation->versioned_by) && code == ERR_PRECONDITION);
    bool unsure = operation->path_count || operation->builtin == BUILTIN_METADATA; /* only of an issuer with an address */
    found = found || (unsure && code == ERR_NOT_FOUND);
    return found || (operation->query_count && code == ERR_INVALID_PARAMETER);
}

static void write_answer(struct openapi *api, struct str description, const struct operation *operation,
                         void (*write)(struct openapi *api, const struct operation *operation))
{
    openapi_text(api, "description", description);
    openapi_content(api, api->dialect->answer_media, api->dialect->answer_media_count, write, operation);
}

static void write_status(struct openapi *api, const struct operation *operation, int status)
{
    struct str description = STR_NONE;

    for (int code = ERR_NONE + 1; code < ERR_CONFIG; code++)
        if (!description.len && api->dialect->errors[code].status == status &&
            can_fail(operation, (enum err_code)code))
            description = str_from(err_text((enum err_code)code));
    if (!description.len)
        return;
    openapi_open(api, arena_printf(api->arena, "%d", status), '{');
    write_answer(api, description, operation, write_error_schema);
    openapi_close(api, '}');
}

static void write_answers(struct openapi *api, const struct operation *operation)
{
    openapi_open(api, STR("responses"), '{');
    openapi_open(api, arena_printf(api->arena, "%d", operation->status), '{');
    if (operation->answer)
        write_answer(api, STR("Done."), operation, write_answer_schema);
    else
        openapi_text(api, "description", STR("Done."));
    openapi_close(api, '}');
    if (operation->etag && str_is(operation->methods[0], "GET")) {
        openapi_open(api, STR("304"), '{');
        openapi_text(api, "description", STR("If-None-Match names what would be shown."));
        openapi_close(api, '}');
    }
    for (int status = 400; status < 600; status++)
        write_status(api, operation, status);
    openapi_close(api, '}');
}

static void write_security(struct openapi *api, const struct operation *operation)
{
    openapi_open(api, STR("security"), '[');
    if (!operation->open) {
        openapi_open(api, STR_NONE, '{');
        openapi_open(api, STR("token"), '[');
        for (size_t i = 0; i < operation->scope_count; i++) {
            if (i)
                buf_char(&api->out, ',');
            json_quote(&api->out, operation->scopes[i]);
        }
        openapi_close(api, ']');
        openapi_close(api, '}');
    }
    openapi_close(api, ']');
}

/* "listPatients" -> "List patients". */
static struct str summary_of(struct openapi *api, struct str name)
{
    struct buf words = buf_in(api->arena, SIZE_MAX);

    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool upper = c >= 'A' && c <= 'Z';
        if (i && upper)
            buf_char(&words, ' ');
        if (i ? upper : c >= 'a' && c <= 'z')
            c = (char)(c ^ 0x20);
        buf_char(&words, c);
    }
    return buf_str(&words);
}

void openapi_operation(struct openapi *api, const struct operation *operation, size_t method)
{
    struct arena *arena = api->arena;
    struct str said = operation->methods[method], lower = arena_copy(arena, said), name = operation->name;
    char *letters = arena_alloc(arena, said.len + 1);

    for (size_t i = 0; i < said.len; i++)
        letters[i] = (char)(lower.ptr[i] | 0x20);
    lower = str_of(letters, said.len);
    if (method)
        name = arena_printf(arena, STR_FMT "_" STR_FMT, STR_ARG(name), STR_ARG(lower));
    openapi_open(api, lower, '{');
    openapi_text(api, "operationId", name);
    openapi_text(api, "summary", summary_of(api, operation->name));
    write_parameters(api, operation);
    openapi_body(api, operation);
    write_answers(api, operation);
    write_security(api, operation);
    openapi_close(api, '}');
}
