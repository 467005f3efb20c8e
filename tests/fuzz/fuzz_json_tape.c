/* What the reader accepts reads the same when it is written again, as it stands and decoded, an element as it does alone,
 * and RFC 7396 keeps its laws. The first half of the input up to a 0xFF byte (never part of a document) is the target, the rest a patch. */
#include "json/number.h"
#include "json/write.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool reads(struct tape *tape, struct arena *arena, struct str text)
{
    struct tape_fault fault = { .what = NULL };
    bool read = tape_read(tape, arena, text, &tape_default_limits, &fault);

    must(read || (fault.what && fault.offset <= text.len && fault.line > 0 && fault.column > 0));
    return read;
}

/* The value with every string decoded and written anew. */
static uint32_t write_decoded(struct buf *buf, const struct tape *tape, uint32_t at, struct arena *arena)
{
    bool object = tape_type(tape, at) == JSON_OBJECT, first = true;
    uint32_t end = tape_next(tape, at), i = tape_first(tape, at);

    if (tape_type(tape, at) == JSON_STRING) {
        json_quote(buf, tape_string(tape, at, arena));
    } else if (object || tape_type(tape, at) == JSON_ARRAY) {
        buf_char(buf, object ? '{' : '[');
        while (i < end) {
            if (object) {
                struct str name = tape_string(tape, i, arena);
                must(tape_find(tape, at, name) == i + 1);
                json_name(buf, &first, name);
                i++;
            } else if (i > tape_first(tape, at)) {
                buf_char(buf, ',');
            }
            i = write_decoded(buf, tape, i, arena);
        }
        must(i == end);
        buf_char(buf, object ? '}' : ']');
    } else {
        must(tape_type(tape, at) != JSON_NUMBER || number_valid(tape_raw(tape, at)));
        buf_add(buf, tape_raw(tape, at));
    }
    return end;
}

/* What was read before an element changes nothing about it (json/alike.h, json/pattern.h): alone it has the same slots. */
static void check_alone(const struct tape *tape, uint32_t array, struct arena *arena)
{
    uint32_t slots = 0;

    for (uint32_t at = tape_first(tape, array); at < tape_next(tape, array); at += slots) {
        struct tape alone;
        must(reads(&alone, arena, tape_raw(tape, at)));
        slots = tape_next(tape, at) - at;
        must(slots == alone.count);
        for (uint32_t i = 0; i < slots; i++) {
            const struct tape_slot *a = &alone.slots[i], *b = &tape->slots[at + i];
            must(a->at - alone.slots[0].at == b->at - tape->slots[at].at && a->len == b->len && a->next + at == b->next);
            must((a->type == JSON_STRING || a->count == b->count) && a->type == b->type && a->escaped == b->escaped);
        }
    }
}

/* Strings with one number are the same bytes, and looking again for a member finds it. */
static void check_marks(const struct tape *tape)
{
    struct tape_wanted wanted = { .names = { STR("id"), STR("a"), STR("") } };

    for (uint32_t i = 0; i < tape->count; i++) {
        const uint32_t mark = tape_same(tape, i);
        must(mark < tape->count && (!mark || str_eq(tape_raw(tape, i), tape_raw(tape, mark))));
        tape_find_wanted(tape, i, &wanted);
        for (size_t k = 0; k < TAPE_WANTED; k++)
            must(wanted.found[k] == tape_find(tape, i, wanted.names[k]));
    }
}

static void check_again(const struct tape *tape, struct str text, struct arena *arena)
{
    struct buf buf = buf_in(arena, 64u << 20);
    struct tape again;

    must(reads(&again, arena, text) && again.count == tape->count && tape_equal(tape, 0, &again, 0));
    must(tape_equal(&again, 0, tape, 0));
    check_marks(tape);
    for (uint32_t i = 0; i < tape->count; i++)
        if (tape_type(tape, i) == JSON_ARRAY)
            check_alone(tape, i, arena);
    (void)write_decoded(&buf, tape, 0, arena);
    must(buf_ok(&buf) && reads(&again, arena, buf_str(&buf)));
    must(again.count == tape->count && tape_equal(tape, 0, &again, 0) && tape_equal(&again, 0, tape, 0));
}

static struct tape merged(const struct tape *target, uint32_t at, const struct tape *patch, struct arena *arena)
{
    struct buf buf = buf_in(arena, 64u << 20);
    struct tape tape;

    json_merge_patch(&buf, target, at, patch, 0);
    must(buf_ok(&buf));
    /* Only the ceilings may be passed by a merged document. */
    if (!reads(&tape, arena, buf_str(&buf)))
        tape.count = 0;
    return tape;
}

/* Applying a patch twice is applying it once; an empty patch changes no object; what a patch sets is there. */
static void check_merge(const struct tape *target, const struct tape *patch, struct arena *arena)
{
    const struct tape once = merged(target, 0, patch, arena);
    const struct tape fresh = merged(target, TAPE_NONE, patch, arena);

    if (!once.count || !fresh.count)
        return;
    const struct tape twice = merged(&once, 0, patch, arena);
    must(twice.count && tape_equal(&once, 0, &twice, 0));
    if (tape_type(patch, 0) != JSON_OBJECT) {
        must(tape_equal(&once, 0, patch, 0));
        return;
    }
    for (uint32_t i = tape_first(patch, 0); i < tape_next(patch, 0); i = tape_next(patch, i + 1)) {
        uint32_t at = tape_find(&once, 0, tape_string(patch, i, arena));
        must((at == TAPE_NONE) == (tape_type(patch, i + 1) == JSON_NULL));
    }
    if (tape_count(patch, 0) == 0 && tape_type(target, 0) == JSON_OBJECT)
        must(tape_equal(&once, 0, target, 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    const struct str text = str_of((const char *)data, size);
    struct str head = text, tail = STR_NONE;
    struct tape target, patch;

    if (!arena)
        arena = arena_new(512u << 20);
    arena_reset(arena);
    (void)str_cut(text, (char)0xFF, &head, &tail);
    /* Copies of exactly their size let AddressSanitizer see a byte too far. */
    char *exact = malloc(head.len ? head.len : 1);
    if (!exact)
        return 0;
    if (head.len)
        memcpy(exact, head.ptr, head.len);
    head.ptr = exact;
    if (reads(&target, arena, head)) {
        check_again(&target, head, arena);
        if (tail.len && reads(&patch, arena, tail))
            check_merge(&target, &patch, arena);
    }
    free(exact);
    return 0;
}
