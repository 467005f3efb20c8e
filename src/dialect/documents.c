#include "dialect/documents.h"

#include "dialect/target.h"
#include "json/write.h"

static int read_json(struct tape *tape, const struct documents_parser *parser, struct str json, struct err *err)
{
    struct tape_fault fault;

    if (tape_read(tape, parser->arena, json, parser->limits, &fault))
        return 0;
    return err_set(err, fault.limit ? ERR_TOO_LARGE : ERR_BAD_JSON, "line %u, column %u: %s", fault.line, fault.column,
                   fault.what);
}

static int read_form(struct tape *tape, const struct documents_parser *parser, struct str text, struct err *err)
{
    struct buf json = buf_in(parser->arena, text.len * 6 + 1024);
    struct target form;
    bool first = true;

    if (target_parse_form(&form, parser->arena, text, err))
        return -1;
    buf_char(&json, '{');
    for (size_t i = 0; i < form.parameter_count; i++)
        json_member_string(&json, &first, form.parameters[i].name, form.parameters[i].value);
    buf_char(&json, '}');
    return read_json(tape, parser, buf_str(&json), err);
}

static bool is_form(struct str content_type)
{
    struct str parameters;

    (void)str_cut(content_type, ';', &content_type, &parameters);
    return str_eq_nocase(str_trim(content_type), STR("application/x-www-form-urlencoded"));
}

int documents_parse(struct tape *tape, const struct documents_parser *parser, struct str content_type, struct str text,
                    struct err *err)
{
    return is_form(content_type) ? read_form(tape, parser, text, err) : read_json(tape, parser, text, err);
}

/* {"attributes": BODY} */
static int wrap_bare(struct tape *tape, struct str wrapper, const struct documents_parser *parser, struct err *err)
{
    struct str raw = tape_raw(tape, 0);
    struct buf json = buf_in(parser->arena, raw.len + wrapper.len * 6 + 64);
    bool first = true;

    buf_char(&json, '{');
    json_member_raw(&json, &first, wrapper, raw);
    buf_char(&json, '}');
    return read_json(tape, parser, buf_str(&json), err);
}

/* The document, or the array of them. */
static int find(struct documents *found, struct tape *tape, const struct operation *operation,
                const struct documents_parser *parser, struct err *err)
{
    if (!operation->wrapper.len) {
        bool fits = tape_type(tape, 0) == (operation->many ? JSON_ARRAY : JSON_OBJECT);
        return fits ? 0 : err_set(err, ERR_BAD_REQUEST, "the body is not an %s", operation->many ? "array" : "object");
    }
    found->at = tape_find(tape, 0, operation->wrapper);
    found->bare = found->at == TAPE_NONE && operation->bare.len && tape_type(tape, 0) == JSON_OBJECT;
    if (found->bare) {
        found->at = 0;
        return wrap_bare(tape, operation->bare, parser, err);
    }
    if (found->at != TAPE_NONE && (tape_type(tape, found->at) == JSON_OBJECT ||
                                   (operation->many && tape_type(tape, found->at) == JSON_ARRAY)))
        return 0;
    return err_set(err, ERR_MISSING_WRAPPER, "the body has no '" STR_FMT "'", STR_ARG(operation->wrapper));
}

int documents_find(struct documents *found, struct tape *tape, const struct operation *operation,
                   const struct documents_parser *parser, struct err *err)
{
    *found = (struct documents){ .at = 0 };
    if (find(found, tape, operation, parser, err))
        return -1;
    found->many = tape_type(tape, found->at) == JSON_ARRAY;
    found->count = found->many ? tape_count(tape, found->at) : 1;
    if (found->many && found->count > operation->many)
        return err_set(err, ERR_TOO_LARGE, "more than %u documents", operation->many);
    if (!found->count && !operation->pass)
        return err_set(err, ERR_MISSING_WRAPPER, "no document");
    return 0;
}
