/* Reading an element that is an object as long as one of the last before it, its model; for tape_read.c alone. Mostly the two
 * then differ only inside texts and numbers. A pattern tells for each byte of the model which bytes may stand in its place so
 * that the object is read just as the model was: the same slots, elsewhere. That is one pass over the bytes without a branch,
 * instead of one over the members. At first the pattern's texts are the model's; one that differs in an element is free from
 * then on. Texts that are still the model's are known to be the same (tape_same). */
#pragma once

#include "base/bytes.h"
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

static inline uint32_t pattern_slots(const struct reader *r, const struct pattern *pattern)
{
    return r->slots[pattern->object].next - pattern->object;
}

/* The mark of the same text at the same place of another model; 0: none has it. */
static inline uint32_t pattern_known(const struct reader *r, const struct pattern *pattern, const struct tape_slot *slot)
{
    const uint32_t behind = (uint32_t)(slot - &r->slots[pattern->object]);

    for (const struct pattern *other = r->patterns; other < r->patterns + PATTERNS; other++) {
        if (other == pattern || !other->is || pattern_slots(r, other) <= behind)
            continue;
        const struct tape_slot *like = &r->slots[other->object + behind];
        if (like->type == JSON_STRING && like->count && like->len == slot->len &&
            memcmp(r->start + like->at, r->start + slot->at, slot->len) == 0)
            return like->count;
    }
    return 0;
}

/* A text of the model is what it is, and its own mark if it has no other; but free where the mark does not fit. */
static inline void pattern_mark(const struct reader *r, const struct pattern *pattern, struct tape_slot *slot)
{
    const struct tape_slot *model = &r->slots[pattern->object];
    const uint32_t known = pattern_known(r, pattern, slot), mark = known ? known : (uint32_t)(slot - r->slots);

    if (mark <= TAPE_MOST_COUNT)
        slot->count = mark & TAPE_MOST_COUNT;
    else
        pattern_text(pattern->bytes, r->start + model->at, slot->at - model->at, slot->len);
}

/* There is none if an object inside needs an index (json/members.h), or no memory is left. */
static __attribute__((noinline)) void pattern_make(const struct reader *r, struct pattern *pattern)
{
    struct tape_slot *const model = &r->slots[pattern->object], *const end = &r->slots[model->next];
    const char *const text = r->start + model->at;

    pattern->made = true;
    if (!pattern->bytes && sizeof *pattern->bytes > arena_room(r->arena))
        return;
    if (!pattern->bytes)
        pattern->bytes = arena_alloc(r->arena, sizeof *pattern->bytes);
    memcpy(pattern->bytes->least, text, model->len);
    memset(pattern->bytes->above, 0, model->len);
    for (const struct tape_slot *slot = model; slot < end; slot++)
        if (slot->type == JSON_OBJECT && slot->count > FEW_MEMBERS)
            return;
    for (struct tape_slot *slot = model; slot < end; slot++) {
        if (slot->type == JSON_NUMBER)
            pattern_number(pattern->bytes, text, slot->at - model->at, slot->len);
        else if (slot->type == JSON_STRING && !slot->count && pattern_is_value(r->start, slot))
            pattern_mark(r, pattern, slot);
    }
    pattern->is = true;
}

/* The model's texts that `text` has not in the same place are free now; false if none is. */
static __attribute__((noinline)) bool pattern_loosen(const struct reader *r, const struct pattern *pattern, const char *text)
{
    struct tape_slot *const model = &r->slots[pattern->object], *const end = &r->slots[model->next];
    bool loosened = false;

    for (struct tape_slot *slot = model; slot < end; slot++) {
        const uint32_t from = slot->at - model->at;
        if (slot->type != JSON_STRING || !slot->count || memcmp(r->start + slot->at, text + from, slot->len) == 0)
            continue;
        pattern_text(pattern->bytes, r->start + model->at, from, slot->len);
        slot->count = 0;
        loosened = true;
    }
    return loosened;
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

/* What many bytes after many have shown. */
struct pattern_finding {
    bytes32 within;    /* all set: each byte is in its range */
    bytes32 forbidden; /* not 0: a quote or a backslash where there is a choice */
};

static inline __attribute__((always_inline)) void pattern_look(struct pattern_finding *found, const struct pattern_bytes *allowed,
                                                               const char *text, uint32_t at)
{
    bytes32 bytes, least, above;

    memcpy(&bytes, text + at, sizeof bytes);
    memcpy(&least, allowed->least + at, sizeof least);
    memcpy(&above, allowed->above + at, sizeof above);
    found->within &= (bytes32)(bytes - least <= above);
    found->forbidden |= (bytes32)((bytes == '"') | (bytes == '\\')) & above;
}

/* At least as many bytes as are looked at at once. */
static inline __attribute__((always_inline)) bool pattern_fits(const struct pattern_bytes *allowed, const char *text, uint32_t len)
{
    enum { AT_ONCE = sizeof(bytes32) };
    const bytes32 none = { 0 };
    struct pattern_finding found = { .within = ~none, .forbidden = none };
    uint64_t words[4];

    for (uint32_t at = 0; at + AT_ONCE < len; at += AT_ONCE)
        pattern_look(&found, allowed, text, at);
    pattern_look(&found, allowed, text, len - AT_ONCE);
    const bytes32 bad = ~found.within | found.forbidden;
    memcpy(words, &bad, sizeof words);
    return !(words[0] | words[1] | words[2] | words[3]);
}

/* The model's slots, moved by so many bytes of the text and slots of the tape. */
static inline __attribute__((always_inline)) void pattern_copy(struct tape_slot *to, const struct tape_slot *from, uint32_t count,
                                                               uint32_t bytes, uint32_t slots)
{
    typedef uint32_t words __attribute__((vector_size(2 * sizeof *to)));
    const words by = { bytes, 0, slots, 0, bytes, 0, slots, 0 };
    uint32_t i = 0;

    for (; i + 1 < count; i += 2) {
        words two;
        memcpy(&two, &from[i], sizeof two);
        two += by;
        memcpy(&to[i], &two, sizeof two);
    }
    if (i < count)
        put_moved(&to[i], &from[i], bytes, slots);
}

/* Reads elements from p->at on that are by the pattern, with nothing but a comma between; at most so many. Returns how many. */
static inline __attribute__((always_inline)) uint32_t pattern_take(const struct reader *r, const struct pattern *pattern,
                                                                   struct place *p, uint32_t most)
{
    const struct pattern_bytes *const allowed = pattern->bytes;
    const struct tape_slot *const model = &r->slots[pattern->object];
    const char *const start = r->start, *const end = r->end, *at = p->at;
    const uint32_t len = pattern->len, count = pattern_slots(r, pattern);
    const uint32_t room = (uint32_t)((size_t)(r->stop - p->to) / count);
    struct tape_slot *to = p->to;
    uint32_t taken = 0;

    most = most < room ? most : room;
    while (taken < most && (size_t)(end - at) > len && (at[len] == ',' || at[len] == ']') && pattern_fits(allowed, at, len)) {
        pattern_copy(to, model, count, (uint32_t)(at - start) - model->at, (uint32_t)(to - model));
        taken++;
        at += len + 1;
        to += count;
        if (at[-1] != ',')
            break;
    }
    if (taken)
        *p = (struct place){ .at = at - 1, .to = to };
    return taken;
}

/* The same twice: for every processor, and for those with registers of 32 bytes. */
static __attribute__((noinline)) uint32_t pattern_take_anywhere(const struct reader *r, const struct pattern *pattern,
                                                                struct place *p, uint32_t most)
{
    return pattern_take(r, pattern, p, most);
}

#ifdef __x86_64__
static __attribute__((noinline, target("avx2"))) uint32_t pattern_take_wide(const struct reader *r, const struct pattern *pattern,
                                                                            struct place *p, uint32_t most)
{
    return pattern_take(r, pattern, p, most);
}
#endif

typedef uint32_t pattern_take_fn(const struct reader *r, const struct pattern *pattern, struct place *p, uint32_t most);

static inline pattern_take_fn *pattern_taker(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        return pattern_take_wide;
#endif
    return pattern_take_anywhere;
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

    if (len < sizeof(bytes32) || len > PATTERN_BYTES || last->object == r->last_model)
        return;
    r->last_model = last->object;
    struct pattern *to = &r->patterns[r->pattern_turn++ % PATTERNS];
    *to = (struct pattern){ .object = last->object, .len = len, .depth = r->depth, .bytes = to->bytes };
}

/* Reads elements from p->at on, at most so many, as long as they are by the pattern. Returns how many. */
static inline uint32_t pattern_read(struct reader *r, struct pattern *pattern, struct place *p, uint32_t most)
{
    pattern_take_fn *const take = pattern_taker();
    const struct place before = *p;

    if (!pattern->made)
        pattern_make(r, pattern);
    if (!pattern->is)
        return 0;
    if (!pattern->shared)
        most = 1; /* which is done twice: the second time it has the shapes */
    uint32_t taken = take(r, pattern, p, most);
    if (!taken && pattern_loosen(r, pattern, p->at))
        taken = take(r, pattern, p, most);
    if (taken && !pattern->shared) {
        pattern_share(r, pattern);
        *p = before;
        taken = take(r, pattern, p, most);
    }
    return taken;
}

/* Reads objects from p->at on, elements of the open array and at most so many, if there is a pattern for the first one. Returns
 * how many. */
static inline uint32_t read_as_before(struct reader *r, struct place *p, uint32_t most)
{
    pattern_add(r);
    for (struct pattern *pattern = r->patterns; pattern < r->patterns + PATTERNS; pattern++) {
        const uint32_t taken = pattern_ends(r, pattern, p->at) ? pattern_read(r, pattern, p, most) : 0;
        if (taken)
            return taken;
    }
    return 0;
}
