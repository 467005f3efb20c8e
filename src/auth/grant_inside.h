/* One token request on its way. It owns all it needs, so that the caller may go away at any time. */
#pragma once

#include "auth/grant.h"
#include "auth/inside.h"
#include "jdoc/jdoc.h"
#include "store/store.h"

struct grant_work {
    struct arena *arena;
    struct grant *grant; /* NULL: the caller went away */
    struct auth *auth;
    struct store *store;
    struct loop *loop;
    bool revokes; /* `refresh_token` is then the token, of either kind */
    struct str grant_type, client_id, client_secret, refresh_token, scope, peer; /* copies */
    struct str *needs; /* copies, too */
    size_t need_count;
    struct post post;
    struct errand errand;
    struct record_get get;
    struct record_put puts[3];
    size_t puts_under_way;
    struct err put_err; /* the first failure */
    struct family_revoke revoke;
    struct jdoc *client;  /* its record; NULL: unknown */
    struct str guesser;      /* by what failures of this client at this address are counted */
    bool matches, throttled; /* what the errand found */
    /* Of the refresh token that is being used, or empty. */
    struct jdoc *old;
    struct str old_key, old_value;
    struct str family; /* of refresh tokens that came from one another */
    struct str answer; /* JSON */
};

void grant_finish(struct grant_work *work, const struct err *err); /* frees it; err NULL: `answer` is the result */
void grant_fail(struct grant_work *work, enum err_code code, const char *why);

/* The scopes of this grant: those asked for, or else all of `allowed` and the client; -1: one that is not allowed. */
MUST_CHECK int grant_scope(struct grant_work *work, struct str allowed, struct str *scope);

/* Makes the tokens, stores what they need, marks the old refresh token as used, and finishes. */
void grant_issue(struct grant_work *work, struct str scope);

/* client.c. The hash of no secret: comparing with it takes as long as with a client's. */
extern const struct str client_dummy_hash;

/* revoke.c */
void grant_revoke_token(struct grant_work *work);

/* Two used one refresh token: one of them stole it, so nobody's of this family counts any more (RFC 9700 4.14). */
void grant_revoke(struct grant_work *work);
