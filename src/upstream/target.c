#include "upstream/upstream.h"

#include "base/codec.h"

static void add_encoded(struct buf *out, struct str text)
{
    static const char digits[] = "0123456789ABCDEF";

    if (percent_is_plain(text)) {
        buf_add(out, text);
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (percent_is_plain(str_of(&text.ptr[i], 1)))
            buf_char(out, (char)c);
        else
            buf_add(out, str_of((char[]){ '%', digits[c >> 4], digits[c & 15] }, 3));
    }
}

static const struct upstream_argument *find(const struct upstream_request *request, struct str name)
{
    for (size_t i = 0; i < request->argument_count; i++)
        if (str_eq(request->arguments[i].name, name))
            return &request->arguments[i];
    return NULL;
}

static void add_pair(struct buf *out, char *mark, struct str name, struct str value)
{
    buf_char(out, *mark);
    *mark = '&';
    add_encoded(out, name);
    buf_char(out, '=');
    add_encoded(out, value);
}

static void add_number(struct buf *out, char *mark, struct str name, uint64_t value)
{
    buf_char(out, *mark);
    *mark = '&';
    buf_add(out, name);
    buf_char(out, '=');
    buf_uint(out, value);
}

int upstream_target(const struct upstream_request *request, struct str base, struct buf *out, struct err *err)
{
    const struct contract_call *call = request->call;
    char mark = '?';

    buf_add(out, base);
    for (size_t i = 0; i < call->segment_count; i++) {
        const struct upstream_argument *argument;
        if (!call->segments[i].is_parameter) {
            buf_add(out, call->segments[i].text);
            continue;
        }
        argument = find(request, call->segments[i].text);
        /* A dot segment would name another resource once the path is normalised. */
        if (!argument || !argument->value.len || str_is(argument->value, ".") || str_is(argument->value, ".."))
            return err_set(err, argument ? ERR_NOT_FOUND : ERR_INTERNAL, STR_FMT ": no value for {" STR_FMT "}",
                           STR_ARG(call->name), STR_ARG(call->segments[i].text));
        add_encoded(out, argument->value);
    }
    if (call->brand_in_query)
        add_pair(out, &mark, STR("brand_id"), request->brand);
    for (size_t i = 0; i < call->query_count; i++) {
        const struct upstream_argument *argument = find(request, call->query[i]);
        if (argument)
            add_pair(out, &mark, call->query[i], argument->value);
    }
    if (request->paged) {
        add_number(out, &mark, STR("limit"), request->limit);
        add_number(out, &mark, STR("offset"), request->offset);
    }
    return buf_ok(out) ? 0 : err_set(err, ERR_URI_TOO_LONG, "the target of " STR_FMT " is too long", STR_ARG(call->name));
}
