/* The body: dialect bytes -> canonical documents, or faults that name the dialect's members. */
#include "flow/stages.h"

#include "json/write.h"

#include <stdio.h>

struct lens_context exchange_context(const struct exchange *x)
{
    bool update = x->operation->stored.len > 0;

    return (struct lens_context){ .mode = update ? LENS_UPDATE : LENS_CREATE,
                                  .brand = x->brand,
                                  .peer = x->head->peer,
                                  .answer = operation_answer(x->operation),
                                  .seen = x->seen,
                                  .wall_ms = loop_wall_ms(x->flow->loop) };
}

static int read_tape(struct exchange *x, struct str text)
{
    struct tape_fault fault;

    if (tape_read(&x->body, x->arena, text, &x->flow->gateway->limits, &fault))
        return 0;
    return exchange_tell(x, fault.limit ? ERR_TOO_LARGE : ERR_BAD_JSON, "line %u, column %u: %s", fault.line, fault.column,
                         fault.what);
}

/* A form becomes an object of strings (RFC 6749 sends its requests so). */
static int read_form(struct exchange *x)
{
    struct buf json = buf_in(x->arena, x->head->body.len * 6 + 1024);
    struct target form;
    bool first = true;

    if (target_parse_form(&form, x->arena, x->head->body, &x->err))
        return exchange_tell(x, x->err.code, "%s", x->err.detail);
    buf_char(&json, '{');
    for (size_t i = 0; i < form.parameter_count; i++)
        json_member_string(&json, &first, form.parameters[i].name, form.parameters[i].value);
    buf_char(&json, '}');
    return read_tape(x, buf_str(&json));
}

static bool is_form(const struct exchange *x)
{
    struct str type = http_find(x->head, STR("content-type"), NULL), rest;

    (void)str_cut(type, ';', &type, &rest);
    return str_eq_nocase(str_trim(type), STR("application/x-www-form-urlencoded"));
}

/* A body without the wrapper, put where the dialect says: {"attributes": BODY}. */
static int wrap_bare(struct exchange *x)
{
    struct str raw = tape_raw(&x->body, 0);
    struct buf json = buf_in(x->arena, raw.len + x->operation->bare.len * 6 + 64);
    bool first = true;

    x->bare = true;
    buf_char(&json, '{');
    json_member_raw(&json, &first, x->operation->bare, raw);
    buf_char(&json, '}');
    return read_tape(x, buf_str(&json));
}

/* The document's place in the body. */
static int unwrap(struct exchange *x, uint32_t *at)
{
    const struct operation *operation = x->operation;

    *at = 0;
    if (!operation->wrapper.len) {
        bool fits = tape_type(&x->body, 0) == (operation->many ? JSON_ARRAY : JSON_OBJECT);
        return fits ? 0 : exchange_tell(x, ERR_BAD_REQUEST, "the body is not an %s", operation->many ? "array" : "object");
    }
    *at = tape_find(&x->body, 0, operation->wrapper);
    if (*at == TAPE_NONE && operation->bare.len && tape_type(&x->body, 0) == JSON_OBJECT) {
        *at = 0;
        return wrap_bare(x);
    }
    if (*at != TAPE_NONE && (tape_type(&x->body, *at) == JSON_OBJECT ||
                             (operation->many && tape_type(&x->body, *at) == JSON_ARRAY)))
        return 0;
    x->missing = operation->wrapper;
    return err_set(&x->err, ERR_MISSING_WRAPPER, "the body has no '" STR_FMT "'", STR_ARG(operation->wrapper));
}

static int list_items(struct exchange *x, uint32_t at)
{
    bool many = tape_type(&x->body, at) == JSON_ARRAY;
    size_t count = many ? tape_count(&x->body, at) : 1;

    if (many && count > x->operation->many)
        return exchange_tell(x, ERR_TOO_LARGE, "more than %u documents", x->operation->many);
    if (!count && !x->operation->pass) {
        x->missing = x->operation->wrapper;
        return err_set(&x->err, ERR_MISSING_WRAPPER, "no document");
    }
    x->many = many;
    x->items = ARENA_ARRAY(x->arena, struct item, count + 1); /* one is needed to pass an empty array on */
    uint32_t child = many ? tape_first(&x->body, at) : at;
    for (; x->item_count < count; child = tape_next(&x->body, child))
        x->items[x->item_count++] = (struct item){ .x = x, .at = child };
    return 0;
}

/* So many are told: what writes them looks for each among the others. */
enum { FAULTS_MAX = 1000 };

void exchange_add_whole_fault(struct exchange *x, struct fault fault)
{
    struct faults *all = &x->faults;

    if (all->count == FAULTS_MAX)
        return;
    all->items = arena_grow(x->arena, all->items, all->count, &all->space, sizeof *all->items);
    all->items[all->count++] = fault;
}

void exchange_add_body_fault(struct exchange *x, struct str dotted, enum fault_kind kind, struct str want)
{
    char mark = x->dialect->pointer_paths ? '/' : '.';
    struct buf path = buf_in(x->arena, 4096);
    struct str part;

    while (str_next(&dotted, '.', &part)) {
        if (path.len || x->dialect->pointer_paths)
            buf_char(&path, mark);
        buf_add(&path, part);
    }
    exchange_add_whole_fault(x, (struct fault){ .kind = kind, .path = buf_str(&path), .want = want });
}

void exchange_add_fault(struct exchange *x, struct fault fault, size_t item)
{
    struct buf path = buf_in(x->arena, 4096);

    fault_path(x->dialect, fault.path, x->many, item, &path);
    fault.path = buf_str(&path);
    exchange_add_whole_fault(x, fault);
}

/* The faults of one document, with their places in the whole body. */
static void take_faults(struct exchange *x, const struct faults *faults, size_t index)
{
    for (size_t i = 0; i < faults->count; i++)
        exchange_add_fault(x, faults->items[i], index);
}

/* The body was judged, document by document; what goes on is the whole of it, byte for byte. */
static void pass_on(struct exchange *x)
{
    x->items[0] = (struct item){ .x = x, .put.canonical = buf_in(x->arena, SIZE_MAX) };
    x->item_count = 1;
    x->many = false;
    buf_add(&x->items[0].put.canonical, tape_raw(&x->body, 0));
}

/* A value that may be the one that is shown, whichever rule of this dialect it breaks. */
static bool may_be_shown(const struct fault *fault)
{
    switch (fault->kind) {
    case FAULT_BLANK:
    case FAULT_NULL:
    case FAULT_TYPE:
    case FAULT_FORMAT:
    case FAULT_ENUM:
    case FAULT_LENGTH:
    case FAULT_RANGE:
        return true;
    case FAULT_READ_ONLY:
    case FAULT_UNKNOWN:
    case FAULT_EQUALS:
    case FAULT_TOGETHER:
    case FAULT_OCCUPIED:
    case FAULT_ID:
        break;
    }
    return false;
}

/* What is shown may be what could not be set (a word outside an enum, a null, a blank); an update may send it back all the
 * same. So the faults of a document that can be compared are those that stage_patch finds. */
static bool judged_later(const struct exchange *x, const struct item *item)
{
    if (!x->bound->stored || x->many || tape_type(&x->body, item->at) != JSON_OBJECT)
        return false;
    for (size_t i = 0; i < item->put.faults.count; i++)
        if (!may_be_shown(&item->put.faults.items[i]))
            return false;
    return true;
}

/* Of the first member that names another brand. */
static struct str forbidden_path(const struct exchange *x)
{
    size_t i = 0;

    while (i + 1 < x->faults.count && !x->faults.items[i].forbidden)
        i++;
    return x->faults.items[i].path;
}

static enum step put_items(struct exchange *x)
{
    struct lens_context context = exchange_context(x);
    bool forbidden = false;

    for (size_t i = 0; i < x->item_count; i++) {
        struct item *item = &x->items[i];
        struct err err;
        item->put.canonical = buf_in(x->arena, SIZE_MAX);
        item->put.rest = buf_in(x->arena, SIZE_MAX);
        if (x->many && tape_type(&x->body, item->at) != JSON_OBJECT) {
            exchange_add_fault(x, (struct fault){ .kind = FAULT_TYPE, .want = STR("object") }, i);
            continue;
        }
        if (!lens_put(x->operation->body_lens, &x->body, item->at, NULL, &context, x->arena, &item->put, &err))
            continue;
        if (!item->put.faults.count) {
            x->err = err;
            return STEP_FAIL;
        }
        item->judged_later = judged_later(x, item);
        if (item->judged_later)
            continue;
        for (size_t k = 0; k < item->put.faults.count; k++)
            forbidden = forbidden || item->put.faults.items[k].forbidden;
        take_faults(x, &item->put.faults, i);
    }
    if (forbidden) {
        (void)exchange_tell(x, ERR_FORBIDDEN, STR_FMT " is of another brand", STR_ARG(forbidden_path(x)));
        return STEP_FAIL;
    }
    if (x->faults.count)
        return exchange_fail(x, ERR_INVALID, "%zu faults in the body", x->faults.count);
    if (x->operation->pass)
        pass_on(x);
    return STEP_NEXT;
}

/* {"meta": {"ignore_duplicates": true}}, by the path that the operation names. Null is as if it were not there. */
static void read_skip(struct exchange *x)
{
    struct str path = x->operation->skip, part;
    uint32_t at = 0;

    if (!path.len || x->choosing)
        return;
    while (at != TAPE_NONE && str_next(&path, '.', &part))
        at = tape_find(&x->body, at, part);
    enum json_type type = at == TAPE_NONE ? JSON_NULL : tape_type(&x->body, at);
    x->skip = type == JSON_TRUE;
    if (type != JSON_TRUE && type != JSON_FALSE && type != JSON_NULL)
        exchange_add_body_fault(x, x->operation->skip, FAULT_TYPE, STR("boolean"));
}

/* A document that says its own id must say the one of the path; a whole document does say it. */
static enum step judge_same(struct exchange *x)
{
    const struct operation *operation = x->operation;

    if (!operation->same.len)
        return STEP_NEXT;
    uint32_t at = tape_find(&x->body, x->items[0].at, operation->same);
    size_t own = route_own_id(operation, lens_entity(operation->body_lens));
    if (own == operation->path_count || (at == TAPE_NONE && !operation->whole))
        return STEP_NEXT;
    if (x->choosing && at != TAPE_NONE && tape_string_is(&x->body, at, STR_NONE))
        return STEP_NEXT; /* its client knows no id, and generated ones send an empty one */
    if (at != TAPE_NONE && tape_type(&x->body, at) == JSON_STRING && tape_string_is(&x->body, at, x->route.path[own]))
        return STEP_NEXT;
    if (operation->whole) {
        (void)exchange_tell(x, ERR_BAD_REQUEST, STR_FMT " must be the id of the path", STR_ARG(operation->same));
        return STEP_FAIL;
    }
    exchange_add_fault(
        x, (struct fault){ .kind = FAULT_EQUALS, .path = operation->same, .want = STR("the id of the path") }, 0);
    return STEP_NEXT;
}

int exchange_read_body(struct exchange *x)
{
    if (!x->head->body.len && x->operation->optional)
        return read_tape(x, STR("{}"));
    return is_form(x) ? read_form(x) : read_tape(x, x->head->body);
}

enum step stage_decode(struct exchange *x)
{
    uint32_t at;

    if (!x->operation->has_body)
        return STEP_NEXT;
    if (exchange_read_body(x) || unwrap(x, &at) || list_items(x, at))
        return STEP_FAIL;
    read_skip(x);
    return judge_same(x) == STEP_FAIL ? STEP_FAIL : put_items(x);
}
