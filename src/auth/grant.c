/* A token request in its steps: members, client, secret, refresh token; the rest is in grant_issue.c. */
#include "auth/grant_inside.h"

#include "base/clock.h"

enum { LONGEST_MEMBER = 1024 };

static void work_free(struct grant_work *work)
{
    struct arena *arena = work->arena;

    jdoc_free(&work->client);
    jdoc_free(&work->old);
    arena_free(&arena);
}

void grant_finish(struct grant_work *work, const struct err *err)
{
    struct grant *grant = work->grant;
    struct err copy;

    if (err) {
        copy = *err;
        err = &copy;
    }
    if (grant) {
        grant->inside = NULL;
        if (!err)
            grant->json = arena_copy(grant->arena, work->answer);
    }
    work_free(work);
    if (grant)
        grant->done(grant, err, grant->data);
}

void grant_fail(struct grant_work *work, enum err_code code, const char *why)
{
    struct err err;

    (void)err_set(&err, code, "grant: %s", why);
    grant_finish(work, &err);
}

static void store_failed(struct grant_work *work, const struct err *err)
{
    struct err copy = *err;

    copy.code = ERR_UNAVAILABLE;
    (void)err_wrap(&copy, "grant");
    grant_finish(work, &copy);
}

static void refresh_loaded(struct record_get *get, const struct err *err, void *data)
{
    struct grant_work *work = data;
    struct err ignored;
    struct str client_id, scope;
    int64_t exp_s;
    bool used;

    if (err) {
        store_failed(work, err);
        return;
    }
    if (!get->value.ptr) {
        auth_peer_failed(work->auth, work->peer);
        grant_fail(work, ERR_INVALID_GRANT, "unknown refresh token");
        return;
    }
    work->old_value = get->value;
    work->old = jdoc_parse(get->value, &ignored);
    if (!jdoc_string(jdoc_get(work->old, "client_id"), &client_id) ||
        !jdoc_string(jdoc_get(work->old, "family"), &work->family) ||
        !jdoc_string(jdoc_get(work->old, "scope"), &scope) ||
        !jdoc_integer(jdoc_get(work->old, "exp"), &exp_s) ||
        !jdoc_boolean(jdoc_get(work->old, "used"), &used))
        grant_fail(work, ERR_UNAVAILABLE, "a refresh token's record is damaged");
    else if (!str_eq(client_id, work->client_id))
        grant_fail(work, ERR_INVALID_GRANT, "another client's refresh token");
    else if (exp_s <= loop_wall_ms(work->loop) / 1000)
        grant_fail(work, ERR_INVALID_GRANT, "expired refresh token");
    else if (used)
        grant_revoke(work);
    else if (grant_scope(work, scope, &scope))
        grant_fail(work, ERR_SCOPE, "a scope beyond the refresh token's");
    else
        grant_issue(work, scope);
}

static void load_refresh(struct grant_work *work)
{
    if (!auth_peer_allowed(work->auth, work->peer)) {
        grant_fail(work, ERR_TOO_MANY, "too many failures of this address");
        return;
    }
    work->old_key = auth_opaque_key(work->arena, work->refresh_token);
    work->get = (struct record_get){
        .kind = RECORD_REFRESH,
        .key = work->old_key,
        .arena = work->arena,
        .done = refresh_loaded,
        .data = work,
    };
    if (store_record_get(work->store, work->loop, &work->get))
        refresh_loaded(&work->get, NULL, work);
}

static void authenticated(struct grant_work *work)
{
    struct str scope = STR_NONE;

    if (work->revokes) {
        grant_revoke_token(work);
        return;
    }
    if (str_is(work->grant_type, "refresh_token")) {
        load_refresh(work);
        return;
    }
    (void)jdoc_string(jdoc_get(work->client, "scope"), &scope);
    if (grant_scope(work, scope, &scope))
        grant_fail(work, ERR_SCOPE, "a scope the client does not have");
    else
        grant_issue(work, scope);
}

/* The client's id, and from where it is named. */
static struct str guesser_of(struct grant_work *work)
{
    struct buf name = buf_in(work->arena, SIZE_MAX);
    struct address address;

    buf_add(&name, auth_network_of(work->peer, &address));
    buf_char(&name, ' ');
    buf_add(&name, work->client_id);
    return buf_str(&name);
}

/* On a helper thread. Judged here and not before, so that a crowd of guesses sent at once gets no further
 * than one after the other. */
static void check_secret(struct errand *errand)
{
    struct grant_work *work = CONTAINER(errand, struct grant_work, errand);
    struct str hash = client_dummy_hash;
    int64_t now_ms = (int64_t)clock_monotonic_ms();

    work->throttled = !throttle_allows(&work->auth->guesses, work->guesser, now_ms) ||
                      !throttle_allows(&work->auth->clients, work->client_id, now_ms) ||
                      !auth_peer_allowed(work->auth, work->peer);
    if (work->throttled)
        return;
    (void)jdoc_string(jdoc_get(work->client, "secret_hash"), &hash);
    work->matches = client_secret_matches(work->client_secret, hash) && work->client;
    if (work->matches)
        return;
    throttle_failed(&work->auth->guesses, work->guesser, now_ms);
    throttle_failed(&work->auth->clients, work->client_id, now_ms);
    auth_peer_failed(work->auth, work->peer);
}

static void secret_checked(struct errand *errand)
{
    struct grant_work *work = CONTAINER(errand, struct grant_work, errand);

    if (work->throttled)
        grant_fail(work, ERR_TOO_MANY, "too many failures of this client or address");
    else if (!work->matches)
        grant_fail(work, ERR_INVALID_CLIENT, "unknown client or wrong secret");
    else
        authenticated(work);
}

/* A refresh without a secret is accepted, as the documented clients send it: the token is bound to the
 * client, used once, and as hard to guess. A secret that is sent must be right. An unknown client takes as
 * long as a known one. */
static void client_loaded(struct record_get *get, const struct err *err, void *data)
{
    struct grant_work *work = data;
    struct err ignored;

    if (err) {
        store_failed(work, err);
        return;
    }
    if (get->value.ptr) {
        work->client = jdoc_parse(get->value, &ignored);
        if (jdoc_kind(jdoc_get(work->client, "secret_hash")) != JDOC_STRING) {
            grant_fail(work, ERR_UNAVAILABLE, "a client's record is damaged");
            return;
        }
    }
    if (work->client && !work->client_secret.len) {
        authenticated(work);
        return;
    }
    work->guesser = guesser_of(work);
    work->errand = (struct errand){ .work = check_secret, .done = secret_checked };
    if (!errand_submit(work->loop, &work->errand))
        grant_fail(work, ERR_UNAVAILABLE, "too many secrets to check");
}

/* The name of the first member that this grant type needs and that is missing; NULL: none. */
static const char *missing_member(const struct grant_work *work)
{
    const bool refresh = work->revokes || str_is(work->grant_type, "refresh_token");
    const struct {
        const char *name;
        struct str value;
        bool needed;
    } members[] = {
        { "grant_type", work->grant_type, !work->revokes },
        { "client_id", work->client_id, true },
        { "client_secret", work->client_secret, !refresh },
        { work->revokes ? "token" : "refresh_token", work->refresh_token, refresh },
    };

    for (size_t i = 0; i < COUNT(members); i++)
        if (members[i].needed && !members[i].value.len)
            return members[i].name;
    return NULL;
}

static void begin(struct post *post)
{
    struct grant_work *work = CONTAINER(post, struct grant_work, post);
    const char *missing = missing_member(work);

    if (!work->revokes && work->grant_type.len && !str_is(work->grant_type, "client_credentials") &&
        !str_is(work->grant_type, "refresh_token")) {
        grant_fail(work, ERR_GRANT_TYPE, "unknown grant type");
        return;
    }
    if (missing) {
        if (work->grant)
            work->grant->missing = str_from(missing);
        grant_fail(work, ERR_INVALID, "a member is missing");
        return;
    }
    if (work->client_id.len > LONGEST_MEMBER || work->client_secret.len > LONGEST_MEMBER) {
        grant_fail(work, ERR_INVALID_CLIENT, "an impossible client");
        return;
    }
    work->get = (struct record_get){
        .kind = RECORD_CLIENT,
        .key = work->client_id,
        .arena = work->arena,
        .done = client_loaded,
        .data = work,
    };
    if (store_record_get(work->store, work->loop, &work->get))
        client_loaded(&work->get, NULL, work);
}

/* All work begins with a post, so that `done` is never called inside grant_start. */
void grant_start(struct auth *auth, struct store *store, struct loop *loop, struct grant *grant)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct grant_work *work = ARENA_NEW(arena, struct grant_work);

    *work = (struct grant_work){
        .arena = arena,
        .grant = grant,
        .auth = auth,
        .store = store,
        .loop = loop,
        .grant_type = arena_copy(arena, grant->grant_type),
        .client_id = arena_copy(arena, grant->client_id),
        .client_secret = arena_copy(arena, grant->client_secret),
        .revokes = grant->revoke.ptr,
        .refresh_token = arena_copy(arena, grant->revoke.ptr ? grant->revoke : grant->refresh_token),
        .scope = arena_copy(arena, grant->scope),
        .peer = arena_copy(arena, grant->peer),
        .need_count = grant->need_count,
        .post = { .run = begin },
    };
    work->needs = ARENA_ARRAY(arena, struct str, grant->need_count);
    for (size_t i = 0; i < grant->need_count; i++)
        work->needs[i] = arena_copy(arena, grant->needs[i]);
    grant->json = grant->missing = STR_NONE;
    grant->inside = work;
    loop_post(loop, &work->post);
}

void grant_detach(struct grant *grant)
{
    struct grant_work *work = grant->inside;

    if (work)
        work->grant = NULL;
    grant->inside = NULL;
}
