#include "test_auth_grant_kit.h"

#include "base/clock.h"
#include "base/log.h"
#include "db/db.h"
#include "store/store.h"

static struct conf *conf;
static struct auth *auth;
static struct auth_cache *cache;
static struct store *store;
static struct loop *loop;

static void add_client(const char *id, const char *rest)
{
    struct buf hash = buf_in(test_arena, 256);
    struct err err = { 0 };

    CHECK(!client_secret_hash(STR(SECRET), &hash, &err), "%s", err.detail);
    struct str record =
        arena_printf(test_arena, "{\"secret_hash\":\"" STR_FMT "\",%s}", STR_ARG(buf_str(&hash)), rest);
    CHECK(!store_record_put_now(store, RECORD_CLIENT, str_from(id), record, 0, &err), "%s", err.detail);
}

static int start(void **state)
{
    struct err err = { 0 };

    if (setup_dir(state))
        return -1;
    conf = test_conf(NULL);
    CHECK(!auth_new(&auth, conf, &err), "%s", err.detail);
    CHECK(!store_open(&store, test_path("state"), &err), "%s", err.detail);
    cache = auth_cache_new(auth);
    loop = loop_new();
    add_client("plain", "\"brand\":\"acme\",\"scope\":\"read:patients write:patients\",\"name\":\"p\"");
    add_client("grouped", "\"brand\":\"acme\",\"scope\":\"manage:patients\",\"groups\":[\"g1\",\"g2\"]");
    add_client("nothing", "\"brand\":\"acme\",\"scope\":\"\",\"groups\":7");
    add_client("guessed", "\"brand\":\"acme\",\"scope\":\"read:patients\"");
    add_client("crowd", "\"brand\":\"acme\",\"scope\":\"read:patients\"");
    CHECK(!store_record_put_now(store, RECORD_CLIENT, STR("damaged"), STR("{\"brand\":\"acme\"}"), 0, &err),
          "%s", err.detail);
    return 0;
}

static int stop(void **state)
{
    store_close(&store);
    loop_free(&loop);
    auth_cache_free(&cache);
    auth_free(&auth);
    conf_free(&conf);
    return drop_dir(state);
}

struct outcome {
    bool done;
    struct err err;
    unsigned *left; /* the loop stops when none is */
};

static void note(struct grant *grant, const struct err *err, void *data)
{
    struct outcome *outcome = data;

    (void)grant;
    outcome->done = true;
    if (err)
        outcome->err = *err;
    if (--*outcome->left == 0)
        loop_stop(loop);
}

/* All at once; done when all are. */
static void run_all(struct grant *grants, struct outcome *outcomes, unsigned count)
{
    unsigned left = count;

    for (unsigned i = 0; i < count; i++) {
        outcomes[i] = (struct outcome){ .left = &left };
        grants[i].arena = test_arena;
        grants[i].done = note;
        grants[i].data = &outcomes[i];
        grant_start(auth, store, loop, &grants[i]);
        CHECK(!outcomes[i].done, "not inside grant_start");
    }
    loop_run(loop);
}

static enum err_code run(struct grant *grant)
{
    struct outcome outcome;

    run_all(grant, &outcome, 1);
    return outcome.err.code;
}

static struct grant by_secret(const char *client, const char *secret, const char *scope)
{
    return (struct grant){
        .grant_type = STR("client_credentials"),
        .client_id = str_from(client),
        .client_secret = str_from(secret),
        .scope = str_from(scope),
    };
}

static struct principal *judge(const struct grant *grant)
{
    struct principal *principal = NULL;
    struct err err = { 0 };

    CHECK(!auth_judge(auth, cache, member(grant, "access_token"), clock_wall_ms(), &principal, &err), "%s",
          err.detail);
    return principal;
}

static struct str record_of(enum record_kind kind, struct str key)
{
    struct record_get get = { .kind = kind, .key = key, .arena = test_arena };

    for (int i = 0; i < 2; i++) /* what was just written is in the cache */
        if (store_record_get(store, loop, &get))
            return get.value;
    return STR_NONE;
}

static void a_secret_is_hashed_with_salt(void **state)
{
    struct buf first = buf_in(test_arena, 256), second = buf_in(test_arena, 256),
               tight = buf_in(test_arena, 20);
    struct err err = { 0 };

    (void)state;
    CHECK(!client_secret_hash(STR("s"), &first, &err) && !client_secret_hash(STR("s"), &second, &err), "%s",
          err.detail);
    CHECK(!str_eq(buf_str(&first), buf_str(&second)), "another salt");
    CHECK(str_starts(buf_str(&first), STR("scrypt$16384$8$1$")), STR_FMT, STR_ARG(buf_str(&first)));
    CHECK(client_secret_matches(STR("s"), buf_str(&first)), "the secret");
    CHECK(!client_secret_matches(STR("S"), buf_str(&first)), "another");
    CHECK(!client_secret_matches(STR(""), buf_str(&first)), "none");
    CHECK(client_secret_hash(STR("s"), &tight, &err) == -1, "no room");

    static const char *const broken[] = {
        "",
        "scrypt",
        "scrypt$16384$8$1$$",
        "plain$16384$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
        "scrypt$16384$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",                      /* a short hash */
        "scrypt$16384$8$1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* a short salt */
        "scrypt$16383$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* no power of
                                                                                                  two */
        "scrypt$1048576$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 1 GiB */
        "scrypt$16384$8$99$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "scrypt$16384$8$1$AAAAAAAAAAAAAAAAAAAAAA=$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "scrypt$-1$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "scrypt$16384$8$1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA$x",
    };
    for (size_t i = 0; i < COUNT(broken); i++)
        CHECK(!client_secret_matches(STR("s"), str_from(broken[i])), "broken %zu", i);
}

static void requests_that_cannot_be_granted(void **state)
{
    static const struct {
        const char *type, *client, *secret, *refresh, *scope;
        enum err_code code;
        const char *missing;
    } cases[] = {
        { NULL, "plain", SECRET, NULL, NULL, ERR_INVALID, "grant_type" },
        { "", "plain", SECRET, NULL, NULL, ERR_INVALID, "grant_type" },
        { "password", "plain", SECRET, NULL, NULL, ERR_GRANT_TYPE, NULL },
        { "Client_Credentials", "plain", SECRET, NULL, NULL, ERR_GRANT_TYPE, NULL },
        { "client_credentials", NULL, SECRET, NULL, NULL, ERR_INVALID, "client_id" },
        { "client_credentials", "plain", NULL, NULL, NULL, ERR_INVALID, "client_secret" },
        { "client_credentials", "plain", "", NULL, NULL, ERR_INVALID, "client_secret" },
        { "refresh_token", "plain", SECRET, NULL, NULL, ERR_INVALID, "refresh_token" },
        { "refresh_token", NULL, NULL, "x", NULL, ERR_INVALID, "client_id" },
        { "client_credentials", "nobody", SECRET, NULL, NULL, ERR_INVALID_CLIENT, NULL },
        { "client_credentials", "plain", "wrong", NULL, NULL, ERR_INVALID_CLIENT, NULL },
        { "client_credentials", "Plain", SECRET, NULL, NULL, ERR_INVALID_CLIENT, NULL },
        { "client_credentials", "damaged", SECRET, NULL, NULL, ERR_UNAVAILABLE, NULL },
        { "client_credentials", "plain", SECRET, NULL, "read:metrics", ERR_SCOPE, NULL },
        { "client_credentials", "plain", SECRET, NULL, "read:patients admin:*", ERR_SCOPE, NULL },
        { "client_credentials", "nothing", SECRET, NULL, "read:patients", ERR_SCOPE, NULL },
        { "refresh_token", "plain", NULL, "4f1c1b1e-0000-4000-8000-000000000000", NULL, ERR_INVALID_GRANT,
          NULL },
        { "refresh_token", "plain", "wrong", "4f1c1b1e-0000-4000-8000-000000000000", NULL, ERR_INVALID_CLIENT,
          NULL },
        { "refresh_token", "nobody", NULL, "4f1c1b1e-0000-4000-8000-000000000000", NULL, ERR_INVALID_CLIENT,
          NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct grant grant = {
            .grant_type = str_from(cases[i].type),
            .client_id = str_from(cases[i].client),
            .client_secret = str_from(cases[i].secret),
            .refresh_token = str_from(cases[i].refresh),
            .scope = str_from(cases[i].scope),
        };
        enum err_code code = run(&grant);
        CHECK(code == cases[i].code, "case %zu: %s", i, err_name(code));
        CHECK(str_eq(grant.missing, str_from(cases[i].missing)), "case %zu: " STR_FMT, i,
              STR_ARG(grant.missing));
        CHECK(!grant.json.len && !grant.inside, "case %zu: nothing is given", i);
    }
}

static void a_client_gets_what_it_is_allowed(void **state)
{
    static const struct {
        const char *client, *asked, *scope;
    } cases[] = {
        { "plain", "", "read:patients write:patients" },
        { "plain", " ", "read:patients write:patients" },
        { "plain", "read:patients", "read:patients" },
        { "grouped", "read:patients", "read:patients" }, /* less than what it manages */
        { "grouped", "", "manage:patients" },
        { "nothing", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct grant grant = by_secret(cases[i].client, SECRET, cases[i].asked);
        bool grouped = !strcmp(cases[i].client, "grouped"),
             bound = grouped || !strcmp(cases[i].client, "nothing");
        enum err_code code = run(&grant);
        CHECK(!code, "case %zu: %s", i, err_name(code));
        CHECK(str_is(member(&grant, "scope"), cases[i].scope), "case %zu", i);
        CHECK(str_is(member(&grant, "token_type"), "bearer") && member(&grant, "id").len == 24, "case %zu",
              i);
        CHECK(member(&grant, "refresh_token").len == UUID_LEN, "case %zu", i);
        struct principal *principal = judge(&grant);
        CHECK(str_is(principal->subject, cases[i].client) && str_is(principal->brand, "acme"), "case %zu", i);
        CHECK(str_eq(principal->token_id, member(&grant, "id")), "case %zu", i);
        CHECK(principal->groups_bound == bound && principal->group_count == (grouped ? 2 : 0), "case %zu", i);
        CHECK(!principal->patients_bound, "case %zu", i);
        principal_release(&principal);
        struct str record = record_of(RECORD_GRANT, member(&grant, "id"));
        CHECK(record.len && memmem(record.ptr, record.len, "acme", 4), "case %zu: " STR_FMT, i,
              STR_ARG(record));
        CHECK(!memmem(grant.json.ptr, grant.json.len, "secret", 6), "case %zu", i);
    }
}

static void a_refresh_token_works_once(void **state)
{
    struct grant first = by_secret("plain", SECRET, "read:patients");

    (void)state;
    CHECK(!run(&first), "a grant");
    struct grant foreign = by_refresh("grouped", member(&first, "refresh_token"));
    CHECK(run(&foreign) == ERR_INVALID_GRANT, "another client's");
    struct grant wider = by_refresh("plain", member(&first, "refresh_token"));
    wider.scope = STR("write:patients");
    CHECK(run(&wider) == ERR_SCOPE, "more than it was given for");

    struct grant second = by_refresh("plain", member(&first, "refresh_token"));
    CHECK(!run(&second), "used once");
    CHECK(str_is(member(&second, "scope"), "read:patients"), "the same scope");
    CHECK(!str_eq(member(&second, "refresh_token"), member(&first, "refresh_token")), "a new one");
    CHECK(!str_eq(member(&second, "id"), member(&first, "id")), "a new id");
    struct principal *principal = judge(&second);
    principal_release(&principal);

    struct grant third = by_refresh("plain", member(&second, "refresh_token"));
    third.client_secret = STR(SECRET);
    CHECK(!run(&third), "with the secret too");
    struct grant again = by_refresh("plain", member(&first, "refresh_token"));
    CHECK(run(&again) == ERR_INVALID_GRANT, "used twice");
    struct grant innocent = by_refresh("plain", member(&third, "refresh_token"));
    CHECK(run(&innocent) == ERR_INVALID_GRANT, "the whole family is revoked");

    struct grant other = by_secret("plain", SECRET, "");
    CHECK(!run(&other), "another grant");
    struct grant unharmed = by_refresh("plain", member(&other, "refresh_token"));
    CHECK(!run(&unharmed), "is of another family");
}

/* Of many at the same moment one wins, and then nobody keeps anything. */
static void a_race_for_a_refresh_token_revokes_its_family(void **state)
{
    enum { MANY = 8 };
    struct grant first = by_secret("plain", SECRET, ""), grants[MANY];
    struct outcome outcomes[MANY];
    unsigned won = 0;

    (void)state;
    CHECK(!run(&first), "a grant");
    for (size_t i = 0; i < MANY; i++)
        grants[i] = by_refresh("plain", member(&first, "refresh_token"));
    run_all(grants, outcomes, MANY);
    for (size_t i = 0; i < MANY; i++) {
        CHECK(!outcomes[i].err.code || outcomes[i].err.code == ERR_INVALID_GRANT, "%s",
              outcomes[i].err.detail);
        if (outcomes[i].err.code)
            continue;
        won++;
        struct grant next = by_refresh("plain", member(&grants[i], "refresh_token"));
        CHECK(run(&next) == ERR_INVALID_GRANT, "revoked");
    }
    CHECK(won <= 1, "%u", won);
}

/* The store's file, changed by another process. */
static void change_file(const char *sql)
{
    struct db *db = NULL;
    struct err err;

    CHECK(!db_open(&db, test_path("state/gateway.db"), sql, &err), "%s", err.detail);
    db_close(&db);
}

/* What the endpoint shows of a token cannot be stored: an overflow, and no other record has any. */
#define BROKEN                                                                                               \
    "CREATE TRIGGER broken BEFORE INSERT ON record WHEN NEW.kind = 3 "                                       \
    "BEGIN SELECT abs(-9223372036854775807 - NEW.kind / 3); END"

static void a_refresh_that_failed_has_used_nothing_up(void **state)
{
    struct grant first = by_secret("plain", SECRET, "");

    (void)state;
    CHECK(!run(&first), "a grant");
    struct grant failing = by_refresh("plain", member(&first, "refresh_token")), again = failing;
    change_file(BROKEN);
    enum err_code code = run(&failing);
    CHECK(code == ERR_UNAVAILABLE, "%s", err_name(code));
    change_file("DROP TRIGGER broken");
    code = run(&again);
    CHECK(!code, "%s: its client was told to come again", err_name(code));
    struct grant twice = by_refresh("plain", member(&first, "refresh_token"));
    CHECK(run(&twice) == ERR_INVALID_GRANT, "now it is used up");
}

static void a_client_loses_what_was_taken_from_it(void **state)
{
    struct grant first, second;
    struct err err = { 0 };

    (void)state;
    add_client("shrinking", "\"brand\":\"acme\",\"scope\":\"read:patients write:patients\"");
    first = by_secret("shrinking", SECRET, "");
    CHECK(!run(&first), "a grant");
    add_client("shrinking", "\"brand\":\"acme\",\"scope\":\"read:patients\"");
    second = by_refresh("shrinking", member(&first, "refresh_token"));
    CHECK(!run(&second), "a refresh");
    CHECK(str_is(member(&second, "scope"), "read:patients"), STR_FMT, STR_ARG(member(&second, "scope")));
    CHECK(!store_record_put_now(store, RECORD_CLIENT, STR("shrinking"), STR_NONE, 0, &err), "%s", err.detail);
    struct grant third = by_refresh("shrinking", member(&second, "refresh_token"));
    CHECK(run(&third) == ERR_INVALID_CLIENT, "a client that was removed");
}

/* An auth of its own, which has seen no failures: names share places in a table of them. */
struct fresh {
    struct conf *conf;
    struct auth *kept;
};

static struct fresh fresh_auth(const char *setting)
{
    const char *sets[] = { arena_printf(test_arena, "state_dir=%s/state", test_dir).ptr, setting };
    struct fresh fresh = { .kept = auth };
    struct err err = { 0 };

    CHECK(!conf_load(&fresh.conf, NULL, sets, COUNT(sets), &err) && !auth_new(&auth, fresh.conf, &err), "%s",
          err.detail);
    return fresh;
}

static void fresh_done(struct fresh *fresh)
{
    auth_free(&auth);
    conf_free(&fresh->conf);
    auth = fresh->kept;
}

/* S28, RFC 9700: five failures a minute, and the right secret waits too. */
static void guessing_is_slowed(void **state)
{
    enum { CROWD = 40 };
    static struct grant grants[CROWD];
    static struct outcome outcomes[CROWD];
    struct fresh fresh = fresh_auth("auth.failures_per_minute=1000");
    unsigned judged = 0;

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct grant wrong = by_secret("guessed", "wrong", "");
        CHECK(run(&wrong) == ERR_INVALID_CLIENT, "guess %d", i);
    }
    struct grant wrong = by_secret("guessed", "wrong", ""), right = by_secret("guessed", SECRET, "");
    struct grant other = by_secret("plain", SECRET, "");
    CHECK(run(&wrong) == ERR_TOO_MANY && run(&right) == ERR_TOO_MANY, "later");
    CHECK(!run(&other), "others are not touched");
    right.peer = STR("192.0.2.7");
    CHECK(!run(&right), "nor is the client itself, from elsewhere");

    for (size_t i = 0; i < CROWD; i++)
        grants[i] = by_secret("crowd", "wrong", "");
    run_all(grants, outcomes, CROWD);
    for (size_t i = 0; i < CROWD; i++) {
        enum err_code code = outcomes[i].err.code;
        CHECK(code == ERR_INVALID_CLIENT || code == ERR_TOO_MANY, "%s", outcomes[i].err.detail);
        judged += code == ERR_INVALID_CLIENT;
    }
    CHECK(judged >= 5 && judged <= 8, "guesses at the same moment: %u", judged);
    fresh_done(&fresh);
}

/* From however many addresses, a client's secret is guessed a hundred times a minute. */
static void guessing_from_everywhere_is_slowed(void **state)
{
    struct fresh fresh = fresh_auth("auth.failures_per_minute=1000");
    struct grant right = by_secret("guessed", SECRET, "");

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct grant wrong = by_secret("guessed", "wrong", "");
        wrong.peer = arena_printf(test_arena, "2001:db8:0:%x::1", i);
        CHECK(run(&wrong) == ERR_INVALID_CLIENT, "guess %d", i);
    }
    CHECK(run(&right) == ERR_TOO_MANY, "later");
    fresh_done(&fresh);
}

/* Other clients' ids, and refresh tokens, are guesses of the same address. */
static void guessing_is_slowed_for_an_address(void **state)
{
    struct fresh fresh = fresh_auth("auth.failures_per_minute=4");

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct grant wrong = i % 2 ? by_refresh("plain", STR("guess"))
                                   : by_secret(arena_printf(test_arena, "nobody%d", i).ptr, "wrong", "");
        wrong.peer = STR("192.0.2.1");
        CHECK(run(&wrong) == (i % 2 ? ERR_INVALID_GRANT : ERR_INVALID_CLIENT), "guess %d", i);
    }
    struct grant right = by_secret("plain", SECRET, ""), refresh = by_refresh("plain", STR("guess")),
                 elsewhere = by_secret("plain", SECRET, "");
    right.peer = refresh.peer = STR("192.0.2.1");
    elsewhere.peer = STR("192.0.2.2");
    CHECK(run(&right) == ERR_TOO_MANY && run(&refresh) == ERR_TOO_MANY, "later");
    CHECK(!run(&elsewhere), "another address");
    fresh_done(&fresh);
}

static void stop_later(struct deadline *deadline)
{
    (void)deadline;
    loop_stop(loop);
}

static void a_caller_may_go_away(void **state)
{
    struct deadline wait = { .run = stop_later };

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct arena *own = arena_new(SIZE_MAX);
        struct grant *grant = ARENA_NEW(own, struct grant);
        unsigned left = 1;
        struct outcome outcome = { .left = &left };
        *grant = by_secret("plain", SECRET, "");
        grant->arena = own;
        grant->done = note;
        grant->data = &outcome;
        grant_start(auth, store, loop, grant);
        if (i) { /* on the helper thread, or nearly done */
            deadline_set(loop, &wait, i == 1 ? 5 : 40);
            loop_run(loop);
        }
        grant_detach(grant);
        arena_free(&own);
        deadline_set(loop, &wait, 1000);
        loop_run(loop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_hashed_with_salt),
        cmocka_unit_test(requests_that_cannot_be_granted),
        cmocka_unit_test(a_client_gets_what_it_is_allowed),
        cmocka_unit_test(a_refresh_token_works_once),
        cmocka_unit_test(a_race_for_a_refresh_token_revokes_its_family),
        cmocka_unit_test(a_refresh_that_failed_has_used_nothing_up),
        cmocka_unit_test(a_client_loses_what_was_taken_from_it),
        cmocka_unit_test(guessing_is_slowed),
        cmocka_unit_test(guessing_from_everywhere_is_slowed),
        cmocka_unit_test(guessing_is_slowed_for_an_address),
        cmocka_unit_test(a_caller_may_go_away),
    };
    log_to(2, LOG_ERROR);
    return cmocka_run_group_tests(tests, start, stop);
}
