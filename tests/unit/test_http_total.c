/* The limits that hold for the whole process, whatever the number of its servers. */
#include "test_http_kit.h"

#define HOST_LINE "Host: a\r\n"

enum { SERVERS = 3 };

static struct http_total total;

struct kits {
    struct kit *kit[SERVERS];
};

static struct kits start_sharing(struct http_limits *limits)
{
    struct kits kits;

    limits->total = &total;
    for (size_t i = 0; i < SERVERS; i++)
        kits.kit[i] = kit_start(limits);
    return kits;
}

static struct kits start(struct http_limits *limits)
{
    memset(&total, 0, sizeof total);
    return start_sharing(limits);
}

/* What is open is given back. */
static void stop(struct kits *kits)
{
    for (size_t i = 0; i < SERVERS; i++)
        kit_stop(kits->kit[i]);
    CHECK(!total.connections && !total.in_flight && !total.held_bytes && !total.arriving_bytes && !total.servers,
          "%u %u %zu %zu %u", total.connections, total.in_flight, total.held_bytes, total.arriving_bytes, total.servers);
}

static uint64_t beyond_the_total(const struct http_counts *counts)
{
    return counts->refused;
}

static uint64_t beyond_an_address(const struct http_counts *counts)
{
    return counts->address_refusals;
}

/* Of twelve connections to all servers in turn; and when they are closed, there is room again. */
static void five_stay_open(const struct kits *kits, uint64_t (*refused_of)(const struct http_counts *counts))
{
    int fds[12];
    unsigned open = 0, refused = 0;

    for (size_t i = 0; i < COUNT(fds); i++)
        fds[i] = dial(kits->kit[i % SERVERS]->port);
    for (int waited = 0; waited < 2000 && open + refused < COUNT(fds); waited++, usleep(1000)) {
        open = refused = 0;
        for (size_t i = 0; i < SERVERS; i++) {
            struct http_counts counts = kit_counts(kits->kit[i]);
            open += counts.connections;
            refused += (unsigned)refused_of(&counts);
        }
    }
    CHECK(open == 5 && refused == 7, "%u open, %u refused", open, refused);
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
    for (int waited = 0; waited < 2000 && total.connections; waited++)
        usleep(1000);
    int again = dial(kits->kit[1]->port);
    char text[1000];
    put_text(again, "GET /hello HTTP/1.1\r\n" HOST_LINE "\r\n");
    assert_int_equal(read_answer(again, text, sizeof text, false), 200);
    close(again);
}

static void connections_are_counted_in_all(void **state)
{
    struct http_limits limits = kit_limits();

    (void)state;
    limits.connections = 5;
    struct kits kits = start(&limits);
    five_stay_open(&kits, beyond_the_total);
    stop(&kits);
}

/* All from this machine: of one address, whichever server has them. */
static void addresses_are_counted_in_all(void **state)
{
    struct http_limits limits = kit_limits();
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);

    (void)state;
    limits.per_address = 5;
    memset(&total, 0, sizeof total);
    http_total_count_addresses(&total, arena);
    struct kits kits = start_sharing(&limits);
    five_stay_open(&kits, beyond_an_address);
    stop(&kits);
    for (size_t i = 0; i < HTTP_ADDRESSES; i++)
        CHECK(!total.by_address[i], "counter %zu: %u", i, total.by_address[i]);
}

static void requests_are_counted_in_all(void **state)
{
    struct http_limits limits = kit_limits();
    int fds[SERVERS];
    char text[1000];

    (void)state;
    limits.in_flight = 2;
    struct kits kits = start(&limits);
    for (size_t i = 0; i < SERVERS; i++)
        fds[i] = dial(kits.kit[i]->port);
    for (size_t i = 0; i < 2; i++) {
        put_text(fds[i], "GET /never HTTP/1.1\r\n" HOST_LINE "\r\n");
        assert_true(wait_for(&kits.kit[i]->calls, 1));
    }
    put_text(fds[2], "GET /hello HTTP/1.1\r\n" HOST_LINE "\r\n");
    assert_int_equal(read_answer(fds[2], text, sizeof text, false), 503);
    for (size_t i = 0; i < SERVERS; i++)
        close(fds[i]);
    stop(&kits);
}

static void put_body(int fd, const char *path, size_t length, size_t sent)
{
    static const char body[100000];
    char head[200];

    (void)snprintf(head, sizeof head, "POST %s HTTP/1.1\r\n" HOST_LINE "Content-Length: %zu\r\n\r\n", path, length);
    put_text(fd, head);
    while (sent) {
        ssize_t n = send(fd, body, sent < sizeof body ? sent : sizeof body, MSG_NOSIGNAL);
        assert_true(n > 0);
        sent -= (size_t)n;
    }
}

/* Of bodies that are being answered, and of those under way. */
static void bodies_are_counted_in_all(void **state)
{
    struct http_limits limits = kit_limits();
    int fds[SERVERS];
    char text[1000];

    (void)state;
    limits.buffered_bytes = 150000;
    struct kits kits = start(&limits);
    for (size_t i = 0; i < SERVERS; i++)
        fds[i] = dial(kits.kit[i]->port);
    put_body(fds[0], "/never", 80000, 80000);
    assert_true(wait_for(&kits.kit[0]->calls, 1));
    put_body(fds[1], "/hello", 60000, 50000);
    for (int waited = 0; waited < 5000 && total.arriving_bytes < 50000; waited++)
        usleep(1000);
    CHECK(total.held_bytes == 80000 && total.arriving_bytes >= 50000, "%zu and %zu", total.held_bytes, total.arriving_bytes);
    put_body(fds[2], "/hello", 80000, 80000);
    assert_int_equal(read_answer(fds[2], text, sizeof text, false), 503);
    for (size_t i = 0; i < SERVERS; i++)
        close(fds[i]);
    stop(&kits);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_counted_in_all),
        cmocka_unit_test(addresses_are_counted_in_all),
        cmocka_unit_test(requests_are_counted_in_all),
        cmocka_unit_test(bodies_are_counted_in_all),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
