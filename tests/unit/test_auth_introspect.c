/* Tokens that an authority is asked about (RFC 7662; S27), and patience with addresses (S28). */
#include "test_auth_ask_kit.h"

#include "jdoc/jdoc.h"

#define NOBODY "192.0.2.99"

static void open_introspection(const char *const *more, size_t count)
{
    const char *sets[12] = {
        arena_printf(test_arena, "auth.introspection.url=http://127.0.0.1:%u/introspect?x=1", server.port)
            .ptr,
        "auth.introspection.allow_http=true",
        "auth.introspection.client_id=gate way",
        arena_printf(test_arena, "auth.introspection.secret_file=%s", test_path("secret")).ptr,
    };

    write_file("secret", STR("s:e/c\n"), 0600);
    for (size_t i = 0; i < count; i++)
        sets[4 + i] = more[i];
    open_auth(sets, 4 + count, true);
}

static struct str fresh_token(void)
{
    static unsigned serial;

    return arena_printf(test_arena, "opaque/%u+&=x", ++serial);
}

static struct str fresh(const char *head, int number)
{
    return arena_printf(test_arena, "%s%d", head, number);
}

static const char *active(const char *more)
{
    return arena_printf(test_arena,
                        "{\"active\":true,\"aud\":\"dragoman\",\"sub\":\"s\",\"scope\":\"read:patients\"%s}",
                        more)
        .ptr;
}

static intmax_t in_seconds(int seconds)
{
    return (intmax_t)(clock_wall_ms() / 1000 + seconds);
}

static void s27_the_question_is_asked_as_the_standard_says(void **state)
{
    struct principal *principal = NULL;
    enum auth_answer at_once;
    struct err err = { 0 };

    (void)state;
    open_introspection(NULL, 0);
    reply_json(active(",\"brand_id\":\"acme\",\"token_type\":\"bearer\",\"client_id\":\"c\""));
    struct str token = STR("opaque/a+b&c=d");
    CHECK(!ask_from(token, "", &at_once) && at_once == AUTH_LATER, "asked");
    CHECK(strstr(server.last, "POST /introspect?x=1 HTTP/1.1\r\n"), "%s", server.last);
    /* RFC 6749 section 2.3.1: "gate%20way:s%3Ae%2Fc" */
    CHECK(strcasestr(server.last, "\r\nauthorization: Basic Z2F0ZSUyMHdheTpzJTNBZSUyRmM=\r\n"), "%s",
          server.last);
    CHECK(strcasestr(server.last, "\r\ncontent-type: application/x-www-form-urlencoded\r\n"), "%s",
          server.last);
    static const char body[] = "\r\n\r\ntoken=opaque%2Fa%2Bb%26c%3Dd&token_type_hint=access_token";
    CHECK(strstr(server.last, body), "%s", server.last);
    unsigned before = server_requests(&server);
    CHECK(!ask_from(token, "", &at_once) && at_once == AUTH_YES, "remembered");
    CHECK(!auth_judge(auth, cache, token, clock_wall_ms(), &principal, &err), "%s", err.detail);
    CHECK(str_is(principal->brand, "acme") && principal_allows(principal, STR("read:patients")) &&
              !principal_allows(principal, STR("write:patients")),
          "as described");
    principal_release(&principal);
    CHECK(server_requests(&server) == before, "asked once");
    close_auth();
}

static void s27_answers_are_judged(void **state)
{
    const struct {
        const char *answer;
        enum err_code code;
    } cases[] = {
        { active(""), ERR_NONE },
        { active(
              arena_printf(test_arena, ",\"exp\":%jd,\"iat\":%jd,\"nbf\":1", in_seconds(60), in_seconds(-60))
                  .ptr),
          ERR_NONE },
        { active(",\"token_type\":\"Bearer\""), ERR_NONE },
        { "{\"active\":true,\"aud\":[\"x\",\"dragoman\"]}", ERR_NONE },
        { "{\"active\":false}", ERR_INVALID_TOKEN },
        { "{\"active\":false,\"aud\":\"dragoman\",\"scope\":\"admin:*\"}", ERR_INVALID_TOKEN },
        { "{\"active\":true}", ERR_INVALID_TOKEN },
        { "{\"active\":true,\"aud\":\"dragoman-backend\"}", ERR_INVALID_TOKEN },
        { "{\"active\":true,\"aud\":\"Dragoman\"}", ERR_INVALID_TOKEN },
        { "{\"active\":true,\"aud\":[]}", ERR_INVALID_TOKEN },
        { "{\"active\":true,\"aud\":[7,\"dragoman\"]}", ERR_INVALID_TOKEN },
        { "{\"active\":true,\"aud\":null}", ERR_INVALID_TOKEN },
        { active(",\"exp\":1"), ERR_INVALID_TOKEN },
        { active(",\"exp\":\"9999999999\""), ERR_INVALID_TOKEN },
        { active(",\"exp\":1e400"), ERR_UNAVAILABLE },
        { active(",\"exp\":-1"), ERR_INVALID_TOKEN },
        { active(",\"exp\":9999999999.5"), ERR_INVALID_TOKEN },
        { active(arena_printf(test_arena, ",\"nbf\":%jd", in_seconds(600)).ptr), ERR_INVALID_TOKEN },
        { active(",\"token_type\":\"DPoP\""), ERR_INVALID_TOKEN },
        { active(",\"token_type\":7"), ERR_INVALID_TOKEN },
        { "{\"active\":true,\"aud\":\"dragoman\",\"sub\":7}", ERR_INVALID_TOKEN },
        /* What is no answer at all is not a verdict. */
        { "{\"active\":\"true\",\"aud\":\"dragoman\"}", ERR_UNAVAILABLE },
        { "{\"active\":1,\"aud\":\"dragoman\"}", ERR_UNAVAILABLE },
        { "{\"active\":null}", ERR_UNAVAILABLE },
        { "{\"aud\":\"dragoman\"}", ERR_UNAVAILABLE },
        { "{\"active\":true,\"active\":false}", ERR_UNAVAILABLE },
        { "[true]", ERR_UNAVAILABLE },
        { "true", ERR_UNAVAILABLE },
        { "", ERR_UNAVAILABLE },
        { "<html>", ERR_UNAVAILABLE },
        { "{\"active\":true", ERR_UNAVAILABLE },
    };

    (void)state;
    open_introspection(NULL, 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str token = fresh_token();
        reply_json(cases[i].answer);
        enum err_code code = ask(token);
        CHECK(code == cases[i].code, "%s: %s", cases[i].answer, err_name(code));
        CHECK(ask(token) == cases[i].code, "%s: again", cases[i].answer);
    }
    close_auth();
}

static void s27_without_an_authority_it_is_a_503(void **state)
{
    struct str body = str_from(active(""));
    const struct str replies[] = {
        http_reply("401 No", "", body),
        http_reply("500 Oh", "", body),
        http_reply("201 Made", "", body),
        http_reply("302 Found", "location: /introspect\r\n", body),
        STR("garbage\r\n\r\n"),
        { NULL, 0 },
        http_reply("200 OK", "",
                   arena_printf(test_arena, "{\"active\":true,\"aud\":\"dragoman\",\"x\":\"%020000d\"}", 0)),
    };

    (void)state;
    open_introspection((const char *const[]){ "auth.call_ms=400" }, 1);
    for (size_t i = 0; i < COUNT(replies); i++) {
        struct str token = fresh_token();
        server_reply(&server, replies[i]);
        CHECK(ask(token) == ERR_UNAVAILABLE, "reply %zu", i);
        reply_json(active(""));
        CHECK(!ask(token), "reply %zu is not remembered", i);
    }
    server_hold(&server, true);
    CHECK(ask(fresh_token()) == ERR_UNAVAILABLE, "no answer in time");
    server_hold(&server, false);
    close_auth();
    const char *const closed[] = {
        "auth.introspection.url=http://127.0.0.1:1/", "auth.introspection.allow_http=true",
        "auth.introspection.client_id=c",
        arena_printf(test_arena, "auth.introspection.secret_file=%s", test_path("secret")).ptr
    };
    open_auth(closed, 4, true);
    CHECK(ask(fresh_token()) == ERR_UNAVAILABLE, "nobody there");
    close_auth();
}

static void s27_what_is_remembered_ends(void **state)
{
    const char *const sets[] = { "auth.introspection.cache_s=1", "auth.introspection.refused_s=1" };
    struct str token = fresh_token(), wrong = fresh_token(), ends = fresh_token();
    enum auth_answer at_once;

    (void)state;
    open_introspection(sets, 2);
    reply_json(active(""));
    CHECK(!ask(token), "active");
    reply_json("{\"active\":false}");
    CHECK(ask(wrong) == ERR_INVALID_TOKEN, "not active");
    unsigned before = server_requests(&server);
    CHECK(!ask(token), "still remembered, though it has been revoked");
    CHECK(ask_from(wrong, "", &at_once) == ERR_INVALID_TOKEN && at_once == AUTH_NO, "refused without asking");
    CHECK(server_requests(&server) == before, "nobody was asked");
    run_for(1100);
    CHECK(ask(token) == ERR_INVALID_TOKEN, "asked again");
    reply_json(active(""));
    CHECK(!ask(wrong), "asked again");
    close_auth();

    open_introspection((const char *const[]){ "auth.introspection.cache_s=60" }, 1);
    reply_json(active(arena_printf(test_arena, ",\"exp\":%jd", in_seconds(2)).ptr));
    CHECK(!ask(ends), "until its end");
    reply_json("{\"active\":false}");
    run_for(2200);
    CHECK(ask(ends) == ERR_INVALID_TOKEN, "not beyond it");
    close_auth();

    open_introspection((const char *const[]){ "auth.introspection.cache_s=0" }, 1);
    reply_json(active(""));
    CHECK(!ask(token) && !ask_from(token, "", &at_once) && at_once == AUTH_LATER, "nothing is remembered");
    close_auth();
}

static void who_asks_about_the_same_token_waits_together(void **state)
{
    enum { CROWD = 100 };
    static struct asked asked[CROWD];
    unsigned left = 0;

    (void)state;
    open_introspection(NULL, 0);
    unsigned before = server_requests(&server);
    server_hold(&server, true);
    struct str token = fresh_token();
    for (unsigned i = 0; i < CROWD; i++)
        begin_ask(&asked[i], token, "", &left);
    auth_ask_detach(&asked[0].ask);
    left--;
    reply_json(active(""));
    server_hold(&server, false);
    run_for(20000);
    for (unsigned i = 1; i < CROWD; i++)
        CHECK(asked[i].done && !asked[i].code, "%u", i);
    CHECK(!asked[0].done && server_requests(&server) == before + 1, "one question");

    static struct asked many[600];
    unsigned refused = 0;
    left = 0;
    server_hold(&server, true);
    for (size_t i = 0; i < COUNT(many); i++) {
        begin_ask(&many[i], fresh_token(), "", &left);
        refused += many[i].at_once == AUTH_NO && many[i].code == ERR_UNAVAILABLE;
    }
    CHECK(refused == COUNT(many) - 512, "bounded: %u", refused);
    close_auth(); /* with all of them waiting */
    server_hold(&server, false);
}

static void s27_the_kind_of_a_token_is_decided_by_its_form_or_prefix(void **state)
{
    struct str jwt = token_of(first_key, "1");
    const struct {
        const char *prefix;
        struct str token;
        enum auth_kind kind;
    } cases[] = {
        { "", STR("lph_at_1"), AUTH_ASKED_ABOUT },
        { "", STR(""), AUTH_ASKED_ABOUT },
        { "", jwt, AUTH_JWT },
        { "lph_at_", STR("lph_at_1"), AUTH_ASKED_ABOUT },
        { "lph_at_", STR("lph_at"), AUTH_OF_TABLE },
        { "lph_at_", STR("Lph_at_1"), AUTH_OF_TABLE },
        { "lph_at_", STR("x"), AUTH_OF_TABLE },
        { "lph_at_", jwt, AUTH_JWT },
        { "eyJ", jwt, AUTH_ASKED_ABOUT },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str prefix = arena_printf(test_arena, "auth.introspection.prefix=%s", cases[i].prefix);
        open_introspection((const char *const[]){ prefix.ptr }, 1);
        CHECK(auth_kind_of(auth, cases[i].token) == cases[i].kind, "case %zu", i);
        close_auth();
    }
    reply_json(active(""));
    open_introspection((const char *const[]){ "auth.introspection.prefix=eyJ" }, 1);
    CHECK(!ask(jwt), "the prefix decides, and the authority");
    close_auth();
    open_auth(NULL, 0, true);
    CHECK(auth_kind_of(auth, STR("lph_at_1")) == AUTH_OF_TABLE && auth_kind_of(auth, jwt) == AUTH_JWT,
          "without an authority");
    close_auth();
}

static void secrets_are_read_with_care(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
    } cases[] = { { "", 0600 }, { "\n", 0600 }, { "secret", 0644 }, { "secret", 0640 } };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err err = { 0 };
        open_introspection(NULL, 0);
        auth_cache_free(&cache);
        auth_free(&auth);
        write_file("secret", str_from(cases[i].text), cases[i].mode);
        CHECK(auth_new(&auth, conf, &err) == -1 && err.code == ERR_CONFIG && !strstr(err.detail, "secret\""),
              "case %zu", i);
        conf_free(&conf);
    }
}

/* S28: three are forgiven, then nothing is looked at; what was accepted before still is, and so are others.
 */
static void s28_an_address_runs_out_of_guesses(void **state)
{
    (void)state;
    open_introspection(
        (const char *const[]){ "auth.failures_per_minute=3", "auth.introspection.prefix=lph_" }, 2);
    reply_json(active(""));
    CHECK(!ask_from(STR("lph_good"), "192.0.2.7", NULL), "a good one");
    reply_json("{\"active\":false}");
    for (int i = 0; i < 3; i++)
        CHECK(ask_from(fresh("lph_", i), "192.0.2.7", NULL) == ERR_INVALID_TOKEN, "guess %d", i);
    unsigned before = server_requests(&server);
    reply_json(active(""));
    CHECK(ask_from(STR("lph_right"), "192.0.2.7", NULL) == ERR_TOO_MANY, "the right one too");
    CHECK(ask_from(token_of(first_key, "1"), "192.0.2.7", NULL) == ERR_TOO_MANY, "of whatever kind");
    CHECK(!auth_peer_allowed(auth, STR("192.0.2.7")), "the table as well");
    CHECK(server_requests(&server) == before, "unseen");
    CHECK(!ask_from(STR("lph_good"), "192.0.2.7", NULL), "known ones");
    CHECK(!ask_from(STR("lph_right"), "192.0.2.8", NULL), "another address");

    reply_json("{\"active\":false}");
    for (int i = 0; i < 3; i++)
        CHECK(ask_from(fresh("lph_six_", i), fresh("2001:db8::", i + 1).ptr, NULL) == ERR_INVALID_TOKEN,
              "guess %d", i);
    CHECK(!auth_peer_allowed(auth, STR("2001:db8::ffff")), "one network");
    CHECK(auth_peer_allowed(auth, STR("2001:db8:0:1::1")), "another");
    CHECK(auth_peer_allowed(auth, STR("::ffff:192.0.2.9")) && !auth_peer_allowed(auth, STR("192.0.2.7")),
          "mapped");
    close_auth();

    open_introspection(
        (const char *const[]){ "auth.failures_per_minute=0", "auth.introspection.refused_s=60" }, 2);
    struct str wrong = fresh_token();
    for (int i = 0; i < 50; i++)
        CHECK(ask_from(wrong, NOBODY, NULL) == ERR_INVALID_TOKEN, "no limit");
    close_auth();
}

/* When the authority fails, nobody is to blame. */
static void s28_outages_are_no_guesses(void **state)
{
    (void)state;
    open_introspection((const char *const[]){ "auth.failures_per_minute=1" }, 1);
    server_reply(&server, http_reply("500 Oh", "", STR("")));
    for (int i = 0; i < 5; i++)
        CHECK(ask_from(fresh_token(), NOBODY, NULL) == ERR_UNAVAILABLE, "outage %d", i);
    reply_json(active(""));
    CHECK(!ask_from(fresh_token(), NOBODY, NULL), "afterwards");
    close_auth();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s27_the_question_is_asked_as_the_standard_says),
        cmocka_unit_test(s27_answers_are_judged),
        cmocka_unit_test(s27_without_an_authority_it_is_a_503),
        cmocka_unit_test(s27_what_is_remembered_ends),
        cmocka_unit_test(who_asks_about_the_same_token_waits_together),
        cmocka_unit_test(s27_the_kind_of_a_token_is_decided_by_its_form_or_prefix),
        cmocka_unit_test(secrets_are_read_with_care),
        cmocka_unit_test(s28_an_address_runs_out_of_guesses),
        cmocka_unit_test(s28_outages_are_no_guesses),
    };
    log_to(2, LOG_ERROR);
    return cmocka_run_group_tests(tests, start, stop);
}
