/* What stands in another entity that the path names: `via:` of dialect.yaml. */
#include "test_flow_kit.h"

#define T_PROGRAM "ccccccccccccccccccccccc2"
#define GROUP     "{'id':'g-1','brand_id':'acme','name':'Walkers'}"

static struct kit *kit;

static int setup(void **state)
{
    static const struct crosswalk_row row = ROW("twine", "reward_program", "acme", T_PROGRAM, "rp-1");
    struct err err;

    (void)state;
    kit = kit_new(NULL);
    return store_crosswalk_import(kit->store, &row, 1, &err);
}

static int teardown(void **state)
{
    (void)state;
    kit_free(kit);
    return 0;
}

static struct heard group_of(const char *target, const char *scope, const struct reply *replies, size_t count)
{
    static struct token_claims who;

    who = (struct token_claims){ .subject = STR("tester"), .scope = str_from(scope) };
    kit_script(kit, replies, count);
    return kit_ask(kit, (struct said){ .as = "twine", .method = target, .who = &who });
}

static void the_argument_is_a_member_of_the_entity_between(void **state)
{
    static const struct reply replies[] = {
        { .call = "reward_program.read", .json = "{'id':'rp-1','brand_id':'acme','group_id':'g-1'}" },
        { .call = "group.read", .json = GROUP },
    };

    (void)state;
    struct heard heard = group_of("GET /pub/reward_program/" T_PROGRAM "/group",
                                  "read:rewards read:organization", replies, COUNT(replies));
    CHECK(heard.status == 200, "%d " STR_FMT, heard.status, STR_ARG(heard.body));
    struct str log = buf_str(&kit->log);
    CHECK(str_starts(log, STR("GET /v1/reward_programs/rp-1\nGET /v1/groups/g-1\n")), STR_FMT, STR_ARG(log));
}

static void what_is_not_there_or_not_visible_is_not_found(void **state)
{
    static const char own[] = "GET /pub/reward_program/" T_PROGRAM "/group";
    static const char all[] = "read:rewards read:organization";
    static const struct {
        const char *target, *scope;
        struct reply reply;
        int status;
        unsigned calls;
    } cases[] = {
        { own, all, { .call = "reward_program.read", .code = ERR_NOT_FOUND }, 404, 1 },
        { own, all, { .call = "reward_program.read", .json = "{'id':'rp-1','brand_id':'globex','group_id':'g-1'}" }, 404, 1 },
        { own, all, { .call = "reward_program.read", .json = "{'id':'rp-1','brand_id':'acme'}" }, 404, 1 },
        { own, all, { .call = "reward_program.read", .json = "{'id':'rp-1','brand_id':'acme','group_id':null}" }, 404, 1 },
        { own, all, { .call = "reward_program.read", .json = "{'id':'rp-1','brand_id':'acme','group_id':''}" }, 404, 1 },
        { own, all, { .call = "reward_program.read", .code = ERR_UPSTREAM }, 502, 1 },
        { own, "read:rewards", { .code = ERR_UPSTREAM }, 403, 0 },
        { "GET /pub/reward_program/ccccccccccccccccccccccc9/group", all, { .code = ERR_UPSTREAM }, 404, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct heard heard = group_of(cases[i].target, cases[i].scope, &cases[i].reply, 1);
        CHECK(heard.status == cases[i].status, "case %zu: %d " STR_FMT, i, heard.status, STR_ARG(heard.body));
        CHECK(heard.upstream_calls == cases[i].calls, "case %zu: %u calls", i, (unsigned)heard.upstream_calls);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_argument_is_a_member_of_the_entity_between, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there_or_not_visible_is_not_found, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
