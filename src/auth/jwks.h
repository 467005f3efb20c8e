/* Key sets of others (RFC 7517). Pure; a set is immutable but for its count of references. */
#pragma once

#include "auth/keys.h"

enum { KEYSET_LONGEST = 256 * 1024, KEYSET_MOST = 64 };

struct keyset {
    struct arena *arena; /* owns the set itself */
    struct key *keys;
    size_t count, ignored;
    unsigned references; /* guarded by whoever shares the set */
};

/* The public keys for signatures in `text`, as far as `algorithms` (none: every public one) allow. A key that
 * is for something else, secret, weak, malformed or named like another is left out and logged with the
 * issuer's `name`; a document that is no set, is too large, or has no key that can be used, is a failure:
 * NULL with `err`. One reference. */
struct keyset *keyset_parse(struct str text, const struct str *algorithms, size_t count, struct str name,
                            struct err *err);
void keyset_free(struct keyset **set);

/* Each key of `old` is still in `set`. */
bool keyset_keeps(const struct keyset *set, const struct keyset *old);
