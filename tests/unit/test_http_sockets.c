/* The listening sockets that outlive their servers, and go to the program that follows. */
#include "test_http_kit.h"

#include "http/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

static struct kit *listening_kit(struct http_sockets *sockets, const char *address, struct http_share share)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_prepare(&limits);
    struct err err;

    http_server_sockets(kit->server, sockets);
    if (http_server_listen(kit->server, str_from(address), share, &kit->port, &err))
        fail_msg("%s", err.detail);
    return kit;
}

static void end(struct kit *kit)
{
    kit_run(kit);
    kit_stop(kit);
}

static bool is_refused(uint16_t port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool refused = connect(fd, (struct sockaddr *)&at, sizeof at) && errno == ECONNREFUSED;

    close(fd);
    return refused;
}

static void sockets_outlive_their_servers(void **state)
{
    struct http_sockets *sockets = http_sockets_new();
    struct kit *first = listening_kit(sockets, "127.0.0.1:0", HTTP_ALONE), *second = listening_kit(sockets, "127.0.0.1:0", HTTP_ALONE);
    uint16_t ports[] = { first->port, second->port };
    char text[32], all[64];

    (void)state;
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", ports[0]);
    (void)snprintf(all, sizeof all, "%u,%u", ports[0], ports[1]);
    struct arena *arena = arena_new(SIZE_MAX);
    struct str named = http_sockets_ports(sockets, arena);
    CHECK(str_is(named, all), STR_FMT ", not %s", STR_ARG(named), all);
    end(first);
    end(second);
    CHECK(!is_refused(ports[0]) && !is_refused(ports[1]), "who connects now waits");
    http_sockets_keep(sockets, &(struct str){ .ptr = text, .len = strlen(text) }, 1);
    CHECK(!is_refused(ports[0]) && is_refused(ports[1]), "the address that is named stays");
    http_sockets_close(sockets);
    CHECK(is_refused(ports[0]), "closed");
    CHECK(!http_sockets_ports(sockets, arena).len, "none is left");
    http_sockets_free(&sockets);
    arena_free(&arena);
}

/* What a program finds that is started in the place of this one: 0, or the number of the check that failed. */
static int find_handed_over(struct http_sockets *sockets, const char *address, const char *ports)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct err err;

    if (http_sockets_hand_over(sockets, &err))
        return 1;
    if (strcmp(getenv("LISTEN_FDS"), "3") != 0 || strtol(getenv("LISTEN_PID"), NULL, 10) != getpid())
        return 2;
    for (int fd = 3; fd < 6; fd++)
        if (fcntl(fd, F_GETFD) != 0) /* open, and stays so */
            return 3;
    struct http_sockets *next = http_sockets_new();
    if (!str_is(http_sockets_ports(next, arena), ports))
        return 4;
    /* Two servers where there were three: each socket has one. */
    struct kit *kits[] = { listening_kit(next, address, HTTP_SHARE(0, 2)), listening_kit(next, address, HTTP_SHARE(1, 2)) };
    char text[1000];
    kit_run(kits[0]);
    kit_run(kits[1]);
    for (int i = 0; i < 60; i++) {
        int fd = dial(kits[0]->port);
        put_text(fd, "GET /hello HTTP/1.1\r\nHost: a.example\r\n\r\n");
        if (read_answer(fd, text, sizeof text, false) != 200)
            return 5;
        close(fd);
    }
    kit_stop(kits[0]);
    kit_stop(kits[1]);
    http_sockets_keep(next, NULL, 0);
    return http_sockets_ports(next, arena).len ? 6 : 0;
}

static void sockets_go_to_the_next_program(void **state)
{
    struct http_sockets *sockets = http_sockets_new();
    struct kit *kits[3];
    char address[32], port[16];
    int status = 0;

    (void)state;
    kits[0] = listening_kit(sockets, "127.0.0.1:0", HTTP_SHARE(0, 3));
    (void)snprintf(port, sizeof port, "%u", kits[0]->port);
    (void)snprintf(address, sizeof address, "127.0.0.1:%s", port);
    kits[1] = listening_kit(sockets, address, HTTP_SHARE(1, 3));
    kits[2] = listening_kit(sockets, address, HTTP_SHARE(2, 3));
    for (size_t i = 0; i < COUNT(kits); i++)
        end(kits[i]);
    pid_t child = fork();
    if (!child)
        _exit(find_handed_over(sockets, address, port));
    assert_int_equal(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "check %d", WEXITSTATUS(status));
    http_sockets_free(&sockets);
}

static void addresses_are_tried(void **state)
{
    struct http_sockets *sockets = http_sockets_new();
    struct kit *kit = listening_kit(sockets, "127.0.0.1:0", HTTP_ALONE);
    char used[32], anywhere[32], port[16], others[32];

    (void)state;
    (void)snprintf(port, sizeof port, "%u", kit->port);
    (void)snprintf(others, sizeof others, "1,%s", port);
    (void)snprintf(used, sizeof used, "127.0.0.1:%s", port);
    (void)snprintf(anywhere, sizeof anywhere, "0.0.0.0:%s", port);
    const struct {
        const char *address, *taken, *fault;
    } rows[] = {
        { "127.0.0.1:0", "", NULL },
        { used, "", "Address already in use" },
        { anywhere, "1,2", "Address already in use" },
        { used, others, NULL },
        { anywhere, port, NULL },
        { "192.0.2.1:0", "", "Cannot assign requested address" },
        { "somewhere:80", "80", "not a literal address" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err err = { .detail = "" };
        int failed = http_address_try(str_from(rows[i].address), str_from(rows[i].taken), &err);
        CHECK(rows[i].fault ? failed && strstr(err.detail, rows[i].fault) : !failed, "%s: %s", rows[i].address, err.detail);
    }
    end(kit);
    http_sockets_free(&sockets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_outlive_their_servers),
        cmocka_unit_test(sockets_go_to_the_next_program),
        cmocka_unit_test(addresses_are_tried),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
