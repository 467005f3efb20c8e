/* Work goes on after a fault, so that all of a file are told in one run, each once: what speaks of something with a fault is
 * not noted, since what is wrong with it may only follow. */
#include "lens/load.h"

#include "lens/put.h"

int load_note(struct load *load)
{
    load->faulty = true;
    return err_note(load->faults, load->err);
}

static void remember(struct load *load, struct str name)
{
    bool full = false;

    if (name.len)
        names_add(&load->behind, load->arena, name, &full);
}

/* By these others speak of it. */
static void remember_member(struct load *load, const struct yaml *at, struct str path)
{
    const struct yaml *is = at->kind == YAML_MAP ? yaml_get(at, "is") : NULL;

    remember(load, at->key);
    remember(load, path);
    remember(load, is && is->kind == YAML_TEXT ? is->text : STR_NONE);
    for (const struct yaml *each = is ? is->first : NULL; each; each = each->next)
        remember(load, each->text);
}

/* It stays at its place, where nothing reads or writes it. */
void load_drop(struct load *load, struct field *field)
{
    *field = (struct field){ .from = field->from,
                             .name = field->name,
                             .path = field->path,
                             .order = field->order,
                             .type = TYPE_STRING,
                             .codec = &codecs[TYPE_STRING],
                             .in = field->in,
                             .is = { NO_SLOT, NO_SLOT },
                             .when = NO_SLOT,
                             .node = field->node,
                             .inside = field->inside,
                             .read_only = MODE_BOTH,
                             .faulty = true };
    remember_member(load, field->from, field->path);
}

int load_note_member(struct load *load, const struct yaml *at, struct node *parent)
{
    struct node *node = parent && parent->last && str_eq(parent->last->name, at->key) ? parent->last : NULL;

    if (load_note(load))
        return -1;
    if (node && node->field)
        load_drop(load, &load->shape->fields[node->field->order]);
    else
        remember_member(load, at, STR_NONE);
    return 0;
}

/* The name or path of something with a fault, or a path that ends in it. */
bool load_is_behind(const struct load *load, struct str name)
{
    for (size_t i = 0; i < load->behind.count; i++) {
        struct str one = load->behind.items[i];
        bool ends = name.len > one.len && name.ptr[name.len - one.len - 1] == '/' &&
                    str_eq(str_from_at(name, name.len - one.len), one);
        if (ends || str_eq(name, one))
            return true;
    }
    return false;
}

static bool speaks_of_faulty(const struct load *load, const struct yaml *node)
{
    if (node->kind == YAML_TEXT && load_is_behind(load, node->text))
        return true;
    for (const struct yaml *at = node->first; at; at = at->next)
        if (load_is_behind(load, at->key) || speaks_of_faulty(load, at))
            return true;
    return false;
}

/* The keys that speak of other members; parts of one text do by its path. */
static bool follows(const struct load *load, const struct field *field)
{
    static const char *const keys[] = { "when", "unless", "with", "else", "tells", "from", "by", "known_by", "bare" };

    for (size_t i = 0; i < COUNT(keys); i++) {
        const struct yaml *value = yaml_get(field->from, keys[i]);
        if (value && speaks_of_faulty(load, value))
            return true;
    }
    return (field->link_name.len && load_is_behind(load, field->link_name)) ||
           (field->split.ptr && speaks_of_faulty(load, yaml_get(field->from, "is")));
}

int load_note_link(struct load *load, struct field *field)
{
    field->faulty = true;
    return load->faults && follows(load, field) ? 0 : load_note(load);
}

int load_note_rule(struct load *load, const struct yaml *at)
{
    return load->faults && speaks_of_faulty(load, at) ? 0 : load_note(load);
}
