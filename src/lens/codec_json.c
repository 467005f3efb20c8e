/* Types whose canonical value is the same JSON text. */
#include "lens/put.h"
#include "lens/get.h"

#include "json/number.h"
#include "json/write.h"

static int raw_if(struct put *put, uint32_t at, struct str *json, bool fine)
{
    *json = tape_raw(put->run->in, at);
    return fine ? FINE : FAULT_TYPE;
}

int put_integer(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    const struct tape *in = put->run->in;

    (void)field;
    return raw_if(put, at, json, tape_type(in, at) == JSON_NUMBER && number_is_integer(tape_raw(in, at)));
}

int put_number(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    (void)field;
    return raw_if(put, at, json, tape_type(put->run->in, at) == JSON_NUMBER);
}

int put_boolean(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    enum json_type type = tape_type(put->run->in, at);

    (void)field;
    return raw_if(put, at, json, type == JSON_TRUE || type == JSON_FALSE);
}

/* What `of:` says of a value inside a field's own; `path` is needed for a fault only. */
static int check_inside(struct put *put, const struct field *of, uint32_t at)
{
    struct str json;

    if (tape_type(put->run->in, at) == JSON_NULL)
        return FAULT_NULL;
    return put_is_blank(put, of, at) ? FAULT_BLANK : put_value(put, of, at, &json);
}

/* Each element by the rules of `of:`; the faults name it by its index. */
static int put_elements(struct put *put, const struct field *field, uint32_t at)
{
    const struct tape *in = put->run->in;
    int all = FINE;
    size_t index = 0;

    for (uint32_t i = tape_first(in, at); i < tape_next(in, at); i = tape_next(in, i), index++) {
        int fault = check_inside(put, field->of, i);
        if (fault == FINE)
            continue;
        all = TOLD;
        if (put_may_fault(put))
            put_fault_at(put, field->order, (enum fault_kind)fault,
                         put_path_index(put, put_field_path(put, field), index),
                         put_want(put, field->of, (enum fault_kind)fault));
    }
    return all;
}

/* The members that `of:` names, where they are there; null takes one away on update. */
static int put_members(struct put *put, const struct field *field, uint32_t at)
{
    const struct tape *in = put->run->in;
    int all = FINE;

    for (size_t i = 0; i < field->of_count; i++) {
        const struct field *of = &field->of[i];
        uint32_t value = tape_find(in, at, of->name);
        bool absent = value == TAPE_NONE || (put->run->mode == MODE_UPDATE && tape_type(in, value) == JSON_NULL);
        int fault = absent ? FINE : check_inside(put, of, value);
        if (fault == FINE)
            continue;
        all = TOLD;
        if (put_may_fault(put))
            put_fault_at(put, field->order, (enum fault_kind)fault,
                         put_path_name(put, put_field_path(put, field), value - 1),
                         put_want(put, of, (enum fault_kind)fault));
    }
    return all;
}

int put_object_text(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    int fault = raw_if(put, at, json, tape_type(put->run->in, at) == JSON_OBJECT);

    return fault == FINE && field->of_count ? put_members(put, field, at) : fault;
}

int put_array(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    int fault = raw_if(put, at, json, tape_type(put->run->in, at) == JSON_ARRAY);

    return fault == FINE && field->of ? put_elements(put, field, at) : fault;
}

int put_any(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    return raw_if(put, at, json, !field->kinds || field->kinds & 1u << tape_type(put->run->in, at));
}

struct str put_as_patch(struct put *put, const struct field *field, uint32_t at, struct str json)
{
    struct buf patch = buf_in(put->run->arena, SIZE_MAX);

    if (field->type != TYPE_ANY || !put->shown)
        return json;
    json_patch_between(&patch, put->run->shown, put->shown[field->in], put->run->in, at);
    put->run->full |= patch.full;
    return buf_str(&patch);
}

/* On update a null member removes a name (RFC 7396). The fault names the member. */
int put_map(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    const struct tape *in = put->run->in;
    bool update = put->run->mode == MODE_UPDATE;
    int all = raw_if(put, at, json, tape_type(in, at) == JSON_OBJECT);

    if (all != FINE)
        return all;
    for (uint32_t i = tape_first(in, at); i < tape_next(in, at); i = tape_next(in, i + 1)) {
        enum json_type type = tape_type(in, i + 1);
        if (type == JSON_STRING || (update && type == JSON_NULL))
            continue;
        all = TOLD;
        if (put_may_fault(put))
            put_fault_at(put, field->order, FAULT_TYPE, put_path_name(put, put_field_path(put, field), i), STR("string"));
    }
    return all;
}

bool get_raw(struct get *get, const struct field *field, uint32_t at)
{
    (void)field;
    buf_add(get->run->out, tape_raw(get->run->in, at));
    return true;
}
