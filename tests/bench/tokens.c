/* What a token costs: judged for the first time (a key of each kind), and again while it is remembered. Real
 * tokens against real keys in a folder of the call's own, one thread, no socket. Usage: tokens DIR */
#include "auth/auth.h"
#include "auth/keys.h"
#include "base/codec.h"
#include "base/clock.h"
#include "conf/conf.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

enum { TOKENS = 2000, HITS = 1000000, ROUNDS = 5 };
#define WALL_MS INT64_C(1700000000000)

static const double miss_aim_us = 60, hit_aim_us = 1; /* for RS256; docs/performance.md */

/* `part`: bytes of r and of s for ECDSA. */
static const struct kind {
    const char *algorithm, *type, *curve;
    const EVP_MD *(*hash)(void);
    bool pss;
    size_t part;
} kinds[] = {
    { "RS256", "RSA", NULL, EVP_sha256, .pss = false }, { "PS256", "RSA", NULL, EVP_sha256, .pss = true },
    { "ES256", "EC", "P-256", EVP_sha256, .part = 32 }, { "ES384", "EC", "P-384", EVP_sha384, .part = 48 },
    { "EdDSA", "ED25519", NULL, NULL, .pss = false },
};

static _Noreturn void give_up(const char *what, const char *why)
{
    (void)fprintf(stderr, "tokens: %s: %s\n", what, why);
    exit(1);
}

static EVP_PKEY *new_key(const struct kind *kind)
{
    EVP_PKEY *key = kind->curve                      ? EVP_PKEY_Q_keygen(NULL, NULL, kind->type, kind->curve)
                    : strcmp(kind->type, "RSA") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, kind->type, (size_t)2048)
                                                     : EVP_PKEY_Q_keygen(NULL, NULL, kind->type);
    return key ? key : (give_up(kind->algorithm, "no key"), NULL);
}

static void write_public(const char *path, EVP_PKEY *key)
{
    FILE *out = fopen(path, "w");

    if (!out || !PEM_write_PUBKEY(out, key) || fclose(out))
        give_up(path, "cannot be written");
}

static struct str sign(struct arena *arena, const struct kind *kind, EVP_PKEY *key, struct str input)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL;
    unsigned char out[1024], raw[256];
    size_t len = sizeof out;

    if (EVP_DigestSignInit(context, &inner, kind->hash ? kind->hash() : NULL, NULL, key) != 1 ||
        (kind->pss && (EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING) != 1 ||
                       EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST) != 1)) ||
        EVP_DigestSign(context, out, &len, (const unsigned char *)input.ptr, input.len) != 1 ||
        (kind->part && ecdsa_to_raw(out, len, kind->part, raw)))
        give_up(kind->algorithm, "cannot sign");
    EVP_MD_CTX_free(context);
    return arena_copy(arena, kind->part ? str_of((const char *)raw, 2 * kind->part)
                                        : str_of((const char *)out, len));
}

/* A token of its own for each `number`. */
static struct str new_token(struct arena *arena, const struct kind *kind, EVP_PKEY *key, int number)
{
    struct buf token = buf_in(arena, 8192);
    struct str header = arena_printf(arena, "{\"alg\":\"%s\",\"typ\":\"at+jwt\"}", kind->algorithm);
    struct str claims =
        arena_printf(arena,
                     "{\"iss\":\"https://"
                     "%s\",\"aud\":\"dragoman\",\"sub\":\"somebody\",\"brand_id\":\"acme\",\"exp\":%lld,"
                     "\"scope\":\"read:patients write:patients read:metrics write:metrics\",\"jti\":\"%d\"}",
                     kind->algorithm, (long long)(WALL_MS / 1000 + 3600), number);

    buf_base64url(&token, header.ptr, header.len);
    buf_char(&token, '.');
    buf_base64url(&token, claims.ptr, claims.len);
    struct str signature = sign(arena, kind, key, buf_str(&token));
    buf_char(&token, '.');
    buf_base64url(&token, signature.ptr, signature.len);
    return buf_str(&token);
}

static void judge(struct auth *auth, struct auth_cache *cache, struct str token)
{
    struct principal *principal;
    struct err err;

    if (auth_judge(auth, cache, token, WALL_MS, &principal, &err))
        give_up("a good token", err.detail);
    principal_release(&principal);
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* Each token once, in a cache that knows none of them; the quickest round. */
static double miss_us(struct auth *auth, const struct str *tokens)
{
    double best = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        struct auth_cache *cache = auth_cache_new(auth);
        uint64_t begin = clock_monotonic_us();
        for (int i = 0; i < TOKENS; i++)
            judge(auth, cache, tokens[i]);
        best = least(best, (double)(clock_monotonic_us() - begin) / TOKENS);
        if (auth_cache_counts(cache).misses != TOKENS)
            give_up("a token", "was known already");
        auth_cache_free(&cache);
    }
    return best;
}

/* A thousand tokens in turn, all of them known. */
static double hit_us(struct auth *auth, const struct str *tokens)
{
    struct auth_cache *cache = auth_cache_new(auth);
    double best = 1e9;

    for (int round = 0; round <= ROUNDS; round++) {
        uint64_t begin = clock_monotonic_us();
        for (int i = 0; i < HITS; i++)
            judge(auth, cache, tokens[i % 1000]);
        if (round) /* the first makes them known */
            best = least(best, (double)(clock_monotonic_us() - begin) / HITS);
    }
    if (auth_cache_counts(cache).misses != 1000)
        give_up("a token", "was forgotten");
    auth_cache_free(&cache);
    return best;
}

static const char *met(double value, double aim)
{
    return value <= aim ? "met" : "not met";
}

int main(int count, char **words)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct buf issuers = buf_in(arena, 1 << 16);
    EVP_PKEY *keys[COUNT(kinds)];
    struct conf *conf;
    struct auth *auth;
    struct err err;

    if (count != 2)
        give_up("usage", "tokens DIR");
    buf_add(&issuers, STR("auth.issuers=["));
    for (size_t i = 0; i < COUNT(kinds); i++) {
        const char *path = arena_printf(arena, "%s/%s.pem", words[1], kinds[i].algorithm).ptr;
        write_public(path, keys[i] = new_key(&kinds[i]));
        buf_printf(&issuers, "%s{issuer: 'https://%s', keys: [{file: %s, algorithm: %s}]}", i ? ", " : "",
                   kinds[i].algorithm, path, kinds[i].algorithm);
    }
    buf_add(&issuers, STR("]"));
    const char *sets[] = { arena_printf(arena, "state_dir=%s/state", words[1]).ptr,
                           arena_cstr(arena, buf_str(&issuers)) };
    if (conf_load(&conf, NULL, sets, COUNT(sets), &err) || auth_new(&auth, conf, &err))
        give_up("the configuration", err.detail);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct str *tokens = ARENA_ARRAY(arena, struct str, TOKENS);
        for (int k = 0; k < TOKENS; k++)
            tokens[k] = new_token(arena, &kinds[i], keys[i], k);
        double miss = miss_us(auth, tokens), hit = hit_us(auth, tokens);
        printf("%s, %zu bytes: %.1f us the first time, %.2f us again", kinds[i].algorithm, tokens[0].len,
               miss, hit);
        if (i == 0)
            printf(" (aims: %.0f us, %s; %.0f us, %s)", miss_aim_us, met(miss, miss_aim_us), hit_aim_us,
                   met(hit, hit_aim_us));
        printf("\n");
        EVP_PKEY_free(keys[i]);
    }
    auth_free(&auth);
    conf_free(&conf);
    arena_free(&arena);
    return 0;
}
