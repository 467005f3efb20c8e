/* What the laws call the same: a document that was written back, and one that went to the canonical entity
 * and came back in its normal form. */
#include "lens/test.h"

#include "base/clock.h"
#include "json/number.h"

/* Nothing, in the sense of a document read back: absent, null and empty are shown by the style, not by the
 * value. */
static bool is_nothing(const struct tape *tape, uint32_t at)
{
    if (at == TAPE_NONE || tape_type(tape, at) == JSON_NULL)
        return true;
    if (tape_type(tape, at) == JSON_ARRAY)
        return tape_count(tape, at) == 0;
    if (tape_type(tape, at) != JSON_OBJECT)
        return false;
    for (uint32_t i = tape_first(tape, at); i < tape_next(tape, at); i = tape_next(tape, i + 1))
        if (!is_nothing(tape, i + 1))
            return false;
    return true;
}

static bool covers(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b,
                   struct arena *arena);

bool same_document(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b,
                   struct arena *arena)
{
    if (is_nothing(a, at_a) || is_nothing(b, at_b))
        return is_nothing(a, at_a) && is_nothing(b, at_b);
    if (tape_type(a, at_a) != JSON_OBJECT || tape_type(b, at_b) != JSON_OBJECT)
        return tape_equal(a, at_a, b, at_b);
    return covers(a, at_a, b, at_b, arena) && covers(b, at_b, a, at_a, arena);
}

/* Every member of `a` is the same in `b`. */
static bool covers(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b,
                   struct arena *arena)
{
    for (uint32_t i = tape_first(a, at_a); i < tape_next(a, at_a); i = tape_next(a, i + 1))
        if (!same_document(a, i + 1, b, tape_find(b, at_b, tape_string(a, i, arena)), arena))
            return false;
    return true;
}

/* How often the value at `at` is an element of `in`. */
static size_t count_equal(const struct tape *tape, uint32_t at, const struct tape *in, uint32_t array)
{
    size_t count = 0;

    for (uint32_t i = tape_first(in, array); i < tape_next(in, array); i = tape_next(in, i))
        count += tape_equal(tape, at, in, i);
    return count;
}

/* Entries have names, and no order: it is the canonical object's. */
bool same_entries(const struct tape *a, uint32_t at_a, const struct tape *b, uint32_t at_b)
{
    if (at_a == TAPE_NONE || at_b == TAPE_NONE || tape_type(a, at_a) != JSON_ARRAY ||
        tape_type(b, at_b) != JSON_ARRAY || tape_count(a, at_a) != tape_count(b, at_b))
        return false;
    for (uint32_t i = tape_first(a, at_a); i < tape_next(a, at_a); i = tape_next(a, i))
        if (count_equal(a, i, a, at_a) != count_equal(a, i, b, at_b))
            return false;
    return true;
}

uint32_t test_find(const struct tape *tape, uint32_t at, struct str path)
{
    struct str part;

    while (at != TAPE_NONE && str_next(&path, '/', &part))
        at = tape_find(tape, at, part);
    return at;
}

/* One document and what came of it. */
struct back {
    const struct tape *sent, *shown;
    uint32_t base; /* of paths, in `shown`: the document, or the element of a list */
    struct arena *arena;
    struct str where; /* the first member that did not come back; ptr NULL: none */
};

static bool lost(struct back *back, struct str path)
{
    back->where = path;
    return false;
}

/* The same to the last digit: numbers by their text. */
static bool is_exact(const struct back *back, uint32_t sent, uint32_t shown)
{
    enum json_type type = tape_type(back->sent, sent);

    if (type != tape_type(back->shown, shown) ||
        tape_count(back->sent, sent) != tape_count(back->shown, shown))
        return false;
    if (type == JSON_NUMBER)
        return str_eq(tape_raw(back->sent, sent), tape_raw(back->shown, shown));
    if (type != JSON_ARRAY && type != JSON_OBJECT)
        return tape_equal(back->sent, sent, back->shown, shown);
    uint32_t other = tape_first(back->shown, shown);
    bool object = type == JSON_OBJECT;
    for (uint32_t i = tape_first(back->sent, sent); i < tape_next(back->sent, sent);
         i = tape_next(back->sent, i + object)) {
        uint32_t found =
            object ? tape_find(back->shown, shown, tape_string(back->sent, i, back->arena)) : other;
        if (found == TAPE_NONE || !is_exact(back, i + object, found))
            return false;
        other = object ? other : tape_next(back->shown, other);
    }
    return true;
}

static bool is_same_moment(const struct back *back, uint32_t sent, uint32_t shown)
{
    int64_t before, after;

    return tape_type(back->sent, sent) == JSON_STRING && tape_type(back->shown, shown) == JSON_STRING &&
           datetime_parse(tape_string(back->sent, sent, back->arena), &before) &&
           datetime_parse(tape_string(back->shown, shown, back->arena), &after) && before == after;
}

/* A string that is a number is shown as one. */
static bool is_same_quantity(const struct back *back, uint32_t sent, uint32_t shown)
{
    bool string = tape_type(back->sent, sent) == JSON_STRING;
    struct str text = string ? tape_string(back->sent, sent, back->arena) : STR_NONE;

    return string && number_valid(text) && tape_type(back->shown, shown) == JSON_NUMBER &&
           str_eq(text, tape_raw(back->shown, shown));
}

/* A canonical word, which `otherwise_put: same` takes, is shown as the dialect's word for it. */
static bool is_same_word(const struct back *back, const struct field *field, uint32_t sent, uint32_t shown)
{
    for (size_t i = 0; field->put_same && i < field->enum_count; i++)
        if (literal_is(&field->enums[i].canonical, back->sent, sent))
            return literal_is(&field->enums[i].dialect, back->shown, shown);
    return false;
}

/* Of two ways to say one canonical value get takes the first that has a word for it. */
static bool is_said_by_another(const struct back *back, const struct field *field)
{
    for (size_t i = 0; i < field->unless_count; i++)
        for (size_t k = 0; k < COUNT(field->is); k++)
            if (field->unless[i]->is[0] == field->is[k] && field->is[k] != NO_SLOT &&
                test_find(back->shown, back->base, field->unless[i]->path) != TAPE_NONE)
                return true;
    return false;
}

static bool object_is_back(struct back *back, const struct node *parent, uint32_t sent, uint32_t shown,
                           struct str path);
static bool field_is_back(struct back *back, const struct field *field, uint32_t sent, uint32_t shown,
                          struct str path);

static struct str longer(const struct back *back, struct str path, struct str name)
{
    return arena_printf(back->arena, STR_FMT "%s" STR_FMT, STR_ARG(path), path.len ? "/" : "", STR_ARG(name));
}

/* The pick or choice that maps this element of the kept array. */
static const struct node *element_node(const struct back *back, const struct field *field, uint32_t element)
{
    if (field->type == TYPE_LIST)
        return field->element->dialect;
    for (size_t i = 0; i < field->choice_count; i++)
        if (literals_match(&field->choices[i]->prefer, back->sent, element))
            return field->choices[i]->node;
    return field->choice_count ? NULL : field->node;
}

static bool array_is_back(struct back *back, const struct field *field, uint32_t sent, uint32_t shown,
                          struct str path)
{
    if (tape_type(back->shown, shown) != JSON_ARRAY ||
        tape_count(back->sent, sent) != tape_count(back->shown, shown))
        return lost(back, path);
    uint32_t other = tape_first(back->shown, shown), base = back->base;
    unsigned index = 0;
    for (uint32_t i = tape_first(back->sent, sent); i < tape_next(back->sent, sent);
         i = tape_next(back->sent, i), other = tape_next(back->shown, other)) {
        struct str at = longer(back, path, arena_printf(back->arena, "%u", index++));
        back->base = field->element ? other : base;
        if (field->bare ? !field_is_back(back, field->bare, i, other, at)
                        : !object_is_back(back, element_node(back, field, i), i, other, at))
            return false;
    }
    back->base = base;
    return true;
}

/* What the document says for itself: not what the entity has anyway, what is only read, or goes elsewhere. */
static bool is_said(const struct field *field)
{
    bool source = field->source == FROM_CANONICAL || field->source == FROM_REST;

    return source && !field->write_only && !field->param.ptr && !field->lookup.ptr && !field->loss.ptr &&
           !field->starts.json.ptr && !(field->read_only & MODE_CREATE);
}

static bool field_is_back(struct back *back, const struct field *field, uint32_t sent, uint32_t shown,
                          struct str path)
{
    bool arrays = field->type == TYPE_PICK || field->type == TYPE_LIST;
    bool lines = field->type == TYPE_LINES && !tape_count(back->sent, sent); /* no line at all is no value */

    if (!is_said(field) || lines)
        return true;
    if (arrays && !tape_count(back->sent, sent))
        return true;
    if (shown == TAPE_NONE)
        return is_said_by_another(back, field) || lost(back, path);
    if (arrays)
        return array_is_back(back, field, sent, shown, path);
    bool back_as = is_exact(back, sent, shown) ||
                   (field->type == TYPE_DATETIME && is_same_moment(back, sent, shown)) ||
                   (field->type == TYPE_QUANTITY && is_same_quantity(back, sent, shown)) ||
                   is_same_word(back, field, sent, shown);
    return back_as || lost(back, path);
}

/* Every member of the object, whether a field names it or not; null is no value. `parent` NULL: none is
 * named. */
static bool object_is_back(struct back *back, const struct node *parent, uint32_t sent, uint32_t shown,
                           struct str path)
{
    for (uint32_t i = tape_first(back->sent, sent); i < tape_next(back->sent, sent);
         i = tape_next(back->sent, i + 1)) {
        struct str name = tape_string(back->sent, i, back->arena), at = longer(back, path, name);
        uint32_t found = shown == TAPE_NONE ? TAPE_NONE : tape_find(back->shown, shown, name);
        const struct node *node = parent ? node_child(parent, name) : NULL;
        bool null = tape_type(back->sent, i + 1) == JSON_NULL;
        if (node && null)
            continue;
        if (node && (node->group ? !object_is_back(back, node, i + 1, found, at)
                                 : !field_is_back(back, node->field, i + 1, found, at)))
            return false;
        if (!node && (found == TAPE_NONE || !is_exact(back, i + 1, found)))
            return lost(back, at);
    }
    return true;
}

struct str same_normal(const struct lens *lens, const struct tape *sent, const struct tape *shown,
                       struct arena *arena)
{
    struct back back = { .sent = sent, .shown = shown, .arena = arena };

    return object_is_back(&back, lens->shape->dialect, 0, 0, STR("")) ? STR_NONE : back.where;
}
