/* Making a counterexample small: members and elements are left out one by one while it still fails. */
#include "lens/test.h"

struct cut {
    const struct tape *tape;
    uint32_t at; /* left out: a member's name or an element */
    struct buf *out;
};

static void copy_without(const struct cut *cut, uint32_t at)
{
    const struct tape *tape = cut->tape;
    enum json_type type = tape_type(tape, at);
    bool object = type == JSON_OBJECT, first = true;

    if (!object && type != JSON_ARRAY) {
        buf_add(cut->out, tape_raw(tape, at));
        return;
    }
    buf_char(cut->out, object ? '{' : '[');
    for (uint32_t i = tape_first(tape, at); i < tape_next(tape, at); i = tape_next(tape, i + object)) {
        if (i == cut->at)
            continue;
        if (!first)
            buf_char(cut->out, ',');
        first = false;
        if (object) {
            buf_add(cut->out, tape_raw(tape, i));
            buf_char(cut->out, ':');
        }
        copy_without(cut, i + object);
    }
    buf_char(cut->out, object ? '}' : ']');
}

/* One pass; true if something could be left out of `*document`. */
static bool shrink_once(struct str *document, fails_fn *fails, void *context, struct arena *arena)
{
    CLEANUP(arena_free) struct arena *work = arena_new(SIZE_MAX); /* a try for each member: they share a buffer */
    struct buf smaller = buf_in(work, SIZE_MAX);
    struct document now;

    if (!test_read(&now, work, *document))
        return false;
    for (uint32_t at = 1; at < now.tape.count; at++) {
        struct cut cut = { .tape = &now.tape, .at = at, .out = &smaller };
        smaller.len = 0;
        copy_without(&cut, 0);
        if (smaller.len < document->len && fails(context, buf_str(&smaller))) {
            *document = arena_copy(arena, buf_str(&smaller));
            return true;
        }
    }
    return false;
}

struct str shrink_document(struct str document, fails_fn *fails, void *context, struct arena *arena)
{
    for (int rounds = 0; rounds < 500 && shrink_once(&document, fails, context, arena); rounds++)
        continue;
    return document;
}
