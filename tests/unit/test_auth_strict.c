/* Issuers of access tokens only (S14), and the gateway's own earlier keys. */
#include "test_auth_ask_kit.h"

#include "jdoc/jdoc.h"

#define WHOLE "\"sub\":\"s\",\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1"

static bool accepted(const char *header, const char *claims)
{
    struct principal *principal = NULL;
    struct err err = { 0 };
    const char *all =
        arena_printf(test_arena, "{\"iss\":\"https://issuer\",\"aud\":\"dragoman\",\"exp\":%jd,%s}",
                     (intmax_t)(NOW_S + 600), claims)
            .ptr;
    bool found = !auth_judge(auth, cache, es256(first_key, header, all), NOW_MS, &principal, &err);

    CHECK(found || err.code == ERR_INVALID_TOKEN, "%s", err.detail);
    principal_release(&principal);
    return found;
}

static void open_strict(const char *at_jwt)
{
    write_file("first.pem", public_pem(first_key), 0644);
    const char *sets[] = {
        arena_printf(test_arena,
                     "auth.issuers=[{issuer: 'https://issuer', keys: [{file: %s, algorithm: ES256}], "
                     "at_jwt: %s}]",
                     test_path("first.pem"), at_jwt)
            .ptr
    };

    open_auth(sets, 1, false);
}

/* RFC 9068 sections 2.1, 2.2 and 4. */
static void s14_a_strict_issuer_has_access_tokens_only(void **state)
{
    static const struct {
        const char *header, *claims;
        bool strict, lax;
    } cases[] = {
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", WHOLE, true, true },
        { "{\"alg\":\"ES256\",\"typ\":\"application/at+jwt\"}", WHOLE, true, true },
        { "{\"alg\":\"ES256\",\"typ\":\"AT+JWT\"}", WHOLE, true, true },
        { "{\"alg\":\"ES256\",\"typ\":\"JWT\"}", WHOLE, false, true },
        { "{\"alg\":\"ES256\",\"typ\":\"application/jwt\"}", WHOLE, false, true },
        { "{\"alg\":\"ES256\"}", WHOLE, false, true },
        { "{\"alg\":\"ES256\",\"typ\":\"\"}", WHOLE, false, false },
        { "{\"alg\":\"ES256\",\"typ\":\"at\"}", WHOLE, false, false },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt \"}", WHOLE, false, false },
        { "{\"alg\":\"ES256\",\"typ\":[\"at+jwt\"]}", WHOLE, false, false },
        { "{\"alg\":\"ES256\",\"typ\":\"logout+jwt\"}", WHOLE, false, false },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", "\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1", false,
          true },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", "\"sub\":\"s\",\"jti\":\"j\",\"iat\":1", false, true },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", "\"sub\":\"s\",\"client_id\":\"c\",\"iat\":1", false,
          true },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", "\"sub\":\"s\",\"client_id\":\"c\",\"jti\":\"j\"", false,
          true },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", "\"sub\":\"s\",\"client_id\":7,\"jti\":\"j\",\"iat\":1",
          false, true },
        { "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}",
          "\"sub\":\"\",\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1", false, true },
    };

    (void)state;
    open_strict("true");
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(accepted(cases[i].header, cases[i].claims) == cases[i].strict, "strict, case %zu", i);
    close_auth();
    open_strict("false");
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(accepted(cases[i].header, cases[i].claims) == cases[i].lax, "lax, case %zu", i);
    close_auth();
}

static struct str issued(void)
{
    struct buf out = buf_in(test_arena, 1 << 16);
    struct err err = { 0 };
    const struct token_claims claims = {
        .subject = STR("s"), .brand = STR("acme"), .scope = STR("a"), .ttl_s = 600
    };

    CHECK(!auth_issue(auth, &claims, NOW_MS, &out, &err), "%s", err.detail);
    return buf_str(&out);
}

static bool judged(struct str token)
{
    struct principal *principal = NULL;
    struct err err = { 0 };
    bool found = !auth_judge(auth, cache, token, NOW_MS, &principal, &err);

    principal_release(&principal);
    return found;
}

static size_t published(void)
{
    struct buf out = buf_in(test_arena, 1 << 16);
    struct err err;

    auth_jwks(auth, &out);
    struct jdoc *doc = jdoc_parse(buf_str(&out), &err);
    size_t count = jdoc_count(jdoc_get(doc, "keys"));
    struct str first = STR_NONE, other = STR_NONE;
    (void)jdoc_string(jdoc_get(jdoc_at(jdoc_get(doc, "keys"), 0), "kid"), &first);
    (void)jdoc_string(jdoc_get(jdoc_at(jdoc_get(doc, "keys"), 1), "kid"), &other);
    CHECK(first.len && !str_eq(first, other), "names of their own");
    jdoc_free(&doc);
    return count;
}

/* As conf/dragoman.yaml says: the file is moved away and named, a new one is made. */
static void an_earlier_signing_key_counts_until_it_is_taken_out(void **state)
{
    const char *old = test_path("old.pem"), *now = test_path("state/signing-key.pem");
    const char *retired[] = { arena_printf(test_arena, "auth.retired_keys=[%s]", old).ptr };

    (void)state;
    open_auth(NULL, 0, false);
    struct str before = issued();
    CHECK(published() == 1 && judged(before), "one key");
    close_auth();

    assert_int_equal(rename(now, old), 0);
    open_auth(retired, 1, false);
    struct str after = issued();
    CHECK(published() == 2 && judged(before) && judged(after), "both");
    close_auth();

    open_auth(NULL, 0, false);
    CHECK(published() == 1 && !judged(before) && judged(after), "the new one alone");
    close_auth();
}

static void what_is_no_earlier_key_is_refused(void **state)
{
    EVP_PKEY *p384 = make_ec("P-384"), *rsa = make_rsa(2048);
    const struct {
        struct str text;
        mode_t mode;
        bool good;
    } cases[] = {
        { public_pem(first_key), 0644, true },
        { public_pem(p384), 0644, false },
        { public_pem(rsa), 0644, false },
        { STR(""), 0644, false },
        { STR("-----BEGIN PUBLIC KEY-----\n"), 0644, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = { 0 };
        const char *sets[] = {
            arena_printf(test_arena, "state_dir=%s/state", test_dir).ptr,
            arena_printf(test_arena, "auth.retired_keys=[%s]", test_path("retired.pem")).ptr
        };
        write_file("retired.pem", cases[i].text, cases[i].mode);
        CHECK(!conf_load(&conf, NULL, sets, COUNT(sets), &err), "%s", err.detail);
        CHECK(!auth_new(&auth, conf, &err) == cases[i].good, "case %zu", i);
        if (cases[i].good)
            auth_free(&auth);
        else
            CHECK(strstr(err.detail, "retired.pem"), "%s", err.detail);
        conf_free(&conf);
    }
    EVP_PKEY_free(p384);
    EVP_PKEY_free(rsa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s14_a_strict_issuer_has_access_tokens_only),
        cmocka_unit_test(an_earlier_signing_key_counts_until_it_is_taken_out),
        cmocka_unit_test(what_is_no_earlier_key_is_refused),
    };
    log_to(2, LOG_ERROR);
    return cmocka_run_group_tests(tests, start, stop);
}
