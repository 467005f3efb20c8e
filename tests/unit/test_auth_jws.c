#include "test_auth_keys.h"

#define GOOD_HEADER "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}"
#define GOOD_CLAIMS                                                                                          \
    "{\"iss\":\"https://"                                                                                    \
    "rs256\",\"aud\":\"dragoman\",\"sub\":\"s1\",\"exp\":1700000600,\"scope\":\"read:patients\"}"
#define CLAIMS(rest) "{\"iss\":\"https://rs256\"," rest "}"
#define TIMES(rest)  CLAIMS("\"aud\":\"dragoman\"," rest)

enum { SECRET_LEN = 64 };
static const char secret_text[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static EVP_PKEY *rsa, *p256, *other_p256, *p384, *p521, *ed25519;
static struct conf *conf;
static struct auth *auth;
static struct auth_cache *cache;

/* One issuer for each algorithm: https://<algorithm in lower case>. */
static struct signer {
    const char *algorithm, *issuer, *file;
    EVP_PKEY **key; /* NULL: the secret */
    const EVP_MD *(*hash)(void);
    bool pss;
    size_t part;
} signers[] = {
    { "HS256", "https://hs256", "secret", .hash = EVP_sha256 },
    { "HS384", "https://hs384", "secret", .hash = EVP_sha384 },
    { "HS512", "https://hs512", "secret", .hash = EVP_sha512 },
    { "RS256", "https://rs256", "rsa.pem", .key = &rsa, .hash = EVP_sha256 },
    { "RS384", "https://rs384", "rsa.pem", .key = &rsa, .hash = EVP_sha384 },
    { "RS512", "https://rs512", "rsa.pem", .key = &rsa, .hash = EVP_sha512 },
    { "PS256", "https://ps256", "rsa.pem", .key = &rsa, .hash = EVP_sha256, .pss = true },
    { "PS384", "https://ps384", "rsa.pem", .key = &rsa, .hash = EVP_sha384, .pss = true },
    { "PS512", "https://ps512", "rsa.pem", .key = &rsa, .hash = EVP_sha512, .pss = true },
    { "ES256", "https://es256", "p256.pem", .key = &p256, .hash = EVP_sha256, .part = 32 },
    { "ES384", "https://es384", "p384.pem", .key = &p384, .hash = EVP_sha384, .part = 48 },
    { "ES512", "https://es512", "p521.pem", .key = &p521, .hash = EVP_sha512, .part = 66 },
    { "EdDSA", "https://eddsa", "ed25519.pem", .key = &ed25519 },
};

static struct str sign_with(const struct signer *signer, struct str input)
{
    if (!signer->key)
        return mac(signer->hash(), str_of(secret_text, SECRET_LEN), input);
    return sign_public(*signer->key, signer->hash ? signer->hash() : NULL, signer->pss, signer->part, input);
}

static int start(void **state)
{
    if (setup_dir(state))
        return -1;
    rsa = make_rsa(2048);
    p256 = make_ec("P-256");
    other_p256 = make_ec("P-256");
    p384 = make_ec("P-384");
    p521 = make_ec("P-521");
    ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    write_file("secret", arena_printf(test_arena, "%s\n", secret_text), 0600);
    write_file("rsa.pem", public_pem(rsa), 0644);
    write_file("p256.pem", public_pem(p256), 0644);
    write_file("other.pem", public_pem(other_p256), 0644);
    write_file("p384.pem", public_pem(p384), 0644);
    write_file("p521.pem", public_pem(p521), 0644);
    write_file("ed25519.pem", public_pem(ed25519), 0644);

    struct buf list = buf_in(test_arena, 1 << 16);
    for (size_t i = 0; i < COUNT(signers); i++)
        buf_printf(&list, "%s{issuer: '%s', keys: [{file: %s, algorithm: %s%s}]}", i ? ", " : "[",
                   signers[i].issuer, test_path(signers[i].file), signers[i].algorithm,
                   i == 3 ? ", kid: k1" : "");
    buf_printf(&list,
               ", {issuer: 'https://two', audience: elsewhere, keys: [{file: %s, algorithm: ES256, kid: a}, ",
               test_path("p256.pem"));
    buf_printf(&list, "{file: %s, algorithm: ES256, kid: b}]}]", test_path("other.pem"));
    buf_char(&list, '\0');
    conf = test_conf(list.ptr);
    struct err err = { 0 };
    CHECK(!auth_new(&auth, conf, &err), "%s", err.detail);
    cache = auth_cache_new(auth);
    return 0;
}

static int stop(void **state)
{
    EVP_PKEY *keys[] = { rsa, p256, other_p256, p384, p521, ed25519 };

    auth_cache_free(&cache);
    auth_free(&auth);
    conf_free(&conf);
    for (size_t i = 0; i < COUNT(keys); i++)
        EVP_PKEY_free(keys[i]);
    return drop_dir(state);
}

/* Judged twice: what is remembered must not change the verdict. */
static bool accepted_at(struct str token, int64_t wall_ms, struct err *err)
{
    bool verdict[2];

    for (size_t i = 0; i < 2; i++) {
        struct principal *principal = NULL;
        verdict[i] = !auth_judge(auth, cache, token, wall_ms, &principal, err);
        CHECK(verdict[i] || err->code == ERR_INVALID_TOKEN, "%s: %s", err_name(err->code), err->detail);
        CHECK(verdict[i] == !!principal, "a principal and no other");
        principal_release(&principal);
    }
    CHECK(verdict[0] == verdict[1], "the same verdict again: %s", err->detail);
    return verdict[0];
}

static bool accepted(struct str token, struct err *err)
{
    return accepted_at(token, NOW_MS, err);
}

static struct str rs256(const char *header, const char *claims)
{
    struct str input = signing_input(str_from(header), str_from(claims));

    return with_signature(input, sign_with(&signers[3], input));
}

static void every_algorithm_verifies_its_own_only(void **state)
{
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(signers); i++) {
        for (size_t j = 0; j < COUNT(signers); j++) {
            const char *kid = signers[i].key == &rsa ? ",\"kid\":\"k1\"" : "";
            struct str header = arena_printf(test_arena, "{\"alg\":\"%s\"%s}", signers[j].algorithm, kid);
            struct str claims =
                arena_printf(test_arena, "{\"iss\":\"%s\",\"aud\":[\"x\",\"dragoman\"],\"exp\":1700000600}",
                             signers[i].issuer);
            struct str input = signing_input(header, claims);
            struct str signature = sign_with(&signers[j], input);
            bool ok = accepted(with_signature(input, signature), &err);

            CHECK(ok == (i == j), "issuer of %s, token of %s: %s", signers[i].algorithm, signers[j].algorithm,
                  err.detail);
            if (i != j)
                continue;
            char *broken = arena_alloc(test_arena, signature.len);
            memcpy(broken, signature.ptr, signature.len);
            broken[signature.len / 2] ^= 1;
            CHECK(!accepted(with_signature(input, str_of(broken, signature.len)), &err), "%s: broken",
                  signers[i].algorithm);
            CHECK(!accepted(with_signature(input, str_of(broken, signature.len - 1)), &err), "%s: cut",
                  signers[i].algorithm);
        }
    }
}

/* S1, S3, S6, S7, S8, S10, S11, S12, S13 */
static void signed_but_wrong_tokens_are_denied(void **state)
{
    static const struct {
        const char *header, *claims;
        bool ok;
    } cases[] = {
        { GOOD_HEADER, GOOD_CLAIMS, true },
        { "{\"alg\":\"RS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}", GOOD_CLAIMS, true },
        { "{\"alg\":\"RS256\",\"kid\":\"k1\",\"typ\":\"application/AT+JWT\"}", GOOD_CLAIMS, true },
        { "{\"alg\":\"RS256\",\"kid\":\"k1\",\"jku\":\"http://127.0.0.1:1/\",\"x5u\":\"http://127.0.0.1:1/"
          "\"}",
          GOOD_CLAIMS, true }, /* not looked at */
        /* header */
        { "{\"alg\":\"none\",\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"nOnE\",\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"\",\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":null,\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":[\"RS256\"],\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"rs256\",\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256 \",\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS384\",\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"PS256\",\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"HS256\",\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"ES256\",\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\"}", GOOD_CLAIMS, false }, /* the key wants its kid named */
        { "{\"alg\":\"RS256\",\"kid\":\"K1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"kid\":\"\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"kid\":1}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"kid\":null}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"kid\":\"../../etc/passwd\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"kid\":\"' OR 1=1 --\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"kid\":\"k1\\u0000\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"kid\":\"k1\",\"crit\":[\"x\"],\"x\":1}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"kid\":\"k1\",\"crit\":[]}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"kid\":\"k1\",\"crit\":null}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"kid\":\"k1\",\"crit\":[\"b64\"],\"b64\":false}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"kid\":\"k1\",\"typ\":\"logout+jwt\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"kid\":\"k1\",\"typ\":1}", GOOD_CLAIMS, false },
        { "{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "{\"alg\":\"RS256\",\"a\\u006cg\":\"none\",\"kid\":\"k1\"}", GOOD_CLAIMS, false },
        { "[\"RS256\"]", GOOD_CLAIMS, false },
        { "\"RS256\"", GOOD_CLAIMS, false },
        { "", GOOD_CLAIMS, false },
        { GOOD_HEADER "{}", GOOD_CLAIMS, false },
        { GOOD_HEADER "x", GOOD_CLAIMS, false },
        /* payload */
        { GOOD_HEADER, "", false },
        { GOOD_HEADER, "[]", false },
        { GOOD_HEADER, "null", false },
        { GOOD_HEADER, GOOD_CLAIMS GOOD_CLAIMS, false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"sub\":\"\xff\""), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"exp\":1700000600"), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"x\":{\"a\":1,\"a\":2}"), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"sub\":7"), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"jti\":7"), false },
        /* times */
        { GOOD_HEADER, TIMES("\"sub\":\"s\""), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000000"), true }, /* within the skew */
        { GOOD_HEADER, TIMES("\"exp\":1699999971"), true },
        { GOOD_HEADER, TIMES("\"exp\":1699999970"), false },
        { GOOD_HEADER, TIMES("\"exp\":0"), false },
        { GOOD_HEADER, TIMES("\"exp\":-1"), false },
        { GOOD_HEADER, TIMES("\"exp\":null"), false },
        { GOOD_HEADER, TIMES("\"exp\":true"), false },
        { GOOD_HEADER, TIMES("\"exp\":\"1700000600\""), false },
        { GOOD_HEADER, TIMES("\"exp\":[1700000600]"), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600.0"), false },
        { GOOD_HEADER, TIMES("\"exp\":1.7e9"), false },
        { GOOD_HEADER, TIMES("\"exp\":1e400"), false },
        { GOOD_HEADER, TIMES("\"exp\":253402300799"), true },
        { GOOD_HEADER, TIMES("\"exp\":253402300800"), false },
        { GOOD_HEADER, TIMES("\"exp\":9223372036854775807"), false },
        { GOOD_HEADER, TIMES("\"exp\":9223372036854775808"), false },
        { GOOD_HEADER, TIMES("\"exp\":18446744073709551616"), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"nbf\":1700000030,\"iat\":1700000030"), true },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"nbf\":1700000031"), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"nbf\":\"1\""), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"nbf\":-1"), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"nbf\":1.5"), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"nbf\":null"), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"iat\":1700000031"), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"iat\":\"now\""), false },
        { GOOD_HEADER, TIMES("\"exp\":1700000600,\"iat\":-5"), false },
        /* audience */
        { GOOD_HEADER, CLAIMS("\"exp\":1700000600"), false },
        { GOOD_HEADER, CLAIMS("\"aud\":\"Dragoman\",\"exp\":1700000600"), false },
        { GOOD_HEADER, CLAIMS("\"aud\":\"dragoman-backend\",\"exp\":1700000600"), false },
        { GOOD_HEADER, CLAIMS("\"aud\":\"\",\"exp\":1700000600"), false },
        { GOOD_HEADER, CLAIMS("\"aud\":[],\"exp\":1700000600"), false },
        { GOOD_HEADER, CLAIMS("\"aud\":[\"other\"],\"exp\":1700000600"), false },
        { GOOD_HEADER, CLAIMS("\"aud\":[[\"dragoman\"]],\"exp\":1700000600"), false },
        { GOOD_HEADER, CLAIMS("\"aud\":[\"dragoman\",5],\"exp\":1700000600"), false },
        { GOOD_HEADER, CLAIMS("\"aud\":{\"dragoman\":1},\"exp\":1700000600"), false },
        { GOOD_HEADER, CLAIMS("\"aud\":[\"other\",\"dragoman\"],\"exp\":1700000600"), true },
        /* issuer: each is bound to its keys */
        { GOOD_HEADER, "{\"aud\":\"dragoman\",\"exp\":1700000600}", false },
        { GOOD_HEADER, "{\"iss\":\"\",\"aud\":\"dragoman\",\"exp\":1700000600}", false },
        { GOOD_HEADER, "{\"iss\":\"https://rs256/\",\"aud\":\"dragoman\",\"exp\":1700000600}", false },
        { GOOD_HEADER, "{\"iss\":\"HTTPS://rs256\",\"aud\":\"dragoman\",\"exp\":1700000600}", false },
        { GOOD_HEADER, "{\"iss\":[\"https://rs256\"],\"aud\":\"dragoman\",\"exp\":1700000600}", false },
        { GOOD_HEADER, "{\"iss\":\"https://rs384\",\"aud\":\"dragoman\",\"exp\":1700000600}", false },
        { GOOD_HEADER, "{\"iss\":\"https://es256\",\"aud\":\"dragoman\",\"exp\":1700000600}", false },
        { GOOD_HEADER, "{\"iss\":\"urn:dragoman\",\"aud\":\"dragoman\",\"exp\":1700000600}", false },
        { GOOD_HEADER, "{\"iss\":\"urn:nobody\",\"aud\":\"dragoman\",\"exp\":1700000600}", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = { 0 };
        bool ok = accepted(rs256(cases[i].header, cases[i].claims), &err);
        CHECK(ok == cases[i].ok, "case %zu: %s %s: %s", i, cases[i].header, cases[i].claims, err.detail);
    }
}

/* S1 without a signature, S10 */
static void forms_that_are_no_jws_are_denied(void **state)
{
    struct str good = rs256(GOOD_HEADER, GOOD_CLAIMS), header, payload, signature, rest;
    struct str none = signing_input(STR("{\"alg\":\"none\"}"), STR(GOOD_CLAIMS));
    struct err err = { 0 };

    (void)state;
    assert_true(str_cut(good, '.', &header, &rest) && str_cut(rest, '.', &payload, &signature));
    const struct str cases[] = {
        STR_NONE,
        STR("."),
        STR(".."),
        STR("..."),
        STR("a.b.c"),
        none,
        arena_printf(test_arena, STR_FMT ".", STR_ARG(none)),
        arena_printf(test_arena, STR_FMT "..", STR_ARG(none)),
        arena_printf(test_arena, STR_FMT ".." STR_FMT, STR_ARG(header), STR_ARG(signature)),
        arena_printf(test_arena, "." STR_FMT "." STR_FMT, STR_ARG(payload), STR_ARG(signature)),
        arena_printf(test_arena, STR_FMT "." STR_FMT, STR_ARG(header), STR_ARG(payload)),
        arena_printf(test_arena, STR_FMT ".", STR_ARG(good)),
        arena_printf(test_arena, "." STR_FMT, STR_ARG(good)),
        arena_printf(test_arena, STR_FMT ".AAAA", STR_ARG(good)),
        arena_printf(test_arena, STR_FMT ".AAAA.AAAA", STR_ARG(good)),
        arena_printf(test_arena, "Bearer " STR_FMT, STR_ARG(good)),
        str_of(good.ptr, good.len - 1),
        str_of(good.ptr, good.len - 4),
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(!accepted(cases[i], &err), "case %zu", i);
    CHECK(accepted(good, &err), "%s", err.detail);
}

/* S9: the good token is remembered first, so that another spelling could only pass as it. */
static void other_spellings_of_a_good_token_are_denied(void **state)
{
    struct str good = rs256(GOOD_HEADER, GOOD_CLAIMS);
    static const char *const tails[] = { "=", "==", " ", "\n", "\r\n", "\t", "A", "+", "/", "%3D", "." };
    struct err err = { 0 };

    (void)state;
    CHECK(accepted(good, &err), "%s", err.detail);
    for (size_t i = 0; i < COUNT(tails); i++)
        for (size_t at = 0; at <= good.len; at += i ? 97 : 7) {
            struct str after = str_from_at(good, at);
            struct str other =
                arena_printf(test_arena, "%.*s%s" STR_FMT, (int)at, good.ptr, tails[i], STR_ARG(after));
            CHECK(!accepted(other, &err), "tail %zu at %zu", i, at);
        }
    /* 256 bytes of signature are 342 characters, and the last has four spare bits. */
    struct str spare = good;
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < 64; i++) {
        char *text = arena_alloc(test_arena, spare.len);
        memcpy(text, spare.ptr, spare.len);
        if (text[spare.len - 1] == alphabet[i])
            continue;
        text[spare.len - 1] = alphabet[i];
        CHECK(!accepted(str_of(text, spare.len), &err), "last character %c", alphabet[i]);
    }
    for (size_t at = 0; at < good.len; at += 3) {
        char *text = arena_alloc(test_arena, good.len);
        memcpy(text, good.ptr, good.len);
        text[at] = text[at] == 'A' ? 'B' : 'A';
        CHECK(!accepted(str_of(text, good.len), &err), "another character at %zu", at);
    }
    CHECK(accepted(good, &err), "%s", err.detail);
}

/* S2: the public key is no secret of anybody's. */
static void s02_hs256_signed_with_rsa_public_key(void **state)
{
    static const struct {
        const char *algorithm;
        const EVP_MD *(*hash)(void);
    } macs[] = { { "HS256", EVP_sha256 }, { "HS384", EVP_sha384 }, { "HS512", EVP_sha512 } };
    EVP_PKEY *const keys[] = { rsa, p256, p384, ed25519 };
    static const char *const issuers[] = { "https://rs256", "https://es256", "https://es384",
                                           "https://eddsa" };
    struct err err = { 0 };

    (void)state;
    for (size_t k = 0; k < COUNT(keys); k++) {
        struct str pem = public_pem(keys[k]);
        struct buf one_line = buf_in(test_arena, 4096);
        for (size_t i = 0; i < pem.len; i++)
            if (pem.ptr[i] != '\n')
                buf_char(&one_line, pem.ptr[i]);
        const struct str secrets[] = { pem, public_der(keys[k]), buf_str(&one_line),
                                       str_of(pem.ptr, pem.len - 1), STR("") };
        for (size_t s = 0; s < COUNT(secrets); s++)
            for (size_t m = 0; m < COUNT(macs); m++) {
                struct str header =
                    arena_printf(test_arena, "{\"alg\":\"%s\",\"kid\":\"k1\"}", macs[m].algorithm);
                struct str claims = arena_printf(
                    test_arena, "{\"iss\":\"%s\",\"aud\":\"dragoman\",\"exp\":1700000600}", issuers[k]);
                struct str input = signing_input(header, claims);
                struct str token = with_signature(input, mac(macs[m].hash(), secrets[s], input));
                CHECK(!accepted(token, &err), "key %zu, secret %zu, %s", k, s, macs[m].algorithm);
            }
    }
}

static struct str es256(EVP_PKEY *key, const char *kid, const char *audience)
{
    struct str header = arena_printf(test_arena, "{\"alg\":\"ES256\"%s%s%s}", kid ? ",\"kid\":\"" : "",
                                     kid ? kid : "", kid ? "\"" : "");
    struct str claims =
        arena_printf(test_arena, "{\"iss\":\"https://two\",\"aud\":\"%s\",\"exp\":1700000600}", audience);
    struct str input = signing_input(header, claims);

    return with_signature(input, sign_public(key, EVP_sha256(), false, 32, input));
}

static void a_kid_chooses_among_the_issuers_keys(void **state)
{
    struct err err = { 0 };

    (void)state;
    CHECK(accepted(es256(p256, "a", "elsewhere"), &err), "%s", err.detail);
    CHECK(accepted(es256(other_p256, "b", "elsewhere"), &err), "%s", err.detail);
    CHECK(!accepted(es256(p256, "b", "elsewhere"), &err), "the other key's");
    CHECK(!accepted(es256(p256, "c", "elsewhere"), &err), "nobody's");
    CHECK(!accepted(es256(p256, NULL, "elsewhere"), &err), "none");
    CHECK(!accepted(es256(p256, "a", "dragoman"), &err), "an issuer's own audience replaces the common one");
}

/* r and s as DER, of a wrong length, and zero (CVE-2022-21449). */
static void ecdsa_signatures_have_one_form(void **state)
{
    struct str input =
        signing_input(STR("{\"alg\":\"ES256\"}"),
                      STR("{\"iss\":\"https://es256\",\"aud\":\"dragoman\",\"exp\":1700000600}"));
    struct str good = sign_public(p256, EVP_sha256(), false, 32, input);
    unsigned char *der;
    int der_len;
    static const char zeros[64];
    struct err err = { 0 };

    (void)state;
    CHECK(accepted(with_signature(input, good), &err), "%s", err.detail);
    CHECK(!ecdsa_to_der(good, 32, &der, &der_len), "DER");
    CHECK(!accepted(with_signature(input, str_of((const char *)der, (size_t)der_len)), &err), "DER");
    OPENSSL_free(der);
    CHECK(!accepted(with_signature(input, str_of(zeros, sizeof zeros)), &err), "zero");
    static char longer[65];
    memcpy(longer, good.ptr, 64);
    CHECK(!accepted(with_signature(input, str_of(longer, sizeof longer)), &err), "longer");
}

/* S16, S17 */
static void what_is_remembered_ends_with_the_token(void **state)
{
    struct str token = rs256(GOOD_HEADER, TIMES("\"exp\":1700000600,\"nbf\":1699999900,\"jti\":\"once\""));
    struct err err = { 0 };
    struct auth_counts before = auth_cache_counts(cache);
    struct principal *principal = NULL;

    (void)state;
    CHECK(accepted_at(token, NOW_MS, &err), "%s", err.detail);
    CHECK(auth_cache_counts(cache).hits == before.hits + 1, "the second time it is remembered");
    CHECK(accepted_at(token, NOW_MS + 599999, &err), "%s", err.detail);
    CHECK(accepted_at(token, NOW_MS + 629999, &err), "the skew: %s", err.detail);
    CHECK(!accepted_at(token, NOW_MS + 630000, &err), "expired while remembered");
    CHECK(!accepted_at(token, NOW_MS - 131000, &err), "a clock that was set back");
    CHECK(auth_judge_backend(auth, cache, token, NOW_MS, &principal, &err) == -1,
          "the other door judges again");
    CHECK(err.code == ERR_INVALID_TOKEN && !principal, "denied");
    CHECK(accepted_at(token, NOW_MS, &err), "%s", err.detail);
}

static void a_full_memory_forgets_and_principals_live_on(void **state)
{
    enum { MANY = 9000 };
    struct err err = { 0 };
    struct principal *first = NULL, *again;
    struct auth_cache *small = auth_cache_new(auth);
    struct str token = STR_NONE;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        struct str claims = arena_printf(
            test_arena, "{\"iss\":\"https://hs256\",\"aud\":\"dragoman\",\"exp\":1700000600,\"sub\":\"%d\"}",
            i);
        struct str input = signing_input(STR("{\"alg\":\"HS256\"}"), claims);
        struct principal *principal = NULL;
        token = with_signature(input, sign_with(&signers[0], input));
        CHECK(!auth_judge(auth, small, token, NOW_MS, &principal, &err), "%s", err.detail);
        if (i == 0)
            first = principal_keep(principal);
        principal_release(&principal);
    }
    CHECK(!auth_judge(auth, small, token, NOW_MS, &again, &err), "%s", err.detail);
    CHECK(str_is(again->subject, "8999") && auth_cache_counts(small).hits == 1, "the last one is remembered");
    principal_release(&again);
    auth_cache_free(&small);
    CHECK(str_is(first->subject, "0"), "kept beyond the cache");
    principal_release(&first);
}

/* S15 and S56, and files that are not what they should be. */
static void weak_or_open_keys_are_refused_at_load(void **state)
{
    EVP_PKEY *small = make_rsa(1024), *k256 = make_ec("secp256k1");
    struct str pem = public_pem(p256);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;

    (void)state;
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, p256, NULL, NULL, 0, NULL, NULL), 1);
    long len = BIO_get_mem_data(bio, &text);
    write_file("private.pem", str_of(text, (size_t)len), 0644);
    BIO_free(bio);
    write_file("rsa1024.pem", public_pem(small), 0644);
    write_file("k256.pem", public_pem(k256), 0644);
    write_file("short", str_of(secret_text, 31), 0600);
    write_file("line", STR("0123456789abcdef0123456789abcde\r\n"), 0600);
    write_file("open", str_of(secret_text, SECRET_LEN), 0640);
    write_file("others", str_of(secret_text, SECRET_LEN), 0604);
    write_file("pem_secret", pem, 0600);
    write_file("cut.pem", str_of(pem.ptr, pem.len / 2), 0644);
    write_file("empty", STR(""), 0600);
    EVP_PKEY_free(small);
    EVP_PKEY_free(k256);

    static const struct {
        const char *file, *algorithm, *words;
    } cases[] = {
        { "rsa1024.pem", "RS256", "under 2048" },
        { "rsa1024.pem", "PS512", "under 2048" },
        { "k256.pem", "ES256", "curve" },
        { "p384.pem", "ES256", "curve" },
        { "p256.pem", "ES384", "curve" },
        { "p256.pem", "ES512", "curve" },
        { "p256.pem", "RS256", "not an RSA key" },
        { "p256.pem", "EdDSA", "not an Ed25519" },
        { "rsa.pem", "ES256", "curve" },
        { "rsa.pem", "EdDSA", "not an Ed25519" },
        { "ed25519.pem", "ES256", "curve" },
        { "private.pem", "ES256", "expected a public key" },
        { "cut.pem", "ES256", "expected a public key" },
        { "empty", "ES256", "expected a public key" },
        { "short", "HS256", "too short" },
        { "line", "HS256", "too short" },
        { "empty", "HS256", "too short" },
        { "open", "HS256", "mode 0640" },
        { "others", "HS256", "mode 0604" },
        { "pem_secret", "HS256", "a PEM file is not a shared secret" },
        { "missing", "HS256", "No such file" },
        { "missing", "RS256", "No such file" },
        { ".", "RS256", "not a regular file" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf *bad =
            test_conf(arena_printf(test_arena, "[{issuer: x, keys: [{file: %s, algorithm: %s}]}]",
                                   test_path(cases[i].file), cases[i].algorithm)
                          .ptr);
        struct auth *none = NULL;
        struct err err = { 0 };
        CHECK(auth_new(&none, bad, &err) == -1, "case %zu: %s for %s", i, cases[i].file, cases[i].algorithm);
        CHECK(err.code == ERR_CONFIG && strstr(err.detail, cases[i].words), "case %zu: %s", i, err.detail);
        CHECK(strstr(err.detail, cases[i].file), "case %zu names its file: %s", i, err.detail);
        conf_free(&bad);
    }
}

static void a_jwt_is_told_from_an_opaque_token_by_its_form(void **state)
{
    static const struct {
        const char *text;
        bool jwt;
    } cases[] = {
        { "", false },
        { "0d6f0f0e-8e1f-4c5a-9a7e-2f5b1f1d7c11", false },
        { "a.b.c", false },
        { "user.name.token", false },
        { "eyJhbGciOiJub25lIn0.e30.", false },
        { "eyJhbGciOiJFUzI1NiJ9.e30.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", true },
        { "eyJhbGciOiJFUzI1NiJ9.e30.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.AAAA", false },
        { "eyJhbGciOiJFUzI1NiJ9.e30.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", false },
        { "eyJhbGciOiJFUzI1NiJ9.e3 0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false },
        { "eyJhbGciOiJFUzI1NiJ9e30AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(auth_looks_jwt(str_from(cases[i].text)) == cases[i].jwt, "%s", cases[i].text);
    CHECK(auth_looks_jwt(rs256(GOOD_HEADER, GOOD_CLAIMS)), "a real one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_verifies_its_own_only),
        cmocka_unit_test(signed_but_wrong_tokens_are_denied),
        cmocka_unit_test(forms_that_are_no_jws_are_denied),
        cmocka_unit_test(other_spellings_of_a_good_token_are_denied),
        cmocka_unit_test(s02_hs256_signed_with_rsa_public_key),
        cmocka_unit_test(a_kid_chooses_among_the_issuers_keys),
        cmocka_unit_test(ecdsa_signatures_have_one_form),
        cmocka_unit_test(what_is_remembered_ends_with_the_token),
        cmocka_unit_test(a_full_memory_forgets_and_principals_live_on),
        cmocka_unit_test(weak_or_open_keys_are_refused_at_load),
        cmocka_unit_test(a_jwt_is_told_from_an_opaque_token_by_its_form),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
