/* What the gateway says about itself as an authorization server (RFC 8414). */
#include "auth/inside.h"
#include "jdoc/jdoc.h"

static void set_list(struct jdoc *doc, const char *name, const char *const *texts)
{
    struct jdoc *list = jdoc_array();

    for (; *texts; texts++)
        jdoc_push_string(list, str_from(*texts));
    jdoc_set(doc, name, list);
}

int auth_metadata(const struct auth *auth, const struct auth_endpoints *endpoints, struct arena *arena,
                  struct buf *out, struct err *err)
{
    static const char *const grants[] = { "client_credentials", "refresh_token", NULL };
    static const char *const methods[] = { "client_secret_basic", "client_secret_post", "none", NULL };
    static const char *const none[] = { NULL };
    const struct {
        const char *name;
        struct str path;
    } addresses[] = {
        { "token_endpoint", endpoints->token },
        { "revocation_endpoint", endpoints->revocation },
        { "jwks_uri", endpoints->keys },
    };
    struct str base = auth->issuers[0].name;

    if (!str_starts(base, STR("https://")) && !str_starts(base, STR("http://")))
        return err_set(err, ERR_NO_ROUTE, "auth.issuer is not an address, so there is no metadata");
    struct jdoc *doc = jdoc_object();
    jdoc_set_string(doc, "issuer", base);
    while (base.ptr[base.len - 1] == '/')
        base.len--;
    for (size_t i = 0; i < COUNT(addresses); i++)
        if (addresses[i].path.len)
            jdoc_set_string(doc, addresses[i].name,
                            arena_printf(arena, STR_FMT STR_FMT, STR_ARG(base), STR_ARG(addresses[i].path)));
    set_list(doc, "response_types_supported", none); /* no authorization endpoint */
    set_list(doc, "grant_types_supported", grants);
    set_list(doc, "token_endpoint_auth_methods_supported", methods);
    set_list(doc, "revocation_endpoint_auth_methods_supported", methods);
    jdoc_write(doc, out);
    jdoc_free(&doc);
    return buf_ok(out) ? 0 : err_set(err, ERR_INTERNAL, "auth: no room for the metadata");
}
