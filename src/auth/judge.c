/* Judging tokens: which issuer, which of its keys, which claims, in that order. */
#include "auth/judge.h"

#include "auth/jws.h"

static const struct issuer *find_issuer(const struct auth *auth, enum door door, const struct jdoc *claims)
{
    size_t count =
        door == DOOR_BACKEND ? 1 : auth->issuer_count; /* only the gateway itself calls the backend */
    struct str name;

    if (!jdoc_string(jdoc_get(claims, "iss"), &name))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (str_eq(name, auth->issuers[i].name))
            return &auth->issuers[i];
    return NULL;
}

/* 1: one of the keys verifies it; 0: none does; -1: could not be judged. `named`: one has its kid. */
static int try_keys(const struct key *keys, size_t count, const struct jws *jws, bool *named)
{
    for (size_t i = 0; i < count; i++) {
        *named = *named || (jws->kid.len && str_eq(keys[i].kid, jws->kid));
        if (!key_fits(&keys[i], jws->algorithm, jws->kid))
            continue;
        int found = key_verify(&keys[i], jws->signing_input, jws->signature);
        if (found)
            return found;
    }
    return 0;
}

static int verify(const struct issuer *issuer, const struct jws *jws, struct doubt *doubt, struct err *err)
{
    uint64_t serial = 0;
    bool named = false;
    int found = try_keys(issuer->keys, issuer->key_count, jws, &named);

    if (!found && issuer->remote) {
        struct keyset *set = remote_keys(issuer->remote, &serial);
        if (set) {
            found = try_keys(set->keys, set->count, jws, &named);
            remote_release(issuer->remote, set);
        }
        if (!found && !named)
            *doubt = (struct doubt){ issuer->remote, serial };
    }
    if (found < 0)
        return err_set(err, ERR_INTERNAL, "auth: a signature could not be checked");
    return found ? 0 : err_set(err, ERR_INVALID_TOKEN, "token: no key of its issuer verifies it");
}

/* RFC 9068 section 4, RFC 8725 section 3.11: an ID token of the same issuer is no access token. */
static int check_kind(const struct issuer *issuer, const struct jws *jws, struct err *err)
{
    if (!issuer->at_jwt)
        return 0;
    if (!jws->access_token)
        return err_set(err, ERR_INVALID_TOKEN, "token: its type is not at+jwt");
    return claims_at_jwt(jws->claims, err);
}

static int check_revoked(struct auth *auth, const struct issuer *issuer, const struct jws *jws,
                         struct err *err)
{
    struct str token_id;

    if (issuer != &auth->issuers[0] || !jdoc_string(jdoc_get(jws->claims, "jti"), &token_id))
        return 0;
    return revoked_has(&auth->revoked, token_id) ? err_set(err, ERR_INVALID_TOKEN, "token: revoked") : 0;
}

static int judge_jws(struct auth_cache *cache, enum door door, const struct jws *jws, int64_t wall_ms,
                     struct lifetime *lifetime, struct doubt *doubt, struct err *err)
{
    struct auth *auth = cache->auth;
    const struct issuer *issuer = find_issuer(auth, door, jws->claims);

    if (!issuer)
        return err_set(err, ERR_INVALID_TOKEN, "token: unknown issuer");
    if (verify(issuer, jws, doubt, err))
        return -1;
    struct str audience = door == DOOR_BACKEND ? auth->backend_audience : issuer->audience;
    return check_kind(issuer, jws, err) || claims_audience(jws->claims, audience, err) ||
                   claims_lifetime(jws->claims, wall_ms, auth->skew_s, lifetime, err) ||
                   claims_names(jws->claims, err) || check_revoked(auth, issuer, jws, err)
               ? -1
               : 0;
}

struct jdoc *judge_own_claims(const struct auth *auth, struct arena *arena, struct str token)
{
    CLEANUP(jws_done) struct jws jws;
    struct jdoc *claims = NULL;
    struct err ignored;
    bool named = false;

    if (jws_parse(&jws, arena, token, &ignored) ||
        find_issuer(auth, DOOR_CLIENTS, jws.claims) != &auth->issuers[0] ||
        try_keys(auth->issuers[0].keys, auth->issuers[0].key_count, &jws, &named) != 1)
        return NULL;
    claims = jws.claims;
    jws.claims = NULL;
    return claims;
}

int judge_jwt(struct auth_cache *cache, enum door door, struct str token, int64_t wall_ms,
              struct principal **principal, struct doubt *doubt, struct err *err)
{
    CLEANUP(jws_done) struct jws jws;
    struct lifetime lifetime;

    *doubt = (struct doubt){ 0 };
    arena_reset(cache->scratch);
    if (jws_parse(&jws, cache->scratch, token, err) ||
        judge_jws(cache, door, &jws, wall_ms, &lifetime, doubt, err)) {
        cache->counts.denied += err->code == ERR_INVALID_TOKEN;
        return -1;
    }
    /* Skew forgives a clock, it does not lengthen what is remembered. */
    int64_t expires_ms = lifetime.until_ms - (int64_t)cache->auth->skew_s * 1000;
    *principal = principal_new(cache_lot(cache, token), jws.claims, expires_ms);
    if (wall_ms < expires_ms)
        cache_add(cache, door, token, (struct lifetime){ lifetime.from_ms, expires_ms }, *principal);
    return 0;
}

struct principal *judge_known(struct auth_cache *cache, enum door door, struct str token, int64_t wall_ms)
{
    cache_follow(cache, cache->auth->authority.epoch);
    struct principal *principal = cache_find(cache, door, token, wall_ms);
    cache->counts.hits += principal != NULL;
    cache->counts.misses += principal == NULL;
    return principal;
}

/* ---- introspection ---- */

static int strange(struct err *err, const char *what)
{
    return err_set(err, ERR_UNAVAILABLE, "introspection: %s", what);
}

/* A token bound to a key (RFC 9449) proves nothing when it is merely shown. */
static int check_answer(const struct introspection *introspection, const struct jdoc *doc, int64_t wall_ms,
                        uint64_t skew_s, struct lifetime *lifetime, struct err *err)
{
    const struct jdoc *kind = jdoc_get(doc, "token_type");
    struct str text;
    bool active;

    if (jdoc_kind(doc) != JDOC_OBJECT)
        return strange(err, "the answer is not a JSON object");
    if (!jdoc_boolean(jdoc_get(doc, "active"), &active))
        return strange(err, "active is not true or false");
    if (!active)
        return err_set(err, ERR_INVALID_TOKEN, "token: not active");
    if (kind && (!jdoc_string(kind, &text) || !str_eq_nocase(text, STR("bearer"))))
        return err_set(err, ERR_INVALID_TOKEN, "token: no bearer token");
    return claims_audience(doc, introspection->audience, err) ||
                   claims_lifetime_open(doc, wall_ms, skew_s, lifetime, err) || claims_names(doc, err)
               ? -1
               : 0;
}

int judge_answer(struct auth_cache *cache, struct str token, struct str answer, int64_t wall_ms,
                 struct principal **principal, struct err *err)
{
    const struct introspection *introspection = cache->auth->authority.introspection;
    struct err ignored;
    struct jdoc *doc = jdoc_parse(answer, &ignored);
    struct lifetime lifetime;
    int rc = doc ? check_answer(introspection, doc, wall_ms, cache->auth->skew_s, &lifetime, err)
                 : strange(err, "the answer is not JSON");

    if (!rc) {
        int64_t expires_ms = lifetime.until_ms - (int64_t)cache->auth->skew_s * 1000;
        int64_t until_ms = wall_ms + introspection->cache_ms;
        *principal = principal_new(cache_lot(cache, token), doc, expires_ms);
        if (until_ms > expires_ms)
            until_ms = expires_ms;
        if (until_ms > wall_ms) /* `from` is now: a clock that was set back has it asked again */
            cache_add(cache, DOOR_CLIENTS, token, (struct lifetime){ wall_ms, until_ms }, *principal);
    } else if (err->code == ERR_INVALID_TOKEN) {
        cache->counts.denied++;
        cache_refuse(cache, token, wall_ms, introspection->refused_ms);
    }
    jdoc_free(&doc);
    return rc;
}
