/* `picks:` of one array: several elements are mapped, each known by members that it has. */
#include "lens/load.h"

/* A field of its own for each, that no member of the document names: it shares the array's place. */
static int add_choice(struct load *load, const struct field *pick, const struct yaml *entry, struct field **added)
{
    struct shape *shape = load->shape;
    struct node *node = ARENA_NEW(load->arena, struct node);

    *node = (struct node){ .name = pick->name, .path = pick->path, .slot = shape->dialect_slots++ };
    if (load_add(load, entry, node, added))
        return -1;
    struct field *choice = *added;
    choice->type = TYPE_PICK;
    choice->codec = pick->codec;
    choice->source = FROM_CANONICAL;
    choice->want = STR("array");
    choice->in = pick->in;
    choice->chosen = true;
    choice->picked = shape->dialect_slots++;
    return 0;
}

/* What an element is known by is no member that is mapped. */
static int check_where(struct load *load, const struct field *choice, const struct yaml *where)
{
    for (const struct yaml *at = where->first; at; at = at->next)
        if (node_child(choice->node, at->key))
            return yaml_fault_key(at, load->err,
                                  "\"" STR_FMT "\" is mapped too, expected a member that only tells",
                                  STR_ARG(at->key));
    return where->count
               ? 0
               : yaml_fault(where, load->err, "`where:` is empty, expected members that tell the element");
}

/* No element can be both. */
static bool exclude_each_other(const struct field *a, const struct field *b)
{
    for (size_t i = 0; i < a->prefer.count; i++)
        for (size_t k = 0; k < b->prefer.count; k++)
            if (str_eq(a->prefer.items[i].name, b->prefer.items[k].name) &&
                !literal_same(&a->prefer.items[i].value, &b->prefer.items[k].value))
                return true;
    return false;
}

static int load_choice(struct load *load, struct field *pick, const struct yaml *entry)
{
    static const char *const known[] = { "where", "make", "fields", NULL };

    if (yaml_map(entry, load->err) || yaml_only(entry, known, load->err))
        return -1;
    const struct yaml *where = yaml_get(entry, "where"), *make = yaml_get(entry, "make");
    const struct yaml *fields = yaml_get(entry, "fields");
    if (!where || !fields)
        return yaml_fault(entry, load->err, "the pick is not complete, expected where and fields");
    struct field *choice;
    if (add_choice(load, pick, entry, &choice) || literals_load(&choice->prefer, load->arena, where, load->err) ||
        literals_load(&choice->make, load->arena, make ? make : where, load->err))
        return -1;
    load->inside = choice;
    if (load_members(load, fields, choice->node))
        return -1;
    load->inside = NULL;
    for (size_t i = 0; i < pick->choice_count; i++)
        if (!exclude_each_other(pick->choices[i], choice))
            return yaml_fault(
                where, load->err,
                "an element could be this one and one before it, expected a member with another value");
    pick->choices[pick->choice_count++] = choice;
    return check_where(load, choice, where);
}

int load_picks(struct load *load, struct field *field, const struct yaml *value)
{
    if (yaml_get(field->from, "fields") || load->inside)
        return yaml_fault_key(value, load->err,
                              "`picks:` stands in or beside `fields:`, expected one of the two");
    if (yaml_list(value, load->err))
        return -1;
    if (!value->count)
        return yaml_fault(value, load->err, "`picks:` is empty, expected { where: …, fields: … }");
    field->choices = ARENA_ARRAY(load->arena, struct field *, value->count);
    for (const struct yaml *at = value->first; at; at = at->next)
        if (load_choice(load, field, at))
            return -1;
    return 0;
}

/* Inside a pick only what is mapped has a meaning: the array as a whole is kept. */
int load_check_inside(struct load *load, const struct field *field)
{
    bool simple = field->source == FROM_CANONICAL && field->type != TYPE_PICK && field->type != TYPE_LIST &&
                  field->type != TYPE_ENTRIES && field->type != TYPE_ID && field->type != TYPE_QUANTITY &&
                  field->type != TYPE_READING && !field->with_name.ptr;

    if (!field->inside || (simple && !field->split.ptr && !field->when_path.ptr && !field->unless_name.ptr &&
                           !field->invalid_keep && !field->partial_keep && !field->also_count && !field->other_count &&
                           !field->tells && !field->read_only && !field->param.ptr))
        return 0;
    return yaml_fault_key(field->from, load->err,
                          "a pick's elements have plain fields only, expected a type and `is:`");
}
