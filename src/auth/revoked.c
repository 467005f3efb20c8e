#include "auth/revoked.h"

#include <openssl/evp.h>

/* A token is in one of so many slots in a row. Its id cannot be chosen by who holds it. */
enum { ROW = 64, DIGEST_BYTES = 32 };

void revoked_init(struct revoked *revoked)
{
    (void)pthread_mutex_init(&revoked->lock, NULL);
}

void revoked_done(struct revoked *revoked)
{
    (void)pthread_mutex_destroy(&revoked->lock);
}

static size_t first_slot(struct str token_id, unsigned char digest[static DIGEST_BYTES])
{
    size_t slot = 0;

    if (EVP_Digest(token_id.ptr ? token_id.ptr : "", token_id.len, digest, NULL, EVP_sha256(), NULL) != 1)
        memset(digest, 0, DIGEST_BYTES);
    memcpy(&slot, digest + REVOKED_DIGEST, sizeof slot);
    return slot % REVOKED_SLOTS;
}

bool revoked_add(struct revoked *revoked, struct str token_id, int64_t until_ms, int64_t wall_ms)
{
    unsigned char digest[DIGEST_BYTES];
    size_t first = first_slot(token_id, digest);
    bool added = false;

    (void)pthread_mutex_lock(&revoked->lock);
    for (size_t i = 0; i < ROW && !added; i++) {
        size_t at = (first + i) % REVOKED_SLOTS;
        if (revoked->slots[at].until_ms > wall_ms)
            continue;
        memcpy(revoked->slots[at].digest, digest, REVOKED_DIGEST);
        revoked->slots[at].until_ms = until_ms;
        added = true;
    }
    revoked->count += added;
    (void)pthread_mutex_unlock(&revoked->lock);
    return added;
}

bool revoked_has(struct revoked *revoked, struct str token_id)
{
    unsigned char digest[DIGEST_BYTES];
    bool found = false;

    if (!revoked->count)
        return false;
    size_t first = first_slot(token_id, digest);
    (void)pthread_mutex_lock(&revoked->lock);
    for (size_t i = 0; i < ROW && !found; i++) {
        size_t at = (first + i) % REVOKED_SLOTS;
        found = revoked->slots[at].until_ms && !memcmp(revoked->slots[at].digest, digest, REVOKED_DIGEST);
    }
    (void)pthread_mutex_unlock(&revoked->lock);
    return found;
}
