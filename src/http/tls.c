#include "http/inner.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

static int fail(struct err *err, const char *what, const char *path)
{
    unsigned long code = ERR_get_error();

    ERR_clear_error();
    return err_set(err, ERR_CONFIG, "tls: %s %s: %s", what, path,
                   code ? ERR_reason_error_string(code) : "failed");
}

/* HTTP/2 when the client offers it, HTTP/1.1 otherwise; a client that offers only others is refused (RFC 7301
 * section 3.2) rather than spoken to in a protocol it did not ask for. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned int offered_len, void *data)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    unsigned char *chosen;

    (void)ssl;
    (void)data;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* No renegotiation, no compression, no sessions: libh2o knows none of the first two, and what sessions save
 * is not worth their memory behind connections that are kept open. */
static void set_rules(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20"); /* TLS 1.2; RFC 9113 section 9.2.2 */
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
}

static int load(SSL_CTX *context, const char *certificate, const char *key, const char *client_ca,
                struct err *err)
{
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return fail(err, "certificate", certificate);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return fail(err, "key", key);
    if (SSL_CTX_check_private_key(context) != 1)
        return fail(err, "the key does not fit", certificate);
    if (!client_ca)
        return 0;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(client_ca);
    if (!names || SSL_CTX_load_verify_locations(context, client_ca, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return fail(err, "client authorities", client_ca);
    }
    SSL_CTX_set_client_CA_list(context, names); /* taken */
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return 0;
}

/* It is OpenSSL's own, which counts its holders. */
SSL_CTX *tls_context(struct http_tls *tls)
{
    return (SSL_CTX *)tls;
}

int http_tls_read(struct http_tls **tls, const char *certificate, const char *key, const char *client_ca, struct err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (!context)
        return fail(err, "cannot make a", "context");
    set_rules(context);
    if (load(context, certificate, key, client_ca, err)) {
        SSL_CTX_free(context);
        return -1;
    }
    *tls = (struct http_tls *)context;
    return 0;
}

void http_tls_free(struct http_tls **tls)
{
    SSL_CTX_free(tls_context(*tls));
    *tls = NULL;
}
