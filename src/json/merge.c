#include "json/members.h"
#include "json/write.h"

/* A member under its name as it is written in `tape`. */
static void put_name(struct buf *buf, bool *first, const struct tape *tape, uint32_t name)
{
    if (!*first)
        buf_char(buf, ',');
    *first = false;
    buf_add(buf, tape_raw(tape, name));
    buf_char(buf, ':');
}

/* What `target` has: as it is, merged with what the patch says of it, or gone. */
static void merge_old(struct buf *buf, bool *first, const struct tape *target, uint32_t target_at,
                      const struct tape *patch, uint32_t patch_at)
{
    for (uint32_t i = tape_first(target, target_at); i < tape_next(target, target_at);
         i = tape_next(target, i + 1)) {
        uint32_t change = member_find(patch, patch_at, target, i);
        if (change != TAPE_NONE && tape_type(patch, change) == JSON_NULL)
            continue;
        put_name(buf, first, target, i);
        if (change == TAPE_NONE)
            buf_add(buf, tape_raw(target, i + 1));
        else
            json_merge_patch(buf, target, i + 1, patch, change);
    }
}

/* What only `patch` has; nulls inside it remove nothing and are left out (RFC 7396 section 2). */
static void merge_new(struct buf *buf, bool *first, const struct tape *target, uint32_t target_at,
                      const struct tape *patch, uint32_t patch_at)
{
    for (uint32_t i = tape_first(patch, patch_at); i < tape_next(patch, patch_at);
         i = tape_next(patch, i + 1)) {
        if (tape_type(patch, i + 1) == JSON_NULL)
            continue;
        if (target_at != TAPE_NONE && member_find(target, target_at, patch, i) != TAPE_NONE)
            continue;
        put_name(buf, first, patch, i);
        json_merge_patch(buf, target, TAPE_NONE, patch, i + 1);
    }
}

/* Recursion ends: tape_read bounded the depth. */
void json_merge_patch(struct buf *buf, const struct tape *target, uint32_t target_at,
                      const struct tape *patch, uint32_t patch_at)
{
    bool first = true;

    if (tape_type(patch, patch_at) != JSON_OBJECT) {
        buf_add(buf, tape_raw(patch, patch_at));
        return;
    }
    if (target_at != TAPE_NONE && tape_type(target, target_at) != JSON_OBJECT)
        target_at = TAPE_NONE;
    buf_char(buf, '{');
    if (target_at != TAPE_NONE)
        merge_old(buf, &first, target, target_at, patch, patch_at);
    merge_new(buf, &first, target, target_at, patch, patch_at);
    buf_char(buf, '}');
}

/* The same recursion. */
bool json_merges_inside(const struct tape *target, uint32_t target_at, const struct tape *patch, uint32_t patch_at)
{
    if (tape_type(patch, patch_at) != JSON_OBJECT || tape_type(target, target_at) == JSON_NULL)
        return true;
    if (tape_type(target, target_at) != JSON_OBJECT)
        return false;
    for (uint32_t i = tape_first(patch, patch_at); i < tape_next(patch, patch_at); i = tape_next(patch, i + 1)) {
        uint32_t old = member_find(target, target_at, patch, i);
        if (old != TAPE_NONE && !json_merges_inside(target, old, patch, i + 1))
            return false;
    }
    return true;
}

/* And again. */
void json_patch_between(struct buf *buf, const struct tape *old, uint32_t old_at, const struct tape *wanted,
                        uint32_t wanted_at)
{
    bool first = true, objects = old_at != TAPE_NONE && tape_type(old, old_at) == JSON_OBJECT;

    if (!objects || tape_type(wanted, wanted_at) != JSON_OBJECT) {
        buf_add(buf, tape_raw(wanted, wanted_at));
        return;
    }
    buf_char(buf, '{');
    for (uint32_t i = tape_first(wanted, wanted_at); i < tape_next(wanted, wanted_at); i = tape_next(wanted, i + 1)) {
        put_name(buf, &first, wanted, i);
        json_patch_between(buf, old, member_find(old, old_at, wanted, i), wanted, i + 1);
    }
    for (uint32_t i = tape_first(old, old_at); i < tape_next(old, old_at); i = tape_next(old, i + 1)) {
        if (member_find(wanted, wanted_at, old, i) != TAPE_NONE)
            continue;
        put_name(buf, &first, old, i);
        buf_add(buf, STR("null"));
    }
    buf_char(buf, '}');
}
