/* Credentials that are no JWT: known by their hash, described by a record of the store. */
#include <openssl/evp.h>

#include "auth/principal.h"
#include "base/codec.h"

struct str auth_opaque_key(struct arena *arena, struct str token)
{
    struct buf text = buf_in(arena, 64);
    unsigned char hash[32];

    if (EVP_Digest(token.ptr ? token.ptr : "", token.len, hash, NULL, EVP_sha256(), NULL) != 1)
        return STR_NONE;
    buf_hex(&text, hash, sizeof hash);
    return buf_str(&text);
}

/* `exp` may be absent: a token that lives until it is revoked. */
static int expiry(const struct jdoc *claims, int64_t *expires_ms)
{
    const struct jdoc *exp = jdoc_get(claims, "exp");
    int64_t seconds;

    *expires_ms = INT64_MAX;
    if (!exp)
        return 0;
    if (!jdoc_integer(exp, &seconds) || seconds < 0 || seconds > INT64_MAX / 1000)
        return -1;
    *expires_ms = seconds * 1000;
    return 0;
}

int auth_principal_from_claims(struct str claims_json, int64_t wall_ms, struct principal **principal,
                               struct err *err)
{
    struct jdoc *claims = jdoc_parse(claims_json, err);
    int64_t expires_ms;

    if (jdoc_kind(claims) != JDOC_OBJECT || expiry(claims, &expires_ms)) {
        jdoc_free(&claims);
        return err_set(err, ERR_INTERNAL, "auth: a token's record is damaged");
    }
    if (wall_ms >= expires_ms) {
        jdoc_free(&claims);
        return err_set(err, ERR_INVALID_TOKEN, "token: expired");
    }
    struct lot *lot = lot_new(SIZE_MAX);
    *principal = principal_new(lot, claims, expires_ms);
    lot_release(&lot); /* the principal holds it now */
    jdoc_free(&claims);
    return 0;
}
