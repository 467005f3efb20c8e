/* Key sets that are fetched: rotation, outages, floods, and callers that go away (S18 to S21). */
#include "test_auth_ask_kit.h"

static void s19_a_new_key_works_at_once_and_an_old_one_until_it_is_taken_out(void **state)
{
    enum auth_answer at_once;

    (void)state;
    reply_keys(first_key, "1", NULL, NULL);
    open_issuer(NULL);
    struct str old = token_of(first_key, "1");
    CHECK(!ask(old), "the first key");
    reply_keys(first_key, "1", second_key, "2");
    CHECK(!ask_from(token_of(second_key, "2"), "", &at_once) && at_once == AUTH_LATER,
          "the second, fetched for it");
    CHECK(!ask_from(token_of(second_key, "2"), "", &at_once) && at_once == AUTH_YES, "now it is known");
    CHECK(!ask(token_of(first_key, "1")) && !ask(old), "both");
    CHECK(strstr(server.last, "GET /keys?of=us HTTP/1.1\r\n"), "%s", server.last);
    close_auth();
}

/* What was verified with a key that is not trusted any more is not remembered. */
static void s19_a_key_taken_out_ends_what_is_remembered(void **state)
{
    static const char *const often[] = { "auth.jwks_refresh_s=1" };
    enum err_code code = ERR_NONE;

    (void)state;
    reply_keys(first_key, "1", second_key, "2");
    open_issuer(often[0]);
    struct str gone = token_of(first_key, "1"), stays = token_of(second_key, "2");
    CHECK(!ask(gone) && !ask(stays), "both");
    reply_keys(second_key, "2", NULL, NULL);
    for (int i = 0; i < 100 && !code; i++) { /* it is fetched again by itself */
        run_for(100);
        code = ask(gone);
    }
    CHECK(code == ERR_INVALID_TOKEN && !ask(stays), "the one that is gone");
    close_auth();
}

static void s18_unknown_keys_have_it_fetched_once(void **state)
{
    enum { CROWD = 300 };
    static struct asked asked[CROWD];
    unsigned left = 0;

    (void)state;
    reply_keys(first_key, "1", NULL, NULL);
    open_issuer(NULL);
    struct str good = token_of(first_key, "1");
    CHECK(!ask(good), "the first fetch");
    unsigned before = server_requests(&server);
    server_hold(&server, true);
    for (unsigned i = 0; i < CROWD; i++)
        begin_ask(&asked[i], token_of(third_key, arena_printf(test_arena, "random-%u", i).ptr), "", &left);
    CHECK(left == CROWD, "all wait for one fetch: %u", left);
    CHECK(!ask(good) && !ask(token_of(first_key, "1")), "what is known is not touched");
    server_hold(&server, false);
    run_for(20000);
    for (unsigned i = 0; i < CROWD; i++)
        CHECK(asked[i].done && asked[i].code == ERR_INVALID_TOKEN, "%u: %s", i, err_name(asked[i].code));
    CHECK(server_requests(&server) == before + 1, "one fetch, not %u", server_requests(&server) - before);
    for (unsigned i = 0; i < CROWD; i++) {
        enum auth_answer at_once;
        CHECK(ask_from(token_of(third_key, "another"), "", &at_once) == ERR_INVALID_TOKEN &&
                  at_once == AUTH_NO,
              "no wait");
    }
    CHECK(server_requests(&server) == before + 1, "none within the interval");
    close_auth();
}

/* A known name with a wrong signature is no reason to fetch; nor is another issuer, nor no signature. */
static void s18_a_wrong_signature_is_no_unknown_key(void **state)
{
    enum auth_answer at_once;

    (void)state;
    reply_keys(first_key, "1", NULL, NULL);
    open_issuer(NULL);
    CHECK(!ask(token_of(first_key, "1")), "good");
    const struct str tokens[] = {
        token_of(second_key, "1"),
        es256(first_key, "{\"alg\":\"ES256\",\"kid\":\"2\"}",
              "{\"iss\":\"https://other\",\"aud\":\"dragoman\",\"exp\":9999999999}"),
        es256(first_key, "{\"alg\":\"none\",\"kid\":\"1\"}", "{\"iss\":\"https://issuer\"}"),
        es256(first_key, "{\"alg\":\"ES384\",\"kid\":\"1\"}", "{\"iss\":\"https://issuer\"}"),
        STR("x.y.z"),
        STR(""),
        STR("opaque"),
    };
    unsigned before = server_requests(&server);
    for (size_t i = 0; i < COUNT(tokens); i++)
        CHECK(ask_from(tokens[i], "", &at_once) == ERR_INVALID_TOKEN && at_once == AUTH_NO, "token %zu", i);
    CHECK(server_requests(&server) == before, "nothing was fetched");
    close_auth();
}

static struct str long_body(size_t len)
{
    char *body = arena_alloc(test_arena, len);

    memset(body, ' ', len);
    return http_reply("200 OK", "", str_of(body, len));
}

static void s20_the_last_good_set_outlives_outages(void **state)
{
    struct str keys = jwks_of((struct str[]){ ec_member(second_key, "2") }, 1);
    const struct {
        const char *name;
        struct str reply;
    } outages[] = {
        { "500", http_reply("500 Oh", "", keys) },
        { "404", http_reply("404 No", "", keys) },
        { "204", STR("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n") },
        { "HTML", http_reply("200 OK", "content-type: text/html\r\n", STR("<html>login</html>")) },
        { "no keys", http_reply("200 OK", "", STR("{\"keys\":[]}")) },
        { "no good key", http_reply("200 OK", "", STR("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}")) },
        { "no document", http_reply("200 OK", "", STR("")) },
        { "a redirect",
          http_reply("302 Found",
                     arena_printf(test_arena, "location: http://127.0.0.1:%u/keys\r\n", server.port).ptr,
                     keys) },
        { "cut off", arena_printf(test_arena, "HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n" STR_FMT,
                                  STR_ARG(keys)) },
        { "10 MB", long_body(10 * 1024 * 1024) },
        { "garbage", STR("SSH-2.0-OpenSSH_9.2\r\n") },
        { "nothing", { NULL, 0 } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(outages); i++) {
        reply_keys(first_key, "1", NULL, NULL);
        open_issuer(NULL);
        CHECK(!ask(token_of(first_key, "1")), "%s: before", outages[i].name);
        server_reply(&server, outages[i].reply);
        enum err_code code = ask(token_of(second_key, "2"));
        CHECK(code == ERR_UNAVAILABLE, "%s: cannot be judged, is %s", outages[i].name, err_name(code));
        CHECK(ask(token_of(second_key, "2")) == ERR_UNAVAILABLE, "%s: still", outages[i].name);
        CHECK(!ask(token_of(first_key, "1")), "%s: the last good set", outages[i].name);
        CHECK(ask(token_of(second_key, "1")) == ERR_INVALID_TOKEN, "%s: a forgery is one", outages[i].name);
        close_auth();
    }
}

static void s20_a_slow_authority_is_given_up(void **state)
{
    (void)state;
    reply_keys(first_key, "1", NULL, NULL);
    open_issuer("auth.call_ms=300");
    CHECK(!ask(token_of(first_key, "1")), "before");
    server_hold(&server, true);
    CHECK(ask(token_of(second_key, "2")) == ERR_UNAVAILABLE, "no answer");
    CHECK(!ask(token_of(first_key, "1")), "the last good set");
    server_hold(&server, false);
    close_auth();
}

static void without_a_first_set_nothing_is_denied_for_good(void **state)
{
    enum err_code code = ERR_UNAVAILABLE;

    (void)state;
    server_reply(&server, http_reply("503 Soon", "", STR("")));
    open_issuer("auth.jwks_interval_s=1");
    CHECK(ask(token_of(first_key, "1")) == ERR_UNAVAILABLE, "nobody knows");
    CHECK(ask(token_of(first_key, NULL)) == ERR_UNAVAILABLE, "without a name neither");
    reply_keys(first_key, "1", NULL, NULL);
    for (int i = 0; i < 100 && code == ERR_UNAVAILABLE; i++) {
        run_for(100);
        code = ask(token_of(first_key, "1"));
    }
    CHECK(!code, "it came back: %s", err_name(code));
    close_auth();
    open_auth((const char *const[]){ issuer_setting("") }, 1, false);
    CHECK(ask(token_of(first_key, "1")) == ERR_UNAVAILABLE, "without the thread");
    close_auth();
}

static void algorithms_and_keys_of_an_issuer_are_its_own(void **state)
{
    (void)state;
    reply_keys(first_key, "1", NULL, NULL);
    const char *const sets[] = { issuer_setting(", algorithms: [RS256, ES384]") };
    open_auth(sets, 1, true);
    CHECK(ask(token_of(first_key, "1")) == ERR_UNAVAILABLE, "no key that may be used: there is no set");
    close_auth();
    /* S12: the key of another issuer */
    const char *const two[] = {
        arena_printf(test_arena,
                     "auth.issuers=[{issuer: 'https://issuer', jwks_url: 'http://127.0.0.1:%u/', "
                     "allow_http: true}, {issuer: 'https://two', keys: [{file: %s, algorithm: "
                     "ES256}]}]",
                     server.port, test_path("second.pem"))
            .ptr
    };
    write_file("second.pem", public_pem(second_key), 0644);
    open_auth(two, 1, true);
    CHECK(!ask(token_of(first_key, "1")) && ask(token_of(second_key, "1")) == ERR_INVALID_TOKEN, "S12");
    close_auth();
}

/* Callers leave while they wait, before and after the answer came; a loop ends with some still waiting. */
static void a_caller_may_go_away(void **state)
{
    static struct asked asked[4];

    (void)state;
    for (int when = 0; when < 3; when++) {
        unsigned left = 0, before = server_requests(&server);
        reply_keys(first_key, "1", NULL, NULL);
        server_hold(&server, true);
        open_issuer(NULL);
        for (size_t i = 0; i < COUNT(asked); i++)
            begin_ask(&asked[i], token_of(first_key, "1"), "", &left);
        CHECK(left == COUNT(asked), "all wait");
        server_wait(&server, before + 1);
        auth_ask_detach(&asked[1].ask);
        server_hold(&server, when == 0);
        if (when == 1)
            (void)usleep(200 * 1000); /* the answers are on their way, and nobody has taken them */
        auth_ask_detach(&asked[3].ask);
        left -= 2;
        if (when > 0)
            run_for(20000);
        CHECK(asked[0].done == (when > 0) && asked[2].done == (when > 0), "the others");
        CHECK(!asked[1].done && !asked[3].done, "nothing after detach");
        close_auth(); /* in the first round with two still waiting */
        server_hold(&server, false);
    }
}

static void a_set_in_a_file_is_read_again(void **state)
{
    struct err err = { 0 };
    struct auth *broken = NULL;
    const char *const sets[] = { arena_printf(test_arena,
                                              "auth.issuers=[{issuer: 'https://issuer', jwks_file: %s}]",
                                              test_path("keys.json"))
                                     .ptr };

    (void)state;
    write_file("keys.json", jwks_of((struct str[]){ ec_member(first_key, "1") }, 1), 0644);
    open_auth(sets, 1, true);
    CHECK(!ask(token_of(first_key, "1")), "at start");
    write_file("keys.json", jwks_of((struct str[]){ ec_member(second_key, "2") }, 1), 0644);
    CHECK(!ask(token_of(second_key, "2")), "an unknown key has it read again");
    CHECK(ask(token_of(first_key, "1")) == ERR_INVALID_TOKEN, "the first is gone");
    write_file("keys.json", STR("{"), 0644);
    CHECK(!ask(token_of(second_key, "2")), "the last good set");
    auth_cache_free(&cache);
    auth_free(&auth);
    CHECK(auth_new(&broken, conf, &err) == -1 && strstr(err.detail, "keys.json"), "a fault at start: %s",
          err.detail);
    cache = NULL;
    conf_free(&conf);
}

/* How long it lives was said as a span: what our clock is set to does not matter. */
static void the_backend_s_token_lives_as_long_whatever_the_clock_is_set_to(void **state)
{
    const char *const sets[] = {
        "backend.url=http://127.0.0.1:1", "backend.auth=client_credentials", "backend.client_id=c",
        "backend.token_allow_http=true",
        arena_printf(test_arena, "backend.token_url=http://127.0.0.1:%u/token", server.port).ptr,
        arena_printf(test_arena, "backend.secret_file=%s", test_path("secret")).ptr,
    };
    static const int64_t hours[] = { 0, 24, -24 };
    const struct principal caller = { .subject = STR("s") };
    struct str token = STR_NONE;
    struct err err = { 0 };

    (void)state;
    write_file("secret", STR("s3cret"), 0600);
    reply_json("{\"access_token\":\"borrowed\",\"token_type\":\"Bearer\",\"expires_in\":3600}");
    open_auth(sets, COUNT(sets), true);
    for (size_t i = 0; i < COUNT(hours); i++) {
        int64_t wall_ms = clock_wall_ms() + hours[i] * 3600000;
        int failed = auth_backend_token(auth, cache, &caller, STR("acme"), wall_ms, &token, &err);
        for (int waited = 0; i == 0 && failed && waited < 5000; waited += 5, usleep(5000))
            failed = auth_backend_token(auth, cache, &caller, STR("acme"), wall_ms, &token, &err);
        CHECK(!failed && str_is(token, "borrowed"), "case %zu: %s", i, err.detail);
    }
    close_auth();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s19_a_new_key_works_at_once_and_an_old_one_until_it_is_taken_out),
        cmocka_unit_test(s19_a_key_taken_out_ends_what_is_remembered),
        cmocka_unit_test(s18_unknown_keys_have_it_fetched_once),
        cmocka_unit_test(s18_a_wrong_signature_is_no_unknown_key),
        cmocka_unit_test(s20_the_last_good_set_outlives_outages),
        cmocka_unit_test(s20_a_slow_authority_is_given_up),
        cmocka_unit_test(without_a_first_set_nothing_is_denied_for_good),
        cmocka_unit_test(algorithms_and_keys_of_an_issuer_are_its_own),
        cmocka_unit_test(a_caller_may_go_away),
        cmocka_unit_test(a_set_in_a_file_is_read_again),
        cmocka_unit_test(the_backend_s_token_lives_as_long_whatever_the_clock_is_set_to),
    };
    log_to(2, LOG_ERROR);
    return cmocka_run_group_tests(tests, start, stop);
}
