#include "lens/schema.h"

#include "json/write.h"
#include "lens/put.h"
#include "yaml/yaml.h"

struct schema {
    const struct lens *lens;
    enum schema_side side;
    unsigned mode; /* a MODE_ bit, of put */
    struct arena *arena;
    struct buf *out;
};

/* Members of the object that is being written. */
static void add_raw(struct schema *s, bool *first, const char *name, const char *json)
{
    json_member_raw(s->out, first, str_from(name), str_from(json));
}

static void add_uint(struct schema *s, bool *first, const char *name, uint64_t value)
{
    json_member_uint(s->out, first, str_from(name), value);
}

static void write_tree(struct schema *s, const struct node *parent);

static void write_object_of(struct schema *s, const struct node *tree)
{
    buf_add(s->out, STR("{\"type\":\"object\""));
    write_tree(s, tree);
    buf_char(s->out, '}');
}

static void write_strings(struct schema *s, bool *first, const char *name, const struct str *items,
                          size_t count)
{
    json_name(s->out, first, str_from(name));
    buf_char(s->out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_char(s->out, ',');
        json_quote(s->out, items[i]);
    }
    buf_char(s->out, ']');
}

static bool has_enum(const struct schema *s, const struct field *field)
{
    bool open = s->side == SCHEMA_SHOWN ? field->otherwise == OTHERWISE_SAME : field->put_same;

    return field->enum_count && !open;
}

static void write_enum(struct schema *s, bool *first, const struct field *field)
{
    bool other = s->side == SCHEMA_SHOWN && field->otherwise == OTHERWISE_LITERAL;

    json_name(s->out, first, STR("enum"));
    buf_char(s->out, '[');
    for (size_t i = 0; i < field->enum_count; i++) {
        other = other && !str_eq(field->otherwise_value.json, field->enums[i].dialect.json);
        if (i)
            buf_char(s->out, ',');
        buf_add(s->out, field->enums[i].dialect.json);
    }
    for (size_t i = 0; i < field->also_count; i++) {
        buf_char(s->out, ',');
        buf_add(s->out, field->also[i].dialect.json);
    }
    if (other) {
        buf_char(s->out, ',');
        buf_add(s->out, field->otherwise_value.json);
    }
    buf_char(s->out, ']');
}

/* get shows it; a request may also say what else is accepted. */
static void write_constant(struct schema *s, bool *first, const struct field *field)
{
    if (s->side == SCHEMA_SHOWN || !field->accept_count) {
        json_member_raw(s->out, first, STR("const"), field->constant.json);
        return;
    }
    json_name(s->out, first, STR("enum"));
    buf_char(s->out, '[');
    buf_add(s->out, field->constant.json);
    for (size_t i = 0; i < field->accept_count; i++) {
        buf_char(s->out, ',');
        buf_add(s->out, field->accept[i].json);
    }
    buf_char(s->out, ']');
}

static void write_forms(struct schema *s, bool *first, const struct field *field)
{
    struct buf pattern = buf_in(s->arena, SIZE_MAX);

    for (size_t i = 0; i < field->form_count; i++) {
        buf_add(&pattern, i ? STR("|^") : STR("^"));
        for (size_t k = 0; k < field->forms[i].len; k++) {
            char c = field->forms[i].ptr[k];
            if (c == '#')
                buf_add(&pattern, STR("[0-9]"));
            else
                buf_printf(&pattern, strchr("\\^$.|?*+()[]{}/", c) ? "\\%c" : "%c", c);
        }
        buf_char(&pattern, '$');
    }
    json_member_string(s->out, first, STR("pattern"), buf_str(&pattern));
}

/* What put checks of a value besides its type. What the backend holds is shown as it is. */
static void write_limits(struct schema *s, bool *first, const struct field *field)
{
    bool array = field->type == TYPE_ARRAY || field->type == TYPE_LIST || field->type == TYPE_PICK ||
                 field->type == TYPE_ENTRIES || field->type == TYPE_LINES || field->type == TYPE_READING;
    bool filled = (field->required & s->mode) || field->blank_refuse;

    if (s->side == SCHEMA_SHOWN)
        return;
    if (field->has_min_length || (filled && (array || field->type == TYPE_STRING)))
        add_uint(s, first, array ? "minItems" : "minLength", field->has_min_length ? field->min_length : 1);
    if (field->has_max_length)
        add_uint(s, first, array ? "maxItems" : "maxLength", field->max_length);
    if (field->min.json.ptr && field->type != TYPE_DECIMAL)
        json_member_raw(s->out, first, STR("minimum"), field->min.text);
    if (field->max.json.ptr && field->type != TYPE_DECIMAL)
        json_member_raw(s->out, first, STR("maximum"), field->max.text);
    if (field->form_count)
        write_forms(s, first, field);
    else if (field->blank_refuse && field->type == TYPE_STRING)
        add_raw(s, first, "pattern", "\"\\\\S\"");
}

static void write_kinds(struct schema *s, bool *first, unsigned kinds)
{
    static const char *const names[] = {
        [JSON_NULL] = "null",     [JSON_FALSE] = "boolean", [JSON_TRUE] = NULL,
        [JSON_NUMBER] = "number", [JSON_STRING] = "string", [JSON_ARRAY] = "array",
        [JSON_OBJECT] = "object",
    };
    struct str found[COUNT(names)];
    size_t count = 0;

    for (size_t i = 0; i < COUNT(names); i++)
        if (names[i] && kinds & 1u << i)
            found[count++] = str_from(names[i]);
    if (count)
        write_strings(s, first, "type", found, count);
}

static void write_value(struct schema *s, const struct field *field);

static void write_items(struct schema *s, bool *first, const struct field *field)
{
    bool inner = true;
    const struct str pair[] = { field->entry_name, field->entry_value };

    if (field->type == TYPE_ARRAY && !field->of)
        return;
    json_name(s->out, first, STR("items"));
    if (field->of) {
        write_value(s, field->of);
        return;
    }
    if (field->type == TYPE_LINES) {
        buf_add(s->out, STR("{\"type\":\"string\"}"));
        return;
    }
    if (field->bare) {
        write_value(s, field->bare);
        return;
    }
    if (field->element) {
        write_object_of(s, field->element->dialect);
        return;
    }
    if (field->type == TYPE_PICK || field->type == TYPE_READING) { /* only what is mapped of it is judged */
        buf_add(s->out, STR("{\"type\":\"object\"}"));
        return;
    }
    buf_char(s->out, '{');
    add_raw(s, &inner, "type", "\"object\"");
    if (s->side != SCHEMA_SHOWN)
        write_strings(s, &inner, "required", pair, COUNT(pair));
    buf_char(s->out, '}');
}

/* The type's own members. */
static void write_type(struct schema *s, bool *first, const struct field *field)
{
    static const char *const types[TYPE_COUNT] = {
        [TYPE_STRING] = "\"string\"",  [TYPE_INTEGER] = "\"integer\"", [TYPE_NUMBER] = "\"number\"",
        [TYPE_DECIMAL] = "\"string\"", [TYPE_BOOLEAN] = "\"boolean\"", [TYPE_DATE] = "\"string\"",
        [TYPE_EMAIL] = "\"string\"",   [TYPE_DATETIME] = "\"string\"", [TYPE_UUID] = "\"string\"",
        [TYPE_OBJECT] = "\"object\"",  [TYPE_ARRAY] = "\"array\"",     [TYPE_MAP] = "\"object\"",
        [TYPE_LINK] = "\"string\"",    [TYPE_LINES] = "\"array\"",     [TYPE_PICK] = "\"array\"",
        [TYPE_ENTRIES] = "\"array\"",  [TYPE_LIST] = "\"array\"",     [TYPE_DIGITS] = "\"number\"",
        [TYPE_READING] = "\"array\"",  [TYPE_VERSION] = "\"string\"",
    };
    static const char *const formats[TYPE_COUNT] = {
        [TYPE_DATE] = "\"date\"",
        [TYPE_DATETIME] = "\"date-time\"",
        [TYPE_EMAIL] = "\"email\"",
        [TYPE_UUID] = "\"uuid\"",
    };

    if (field->type == TYPE_ANY)
        write_kinds(s, first, field->kinds);
    else if (field->type == TYPE_ID)
        add_raw(s, first, "type", field->as_integer ? "\"integer\"" : "\"string\"");
    else if (field->type == TYPE_QUANTITY)
        add_raw(s, first, "type", "[\"number\",\"string\"]");
    else
        add_raw(s, first, "type", types[field->type]);
    if (field->partial_keep)
        add_raw(s, first, "description", "\"A date-time with its offset, or a day, a month or a year.\"");
    else if (formats[field->type])
        add_raw(s, first, "format", formats[field->type]);
    if (field->type == TYPE_MAP)
        add_raw(s, first, "additionalProperties",
                s->side == SCHEMA_UPDATE ? "{\"type\":[\"string\",\"null\"]}" : "{\"type\":\"string\"}");
    if (field->type == TYPE_DECIMAL)
        add_raw(s, first, "pattern", "\"^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$\"");
    if (types[field->type] && str_is(str_from(types[field->type]), "\"array\""))
        write_items(s, first, field);
}

/* A value that is no null. */
static void write_value(struct schema *s, const struct field *field)
{
    bool first = true;
    const struct yaml *example = yaml_get(field->from, "example");

    buf_char(s->out, '{');
    if (field->constant.json.ptr)
        write_constant(s, &first, field);
    else if (field->lookup.ptr) /* what it may say is the dialect's */
        json_member_string(s->out, &first, STR("$ref"),
                           arena_printf(s->arena, "#/components/schemas/" STR_FMT "Lookup", STR_ARG(field->lookup)));
    else if (field->invalid_keep)
        add_raw(s, &first, "description",
                "\"A value of another form is accepted and shown as it was sent.\"");
    else
        write_type(s, &first, field);
    if (!field->constant.json.ptr && has_enum(s, field))
        write_enum(s, &first, field);
    if (!field->constant.json.ptr && !field->invalid_keep && !field->lookup.ptr)
        write_limits(s, &first, field);
    if (example) {
        json_name(s->out, &first, STR("examples"));
        buf_char(s->out, '[');
        yaml_to_json(example, s->out);
        buf_char(s->out, ']');
    }
    buf_char(s->out, '}');
}

static bool may_be_null(const struct schema *s, const struct field *field)
{
    if (field->constant.json.ptr)
        return false;
    switch (s->side) {
    case SCHEMA_SHOWN:
        return field->absent == ABSENT_NULL || field->source == FROM_REST || field->type == TYPE_ID;
    case SCHEMA_CREATE:
        return !(field->required & MODE_CREATE) &&
               (field->null_absent || !s->lens->style.refuse_null_on_create);
    case SCHEMA_UPDATE:
        return !(field->required & MODE_UPDATE) && !field->null_refuse;
    }
    return false;
}

static void write_field(struct schema *s, const struct field *field)
{
    if (!may_be_null(s, field)) {
        write_value(s, field);
        return;
    }
    buf_add(s->out, STR("{\"anyOf\":["));
    write_value(s, field);
    buf_add(s->out, STR(",{\"type\":\"null\"}]}"));
}

static bool is_there(const struct schema *s, const struct field *field)
{
    if (s->side == SCHEMA_SHOWN)
        return !field->write_only && !field->lookup.ptr;
    return !(field->read_only & s->mode);
}

/* Get always writes it; put refuses a document without it. */
static bool is_required(const struct schema *s, const struct field *field)
{
    bool depends = field->when_path.ptr || field->unless_name.ptr || field->type == TYPE_LINK ||
                   field->type == TYPE_VERSION;

    if (s->side == SCHEMA_SHOWN)
        return !depends && field->source != FROM_REST &&
               (field->absent != ABSENT_OMIT || field->source == FROM_CONST);
    return (field->required & s->mode) && !field->param.ptr && !field->inside && !field->known;
}

/* A group is there when one of its members has to be. In a null style get writes it always, maybe as null. */
static bool is_group_required(const struct schema *s, const struct node *group)
{
    if (s->side == SCHEMA_SHOWN)
        return s->lens->style.absent_as_null;
    for (const struct node *child = group->first; child; child = child->next)
        if (child->field ? is_there(s, child->field) && is_required(s, child->field)
                         : is_group_required(s, child))
            return true;
    return false;
}

static bool has_members(const struct schema *s, const struct node *group)
{
    for (const struct node *child = group->first; child; child = child->next)
        if (child->group ? has_members(s, child) : is_there(s, child->field))
            return true;
    return false;
}

static void write_member(struct schema *s, const struct node *node, bool *first)
{
    bool nullable = node->group && !is_group_required(s, node);

    if (node->group && s->side == SCHEMA_SHOWN)
        nullable = s->lens->style.absent_as_null;
    json_name(s->out, first, node->name);
    if (!node->group) {
        write_field(s, node->field);
        return;
    }
    if (nullable)
        buf_add(s->out, STR("{\"anyOf\":["));
    write_object_of(s, node);
    if (nullable)
        buf_add(s->out, STR(",{\"type\":\"null\"}]}"));
}

/* "properties" and what goes with it, after the type. */
static void write_tree(struct schema *s, const struct node *parent)
{
    struct str *required = NULL;
    size_t count = 0, space = 0;
    bool first = true, refuses = s->lens->rest == REST_REFUSE && s->side != SCHEMA_SHOWN;

    buf_add(s->out, STR(",\"properties\":{"));
    for (const struct node *child = parent->first; child; child = child->next) {
        if (child->group ? !has_members(s, child) : !is_there(s, child->field))
            continue;
        write_member(s, child, &first);
        if (child->group ? !is_group_required(s, child) : !is_required(s, child->field))
            continue;
        required = arena_grow(s->arena, required, count, &space, sizeof *required);
        required[count++] = child->name;
    }
    buf_char(s->out, '}');
    first = false;
    if (count)
        write_strings(s, &first, "required", required, count);
    if (refuses)
        add_raw(s, &first, "additionalProperties", "false");
}

void lens_schema(const struct lens *lens, enum schema_side side, struct arena *arena, struct buf *out)
{
    struct schema s = { .lens = lens,
                        .side = side,
                        .mode = side == SCHEMA_UPDATE ? MODE_UPDATE : MODE_CREATE,
                        .arena = arena,
                        .out = out };

    write_object_of(&s, lens->shape->dialect);
}

bool lens_example(const struct lens *lens, struct buf *out)
{
    for (const struct yaml *at = lens->examples ? lens->examples->first : NULL; at; at = at->next) {
        const struct yaml *only = yaml_get(at, "only"), *mode = yaml_get(at, "mode");
        if (yaml_get(at, "refused") || (only && str_is(only->text, "get")) || (mode && str_is(mode->text, "update")))
            continue;
        yaml_to_json(yaml_get(at, "dialect"), out);
        return true;
    }
    return false;
}
