/* Mappings of one entity, in any dialects: what one writes the others can show, and what one keeps they leave alone. */
#include "lens/load.h"

/* The whole of which `part` is a member; of a list's element that is "". */
static bool is_above(struct str whole, struct str part)
{
    if (!whole.len)
        return part.len > 0;
    return part.len > whole.len && str_starts(part, whole) && part.ptr[whole.len] == '/';
}

static bool is_within(struct str whole, struct str part)
{
    return str_eq(whole, part) || is_above(whole, part);
}

/* Paths of two files, the field's own `i` and the other's `k`: they do not touch, or their values can meet there. */
static bool agree(struct str path, const struct field *field, size_t i, struct str other_path,
                  const struct field *other, size_t k)
{
    if (str_eq(path, other_path))
        return load_may_meet(field, i, other, k);
    if (is_above(path, other_path))
        return load_kinds_of(field, i) & KIND_OBJECT;
    return !is_above(other_path, path) || (load_kinds_of(other, k) & KIND_OBJECT);
}

static int compare_fields(const struct shape *a, const struct field *left, const struct shape *b,
                          const struct field *right, struct err *err)
{
    for (size_t i = 0; i < COUNT(left->is); i++)
        for (size_t k = 0; k < COUNT(right->is); k++) {
            if (left->is[i] == NO_SLOT || right->is[k] == NO_SLOT)
                continue;
            struct str path = a->leaves[left->is[i]]->path, other = b->leaves[right->is[k]]->path;
            if (!agree(path, left, i, other, right, k))
                return yaml_fault_key(
                    left->from, err,
                    "\"" STR_FMT "\" is of type %s, but %s:%u has type %s there, expected types with the same canonical "
                    "values at \"" STR_FMT "\" (docs/mapping.md)",
                    STR_ARG(left->path), left->codec->name, right->from->file, right->from->key_line,
                    right->codec->name, STR_ARG(path.len ? path : STR(".")));
        }
    return 0;
}

static int compare_shapes(const struct shape *left, const struct shape *right, struct err *err);

/* The elements of lists at one path, too. */
static int compare_elements(const struct shape *a, const struct field *left, const struct shape *b,
                            const struct field *right, struct err *err)
{
    bool lists = left->element && right->element;

    if (!lists || !str_eq(a->leaves[left->is[0]]->path, b->leaves[right->is[0]]->path))
        return 0;
    return compare_shapes(left->element, right->element, err);
}

static int compare_shapes(const struct shape *left, const struct shape *right, struct err *err)
{
    for (const struct field *a = left->fields; a < left->fields + left->count; a++)
        for (const struct field *b = right->fields; b < right->fields + right->count; b++)
            if (a->source == FROM_CANONICAL && b->source == FROM_CANONICAL &&
                (compare_fields(left, a, right, b, err) || compare_elements(left, a, right, b, err)))
                return -1;
    return 0;
}

/* The line that has the leaf: a field's, or one of `set:`; NULL: nothing has it but conditions and the rest. */
static const struct yaml *line_of(const struct lens *lens, const struct node *leaf)
{
    const struct shape *shape = lens->shape;

    for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++)
        if (load_names(field, leaf->slot))
            return field->from;
    return leaf->set_from ? yaml_get(lens->head, "set") : NULL;
}

/* What one mapping keeps in a member of the entity the other must not show, or clear, as a part of something larger, nor
 * keep its own in it. Mappings of one dialect may share the member. */
static int compare_rest(const struct lens *keeper, const struct lens *other, struct err *err)
{
    if (keeper->rest != REST_MEMBER)
        return 0;
    const struct shape *shape = other->shape;
    struct str path = keeper->shape->leaves[keeper->rest_slot]->path;
    for (uint32_t slot = 0; slot < shape->canonical_slots; slot++) {
        const struct node *leaf = shape->leaves[slot];
        bool touch = !leaf->group && (is_within(leaf->path, path) || is_above(path, leaf->path));
        bool rest = other->rest == REST_MEMBER && slot == other->rest_slot;
        if (touch && rest && !(str_eq(leaf->path, path) && str_eq(keeper->dialect, other->dialect)))
            return yaml_fault(yaml_get(other->head, "rest"), err,
                              "%s keeps its rest there, too, expected a member of its own", keeper->head->file);
        const struct yaml *line = touch && !rest ? line_of(other, leaf) : NULL;
        if (line)
            return yaml_fault_key(line, err,
                                  "this shows or writes what %s keeps in \"" STR_FMT
                                  "\", expected `rest: store` there, or paths beside it here",
                                  keeper->head->file, STR_ARG(keeper->rest_path));
    }
    return 0;
}

int lens_compare(const struct lens *a, const struct lens *b, struct err *err)
{
    if (!str_eq(a->entity, b->entity))
        return 0;
    return a != b && (compare_rest(a, b, err) || compare_rest(b, a, err)) ? -1 : compare_shapes(a->shape, b->shape, err);
}

/* A field, `set:` or `tells:` has the path, or the whole of which it is a part. */
static bool has_path(const struct shape *shape, struct str path)
{
    for (size_t i = 0; i < shape->canonical_slots; i++)
        if ((shape->leaves[i]->told || shape->leaves[i]->set_from) && is_within(shape->leaves[i]->path, path))
            return true;
    for (size_t i = 0; i < shape->count; i++)
        for (size_t k = 0; k < COUNT(shape->fields[i].is); k++)
            if (shape->fields[i].is[k] != NO_SLOT && is_within(shape->leaves[shape->fields[i].is[k]]->path, path))
                return true;
    return false;
}

/* The shapes in which a path is looked for: those of the elements of lists at these paths, one inside the other. */
struct place {
    const struct lens *const *lenses;
    size_t count;
    struct str lists[MOST_DEPTH];
    size_t depth;
};

/* In `shape`, which stands below the first `depth` lists. A list that is shown as a whole has all that is in it. */
static bool is_said_in(const struct place *place, size_t depth, const struct shape *shape, struct str path)
{
    if (depth == place->depth)
        return has_path(shape, path);
    for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++) {
        struct str list = field->is[0] == NO_SLOT ? STR_NONE : shape->leaves[field->is[0]]->path;
        bool whole = field->is[0] != NO_SLOT && !field->element && is_within(list, place->lists[depth]);
        if (whole || (field->element && str_eq(list, place->lists[depth]) &&
                      is_said_in(place, depth + 1, field->element, path)))
            return true;
    }
    return false;
}

static int check_said(const struct place *place, const struct shape *shape, uint32_t slot, const struct yaml *at,
                      struct err *err)
{
    if (slot == NO_SLOT)
        return 0;
    for (size_t i = 0; i < place->count; i++)
        if (is_said_in(place, 0, place->lenses[i]->shape, shape->leaves[slot]->path))
            return 0;
    return yaml_fault(at, err,
                      "nothing reaches \"" STR_FMT "\": no mapping of the entity has it, expected a path that one has",
                      STR_ARG(shape->leaves[slot]->path));
}

static int check_field_reads(const struct place *place, const struct shape *shape, const struct field *field,
                             struct err *err)
{
    const struct yaml *from = field->from, *paths = yaml_get(from, "else"), *other = yaml_get(from, "otherwise");
    const struct yaml *by = yaml_get(from, "by") ? yaml_get(from, "by") : other ? yaml_get(other, "by") : NULL;
    uint32_t derived = field->source == FROM_DERIVE ? field->derive : NO_SLOT;
    uint32_t keyed = field->table.table ? field->table.by : NO_SLOT;

    if (check_said(place, shape, derived, yaml_get(from, "from"), err) || check_said(place, shape, keyed, by, err))
        return -1;
    const struct yaml *at = paths ? paths->first : NULL;
    for (size_t i = 0; i < field->other_count && at; i++, at = at->next)
        if (check_said(place, shape, field->others[i], at, err))
            return -1;
    return 0;
}

static int check_shape_reads(struct place *place, const struct shape *shape, struct err *err)
{
    for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++) {
        if (check_field_reads(place, shape, field, err))
            return -1;
        if (!field->element)
            continue;
        place->lists[place->depth++] = shape->leaves[field->is[0]]->path;
        if (check_shape_reads(place, field->element, err))
            return -1;
        place->depth--;
    }
    return 0;
}

int lens_check_reads(const struct lens *lens, const struct lens *const *lenses, size_t count, struct err *err)
{
    struct place place = { .lenses = lenses, .count = count };

    return check_shape_reads(&place, lens->shape, err);
}
