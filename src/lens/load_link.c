/* What fields say of each other, resolved once all fields of a shape are known; then classes and sizes. */
#include "lens/load.h"

#include "lens/get.h"
#include "lens/put.h"

/* A leaf that is only read may be new: nothing writes it. */
static int find_slot(struct load *load, const struct yaml *at, struct str path, uint32_t *slot)
{
    struct node *leaf;

    if (load_leaf(load, at, path, &leaf))
        return -1;
    *slot = leaf->slot;
    return 0;
}

static int link_when(struct load *load, struct field *field)
{
    const struct yaml *value = yaml_get(field->from, "when");
    struct node *leaf;

    if (!value)
        return 0;
    if (load_leaf(load, value->first, field->when_path, &leaf))
        return -1;
    field->when = leaf->slot;
    field->late = true;
    bool governs_itself = field->is[0] == leaf->slot || field->is[1] == leaf->slot;
    if ((leaf->writer || leaf->set_from) && !governs_itself && !(leaf->writer && leaf->writer->when_path.ptr))
        return 0;
    return yaml_fault_key(value->first, load->err,
                          "\"" STR_FMT "\" is written by no other field, expected a member "
                          "that a field or `set:` maps",
                          STR_ARG(field->when_path));
}

static const struct node *parent_of(const struct node *from, const struct node *wanted)
{
    for (const struct node *child = from->first; child; child = child->next) {
        const struct node *found = child == wanted ? from : parent_of(child, wanted);
        if (found)
            return found;
    }
    return NULL;
}

/* The sibling (or what stands inside a sibling, by its path) stands before, so get has written it (or not) when it comes
 * to this field. */
static int link_before(struct load *load, const struct field *field, const struct yaml *name,
                       const struct field **before)
{
    const struct node *other = parent_of(load->shape->dialect, field->node);
    struct str path = name->text, part;

    while (other && str_next(&path, '/', &part))
        other = node_child(other, part);
    if (!other || !other->field || other->field >= field)
        return yaml_fault(name, load->err,
                          "\"" STR_FMT "\" is not a field before this one, "
                          "expected a sibling that stands before",
                          STR_ARG(name->text));
    *before = other->field;
    if (other->field->source == FROM_CANONICAL)
        return 0;
    return yaml_fault(name, load->err,
                      "\"" STR_FMT "\" has no canonical value that get could ask for, expected a sibling with `is:`",
                      STR_ARG(name->text));
}

static int link_unless(struct load *load, struct field *field)
{
    const struct yaml *with = yaml_get(field->from, "with"), *unless = yaml_get(field->from, "unless");

    field->late |= with || unless;
    if (with && link_before(load, field, with, &field->with))
        return -1;
    if (unless && unless->kind == YAML_TEXT)
        return link_before(load, field, unless, &field->unless[field->unless_count++]);
    for (const struct yaml *at = unless ? unless->first : NULL; at; at = at->next)
        if (link_before(load, field, at, &field->unless[field->unless_count++]))
            return -1;
    return 0;
}

/* All parts are cut alike. Joined again, those of `cut: last` could not be told from a text that was cut elsewhere: what
 * is cut so is only shown. */
static int check_cut(struct load *load, const struct field *leader)
{
    for (size_t i = 0; i < leader->part_count; i++) {
        const struct field *part = leader->parts[i];
        if (!str_eq(part->split, leader->split))
            return yaml_fault(yaml_get(part->from, "split"), load->err,
                              "the parts are cut in two ways, expected the same `split:` for all");
        if (part->cut_last != leader->cut_last)
            return yaml_fault_key(part->from, load->err,
                                  "the parts are cut in two ways, expected `cut: last` for all or none");
        if (part->cut_last && part->read_only != MODE_BOTH)
            return yaml_fault_key(part->from, load->err,
                                  "`cut: last` is for showing only, expected `read_only: true` beside it");
    }
    return 0;
}

static int link_parts(struct load *load, struct field *leader)
{
    struct shape *shape = load->shape;
    const struct yaml *split = yaml_get(leader->from, "split");

    if (!split || leader->part_count)
        return 0;
    leader->parts = ARENA_ARRAY(load->arena, struct field *, 16);
    leader->part_leads = true;
    unsigned most = 0;
    bool whole = leader->split.len > 0;
    for (struct field *field = leader; field < shape->fields + shape->count; field++) {
        if (!field->split.ptr || field->is[0] != leader->is[0])
            continue;
        leader->parts[field->part - 1] = field;
        leader->part_count++;
        field->part_count += field != leader;
        most = field->part > most ? field->part : most;
    }
    for (unsigned i = 0; i < most; i++)
        whole &= leader->parts[i] != NULL;
    if (!whole || most < 2 || most != leader->part_count)
        return yaml_fault(split, load->err,
                          "the parts are not complete, expected part 1, 2, … and text between them");
    return check_cut(load, leader);
}

static int link_to(struct load *load, struct field *field)
{
    if (field->source != FROM_LINK)
        return 0;
    const struct node *top = node_child(load->lens->shape->dialect, field->link_name);
    bool fits = top && top->field && top->field->source == FROM_CANONICAL &&
                (top->field->type == TYPE_ID || top->field->type == TYPE_STRING);
    if (fits && load->shape == load->lens->shape) {
        field->link = top->field;
        return 0;
    }
    return yaml_fault(yaml_get(field->from, "to"), load->err,
                      "\"" STR_FMT "\" is not a field at the top, expected an id "
                      "or a string there",
                      STR_ARG(field->link_name));
}

static int link_paths(struct load *load, struct field *field)
{
    if (field->source == FROM_DERIVE &&
        find_slot(load, yaml_get(field->from, "from"), field->derive_path, &field->derive))
        return -1;
    if (!field->table.table)
        return 0;
    field->late = field->source == FROM_REST; /* put compares with the row of the canonical member */
    return find_slot(load, field->from, field->table.by_path, &field->table.by);
}

static enum field_class class_of(const struct field *field)
{
    if (field->loss.ptr)
        return CLASS_LOSSY;
    switch (field->source) {
    case FROM_NOWHERE:
    case FROM_DERIVE:
    case FROM_TABLE:
    case FROM_LINK:
    case FROM_VERSION:
        return CLASS_DERIVED;
    case FROM_CONST:
        return CLASS_CONSTANT;
    case FROM_REST:
        return CLASS_KEPT;
    case FROM_CANONICAL:
        break;
    }
    /* A canonical value outside an enum is shown as something else, or is none that put takes. */
    bool exact = !field->enum_count && !field->split.ptr && !field->unless_name.ptr && !field->with_name.ptr &&
                 !field->when_path.ptr;
    return exact ? field->codec->classed : CLASS_NORMALISING;
}

static void classify(struct field *field)
{
    bool settled = field->classed == CLASS_EXACT || field->classed == CLASS_DERIVED ||
                   field->classed == CLASS_CONSTANT ||
                   (field->classed == CLASS_KEPT && field->otherwise == OTHERWISE_NULL);

    bool sourced = field->source == FROM_CANONICAL || field->source == FROM_REST;
    bool merges = field->type == TYPE_ANY && sourced && (!field->kinds || field->kinds & 1u << JSON_OBJECT);

    field->needs_stored = (!settled || merges) && field->read_only != MODE_BOTH;
}

static void list_leaves(struct shape *shape, const struct node *node)
{
    shape->leaves[node->slot] = node;
    for (const struct node *child = node->first; child; child = child->next)
        list_leaves(shape, child);
}

/* A null in a merge patch makes the objects around it, or puts them in the place of whatever stands there (RFC 7396
 * section 2): one that clears nothing must not be sent. Nor one that stands in an object that comes back as it was shown:
 * it would take that member away. Nor is one refused that is shown. */
static void classify_null(const struct shape *shape, struct field *field)
{
    bool inside = field->source == FROM_CANONICAL && field->is[0] != NO_SLOT &&
                  text_find(shape->leaves[field->is[0]]->path, STR("/"));

    bool open = !field->needs_stored && !(field->read_only & MODE_UPDATE);
    bool sourced = field->source == FROM_CANONICAL || field->source == FROM_REST;

    field->nested = inside && !(field->read_only & MODE_UPDATE) && !field->param.ptr;
    field->null_needs_stored = (inside || (field->null_refuse && field->absent == ABSENT_NULL)) && open;
    field->inner_null_needs_stored = field->type == TYPE_OBJECT && sourced && !field->lookup.ptr && open;
}

/* The one field of a list's elements, which stands for each of them. */
static int link_bare(struct load *load, struct field *field)
{
    if (!field->bare_name.ptr)
        return 0;
    struct shape *element = field->element;
    struct field *only = element->count == 1 && !element->group_count ? &element->fields[0] : NULL;
    bool plain = only && str_eq(only->name, field->bare_name) && only->source == FROM_CANONICAL &&
                 only->type != TYPE_LIST && only->type != TYPE_PICK && only->type != TYPE_ENTRIES &&
                 !only->lookup.ptr && !only->invalid_keep && !only->partial_keep && !only->also_count && !only->pieces_keep;
    if (!plain)
        return yaml_fault(yaml_get(field->from, "bare"), load->err,
                          "\"" STR_FMT "\" does not stand for an element, expected the only field, a plain one with `is:`",
                          STR_ARG(field->bare_name));
    only->path = STR(""); /* the element's own */
    field->bare = only;
    return 0;
}

/* The values of a parameter are ids, or objects with one: the member that it is. */
static int link_element_id(struct load *load, struct field *list)
{
    struct shape *element = list->param.ptr ? list->element : NULL;

    for (size_t i = 0; element && i < element->count && !list->element_id.len; i++)
        if (element->fields[i].type == TYPE_ID && element->fields[i].is[0] != NO_SLOT)
            list->element_id = element->leaves[element->fields[i].is[0]]->path;
    if (list->element_id.len && memchr(list->element_id.ptr, '/', list->element_id.len))
        return yaml_fault(yaml_get(list->from, "param"), load->err,
                          "the id is \"" STR_FMT "\" of an element, expected a member of it, or \".\"",
                          STR_ARG(list->element_id));
    return 0;
}

static int link_shape(struct load *load, struct shape *shape);

static int link_field(struct load *load, struct field *field)
{
    return link_paths(load, field) || link_when(load, field) || link_unless(load, field) ||
                   link_parts(load, field) || link_to(load, field) || link_known(load, field) ||
                   link_bare(load, field) ||
                   (field->element && link_shape(load, field->element)) || link_element_id(load, field)
               ? -1
               : 0;
}

static int link_shape(struct load *load, struct shape *shape)
{
    struct shape *outer = load->shape;

    load->shape = shape;
    for (struct field *field = shape->fields; field < shape->fields + shape->count; field++) {
        if (!field->faulty && link_field(load, field) && load_note_link(load, field))
            return -1;
        field->classed = class_of(field);
        classify(field);
    }
    shape->leaves = ARENA_ARRAY(load->arena, const struct node *, shape->canonical_slots);
    list_leaves(shape, shape->canonical);
    for (size_t i = 0; i < shape->count; i++)
        classify_null(shape, &shape->fields[i]);
    shape->need = put_notes(shape);
    if (!load->faulty)
        shape_find_copies(shape, load->arena);
    load->lens->need += shape->need;
    load->shape = outer;
    return 0;
}

int load_link(struct load *load)
{
    return link_shape(load, load->lens->shape);
}
