/* Path and query of a request, as any client may send them. The input is path '?' query. What is accepted
 * must be safe to judge: no segment that means another place, nothing that is no text; and it must read the
 * same again when it is written out with everything encoded. */
#include "base/buf.h"
#include "dialect/target.h"

#include <stdlib.h>
#include <string.h>

static void demand(bool condition)
{
    if (!condition)
        abort();
}

static void check_segment(struct str segment)
{
    demand(segment.len > 0 && !str_is(segment, ".") && !str_is(segment, ".."));
    demand(str_is_utf8(segment));
    for (size_t i = 0; i < segment.len; i++)
        demand((unsigned char)segment.ptr[i] >= 0x20 && !strchr("/\\;\x7f", segment.ptr[i]));
}

static void add_encoded(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        buf_printf(out, "%%%02x", (unsigned)(unsigned char)text.ptr[i]);
}

/* Everything percent-encoded says the same. */
static void check_again(const struct target *once, struct arena *arena)
{
    struct buf path = buf_in(arena, SIZE_MAX), query = buf_in(arena, SIZE_MAX);
    struct target again;
    struct err err;

    for (size_t i = 0; i < once->segment_count; i++) {
        buf_char(&path, '/');
        add_encoded(&path, once->segments[i]);
    }
    if (!once->segment_count)
        buf_char(&path, '/');
    for (size_t i = 0; i < once->parameter_count; i++) {
        add_encoded(&query, once->parameters[i].name);
        buf_char(&query, '=');
        add_encoded(&query, once->parameters[i].value);
        buf_char(&query, '&');
    }
    demand(target_parse(&again, arena, buf_str(&path), buf_str(&query), &err) == 0);
    demand(again.segment_count == once->segment_count && again.parameter_count == once->parameter_count);
    for (size_t i = 0; i < once->segment_count; i++)
        demand(str_eq(again.segments[i], once->segments[i]));
    for (size_t i = 0; i < once->parameter_count; i++)
        demand(str_eq(again.parameters[i].name, once->parameters[i].name) &&
               str_eq(again.parameters[i].value, once->parameters[i].value));
}

static void check_parameters(const struct target *target)
{
    demand(target->parameter_count <= TARGET_PARAMETERS_MAX);
    for (size_t i = 0; i < target->parameter_count; i++) {
        struct str name = target->parameters[i].name, value = target->parameters[i].value;
        size_t count;
        demand(str_is_utf8(name) && str_is_utf8(value) && value.ptr);
        demand(!name.len || !memchr(name.ptr, 0, name.len));
        demand(!value.len || !memchr(value.ptr, 0, value.len));
        demand(target_parameter(target, name, &count).ptr && count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct str path = str_of((const char *)data, size), query = STR_NONE;
    struct target target;
    struct err err = { 0 };

    (void)str_cut(path, '?', &path, &query);
    if (target_parse(&target, arena, path, query, &err) == 0) {
        demand(target.segment_count <= TARGET_SEGMENTS_MAX);
        for (size_t i = 0; i < target.segment_count; i++)
            check_segment(target.segments[i]);
        check_parameters(&target);
        check_again(&target, arena);
    } else {
        demand(err.code == ERR_BAD_REQUEST || err.code == ERR_URI_TOO_LONG);
    }
    if (target_parse_form(&target, arena, str_of((const char *)data, size), &err) == 0) {
        demand(target.segment_count == 0);
        check_parameters(&target);
    }
    arena_free(&arena);
    return 0;
}
