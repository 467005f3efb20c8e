/* An update that writes inside an object makes that object (RFC 7396 section 1). A text or an array that stands in its place was
 * not shown to this client, and would be gone: whoever wrote it has to change it. */
#include "lens/put.h"

static bool writes(const struct field *field, const struct node *leaf)
{
    return field->is[0] == leaf->slot || field->is[1] == leaf->slot || field->tells == leaf;
}

static void fault_writers(struct put *put, const struct node *parent)
{
    for (const struct node *child = parent->first; child; child = child->next) {
        if (child->group)
            fault_writers(put, child);
        for (size_t i = 0; !child->group && put->cells[child->slot].state != CELL_NONE && i < put->shape->count; i++) {
            const struct field *field = &put->shape->fields[i];
            if (writes(field, child) && slot_given(put->slots[field->in]))
                put_fault(put, field, FAULT_OCCUPIED);
        }
    }
}

static void judge_members(struct put *put, const struct node *parent, uint32_t object)
{
    const struct tape *stored = put->run->context->stored;

    for (const struct node *child = parent->first; child; child = child->next) {
        uint32_t at = child->group ? tape_find(stored, object, child->name) : TAPE_NONE;
        if (at == TAPE_NONE || tape_type(stored, at) == JSON_NULL)
            continue;
        if (tape_type(stored, at) == JSON_OBJECT)
            judge_members(put, child, at);
        else
            fault_writers(put, child);
    }
}

void put_stored(struct put *put)
{
    const struct tape *stored = put->run->context->stored;

    if (stored && put->run->mode == MODE_UPDATE && tape_type(stored, 0) == JSON_OBJECT)
        judge_members(put, put->shape->canonical, 0);
}
