/* Keys and tokens for the tests of auth/, made at test time in a folder of their own. */
#pragma once

#include "check.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/auth.h"
#include "auth/keys.h"
#include "base/codec.h"
#include "conf/conf.h"

#define NOW_S  INT64_C(1700000000)
#define NOW_MS (NOW_S * 1000)

static char test_dir[64];
static struct arena *test_arena;

static inline int setup_dir(void **state)
{
    (void)state;
    (void)snprintf(test_dir, sizeof test_dir, "/tmp/test_auth.XXXXXX");
    test_arena = arena_new(SIZE_MAX);
    return mkdtemp(test_dir) ? 0 : -1;
}

static inline int drop_dir(void **state)
{
    char command[128];

    (void)state;
    arena_free(&test_arena);
    (void)snprintf(command, sizeof command, "rm -rf %s", test_dir);
    return system(command);
}

static inline const char *test_path(const char *name)
{
    return arena_printf(test_arena, "%s/%s", test_dir, name).ptr;
}

static inline void write_file(const char *name, struct str text, mode_t mode)
{
    FILE *out = fopen(test_path(name), "w");

    assert_non_null(out);
    assert_true(fwrite(text.ptr, 1, text.len, out) == text.len);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(test_path(name), mode), 0);
}

static inline struct str public_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;

    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    long len = BIO_get_mem_data(bio, &text);
    struct str copy = arena_copy(test_arena, str_of(text, (size_t)len));
    BIO_free(bio);
    return copy;
}

static inline struct str public_der(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);

    assert_true(len > 0);
    struct str copy = arena_copy(test_arena, str_of((const char *)der, (size_t)len));
    OPENSSL_free(der);
    return copy;
}

static inline EVP_PKEY *make_rsa(size_t bits)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);
}

static inline EVP_PKEY *make_ec(const char *curve)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);
}

static inline struct str mac(const EVP_MD *hash, struct str secret, struct str input)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    assert_non_null(
        HMAC(hash, secret.ptr, (int)secret.len, (const unsigned char *)input.ptr, input.len, out, &len));
    return arena_copy(test_arena, str_of((const char *)out, len));
}

/* `part`: bytes of r and s for ECDSA, else 0. */
static inline struct str sign_public(EVP_PKEY *key, const EVP_MD *hash, bool pss, size_t part,
                                     struct str input)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL;
    unsigned char out[4096], raw[256];
    size_t len = sizeof out;

    assert_int_equal(EVP_DigestSignInit(context, &inner, hash, NULL, key), 1);
    if (pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST), 1);
    }
    assert_int_equal(EVP_DigestSign(context, out, &len, (const unsigned char *)input.ptr, input.len), 1);
    EVP_MD_CTX_free(context);
    if (!part)
        return arena_copy(test_arena, str_of((const char *)out, len));
    assert_int_equal(ecdsa_to_raw(out, len, part, raw), 0);
    return arena_copy(test_arena, str_of((const char *)raw, 2 * part));
}

/* "<header>.<claims>", both encoded. */
static inline struct str signing_input(struct str header, struct str claims)
{
    struct buf out = buf_in(test_arena, 1 << 20);

    buf_base64url(&out, header.ptr, header.len);
    buf_char(&out, '.');
    buf_base64url(&out, claims.ptr, claims.len);
    return buf_str(&out);
}

static inline struct str with_signature(struct str input, struct str signature)
{
    struct buf out = buf_in(test_arena, 1 << 20);

    buf_add(&out, input);
    buf_char(&out, '.');
    buf_base64url(&out, signature.ptr, signature.len);
    return buf_str(&out);
}

/* A configuration whose state is in the test's folder. `issuers`: a YAML flow list, or NULL. */
static inline struct conf *test_conf(const char *issuers)
{
    struct conf *conf = NULL;
    struct err err = { 0 };
    const char *sets[] = {
        arena_printf(test_arena, "state_dir=%s/state", test_dir).ptr,
        arena_printf(test_arena, "auth.issuers=%s", issuers ? issuers : "[]").ptr,
    };

    CHECK(!conf_load(&conf, NULL, sets, COUNT(sets), &err), "%s", err.detail);
    return conf;
}
