#include "dialect/page.h"

#include "base/clock.h"
#include "base/codec.h"
#include "json/write.h"

/* A whole number that is at least `min`; absent leaves `value` alone. */
static int read_number(const struct target *target, struct str name, uint64_t min, uint64_t *value, bool *asked)
{
    size_t count;
    struct str text = target_parameter(target, name, &count);
    uint64_t found;

    if (!count)
        return 0;
    *asked = true;
    if (count > 1 || !str_to_uint(text, &found) || found < min)
        return -1;
    *value = found;
    return 0;
}

static int fault(struct str which, struct str *name)
{
    *name = which;
    return -1;
}

/* Beyond this a page is simply past the end; keeps offset arithmetic from overflowing. */
static const uint64_t number_max = 1000000000, offset_max = INT32_MAX;

int page_read(struct page *page, const struct paging *paging, enum paging_mode mode, const struct target *target,
              struct str *name)
{
    size_t count;

    *page = (struct page){ .used = mode != PAGING_NONE, .number = 1, .size = paging->size_default };
    if (!page->used)
        return 0;
    for (size_t i = 0; i < paging->refused_count; i++) {
        (void)target_parameter(target, paging->refused[i], &count);
        if (count)
            return fault(paging->refused[i], name);
    }
    if (read_number(target, paging->size, paging->size_min, &page->size, &page->asked))
        return fault(paging->size, name);
    if (page->size > paging->size_max && paging->over_refused)
        return fault(paging->size, name);
    if (page->size > paging->size_max)
        page->size = paging->size_max;
    if (paging->number.len) {
        if (read_number(target, paging->number, 1, &page->number, &page->asked))
            return fault(paging->number, name);
        page->number = page->number > number_max ? number_max : page->number;
        page->offset = (page->number - 1) * page->size;
    } else if (read_number(target, paging->offset, 0, &page->offset, &page->asked)) {
        return fault(paging->offset, name);
    }
    page->offset = page->offset > offset_max ? offset_max : page->offset;
    if (mode == PAGING_OPTIONAL && !page->asked)
        page->used = false;
    return 0;
}

static struct str size_want(const struct paging *paging, unsigned max, struct arena *arena)
{
    return paging->over_refused ? arena_printf(arena, "page size (at most %u)", max) : STR("page size");
}

struct str page_want(const struct paging *paging, struct str name, struct arena *arena)
{
    if (str_eq(name, paging->size))
        return size_want(paging, paging->size_max, arena);
    if (str_eq(name, paging->cursor_size))
        return size_want(paging, paging->cursor_max, arena);
    for (size_t i = 0; i < paging->cursor_count; i++)
        if (str_eq(name, paging->cursors[i]))
            return STR("cursor");
    if (str_eq(name, paging->number))
        return STR("page number");
    return str_eq(name, paging->offset) ? STR("offset") : STR("page");
}

uint64_t page_count(const struct page *page, uint64_t total)
{
    uint64_t pages = page->size ? (total + page->size - 1) / page->size : 1;

    return pages ? pages : 1;
}

/* The page a link leads to, or 0. */
static uint64_t linked_page(const struct page *page, struct str which, uint64_t total)
{
    uint64_t pages = page_count(page, total);

    if (str_is(which, "self"))
        return page->number;
    if (!page->used || !page->size)
        return 0;
    if (str_is(which, "first"))
        return page->number > 1 ? 1 : 0;
    if (str_is(which, "prev"))
        return page->number > 1 ? (page->number - 1 > pages ? pages : page->number - 1) : 0;
    if (str_is(which, "next"))
        return page->number < pages ? page->number + 1 : 0;
    return pages; /* last */
}

/* The offset a link leads to; false: there is no such page. */
static bool linked_offset(const struct page *page, struct str which, uint64_t total, uint64_t *offset)
{
    uint64_t at = page->offset, size = page->size;
    uint64_t last = total ? (at < total ? at + (total - 1 - at) / size * size : (total - 1) / size * size) : 0;

    *offset = at;
    if (str_is(which, "self"))
        return true;
    if (str_is(which, "first"))
        *offset = 0;
    else if (str_is(which, "prev"))
        *offset = at > last ? last : at > size ? at - size : 0;
    else if (str_is(which, "next"))
        *offset = at + size;
    else
        *offset = last;
    return str_is(which, "next") ? *offset < total : str_is(which, "last") || at > 0;
}

/* Percent-encodes what would end a value or a reference; brackets and commas stay, as the documents show them. */
static void add_component(struct buf *out, struct str text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool plain = c > 0x20 && c < 0x7F && !strchr("\"#%&+<>\\^`{|}/?=", c);
        if (plain) {
            buf_char(out, (char)c);
            continue;
        }
        buf_char(out, '%');
        buf_char(out, digits[c >> 4]);
        buf_char(out, digits[c & 15]);
    }
}

static void add_pair(struct buf *out, char *mark, struct str name, struct str value)
{
    buf_char(out, *mark);
    *mark = '&';
    add_component(out, name);
    buf_char(out, '=');
    add_component(out, value);
}

/* Prefix and path of the request, as the facade shows them; or the path behind the facade's own address. */
static void add_path(struct buf *link, const struct dialect *dialect, const struct target *target, size_t first)
{
    bool base = dialect->paging.base_links, slash = !base || dialect->url.len;

    buf_add(link, base ? dialect->url : dialect->prefix);
    for (size_t i = first; i < target->segment_count; i++) {
        if (slash)
            buf_char(link, '/');
        slash = true;
        add_component(link, target->segments[i]);
    }
}

static void add_number(struct buf *link, char *mark, struct str name, uint64_t value)
{
    struct buf digits = buf_in(link->arena, 32);

    buf_uint(&digits, value);
    add_pair(link, mark, name, buf_str(&digits));
}

bool page_link(const struct page *page, const struct dialect *dialect, const struct target *target, size_t first,
               struct str which, uint64_t total, struct buf *out)
{
    const struct paging *paging = &dialect->paging;
    bool offsets = page->used && page->size && paging->offset.len;
    uint64_t number = offsets ? 0 : linked_page(page, which, total);
    struct buf link = buf_in(out->arena, 64 * 1024);
    char mark = '?';

    if (offsets ? !linked_offset(page, which, total, &number) : !number)
        return false;
    add_path(&link, dialect, target, first);
    for (size_t i = 0; i < target->parameter_count; i++) {
        struct str name = target->parameters[i].name;
        if (!str_eq(name, paging->number) && !str_eq(name, paging->offset) && !str_eq(name, paging->size))
            add_pair(&link, &mark, name, target->parameters[i].value);
    }
    if (page->used) {
        if (offsets || paging->number.len)
            add_number(&link, &mark, offsets ? paging->offset : paging->number, number);
        add_number(&link, &mark, paging->size, page->size);
    }
    json_quote(out, buf_str(&link));
    return true;
}

/* ---- walks by cursor ---- */

static struct str said_cursor(const struct paging *paging, const struct target *target, struct str *name, size_t *count)
{
    for (size_t i = 0; i < paging->cursor_count; i++) {
        struct str text = target_parameter(target, paging->cursors[i], count);
        *name = paging->cursors[i];
        if (*count)
            return text;
    }
    return STR_NONE;
}

static bool is_absent_or(const struct target *target, struct str name, uint64_t value)
{
    size_t count;
    uint64_t said;
    struct str text = target_parameter(target, name, &count);

    return !count || (count == 1 && str_to_uint(text, &said) && said == value);
}

/* Page and size say no more than their defaults, and the cursor's size says more than its own. */
static bool walks(const struct paging *paging, const struct target *target)
{
    size_t sized, numbered, other;

    (void)target_parameter(target, paging->cursor_size, &sized);
    (void)target_parameter(target, paging->number, &numbered);
    (void)target_parameter(target, paging->size, &other);
    if (!sized)
        return false;
    if (!numbered && !other)
        return true;
    return is_absent_or(target, paging->number, 1) && is_absent_or(target, paging->size, paging->size_default) &&
           !is_absent_or(target, paging->cursor_size, paging->cursor_default);
}

/* "total|created_at|id", as cursor_text wrote it. */
static int read_token(struct cursor *cursor, struct arena *arena, struct str token)
{
    struct str text, total, created_at, id;
    int64_t when;

    if (token.len > 1024 || !base64url_decode(arena, token, &text) || !str_is_utf8(text) ||
        !str_cut(text, '|', &total, &cursor->after) || !str_to_uint(total, &cursor->total) ||
        !str_cut(cursor->after, '|', &created_at, &id) || !id.len || !datetime_parse(created_at, &when))
        return -1;
    for (size_t i = 0; i < id.len; i++)
        if ((unsigned char)id.ptr[i] < 0x20)
            return -1;
    return 0;
}

int cursor_read(struct cursor *cursor, const struct paging *paging, const struct target *target, struct arena *arena,
                struct str *name)
{
    size_t count = 0;
    struct str token = said_cursor(paging, target, name, &count);
    bool asked;

    *cursor = (struct cursor){ .size = paging->cursor_default };
    if (!count && !walks(paging, target))
        return 0;
    cursor->used = true;
    if (count > 1 || (count && read_token(cursor, arena, token)))
        return -1;
    *name = paging->cursor_size;
    if (read_number(target, paging->cursor_size, 0, &cursor->size, &asked))
        return -1;
    if (cursor->size > paging->cursor_max && paging->over_refused)
        return -1;
    cursor->size = cursor->size > paging->cursor_max ? paging->cursor_max : cursor->size;
    return 0;
}

struct str cursor_text(struct arena *arena, uint64_t total, struct str created_at, struct str id)
{
    struct buf plain = buf_in(arena, 1024), text = buf_in(arena, 2048);

    buf_uint(&plain, total);
    buf_char(&plain, '|');
    buf_add(&plain, created_at);
    buf_char(&plain, '|');
    buf_pair_part(&plain, id);
    buf_base64url(&text, plain.ptr, plain.len);
    return buf_ok(&plain) && buf_ok(&text) ? buf_str(&text) : STR_NONE;
}

static bool is_paging(const struct paging *paging, struct str name)
{
    for (size_t i = 0; i < paging->cursor_count; i++)
        if (str_eq(paging->cursors[i], name))
            return true;
    return str_eq(name, paging->number) || str_eq(name, paging->size) || str_eq(name, paging->cursor_size);
}

bool cursor_link(const struct cursor *cursor, const struct dialect *dialect, const struct target *target, size_t first,
                 struct buf *out)
{
    const struct paging *paging = &dialect->paging;
    struct buf link = buf_in(out->arena, 64 * 1024);
    char mark = '?';

    if (!cursor->next.len)
        return false;
    add_path(&link, dialect, target, first);
    for (size_t i = 0; i < target->parameter_count; i++)
        if (!is_paging(paging, target->parameters[i].name))
            add_pair(&link, &mark, target->parameters[i].name, target->parameters[i].value);
    add_number(&link, &mark, paging->cursor_size, cursor->size);
    add_pair(&link, &mark, paging->cursors[0], cursor->next);
    json_quote(out, buf_str(&link));
    return true;
}
