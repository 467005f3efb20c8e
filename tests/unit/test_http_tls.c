#include "test_http_kit.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/mman.h>

static char folder[] = "/tmp/test_http_tls.XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[8][64];
    static unsigned next;
    char *path = paths[next++ % COUNT(paths)];

    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* A self-signed certificate and its key. */
static void make_certificate(const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *subject = X509_get_subject_name(cert);
    char file[64];

    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_set_version(cert, 2);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, subject);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    (void)snprintf(file, sizeof file, "%s.pem", name);
    FILE *out = fopen(path_of(file), "w");
    assert_true(out && PEM_write_X509(out, cert));
    fclose(out);
    (void)snprintf(file, sizeof file, "%s.key", name);
    out = fopen(path_of(file), "w");
    assert_true(out && PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL));
    fclose(out);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    make_certificate("server");
    make_certificate("client");
    make_certificate("stranger");
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = { "server", "client", "stranger" };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char file[64];
        (void)snprintf(file, sizeof file, "%s.pem", names[i]);
        (void)unlink(path_of(file));
        (void)snprintf(file, sizeof file, "%s.key", names[i]);
        (void)unlink(path_of(file));
    }
    return rmdir(folder);
}

struct client {
    const unsigned char *alpn;
    unsigned alpn_len;
    int most; /* version, 0: any */
    const char *certificate;
};

struct talk {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
};

static struct talk talk_open(struct kit *kit, const struct client *client)
{
    struct talk talk = { .fd = dial(kit->port), .context = SSL_CTX_new(TLS_client_method()) };
    char file[64];

    SSL_CTX_set_security_level(talk.context, 0);
    if (client->most)
        SSL_CTX_set_max_proto_version(talk.context, client->most);
    SSL_CTX_load_verify_locations(talk.context, path_of("server.pem"), NULL);
    SSL_CTX_set_verify(talk.context, SSL_VERIFY_PEER, NULL);
    if (client->certificate) {
        (void)snprintf(file, sizeof file, "%s.pem", client->certificate);
        assert_int_equal(SSL_CTX_use_certificate_file(talk.context, path_of(file), SSL_FILETYPE_PEM), 1);
        (void)snprintf(file, sizeof file, "%s.key", client->certificate);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(talk.context, path_of(file), SSL_FILETYPE_PEM), 1);
    }
    talk.ssl = SSL_new(talk.context);
    if (client->alpn)
        assert_int_equal(SSL_set_alpn_protos(talk.ssl, client->alpn, client->alpn_len), 0);
    SSL_set_fd(talk.ssl, talk.fd);
    return talk;
}

static void talk_close(struct talk *talk)
{
    SSL_free(talk->ssl);
    SSL_CTX_free(talk->context);
    ERR_clear_error();
    close(talk->fd);
}

static struct kit *start_prepared(struct kit *kit, const char *client_ca)
{
    struct err err;

    struct http_tls *tls;
    if (http_tls_read(&tls, path_of("server.pem"), path_of("server.key"), client_ca, &err))
        fail_msg("%s", err.detail);
    http_server_tls(kit->server, tls);
    http_tls_free(&tls);
    kit_listen(kit);
    kit_run(kit);
    return kit;
}

static struct kit *start_tls(const struct http_limits *limits, const char *client_ca)
{
    return start_prepared(kit_prepare(limits), client_ca);
}

/* True when a request over HTTP/1.1 is answered on it. */
static bool asks(struct talk *talk)
{
    static const char request[] = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    char text[4096];
    size_t used = 0;

    if (SSL_connect(talk->ssl) != 1 || SSL_write(talk->ssl, request, sizeof request - 1) <= 0)
        return false;
    for (int n = 1; n > 0 && used + 1 < sizeof text; used += n > 0 ? (size_t)n : 0)
        n = SSL_read(talk->ssl, text + used, (int)(sizeof text - used - 1));
    text[used] = '\0';
    return strstr(text, "HTTP/1.1 200 OK") && strstr(text, "tls=1");
}

static const unsigned char both[] = "\x02h2\x08http/1.1", old[] = "\x08http/1.1", neither[] = "\x06spdy/3";

static void s52_tls_serves_1_2_and_later(void **state)
{
    static const struct {
        struct client client;
        bool ok;
    } rows[] = {
        { .client = { .most = 0 }, .ok = true },
        { .client = { .most = TLS1_2_VERSION }, .ok = true },
        { .client = { .alpn = old, .alpn_len = sizeof old - 1 }, .ok = true },
        { .client = { .most = TLS1_1_VERSION }, .ok = false },
        { .client = { .most = TLS1_VERSION }, .ok = false },
        { .client = { .alpn = neither, .alpn_len = sizeof neither - 1 }, .ok = false },
    };
    struct http_limits limits = kit_limits();
    struct kit *kit = start_tls(&limits, NULL);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct talk talk = talk_open(kit, &rows[i].client);
        CHECK(asks(&talk) == rows[i].ok, "row %zu", i);
        CHECK(!rows[i].ok || !SSL_session_reused(talk.ssl), "row %zu", i);
        talk_close(&talk);
    }
    /* and plain text is not answered */
    ssize_t len;
    int fd = dial(kit->port);
    put_text(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    char *all = drain_socket(fd, &len);
    assert_null(strstr(all, "200"));
    free(all);
    close(fd);
    kit_stop(kit);
}

/* ALPN prefers HTTP/2, whose first frame is the server's SETTINGS. */
static void alpn_chooses_http2(void **state)
{
    static const char request[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                  "\0\0\0\x04\0\0\0\0\0"
                                  "\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01"
                                  "a";
    struct http_limits limits = kit_limits();
    struct kit *kit = start_tls(&limits, NULL);
    struct client client = { .alpn = both, .alpn_len = sizeof both - 1 };
    struct talk talk = talk_open(kit, &client);
    const unsigned char *chosen;
    unsigned chosen_len;
    char text[4096];
    size_t used = 0;
    int n;

    (void)state;
    assert_int_equal(SSL_connect(talk.ssl), 1);
    SSL_get0_alpn_selected(talk.ssl, &chosen, &chosen_len);
    assert_int_equal(chosen_len, 2);
    assert_memory_equal(chosen, "h2", 2);
    assert_true(SSL_write(talk.ssl, request, sizeof request - 1) > 0);
    do {
        n = SSL_read(talk.ssl, text + used, (int)(sizeof text - used));
        used += n > 0 ? (size_t)n : 0;
    } while (n > 0 && !memmem(text, used, "h2=1 tls=1", 10));
    assert_int_equal(text[3], 4);
    assert_non_null(memmem(text, used, "h2=1 tls=1", 10));
    talk_close(&talk);
    kit_stop(kit);
}

static void s52_client_certificates_are_demanded(void **state)
{
    static const struct {
        struct client client;
        bool ok;
    } rows[] = {
        { .client = { .certificate = "client" }, .ok = true },
        { .client = { .certificate = "client", .most = TLS1_2_VERSION }, .ok = true },
        { .client = { .certificate = NULL }, .ok = false },
        { .client = { .certificate = "stranger" }, .ok = false },
    };
    struct http_limits limits = kit_limits();
    struct kit *kit = start_tls(&limits, path_of("client.pem"));

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct talk talk = talk_open(kit, &rows[i].client);
        CHECK(asks(&talk) == rows[i].ok, "row %zu", i);
        talk_close(&talk);
    }
    kit_stop(kit);
}

static void says_which_file_is_wrong(void **state)
{
    static const struct {
        const char *certificate, *key, *ca;
    } rows[] = {
        { "none.pem", "server.key", NULL },         { "server.pem", "none.key", NULL },
        { "server.pem", "client.key", NULL },       { "server.key", "server.key", NULL },
        { "server.pem", "server.key", "none.pem" }, { "server.pem", "server.key", "server.key" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = { .code = ERR_NONE };
        struct http_tls *tls = NULL;
        int rc = http_tls_read(&tls, path_of(rows[i].certificate), path_of(rows[i].key), rows[i].ca ? path_of(rows[i].ca) : NULL, &err);
        CHECK(rc == -1 && err.code == ERR_CONFIG && strstr(err.detail, folder), "row %zu: %s", i, err.detail);
    }
}

static bool shows(struct talk *talk, const char *name)
{
    char text[32] = "";
    X509 *cert = SSL_get0_peer_certificate(talk->ssl);

    return cert && X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, text, sizeof text) > 0 &&
           strcmp(text, name) == 0;
}

static struct http_tls *read_again;

static void renew(struct kit *kit)
{
    http_server_tls(kit->server, read_again);
}

/* Who is connected keeps what he has; what was read once is for any number of servers. */
static void a_new_certificate_is_for_new_connections(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kits[] = { start_tls(&limits, NULL), start_tls(&limits, NULL) };
    struct client client = { .most = 0 };
    struct talk early = talk_open(kits[0], &client);
    struct err err;

    (void)state;
    assert_int_equal(SSL_connect(early.ssl), 1);
    if (http_tls_read(&read_again, path_of("stranger.pem"), path_of("stranger.key"), NULL, &err))
        fail_msg("%s", err.detail);
    for (size_t i = 0; i < COUNT(kits); i++)
        kit_do(kits[i], renew);
    http_tls_free(&read_again);
    for (size_t i = 0; i < COUNT(kits); i++) {
        struct talk late = talk_open(kits[i], &client);
        SSL_set_verify(late.ssl, SSL_VERIFY_NONE, NULL);
        assert_true(asks(&late));
        assert_true(shows(&late, "stranger"));
        talk_close(&late);
    }
    assert_true(shows(&early, "server"));
    assert_true(asks(&early));
    talk_close(&early);
    kit_stop(kits[0]);
    kit_stop(kits[1]);
}

/* Every stage of a connection, left by the client or ended by the server. */
static void ends_in_any_order(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = start_tls(&limits, NULL);
    struct client client = { .most = 0 };
    struct talk talks[6];
    int silent = dial(kit->port);
    static const char *const requests[] = { NULL,
                                            "GE",
                                            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
                                            "GET /never HTTP/1.1\r\nHost: a\r\n\r\n",
                                            "GET /big HTTP/1.1\r\nHost: a\r\n\r\n",
                                            "GET /later HTTP/1.1\r\nHost: a\r\n\r\n" };

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT(talks); i++) {
            talks[i] = talk_open(kit, &client);
            assert_int_equal(SSL_connect(talks[i].ssl), 1);
            if (requests[i])
                assert_true(SSL_write(talks[i].ssl, requests[i], (int)strlen(requests[i])) > 0);
        }
        assert_true(wait_for(&kit->calls, 3 * ((unsigned)round + 1)));
        if (round == 1)
            break;
        for (size_t i = 0; i < COUNT(talks); i++)
            talk_close(&talks[i]);
        assert_true(wait_for(&kit->gone, 1));
    }
    kit_stop(kit);
    for (size_t i = 0; i < COUNT(talks); i++)
        talk_close(&talks[i]);
    close(silent);
}

static void on_drained(void *data)
{
    struct kit *kit = data;

    kit->drained++;
}

static void start_drain(struct kit *kit)
{
    http_server_drain(kit->server, 60000, on_drained, kit);
}

/* As without TLS: a request that is on its way comes within a second; who only connected, as load balancers do, is not waited
 * for beyond it. */
static void who_said_nothing_yet_has_a_second_when_the_end_begins(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = start_tls(&limits, NULL);
    struct client client = { .most = 0 };
    struct talk late = talk_open(kit, &client), later = talk_open(kit, &client), half = talk_open(kit, &client);
    int silent = dial(kit->port);
    char hello[16];

    (void)state;
    assert_int_equal(SSL_connect(late.ssl), 1);
    SSL_set_fd(half.ssl, memfd_create("hello", 0)); /* only the begin of what it says arrives */
    (void)SSL_connect(half.ssl);
    assert_true(pread(SSL_get_fd(half.ssl), hello, sizeof hello, 0) == sizeof hello);
    assert_true(send(half.fd, hello, sizeof hello, 0) == sizeof hello);
    kit_do(kit, start_drain);
    (void)usleep(200 * 1000);
    assert_true(asks(&late));
    assert_true(asks(&later));
    uint64_t since_ms = clock_monotonic_ms();
    assert_true(wait_for(&kit->drained, 1));
    CHECK(clock_monotonic_ms() - since_ms < 5000, "took %llu ms", (unsigned long long)(clock_monotonic_ms() - since_ms));
    kit_stop(kit);
    (void)close(SSL_get_fd(half.ssl));
    talk_close(&late);
    talk_close(&later);
    talk_close(&half);
    (void)close(silent);
}

/* The client's hello comes with the header, in part or whole. */
static void a_header_of_the_proxy_protocol_comes_before_the_handshake(void **state)
{
    static const char header[] = "PROXY TCP4 203.0.113.9 192.0.2.1 4711 443\r\n", ask[] = "GET /peer HTTP/1.1\r\nHost: a\r\n\r\n";
    static const size_t cuts[] = { 0, 20, sizeof header - 1, sizeof header, sizeof header + 100, SIZE_MAX };
    struct network from;
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_prepare(&limits);

    (void)state;
    assert_true(network_parse(STR("127.0.0.1"), &from));
    http_server_proxied(kit->server, &from, 1);
    (void)start_prepared(kit, NULL);
    for (size_t i = 0; i < COUNT(cuts); i++) {
        struct talk talk = talk_open(kit, &(struct client){ .alpn = NULL });
        BIO *hello = BIO_new(BIO_s_mem());
        char bytes[4096], *text;
        memcpy(bytes, header, sizeof header - 1);
        SSL_set0_wbio(talk.ssl, hello);
        BIO_up_ref(hello);
        SSL_set0_rbio(talk.ssl, BIO_new(BIO_s_mem()));
        assert_int_equal(SSL_connect(talk.ssl), -1); /* wants the server's */
        long more = BIO_get_mem_data(hello, &text);
        size_t len = sizeof header - 1 + (size_t)more, cut = cuts[i] < len ? cuts[i] : len;
        memcpy(bytes + sizeof header - 1, text, (size_t)more);
        assert_true(put(talk.fd, bytes, cut));
        usleep(5000);
        assert_true(put(talk.fd, bytes + cut, len - cut));
        BIO_free(hello);
        SSL_set_fd(talk.ssl, talk.fd);
        CHECK(SSL_connect(talk.ssl) == 1 && SSL_write(talk.ssl, ask, sizeof ask - 1) > 0, "cut at %zu", cut);
        size_t used = 0;
        for (int n; (n = SSL_read(talk.ssl, bytes + used, (int)(sizeof bytes - used))) > 0;) {
            used += (size_t)n;
            if (memmem(bytes, used, "<", 1) && bytes[used - 1] == '>')
                break;
        }
        CHECK(memmem(bytes, used, "<203.0.113.9>", 13), "cut at %zu: %.*s", cut, (int)used, bytes);
        talk_close(&talk);
    }
    kit_stop(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s52_tls_serves_1_2_and_later),
        cmocka_unit_test(alpn_chooses_http2),
        cmocka_unit_test(s52_client_certificates_are_demanded),
        cmocka_unit_test(says_which_file_is_wrong),
        cmocka_unit_test(a_new_certificate_is_for_new_connections),
        cmocka_unit_test(a_header_of_the_proxy_protocol_comes_before_the_handshake),
        cmocka_unit_test(ends_in_any_order),
        cmocka_unit_test(who_said_nothing_yet_has_a_second_when_the_end_begins),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
