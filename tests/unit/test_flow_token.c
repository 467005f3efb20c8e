/* The built-in operations: the token endpoint in the shapes that clients use, opaque tokens, and the public
 * keys. */
#include "test_flow_kit.h"

#include "auth/grant.h"

static struct kit *kit;

#define SECRET "correct-horse-battery"

static int setup(void **state)
{
    struct err err;

    (void)state;
    kit = kit_new(NULL);
    struct buf hash = buf_in(kit->arena, 1024);
    int bad = client_secret_hash(STR(SECRET), &hash, &err);
    CHECK(!bad, "%s", err.detail);
    struct str record = arena_printf(kit->arena,
                                     "{\"name\":\"portal\",\"brand\":\"acme\",\"scope\":\"read:patients\","
                                     "\"secret_hash\":\"" STR_FMT "\"}",
                                     STR_ARG(buf_str(&hash)));
    bad = store_record_put_now(kit->store, RECORD_CLIENT, STR("client-1"), record, 0, &err);
    CHECK(!bad, "%s", err.detail);
    record = arena_printf(kit->arena,
                          "{\"name\":\"ward\",\"brand\":\"acme\",\"scope\":\"read:organization\",\"groups\":[\"g-1\"],"
                          "\"secret_hash\":\"" STR_FMT "\"}",
                          STR_ARG(buf_str(&hash)));
    bad = store_record_put_now(kit->store, RECORD_CLIENT, STR("client-2"), record, 0, &err);
    CHECK(!bad, "%s", err.detail);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_free(kit);
    return 0;
}

#define GRANT(id, secret)                                                                                    \
    "'grant_type':'client_credentials','client_id':'" id "','client_secret':'" secret "'"
#define FORM "application/x-www-form-urlencoded"

/* The text of a string member. */
static const char *member_of(struct str body, const char *name)
{
    struct str mark = arena_printf(kit->arena, "'%s':'", name);
    const char *at = memmem(body.ptr, body.len, mark.ptr, mark.len);

    CHECK(at, "no %s in %.*s", name, STR_ARG(body));
    at += mark.len;
    return arena_cstr(kit->arena, str_of(at, (size_t)((const char *)memchr(at, '\'', 4096) - at)));
}

static struct heard ask_token(const char *as, const char *body, const char *type)
{
    const char *method = strcmp(as, "twine") ? "POST /oauth/token" : "POST /pub/oauth/token";

    kit_script(kit, NULL, 0);
    return kit_ask(kit, (struct said){ .as = as, .method = method, .body = body, .type = type, .token = "" });
}

/* What the endpoint gives is accepted by the gateway it came from, and by no operation beyond its scope. */
static void check_works(const char *token)
{
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-1") });
    struct heard heard = kit_ask(
        kit, (struct said){ .as = "twine", .method = "GET /pub/patient/" T_PATIENT_1, .token = token });
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    kit_script(kit, NULL, 0);
    heard = kit_ask(kit, (struct said){ .as = "twine",
                                        .method = "PATCH /pub/patient/" T_PATIENT_1,
                                        .body = "{'data':{}}",
                                        .token = token });
    CHECK(heard.status == 403 && has(heard.headers, "insufficient_scope"), "%d", heard.status);
}

static void a_token_is_given_in_every_shape(void **state)
{
    static const struct {
        const char *as, *body, *type;
        int status;
    } cases[] = {
        { "twine", "{'data':{'type':'token','attributes':{" GRANT("client-1", SECRET) "}}}", NULL, 201 },
        { "twine", "{'data':{'attributes':{" GRANT("client-1", SECRET) "}}}", "application/json", 201 },
        { "twine", "{" GRANT("client-1", SECRET) "}", "application/json", 201 },
        { "twine", "grant_type=client_credentials&client_id=client-1&client_secret=" SECRET, FORM, 201 },
        { "oauth", "grant_type=client_credentials&client_id=client%2D1&client_secret=" SECRET, FORM, 200 },
        { "oauth", "{" GRANT("client-1", SECRET) "}", "application/json", 200 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct heard heard = ask_token(cases[i].as, cases[i].body, cases[i].type);
        CHECK(heard.status == cases[i].status, "case %zu: %d %.*s (%s)", i, heard.status, STR_ARG(heard.body),
              heard.detail);
        CHECK(has(heard.headers, "cache-control: no-store\n"), "case %zu: %.*s", i, STR_ARG(heard.headers));
        CHECK(!has(heard.body, SECRET), "case %zu: the secret came back", i);
        if (i < 2 || i > 3)
            check_works(member_of(heard.body, "access_token"));
    }
}

/* Whoever asks for the groups of a new token sees those that it is bound to, whatever the backend puts in. */
static void what_comes_with_a_token_is_judged_by_it(void **state)
{
    (void)state;
    SCRIPT(kit, { .call = "group.list",
                  .json = "{'groups':[{'id':'g-1','brand_id':'acme','name':'One'},{'id':'g-2','brand_id':'acme','name':'Two'},"
                          "{'id':'g-9','brand_id':'globex','name':'Nine'}],'total':3}" });
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                     .method = "POST /pub/oauth/token?include=groups",
                                                     .body = "{'data':{'attributes':{" GRANT("client-2", SECRET) "}}}",
                                                     .token = "" });
    CHECK(heard.status == 201 && kit->started == 1, "%d %s, %zu calls", heard.status, heard.detail, kit->started);
    CHECK(has(heard.body, "'One'") && !has(heard.body, "'Two'") && !has(heard.body, "'Nine'"), "%.*s",
          STR_ARG(heard.body));
}

/* A refresh, with what is asked for beside it. */
static struct heard refresh(const char *client, const char *token, const char *include)
{
    struct str method = arena_printf(kit->arena, "POST /pub/oauth/token%s", include);
    struct str body = arena_printf(kit->arena,
                                   "{'data':{'attributes':{'grant_type':'refresh_token','client_id':'%s',"
                                   "'client_secret':'" SECRET "','refresh_token':'%s'}}}",
                                   client, token);

    return kit_ask(kit, (struct said){ .as = "twine", .method = method.ptr, .body = body.ptr, .token = "" });
}

/* Its old refresh token is used up, so a client that does not get the answer could not ask again. */
static void a_token_is_not_lost_for_what_should_come_with_it(void **state)
{
    static const struct reply bad[] = { { .code = ERR_UPSTREAM },         { .code = ERR_UPSTREAM_TIMEOUT },
                                        { .call = "group.list" },         { .json = "{'total':1}" },
                                        { .json = "{'groups':7}" },       { .json = "[]" },
                                        { .code = ERR_NOT_FOUND } };
    struct heard heard = ask_token("twine", "{'data':{'attributes':{" GRANT("client-2", SECRET) "}}}", NULL);
    const char *token = member_of(heard.body, "refresh_token");

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        kit_script(kit, &bad[i], 1);
        heard = refresh("client-2", token, "?include=groups");
        CHECK(heard.status == 201 && kit->started == 1, "case %zu: %d %s", i, heard.status, heard.detail);
        CHECK(!has(heard.body, "'included'"), "case %zu: %.*s", i, STR_ARG(heard.body));
        token = member_of(heard.body, "refresh_token");
    }
    SCRIPT(kit, { .json = "{'groups':[{'id':'g-1','brand_id':'acme','name':'One'}],'total':1}" });
    heard = refresh("client-2", token, "?include=groups");
    CHECK(heard.status == 201 && has(heard.body, "'One'"), "%d %.*s", heard.status, STR_ARG(heard.body));
}

static void what_may_not_be_included_uses_no_refresh_token_up(void **state)
{
    struct heard heard = ask_token("twine", "{'data':{'attributes':{" GRANT("client-1", SECRET) "}}}", NULL);
    const char *token = member_of(heard.body, "refresh_token");

    (void)state;
    kit_script(kit, NULL, 0);
    heard = refresh("client-1", token, "?include=groups");
    CHECK(heard.status == 403 && !kit->started && has(heard.headers, "scope=\"read:organization\""), "%d %.*s",
          heard.status, STR_ARG(heard.headers));
    heard = refresh("client-1", token, "");
    CHECK(heard.status == 201, "%d %s", heard.status, heard.detail);
}

static void a_token_is_refused(void **state)
{
    static const struct {
        const char *as, *body, *type;
        int status;
        const char *part;
    } cases[] = {
        { "twine", "{'data':{'attributes':{" GRANT("client-1", "wrong") "}}}", NULL, 401,
          "'code':'InvalidCredentials'" },
        { "twine", "{'data':{'attributes':{" GRANT("nobody", SECRET) "}}}", NULL, 401,
          "'code':'InvalidCredentials'" },
        { "twine",
          "{'data':{'attributes':{'grant_type':'password','client_id':'client-1','client_secret':'" SECRET
          "'}}}",
          NULL, 409, "'code':'InvalidGrantType'" },
        { "twine", "{'data':{'attributes':{'grant_type':'client_credentials','client_id':'client-1'}}}", NULL, 409,
          "is required','status':'409','source':{'pointer':'/data/attributes/client_secret'}" },
        { "twine", "{'grant_type':'refresh_token','client_id':'client-1'}", NULL, 409,
          "is required','status':'409','source':{'pointer':'/data/attributes/refresh_token'}" },
        { "oauth", "grant_type=client_credentials&client_id=client-1", FORM, 400, "client_secret is required" },
        { "twine", "{", NULL, 400, "'title':'Invalid JSON'" },
        { "twine", "[]", NULL, 409, "'pointer':'/data'" },
        { "twine", "{}", "text/plain", 403, "'code':'Forbidden'" },
        { "oauth", "grant_type=client_credentials&client_id=client-1&client_secret=wrong", FORM, 401,
          "'error':'invalid_client'" },
        { "oauth", "grant_type=magic&client_id=client-1&client_secret=" SECRET, FORM, 400,
          "'error':'unsupported_grant_type'" },
        { "oauth", "client_id=client-1&client_secret=" SECRET, FORM, 400, "'error':'invalid_request'" },
        { "oauth",
          "grant_type=client_credentials&grant_type=client_credentials&client_id=client-1&client_"
          "secret=" SECRET,
          FORM, 400, "'error':'invalid_request'" },
        { "oauth", "grant_type=%00", FORM, 400, "'error':'invalid_request'" },
        { "oauth",
          "grant_type=refresh_token&client_id=client-1&client_secret=" SECRET "&refresh_token=made-up", FORM,
          400, "'error':'invalid_grant'" },
        { "oauth", "grant_type=client_credentials&client_id=client-1&client_secret=" SECRET "&scope=admin:*",
          FORM, 400, "'error':'invalid_scope'" },
        { "oauth", "{}", "text/plain", 415, "'error':'invalid_request'" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct heard heard = ask_token(cases[i].as, cases[i].body, cases[i].type);
        CHECK(heard.status == cases[i].status && has(heard.body, cases[i].part), "case %zu: %d %.*s (%s)", i,
              heard.status, STR_ARG(heard.body), heard.detail);
        CHECK(!has(heard.body, "access_token") && !has(heard.body, SECRET), "case %zu: %.*s", i,
              STR_ARG(heard.body));
    }
}

/* A refresh token works once; its second use ends the whole family. */
static void a_refresh_token_works_once(void **state)
{
    struct heard first = ask_token("oauth", "{" GRANT("client-1", SECRET) "}", "application/json");
    const char *refresh = member_of(first.body, "refresh_token");
    struct str body =
        arena_printf(kit->arena,
                     "{'grant_type':'refresh_token','client_id':'client-1','client_secret':'" SECRET
                     "','refresh_token':'%s'}",
                     refresh);

    (void)state;
    struct heard second = ask_token("oauth", body.ptr, "application/json");
    CHECK(second.status == 200, "%d %.*s", second.status, STR_ARG(second.body));
    const char *next = member_of(second.body, "refresh_token");
    CHECK(strcmp(next, refresh) != 0, "the same again");
    struct heard reused = ask_token("oauth", body.ptr, "application/json");
    CHECK(reused.status == 400 && has(reused.body, "'error':'invalid_grant'"), "%d", reused.status);
    body = arena_printf(kit->arena,
                        "{'grant_type':'refresh_token','client_id':'client-1','client_secret':'" SECRET
                        "','refresh_token':'%s'}",
                        next);
    struct heard after = ask_token("oauth", body.ptr, "application/json");
    CHECK(after.status == 400, "%d: the family lives on", after.status);
}

/* A token that is no JWT is a key of the hashed table. */
static void opaque_tokens(void **state)
{
    static const char claims[] = "{\"sub\":\"legacy\",\"brand_id\":\"acme\",\"scope\":\"read:patients\"}";
    struct str key = auth_opaque_key(kit->arena, STR("legacy-token-0001"));
    struct err err;
    int bad = store_record_put_now(kit->store, RECORD_TOKEN, key, STR(claims), 0, &err);

    (void)state;
    CHECK(!bad, "%s", err.detail);
    for (size_t turn = 0; turn < 2; turn++) { /* from the database, from the cache */
        SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-1") });
        struct heard heard = kit_ask(
            kit,
            (struct said){ .as = "general", .method = "GET /v1/patients/1", .token = "legacy-token-0001" });
        CHECK(heard.status == 200, "turn %zu: %d %s", turn, heard.status, heard.detail);
        kit_script(kit, NULL, 0);
        heard = kit_ask(
            kit,
            (struct said){ .as = "general", .method = "GET /v1/patients/1", .token = "legacy-token-0002" });
        CHECK(heard.status == 401 && !kit->started, "turn %zu: %d", turn, heard.status);
        heard = kit_ask(kit, (struct said){ .as = "general",
                                            .method = "PUT /v1/patients/1",
                                            .body = "{}",
                                            .token = "legacy-token-0001" });
        CHECK(heard.status == 403 && !kit->started, "turn %zu: %d", turn, heard.status);
    }
}

static void public_keys_are_public(void **state)
{
    (void)state;
    kit_script(kit, NULL, 0);
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "oauth", .method = "GET /.well-known/jwks.json", .token = "" });
    CHECK(heard.status == 200 && has(heard.body, "'kty':'EC'") && has(heard.body, "'crv':'P-256'"), "%d %.*s",
          heard.status, STR_ARG(heard.body));
    CHECK(!has(heard.body, "'d':"), "the private key");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_token_is_given_in_every_shape, setup, teardown),
        cmocka_unit_test_setup_teardown(what_comes_with_a_token_is_judged_by_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_token_is_not_lost_for_what_should_come_with_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_may_not_be_included_uses_no_refresh_token_up, setup, teardown),
        cmocka_unit_test_setup_teardown(a_token_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refresh_token_works_once, setup, teardown),
        cmocka_unit_test_setup_teardown(opaque_tokens, setup, teardown),
        cmocka_unit_test_setup_teardown(public_keys_are_public, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
