#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "conf/conf.h"

static char file[64];

static int make_file(void **state)
{
    (void)state;
    (void)snprintf(file, sizeof file, "/tmp/test_conf.XXXXXX");
    int fd = mkstemp(file);
    return fd < 0 ? -1 : close(fd);
}

static int drop_file(void **state)
{
    (void)state;
    return unlink(file);
}

static int load_text(struct conf **conf, const char *text, const char *set, struct err *err)
{
    FILE *out = fopen(file, "w");

    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
    return conf_load(conf, file, &set, set ? 1 : 0, err);
}

static void defaults_are_the_documented_ones(void **state)
{
    struct conf *conf = NULL;
    struct err err = { 0 };

    (void)state;
    CHECK(!conf_load(&conf, NULL, NULL, 0, &err), "%s", err.detail);
    CHECK(str_is(conf->listen, "127.0.0.1:8080") && str_is(conf->admin_listen, "127.0.0.1:9901"),
          "listeners");
    CHECK(conf->workers == 0 && str_is(conf->state_dir, "var/"), "process");
    CHECK(!conf->default_facade.len && !conf->facade_count && conf->mappings.len, "dialects");
    CHECK(conf->backend.embedded && conf->backend.all_completions && !conf->backend.url.len, "backend");
    CHECK(str_is(conf->backend.listen, "127.0.0.1:8081") && str_is(conf->backend.transport, "auto"),
          "backend");
    CHECK(str_is(conf->backend.auth, "gateway_jwt") && conf->backend.scan_limit == 1000, "backend");
    CHECK(str_is(conf->auth.issuer, "urn:dragoman") && conf->auth.skew_s == 30, "auth");
    CHECK(conf->auth.token_ttl_s == 3600 && conf->auth.refresh_ttl_s == 30 * 86400, "lives");
    CHECK(conf->limits.body_kb == 4096 && conf->limits.json_depth == 64, "limits");
    CHECK(str_is(conf->log_access, "-") && str_is(conf->log_level, "info"), "log");
    conf_free(&conf);
    CHECK(!conf, "freed");
    conf_free(&conf);
}

/* The first word of a row is the place in the file. */
static void bad_settings_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *text, *place, *words;
    } cases[] = {
        { "lisen: 127.0.0.1:80\n", ":1:1: ", "did you mean 'listen'?" },
        { "log:\n  levle: info\n", ":2:3: ", "did you mean 'log.level'?" },
        { "\nbackend:\n  url: http://a\n  time_out: 5\n", ":4:3: ", "unknown setting 'backend.time_out'" },
        { "body_kb: 5\n", ":1:1: ", "did you mean '" },
        { "log.level: info\nbackends: 1\n", ":2:1: ", "unknown setting 'backends'" },
        { "limits: 5\n", ":1:9: ", "" },
        { "- a\n", ":1:", "" },
        { "listen: [a]\n", ":1:9: ", "" },
        { "listen: 8080\n", ":1:9: ", "expected address:port" },
        { "listen: 127.0.0.1:65536\n", ":1:9: ", "expected address:port" },
        { "listen: ':80'\n", ":1:9: ", "expected address:port" },
        { "listen: 'fe80::1:80'\n", ":1:9: ", "expected address:port" },
        { "listen: '[]:80'\n", ":1:9: ", "expected address:port" },
        { "listen: localhost:80\n", ":1:9: ", "expected address:port" },
        { "listen: 127.0.0.256:80\n", ":1:9: ", "expected address:port" },
        { "listen: '[127.0.0.1]:80'\n", ":1:9: ", "expected address:port" },
        { "listen: '[fe80::1%lo]:80'\n", ":1:9: ", "expected address:port" },
        { "admin: { listen: 'gateway:9901' }\n", ":1:18: ", "expected address:port" },
        { "workers: many\n", ":1:10: ", "" },
        { "workers: -1\n", ":1:10: ", "" },
        { "workers: 257\n", ":1:10: ", "" },
        { "workers: 1.5\n", ":1:10: ", "" },
        { "workers: \"1\"\n", ":1:10: ", "" },
        { "log: { level: loud }\n", ":1:15: ", "expected one of error|warn|info|debug" },
        { "backend:\n  embedded: maybe\n", ":2:13: ", "" },
        { "backend:\n  transport: h3\n", ":2:14: ", "expected one of auto|h1|curl" },
        { "backend:\n  completions: some\n", ":2:16: ", "`all` or a list" },
        { "backend:\n  completions: { a: b }\n", ":2:16: ", "`all` or a list" },
        { "backend:\n  completions: [ [x] ]\n", ":2:18: ", "" },
        { "backend:\n  url: ftp://a\n", ":2:8: ", "http:// or https://" },
        { "backend:\n  url: http:///v1\n", ":2:8: ", "the URL has no host" },
        { "backend:\n  url: https://a:b@c/\n", ":2:8: ", "the URL has user info" },
        { "backend:\n  url: http://127.0.0.1:99999\n", ":2:8: ", "the URL's port is not one" },
        { "backend:\n  url: https://a\n  transport: h1\n", ":3:14: ", "does not speak https" },
        { "backend:\n  embedded: false\n", ":2:13: ", "no other backend" },
        { "backend:\n  url: http://a\n  auth: token_file\n", ":3:9: ", "needs backend.token_file" },
        { "backend:\n  auth: token_file\n  token_file: x\n", ":2:9: ", "embedded" },
        { "backend: { url: http://a, auth: client_credentials }\n", ":1:33: ", "needs backend.token_url" },
        { "backend: { url: http://a, auth: client_credentials, token_url: 'http://t/' }\n", ":1:64: ", "token_allow_http" },
        { "backend: { url: http://a, auth: client_credentials, token_url: 'https://t/' }\n", ":1:33: ", "client_id" },
        { "backend: { url: http://a, auth: client_credentials, token_url: 'https://t/', client_id: a }\n", ":1:33: ",
          "secret_file" },
        { "backend: { certificate: a }\n", ":1:25: ", "needs backend.key" },
        { "backend: { audience: dragoman }\n", ":1:22: ", "must differ from auth.audience" },
        { "tls:\n  certificate: a.pem\n", ":2:16: ", "needs tls.key" },
        { "tls:\n  key: a.pem\n", ":2:8: ", "needs tls.certificate" },
        { "tls:\n  client_ca: a.pem\n", ":2:14: ", "needs tls.certificate" },
        { "admin: { listen: '127.0.0.1:8080' }\n", ":1:18: ", "must differ from listen" },
        { "facades:\n  - listen: 127.0.0.1:1\n", ":2:5: ", "'dialect' is missing" },
        { "facades:\n  - { dialect: a, host: b }\n", ":2:19: ", "" },
        { "facades:\n  - { dialect: a, listen: b }\n", ":2:27: ", "expected address:port" },
        { "facades:\n  - { dialect: a, hosts: [''] }\n", ":2:27: ", "empty" },
        { "auth:\n  issuer: ''\n", ":2:11: ", "is empty" },
        { "auth:\n  skew_s: 61\n", ":2:11: ", "" },
        { "auth:\n  issuers: x\n", ":2:12: ", "" },
        { "auth:\n  issuers:\n    - keys: []\n", ":3:7: ", "'issuer' is missing" },
        { "auth:\n  issuers:\n    - issuer: a\n", ":3:7: ", "'keys' is missing" },
        { "auth:\n  issuers:\n    - issuer: a\n      keys: [{ file: k }]\n",
          ":4:14: ", "'algorithm' is missing" },
        { "auth:\n  issuers:\n    - issuer: a\n      keys: [{ file: k, algorithm: none }]\n",
          ":4:36: ", "expected one of" },
        { "auth:\n  issuers:\n    - issuer: a\n      keys: [{ file: k, algorithm: rs256 }]\n",
          ":4:36: ", "expected one of" },
        { "auth:\n  issuers:\n    - issuer: a\n      keys: [{ file: k, algorithm: RS256 }, { file: l, "
          "algorithm: HS256 }]\n",
          ":4:45: ", "all shared secrets" },
        { "auth:\n  issuers:\n    - issuer: a\n      keys: [{ file: k, algorithm: RS256, kid: x }, { file: "
          "l, "
          "algorithm: RS256, kid: x }]\n",
          ":4:53: ", "given twice" },
        { "auth:\n  issuers:\n    - { issuer: a, keys: [{ file: k, algorithm: RS256 }] }\n    - { issuer: a, "
          "keys: "
          "[{ file: k, algorithm: RS256 }] }\n",
          ":4:7: ", "given twice" },
        { "auth:\n  issuers:\n    - { issuer: 'urn:dragoman', keys: [{ file: k, algorithm: RS256 }] }\n",
          ":3:5: ", "own key" },
        { "auth: { issuers: [{ issuer: a, jwks_url: 'http://k/', jwks_file: f }] }\n", ":1:42: ", "both given" },
        { "auth: { issuers: [{ issuer: a, jwks_url: 'http://k/' }] }\n", ":1:42: ", "'allow_http' is off" },
        { "auth: { issuers: [{ issuer: a, jwks_url: 'ftp://k/' }] }\n", ":1:42: ", "not an http" },
        { "auth: { issuers: [{ issuer: a, jwks_url: 'https://k/', allow_http: maybe }] }\n", ":1:68: ", "" },
        { "auth: { issuers: [{ issuer: a, jwks_url: 'https://k/', algorithms: [HS256] }] }\n", ":1:69: ",
          "expected one of" },
        { "auth: { issuers: [{ issuer: a, jwks_url: 'https://k/', algorithms: [none] }] }\n", ":1:69: ",
          "expected one of" },
        { "auth: { issuers: [{ issuer: a, jwks_url: 'https://k/', algorithms: [] }] }\n", ":1:68: ", "empty" },
        { "auth: { issuers: [{ issuer: a, jwks_url: 'https://k/', keys: [{ file: s, algorithm: HS256 }] }] }\n",
          ":1:62: ", "a shared secret" },
        { "auth: { issuers: [{ issuer: a, jwks_file: k, at_jwt: 1 }] }\n", ":1:54: ", "" },
        { "auth: { issuers: [{ issuer: a, jwks: k }] }\n", ":1:32: ", "" },
        { "facades: [{ dialect: a, credentials: [] }]\n", ":1:38: ", "empty" },
        { "facades: [{ dialect: a, credentials: jwt }]\n", ":1:38: ", "" },
        { "facades: [{ dialect: a, answers: [x] }]\n", ":1:34: ", "" },
        { "facades: [{ dialect: a, url: /base }]\n", ":1:30: ", "is not an address" },
        { "facades: [{ dialect: a, url: 'https://h/base/' }]\n", ":1:30: ", "without a slash at the end" },
        { "facades: [{ dialect: a, url: 'https://' }]\n", ":1:30: ", "is not an address" },
        { "facades: [{ dialect: a, url: 'ftp://h/base' }]\n", ":1:30: ", "is not an address" },
        { "facades: [{ dialect: a, url: 'https://h/b\"c' }]\n", ":1:30: ", "is not an address" },
        { "facades: [{ dialect: a, url: 'https://h/?q' }]\n", ":1:30: ", "is not an address" },
        { "facades: [{ dialect: a, url: [x] }]\n", ":1:30: ", "" },
        { "facades: [{ dialect: a, credentials: [jwt, JWT] }]\n", ":1:44: ", "expected one of" },
        { "facades: [{ dialect: a, credentials: [introspection] }]\n", ":1:10: ", "needs auth.introspection.url" },
        { "facades: [{ dialect: a, credentials: [jwt] }, { dialect: b, credentials: [table] }, { dialect: a, credentials: [table] }]\n",
          ":1:10: ", "in two ways" },
        { "trusted_proxies: 10.0.0.1\n", ":1:18: ", "list" },
        { "trusted_proxies: [10.0.0.1, lb.example.org]\n", ":1:29: ", "'lb.example.org' is no address and no network" },
        { "trusted_proxies: [10.0.0.1/8]\n", ":1:19: ", "is no address and no network" },
        { "trusted_proxies: ['']\n", ":1:19: ", "empty" },
        { "proxy_protocol: true\n", ":1:17: ", "needs trusted_proxies" },
        { "proxy_protocol: true\ntrusted_proxies: []\n", ":1:17: ", "needs trusted_proxies" },
        { "proxy_protocol: v2\n", ":1:17: ", "" },
        { "facades: [{ dialect: a, listen: '[::1]:99', proxy_protocol: true }]\n", ":1:10: ", "needs trusted_proxies" },
        { "facades: [{ dialect: a, proxy_protocol: true }]\ntrusted_proxies: [10.0.0.1]\n", ":1:41: ", "'listen', which is missing" },
        { "facades: [{ dialect: a, listen: '[::1]:99', proxy_protocol: 1 }]\n", ":1:61: ", "" },
        { "auth: { retired_keys: [''] }\n", ":1:24: ", "empty" },
        { "auth: { introspection: { url: 'x' } }\n", ":1:31: ", "is not an http" },
        { "auth: { introspection: { url: 'http://x' } }\n", ":1:31: ", "allow_http is off" },
        { "auth: { introspection: { url: 'https://x' } }\n", ":1:31: ", "needs auth.introspection.client_id" },
        { "auth: { introspection: { url: 'https://x', client_id: a } }\n", ":1:31: ", "secret_file" },
        { "auth: { introspection: { url: 'https://x', client_id: a, secret_file: f, audience: dragoman-backend } }\n",
          ":1:84: ", "names backend.audience" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf *conf = NULL;
        struct err err = { 0 };
        char place[128];

        (void)snprintf(place, sizeof place, "%s%s", file, cases[i].place);
        CHECK(load_text(&conf, cases[i].text, NULL, &err) == -1, "case %zu: accepted %s", i, cases[i].text);
        CHECK(err.code == ERR_CONFIG, "case %zu: %s", i, err_name(err.code));
        CHECK(str_starts(str_from(err.detail), str_from(place)), "case %zu: want %s, is %s", i, place,
              err.detail);
        CHECK(strstr(err.detail, cases[i].words), "case %zu: want %s, is %s", i, cases[i].words, err.detail);
    }
}

static void a_facade_may_differ_in_what_proxies_say(void **state)
{
    static const char text[] = "facades:\n"
                               "  - { dialect: a, listen: '[::1]:99', proxy_protocol: %s }\n"
                               "  - { dialect: b, listen: '[::1]:98', proxy_protocol: }\n"
                               "trusted_proxies: [10.0.0.0/8]\n"
                               "proxy_protocol: %s\n";

    (void)state;
    for (int i = 0; i < 4; i++) {
        const bool one = i & 1, all = i & 2;
        struct conf *conf = NULL;
        struct err err = { 0 };
        char whole[sizeof text + 10];
        (void)snprintf(whole, sizeof whole, text, one ? "true" : "false", all ? "true" : "false");
        CHECK(!load_text(&conf, whole, NULL, &err), "%s", err.detail);
        CHECK(conf->proxy_protocol == all, "case %d", i);
        CHECK(conf_is_proxied(conf, &conf->facades[0]) == one, "case %d", i);
        CHECK(conf_is_proxied(conf, &conf->facades[1]) == all, "case %d", i);
        conf_free(&conf);
    }
}

static void lists_are_read(void **state)
{
    struct conf *conf = NULL;
    struct err err = { 0 };
    static const char text[] = "facades:\n"
                               "  - { dialect: a, listen: '[::1]:99', hosts: [a.example, b.example] }\n"
                               "  - dialect: b\n"
                               "backend: { completions: [one, two] }\n"
                               "auth:\n"
                               "  issuers:\n"
                               "    - issuer: https://a\n"
                               "      audience: other\n"
                               "      keys:\n"
                               "        - { file: /k.pem, algorithm: ES256, kid: k1 }\n"
                               "        - { file: rel.pem, algorithm: RS256 }\n";

    (void)state;
    CHECK(!load_text(&conf, text, NULL, &err), "%s", err.detail);
    CHECK(conf->facade_count == 2 && conf->facades[0].host_count == 2, "facades");
    CHECK(str_is(conf->facades[0].hosts[1], "b.example") && str_is(conf->facades[0].listen, "[::1]:99"),
          "facade");
    CHECK(str_is(conf->facades[1].dialect, "b") && !conf->facades[1].listen.len, "facade");
    CHECK(!conf->backend.all_completions && conf->backend.completion_count == 2, "completions");
    CHECK(str_is(conf->backend.completions[0], "one"), "completions");
    const struct conf_issuer *issuer = conf->auth.issuers;
    CHECK(conf->auth.issuer_count == 1 && issuer->key_count == 2 && str_is(issuer->audience, "other"),
          "issuer");
    CHECK(str_is(issuer->keys[0].file, "/k.pem") && str_is(issuer->keys[0].kid, "k1"), "key");
    CHECK(str_starts(issuer->keys[1].file, STR("/")) && !issuer->keys[1].kid.len, "a relative path");
    conf_free(&conf);
}

static void an_issuer_may_have_a_key_set(void **state)
{
    struct conf *conf = NULL;
    struct err err = { 0 };
    static const char text[] =
        "facades: [{ dialect: a, credentials: [jwt, table] }, { dialect: b }]\n"
        "auth:\n"
        "  retired_keys: [/old.pem]\n"
        "  issuers:\n"
        "    - { issuer: a, jwks_url: 'https://k/keys', algorithms: [ES256, PS256], at_jwt: true }\n"
        "    - { issuer: b, jwks_url: 'http://k/keys', allow_http: true, keys: [] }\n"
        "    - { issuer: c, jwks_file: keys.json, keys: [{ file: k, algorithm: ES256 }] }\n"
        "  introspection: { url: 'https://i/', client_id: us, secret_file: s, prefix: lph_at_, cache_s: 0 }\n";

    (void)state;
    CHECK(!load_text(&conf, text, NULL, &err), "%s", err.detail);
    const struct conf_issuer *issuers = conf->auth.issuers;
    CHECK(str_is(issuers[0].jwks_url, "https://k/keys") && issuers[0].algorithm_count == 2 && issuers[0].at_jwt,
          "a");
    CHECK(str_is(issuers[0].algorithms[1], "PS256") && !issuers[0].allow_http && !issuers[0].key_count, "a");
    CHECK(conf->facades[0].credentials == (CREDENTIAL_JWT | CREDENTIAL_TABLE) && !conf->facades[1].credentials,
          "credentials");
    CHECK(issuers[1].allow_http && !issuers[1].at_jwt, "b");
    CHECK(str_starts(issuers[2].jwks_file, STR("/")) && issuers[2].key_count == 1, "c");
    CHECK(conf->auth.retired_key_count == 1 && str_is(conf->auth.retired_keys[0], "/old.pem"), "retired");
    CHECK(str_is(conf->auth.introspection.prefix, "lph_at_") && !conf->auth.introspection.cache_s, "introspection");
    conf_free(&conf);
}

static void sets_come_after_the_file(void **state)
{
    static const struct {
        const char *set;
        const char *fault; /* NULL: accepted */
    } cases[] = {
        { "listen=0.0.0.0:9", NULL },
        { "log.level=debug", NULL },
        { "workers=4", NULL },
        { "backend.url=http://b:1/x", NULL },
        { "backend.url=", NULL },
        { "backend.completions=[a, b]", NULL },
        { "facades=[{dialect: a, hosts: [b]}]", NULL },
        { "tls.certificate=x", "--set tls.certificate=x: needs tls.key" },
        { "log.levle=debug", "--set log.levle=debug: unknown setting; did you mean 'log.level'?" },
        { "log=debug", "--set log=debug: unknown setting" },
        { "log.level=loud", "--set log.level=loud: 'loud', expected one of" },
        { "workers=x", "--set workers=x: " },
        { "workers=\"1\"", "--set workers=\"1\": " },
        { "workers=[1]", "--set workers=[1]: " },
        { "listen=[::]:8443", NULL },
        { "listen=\"[::]:8443\"", NULL },
        { "listen='[::]:8443'", NULL },
        { "listen='[::]:8443", "--set listen='[::]:8443: " },
        { "listen=[::]", "--set listen=[::]: '[::]', expected address:port" },
        { "listen=", "--set listen=: '', expected address:port" },
        { "log.level=[debug]", "--set log.level=[debug]: '[debug]', expected one of" },
        { "log.level=debug # loud", "expected one of" },
        { "workers=4 # four", NULL },
        { "proxy_protocol=no way", "--set proxy_protocol=no way: " },
        { "workers=1\nlisten: a:1", "expected key.path=value" },
        { "workers", "--set workers: expected key.path=value" },
        { "=5", "--set =5: unknown setting" },
        { "", "expected key.path=value" },
        { "facades=[{dialect: a", "--set facades=[{dialect: a: " },
        { "facades=[{dialec: a}]", "--set facades=[{dialec: a}]: " },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf *conf = NULL;
        struct err err = { 0 };
        int rc = load_text(&conf, "log: { level: warn }\nbackend:\n  url: http://a\n", cases[i].set, &err);

        CHECK(rc == (cases[i].fault ? -1 : 0), "case %zu: %s", i, err.detail);
        CHECK(!rc || strstr(err.detail, cases[i].fault), "case %zu: want %s, is %s", i, cases[i].fault,
              err.detail);
        conf_free(&conf);
    }
}

/* What would be a list, a comment, an alias or another thing of YAML. */
static void a_text_is_set_as_it_stands(void **state)
{
    static const struct {
        const char *set, *path;
    } cases[] = {
        { "log.access=/a #b", "/a #b" },
        { "log.access=[a, b]", "[a, b]" },
        { "log.access={a: b}", "{a: b}" },
        { "log.access=a: b", "a: b" },
        { "log.access=&a", "&a" },
        { "log.access=*a", "*a" },
        { "log.access=|", "|" },
        { "log.access=-", "-" },
        { "log.access=5", "5" },
        { "log.access=true", "true" },
        { "log.access=%a", "%a" },
        { "log.access=a=b", "a=b" },
        { "log.access= a ", "a" },
        { "log.access='a'", "a" },
        { "log.access=\"a\\tb\"", "a\tb" },
        { "log.access=null", "off" }, /* the file's, as in a file */
        { "log.access=~", "off" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct conf *conf = NULL;
        struct err err = { 0 };
        CHECK(!load_text(&conf, "log: { access: 'off' }\n", cases[i].set, &err), "%s: %s", cases[i].set, err.detail);
        CHECK(str_is(conf->log_access, cases[i].path), "%s: " STR_FMT, cases[i].set, STR_ARG(conf->log_access));
        conf_free(&conf);
    }
}

static void a_set_wins(void **state)
{
    static const char *const sets[] = { "log.level=debug", "log.level=error", "backend.url=http://b",
                                        "workers=3" };
    struct conf *conf = NULL;
    struct err err = { 0 };

    (void)state;
    CHECK(!load_text(&conf, "log: { level: warn }\n", NULL, &err), "%s", err.detail);
    conf_free(&conf);
    CHECK(!conf_load(&conf, file, sets, COUNT(sets), &err), "%s", err.detail);
    CHECK(str_is(conf->log_level, "error") && conf->workers == 3, "the last one");
    CHECK(!conf->backend.embedded, "backend.url turns the embedded one off");
    CHECK(str_is(conf->file, file) && str_is(conf->dir, "/tmp"), "where it stands");
    conf_free(&conf);
}

static void a_missing_file_is_a_fault(void **state)
{
    struct conf *conf = NULL;
    struct err err = { 0 };

    (void)state;
    CHECK(conf_load(&conf, "/nowhere/at.yaml", NULL, 0, &err) == -1, "loaded");
    CHECK(strstr(err.detail, "/nowhere/at.yaml"), "%s", err.detail);
    CHECK(!load_text(&conf, "", NULL, &err), "an empty file: %s", err.detail);
    conf_free(&conf);
    CHECK(!load_text(&conf, "tls:\nlog:\n  level:\n", NULL, &err), "empty sections: %s", err.detail);
    CHECK(str_is(conf->log_level, "info"), "the default");
    conf_free(&conf);
}

/* Each line of a conf_describe without its words, "key<TAB>default". */
static void the_shipped_files_load_and_name_every_setting(void **state)
{
    struct conf *shipped = NULL, *plain = NULL, *production = NULL;
    struct err err = { 0 };
    struct arena *arena = arena_new(SIZE_MAX);
    struct buf all = buf_in(arena, 1 << 20);
    static char text[1 << 16];

    (void)state;
    CHECK(!conf_load(&shipped, SOURCE_DIR "/conf/dragoman.yaml", NULL, 0, &err), "%s", err.detail);
    CHECK(!conf_load(&production, SOURCE_DIR "/conf/production.yaml", NULL, 0, &err), "%s", err.detail);
    CHECK(!conf_load(&plain, NULL, NULL, 0, &err), "%s", err.detail);
    CHECK(!memcmp(&shipped->limits, &plain->limits, sizeof plain->limits), "limits are the defaults");
    CHECK(str_eq(shipped->listen, plain->listen) && str_eq(shipped->auth.issuer, plain->auth.issuer),
          "defaults");
    CHECK(shipped->default_facade.len && strstr(shipped->mappings.ptr, "/../mappings"), "dialects");
    CHECK(!production->backend.embedded && production->auth.issuer_count == 1, "production");

    FILE *in = fopen(SOURCE_DIR "/conf/dragoman.yaml", "r");
    assert_non_null(in);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    assert_int_equal(fclose(in), 0);
    conf_describe(&all);
    struct str rest = buf_str(&all), line, key, words;
    while (str_next(&rest, '\n', &line) && line.len) {
        CHECK(str_cut(line, '\t', &key, &words), "a row");
        struct str section, name = key;
        int indent = 0;
        for (; str_cut(name, '.', &section, &name); indent += 2)
            ;
        const char *want = arena_printf(arena, "\n%*s" STR_FMT ":", indent, "", STR_ARG(name)).ptr;
        CHECK(strstr(text, want), "conf/dragoman.yaml lacks " STR_FMT, STR_ARG(key));
    }
    conf_free(&shipped);
    conf_free(&plain);
    conf_free(&production);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_documented_ones),
        cmocka_unit_test(bad_settings_are_refused_with_their_place),
        cmocka_unit_test(a_facade_may_differ_in_what_proxies_say),
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(an_issuer_may_have_a_key_set),
        cmocka_unit_test(sets_come_after_the_file),
        cmocka_unit_test(a_text_is_set_as_it_stands),
        cmocka_unit_test(a_set_wins),
        cmocka_unit_test(a_missing_file_is_a_fault),
        cmocka_unit_test(the_shipped_files_load_and_name_every_setting),
    };
    return cmocka_run_group_tests(tests, make_file, drop_file);
}
