/* The body of a request: the document, or many, in its wrapper; what else the operation reads of it; look-up documents. */
#include "cli/openapi.h"

#include "json/write.h"
#include "lens/report.h"

/* An upsert may be either; what a create needs beyond an update depends on what is there. */
enum schema_side openapi_body_side(const struct operation *operation)
{
    return operation->stored.len || operation->choose.lookup.len ? SCHEMA_UPDATE : SCHEMA_CREATE;
}

/* The document, or up to `many` of them. Without a wrapper an array is wanted. */
static void write_documents(struct openapi *api, const struct operation *operation)
{
    struct str name = openapi_schema_name(api, lens_resource(operation->body_lens), openapi_body_side(operation));
    bool one = !operation->many || operation->wrapper.len;

    if (operation->many && one)
        buf_add(&api->out, STR("{\"anyOf\":["));
    if (one)
        openapi_reference(api, name);
    if (operation->many && one)
        buf_char(&api->out, ',');
    if (operation->many) {
        buf_printf(&api->out,
                   "{\"type\":\"array\",\"minItems\":1,\"maxItems\":%u,\"items\":", operation->many);
        openapi_reference(api, name);
        buf_char(&api->out, '}');
    }
    if (operation->many && one)
        buf_add(&api->out, STR("]}"));
}

/* "meta.query": a member of objects one inside the other, as a further property. */
static void write_beside(struct openapi *api, struct str path, bool required, struct str schema)
{
    struct buf close = buf_in(api->arena, SIZE_MAX);
    struct str part;

    buf_char(&api->out, ',');
    while (str_next(&path, '.', &part)) {
        json_quote(&api->out, part);
        buf_char(&api->out, ':');
        if (!path.len)
            break;
        buf_add(&api->out, STR("{\"type\":\"object\","));
        if (required) {
            struct str next = path, name;
            (void)str_next(&next, '.', &name);
            buf_add(&api->out, STR("\"required\":["));
            json_quote(&api->out, name);
            buf_add(&api->out, STR("],"));
        }
        buf_add(&api->out, STR("\"properties\":{"));
        buf_add(&close, STR("}}"));
    }
    buf_add(&api->out, schema);
    buf_add(&api->out, buf_str(&close));
}

static struct str reference(struct openapi *api, struct str lookup)
{
    return arena_printf(api->arena, "{\"$ref\":\"#/components/schemas/" STR_FMT "Lookup\"}", STR_ARG(lookup));
}

/* What a new document needs, too, where an update is the whole of it. */
static void write_required(struct openapi *api, const struct operation *operation)
{
    struct lens_lines lines = { 0 };

    lens_report_put(operation->body_lens, NULL, 0, LENS_CREATE, api->arena, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        if (!lines.items[i].required || memchr(lines.items[i].from.ptr, '/', lines.items[i].from.len))
            continue;
        buf_char(&api->out, ',');
        json_quote(&api->out, lines.items[i].from);
    }
}

/* Of an update by the whole document: the id of the path must be in it, although clients may only read it elsewhere. */
static void write_demanded(struct openapi *api, const struct operation *operation)
{
    bool demands = operation->whole && operation->same.len;

    if (demands)
        buf_add(&api->out, STR("{\"allOf\":["));
    write_documents(api, operation);
    if (!demands)
        return;
    buf_add(&api->out, STR(",{\"type\":\"object\",\"required\":["));
    json_quote(&api->out, operation->same);
    write_required(api, operation);
    buf_add(&api->out, STR("],\"properties\":{"));
    json_quote(&api->out, operation->same);
    buf_add(&api->out, STR(":{\"type\":\"string\"}}}]}"));
}

static void write_body_schema(struct openapi *api, const struct operation *operation)
{
    struct str in = operation->choose.in, first = STR_NONE;

    json_name(&api->out, &api->first, STR("schema"));
    if (!operation->body_lens) {
        buf_add(&api->out, STR("{\"type\":\"object\"}"));
        return;
    }
    if (operation->bare.len)
        buf_add(&api->out, STR("{\"anyOf\":[{\"type\":\"object\"},"));
    if (operation->wrapper.len) {
        buf_add(&api->out, STR("{\"type\":\"object\",\"required\":["));
        json_quote(&api->out, operation->wrapper);
        if (in.len && str_next(&in, '.', &first)) {
            buf_char(&api->out, ',');
            json_quote(&api->out, first);
        }
        buf_add(&api->out, STR("],\"properties\":{"));
        json_quote(&api->out, operation->wrapper);
        buf_char(&api->out, ':');
    }
    write_demanded(api, operation);
    if (operation->wrapper.len && operation->skip.len)
        write_beside(api, operation->skip, false, STR("{\"type\":[\"boolean\",\"null\"],\"default\":false}"));
    if (operation->wrapper.len && operation->choose.in.len)
        write_beside(api, operation->choose.in, true, reference(api, operation->choose.lookup));
    if (operation->wrapper.len)
        buf_add(&api->out, STR("}}"));
    if (operation->bare.len)
        buf_add(&api->out, STR("]}"));
}

/* A search's parameters as members of a form. */
static void write_form_schema(struct openapi *api, const struct operation *operation)
{
    openapi_open(api, STR("schema"), '{');
    openapi_text(api, "type", STR("object"));
    openapi_open(api, STR("properties"), '{');
    for (size_t i = 0; i < operation->query_count; i++)
        openapi_parameter_schema(api, operation->query[i].name, &operation->query[i]);
    openapi_close(api, '}');
    openapi_close(api, '}');
}

void openapi_body(struct openapi *api, const struct operation *operation)
{
    const struct dialect *dialect = api->dialect;

    if (operation->form_of) {
        openapi_open(api, STR("requestBody"), '{');
        openapi_content(api, operation->media, operation->media_count, write_form_schema, operation);
        openapi_close(api, '}');
    }
    if (!operation->has_body)
        return;
    openapi_open(api, STR("requestBody"), '{');
    openapi_raw(api, "required", operation->optional ? STR("false") : STR("true"));
    if (operation->media_count)
        openapi_content(api, operation->media, operation->media_count, write_body_schema, operation);
    else
        openapi_content(api, dialect->request_media, dialect->request_media_count, write_body_schema, operation);
    openapi_close(api, '}');
}

/* ---- look-up documents: their members by paths, "identifier.system" ---- */

/* The part of a member's path after `prefix` ("" or "identifier."); false: it is not there. */
static bool part_of(const struct parameter *member, struct str prefix, struct str *part, bool *leaf)
{
    struct str rest = member->name;

    if (!str_starts(rest, prefix))
        return false;
    rest = str_from_at(rest, prefix.len);
    (void)str_next(&rest, '.', part);
    *leaf = !rest.len;
    return true;
}

static bool is_first(const struct lookup *lookup, size_t at, struct str prefix, struct str part)
{
    for (size_t i = 0; i < at; i++) {
        struct str other;
        bool leaf;
        if (part_of(&lookup->members[i], prefix, &other, &leaf) && str_eq(other, part))
            return false;
    }
    return true;
}

static void write_leaf(struct openapi *api, const struct parameter *member)
{
    openapi_text(api, "type", member->type == PARAMETER_IDS ? STR("array") : STR("string"));
    if (member->type == PARAMETER_IDS)
        openapi_raw(api, "items", STR("{\"type\":\"string\"}"));
}

static void write_members(struct openapi *api, const struct lookup *lookup, struct str prefix)
{
    struct buf required = buf_in(api->arena, SIZE_MAX);

    openapi_text(api, "type", STR("object"));
    openapi_open(api, STR("properties"), '{');
    for (size_t i = 0; i < lookup->member_count; i++) {
        const struct parameter *member = &lookup->members[i];
        struct str part;
        bool leaf;
        if (!part_of(member, prefix, &part, &leaf))
            continue;
        if (member->required && !str_lists(buf_str(&required), ',', part))
            buf_join(&required, ',', part);
        if (!is_first(lookup, i, prefix, part))
            continue;
        openapi_open(api, part, '{');
        if (leaf)
            write_leaf(api, member);
        else
            write_members(api, lookup, arena_printf(api->arena, STR_FMT STR_FMT ".", STR_ARG(prefix), STR_ARG(part)));
        openapi_close(api, '}');
    }
    openapi_close(api, '}');
    struct str names = buf_str(&required), name;
    openapi_open(api, STR("required"), '[');
    for (bool first = true; names.len && str_next(&names, ',', &name); first = false) {
        if (!first)
            buf_char(&api->out, ',');
        json_quote(&api->out, name);
    }
    openapi_close(api, ']');
}

void openapi_lookups(struct openapi *api)
{
    for (size_t i = 0; i < api->dialect->lookup_count; i++) {
        const struct lookup *lookup = &api->dialect->lookups[i];
        openapi_open(api, arena_printf(api->arena, STR_FMT "Lookup", STR_ARG(lookup->name)), '{');
        openapi_text(api, "description",
                     lookup->match == LOOKUP_MAKE ? STR("Stands for the one that is found, or is made where there is none.")
                                                  : STR("Stands for the one that it finds; none and several are a fault."));
        write_members(api, lookup, STR(""));
        openapi_close(api, '}');
    }
}
