/* URLs of origins, read by call_origin_parse. */
#include "check.h"
#include "net/call.h"

static void urls_in_their_parts(void **state)
{
    static const struct {
        struct str url, scheme, host, base;
        unsigned port; /* 0: refused */
    } cases[] = {
        { STR_INIT("http://a"), STR_INIT("http"), STR_INIT("a"), STR_INIT(""), 80 },
        { STR_INIT("https://a.example"), STR_INIT("https"), STR_INIT("a.example"), STR_INIT(""), 443 },
        { STR_INIT("HTTP://a/"), STR_INIT("http"), STR_INIT("a"), STR_INIT(""), 80 },
        { STR_INIT("http://a:8081/v1"), STR_INIT("http"), STR_INIT("a"), STR_INIT("/v1"), 8081 },
        { STR_INIT("http://a:/v1//"), STR_INIT("http"), STR_INIT("a"), STR_INIT("/v1"), 80 },
        { STR_INIT("http://[::1]/b:c"), STR_INIT("http"), STR_INIT("::1"), STR_INIT("/b:c"), 80 },
        { STR_INIT("https://[::1]:65535"), STR_INIT("https"), STR_INIT("::1"), STR_INIT(""), 65535 },
        { .url = STR_INIT("") },
        { .url = STR_INIT("http") },
        { .url = STR_INIT("http:/a") },
        { .url = STR_INIT("http://") },
        { .url = STR_INIT("http:///v1") },
        { .url = STR_INIT("http://:80") },
        { .url = STR_INIT("ftp://a") },
        { .url = STR_INIT("file:///etc/passwd") },
        { .url = STR_INIT(" http://a") },
        { .url = STR_INIT("http://a:0") },
        { .url = STR_INIT("http://a:65536") },
        { .url = STR_INIT("http://a:8o") },
        { .url = STR_INIT("http://a:-1") },
        { .url = STR_INIT("http://a:1:2") },
        { .url = STR_INIT("http://::1") },
        { .url = STR_INIT("http://[::1") },
        { .url = STR_INIT("http://[]") },
        { .url = STR_INIT("http://[a]") },
        { .url = STR_INIT("http://[::1]80") },
        { .url = STR_INIT("http://user@a") },
        { .url = STR_INIT("http://user:password@a") },
        { .url = STR_INIT("http://a?b") },
        { .url = STR_INIT("http://a/#b") },
        { .url = STR_INIT("http://a/b c") },
        { .url = STR_INIT("http://a\\@b") },
        { .url = STR_INIT("http://a\r\nx: y") },
        { .url = STR_INIT("http://\xc3\xa4") },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct call_origin origin;
        struct err err = { 0 };
        bool ok = call_origin_parse(&origin, cases[i].url, &err) == 0;

        CHECK(ok == (cases[i].port > 0), "case %zu: %s", i, ok ? "accepted" : err.detail);
        if (!ok) {
            CHECK(err.code == ERR_CONFIG, "case %zu: %s", i, err_name(err.code));
            continue;
        }
        CHECK(str_eq(origin.scheme, cases[i].scheme), "case %zu: " STR_FMT, i, STR_ARG(origin.scheme));
        CHECK(str_eq(origin.host, cases[i].host), "case %zu: " STR_FMT, i, STR_ARG(origin.host));
        CHECK(str_eq(origin.base, cases[i].base), "case %zu: " STR_FMT, i, STR_ARG(origin.base));
        CHECK(origin.port == cases[i].port, "case %zu: %u", i, origin.port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_in_their_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
