/* What must hold between settings. */
#include "conf/table.h"

#include <stdarg.h>
#include <stdio.h>

#include "net/call.h"
#include "yaml/yaml.h"

struct checker {
    const struct conf *conf;
    const struct origin *origins;
    struct err *err;
};

/* A fault at the place where `key` was given. */
static int fault(const struct checker *check, const char *key, const char *words)
{
    const struct origin *origin = &check->origins[setting_find(str_from(key)) - settings];

    if (origin->set.len)
        return err_set(check->err, ERR_CONFIG, "--set " STR_FMT ": %s", STR_ARG(origin->set), words);
    if (origin->node)
        return yaml_fault(origin->node, check->err, "%s %s", key, words);
    return err_set(check->err, ERR_CONFIG, "%s %s", key, words);
}

static int check_tls(const struct checker *check)
{
    const struct conf *conf = check->conf;

    if (conf->tls_certificate.len && !conf->tls_key.len)
        return fault(check, "tls.certificate", "needs tls.key");
    if (conf->tls_key.len && !conf->tls_certificate.len)
        return fault(check, "tls.key", "needs tls.certificate");
    if (conf->tls_client_ca.len && !conf->tls_certificate.len)
        return fault(check, "tls.client_ca", "needs tls.certificate and tls.key");
    return 0;
}

static int check_token_endpoint(const struct checker *check)
{
    const struct conf *conf = check->conf;

    if (!str_is(conf->backend.auth, "client_credentials"))
        return 0;
    if (!value_is_url(conf->backend.token_url))
        return fault(check, "backend.auth", "client_credentials needs backend.token_url, an https:// address");
    if (!value_is_https(conf->backend.token_url) && !conf->backend.token_allow_http)
        return fault(check, "backend.token_url", "is not https://, and token_allow_http is off");
    if (!conf->backend.client_id.len)
        return fault(check, "backend.auth", "client_credentials needs backend.client_id");
    if (!conf->backend.secret_file.len)
        return fault(check, "backend.auth", "client_credentials needs backend.secret_file");
    return 0;
}

static int check_url(const struct checker *check)
{
    struct str url = check->conf->backend.url;
    struct call_origin origin;
    struct err why;

    if (url.len && !value_is_url(url))
        return fault(check, "backend.url", "is not an http:// or https:// address");
    return url.len && call_origin_parse(&origin, url, &why) ? fault(check, "backend.url", why.detail) : 0;
}

static int check_backend(const struct checker *check)
{
    const struct conf *conf = check->conf;

    if (check_url(check))
        return -1;
    if (!conf->backend.url.len && !conf->backend.embedded)
        return fault(check, "backend.embedded", "is off, and backend.url names no other backend");
    if (str_is(conf->backend.transport, "h1") && str_starts(conf->backend.url, STR("https:")))
        return fault(check, "backend.transport", "h1 does not speak https://");
    if (str_is(conf->backend.auth, "token_file") && !conf->backend.token_file.len)
        return fault(check, "backend.auth", "token_file needs backend.token_file");
    if (check_token_endpoint(check))
        return -1;
    if (conf->backend.embedded && !str_is(conf->backend.auth, "gateway_jwt"))
        return fault(check, "backend.auth", "must be gateway_jwt for the embedded backend");
    if (conf->backend.certificate.len && !conf->backend.key.len)
        return fault(check, "backend.certificate", "needs backend.key");
    if (conf->backend.key.len && !conf->backend.certificate.len)
        return fault(check, "backend.key", "needs backend.certificate");
    return 0;
}

static int check_auth(const struct checker *check)
{
    const struct conf *conf = check->conf;

    if (!conf->auth.issuer.len)
        return fault(check, "auth.issuer", "is empty");
    if (!conf->auth.audience.len)
        return fault(check, "auth.audience", "is empty");
    if (!conf->backend.audience.len)
        return fault(check, "backend.audience", "is empty");
    /* A client's token would pass as the gateway's own call, with a brand of the client's choosing. */
    if (str_eq(conf->auth.audience, conf->backend.audience))
        return fault(check, "backend.audience", "must differ from auth.audience");
    for (size_t i = 0; i < conf->auth.issuer_count; i++) {
        if (str_eq(conf->auth.issuers[i].issuer, conf->auth.issuer))
            return fault(check, "auth.issuers", "names auth.issuer, which has the gateway's own key");
        if (str_eq(conf->auth.issuers[i].audience, conf->backend.audience))
            return fault(check, "auth.issuers", "names backend.audience as an audience of clients");
    }
    return 0;
}

/* A dialect is reached by its listener, its hosts and its paths: what its clients may carry counts wherever that is. The sum of
 * two lists would let in at one place what was meant for another. */
static int check_credentials(const struct checker *check)
{
    const struct conf *conf = check->conf;

    for (size_t i = 0; i < conf->facade_count; i++)
        for (size_t k = 0; k < i; k++) {
            unsigned one = conf->facades[i].credentials, other = conf->facades[k].credentials;
            if (one && other && one != other && str_eq(conf->facades[i].dialect, conf->facades[k].dialect))
                return fault(check, "facades", "limits the credentials of a dialect in two ways");
        }
    return 0;
}

static int check_introspection(const struct checker *check)
{
    const struct conf *conf = check->conf;

    for (size_t i = 0; i < conf->facade_count; i++)
        if ((conf->facades[i].credentials & CREDENTIAL_INTROSPECTION) && !conf->auth.introspection.url.len)
            return fault(check, "facades", "accepts introspection, which needs auth.introspection.url");
    if (!conf->auth.introspection.url.len)
        return 0;
    if (!value_is_url(conf->auth.introspection.url))
        return fault(check, "auth.introspection.url", "is not an http:// or https:// address");
    if (!value_is_https(conf->auth.introspection.url) && !conf->auth.introspection.allow_http)
        return fault(check, "auth.introspection.url", "is not https://, and allow_http is off");
    if (!conf->auth.introspection.client_id.len)
        return fault(check, "auth.introspection.url", "needs auth.introspection.client_id");
    if (!conf->auth.introspection.secret_file.len)
        return fault(check, "auth.introspection.url", "needs auth.introspection.secret_file");
    if (str_eq(conf->auth.introspection.audience, conf->backend.audience))
        return fault(check, "auth.introspection.audience",
                     "names backend.audience as an audience of clients");
    return 0;
}

/* The header is whatever its sender writes: without a list of those who may, any client could choose its address. */
static int check_proxies(const struct checker *check)
{
    const struct conf *conf = check->conf;

    if (conf->trusted_proxy_count)
        return 0;
    if (conf->proxy_protocol)
        return fault(check, "proxy_protocol", "needs trusted_proxies, the addresses from which it is accepted");
    for (size_t i = 0; i < conf->facade_count; i++)
        if (conf_is_proxied(conf, &conf->facades[i]))
            return fault(check, "facades", "has proxy_protocol, which needs trusted_proxies");
    return 0;
}

static int check_places(const struct checker *check)
{
    const struct conf *conf = check->conf;

    if (!conf->state_dir.len)
        return fault(check, "state_dir", "is empty");
    if (str_eq(conf->admin_listen, conf->listen))
        return fault(check, "admin.listen", "must differ from listen");
    if (conf->backend.embedded && str_eq(conf->backend.listen, conf->listen))
        return fault(check, "backend.listen", "must differ from listen");
    for (size_t i = 0; i < conf->facade_count; i++)
        if (conf->facades[i].listen.len && str_eq(conf->facades[i].listen, conf->admin_listen))
            return fault(check, "facades", "uses the address of admin.listen");
    return 0;
}

int conf_check(const struct conf *conf, const struct origin *origins, struct err *err)
{
    const struct checker check = { .conf = conf, .origins = origins, .err = err };

    return check_tls(&check) || check_backend(&check) || check_auth(&check) || check_introspection(&check) ||
                   check_credentials(&check) || check_proxies(&check) || check_places(&check)
               ? -1
               : 0;
}
