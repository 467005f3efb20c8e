/* Revocation (RFC 7009) of refresh and access tokens, and the metadata (RFC 8414) that offers it. */
#include "test_auth_grant_kit.h"

#include "auth/revoked.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/store.h"

static struct conf *conf;
static struct auth *auth;
static struct auth_cache *cache;
static struct store *store;
static struct loop *loop;
static enum err_code outcome;

static void open_auth(void)
{
    struct err err = { 0 };

    CHECK(!auth_new(&auth, conf, &err), "%s", err.detail);
    CHECK(!auth_load_revoked(auth, store, clock_wall_ms(), &err), "%s", err.detail);
    cache = auth_cache_new(auth);
}

static void close_auth(void)
{
    auth_cache_free(&cache);
    auth_free(&auth);
}

static void add_client(const char *id)
{
    struct buf record = buf_in(test_arena, 1024);
    struct err err = { 0 };

    buf_add(&record, STR("{\"brand\":\"acme\",\"scope\":\"read:patients\",\"secret_hash\":\""));
    CHECK(!client_secret_hash(STR(SECRET), &record, &err), "%s", err.detail);
    buf_add(&record, STR("\"}"));
    CHECK(!store_record_put_now(store, RECORD_CLIENT, str_from(id), buf_str(&record), 0, &err), "%s",
          err.detail);
}

static int start(void **state)
{
    struct err err = { 0 };

    if (setup_dir(state))
        return -1;
    conf = test_conf(NULL);
    CHECK(!store_open(&store, test_path("state"), &err), "%s", err.detail);
    open_auth();
    loop = loop_new();
    add_client("one");
    add_client("two");
    return 0;
}

static int stop(void **state)
{
    store_close(&store);
    loop_free(&loop);
    close_auth();
    conf_free(&conf);
    return drop_dir(state);
}

static void note(struct grant *grant, const struct err *err, void *data)
{
    (void)grant;
    (void)data;
    outcome = err ? err->code : ERR_NONE;
    loop_stop(loop);
}

static enum err_code run(struct grant *grant)
{
    grant->arena = test_arena;
    grant->done = note;
    grant_start(auth, store, loop, grant);
    loop_run(loop);
    return outcome;
}

struct pair {
    struct str access, refresh;
};

static struct pair pair_of(struct grant *grant)
{
    CHECK(!run(grant), "a grant: %s", err_name(outcome));
    return (struct pair){ member(grant, "access_token"), member(grant, "refresh_token") };
}

static struct pair granted(const char *client)
{
    struct grant grant = { .grant_type = STR("client_credentials"),
                           .client_id = str_from(client),
                           .client_secret = STR(SECRET) };

    return pair_of(&grant);
}

static enum err_code ask_revoke(const char *client, const char *secret, struct str token)
{
    struct grant grant = { .client_id = str_from(client),
                           .client_secret = str_from(secret),
                           .revoke = token };
    enum err_code code = run(&grant);

    CHECK(code || str_is(grant.json, "{}"), STR_FMT, STR_ARG(grant.json));
    return code;
}

/* Judged twice: what is remembered must not outlive it. */
static bool works(struct str access)
{
    bool verdict[2];

    for (size_t i = 0; i < 2; i++) {
        struct principal *principal = NULL;
        struct err err = { 0 };
        verdict[i] = !auth_judge(auth, cache, access, clock_wall_ms(), &principal, &err);
        CHECK(verdict[i] || err.code == ERR_INVALID_TOKEN, "%s", err.detail);
        principal_release(&principal);
    }
    CHECK(verdict[0] == verdict[1], "the same again");
    return verdict[0];
}

static void a_refresh_token_ends_with_all_that_came_of_it(void **state)
{
    struct pair first = granted("one"), other = granted("one");
    struct grant again = by_refresh("one", first.refresh);
    struct pair second = pair_of(&again);

    (void)state;
    CHECK(works(first.access) && works(second.access) && works(other.access), "before");
    CHECK(!ask_revoke("one", SECRET, second.refresh), "revoked");
    struct grant late = by_refresh("one", second.refresh), stale = by_refresh("one", first.refresh),
                 stranger = by_refresh("one", other.refresh);
    CHECK(run(&late) == ERR_INVALID_GRANT && run(&stale) == ERR_INVALID_GRANT, "the family is gone");
    CHECK(!works(second.access), "the access token it came with");
    CHECK(works(other.access) && !run(&stranger), "another family");
    CHECK(!ask_revoke("one", SECRET, second.refresh), "once more is well");
}

static void an_access_token_ends_alone(void **state)
{
    struct pair pair = granted("one"), other = granted("two");

    (void)state;
    CHECK(works(pair.access), "before, and remembered");
    CHECK(!ask_revoke("one", SECRET, pair.access), "revoked");
    CHECK(!works(pair.access) && works(other.access), "at once");
    struct grant again = by_refresh("one", pair.refresh);
    struct pair next = pair_of(&again);
    CHECK(works(next.access), "its refresh token goes on");
    CHECK(!ask_revoke("one", SECRET, pair.access), "once more is well");
    close_auth();
    open_auth();
    CHECK(!works(pair.access) && works(next.access), "after a restart too");
}

static void what_is_no_token_of_the_client_is_left_alone(void **state)
{
    struct pair pair = granted("two");
    char *forged = memcpy(arena_alloc(test_arena, pair.access.len), pair.access.ptr, pair.access.len);
    const struct str unknown[] = {
        STR("x"),
        STR("a.b.c"),
        STR("00000000-0000-4000-8000-000000000000"),
        str_of(forged, pair.access.len),
        str_of(pair.access.ptr, pair.access.len - 1),
    };
    const struct {
        const char *client, *secret;
        struct str token;
        enum err_code code;
    } cases[] = {
        { "one", SECRET, pair.refresh, ERR_INVALID_GRANT },
        { "one", SECRET, pair.access, ERR_INVALID_GRANT },
        { "two", "wrong", pair.refresh, ERR_INVALID_CLIENT },
        { "two", "wrong", pair.access, ERR_INVALID_CLIENT },
        { "nobody", SECRET, pair.refresh, ERR_INVALID_CLIENT },
        { "nobody", NULL, pair.refresh, ERR_INVALID_CLIENT },
        { "", SECRET, pair.refresh, ERR_INVALID },
        { "two", SECRET, STR(""), ERR_INVALID },
    };

    (void)state;
    forged[pair.access.len / 2] ^= 1;
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(ask_revoke(cases[i].client, cases[i].secret, cases[i].token) == cases[i].code, "case %zu: %s",
              i, err_name(outcome));
    for (size_t i = 0; i < COUNT(unknown); i++)
        CHECK(!ask_revoke("two", SECRET, unknown[i]), "RFC 7009 section 2.2: token %zu", i);
    struct grant again = by_refresh("two", pair.refresh);
    CHECK(works(pair.access) && !run(&again), "both go on");
}

static void tokens_of_others_are_not_revoked_here(void **state)
{
    struct buf out = buf_in(test_arena, 1 << 16);
    struct err err = { 0 };
    const struct token_claims claims = {
        .subject = STR("one"), .brand = STR("acme"), .scope = STR("a"), .ttl_s = 600
    };

    (void)state;
    CHECK(!auth_issue(auth, &claims, clock_wall_ms(), &out, &err), "%s", err.detail);
    CHECK(!ask_revoke("one", SECRET, buf_str(&out)) && works(buf_str(&out)),
          "one without an id cannot be named");
}

static void a_secret_may_be_left_out_as_with_a_refresh(void **state)
{
    struct pair pair = granted("one");

    (void)state;
    CHECK(!ask_revoke("one", NULL, pair.refresh), "who has the token may end it");
    struct grant again = by_refresh("one", pair.refresh);
    CHECK(run(&again) == ERR_INVALID_GRANT, "ended");
}

static void the_memory_of_revoked_tokens_is_bounded(void **state)
{
    static struct revoked revoked;
    size_t added = 0;

    (void)state;
    revoked_init(&revoked);
    CHECK(!revoked_has(&revoked, STR("0")), "nothing yet");
    for (int i = 0; i < 3 * REVOKED_SLOTS; i++)
        added += revoked_add(&revoked, arena_printf(test_arena, "%d", i), 1000, 0);
    CHECK(added > REVOKED_SLOTS / 2 && added <= REVOKED_SLOTS, "%zu", added);
    CHECK(revoked_has(&revoked, STR("0")) && !revoked_has(&revoked, STR("x")), "known");
    for (int i = 0; i < 100; i++)
        CHECK(revoked_add(&revoked, arena_printf(test_arena, "later %d", i), 2000, 1000),
              "the place of one that ended");
    CHECK(revoked_has(&revoked, STR("later 7")), "known");
    revoked_done(&revoked);
}

static void metadata_names_addresses_under_the_issuer(void **state)
{
    static const struct {
        const char *issuer, *want; /* want NULL: refused */
    } cases[] = {
        { "https://gw.example", "\"token_endpoint\":\"https://gw.example/oauth/token\"" },
        { "https://gw.example/", "\"revocation_endpoint\":\"https://gw.example/oauth/revoke\"" },
        { "https://gw.example/api", "\"jwks_uri\":\"https://gw.example/api/.well-known/jwks.json\"" },
        { "https://gw.example/", "\"issuer\":\"https://gw.example/\"" },
        { "urn:dragoman", NULL },
        { "javascript:alert(1)", NULL },
    };
    const struct auth_endpoints endpoints = { STR("/oauth/token"), STR("/oauth/revoke"),
                                              STR("/.well-known/jwks.json") };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *sets[] = { arena_printf(test_arena, "state_dir=%s/state", test_dir).ptr,
                               arena_printf(test_arena, "auth.issuer=%s", cases[i].issuer).ptr };
        struct conf *own = NULL;
        struct auth *other = NULL;
        struct err err = { 0 };
        struct buf out = buf_in(test_arena, 1 << 16), tight = buf_in(test_arena, 10);
        CHECK(!conf_load(&own, NULL, sets, COUNT(sets), &err) && !auth_new(&other, own, &err), "%s",
              err.detail);
        int rc = auth_metadata(other, &endpoints, test_arena, &out, &err);
        buf_char(&out, '\0');
        CHECK(cases[i].want ? !rc && strstr(out.ptr, cases[i].want) : rc && err.code == ERR_NO_ROUTE,
              "%s: %s", cases[i].issuer, out.ptr);
        CHECK(auth_metadata(other, &endpoints, test_arena, &tight, &err) == -1, "no room");
        auth_free(&other);
        conf_free(&own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refresh_token_ends_with_all_that_came_of_it),
        cmocka_unit_test(an_access_token_ends_alone),
        cmocka_unit_test(what_is_no_token_of_the_client_is_left_alone),
        cmocka_unit_test(tokens_of_others_are_not_revoked_here),
        cmocka_unit_test(a_secret_may_be_left_out_as_with_a_refresh),
        cmocka_unit_test(the_memory_of_revoked_tokens_is_bounded),
        cmocka_unit_test(metadata_names_addresses_under_the_issuer),
    };
    log_to(2, LOG_ERROR);
    return cmocka_run_group_tests(tests, start, stop);
}
