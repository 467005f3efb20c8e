/* What the configuration says about credentials, loaded. */
#include "auth/inside.h"

#include "auth/files.h"
#include "base/codec.h"
#include "conf/conf.h"

/* At one address a client's secret is guessed a few times within a minute; in all so often that nobody locks a client out from a
 * few addresses. */
enum { GUESSES = 5, CLIENT_FAILURES = 100 };

static int load_issuer(struct auth *auth, struct issuer *issuer, const struct conf_issuer *from,
                       struct str audience, struct err *err)
{
    *issuer = (struct issuer){
        .name = arena_copy(auth->arena, from->issuer),
        .audience = arena_copy(auth->arena, from->audience.len ? from->audience : audience),
        .keys = ARENA_ARRAY(auth->arena, struct key, from->key_count),
        .at_jwt = from->at_jwt,
    };
    for (size_t i = 0; i < from->key_count; i++) {
        struct key *key = &issuer->keys[issuer->key_count++];
        if (key_load(key, auth->arena, &from->keys[i], err))
            return -1;
        key->kid = arena_copy(auth->arena, key->kid);
    }
    if (!from->jwks_url.len && !from->jwks_file.len)
        return 0;
    return remote_new(&issuer->remote, &auth->authority, from, err)
               ? err_wrap(err, "issuer " STR_FMT, STR_ARG(from->issuer))
               : 0;
}

/* The gateway accepts what it issued itself, like any other issuer: with its key, and with the ones before
 * it. */
static int load_own(struct auth *auth, const struct conf *conf, struct err *err)
{
    size_t count = 1 + conf->auth.retired_key_count;
    struct issuer *issuer = &auth->issuers[0];

    auth->own = ARENA_ARRAY(auth->arena, struct own_key, count);
    *issuer = (struct issuer){
        .name = arena_copy(auth->arena, conf->auth.issuer),
        .audience = auth->audience,
        .keys = ARENA_ARRAY(auth->arena, struct key, count),
    };
    for (size_t i = 0; i < count; i++) {
        struct own_key *own = &auth->own[auth->own_count++];
        if (i ? own_key_load_retired(own, auth->arena, conf->auth.retired_keys[i - 1], err)
              : own_key_load(own, auth->arena, conf, err))
            return -1;
        EVP_PKEY_up_ref(own->pair);
        issuer->keys[issuer->key_count++] = (struct key){
            .algorithm = algorithm_find(STR("ES256")),
            .public_key = own->pair,
            .kid = own->kid,
        };
    }
    return 0;
}

/* Files that other rooms read are judged here too, so that one place refuses secrets that lie open. */
static int check_secret_files(struct arena *arena, const struct conf *conf, struct err *err)
{
    const struct {
        const char *setting;
        struct str path;
    } files[] = { { "tls.key", conf->tls_key }, { "backend.key", conf->backend.key } };

    for (size_t i = 0; i < COUNT(files); i++)
        if (files[i].path.len && file_check_secret(arena, files[i].path, err))
            return err_wrap(err, "%s", files[i].setting);
    return 0;
}

static int load_backend_token(struct auth *auth, const struct conf *conf, struct err *err)
{
    struct str *token = ARENA_NEW(auth->arena, struct str);

    if (!str_is(conf->backend.auth, "token_file"))
        return 0;
    if (credential_token(auth->arena, conf->backend.token_file, token, err))
        return err_wrap(err, "backend.token_file");
    auth->backend_token = token;
    return 0;
}

/* What settings beside `auth:` name; they stand before what is wrong. */
static int load_beside(struct auth *auth, const struct conf *conf, struct err *err)
{
    return borrowed_new(&auth->authority, conf, err) || check_secret_files(auth->arena, conf, err) ||
                   load_backend_token(auth, conf, err)
               ? -1
               : 0;
}

/* Everything of `auth:` but the gateway's own key. */
static int load_others(struct auth *auth, const struct conf *conf, struct err *err)
{
    for (size_t i = 0; i < conf->auth.issuer_count; i++)
        if (load_issuer(auth, &auth->issuers[auth->issuer_count++], &conf->auth.issuers[i],
                        conf->auth.audience, err))
            return -1;
    return introspection_new(&auth->authority, conf, err);
}

static struct auth *make(const struct conf *conf)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct auth *made = ARENA_NEW(arena, struct auth);

    made->arena = arena;
    made->renewed = arena_new(SIZE_MAX);
    made->skew_s = conf->auth.skew_s;
    made->token_ttl_s = conf->auth.token_ttl_s;
    made->refresh_ttl_s = conf->auth.refresh_ttl_s;
    made->audience = arena_copy(arena, conf->auth.audience);
    made->backend_audience = arena_copy(arena, conf->backend.audience);
    throttle_init(&made->guesses, GUESSES);
    throttle_init(&made->clients, CLIENT_FAILURES);
    throttle_init(&made->peers, (unsigned)conf->auth.failures_per_minute);
    revoked_init(&made->revoked);
    authority_init(&made->authority, arena, conf);
    made->issuers = ARENA_ARRAY(arena, struct issuer, conf->auth.issuer_count + 1);
    made->issuer_count = 1; /* the gateway itself */
    return made;
}

int auth_new(struct auth **auth, const struct conf *conf, struct err *err)
{
    struct auth *made = make(conf);

    int failed = load_own(made, conf, err) || load_others(made, conf, err) ? err_wrap(err, "auth")
                                                                           : load_beside(made, conf, err);
    if (failed)
        auth_free(&made);
    else
        *auth = made;
    return failed;
}

int auth_check(const struct conf *conf, struct err *err)
{
    struct auth *made = make(conf);
    int failed = own_key_check(made->arena, conf, err) || load_others(made, conf, err) ? err_wrap(err, "auth")
                                                                                       : load_beside(made, conf, err);

    auth_free(&made);
    return failed;
}

void auth_free(struct auth **auth)
{
    struct auth *gone = *auth;

    *auth = NULL;
    if (!gone)
        return;
    authority_done(&gone->authority);
    for (size_t i = 0; i < gone->issuer_count; i++)
        for (size_t j = 0; j < gone->issuers[i].key_count; j++)
            key_done(&gone->issuers[i].keys[j]);
    for (size_t i = 0; i < gone->own_count; i++)
        own_key_done(&gone->own[i]);
    throttle_done(&gone->guesses);
    throttle_done(&gone->clients);
    throttle_done(&gone->peers);
    revoked_done(&gone->revoked);
    arena_free(&gone->renewed);
    struct arena *arena = gone->arena;
    arena_free(&arena);
}

int auth_start(struct auth *auth, struct err *err)
{
    return authority_start(&auth->authority, err);
}

bool auth_looks_jwt(struct str token)
{
    enum { HEADER_LEAST = 16, PAYLOAD_LEAST = 3, SIGNATURE_LEAST = 32 };
    struct str header, payload, signature, rest;

    if (!str_cut(token, '.', &header, &rest) || !str_cut(rest, '.', &payload, &signature))
        return false;
    if (header.len < HEADER_LEAST || payload.len < PAYLOAD_LEAST || signature.len < SIGNATURE_LEAST)
        return false;
    return base64url_is(header) && base64url_is(payload) && base64url_is(signature);
}
