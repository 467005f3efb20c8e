/* `check` before the first start: what the start would refuse about the gateway's own keys. */
#include "test_auth_keys.h"

#include "auth/auth.h"

#include <string.h>

/* What check says with this `auth.signing_key` and `auth.retired_keys`. It makes nothing. */
static void judge(const char *key, const char *retired, const char *want)
{
    const char *sets[4] = { arena_printf(test_arena, "state_dir=%s", test_path("no-state")).ptr };
    size_t count = 1;
    struct conf *conf = NULL;
    struct err err = { 0 };

    if (key)
        sets[count++] = arena_printf(test_arena, "auth.signing_key=%s", test_path(key)).ptr;
    if (retired)
        sets[count++] = arena_printf(test_arena, "auth.retired_keys=[%s]", test_path(retired)).ptr;
    assert_false(conf_load(&conf, NULL, sets, count, &err));
    int failed = auth_check(conf, &err);
    if (want)
        CHECK(failed && !strncmp(err.detail, "auth: ", 6) && strstr(err.detail, want), "%s: %s", key ? key : retired, err.detail);
    else
        CHECK(!failed, "%s: %s", key ? key : retired, err.detail);
    CHECK(access(test_path("no-state"), F_OK), "check made the state");
    conf_free(&conf);
}

static void the_own_keys_are_judged_as_at_the_start(void **state)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;

    (void)state;
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pair, NULL, NULL, 0, NULL, NULL), 1);
    long len = BIO_get_mem_data(bio, &text);
    write_file("good.pem", str_of(text, (size_t)len), 0600);
    write_file("open.pem", str_of(text, (size_t)len), 0644);
    write_file("junk.pem", STR("no key\n"), 0600);
    assert_int_equal(mkdir(test_path("keys"), 0700), 0);
    judge(NULL, NULL, NULL);
    judge("good.pem", NULL, NULL);
    judge("open.pem", NULL, "open.pem: holds a secret but has mode 0644");
    judge("junk.pem", NULL, "junk.pem: expected the PEM file of an EC P-256 key");
    judge("keys/new.pem", NULL, NULL);
    CHECK(access(test_path("keys/new.pem"), F_OK), "check made a key");
    judge("nowhere/new.pem", NULL, "nowhere/new.pem: is not there, and cannot be made: No such file or directory");
    judge("good.pem/new.pem", NULL, "new.pem: is not there, and cannot be made: Not a directory");
    judge("good.pem", "good.pem", NULL);
    judge("good.pem", "gone.pem", "gone.pem: No such file or directory");
    judge(NULL, "junk.pem", "junk.pem: expected the PEM file of an EC P-256 key");
    BIO_free(bio);
    EVP_PKEY_free(pair);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_own_keys_are_judged_as_at_the_start),
    };

    return cmocka_run_group_tests(tests, setup_dir, drop_dir);
}
