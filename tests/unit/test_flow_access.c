/* Who may see what: credentials, scopes, brands, principals bound to patients or groups; and that the
 * backend's own answers are judged as well. */
#include "test_flow_each.h"

#include <sys/stat.h>

static const struct str one[] = { STR_INIT("p-1") }, group_one[] = { STR_INIT("g-1") };
static const struct token_claims bound = {
    .subject = STR_INIT("s"), .patients_bound = true, .patients = one, .patient_count = 1
};
static const struct token_claims bound_to_none = { .subject = STR_INIT("s"), .patients_bound = true };
static const struct token_claims in_group = {
    .subject = STR_INIT("s"), .groups_bound = true, .groups = group_one, .group_count = 1
};
static const struct token_claims in_no_group = { .subject = STR_INIT("s"), .groups_bound = true };
static const struct token_claims reader = { .subject = STR_INIT("s"), .scope = STR_INIT("read:patients") };
static const struct token_claims globex = { .subject = STR_INIT("s"), .brand = STR_INIT("globex") };
static const struct token_claims nowhere = { .subject = STR_INIT("s"),
                                             .brand = STR_INIT(""),
                                             .scope = STR_INIT("read:patients") };
static const struct token_claims admin = { .subject = STR_INIT("s"),
                                           .brand = STR_INIT(""),
                                           .scope = STR_INIT("admin:*") };
static const struct token_claims expired = { .subject = STR_INIT("s"), .ttl_s = -100 };

/* Refused before the backend is asked anything. */
static void refused_at_once(void **state)
{
    static const struct {
        struct said said;
        int status;
        const char *part;
    } cases[] = {
        { { .as = "general", .method = "GET /v1/patients", .token = "" },
          401,
          "'errors':'You are not authorized to perform" },
        { { .as = "twine", .method = "GET /pub/patient/" T_PATIENT_1, .token = "" },
          401,
          "'code':'Unauthorized'" },
        { { .as = "patient-graph", .method = "GET /v1/patients/p-1", .token = "" },
          401,
          "'error':'unauthenticated'" },
        { { .as = "patient-graph", .method = "GET /v1/patients/p-1", .token = "nonsense" },
          401,
          "'error':'invalid_token'" },
        { { .as = "patient-graph", .method = "GET /v1/patients/p-1", .token = "a.b.c" }, 401, "'error':'" },
        { { .as = "patient-graph", .method = "GET /v1/patients/p-1", .who = &expired },
          401,
          "'error':'invalid_token'" },
        { { .as = "patient-graph", .method = "GET /v1/patients/p-1", .headers = { "x-user-token: x" } },
          400,
          "'error':'two_credentials'" },
        { { .as = "general", .method = "GET /v1/patients/1", .headers = { "authorization: Bearer x" } },
          400,
          "'errors':" },
        { { .as = "patient-graph",
            .method = "GET /v1/patients/p-1",
            .headers = { "authorization: Bearer x" } },
          400,
          "'error':'two_credentials'" },
        { { .as = "patient-graph", .method = "PATCH /v1/patients/p-1", .body = "{}", .who = &reader },
          403,
          "'error':'insufficient_scope'" },
        { { .as = "general", .method = "POST /v1/patients", .body = "{", .who = &reader },
          403,
          "not authorized to perform" },
        { { .as = "patient-graph", .method = "GET /v1/patients?brand_id=acme", .who = &nowhere },
          403,
          "'error':'forbidden'" },
        { { .as = "patient-graph",
            .method = "GET /v1/patients?brand_id=acme",
            .who = &nowhere,
            .headers = { "x-brand-id: acme" } },
          403,
          "'error':'forbidden'" },
        { { .as = "patient-graph", .method = "GET /v1/patients?brand_id=acme", .who = &admin },
          403,
          "'error':'forbidden'" },
        { { .as = "patient-graph", .method = "GET /v1/patients?brand_id=globex" },
          403,
          "'error':'forbidden'" },
        { { .as = "patient-graph", .method = "GET /v1/patients" }, 400, "brand_id" },
        /* another brand's ids are as good as none */
        { { .as = "general", .method = "GET /v1/patients/9" }, 404, "{'errors':'Patient not found'}" },
        { { .as = "general", .method = "GET /v1/patients/777" }, 404, "{'errors':'Patient not found'}" },
        { { .as = "general", .method = "GET /v1/patients/p-1" }, 404, "{'errors':'Patient not found'}" },
        { { .as = "general", .method = "GET /v1/patients/01" }, 404, "{'errors':'Patient not found'}" },
        { { .as = "general", .method = "GET /v1/patients/-1" }, 404, "{'errors':'Patient not found'}" },
        { { .as = "general", .method = "GET /v1/patients/1", .who = &globex },
          404,
          "{'errors':'Patient not found'}" },
        { { .as = "twine", .method = "GET /pub/patient/" T_PATIENT_9 }, 404, "'code':'ResourceNotFound'" },
        { { .as = "twine", .method = "GET /pub/organization/" T_GLOBEX }, 404, "'code':'ResourceNotFound'" },
        { { .as = "twine", .method = "GET /pub/group/" T_GROUP_9 }, 404, "'code':'ResourceNotFound'" },
        /* a bound principal hears 403 for every other patient, whether there is one or not */
        { { .as = "general", .method = "GET /v1/patients/2", .who = &bound },
          403,
          "You are not authorized to access this patient" },
        { { .as = "general", .method = "GET /v1/patients/9", .who = &bound },
          403,
          "You are not authorized to access this patient" },
        { { .as = "general", .method = "GET /v1/patients/777", .who = &bound },
          403,
          "You are not authorized to access this patient" },
        { { .as = "general", .method = "GET /v1/patients/2/gauges", .who = &bound },
          403,
          "You are not authorized to access" },
        { { .as = "twine", .method = "GET /pub/patient/" T_PATIENT_2, .who = &bound },
          403,
          "'code':'Forbidden'" },
        { { .as = "twine", .method = "GET /pub/patient/nobody", .who = &bound }, 403, "'code':'Forbidden'" },
        { { .as = "twine",
            .method = "GET /pub/patient_health_metric?filter[patient]=" T_PATIENT_2,
            .who = &bound },
          403,
          "Forbidden" },
        { { .as = "patient-graph", .method = "GET /v1/patients/p-2", .who = &bound },
          403,
          "'error':'forbidden'" },
        { { .as = "patient-graph", .method = "GET /v1/patients/p-1", .who = &bound_to_none },
          403,
          "'error':'forbidden'" },
        { { .as = "patient-graph", .method = "DELETE /v1/patients/p-2", .who = &bound },
          403,
          "'error':'forbidden'" },
        { { .as = "patient-graph",
            .method = "POST /v1/patients/p-2/metrics",
            .who = &bound,
            .body = "{'metric_key':'mood','value_numeric':'1','source':'api','recorded_at':'2024-01-01T00:00:"
                    "00Z'}" },
          403,
          "'error':'forbidden'" },
        /* it cannot make patients either: it might not even see them */
        { { .as = "general",
            .method = "POST /v1/patients",
            .who = &bound,
            .body = "{'patient':{'first_name':'J','last_name':'D','date_of_birth':'2010-05-15'}}" },
          403,
          "'errors':" },
        { { .as = "patient-graph",
            .method = "POST /v1/patients",
            .who = &bound_to_none,
            .body = "{'brand_id':'acme','first_name':'J','last_name':'D'}" },
          403,
          "'error':'forbidden'" },
        { { .as = "twine", .method = "GET /pub/group/" T_GROUP_2, .who = &in_group },
          404,
          "'code':'ResourceNotFound'" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, NULL, 0);
        struct heard heard = kit_ask(kit, cases[i].said);
        CHECK(heard.status == cases[i].status && has(heard.body, cases[i].part), "%s, case %zu: %d %.*s (%s)",
              cases[i].said.method, i, heard.status, STR_ARG(heard.body), heard.detail);
        CHECK(!kit->started, "%s: the backend was asked\n%.*s", cases[i].said.method,
              STR_ARG(buf_str(&kit->log)));
        CHECK((heard.status == 401) <= has(heard.headers, "www-authenticate: "), "%s: no challenge",
              cases[i].said.method);
    }
}

/* A foreign id and one that nobody has are answered with the same bytes. */
static void foreign_and_missing_look_the_same(void **state)
{
    static const struct {
        const char *as, *foreign, *missing;
    } cases[] = {
        { "general", "GET /v1/patients/9", "GET /v1/patients/777" },
        { "general", "GET /v1/patients/9/gauges", "GET /v1/patients/777/gauges" },
        { "twine", "GET /pub/patient/" T_PATIENT_9, "GET /pub/patient/ccccccccccccccccccccccc1" },
        { "twine", "GET /pub/organization/" T_GLOBEX, "GET /pub/organization/ccccccccccccccccccccccc1" },
        { "twine", "GET /pub/group/" T_GROUP_9, "GET /pub/group/ccccccccccccccccccccccc1" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, NULL, 0);
        struct heard a = kit_ask(kit, (struct said){ .as = cases[i].as, .method = cases[i].foreign });
        struct heard b = kit_ask(kit, (struct said){ .as = cases[i].as, .method = cases[i].missing });
        CHECK(a.status == 404 && b.status == 404 && str_eq(a.body, b.body) && str_eq(a.headers, b.headers),
              "%s: %d %d %.*s %.*s", cases[i].foreign, a.status, b.status, STR_ARG(a.body), STR_ARG(b.body));
    }
}

#define NO_PATIENTS                                                                                          \
    {                                                                                                        \
        .call = "patient.list", .json = "{'patients':[],'total':0}"                                          \
    }
#define NO_METRICS                                                                                           \
    {                                                                                                        \
        .call = "metric.list", .json = "{'metrics':[],'total':0}"                                            \
    }

static void lists_are_bounded(void **state)
{
    static const struct reply patients[] = { NO_PATIENTS }, metrics[] = { NO_METRICS };
    static const struct {
        struct said said;
        const struct reply *replies; /* NULL: nothing is asked */
        const char *log;
    } cases[] = {
        { { .as = "general", .method = "GET /v1/patients" },
          patients,
          "GET /v1/patients?brand_id=acme&limit=25&offset=0\n" },
        { { .as = "general", .method = "GET /v1/patients", .who = &globex },
          patients,
          "GET /v1/patients?brand_id=globex&limit=25&offset=0\n" },
        { { .as = "general", .method = "GET /v1/patients?brand_id=globex&patient_id=p-9" },
          patients,
          "GET /v1/patients?brand_id=acme&limit=25&offset=0\n" },
        { { .as = "patient-graph",
            .method = "GET /v1/patients?brand_id=acme",
            .who = &admin,
            .headers = { "x-brand-id: acme" } },
          patients,
          "GET /v1/patients?brand_id=acme&limit=50&offset=0\n" },
        { { .as = "general", .method = "GET /v1/patients", .who = &bound },
          patients,
          "GET /v1/patients?brand_id=acme&patient_id=p-1&limit=25&offset=0\n" },
        { { .as = "general", .method = "GET /v1/patients", .who = &in_group },
          patients,
          "GET /v1/patients?brand_id=acme&group_id=g-1&include=groups&limit=25&offset=0\n" },
        { { .as = "general", .method = "GET /v1/patients", .who = &bound_to_none }, NULL, "" },
        { { .as = "general", .method = "GET /v1/patients", .who = &in_no_group }, NULL, "" },
        { { .as = "general", .method = "GET /v1/patients/1/gauges", .who = &bound },
          metrics,
          "GET /v1/metrics?patient_id=p-1&order=recorded_desc&limit=1000&offset=0\n" },
        { { .as = "twine",
            .method = "GET /pub/patient_health_metric?filter[organization]=" T_ACME,
            .who = &bound },
          metrics,
          "GET /v1/metrics?patient_id=p-1&limit=10&offset=0\n" },
        { { .as = "twine",
            .method = "GET /pub/patient_health_metric?filter[organization]=" T_ACME,
            .who = &in_group },
          metrics,
          "GET /v1/metrics?group_id=g-1&limit=10&offset=0\n" },
        /* what a filter names beyond the bounds selects nothing */
        { { .as = "twine", .method = "GET /pub/patient?filter[groups]=" T_GROUP_2, .who = &in_group },
          NULL,
          "" },
        { { .as = "twine",
            .method = "GET /pub/patient?filter[groups]=" T_GROUP_1 "," T_GROUP_2,
            .who = &in_group },
          patients,
          "GET /v1/patients?brand_id=acme&group_id=g-1&include=groups%2Ccare_team&limit=10&offset=0\n" },
        { { .as = "twine", .method = "GET /pub/patient?filter[groups]=" T_GROUP_9 }, NULL, "" },
        { { .as = "twine", .method = "GET /pub/patient?filter[groups]=" }, NULL, "" },
        { { .as = "twine", .method = "GET /pub/patient?filter[organization]=" T_GLOBEX }, NULL, "" },
        { { .as = "twine", .method = "GET /pub/patient_health_metric?filter[patient]=" T_PATIENT_9 },
          NULL,
          "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, cases[i].replies, cases[i].replies ? 1 : 0);
        struct heard heard = kit_ask(kit, cases[i].said);
        CHECK(heard.status == 200 && has(heard.body, ":[]"), "%s, case %zu: %d %.*s", cases[i].said.method, i,
              heard.status, STR_ARG(heard.body));
        CHECK(str_is(buf_str(&kit->log), cases[i].log), "%s, case %zu: %.*s", cases[i].said.method, i,
              STR_ARG(buf_str(&kit->log)));
    }
}

/* The backend may be wrong about brands, or taken in: its answers are judged like requests. */
static void foreign_answers_are_not_shown(void **state)
{
#define FOREIGN PATIENT_OF("p-1", "globex", "Secret")
    static const struct reply read[] = { { .json = FOREIGN } },
                              list[] = { { .json =
                                               "{'patients':[" PATIENT("p-1") "," FOREIGN "],'total':2}" } },
                              other[] = { { .json = PATIENT_OF("p-2", "acme", "Secret") } },
                              others[] = { { .json = "{'patients':[" PATIENT_OF("p-2", "acme",
                                                                                "Secret") "],'total':1}" } },
                              metric[] = { { .json = "{'metrics':[" METRIC("m-1", "p-2") "],'total':1}" } },
                              made[] = { { .status = 201, .json = FOREIGN } },
                              nobodys[] = { { .json = "{'id':'m-1','patient_id':null,'brand_id':'acme','metric_key':"
                                                      "'Secret'," TIMES "}" } };
    static const struct {
        struct said said;
        const struct reply *reply;
        int status;
    } cases[] = {
        { { .as = "general", .method = "GET /v1/patients/1" }, read, 404 },
        { { .as = "twine", .method = "GET /pub/patient/" T_PATIENT_1 }, read, 404 },
        { { .as = "patient-graph", .method = "GET /v1/patients/p-1" }, read, 404 },
        { { .as = "patient-graph", .method = "GET /v1/patients/p-1/safe" }, read, 404 },
        { { .as = "general", .method = "GET /v1/patients" }, list, 502 },
        { { .as = "patient-graph", .method = "GET /v1/patients?brand_id=acme" }, list, 502 },
        { { .as = "general", .method = "GET /v1/patients/1", .who = &bound }, other, 404 },
        { { .as = "general", .method = "GET /v1/patients", .who = &bound }, others, 502 },
        { { .as = "general", .method = "GET /v1/patients/1/gauges", .who = &bound }, metric, 502 },
        { { .as = "patient-graph",
            .method = "POST /v1/patients",
            .body = "{'brand_id':'acme','first_name':'a','last_name':'b'}" },
          made,
          404 },
        /* it is some patient's, and does not say whose */
        { { .as = "fhir", .method = "GET /Observation/m-1", .who = &bound }, nobodys, 404 },
        { { .as = "fhir", .method = "GET /Observation/m-1", .who = &in_group }, nobodys, 404 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, cases[i].reply, 1);
        struct heard heard = kit_ask(kit, cases[i].said);
        CHECK(heard.status == cases[i].status, "%s, case %zu: %d %.*s", cases[i].said.method, i, heard.status,
              STR_ARG(heard.body));
        CHECK(!has(heard.body, "Secret") && !has(heard.body, "globex") && !has(heard.body, "p-2"), "%.*s",
              STR_ARG(heard.body));
    }
}

/* A look-up must not lead a bound principal to another patient. */
static void look_ups_are_bounded(void **state)
{
    static const char body[] =
        "{'data':{'type':'patient_health_metric','attributes':{'type':'weight','value':'7'},"
        "'relationships':{'patient':{'data':{'type':'patient','meta':{'query':{'identifier':"
        "{'system':'a','value':'b'}}}}}}}}";
    static const struct reply own[] = { { .json = "{'patients':[" PATIENT("p-1") "],'total':1}" },
                                        { .call = "metric.create",
                                          .status = 201,
                                          .json = METRIC("m-1", "p-1") } },
                              other[] = { { .json = "{'patients':[" PATIENT("p-2") "],'total':1}" } },
                              none[] = { { .json = "{'patients':[],'total':0}" } };
    static const struct {
        const struct reply *replies;
        size_t count;
        int status;
    } cases[] = { { own, 2, 200 }, { other, 1, 403 }, { none, 1, 403 } };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, cases[i].replies, cases[i].count);
        struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                         .method = "POST /pub/patient_health_metric",
                                                         .body = body,
                                                         .who = &bound });
        CHECK(heard.status == cases[i].status && kit->started == cases[i].count, "case %zu: %d %s", i,
              heard.status, heard.detail);
    }
}

/* What the backend learns of callers from one credential for all of them is nothing. */
static struct auth *with_one_credential_for_all(struct conf **conf)
{
    const char *file = arena_printf(kit->arena, "%s/token", kit->dir).ptr;
    const char *sets[] = { arena_printf(kit->arena, "state_dir=%s", kit->dir).ptr, "mappings=" SOURCE_DIR "/mappings",
                           "backend.url=http://127.0.0.1:1", "backend.auth=token_file",
                           arena_printf(kit->arena, "backend.token_file=%s", file).ptr };
    struct auth *made;
    struct err err;
    FILE *out = fopen(file, "w");

    assert_non_null(out);
    (void)fputs("the-same-token-for-every-call\n", out);
    (void)fclose(out);
    assert_int_equal(chmod(file, 0600), 0);
    int bad = conf_load(conf, NULL, sets, COUNT(sets), &err) || auth_new(&made, *conf, &err);
    CHECK(!bad, "%s", err.detail);
    return made;
}

/* "me" would be one patient for all of them: each would read what the others wrote. */
static void without_a_credential_of_its_own_nobody_has_an_own_patient(void **state)
{
    static const struct token_claims own = { .subject = STR_INIT("s"),
                                             .scope = STR_INIT("read:journal write:journal read:patients"),
                                             .patients = one, .patient_count = 1, .patients_bound = true };
    static const struct {
        const char *method, *body;
        size_t calls;
        int status;
    } cases[] = {
        { "GET /v1/patients/me/journal?from=2024-01-01&to=2024-01-02", NULL, 0, 501 },
        { "POST /v1/patients/me/journal", "{'entry_date':'2024-01-01','mood':3,'energy':3}", 0, 501 },
        { "GET /v1/patients/p-1", NULL, 1, 200 },
    };
    struct conf *conf;

    (void)state;
    kit->gateway->auth = with_one_credential_for_all(&conf);
    for (size_t i = 0; i < COUNT(cases); i++) {
        SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-1") });
        struct heard heard = kit_ask(kit, (struct said){ .as = "patient-graph", .method = cases[i].method,
                                                         .body = cases[i].body, .who = &own });
        CHECK(heard.status == cases[i].status, "case %zu: %d %s", i, heard.status, heard.detail);
        CHECK(kit->started == cases[i].calls, "case %zu: %zu calls", i, kit->started);
    }
    auth_free(&kit->gateway->auth);
    kit->gateway->auth = kit->auth;
    conf_free(&conf);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refused_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_and_missing_look_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_answers_are_not_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(look_ups_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_credential_of_its_own_nobody_has_an_own_patient, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
