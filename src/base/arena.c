#include "base/arena.h"

#include "base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { FIRST_BLOCK = 16 * 1024, DOUBLINGS = 6, MOST_DOUBLED = FIRST_BLOCK << DOUBLINGS, ALIGN = 16 };
enum { HUGE_PAGE = 2 << 20, HUGE_BLOCK = 2 * HUGE_PAGE };

struct block {
    struct block *next;
    size_t size, used;
    _Alignas(ALIGN) char bytes[];
};

struct arena_pool {
    struct block *spare[DOUBLINGS]; /* by size: FIRST_BLOCK << 1, << 2, ... */
    size_t bytes, ceiling;
};

struct arena {
    struct block *first, *current;
    size_t used, left;      /* given out; up to the ceiling */
    size_t ceiling, reserve; /* as it was made */
    size_t past;            /* of the reserve, still there */
    struct arena_pool *pool; /* or NULL */
    bool is_short;
};

/* Memory of megabytes is the system's each time, cleared page by page as it is touched; large pages are 512 at once. */
static void *alloc_huge(size_t size)
{
    size_t whole;
    void *given;

    if (__builtin_add_overflow(size, HUGE_PAGE - 1, &whole))
        return NULL;
    whole -= whole % HUGE_PAGE;
    if (posix_memalign(&given, HUGE_PAGE, whole))
        return NULL;
    (void)madvise(given, whole, MADV_HUGEPAGE); /* a wish: where there are none, as before */
    return given;
}

static struct block *block_new(size_t size)
{
    size_t whole;
    if (__builtin_add_overflow(sizeof(struct block), size, &whole))
        abort();
    struct block *block = whole < HUGE_BLOCK ? malloc(whole) : alloc_huge(whole);
    if (!block)
        log_no_memory();
    *block = (struct block){ .size = size };
    return block;
}

/* Where spare blocks of this size are; NULL: blocks of this size are not kept. */
static struct block **spares_of(struct arena_pool *pool, size_t size)
{
    for (unsigned i = 0; pool && i < DOUBLINGS; i++)
        if (size == (size_t)FIRST_BLOCK << (i + 1))
            return &pool->spare[i];
    return NULL;
}

static struct block *block_take(struct arena_pool *pool, size_t size)
{
    struct block **spares = spares_of(pool, size);

    if (!spares || !*spares)
        return block_new(size);
    struct block *block = *spares;
    *spares = block->next;
    pool->bytes -= size;
    *block = (struct block){ .size = size };
    return block;
}

static void block_give(struct arena_pool *pool, struct block *block)
{
    struct block **spares = spares_of(pool, block->size);

    if (!spares || pool->ceiling - pool->bytes < block->size) {
        free(block);
        return;
    }
    block->next = *spares;
    *spares = block;
    pool->bytes += block->size;
}

struct arena_pool *arena_pool_new(size_t ceiling)
{
    struct arena_pool *pool = malloc(sizeof *pool);
    if (!pool)
        log_no_memory();
    *pool = (struct arena_pool){ .ceiling = ceiling };
    return pool;
}

void arena_pool_free(struct arena_pool **pool)
{
    struct arena_pool *gone = *pool;

    *pool = NULL;
    for (unsigned i = 0; gone && i < DOUBLINGS; i++)
        for (struct block *block = gone->spare[i], *next; block; block = next) {
            next = block->next;
            free(block);
        }
    free(gone);
}

struct arena *arena_new(size_t ceiling)
{
    return arena_new_sized(ceiling, FIRST_BLOCK);
}

struct arena *arena_new_sized(size_t ceiling, size_t size)
{
    struct arena *arena = malloc(sizeof *arena);
    if (!arena)
        log_no_memory();
    struct block *first = block_new(size);
    *arena = (struct arena){ .first = first, .current = first, .left = ceiling, .ceiling = ceiling };
    return arena;
}

struct arena *arena_new_pooled(size_t ceiling, size_t reserve, struct arena_pool *pool)
{
    struct arena *arena = arena_new(ceiling);

    arena->reserve = arena->past = reserve;
    arena->pool = pool;
    return arena;
}

void arena_use_reserve(struct arena *arena)
{
    arena->left = arena->past < SIZE_MAX - arena->left ? arena->left + arena->past : SIZE_MAX;
    arena->past = 0;
}

static void give_after(struct arena_pool *pool, struct block *block)
{
    for (struct block *next = block->next; next;) {
        struct block *gone = next;
        next = next->next;
        block_give(pool, gone);
    }
    block->next = NULL;
}

void arena_free(struct arena **arena)
{
    if (!*arena)
        return;
    give_after((*arena)->pool, (*arena)->first);
    free((*arena)->first);
    free(*arena);
    *arena = NULL;
}

void arena_reset(struct arena *arena)
{
    give_after(arena->pool, arena->first);
    arena->first->used = 0;
    arena->current = arena->first;
    arena->used = 0;
    arena->left = arena->ceiling;
    arena->past = arena->reserve;
    arena->is_short = false;
}

size_t arena_room(const struct arena *arena)
{
    return arena->left;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}

bool arena_is_short(const struct arena *arena)
{
    return arena->is_short;
}

void arena_go_without(struct arena *arena)
{
    arena->is_short = true;
}

/* What is left up to the ceiling, and the rest of it from the reserve. */
static void take_reserve(struct arena *arena, size_t size)
{
    size -= arena->left;
    if (size > arena->past)
        abort();
    arena->past -= size;
    arena->left = 0;
    arena->is_short = true;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct block *block = arena->current;
    size_t need;

    /* No assert: it has to hold in every build. */
    if (__builtin_add_overflow(size, ALIGN - 1, &need))
        abort();
    if (size > arena->left)
        take_reserve(arena, size);
    else
        arena->left -= size;
    need &= ~(size_t)(ALIGN - 1);
    if (need > block->size - block->used) {
        /* One big piece does not make every later block big. */
        size_t doubled = block->size < MOST_DOUBLED / 2 ? block->size * 2 : MOST_DOUBLED;
        while (doubled < need && doubled < MOST_DOUBLED)
            doubled *= 2; /* a size that the pool keeps */
        block->next = block_take(arena->pool, need > doubled ? need : doubled);
        block = arena->current = block->next;
    }
    void *given = block->bytes + block->used;
    block->used += need;
    arena->used += size;
    return given;
}

void *arena_zero(struct arena *arena, size_t size)
{
    return memset(arena_alloc(arena, size), 0, size);
}

struct str arena_copy(struct arena *arena, struct str s)
{
    char *copy = arena_alloc(arena, s.len + 1);

    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return str_of(copy, s.len);
}

const char *arena_cstr(struct arena *arena, struct str s)
{
    return arena_copy(arena, s).ptr;
}

struct str arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    assert(n >= 0);
    char *text = arena_alloc(arena, (size_t)n + 1);
    va_start(ap, fmt);
    n = vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return str_of(text, (size_t)n);
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t *space, size_t size)
{
    if (count < *space)
        return items;
    *space = *space ? *space * 2 : 8;
    void *moved = arena_zero(arena, *space * size);
    if (count)
        memcpy(moved, items, count * size);
    return moved;
}
