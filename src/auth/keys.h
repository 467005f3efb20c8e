/* Keys that verify: parsed once, each bound to exactly one algorithm (RFC 8725 section 3.1). Immutable after loading;
 * any thread. */
#pragma once

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/err.h"

struct algorithm;
struct conf_key;

struct key {
    const struct algorithm *algorithm;
    EVP_PKEY *public_key; /* owned; NULL: a shared secret */
    struct str secret;
    struct str kid; /* empty: any token's */
};

const struct algorithm *algorithm_find(struct str name); /* exact, case sensitive; NULL: none of ours */

/* How a key set (RFC 7517) says what the algorithm's keys are: "RSA", "EC" or "OKP", and the curve or NULL. */
const char *algorithm_kty(const struct algorithm *algorithm); /* NULL: a shared secret's */
const char *algorithm_crv(const struct algorithm *algorithm);
size_t algorithm_part(const struct algorithm *algorithm); /* bytes of an EC coordinate */

/* Why `public_key` is no good for the algorithm (RFC 8725 sections 3.2 to 3.5), or NULL. */
const char *key_objection(const struct algorithm *algorithm, EVP_PKEY *public_key);

/* From the file of `conf`; refuses weak keys and ones of another kind (RFC 8725 sections 3.2 to 3.5). */
MUST_CHECK int key_load(struct key *key, struct arena *arena, const struct conf_key *conf, struct err *err);
void key_done(struct key *key);

/* May this key judge a token with this header? */
bool key_fits(const struct key *key, struct str algorithm, struct str kid);

/* 1: `signature` is this key's over `input`; 0: it is not; -1: could not be judged. */
MUST_CHECK int key_verify(const struct key *key, struct str input, struct str signature);

/* ECDSA signatures as OpenSSL and as RFC 7518 section 3.4 write them: DER, and two numbers of `part` bytes. */
MUST_CHECK int ecdsa_to_der(struct str raw, size_t part, unsigned char **der, int *der_len); /* OPENSSL_free(*der) */
MUST_CHECK int ecdsa_to_raw(const unsigned char *der, size_t der_len, size_t part, unsigned char *raw);
