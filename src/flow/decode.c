/* The body: dialect bytes -> canonical documents, or faults that name the dialect's members. */
#include "flow/stages.h"

#include "dialect/documents.h"
#include "dialect/fault.h"

struct lens_context exchange_context(const struct exchange *x)
{
    bool update = x->operation->stored.len > 0;

    return (struct lens_context){ .mode = update ? LENS_UPDATE : LENS_CREATE,
                                  .brand = x->brand,
                                  .peer = x->head->peer,
                                  .answer = operation_answer(x->operation),
                                  .seen = x->seen,
                                  .gone = x->dangling && x->dangling->count ? x->dangling : NULL,
                                  .wall_ms = loop_wall_ms(x->flow->loop) };
}

static struct documents_parser parser_of(const struct exchange *x)
{
    return (struct documents_parser){ .arena = x->arena, .limits = &x->flow->gateway->limits };
}

int exchange_read_body(struct exchange *x)
{
    const struct documents_parser parser = parser_of(x);
    bool left_out = !x->head->body.len && x->operation->optional;
    struct str type = left_out ? STR_NONE : http_find(x->head, STR("content-type"), NULL);

    if (!documents_parse(&x->body, &parser, type, left_out ? STR("{}") : x->head->body, &x->err))
        return 0;
    return exchange_tell(x, x->err.code, "%s", x->err.detail);
}

static int list_items(struct exchange *x)
{
    const struct documents_parser parser = parser_of(x);
    struct documents found;

    if (documents_find(&found, &x->body, x->operation, &parser, &x->err)) {
        if (x->err.code != ERR_MISSING_WRAPPER)
            return exchange_tell(x, x->err.code, "%s", x->err.detail);
        x->missing = x->operation->wrapper;
        return -1;
    }
    x->many = found.many;
    x->bare = found.bare;
    x->items = ARENA_ARRAY(x->arena, struct item, found.count ? found.count : 1); /* one is needed to pass an empty array on */
    uint32_t at = found.many ? tape_first(&x->body, found.at) : found.at;
    for (; x->item_count < found.count; at = tape_next(&x->body, at))
        x->items[x->item_count++] = (struct item){ .x = x, .at = at };
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
    struct buf path = buf_in(x->arena, 4096);

    fault_root_path(x->dialect, dotted, &path);
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

enum step stage_decode(struct exchange *x)
{
    if (!x->operation->has_body)
        return STEP_NEXT;
    if (exchange_read_body(x) || list_items(x))
        return STEP_FAIL;
    read_skip(x);
    return judge_same(x) == STEP_FAIL ? STEP_FAIL : put_items(x);
}
