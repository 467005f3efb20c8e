#include "dialect/template.h"

#include "json/write.h"
#include "yaml/yaml.h"

enum node_kind { LITERAL, VARIABLE, OBJECT, ARRAY };

struct template {
    enum node_kind kind;
    enum template_var var;
    struct str name; /* of a member, as JSON with its colon; of a variable after the dot */
    struct str key;
    struct str json; /* LITERAL */
    struct template *first, *next;
};

static const struct {
    struct str name;
    enum template_var var;
    bool dotted;
} variables[] = {
    { .name = STR_INIT("item"), .var = VAR_ITEM },
    { .name = STR_INIT("items"), .var = VAR_ITEMS },
    { .name = STR_INIT("entries"), .var = VAR_ENTRIES },
    { .name = STR_INIT("document"), .var = VAR_DOCUMENT, .dotted = true },
    { .name = STR_INIT("path"), .var = VAR_PATH, .dotted = true },
    { .name = STR_INIT("link"), .var = VAR_LINK, .dotted = true },
    { .name = STR_INIT("url"), .var = VAR_URL },
    { .name = STR_INIT("total"), .var = VAR_TOTAL },
    { .name = STR_INIT("count"), .var = VAR_COUNT },
    { .name = STR_INIT("page"), .var = VAR_PAGE },
    { .name = STR_INIT("pages"), .var = VAR_PAGES },
    { .name = STR_INIT("size"), .var = VAR_SIZE },
    { .name = STR_INIT("offset"), .var = VAR_OFFSET },
    { .name = STR_INIT("request_id"), .var = VAR_REQUEST_ID },
    { .name = STR_INIT("ignored"), .var = VAR_IGNORED },
    { .name = STR_INIT("included"), .var = VAR_INCLUDED },
    { .name = STR_INIT("stored"), .var = VAR_STORED },
    { .name = STR_INIT("message"), .var = VAR_MESSAGE },
    { .name = STR_INIT("code"), .var = VAR_CODE },
    { .name = STR_INIT("title"), .var = VAR_TITLE },
    { .name = STR_INIT("status"), .var = VAR_STATUS },
    { .name = STR_INIT("pointer"), .var = VAR_POINTER },
    { .name = STR_INIT("parameter"), .var = VAR_PARAMETER },
    { .name = STR_INIT("fields"), .var = VAR_FIELDS },
    { .name = STR_INIT("errors"), .var = VAR_ERRORS },
};

static int load_variable(struct template *made, const struct yaml *node, struct err *err)
{
    struct str head = str_from_at(node->text, 1), tail = STR_NONE;

    (void)str_cut(head, '.', &head, &tail);
    struct near near = near_to(head);
    for (size_t i = 0; i < COUNT(variables); i++) {
        near_try(&near, variables[i].name);
        if (!str_eq(variables[i].name, head))
            continue;
        if (tail.len && !variables[i].dotted)
            break;
        made->kind = VARIABLE;
        made->var = variables[i].var;
        made->name = tail;
        return 0;
    }
    (void)yaml_fault(node, err, "unknown variable '" STR_FMT "', expected one of docs/dialect.md such as $item or $request_id",
                     STR_ARG(node->text));
    return err_meant(err, near.best);
}

static int load_children(struct template *made, struct arena *arena, const struct yaml *node, struct err *err)
{
    struct template **end = &made->first;

    for (const struct yaml *child = node->first; child; child = child->next) {
        if (template_load(end, arena, child, err))
            return -1;
        if (node->kind == YAML_MAP) {
            struct buf key = buf_in(arena, SIZE_MAX);
            json_quote(&key, child->key);
            buf_char(&key, ':');
            (*end)->key = buf_str(&key);
        }
        end = &(*end)->next;
    }
    return 0;
}

int template_load(struct template **made, struct arena *arena, const struct yaml *node, struct err *err)
{
    struct template *fresh = *made = ARENA_NEW(arena, struct template);

    if (node->kind == YAML_TEXT) {
        if (node->text.len > 1 && node->text.ptr[0] == '$')
            return load_variable(fresh, node, err);
        struct buf json = buf_in(arena, SIZE_MAX);
        yaml_to_json(node, &json);
        fresh->json = buf_str(&json);
        return 0;
    }
    fresh->kind = node->kind == YAML_MAP ? OBJECT : ARRAY;
    return load_children(fresh, arena, node, err);
}

struct writing {
    template_value_fn *value;
    void *data;
    struct buf *out;
    size_t said; /* variables that had a value */
};

static bool write_node(struct writing *writing, const struct template *node);

static bool names_variables(const struct template *node)
{
    if (node->kind == VARIABLE)
        return true;
    for (const struct template *child = node->first; child; child = child->next)
        if (names_variables(child))
            return true;
    return false;
}

/* An element of a list that was to say something and said nothing. */
static bool is_mute(const struct template *list, const struct template *child, bool said)
{
    return list->kind == ARRAY && child->kind == OBJECT && !said && names_variables(child);
}

/* A container's children; false when none was written. */
static bool write_children(struct writing *writing, const struct template *node)
{
    struct buf *out = writing->out;
    bool any = false;

    for (const struct template *child = node->first; child; child = child->next) {
        size_t start = out->len, said = writing->said;
        if (any)
            buf_char(out, ',');
        buf_add(out, child->key);
        if (write_node(writing, child) && !is_mute(node, child, writing->said > said))
            any = true;
        else
            out->len = start;
    }
    return any;
}

static bool write_variable(struct writing *writing, const struct template *node)
{
    bool said = writing->value(writing->data, node->var, node->name, writing->out);

    writing->said += said;
    return said;
}

static bool write_node(struct writing *writing, const struct template *node)
{
    struct buf *out = writing->out;
    size_t start = out->len;

    switch (node->kind) {
    case LITERAL:
        buf_add(out, node->json);
        return true;
    case VARIABLE:
        return write_variable(writing, node);
    case OBJECT:
    case ARRAY:
        break;
    }
    buf_char(out, node->kind == OBJECT ? '{' : '[');
    bool any = write_children(writing, node) || !node->first;
    buf_char(out, node->kind == OBJECT ? '}' : ']');
    if (!any)
        out->len = start;
    return any;
}

void template_write(const struct template *template, template_value_fn *value, void *data, struct buf *out)
{
    struct writing writing = { .value = value, .data = data, .out = out };
    size_t start = out->len;

    if (write_node(&writing, template))
        return;
    out->len = start;
    buf_add(out, template->kind == OBJECT ? STR("{}") : STR("null"));
}

bool template_uses(const struct template *template, enum template_var var)
{
    if (template->kind == VARIABLE)
        return template->var == var;
    for (const struct template *child = template->first; child; child = child->next)
        if (template_uses(child, var))
            return true;
    return false;
}
