/* Writing the dialect's document: its members in the mapping file's order, then what the rest has beside
 * them. */
#include "lens/get.h"

/* Where the output stood, to forget what turned out to be nothing. */
struct mark {
    size_t len, ids;
    bool first;
};

static struct mark mark_of(const struct get *get, bool first)
{
    return (struct mark){ .len = get->run->out->len, .ids = get->run->ids->count, .first = first };
}

static void back_to(struct get *get, const struct mark *mark, bool *first)
{
    get->run->out->len = mark->len;
    get->run->ids->count = mark->ids;
    *first = mark->first;
}

static bool write_absent(struct get *get, const struct node *node, unsigned absent, bool *first)
{
    struct buf *out = get->run->out;

    if (absent == ABSENT_OMIT)
        return false;
    write_lead(out, node->lead, first);
    buf_add(out, absent == ABSENT_EMPTY ? str_from(node->field->codec->empty) : STR("null"));
    return absent == ABSENT_EMPTY;
}

/* True for a value: not for a null, and not for a constant, which says nothing of the entity. */
static bool write_field(struct get *get, const struct node *node, bool *first)
{
    const struct field *field = node->field;
    struct mark mark = mark_of(get, *first);

    if (!get_is_shown(get, field))
        return false;
    write_lead(get->run->out, node->lead, first);
    if (get_value(get, field))
        return field->source != FROM_CONST;
    back_to(get, &mark, first);
    return write_absent(get, node, field->absent, first);
}

static bool write_group(struct get *get, const struct node *node, bool *first)
{
    struct buf *out = get->run->out;
    struct mark mark = mark_of(get, *first);
    bool inner_first = true;

    write_lead(out, node->lead, first);
    buf_char(out, '{');
    if (get_members(get, node, &inner_first)) {
        buf_char(out, '}');
        return true;
    }
    back_to(get, &mark, first);
    (void)write_absent(get, node, get->run->lens->style.absent_as_null ? ABSENT_NULL : ABSENT_OMIT, first);
    return false;
}

static bool write_rest(struct get *get, uint32_t slot, bool *first)
{
    const struct tape *rest = get->run->rest;
    struct buf *out = get->run->out;
    uint32_t next = unknowns_first(&get->unknowns, slot);
    bool any = next != UNKNOWN_NONE;

    for (; next != UNKNOWN_NONE; next = get->unknowns.items[next].next) {
        uint32_t name = get->unknowns.items[next].name;
        if (!*first)
            buf_char(out, ',');
        *first = false;
        buf_add(out, tape_raw(rest, name));
        buf_char(out, ':');
        buf_add(out, tape_raw(rest, name + 1));
    }
    return any;
}

bool get_members(struct get *get, const struct node *parent, bool *first)
{
    bool any = false;

    for (const struct node *child = parent->first; child; child = child->next)
        any |= child->group ? write_group(get, child, first) : write_field(get, child, first);
    any |= write_rest(get, parent->slot, first);
    return any;
}
