/* Errors in the caller's own shape. */
#include "flow/stages.h"

#include "dialect/fault.h"
#include "json/write.h"
#include "yaml/yaml.h"

/* What is being written: the error as a whole, or one of several. */
struct refusal {
    struct exchange *x;
    const struct error_shape *shape;
    int status;
    struct str message, pointer, parameter;
    struct str stored; /* JSON, of a bulk that failed midway */
};

/* `text` with $want or $wrapper replaced. */
static struct str fill_words(struct exchange *x, struct str text, struct str value)
{
    struct buf out = buf_in(x->arena, 64 * 1024);

    for (size_t i = 0; i < text.len; i++) {
        struct str rest = str_from_at(text, i);
        size_t skip = str_starts(rest, STR("$wrapper")) ? 8 : str_starts(rest, STR("$want")) ? 5 : 0;
        if (!skip) {
            buf_char(&out, text.ptr[i]);
            continue;
        }
        buf_add(&out, value);
        i += skip - 1;
    }
    return buf_str(&out);
}

static const struct yaml *words_of(const struct exchange *x, const char *kind, struct str want)
{
    const struct yaml *words = dialect_fault_words(x->dialect, kind, want);

    return words->kind == YAML_LIST ? words->first : words;
}

/* The next text of a list of words; a single text has none. */
static const struct yaml *next_words(const struct yaml *words)
{
    return words->next && words->next->key.len == 0 && words->key.len == 0 ? words->next : NULL;
}

static bool same_path_before(const struct faults *faults, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (str_eq(faults->items[i].path, faults->items[index].path))
            return true;
    return false;
}

/* All messages of one member. */
static void write_messages(struct exchange *x, struct str path, struct buf *out)
{
    bool any = false;

    buf_char(out, '[');
    for (size_t i = 0; i < x->faults.count; i++) {
        const struct fault *fault = &x->faults.items[i];
        if (!str_eq(fault->path, path))
            continue;
        for (const struct yaml *words = words_of(x, fault_name(fault->kind), fault->want); words;
             words = next_words(words)) {
            if (any)
                buf_char(out, ',');
            any = true;
            json_quote(out, fill_words(x, words->text, fault->want));
        }
    }
    buf_char(out, ']');
}

/* {"first_name": ["can't be blank"], …} */
static bool write_fields(struct refusal *refusal, struct buf *out)
{
    struct exchange *x = refusal->x;
    bool first = true;

    if (refusal->parameter.len) {
        buf_char(out, '{');
        json_name(out, &first, refusal->parameter);
        buf_char(out, '[');
        json_quote(out, refusal->message);
        buf_add(out, STR("]}"));
        return true;
    }
    if (refusal->shape->fields) {
        template_write(refusal->shape->fields, NULL, NULL, out);
        return true;
    }
    if (!x->faults.count)
        return false;
    buf_char(out, '{');
    for (size_t i = 0; i < x->faults.count; i++) {
        if (same_path_before(&x->faults, i))
            continue;
        json_name(out, &first, x->faults.items[i].path);
        write_messages(x, x->faults.items[i].path, out);
    }
    buf_char(out, '}');
    return true;
}

static bool value(void *data, enum template_var var, struct str name, struct buf *out);

static void write_each(const struct refusal *refusal, bool *first, struct buf *out)
{
    struct refusal one = *refusal;

    if (!*first)
        buf_char(out, ',');
    *first = false;
    template_write(refusal->x->dialect->error_each, value, &one, out);
}

/* Why a document is not answered with itself: it was not stored, or it was and cannot be shown; ERR_NONE: it is. */
static enum err_code item_error(const struct item *item)
{
    if (item->stored || item->skipped)
        return item->unshown.code;
    return item->err.code ? item->err.code : ERR_UPSTREAM;
}

/* One error per document of many that was not stored, or cannot be shown. */
static void write_item_errors(const struct refusal *refusal, bool *first, struct buf *out)
{
    struct exchange *x = refusal->x;

    for (size_t i = 0; i < x->item_count; i++) {
        struct refusal one = *refusal;
        struct buf pointer = buf_in(x->arena, 256);
        if (!item_error(&x->items[i]))
            continue;
        fault_path(x->dialect, STR_NONE, x->many, i, &pointer);
        one.shape = &x->dialect->errors[item_error(&x->items[i])];
        one.status = one.shape->status;
        one.message = one.shape->message;
        one.pointer = buf_str(&pointer);
        write_each(&one, first, out);
    }
}

/* One object per fault, or one for the error itself. */
static bool write_errors(struct refusal *refusal, struct buf *out)
{
    struct exchange *x = refusal->x;
    bool first = true;

    if (!x->dialect->error_each)
        return false;
    buf_char(out, '[');
    if (refusal->stored.len)
        write_item_errors(refusal, &first, out);
    for (size_t i = 0; i < x->faults.count && !refusal->stored.len; i++) {
        const struct fault *fault = &x->faults.items[i];
        for (const struct yaml *words = words_of(x, fault_name(fault->kind), fault->want); words;
             words = next_words(words)) {
            struct refusal one = *refusal;
            one.message = fill_words(x, words->text, fault->want);
            one.pointer = fault->path;
            write_each(&one, &first, out);
        }
    }
    if (first)
        write_each(refusal, &first, out);
    buf_char(out, ']');
    return true;
}

static bool write_text(struct str text, struct buf *out)
{
    if (!text.len)
        return false;
    json_quote(out, text);
    return true;
}

static bool write_status(int status, struct buf *out)
{
    buf_char(out, '"');
    buf_uint(out, (uint64_t)status);
    buf_char(out, '"');
    return true;
}

static bool value(void *data, enum template_var var, struct str name, struct buf *out)
{
    struct refusal *refusal = data;

    (void)name;
    switch (var) {
    case VAR_REQUEST_ID:
        return write_text(refusal->x->request_id, out);
    case VAR_CODE:
        return write_text(refusal->shape->code, out);
    case VAR_TITLE:
        return write_text(refusal->shape->title, out);
    case VAR_MESSAGE:
        return write_text(refusal->message, out);
    case VAR_STATUS:
        return write_status(refusal->status, out);
    case VAR_POINTER:
        return write_text(refusal->pointer, out);
    case VAR_PARAMETER:
        return write_text(refusal->parameter, out);
    case VAR_FIELDS:
        return write_fields(refusal, out);
    case VAR_ERRORS:
        return write_errors(refusal, out);
    case VAR_STORED:
        buf_add(out, refusal->stored);
        return refusal->stored.len > 0;
    case VAR_ITEM: case VAR_ITEMS: case VAR_ENTRIES: case VAR_DOCUMENT: case VAR_PATH: case VAR_LINK: case VAR_URL: case VAR_TOTAL: case VAR_COUNT:
    case VAR_PAGE: case VAR_PAGES: case VAR_SIZE: case VAR_OFFSET: case VAR_IGNORED: case VAR_INCLUDED:
        break; /* of answers only */
    }
    return false;
}

/* Every fault in one sentence, for dialects with a single message: "first_name is required; …". */
static struct str joined_message(struct exchange *x)
{
    struct buf out = buf_in(x->arena, 64 * 1024);

    for (size_t i = 0; i < x->faults.count; i++) {
        const struct fault *fault = &x->faults.items[i];
        const struct yaml *words = words_of(x, fault_name(fault->kind), fault->want);
        if (i)
            buf_add(&out, STR("; "));
        buf_add(&out, fault->path);
        buf_char(&out, ' ');
        buf_add(&out, fill_words(x, words->text, fault->want));
    }
    return buf_str(&out);
}

/* A parameter's message; with its name where the shape has no other place for it, with all names where one of them is needed. */
static struct str parameter_message(struct exchange *x)
{
    const char *kind = x->wrong_want.len ? "parameter" : "parameter_required";
    struct str text = fill_words(x, words_of(x, kind, x->wrong_want)->text, x->wrong_want);
    struct str names = x->wrong_any.len ? x->wrong_any : x->wrong_parameter;

    if (x->dialect->parameter_shown && !x->wrong_any.len)
        return text;
    return arena_printf(x->arena, STR_FMT " " STR_FMT, STR_ARG(names), STR_ARG(text));
}

static void describe(struct refusal *refusal)
{
    struct exchange *x = refusal->x;

    refusal->message = refusal->shape->message;
    refusal->pointer = refusal->shape->pointer;
    if (x->err.code == ERR_INVALID_PARAMETER) {
        refusal->parameter = x->wrong_parameter;
        refusal->message = parameter_message(x);
    } else if (x->err.code == ERR_MISSING_WRAPPER) {
        refusal->message = fill_words(x, refusal->shape->message, x->missing);
    } else if (x->faults.count && x->err.code == ERR_INVALID) {
        refusal->message = joined_message(x);
    } else if (x->reason[0]) {
        refusal->message = arena_printf(x->arena, STR_FMT ": %s", STR_ARG(refusal->shape->message), x->reason);
    }
}

/* RFC 6750 section 3, for credentials in Authorization; RFC 9110 section 11.6.1 wants the field with every 401. */
static struct str challenge(struct exchange *x)
{
    struct str scheme = x->dialect->credential_scheme.len ? x->dialect->credential_scheme : STR("Token");
    if (x->err.code == ERR_INVALID_CLIENT && grant_is_basic(http_find(x->head, STR("authorization"), NULL)))
        scheme = STR("Basic"); /* RFC 6749 section 5.2: as the client tried to */
    struct buf out = buf_in(x->arena, 1024);

    buf_printf(&out, STR_FMT " realm=\"" STR_FMT "\"", STR_ARG(scheme), STR_ARG(x->dialect->name));
    if (x->err.code == ERR_INVALID_TOKEN)
        buf_add(&out, STR(", error=\"invalid_token\""));
    if (x->err.code == ERR_SCOPE)
        buf_printf(&out, ", error=\"insufficient_scope\", scope=\"" STR_FMT "\"", STR_ARG(x->missing));
    return buf_str(&out);
}

/* The backend has what the gateway then could not keep or name: sent again by itself, it would be there twice. */
static bool is_any_stored(const struct exchange *x)
{
    for (size_t i = 0; i < x->item_count; i++)
        if (x->items[i].stored)
            return true;
    return false;
}

/* RFC 9110 section 15.5.16: what would have been taken; for PATCH RFC 5789 section 2.2 has a field of its own, for POST the
 * Linked Data Platform, section 7.1. */
static size_t media_headers(const struct exchange *x, struct http_header *headers)
{
    struct str method = x->head->method;
    struct str own = str_is(method, "PATCH") ? STR("accept-patch") : str_is(method, "POST") ? STR("accept-post") : STR_NONE;
    size_t count = 0;

    if (!x->missing.len) {
        headers[count++] = (struct http_header){ .name = STR("accept-encoding"), .value = STR("identity") };
        return count;
    }
    headers[count++] = (struct http_header){ .name = STR("accept"), .value = x->missing };
    if (own.len)
        headers[count++] = (struct http_header){ .name = own, .value = x->missing };
    return count;
}

static size_t error_headers(struct exchange *x, int status, struct http_header *headers)
{
    size_t count = 0;

    if (status == 401 || x->err.code == ERR_SCOPE)
        headers[count++] = (struct http_header){ .name = STR("www-authenticate"), .value = challenge(x) };
    if (x->err.code == ERR_MEDIA_TYPE)
        count += media_headers(x, headers + count);
    if (x->err.code == ERR_METHOD && x->missing.len)
        headers[count++] = (struct http_header){ .name = STR("allow"), .value = x->missing };
    if ((status == 503 || status == 429) && !is_any_stored(x))
        headers[count++] = (struct http_header){ .name = STR("retry-after"),
                                                 .value = arena_printf(x->arena, "%u", x->err.after_s ? x->err.after_s : 1) };
    return count;
}

static void refuse(struct exchange *x, struct refusal *refusal)
{
    arena_use_reserve(x->arena);
    struct buf body = buf_in(x->arena, SIZE_MAX);
    struct http_header headers[6];
    bool fields = x->faults.count || refusal->parameter.len || refusal->shape->fields;
    const struct template *shape = fields && x->dialect->error_many ? x->dialect->error_many : x->dialect->error_one;
    struct str media = x->media.ptr ? x->media : exchange_media(x); /* a refusal may come before any is chosen */

    template_write(shape, value, refusal, &body);
    size_t count = error_headers(x, refusal->status, headers);
    exchange_answer(x, refusal->status, media.ptr ? media : x->dialect->answer_without_accept, buf_str(&body), headers,
                    count);
}

void exchange_refuse(struct exchange *x)
{
    struct refusal refusal = { .x = x, .shape = &x->dialect->errors[x->err.code] };

    if (x->err.code != ERR_INVALID && x->err.code != ERR_FORBIDDEN)
        x->faults.count = 0;
    refusal.status = refusal.shape->status;
    describe(&refusal);
    refuse(x, &refusal);
}

void exchange_refuse_partly(struct exchange *x, struct str stored)
{
    struct refusal refusal = { .x = x, .stored = stored };

    for (size_t i = 0; i < x->item_count && !refusal.shape; i++)
        if (item_error(&x->items[i]))
            refusal.shape = &x->dialect->errors[item_error(&x->items[i])];
    refusal.status = refusal.shape->status;
    refusal.message = refusal.shape->message;
    refuse(x, &refusal);
}
