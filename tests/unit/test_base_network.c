/* Addresses and networks as text. */
#include "check.h"

#include "base/network.h"

static void addresses(void **state)
{
    static const struct {
        const char *text, *written; /* written NULL: it is none */
    } cases[] = {
        { "192.0.2.1", "192.0.2.1" },
        { "::ffff:192.0.2.1", "192.0.2.1" },
        { "2001:DB8:0:0::1", "2001:db8::1" },
        { "::1", "::1" },
        { "", NULL },
        { "192.0.2", NULL },
        { "192.0.2.1:80", NULL },
        { "[::1]", NULL },
        { "fe80::1%eth0", NULL },
        { "unknown", NULL },
        { "192.0.2.1 ", NULL },
        { "0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[ADDRESS_TEXT];
        struct address address;
        bool is = address_parse(str_from(cases[i].text), &address);
        CHECK(is == (cases[i].written != NULL), "%s", cases[i].text);
        CHECK(!is || str_is(address_text(&address, text), cases[i].written), "%s: %s", cases[i].text, text);
    }
    struct address address;
    assert_false(address_parse(str_of("192.0.2.1\0evil", 14), &address));
}

static void networks(void **state)
{
    static const struct {
        const char *network, *inside, *outside; /* inside NULL: it is no network; outside NULL: nothing is */
    } cases[] = {
        { "10.0.0.0/8", "10.255.0.1", "11.0.0.1" },
        { "10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3" },
        { "10.128.0.0/9", "10.200.0.1", "10.127.255.255" },
        { "192.0.2.1", "192.0.2.1", "192.0.2.0" },
        { "192.0.2.1/32", "192.0.2.1", "192.0.2.3" },
        { "0.0.0.0/0", "203.0.113.9", "2001:db8::1" },
        { "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1" },
        { "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1" },
        { "::/0", "192.0.2.1", NULL },
        { "::ffff:192.0.2.0/120", "192.0.2.7", "192.0.3.7" },
        { "10.0.0.1/8", NULL, NULL },
        { "10.0.0.0/33", NULL, NULL },
        { "2001:db8::/129", NULL, NULL },
        { "10.0.0.0/", NULL, NULL },
        { "10.0.0.0/-1", NULL, NULL },
        { "/8", NULL, NULL },
        { "10/8", NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct network network;
        struct address address;
        bool is = network_parse(str_from(cases[i].network), &network);
        CHECK(is == (cases[i].inside != NULL), "%s", cases[i].network);
        if (!is)
            continue;
        assert_true(address_parse(str_from(cases[i].inside), &address));
        CHECK(network_has(&network, &address), "%s has %s", cases[i].network, cases[i].inside);
        if (!cases[i].outside)
            continue;
        assert_true(address_parse(str_from(cases[i].outside), &address));
        CHECK(!network_has(&network, &address), "%s has not %s", cases[i].network, cases[i].outside);
    }
}

static void addresses_of_bytes(void **state)
{
    static const struct network all[] = { { .at = { .bytes = { [10] = 0xFF, [11] = 0xFF, [12] = 10 } }, .bits = 104 },
                                          { .at = { .bytes = { 0x20, 0x01 } }, .bits = 16 } };
    const struct address v4 = address_of("\x0A\1\2\3", 4), v6 = address_of("\x20\1\0\0\0\0\0\0\0\0\0\0\0\0\0\x07", 16);
    char text[ADDRESS_TEXT];

    (void)state;
    assert_true(address_is_ipv4(&v4) && str_is(address_text(&v4, text), "10.1.2.3"));
    assert_true(!address_is_ipv4(&v6) && str_is(address_text(&v6, text), "2001::7"));
    assert_true(networks_have(all, 2, &v4) && networks_have(all, 2, &v6));
    assert_true(networks_have(all, 1, &v4) && !networks_have(all, 1, &v6) && !networks_have(all, 0, &v4));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(networks),
        cmocka_unit_test(addresses_of_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
