/* Ids, and values that go to two members. */
#include "lens/put.h"

#include "json/number.h"
#include "json/write.h"

enum { ID_ROOM = 4096 };

static bool is_id(const struct put *put, const struct field *field, uint32_t at)
{
    const struct tape *in = put->run->in;

    if (field->lookup.ptr)
        return tape_type(in, at) == JSON_OBJECT;
    if (field->as_integer)
        return tape_type(in, at) == JSON_NUMBER && number_is_integer(tape_raw(in, at));
    return tape_type(in, at) == JSON_STRING;
}

static struct id_slot slot_of(struct put *put, const struct field *field, uint32_t at)
{
    const struct tape *in = put->run->in;
    bool string = tape_type(in, at) == JSON_STRING;

    return (struct id_slot){ .kind = field->kind,
                             .given = string ? tape_string(in, at, put->run->arena) : tape_raw(in, at),
                             .path = put_field_path(put, field),
                             .lookup = field->lookup };
}

/* Inside the list of a parameter every element is one value of it. */
static struct str parameter_of(const struct put *put, const struct field *field)
{
    for (const struct put *at = put; at->outer && !field->param.ptr; at = at->outer)
        field = at->list;
    return put_parameter_name(put, field);
}

/* Another field says the same id in another way: by itself, or by what it can be looked up with. */
static bool said_twice(const struct put *put, const struct field *field)
{
    for (const struct field *other = put->shape->fields; other < field; other++) {
        bool same =
            other->codec == field->codec && other->is[0] == field->is[0] && other->read_only != MODE_BOTH;
        uint32_t at = put->slots[other->in];
        if (same && slot_given(at) && !put_is_null(put, at))
            return true;
    }
    return false;
}

void take_id(struct put *put, const struct field *field, uint32_t at)
{
    struct put_run *run = put->run;
    struct str param = parameter_of(put, field);

    if (put_is_null(put, at)) {
        if (!param.ptr)
            put_null(put, field->is[0]);
        return;
    }
    if (!is_id(put, field, at) || said_twice(put, field)) {
        put_fault(put, field, is_id(put, field, at) ? FAULT_TOGETHER : FAULT_TYPE);
        return;
    }
    if (!lens_room(run->arena, ID_ROOM, &run->full))
        return;
    struct id_slot slot = slot_of(put, field, at);
    if (field->prefix.len && (slot.given.len <= field->prefix.len || !str_starts(slot.given, field->prefix))) {
        put_fault(put, field, FAULT_FORMAT);
        return;
    }
    slot.given = str_from_at(slot.given, field->prefix.len);
    slot.param = param;
    if (param.ptr) {
        ids_add(&run->out->ids, run->arena, slot, &run->full);
        return;
    }
    struct id_slots *gaps = ARENA_NEW(run->arena, struct id_slots);
    ids_add(gaps, run->arena, slot, &run->full);
    put->cells[field->is[0]] = (struct cell){ .state = CELL_JSON, .json = STR(""), .gaps = gaps };
}

/* A number, or a string that is one, has its digits as text in the first member. */
static void put_digits(struct put *put, const struct field *field, struct str digits)
{
    struct buf json = buf_in(put->run->arena, SIZE_MAX);

    json_quote(&json, digits);
    put->run->full |= json.full;
    put_cell(put, field->is[0], buf_str(&json));
    if (put->run->mode == MODE_UPDATE)
        put_null(put, field->is[1]);
}

static void put_words(struct put *put, const struct field *field, struct str json)
{
    put_cell(put, field->is[1], json);
    if (put->run->mode == MODE_UPDATE)
        put_null(put, field->is[0]);
}

void take_quantity(struct put *put, const struct field *field, uint32_t at)
{
    struct put_run *run = put->run;
    struct buf text = buf_in(run->arena, SIZE_MAX);

    put_unkeep(put, field);
    if (put_is_null(put, at)) {
        put_null(put, field->is[0]);
        put_null(put, field->is[1]);
        return;
    }
    struct str raw = tape_raw(run->in, at);
    enum json_type type = tape_type(run->in, at);
    struct str string = type == JSON_STRING ? tape_string(run->in, at, run->arena) : raw;
    if (type == JSON_NUMBER || (type == JSON_STRING && number_valid(string))) {
        put_digits(put, field, string);
        return;
    }
    if (type == JSON_STRING) {
        put_words(put, field, raw);
        return;
    }
    if (run->lens->rest == REST_REFUSE) {
        put_fault(put, field, FAULT_TYPE); /* its kind would be lost */
        return;
    }
    json_quote(&text, raw);
    run->full |= text.full;
    put_words(put, field, buf_str(&text));
    put_keep(put, field, buf_str(&text)); /* the same text tells get that it was no string */
}
