#include "test_auth_keys.h"

static struct principal *from_claims(const char *claims)
{
    struct principal *principal = NULL;
    struct err err = { 0 };

    CHECK(!auth_principal_from_claims(str_from(claims), NOW_MS, &principal, &err), "%s: %s", claims,
          err.detail);
    return principal;
}

static struct principal *with_scope(const char *scope)
{
    return from_claims(arena_printf(test_arena, "{\"scope\":\"%s\"}", scope).ptr);
}

/* S26 */
static void scopes_grant_what_the_decision_says(void **state)
{
    static const struct {
        const char *held, *asked;
        bool ok;
    } cases[] = {
        { "read:patients", "read:patients", true },
        { "read:metrics read:patients", "read:patients", true },
        { "  read:patients  ", "read:patients", true },
        { "manage:patients", "read:patients", true },
        { "manage:patients", "write:patients", true },
        { "manage:patients", "manage:patients", true },
        { "admin:patients", "read:patients", true },
        { "admin:patients", "write:patients", true },
        { "admin:patients", "manage:patients", true },
        { "admin:patients", "admin:patients", true },
        { "admin:*", "read:patients", true },
        { "admin:*", "admin:patients", true },
        { "", "read:patients", false },
        { "read:patients", "", false },
        { "admin:*", "", false },
        { "read:patients", "write:patients", false },
        { "write:patients", "read:patients", false },
        { "read:patients", "read:metrics", false },
        { "read:patients", "Read:patients", false },
        { "READ:PATIENTS", "read:patients", false },
        { "read:patient", "read:patients", false },
        { "read:patientss", "read:patients", false },
        { "read:patients\\tx", "read:patients", false },
        { "read:*", "read:patients", false },
        { "*:patients", "read:patients", false },
        { "*", "read:patients", false },
        { "*:*", "read:patients", false },
        { "write:*", "write:patients", false },
        { "manage:*", "read:patients", false },
        { "manage:patients", "admin:patients", false },
        { "manage:metrics", "read:patients", false },
        { "manage:patients", "delete:patients", false },
        { "admin", "read:patients", false },
        { "admin:", "read:patients", false },
        { "admin:", "read:", false },
        { "superadmin:patients", "read:patients", false },
        { "superadmin:*", "read:patients", false },
        { "admin:*x", "read:patients", false },
        { "admin:**", "read:patients", false },
        { "Admin:*", "read:patients", false },
        { "admin:metrics", "read:patients", false },
        { "admin:patients:x", "read:patients", false },
        { "read,patients read:patients,", "read:patients", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct principal *principal = with_scope(cases[i].held);
        CHECK(principal_allows(principal, str_from(cases[i].asked)) == cases[i].ok, "'%s' for '%s'",
              cases[i].held, cases[i].asked);
        principal_release(&principal);
        CHECK(!principal, "released");
    }
}

/* S25 */
static void scope_claims_have_many_forms(void **state)
{
    static const struct {
        const char *claims;
        size_t count;
    } cases[] = {
        { "{\"scope\":\"a b\"}", 2 },
        { "{\"scope\":[\"a\",\"b\"]}", 2 },
        { "{\"scp\":\"a b\"}", 2 },
        { "{\"scp\":[\"a\",\"b\"]}", 2 },
        { "{\"scopes\":\"a b\"}", 2 },
        { "{\"scopes\":[\"a\",\"b\"]}", 2 },
        { "{\"scopes\":[\"x\"],\"scp\":[\"y\"],\"scope\":\"a b c\"}", 3 },
        { "{\"scopes\":[\"x\",\"z\"],\"scp\":[\"y\"]}", 1 },
        { "{\"scope\":\"\",\"scp\":\"a\"}", 0 },
        { "{\"scope\":null,\"scp\":\"a\"}", 0 },
        { "{\"scope\":5,\"scp\":\"a\"}", 0 },
        { "{}", 0 },
        { "{\"scope\":\"\"}", 0 },
        { "{\"scope\":\"   \"}", 0 },
        { "{\"scope\":5}", 0 },
        { "{\"scope\":true}", 0 },
        { "{\"scope\":null}", 0 },
        { "{\"scope\":{\"a\":\"b\"}}", 0 },
        { "{\"scope\":[]}", 0 },
        { "{\"scope\":[[\"a\"]]}", 0 },
        { "{\"scope\":[\"a\",5]}", 0 },
        { "{\"scope\":[\"a\",\"\"]}", 0 },
        { "{\"scope\":[\"a\",null]}", 0 },
        { "{\"Scope\":\"a\"}", 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct principal *principal = from_claims(cases[i].claims);
        CHECK(principal->scope_count == cases[i].count, "%s: %zu", cases[i].claims, principal->scope_count);
        principal_release(&principal);
    }
    struct principal *principal =
        from_claims("{\"scope\":\"superadmin read:patientsx\",\"scp\":\"admin:*\"}");
    CHECK(!principal_is_admin(principal) && !principal_allows(principal, STR("read:patients")), "precedence");
    principal_release(&principal);
}

static void bindings_are_absent_or_hold(void **state)
{
    static const struct {
        const char *claims;
        bool bound;
        size_t count;
        bool may; /* touch patient p1 */
    } cases[] = {
        { "{}", false, 0, true },
        { "{\"patient_id\":\"p1\"}", true, 1, true },
        { "{\"patient_id\":[\"p0\",\"p1\"]}", true, 2, true },
        { "{\"patient_id\":\"p2\"}", true, 1, false },
        { "{\"patient_id\":\"P1\"}", true, 1, false },
        { "{\"patient_id\":\"p1 \"}", true, 1, false },
        { "{\"patient_id\":\"\"}", true, 0, false },
        { "{\"patient_id\":null}", true, 0, false },
        { "{\"patient_id\":[]}", true, 0, false },
        { "{\"patient_id\":1}", true, 0, false },
        { "{\"patient_id\":false}", true, 0, false },
        { "{\"patient_id\":{\"id\":\"p1\"}}", true, 0, false },
        { "{\"patient_id\":[\"p1\",1]}", true, 0, false },
        { "{\"patient_id\":[\"p1\",\"\"]}", true, 0, false },
        { "{\"patient_id\":[[\"p1\"]]}", true, 0, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct principal *principal = from_claims(cases[i].claims);
        CHECK(principal->patients_bound == cases[i].bound, "%s", cases[i].claims);
        CHECK(principal->patient_count == cases[i].count, "%s", cases[i].claims);
        CHECK(principal_may_patient(principal, STR("p1")) == cases[i].may, "%s", cases[i].claims);
        CHECK(!principal->groups_bound, "%s", cases[i].claims);
        principal_release(&principal);
    }
    static const struct {
        const char *claims;
        bool bound;
        size_t count;
    } groups[] = {
        { "{\"groups\":[\"g1\",\"g2\"]}", true, 2 },
        { "{\"groups\":\"g1\"}", true, 1 },
        { "{\"groups\":[]}", true, 0 },
        { "{\"groups\":null}", true, 0 },
        { "{\"groups\":[5]}", true, 0 },
        { "{\"group\":[\"g1\"]}", false, 0 },
    };
    for (size_t i = 0; i < COUNT(groups); i++) {
        struct principal *principal = from_claims(groups[i].claims);
        CHECK(principal->groups_bound == groups[i].bound && principal->group_count == groups[i].count, "%s",
              groups[i].claims);
        principal_release(&principal);
    }
}

static void brands_are_claimed_by_one_name(void **state)
{
    static const struct {
        const char *claims, *brand;
        bool admin; /* still */
    } cases[] = {
        { "\"brand_id\":\"acme\"", "acme", true },
        { "\"brand\":\"acme\"", "acme", true },
        { "\"brand\":\"globex\",\"brand_id\":\"acme\"", "acme", true },
        { "\"x\":1", "", true },
        /* present and useless: nothing is left, above all not the right to choose a brand */
        { "\"brand_id\":\"\"", "", false },
        { "\"brand_id\":null", "", false },
        { "\"brand_id\":7", "", false },
        { "\"brand_id\":[\"acme\"]", "", false },
        { "\"brand_id\":\"\",\"brand\":\"acme\"", "", false },
        { "\"brand\":{}", "", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct principal *principal =
            from_claims(arena_printf(test_arena, "{\"scope\":\"admin:*\",%s}", cases[i].claims).ptr);
        CHECK(str_is(principal->brand, cases[i].brand), "%s", cases[i].claims);
        CHECK(principal_is_admin(principal) == cases[i].admin, "%s", cases[i].claims);
        principal_release(&principal);
    }
}

static void records_expire_or_are_damaged(void **state)
{
    static const struct {
        const char *record;
        enum err_code code;
    } cases[] = {
        { "{}", ERR_NONE },
        { "{\"exp\":1700000001}", ERR_NONE },
        { "{\"exp\":1700000000}", ERR_INVALID_TOKEN },
        { "{\"exp\":0}", ERR_INVALID_TOKEN },
        { "{\"exp\":\"1700000001\"}", ERR_INTERNAL },
        { "{\"exp\":null}", ERR_INTERNAL },
        { "{\"exp\":-1}", ERR_INTERNAL },
        { "{\"exp\":9223372036854775807}", ERR_INTERNAL },
        { "[]", ERR_INTERNAL },
        { "", ERR_INTERNAL },
        { "{\"sub\":\"a\",\"sub\":\"b\"}", ERR_INTERNAL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct principal *principal = NULL;
        struct err err = { 0 };
        int rc = auth_principal_from_claims(str_from(cases[i].record), NOW_MS, &principal, &err);
        CHECK(rc == (cases[i].code ? -1 : 0) && err.code == cases[i].code, "%s: %s", cases[i].record,
              err.detail);
        principal_release(&principal);
    }
    struct principal *principal = from_claims("{\"sub\":\"u1\",\"jti\":\"t1\",\"exp\":1700000001}");
    struct principal *second = principal_keep(principal);
    CHECK(principal->expires_ms == 1700000001000 && str_is(principal->token_id, "t1"), "as recorded");
    principal_release(&principal);
    CHECK(str_is(second->subject, "u1"), "kept");
    principal_release(&second);
}

static void opaque_tokens_are_known_by_their_hash(void **state)
{
    (void)state;
    CHECK(str_is(auth_opaque_key(test_arena, STR("abc")),
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
          "FIPS 180-4's example");
    CHECK(auth_opaque_key(test_arena, STR_NONE).len == 64, "nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes_grant_what_the_decision_says),
        cmocka_unit_test(scope_claims_have_many_forms),
        cmocka_unit_test(bindings_are_absent_or_hold),
        cmocka_unit_test(brands_are_claimed_by_one_name),
        cmocka_unit_test(records_expire_or_are_damaged),
        cmocka_unit_test(opaque_tokens_are_known_by_their_hash),
    };
    return cmocka_run_group_tests(tests, setup_dir, drop_dir);
}
