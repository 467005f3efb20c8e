/* An array of which one element is mapped. Its members are fields of their own, judged after this one. */
#include "lens/put.h"

#include "lens/pick.h"

uint32_t pick_element(const struct field *pick, const struct tape *tape, uint32_t array)
{
    uint32_t first = TAPE_NONE;

    for (uint32_t at = tape_first(tape, array); at < tape_next(tape, array); at = tape_next(tape, at)) {
        if (tape_type(tape, at) != JSON_OBJECT)
            continue;
        if (pick->prefer.count && literals_match(&pick->prefer, tape, at))
            return at;
        if (first == TAPE_NONE && !pick->chosen)
            first = at;
    }
    return first;
}

uint32_t pick_scan(const struct scan *scan, const struct field *pick)
{
    uint32_t array = scan->slots[pick->in];
    bool there = slot_given(array) && tape_type(scan->tape, array) == JSON_ARRAY;
    uint32_t element = there ? pick_element(pick, scan->tape, array) : TAPE_NONE;

    if (element != TAPE_NONE) {
        scan->slots[pick->picked] = element;
        scan_object(scan, pick->node, element);
    }
    return element;
}

static void clear_fields(struct put *put, const struct field *pick)
{
    if (put->run->mode != MODE_UPDATE)
        return;
    for (size_t i = 0; i < pick->choice_count; i++)
        clear_fields(put, pick->choices[i]);
    if (pick->choice_count)
        return;
    const struct field *end = put->shape->fields + put->shape->count;
    for (const struct field *field = pick + 1; field < end && field->inside == pick; field++)
        put->slots[field->in] = SLOT_CLEARED;
}

static const struct literal *find_literal(const struct literals *literals, const struct tape *tape,
                                          uint32_t name)
{
    for (size_t i = 0; i < literals->count; i++)
        if (tape_string_is(tape, name, literals->items[i].name))
            return &literals->items[i].value;
    return NULL;
}

static const struct field *find_field(const struct field *pick, const struct tape *tape, uint32_t name)
{
    for (const struct node *child = pick->node->first; child; child = child->next)
        if (tape_string_is(tape, name, child->name))
            return child->field;
    return NULL;
}

/* Lines without the text between them come back as they are. */
static bool splits_back(const struct field *field, const struct tape *tape, uint32_t at, struct arena *arena)
{
    if (tape_type(tape, at) != JSON_ARRAY || !tape_count(tape, at))
        return false;
    if (field->pieces_keep)
        return tape_count(tape, at) == 1;
    for (uint32_t i = tape_first(tape, at); i < tape_next(tape, at); i = tape_next(tape, i)) {
        struct str line = tape_type(tape, i) == JSON_STRING ? tape_string(tape, i, arena) : field->join;
        if (text_find(line, field->join))
            return false;
    }
    return true;
}

/* Get would make this member out of the canonical value. */
static bool comes_back(struct put *put, const struct field *pick, uint32_t name)
{
    const struct tape *in = put->run->in;
    const struct literal *made = find_literal(&pick->make, in, name);
    const struct field *field = find_field(pick, in, name);

    if (made)
        return literal_is(made, in, name + 1);
    if (!field || tape_type(in, name + 1) == JSON_NULL)
        return false;
    if (field->type == TYPE_LINES)
        return splits_back(field, in, name + 1, put->run->arena);
    return field->classed == CLASS_EXACT;
}

/* Get would make the element alike from the canonical values. */
static bool is_made_again(struct put *put, const struct field *pick, uint32_t element)
{
    const struct tape *in = put->run->in;
    size_t made = 0;

    for (uint32_t at = tape_first(in, element); at < tape_next(in, element); at = tape_next(in, at + 1)) {
        if (!comes_back(put, pick, at))
            return false;
        made += find_literal(&pick->make, in, at) != NULL;
    }
    /* Without a value of its own the element would not be made at all. */
    return made == pick->make.count && tape_count(in, element) > made;
}

/* An array that get would make alike needs no keeping. */
static bool is_reproduced(struct put *put, const struct field *pick, uint32_t array)
{
    const struct tape *in = put->run->in;
    uint32_t next = tape_first(in, array);

    if (!pick->choice_count)
        return tape_count(in, array) == 1 && is_made_again(put, pick, next);
    for (size_t i = 0; i < pick->choice_count; i++) {
        uint32_t element = put->slots[pick->choices[i]->picked];
        if (!slot_given(element))
            continue;
        if (element != next || !is_made_again(put, pick->choices[i], element))
            return false;
        next = tape_next(in, element);
    }
    return next == tape_next(in, array);
}

/* Its members are judged as fields of their own, where there is such an element. */
static void enter_element(struct put *put, const struct field *pick)
{
    struct scan scan = { .tape = put->run->in, .slots = put->slots };

    if (pick_scan(&scan, pick) == TAPE_NONE)
        clear_fields(put, pick);
}

static bool only_objects(struct put *put, const struct field *field, uint32_t array)
{
    const struct tape *in = put->run->in;
    uint32_t index = 0;
    bool fine = true;

    for (uint32_t at = tape_first(in, array); at < tape_next(in, array); at = tape_next(in, at), index++) {
        if (tape_type(in, at) == JSON_OBJECT)
            continue;
        fine = false;
        if (put_may_fault(put))
            put_fault_at(put, field->order, FAULT_TYPE,
                         put_path_index(put, put_field_path(put, field), index), STR("object"));
    }
    return fine;
}

void take_pick(struct put *put, const struct field *field, uint32_t at)
{
    const struct tape *in = put->run->in;

    if (put_is_null(put, at)) {
        put_unkeep(put, field);
        clear_fields(put, field);
        return;
    }
    int fault = tape_type(in, at) == JSON_ARRAY ? put_limits(put, field, at) : FAULT_TYPE;
    if (fault != FINE) {
        put_fault(put, field, (enum fault_kind)fault);
        return;
    }
    if (!only_objects(put, field, at))
        return;
    put_unkeep(put, field);
    for (size_t i = 0; i < field->choice_count; i++)
        enter_element(put, field->choices[i]);
    if (!field->choice_count)
        enter_element(put, field);
    if (tape_count(in, at) && !is_reproduced(put, field, at))
        put_keep(put, field, tape_raw(in, at));
}
