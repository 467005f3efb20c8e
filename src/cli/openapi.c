/* `dragoman openapi --dialect D`: paths and parameters from dialect.yaml, documents from the mappings. */
#include "cli/openapi.h"

#include "cli/cli.h"
#include "json/write.h"

#include <stdio.h>

void openapi_open(struct openapi *api, struct str name, char bracket)
{
    if (name.len)
        json_name(&api->out, &api->first, name);
    else if (!api->first)
        buf_char(&api->out, ',');
    buf_char(&api->out, bracket);
    api->first = true;
}

void openapi_close(struct openapi *api, char bracket)
{
    buf_char(&api->out, bracket);
    api->first = false;
}

void openapi_text(struct openapi *api, const char *name, struct str value)
{
    json_member_string(&api->out, &api->first, str_from(name), value);
}

void openapi_raw(struct openapi *api, const char *name, struct str json)
{
    json_member_raw(&api->out, &api->first, str_from(name), json);
}

void openapi_reference(struct openapi *api, struct str name)
{
    buf_printf(&api->out, "{\"$ref\":\"#/components/schemas/" STR_FMT "\"}", STR_ARG(name));
}

struct str openapi_schema_name(struct openapi *api, struct str resource, enum schema_side side)
{
    static const char *const tails[] = {
        [SCHEMA_SHOWN] = "", [SCHEMA_CREATE] = "Create", [SCHEMA_UPDATE] = "Update"
    };

    return arena_printf(api->arena, STR_FMT "%s", STR_ARG(resource), tails[side]);
}

static void write_info(struct openapi *api)
{
    const struct dialect *dialect = api->dialect;

    openapi_open(api, STR("info"), '{');
    openapi_text(api, "title", dialect->title.len ? dialect->title : dialect->name);
    openapi_text(api, "version", STR("1"));
    openapi_text(api, "description",
                 STR("As this gateway serves it; made from its mappings. Members that a document has beyond "
                     "those named "
                     "here are kept and shown again."));
    openapi_close(api, '}');
    openapi_open(api, STR("servers"), '[');
    openapi_open(api, STR_NONE, '{');
    openapi_text(api, "url", dialect->prefix.len ? dialect->prefix : STR("/"));
    openapi_close(api, '}');
    openapi_close(api, ']');
}

static struct str path_of(struct openapi *api, const struct operation *operation)
{
    struct buf path = buf_in(api->arena, SIZE_MAX);

    for (size_t i = 0; i < operation->segment_count; i++)
        buf_printf(&path, operation->segments[i].is_parameter ? "/{" STR_FMT "}" : "/" STR_FMT,
                   STR_ARG(operation->segments[i].text));
    return path.len ? buf_str(&path) : STR("/");
}

/* Operations of one path stand together, under the first of them. */
static void write_paths(struct openapi *api)
{
    const struct dialect *dialect = api->dialect;
    struct str *paths = ARENA_ARRAY(api->arena, struct str, dialect->operation_count + 1);

    openapi_open(api, STR("paths"), '{');
    for (size_t i = 0; i < dialect->operation_count; i++) {
        bool written = false;
        paths[i] = path_of(api, &dialect->operations[i]);
        for (size_t k = 0; k < i; k++)
            written = written || str_eq(paths[k], paths[i]);
        if (written)
            continue;
        openapi_open(api, paths[i], '{');
        for (size_t k = i; k < dialect->operation_count; k++) {
            const struct operation *operation = &dialect->operations[k];
            bool same = str_eq(path_of(api, operation), paths[i]);
            for (size_t m = 0; same && m < operation->method_count; m++)
                openapi_operation(api, operation, m);
        }
        openapi_close(api, '}');
    }
    openapi_close(api, '}');
}

/* Whether an operation's answer or body needs this schema. */
static bool is_used(const struct openapi *api, const struct lens *lens, enum schema_side side)
{
    for (size_t i = 0; i < api->dialect->operation_count; i++) {
        const struct operation *operation = &api->dialect->operations[i];
        enum schema_side body = openapi_body_side(operation);
        if (side == SCHEMA_SHOWN ? operation->lens == lens
                                 : operation->has_body && operation->body_lens == lens && side == body)
            return true;
    }
    return false;
}

static void write_schema(struct openapi *api, const struct lens *lens, enum schema_side side)
{
    struct buf schema = buf_in(api->arena, SIZE_MAX), example = buf_in(api->arena, SIZE_MAX);

    if (!is_used(api, lens, side))
        return;
    lens_schema(lens, side, api->arena, &schema);
    if (side == SCHEMA_CREATE && lens_example(lens, &example)) {
        schema.len--; /* the closing brace */
        buf_printf(&schema, ",\"examples\":[" STR_FMT "]}", STR_ARG(buf_str(&example)));
    }
    openapi_raw(api, openapi_schema_name(api, lens_resource(lens), side).ptr, buf_str(&schema));
}

static void write_security_scheme(struct openapi *api)
{
    const struct dialect *dialect = api->dialect;

    openapi_open(api, STR("securitySchemes"), '{');
    openapi_open(api, STR("token"), '{');
    if (dialect->credential_scheme.len) {
        openapi_text(api, "type", STR("http"));
        openapi_text(api, "scheme", dialect->credential_scheme);
    } else {
        openapi_text(api, "type", STR("apiKey"));
        openapi_text(api, "in", STR("header"));
        openapi_text(api, "name", dialect->credential_header);
    }
    openapi_text(api, "description",
                 STR("A JWT, or an opaque token of the gateway. Operations name the scopes they need."));
    openapi_close(api, '}');
    openapi_close(api, '}');
}

static void write_components(struct openapi *api)
{
    const struct dialect *dialect = api->dialect;

    openapi_open(api, STR("components"), '{');
    write_security_scheme(api);
    openapi_open(api, STR("schemas"), '{');
    openapi_error(api, STR("Error"));
    for (size_t i = 0; i < dialect->lens_count; i++) {
        write_schema(api, dialect->lenses[i], SCHEMA_SHOWN);
        write_schema(api, dialect->lenses[i], SCHEMA_CREATE);
        write_schema(api, dialect->lenses[i], SCHEMA_UPDATE);
    }
    openapi_lookups(api);
    openapi_close(api, '}');
    openapi_close(api, '}');
}

static void write_document(struct openapi *api)
{
    buf_char(&api->out, '{');
    api->first = true;
    openapi_text(api, "openapi", STR("3.1.0"));
    write_info(api);
    write_paths(api);
    write_components(api);
    openapi_close(api, '}');
    buf_char(&api->out, '\n');
}

int command_openapi(const struct invocation *invocation, struct err *err)
{
    struct gateway *gateway = NULL;
    const char *name = option_text(invocation, "--dialect", NULL);
    struct openapi api = { .arena = invocation->conf->arena,
                           .out = buf_in(invocation->conf->arena, SIZE_MAX) };

    if (!name || invocation->word_count)
        return cli_usage("openapi: expected --dialect D");
    if (gateway_new(&gateway, invocation->conf, NULL, NULL, err))
        return -1;
    api.dialect = gateway_dialect(gateway, str_from(name));
    if (api.dialect) {
        write_document(&api);
        (void)fwrite(api.out.ptr, 1, api.out.len, stdout);
    }
    int result = api.dialect ? 0 : cli_no_dialect(gateway, name);
    gateway_free(&gateway);
    return result;
}
