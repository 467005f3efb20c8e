/* Reading an element that is an object as long as one of the last before it, its model; for tape_read.c alone. Mostly the two
 * then differ only inside texts and numbers. A pattern tells for each byte of the model which bytes may stand in its place so
 * that the object is read just as the model was: the same slots, elsewhere. That is one pass over the bytes without a branch,
 * instead of one over the members. */
#pragma once

#include "base/bytes16.h"
#include "json/reader.h"

/* For each byte of the model the least that may stand there, and how many above it may, too. Where more than one may, no quote
 * and no backslash does. */
struct pattern_bytes {
    unsigned char least[PATTERN_BYTES], above[PATTERN_BYTES];
};

static inline void pattern_allow(struct pattern_bytes *to, uint32_t at, char least, char most)
{
    to->least[at] = (unsigned char)least;
    to->above[at] = (unsigned char)(most - least);
}

/* Where ASCII is, ASCII may be: other bytes are parts of sequences that may be valid only as they are. */
static inline void pattern_text(struct pattern_bytes *to, const char *text, uint32_t from, uint32_t len)
{
    for (uint32_t i = from; i < from + len; i++)
        if ((unsigned char)text[i] < 0x80)
            pattern_allow(to, i, 0x20, 0x7F);
}

/* Where a digit is, digits may be; the first of several is not 0. */
static inline void pattern_number(struct pattern_bytes *to, const char *text, uint32_t from, uint32_t len)
{
    const uint32_t first = from + (text[from] == '-'), end = from + len;

    for (uint32_t i = first; i < end; i++)
        if (scan_is_digit(text[i]))
            pattern_allow(to, i, i == first && i + 1 < end && scan_is_digit(text[i + 1]) ? '1' : '0', '9');
}

/* It is no name, which something else than a colon follows. Of a text before a space that is left open. */
static inline bool pattern_is_value(const char *text, const struct tape_slot *slot)
{
    const char after = text[slot->at + slot->len + 1];

    return !slot->escaped && (after == ',' || after == '}' || after == ']');
}

/* There is none if an object inside needs an index (json/members.h), or no memory is left. */
static __attribute__((noinline)) void pattern_make(const struct reader *r, struct pattern *pattern)
{
    const struct tape_slot *const model = &r->slots[pattern->object], *const end = &r->slots[model->next];
    const char *const text = r->start + model->at;

    pattern->made = true;
    if (!pattern->bytes && sizeof *pattern->bytes > arena_room(r->arena))
        return;
    if (!pattern->bytes)
        pattern->bytes = arena_alloc(r->arena, sizeof *pattern->bytes);
    memcpy(pattern->bytes->least, text, model->len);
    memset(pattern->bytes->above, 0, model->len);
    for (const struct tape_slot *slot = model; slot < end; slot++) {
        if (slot->type == JSON_OBJECT && slot->count > FEW_MEMBERS)
            return;
        if (slot->type == JSON_STRING && pattern_is_value(r->start, slot))
            pattern_text(pattern->bytes, text, slot->at - model->at, slot->len);
        else if (slot->type == JSON_NUMBER)
            pattern_number(pattern->bytes, text, slot->at - model->at, slot->len);
    }
    pattern->is = true;
}

/* The model, and the objects inside, share their shapes with what is like them. */
static __attribute__((noinline)) void pattern_share(struct reader *r, struct pattern *pattern)
{
    struct tape_slot *const model = &r->slots[pattern->object], *const end = &r->slots[model->next];

    for (struct tape_slot *slot = model; slot < end; slot++)
        if (slot->type == JSON_OBJECT)
            share_shape(r, slot, slot);
    pattern->shared = true;
}

/* What sixteen bytes after sixteen have shown. */
struct pattern_finding {
    bytes16 within;    /* all set: each byte is in its range */
    bytes16 forbidden; /* not 0: a quote or a backslash where there is a choice */
};

static inline void pattern_look(struct pattern_finding *found, const struct pattern_bytes *allowed, const char *text, uint32_t at)
{
    const bytes16 bytes = bytes16_at(text + at), above = bytes16_at((const char *)allowed->above + at);
    const bytes16 over = bytes - bytes16_at((const char *)allowed->least + at);

    found->within &= (bytes16)(over <= above);
    found->forbidden |= (bytes16)((bytes == '"') | (bytes == '\\')) & above;
}

/* At least sixteen bytes. */
static inline bool pattern_fits(const struct pattern_bytes *allowed, const char *text, uint32_t len)
{
    const bytes16 none = { 0 };
    struct pattern_finding found = { .within = ~none, .forbidden = none };

    for (uint32_t at = 0; at + 16 < len; at += 16)
        pattern_look(&found, allowed, text, at);
    pattern_look(&found, allowed, text, len - 16);
    return bytes16_all(found.within) && !bytes16_any(found.forbidden);
}

/* The element at `at` may be as long as the model. */
static inline bool pattern_ends(const struct reader *r, const struct pattern *pattern, const char *at)
{
    return pattern->len && pattern->depth == r->depth && (size_t)(r->end - at) > pattern->len && at[pattern->len - 1] == '}' &&
           (at[pattern->len] == ',' || at[pattern->len] == ']');
}

/* The object read last in the open array can be a model for the next ones. */
static inline void pattern_add(struct reader *r)
{
    const struct model *last = &r->models[r->depth];
    const uint32_t len = last->end ? r->slots[last->object].len : 0;

    if (len < 16 || len > PATTERN_BYTES || last->object == r->last_model)
        return;
    r->last_model = last->object;
    struct pattern *to = &r->patterns[r->pattern_turn++ % PATTERNS];
    *to = (struct pattern){ .object = last->object, .len = len, .depth = r->depth, .bytes = to->bytes };
}

/* Reads the object at p->at, an element of the open array, if there is a pattern for it. If not, nothing is read. */
static inline bool read_as_before(struct reader *r, struct place *p)
{
    pattern_add(r);
    for (struct pattern *pattern = r->patterns; pattern < r->patterns + PATTERNS; pattern++) {
        if (!pattern_ends(r, pattern, p->at))
            continue;
        if (!pattern->made)
            pattern_make(r, pattern);
        const struct tape_slot *slot = &r->slots[pattern->object];
        const uint32_t slots = slot->next - pattern->object;
        if (!pattern->is || slots > (size_t)(r->stop - p->to) || !pattern_fits(pattern->bytes, p->at, pattern->len))
            continue;
        if (!pattern->shared)
            pattern_share(r, pattern);
        const uint32_t bytes = (uint32_t)(p->at - r->start) - slot->at, moved = (uint32_t)(p->to - slot);
        for (uint32_t i = 0; i < slots; i++)
            put_moved(&p->to[i], &slot[i], bytes, moved);
        *p = (struct place){ .at = p->at + pattern->len, .to = p->to + slots };
        return true;
    }
    return false;
}
