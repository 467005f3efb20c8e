/* Writing what put found out: the canonical object, and what the rest is to hold. */
#include "lens/put.h"

#include "base/clock.h"
#include "json/write.h"

static void emit_cell(struct put *put, const struct cell *cell, struct buf *out, struct id_slots *ids)
{
    size_t base = out->len;

    if (cell->state == CELL_NULL) {
        buf_add(out, STR("null"));
        return;
    }
    for (size_t i = 0; cell->gaps && i < cell->gaps->count; i++) {
        struct id_slot slot = cell->gaps->items[i];
        slot.at += base;
        ids_add(ids, put->run->arena, slot, &put->run->full);
    }
    buf_add(out, cell->json);
}

/* Of a document that was shown: what its dialect would have shown, had it been there, is not made up. */
static bool may_set(const struct put *put, const struct node *leaf)
{
    if (put->run->whole)
        return !leaf->shown && (leaf->set_from == SET_LITERAL || leaf->set_from == SET_BRAND);
    return put->run->mode == MODE_CREATE;
}

/* What `set:` says, on create, where no field wrote. */
static bool emit_set(const struct put *put, const struct node *leaf, struct buf *out, bool *first)
{
    const struct lens_context *context = put->run->context;
    bool none = leaf->set_from == SET_NONE || (leaf->set_from == SET_BRAND && !context->brand.ptr) ||
                (leaf->set_from == SET_PEER && !context->peer.ptr);

    if (none || !may_set(put, leaf))
        return false;
    if (put->run->whole && put->run->out->set)
        names_add(put->run->out->set, put->run->arena, leaf->path, &put->run->full);
    write_lead(out, leaf->lead, first);
    switch (leaf->set_from) {
    case SET_LITERAL:
        buf_add(out, leaf->set.json);
        break;
    case SET_BRAND:
        json_quote(out, context->brand);
        break;
    case SET_NOW:
        buf_char(out, '"');
        buf_datetime(out, context->wall_ms);
        buf_char(out, '"');
        break;
    case SET_PEER:
        json_quote(out, context->peer);
        break;
    case SET_NONE:
        break;
    }
    return true;
}

/* A value that a parameter of the call carries is not written. */
static bool is_written(const struct cell *cell, const struct put *put)
{
    return cell->state == CELL_JSON || (cell->state == CELL_NULL && put->run->mode == MODE_UPDATE);
}

static bool emit_members(struct put *put, const struct node *parent, struct buf *out, struct id_slots *ids)
{
    bool first = true, any = false;

    for (const struct node *child = parent->first; child; child = child->next) {
        size_t mark = out->len;
        bool was_first = first;
        if (!child->group) {
            const struct cell *cell = &put->cells[child->slot];
            if (child->set_from == SET_PEER && emit_set(put, child, out, &first)) {
                any = true; /* whatever the document says: no client knows it better */
                continue;
            }
            if (!is_written(cell, put)) {
                any |= cell->state == CELL_NONE && emit_set(put, child, out, &first);
                continue;
            }
            write_lead(out, child->lead, &first);
            emit_cell(put, cell, out, ids);
            any = true;
            continue;
        }
        write_lead(out, child->lead, &first);
        buf_char(out, '{');
        if (emit_members(put, child, out, ids)) {
            buf_char(out, '}');
            any = true;
            continue;
        }
        out->len = mark; /* an object without members is none */
        first = was_first;
    }
    return any;
}

void put_emit(struct put *put, struct buf *out, struct id_slots *ids)
{
    const struct node *root = put->shape->canonical;

    if (!root->group) {
        const struct cell *cell = &put->cells[root->slot];
        if (cell->state == CELL_JSON)
            emit_cell(put, cell, out, ids);
        else
            buf_add(out, STR("null"));
        return;
    }
    buf_char(out, '{');
    (void)emit_members(put, root, out, ids);
    buf_char(out, '}');
}

static void emit_unknown(const struct put *put, uint32_t slot, struct buf *out, bool *first)
{
    const struct tape *in = put->run->in;

    for (uint32_t next = unknowns_first(&put->unknowns, slot); next != UNKNOWN_NONE;
         next = put->unknowns.items[next].next) {
        uint32_t name = put->unknowns.items[next].name;
        if (!*first)
            buf_char(out, ',');
        *first = false;
        buf_add(out, tape_raw(in, name));
        buf_char(out, ':');
        buf_add(out, tape_raw(in, name + 1));
    }
}

/* A group that was set to null takes with it what was kept of it. */
static bool is_gone(const struct put *put, const struct node *group)
{
    uint32_t at = put->slots[group->slot];

    return put->run->mode == MODE_UPDATE && slot_given(at) && tape_type(put->run->in, at) == JSON_NULL;
}

static void emit_kept(const struct put *put, const struct node *parent, struct buf *out, bool *first)
{
    for (const struct node *child = parent->first; child; child = child->next) {
        size_t mark = out->len;
        bool was_first = *first, inner_first = true;
        struct str kept =
            child->group ? (is_gone(put, child) ? STR("null") : STR_NONE) : put->kept[child->slot];
        if (!kept.ptr && !child->group)
            continue;
        write_lead(out, child->lead, first);
        if (kept.ptr) {
            buf_add(out, kept);
            continue;
        }
        buf_char(out, '{');
        emit_kept(put, child, out, &inner_first);
        buf_char(out, '}');
        if (!inner_first)
            continue;
        out->len = mark;
        *first = was_first;
    }
    emit_unknown(put, parent->slot, out, first);
}

static bool is_any_gone(const struct put *put)
{
    for (size_t i = 0; i < put->shape->group_count; i++)
        if (is_gone(put, put->shape->groups[i]))
            return true;
    return false;
}

bool put_emit_rest(struct put *put, struct buf *out)
{
    size_t mark = out->len;
    bool first = true;

    if (!put->keeps && !put->unknowns.heads && !is_any_gone(put))
        return false;
    buf_char(out, '{');
    emit_kept(put, put->shape->dialect, out, &first);
    buf_char(out, '}');
    if (first)
        out->len = mark;
    return !first;
}
