#include "dialect/page.h"

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

bool page_link(const struct page *page, const struct dialect *dialect, const struct target *target, size_t first,
               struct str which, uint64_t total, struct buf *out)
{
    uint64_t number = linked_page(page, which, total);
    struct buf link = buf_in(out->arena, 64 * 1024);
    char mark = '?';

    if (!number)
        return false;
    buf_add(&link, dialect->prefix);
    for (size_t i = first; i < target->segment_count; i++) {
        buf_char(&link, '/');
        add_component(&link, target->segments[i]);
    }
    for (size_t i = 0; i < target->parameter_count; i++) {
        struct str name = target->parameters[i].name;
        if (!str_eq(name, dialect->paging.number) && !str_eq(name, dialect->paging.size))
            add_pair(&link, &mark, name, target->parameters[i].value);
    }
    if (page->used) {
        struct buf digits = buf_in(out->arena, 32);
        buf_uint(&digits, number);
        add_pair(&link, &mark, dialect->paging.number, buf_str(&digits));
        digits.len = 0;
        buf_uint(&digits, page->size);
        add_pair(&link, &mark, dialect->paging.size, buf_str(&digits));
    }
    json_quote(out, buf_str(&link));
    return true;
}
