/* An update beside what its client was shown: what comes back as it was shown says nothing. */
#include "lens/put.h"

#include "lens/pick.h"

void put_scan_shown(struct put *put)
{
    struct put_run *run = put->run;
    bool wanted =
        run->shown && run->mode == MODE_UPDATE && !put->outer && tape_type(run->shown, 0) == JSON_OBJECT;

    if (!wanted)
        return;
    put->shown = arena_alloc(run->arena, sizeof(uint32_t) * put->shape->dialect_slots);
    memset(put->shown, 0xff, sizeof(uint32_t) * put->shape->dialect_slots);
    struct scan scan = { .tape = run->shown, .slots = put->shown };
    scan_object(&scan, put->shape->dialect, 0);
    /* The elements that are mapped, wherever they stand: theirs are the same canonical members as before. */
    for (size_t i = 0; i < put->shape->count; i++) {
        const struct field *pick = &put->shape->fields[i];
        if (pick->type == TYPE_PICK && !pick->choice_count)
            (void)pick_scan(&scan, pick);
    }
}

bool put_shows_nothing(const struct put *put, const struct field *field)
{
    if (!put->shown)
        return false;
    uint32_t shown = put->shown[field->in];
    return shown == TAPE_NONE || tape_type(put->run->shown, shown) == JSON_NULL;
}

static bool has_null(const struct tape *in, uint32_t at)
{
    for (uint32_t i = at; i < tape_next(in, at); i++)
        if (tape_type(in, i) == JSON_NULL)
            return true;
    return false;
}

/* What the field is sent must be compared with what is stored. */
static bool asks_stored(const struct field *field, const struct tape *in, uint32_t at)
{
    bool null = at == SLOT_CLEARED || tape_type(in, at) == JSON_NULL;

    return field->needs_stored || (null ? field->null_needs_stored : field->inner_null_needs_stored && has_null(in, at));
}

bool put_comes_back(const struct put *put, const struct field *field, uint32_t at)
{
    if (!put->shown)
        return false;
    bool nothing = put_shows_nothing(put, field);
    if (nothing || put_is_null(put, at))
        return nothing && put_is_null(put, at);
    return tape_equal(put->run->in, at, put->run->shown, put->shown[field->in]);
}

bool put_is_shown(const struct put *put, const struct field *field, uint32_t at)
{
    return put->shown && asks_stored(field, put->run->in, at) && put_comes_back(put, field, at);
}

/* Those of one object that stand there as they were shown are kept already. */
static void drop_alike(struct put *put, const struct node *group, uint32_t shown)
{
    const struct put_run *run = put->run;
    uint32_t *link = &put->unknowns.heads[group->slot];

    while (*link != UNKNOWN_NONE) {
        struct unknown *one = &put->unknowns.items[*link];
        uint32_t value = tape_find(run->shown, shown, tape_string(run->in, one->name, run->arena));
        if (value != TAPE_NONE && tape_equal(run->in, one->name + 1, run->shown, value))
            *link = one->next;
        else
            link = &one->next;
    }
}

void put_drop_unknowns(struct put *put)
{
    if (!put->shown || !put->unknowns.heads || put->run->lens->rest == REST_REFUSE)
        return;
    drop_alike(put, put->shape->dialect, 0);
    for (size_t i = 0; i < put->shape->group_count; i++) {
        const struct node *group = put->shape->groups[i];
        uint32_t shown = put->shown[group->slot];
        if (slot_given(shown) && tape_type(put->run->shown, shown) == JSON_OBJECT)
            drop_alike(put, group, shown);
    }
}

/* A null names all that the group holds. */
static bool holds_stored(const struct node *parent)
{
    for (const struct node *child = parent->first; child; child = child->next)
        if (child->field ? child->field->needs_stored || child->field->null_needs_stored : holds_stored(child))
            return true;
    return false;
}

/* In a merge patch of what is kept a null takes a member away, also one that was kept as null. */
static bool names_unknown_null(const struct tape *in, const struct node *parent, uint32_t object)
{
    for (uint32_t at = tape_first(in, object); at < tape_next(in, object); at = tape_next(in, at + 1)) {
        const struct node *child = parent->first;
        if (!has_null(in, at + 1))
            continue;
        while (child && !tape_string_is(in, at, child->name))
            child = child->next;
        if (!child)
            return true;
    }
    return false;
}

static bool may_ask_stored(const struct field *field)
{
    return field->needs_stored || field->null_needs_stored || field->inner_null_needs_stored || field->nested;
}

static enum lens_need need_of(const struct tape *in, const struct field *field, uint32_t at)
{
    if (asks_stored(field, in, at))
        return LENS_NEEDS_STORED;
    return field->nested ? LENS_NEEDS_OBJECTS : LENS_NEEDS_NOTHING;
}

static enum lens_need needs(const struct tape *in, const struct node *parent, uint32_t object)
{
    enum lens_need most = LENS_NEEDS_NOTHING;

    if (tape_type(in, object) == JSON_NULL)
        return holds_stored(parent) ? LENS_NEEDS_STORED : LENS_NEEDS_NOTHING;
    if (tape_type(in, object) == JSON_OBJECT && has_null(in, object) && names_unknown_null(in, parent, object))
        return LENS_NEEDS_STORED;
    for (const struct node *child = parent->first; child && most != LENS_NEEDS_STORED; child = child->next) {
        const struct field *field = child->field;
        if (field && !may_ask_stored(field))
            continue;
        uint32_t at = tape_find(in, object, child->name);
        if (at == TAPE_NONE)
            continue;
        enum lens_need one = field ? need_of(in, field, at) : needs(in, child, at);
        most = one > most ? one : most;
    }
    return most;
}

enum lens_need lens_needs(const struct lens *lens, const struct tape *in, uint32_t at)
{
    return needs(in, lens->shape->dialect, at);
}
