/* Paging as a client asks for it, and the links that continue it. Pure. */
#pragma once

#include "dialect/dialect.h"
#include "dialect/target.h"

struct page {
    bool asked;              /* the client named a page or a size */
    bool used;               /* there is paging at all */
    uint64_t number, size;   /* number from 1 */
    uint64_t offset;
};

/* -1 sets `name` to the parameter that is wrong. */
MUST_CHECK int page_read(struct page *page, const struct paging *paging, enum paging_mode mode,
                         const struct target *target, struct str *name);

/* What that parameter should have been, as in "must be a valid page size". */
struct str page_want(const struct paging *paging, struct str name, struct arena *arena);

/* A walk by cursor: it starts at the beginning, or after the entity that the cursor names, and survives what is inserted
 * meanwhile, since entities are ordered by (created_at, id). */
struct cursor {
    bool used;
    uint64_t size;
    struct str after;  /* "created_at|id" of the last entity that was shown; empty: from the beginning */
    uint64_t total;    /* as it was when the walk began; only with `after` */
    struct str next;   /* set by the flow when there is more: the text of the next cursor */
};

/* Decides whether the request walks by cursor (a cursor is there; or its size is, and neither page nor other size say
 * otherwise: generated clients send both kinds of defaults at once). -1 sets `name` to the parameter that is wrong. */
MUST_CHECK int cursor_read(struct cursor *cursor, const struct paging *paging, const struct target *target,
                           struct arena *arena, struct str *name);
struct str cursor_text(struct arena *arena, uint64_t total, struct str created_at, struct str id);

/* The link to what follows; false when nothing does. Written as page_link writes. */
bool cursor_link(const struct cursor *cursor, const struct dialect *dialect, const struct target *target, size_t first,
                 struct buf *out);

uint64_t page_count(const struct page *page, uint64_t total); /* at least 1 */

/* "self", "first", "prev", "next" or "last" as a relative reference: the facade's prefix, the path, the client's own
 * parameters with the page replaced. False when there is no such page. Written as a JSON string. */
bool page_link(const struct page *page, const struct dialect *dialect, const struct target *target, size_t first,
               struct str which, uint64_t total, struct buf *out);
