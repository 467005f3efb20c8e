#include "auth/jwks.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "base/codec.h"
#include "base/log.h"
#include "jdoc/jdoc.h"

enum { MOST_BYTES = 4 * KEYSET_LONGEST, KID_LONGEST = 1024, ED25519_BYTES = 32 };

/* What a set may be used with when nobody says; the first that suits a key is taken when the key does not say
 * either.
 */
static const struct str every_algorithm[] = {
    STR_INIT("RS256"), STR_INIT("ES256"), STR_INIT("ES384"), STR_INIT("ES512"), STR_INIT("EdDSA"),
    STR_INIT("PS256"), STR_INIT("RS384"), STR_INIT("PS384"), STR_INIT("RS512"), STR_INIT("PS512"),
};

struct reader {
    struct arena *arena;
    const struct str *algorithms;
    size_t count;
};

static bool member_is(const struct jdoc *jwk, const char *name, const char *text)
{
    struct str is;

    return jdoc_string(jdoc_get(jwk, name), &is) && str_is(is, text);
}

static bool lists(const struct jdoc *array, const char *text)
{
    struct str is;

    for (size_t i = 0; i < jdoc_count(array); i++)
        if (jdoc_string(jdoc_at(array, i), &is) && str_is(is, text))
            return true;
    return false;
}

/* RFC 7517 sections 4.2 and 4.3: what the key is for. */
static const char *wrong_purpose(const struct jdoc *jwk)
{
    const struct jdoc *operations = jdoc_get(jwk, "key_ops");

    if (jdoc_get(jwk, "use") && !member_is(jwk, "use", "sig"))
        return "its use is not sig";
    if (operations && (jdoc_kind(operations) != JDOC_ARRAY || !lists(operations, "verify")))
        return "its key_ops are without verify";
    if (jdoc_get(jwk, "k") || member_is(jwk, "kty", "oct"))
        return "a shared secret in a set of public keys"; /* RFC 8725 section 2.1 */
    if (jdoc_get(jwk, "d"))
        return "a private key that everybody can read";
    return NULL;
}

static bool suits(const struct algorithm *algorithm, const struct jdoc *jwk)
{
    const char *kty = algorithm_kty(algorithm), *crv = algorithm_crv(algorithm);

    return kty && member_is(jwk, "kty", kty) && (!crv || member_is(jwk, "crv", crv));
}

/* The one algorithm the key is used with, or NULL. */
static const struct algorithm *choose(const struct reader *reader, const struct jdoc *jwk)
{
    const struct jdoc *member = jdoc_get(jwk, "alg");
    struct str said = STR_NONE;

    if (member && !jdoc_string(member, &said))
        return NULL;
    for (size_t i = 0; i < reader->count; i++) {
        const struct algorithm *algorithm = algorithm_find(reader->algorithms[i]);
        if (algorithm && suits(algorithm, jwk) && (!member || str_eq(said, reader->algorithms[i])))
            return algorithm;
    }
    return NULL;
}

static bool bytes_of(const struct reader *reader, const struct jdoc *jwk, const char *name, struct str *bytes)
{
    struct str text;

    return jdoc_string(jdoc_get(jwk, name), &text) && base64url_decode(reader->arena, text, bytes) &&
           bytes->len;
}

static const unsigned char *octets(struct str bytes)
{
    return (const unsigned char *)bytes.ptr;
}

/* Of the parameters that were put together, which are gone afterwards; NULL: they are no key. */
static EVP_PKEY *build(const char *type, OSSL_PARAM_BLD *builder)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *made = NULL;

    if (!params || !context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, params) != 1)
        made = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    return made;
}

static EVP_PKEY *rsa_of(const struct reader *reader, const struct jdoc *jwk)
{
    enum { LONGEST = 2048, EXPONENT_LONGEST = 8 };
    struct str n, e;

    if (!bytes_of(reader, jwk, "n", &n) || !bytes_of(reader, jwk, "e", &e) || n.len > LONGEST ||
        e.len > EXPONENT_LONGEST)
        return NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = BN_bin2bn(octets(n), (int)n.len, NULL),
           *exponent = BN_bin2bn(octets(e), (int)e.len, NULL);
    (void)OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus);
    (void)OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent);
    EVP_PKEY *made = build("RSA", builder);
    BN_free(modulus);
    BN_free(exponent);
    return made;
}

/* The coordinates have the full length of the field (RFC 7518 section 6.2.1.2). */
static EVP_PKEY *ec_of(const struct reader *reader, const struct jdoc *jwk, const struct algorithm *algorithm)
{
    enum { PART_MOST = 66, UNCOMPRESSED = 4 };
    size_t part = algorithm_part(algorithm);
    unsigned char point[1 + 2 * PART_MOST] = { UNCOMPRESSED };
    struct str x, y;

    if (!bytes_of(reader, jwk, "x", &x) || !bytes_of(reader, jwk, "y", &y) || x.len != part || y.len != part)
        return NULL;
    memcpy(point + 1, x.ptr, part);
    memcpy(point + 1 + part, y.ptr, part);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    (void)OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, algorithm_crv(algorithm), 0);
    (void)OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * part);
    return build("EC", builder);
}

static EVP_PKEY *okp_of(const struct reader *reader, const struct jdoc *jwk)
{
    struct str x;

    if (!bytes_of(reader, jwk, "x", &x) || x.len != ED25519_BYTES)
        return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, octets(x), x.len);
}

static EVP_PKEY *public_of(const struct reader *reader, const struct jdoc *jwk,
                           const struct algorithm *algorithm)
{
    EVP_PKEY *made = member_is(jwk, "kty", "RSA")  ? rsa_of(reader, jwk)
                     : member_is(jwk, "kty", "EC") ? ec_of(reader, jwk, algorithm)
                                                   : okp_of(reader, jwk);

    ERR_clear_error();
    return made;
}

/* Fills `key`; why it cannot be used, or NULL. */
static const char *read_key(const struct reader *reader, const struct jdoc *jwk, struct key *key)
{
    const struct jdoc *kid = jdoc_get(jwk, "kid");
    struct str name = STR_NONE;

    if (jdoc_kind(jwk) != JDOC_OBJECT)
        return "not an object";
    if (kid && (!jdoc_string(kid, &name) || !name.len || name.len > KID_LONGEST))
        return "its kid is not a name";
    const char *why = wrong_purpose(jwk);
    if (why)
        return why;
    const struct algorithm *algorithm = choose(reader, jwk);
    if (!algorithm)
        return "no algorithm of this issuer";
    EVP_PKEY *made = public_of(reader, jwk, algorithm);
    if (!made)
        return "malformed";
    why = key_objection(algorithm, made);
    if (why) {
        EVP_PKEY_free(made);
        return why;
    }
    *key = (struct key){ .algorithm = algorithm, .public_key = made, .kid = arena_copy(reader->arena, name) };
    return NULL;
}

/* A name that two keys have says nothing about which one signed. */
static const char *same_name(const struct jdoc *keys, size_t at)
{
    struct str name, other;

    if (!jdoc_string(jdoc_get(jdoc_at(keys, at), "kid"), &name))
        return NULL;
    for (size_t i = 0; i < jdoc_count(keys); i++)
        if (i != at && jdoc_string(jdoc_get(jdoc_at(keys, i), "kid"), &other) && str_eq(name, other))
            return "another key has the same kid";
    return NULL;
}

static void read_all(const struct reader *reader, const struct jdoc *keys, struct str issuer,
                     struct keyset *set)
{
    enum { KID_SHOWN = 64 };

    for (size_t i = 0; i < jdoc_count(keys); i++) {
        struct str name = STR("-");
        const char *why = same_name(keys, i);
        if (!why)
            why = read_key(reader, jdoc_at(keys, i), &set->keys[set->count]);
        if (!why) {
            set->count++;
            continue;
        }
        (void)jdoc_string(jdoc_get(jdoc_at(keys, i), "kid"), &name);
        set->ignored++;
        log_line(LOG_WARN, "auth: issuer " STR_FMT ": key %zu, kid %.*s, is not used: %s", STR_ARG(issuer), i,
                 (int)(name.len < KID_SHOWN ? name.len : KID_SHOWN), name.ptr, why);
    }
}

static int read_set(struct keyset *set, const struct reader *reader, struct str text, struct str issuer,
                    struct err *err)
{
    if (text.len > KEYSET_LONGEST)
        return err_set(err, ERR_CONFIG, "the key set is larger than %d KiB", KEYSET_LONGEST / 1024);
    struct jdoc *doc = jdoc_parse(text, err);
    const struct jdoc *keys = jdoc_get(doc, "keys");
    int rc = -1;
    if (!doc || jdoc_kind(keys) != JDOC_ARRAY) {
        (void)err_set(err, ERR_CONFIG, "no JSON object with a list of keys");
    } else if (jdoc_count(keys) > KEYSET_MOST) {
        (void)err_set(err, ERR_CONFIG, "more than %d keys", KEYSET_MOST);
    } else {
        set->keys = ARENA_ARRAY(set->arena, struct key, jdoc_count(keys) + 1);
        read_all(reader, keys, issuer, set);
        rc = set->count ? 0 : err_set(err, ERR_CONFIG, "no key that can be used among %zu", jdoc_count(keys));
    }
    jdoc_free(&doc);
    return rc;
}

struct keyset *keyset_parse(struct str text, const struct str *algorithms, size_t count, struct str name,
                            struct err *err)
{
    struct arena *arena = arena_new(MOST_BYTES);
    struct keyset *set = ARENA_NEW(arena, struct keyset);
    const struct reader reader = { .arena = arena,
                                   .algorithms = count ? algorithms : every_algorithm,
                                   .count = count ? count : COUNT(every_algorithm) };

    *set = (struct keyset){ .arena = arena, .references = 1 };
    if (read_set(set, &reader, text, name, err))
        keyset_free(&set);
    return set;
}

void keyset_free(struct keyset **set)
{
    struct keyset *gone = *set;

    *set = NULL;
    if (!gone)
        return;
    for (size_t i = 0; i < gone->count; i++)
        key_done(&gone->keys[i]);
    struct arena *arena = gone->arena;
    arena_free(&arena);
}

static bool holds(const struct keyset *set, const struct key *key)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->keys[i].algorithm == key->algorithm && str_eq(set->keys[i].kid, key->kid) &&
            EVP_PKEY_eq(set->keys[i].public_key, key->public_key) == 1)
            return true;
    return false;
}

bool keyset_keeps(const struct keyset *set, const struct keyset *old)
{
    for (size_t i = 0; i < old->count; i++)
        if (!holds(set, &old->keys[i]))
            return false;
    return true;
}
