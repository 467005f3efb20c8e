#include "lens/load.h"

static struct node *add_child(struct load *load, struct node *parent, struct str name)
{
    struct node *child = ARENA_NEW(load->arena, struct node);

    *child = (struct node){ .name = name,
                            .lead = literal_lead(load->arena, name),
                            .path = load_path(load, parent->path, name),
                            .slot = load->shape->canonical_slots++ };
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    return child;
}

/* `.` is the whole element; then the root has no members. */
static int whole_leaf(struct load *load, const struct yaml *at, struct node **leaf)
{
    struct node *root = load->shape->canonical;

    if (load->shape == load->lens->shape || root->first)
        return yaml_fault(at, load->err, "\".\" is the element of a list as a whole, expected a path here");
    root->group = false;
    *leaf = root;
    return 0;
}

static int cannot_be(struct load *load, const struct yaml *at, const struct node *node, const char *what)
{
    return yaml_fault(at, load->err,
                      "\"" STR_FMT "\" is mapped %s elsewhere, expected either the whole or its parts",
                      STR_ARG(node->path.len ? node->path : STR(".")), what);
}

int load_leaf(struct load *load, const struct yaml *at, struct str path, struct node **leaf)
{
    struct node *node = load->shape->canonical;
    struct str rest = path, part;

    if (str_is(path, "."))
        return whole_leaf(load, at, leaf);
    if (!node->group)
        return cannot_be(load, at, node, "as a whole");
    if (!path.len || path.ptr[path.len - 1] == '.')
        return yaml_fault(at, load->err,
                          "\"" STR_FMT "\" is not a canonical path, expected names joined by dots",
                          STR_ARG(path));
    while (str_next(&rest, '.', &part)) {
        if (!part.len)
            return yaml_fault(at, load->err,
                              "\"" STR_FMT "\" is not a canonical path, expected names joined by dots",
                              STR_ARG(path));
        struct node *child = node_child(node, part);
        if (!child)
            child = add_child(load, node, part);
        else if (rest.len ? !child->group : child->group)
            return cannot_be(load, at, child, rest.len ? "as a whole" : "in parts");
        child->group = rest.len > 0;
        node = child;
    }
    *leaf = node;
    return 0;
}

bool load_excludes(const struct field *a, const struct field *b)
{
    return a->when_path.ptr && b->when_path.ptr && str_eq(a->when_path, b->when_path) &&
           !literal_same(&a->when_value, &b->when_value);
}

/* Two fields may write one path only where never both do: parts of one text, alternatives, variants. */
static bool may_share(const struct field *a, const struct field *b)
{
    bool parts = a->split.ptr && b->split.ptr && str_eq(a->split, b->split) && a->part != b->part;
    bool alternatives = a->unless_name.ptr || b->unless_name.ptr || a->lookup.ptr || b->lookup.ptr;

    return parts || alternatives || load_excludes(a, b);
}

int load_writer(struct load *load, const struct field *field, struct node *leaf)
{
    if (field->read_only == MODE_BOTH)
        return 0;
    for (const struct field *other = load->shape->fields; other < field; other++) {
        bool writes =
            other->read_only != MODE_BOTH && (other->is[0] == leaf->slot || other->is[1] == leaf->slot);
        if (writes && !may_share(other, field))
            return yaml_fault(field->from, load->err,
                              "\"" STR_FMT "\" is written by \"" STR_FMT
                              "\" already, expected one field for a path (or split, unless, when)",
                              STR_ARG(leaf->path), STR_ARG(other->path));
    }
    if (leaf->told)
        return yaml_fault(field->from, load->err,
                          "\"" STR_FMT "\" is written by `tells:` already, expected one writer",
                          STR_ARG(leaf->path));
    if (!leaf->writer)
        leaf->writer = field;
    return 0;
}

static int set_value(struct load *load, struct node *leaf, const struct yaml *at)
{
    bool plain = at->kind == YAML_TEXT && !at->quoted && at->text.len && at->text.ptr[0] == '$';

    if (!plain) {
        bool fine = !literal_load(&leaf->set, load->arena, at, load->err);
        leaf->set_from = fine ? SET_LITERAL : SET_NONE;
        return fine ? 0 : -1;
    }
    leaf->set_from = str_is(at->text, "$brand")  ? SET_BRAND
                     : str_is(at->text, "$now")  ? SET_NOW
                     : str_is(at->text, "$peer") ? SET_PEER
                                                 : SET_NONE;
    if (leaf->set_from == SET_NONE)
        return yaml_fault(at, load->err,
                          "\"" STR_FMT "\" is not a value of the context, expected $brand, $now or $peer",
                          STR_ARG(at->text));
    return 0;
}

int load_set(struct load *load, const struct yaml *set)
{
    if (yaml_map(set, load->err))
        return -1;
    for (const struct yaml *at = set->first; at; at = at->next) {
        struct node *leaf;
        if ((load_leaf(load, at, at->key, &leaf) || set_value(load, leaf, at)) && load_note_member(load, at, NULL))
            return -1;
    }
    return 0;
}
