/* Client secrets, hashed so that each guess costs memory and time (RFC 7914). */
#include "auth/grant_inside.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

#include "base/codec.h"

enum {
    COST_N = 16384,
    COST_R = 8,
    COST_P = 1,
    SALT_BYTES = 16,
    HASH_BYTES = 32,
    MOST_BYTES = 64 * 1024 * 1024, /* of memory, whatever a stored hash asks for */
};

const struct str client_dummy_hash =
    STR_INIT("scrypt$16384$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

struct costs {
    uint64_t n, r, p;
};

/* A copy for OpenSSL, whose parameters are not const though it only reads them. */
static OSSL_PARAM bytes_param(struct arena *arena, const char *name, struct str bytes)
{
    char *copy = arena_alloc(arena, bytes.len + 1);

    if (bytes.len)
        memcpy(copy, bytes.ptr, bytes.len);
    return OSSL_PARAM_construct_octet_string(name, copy, bytes.len);
}

static int derive(struct arena *arena, struct str secret, struct str salt, struct costs costs,
                  unsigned char hash[static HASH_BYTES])
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    uint64_t most = MOST_BYTES;
    const OSSL_PARAM params[] = {
        bytes_param(arena, OSSL_KDF_PARAM_PASSWORD, secret),
        bytes_param(arena, OSSL_KDF_PARAM_SALT, salt),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &costs.n),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_R, &costs.r),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_P, &costs.p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &most),
        OSSL_PARAM_construct_end(),
    };
    bool ok = context && EVP_KDF_derive(context, hash, HASH_BYTES, params) == 1;

    OPENSSL_cleanse(params[0].data, params[0].data_size);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    ERR_clear_error();
    return ok ? 0 : -1;
}

static void free_arena(struct arena **arena)
{
    arena_free(arena);
}

int client_secret_hash(struct str secret, struct buf *out, struct err *err)
{
    CLEANUP(free_arena) struct arena *arena = arena_new(SIZE_MAX);
    char salt[SALT_BYTES];
    unsigned char hash[HASH_BYTES];

    random_bytes(salt, sizeof salt);
    if (derive(arena, secret, str_of(salt, sizeof salt), (struct costs){ COST_N, COST_R, COST_P }, hash))
        return err_set(err, ERR_INTERNAL, "auth: a secret could not be hashed");
    buf_printf(out, "scrypt$%d$%d$%d$", COST_N, COST_R, COST_P);
    buf_base64url(out, salt, sizeof salt);
    buf_char(out, '$');
    buf_base64url(out, hash, sizeof hash);
    return buf_ok(out) ? 0 : err_set(err, ERR_INTERNAL, "auth: no room for a hash");
}

static bool parse_hash(struct arena *arena, struct str text, struct costs *costs, struct str *salt,
                       struct str *hash)
{
    struct str parts[6], rest = text;

    for (size_t i = 0; i < 5; i++)
        if (!str_cut(rest, '$', &parts[i], &rest))
            return false;
    parts[5] = rest;
    return str_is(parts[0], "scrypt") && str_to_uint(parts[1], &costs->n) &&
           str_to_uint(parts[2], &costs->r) && str_to_uint(parts[3], &costs->p) &&
           base64url_decode(arena, parts[4], salt) && base64url_decode(arena, parts[5], hash) &&
           salt->len >= SALT_BYTES && hash->len == HASH_BYTES && costs->p <= 16;
}

bool client_secret_matches(struct str secret, struct str hash)
{
    CLEANUP(free_arena) struct arena *arena = arena_new(SIZE_MAX);
    struct costs costs;
    struct str salt, wanted;
    unsigned char found[HASH_BYTES];

    return parse_hash(arena, hash, &costs, &salt, &wanted) && !derive(arena, secret, salt, costs, found) &&
           !CRYPTO_memcmp(found, wanted.ptr, HASH_BYTES);
}
