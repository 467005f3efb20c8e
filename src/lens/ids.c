/* Closing the gaps that ids leave. */
#include "lens/lens.h"

#include "json/number.h"
#include "json/write.h"

static void fill(struct buf *out, const struct id_slot *slot)
{
    switch (slot->fill) {
    case FILL_STRING:
        if (slot->found.ptr)
            json_quote(out, slot->found);
        else
            buf_add(out, STR("null"));
        return;
    case FILL_NUMBER:
        if (slot->found.ptr && number_valid(slot->found))
            buf_add(out, slot->found);
        else
            buf_add(out, STR("null"));
        return;
    case FILL_INSIDE:
        if (slot->found.ptr)
            json_escape(out, slot->found);
        return;
    }
}

void lens_fill(struct str text, const struct id_slots *ids, size_t from, struct buf *out)
{
    size_t done = 0;

    for (size_t i = from; i < ids->count; i++) {
        const struct id_slot *slot = &ids->items[i];
        if (slot->param.len)
            continue;
        buf_add(out, str_of(text.ptr + done, slot->at - done));
        fill(out, slot);
        done = slot->at;
    }
    buf_add(out, str_from_at(text, done));
}
