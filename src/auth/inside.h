/* What struct auth holds. Immutable after auth_start except for what has a lock of its own, so that all loops
 * share it. */
#pragma once

#include "auth/auth.h"
#include "auth/authority.h"
#include "auth/keys.h"
#include "auth/revoked.h"
#include "auth/throttle.h"
#include "base/network.h"

struct issuer {
    struct str name, audience;
    struct key *keys;
    size_t key_count;
    struct remote *remote; /* its key set, or NULL; in the authority's list */
    bool at_jwt;           /* only RFC 9068 access tokens */
};

enum { P256_BYTES = 32 };

/* The gateway's own key pair: EC P-256, used with ES256. */
struct own_key {
    EVP_PKEY *pair; /* owned; of a retired one maybe only the public half */
    struct str pem; /* of the private key, for libjwt */
    struct str kid; /* RFC 7638 thumbprint */
    unsigned char x[P256_BYTES], y[P256_BYTES];
};

struct auth {
    struct arena *arena;
    struct issuer *issuers; /* the first is the gateway itself */
    size_t issuer_count;
    uint64_t skew_s, token_ttl_s, refresh_ttl_s;
    struct str audience, backend_audience;
    const struct str *_Atomic backend_token; /* from token_file; NULL: minted */
    struct arena *renewed; /* of what auth_renew has read; it stays, since who uses it takes no lock */
    struct own_key *own;      /* the first signs, the others did */
    size_t own_count;
    struct throttle guesses, clients, peers; /* of a client's id at an address, of the id alone, and of the address */
    struct revoked revoked;
    struct authority authority;
};

/* Reads the key pair's file, or makes it. */
MUST_CHECK int own_key_load(struct own_key *own, struct arena *arena, const struct conf *conf,
                            struct err *err);
/* The file of an earlier one, private or public. */
MUST_CHECK int own_key_load_retired(struct own_key *own, struct arena *arena, struct str path,
                                    struct err *err);
/* What these two would say at the start. Makes nothing. */
MUST_CHECK int own_key_check(struct arena *arena, const struct conf *conf, struct err *err);
void own_key_done(struct own_key *own);

/* Appends the compact JWS over `claims` (JSON text), signed with ES256. */
MUST_CHECK int own_key_sign(const struct own_key *own, struct arena *scratch, struct str claims,
                            struct buf *out, struct err *err);

/* An address as failures are counted: an IPv6 one stands for its network. In `address`, or borrowed from `peer`. */
struct str auth_network_of(struct str peer, struct address *address);

/* The claims of a token of ours as JSON text; no `jti` for an empty token_id (issue.c). */
void claims_write(const struct auth *auth, const struct token_claims *claims, struct str audience,
                  int64_t wall_ms, struct buf *json);
