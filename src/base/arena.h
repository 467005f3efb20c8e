/* Memory that dies at once: everything of one exchange, or of one configuration, lives in one arena.
 * Not thread safe; an arena belongs to whoever made it. */
#pragma once

#include "base/str.h"

struct arena;
struct arena_pool;

/* `ceiling` bounds the bytes given out in all; past it arena_alloc aborts the process unless the caller asked
 * arena_room first. Pass SIZE_MAX for what the configuration already bounds. Never NULL. */
struct arena *arena_new(size_t ceiling);
/* The same with a first block of `size` bytes: for one that is reset after every piece of work of that size. */
struct arena *arena_new_sized(size_t ceiling, size_t size);
void arena_free(struct arena **arena);

/* A stock of blocks that the arenas of one thread share, so that they need not call malloc. The block that was given
 * back last is handed out first, while it is still in the processor's cache. `ceiling` bounds the bytes kept; blocks
 * above 1 MiB are not kept. Never NULL; free it after its arenas. */
struct arena_pool *arena_pool_new(size_t ceiling);
void arena_pool_free(struct arena_pool **pool);
/* As arena_new, but every block except the first comes from the pool. Callers that do not ask arena_room may take up to
 * `reserve` bytes past the ceiling, while arena_room says 0. So work that runs out of memory can notice it and fail by
 * itself, instead of ending the process. */
struct arena *arena_new_pooled(size_t ceiling, size_t reserve, struct arena_pool *pool);
/* Until the next reset, arena_room includes the reserve: reporting an error takes memory, too. */
void arena_use_reserve(struct arena *arena);

/* Forgets everything but keeps the first block, so that a reused arena does not call malloc. */
void arena_reset(struct arena *arena);

/* Bytes that can still be given out. Ask before taking an amount that outside input decides. */
size_t arena_room(const struct arena *arena);
size_t arena_used(const struct arena *arena);
/* Since the last reset somebody took from the reserve, or asked for room and went without (arena_go_without). */
bool arena_is_short(const struct arena *arena);
/* For code that asks for room and then leaves something out, unless it tells its caller in another way. */
void arena_go_without(struct arena *arena);

/* Never NULL; aligned for any type; arena_alloc's bytes are not initialised. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_zero(struct arena *arena, size_t size);

/* A copy, NUL-terminated beyond its length, for library calls. */
struct str arena_copy(struct arena *arena, struct str s);
const char *arena_cstr(struct arena *arena, struct str s);
struct str arena_printf(struct arena *arena, const char *fmt, ...) PRINTF(2, 3);

/* Room for one more element of `size` bytes in an array that grows by doubling: the array, maybe moved. */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t *space, size_t size);

#define ARENA_NEW(arena, type)          ((type *)arena_zero((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_zero((arena), sizeof(type) * (count)))
