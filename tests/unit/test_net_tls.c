/* https through the curl transport: whom it trusts, and which transport carries what. */
#include "check.h"
#include "net/call.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* ---- a server with a certificate of its own, for "localhost" only ---- */

struct tls_server {
    SSL_CTX *context;
    EVP_PKEY *key;
    X509 *certificate;
    int fd;
    uint16_t port;
    pthread_t thread;
    atomic_uint said; /* answers, whole */
    char ca_file[64];
};

static void certify(struct tls_server *server)
{
    server->key = EVP_EC_gen("P-256");
    X509 *certificate = server->certificate = X509_new();
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
    (void)X509_set_version(certificate, X509_VERSION_3);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    (void)X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                     (const unsigned char *)"localhost", -1, -1, 0);
    (void)X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    (void)X509_set_pubkey(certificate, server->key);
    (void)X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    assert_true(X509_sign(certificate, server->key, EVP_sha256()) > 0);
    (void)snprintf(server->ca_file, sizeof server->ca_file, "/tmp/test_net_tls.XXXXXX");
    int fd = mkstemp(server->ca_file);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    assert_non_null(file);
    assert_true(PEM_write_X509(file, certificate));
    (void)fclose(file);
}

#define FORGED "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"

/* An answer of `size` bytes in all and a forged one behind it, in the same record or in the next. */
static void serve_stray(SSL *ssl, size_t size, bool apart)
{
    char *answer = calloc(1, size + sizeof FORGED);
    size_t head = (size_t)sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Length: %05zu\r\n\r\n", size);

    head = (size_t)sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Length: %05zu\r\n\r\n", size - head);
    memset(answer + head, 'x', size - head);
    memcpy(answer + size, FORGED, sizeof FORGED);
    (void)SSL_write(ssl, answer, (int)(size + (apart ? 0 : sizeof FORGED - 1)));
    if (apart)
        (void)SSL_write(ssl, FORGED, sizeof FORGED - 1);
    free(answer);
}

/* "/stray/SIZE" and "/apart/SIZE" as above, everything else "ok". */
static void serve(struct tls_server *server, SSL *ssl)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    char request[4096] = "";

    if (SSL_accept(ssl) != 1)
        return;
    while (SSL_read(ssl, request, sizeof request - 1) > 0) {
        bool apart = strncmp(request, "GET /apart/", 11) == 0;
        if (apart || strncmp(request, "GET /stray/", 11) == 0)
            serve_stray(ssl, strtoul(request + 11, NULL, 10), apart);
        else
            (void)SSL_write(ssl, answer, sizeof answer - 1);
        server->said++;
    }
}

static void *accept_all(void *data)
{
    struct tls_server *server = data;

    for (int fd; (fd = accept(server->fd, NULL, NULL)) >= 0;) { /* one client at a time is enough here */
        SSL *ssl = SSL_new(server->context);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)); /* what was said has arrived */
        (void)SSL_set_fd(ssl, fd);
        serve(server, ssl);
        SSL_free(ssl);
        (void)close(fd);
    }
    return NULL;
}

static void tls_server_start(struct tls_server *server)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;

    *server = (struct tls_server){ .context = SSL_CTX_new(TLS_server_method()) };
    certify(server);
    assert_int_equal(SSL_CTX_use_certificate(server->context, server->certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server->context, server->key), 1);
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(server->fd, 16), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &len), 0);
    server->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, accept_all, server), 0);
}

static void tls_server_stop(struct tls_server *server)
{
    (void)shutdown(server->fd, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->fd);
    (void)unlink(server->ca_file);
    SSL_CTX_free(server->context);
    X509_free(server->certificate);
    EVP_PKEY_free(server->key);
}

/* ---- calls ---- */

struct outcome {
    struct loop *loop;
    int status;
    char body[32]; /* its beginning */
    struct err err;
    enum call_transport carrier;
};

static void on_done(struct call *call, const struct call_answer *answer, const struct err *err, void *data)
{
    struct outcome *outcome = data;

    outcome->carrier = call_carrier(call);
    outcome->status = answer ? answer->status : 0;
    if (answer)
        (void)snprintf(outcome->body, sizeof outcome->body, STR_FMT, STR_ARG(answer->body));
    if (err)
        outcome->err = *err;
    call_free(&call);
    loop_stop(outcome->loop);
}

static void only_the_trusted_are_called(void **state)
{
    static const struct {
        enum call_transport transport;
        const char *host;
        bool trusted;
        enum err_code code;
    } cases[] = {
        { CALL_AUTO, "localhost", true, ERR_NONE },      { CALL_CURL, "localhost", true, ERR_NONE },
        { CALL_AUTO, "localhost", false, ERR_UPSTREAM }, /* not by an authority of the system's */
        { CALL_AUTO, "127.0.0.1", true, ERR_UPSTREAM },  /* another name */
        { CALL_H1, "localhost", true, ERR_INTERNAL },    /* never in the clear */
    };
    struct tls_server server;
    struct loop *loop = loop_new();

    (void)state;
    tls_server_start(&server);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct call_client *client = call_client_new(loop, cases[i].transport, NULL);
        struct call_request request = { .method = STR("GET"),
                                        .scheme = STR("https"),
                                        .host = str_from(cases[i].host),
                                        .port = server.port,
                                        .target = STR("/") };
        if (cases[i].trusted)
            call_client_tls(client, server.ca_file, NULL, NULL);
        for (size_t twice = 0; twice < 2; twice++) {
            struct outcome got = { .loop = loop };
            (void)call_start(client, &request, on_done, &got);
            loop_run(loop);
            CHECK(got.err.code == cases[i].code, "case %zu: %d %s", i, got.status, got.err.detail);
            CHECK(got.carrier == (cases[i].transport == CALL_H1 ? CALL_H1 : CALL_CURL), "case %zu: carrier",
                  i);
        }
        call_client_free(&client);
    }
    loop_free(&loop);
    tls_server_stop(&server);
}

/* Comes back when all that the server has to say was said. */
static struct outcome ask(struct call_client *client, struct loop *loop, struct tls_server *server, const char *target)
{
    unsigned said = server->said;
    struct outcome outcome = { .loop = loop };
    const struct call_request request = { .scheme = STR("https"),
                                          .host = STR("localhost"),
                                          .port = server->port,
                                          .method = STR("GET"),
                                          .target = str_from(target) };

    (void)call_start(client, &request, on_done, &outcome);
    loop_run(loop);
    while (server->said == said)
        (void)sched_yield();
    return outcome;
}

/* As test_net_stray.c has it for plain text: what is behind an answer may be in the socket, or decrypted already. */
static void what_follows_an_answer_is_no_answer(void **state)
{
    static const size_t sizes[] = { 100, 16384, 16400, 20000, 32768, 40000, 65536, 70001 };
    struct tls_server server;
    struct loop *loop = loop_new();

    (void)state;
    tls_server_start(&server);
    for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
        struct call_client *client = call_client_new(loop, CALL_AUTO, NULL);
        char target[32];
        call_client_tls(client, server.ca_file, NULL, NULL);
        (void)snprintf(target, sizeof target, "/%s/%zu", i % 2 ? "apart" : "stray", sizes[i / 2]);
        (void)ask(client, loop, &server, target); /* refused, where what is behind it was seen */
        struct outcome next = ask(client, loop, &server, "/next");
        CHECK(next.status == 200 && strcmp(next.body, "ok") == 0, "%s: %s %s", target, next.body, next.err.detail);
        next = ask(client, loop, &server, "/again");
        CHECK(next.status == 200 && strcmp(next.body, "ok") == 0, "%s: %s %s", target, next.body, next.err.detail);
        call_client_free(&client);
    }
    loop_free(&loop);
    tls_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_trusted_are_called),
        cmocka_unit_test(what_follows_an_answer_is_no_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
