/* Schemas of envelopes. A template is written with a mark in the place of each variable, and what comes out
 * is read again: objects become object schemas, marks the schemas of what stands there. */
#include "cli/openapi.h"

#include "flow/flow.h"
#include "json/write.h"

/* The member that makes an object a mark; no template has such a name. */
static const char mark_name[] = "$";

struct envelope {
    struct openapi *api;
    const struct operation *operation; /* NULL: of an error */
    struct tape tape;
};

static bool write_mark(void *data, enum template_var var, struct str name, struct buf *out)
{
    (void)data;
    buf_printf(out, "{\"%s\":%d,\"name\":", mark_name, (int)var);
    json_quote(out, name);
    buf_char(out, '}');
    return true;
}

static void write_entity(struct openapi *api, struct str name, bool many)
{
    if (many)
        buf_add(&api->out, STR("{\"type\":\"array\",\"items\":"));
    openapi_reference(api, name);
    if (many)
        buf_char(&api->out, '}');
}

/* There may be none: the only document was left out, or the backend's answer says so. */
static bool may_be_null(const struct operation *operation)
{
    const struct bound *bound = operation->bound;

    return operation->skip.len || (bound && bound->call && bound->call->item.len);
}

static void write_item(struct envelope *e, bool many)
{
    struct openapi *api = e->api;
    bool either = !many && e->operation->many > 0, null = !many && may_be_null(e->operation);
    struct str name = e->operation->lens
                          ? openapi_schema_name(api, lens_resource(e->operation->lens), SCHEMA_SHOWN)
                          : STR_NONE;

    if (!name.len) {
        buf_add(&api->out, many ? STR("{\"type\":\"array\"}") : STR("{\"type\":\"object\"}"));
        return;
    }
    if (either || null)
        buf_add(&api->out, STR("{\"anyOf\":["));
    if (either) {
        write_entity(api, name, true);
        buf_char(&api->out, ',');
    }
    write_entity(api, name, many);
    if (null)
        buf_add(&api->out, STR(",{\"type\":\"null\"}"));
    if (either || null)
        buf_add(&api->out, STR("]}"));
}

static void write_schema_of(struct envelope *e, const struct template *template);

/* What stands where a variable is. */
static void write_variable(struct envelope *e, enum template_var var)
{
    struct buf *out = &e->api->out;

    switch (var) {
    case VAR_ITEM:
    case VAR_ITEMS:
        write_item(e, var == VAR_ITEMS);
        return;
    case VAR_ENTRIES:
        buf_add(out, STR("{\"type\":\"array\",\"minItems\":1,\"items\":"));
        write_schema_of(e, e->operation->each);
        buf_char(out, '}');
        return;
    case VAR_TOTAL:
    case VAR_COUNT:
    case VAR_PAGE:
    case VAR_PAGES:
    case VAR_SIZE:
    case VAR_OFFSET:
        buf_add(out, STR("{\"type\":\"integer\",\"minimum\":0}"));
        return;
    case VAR_PATH:
        buf_add(out, STR("{\"type\":[\"string\",\"integer\"]}"));
        return;
    case VAR_IGNORED:
        buf_add(out, STR("{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"));
        return;
    case VAR_INCLUDED:
    case VAR_STORED:
        buf_add(out, STR("{\"type\":\"array\",\"items\":{\"type\":\"object\"}}"));
        return;
    case VAR_FIELDS:
        buf_add(out, STR("{\"type\":\"object\",\"additionalProperties\":{\"type\":[\"array\",\"object\","
                         "\"string\"]}}"));
        return;
    case VAR_ERRORS:
        buf_add(out, STR("{\"type\":\"array\",\"minItems\":1,\"items\":"));
        write_schema_of(e, e->api->dialect->error_each);
        buf_char(out, '}');
        return;
    case VAR_LINK:
    case VAR_URL:
    case VAR_REQUEST_ID:
    case VAR_MESSAGE:
    case VAR_CODE:
    case VAR_TITLE:
    case VAR_POINTER:
    case VAR_PARAMETER:
        buf_add(out, STR("{\"type\":\"string\"}"));
        return;
    case VAR_STATUS:
        buf_add(out, STR("{\"type\":[\"string\",\"integer\"]}"));
        return;
    case VAR_DOCUMENT:
        buf_add(out, STR("{}"));
        return;
    }
}

/* The variable of a mark; false: the value is none. */
static bool is_mark(const struct tape *tape, uint32_t at, enum template_var *var)
{
    uint32_t value = tape_find(tape, at, STR(mark_name));
    uint64_t number;

    if (value == TAPE_NONE || !str_to_uint(tape_raw(tape, value), &number))
        return false;
    *var = (enum template_var)number;
    return true;
}

/* Variables that may have no value, and then their member is left out. */
static bool is_optional(const struct envelope *e, enum template_var var)
{
    static const enum template_var always[] = { VAR_ITEM,       VAR_ITEMS,  VAR_TOTAL,  VAR_COUNT,
                                                VAR_PAGE,       VAR_PAGES,  VAR_SIZE,   VAR_OFFSET,
                                                VAR_PATH,       VAR_REQUEST_ID, VAR_ERRORS,
                                                VAR_MESSAGE };

    for (size_t i = 0; i < COUNT(always); i++)
        if (always[i] == var)
            return var == VAR_MESSAGE && e->operation;
    return true;
}

/* A variable inside; `sure`: one that always has a value. */
static bool holds_mark(const struct envelope *e, uint32_t at, bool sure)
{
    const struct tape *tape = &e->tape;
    enum json_type type = tape_type(tape, at);
    enum template_var var;

    if (is_mark(tape, at, &var))
        return !sure || !is_optional(e, var);
    if (type != JSON_OBJECT && type != JSON_ARRAY)
        return false;
    uint32_t step = type == JSON_OBJECT; /* names stand between */
    for (uint32_t i = tape_first(tape, at); i < tape_next(tape, at); i = tape_next(tape, i + step))
        if (holds_mark(e, i + step, sure))
            return true;
    return false;
}

/* Something of it is always there. */
static bool is_sure(const struct envelope *e, uint32_t at)
{
    enum template_var var;

    if (is_mark(&e->tape, at, &var))
        return !is_optional(e, var);
    if (tape_type(&e->tape, at) == JSON_ARRAY)
        return !holds_mark(e, at, false) || holds_mark(e, at, true);
    if (tape_type(&e->tape, at) != JSON_OBJECT)
        return true;
    for (uint32_t i = tape_first(&e->tape, at); i < tape_next(&e->tape, at); i = tape_next(&e->tape, i + 1))
        if (is_sure(e, i + 1))
            return true;
    return false;
}

static void write_value(struct envelope *e, uint32_t at);

static void write_object(struct envelope *e, uint32_t at)
{
    struct buf *out = &e->api->out;
    const struct tape *tape = &e->tape;
    size_t required = 0;

    buf_add(out, STR("{\"type\":\"object\",\"properties\":{"));
    for (uint32_t i = tape_first(tape, at); i < tape_next(tape, at); i = tape_next(tape, i + 1)) {
        if (i != tape_first(tape, at))
            buf_char(out, ',');
        buf_add(out, tape_raw(tape, i));
        buf_char(out, ':');
        write_value(e, i + 1);
    }
    buf_char(out, '}');
    for (uint32_t i = tape_first(tape, at); i < tape_next(tape, at); i = tape_next(tape, i + 1)) {
        if (!is_sure(e, i + 1))
            continue;
        buf_add(out, required++ ? STR(",") : STR(",\"required\":["));
        buf_add(out, tape_raw(tape, i));
    }
    if (required)
        buf_char(out, ']');
    buf_char(out, '}');
}

/* A list with variables: each element is one of what stands in it. */
static void write_array(struct envelope *e, uint32_t at)
{
    struct buf *out = &e->api->out;
    const struct tape *tape = &e->tape;

    buf_add(out, STR("{\"type\":\"array\",\"items\":{\"anyOf\":["));
    for (uint32_t i = tape_first(tape, at); i < tape_next(tape, at); i = tape_next(tape, i)) {
        if (i != tape_first(tape, at))
            buf_char(out, ',');
        write_value(e, i);
    }
    buf_add(out, STR("]}}"));
}

static void write_value(struct envelope *e, uint32_t at)
{
    enum template_var var;

    if (is_mark(&e->tape, at, &var)) {
        write_variable(e, var);
    } else if (tape_type(&e->tape, at) == JSON_OBJECT) {
        write_object(e, at);
    } else if (tape_type(&e->tape, at) == JSON_ARRAY && holds_mark(e, at, false)) {
        write_array(e, at);
    } else {
        buf_add(&e->api->out, STR("{\"const\":"));
        buf_add(&e->api->out, tape_raw(&e->tape, at));
        buf_char(&e->api->out, '}');
    }
}

static void write_schema_of(struct envelope *e, const struct template *template)
{
    struct envelope inner = *e;
    struct buf text = buf_in(e->api->arena, SIZE_MAX);
    struct tape_fault fault;

    if (template)
        template_write(template, write_mark, NULL, &text);
    if (template && tape_read(&inner.tape, e->api->arena, buf_str(&text), &tape_default_limits, &fault))
        write_value(&inner, 0);
    else
        buf_add(&e->api->out, STR("{}"));
}

void openapi_answer(struct openapi *api, const char *name, const struct operation *operation)
{
    struct envelope e = { .api = api, .operation = operation };

    json_name(&api->out, &api->first, str_from(name));
    if (operation->answer_bare)
        buf_add(&api->out, STR("{\"anyOf\":["));
    write_schema_of(&e, operation->answer);
    if (operation->answer_bare) {
        buf_char(&api->out, ',');
        write_schema_of(&e, operation->answer_bare);
        buf_add(&api->out, STR("]}"));
    }
}

void openapi_error(struct openapi *api, struct str name)
{
    struct envelope e = { .api = api };

    json_name(&api->out, &api->first, name);
    if (api->dialect->error_many)
        buf_add(&api->out, STR("{\"anyOf\":["));
    write_schema_of(&e, api->dialect->error_one);
    if (api->dialect->error_many) {
        buf_char(&api->out, ',');
        write_schema_of(&e, api->dialect->error_many);
        buf_add(&api->out, STR("]}"));
    }
}
