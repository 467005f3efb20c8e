/* An array of named entries becomes an object of strings. */
#include "lens/put.h"

#include "base/codec.h"
#include "lens/pick.h"

struct entries {
    struct put *put;
    const struct field *field;
    uint32_t array;
    struct name_map names; /* those that are mapped */
    struct buf json;
    bool first;
    bool plain; /* get would make the same array from the object alone */
};

static void fault_in(struct entries *e, size_t index, struct str member, enum fault_kind kind,
                     struct str want)
{
    struct put *put = e->put;

    if (!put_may_fault(put))
        return;
    struct str path = put_path_index(put, put_field_path(put, e->field), index);
    if (member.ptr)
        path = arena_printf(put->run->arena, STR_FMT "/" STR_FMT, STR_ARG(path), STR_ARG(member));
    put_fault_at(put, e->field->order, kind, path, want);
}

/* The string member of an element, or TAPE_NONE after a fault. */
static uint32_t string_of(struct entries *e, size_t index, uint32_t element, struct str name)
{
    const struct tape *in = e->put->run->in;
    uint32_t at = tape_find(in, element, name);

    bool says = entry_says(e->put->run->lens, in, at);
    if (says && tape_type(in, at) == JSON_STRING)
        return at;
    bool blank = !says || tape_type(in, at) == JSON_NULL;
    fault_in(e, index, name, blank ? FAULT_BLANK : FAULT_TYPE, STR("string"));
    return TAPE_NONE;
}

/* An element that the canonical object does not have is found by what it says all the same. One without name or value
 * is none that anybody could ask for. */
static void name_value(struct entries *e, uint32_t element)
{
    struct put_run *run = e->put->run;
    uint32_t name = tape_find(run->in, element, e->field->entry_name);
    uint32_t value = tape_find(run->in, element, e->field->entry_value);

    if (!e->field->found_by.len || name == TAPE_NONE || value == TAPE_NONE || tape_type(run->in, name) != JSON_STRING ||
        tape_type(run->in, value) != JSON_STRING)
        return;
    struct str pair = pair_join(run->arena, tape_string(run->in, name, run->arena), tape_string(run->in, value, run->arena));
    run->full |= !pair.ptr;
    names_add(&run->out->values, run->arena, pair, &run->full);
}

static void add_entry(struct entries *e, uint32_t element, uint32_t name, uint32_t value)
{
    const struct tape *in = e->put->run->in;
    struct name_entry *entry = name_map_at(&e->names, tape_string(in, name, e->put->run->arena));

    if (entry->name.ptr) {
        e->plain = false; /* only the first of a name is mapped */
        name_value(e, element);
        return;
    }
    entry->name = tape_string(in, name, e->put->run->arena);
    if (!e->first)
        buf_char(&e->json, ',');
    e->first = false;
    buf_add(&e->json, tape_raw(in, name));
    buf_char(&e->json, ':');
    buf_add(&e->json, tape_raw(in, value));
}

static void take_entry(struct entries *e, size_t index, uint32_t element)
{
    const struct tape *in = e->put->run->in;

    if (tape_type(in, element) != JSON_OBJECT) {
        fault_in(e, index, STR_NONE, FAULT_TYPE, STR("object"));
        return;
    }
    bool skipped = e->field->skip.count && literals_match(&e->field->skip, in, element);
    if (skipped || entry_lacks(e->put->run->lens, e->field, in, element)) {
        e->plain = false;
        name_value(e, element);
        return;
    }
    uint32_t name = string_of(e, index, element, e->field->entry_name);
    uint32_t value = string_of(e, index, element, e->field->entry_value);
    if (name == TAPE_NONE || value == TAPE_NONE)
        return;
    e->plain &= tape_count(in, element) == 2;
    add_entry(e, element, name, value);
}

/* On update a name that was shown and is not sent any more is removed (RFC 7396). */
static void remove_shown(struct entries *e)
{
    const struct put_run *run = e->put->run;
    uint32_t array = e->put->shown ? e->put->shown[e->field->in] : TAPE_NONE;

    if (array == TAPE_NONE || tape_type(run->shown, array) != JSON_ARRAY)
        return;
    for (uint32_t at = tape_first(run->shown, array); at < tape_next(run->shown, array);
         at = tape_next(run->shown, at)) {
        uint32_t name = tape_find(run->shown, at, e->field->entry_name);
        bool mapped = name != TAPE_NONE && tape_type(run->shown, name) == JSON_STRING &&
                      !(e->field->skip.count && literals_match(&e->field->skip, run->shown, at)) &&
                      !entry_lacks(run->lens, e->field, run->shown, at);
        struct name_entry *entry =
            mapped ? name_map_at(&e->names, tape_string(run->shown, name, run->arena)) : NULL;
        if (!entry || entry->name.ptr)
            continue;
        entry->name = tape_string(run->shown, name, run->arena);
        if (!e->first)
            buf_char(&e->json, ',');
        e->first = false;
        buf_add(&e->json, tape_raw(run->shown, name));
        buf_add(&e->json, STR(":null"));
    }
}

static size_t count_shown(const struct put *put, const struct field *field)
{
    uint32_t array = put->shown ? put->shown[field->in] : TAPE_NONE;

    return array == TAPE_NONE ? 0 : tape_count(put->run->shown, array);
}

static bool begin(struct entries *e, struct put *put, const struct field *field, size_t count)
{
    struct put_run *run = put->run;

    *e = (struct entries){
        .put = put, .field = field, .json = buf_in(run->arena, SIZE_MAX), .first = true, .plain = true
    };
    buf_char(&e->json, '{');
    size_t shown = count_shown(put, field);
    return name_map_new(&e->names, run->arena, count + (shown < MOST_NAMES ? shown : MOST_NAMES), &run->full);
}

static void finish(struct entries *e)
{
    struct put *put = e->put;

    if (put->run->mode == MODE_UPDATE)
        remove_shown(e);
    buf_char(&e->json, '}');
    put->run->full |= e->json.full;
    put_cell(put, e->field->is[0], buf_str(&e->json));
}

void take_entries(struct put *put, const struct field *field, uint32_t at)
{
    const struct tape *in = put->run->in;
    struct entries e;

    put_unkeep(put, field);
    put->run->out->finds |= field->found_by.len > 0;
    if (put_is_null(put, at)) {
        if (!count_shown(put, field))
            put_null(put, field->is[0]);
        else if (begin(&e, put, field, 0))
            finish(&e);
        return;
    }
    int fault = tape_type(in, at) == JSON_ARRAY ? put_limits(put, field, at) : FAULT_TYPE;
    if (fault == FINE && tape_count(in, at) > MOST_NAMES)
        fault = FAULT_LENGTH;
    if (fault != FINE) {
        put_fault(put, field, (enum fault_kind)fault);
        return;
    }
    if (!begin(&e, put, field, tape_count(in, at)))
        return;
    size_t index = 0;
    for (uint32_t i = tape_first(in, at); i < tape_next(in, at); i = tape_next(in, i))
        take_entry(&e, index++, i);
    finish(&e);
    if (!e.plain)
        put_keep(put, field, tape_raw(in, at));
}
