/* Every setting of the gateway, read once at start, then shared by every thread and never written again. One row per
 * key in conf.c is the parser, the default, the limits and the documentation. All pointers belong to `arena`. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/network.h"

struct yaml;

/* One key of an issuer. */
struct conf_key {
    struct str file;      /* PEM public key (or certificate), or a file holding the HMAC secret; absolute path */
    struct str algorithm; /* "RS256", "ES256", "HS256", …: the only one this key is used with */
    struct str kid;       /* empty: any */
};
struct conf_issuer {
    struct str issuer, audience; /* audience empty: auth.audience */
    const struct conf_key *keys;
    size_t key_count;
    struct str jwks_url, jwks_file; /* a key set (RFC 7517) beside the keys; one of them or none */
    bool allow_http;                /* jwks_url may be http:// */
    const struct str *algorithms;   /* what keys of the set may be used with; none: every public one */
    size_t algorithm_count;
    bool at_jwt; /* only RFC 9068 access tokens */
};
/* Where a dialect is exposed beyond what its dialect.yaml says, and to whom. */
enum { CREDENTIAL_JWT = 1, CREDENTIAL_INTROSPECTION = 2, CREDENTIAL_TABLE = 4 };
struct conf_facade {
    struct str dialect, listen; /* listen empty: the common listener */
    const struct str *hosts;
    size_t host_count;
    unsigned credentials; /* kinds that its clients may carry; 0: all */
    struct str url;       /* what its clients know it by, without a slash at the end; empty: not said */
    struct str answers;   /* the dialect's name for another form of its answers; empty: the usual one */
    enum { PROXIED_AS_ALL, PROXIED_NO, PROXIED_YES } proxied; /* its own listener: conf->proxy_protocol, or otherwise */
};

struct conf {
    struct arena *arena;
    struct str file, dir; /* of the configuration; relative paths in it are relative to the working directory */
    struct str listen, admin_listen, state_dir, mappings, default_facade;
    uint64_t workers; /* 0: one per core */
    struct str tls_certificate, tls_key, tls_client_ca;
    const struct network *trusted_proxies; /* their word is taken for who the client is */
    size_t trusted_proxy_count;
    bool proxy_protocol; /* what these begin every connection to `listen` with */
    struct str log_level, log_access; /* access: "-" standard output, "off", or a file */
    struct {
        bool embedded;
        struct str listen, url, transport, audience, ca_file, certificate, key, database;
        struct str auth, token_file, token_url, client_id, secret_file, scope; /* towards the backend */
        bool all_completions, token_allow_http;
        const struct str *completions;
        size_t completion_count;
        uint64_t scan_limit, connect_ms, first_byte_ms, total_ms, body_kb, connections, waiting;
    } backend;
    struct {
        uint64_t head_kb, target_kb, body_kb, headers, connections, per_address, in_flight, buffered_mb;
        uint64_t head_ms, body_ms, answer_ms, idle_ms, exchange_ms, resets_per_second, drain_ms, stop_delay_ms;
        uint64_t json_depth, json_members, json_elements, json_string_kb;
    } limits;
    struct {
        struct str issuer, audience, signing_key;
        uint64_t skew_s, token_ttl_s, refresh_ttl_s;
        const struct str *retired_keys; /* files; absolute paths */
        size_t retired_key_count;
        const struct conf_issuer *issuers;
        size_t issuer_count;
        struct str ca_file;
        uint64_t call_ms, jwks_refresh_s, jwks_interval_s, failures_per_minute;
        struct {
            struct str url, client_id, secret_file, prefix, audience;
            bool allow_http;
            uint64_t cache_s, refused_s;
        } introspection;
    } auth;
    const struct conf_facade *facades;
    size_t facade_count;
};

/* Reads `file` (NULL: defaults only) and then each "key.path=value" of `sets`. Unknown keys, wrong types and values
 * out of range are refused with file:line:column, or `--set key.path=value: …`. */
MUST_CHECK int conf_load(struct conf **conf, const char *file, const char *const *sets, size_t set_count,
                         struct err *err);
void conf_free(struct conf **conf);

/* Connections to the facade's own listener begin with a header of the PROXY protocol. */
static inline bool conf_is_proxied(const struct conf *conf, const struct conf_facade *facade)
{
    return facade->proxied == PROXIED_AS_ALL ? conf->proxy_protocol : facade->proxied == PROXIED_YES;
}

/* Every setting, one a line: key, default and limits, words, with tabs between. For the documentation. */
struct buf;
void conf_describe(struct buf *out);
