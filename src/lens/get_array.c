/* Arrays: a kept one with the canonical values written into it, or one made of them. */
#include "lens/get.h"

#include "lens/pick.h"
#include "json/number.h"
#include "json/write.h"

/* A value that was neither a number nor a string: the rest has the same text, which is JSON. */
static struct str other_kind(struct get *get, uint32_t kept, uint32_t text)
{
    const struct get_run *run = get->run;
    struct tape_fault fault;
    struct tape value;

    if (kept == TAPE_NONE || tape_type(run->rest, kept) != JSON_STRING ||
        !tape_equal(run->rest, kept, run->in, text))
        return STR_NONE;
    struct str json = tape_string(run->in, text, run->arena);
    return tape_read(&value, run->arena, json, &tape_default_limits, &fault) ? json : STR_NONE;
}

/* The number with its digits, else the text. */
bool get_quantity(struct get *get, const struct field *field)
{
    const struct get_run *run = get->run;
    uint32_t number = get_at(get, field->is[0]), text = get_at(get, field->is[1]);
    uint32_t kept = get_kept(get, field);

    if (number != TAPE_NONE) {
        struct str digits = tape_type(run->in, number) == JSON_STRING
                                ? tape_string(run->in, number, run->arena)
                                : tape_raw(run->in, number);
        buf_add(run->out, number_valid(digits) ? digits : tape_raw(run->in, number));
        return true;
    }
    if (text == TAPE_NONE)
        return false;
    struct str json = kept == TAPE_NONE ? STR_NONE : other_kind(get, kept, text);
    buf_add(run->out, json.ptr ? json : tape_raw(run->in, text));
    return true;
}

static void separate(struct buf *out, uint32_t *count)
{
    if ((*count)++)
        buf_char(out, ',');
}

static bool any_value(const struct get *get, const struct field *pick)
{
    const struct field *end = get->shape->fields + get->shape->count;

    for (const struct field *field = pick + 1; field < end && field->inside == pick; field++)
        if (get_at(get, field->is[0]) != TAPE_NONE)
            return true;
    return false;
}

/* Null and an empty array stand for no value: put maps them to none. */
static bool is_value(const struct tape *tape, uint32_t at)
{
    return at != TAPE_NONE && tape_type(tape, at) != JSON_NULL &&
           (tape_type(tape, at) != JSON_ARRAY || tape_count(tape, at) > 0);
}

static bool any_kept(const struct get *get, const struct field *pick)
{
    const struct field *end = get->shape->fields + get->shape->count;

    for (const struct field *field = pick + 1; field < end && field->inside == pick; field++)
        if (is_value(get->run->rest, get_kept(get, field)))
            return true;
    return false;
}

static void write_element(struct get *get, const struct field *pick, const struct literals *made)
{
    struct buf *out = get->run->out;
    bool first = true;

    buf_char(out, '{');
    for (size_t i = 0; made && i < made->count; i++) {
        write_lead(out, made->items[i].lead, &first);
        buf_add(out, made->items[i].value.json);
    }
    (void)get_members(get, pick->node, &first);
    buf_char(out, '}');
}

/* The kept array, its picked element with the canonical values. An element whose values are gone goes with
 * them. */
static uint32_t write_array(struct get *get, const struct field *pick, uint32_t array, bool any)
{
    const struct tape *rest = get->run->rest;
    uint32_t picked = pick_element(pick, rest, array), count = 0;

    if (picked != TAPE_NONE) {
        struct scan scan = { .tape = rest, .slots = get->kept, .unknowns = &get->unknowns };
        scan_object(&scan, pick->node, picked);
    }
    for (uint32_t at = tape_first(rest, array); at < tape_next(rest, array); at = tape_next(rest, at)) {
        if (at == picked && !any && any_kept(get, pick))
            continue;
        separate(get->run->out, &count);
        if (at == picked)
            write_element(get, pick, NULL);
        else
            buf_add(get->run->out, tape_raw(rest, at));
    }
    return picked == TAPE_NONE ? 0 : count;
}

/* Which of the choices the element is; NULL: none. */
static const struct field *choice_at(const struct field *pick, const uint32_t *picked, uint32_t at)
{
    for (size_t i = 0; i < pick->choice_count; i++)
        if (picked[i] == at)
            return pick->choices[i];
    return NULL;
}

/* The kept array with the canonical values of each choice in its element, then elements for those that it
 * lacks. */
static bool get_choices(struct get *get, const struct field *pick)
{
    const struct tape *rest = get->run->rest;
    struct buf *out = get->run->out;
    uint32_t array = get_kept(get, pick), count = 0;
    bool kept = array != TAPE_NONE && tape_type(rest, array) == JSON_ARRAY;

    if (!lens_room(get->run->arena, sizeof(uint32_t) * pick->choice_count, &get->run->full))
        return false;
    uint32_t *picked = arena_alloc(get->run->arena, sizeof *picked * pick->choice_count);
    for (size_t i = 0; i < pick->choice_count; i++) {
        picked[i] = kept ? pick_element(pick->choices[i], rest, array) : TAPE_NONE;
        struct scan scan = { .tape = rest, .slots = get->kept, .unknowns = &get->unknowns };
        if (picked[i] != TAPE_NONE)
            scan_object(&scan, pick->choices[i]->node, picked[i]);
    }
    buf_char(out, '[');
    for (uint32_t at = kept ? tape_first(rest, array) : 0; kept && at < tape_next(rest, array);
         at = tape_next(rest, at)) {
        const struct field *choice = choice_at(pick, picked, at);
        if (choice && !any_value(get, choice) && any_kept(get, choice))
            continue;
        separate(out, &count);
        if (choice)
            write_element(get, choice, NULL);
        else
            buf_add(out, tape_raw(rest, at));
    }
    for (size_t i = 0; i < pick->choice_count; i++)
        if (picked[i] == TAPE_NONE && any_value(get, pick->choices[i])) {
            separate(out, &count);
            write_element(get, pick->choices[i], &pick->choices[i]->make);
        }
    buf_char(out, ']');
    return count > 0;
}

bool get_pick(struct get *get, const struct field *field)
{
    if (field->choice_count)
        return get_choices(get, field);

    struct buf *out = get->run->out;
    uint32_t array = get_kept(get, field);
    bool any = any_value(get, field);

    buf_char(out, '[');
    uint32_t count = array != TAPE_NONE && tape_type(get->run->rest, array) == JSON_ARRAY
                         ? write_array(get, field, array, any)
                         : 0;
    if (!count && any) {
        write_element(get, field, &field->make);
        count++;
    }
    buf_char(out, ']');
    return count > 0;
}

struct entries {
    struct get *get;
    const struct field *field;
    uint32_t object; /* canonical, or TAPE_NONE */
    struct name_map names;
    uint32_t count; /* written */
};

static bool map_names(struct entries *e)
{
    const struct get_run *run = e->get->run;
    size_t count = tape_count(run->in, e->object);

    if (!name_map_new(&e->names, run->arena, count, &e->get->run->full))
        return false;
    for (uint32_t at = tape_first(run->in, e->object); at < tape_next(run->in, e->object);
         at = tape_next(run->in, at + 1)) {
        if (!get_says(run, at + 1))
            continue;
        struct str name = tape_string(run->in, at, run->arena);
        struct name_entry *entry = name_map_at(&e->names, name);
        entry->name = name;
        entry->at = at;
    }
    return true;
}

static void write_entry(struct entries *e, uint32_t name)
{
    struct buf *out = e->get->run->out;
    bool first = true;

    separate(out, &e->count);
    buf_char(out, '{');
    json_name(out, &first, e->field->entry_name);
    buf_add(out, tape_raw(e->get->run->in, name));
    json_name(out, &first, e->field->entry_value);
    buf_add(out, tape_raw(e->get->run->in, name + 1));
    buf_char(out, '}');
}

/* A kept element with the canonical value in the place of its own. */
static void write_with_value(struct entries *e, uint32_t element, uint32_t value)
{
    const struct get_run *run = e->get->run;
    bool first = true;

    separate(run->out, &e->count);
    buf_char(run->out, '{');
    for (uint32_t at = tape_first(run->rest, element); at < tape_next(run->rest, element);
         at = tape_next(run->rest, at + 1)) {
        if (!first)
            buf_char(run->out, ',');
        first = false;
        buf_add(run->out, tape_raw(run->rest, at));
        buf_char(run->out, ':');
        bool own = tape_string_is(run->rest, at, e->field->entry_value);
        buf_add(run->out, own ? tape_raw(run->in, value) : tape_raw(run->rest, at + 1));
    }
    buf_char(run->out, '}');
}

/* Elements that put does not map are shown as they are; of a name that is gone none is shown any more. */
static void write_kept_entry(struct entries *e, uint32_t element)
{
    const struct get_run *run = e->get->run;
    uint32_t name = tape_find(run->rest, element, e->field->entry_name);
    bool plain = tape_type(run->rest, element) != JSON_OBJECT || name == TAPE_NONE ||
                 tape_type(run->rest, name) != JSON_STRING ||
                 (e->field->skip.count && literals_match(&e->field->skip, run->rest, element)) ||
                 entry_lacks(run->lens, e->field, run->rest, element);
    struct name_entry *entry = plain || e->object == TAPE_NONE
                                   ? NULL
                                   : name_map_at(&e->names, tape_string(run->rest, name, run->arena));

    if (!plain && (!entry || !entry->name.ptr))
        return;
    if (entry && !entry->used) {
        entry->used = true;
        write_with_value(e, element, entry->at + 1);
        return;
    }
    separate(run->out, &e->count);
    buf_add(run->out, tape_raw(run->rest, element));
}

static void write_kept_entries(struct entries *e)
{
    const struct tape *rest = e->get->run->rest;
    uint32_t array = get_kept(e->get, e->field);

    if (array == TAPE_NONE || tape_type(rest, array) != JSON_ARRAY)
        return;
    for (uint32_t at = tape_first(rest, array); at < tape_next(rest, array); at = tape_next(rest, at))
        write_kept_entry(e, at);
}

static void write_new_entries(struct entries *e)
{
    const struct get_run *run = e->get->run;

    for (uint32_t at = tape_first(run->in, e->object); at < tape_next(run->in, e->object);
         at = tape_next(run->in, at + 1))
        if (get_says(run, at + 1) && !name_map_at(&e->names, tape_string(run->in, at, run->arena))->used)
            write_entry(e, at);
}

bool get_entries(struct get *get, const struct field *field, uint32_t at)
{
    bool object = at != TAPE_NONE && tape_type(get->run->in, at) == JSON_OBJECT;
    struct entries e = { .get = get, .field = field, .object = object ? at : TAPE_NONE };

    if (object && !map_names(&e))
        return false;
    buf_char(get->run->out, '[');
    write_kept_entries(&e);
    if (object)
        write_new_entries(&e);
    buf_char(get->run->out, ']');
    return e.count > 0;
}

/* One element, unless it has an id that names nothing any more. */
static void write_listed(struct get *inner, const struct field *field, uint32_t at, uint32_t beside, uint32_t *count)
{
    struct get_run *run = inner->run;
    const size_t len = run->out->len, ids = run->ids->count;
    const uint32_t before = *count;
    const bool dangled = run->dangles;

    run->dangles = false;
    separate(run->out, count);
    if (field->bare)
        get_bare(inner, field->bare, at);
    else
        get_object(inner, at, beside);
    if (run->dangles) {
        run->out->len = len;
        run->ids->count = ids;
        *count = before;
    }
    run->dangles = dangled;
}

bool get_list(struct get *get, const struct field *field, uint32_t at)
{
    struct get_run *run = get->run;
    struct get inner;
    uint32_t kept = get_kept(get, field), count = 0;
    struct str path = get->shape->leaves[field->is[0]]->path;

    if (tape_type(run->in, at) != JSON_ARRAY || !get_begin(&inner, run, field->element))
        return false;
    bool pairs = kept != TAPE_NONE && tape_type(run->rest, kept) == JSON_ARRAY &&
                 tape_count(run->rest, kept) == tape_count(run->in, at);
    uint32_t beside = pairs ? tape_first(run->rest, kept) : TAPE_NONE;
    inner.prefix = path;
    buf_char(run->out, '[');
    for (uint32_t i = tape_first(run->in, at); i < tape_next(run->in, at); i = tape_next(run->in, i)) {
        write_listed(&inner, field, i, beside, &count);
        beside = pairs ? tape_next(run->rest, beside) : TAPE_NONE;
    }
    buf_char(run->out, ']');
    return true;
}
