/* An answer that does not say whose it is: no brand, no patient, no group. What belongs to somebody and names nobody is shown
 * to nobody who is bound, unless the request was about one patient and can have been about no other. */
#include "test_flow_kit.h"

#define T_ENCOUNTER "ccccccccccccccccccccccc2"
#define T_PLAN      "ccccccccccccccccccccccc3"
#define T_PROGRAM   "ccccccccccccccccccccccc4"

static struct kit *kit;

static int setup(void **state)
{
    static const struct crosswalk_row rows[] = {
        ROW("twine", "encounter", "acme", T_ENCOUNTER, "e-1"),
        ROW("twine", "plan", "acme", T_PLAN, "pl-1"),
        ROW("twine", "reward_program", "acme", T_PROGRAM, "rp-1"),
    };
    struct err err;

    (void)state;
    kit = kit_new(NULL);
    return store_crosswalk_import(kit->store, rows, COUNT(rows), &err);
}

static int teardown(void **state)
{
    (void)state;
    kit_free(kit);
    return 0;
}

static const struct str p_1[] = { STR_INIT("p-1") }, g_1[] = { STR_INIT("g-1") };
#define ALL .subject = STR_INIT("s"), .scope = STR_INIT("admin:*")
static const struct token_claims anybody = { ALL };
static const struct token_claims bound = { ALL, .patients_bound = true, .patients = p_1, .patient_count = 1 };
static const struct token_claims member = { ALL, .groups_bound = true, .groups = g_1, .group_count = 1 };
static const struct token_claims both = {
    ALL, .patients_bound = true, .patients = p_1, .patient_count = 1, .groups_bound = true, .groups = g_1, .group_count = 1
};

/* `brand`, `whose`: members with their comma, or nothing. */
#define METRIC_OF(brand, whose)                                                                              \
    "{'id':'m-1'," brand whose "'metric_key':'Secret','value_numeric':'7','value_text':null,'unit':null,"    \
    "'source':'api','is_phi':true,'recorded_at':'2024-01-01T00:00:00.000Z','created_at':'2024-01-01T00:00:00.000Z'}"
#define ENCOUNTER_OF(id, brand, whose)                                                                       \
    "{'id':'" id "'," brand whose "'encounter_type':'office_visit','status':'scheduled','chief_complaint':'Secret'," \
    "'metadata':{}," TIMES "}"
#define PATIENT_SAYS(members)                                                                                \
    "{" members "'first_name':'Secret','last_name':'Doe','date_of_birth':'2010-05-15'," PATIENT_REST "}"
#define PLAN_OF(whose)   "{'id':'pl-1','brand_id':'acme'," whose "'time_zone':'Secret'," TIMES "}"
#define ACTION_OF(whose) "{'id':'a-1','brand_id':'acme'," whose "'plan_id':'pl-1','type':'weight','title':'Secret'," TIMES "}"
#define PROGRAM_OF(whose) "{'id':'rp-1','brand_id':'acme'," whose "'name':'Secret','budget_value':1," TIMES "}"
#define ACME  "'brand_id':'acme',"
#define OF_1  "'patient_id':'p-1',"
#define NULLS "'patient_id':null,"
#define IN_1  { .call = "patient.groups", .json = "{'groups':[{'id':'g-1','brand_id':'acme'}],'total':1}" }
#define LIST(name, ...) "{'" name "':[" __VA_ARGS__ "],'total':1,'count':1}"

struct answered {
    const char *as, *method, *body;
    const struct token_claims *who;
    struct reply replies[4];
    int status;
    size_t calls;
};

static void check(const struct answered *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kit_script(kit, cases[i].replies, cases[i].calls);
        struct heard heard = kit_ask(kit, (struct said){ .as = cases[i].as, .method = cases[i].method,
                                                         .body = cases[i].body, .who = cases[i].who });
        CHECK(heard.status == cases[i].status, "case %zu, %s: %d %s " STR_FMT, i, cases[i].method, heard.status, heard.detail,
              STR_ARG(heard.body));
        CHECK(kit->started == cases[i].calls, "case %zu, %s: %zu calls\n" STR_FMT, i, cases[i].method, kit->started,
              STR_ARG(buf_str(&kit->log)));
        CHECK(has(heard.body, "Secret") == (heard.status < 300), "case %zu, %s: " STR_FMT, i, cases[i].method,
              STR_ARG(heard.body));
    }
}

static void what_names_no_patient_is_nobody_s(void **state)
{
    static const struct answered cases[] = {
        /* by its own id */
        { "fhir", "GET /Observation/m-1", NULL, &bound, { { .json = METRIC_OF(ACME, "") } }, 404, 1 },
        { "fhir", "GET /Observation/m-1", NULL, &member, { { .json = METRIC_OF(ACME, "") } }, 404, 1 },
        { "fhir", "GET /Observation/m-1", NULL, &both, { { .json = METRIC_OF(ACME, "") } }, 404, 1 },
        { "fhir", "GET /Observation/m-1", NULL, &bound, { { .json = METRIC_OF(ACME, "'patient_id':1,") } }, 404, 1 },
        { "fhir", "GET /Encounter/e-1", NULL, &bound, { { .json = ENCOUNTER_OF("e-1", ACME, "") } }, 404, 1 },
        { "fhir", "GET /Encounter/e-1", NULL, &member, { { .json = ENCOUNTER_OF("e-1", ACME, "") } }, 404, 1 },
        { "twine", "GET /pub/calendar_event/" T_ENCOUNTER, NULL, &bound, { { .json = ENCOUNTER_OF("e-1", ACME, "") } }, 404, 1 },
        /* in a list that was asked for by patient: a backend that forgets the member may forget the filter */
        { "twine", "GET /pub/patient_health_metric?filter[patient]=" T_PATIENT_1, NULL, &bound,
          { { .json = LIST("metrics", METRIC_OF(ACME, "")) } }, 502, 1 },
        { "twine", "GET /pub/patient_health_metric?filter[organization]=" T_ACME, NULL, &bound,
          { { .json = LIST("metrics", METRIC_OF(ACME, OF_1) "," METRIC_OF(ACME, "")) } }, 502, 1 },
        { "twine", "GET /pub/patient_health_metric?filter[organization]=" T_ACME, NULL, &member,
          { { .json = LIST("metrics", METRIC_OF(ACME, "")) } }, 502, 1 },
        { "general", "GET /v1/patients/1/gauges", NULL, &bound, { { .json = LIST("metrics", METRIC_OF(ACME, "")) } }, 502, 1 },
        { "fhir", "GET /Observation?patient=p-1", NULL, &bound, { { .json = LIST("metrics", METRIC_OF(ACME, "")) } }, 502, 1 },
        /* of entities that no list is of */
        { "patient-graph", "GET /v1/adherence/summary?patient_id=p-1&protocol_id=x", NULL, &bound,
          { { .json = "{'protocol_id':'x','streak_days':1,'Secret':1}" } }, 404, 1 },
        { "patient-graph", "GET /v1/adherence/summary?patient_id=p-1&protocol_id=x", NULL, &member,
          { IN_1, { .json = "{'protocol_id':'x','streak_days':1,'Secret':1}" } }, 404, 2 },
        /* a patient is who its id says */
        { "patient-graph", "GET /v1/patients/p-1", NULL, &bound, { { .json = PATIENT_SAYS(ACME) } }, 404, 1 },
        { "patient-graph", "GET /v1/patients/p-1", NULL, &bound, { { .json = PATIENT_SAYS(ACME "'id':null,") } }, 404, 1 },
        { "patient-graph", "GET /v1/patients/p-1", NULL, &member, { IN_1, { .json = PATIENT_SAYS(ACME) } }, 404, 2 },
        { "patient-graph", "GET /v1/patients?brand_id=acme", NULL, &bound,
          { { .json = LIST("patients", PATIENT_SAYS(ACME)) } }, 502, 1 },
        { "patient-graph", "GET /v1/patients?brand_id=acme", NULL, &member,
          { { .json = LIST("patients", PATIENT_SAYS(ACME "'groups':['g-2'],")) } }, 502, 1 },
        /* one that says it has none has none, whatever the path says */
        { "patient-graph", "GET /v1/patients/p-1/metrics/mood", NULL, &bound,
          { { .json = LIST("data", METRIC_OF(ACME, NULLS)) } }, 502, 1 },
        /* nothing is written to it */
        { "twine", "PATCH /pub/calendar_event/" T_ENCOUNTER, "{'data':{'type':'calendar_event','id':'" T_ENCOUNTER
          "','attributes':{'title':'Mine'}}}", &bound, { { .json = ENCOUNTER_OF("e-1", ACME, "") } }, 404, 1 },
        { "twine", "DELETE /pub/calendar_event/" T_ENCOUNTER, NULL, &member, { { .json = ENCOUNTER_OF("e-1", ACME, "") } }, 404, 1 },
        /* nothing is made under it */
        { "twine", "POST /pub/action", "{'data':{'type':'action','attributes':{'type':'weight','title':'t','effective_from':"
          "'2018-02-20T00:00:00Z'},'relationships':{'plan':{'data':{'type':'patient_plan_summary','id':'" T_PLAN "'}}}}}",
          &bound, { { .json = PLAN_OF("") } }, 409, 1 },
        { "twine", "GET /pub/patient_plan_summary/" T_PLAN, NULL, &member, { { .json = PLAN_OF("") } }, 404, 1 },
    };

    (void)state;
    check(cases, COUNT(cases));
}

/* Who is bound to nothing but the brand sees all of the brand. */
static void who_is_not_bound_sees_it(void **state)
{
    static const struct answered cases[] = {
        { "patient-graph", "GET /v1/patients/p-1/metrics/mood", NULL, &anybody,
          { { .json = LIST("data", METRIC_OF(ACME, "")) } }, 200, 1 },
        { "fhir", "GET /Encounter/e-1", NULL, &anybody, { { .json = ENCOUNTER_OF("e-1", ACME, OF_1) } }, 200, 1 },
        { "patient-graph", "GET /v1/adherence/summary?patient_id=p-1&protocol_id=x", NULL, &anybody,
          { { .json = "{'protocol_id':'x','streak_days':1,'Secret':1}" } }, 200, 1 },
    };

    (void)state;
    check(cases, COUNT(cases));
}

/* The path of the call names one patient, the token has only one, or the entity was read and judged just before. */
static void what_was_asked_of_one_patient_is_that_one_s(void **state)
{
#define UPDATE "PATCH /pub/calendar_event/" T_ENCOUNTER,                                                     \
    "{'data':{'type':'calendar_event','id':'" T_ENCOUNTER "','attributes':{'description':'Mine'}}}"
    static const struct answered cases[] = {
        { "patient-graph", "GET /v1/patients/p-1/metrics/mood", NULL, &bound,
          { { .json = LIST("data", METRIC_OF(ACME, "")) } }, 200, 1 },
        { "patient-graph", "GET /v1/patients/p-1/metrics/mood", NULL, &member,
          { IN_1, { .json = LIST("data", METRIC_OF(ACME, "")) } }, 200, 2 },
        { "patient-graph", "GET /v1/patients/p-1/metrics", NULL, &both,
          { IN_1, { .json = "{'patient_id':'p-1','metrics':[{'metric_key':'Secret','last_value':null,'unit':null,"
                            "'last_recorded_at':'2024-01-01T00:00:00.000Z','is_phi':true}]}" } }, 200, 2 },
        { "patient-graph", "GET /v1/patients/me/journal?from=2024-01-01&to=2024-01-02", NULL, &bound,
          { { .json = "{'entries':[{'id':'j-1','entry_date':'2024-01-01','mood':1,'energy':1,'notes':'Secret',"
                      "'side_effects':[]," TIMES "}]}" } }, 200, 1 },
        { "twine", UPDATE, &bound, { { .json = ENCOUNTER_OF("e-1", ACME, OF_1) }, { .json = ENCOUNTER_OF("e-1", ACME, "") } }, 200, 2 },
        /* that is not the entity that was read */
        { "twine", UPDATE, &bound, { { .json = ENCOUNTER_OF("e-1", ACME, OF_1) }, { .json = ENCOUNTER_OF("e-2", ACME, "") } }, 404, 2 },
        { "twine", UPDATE, &bound, { { .json = ENCOUNTER_OF("e-1", ACME, OF_1) }, { .json = ENCOUNTER_OF("e-1", ACME, NULLS) } }, 404, 2 },
        /* what the request makes is the caller's own */
        { "patient-graph", "POST /v1/patients/p-1/metrics",
          "{'metric_key':'mood','value_numeric':'1','source':'api','recorded_at':'2024-01-01T00:00:00Z'}", &bound,
          { { .status = 201, .json = METRIC_OF(ACME, "") } }, 201, 1 },
    };

    (void)state;
    check(cases, COUNT(cases));
}

static void what_is_of_a_group_says_of_which(void **state)
{
    static const struct answered cases[] = {
        { "twine", "GET /pub/reward_program/" T_PROGRAM, NULL, &member, { { .json = PROGRAM_OF("'group_id':'g-1',") } }, 200, 1 },
        { "twine", "GET /pub/reward_program/" T_PROGRAM, NULL, &bound, { { .json = PROGRAM_OF("") } }, 200, 1 },
        { "twine", "GET /pub/reward_program/" T_PROGRAM, NULL, &member, { { .json = PROGRAM_OF("") } }, 404, 1 },
        { "twine", "GET /pub/reward_program/" T_PROGRAM, NULL, &member, { { .json = PROGRAM_OF("'group_id':null,") } }, 404, 1 },
        { "twine", "GET /pub/group/" T_GROUP_1, NULL, &member, { { .json = "{" ACME "'name':'Secret'," TIMES "}" } }, 404, 1 },
        { "twine", "GET /pub/coach/" T_PROVIDER_1, NULL, &member,
          { { .json = "{'id':'c-1'," ACME "'name':'Dr. Secret','metadata':{}," TIMES "}" } }, 200, 1 },
        { "twine", "GET /pub/coach/" T_PROVIDER_1, NULL, &bound,
          { { .json = "{'id':'c-1'," ACME "'name':'Dr. Secret','metadata':{}," TIMES "}" } }, 200, 1 },
    };

    (void)state;
    check(cases, COUNT(cases));
}

/* The brand is everybody's bound. Documents of which the public pages show no brand are asked for by their patient. */
static void what_names_no_brand_is_of_another(void **state)
{
    static const struct answered cases[] = {
        { "patient-graph", "GET /v1/patients/p-1", NULL, &anybody, { { .json = PATIENT_SAYS("'id':'p-1',") } }, 404, 1 },
        { "patient-graph", "GET /v1/patients/p-1", NULL, &anybody, { { .json = PATIENT_SAYS("'id':'p-1','brand_id':null,") } }, 404, 1 },
        { "patient-graph", "GET /v1/patients/p-1", NULL, &anybody, { { .json = PATIENT_SAYS("'id':'p-1','brand_id':['acme'],") } }, 404, 1 },
        { "patient-graph", "GET /v1/patients/p-1/safe", NULL, &anybody,
          { { .json = "{'id':'p-1','external_ids':{'a':'Secret'},'status':'active','metadata':{}," TIMES "}" } }, 404, 1 },
        { "general", "GET /v1/patients", NULL, &anybody, { { .json = LIST("patients", PATIENT_SAYS("'id':'p-1',")) } }, 502, 1 },
        { "general", "GET /v1/patients/1/gauges", NULL, &anybody, { { .json = LIST("metrics", METRIC_OF("", OF_1)) } }, 502, 1 },
        { "fhir", "GET /Encounter/e-1", NULL, &anybody, { { .json = ENCOUNTER_OF("e-1", "", OF_1) } }, 404, 1 },
        { "twine", UPDATE, &anybody, { { .json = ENCOUNTER_OF("e-1", "", OF_1) } }, 404, 1 },
        { "twine", "GET /pub/organization/" T_ACME, NULL, &anybody, { { .json = "{'id':'acme','name':'Secret'," TIMES "}" } }, 200, 1 },
        { "twine", "GET /pub/organization/" T_ACME, NULL, &anybody, { { .json = "{'name':'Secret'," TIMES "}" } }, 404, 1 },
        { "twine", "GET /pub/organization/" T_ACME, NULL, &anybody, { { .json = "{'id':'globex','name':'Secret'," TIMES "}" } }, 404, 1 },
        { "patient-graph", "GET /v1/patients/p-1/providers", NULL, &anybody,
          { { .json = "{'providers':[{'id':'l-1','patient_id':'p-1','provider_id':'c-1','relationship':'primary','status':'Secret',"
                      "'started_at':'2024-01-01T00:00:00.000Z','ended_at':null}]}" } }, 200, 1 },
        { "patient-graph", "GET /v1/patients/p-1/providers", NULL, &anybody,
          { { .json = "{'providers':[{'id':'l-1','brand_id':'globex','patient_id':'p-1','provider_id':'c-1','relationship':"
                      "'primary','status':'Secret','started_at':'2024-01-01T00:00:00.000Z','ended_at':null}]}" } }, 502, 1 },
    };

    (void)state;
    check(cases, COUNT(cases));
}

/* Beside an answer it is left out; by a look-up it is not found. */
static void beside_an_answer_it_is_left_out(void **state)
{
    (void)state;
    SCRIPT(kit, { .call = "plan.read", .json = "{'id':'pl-1','brand_id':'acme','patient_id':'p-1','time_zone':'UTC'," TIMES "}" },
           { .call = "action.list", .json = "{'actions':[" ACTION_OF("") "],'total':1}" });
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .who = &bound,
                                                     .method = "GET /pub/patient_plan_summary/" T_PLAN "?include=actions" });
    CHECK(heard.status == 200 && has(heard.body, "'included':[]"), "%d " STR_FMT, heard.status, STR_ARG(heard.body));

    SCRIPT(kit, { .call = "patient.list", .json = "{'patients':[" PATIENT_SAYS("'id':'p-1',") "],'total':1}" });
    heard = kit_ask(kit, (struct said){ .as = "twine", .who = &anybody, .method = "POST /pub/patient_health_metric",
                                        .body = "{'data':{'type':'patient_health_metric','attributes':{'type':'weight','value':7},"
                                                "'relationships':{'patient':{'data':{'type':'patient','meta':{'query':{'identifier':"
                                                "{'system':'a','value':'b'}}}}}}}}" });
    CHECK(heard.status == 409 && kit->started == 1, "%d " STR_FMT, heard.status, STR_ARG(heard.body));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_names_no_patient_is_nobody_s, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_not_bound_sees_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_asked_of_one_patient_is_that_one_s, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_of_a_group_says_of_which, setup, teardown),
        cmocka_unit_test_setup_teardown(what_names_no_brand_is_of_another, setup, teardown),
        cmocka_unit_test_setup_teardown(beside_an_answer_it_is_left_out, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
