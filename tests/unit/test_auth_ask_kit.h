/* A gateway's auth with a loop, asking a scripted authority. */
#pragma once

#include "test_auth_jwk.h"
#include "test_auth_server.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/loop.h"

static EVP_PKEY *first_key, *second_key, *third_key;
static struct authority_server server;
static struct conf *conf;
static struct auth *auth;
static struct auth_cache *cache;
static struct loop *loop;

static inline int start(void **state)
{
    if (setup_dir(state))
        return -1;
    first_key = make_ec("P-256");
    second_key = make_ec("P-256");
    third_key = make_ec("P-256");
    server_start(&server);
    loop = loop_new();
    return 0;
}

static inline int stop(void **state)
{
    loop_free(&loop);
    server_stop(&server);
    EVP_PKEY_free(first_key);
    EVP_PKEY_free(second_key);
    EVP_PKEY_free(third_key);
    return drop_dir(state);
}

static inline struct str http_reply(const char *status, const char *more, struct str body)
{
    return arena_printf(test_arena,
                        "HTTP/1.1 %s\r\ncontent-length: %zu\r\nconnection: close\r\n%s\r\n" STR_FMT, status,
                        body.len, more, STR_ARG(body));
}

static inline void reply_json(const char *body)
{
    server_reply(&server, http_reply("200 OK", "", str_from(body)));
}

static inline struct str ec_member(EVP_PKEY *key, const char *kid)
{
    return jwk_ec(key, "P-256", 32, kid ? arena_printf(test_arena, ",\"kid\":\"%s\"", kid).ptr : "");
}

/* The set of these keys with these names; a NULL key ends it. */
static inline void reply_keys(EVP_PKEY *a, const char *a_kid, EVP_PKEY *b, const char *b_kid)
{
    struct str keys[2] = { ec_member(a, a_kid) };

    if (b)
        keys[1] = ec_member(b, b_kid);
    server_reply(&server, http_reply("200 OK", "", jwks_of(keys, b ? 2 : 1)));
}

/* auth_new with these settings besides the kit's; `run`: its thread too. */
static inline void open_auth(const char *const *more, size_t count, bool run)
{
    const char *sets[16] = { arena_printf(test_arena, "state_dir=%s/state", test_dir).ptr, "auth.skew_s=0",
                             "auth.call_ms=20000" };
    struct err err = { 0 };

    for (size_t i = 0; i < count; i++)
        sets[3 + i] = more[i];
    CHECK(!conf_load(&conf, NULL, sets, 3 + count, &err), "%s", err.detail);
    CHECK(!auth_new(&auth, conf, &err), "%s", err.detail);
    CHECK(!run || !auth_start(auth, &err), "%s", err.detail);
    cache = auth_cache_new(auth);
}

static inline void close_auth(void)
{
    auth_cache_free(&cache);
    auth_free(&auth);
    conf_free(&conf);
}

static inline const char *issuer_setting(const char *more)
{
    return arena_printf(
               test_arena,
               "auth.issuers=[{issuer: 'https://issuer', jwks_url: 'http://127.0.0.1:%u/keys?of=us', "
               "allow_http: true%s}]",
               server.port, more)
        .ptr;
}

static inline void open_issuer(const char *more)
{
    const char *const sets[] = { issuer_setting(""), more };

    open_auth(sets, more ? 2 : 1, true);
}

static inline struct str es256(EVP_PKEY *key, const char *header, const char *claims)
{
    struct str input = signing_input(str_from(header), str_from(claims));

    return with_signature(input, sign_public(key, EVP_sha256(), false, 32, input));
}

/* A token that is good for ten minutes if the key is; the serial number makes it another one each time. */
static inline struct str token_of(EVP_PKEY *key, const char *kid)
{
    static unsigned serial;
    const char *header =
        kid ? arena_printf(test_arena, "{\"alg\":\"ES256\",\"kid\":\"%s\"}", kid).ptr : "{\"alg\":\"ES256\"}";
    const char *claims =
        arena_printf(
            test_arena,
            "{\"iss\":\"https://issuer\",\"aud\":\"dragoman\",\"sub\":\"s\",\"jti\":\"%u\",\"exp\":%jd}",
            ++serial, (intmax_t)(clock_wall_ms() / 1000 + 600))
            .ptr;

    return es256(key, header, claims);
}

struct asked {
    struct auth_ask ask;
    enum auth_answer at_once;
    bool done;
    enum err_code code;
    unsigned *left;
};

static inline void on_done(struct auth_ask *ask, const struct err *err, void *data)
{
    struct asked *asked = data;

    CHECK(!err == !!ask->principal, "a principal or an error");
    asked->done = true;
    asked->code = err ? err->code : ERR_NONE;
    principal_release(&ask->principal);
    if (--*asked->left == 0)
        loop_stop(loop);
}

static inline void begin_ask(struct asked *asked, struct str token, const char *peer, unsigned *left)
{
    struct err err = { 0 };

    *asked = (struct asked){
        .ask = { .token = token, .peer = str_from(peer), .loop = loop, .done = on_done, .data = asked },
        .left = left
    };
    asked->at_once = auth_ask(auth, cache, &asked->ask, &err);
    CHECK(asked->at_once == AUTH_NO || !err.code, "an error only with a no: %s", err.detail);
    CHECK((asked->at_once == AUTH_YES) == !!asked->ask.principal, "a principal only with a yes");
    *left += asked->at_once == AUTH_LATER;
    asked->code = asked->at_once == AUTH_NO ? err.code : ERR_NONE;
    principal_release(&asked->ask.principal);
}

static inline void too_late(struct deadline *deadline)
{
    (void)deadline;
    loop_stop(loop);
}

static inline void run_for(uint64_t ms)
{
    struct deadline end = { .run = too_late };

    deadline_set(loop, &end, ms);
    loop_run(loop);
    deadline_clear(loop, &end);
}

static inline enum err_code ask_from(struct str token, const char *peer, enum auth_answer *at_once)
{
    struct asked asked;
    unsigned left = 0;

    begin_ask(&asked, token, peer, &left);
    if (at_once)
        *at_once = asked.at_once;
    if (left)
        run_for(20000);
    CHECK(!left, "answered in time");
    return asked.code;
}

static inline enum err_code ask(struct str token)
{
    return ask_from(token, "192.0.2.1", NULL);
}
