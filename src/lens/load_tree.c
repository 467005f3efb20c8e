#include "lens/load.h"

struct str load_path(struct load *load, struct str parent, struct str name)
{
    if (!parent.len)
        return name;
    return arena_printf(load->arena, STR_FMT "/" STR_FMT, STR_ARG(parent), STR_ARG(name));
}

struct node *node_child(const struct node *parent, struct str name)
{
    for (struct node *child = parent->first; child; child = child->next)
        if (str_eq(child->name, name))
            return child;
    return NULL;
}

static struct node *add_node(struct load *load, struct node *parent, const struct yaml *at)
{
    struct node *node = ARENA_NEW(load->arena, struct node);

    *node = (struct node){ .name = at->key,
                           .lead = literal_lead(load->arena, at->key),
                           .path = load_path(load, parent->path, at->key),
                           .slot = load->shape->dialect_slots++,
                           .order = (unsigned)load->shape->count };
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    return node;
}

/* A field's `type:` is a word; a member that is itself called "type" has a map. */
static bool is_field(const struct yaml *map)
{
    const struct yaml *type = yaml_get(map, "type");

    return type && type->kind == YAML_TEXT;
}

static int add_group(struct load *load, const struct yaml *map, struct node *node)
{
    struct shape *shape = load->shape;
    bool full = false;

    node->group = true;
    shape->groups = lens_grow(load->arena, (void *)shape->groups, shape->group_count, &shape->group_space,
                              sizeof(struct node *), &full);
    if (!shape->groups)
        return err_set(load->err, ERR_CONFIG, "out of memory");
    shape->groups[shape->group_count++] = node;
    return load_members(load, map, node);
}

int load_add(struct load *load, const struct yaml *map, struct node *node, struct field **added)
{
    struct shape *shape = load->shape;

    if (shape->count == MOST_FIELDS)
        return yaml_fault_key(map, load->err, "too many fields, expected at most %d", MOST_FIELDS);
    struct field *field = &shape->fields[shape->count];
    *field = (struct field){ .from = map,
                             .name = node->name,
                             .path = node->path,
                             .order = (unsigned)shape->count,
                             .in = node->slot,
                             .is = { NO_SLOT, NO_SLOT },
                             .when = NO_SLOT,
                             .node = node,
                             .inside = load->inside };
    shape->count++;
    node->field = *added = field;
    return 0;
}

static int add_field(struct load *load, const struct yaml *map, struct node *node)
{
    struct field *field;

    return load_add(load, map, node, &field) ? -1 : load_field(load, field, map);
}

static int no_member(struct load *load, const struct yaml *at)
{
    struct near near = near_to(at->key);

    near_try(&near, STR("type"));
    (void)yaml_fault(at, load->err,
                     "\"" STR_FMT "\" is not a member, expected `type:` beside it if it is a field's key, else a map",
                     STR_ARG(at->key));
    return err_meant(load->err, near.best);
}

static int add_member(struct load *load, const struct yaml *at, struct node *parent)
{
    if (at->kind != YAML_MAP)
        return no_member(load, at);
    /* Paths join names with '/', and a fault's path escapes with '~'. */
    if (!at->key.len || memchr(at->key.ptr, '/', at->key.len) || memchr(at->key.ptr, '~', at->key.len))
        return yaml_fault_key(at, load->err,
                              "\"" STR_FMT "\" cannot be named, expected a member without '/' and '~' in its name",
                              STR_ARG(at->key));
    struct node *node = add_node(load, parent, at);
    return is_field(at) ? add_field(load, at, node) : add_group(load, at, node);
}

/* In a field without its `type:` no key is a member: the first of them says so. */
int load_members(struct load *load, const struct yaml *map, struct node *parent)
{
    bool keys = false;

    if (yaml_map(map, load->err))
        return -1;
    if (load->depth == MOST_DEPTH)
        return yaml_fault(map, load->err, "the fields nest too deep, expected at most %d levels", MOST_DEPTH);
    load->depth++;
    for (const struct yaml *at = map->first; at; at = at->next) {
        if (keys && at->kind != YAML_MAP)
            continue;
        if (add_member(load, at, parent) && load_note_member(load, at, parent))
            return -1;
        keys |= at->kind != YAML_MAP;
    }
    load->depth--;
    return 0;
}

/* Fields and groups have fixed places: nodes point at them. One shape has at most as many fields as the file
 * has maps. */
static size_t count_maps(const struct yaml *node)
{
    size_t count = node->kind == YAML_MAP;

    for (const struct yaml *at = node->first; at; at = at->next)
        count += count_maps(at);
    return count;
}

int load_shape(struct load *load, const struct yaml *fields, struct shape **made)
{
    struct shape *outer = load->shape;
    const struct field *inside = load->inside;
    struct shape *shape = ARENA_NEW(load->arena, struct shape);
    size_t most = count_maps(fields);

    shape->fields = ARENA_ARRAY(load->arena, struct field, most < MOST_FIELDS ? most : MOST_FIELDS);
    shape->dialect = ARENA_NEW(load->arena, struct node);
    shape->canonical = ARENA_NEW(load->arena, struct node);
    *shape->dialect = (struct node){ .group = true, .slot = shape->dialect_slots++ };
    *shape->canonical = (struct node){ .group = true, .slot = shape->canonical_slots++ };
    load->shape = *made = shape;
    load->inside = NULL;
    if (load_members(load, fields, shape->dialect))
        return -1;
    load->shape = outer;
    load->inside = inside;
    return 0;
}
