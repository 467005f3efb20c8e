/* One run of get. Internal to the room. */
#pragma once

#include "lens/codec.h"
#include "lens/scan.h"

struct get_run {
    const struct lens *lens;
    const struct tape *in, *rest; /* `rest` may be NULL */
    const struct lens_context *context;
    struct arena *arena;
    struct buf *out;
    struct id_slots *ids;
    bool full;
    bool dangles; /* an id was left out that names nothing any more */
};

struct get {
    struct get_run *run;
    const struct shape *shape;
    uint32_t *slots;          /* by canonical slot: where on `in` */
    uint32_t *kept;           /* by dialect slot: where on `rest` */
    struct unknowns unknowns; /* of the rest */
    struct str prefix;        /* of canonical paths: the list whose element this is */
};

MUST_CHECK bool get_begin(struct get *get, struct get_run *run, const struct shape *shape);
/* Scans the canonical value at `at` and what the rest holds at `rest_at` (or TAPE_NONE), then writes the
 * object. */
void get_object(struct get *get, uint32_t at, uint32_t rest_at);
/* The same for an element that is one field's value; null where it has none. */
void get_bare(struct get *get, const struct field *field, uint32_t at);

/* Is the canonical value one at all: not null, and no empty text if the style treats that as absent? */
static inline bool get_says(const struct get_run *run, uint32_t at)
{
    enum json_type type = tape_type(run->in, at);

    return type != JSON_NULL &&
           !(type == JSON_STRING && run->lens->style.empty_is_absent && !tape_text(run->in, at).len);
}

/* Where a canonical value stands; TAPE_NONE also for one that says nothing. */
static inline uint32_t get_at(const struct get *get, uint32_t slot)
{
    uint32_t at = slot == NO_SLOT ? TAPE_NONE : get->slots[slot];

    return at == TAPE_NONE || !get_says(get->run, at) ? TAPE_NONE : at;
}

/* get_copy.c. shape_find_copies, at load: fills `copies` if every field of the shape shows the canonical member of its
 * own name unchanged. get_copy: true if the dialect's document of this entity is the canonical one, with the members in
 * the file's order; then it was written. */
void shape_find_copies(struct shape *shape, struct arena *arena);
MUST_CHECK bool get_copy(const struct get_run *run, uint32_t at);

/* What the rest holds for a field, or TAPE_NONE. */
static inline uint32_t get_kept(const struct get *get, const struct field *field)
{
    return get->run->rest ? get->kept[field->in] : TAPE_NONE;
}

/* What a field came to: nothing was written, a null or a constant was, a value was. */
enum shown { SHOWN_NOT, SHOWN_NULL, SHOWN_VALUE };

/* get_emit.c: the members of `parent` and what the rest has beside them; true if one of them is a value. */
bool get_members(struct get *get, const struct node *parent, bool *first);

/* get_field.c: the value alone; false: there is none. */
bool get_value(struct get *get, const struct field *field);
bool get_is_shown_beside(const struct get *get, const struct field *field); /* with `unless:` or `with:` */
static inline bool get_is_shown(const struct get *get, const struct field *field)
{
    if (field->write_only || field->lookup.ptr)
        return false;
    return (!field->unless_count && !field->with) || get_is_shown_beside(get, field);
}
bool get_part(struct get *get, const struct field *field, uint32_t at);
bool get_quantity(struct get *get, const struct field *field);
bool get_pick(struct get *get, const struct field *field);
