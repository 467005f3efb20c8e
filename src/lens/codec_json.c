/* Types whose canonical value is the same JSON text. */
#include "lens/put.h"
#include "lens/get.h"

#include "json/number.h"

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

int put_object_text(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    (void)field;
    return raw_if(put, at, json, tape_type(put->run->in, at) == JSON_OBJECT);
}

/* Each element by the rules of `of:`; the faults name it by its index. */
static int put_elements(struct put *put, const struct field *field, uint32_t at)
{
    const struct tape *in = put->run->in;
    const struct field *of = field->of;
    int all = FINE;
    size_t index = 0;
    struct str json;

    for (uint32_t i = tape_first(in, at); i < tape_next(in, at); i = tape_next(in, i), index++) {
        bool null = tape_type(in, i) == JSON_NULL;
        int fault = null ? FAULT_NULL : put_is_blank(put, of, i) ? FAULT_BLANK : put_value(put, of, i, &json);
        if (fault == FINE)
            continue;
        all = TOLD;
        if (put_may_fault(put))
            put_fault_at(put, field->order, (enum fault_kind)fault,
                         put_path_index(put, put_field_path(put, field), index),
                         put_want(put, of, (enum fault_kind)fault));
    }
    return all;
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

/* On update a null member removes a name (RFC 7396). The fault names the member. */
int put_map(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    const struct tape *in = put->run->in;
    bool fine = tape_type(in, at) == JSON_OBJECT, update = put->run->mode == MODE_UPDATE;

    (void)field;
    for (uint32_t i = tape_first(in, at); fine && i < tape_next(in, at); i = tape_next(in, i + 1)) {
        enum json_type type = tape_type(in, i + 1);
        fine = type == JSON_STRING || (update && type == JSON_NULL);
    }
    return raw_if(put, at, json, fine);
}

bool get_raw(struct get *get, const struct field *field, uint32_t at)
{
    (void)field;
    buf_add(get->run->out, tape_raw(get->run->in, at));
    return true;
}
