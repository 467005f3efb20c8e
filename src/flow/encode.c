/* Entities -> the dialect's answer, with gaps for its ids. */
#include "flow/stages.h"

#include "dialect/fault.h"
#include "json/write.h"

static void add_comma(struct buf *out, size_t start)
{
    if (out->len > start)
        buf_char(out, ',');
}

/* Its ids begin here. */
static int get_one(struct exchange *x, struct shown *shown, const struct lens_context *context, struct buf *out)
{
    shown->first_slot = x->slots.count;
    return exchange_show(x, shown, context, out, &x->slots);
}

/* They stand one after the other in the backend's list, a comma between. */
static bool is_next(const struct shown *one, const struct shown *other)
{
    const struct tape_slot *slots = one->tape->slots;

    return one->tape == other->tape && slots[other->at].at == slots[one->at].at + slots[one->at].len + 1;
}

/* From the end of one object to that of another, which is the same one or behind it. */
static struct str text_between(const struct tape *tape, uint32_t one, uint32_t other)
{
    const uint32_t from = tape->slots[one].at + tape->slots[one].len;

    return str_of(tape->text + from, tape->slots[other].at + tape->slots[other].len - from);
}

/* After the entity at `first` was written: those that follow it in the backend's list too, and are shown as they stand there.
 * Returns how many. */
static size_t copy_on(struct exchange *x, size_t first, struct buf *out)
{
    const struct lens *lens = x->operation->lens;
    const struct tape *tape = x->shown[first].tape;
    size_t last = first;

    for (; last + 1 < x->shown_count && is_next(&x->shown[last], &x->shown[last + 1]); last++) {
        struct shown *next = &x->shown[last + 1];
        if (next->rest || !lens_copies(lens, tape, next->at, x->seen))
            break;
        next->first_slot = x->slots.count;
    }
    buf_add(out, text_between(tape, x->shown[first].at, x->shown[last].at));
    return last - first;
}

/* Every entity as an array. */
static void write_items(struct exchange *x, struct buf *out)
{
    buf_char(out, '[');
    const struct lens_context context = exchange_context(x);
    size_t start = out->len;
    for (size_t i = 0; i < x->shown_count && !x->err.code; i++) {
        add_comma(out, start);
        if (get_one(x, &x->shown[i], &context, out))
            return;
        i += copy_on(x, i, out);
    }
    buf_char(out, ']');
}

/* Nothing where nothing was asked for. */
static bool write_included(struct exchange *x, struct buf *out)
{
    if (!x->including_count || x->unincluded)
        return false;
    buf_char(out, '[');
    const struct lens_context context = exchange_context(x);
    size_t start = out->len;
    for (size_t i = 0; i < x->included_count && !x->err.code; i++) {
        add_comma(out, start);
        if (get_one(x, &x->included[i], &context, out))
            break;
    }
    buf_char(out, ']');
    return true;
}

static bool write_item(struct exchange *x, struct buf *out)
{
    const struct lens_context context = exchange_context(x);

    if (x->many)
        write_items(x, out);
    else if (x->shown_count)
        (void)get_one(x, &x->shown[0], &context, out);
    else if (x->skip || x->fetched_count)
        buf_add(out, STR("null")); /* the only document was left out; or the backend has none */
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

/* It was compared with the id of the path, so it was not ignored. */
static bool is_same(const struct exchange *x, struct str path)
{
    return x->operation->same.len && x->operation->path_count && str_eq(path, x->operation->same);
}

static bool write_ignored(struct exchange *x, struct buf *out)
{
    buf_char(out, '[');
    size_t start = out->len;
    for (size_t i = 0; i < x->item_count; i++) {
        if (x->items[i].skipped)
            write_path_of(x, STR_NONE, i, start, out);
        for (size_t k = 0; k < x->items[i].put.ignored.count; k++)
            if (!is_same(x, x->items[i].put.ignored.items[k]))
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
    const struct tape *tape = x->made.count       ? &x->made
                              : x->shown_count    ? x->shown[0].tape
                              : x->fetched_count  ? &x->fetched[0].answer.document
                                                  : NULL;

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
    case VAR_OFFSET:
        buf_uint(out, paged ? x->page.offset : 0);
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
    const struct lens_context *context;
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
        return !exchange_show(entry->x, entry->shown, entry->context, out, &entry->x->slots);
    case VAR_URL:
        return write_url(entry->x, entry->shown, out);
    case VAR_ITEMS: case VAR_ENTRIES: case VAR_DOCUMENT: case VAR_PATH: case VAR_LINK: case VAR_TOTAL: case VAR_COUNT:
    case VAR_PAGE: case VAR_PAGES: case VAR_SIZE: case VAR_OFFSET: case VAR_REQUEST_ID: case VAR_IGNORED: case VAR_INCLUDED:
    case VAR_STORED: case VAR_MESSAGE: case VAR_CODE: case VAR_TITLE: case VAR_STATUS: case VAR_POINTER: case VAR_PARAMETER:
    case VAR_FIELDS: case VAR_ERRORS:
        break;
    }
    return value(entry->x, var, name, out);
}

/* Every entity inside what `each:` says; nothing where there is none. */
static bool write_entries(struct exchange *x, struct buf *out)
{
    buf_char(out, '[');
    const struct lens_context context = exchange_context(x);
    size_t start = out->len;
    for (size_t i = 0; i < x->shown_count && !x->err.code; i++) {
        struct entry entry = { .x = x, .shown = &x->shown[i], .context = &context };
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
    case VAR_TOTAL: case VAR_COUNT: case VAR_PAGE: case VAR_PAGES: case VAR_SIZE: case VAR_OFFSET:
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
    x->seen = x->shown_count > 1 ? lens_seen_new(x->arena) : NULL;
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
    x->seen = NULL;
    return x->err.code ? STEP_FAIL : STEP_NEXT;
}
