/* The tokens of a grant, and their records. A refresh token is a random UUID, known to the store by its hash.
 */
#include "auth/grant_inside.h"

#include "base/codec.h"
#include "base/log.h"

enum { TOKEN_ID_BYTES = 12, ANSWER_LONGEST = 256 * 1024, MOST_SCOPES = 256 };

static struct str client_text(const struct grant_work *work, const char *name)
{
    struct str text = STR_NONE;

    (void)jdoc_string(jdoc_get(work->client, name), &text);
    return text;
}

/* The scopes in `text` as somebody who holds them. */
static struct principal holder_of(struct arena *arena, struct str text)
{
    struct str *scopes = ARENA_ARRAY(arena, struct str, MOST_SCOPES), piece;
    struct principal holder = { .scopes = scopes };

    while (str_next(&text, ' ', &piece))
        if (piece.len && holder.scope_count < MOST_SCOPES)
            scopes[holder.scope_count++] = piece;
    return holder;
}

int grant_scope(struct grant_work *work, struct str allowed, struct str *scope)
{
    const struct principal client = holder_of(work->arena, client_text(work, "scope"));
    const struct principal before = holder_of(work->arena, allowed);
    bool all = !str_trim(work->scope).len;
    struct str rest = all ? allowed : work->scope, piece;
    struct buf out = buf_in(work->arena, ANSWER_LONGEST);

    while (str_next(&rest, ' ', &piece)) {
        if (!piece.len)
            continue;
        if (!principal_allows(&client, piece) || !principal_allows(&before, piece)) {
            if (!all)
                return -1;
            continue; /* the client lost it since */
        }
        if (out.len)
            buf_char(&out, ' ');
        buf_add(&out, piece);
    }
    *scope = buf_str(&out);
    return buf_ok(&out) ? 0 : -1;
}

/* The client's groups; a member that is present but no list of texts binds to nothing. */
static void set_groups(struct grant_work *work, struct token_claims *claims)
{
    const struct jdoc *list = jdoc_get(work->client, "groups");
    struct str *groups = ARENA_ARRAY(work->arena, struct str, jdoc_count(list));

    claims->groups_bound = list;
    claims->groups = groups;
    for (size_t i = 0; i < jdoc_count(list); i++)
        if (jdoc_string(jdoc_at(list, i), &groups[claims->group_count]) && groups[claims->group_count].len)
            claims->group_count++;
}

static struct str write_out(struct arena *arena, struct jdoc *doc)
{
    struct buf out = buf_in(arena, ANSWER_LONGEST);

    jdoc_write(doc, &out);
    jdoc_free(&doc);
    return buf_ok(&out) ? buf_str(&out) : STR_NONE;
}

static void add_groups(struct jdoc *doc, const struct token_claims *claims)
{
    struct jdoc *list = jdoc_array();

    for (size_t i = 0; i < claims->group_count; i++)
        jdoc_push_string(list, claims->groups[i]);
    jdoc_set(doc, "groups", list);
}

static struct str answer(const struct grant_work *work, const struct token_claims *claims, struct str access,
                         struct str refresh)
{
    struct jdoc *doc = jdoc_object();

    jdoc_set_string(doc, "id", claims->token_id);
    jdoc_set_string(doc, "access_token", access);
    jdoc_set_string(doc, "token_type", STR("bearer"));
    jdoc_set_integer(doc, "expires_in", claims->ttl_s);
    jdoc_set_string(doc, "refresh_token", refresh);
    jdoc_set_string(doc, "scope", claims->scope);
    jdoc_set_string(doc, "brand_id", claims->brand);
    if (claims->groups_bound)
        add_groups(doc, claims);
    return write_out(work->arena, doc);
}

/* What the sub-resources of the token endpoint show of a token. */
static struct str grant_record(const struct grant_work *work, const struct token_claims *claims)
{
    struct jdoc *doc = jdoc_object();

    jdoc_set_string(doc, "brand", claims->brand);
    jdoc_set_string(doc, "sub", claims->subject);
    if (claims->groups_bound)
        add_groups(doc, claims);
    return write_out(work->arena, doc);
}

static struct str refresh_record(const struct grant_work *work, const struct token_claims *claims,
                                 int64_t exp_s)
{
    struct jdoc *doc = jdoc_object();

    jdoc_set_string(doc, "family", work->family);
    jdoc_set_string(doc, "client_id", work->client_id);
    jdoc_set_string(doc, "scope", claims->scope);
    jdoc_set_string(doc, "token_id", claims->token_id);
    jdoc_set_integer(doc, "exp", exp_s);
    jdoc_set_boolean(doc, "used", false);
    return write_out(work->arena, doc);
}

static void old_marked(struct record_put *put, const struct err *err, void *data)
{
    struct grant_work *work = data;

    (void)put;
    if (err && err->code == ERR_CONFLICT)
        grant_revoke(work); /* somebody else used the old token in this moment */
    else if (err)
        grant_fail(work, ERR_UNAVAILABLE, "the tokens could not be stored");
    else
        grant_finish(work, NULL);
}

/* The old token's record stays until its end, so that a second use is noticed. */
static struct record_put mark_used(struct grant_work *work)
{
    struct buf value = buf_in(work->arena, ANSWER_LONGEST);
    int64_t exp_s = 0;

    (void)jdoc_integer(jdoc_get(work->old, "exp"), &exp_s);
    jdoc_set_boolean(work->old, "used", true);
    jdoc_write(work->old, &value);
    return (struct record_put){
        .kind = RECORD_REFRESH,
        .key = work->old_key,
        .value = buf_str(&value),
        .only_if = work->old_value,
        .expires_ms = exp_s * 1000,
        .done = old_marked,
        .data = work,
    };
}

/* The old token is used up only when the new ones are there: a client that is told of a failure comes again with it, and
 * must not be taken for a thief. Whoever loses the race for it finds, and revokes, also what the winner got. */
static void new_stored(struct record_put *put, const struct err *err, void *data)
{
    struct grant_work *work = data;

    (void)put;
    if (err && !work->put_err.code)
        work->put_err = *err;
    if (--work->puts_under_way)
        return;
    if (work->put_err.code) {
        grant_fail(work, ERR_UNAVAILABLE, "the tokens could not be stored");
    } else if (!work->old) {
        grant_finish(work, NULL);
    } else {
        work->puts[2] = mark_used(work);
        store_record_put(work->store, work->loop, &work->puts[2]);
    }
}

static void store_new(struct grant_work *work)
{
    work->puts_under_way = 2;
    for (size_t i = 0; i < 2; i++) {
        work->puts[i].done = new_stored;
        work->puts[i].data = work;
        store_record_put(work->store, work->loop, &work->puts[i]);
    }
}

static struct str random_text(struct arena *arena)
{
    char uuid[UUID_LEN];

    random_uuid(uuid);
    return arena_copy(arena, str_of(uuid, sizeof uuid));
}

static struct token_claims claims_of(struct grant_work *work, struct str scope)
{
    unsigned char id[TOKEN_ID_BYTES];
    struct buf token_id = buf_in(work->arena, 2 * sizeof id);
    struct token_claims claims = {
        .subject = work->client_id,
        .brand = client_text(work, "brand"),
        .scope = scope,
        .ttl_s = (int64_t)work->auth->token_ttl_s,
    };

    random_bytes(id, sizeof id);
    buf_hex(&token_id, id, sizeof id);
    claims.token_id = buf_str(&token_id);
    set_groups(work, &claims);
    return claims;
}

/* The first scope that the caller needs and the token would not have; NULL: none. */
static const struct str *lacking(const struct grant_work *work, struct str scope)
{
    const struct principal holder = holder_of(work->arena, scope);

    for (size_t i = 0; i < work->need_count; i++)
        if (!principal_allows(&holder, work->needs[i]))
            return &work->needs[i];
    return NULL;
}

void grant_issue(struct grant_work *work, struct str scope)
{
    int64_t wall_ms = loop_wall_ms(work->loop), exp_s = wall_ms / 1000 + (int64_t)work->auth->refresh_ttl_s;
    const struct token_claims claims = claims_of(work, scope);
    struct str refresh = random_text(work->arena);
    struct buf access = buf_in(work->arena, ANSWER_LONGEST);
    const struct str *lacks = lacking(work, scope);
    struct err err;

    if (lacks) {
        if (work->grant)
            work->grant->missing = arena_copy(work->grant->arena, *lacks);
        grant_fail(work, ERR_SCOPE, "the token would lack a scope that is needed at once");
        return;
    }
    if (!work->family.len)
        work->family = random_text(work->arena);
    if (auth_issue(work->auth, &claims, wall_ms, &access, &err)) {
        grant_finish(work, &err);
        return;
    }
    work->answer = answer(work, &claims, buf_str(&access), refresh);
    work->puts[0] = (struct record_put){
        .kind = RECORD_REFRESH,
        .key = auth_opaque_key(work->arena, refresh),
        .value = refresh_record(work, &claims, exp_s),
        .expires_ms = exp_s * 1000,
    };
    work->puts[1] = (struct record_put){
        .kind = RECORD_GRANT,
        .key = claims.token_id,
        .value = grant_record(work, &claims),
        .expires_ms = wall_ms + claims.ttl_s * 1000,
    };
    store_new(work);
}

static void revoked(struct family_revoke *revoke, const struct err *err, void *data)
{
    struct grant_work *work = data;

    (void)revoke;
    if (err)
        grant_fail(work, ERR_UNAVAILABLE, "a family of refresh tokens could not be revoked");
    else
        grant_fail(work, ERR_INVALID_GRANT, "a refresh token was used twice");
}

void grant_revoke(struct grant_work *work)
{
    log_line(LOG_WARN, "a refresh token was used twice: its family is revoked");
    work->revoke = (struct family_revoke){ .family = work->family, .done = revoked, .data = work };
    store_family_revoke(work->store, work->loop, &work->revoke);
}
