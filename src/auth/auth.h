/* Credential -> principal -> decision. The keys are parsed at load and shared by all loops; each loop has its own
 * cache of verified tokens, so a hit takes no lock. A denied credential (-1 with ERR_INVALID_TOKEN) and a broken check
 * (ERR_INTERNAL, ERR_UNAVAILABLE) are different results. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct conf;
struct loop;
struct store;

/* Who is calling. Immutable; counted references, not thread safe (one loop). */
struct principal {
    struct str subject, brand; /* brand empty: none claimed */
    const struct str *scopes;
    size_t scope_count;
    bool patients_bound; /* then only `patients` (canonical ids; maybe none) may be touched */
    const struct str *patients;
    size_t patient_count;
    bool groups_bound;
    const struct str *groups; /* canonical ids */
    size_t group_count;
    struct str token_id; /* jti, or empty */
    int64_t expires_ms;  /* wall clock */
    uint64_t serial;     /* no other principal of this process has it; 0: made by hand */
};
struct principal *principal_keep(struct principal *principal);
void principal_release(struct principal **principal);

/* The scope itself, manage:<resource> for read: and write:, admin:<resource>, or admin:* (design: decisions.md). */
bool principal_allows(const struct principal *principal, struct str scope);
bool principal_is_admin(const struct principal *principal); /* holds admin:* */
bool principal_may_patient(const struct principal *principal, struct str canonical_id);
bool principal_may_group(const struct principal *principal, struct str canonical_id);

struct auth;
struct auth_cache;

/* Keys, issuers and audiences from the configuration; makes the signing key file if it does not exist (ES256, mode
 * 0600). Errors name file and place. */
MUST_CHECK int auth_new(struct auth **auth, const struct conf *conf, struct err *err);

/* Checks what auth_new would check: keys, secrets and the modes of their files. Makes no files and asks nobody. */
MUST_CHECK int auth_check(const struct conf *conf, struct err *err);
void auth_free(struct auth **auth);
struct auth_cache *auth_cache_new(struct auth *auth);
void auth_cache_free(struct auth_cache **cache);

/* Three base64url segments of plausible length: a JWT; anything else is opaque. */
bool auth_looks_jwt(struct str token);

/* Reads the gateway's own credentials again that are files: backend.token_file, both secret_files. Each is used from then on, or,
 * if it is no good, the old one is; the log says which. While the loops run; one thread at a time. `why` begins the lines. */
void auth_renew(struct auth *auth, const struct conf *conf, const char *why);

/* Starts the thread that fetches key sets and asks about tokens, if the configuration names any. Once, before the
 * loops run; without it the credentials that need it are ERR_UNAVAILABLE. auth_free ends it. */
MUST_CHECK int auth_start(struct auth *auth, struct err *err);

/* A client's credential of the kind AUTH_JWT or AUTH_ASKED_ABOUT. */
struct auth_ask {
    struct str token, peer; /* peer: the client's address, for patience with failures; borrowed until auth_ask returns */
    struct loop *loop;
    /* On the loop, if the answer was AUTH_LATER; not after auth_ask_detach. */
    void (*done)(struct auth_ask *ask, const struct err *err, void *data);
    void *data;
    struct principal *principal; /* result: a reference for the caller */
    void *inside;
};
/* AUTH_NO: `err` says why: ERR_INVALID_TOKEN, ERR_TOO_MANY (credentials of this peer were refused), ERR_UNAVAILABLE
 * (the authority to be asked does not answer), ERR_INTERNAL. */
enum auth_answer { AUTH_YES, AUTH_NO, AUTH_LATER };
MUST_CHECK enum auth_answer auth_ask(struct auth *auth, struct auth_cache *cache, struct auth_ask *ask,
                                     struct err *err);
void auth_ask_detach(struct auth_ask *ask); /* the caller goes away */

/* The kind of a credential, by its prefix or form. One of AUTH_OF_TABLE the caller itself looks up in the store
 * (auth_opaque_key): before that it asks whether this peer may try, and after a refusal it reports it. */
enum auth_kind { AUTH_JWT, AUTH_ASKED_ABOUT, AUTH_OF_TABLE };
enum auth_kind auth_kind_of(const struct auth *auth, struct str token);
bool auth_peer_allowed(struct auth *auth, struct str peer);
void auth_peer_failed(struct auth *auth, struct str peer);

/* Judges a JWT for this gateway's audience with the keys at hand. `principal` gets a reference for the caller. */
MUST_CHECK int auth_judge(struct auth *auth, struct auth_cache *cache, struct str token, int64_t wall_ms,
                          struct principal **principal, struct err *err);

/* A call of the gateway to the backend (audience backend.audience), for the embedded backend's own check. */
MUST_CHECK int auth_judge_backend(struct auth *auth, struct auth_cache *cache, struct str token, int64_t wall_ms,
                                  struct principal **principal, struct err *err);

/* The key of an opaque token in the store: SHA-256 in hex, 64 bytes in `arena`; and its record's claims (JSON text
 * {sub, brand_id, scope, patient_id, groups, exp}) as a principal. */
struct str auth_opaque_key(struct arena *arena, struct str token);
MUST_CHECK int auth_principal_from_claims(struct str claims_json, int64_t wall_ms, struct principal **principal,
                                          struct err *err);

/* The credential for a call to the backend: a JWT minted for this principal (not NULL) and reused until 30 s before its
 * end, or the configured token_file's content, or the token of the token endpoint (ERR_UNAVAILABLE while there is none).
 * `brand` is the brand acted for. `token` is borrowed until the next call for this cache. */
MUST_CHECK int auth_backend_token(struct auth *auth, struct auth_cache *cache, const struct principal *principal,
                                  struct str brand, int64_t wall_ms, struct str *token, struct err *err);

/* Does that credential say whose call it is? Only a minted one does. */
bool auth_backend_knows_caller(const struct auth *auth);

/* A token for a client (token endpoint, `dragoman token`), signed with the gateway's key. */
struct token_claims {
    struct str subject, brand, scope; /* scope: space separated */
    const struct str *patients, *groups;
    size_t patient_count, group_count;
    bool patients_bound, groups_bound;
    struct str token_id;
    int64_t ttl_s;
};
MUST_CHECK int auth_issue(struct auth *auth, const struct token_claims *claims, int64_t wall_ms, struct buf *out,
                          struct err *err);

/* The gateway's public keys as a JWKS document (RFC 7517). */
void auth_jwks(const struct auth *auth, struct buf *out);

/* The metadata for OAuth clients (RFC 8414), with paths under auth.issuer; empty ones are not offered. ERR_NO_ROUTE if
 * auth.issuer is not an http:// or https:// address. */
struct auth_endpoints {
    struct str token, revocation, keys;
};
MUST_CHECK int auth_metadata(const struct auth *auth, const struct auth_endpoints *endpoints, struct arena *arena,
                             struct buf *out, struct err *err);

/* Tokens that were revoked before the process started. Before the loops run. */
MUST_CHECK int auth_load_revoked(struct auth *auth, struct store *store, int64_t wall_ms, struct err *err);

struct auth_counts {
    uint64_t hits, misses, denied;
};
struct auth_counts auth_cache_counts(const struct auth_cache *cache);

/* For alerts: the issuers whose key sets are fetched, and the introspection endpoint. Any thread. */
struct auth_others {
    unsigned key_sets, failing, missing; /* failing: not fetched the last time; missing: never yet */
    uint64_t fetches, questions, unanswered; /* questions: to the introspection endpoint */
};
struct auth_others auth_others(struct auth *auth);
