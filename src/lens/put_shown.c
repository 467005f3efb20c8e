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

bool put_is_shown(const struct put *put, const struct field *field, uint32_t at)
{
    if (!put->shown || !(field->needs_stored || (field->null_needs_stored && put_is_null(put, at))))
        return false;
    bool nothing = put_shows_nothing(put, field);
    if (nothing || put_is_null(put, at))
        return nothing && put_is_null(put, at);
    return tape_equal(put->run->in, at, put->run->shown, put->shown[field->in]);
}
