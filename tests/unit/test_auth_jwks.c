/* Key sets of others: what is used of them, and what never is (S4, S5, S15, S20). */
#include "test_auth_jwk.h"

#include "auth/jwks.h"
#include "base/log.h"

static EVP_PKEY *rsa, *weak, *p256, *p384, *p521, *ed25519;

static int start(void **state)
{
    if (setup_dir(state))
        return -1;
    rsa = make_rsa(2048);
    weak = make_rsa(1024);
    p256 = make_ec("P-256");
    p384 = make_ec("P-384");
    p521 = make_ec("P-521");
    ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return 0;
}

static int stop(void **state)
{
    EVP_PKEY *keys[] = { rsa, weak, p256, p384, p521, ed25519 };

    for (size_t i = 0; i < COUNT(keys); i++)
        EVP_PKEY_free(keys[i]);
    return drop_dir(state);
}

static struct keyset *parse(struct str text, const char *algorithms)
{
    struct str list[16], rest = str_from(algorithms);
    struct err err = { 0 };
    size_t count = 0;

    while (str_next(&rest, ' ', &list[count]))
        count++;
    struct keyset *set = keyset_parse(text, list, count, STR("https://issuer"), &err);
    CHECK(set || (err.code == ERR_CONFIG && err.detail[0]), "a reason");
    return set;
}

/* A set of the key and of one that is always good, so that a set is there. */
static bool used(struct str jwk, const char *algorithms, const char *algorithm)
{
    struct str keys[] = { jwk, jwk_ec(p384, "P-384", 48, ",\"kid\":\"sentinel\"") };
    struct keyset *set = parse(jwks_of(keys, 2), algorithms);

    CHECK(set && set->count + set->ignored == 2, "the sentinel");
    bool found = set->count == 2;
    CHECK(!found || key_fits(&set->keys[0], str_from(algorithm), set->keys[0].kid), "for " STR_FMT,
          STR_ARG(jwk));
    keyset_free(&set);
    return found;
}

static void keys_of_every_kind_are_used_with_one_algorithm(void **state)
{
    const struct {
        struct str jwk;
        const char *algorithms, *algorithm; /* NULL: not used */
    } cases[] = {
        { jwk_rsa(rsa, ""), "", "RS256" },
        { jwk_rsa(rsa, ",\"alg\":\"RS256\",\"use\":\"sig\",\"kid\":\"k\""), "", "RS256" },
        { jwk_rsa(rsa, ",\"alg\":\"PS512\""), "", "PS512" },
        { jwk_rsa(rsa, ",\"key_ops\":[\"verify\"]"), "PS256 RS256 ES384", "PS256" },
        { jwk_rsa(rsa, ",\"alg\":\"PS256\""), "RS256 ES384", NULL },
        { jwk_rsa(rsa, ""), "ES256 ES384", NULL },
        { jwk_rsa(rsa, ",\"alg\":\"ES256\""), "", NULL },
        { jwk_rsa(rsa, ",\"alg\":\"RS256 \""), "", NULL },
        { jwk_rsa(rsa, ",\"alg\":\"rs256\""), "", NULL },
        { jwk_rsa(rsa, ",\"alg\":\"none\""), "", NULL },
        { jwk_rsa(rsa, ",\"alg\":\"HS256\""), "", NULL },
        { jwk_rsa(rsa, ",\"alg\":\"RSA-OAEP\""), "", NULL },
        { jwk_rsa(rsa, ",\"alg\":null"), "", NULL },
        { jwk_rsa(rsa, ",\"alg\":[\"RS256\"]"), "", NULL },
        { jwk_ec(p256, "P-256", 32, ""), "", "ES256" },
        { jwk_ec(p384, "P-384", 48, ""), "", "ES384" },
        { jwk_ec(p521, "P-521", 66, ",\"alg\":\"ES512\""), "", "ES512" },
        { jwk_ec(p256, "P-256", 32, ",\"alg\":\"ES384\""), "", NULL },
        { jwk_ec(p256, "P-384", 32, ""), "", NULL },
        { jwk_ec(p256, "P-256", 48, ""), "", NULL },
        { jwk_ec(p256, "secp256k1", 32, ""), "", NULL },
        { jwk_ed25519(ed25519, ""), "", "EdDSA" },
        { jwk_ed25519(ed25519, ",\"alg\":\"EdDSA\""), "EdDSA ES384", "EdDSA" },
        { jwk_ed25519(ed25519, ",\"alg\":\"ES256\""), "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(used(cases[i].jwk, cases[i].algorithms, cases[i].algorithm) == !!cases[i].algorithm,
              "case %zu: " STR_FMT, i, STR_ARG(cases[i].jwk));
}

/* S4: RFC 7517 sections 4.2 and 4.3. */
static void s4_keys_for_another_purpose_are_not_used(void **state)
{
    static const char *const wrong[] = {
        ",\"use\":\"enc\"",
        ",\"use\":\"\"",
        ",\"use\":\"Sig\"",
        ",\"use\":null",
        ",\"use\":[\"sig\"]",
        ",\"key_ops\":[\"sign\"]",
        ",\"key_ops\":[]",
        ",\"key_ops\":\"verify\"",
        ",\"key_ops\":[7]",
        ",\"key_ops\":{\"verify\":true}",
        ",\"key_ops\":null",
        ",\"use\":\"sig\",\"key_ops\":[\"encrypt\"]",
        ",\"use\":\"enc\",\"key_ops\":[\"verify\"]",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        CHECK(!used(jwk_rsa(rsa, wrong[i]), "", ""), "%s", wrong[i]);
        CHECK(!used(jwk_ec(p256, "P-256", 32, wrong[i]), "", ""), "%s", wrong[i]);
    }
    CHECK(used(jwk_rsa(rsa, ",\"key_ops\":[\"sign\",\"verify\"]"), "", "RS256"), "one of several");
}

/* S5: Wycheproof's mixed sets and doubled names. */
static void s5_shared_secrets_and_doubled_names_are_not_used(void **state)
{
    (void)state;
    CHECK(
        !used(
            STR("{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\",\"alg\":\"HS256\"}"),
            "", ""),
        "a secret");
    CHECK(!used(STR("{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\"}"), "", ""),
          "a secret");
    CHECK(!used(jwk_rsa(rsa, ",\"k\":\"AAAA\""), "", ""), "a mixture");
    CHECK(!used(jwk_rsa(rsa, ",\"d\":\"AAAA\""), "", ""), "a private key");

    struct str doubled[] = { jwk_rsa(rsa, ",\"kid\":\"a\""), jwk_ec(p256, "P-256", 32, ",\"kid\":\"a\""),
                             jwk_ec(p384, "P-384", 48, ",\"kid\":\"b\"") };
    struct keyset *set = parse(jwks_of(doubled, 3), "");
    CHECK(set && set->count == 1 && str_is(set->keys[0].kid, "b"), "neither of the two");
    keyset_free(&set);
    struct str nameless[] = { jwk_rsa(rsa, ""), jwk_ec(p256, "P-256", 32, "") };
    set = parse(jwks_of(nameless, 2), "");
    CHECK(set && set->count == 2, "none is no name");
    keyset_free(&set);
    CHECK(!used(jwk_rsa(rsa, ",\"kid\":7"), "", ""), "a number is no name");
    CHECK(!used(jwk_rsa(rsa, ",\"kid\":\"\""), "", ""), "nothing is no name");
    struct str name = arena_printf(test_arena, ",\"kid\":\"%02000d\"", 0);
    CHECK(!used(jwk_rsa(rsa, name.ptr), "", ""), "a long name");
}

/* A modulus of 2048 bits whose rests are powers of 65537 (CVE-2017-15361), or one beside it. */
static struct str chip_modulus(bool good)
{
    static const BN_ULONG primes[] = { 11, 13, 17,  19,  37,  53,  61,  71, 73,
                                       79, 97, 103, 107, 109, 127, 151, 157 };
    BN_CTX *context = BN_CTX_new();
    BIGNUM *n = NULL, *product = BN_new(), *power = BN_new(), *rest = BN_new();
    struct buf out = buf_in(test_arena, 1024);
    unsigned char bytes[256];

    assert_int_equal(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    assert_true(BN_set_word(product, 1) && BN_set_word(power, 65537));
    for (size_t i = 0; i < COUNT(primes); i++)
        assert_true(BN_mul_word(product, primes[i]));
    assert_true(BN_mod_sqr(power, power, product, context) && BN_mod(rest, n, product, context));
    assert_true(BN_sub(n, n, rest) && BN_add(n, n, power) && (!good || BN_add_word(n, 1)));
    while (!BN_is_odd(n))
        assert_true(BN_add(n, n, product));
    buf_base64url(&out, bytes, (size_t)BN_bn2bin(n, bytes));
    BN_CTX_free(context);
    BN_free(n);
    BN_free(product);
    BN_free(power);
    BN_free(rest);
    return buf_str(&out);
}

static void s15_keys_that_can_be_factored_are_not_used(void **state)
{
    (void)state;
    for (int good = 0; good < 2; good++) {
        struct str jwk = arena_printf(test_arena, "{\"kty\":\"RSA\",\"n\":\"" STR_FMT "\",\"e\":\"AQAB\"}",
                                      STR_ARG(chip_modulus(good)));
        CHECK(used(jwk, "", "RS256") == good, "%d", good);
    }
}

/* S15 */
static void s15_weak_and_broken_keys_are_not_used(void **state)
{
    struct str n = number_of(rsa, OSSL_PKEY_PARAM_RSA_N, 0),
               x = number_of(p256, OSSL_PKEY_PARAM_EC_PUB_X, 32);
    static const char *const exponents[] = {
        "AQ", "Ag", "AA", "AAAA", "", "AQAB=", "AQ AB", "BAAAAAAAAAAAAQ"
    };
    const char *const broken[] = {
        "{}",
        "7",
        "null",
        "[]",
        "\"RSA\"",
        "{\"kty\":\"RSA\"}",
        "{\"kty\":\"RSA\",\"n\":7,\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
        "{\"kty\":\"rsa\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        /* not on the curve; the point at infinity */
        arena_printf(test_arena,
                     "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" STR_FMT "\",\"y\":\"" STR_FMT "\"}",
                     STR_ARG(x), STR_ARG(x))
            .ptr,
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
    };

    (void)state;
    CHECK(!used(jwk_rsa(weak, ""), "", ""), "1024 bits");
    for (size_t i = 0; i < COUNT(exponents); i++) {
        struct str jwk = arena_printf(test_arena, "{\"kty\":\"RSA\",\"n\":\"" STR_FMT "\",\"e\":\"%s\"}",
                                      STR_ARG(n), exponents[i]);
        CHECK(!used(jwk, "", ""), "exponent %s", exponents[i]);
    }
    for (size_t i = 0; i < COUNT(broken); i++)
        CHECK(!used(str_from(broken[i]), "", ""), "%s", broken[i]);
}

/* S20: none of these may take the place of a good set. */
static void s20_what_is_no_set_is_a_failure(void **state)
{
    struct str many[KEYSET_MOST + 1];
    static const char *const wrong[] = {
        "",
        "{}",
        "[]",
        "null",
        "<html></html>",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":null}",
        "{\"keys\":[{}]}",
        "{\"keys\":[]",
        "{\"keys\":[],\"keys\":[]}",
        "{\"keys\":[]} x",
        "{\"Keys\":[]}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        CHECK(!parse(str_from(wrong[i]), ""), "%s", wrong[i]);
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = jwk_ec(p256, "P-256", 32, arena_printf(test_arena, ",\"kid\":\"%zu\"", i).ptr);
    CHECK(!parse(jwks_of(many, COUNT(many)), ""), "one key too many");
    struct keyset *set = parse(jwks_of(many, COUNT(many) - 1), "");
    CHECK(set && set->count == KEYSET_MOST, "as many as may be");
    keyset_free(&set);
    struct str large = arena_printf(test_arena, "{\"keys\":[" STR_FMT "],\"x\":\"%0*d\"}", STR_ARG(many[0]),
                                    KEYSET_LONGEST, 0);
    CHECK(!parse(large, ""), "too large");
}

static void a_key_that_is_gone_is_noticed(void **state)
{
    struct str a = jwk_rsa(rsa, ",\"kid\":\"a\""), b = jwk_ec(p256, "P-256", 32, ",\"kid\":\"b\"");
    struct str other = jwk_ec(p384, "P-384", 48, ",\"kid\":\"b\""), renamed = jwk_rsa(rsa, ",\"kid\":\"c\"");
    struct keyset *old = parse(jwks_of((struct str[]){ a, b }, 2), "");
    const struct {
        struct str keys[3];
        bool keeps;
    } cases[] = {
        { { a, b, renamed }, true },
        { { b, a, STR("{}") }, true },
        { { a, other, renamed }, false },
        { { a, renamed, STR("{}") }, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct keyset *set = parse(jwks_of(cases[i].keys, 3), "");
        CHECK(keyset_keeps(set, old) == cases[i].keeps, "case %zu", i);
        keyset_free(&set);
    }
    keyset_free(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_every_kind_are_used_with_one_algorithm),
        cmocka_unit_test(s4_keys_for_another_purpose_are_not_used),
        cmocka_unit_test(s5_shared_secrets_and_doubled_names_are_not_used),
        cmocka_unit_test(s15_weak_and_broken_keys_are_not_used),
        cmocka_unit_test(s15_keys_that_can_be_factored_are_not_used),
        cmocka_unit_test(s20_what_is_no_set_is_a_failure),
        cmocka_unit_test(a_key_that_is_gone_is_noticed),
    };
    log_to(2, LOG_ERROR);
    return cmocka_run_group_tests(tests, start, stop);
}
