/* A client's credential on its way: what is known answers at once, what is not waits for the authority. */
#include "auth/judge.h"

#include "auth/jws.h"
#include "base/clock.h"
#include "base/network.h"

/* Whoever has one IPv6 address has its network's 2^64. */
struct str auth_network_of(struct str peer, struct address *address)
{
    enum { NETWORK_BYTES = 8 };

    if (!address_parse(peer, address) || address_is_ipv4(address))
        return peer;
    return str_of((const char *)address->bytes, NETWORK_BYTES);
}

bool auth_peer_allowed(struct auth *auth, struct str peer)
{
    struct address address;

    return throttle_allows(&auth->peers, auth_network_of(peer, &address), (int64_t)clock_monotonic_ms());
}

void auth_peer_failed(struct auth *auth, struct str peer)
{
    struct address address;

    throttle_failed(&auth->peers, auth_network_of(peer, &address), (int64_t)clock_monotonic_ms());
}

/* The prefix decides before the form does. */
static bool is_asked_about(const struct auth *auth, struct str token)
{
    const struct introspection *introspection = auth->authority.introspection;

    if (!introspection)
        return false;
    return introspection->prefix.len ? str_starts(token, introspection->prefix) : !auth_looks_jwt(token);
}

enum auth_kind auth_kind_of(const struct auth *auth, struct str token)
{
    if (is_asked_about(auth, token))
        return AUTH_ASKED_ABOUT;
    return auth_looks_jwt(token) ? AUTH_JWT : AUTH_OF_TABLE;
}

static int unavailable(struct err *err, const char *what)
{
    return err_set(err, ERR_UNAVAILABLE, "auth: %s", what);
}

static void on_waited(struct post *post);

/* AUTH_LATER, or AUTH_NO with `err`; `again`: there is another set by now. */
static enum auth_answer wait_for_keys(struct auth_cache *cache, struct auth_ask *ask,
                                      const struct doubt *doubt, bool *again, struct err *err)
{
    struct wait *wait = wait_new(cache, ask);
    bool failed = false;

    wait->post.run = on_waited;
    enum want want = remote_want(doubt->remote, wait, doubt->serial, loop_now_ms(ask->loop), &failed);

    *again = want == WANT_AGAIN;
    if (want != WANT_WAIT) {
        wait_free(&wait);
        if (failed)
            (void)unavailable(err, "the key set of its issuer cannot be had");
        return AUTH_NO;
    }
    ask->inside = wait;
    return AUTH_LATER;
}

static enum auth_answer wait_for_answer(struct auth_cache *cache, struct auth_ask *ask, struct err *err)
{
    struct wait *wait = wait_new(cache, ask);

    wait->post.run = on_waited;
    if (!introspection_ask(cache->auth->authority.introspection, wait)) {
        wait_free(&wait);
        (void)unavailable(err, "too many tokens to ask about");
        return AUTH_NO;
    }
    ask->inside = wait;
    return AUTH_LATER;
}

static enum auth_answer ask_about_jwt(struct auth_cache *cache, struct auth_ask *ask, struct err *err)
{
    struct doubt doubt;

    for (bool again = true; again;) {
        if (!judge_jwt(cache, DOOR_CLIENTS, ask->token, loop_wall_ms(ask->loop), &ask->principal, &doubt,
                       err))
            return AUTH_YES;
        if (err->code != ERR_INVALID_TOKEN || !doubt.remote)
            return AUTH_NO;
        if (!cache->auth->authority.started) {
            (void)unavailable(err, "nobody fetches key sets");
            return AUTH_NO;
        }
        enum auth_answer answer = wait_for_keys(cache, ask, &doubt, &again, err);
        if (!again)
            return answer;
    }
    return AUTH_NO;
}

static enum auth_answer ask_about_opaque(struct auth_cache *cache, struct auth_ask *ask, struct err *err)
{
    if (ask->token.len > JWS_LONGEST || cache_is_refused(cache, ask->token, loop_wall_ms(ask->loop)))
        (void)err_set(err, ERR_INVALID_TOKEN, "token: not active");
    else if (!cache->auth->authority.started)
        (void)unavailable(err, "nobody asks about tokens");
    else
        return wait_for_answer(cache, ask, err);
    return AUTH_NO;
}

enum auth_answer auth_ask(struct auth *auth, struct auth_cache *cache, struct auth_ask *ask, struct err *err)
{
    ask->inside = NULL;
    ask->principal = judge_known(cache, DOOR_CLIENTS, ask->token, loop_wall_ms(ask->loop));
    if (ask->principal)
        return AUTH_YES;
    if (!auth_peer_allowed(auth, ask->peer)) {
        (void)err_set(err, ERR_TOO_MANY, "auth: too many credentials of this address were refused");
        return AUTH_NO;
    }
    struct err why = { 0 }; /* a first verdict may be put off */
    enum auth_answer answer = is_asked_about(auth, ask->token) ? ask_about_opaque(cache, ask, &why)
                                                               : ask_about_jwt(cache, ask, &why);
    if (answer != AUTH_NO)
        return answer;
    if (why.code == ERR_INVALID_TOKEN)
        auth_peer_failed(auth, ask->peer);
    *err = why;
    return AUTH_NO;
}

/* Once more, with what was learned; nobody waits twice. */
static int judge_waited(struct wait *wait, struct principal **principal, struct err *err)
{
    int64_t wall_ms = loop_wall_ms(wait->loop);
    struct doubt doubt = { 0 };

    if (!wait->remote && wait->failed)
        return unavailable(err, "the introspection endpoint cannot be asked");
    if (!wait->remote)
        return judge_answer(wait->cache, wait->token, wait->answer, wall_ms, principal, err);
    if (!judge_jwt(wait->cache, DOOR_CLIENTS, wait->token, wall_ms, principal, &doubt, err))
        return 0;
    if (doubt.remote && wait->failed)
        return unavailable(err, "the key set of its issuer cannot be had");
    return -1;
}

static void on_waited(struct post *post)
{
    struct wait *wait = CONTAINER(post, struct wait, post);
    struct auth_ask *ask = wait->ask;
    struct err err = { 0 };

    if (!ask) {
        wait_free(&wait);
        return;
    }
    cache_follow(wait->cache, wait->cache->auth->authority.epoch);
    ask->inside = NULL;
    ask->principal = NULL;
    int failed = judge_waited(wait, &ask->principal, &err);
    if (failed && err.code == ERR_INVALID_TOKEN)
        auth_peer_failed(wait->cache->auth, wait->peer);
    wait_free(&wait);
    ask->done(ask, failed ? &err : NULL, ask->data);
}

void auth_ask_detach(struct auth_ask *ask)
{
    struct wait *wait = ask->inside;

    ask->inside = NULL;
    if (!wait)
        return;
    wait->ask = NULL;
    if (wait_leave(wait))
        wait_free(&wait);
}

/* ---- at once, with the keys that are there ---- */

static int judge(struct auth_cache *cache, enum door door, struct str token, int64_t wall_ms,
                 struct principal **principal, struct err *err)
{
    struct doubt doubt;

    *principal = judge_known(cache, door, token, wall_ms);
    return *principal ? 0 : judge_jwt(cache, door, token, wall_ms, principal, &doubt, err);
}

int auth_judge(struct auth *auth, struct auth_cache *cache, struct str token, int64_t wall_ms,
               struct principal **principal, struct err *err)
{
    (void)auth;
    return judge(cache, DOOR_CLIENTS, token, wall_ms, principal, err);
}

int auth_judge_backend(struct auth *auth, struct auth_cache *cache, struct str token, int64_t wall_ms,
                       struct principal **principal, struct err *err)
{
    (void)auth;
    return judge(cache, DOOR_BACKEND, token, wall_ms, principal, err);
}

struct auth_counts auth_cache_counts(const struct auth_cache *cache)
{
    return cache->counts;
}
