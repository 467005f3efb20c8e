#include "jdoc/jdoc.h"

#include "base/log.h"

#include <jansson.h>

/* struct jdoc is never defined: a pointer to one is a json_t's. */
static const json_t *inner(const struct jdoc *doc)
{
    return (const json_t *)doc;
}

static json_t *inner_owned(struct jdoc *doc)
{
    return (json_t *)doc;
}

/* Out of memory ends the process, as in base/. */
static struct jdoc *outer(json_t *json)
{
    if (!json)
        log_no_memory();
    return (struct jdoc *)json;
}

struct jdoc *jdoc_parse(struct str text, struct err *err)
{
    json_error_t why;
    json_t *json =
        json_loadb(text.ptr ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);

    if (json)
        return outer(json);
    /* jansson's text quotes the input, which may be a credential: only the place is told. */
    (void)err_set(err, ERR_BAD_JSON, "line %d, column %d: not a JSON document", why.line, why.column);
    return NULL;
}

struct jdoc *jdoc_object(void)
{
    return outer(json_object());
}

struct jdoc *jdoc_array(void)
{
    return outer(json_array());
}

void jdoc_free(struct jdoc **doc)
{
    json_decref(inner_owned(*doc));
    *doc = NULL;
}

enum jdoc_kind jdoc_kind(const struct jdoc *doc)
{
    if (!doc)
        return JDOC_NULL;
    switch (json_typeof(inner(doc))) {
    case JSON_OBJECT:
        return JDOC_OBJECT;
    case JSON_ARRAY:
        return JDOC_ARRAY;
    case JSON_STRING:
        return JDOC_STRING;
    case JSON_INTEGER:
        return JDOC_INTEGER;
    case JSON_REAL:
        return JDOC_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return JDOC_BOOL;
    case JSON_NULL:
        break;
    }
    return JDOC_NULL;
}

const struct jdoc *jdoc_get(const struct jdoc *object, const char *name)
{
    return (const struct jdoc *)json_object_get(inner(object), name);
}

const struct jdoc *jdoc_at(const struct jdoc *array, size_t index)
{
    return (const struct jdoc *)json_array_get(inner(array), index);
}

size_t jdoc_count(const struct jdoc *container)
{
    return json_is_object(inner(container)) ? json_object_size(inner(container))
                                            : json_array_size(inner(container));
}

bool jdoc_string(const struct jdoc *doc, struct str *text)
{
    if (!json_is_string(inner(doc)))
        return false;
    *text = str_of(json_string_value(inner(doc)), json_string_length(inner(doc)));
    return true;
}

bool jdoc_integer(const struct jdoc *doc, int64_t *value)
{
    if (!json_is_integer(inner(doc)))
        return false;
    *value = json_integer_value(inner(doc));
    return true;
}

bool jdoc_boolean(const struct jdoc *doc, bool *value)
{
    if (!json_is_boolean(inner(doc)))
        return false;
    *value = json_is_true(inner(doc));
    return true;
}

void jdoc_set(struct jdoc *object, const char *name, struct jdoc *value)
{
    if (json_object_set_new(inner_owned(object), name, inner_owned(value)))
        log_no_memory();
}

/* jansson holds UTF-8 only. */
static struct jdoc *text_value(struct str text)
{
    if (!str_is_utf8(text))
        return outer(json_null());
    return outer(json_stringn(text.ptr ? text.ptr : "", text.len));
}

void jdoc_set_string(struct jdoc *object, const char *name, struct str text)
{
    jdoc_set(object, name, text_value(text));
}

void jdoc_set_integer(struct jdoc *object, const char *name, int64_t value)
{
    jdoc_set(object, name, outer(json_integer(value)));
}

void jdoc_set_boolean(struct jdoc *object, const char *name, bool value)
{
    jdoc_set(object, name, outer(json_boolean(value)));
}

void jdoc_remove(struct jdoc *object, const char *name)
{
    (void)json_object_del(inner_owned(object), name);
}

void jdoc_push(struct jdoc *array, struct jdoc *value)
{
    if (json_array_append_new(inner_owned(array), inner_owned(value)))
        log_no_memory();
}

void jdoc_push_string(struct jdoc *array, struct str text)
{
    jdoc_push(array, text_value(text));
}

static int append(const char *piece, size_t len, void *out)
{
    buf_add(out, str_of(piece, len));
    return 0;
}

void jdoc_write(const struct jdoc *doc, struct buf *out)
{
    if (json_dump_callback(inner(doc), append, out, JSON_COMPACT | JSON_ENCODE_ANY))
        out->full = true;
}
