/* What says nothing: `blank:` and `required:` of a value that is there. */
#include "lens/put.h"

/* RFC 8259 white space and what Unicode adds to it. */
static bool is_white(struct str text)
{
    static const struct str wide[] = {
        STR_INIT("\xc2\x85"),     STR_INIT("\xc2\xa0"),     STR_INIT("\xe1\x9a\x80"),
        STR_INIT("\xe2\x80\xa8"), STR_INIT("\xe2\x80\xa9"), STR_INIT("\xe2\x80\xaf"),
        STR_INIT("\xe2\x81\x9f"), STR_INIT("\xe3\x80\x80"),
    };
    size_t at = 0;

    while (at < text.len) {
        struct str rest = str_from_at(text, at);
        size_t step = strchr(" \t\n\v\f\r", text.ptr[at]) ? 1 : 0;
        for (size_t i = 0; !step && i < COUNT(wide); i++)
            step = str_starts(rest, wide[i]) ? wide[i].len : 0;
        /* U+2000 to U+200A */
        if (!step && str_starts(rest, STR("\xe2\x80")) && rest.len > 2 && (unsigned char)rest.ptr[2] <= 0x8a)
            step = 3;
        if (!step)
            return false;
        at += step;
    }
    return true;
}

/* A line that says nothing. */
static bool any_white(const struct put *put, const struct field *field, uint32_t array)
{
    const struct tape *in = put->run->in;

    for (uint32_t at = tape_first(in, array); field->blank_refuse && at < tape_next(in, array); at = tape_next(in, at))
        if (tape_type(in, at) == JSON_STRING && is_white(tape_string(in, at, put->run->arena)))
            return true;
    return false;
}

bool put_is_blank(const struct put *put, const struct field *field, uint32_t at)
{
    const struct tape *in = put->run->in;
    enum json_type type = tape_type(in, at);

    if (type == JSON_ARRAY && field->type == TYPE_LINES && any_white(put, field, at))
        return true;
    if (type == JSON_ARRAY || type == JSON_OBJECT)
        return (field->required & put->run->mode) && tape_count(in, at) == 0 && !field->empty_allowed;
    if (type != JSON_STRING)
        return false;
    if (tape_text(in, at).len == 0)
        return field->blank_refuse || (field->required & put->run->mode);
    return field->blank_refuse && is_white(tape_string(in, at, put->run->arena));
}
