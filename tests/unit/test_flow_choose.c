/* An upsert: which operation the exchange becomes, who may, and two at once. */
#include "test_flow_each.h"

#define QUERY(groups) "{'identifier':{'system':'EHR|x','value':'1'},'groups':[" groups "]}"
#define PUT_BODY(query, data) "{'meta':{'query':" query "},'data':" data "}"
#define JOHN "{'type':'patient','attributes':{'first_name':'John','last_name':'Doe'}}"
#define GROUPS "'" T_GROUP_1 "'"
#define LOOK "GET /v1/patients?brand_id=acme&external_id=EHR%5C%7Cx%7C1&group_id=g-1&limit=2&offset=0\n"
#define NONE { .call = "patient.list", .json = "{'patients':[],'total':0}" }
#define FOUND(list) { .call = "patient.list", .json = "{'patients':[" list "],'total':9}" }
#define CREATED { .call = "patient.create", .status = 201, .json = PATIENT("p-1") }
#define JOINED { .call = "patient.set_groups", .json = "{'groups':[]}" }, { .call = "patient.read", .json = PATIENT("p-1") }
#define REFUSED { .call = "patient.create", .code = ERR_CONFLICT }

static struct heard upsert(const char *body, const struct token_claims *who)
{
    return kit_ask(kit, (struct said){ .as = "twine", .method = "PUT /pub/patient", .body = body, .who = who });
}

/* The new one has what it was looked for by, so that the same request finds it. */
static void none_is_made(void **state)
{
    (void)state;
    SCRIPT(kit, NONE, CREATED, JOINED);
    struct heard heard = upsert(PUT_BODY(QUERY(GROUPS), JOHN), NULL);
    CHECK(heard.status == 200 && has(heard.body, "'ignored':[]") && has(heard.body, "'id':'" T_PATIENT_1 "'"), "%d %.*s",
          heard.status, STR_ARG(heard.body));
    CHECK_LOG(kit, LOOK "POST /v1/patients {'external_ids':{'EHR|x':'1'},'first_name':'John','last_name':'Doe',"
                        "'brand_id':'acme'}\n"
                        "PUT /v1/patients/p-1/groups {'group_ids':['g-1']}\nGET /v1/patients/p-1?include=groups%2Ccare_team\n");
    /* what the body says itself wins */
    SCRIPT(kit, NONE, CREATED, { .call = "patient.set_groups", .json = "{'groups':[]}" },
           { .call = "patient.read", .json = PATIENT("p-1") });
    heard = upsert(PUT_BODY(QUERY(GROUPS),
                            "{'type':'patient','id':'','attributes':{'first_name':'John','last_name':'Doe','identifiers':"
                            "[{'system':'EHR|x','value':'2'}]},'relationships':{'groups':{'data':[{'type':'group','id':'"
                            T_GROUP_2 "'}]}}}"),
                   NULL);
    CHECK(heard.status == 200 && has(buf_str(&kit->log), "'EHR|x':'2'") && !has(buf_str(&kit->log), "'EHR|x':'1'") &&
              has(buf_str(&kit->log), "{'group_ids':['g-2']}"),
          "%d %.*s", heard.status, STR_ARG(buf_str(&kit->log)));
}

static void one_is_updated(void **state)
{
    (void)state;
    SCRIPT(kit, FOUND(PATIENT("p-1")), { .call = "patient.update", .json = PATIENT("p-1") });
    struct heard heard = upsert(PUT_BODY(QUERY(GROUPS), "{'type':'patient','attributes':{'first_name':'Jim'}}"), NULL);
    CHECK(heard.status == 200 && has(heard.body, "'id':'" T_PATIENT_1 "'"), "%d %s %.*s", heard.status, heard.detail,
          STR_ARG(heard.body));
    CHECK_LOG(kit, LOOK "PATCH /v1/patients/p-1?include=groups%2Ccare_team {'first_name':'Jim'}\n");
    /* an id that is said is the one that is found, or nothing happens */
    SCRIPT(kit, FOUND(PATIENT("p-1")));
    heard = upsert(PUT_BODY(QUERY(GROUPS), "{'type':'patient','id':'" T_PATIENT_2 "','attributes':{'first_name':'Jim'}}"),
                   NULL);
    CHECK(heard.status == 409 && kit->started == 1 && has(heard.body, "'pointer':'/data/id'"), "%d %.*s", heard.status,
          STR_ARG(heard.body));
}

static void anything_else_changes_nothing(void **state)
{
    static const struct reply two[] = { FOUND(PATIENT("p-1") "," PATIENT("p-2")) },
                              foreign[] = { FOUND(PATIENT_OF("p-1", "globex", "x")) },
                              empty[] = { { .call = "patient.list" } }, odd[] = { FOUND("7") },
                              missing[] = { { .json = "{'total':0}" } }, ill[] = { { .code = ERR_UNAVAILABLE } };
    static const struct {
        const char *body;
        const struct reply *replies;
        size_t count;
        int status;
        const char *part;
    } cases[] = {
        { PUT_BODY(QUERY(GROUPS), JOHN), two, 1, 409, "'pointer':'/meta/query'" },
        { PUT_BODY(QUERY(GROUPS), JOHN), foreign, 1, 502, "'status':'502'" },
        { PUT_BODY(QUERY(GROUPS), JOHN), empty, 1, 502, "'status':'502'" },
        { PUT_BODY(QUERY(GROUPS), JOHN), odd, 1, 502, "'status':'502'" },
        { PUT_BODY(QUERY(GROUPS), JOHN), missing, 1, 502, "'status':'502'" },
        { PUT_BODY(QUERY(GROUPS), JOHN), ill, 1, 503, "'status':'503'" },
        { PUT_BODY(QUERY(GROUPS), "[" JOHN "]"), NULL, 0, 409, "'pointer':'/data'" },
        { PUT_BODY(QUERY(GROUPS), "null"), NULL, 0, 409, "'pointer':'/data'" },
        { "{'meta':{'query':" QUERY(GROUPS) "}}", NULL, 0, 409, "'pointer':'/data'" },
        { "{'data':" JOHN "}", NULL, 0, 409, "'pointer':'/meta/query'" },
        { "{'meta':[],'data':" JOHN "}", NULL, 0, 409, "'pointer':'/meta/query'" },
        { PUT_BODY("null", JOHN), NULL, 0, 409, "'pointer':'/meta/query'" },
        { PUT_BODY("7", JOHN), NULL, 0, 409, "'pointer':'/meta/query'" },
        { PUT_BODY(QUERY(""), JOHN), NULL, 0, 409, "'pointer':'/meta/query/groups'" },
        { PUT_BODY(QUERY("'" T_GROUP_9 "'"), JOHN), NULL, 0, 409, "'pointer':'/meta/query'" },
        { PUT_BODY("{'groups':[" GROUPS "]}", JOHN), NULL, 0, 409,
          "is required','status':'409','source':{'pointer':'/meta/query/identifier/system'}" },
        { PUT_BODY("{'identifier':{'system':'a'},'groups':[" GROUPS "]}", JOHN), NULL, 0, 409,
          "is required','status':'409','source':{'pointer':'/meta/query/identifier/value'}" },
        { PUT_BODY("{'identifier':{'system':'a','value':7},'groups':[" GROUPS "]}", JOHN), NULL, 0, 409,
          "must be of type string','status':'409','source':{'pointer':'/meta/query/identifier/value'}" },
        { PUT_BODY("{'identifier':{'system':'a','value':'b'}}", JOHN), NULL, 0, 409,
          "is required','status':'409','source':{'pointer':'/meta/query/groups'}" },
        { "[]", NULL, 0, 409, "'pointer':'/data'" },
        { "{", NULL, 0, 400, "'status':'400'" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, cases[i].replies, cases[i].count);
        struct heard heard = upsert(cases[i].body, NULL);
        CHECK(heard.status == cases[i].status && has(heard.body, cases[i].part) && kit->started == cases[i].count,
              "case %zu: %d %.*s, %zu calls", i, heard.status, STR_ARG(heard.body), kit->started);
    }
    /* a new one needs what a create needs */
    SCRIPT(kit, NONE);
    struct heard heard = upsert(PUT_BODY(QUERY(GROUPS), "{'type':'patient','attributes':{'first_name':'Jim'}}"), NULL);
    CHECK(heard.status == 409 && has(heard.body, "'pointer':'/data/attributes/last_name'"), "%d %.*s", heard.status,
          STR_ARG(heard.body));
}

/* As long as a look-up document can be: what it names is put together without an arena's worth of copies, and what does
 * not fit is told and not left out. */
static void a_look_up_as_long_as_can_be(void **state)
{
    static const struct {
        size_t count;
        int status;
        size_t calls;
    } cases[] = { { 30000, 414, 1 }, { 60000, 409, 0 } };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf groups = buf_in(kit->arena, SIZE_MAX), body = buf_in(kit->arena, SIZE_MAX);
        for (size_t k = 0; k < cases[i].count; k++)
            buf_join(&groups, ',', STR("'" T_GROUP_1 "'"));
        buf_printf(&body, PUT_BODY("{'identifier':{'system':'a','value':'b'},'groups':[" STR_FMT "]}", JOHN),
                   STR_ARG(buf_str(&groups)));
        kit_script(kit, NULL, 0);
        struct heard heard = upsert(arena_cstr(kit->arena, buf_str(&body)), NULL);
        CHECK(heard.status == cases[i].status && kit->started == cases[i].calls, "case %zu: %d %s", i, heard.status,
              heard.detail);
    }
}

/* The other one has made it between look-up and create; its memberships follow a moment later. */
static void the_slower_of_two_updates(void **state)
{
    (void)state;
    SCRIPT(kit, NONE, REFUSED, NONE, REFUSED, FOUND(PATIENT("p-1")), { .call = "patient.update", .json = PATIENT("p-1") });
    struct heard heard = upsert(PUT_BODY(QUERY(GROUPS), JOHN), NULL);
    CHECK(heard.status == 200 && kit->started == 6, "%d %s, %zu calls", heard.status, heard.detail, kit->started);
    CHECK(has(buf_str(&kit->log), "PATCH /v1/patients/p-1?include=groups%2Ccare_team {'first_name':'John','last_name':'Doe'}\n"),
          "%.*s", STR_ARG(buf_str(&kit->log)));
}

/* A patient that is the same by another identifier, or in other groups, is a duplicate, and not for ever looked for. */
static void a_duplicate_that_is_not_found_is_told(void **state)
{
    static const struct reply round[] = { NONE, REFUSED };
    struct reply replies[12];

    (void)state;
    for (size_t i = 0; i < COUNT(replies); i++)
        replies[i] = round[i % 2];
    kit_script(kit, replies, COUNT(replies));
    struct heard heard = upsert(PUT_BODY(QUERY(GROUPS), JOHN), NULL);
    CHECK(heard.status == 409 && kit->started == COUNT(replies), "%d, %zu calls", heard.status, kit->started);
}

static const struct reply own[] = { FOUND(PATIENT("p-1")), { .call = "patient.update", .json = PATIENT("p-1") } };

/* A principal bound to a patient hears the same of every other one, of none and of several. */
static void bound_to_a_patient(void **state)
{
    static const struct reply other[] = { FOUND(PATIENT("p-2")) }, none[] = { NONE },
                              several[] = { FOUND(PATIENT("p-1") "," PATIENT("p-2")) };
    static const struct {
        const struct reply *replies;
        size_t count;
        int status;
    } cases[] = { { own, 2, 200 }, { other, 1, 403 }, { none, 1, 403 }, { several, 1, 403 } };
    static const struct str patients[] = { STR_INIT("p-1") };
    const struct token_claims who = { .patients = patients, .patient_count = 1, .patients_bound = true };
    struct str told = STR_NONE;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, cases[i].replies, cases[i].count);
        struct heard heard = upsert(PUT_BODY(QUERY(GROUPS), JOHN), &who);
        CHECK(heard.status == cases[i].status && kit->started == cases[i].count, "case %zu: %d %s, %zu calls", i,
              heard.status, heard.detail, kit->started);
        CHECK(i < 2 || str_eq(told, heard.body), "case %zu: %.*s", i, STR_ARG(heard.body));
        told = heard.body;
    }
}

static void bound_to_groups(void **state)
{
    static const struct str groups[] = { STR_INIT("g-1") };
    const struct token_claims who = { .groups = groups, .group_count = 1, .groups_bound = true };

    (void)state;
    kit_script(kit, NULL, 0);
    struct heard heard = upsert(PUT_BODY(QUERY("'" T_GROUP_2 "'"), JOHN), &who);
    CHECK(heard.status == 409 && !kit->started, "%d, %zu calls", heard.status, kit->started);
    /* the other groups of the query are none, as unknown ones are */
    heard = upsert(PUT_BODY(QUERY(GROUPS ",'" T_GROUP_2 "'"), JOHN), &who);
    CHECK(heard.status == 409 && !kit->started, "%d, %zu calls", heard.status, kit->started);
    SCRIPT(kit, FOUND(PATIENT("p-1")), { .call = "patient.groups", .json = "{'groups':[{'id':'g-1'}]}" },
           { .call = "patient.update", .json = PATIENT("p-1") });
    heard = upsert(PUT_BODY(QUERY(GROUPS), JOHN), &who);
    CHECK(heard.status == 200 && kit->started == 3, "%d %s, %zu calls", heard.status, heard.detail, kit->started);
    SCRIPT(kit, FOUND(PATIENT("p-1")), { .call = "patient.groups", .json = "{'groups':[{'id':'g-2'}]}" });
    heard = upsert(PUT_BODY(QUERY(GROUPS), JOHN), &who);
    CHECK(heard.status == 404 && kit->started == 2, "%d %s, %zu calls", heard.status, heard.detail, kit->started);
}

static void without_the_scope(void **state)
{
    const struct token_claims who = { .scope = STR("read:patients") };

    (void)state;
    kit_script(kit, NULL, 0);
    struct heard heard = upsert(PUT_BODY(QUERY(GROUPS), JOHN), &who);
    CHECK(heard.status == 403 && !kit->started, "%d", heard.status);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(none_is_made, setup, teardown),
        cmocka_unit_test_setup_teardown(one_is_updated, setup, teardown),
        cmocka_unit_test_setup_teardown(anything_else_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_look_up_as_long_as_can_be, setup, teardown),
        cmocka_unit_test_setup_teardown(the_slower_of_two_updates, setup, teardown),
        cmocka_unit_test_setup_teardown(a_duplicate_that_is_not_found_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(bound_to_a_patient, setup, teardown),
        cmocka_unit_test_setup_teardown(bound_to_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(without_the_scope, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
