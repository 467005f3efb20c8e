/* What is wrong with a mapping although every line of it can be read: rules that nothing reaches, members
 * without a rule, types that cannot meet. */
#include "lens/load.h"

/* What a canonical value can be. A string may be of any form; a date is one of them. */
enum kinds {
    KIND_NUMBER = 1,
    KIND_BOOLEAN = 2,
    KIND_OBJECT = 4,
    KIND_ARRAY = 8,
    KIND_DATE = 16,
    KIND_DATETIME = 32,
    KIND_DECIMAL = 64,
    KIND_EMAIL = 128,
    KIND_UUID = 256,
    KIND_WORDS = 512,
    KIND_TEXT = KIND_DATE | KIND_DATETIME | KIND_DECIMAL | KIND_EMAIL | KIND_UUID | KIND_WORDS,
    KIND_ALL = 1023
};

static unsigned kinds_of_literal(const struct literal *literal)
{
    static const unsigned kinds[] = {
        [JSON_NULL] = KIND_ALL,      [JSON_FALSE] = KIND_BOOLEAN, [JSON_TRUE] = KIND_BOOLEAN,
        [JSON_NUMBER] = KIND_NUMBER, [JSON_STRING] = KIND_TEXT,   [JSON_ARRAY] = KIND_ARRAY,
        [JSON_OBJECT] = KIND_OBJECT,
    };

    return kinds[tape_type(&literal->tape, 0)];
}

/* Of the value at the field's path `index`. */
static unsigned kinds_of(const struct field *field, size_t index)
{
    static const unsigned kinds[TYPE_COUNT] = {
        [TYPE_STRING] = KIND_TEXT,     [TYPE_INTEGER] = KIND_NUMBER,
        [TYPE_NUMBER] = KIND_NUMBER,   [TYPE_DECIMAL] = KIND_DECIMAL,
        [TYPE_BOOLEAN] = KIND_BOOLEAN, [TYPE_DATE] = KIND_DATE,
        [TYPE_EMAIL] = KIND_EMAIL,     [TYPE_DATETIME] = KIND_DATETIME,
        [TYPE_UUID] = KIND_UUID,       [TYPE_OBJECT] = KIND_OBJECT,
        [TYPE_ARRAY] = KIND_ARRAY,     [TYPE_MAP] = KIND_OBJECT,
        [TYPE_ANY] = KIND_ALL,         [TYPE_ID] = KIND_ALL,
        [TYPE_VERSION] = KIND_ALL,
        [TYPE_LINK] = KIND_ALL,        [TYPE_QUANTITY] = KIND_TEXT,
        [TYPE_LINES] = KIND_TEXT,      [TYPE_PICK] = KIND_ALL,
        [TYPE_ENTRIES] = KIND_OBJECT,  [TYPE_LIST] = KIND_ARRAY,
        [TYPE_DIGITS] = KIND_DECIMAL,  [TYPE_READING] = KIND_TEXT,
    };
    unsigned all = field->put_same || field->otherwise == OTHERWISE_SAME ? kinds[field->type] : 0;

    if (field->lookup.ptr)
        return KIND_ALL;
    if (field->split.ptr)
        return KIND_TEXT;
    if (field->type == TYPE_QUANTITY)
        return index == 0 ? KIND_DECIMAL : KIND_TEXT;
    for (size_t i = 0; i < field->enum_count; i++)
        all |= kinds_of_literal(&field->enums[i].canonical);
    for (size_t i = 0; i < field->also_count; i++)
        all |= kinds_of_literal(&field->also[i].canonical);
    return field->enum_count ? all : kinds[field->type];
}

static unsigned kinds_at(const struct field *field, uint32_t slot)
{
    return kinds_of(field, field->is[1] == slot);
}

static bool is_at(const struct field *field, uint32_t slot)
{
    return field->source == FROM_CANONICAL && (field->is[0] == slot || field->is[1] == slot);
}

/* Of all that the mapping says of a path; KIND_ALL when it says nothing. */
static unsigned kinds_of_path(const struct shape *shape, uint32_t slot)
{
    unsigned kinds = 0;
    bool known = false;

    for (size_t i = 0; i < shape->count; i++)
        if (is_at(&shape->fields[i], slot)) {
            kinds |= kinds_at(&shape->fields[i], slot);
            known = true;
        }
    return known ? kinds : (unsigned)KIND_ALL;
}

/* A member that clients may send needs a rule that takes it. */
static int check_taken(struct load *load, const struct field *field)
{
    bool said = yaml_get(field->from, "read_only") || field->loss.ptr;

    if (field->source != FROM_NOWHERE || said)
        return 0;
    return yaml_fault_key(field->from, load->err,
                          "no rule takes \"" STR_FMT "\", expected is, const, derive, table or keep; or "
                          "`read_only: true`, or `loss:` with the reason",
                          STR_ARG(field->path));
}

/* The value of the condition is one that its member can have. */
static int check_when(struct load *load, const struct field *field)
{
    const struct shape *shape = load->shape;

    if (field->when == NO_SLOT)
        return 0;
    const struct node *leaf = shape->leaves[field->when];
    bool possible = leaf->set_from == SET_LITERAL && literal_is(&leaf->set, &field->when_value.tape, 0);
    for (size_t i = 0; i < shape->count && !possible; i++) {
        const struct field *other = &shape->fields[i];
        if (!is_at(other, field->when) ||
            !(kinds_at(other, field->when) & kinds_of_literal(&field->when_value)))
            continue;
        possible = !other->enum_count || other->put_same || other->otherwise == OTHERWISE_SAME;
        for (size_t k = 0; k < other->enum_count; k++)
            possible |= literal_is(&other->enums[k].canonical, &field->when_value.tape, 0);
        for (size_t k = 0; k < other->also_count; k++)
            possible |= literal_is(&other->also[k].canonical, &field->when_value.tape, 0);
    }
    if (possible)
        return 0;
    return yaml_fault(yaml_get(field->from, "when"), load->err,
                      "nothing reaches this rule: \"" STR_FMT "\" is never " STR_FMT
                      ", expected a value that a field or `set:` writes there",
                      STR_ARG(field->when_path), STR_ARG(field->when_value.json));
}

static int check_read(struct load *load, const struct field *field)
{
    bool derives = field->source == FROM_DERIVE, looks = field->table.table != NULL;

    if (derives && !(kinds_of_path(load->shape, field->derive) & KIND_DATE))
        return yaml_fault(yaml_get(field->from, "from"), load->err,
                          "\"" STR_FMT "\" is no date, expected the path of one",
                          STR_ARG(field->derive_path));
    if (looks && !(kinds_of_path(load->shape, field->table.by) & KIND_TEXT))
        return yaml_fault_key(field->from, load->err,
                              "\"" STR_FMT "\" is no string, expected the key of a table",
                              STR_ARG(field->table.by_path));
    return 0;
}

/* What get shows in the place of a value is one that the field could have. */
static int check_else(struct load *load, const struct field *field)
{
    const struct yaml *paths = yaml_get(field->from, "else"), *at = paths ? paths->first : NULL;

    for (size_t i = 0; i < field->other_count && at; i++, at = at->next) {
        if (field->others[i] == field->is[0])
            return yaml_fault(at, load->err, "nothing reaches this path: it is the field's own, expected another");
        if (!(kinds_of_path(load->shape, field->others[i]) & kinds_of(field, 0)))
            return yaml_fault(at, load->err,
                              "\"" STR_FMT "\" is of another type, expected a path that the field can show",
                              STR_ARG(at->text));
    }
    return 0;
}

/* A word that a reading field has for the canonical value, if it has words at all. */
static bool shows(const struct field *field, const struct literal *value)
{
    bool shown = !field->enum_count || field->otherwise != OTHERWISE_NULL;

    for (size_t i = 0; i < field->enum_count; i++)
        shown |= literal_is(&field->enums[i].canonical, &value->tape, 0);
    for (size_t i = 0; i < field->also_count; i++)
        shown |= literal_is(&field->also[i].canonical, &value->tape, 0);
    return shown;
}

/* What `tells:` writes is what the fields that show it can show. */
static int check_tells(struct load *load, const struct field *field)
{
    const struct yaml *tells = yaml_get(field->from, "tells");
    const struct literal *told[] = { &field->told_value, &field->told_null };

    for (size_t i = 0; tells && i < load->shape->count; i++)
        for (size_t k = 0; k < COUNT(told); k++) {
            const struct field *other = &load->shape->fields[i];
            uint32_t slot = field->tells->slot;
            bool meet = !is_at(other, slot) ||
                        ((kinds_at(other, slot) & kinds_of_literal(told[k])) && shows(other, told[k]));
            if (!meet)
                return yaml_fault(tells->first, load->err,
                                  "\"" STR_FMT "\" can never show " STR_FMT ", expected a value that it has",
                                  STR_ARG(other->path), STR_ARG(told[k]->json));
        }
    return 0;
}

/* Ids of one path name one kind of thing. */
static bool same_kind(const struct field *a, const struct field *b)
{
    return !a->kind.ptr || !b->kind.ptr || str_eq(a->kind, b->kind);
}

/* Two fields at one path. */
static int check_beside(struct load *load, const struct field *field)
{
    for (const struct field *other = load->shape->fields; other < field; other++)
        for (size_t i = 0; i < COUNT(field->is); i++) {
            uint32_t slot = field->is[i];
            bool same = slot != NO_SLOT && is_at(other, slot) && !load_excludes(other, field);
            bool meet = (kinds_at(other, slot) & kinds_at(field, slot)) && same_kind(other, field);
            if (same && field->source == FROM_CANONICAL && !meet)
                return yaml_fault_key(
                    field->from, load->err,
                    "\"" STR_FMT "\" and \"" STR_FMT "\" can never be the same value at \"" STR_FMT
                    "\", expected types that meet",
                    STR_ARG(other->path), STR_ARG(field->path), STR_ARG(load->shape->leaves[slot]->path));
        }
    return 0;
}

/* `set:` speaks where no field wrote: not where one always does (but for the client's address, which it knows
 * better). */
static int check_set(struct load *load, const struct yaml *set)
{
    for (const struct yaml *at = set ? set->first : NULL; at; at = at->next) {
        struct node *leaf;
        if (load_leaf(load, at, at->key, &leaf))
            return -1;
        const struct field *writer = leaf->writer;
        bool always = leaf->set_from != SET_PEER && writer && !writer->when_path.ptr &&
                      !writer->unless_name.ptr && !writer->param.ptr && !writer->inside &&
                      ((writer->required & MODE_CREATE) || writer->fallback.json.ptr);
        if (always)
            return yaml_fault_key(at, load->err,
                                  "nothing reaches this value: \"" STR_FMT
                                  "\" always writes there, expected a path that may be left out",
                                  STR_ARG(writer->path));
        if (leaf->set_from == SET_LITERAL &&
            !(kinds_of_path(load->shape, leaf->slot) & kinds_of_literal(&leaf->set)))
            return yaml_fault(at, load->err,
                              "\"" STR_FMT "\" is of another type, expected a value that its fields can show",
                              STR_ARG(at->key));
    }
    return 0;
}

static int check_shape(struct load *load, struct shape *shape)
{
    struct shape *outer = load->shape;

    load->shape = shape;
    for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++)
        if (check_taken(load, field) || load_judge(load, field) || check_when(load, field) ||
            check_read(load, field) || check_else(load, field) || check_tells(load, field) ||
            check_beside(load, field) || load_beside(load, field) ||
            (field->element && check_shape(load, field->element)))
            return -1;
    load->shape = outer;
    return 0;
}

int load_check(struct load *load, const struct yaml *set)
{
    load->shape = load->lens->shape;
    return check_set(load, set) || check_shape(load, load->lens->shape) ? -1 : 0;
}

/* The whole of which `part` is a member. */
static bool is_above(struct str whole, struct str part)
{
    return part.len > whole.len && str_starts(part, whole) && part.ptr[whole.len] == '/';
}

static int compare_fields(const struct shape *a, const struct field *left, const struct shape *b,
                          const struct field *right, struct err *err)
{
    for (size_t i = 0; i < COUNT(left->is); i++)
        for (size_t k = 0; k < COUNT(right->is); k++) {
            if (left->is[i] == NO_SLOT || right->is[k] == NO_SLOT)
                continue;
            struct str path = a->leaves[left->is[i]]->path, other = b->leaves[right->is[k]]->path;
            unsigned kinds = kinds_of(left, i), others = kinds_of(right, k);
            bool whole = is_above(path, other);
            bool meet = whole ? kinds & KIND_OBJECT : (kinds & others) && same_kind(left, right);
            if (meet || (!whole && !str_eq(path, other)))
                continue;
            return yaml_fault_key(
                left->from, err,
                "\"" STR_FMT "\" has another type in %s:%u, expected types of \"" STR_FMT "\" that meet",
                STR_ARG(left->path), right->from->file, right->from->key_line, STR_ARG(path));
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

/* What one mapping keeps in a member of the entity the other must not show, or clear, as a part of something larger. */
static int compare_rest(const struct lens *keeper, const struct lens *other, struct err *err)
{
    if (keeper->rest != REST_MEMBER)
        return 0;
    struct str path = keeper->shape->leaves[keeper->rest_slot]->path;
    if (other->rest == REST_MEMBER && str_eq(keeper->rest_path, other->rest_path) && !str_eq(keeper->dialect, other->dialect))
        return yaml_fault(yaml_get(other->head, "rest"), err, "%s keeps its rest there, too, expected a member of its own",
                          keeper->head->file);
    for (const struct field *field = other->shape->fields; field < other->shape->fields + other->shape->count; field++) {
        bool canonical = field->source == FROM_CANONICAL && field->is[0] != NO_SLOT;
        struct str shown = canonical ? other->shape->leaves[field->is[0]]->path : STR_NONE;
        if (canonical && (str_eq(shown, path) || is_above(shown, path) || is_above(path, shown)))
            return yaml_fault_key(field->from, err,
                                  "\"" STR_FMT "\" shows and clears what %s keeps in \"" STR_FMT
                                  "\", expected `rest: store` there, or fields beside it here",
                                  STR_ARG(field->path), keeper->head->file, STR_ARG(keeper->rest_path));
    }
    return 0;
}

int lens_compare(const struct lens *a, const struct lens *b, struct err *err)
{
    if (!str_eq(a->entity, b->entity))
        return 0;
    return a != b && (compare_rest(a, b, err) || compare_rest(b, a, err)) ? -1 : compare_shapes(a->shape, b->shape, err);
}

static bool is_within(struct str whole, struct str part)
{
    return str_eq(whole, part) || is_above(whole, part);
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

static int check_said(const struct shape *shape, uint32_t slot, const struct yaml *at,
                      const struct lens *const *lenses, size_t count, struct err *err)
{
    for (size_t i = 0; slot != NO_SLOT && i < count; i++)
        if (has_path(lenses[i]->shape, shape->leaves[slot]->path))
            return 0;
    if (slot == NO_SLOT)
        return 0;
    return yaml_fault(at, err,
                      "nothing reaches \"" STR_FMT "\": no mapping of the entity has it, expected a path that one has",
                      STR_ARG(shape->leaves[slot]->path));
}

int lens_check_reads(const struct lens *lens, const struct lens *const *lenses, size_t count, struct err *err)
{
    const struct shape *shape = lens->shape;

    for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++) {
        const struct yaml *from = field->from, *paths = yaml_get(from, "else"), *other = yaml_get(from, "otherwise");
        const struct yaml *by = yaml_get(from, "by") ? yaml_get(from, "by") : other ? yaml_get(other, "by") : NULL;
        uint32_t derived = field->source == FROM_DERIVE ? field->derive : NO_SLOT;
        uint32_t keyed = field->table.table ? field->table.by : NO_SLOT;
        if (check_said(shape, derived, yaml_get(from, "from"), lenses, count, err) ||
            check_said(shape, keyed, by, lenses, count, err))
            return -1;
        const struct yaml *at = paths ? paths->first : NULL;
        for (size_t i = 0; i < field->other_count && at; i++, at = at->next)
            if (check_said(shape, field->others[i], at, lenses, count, err))
                return -1;
    }
    return 0;
}
