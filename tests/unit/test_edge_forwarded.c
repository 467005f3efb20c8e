/* Who the client is behind proxies, and who only says so. */
#include "check.h"

#include "edge/forwarded.h"

enum { MOST_HEADERS = 3 };

static const struct {
    const char *peer, *forwarded[MOST_HEADERS];
    const char *client;
} cases[] = {
    { "198.51.100.7", { NULL }, "198.51.100.7" },
    /* who is not trusted says nothing */
    { "198.51.100.7", { "203.0.113.9" }, "198.51.100.7" },
    { "::1", { "203.0.113.9" }, "::1" },
    /* one proxy, two, and a header for each */
    { "10.0.0.1", { "203.0.113.9" }, "203.0.113.9" },
    { "10.0.0.1", { "203.0.113.9, 10.9.9.9" }, "203.0.113.9" },
    { "10.0.0.1", { "203.0.113.9", "10.9.9.9" }, "203.0.113.9" },
    { "2001:db8::5", { "2001:DB8:1::2" }, "2001:db8:1::2" },
    /* what stands before the last address that is not trusted, its sender wrote */
    { "10.0.0.1", { "192.0.2.66, 203.0.113.9" }, "203.0.113.9" },
    { "10.0.0.1", { "10.0.0.2, 203.0.113.9, 10.9.9.9" }, "203.0.113.9" },
    { "10.0.0.1", { "192.0.2.66", "203.0.113.9" }, "203.0.113.9" },
    /* nobody but proxies: the first of them */
    { "10.0.0.1", { NULL }, "10.0.0.1" },
    { "10.0.0.1", { "10.0.0.3,10.0.0.2" }, "10.0.0.3" },
    /* ports */
    { "10.0.0.1", { "203.0.113.9:4711" }, "203.0.113.9" },
    { "10.0.0.1", { "[2001:db8:1::2]:4711" }, "2001:db8:1::2" },
    { "10.0.0.1", { "[2001:db8:1::2]" }, "2001:db8:1::2" },
    /* nonsense: the one that passed it on */
    { "10.0.0.1", { "unknown" }, "10.0.0.1" },
    { "10.0.0.1", { "" }, "10.0.0.1" },
    { "10.0.0.1", { "," }, "10.0.0.1" },
    { "10.0.0.1", { "203.0.113.9," }, "10.0.0.1" },
    { "10.0.0.1", { "203.0.113.9, unknown, 10.9.9.9" }, "10.9.9.9" },
    { "10.0.0.1", { "999.1.1.1" }, "10.0.0.1" },
    { "10.0.0.1", { "[203.0.113.9" }, "10.0.0.1" },
    { "", { "203.0.113.9" }, "" },
};

static void the_client_is_who_a_trusted_proxy_says(void **state)
{
    static const char *const trusted[] = { "10.0.0.0/8", "2001:db8::5" };
    struct arena *arena = arena_new(SIZE_MAX);
    struct network networks[COUNT(trusted)];
    struct conf conf = { .trusted_proxies = networks, .trusted_proxy_count = COUNT(trusted) };

    (void)state;
    for (size_t i = 0; i < COUNT(trusted); i++)
        assert_true(network_parse(str_from(trusted[i]), &networks[i]));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_header headers[MOST_HEADERS];
        struct http_head head = { .peer = str_from(cases[i].peer), .headers = headers };
        for (; head.header_count < MOST_HEADERS && cases[i].forwarded[head.header_count]; head.header_count++)
            headers[head.header_count] = (struct http_header){ .name = STR("x-forwarded-for"),
                                                               .value = str_from(cases[i].forwarded[head.header_count]) };
        struct str client = forwarded_client(&conf, &head, arena);
        CHECK(str_is(client, cases[i].client), "case %zu, %s: " STR_FMT ", not %s", i, cases[i].forwarded[0], STR_ARG(client),
              cases[i].client);
        head.peer_is_proxy = true;
        CHECK(str_is(forwarded_client(&conf, &head, arena), cases[i].peer), "case %zu: the header is nobody's", i);
        struct conf none = { .trusted_proxy_count = 0 };
        CHECK(str_is(forwarded_client(&none, &head, arena), cases[i].peer), "case %zu: without proxies", i);
    }
    arena_free(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_is_who_a_trusted_proxy_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
