#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_BLOCK = 16 * 1024, MOST_DOUBLED = 1024 * 1024, ALIGN = 16 };

struct block {
    struct block *next;
    size_t size, used;
    _Alignas(ALIGN) char bytes[];
};

struct arena {
    struct block *first, *current;
    size_t ceiling, used;
};

static struct block *block_new(size_t size)
{
    size_t whole;
    if (__builtin_add_overflow(sizeof(struct block), size, &whole))
        abort();
    struct block *block = malloc(whole);
    if (!block)
        abort();
    *block = (struct block){ .size = size };
    return block;
}

struct arena *arena_new(size_t ceiling)
{
    return arena_new_sized(ceiling, FIRST_BLOCK);
}

struct arena *arena_new_sized(size_t ceiling, size_t size)
{
    struct arena *arena = malloc(sizeof *arena);
    if (!arena)
        abort();
    struct block *first = block_new(size);
    *arena = (struct arena){ .first = first, .current = first, .ceiling = ceiling };
    return arena;
}

static void free_after(struct block *block)
{
    for (struct block *next = block->next; next;) {
        struct block *gone = next;
        next = next->next;
        free(gone);
    }
    block->next = NULL;
}

void arena_free(struct arena **arena)
{
    if (!*arena)
        return;
    free_after((*arena)->first);
    free((*arena)->first);
    free(*arena);
    *arena = NULL;
}

void arena_reset(struct arena *arena)
{
    free_after(arena->first);
    arena->first->used = 0;
    arena->current = arena->first;
    arena->used = 0;
}

size_t arena_room(const struct arena *arena)
{
    return arena->ceiling - arena->used;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct block *block = arena->current;
    size_t need;

    /* No assert: it has to hold in every build. */
    if (size > arena_room(arena) || __builtin_add_overflow(size, ALIGN - 1, &need))
        abort();
    need &= ~(size_t)(ALIGN - 1);
    if (need > block->size - block->used) {
        /* One big piece does not make every later block big. */
        size_t doubled = block->size < MOST_DOUBLED / 2 ? block->size * 2 : MOST_DOUBLED;
        block->next = block_new(need > doubled ? need : doubled);
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
