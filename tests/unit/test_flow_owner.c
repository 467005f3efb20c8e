/* With whom something is erased that the backend's answer does not say the patient of: with the one whom the request that made it
 * named, in the document that was sent or in the path of the call. */
#include "test_flow_each.h"

static const struct token_claims anybody = {
    .subject = STR_INIT("s"),
    .scope = STR_INIT("read:patients admin:patients read:metrics write:metrics read:encounters write:encounters read:rewards "
                      "write:rewards read:plans write:plans")
};

#define ID_OF(c)     "eeeeeeeeeeeeeeeeeeeeee" c
#define VALUE(v)     "{'type':'patient_health_metric','attributes':{'type':'weight','value':'" v "','kept':'Secret'}"
#define WHOSE(id)    "'relationships':{'patient':{'data':{'type':'patient','id':'" id "'}}}}"
#define SOUGHT                                                                                               \
    "'relationships':{'patient':{'data':{'type':'patient','meta':{'query':{'identifier':{'system':'a','value':'b'}}}}}}"
#define MADE(more)   "{'id':'n-1','brand_id':'acme'," more TIMES "}"
#define NUMBER(more) MADE(more "'metric_key':'weight','value_numeric':'7','recorded_at':'2024-01-01T00:00:00.000Z',")
#define NUMBER_2(more)                                                                                       \
    "{'id':'n-2','brand_id':'acme'," more TIMES ",'metric_key':'weight','value_numeric':'8','recorded_at':'2024-01-01T00:00:00.000Z'}"
#define NEW_METRIC(more) { .call = "metric.create", .status = 201, .json = NUMBER(more) }
#define VISIT(more)  MADE(more "'encounter_type':'office_visit','status':'scheduled','chief_complaint':'x','metadata':{},")
#define OF(id)       "'patient_id':'" id "',"
#define OF_NOBODY    "'patient_id':null,"
#define ACTIVATED                                                                                            \
    "{'data':{'type':'reward_program_activation','attributes':{'activated_at':'2024-01-01T00:00:00Z','kept':'Secret'},"   \
    "'relationships':{'patient':{'data':{'type':'patient','id':'" T_PATIENT_1 "'}},'reward_program':{'data':{'type':"     \
    "'reward_program','id':'" ID_OF("01") "'}}}}}"
#define EARNED                                                                                               \
    "{'data':{'type':'reward','attributes':{'description':'d','allocated_value':1,'allocated_at':'2024-01-01T00:00:00Z',"   \
    "'kept':'Secret'},'relationships':{'reward_program_activation':{'data':{'type':'reward_program_activation','id':'"     \
    ID_OF("02") "'}}}}}"
#define ACTIVE "{'id':'ra-1','brand_id':'acme','patient_id':'p-1'," TIMES "}"
#define OBSERVED                                                                                             \
    "{'resourceType':'Observation','status':'final','code':{'coding':[{'system':'http://loinc.org','code':'29463-7'}]},"  \
    "'subject':{'reference':'Patient/p-1'},'effectiveDateTime':'2024-01-01T00:00:00Z','valueQuantity':{'value':7},"       \
    "'language':'Secret'}"
#define CAME                                                                                                 \
    "{'resourceType':'Encounter','status':'planned','class':{'system':'http://terminology.hl7.org/CodeSystem/v3-ActCode'," \
    "'code':'AMB'},'subject':{'reference':'Patient/p-1'},'period':{'start':'2024-01-01T00:00:00Z'},'language':'Secret'}"
#define METRICS "/pub/patient_health_metric"

/* What is made, what the backend says to it, and where it is found again. */
struct made {
    const char *as, *method, *body;
    struct reply replies[3];
    size_t calls;
    const char *found; /* of dialects whose ids are their own the created id is appended */
    const char *answer;
    bool stays; /* p-1 is not whose it is */
};

/* The first id that the answer shows, and what follows it. */
static struct str own_id(struct str *body)
{
    static const char mark[] = "'id':'";
    const char *at = memmem(body->ptr, body->len, mark, sizeof mark - 1);

    assert_non_null(at);
    *body = str_from_at(*body, (size_t)(at - body->ptr) + sizeof mark - 1);
    return str_of(body->ptr, 24);
}

static struct heard find(const struct made *made, struct str id)
{
    struct reply reply = { .json = made->answer };
    struct str request = strcmp(made->as, "twine") ? str_from(made->found)
                                                   : arena_printf(kit->arena, "%s/" STR_FMT, made->found, STR_ARG(id));

    kit_script(kit, &reply, 1);
    return kit_ask(kit, (struct said){ .as = made->as, .method = request.ptr, .who = &anybody });
}

static void erase(void)
{
    SCRIPT(kit, { .call = "patient.erase", .json = "{'status':'erased','rows_affected':{'patients':1}}" });
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "patient-graph", .method = "DELETE /v1/patients/p-1", .who = &anybody });
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
}

static void know_parents(void)
{
    static const struct crosswalk_row rows[] = {
        ROW("twine", "reward_program", "acme", ID_OF("01"), "rp-1"),
        ROW("twine", "reward_program_activation", "acme", ID_OF("02"), "ra-1"),
    };
    struct err err;

    CHECK(!store_crosswalk_import(kit->store, rows, COUNT(rows), &err), "%s", err.detail);
}

/* It is there, with what is kept beside it, until p-1 is erased. */
static void check(const struct made *made, size_t number)
{
    struct heard heard;

    know_parents();
    kit_script(kit, made->replies, made->calls);
    heard = kit_ask(kit, (struct said){ .as = made->as, .method = made->method, .body = made->body, .who = &anybody });
    CHECK(heard.status / 100 == 2 && has(heard.body, "Secret") && kit->started == made->calls,
          "case %zu: %d %s " STR_FMT "\n" STR_FMT, number, heard.status, heard.detail, STR_ARG(heard.body),
          STR_ARG(buf_str(&kit->log)));
    struct str id = own_id(&heard.body);
    heard = find(made, id);
    CHECK(heard.status == 200 && has(heard.body, "Secret"), "case %zu: %d %s", number, heard.status, heard.detail);
    erase();
    heard = find(made, id);
    CHECK(has(heard.body, "Secret") == made->stays, "case %zu: %d " STR_FMT, number, heard.status, STR_ARG(heard.body));
}

/* Each with a store of its own: what is erased stays erased. */
static void check_all(const struct made *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check(&cases[i], i);
        kit_free(kit);
        kit = kit_new(NULL);
    }
}

static void what_a_request_made_of_a_patient_is_erased_with_it(void **state)
{
    static const struct made cases[] = {
        /* the document's patient goes into the path of the call */
        { "twine", "POST " METRICS, "{'data':" VALUE("7") "," WHOSE(T_PATIENT_1) "}",
          { NEW_METRIC("") }, 1, "GET " METRICS, NUMBER(OF("p-2")), false },
        { "twine", "POST " METRICS, "{'data':[" VALUE("7") "," WHOSE(T_PATIENT_1) "]}",
          { NEW_METRIC("") }, 1, "GET " METRICS, NUMBER(OF("p-2")), false },
        { "twine", "POST " METRICS, "{'data':" VALUE("7") "," SOUGHT "}}",
          { { .call = "patient.list", .json = "{'patients':[" PATIENT("p-1") "],'total':1}" },
            NEW_METRIC("") }, 2, "GET " METRICS, NUMBER(OF("p-2")), false },
        { "fhir", "POST /Observation", OBSERVED, { NEW_METRIC("") }, 1,
          "GET /Observation/n-1", NUMBER(OF("p-2")), false },
        { "fhir", "POST /Encounter", CAME, { { .call = "encounter.create", .status = 201, .json = VISIT("") } }, 1,
          "GET /Encounter/n-1", VISIT(OF("p-2")), false },
        /* it is a member of what is sent: the document's, or its parent's */
        { "twine", "POST /pub/reward_program_activation", ACTIVATED,
          { { .call = "reward_program.read", .json = "{'id':'rp-1','brand_id':'acme','name':'n'," TIMES "}" },
            { .call = "reward_program_activation.create", .status = 201, .json = MADE("") } }, 2,
          "GET /pub/reward_program_activation", MADE(OF("p-2")), false },
        { "twine", "POST /pub/reward", EARNED,
          { { .call = "reward_program_activation.read", .json = ACTIVE },
            { .call = "reward.create", .status = 201, .json = MADE("") } }, 2, "GET /pub/reward", MADE(OF("p-2")), false },
    };

    (void)state;
    check_all(cases, COUNT(cases));
}

/* What was sent counts only where the answer is silent. */
static void what_the_backend_says_goes_before_what_was_sent(void **state)
{
    static const struct made cases[] = {
        { "twine", "POST " METRICS, "{'data':" VALUE("7") "," WHOSE(T_PATIENT_1) "}",
          { NEW_METRIC(OF("p-2")) }, 1, "GET " METRICS, NUMBER(OF("p-2")), true },
        { "twine", "POST " METRICS, "{'data':" VALUE("7") "," WHOSE(T_PATIENT_2) "}",
          { NEW_METRIC(OF("p-1")) }, 1, "GET " METRICS, NUMBER(OF("p-2")), false },
        { "twine", "POST " METRICS, "{'data':" VALUE("7") "," WHOSE(T_PATIENT_1) "}",
          { NEW_METRIC(OF_NOBODY) }, 1, "GET " METRICS, NUMBER(OF("p-2")), true },
        { "twine", "POST /pub/reward_program_activation", ACTIVATED,
          { { .call = "reward_program.read", .json = "{'id':'rp-1','brand_id':'acme','name':'n'," TIMES "}" },
            { .call = "reward_program_activation.create", .status = 201, .json = MADE(OF("p-2")) } }, 2,
          "GET /pub/reward_program_activation", MADE(OF("p-2")), true },
    };

    (void)state;
    check_all(cases, COUNT(cases));
}

/* Of many documents each is its own patient's. */
static void each_of_many_is_its_own_patient_s(void **state)
{
    static const struct made one = { .as = "twine", .found = "GET " METRICS, .answer = NUMBER(OF("p-3")) };
    static const struct made other = { .as = "twine", .found = "GET " METRICS, .answer = NUMBER_2(OF("p-3")) };

    (void)state;
    SCRIPT(kit, { .call = "metric.create", .status = 201, .json = NUMBER("") },
           { .call = "metric.create", .status = 201, .json = NUMBER_2("") });
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine", .method = "POST " METRICS, .who = &anybody,
                                                     .body = "{'data':[" VALUE("7") "," WHOSE(T_PATIENT_1) ","
                                                             VALUE("8") "," WHOSE(T_PATIENT_2) "]}" });
    CHECK(heard.status == 200 && count_of(heard.body, "Secret") == 2, "%d " STR_FMT, heard.status, STR_ARG(heard.body));
    struct str first = own_id(&heard.body), second = own_id(&heard.body);
    erase();
    heard = find(&one, first);
    CHECK(heard.status == 404 && !kit->started, "%d " STR_FMT, heard.status, STR_ARG(heard.body));
    heard = find(&other, second);
    CHECK(heard.status == 200 && has(heard.body, "Secret"), "%d " STR_FMT, heard.status, STR_ARG(heard.body));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_request_made_of_a_patient_is_erased_with_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_backend_says_goes_before_what_was_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(each_of_many_is_its_own_patient_s, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
