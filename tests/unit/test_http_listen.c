/* Where servers listen, and whose sockets they take. */
#include "test_http_kit.h"

#include "http/sockets.h"

#include <fcntl.h>
#include <sys/resource.h>

#define HOST_LINE "Host: a.example\r\n"

static void listens_where_it_is_told(void **state)
{
    static const struct {
        const char *address;
        bool ok;
    } rows[] = {
        { "127.0.0.1:0", true },  { "[::1]:0", true },
        { "0.0.0.0:0", true },    { "", false },
        { "localhost:0", false }, { "127.0.0.1", false },
        { "127.0.0.1:", false },  { "127.0.0.1:65536", false },
        { ":0", false },          { "::1:0", false },
        { "[::1]", false },       { "[]:0", false },
        { "127.0.0.1:x", false }, { "1.2.3.4.5:0", false },
    };
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_prepare(&limits), *other = kit_prepare(&limits);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = { .code = ERR_NONE };
        uint16_t port = 0;
        int rc = http_server_listen(kit->server, str_from(rows[i].address), HTTP_ALONE, &port, &err);
        if (rc && strchr(rows[i].address, '[') && rows[i].ok)
            continue; /* a machine without IPv6 */
        CHECK((rc == 0) == rows[i].ok, "%s: %s", rows[i].address, err.detail);
        CHECK(rc == 0 ? port != 0 : err.code == ERR_CONFIG, "%s", rows[i].address);
    }
    struct err err;
    char text[32];
    uint16_t port;
    assert_int_equal(http_server_listen(kit->server, STR("127.0.0.1:0"), HTTP_SHARE(0, 2), &port, &err), 0);
    int n = snprintf(text, sizeof text, "127.0.0.1:%u", port);
    assert_int_equal(http_server_listen(other->server, str_of(text, (size_t)n), HTTP_SHARE(1, 2), NULL, &err), 0);
    assert_int_equal(http_server_listen(other->server, str_of(text, (size_t)n), HTTP_ALONE, NULL, &err), -1);
    assert_int_equal(http_server_listen(other->server, str_of(text, (size_t)n), HTTP_SHARE(0, 2), NULL, &err), -1);
    CHECK(strstr(err.detail, "Address already in use"), "%s", err.detail);
    (void)snprintf(text, sizeof text, "0.0.0.0:%u", port);
    assert_int_equal(http_server_listen(other->server, str_from(text), HTTP_SHARE(0, 2), NULL, &err), -1);
    CHECK(strstr(err.detail, "Address already in use"), "%s", err.detail);
    kit_run(kit);
    kit_run(other);
    kit_stop(kit);
    kit_stop(other);
}

/* Two loops listen on one port; both threads serve, and nothing is shared between them that must not be. */
static void two_servers_share_a_port(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kits[2] = { kit_prepare(&limits), kit_prepare(&limits) };
    char text[1000];
    struct err err;

    (void)state;
    assert_int_equal(http_server_listen(kits[0]->server, STR("127.0.0.1:0"), HTTP_SHARE(0, 2), &kits[0]->port, &err), 0);
    int n = snprintf(text, sizeof text, "127.0.0.1:%u", kits[0]->port);
    assert_int_equal(http_server_listen(kits[1]->server, str_of(text, (size_t)n), HTTP_SHARE(1, 2), &kits[1]->port, &err),
                     0);
    assert_int_equal(kits[0]->port, kits[1]->port);
    kit_run(kits[0]);
    kit_run(kits[1]);
    for (int i = 0; i < 200; i++) {
        int fd = dial(kits[0]->port);
        put_text(fd, "GET /hello HTTP/1.1\r\n" HOST_LINE "\r\n");
        assert_int_equal(read_answer(fd, text, sizeof text, false), 200);
        close(fd);
    }
    assert_int_equal(kits[0]->calls + kits[1]->calls, 200);
    assert_true(kits[0]->calls && kits[1]->calls);
    kit_stop(kits[0]);
    kit_stop(kits[1]);
}

/* A socket that was opened by whoever starts the server: while none serves, clients wait instead of being refused. */
static void inherited_sockets_outlive_the_server(void **state)
{
    int passed = socket(AF_INET, SOCK_STREAM, 0); /* before all other descriptors of the test */
    struct http_limits limits = kit_limits();
    struct kit *first = kit_prepare(&limits), *second = kit_prepare(&limits);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof at;
    char text[1000], pid[16], address[32];
    struct err err;

    (void)state;
    assert_int_equal(bind(passed, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(passed, 16), 0);
    assert_int_equal(getsockname(passed, (struct sockaddr *)&at, &len), 0);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", ntohs(at.sin_port));
    (void)snprintf(text, sizeof text, "%d", passed - 2); /* whatever else has a number from 3 on is no such socket */
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid() + 1);
    setenv("LISTEN_FDS", text, 1);
    setenv("LISTEN_PID", pid, 1);
    struct http_sockets *others = http_sockets_new();
    http_server_sockets(first->server, others);
    CHECK(http_server_listen(first->server, str_from(address), HTTP_SHARE(0, 2), NULL, &err) == -1, "they are another process's");
    CHECK(!strstr(err.detail, "LISTEN_FDS"), "%s", err.detail);
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    struct http_sockets *sockets = http_sockets_new();
    for (struct kit *const *kit = (struct kit *[]){ first, second, NULL }; *kit; kit++) {
        http_server_sockets((*kit)->server, sockets);
        if (http_server_listen((*kit)->server, str_from(address), HTTP_SHARE(0, 2), &(*kit)->port, &err))
            fail_msg("%s", err.detail);
        assert_int_equal((*kit)->port, ntohs(at.sin_port));
    }
    kit_run(first);
    int early = dial(first->port);
    put_text(early, "GET /hello HTTP/1.1\r\n" HOST_LINE "\r\n");
    assert_int_equal(read_answer(early, text, sizeof text, false), 200);
    assert_int_equal(first->calls, 1);
    kit_stop(first);
    int waits = dial(ntohs(at.sin_port));
    put_text(waits, "GET /hello HTTP/1.1\r\n" HOST_LINE "\r\n");
    kit_run(second);
    assert_int_equal(read_answer(waits, text, sizeof text, false), 200);
    assert_int_equal(second->calls, 1);
    kit_stop(second);

    struct kit *third = kit_prepare(&limits);
    http_server_sockets(third->server, sockets);
    struct rlimit usual, few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    few = usual;
    few.rlim_cur = (rlim_t)fcntl(passed, F_DUPFD, passed + 1);
    close((int)few.rlim_cur);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(http_server_listen(third->server, str_from(address), HTTP_ALONE, NULL, &err), -1);
    CHECK(strstr(err.detail, "the socket of LISTEN_FDS cannot be used: Too many open files"), "%s", err.detail);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    (void)snprintf(address, sizeof address, "127.0.0.2:%u", ntohs(at.sin_port));
    assert_int_equal(http_server_listen(third->server, str_from(address), HTTP_ALONE, NULL, &err), 0);
    assert_int_equal(http_server_listen(third->server, str_from(address), HTTP_ALONE, NULL, &err), -1);
    CHECK(strstr(err.detail, "none of the sockets of LISTEN_FDS"), "%s", err.detail);
    setenv("LISTEN_FDS", "2000000000", 1); /* nobody passes so many: it is not looked for them */
    struct http_sockets *none = http_sockets_new();
    http_server_sockets(third->server, none);
    assert_int_equal(http_server_listen(third->server, STR("127.0.0.1:0"), HTTP_ALONE, NULL, &err), 0);
    assert_int_equal(http_server_listen(third->server, str_from(address), HTTP_ALONE, NULL, &err), -1);
    CHECK(!strstr(err.detail, "LISTEN_FDS"), "%s", err.detail);
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    kit_run(third);
    kit_stop(third);
    for (struct http_sockets **all[] = { &others, &sockets, &none, NULL }, ***one = all; *one; one++)
        http_sockets_free(*one);
    close(early);
    close(waits);
    close(passed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listens_where_it_is_told),
        cmocka_unit_test(two_servers_share_a_port),
        cmocka_unit_test(inherited_sockets_outlive_the_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
