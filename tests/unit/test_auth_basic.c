/* A client's own credential in a header (RFC 7617, RFC 6749 section 2.3.1). */
#include "test_auth_keys.h"

#include "auth/grant.h"

static void headers_are_read_strictly(void **state)
{
    static const struct {
        const char *header, *client_id, *secret; /* client_id NULL: refused */
    } cases[] = {
        { "Basic Z2F0ZXdheTpzZWNyZXQ=", "gateway", "secret" },
        { "basic Z2F0ZXdheTpzZWNyZXQ=", "gateway", "secret" },
        { "BASIC  Z2F0ZXdheTpzZWNyZXQ=", "gateway", "secret" },
        { "Basic YTpi", "a", "b" },
        { "Basic YTpiOmM=", "a", "b:c" },
        { "Basic YSUzQWI6YyUyNWQrZQ==", "a:b", "c%d e" }, /* a%3Ab:c%25d+e */
        { "Basic YTolZTI4MmFj", NULL, NULL },             /* a:%e282ac is no UTF-8 */
        { "Basic YTolRTIlODIlQUM=", "a", "\xe2\x82\xac" },
        { "Basic", NULL, NULL },
        { "Basic ", NULL, NULL },
        { "Basic Z2F0ZXdheTpzZWNyZXQ", NULL, NULL },   /* no padding */
        { "Basic Z2F0ZXdheTpzZWNyZXQ==", NULL, NULL }, /* too much */
        { "Basic ====", NULL, NULL },
        { "Basic Z2F0ZXd heTpzZWNyZXQ=", NULL, NULL },
        { "Basic Z2F0ZXdheTpzZW-yZXQ=", NULL, NULL }, /* another alphabet */
        { "Basic Z2F0Z=dheTpzZWNyZXQ=", NULL, NULL },
        { "Basic YWJj", NULL, NULL },     /* no colon */
        { "Basic OmI=", NULL, NULL },     /* no id */
        { "Basic YTo=", NULL, NULL },     /* no secret */
        { "Basic YSU6Yg==", NULL, NULL }, /* a%:b */
        { "Basic YTpiJTJn", NULL, NULL }, /* a:b%2g */
        { "Basic YTpiJTI=", NULL, NULL }, /* a:b%2 */
        { "Bearer Z2F0ZXdheTpzZWNyZXQ=", NULL, NULL },
        { "BasicZ2F0ZXdheTpzZWNyZXQ=", NULL, NULL },
        { "", NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str client_id, secret;
        bool found = grant_read_basic(test_arena, str_from(cases[i].header), &client_id, &secret);
        CHECK(found == !!cases[i].client_id, "%s", cases[i].header);
        CHECK(!found || (str_is(client_id, cases[i].client_id) && str_is(secret, cases[i].secret)),
              "%s: " STR_FMT, cases[i].header, STR_ARG(client_id));
    }
    struct str client_id, secret;
    struct str large = arena_printf(test_arena, "Basic %016000d", 0);
    CHECK(!grant_read_basic(test_arena, large, &client_id, &secret), "too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(headers_are_read_strictly) };

    return cmocka_run_group_tests(tests, setup_dir, drop_dir);
}
