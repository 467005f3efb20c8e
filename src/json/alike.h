/* Objects that are like the one before, for tape_read.c alone. What stands in both to the byte is put on the tape without
 * being read: it was valid there, and it is followed by the same. A name costs a comparison instead of a scan, and so does
 * a member with its value; and names that all are the model's need not be compared with each other. */
#pragma once

#include "json/reader.h"

static inline struct model model_of(const struct reader *r, uint32_t at)
{
    const struct tape_slot *slot = &r->slots[at];

    if (slot->type != JSON_OBJECT)
        return (struct model){ .end = 0 };
    return (struct model){ .next = at + 1, .end = slot->next, .object = at };
}

/* The object has all names of that one, and no others: both are of one shape, as long as there are any. */
static inline void share_shape(struct reader *r, struct tape_slot *slot, struct tape_slot *like)
{
    if (!like->shape && r->shapes < TAPE_SHAPES)
        like->shape = ++r->shapes & TAPE_SHAPES;
    slot->shape = like->shape;
}

/* A container begins as the value of a member: what the model has there is the next model, if it is an object. */
static inline void go_deeper(struct reader *r, const struct model *model, uint32_t like)
{
    const uint32_t inner = r->depth - 1;

    if (inner > MODELS)
        return;
    r->models[inner - 1] = *model;
    if (inner < MODELS && model->end)
        r->models[inner] = model_of(r, like);
}

/* The slot, so many bytes and slots further on. */
static inline void put_moved(struct tape_slot *to, const struct tape_slot *slot, uint32_t bytes, uint32_t slots)
{
    typedef uint32_t words __attribute__((vector_size(sizeof *to)));
    words copy;

    _Static_assert(offsetof(struct tape_slot, at) == 0 && offsetof(struct tape_slot, next) == 8, "the words moved");
    memcpy(&copy, slot, sizeof copy);
    copy += (words){ bytes, 0, slots, 0 };
    memcpy(to, &copy, sizeof copy);
}

/* So many bytes are compared at once: what is in a container is compared again with that container's own model. */
enum { ALIKE_BYTES = 512 };

/* From where a member begins, and until the text is another than the model's: its members, with their values and commas,
 * and then the name of the next one and its colon, unless these were all. False: where p->at is now stands another name.
 * `stop` is the model's bracket. */
static inline bool copy_alike(const struct reader *r, struct place *p, struct model *model, uint32_t stop, uint32_t *count)
{
    const struct tape_slot *const first = &r->slots[model->next], *const end = &r->slots[model->end], *name = first;
    const uint32_t from = first->at - 1, most = stop - from < ALIKE_BYTES ? stop - from + 1 : ALIKE_BYTES;
    const uint32_t until = from + (uint32_t)scan_alike(r->start + from, p->at, most, (size_t)(r->end - p->at));
    const uint32_t bytes = (uint32_t)(p->at - r->start) - from, slots = (uint32_t)(p->to - first);
    struct tape_slot *to = p->to;
    uint32_t next = model->next + 2; /* after a value that is one slot: a scalar or an empty container */

    if (end - first > r->stop - to)
        return false;
    /* What is behind a value is the same, too: a number may go on. */
    for (; name < end && name[1].next == next && (name + 2 < end ? name[2].at <= until : stop < until); name += 2, next += 2) {
        put_moved(to++, &name[0], bytes, slots);
        put_moved(to++, &name[1], bytes, slots);
    }
    *count += (uint32_t)(name - first) / 2;
    model->next = next - 2;
    p->to = to;
    p->at = r->start + (name < end ? name->at - 1 : stop) + bytes;
    if (name == end)
        return true;
    const uint32_t colon = name->at + name->len + 1;
    if (colon >= until || r->start[colon] != ':')
        return false;
    put_moved(p->to++, name, bytes, slots);
    p->at = skip_to(r->start + colon + 1 + bytes, r->end, '"');
    ++*count;
    return true;
}
