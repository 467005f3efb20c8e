#include "dialect/target.h"

#include "base/codec.h"

/* Decodes into `arena`; false for a raw control byte, and for what percent_decode does not take. */
static bool decode(struct arena *arena, struct str raw, bool plus_is_space, struct str *text)
{
    bool plain = true;

    *text = raw;
    if (percent_is_plain(raw))
        return true;
    for (size_t i = 0; i < raw.len; i++) {
        if ((unsigned char)raw.ptr[i] < 0x20 || raw.ptr[i] == 0x7F)
            return false;
        plain = plain && raw.ptr[i] != '%' && !(plus_is_space && raw.ptr[i] == '+');
    }
    return plain ? str_is_utf8(raw) : percent_decode(arena, raw, plus_is_space, text);
}

static bool segment_allowed(struct str segment)
{
    if (!segment.len || str_is(segment, ".") || str_is(segment, ".."))
        return false;
    if (percent_is_plain(segment))
        return true;
    for (size_t i = 0; i < segment.len; i++) {
        unsigned char c = (unsigned char)segment.ptr[i];
        if (c < 0x20 || c == 0x7F || c == '/' || c == '\\' || c == ';')
            return false;
    }
    return true;
}

/* How many pieces there are at most, of those that may be. */
static size_t count_pieces(struct str text, char separator, size_t most)
{
    size_t count = 1;

    for (size_t i = 0; i < text.len && count < most; i++)
        count += text.ptr[i] == separator;
    return count;
}

static int parse_path(struct target *target, struct arena *arena, struct str path, struct err *err)
{
    struct str piece, rest = str_from_at(path, 1);

    if (!path.len || path.ptr[0] != '/')
        return err_set(err, ERR_BAD_REQUEST, "the path does not start with a slash");
    if (rest.len && rest.ptr[rest.len - 1] == '/')
        rest.len--;
    if (!rest.len)
        rest = STR_NONE;
    if (rest.len)
        target->segments = ARENA_ARRAY(arena, struct str, count_pieces(rest, '/', TARGET_SEGMENTS_MAX));
    while (str_next(&rest, '/', &piece)) {
        if (target->segment_count == TARGET_SEGMENTS_MAX)
            return err_set(err, ERR_URI_TOO_LONG, "more than %d path segments", TARGET_SEGMENTS_MAX);
        struct str *segment = &target->segments[target->segment_count++];
        if (!decode(arena, piece, false, segment) || !segment_allowed(*segment))
            return err_set(err, ERR_BAD_REQUEST, "path segment %zu is not allowed", target->segment_count);
    }
    return 0;
}

static int parse_parameters(struct target *target, struct arena *arena, struct str text, struct err *err)
{
    struct str piece;

    if (text.len)
        target->parameters = ARENA_ARRAY(arena, struct target_parameter, count_pieces(text, '&', TARGET_PARAMETERS_MAX));
    while (str_next(&text, '&', &piece)) {
        struct str name = piece, value = STR("");
        if (!piece.len)
            continue;
        if (target->parameter_count == TARGET_PARAMETERS_MAX)
            return err_set(err, ERR_URI_TOO_LONG, "more than %d parameters", TARGET_PARAMETERS_MAX);
        (void)str_cut(piece, '=', &name, &value);
        struct target_parameter *made = &target->parameters[target->parameter_count++];
        if (!decode(arena, name, true, &made->name) || !decode(arena, value, true, &made->value))
            return err_set(err, ERR_BAD_REQUEST, "parameter %zu is not well-formed", target->parameter_count);
        if (!made->value.ptr)
            made->value = STR("");
    }
    return 0;
}

int target_parse(struct target *target, struct arena *arena, struct str path, struct str query, struct err *err)
{
    *target = (struct target){ .segment_count = 0 };
    return parse_path(target, arena, path, err) || parse_parameters(target, arena, query, err) ? -1 : 0;
}

int target_parse_form(struct target *target, struct arena *arena, struct str form, struct err *err)
{
    *target = (struct target){ .segment_count = 0 };
    return parse_parameters(target, arena, form, err);
}

struct str target_parameter(const struct target *target, struct str name, size_t *count)
{
    struct str found = STR_NONE;

    *count = 0;
    for (size_t i = 0; i < target->parameter_count; i++) {
        if (!str_eq(target->parameters[i].name, name))
            continue;
        found = target->parameters[i].value;
        ++*count;
    }
    return found;
}
