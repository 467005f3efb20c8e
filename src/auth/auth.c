/* Judging tokens: which issuer, which of its keys, which claims, in that order. */
#include "auth/inside.h"

#include "auth/cache.h"
#include "auth/files.h"
#include "auth/jws.h"
#include "base/codec.h"
#include "conf/conf.h"

static int load_issuer(struct auth *auth, struct issuer *issuer, const struct conf_issuer *from,
                       struct str audience, struct err *err)
{
    *issuer = (struct issuer){
        .name = arena_copy(auth->arena, from->issuer),
        .audience = arena_copy(auth->arena, from->audience.len ? from->audience : audience),
        .keys = ARENA_ARRAY(auth->arena, struct key, from->key_count),
    };
    for (size_t i = 0; i < from->key_count; i++) {
        struct key *key = &issuer->keys[issuer->key_count++];
        if (key_load(key, auth->arena, &from->keys[i], err))
            return -1;
        key->kid = arena_copy(auth->arena, key->kid);
    }
    return 0;
}

/* The gateway accepts what it issued itself, like any other issuer with one ES256 key. */
static void set_own_issuer(struct auth *auth, const struct conf *conf)
{
    struct key *key = ARENA_NEW(auth->arena, struct key);

    EVP_PKEY_up_ref(auth->own.pair);
    *key = (struct key){
        .algorithm = algorithm_find(STR("ES256")),
        .public_key = auth->own.pair,
        .kid = auth->own.kid,
    };
    auth->issuers[0] = (struct issuer){
        .name = arena_copy(auth->arena, conf->auth.issuer),
        .audience = auth->audience,
        .keys = key,
        .key_count = 1,
    };
}

/* Files that other rooms read are judged here too, so that one place refuses secrets that lie open. */
static int check_secret_files(struct arena *arena, const struct conf *conf, struct err *err)
{
    const struct str files[] = { conf->tls_key, conf->backend.key };

    for (size_t i = 0; i < COUNT(files); i++)
        if (files[i].len && file_check_secret(arena, files[i], err))
            return -1;
    return 0;
}

static int load_backend_token(struct auth *auth, const struct conf *conf, struct err *err)
{
    struct str text;

    if (!str_is(conf->backend.auth, "token_file"))
        return 0;
    if (file_read(auth->arena, conf->backend.token_file, true, &text, err))
        return -1;
    while (text.len && (unsigned char)text.ptr[text.len - 1] <= ' ')
        text.len--;
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] <= ' ' || (unsigned char)text.ptr[i] > '~')
            text.len = 0; /* it goes into a header */
    if (!text.len)
        return err_set(err, ERR_CONFIG, STR_FMT ": expected one line with a token",
                       STR_ARG(conf->backend.token_file));
    auth->backend_token = text;
    return 0;
}

static int load(struct auth *auth, const struct conf *conf, struct err *err)
{
    if (own_key_load(&auth->own, auth->arena, conf, err))
        return -1;
    auth->issuers = ARENA_ARRAY(auth->arena, struct issuer, conf->auth.issuer_count + 1);
    auth->issuer_count = 1;
    set_own_issuer(auth, conf);
    for (size_t i = 0; i < conf->auth.issuer_count; i++)
        if (load_issuer(auth, &auth->issuers[auth->issuer_count++], &conf->auth.issuers[i],
                        conf->auth.audience, err))
            return -1;
    return check_secret_files(auth->arena, conf, err) || load_backend_token(auth, conf, err) ? -1 : 0;
}

int auth_new(struct auth **auth, const struct conf *conf, struct err *err)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct auth *made = ARENA_NEW(arena, struct auth);

    made->arena = arena;
    made->skew_s = conf->auth.skew_s;
    made->token_ttl_s = conf->auth.token_ttl_s;
    made->refresh_ttl_s = conf->auth.refresh_ttl_s;
    made->audience = arena_copy(arena, conf->auth.audience);
    made->backend_audience = arena_copy(arena, conf->backend.audience);
    random_bytes(&made->throttle.key, sizeof made->throttle.key);
    (void)pthread_mutex_init(&made->throttle.lock, NULL);
    if (load(made, conf, err)) {
        auth_free(&made);
        return err_wrap(err, "auth");
    }
    *auth = made;
    return 0;
}

void auth_free(struct auth **auth)
{
    struct auth *gone = *auth;

    *auth = NULL;
    if (!gone)
        return;
    for (size_t i = 0; i < gone->issuer_count; i++)
        for (size_t j = 0; j < gone->issuers[i].key_count; j++)
            key_done(&gone->issuers[i].keys[j]);
    own_key_done(&gone->own);
    (void)pthread_mutex_destroy(&gone->throttle.lock);
    struct arena *arena = gone->arena;
    arena_free(&arena);
}

bool auth_looks_jwt(struct str token)
{
    enum { HEADER_LEAST = 16, PAYLOAD_LEAST = 3, SIGNATURE_LEAST = 32 };
    struct str header, payload, signature, rest;

    if (!str_cut(token, '.', &header, &rest) || !str_cut(rest, '.', &payload, &signature))
        return false;
    if (header.len < HEADER_LEAST || payload.len < PAYLOAD_LEAST || signature.len < SIGNATURE_LEAST)
        return false;
    for (size_t i = 0; i < token.len; i++) {
        char c = token.ptr[i];
        bool alphabet = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                        c == '-' || c == '_';
        if (!alphabet && !(c == '.' && (i == header.len || i == header.len + 1 + payload.len)))
            return false;
    }
    return true;
}

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

static int verify(const struct issuer *issuer, const struct jws *jws, struct err *err)
{
    for (size_t i = 0; i < issuer->key_count; i++) {
        if (!key_fits(&issuer->keys[i], jws->algorithm, jws->kid))
            continue;
        switch (key_verify(&issuer->keys[i], jws->signing_input, jws->signature)) {
        case 1:
            return 0;
        case -1:
            return err_set(err, ERR_INTERNAL, "auth: a signature could not be checked");
        }
    }
    return err_set(err, ERR_INVALID_TOKEN, "token: no key of its issuer verifies it");
}

static int judge_jws(struct auth_cache *cache, enum door door, const struct jws *jws, int64_t wall_ms,
                     struct lifetime *lifetime, struct err *err)
{
    const struct auth *auth = cache->auth;
    const struct issuer *issuer = find_issuer(auth, door, jws->claims);

    if (!issuer)
        return err_set(err, ERR_INVALID_TOKEN, "token: unknown issuer");
    if (verify(issuer, jws, err))
        return -1;
    struct str audience = door == DOOR_BACKEND ? auth->backend_audience : issuer->audience;
    return claims_audience(jws->claims, audience, err) ||
                   claims_lifetime(jws->claims, wall_ms, auth->skew_s, lifetime, err) ||
                   claims_names(jws->claims, err)
               ? -1
               : 0;
}

static int judge_fresh(struct auth_cache *cache, enum door door, struct str token, int64_t wall_ms,
                       struct principal **principal, struct err *err)
{
    CLEANUP(jws_done) struct jws jws;
    struct lifetime lifetime;

    arena_reset(cache->scratch);
    if (jws_parse(&jws, cache->scratch, token, err) || judge_jws(cache, door, &jws, wall_ms, &lifetime, err))
        return -1;
    /* Skew forgives a clock, it does not lengthen what is remembered. */
    int64_t expires_ms = lifetime.until_ms - (int64_t)cache->auth->skew_s * 1000;
    *principal = principal_new(cache_lot(cache, token), jws.claims, expires_ms);
    if (wall_ms < expires_ms)
        cache_add(cache, door, token, (struct lifetime){ lifetime.from_ms, expires_ms }, *principal);
    return 0;
}

static int judge(struct auth_cache *cache, enum door door, struct str token, int64_t wall_ms,
                 struct principal **principal, struct err *err)
{
    *principal = cache_find(cache, door, token, wall_ms);
    if (*principal) {
        cache->counts.hits++;
        return 0;
    }
    cache->counts.misses++;
    if (!judge_fresh(cache, door, token, wall_ms, principal, err))
        return 0;
    cache->counts.denied += err->code == ERR_INVALID_TOKEN;
    return -1;
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
