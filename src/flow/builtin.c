/* Operations that the gateway answers itself: tokens, their revocation, and what is published about both. */
#include "flow/stages.h"

static void on_grant(struct grant *grant, const struct err *err, void *data)
{
    struct exchange *x = data;

    if (err && err->code == ERR_SCOPE)
        x->missing = grant->missing;
    if (err && err->code == ERR_INVALID)
        exchange_add_fault(
            x, (struct fault){ .kind = FAULT_BLANK, .path = lens_path_of(x->operation->body_lens, grant->missing) }, 0);
    x->grant_pending = false;
    exchange_came(x, err);
}

/* RFC 6749 section 2.3: a client may authenticate in the header, but in one way only. */
static enum step read_client(struct exchange *x)
{
    struct str header = str_trim(http_find(x->head, STR("authorization"), NULL)), id, secret;

    if (!grant_is_basic(header))
        return STEP_NEXT;
    if (!grant_read_basic(x->arena, header, &id, &secret))
        return exchange_fail(x, ERR_INVALID_CLIENT, "the client's credential in the header cannot be read");
    if (x->grant->client_secret.len || (x->grant->client_id.len && !str_eq(x->grant->client_id, id)))
        return exchange_fail(x, ERR_BAD_REQUEST, "the client authenticates in more than one way");
    x->grant->client_id = id;
    x->grant->client_secret = secret;
    return STEP_NEXT;
}

static enum step call_grant(struct exchange *x)
{
    bool revokes = x->operation->builtin == BUILTIN_REVOKE;
    struct tape tape;
    struct tape_fault fault;

    if (!tape_read(&tape, x->arena, buf_str(&x->items[0].put.canonical), &x->flow->gateway->limits, &fault))
        return exchange_fail(x, ERR_INTERNAL, "the grant does not read back: %s", fault.what);
    struct str token = exchange_text(x, &tape, 0, STR("token"));
    x->grant = ARENA_NEW(x->arena, struct grant);
    *x->grant = (struct grant){ .grant_type = exchange_text(x, &tape, 0, STR("grant_type")),
                                .client_id = exchange_text(x, &tape, 0, STR("client_id")),
                                .client_secret = exchange_text(x, &tape, 0, STR("client_secret")),
                                .refresh_token = exchange_text(x, &tape, 0, STR("refresh_token")),
                                .scope = exchange_text(x, &tape, 0, STR("scope")),
                                .peer = x->head->peer,
                                .revoke = revokes ? (token.ptr ? token : STR("")) : STR_NONE,
                                .arena = x->arena,
                                .done = on_grant,
                                .data = x };
    x->grant->needs = exchange_include_scopes(x, &x->grant->need_count);
    if (read_client(x) == STEP_FAIL)
        return STEP_FAIL;
    x->document = revokes ? STR("{}") : STR_NONE; /* RFC 7009 section 2.2: the status says all */
    x->grant_pending = true;
    exchange_wait(x);
    grant_start(x->flow->gateway->auth, x->flow->gateway->store, x->flow->loop, x->grant);
    return STEP_WAIT;
}

/* The path of the dialect's own operation of that kind, or empty. */
static struct str path_of(const struct exchange *x, enum builtin builtin)
{
    for (size_t i = 0; i < x->dialect->operation_count; i++) {
        const struct operation *operation = &x->dialect->operations[i];
        struct buf path = buf_in(x->arena, 4096);
        if (operation->builtin != builtin)
            continue;
        buf_add(&path, x->dialect->prefix);
        for (size_t k = 0; k < operation->segment_count; k++) {
            buf_char(&path, '/');
            buf_add(&path, operation->segments[k].text);
        }
        return buf_str(&path);
    }
    return STR_NONE;
}

static enum step call_metadata(struct exchange *x)
{
    const struct auth_endpoints endpoints = { .token = path_of(x, BUILTIN_TOKEN),
                                              .revocation = path_of(x, BUILTIN_REVOKE),
                                              .keys = path_of(x, BUILTIN_JWKS) };
    struct buf out = buf_in(x->arena, SIZE_MAX);

    if (auth_metadata(x->flow->gateway->auth, &endpoints, x->arena, &out, &x->err))
        return STEP_FAIL;
    x->document = buf_str(&out);
    return STEP_NEXT;
}

static enum step call_jwks(struct exchange *x)
{
    struct buf keys = buf_in(x->arena, SIZE_MAX);

    auth_jwks(x->flow->gateway->auth, &keys);
    x->document = buf_str(&keys);
    return STEP_NEXT;
}

enum step exchange_builtin(struct exchange *x)
{
    switch (x->operation->builtin) {
    case BUILTIN_TOKEN:
    case BUILTIN_REVOKE:
        return call_grant(x);
    case BUILTIN_JWKS:
        return call_jwks(x);
    case BUILTIN_METADATA:
        return call_metadata(x);
    case BUILTIN_ANSWER: /* it stands in the mapping */
    case BUILTIN_NONE:
        break;
    }
    return STEP_NEXT;
}
