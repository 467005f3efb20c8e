/* Reading an object that resembles the one before it, its model; for tape_read.c alone. Text that is byte for byte the
 * model's is put on the tape without being parsed: it was valid there, and the same text follows it. So a name costs a
 * comparison instead of a scan, and so does a whole member. If all names are the model's, they need not be compared
 * with each other to find duplicates. */
#pragma once

#include "json/reader.h"

static inline struct model model_of(const struct reader *r, uint32_t at)
{
    const struct tape_slot *slot = &r->slots[at];

    if (slot->type != JSON_OBJECT)
        return (struct model){ .end = 0 };
    return (struct model){ .next = at + 1, .end = slot->next, .object = at };
}

/* The object has exactly the names of the model: both get the same shape, as long as there are shapes left. */
static inline void share_shape(struct reader *r, struct tape_slot *slot, struct tape_slot *like)
{
    if (!like->shape && r->shapes < TAPE_SHAPES)
        like->shape = ++r->shapes & TAPE_SHAPES;
    slot->shape = like->shape;
}

/* A container begins as a member's value: the model's value for that member, if it is an object, is the model one level
 * deeper. */
static inline void go_deeper(struct reader *r, const struct model *model, uint32_t like)
{
    const uint32_t inner = r->depth - 1;

    if (inner > MODELS)
        return;
    r->models[inner - 1] = *model;
    if (inner < MODELS && model->end)
        r->models[inner] = model_of(r, like);
}

/* A copy of the slot, moved by so many bytes of the text and slots of the tape. */
static inline void put_moved(struct tape_slot *to, const struct tape_slot *slot, uint32_t bytes, uint32_t slots)
{
    typedef uint32_t words __attribute__((vector_size(sizeof *to)));
    words copy;

    _Static_assert(offsetof(struct tape_slot, at) == 0 && offsetof(struct tape_slot, next) == 8, "the words moved");
    memcpy(&copy, slot, sizeof copy);
    copy += (words){ bytes, 0, slots, 0 };
    memcpy(to, &copy, sizeof copy);
}

/* The most bytes compared at once: text inside a container is compared again with that container's own model. */
enum { ALIKE_BYTES = 512 };

/* Copies from the model, starting where a member begins, as long as the text is the same: whole members with their
 * values and commas, then the name and the colon of the next one, unless all were copied. False: at p->at, as it is
 * now, another name follows. `stop` is the model's closing bracket. */
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
    /* The byte after a value must be the same, too: a number may go on. */
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
