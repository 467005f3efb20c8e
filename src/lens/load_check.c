/* What is wrong with a mapping although every line of it can be read: rules that nothing reaches, members
 * without a rule, types that cannot meet. */
#include "lens/load.h"

static unsigned kinds_of_literal(const struct literal *literal)
{
    static const unsigned kinds[] = {
        [JSON_NULL] = KIND_ALL,      [JSON_FALSE] = KIND_BOOLEAN, [JSON_TRUE] = KIND_BOOLEAN,
        [JSON_NUMBER] = KIND_NUMBER, [JSON_STRING] = KIND_TEXT,   [JSON_ARRAY] = KIND_ARRAY,
        [JSON_OBJECT] = KIND_OBJECT,
    };

    return kinds[tape_type(&literal->tape, 0)];
}

unsigned load_kinds_of(const struct field *field, size_t index)
{
    static const unsigned kinds[TYPE_COUNT] = {
        [TYPE_STRING] = KIND_TEXT,     [TYPE_INTEGER] = KIND_NUMBER,
        [TYPE_NUMBER] = KIND_NUMBER,   [TYPE_DECIMAL] = KIND_DECIMAL,
        [TYPE_BOOLEAN] = KIND_BOOLEAN, [TYPE_DATE] = KIND_DATE,
        [TYPE_EMAIL] = KIND_EMAIL,     [TYPE_DATETIME] = KIND_DATETIME,
        [TYPE_UUID] = KIND_UUID,       [TYPE_OBJECT] = KIND_OBJECT,
        [TYPE_ARRAY] = KIND_ARRAY,     [TYPE_MAP] = KIND_OBJECT,
        [TYPE_ANY] = KIND_ALL,         [TYPE_ID] = KIND_ID,
        [TYPE_VERSION] = KIND_ALL,
        [TYPE_LINK] = KIND_ALL,        [TYPE_QUANTITY] = KIND_TEXT,
        [TYPE_LINES] = KIND_TEXT,      [TYPE_PICK] = KIND_ALL,
        [TYPE_ENTRIES] = KIND_OBJECT,  [TYPE_LIST] = KIND_ARRAY,
        [TYPE_DIGITS] = KIND_DECIMAL,  [TYPE_READING] = KIND_TEXT,
    };
    unsigned all = field->put_same || field->otherwise == OTHERWISE_SAME ? kinds[field->type] : 0;

    if (field->lookup.ptr)
        return KIND_ID; /* it stands for one */
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
    return load_kinds_of(field, field->is[1] == slot);
}

static bool is_at(const struct field *field, uint32_t slot)
{
    return field->source == FROM_CANONICAL && (field->is[0] == slot || field->is[1] == slot);
}

bool load_names(const struct field *field, uint32_t slot)
{
    bool names = is_at(field, slot) || (field->tells && field->tells->slot == slot);

    for (size_t i = 0; i < field->other_count; i++)
        names |= field->others[i] == slot;
    return names || (field->source == FROM_DERIVE && field->derive == slot) ||
           (field->table.table && field->table.by == slot);
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

bool lens_has_moment(const struct lens *lens, struct str member)
{
    const struct shape *shape = lens->shape;
    const struct node *node = node_child(shape->canonical, member);
    bool has = node && node->set_from == SET_NOW;

    for (size_t i = 0; i < shape->count && node && !has; i++)
        has = is_at(&shape->fields[i], node->slot) && (kinds_at(&shape->fields[i], node->slot) & KIND_DATETIME);
    return has;
}

struct str lens_path_of(const struct lens *lens, struct str member)
{
    const struct shape *shape = lens->shape;
    const struct node *node = node_child(shape->canonical, member);

    for (size_t i = 0; i < shape->count && node; i++)
        if (shape->fields[i].source == FROM_CANONICAL && is_at(&shape->fields[i], node->slot))
            return shape->fields[i].path;
    return STR_NONE;
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

/* The value of the condition is one that its member can have; null is none. */
static int check_when(struct load *load, const struct field *field)
{
    const struct shape *shape = load->shape;

    if (field->when == NO_SLOT)
        return 0;
    const struct node *leaf = shape->leaves[field->when];
    bool null = tape_type(&field->when_value.tape, 0) == JSON_NULL;
    bool possible = !null && leaf->set_from == SET_LITERAL && literal_same(&leaf->set, &field->when_value);
    for (size_t i = 0; i < shape->count && !possible && !null; i++) {
        const struct field *other = &shape->fields[i];
        if (!is_at(other, field->when) ||
            !(kinds_at(other, field->when) & kinds_of_literal(&field->when_value)))
            continue;
        possible = !other->enum_count || other->put_same || other->otherwise == OTHERWISE_SAME;
        for (size_t k = 0; k < other->enum_count; k++)
            possible |= literal_same(&other->enums[k].canonical, &field->when_value);
        for (size_t k = 0; k < other->also_count; k++)
            possible |= literal_same(&other->also[k].canonical, &field->when_value);
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
                          "\"" STR_FMT "\" is not a date, expected the path of one",
                          STR_ARG(field->derive_path));
    if (looks && !(kinds_of_path(load->shape, field->table.by) & KIND_TEXT))
        return yaml_fault_key(field->from, load->err,
                              "\"" STR_FMT "\" is not a string, expected the key of a table",
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
        if (!(kinds_of_path(load->shape, field->others[i]) & load_kinds_of(field, 0)))
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
        shown |= literal_same(&field->enums[i].canonical, value);
    for (size_t i = 0; i < field->also_count; i++)
        shown |= literal_same(&field->also[i].canonical, value);
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

bool load_may_meet(const struct field *a, size_t i, const struct field *b, size_t k)
{
    bool same_kind = !a->kind.ptr || !b->kind.ptr || str_eq(a->kind, b->kind);

    return load_excludes(a, b) || (same_kind && (load_kinds_of(a, i) & load_kinds_of(b, k)));
}

/* Two fields at one path. */
static int check_beside(struct load *load, const struct field *field)
{
    for (const struct field *other = load->shape->fields; other < field && field->source == FROM_CANONICAL; other++)
        for (size_t i = 0; i < COUNT(field->is); i++) {
            uint32_t slot = field->is[i];
            if (slot == NO_SLOT || !is_at(other, slot) || load_may_meet(other, other->is[1] == slot, field, i))
                continue;
            return yaml_fault_key(field->from, load->err,
                                  "\"" STR_FMT "\" and \"" STR_FMT "\" can never be the same value at \"" STR_FMT
                                  "\", expected types that meet",
                                  STR_ARG(other->path), STR_ARG(field->path),
                                  STR_ARG(load->shape->leaves[slot]->path));
        }
    return 0;
}

/* Of what `set:` writes. */
static unsigned kinds_of_set(const struct node *leaf)
{
    static const unsigned kinds[] = {
        [SET_NONE] = KIND_ALL, [SET_BRAND] = KIND_TEXT, [SET_PEER] = KIND_TEXT, [SET_NOW] = KIND_DATETIME,
    };

    return leaf->set_from == SET_LITERAL ? kinds_of_literal(&leaf->set) : kinds[leaf->set_from];
}

/* A field that can never show what `set:` writes, or NULL. Null is shown as absent. */
static const struct field *blind_to(const struct shape *shape, const struct node *leaf)
{
    if (leaf->set_from != SET_LITERAL || tape_type(&leaf->set.tape, 0) == JSON_NULL)
        return NULL;
    for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++)
        if (is_at(field, leaf->slot) && !shows(field, &leaf->set))
            return field;
    return NULL;
}

/* `set:` speaks where no field wrote: not where one always does (but for the client's address, which it knows
 * better). */
static int check_set_row(struct load *load, const struct yaml *at)
{
    struct node *leaf;

    if (load_leaf(load, at, at->key, &leaf))
        return -1;
    const struct field *writer = leaf->writer;
    bool always = leaf->set_from != SET_PEER && writer && !writer->when_path.ptr && !writer->unless_name.ptr &&
                  !writer->param.ptr && !writer->inside && writer->type != TYPE_QUANTITY && !writer->invalid_keep &&
                  ((writer->required & MODE_CREATE) || writer->fallback.json.ptr);
    if (always)
        return yaml_fault_key(at, load->err,
                              "nothing reaches this value: \"" STR_FMT
                              "\" always writes there, expected a path that may be left out",
                              STR_ARG(writer->path));
    if (!(kinds_of_path(load->shape, leaf->slot) & kinds_of_set(leaf)))
        return yaml_fault(at, load->err,
                          "\"" STR_FMT "\" is of another type, expected a value that its fields can show",
                          STR_ARG(at->key));
    const struct field *blind = blind_to(load->shape, leaf);
    return !blind ? 0
                  : yaml_fault(at, load->err, "\"" STR_FMT "\" can never show " STR_FMT ", expected a value that it has",
                               STR_ARG(blind->path), STR_ARG(leaf->set.json));
}

/* A row that could not be read is told already. */
static int check_set(struct load *load, const struct yaml *set)
{
    for (const struct yaml *at = set ? set->first : NULL; at; at = at->next)
        if (!load_is_behind(load, at->key) && check_set_row(load, at) && load_note(load))
            return -1;
    return 0;
}

/* No field shows, writes or tells what the member with the rest holds. */
static int check_rest(struct load *load)
{
    const struct shape *shape = load->lens->shape;

    if (load->lens->rest != REST_MEMBER)
        return 0;
    for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++)
        if (load_names(field, load->lens->rest_slot))
            return yaml_fault_key(field->from, load->err,
                                  "\"" STR_FMT "\" speaks of \"" STR_FMT
                                  "\", where the rest is kept, expected another path",
                                  STR_ARG(field->path), STR_ARG(load->lens->rest_path));
    return 0;
}

static int check_field(struct load *load, const struct field *field)
{
    return check_taken(load, field) || load_judge(load, field) || check_when(load, field) ||
                   check_read(load, field) || check_else(load, field) || check_tells(load, field) ||
                   check_beside(load, field) || load_beside(load, field)
               ? -1
               : 0;
}

static int check_shape(struct load *load, struct shape *shape)
{
    struct shape *outer = load->shape;

    load->shape = shape;
    for (struct field *field = shape->fields; field < shape->fields + shape->count; field++) {
        bool wrong = !field->faulty && check_field(load, field);
        if ((wrong && load_note_link(load, field)) || (field->element && check_shape(load, field->element)))
            return -1;
    }
    load->shape = outer;
    return 0;
}

int load_check(struct load *load, const struct yaml *set)
{
    load->shape = load->lens->shape;
    return check_set(load, set) || (check_rest(load) && load_note(load)) || check_shape(load, load->lens->shape) ? -1 : 0;
}
