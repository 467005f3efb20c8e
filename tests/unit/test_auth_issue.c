#include "test_auth_keys.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "auth/jws.h"
#include "jdoc/jdoc.h"

static struct conf *conf;
static struct auth *auth;
static struct auth_cache *cache;

static int start(void **state)
{
    struct err err = { 0 };

    if (setup_dir(state))
        return -1;
    conf = test_conf(NULL);
    CHECK(!auth_new(&auth, conf, &err), "%s", err.detail);
    cache = auth_cache_new(auth);
    return 0;
}

static int stop(void **state)
{
    auth_cache_free(&cache);
    auth_free(&auth);
    conf_free(&conf);
    return drop_dir(state);
}

static struct str issue(const struct token_claims *claims)
{
    struct buf out = buf_in(test_arena, 1 << 16);
    struct err err = { 0 };

    CHECK(!auth_issue(auth, claims, NOW_MS, &out, &err), "%s", err.detail);
    return buf_str(&out);
}

static struct principal *judge(struct str token)
{
    struct principal *principal = NULL;
    struct err err = { 0 };

    CHECK(!auth_judge(auth, cache, token, NOW_MS, &principal, &err), "%s", err.detail);
    return principal;
}

static void what_is_issued_is_accepted_as_it_was_meant(void **state)
{
    static const struct str patients[] = { STR_INIT("p1"), STR_INIT("p2") }, groups[] = { STR_INIT("g1") };
    struct principal *principal = judge(issue(&(struct token_claims){
        .subject = STR("client-1"),
        .brand = STR("acme"),
        .scope = STR("read:patients write:patients"),
        .patients = patients,
        .patient_count = 2,
        .patients_bound = true,
        .groups = groups,
        .group_count = 1,
        .groups_bound = true,
        .token_id = STR("58c4554710123c5c40dbab81"),
        .ttl_s = 600,
    }));

    (void)state;
    CHECK(str_is(principal->subject, "client-1") && str_is(principal->brand, "acme"), "who");
    CHECK(principal->scope_count == 2 && principal_allows(principal, STR("write:patients")), "scopes");
    CHECK(principal_may_patient(principal, STR("p2")) && !principal_may_patient(principal, STR("p3")),
          "patients");
    CHECK(principal->groups_bound && principal->group_count == 1, "groups");
    CHECK(str_is(principal->token_id, "58c4554710123c5c40dbab81"), "token id");
    CHECK(principal->expires_ms == NOW_MS + 600000, "expiry");
    principal_release(&principal);

    principal =
        judge(issue(&(struct token_claims){ .patients_bound = true, .groups_bound = true, .ttl_s = 60 }));
    CHECK(!principal->brand.len && !principal->scope_count, "nothing claimed");
    CHECK(principal->patients_bound && !principal->patient_count, "bound to no patient");
    CHECK(principal->groups_bound && !principal->group_count, "bound to no group");
    principal_release(&principal);

    principal = judge(issue(&(struct token_claims){ .subject = STR("s"), .ttl_s = 60 }));
    CHECK(!principal->patients_bound && !principal->groups_bound && !principal->token_id.len, "not bound");
    principal_release(&principal);
}

/* libjwt's signatures must have leading zeros too, one in 128. */
static void every_signature_verifies(void **state)
{
    struct principal scopes = { .subject = STR("s") };

    (void)state;
    for (int i = 0; i < 300; i++) {
        struct str subject = arena_printf(test_arena, "subject %d", i), token;
        struct err err = { 0 };
        struct principal *principal = judge(issue(&(struct token_claims){ .subject = subject, .ttl_s = 60 }));
        CHECK(str_eq(principal->subject, subject), "%d", i);
        principal_release(&principal);
        scopes.subject = subject;
        CHECK(!auth_backend_token(auth, cache, &scopes, STR("acme"), NOW_MS, &token, &err), "%s", err.detail);
        CHECK(!auth_judge_backend(auth, cache, token, NOW_MS, &principal, &err), "%d: %s", i, err.detail);
        CHECK(str_eq(principal->subject, subject), "%d", i);
        principal_release(&principal);
    }
}

static struct str backend_token(const struct principal *principal, const char *brand, int64_t wall_ms)
{
    struct str token;
    struct err err = { 0 };

    CHECK(!auth_backend_token(auth, cache, principal, str_from(brand), wall_ms, &token, &err), "%s",
          err.detail);
    return arena_copy(test_arena, token);
}

/* S29: what the backend sees is not what the client sent, and neither door takes the other's tokens. */
static void the_backends_tokens_are_its_own(void **state)
{
    static const struct str scopes[] = { STR_INIT("read:patients"), STR_INIT("write:metrics") };
    static const struct str patients[] = { STR_INIT("p1") };
    const struct principal caller = { .subject = STR("s"),
                                      .brand = STR("acme"),
                                      .scopes = scopes,
                                      .scope_count = 2,
                                      .patients = patients,
                                      .patient_count = 1,
                                      .patients_bound = true,
                                      .groups_bound = true };
    struct str token = backend_token(&caller, "globex", NOW_MS);
    struct principal *principal = NULL;
    struct err err = { 0 };

    (void)state;
    CHECK(auth_judge(auth, cache, token, NOW_MS, &principal, &err) == -1, "a client's door");
    CHECK(err.code == ERR_INVALID_TOKEN, "%s", err.detail);
    CHECK(!auth_judge_backend(auth, cache, token, NOW_MS, &principal, &err), "%s", err.detail);
    CHECK(str_is(principal->brand, "globex") && str_is(principal->subject, "s"), "the brand acted for");
    CHECK(principal->scope_count == 2 && principal_allows(principal, STR("write:metrics")), "scopes");
    CHECK(principal->patients_bound && principal->patient_count == 1 && principal->groups_bound, "bindings");
    CHECK(principal->expires_ms == NOW_MS + 60000, "a minute");
    principal_release(&principal);
    CHECK(auth_judge_backend(auth, cache, token, NOW_MS + 90000, &principal, &err) == -1, "after it");

    token = issue(&(struct token_claims){ .subject = STR("s"), .ttl_s = 60 });
    CHECK(auth_judge_backend(auth, cache, token, NOW_MS, &principal, &err) == -1,
          "a client's token at the backend");
    principal = judge(token);
    principal_release(&principal);
    CHECK(auth_judge_backend(auth, cache, token, NOW_MS, &principal, &err) == -1,
          "also when it is remembered");
}

static void backend_tokens_are_reused_for_the_same_caller_only(void **state)
{
    static const struct str read[] = { STR_INIT("read:patients") },
                            both[] = { STR_INIT("read:"), STR_INIT("patients") };
    static const struct str p1[] = { STR_INIT("p1") };
    static const struct principal callers[] = {
        { .subject = STR_INIT("s") },
        { .subject = STR_INIT("t") },
        { .subject = STR_INIT("s"), .scopes = read, .scope_count = 1 },
        { .subject = STR_INIT("s"), .scopes = both, .scope_count = 2 },
        { .subject = STR_INIT("s"), .patients_bound = true },
        { .subject = STR_INIT("s"), .patients_bound = true, .patients = p1, .patient_count = 1 },
        { .subject = STR_INIT("s"), .groups_bound = true },
        { .subject = STR_INIT("s"), .groups_bound = true, .groups = p1, .group_count = 1 },
    };
    struct str tokens[2 * COUNT(callers)];

    (void)state;
    for (size_t i = 0; i < COUNT(tokens); i++) {
        const struct principal *caller = &callers[i / 2];
        const char *brand = i % 2 ? "acme" : "globex";
        tokens[i] = backend_token(caller, brand, NOW_MS);
        CHECK(str_eq(tokens[i], backend_token(caller, brand, NOW_MS + 29999)), "%zu: reused", i);
        for (size_t j = 0; j < i; j++)
            CHECK(!str_eq(tokens[i], tokens[j]), "%zu and %zu", i, j);
    }
    /* Who has a serial gets the same, whoever of the same place was there before, and for whichever brand. */
    for (size_t turn = 0; turn < 3 * COUNT(tokens); turn++) {
        size_t i = turn * 7 % COUNT(tokens);
        struct principal caller = callers[i / 2];
        caller.serial = i / 2 * 256 + 1;
        caller.brand = STR("acme");
        CHECK(str_eq(tokens[i], backend_token(&caller, i % 2 ? "acme" : "globex", NOW_MS + 1000)), "turn %zu", turn);
    }
    struct principal first = callers[0];
    first.serial = 1;
    first.brand = STR("globex");
    (void)backend_token(&first, "globex", NOW_MS + 1000);
    CHECK(!str_eq(backend_token(&first, "globex", NOW_MS + 30001), tokens[0]), "half a minute before its end, by serial");
    struct str later = backend_token(&callers[0], "globex", NOW_MS + 30001);
    CHECK(!str_eq(later, tokens[0]), "half a minute before its end it is minted again");
    CHECK(!str_eq(backend_token(&callers[0], "globex", NOW_MS - 3600000), later),
          "and when the clock was set back");
}

static void many_callers_do_not_fill_the_memory(void **state)
{
    (void)state;
    for (int i = 0; i < 12000; i++) {
        struct principal who = { .subject = arena_printf(test_arena, "%0600d", i), .brand = STR("acme") };
        struct str token = backend_token(&who, "acme", NOW_MS);
        who.serial = (uint64_t)i + 1;
        CHECK(str_eq(token, backend_token(&who, "acme", NOW_MS)), "%d", i);
        if (i % 100) /* one from before is who it was, though memory may have begun anew since */
            continue;
        who.serial = (uint64_t)(i > 200 ? i - 200 : i) + 1;
        who.subject = arena_printf(test_arena, "%0600d", i > 200 ? i - 200 : i);
        token = backend_token(&who, "acme", NOW_MS);
        who.serial = 0;
        CHECK(str_eq(token, backend_token(&who, "acme", NOW_MS)), "%d, an earlier one", i);
    }
}

static void a_token_file_replaces_minting(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        bool ok;
    } cases[] = {
        { "static-token\n", 0600, true },
        { "static-token\n", 0400, true },
        { "static-token\n", 0640, false },
        { "static-token\n", 0604, false },
        { "", 0600, false },
        { "two\nlines\n", 0600, false },
        { "a b\n", 0600, false },
        { "\x80\n", 0600, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *sets[] = {
            arena_printf(test_arena, "state_dir=%s/state", test_dir).ptr,
            "backend.url=http://127.0.0.1:1",
            "backend.auth=token_file",
            arena_printf(test_arena, "backend.token_file=%s", test_path("token")).ptr,
        };
        struct conf *own = NULL;
        struct auth *fixed = NULL;
        struct err err = { 0 };

        write_file("token", str_from(cases[i].text), cases[i].mode);
        CHECK(!conf_load(&own, NULL, sets, COUNT(sets), &err), "%s", err.detail);
        CHECK(!auth_new(&fixed, own, &err) == cases[i].ok, "case %zu: %s", i, err.detail);
        if (fixed) {
            struct auth_cache *its = auth_cache_new(fixed);
            struct str token;
            const struct principal caller = { .subject = STR("s") };
            CHECK(!auth_backend_token(fixed, its, &caller, STR("acme"), NOW_MS, &token, &err), "%s",
                  err.detail);
            CHECK(str_is(token, "static-token"), "the file's");
            auth_cache_free(&its);
        } else {
            CHECK(!strstr(err.detail, "static"), "no secret in a fault: %s", err.detail);
        }
        auth_free(&fixed);
        conf_free(&own);
    }
}

static void a_file_that_is_no_secret_is_named_with_its_setting(void **state)
{
    static const struct {
        const char *setting, *with[4];
    } cases[] = {
        { "tls.key", { "tls.certificate=x" } },
        { "backend.key", { "backend.certificate=x", "backend.url=https://127.0.0.1:1" } },
        { "backend.token_file", { "backend.url=http://127.0.0.1:1", "backend.auth=token_file" } },
        { "backend.secret_file",
          { "backend.url=http://127.0.0.1:1", "backend.auth=client_credentials", "backend.client_id=c",
            "backend.token_url=https://127.0.0.1:1/t" } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *file = test_path("open"), *sets[6] = { arena_printf(test_arena, "%s=%s", cases[i].setting, file).ptr };
        size_t count = 1;
        struct conf *own = NULL;
        struct auth *none = NULL;
        struct err err = { 0 }, start = { 0 };

        for (size_t k = 0; k < COUNT(cases[i].with) && cases[i].with[k]; k++)
            sets[count++] = cases[i].with[k];
        sets[count++] = arena_printf(test_arena, "state_dir=%s/state", test_dir).ptr;
        write_file("open", STR("x\n"), 0644);
        CHECK(!conf_load(&own, NULL, sets, count, &err), "%s", err.detail);
        const char *want = arena_printf(test_arena, "%s: %s: holds a secret but has mode 0644", cases[i].setting, file).ptr;
        CHECK(auth_check(own, &err) == -1 && strstr(err.detail, want) == err.detail, "%s", err.detail);
        CHECK(auth_new(&none, own, &start) == -1 && strstr(start.detail, want) == start.detail, "%s", start.detail);
        conf_free(&own);
    }
}

static void the_published_key_is_the_signing_one(void **state)
{
    struct buf out = buf_in(test_arena, 4096);
    struct err err = { 0 };
    struct str token = issue(&(struct token_claims){ .subject = STR("s"), .ttl_s = 60 }), kid;
    struct jws jws;

    (void)state;
    auth_jwks(auth, &out);
    struct jdoc *jwks = jdoc_parse(buf_str(&out), &err);
    CHECK(jwks, STR_FMT, STR_ARG(buf_str(&out)));
    const struct jdoc *key = jdoc_at(jdoc_get(jwks, "keys"), 0);
    CHECK(jdoc_string(jdoc_get(key, "kid"), &kid) && kid.len == 43, "kid");
    CHECK(jdoc_get(key, "x") && jdoc_get(key, "y") && !jdoc_get(key, "d"), "the public half only");
    CHECK(!jws_parse(&jws, test_arena, token, &err), "%s", err.detail);
    CHECK(str_eq(jws.kid, kid) && str_is(jws.algorithm, "ES256"), "named in the token");
    jws_done(&jws);
    jdoc_free(&jwks);
}

static void the_signing_key_is_made_once_and_private(void **state)
{
    struct str token = issue(&(struct token_claims){ .subject = STR("s"), .ttl_s = 60 });
    struct stat is;
    struct auth *again = NULL;
    struct principal *principal = NULL;
    struct err err = { 0 };

    (void)state;
    CHECK(!stat(test_path("state/signing-key.pem"), &is) && (is.st_mode & 07777) == 0600, "mode 0600");
    CHECK(!stat(test_path("state"), &is) && (is.st_mode & 07777) == 0700, "folder 0700");
    CHECK(!auth_new(&again, conf, &err), "%s", err.detail);
    struct auth_cache *its = auth_cache_new(again);
    CHECK(!auth_judge(again, its, token, NOW_MS, &principal, &err), "a restart: %s", err.detail);
    principal_release(&principal);
    auth_cache_free(&its);
    auth_free(&again);

    assert_int_equal(chmod(test_path("state/signing-key.pem"), 0644), 0);
    CHECK(auth_new(&again, conf, &err) == -1 && strstr(err.detail, "mode 0644"), "an open key: %s",
          err.detail);
    assert_int_equal(chmod(test_path("state/signing-key.pem"), 0600), 0);
}

static void a_bad_signing_key_is_a_fault(void **state)
{
    EVP_PKEY *p384 = make_ec("P-384"), *rsa = make_rsa(2048), *p256 = make_ec("P-256");
    EVP_PKEY *const keys[] = { p384, rsa, NULL, p256 };

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        BIO *bio = BIO_new(BIO_s_mem());
        char *text = NULL;
        if (keys[i])
            assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, keys[i], NULL, NULL, 0, NULL, NULL), 1);
        long len = BIO_get_mem_data(bio, &text);
        write_file("own.pem", len > 0 ? str_of(text, (size_t)len) : STR("garbage"), 0600);
        BIO_free(bio);
        const char *set = arena_printf(test_arena, "auth.signing_key=%s", test_path("own.pem")).ptr;
        struct conf *own = NULL;
        struct auth *made = NULL;
        struct err err = { 0 };
        CHECK(!conf_load(&own, NULL, &set, 1, &err), "%s", err.detail);
        CHECK(!auth_new(&made, own, &err) == (keys[i] == p256), "case %zu: %s", i, err.detail);
        CHECK(made || strstr(err.detail, "own.pem"), "names its file: %s", err.detail);
        auth_free(&made);
        conf_free(&own);
        EVP_PKEY_free(keys[i]);
    }
}

/* Several processes start on an empty folder at the same moment: all end with one key. */
static void processes_that_start_together_share_a_key(void **state)
{
    enum { PROCESSES = 8 };
    const char *set = arena_printf(test_arena, "state_dir=%s/race/deep", test_dir).ptr;
    char kids[PROCESSES][512];
    int pipes[PROCESSES][2];
    pid_t children[PROCESSES];

    (void)state;
    for (size_t i = 0; i < PROCESSES; i++) {
        assert_int_equal(pipe(pipes[i]), 0);
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i])
            continue;
        struct conf *own = NULL;
        struct auth *made = NULL;
        struct err err = { 0 };
        char out[512] = { 0 };
        struct buf jwks = buf_in(test_arena, sizeof out);
        if (conf_load(&own, NULL, &set, 1, &err) || auth_new(&made, own, &err))
            _exit(1);
        auth_jwks(made, &jwks);
        memcpy(out, jwks.ptr, jwks.len);
        _exit(write(pipes[i][1], out, sizeof out) == sizeof out ? 0 : 1);
    }
    for (size_t i = 0; i < PROCESSES; i++) {
        int status;
        assert_true(read(pipes[i][0], kids[i], sizeof kids[i]) == sizeof kids[i]);
        assert_true(waitpid(children[i], &status, 0) == children[i]);
        CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "process %zu", i);
        CHECK(kids[i][0] && !memcmp(kids[i], kids[0], sizeof kids[0]), "process %zu has another key", i);
        (void)close(pipes[i][0]);
        (void)close(pipes[i][1]);
    }
    int files = system(arena_printf(test_arena, "test $(ls %s/race/deep | wc -l) = 1", test_dir).ptr);
    CHECK(files == 0, "no drafts are left");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_issued_is_accepted_as_it_was_meant),
        cmocka_unit_test(every_signature_verifies),
        cmocka_unit_test(the_backends_tokens_are_its_own),
        cmocka_unit_test(backend_tokens_are_reused_for_the_same_caller_only),
        cmocka_unit_test(many_callers_do_not_fill_the_memory),
        cmocka_unit_test(a_token_file_replaces_minting),
        cmocka_unit_test(a_file_that_is_no_secret_is_named_with_its_setting),
        cmocka_unit_test(the_published_key_is_the_signing_one),
        cmocka_unit_test(the_signing_key_is_made_once_and_private),
        cmocka_unit_test(a_bad_signing_key_is_a_fault),
        cmocka_unit_test(processes_that_start_together_share_a_key),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
