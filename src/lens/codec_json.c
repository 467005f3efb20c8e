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

int put_array(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    (void)field;
    return raw_if(put, at, json, tape_type(put->run->in, at) == JSON_ARRAY);
}

int put_any(struct put *put, const struct field *field, uint32_t at, struct str *json)
{
    (void)field;
    return raw_if(put, at, json, true);
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
