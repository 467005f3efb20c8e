/* Media types of requests and answers (RFC 9110 sections 8.3 and 12.5.1). Pure. */
#pragma once

#include "dialect/dialect.h"

/* True when `content_type` is one of the types, with no parameter but charset=utf-8 (JSON:API section 5.5 demands
 * 415 for others on its own type) and those that the dialect names. `index` receives which. */
bool media_accepted(const struct dialect *dialect, const struct str *types, size_t count, struct str content_type,
                    size_t *index);

/* The type that a word of the dialect's own parameter for it means; ptr NULL: none. */
struct str media_named(const struct dialect *dialect, struct str word);

/* The type to answer with; ptr NULL: none that `accept` allows (406). `accept` ptr NULL: no header was sent. */
struct str media_choose(const struct dialect *dialect, struct str accept);
