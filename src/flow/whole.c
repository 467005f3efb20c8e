/* An update whose body is the whole document (`whole:` of body in dialect.yaml; RFC 9110 section 9.3.4): what the client was
 * shown and does not send is to be cleared. What its dialect cannot see it does not clear. */
#include "flow/exchange.h"

#include "json/write.h"

static void write_object(const struct tape *body, uint32_t at, const struct tape *shown, uint32_t there, struct buf *out);

/* A member as it was sent, completed where both are objects. */
static void write_member(const struct tape *body, uint32_t at, const struct tape *shown, uint32_t there, struct buf *out)
{
    bool objects = there != TAPE_NONE && tape_type(body, at) == JSON_OBJECT && tape_type(shown, there) == JSON_OBJECT;

    if (objects)
        write_object(body, at, shown, there, out);
    else
        buf_add(out, tape_raw(body, at));
}

static void write_object(const struct tape *body, uint32_t at, const struct tape *shown, uint32_t there, struct buf *out)
{
    bool first = true;

    buf_char(out, '{');
    for (uint32_t i = tape_first(body, at); i < tape_next(body, at); i = tape_next(body, i + 1)) {
        struct str name = tape_string(body, i, out->arena);
        json_name(out, &first, name);
        write_member(body, i + 1, shown, tape_find(shown, there, name), out);
    }
    for (uint32_t i = tape_first(shown, there); i < tape_next(shown, there); i = tape_next(shown, i + 1)) {
        struct str name = tape_string(shown, i, out->arena);
        if (tape_find(body, at, name) == TAPE_NONE)
            json_member_raw(out, &first, name, STR("null"));
    }
    buf_char(out, '}');
}

int exchange_complete(struct exchange *x, const struct tape *shown)
{
    struct buf text = buf_in(x->arena, SIZE_MAX);
    struct tape_limits limits = tape_default_limits;
    struct tape_fault fault;

    limits.bytes = UINT32_MAX / 4;
    write_object(&x->body, x->items[0].at, shown, 0, &text);
    if (!buf_ok(&text) || !tape_read(&x->body, x->arena, buf_str(&text), &limits, &fault))
        return err_set(&x->err, ERR_TOO_LARGE, "the completed document does not read back");
    x->items[0].at = 0;
    return 0;
}
