#include "net/loop_inner.h"

enum { FIRST_DEADLINES = 64 };

static void place(struct deadline_heap *heap, size_t index, struct deadline *deadline)
{
    heap->at[index] = deadline;
    deadline->index = index;
}

static void sift_up(struct deadline_heap *heap, size_t index, struct deadline *deadline)
{
    for (; index > 1 && heap->at[index / 2]->at_ms > deadline->at_ms; index /= 2)
        place(heap, index, heap->at[index / 2]);
    place(heap, index, deadline);
}

static void sift_down(struct deadline_heap *heap, size_t index, struct deadline *deadline)
{
    for (size_t child; (child = index * 2) <= heap->count; index = child) {
        if (child < heap->count && heap->at[child + 1]->at_ms < heap->at[child]->at_ms)
            child++;
        if (heap->at[child]->at_ms >= deadline->at_ms)
            break;
        place(heap, index, heap->at[child]);
    }
    place(heap, index, deadline);
}

static void settle(struct deadline_heap *heap, size_t index, struct deadline *deadline)
{
    if (index > 1 && heap->at[index / 2]->at_ms > deadline->at_ms)
        sift_up(heap, index, deadline);
    else
        sift_down(heap, index, deadline);
}

/* The old places stay in the arena: doubling wastes at most as much as is in use. */
static void grow(struct loop *loop)
{
    struct deadline_heap *heap = &loop->deadlines;
    size_t space = heap->space ? heap->space * 2 : FIRST_DEADLINES;
    struct deadline **at = ARENA_ARRAY(loop->arena, struct deadline *, space);

    if (heap->count)
        memcpy(at, heap->at, (heap->count + 1) * sizeof(*at));
    heap->at = at;
    heap->space = space;
}

void deadline_set(struct loop *loop, struct deadline *deadline, uint64_t after_ms)
{
    struct deadline_heap *heap = &loop->deadlines;
    uint64_t now_ms = loop_now_ms(loop);

    deadline->at_ms = after_ms > UINT64_MAX - now_ms ? UINT64_MAX : now_ms + after_ms;
    if (deadline->index) {
        settle(heap, deadline->index, deadline);
        return;
    }
    if (heap->count + 1 >= heap->space)
        grow(loop);
    heap->count++;
    sift_up(heap, heap->count, deadline);
}

void deadline_clear(struct loop *loop, struct deadline *deadline)
{
    struct deadline_heap *heap = &loop->deadlines;
    size_t index = deadline->index;

    if (!index)
        return;
    deadline->index = 0;
    struct deadline *last = heap->at[heap->count--];
    if (last != deadline)
        settle(heap, index, last);
}

/* At most those that were set when it began: a deadline that sets itself again at once must not keep the
 * sockets waiting. */
void deadlines_run(struct loop *loop)
{
    struct deadline_heap *heap = &loop->deadlines;
    uint64_t now_ms = loop_now_ms(loop);

    for (size_t left = heap->count; left && heap->count && heap->at[1]->at_ms <= now_ms; left--) {
        struct deadline *due = heap->at[1];
        deadline_clear(loop, due);
        due->run(due);
    }
}

int64_t deadlines_wait_ms(const struct loop *loop, uint64_t now_ms)
{
    const struct deadline_heap *heap = &loop->deadlines;

    if (!heap->count)
        return -1;
    uint64_t at_ms = heap->at[1]->at_ms;
    if (at_ms <= now_ms)
        return 0;
    return at_ms - now_ms > INT64_MAX ? INT64_MAX : (int64_t)(at_ms - now_ms);
}
