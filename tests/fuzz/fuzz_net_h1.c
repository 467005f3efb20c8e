/* The answer parser: fed whole, byte by byte and in pieces of odd sizes it must say the same. The first byte
 * of the input chooses whether the request was HEAD and how large the pieces are. */
#include "net/h1_parse.h"

#include <stdlib.h>

struct run {
    struct arena *arena;
    struct h1_parse parse;
    enum h1_step step;
};

static void feed(struct run *run, struct str in, size_t piece)
{
    struct err err;

    while (in.len && run->step == H1_MORE) {
        struct h1_space space = h1_parse_space(&run->parse);
        size_t len = in.len < space.len ? in.len : space.len;
        if (!space.len)
            abort();
        len = len < piece ? len : piece;
        memcpy(space.ptr, in.ptr, len);
        in = str_from_at(in, len);
        run->step = h1_parse_took(&run->parse, len, &err);
    }
    if (in.len && run->step == H1_DONE)
        run->step = H1_FAILED; /* bytes left over */
    if (run->step == H1_MORE)
        run->step = h1_parse_end(&run->parse, &err);
}

static struct run read_in_pieces(struct str in, size_t piece, bool to_head)
{
    struct run run = { .arena = arena_new(SIZE_MAX), .step = H1_MORE };

    h1_parse_init(&run.parse, run.arena, 1024, 4096, to_head);
    feed(&run, in, piece);
    return run;
}

static bool same(const struct run *a, const struct run *b)
{
    const struct call_answer *left = &a->parse.answer, *right = &b->parse.answer;

    if (a->step != b->step)
        return false;
    if (a->step != H1_DONE)
        return true;
    if (left->status != right->status || left->header_count != right->header_count ||
        a->parse.keep != b->parse.keep || !str_eq(left->body, right->body))
        return false;
    for (size_t i = 0; i < left->header_count; i++)
        if (!str_eq(left->headers[i].name, right->headers[i].name) ||
            !str_eq(left->headers[i].value, right->headers[i].value))
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct str in = str_of((const char *)data + 1, size - 1);
    bool to_head = data[0] & 1;
    const size_t pieces[] = { 1, (size_t)(data[0] >> 1) + 2 };
    struct run whole = read_in_pieces(in, SIZE_MAX, to_head);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct run cut = read_in_pieces(in, pieces[i], to_head);
        if (!same(&whole, &cut))
            abort();
        arena_free(&cut.arena);
    }
    arena_free(&whole.arena);
    return 0;
}
