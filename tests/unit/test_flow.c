/* Whole requests that write: what reaches the backend, and what the client is told. */
#include "test_flow_each.h"

static void a_patient_is_created(void **state)
{
    (void)state;
    SCRIPT(kit, { .call = "patient.create", .status = 201, .json = PATIENT("p-1") });
    struct heard heard = kit_ask(
        kit, (struct said){
                 .as = "general",
                 .method = "POST /v1/patients",
                 .body = "{'patient':{'first_name':'John','last_name':'Doe','date_of_birth':'2010-05-15',"
                         "'gender':'male','id':77,'favourite':'blue'}}" });
    CHECK_LOG(kit, "POST /v1/patients {'first_name':'John','last_name':'Doe','date_of_birth':'2010-05-15',"
                   "'gender':'male','brand_id':'acme'}\n");
    CHECK(heard.status == 201, "%d", heard.status);
    CHECK(has(heard.body, "{'id':1,'first_name':'John','last_name':'Doe'"), "%.*s", STR_ARG(heard.body));
    CHECK(has(heard.body, "'favourite':'blue'"), "%.*s", STR_ARG(heard.body));
    CHECK(!has(heard.body, "p-1") && !has(heard.body, "acme"), "%.*s", STR_ARG(heard.body));
    CHECK(has(heard.headers, "x-request-id: r-1\n") &&
              has(heard.headers, "content-type: application/json\n") &&
              has(heard.headers, "cache-control: no-store\n"),
          "%.*s", STR_ARG(heard.headers));
}

/* What the client never sees reaches neither the call nor the answer of another request. */
static void a_bad_body_asks_nobody(void **state)
{
    static const struct {
        const char *as, *method, *body;
        int status;
        const char *part;
    } cases[] = {
        { "general", "POST /v1/patients", "", 400, "{'errors':" },
        { "general", "POST /v1/patients", "{", 400, "line 1, column 2" },
        { "general", "POST /v1/patients", "{'patient':{'first_name':'a','first_name':'b'}}", 400,
          "duplicate" },
        { "general", "POST /v1/patients", "[]", 400, "param is missing or the value is empty: patient" },
        { "general", "POST /v1/patients", "{}", 400, "param is missing or the value is empty: patient" },
        { "general", "POST /v1/patients", "{'patient':null}", 400, "param is missing" },
        { "general", "POST /v1/patients", "{'patient':[]}", 400, "param is missing" },
        { "general", "POST /v1/patients", "{'patient':'x'}", 400, "param is missing" },
        { "general", "POST /v1/patients", "{'patient':{}}", 422,
          "'date_of_birth':['can't be blank','must be a valid date']" },
        { "general", "POST /v1/patients",
          "{'patient':{'first_name':' ','last_name':'x','date_of_birth':'2010-05-15'}}", 422,
          "{'errors':{'first_name':['can't be blank']}}" },
        { "general", "POST /v1/patients",
          "{'patient':{'first_name':'x','last_name':'x','date_of_birth':'2010-02-30'}}", 422,
          "{'errors':{'date_of_birth':['must be a valid date']}}" },
        { "twine", "POST /pub/patient", "{'data':[]}", 409, "'pointer':'/data'" },
        { "twine", "POST /pub/patient",
          "{'data':{'type':'group','attributes':{'first_name':'a','last_name':'b'}}}", 409,
          "'pointer':'/data/type'" },
        { "twine", "POST /pub/patient", "{'data':{'type':'patient','attributes':{'first_name':'a'}}}", 409,
          "'pointer':'/data/attributes/last_name'" },
        { "patient-graph", "POST /v1/patients", "[1]", 400, "'error':'validation_error'" },
        { "patient-graph", "POST /v1/patients", "'x'", 400, "'error':'validation_error'" },
        { "patient-graph", "POST /v1/patients", "{'brand_id':'acme','first_name':null,'last_name':'b'}", 400,
          "'message':'first_name is required'" },
        { "patient-graph", "POST /v1/patients", "{'brand_id':'globex','first_name':'a','last_name':'b'}", 403,
          "'error':'forbidden'" },
        { "patient-graph", "POST /v1/patients",
          "{'brand_id':'acme','first_name':'a','last_name':'b','id':'x'}", 400,
          "'message':'id is read-only'" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, NULL, 0);
        struct heard heard = kit_ask(
            kit, (struct said){ .as = cases[i].as, .method = cases[i].method, .body = cases[i].body });
        CHECK(heard.status == cases[i].status && has(heard.body, cases[i].part), "%s: %d %.*s", cases[i].body,
              heard.status, STR_ARG(heard.body));
        CHECK(!kit->started, "%s: the backend was asked", cases[i].body);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_patient_is_created, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_body_asks_nobody, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
