/* Keys as members of a key set (RFC 7517), for tests that publish them. */
#pragma once

#include "test_auth_keys.h"

#include <openssl/core_names.h>

static inline struct str number_of(EVP_PKEY *key, const char *name, int part)
{
    struct buf out = buf_in(test_arena, 1 << 16);
    unsigned char bytes[1024];
    BIGNUM *number = NULL;

    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
    int len = part ? BN_bn2binpad(number, bytes, part) : BN_bn2bin(number, bytes);
    BN_free(number);
    buf_base64url(&out, bytes, (size_t)len);
    return buf_str(&out);
}

/* `more`: further members, each with a comma in front. */
static inline struct str jwk_rsa(EVP_PKEY *key, const char *more)
{
    return arena_printf(test_arena, "{\"kty\":\"RSA\",\"n\":\"" STR_FMT "\",\"e\":\"" STR_FMT "\"%s}",
                        STR_ARG(number_of(key, OSSL_PKEY_PARAM_RSA_N, 0)),
                        STR_ARG(number_of(key, OSSL_PKEY_PARAM_RSA_E, 0)), more);
}

static inline struct str jwk_ec(EVP_PKEY *key, const char *crv, int part, const char *more)
{
    return arena_printf(test_arena,
                        "{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"" STR_FMT "\",\"y\":\"" STR_FMT "\"%s}", crv,
                        STR_ARG(number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, part)),
                        STR_ARG(number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, part)), more);
}

static inline struct str jwk_ed25519(EVP_PKEY *key, const char *more)
{
    struct buf out = buf_in(test_arena, 1 << 16);
    unsigned char bytes[32];
    size_t len = sizeof bytes;

    assert_int_equal(EVP_PKEY_get_raw_public_key(key, bytes, &len), 1);
    buf_base64url(&out, bytes, len);
    return arena_printf(test_arena, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" STR_FMT "\"%s}",
                        STR_ARG(buf_str(&out)), more);
}

static inline struct str jwks_of(const struct str *keys, size_t count)
{
    struct buf out = buf_in(test_arena, 1 << 20);

    buf_add(&out, STR("{\"keys\":["));
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_char(&out, ',');
        buf_add(&out, keys[i]);
    }
    buf_add(&out, STR("]}"));
    return buf_str(&out);
}
