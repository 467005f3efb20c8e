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

uint64_t page_count(const struct page *page, uint64_t total); /* at least 1 */

/* "self", "first", "prev", "next" or "last" as a relative reference: the facade's prefix, the path, the client's own
 * parameters with the page replaced. False when there is no such page. Written as a JSON string. */
bool page_link(const struct page *page, const struct dialect *dialect, const struct target *target, size_t first,
               struct str which, uint64_t total, struct buf *out);
