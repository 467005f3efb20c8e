/* Revocation (RFC 7009), in a token request's steps: a refresh token ends with its family and the access
 * token it came with, an access token alone. What is no token of ours needs none: that is a success. */
#include "auth/grant_inside.h"
#include "auth/judge.h"

static void family_gone(struct family_revoke *revoke, const struct err *err, void *data)
{
    struct grant_work *work = data;

    (void)revoke;
    if (err)
        grant_fail(work, ERR_UNAVAILABLE, "a family of refresh tokens could not be revoked");
    else
        grant_finish(work, NULL);
}

static void end_family(struct grant_work *work)
{
    if (!work->family.len) {
        grant_finish(work, NULL);
        return;
    }
    work->revoke = (struct family_revoke){ .family = work->family, .done = family_gone, .data = work };
    store_family_revoke(work->store, work->loop, &work->revoke);
}

static void access_stored(struct record_put *put, const struct err *err, void *data)
{
    struct grant_work *work = data;

    (void)put;
    if (err)
        grant_fail(work, ERR_UNAVAILABLE, "a revoked token could not be stored");
    else
        end_family(work);
}

/* Its record says so after a restart (auth_load_revoked). */
static void end_access(struct grant_work *work, struct str token_id, int64_t until_ms)
{
    struct auth *auth = work->auth;

    if (!revoked_add(&auth->revoked, token_id, until_ms, loop_wall_ms(work->loop))) {
        grant_fail(work, ERR_UNAVAILABLE, "too many revoked tokens");
        return;
    }
    auth->authority.epoch++;
    work->puts[0] = (struct record_put){
        .kind = RECORD_GRANT,
        .key = arena_copy(work->arena, token_id),
        .value = arena_printf(work->arena, "{\"revoked_until\":%jd}", (intmax_t)until_ms),
        .expires_ms = until_ms,
        .done = access_stored,
        .data = work,
    };
    store_record_put(work->store, work->loop, &work->puts[0]);
}

/* Claims, not times, say whose it is: that it has ended, or is not of this client, is nobody else's business.
 */
static void revoke_access(struct grant_work *work)
{
    struct str client_id, token_id;
    int64_t exp_s;

    work->old = judge_own_claims(work->auth, work->arena, work->refresh_token);
    int64_t skew_ms = (int64_t)work->auth->skew_s * 1000;
    if (!jdoc_string(jdoc_get(work->old, "sub"), &client_id) ||
        !jdoc_string(jdoc_get(work->old, "jti"), &token_id) ||
        !jdoc_integer(jdoc_get(work->old, "exp"), &exp_s) ||
        exp_s * 1000 + skew_ms <= loop_wall_ms(work->loop))
        grant_finish(work, NULL);
    else if (!str_eq(client_id, work->client_id))
        grant_fail(work, ERR_INVALID_GRANT, "another client's access token");
    else
        end_access(work, token_id, exp_s * 1000 + skew_ms);
}

static void refresh_loaded(struct record_get *get, const struct err *err, void *data)
{
    struct grant_work *work = data;
    struct err ignored;
    struct str client_id, token_id;

    if (err) {
        grant_fail(work, ERR_UNAVAILABLE, err->detail);
        return;
    }
    if (!get->value.ptr) {
        revoke_access(work);
        return;
    }
    work->old = jdoc_parse(get->value, &ignored);
    if (!jdoc_string(jdoc_get(work->old, "client_id"), &client_id) ||
        !jdoc_string(jdoc_get(work->old, "family"), &work->family))
        grant_fail(work, ERR_UNAVAILABLE, "a refresh token's record is damaged");
    else if (!str_eq(client_id, work->client_id))
        grant_fail(work, ERR_INVALID_GRANT, "another client's refresh token");
    else if (jdoc_string(jdoc_get(work->old, "token_id"), &token_id))
        end_access(work, token_id,
                   loop_wall_ms(work->loop) + (int64_t)(work->auth->token_ttl_s + work->auth->skew_s) * 1000);
    else
        end_family(work); /* of a version that did not keep the access token's id */
}

void grant_revoke_token(struct grant_work *work)
{
    work->answer = STR("{}");
    work->get = (struct record_get){
        .kind = RECORD_REFRESH,
        .key = auth_opaque_key(work->arena, work->refresh_token),
        .arena = work->arena,
        .done = refresh_loaded,
        .data = work,
    };
    if (store_record_get(work->store, work->loop, &work->get))
        refresh_loaded(&work->get, NULL, work);
}

/* ---- at start ---- */

struct reload {
    struct auth *auth;
    int64_t wall_ms;
};

static int reload(struct str key, struct str value, void *data)
{
    const struct reload *to = data;
    struct err ignored;
    struct jdoc *record = jdoc_parse(value, &ignored);
    int64_t until_ms;

    bool live = jdoc_integer(jdoc_get(record, "revoked_until"), &until_ms) && until_ms > to->wall_ms;
    jdoc_free(&record);
    return live && !revoked_add(&to->auth->revoked, key, until_ms, to->wall_ms) ? -1 : 0;
}

int auth_load_revoked(struct auth *auth, struct store *store, int64_t wall_ms, struct err *err)
{
    struct reload to = { auth, wall_ms };

    return store_record_each_now(store, RECORD_GRANT, reload, &to, err) ? err_wrap(err, "auth") : 0;
}
