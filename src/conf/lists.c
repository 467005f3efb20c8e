/* Settings that are lists of things. */
#include "conf/table.h"

#include <unistd.h>

#include "yaml/yaml.h"

#define PUBLIC_ALGORITHMS "RS256|RS384|RS512|PS256|PS384|PS512|ES256|ES384|ES512|EdDSA"
static const char public_algorithms[] = PUBLIC_ALGORITHMS;
static const char algorithms[] = "HS256|HS384|HS512|" PUBLIC_ALGORITHMS;

/* The required text member `name` of `map`, not empty. */
static int need_text(const struct yaml *map, const char *name, struct str *text, struct err *err)
{
    const struct yaml *node = yaml_get(map, name);

    if (!node || yaml_is_null(node))
        return yaml_fault(map, err, "'%s' is missing", name);
    if (yaml_text(node, text, err))
        return -1;
    return text->len ? 0 : yaml_fault(node, err, "'%s' is empty", name);
}

static int may_text(const struct yaml *map, const char *name, struct str *text, struct err *err)
{
    const struct yaml *node = yaml_get(map, name);

    return node && !yaml_is_null(node) ? yaml_text(node, text, err) : 0;
}

static struct str absolute(struct arena *arena, struct str path)
{
    char here[4096];

    if (str_starts(path, STR("/")) || !getcwd(here, sizeof here))
        return path;
    return arena_printf(arena, "%s/" STR_FMT, here, STR_ARG(path));
}

static bool is_secret(const struct conf_key *key)
{
    return str_starts(key->algorithm, STR("HS"));
}

static int read_key(struct conf *conf, const struct yaml *node, struct conf_key *key, struct err *err)
{
    static const char *const known[] = { "file", "algorithm", "kid", NULL };

    if (yaml_map(node, err) || yaml_only(node, known, err) || need_text(node, "file", &key->file, err) ||
        need_text(node, "algorithm", &key->algorithm, err) ||
        value_choice(yaml_get(node, "algorithm"), algorithms, &key->algorithm, err) ||
        may_text(node, "kid", &key->kid, err))
        return -1;
    key->file = absolute(conf->arena, key->file);
    return 0;
}

/* A key set with two meanings invites a public key taken for a secret (RFC 8725 section 2.1). */
static int check_keys(const struct yaml *list, const struct conf_key *keys, size_t count, struct err *err)
{
    const struct yaml *node = list->first;

    for (size_t i = 0; i < count; i++, node = node->next) {
        if (is_secret(&keys[i]) != is_secret(&keys[0]))
            return yaml_fault(node, err, "an issuer's keys are all shared secrets (HS…) or all public");
        for (size_t j = 0; j < i; j++)
            if (keys[i].kid.len && str_eq(keys[i].kid, keys[j].kid))
                return yaml_fault(node, err, "kid '" STR_FMT "' is given twice", STR_ARG(keys[i].kid));
    }
    return 0;
}

/* A list of texts, none empty. */
static int read_texts(struct conf *conf, const struct yaml *node, const struct str **texts, size_t *count,
                      struct err *err)
{
    if (yaml_list(node, err))
        return -1;
    struct str *all = ARENA_ARRAY(conf->arena, struct str, node->count);
    size_t done = 0;
    for (const struct yaml *at = node->first; at; at = at->next, done++) {
        if (yaml_text(at, &all[done], err))
            return -1;
        if (!all[done].len)
            return yaml_fault(at, err, "empty, expected text");
    }
    *texts = all;
    *count = done;
    return 0;
}

/* Where an issuer's key set is. */
static int read_key_set(struct conf *conf, const struct yaml *node, struct conf_issuer *issuer,
                        struct err *err)
{
    const struct yaml *allow = yaml_get(node, "allow_http"), *url = yaml_get(node, "jwks_url");

    if (may_text(node, "jwks_url", &issuer->jwks_url, err) ||
        may_text(node, "jwks_file", &issuer->jwks_file, err) ||
        (allow && yaml_bool(allow, &issuer->allow_http, err)))
        return -1;
    if (issuer->jwks_url.len && issuer->jwks_file.len)
        return yaml_fault(url, err, "'jwks_url' and 'jwks_file' are both given");
    if (issuer->jwks_url.len && !value_is_url(issuer->jwks_url))
        return yaml_fault(url, err, "not an http:// or https:// address");
    if (issuer->jwks_url.len && !value_is_https(issuer->jwks_url) && !issuer->allow_http)
        return yaml_fault(url, err, "not https://, and 'allow_http' is off");
    if (issuer->jwks_file.len)
        issuer->jwks_file = absolute(conf->arena, issuer->jwks_file);
    return 0;
}

/* Shared secrets never come out of a key set, so their algorithms are not among these. */
static int read_algorithms(struct conf *conf, const struct yaml *node, struct conf_issuer *issuer,
                           struct err *err)
{
    const struct yaml *list = yaml_get(node, "algorithms");

    if (!list)
        return 0;
    if (read_texts(conf, list, &issuer->algorithms, &issuer->algorithm_count, err))
        return -1;
    for (const struct yaml *at = list->first; at; at = at->next) {
        struct str name;
        if (value_choice(at, public_algorithms, &name, err))
            return -1;
    }
    return issuer->algorithm_count ? 0 : yaml_fault(list, err, "an empty list");
}

static int read_keys(struct conf *conf, const struct yaml *node, struct conf_issuer *issuer, struct err *err)
{
    const struct yaml *list = yaml_get(node, "keys");
    bool key_set = issuer->jwks_url.len || issuer->jwks_file.len;

    if (!list || !list->count)
        return key_set ? 0 : yaml_fault(node, err, "'keys' is missing, or 'jwks_url', or 'jwks_file'");
    if (yaml_list(list, err))
        return -1;
    struct conf_key *keys = ARENA_ARRAY(conf->arena, struct conf_key, list->count);
    for (const struct yaml *at = list->first; at; at = at->next)
        if (read_key(conf, at, &keys[issuer->key_count++], err))
            return -1;
    issuer->keys = keys;
    if (key_set && is_secret(&keys[0]))
        return yaml_fault(list, err, "a shared secret (HS…) beside a set of public keys");
    return check_keys(list, keys, issuer->key_count, err);
}

static int read_issuer(struct conf *conf, const struct yaml *node, struct conf_issuer *issuer,
                       struct err *err)
{
    static const char *const known[] = { "issuer",     "audience",   "keys",   "jwks_url", "jwks_file",
                                         "allow_http", "algorithms", "at_jwt", NULL };

    if (yaml_map(node, err) || yaml_only(node, known, err) ||
        need_text(node, "issuer", &issuer->issuer, err) || may_text(node, "audience", &issuer->audience, err))
        return -1;
    const struct yaml *at_jwt = yaml_get(node, "at_jwt");
    if (at_jwt && yaml_bool(at_jwt, &issuer->at_jwt, err))
        return -1;
    return read_key_set(conf, node, issuer, err) || read_algorithms(conf, node, issuer, err) ||
                   read_keys(conf, node, issuer, err)
               ? -1
               : 0;
}

int read_issuers(struct conf *conf, const struct yaml *node, struct err *err)
{
    if (yaml_list(node, err))
        return -1;
    struct conf_issuer *issuers = ARENA_ARRAY(conf->arena, struct conf_issuer, node->count);
    size_t count = 0;
    for (const struct yaml *at = node->first; at; at = at->next) {
        if (read_issuer(conf, at, &issuers[count], err))
            return -1;
        for (size_t i = 0; i < count; i++)
            if (str_eq(issuers[i].issuer, issuers[count].issuer))
                return yaml_fault(at, err, "issuer '" STR_FMT "' is given twice", STR_ARG(issuers[i].issuer));
        count++;
    }
    conf->auth.issuers = issuers;
    conf->auth.issuer_count = count;
    return 0;
}

int read_retired_keys(struct conf *conf, const struct yaml *node, struct err *err)
{
    const struct str *files;

    if (read_texts(conf, node, &files, &conf->auth.retired_key_count, err))
        return -1;
    struct str *paths = ARENA_ARRAY(conf->arena, struct str, conf->auth.retired_key_count);
    for (size_t i = 0; i < conf->auth.retired_key_count; i++)
        paths[i] = absolute(conf->arena, files[i]);
    conf->auth.retired_keys = paths;
    return 0;
}

int read_trusted_proxies(struct conf *conf, const struct yaml *node, struct err *err)
{
    const struct str *texts;
    const struct yaml *at = node->first;

    if (read_texts(conf, node, &texts, &conf->trusted_proxy_count, err))
        return -1;
    struct network *networks = ARENA_ARRAY(conf->arena, struct network, conf->trusted_proxy_count);
    for (size_t i = 0; i < conf->trusted_proxy_count; i++, at = at->next)
        if (!network_parse(texts[i], &networks[i]))
            return yaml_fault(at, err, "'" STR_FMT "' is no address and no network, such as 10.0.0.0/8 or 2001:db8::/32",
                              STR_ARG(texts[i]));
    conf->trusted_proxies = networks;
    return 0;
}

static int read_credentials(const struct yaml *list, unsigned *credentials, struct err *err)
{
    static const struct {
        const char *name;
        unsigned kind;
    } kinds[] = {
        { "jwt", CREDENTIAL_JWT },
        { "introspection", CREDENTIAL_INTROSPECTION },
        { "table", CREDENTIAL_TABLE },
    };
    struct str name;

    if (yaml_list(list, err))
        return -1;
    for (const struct yaml *at = list->first; at; at = at->next) {
        if (value_choice(at, "jwt|introspection|table", &name, err))
            return -1;
        for (size_t i = 0; i < COUNT(kinds); i++)
            *credentials |= str_is(name, kinds[i].name) ? kinds[i].kind : 0;
    }
    return *credentials ? 0 : yaml_fault(list, err, "an empty list");
}

/* https://api.example.org/base */
static int read_url(const struct yaml *node, struct str *url, struct err *err)
{
    struct str scheme, rest;

    if (!node || yaml_is_null(node))
        return 0;
    if (yaml_text(node, url, err))
        return -1;
    bool good = str_starts(*url, STR("https://")) || str_starts(*url, STR("http://"));
    good = good && str_cut(*url, '/', &scheme, &rest) && rest.len > 1 && url->ptr[url->len - 1] != '/';
    for (size_t i = 0; i < url->len && good; i++)
        good = (unsigned char)url->ptr[i] > 0x20 && (unsigned char)url->ptr[i] < 0x7F && !strchr("\"<>\\^`{|}?#", url->ptr[i]);
    return good ? 0
                : yaml_fault(node, err, "\"" STR_FMT "\" is not an address, expected e.g. https://api.example.org/base, without a slash at the end",
                             STR_ARG(*url));
}

/* Of the facade's own listener, which was read before. */
static int read_proxied(const struct yaml *node, struct conf_facade *facade, struct err *err)
{
    bool proxied;

    if (!node || yaml_is_null(node))
        return 0;
    if (yaml_bool(node, &proxied, err))
        return -1;
    facade->proxied = proxied ? PROXIED_YES : PROXIED_NO;
    return facade->listen.len ? 0 : yaml_fault(node, err, "is about the facade's own 'listen', which is missing");
}

static int read_facade(struct conf *conf, const struct yaml *node, struct conf_facade *facade,
                       struct err *err)
{
    static const char *const known[] = { "dialect", "listen",  "proxy_protocol", "hosts",
                                         "credentials", "answers", "url", NULL };

    if (yaml_map(node, err) || yaml_only(node, known, err) ||
        need_text(node, "dialect", &facade->dialect, err))
        return -1;
    const struct yaml *listen = yaml_get(node, "listen"), *hosts = yaml_get(node, "hosts");
    const struct yaml *credentials = yaml_get(node, "credentials"), *answers = yaml_get(node, "answers");
    if (credentials && read_credentials(credentials, &facade->credentials, err))
        return -1;
    if (answers && !yaml_is_null(answers) && yaml_text(answers, &facade->answers, err))
        return -1;
    if (read_url(yaml_get(node, "url"), &facade->url, err))
        return -1;
    if (listen && !yaml_is_null(listen) && value_listen(listen, &facade->listen, err))
        return -1;
    if (read_proxied(yaml_get(node, "proxy_protocol"), facade, err))
        return -1;
    return hosts ? read_texts(conf, hosts, &facade->hosts, &facade->host_count, err) : 0;
}

int read_facades(struct conf *conf, const struct yaml *node, struct err *err)
{
    if (yaml_list(node, err))
        return -1;
    struct conf_facade *facades = ARENA_ARRAY(conf->arena, struct conf_facade, node->count);
    size_t count = 0;
    for (const struct yaml *at = node->first; at; at = at->next)
        if (read_facade(conf, at, &facades[count++], err))
            return -1;
    conf->facades = facades;
    conf->facade_count = count;
    return 0;
}

int read_completions(struct conf *conf, const struct yaml *node, struct err *err)
{
    conf->backend.all_completions = false;
    conf->backend.completions = NULL;
    conf->backend.completion_count = 0;
    if (node->kind == YAML_LIST)
        return read_texts(conf, node, &conf->backend.completions, &conf->backend.completion_count, err);
    struct str all;
    if (yaml_text(node, &all, err) || !str_is(all, "all"))
        return yaml_fault(node, err, "expected `all` or a list of names");
    conf->backend.all_completions = true;
    return 0;
}
