#include "auth/keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "auth/files.h"
#include "conf/conf.h"

enum family { FAMILY_HMAC, FAMILY_RSA, FAMILY_PSS, FAMILY_ECDSA, FAMILY_EDDSA };
enum { RSA_LEAST_BITS = 2048, RSA_MOST_BITS = 16384 };

struct algorithm {
    struct str name;
    enum family family;
    const EVP_MD *(*hash)(void);
    const char *group; /* of ECDSA */
    size_t part;       /* bytes of r and of s */
    const char *crv;   /* RFC 7518 section 6.2.1.1, RFC 8037 section 2 */
};

/* RFC 7518 section 3.1, RFC 8037 section 3.1. */
static const struct algorithm algorithms[] = {
    { STR_INIT("HS256"), .family = FAMILY_HMAC, .hash = EVP_sha256 },
    { STR_INIT("HS384"), .family = FAMILY_HMAC, .hash = EVP_sha384 },
    { STR_INIT("HS512"), .family = FAMILY_HMAC, .hash = EVP_sha512 },
    { STR_INIT("RS256"), .family = FAMILY_RSA, .hash = EVP_sha256 },
    { STR_INIT("RS384"), .family = FAMILY_RSA, .hash = EVP_sha384 },
    { STR_INIT("RS512"), .family = FAMILY_RSA, .hash = EVP_sha512 },
    { STR_INIT("PS256"), .family = FAMILY_PSS, .hash = EVP_sha256 },
    { STR_INIT("PS384"), .family = FAMILY_PSS, .hash = EVP_sha384 },
    { STR_INIT("PS512"), .family = FAMILY_PSS, .hash = EVP_sha512 },
    { STR_INIT("ES256"), .family = FAMILY_ECDSA, .hash = EVP_sha256, .group = "prime256v1", .part = 32,
      .crv = "P-256" },
    { STR_INIT("ES384"), .family = FAMILY_ECDSA, .hash = EVP_sha384, .group = "secp384r1", .part = 48,
      .crv = "P-384" },
    { STR_INIT("ES512"), .family = FAMILY_ECDSA, .hash = EVP_sha512, .group = "secp521r1", .part = 66,
      .crv = "P-521" },
    { STR_INIT("EdDSA"), .family = FAMILY_EDDSA, .crv = "Ed25519" },
};

const struct algorithm *algorithm_find(struct str name)
{
    for (size_t i = 0; i < COUNT(algorithms); i++)
        if (str_eq(name, algorithms[i].name))
            return &algorithms[i];
    return NULL;
}

const char *algorithm_kty(const struct algorithm *algorithm)
{
    static const char *const words[] = {
        [FAMILY_RSA] = "RSA", [FAMILY_PSS] = "RSA", [FAMILY_ECDSA] = "EC", [FAMILY_EDDSA] = "OKP"
    };

    return words[algorithm->family];
}

const char *algorithm_crv(const struct algorithm *algorithm)
{
    return algorithm->crv;
}

size_t algorithm_part(const struct algorithm *algorithm)
{
    return algorithm->part;
}

static int fault(const struct conf_key *conf, struct err *err, const char *words)
{
    ERR_clear_error();
    return err_set(err, ERR_CONFIG, STR_FMT ": %s for " STR_FMT, STR_ARG(conf->file), words,
                   STR_ARG(conf->algorithm));
}

/* The bytes of the file less one line end, which editors add. */
static int load_secret(struct key *key, struct arena *arena, const struct conf_key *conf, struct err *err)
{
    struct str text;

    if (file_read(arena, conf->file, true, &text, err))
        return -1;
    if (text.len && text.ptr[text.len - 1] == '\n')
        text.len--;
    if (text.len && text.ptr[text.len - 1] == '\r')
        text.len--;
    if (str_starts(text, STR("-----BEGIN")))
        return fault(conf, err,
                     "a PEM file is not a shared secret"); /* a public key as secret: RFC 8725 section 2.1 */
    if (text.len < (size_t)EVP_MD_get_size(key->algorithm->hash()))
        return fault(conf, err, "the secret is too short"); /* RFC 7518 section 3.2 */
    key->secret = text;
    return 0;
}

static EVP_PKEY *parse_public(struct str text)
{
    BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

    if (!key) {
        (void)BIO_reset(bio);
        X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        key = certificate ? X509_get_pubkey(certificate) : NULL;
        X509_free(certificate);
    }
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static bool is_group(const EVP_PKEY *key, const char *group)
{
    char name[64];
    size_t len;

    /* A curve given by parameters has no name, and is refused with the wrong ones. */
    return EVP_PKEY_get_group_name(key, name, sizeof name, &len) && str_is(str_of(name, len), group);
}

static bool is_point(EVP_PKEY *key)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ok = context && EVP_PKEY_public_check(context) == 1;

    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return ok;
}

/* CVE-2017-15361 (ROCA): a widely used chip made primes whose product is a power of 65537 modulo each of
 * these, and such keys can be factored. Of other keys one in 2^28 is. */
static bool is_roca(const EVP_PKEY *key)
{
    static const unsigned char primes[] = { 11, 13, 17,  19,  37,  53,  61,  71, 73,
                                            79, 97, 103, 107, 109, 127, 151, 157 };
    BIGNUM *n = NULL;
    bool all = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1;

    for (size_t i = 0; i < COUNT(primes) && all; i++) {
        unsigned rest = (unsigned)BN_mod_word(n, primes[i]), power = 1;
        do
            power = power * 65537 % primes[i];
        while (power != rest && power != 1);
        all = power == rest;
    }
    BN_free(n);
    return all;
}

/* With the exponent 1 every message is its own signature; an even one has no inverse. */
static bool is_exponent(const EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    bool ok = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) && !BN_is_one(e);

    BN_free(e);
    ERR_clear_error();
    return ok;
}

const char *key_objection(const struct algorithm *algorithm, EVP_PKEY *public_key)
{
    int is = EVP_PKEY_get_base_id(public_key), bits = EVP_PKEY_get_bits(public_key);

    switch (algorithm->family) {
    case FAMILY_RSA:
    case FAMILY_PSS:
        if (is != EVP_PKEY_RSA && !(is == EVP_PKEY_RSA_PSS && algorithm->family == FAMILY_PSS))
            return "not an RSA key";
        if (bits < RSA_LEAST_BITS || bits > RSA_MOST_BITS)
            return "RSA key under 2048 or over 16384 bits";
        if (is_roca(public_key))
            return "an RSA key that can be factored (ROCA)";
        return is_exponent(public_key) ? NULL : "an impossible RSA exponent";
    case FAMILY_ECDSA:
        if (is != EVP_PKEY_EC || !is_group(public_key, algorithm->group))
            return "not a key of the algorithm's curve";
        return is_point(public_key) ? NULL : "the point is not on the curve";
    case FAMILY_EDDSA:
        return is == EVP_PKEY_ED25519 || is == EVP_PKEY_ED448 ? NULL : "not an Ed25519 or Ed448 key";
    case FAMILY_HMAC:
        break;
    }
    return "not a public key";
}

int key_load(struct key *key, struct arena *arena, const struct conf_key *conf, struct err *err)
{
    struct str text;

    *key = (struct key){ .algorithm = algorithm_find(conf->algorithm), .kid = conf->kid };
    if (!key->algorithm)
        return fault(conf, err, "unknown algorithm");
    if (key->algorithm->family == FAMILY_HMAC)
        return load_secret(key, arena, conf, err);
    if (file_read(arena, conf->file, false, &text, err))
        return -1;
    key->public_key = parse_public(text);
    if (!key->public_key)
        return fault(conf, err, "expected a public key or certificate in PEM");
    const char *why = key_objection(key->algorithm, key->public_key);
    return why ? fault(conf, err, why) : 0;
}

void key_done(struct key *key)
{
    EVP_PKEY_free(key->public_key);
    *key = (struct key){ 0 };
}

bool key_fits(const struct key *key, struct str algorithm, struct str kid)
{
    return str_eq(key->algorithm->name, algorithm) && (!key->kid.len || str_eq(key->kid, kid));
}

static const unsigned char *bytes(struct str s)
{
    return (const unsigned char *)s.ptr;
}

static int verify_mac(const struct key *key, struct str input, struct str signature)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (!HMAC(key->algorithm->hash(), key->secret.ptr, (int)key->secret.len, bytes(input), input.len, mac,
              &len))
        return -1;
    return signature.len == len && !CRYPTO_memcmp(mac, signature.ptr, len);
}

int ecdsa_to_der(struct str raw, size_t part, unsigned char **der, int *der_len)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(bytes(raw), (int)part, NULL), *s = BN_bin2bn(bytes(raw) + part, (int)part, NULL);

    *der = NULL;
    if (!pair || !r || !s || !ECDSA_SIG_set0(pair, r, s)) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);
        return -1;
    }
    *der_len = i2d_ECDSA_SIG(pair, der);
    ECDSA_SIG_free(pair);
    return *der_len > 0 ? 0 : -1;
}

int ecdsa_to_raw(const unsigned char *der, size_t der_len, size_t part, unsigned char *raw)
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)der_len);
    int size = (int)part;
    bool ok = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, size) == size &&
              BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + part, size) == size;

    ECDSA_SIG_free(pair);
    return ok ? 0 : -1;
}

static int verify_public(const struct key *key, struct str input, struct str signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL;
    const EVP_MD *hash = key->algorithm->hash ? key->algorithm->hash() : NULL;
    int found = -1;

    if (context && EVP_DigestVerifyInit(context, &inner, hash, NULL, key->public_key) == 1 &&
        (key->algorithm->family != FAMILY_PSS ||
         (EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING) == 1 &&
          EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST) == 1)))
        found = EVP_DigestVerify(context, bytes(signature), signature.len, bytes(input), input.len) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return found;
}

int key_verify(const struct key *key, struct str input, struct str signature)
{
    unsigned char *der;
    int der_len;

    if (key->algorithm->family == FAMILY_HMAC)
        return verify_mac(key, input, signature);
    if (key->algorithm->family != FAMILY_ECDSA)
        return verify_public(key, input, signature);
    if (signature.len != 2 * key->algorithm->part)
        return 0;
    if (ecdsa_to_der(signature, key->algorithm->part, &der, &der_len))
        return -1;
    int found = verify_public(key, input, str_of((const char *)der, (size_t)der_len));
    OPENSSL_free(der);
    return found;
}
