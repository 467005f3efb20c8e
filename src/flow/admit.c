/* Who asks for what: facade and operation, credential, scopes. */
#include "flow/stages.h"

#include "conf/conf.h"

static bool has_header(const void *data, struct str name)
{
    return http_has(data, name);
}

/* What the listener, or a host of the configuration, says. */
static const struct dialect *configured(const struct exchange *x)
{
    const struct gateway *gateway = x->flow->gateway;
    struct str host = route_host_name(x->head->host);

    if (x->bound_dialect)
        return x->bound_dialect;
    for (size_t i = 0; i < gateway->conf->facade_count; i++) {
        const struct conf_facade *facade = &gateway->conf->facades[i];
        for (size_t k = 0; k < facade->host_count; k++)
            if (str_eq_nocase(facade->hosts[k], host))
                return gateway_dialect(gateway, facade->dialect);
    }
    return NULL;
}

enum step stage_route(struct exchange *x)
{
    const struct gateway *gateway = x->flow->gateway;
    struct route_request request = { .method = x->head->method,
                                     .host = x->head->host,
                                     .bound = configured(x),
                                     .has_header = has_header,
                                     .data = x->head };
    int bad = target_parse(&x->target, x->arena, x->head->path, x->head->query, &x->err);

    if (bad)
        x->target.segment_count = x->target.segment_count ? 1 : 0; /* enough to choose whose error shape it is */
    x->dialect = route_facade(gateway->dialects, gateway->dialect_count, gateway->fallback, &request, &x->target);
    if (x->server_fault != ERR_NONE)
        return exchange_fail(x, x->server_fault, "refused by the server");
    if (bad) {
        (void)exchange_tell(x, x->err.code, "%s", x->err.detail);
        return STEP_FAIL;
    }
    if (route_operation(&x->route, x->arena, x->dialect, x->head->method, &x->target, &x->err)) {
        x->missing = x->route.allow;
        return STEP_FAIL;
    }
    x->operation = x->route.operation;
    x->bound = x->operation->bound;
    return STEP_NEXT;
}

/* Credentials by any carrier that some dialect knows: exactly one may be there. */
static unsigned count_credentials(const struct exchange *x)
{
    const struct gateway *gateway = x->flow->gateway;
    unsigned sum = 0, count;

    for (size_t i = 0; i < gateway->dialect_count; i++) {
        struct str name = gateway->dialects[i]->credential_header;
        bool counted = false;
        for (size_t k = 0; k < i; k++)
            counted = counted || str_eq(gateway->dialects[k]->credential_header, name);
        if (counted)
            continue;
        (void)http_find(x->head, name, &count);
        sum += count;
    }
    return sum;
}

/* The token of the dialect's header without its scheme; empty when there is none. */
static int read_credential(struct exchange *x, struct str *token)
{
    struct str scheme = x->dialect->credential_scheme;
    struct str value = str_trim(http_find(x->head, x->dialect->credential_header, NULL));

    *token = value;
    if (!value.len || !scheme.len)
        return 0;
    if (value.len <= scheme.len || value.ptr[scheme.len] != ' ' ||
        !str_eq_nocase(str_of(value.ptr, scheme.len), scheme))
        return err_set(&x->err, ERR_UNAUTHENTICATED, "the credential is of another scheme");
    *token = str_trim(str_from_at(value, scheme.len));
    return 0;
}

static void on_record(struct record_get *get, const struct err *err, void *data)
{
    struct exchange *x = data;

    (void)get;
    x->record_pending = false;
    exchange_came(x, err);
}

/* An opaque token is a key of the hashed table; stage_permit makes the record a principal. */
static enum step find_opaque(struct exchange *x, struct str token)
{
    if (!auth_peer_allowed(x->flow->gateway->auth, x->head->peer))
        return exchange_fail(x, ERR_TOO_MANY, "too many credentials of this address were refused");
    x->record = (struct record_get){ .kind = RECORD_TOKEN,
                                     .key = auth_opaque_key(x->arena, token),
                                     .arena = x->arena,
                                     .done = on_record,
                                     .data = x };
    if (store_record_get(x->flow->gateway->store, x->flow->loop, &x->record))
        return STEP_NEXT;
    x->record_pending = true;
    exchange_wait(x);
    return STEP_WAIT;
}

static void on_asked(struct auth_ask *ask, const struct err *err, void *data)
{
    struct exchange *x = data;

    x->ask_pending = false;
    x->principal = ask->principal;
    exchange_came(x, err);
}

/* Nearly always answered at once, from what was verified before or with keys that are known. */
static enum step ask_auth(struct exchange *x, struct str token)
{
    x->ask = (struct auth_ask){
        .token = token, .peer = x->head->peer, .loop = x->flow->loop, .done = on_asked, .data = x
    };
    switch (auth_ask(x->flow->gateway->auth, x->flow->auth, &x->ask, &x->err)) {
    case AUTH_YES:
        x->principal = x->ask.principal;
        return STEP_NEXT;
    case AUTH_NO:
        return STEP_FAIL;
    case AUTH_LATER:
        break;
    }
    x->ask_pending = true;
    exchange_wait(x);
    return STEP_WAIT;
}

/* The kinds that the configuration lets this dialect's clients carry; all of them where it does not say. It says so in one way
 * (conf/check.c). */
static bool may_carry(const struct exchange *x, enum auth_kind kind)
{
    static const unsigned bits[] = {
        [AUTH_JWT] = CREDENTIAL_JWT,
        [AUTH_ASKED_ABOUT] = CREDENTIAL_INTROSPECTION,
        [AUTH_OF_TABLE] = CREDENTIAL_TABLE,
    };
    const struct conf *conf = x->flow->gateway->conf;
    unsigned allowed = 0;

    for (size_t i = 0; i < conf->facade_count; i++)
        if (str_eq(conf->facades[i].dialect, x->dialect->name))
            allowed |= conf->facades[i].credentials;
    return !allowed || (allowed & bits[kind]);
}

enum step stage_credential(struct exchange *x)
{
    struct str token;

    if (count_credentials(x) > 1)
        return exchange_fail(x, ERR_TWO_CREDENTIALS, "more than one credential");
    if (x->operation->open)
        return STEP_NEXT;
    if (read_credential(x, &token))
        return STEP_FAIL;
    if (!token.len)
        return exchange_fail(x, ERR_UNAUTHENTICATED, "no credential");
    enum auth_kind kind = auth_kind_of(x->flow->gateway->auth, token);
    if (!may_carry(x, kind))
        return exchange_fail(x, ERR_INVALID_TOKEN, "a credential of a kind that the dialect's clients do not carry");
    return kind == AUTH_OF_TABLE ? find_opaque(x, token) : ask_auth(x, token);
}

static enum step choose_brand(struct exchange *x)
{
    x->brand = x->principal->brand;
    if (x->brand.len)
        return STEP_NEXT;
    if (principal_is_admin(x->principal))
        x->brand = http_find(x->head, STR("x-brand-id"), NULL);
    if (!x->brand.len || x->brand.len > 128 || !str_is_utf8(x->brand))
        return exchange_fail(x, ERR_FORBIDDEN, "the credential names no brand");
    return STEP_NEXT;
}

enum step stage_permit(struct exchange *x)
{
    if (x->operation->open)
        return STEP_NEXT;
    if (!x->principal && !x->record.value.ptr) {
        auth_peer_failed(x->flow->gateway->auth, x->head->peer);
        return exchange_fail(x, ERR_INVALID_TOKEN, "the opaque token is unknown");
    }
    if (!x->principal &&
        auth_principal_from_claims(x->record.value, loop_wall_ms(x->flow->loop), &x->principal, &x->err))
        return STEP_FAIL;
    for (size_t i = 0; i < x->operation->scope_count; i++) {
        if (principal_allows(x->principal, x->operation->scopes[i]))
            continue;
        x->missing = x->operation->scopes[i];
        return exchange_fail(x, ERR_SCOPE, "scope " STR_FMT " is missing", STR_ARG(x->missing));
    }
    return choose_brand(x);
}
