/* Whose request it is: facade, operation, and what the credential allows. */
#include "cli/explain.h"

#include "base/clock.h"

#include <sys/stat.h>

struct str explain_header(const struct explanation *explanation, struct str name, size_t *count)
{
    struct str found = STR_NONE;

    *count = 0;
    for (size_t i = 0; i < explanation->header_count; i++) {
        if (!str_eq_nocase(explanation->headers[i].name, name))
            continue;
        found = explanation->headers[i].value;
        ++*count;
    }
    return found;
}

static bool has_header(const void *data, struct str name)
{
    size_t count;

    (void)explain_header(data, name, &count);
    return count > 0;
}

/* A host of the configuration. */
static const struct dialect *configured(const struct explanation *explanation, struct str host)
{
    const struct conf *conf = explanation->conf;
    struct str port;

    (void)str_cut(host, ':', &host, &port);
    for (size_t i = 0; i < conf->facade_count; i++)
        for (size_t k = 0; k < conf->facades[i].host_count; k++)
            if (str_eq_nocase(conf->facades[i].hosts[k], host))
                return gateway_dialect(explanation->gateway, conf->facades[i].dialect);
    return NULL;
}

int explain_route(struct explanation *explanation, struct err *err)
{
    const struct gateway *gateway = explanation->gateway;
    size_t count;
    struct route_request request = { .method = explanation->method,
                                     .host = explain_header(explanation, STR("host"), &count),
                                     .has_header = has_header,
                                     .data = explanation };

    request.bound = configured(explanation, request.host);
    if (target_parse(&explanation->target, explanation->arena, explanation->path, explanation->query, err))
        return -1;
    explanation->dialect = route_facade(gateway->dialects, gateway->dialect_count, gateway->fallback,
                                        &request, &explanation->target);
    if (route_operation(&explanation->route, explanation->arena, explanation->dialect, explanation->method,
                        &explanation->target, err)) {
        if (explanation->route.allow.len)
            return err_wrap(err, "facade " STR_FMT ", allowed " STR_FMT, STR_ARG(explanation->dialect->name),
                            STR_ARG(explanation->route.allow));
        return err_wrap(err, "facade " STR_FMT, STR_ARG(explanation->dialect->name));
    }
    if (explanation->route.operation->form_of &&
        route_take_form(&explanation->route, explanation->arena, explanation->body, &explanation->target, err))
        return -1;
    explanation->operation = explanation->route.operation;
    return 0;
}

/* What is there without its scheme; empty when the scheme is another one. */
static struct str read_token(const struct explanation *explanation, size_t *count)
{
    struct str scheme = explanation->dialect->credential_scheme, said, token;
    struct str value = str_trim(explain_header(explanation, explanation->dialect->credential_header, count));

    if (!value.len || !scheme.len)
        return value;
    return str_cut(value, ' ', &said, &token) && str_eq_nocase(said, scheme) ? str_trim(token) : STR_NONE;
}

/* The real judgement, with the real keys. What an opaque token stands for is in the database. */
static struct str judge(struct explanation *explanation, struct str token, struct auth **auth,
                        struct auth_cache **cache)
{
    struct arena *arena = explanation->arena;
    const char *dir = arena_cstr(arena, explanation->conf->state_dir);
    struct stat state;
    struct err err;

    if (!token.len)
        return STR("of another scheme than the dialect's");
    if (!auth_looks_jwt(token))
        return STR("opaque: what it stands for is in the database, which is not asked");
    if (stat(dir, &state))
        return arena_printf(arena, "not judged: there is no state_dir %s", dir);
    if (auth_new(auth, explanation->conf, &err))
        return arena_printf(arena, "not judged: %s", err.detail);
    *cache = auth_cache_new(*auth);
    if (auth_judge(*auth, *cache, token, clock_wall_ms(), &explanation->principal, &err))
        return arena_printf(arena, "not accepted: %s", err.detail);
    return STR_NONE;
}

void explain_credential(struct explanation *explanation, struct auth **auth, struct auth_cache **cache)
{
    size_t count;
    struct str token = read_token(explanation, &count);

    explanation->has_credential = count > 0;
    if (count > 1)
        explanation->credential = STR("more than one");
    else if (count == 1)
        explanation->credential = judge(explanation, token, auth, cache);
    else
        explanation->credential = STR("none");
    if (explanation->principal && explanation->principal->brand.len)
        explanation->brand = explanation->principal->brand;
}
