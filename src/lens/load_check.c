/* What is wrong with a mapping although every line of it can be read: rules that nothing reaches, members
 * without a rule, types that cannot meet. */
#include "lens/load.h"

#include "lens/put.h"

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

/* Of the type at all, and of its form: as put would judge it. */
static bool is_of_type(struct load *load, const struct field *field, const struct literal *value)
{
    static const unsigned forms = KIND_DATE | KIND_DATETIME | KIND_DECIMAL | KIND_EMAIL | KIND_UUID;
    struct lens_put out = { .finds = false };
    struct put_run run = { .lens = load->lens, .in = &value->tape, .arena = load->arena, .out = &out };
    struct put put = { .run = &run };
    struct str json;
    unsigned kinds = kinds_of(field, 0);

    if (!(kinds & kinds_of_literal(value)))
        return false;
    bool judged = field->codec->put && kinds == (kinds & forms) && tape_type(&value->tape, 0) == JSON_STRING;
    return !judged || field->codec->put(&put, field, 0, &json) == FINE;
}

/* One of the canonical words of an enum, or any where others are taken, too. */
static bool is_word(const struct field *field, const struct literal *value)
{
    bool found = !field->enum_count || field->put_same;

    for (size_t i = 0; i < field->enum_count; i++)
        found |= literal_is(&field->enums[i].canonical, &value->tape, 0);
    for (size_t i = 0; i < field->also_count; i++)
        found |= literal_is(&field->also[i].canonical, &value->tape, 0);
    return found;
}

static int check_default(struct load *load, const struct field *field)
{
    const struct yaml *value = yaml_get(field->from, "default");

    if (!value)
        return 0;
    if (field->required & MODE_CREATE)
        return yaml_fault_key(value, load->err,
                              "nothing reaches this default, expected a field that is not required on create");
    if (!field->fallback.json.ptr)
        return 0;
    if (!is_word(field, &field->fallback))
        return yaml_fault(value, load->err, STR_FMT " is no canonical value of the enum, expected one of them",
                          STR_ARG(field->fallback.json));
    if (!is_of_type(load, field, &field->fallback))
        return yaml_fault(value, load->err, STR_FMT " is no " STR_FMT ", expected a canonical value of the field's type",
                          STR_ARG(field->fallback.json), STR_ARG(field->want));
    return 0;
}

/* What get writes, and put takes, is of the field's type. */
static int check_constant(struct load *load, const struct field *field)
{
    const struct yaml *accept = yaml_get(field->from, "accept"), *at = accept ? accept->first : NULL;

    if (!field->constant.json.ptr)
        return 0;
    if (!is_of_type(load, field, &field->constant))
        return yaml_fault(yaml_get(field->from, "const"), load->err, STR_FMT " is no " STR_FMT ", expected a value of the field's type",
                          STR_ARG(field->constant.json), STR_ARG(field->want));
    for (size_t i = 0; i < field->accept_count && at; i++, at = at->next)
        if (!is_of_type(load, field, &field->accept[i]))
            return yaml_fault(at, load->err, STR_FMT " is no " STR_FMT ", expected a value of the field's type",
                              STR_ARG(field->accept[i].json), STR_ARG(field->want));
    return 0;
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

static bool is_variant(const struct field *a, const struct field *b)
{
    return a->when_path.ptr && b->when_path.ptr && str_eq(a->when_path, b->when_path) &&
           !str_eq(a->when_value.json, b->when_value.json);
}

/* Two fields at one path. */
static int check_beside(struct load *load, const struct field *field)
{
    for (const struct field *other = load->shape->fields; other < field; other++)
        for (size_t i = 0; i < COUNT(field->is); i++) {
            uint32_t slot = field->is[i];
            bool same = slot != NO_SLOT && is_at(other, slot) && !is_variant(other, field);
            if (same && field->source == FROM_CANONICAL && !(kinds_at(other, slot) & kinds_at(field, slot)))
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

/* Keys that say nothing, or what no value can be. */
static int check_words(struct load *load, const struct field *field)
{
    const struct yaml *loss = yaml_get(field->from, "loss"), *join = yaml_get(field->from, "join"),
                      *form = yaml_get(field->from, "form");

    if (loss && !loss->text.len)
        return yaml_fault(loss, load->err, "a loss without a reason, expected loss: \"…\"");
    if (join && !join->text.len)
        return yaml_fault(join, load->err, "lines without text between them, expected e.g. join: \"\\n\"");
    if (form && !form->first)
        return yaml_fault(form, load->err, "no value has this form, expected a list such as [\"##:##\"]");
    if (field->has_min_length && field->has_max_length && field->min_length > field->max_length)
        return yaml_fault(yaml_get(field->from, "max_length"), load->err,
                          "no value is this long, expected at least min_length");
    return 0;
}

/* All parts are sent together: one that cannot be sent would keep the others from being sent. */
static int check_parts(struct load *load, const struct field *field)
{
    for (unsigned i = 0; field->part_leads && i < field->part_count; i++)
        if (field->parts[i]->read_only != field->read_only)
            return yaml_fault_key(field->parts[i]->from, load->err,
                                  "nothing writes the other parts of \"" STR_FMT "\", expected read_only: of all or of none",
                                  STR_ARG(load->shape->leaves[field->is[0]]->path));
    return 0;
}

static int check_shape(struct load *load, struct shape *shape)
{
    struct shape *outer = load->shape;

    load->shape = shape;
    for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++)
        if (check_taken(load, field) || check_constant(load, field) || check_default(load, field) || check_when(load, field) ||
            check_read(load, field) || check_beside(load, field) || check_words(load, field) ||
            check_parts(load, field) ||
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
            bool whole = is_above(path, other), meet = whole ? kinds & KIND_OBJECT : kinds & others;
            if (meet || (!whole && !str_eq(path, other)))
                continue;
            return yaml_fault_key(
                left->from, err,
                "\"" STR_FMT "\" has another type in %s:%u, expected types of \"" STR_FMT "\" that meet",
                STR_ARG(left->path), right->from->file, right->from->key_line, STR_ARG(path));
        }
    return 0;
}

int lens_compare(const struct lens *a, const struct lens *b, struct err *err)
{
    const struct shape *left = a->shape, *right = b->shape;

    if (!str_eq(a->entity, b->entity))
        return 0;
    for (size_t i = 0; i < left->count; i++)
        for (size_t k = 0; k < right->count; k++)
            if (left->fields[i].source == FROM_CANONICAL && right->fields[k].source == FROM_CANONICAL &&
                compare_fields(left, &left->fields[i], right, &right->fields[k], err))
                return -1;
    return 0;
}
