/* Access tokens of ours that were revoked before their end (RFC 7009). Checked when a token is verified, not when a
 * cache finds it: whoever adds one makes the loops forget. Any thread. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/str.h"

enum { REVOKED_SLOTS = 8192, REVOKED_DIGEST = 16 };

struct revoked {
    pthread_mutex_t lock;
    atomic_size_t count; /* ever added: nearly always none */
    struct {
        unsigned char digest[REVOKED_DIGEST]; /* of the token's id */
        int64_t until_ms;
    } slots[REVOKED_SLOTS];
};

void revoked_init(struct revoked *revoked);
void revoked_done(struct revoked *revoked);

/* False: no room. After `until_ms` the token has ended anyway. */
MUST_CHECK bool revoked_add(struct revoked *revoked, struct str token_id, int64_t until_ms, int64_t wall_ms);
bool revoked_has(struct revoked *revoked, struct str token_id);
