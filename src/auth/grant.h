/* The OAuth token endpoint's work (RFC 6749 sections 4.4 and 6): client authentication with memory-hard hashed
 * secrets (scrypt, on a helper thread), access and refresh tokens, rotation with reuse detection (RFC 9700 4.14). */
#pragma once

#include "auth/auth.h"
#include "net/loop.h"

struct store;

struct grant {
    struct str grant_type, client_id, client_secret, refresh_token, scope; /* borrowed until done; ptr NULL: absent */
    struct str peer; /* the client's address, for patience with failures */
    /* Revocation (RFC 7009) in place of a grant: of this token, of either kind. Then only the client's members are
     * looked at besides, `json` is {}, and ERR_INVALID_GRANT means another client's token. */
    struct str revoke;
    /* Scopes that the caller needs the token for at once. If the token would lack one, that is ERR_SCOPE (`missing`
     * names it), before anything is issued or a refresh token is used up. Borrowed until done. */
    const struct str *needs;
    size_t need_count;
    struct arena *arena;
    /* On the loop. `err`: ERR_INVALID_CLIENT, ERR_GRANT_TYPE, ERR_INVALID_GRANT, ERR_INVALID (a member is missing:
     * `missing` names it), ERR_SCOPE, ERR_TOO_MANY, ERR_UNAVAILABLE. On success `json` (in the arena) is
     * {"id":<24 hex>,"access_token","token_type":"bearer","expires_in","refresh_token","scope","brand_id",
     *  "groups":[…] when the client is bound to groups}. */
    void (*done)(struct grant *grant, const struct err *err, void *data);
    void *data;
    struct str json, missing;
    void *inside;
};
void grant_start(struct auth *auth, struct store *store, struct loop *loop, struct grant *grant);
void grant_detach(struct grant *grant); /* the caller goes away; `done` is not called */

/* A client that authenticates in the header Authorization (RFC 6749 section 2.3.1). False: it cannot be read. */
bool grant_is_basic(struct str header);
MUST_CHECK bool grant_read_basic(struct arena *arena, struct str header, struct str *client_id,
                                 struct str *client_secret);

/* For `dragoman client add`: "scrypt$N$r$p$salt$hash". Takes some 50 ms and 16 MiB. */
MUST_CHECK int client_secret_hash(struct str secret, struct buf *out, struct err *err);
MUST_CHECK bool client_secret_matches(struct str secret, struct str hash);
