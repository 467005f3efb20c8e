/* Entities -> the dialect's answer. */
#include "flow/exchange.h"

#include "base/clock.h"
#include "json/write.h"

static void add_comma(struct buf *out, size_t start)
{
    if (out->len > start)
        buf_char(out, ',');
}

/* Its ids begin here. */
static int get_one(struct exchange *x, struct shown *shown, struct buf *out)
{
    shown->first_slot = x->slots.count;
    return exchange_show(x, shown, out, &x->slots);
}

/* Every entity as an array. */
static void write_items(struct exchange *x, struct buf *out)
{
    buf_char(out, '[');
    size_t start = out->len;
    for (size_t i = 0; i < x->shown_count && !x->err.code; i++) {
        add_comma(out, start);
        if (get_one(x, &x->shown[i], out))
            return;
    }
    buf_char(out, ']');
}

/* Nothing where nothing was asked for. */
static bool write_included(struct exchange *x, struct buf *out)
{
    if (!x->including_count)
        return false;
    buf_char(out, '[');
    size_t start = out->len;
    for (size_t i = 0; i < x->included_count && !x->err.code; i++) {
        add_comma(out, start);
        if (get_one(x, &x->included[i], out))
            break;
    }
    buf_char(out, ']');
    return true;
}

static bool write_item(struct exchange *x, struct buf *out)
{
    if (x->many)
        write_items(x, out);
    else if (x->shown_count)
        (void)get_one(x, &x->shown[0], out);
    else if (x->skip)
        buf_add(out, STR("null")); /* the only document was left out */
    else
        return false;
    return true;
}

/* Members that were left out, by their place. */
static void write_path_of(struct exchange *x, struct str path, size_t index, size_t start, struct buf *out)
{
    struct buf text = buf_in(x->arena, 4096);

    fault_path(x->dialect, path, x->many, index, &text);
    add_comma(out, start);
    json_quote(out, buf_str(&text));
}

static bool write_ignored(struct exchange *x, struct buf *out)
{
    buf_char(out, '[');
    size_t start = out->len;
    for (size_t i = 0; i < x->item_count; i++) {
        if (x->items[i].skipped)
            write_path_of(x, STR_NONE, i, start, out);
        for (size_t k = 0; k < x->items[i].put.ignored.count; k++)
            write_path_of(x, x->items[i].put.ignored.items[k], i, start, out);
    }
    buf_char(out, ']');
    return true;
}

/* Of many, those that were stored although others failed: [{"index", "id"}]. */
static bool write_stored(struct exchange *x, struct buf *out)
{
    if (!x->partial)
        return false;
    buf_char(out, '[');
    size_t start = out->len;
    for (size_t i = 0; i < x->item_count; i++) {
        if (!x->items[i].stored)
            continue;
        add_comma(out, start);
        buf_add(out, STR("{\"index\":"));
        buf_uint(out, i);
        buf_add(out, STR(",\"id\":"));
        exchange_add_slot(x, out->len, x->bound->call->entity, x->items[i].canonical_id);
        buf_char(out, '}');
    }
    buf_char(out, ']');
    return true;
}

void exchange_add_slot(struct exchange *x, size_t at, struct str kind, struct str canonical_id)
{
    struct id_slots *slots = &x->slots;

    slots->items = arena_grow(x->arena, slots->items, slots->count, &slots->space, sizeof *slots->items);
    slots->items[slots->count++] = (struct id_slot){
        .at = at, .kind = kind, .given = canonical_id,
        .fill = dialect_id_form(x->dialect, kind) == ID_INTEGER ? FILL_NUMBER : FILL_STRING
    };
}

/* A member of the backend's own document, or all of it. */
static bool write_document(struct exchange *x, struct str name, struct buf *out)
{
    const struct tape *tape = x->made.count ? &x->made : x->shown_count ? x->shown[0].tape : NULL;

    if (!name.len && x->document.len) {
        buf_add(out, x->document);
        return true;
    }
    uint32_t at = !tape ? TAPE_NONE : name.len ? tape_find(tape, 0, name) : 0;
    if (at == TAPE_NONE)
        return false;
    buf_add(out, tape_raw(tape, at));
    return true;
}

static bool write_path(struct exchange *x, struct str name, struct buf *out)
{
    for (size_t i = 0; i < x->operation->path_count; i++) {
        if (!str_eq(x->operation->path[i].name, name))
            continue;
        bool number = x->operation->path[i].type == PARAMETER_ID &&
                      dialect_id_form(x->dialect, x->operation->path[i].kind) == ID_INTEGER;
        if (number)
            buf_add(out, x->route.path[i]);
        else
            json_quote(out, x->route.path[i]);
        return true;
    }
    return false;
}

/* Unpaged lists are one page that holds everything. */
static bool write_number(struct exchange *x, enum template_var var, struct buf *out)
{
    bool paged = x->page.used;

    switch (var) { /* the other variables are not numbers */
    case VAR_TOTAL:
        buf_uint(out, x->total);
        return true;
    case VAR_COUNT:
        buf_uint(out, x->shown_count);
        return true;
    case VAR_PAGE:
        buf_uint(out, paged ? x->page.number : 1);
        return true;
    case VAR_PAGES:
        buf_uint(out, paged ? page_count(&x->page, x->total) : 1);
        return true;
    case VAR_SIZE:
        buf_uint(out, paged ? x->page.size : x->shown_count);
        return true;
    case VAR_ITEM: case VAR_ITEMS: case VAR_ENTRIES: case VAR_DOCUMENT: case VAR_PATH: case VAR_LINK: case VAR_URL: case VAR_REQUEST_ID:
    case VAR_IGNORED: case VAR_INCLUDED: case VAR_STORED: case VAR_MESSAGE: case VAR_CODE: case VAR_TITLE: case VAR_STATUS:
    case VAR_POINTER: case VAR_PARAMETER: case VAR_FIELDS: case VAR_ERRORS:
        break;
    }
    return false;
}

struct entry {
    struct exchange *x;
    struct shown *shown;
};

static bool value(void *data, enum template_var var, struct str name, struct buf *out);

/* Where the entity is found, for readers from outside: only where it is known under which address they come. */
static bool write_url(struct exchange *x, const struct shown *shown, struct buf *out)
{
    struct str path = x->operation->location;

    if (!x->dialect->url.len || !path.len)
        return false;
    path.len -= strlen("{id}");
    buf_char(out, '"');
    buf_add(out, x->dialect->url);
    buf_add(out, path);
    exchange_add_slot(x, out->len, x->bound->call->entity, shown->canonical_id);
    x->slots.items[x->slots.count - 1].fill = FILL_INSIDE;
    buf_char(out, '"');
    return true;
}

static bool entry_value(void *data, enum template_var var, struct str name, struct buf *out)
{
    struct entry *entry = data;

    switch (var) { /* what is not the entry's is the answer's */
    case VAR_ITEM:
        return !exchange_show(entry->x, entry->shown, out, &entry->x->slots);
    case VAR_URL:
        return write_url(entry->x, entry->shown, out);
    case VAR_ITEMS: case VAR_ENTRIES: case VAR_DOCUMENT: case VAR_PATH: case VAR_LINK: case VAR_TOTAL: case VAR_COUNT:
    case VAR_PAGE: case VAR_PAGES: case VAR_SIZE: case VAR_REQUEST_ID: case VAR_IGNORED: case VAR_INCLUDED: case VAR_STORED:
    case VAR_MESSAGE: case VAR_CODE: case VAR_TITLE: case VAR_STATUS: case VAR_POINTER: case VAR_PARAMETER: case VAR_FIELDS:
    case VAR_ERRORS:
        break;
    }
    return value(entry->x, var, name, out);
}

/* Every entity inside what `each:` says; nothing where there is none. */
static bool write_entries(struct exchange *x, struct buf *out)
{
    buf_char(out, '[');
    size_t start = out->len;
    for (size_t i = 0; i < x->shown_count && !x->err.code; i++) {
        struct entry entry = { .x = x, .shown = &x->shown[i] };
        x->shown[i].first_slot = x->slots.count;
        add_comma(out, start);
        template_write(x->operation->each, entry_value, &entry, out);
    }
    buf_char(out, ']');
    return x->shown_count > 0;
}

static bool value(void *data, enum template_var var, struct str name, struct buf *out)
{
    struct exchange *x = data;

    switch (var) {
    case VAR_ENTRIES:
        return write_entries(x, out);
    case VAR_ITEM:
        return write_item(x, out);
    case VAR_ITEMS:
        write_items(x, out);
        return true;
    case VAR_DOCUMENT:
        return write_document(x, name, out);
    case VAR_PATH:
        return write_path(x, name, out);
    case VAR_LINK:
        if (x->cursor.used)
            return str_is(name, "next") &&
                   cursor_link(&x->cursor, x->dialect, &x->target, x->route.first, out);
        return page_link(&x->page, x->dialect, &x->target, x->route.first, name, x->total, out);
    case VAR_TOTAL: case VAR_COUNT: case VAR_PAGE: case VAR_PAGES: case VAR_SIZE:
        return write_number(x, var, out);
    case VAR_REQUEST_ID:
        json_quote(out, x->request_id);
        return true;
    case VAR_IGNORED:
        return write_ignored(x, out);
    case VAR_INCLUDED:
        return write_included(x, out);
    case VAR_STORED:
        return write_stored(x, out);
    case VAR_MESSAGE: case VAR_CODE: case VAR_TITLE: case VAR_STATUS: case VAR_POINTER: case VAR_PARAMETER:
    case VAR_FIELDS: case VAR_ERRORS: case VAR_URL:
        break; /* of errors only, and of entries */
    }
    return false;
}

/* Entities of a list are alike, and hardly one is twice as long in a dialect. */
static size_t likely_size(const struct exchange *x)
{
    const struct shown *first = x->shown_count ? &x->shown[0] : NULL;

    return first ? 1024 + 2 * x->shown_count * tape_raw(first->tape, first->at).len : 0;
}

enum step stage_encode(struct exchange *x)
{
    const struct operation *asked = exchange_asked(x);
    const struct template *answer = x->bare && asked->answer_bare ? asked->answer_bare : asked->answer;

    if (x->gone) { /* what had to be stored is stored */
        x->ended = true;
        return STEP_NEXT;
    }
    x->out = buf_in(x->arena, SIZE_MAX);
    buf_expect(&x->out, likely_size(x));
    if (x->partial)
        (void)write_stored(x, &x->out);
    else
        template_write(answer, value, x, &x->out);
    if (x->operation->location.len && x->operation->has_body && !x->many && x->shown_count && x->bound->call) {
        exchange_add_slot(x, x->out.len, x->bound->call->entity, x->shown[0].canonical_id);
        x->slots.items[x->slots.count - 1].param = STR("location"); /* no gap of the body */
        x->location = x->slots.count;
    }
    return x->err.code ? STEP_FAIL : STEP_NEXT;
}

/* An entity's own id often stands several times in it, one after the other: as the id, and in its links. */
static bool is_again(const struct id_slots *slots, size_t i)
{
    return i && str_eq(slots->items[i].given, slots->items[i - 1].given) &&
           str_eq(slots->items[i].kind, slots->items[i - 1].kind);
}

/* The entity that the slot itself names (not one that it only speaks of), or NULL. */
static const struct shown *named_by(const struct exchange *x, size_t slot, size_t *entity)
{
    while (*entity + 1 < x->shown_count && x->shown[*entity + 1].first_slot <= slot)
        ++*entity;
    if (*entity >= x->shown_count || x->shown[*entity].first_slot > slot)
        return NULL;
    const struct shown *shown = &x->shown[*entity];
    return str_eq(x->slots.items[slot].given, shown->canonical_id) ? shown : NULL;
}

/* An id allocated for an entity itself is erased with the patient it belongs to. */
enum step stage_name(struct exchange *x)
{
    struct id_query *ids = ARENA_ARRAY(x->arena, struct id_query, x->slots.count);
    bool creates = x->item_count && exchange_context(x).mode == LENS_CREATE;
    size_t count = 0, entity = 0;

    for (size_t i = 0; i < x->slots.count; i++) {
        const struct id_slot *slot = &x->slots.items[i];
        const struct shown *own = named_by(x, i, &entity);
        if (is_again(&x->slots, i))
            continue;
        exchange_name(x, slot->kind, slot->given, &ids[count]);
        ids[count].is_new = own && creates;
        ids[count++].owner = own ? own->owner : STR_NONE;
    }
    if (!count)
        return STEP_NEXT;
    x->batch = (struct store_batch){ .ids = ids, .id_count = count };
    return exchange_batch(x, STEP_NEXT);
}

static void fill(struct exchange *x, struct buf *body)
{
    enum { ID_ROOM = 64 };

    for (size_t i = 0, named = 0; i < x->slots.count; i++) {
        named += !is_again(&x->slots, i);
        x->slots.items[i].found = x->batch.ids[named - 1].found;
    }
    buf_expect(body, x->out.len + x->slots.count * ID_ROOM);
    lens_fill(buf_str(&x->out), &x->slots, 0, body);
}

void exchange_answer(struct exchange *x, int status, struct str content_type, struct str body,
                     const struct http_header *more, size_t more_count)
{
    struct http_header *headers = ARENA_ARRAY(x->arena, struct http_header, more_count + 4);
    size_t count = 0;

    if (content_type.len)
        headers[count++] = (struct http_header){ .name = STR("content-type"), .value = content_type };
    headers[count++] = (struct http_header){ .name = STR("x-request-id"), .value = x->request_id };
    headers[count++] = (struct http_header){ .name = STR("cache-control"), .value = STR("no-store") };
    for (size_t i = 0; i < more_count; i++)
        headers[count++] = more[i];
    struct flow_answer answer = {
        .status = status,
        .headers = headers,
        .header_count = count,
        .body = body,
        .report = { .dialect = x->dialect ? x->dialect->name : STR("none"),
                    .operation = x->operation ? exchange_asked(x)->name : STR_NONE,
                    .request_id = x->request_id,
                    .brand = x->brand,
                    .subject = x->principal ? x->principal->subject : STR_NONE,
                    .err = x->err.code ? &x->err : NULL,
                    .upstream_calls = x->upstream_calls,
                    .micros = clock_monotonic_us() - x->started_us },
    };
    x->ended = true;
    x->done(&answer, x->data);
}

enum step stage_finish(struct exchange *x)
{
    struct buf filled = buf_in(x->arena, SIZE_MAX), body = x->slots.count ? filled : x->out;
    struct http_header headers[ENTITY_HEADERS_MAX];

    if (x->slots.count)
        fill(x, &body);
    if (!buf_ok(&x->out) || !buf_ok(&body))
        return exchange_fail(x, ERR_INTERNAL, "the answer does not fit");
    if (x->partial) {
        exchange_refuse_partly(x, buf_str(&body));
        return STEP_NEXT;
    }
    size_t count = exchange_entity_headers(x, headers);
    if (exchange_is_unchanged(x))
        exchange_answer(x, 304, STR_NONE, STR_NONE, headers, count);
    else
        exchange_answer(x, exchange_asked(x)->status, x->media, buf_str(&body), headers, count);
    return STEP_NEXT;
}
