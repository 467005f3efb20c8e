/* Every way in which a request can fail, in the shape of each dialect; and answers of the backend that are
 * none. */
#include "test_flow_each.h"

#define TWINE(status, what, detail)                                                                          \
    "{'meta':{'req_id':'r-1'},'errors':[{" what ",'detail':'" detail "','status':'" status "'}]}"

static void the_backends_refusals(void **state)
{
    static const struct {
        enum err_code code;
        int general, twine, graph;
        const char *general_body, *twine_body, *graph_body;
    } cases[] = {
        { ERR_NOT_FOUND, 404, 404, 404, "{'errors':'Patient not found'}",
          TWINE("404", "'code':'ResourceNotFound'", "The resource was not found"),
          "{'error':'not_found','message':'Not found'}" },
        { ERR_CONFLICT, 422, 409, 409, "{'errors':{'base':['has already been taken']}}",
          TWINE("409", "'code':'InvalidBodyParameter'", "A resource with this identifier exists already"),
          "{'error':'conflict','message':'Duplicate patient'}" },
        { ERR_PRECONDITION, 412, 409, 412, "{'errors':'The resource was changed meanwhile'}",
          TWINE("409", "'title':'Conflict'", "The resource was changed meanwhile"),
          "{'error':'precondition_failed','message':'The resource was changed meanwhile'}" },
        { ERR_INVALID, 422, 409, 400, "{'errors':'The request body has invalid members'}",
          TWINE("409", "'code':'InvalidBodyParameter'", "The request body has invalid members"),
          "{'error':'validation_error','message':'The request body has invalid members'}" },
        { ERR_FORBIDDEN, 403, 403, 403, "{'errors':'You are not authorized to perform this action.'}",
          TWINE("403", "'code':'Forbidden'", "Not allowed"),
          "{'error':'forbidden','message':'Not allowed'}" },
        { ERR_TOO_MANY, 429, 429, 429, "{'errors':'Too many requests'}",
          TWINE("429", "'title':'Too Many Requests'", "Too many requests"),
          "{'error':'rate_limited','message':'Too many requests'}" },
        { ERR_NOT_IMPLEMENTED, 501, 501, 501, "{'errors':'The backend does not offer this'}",
          TWINE("501", "'title':'Not Implemented'", "The backend does not offer this"),
          "{'error':'not_implemented','message':'The backend does not offer this'}" },
        { ERR_UPSTREAM, 502, 502, 502, "{'errors':'The backend failed'}",
          TWINE("502", "'title':'Bad Gateway'", "The backend failed"),
          "{'error':'upstream_failed','message':'The backend failed'}" },
        { ERR_UNAVAILABLE, 503, 503, 503, "{'errors':'The service is not available'}",
          TWINE("503", "'title':'Service Unavailable'", "The service is not available"),
          "{'error':'unavailable','message':'The service is not available'}" },
        { ERR_UPSTREAM_TIMEOUT, 504, 504, 504, "{'errors':'The backend did not answer in time'}",
          TWINE("504", "'title':'Gateway Timeout'", "The backend did not answer in time"),
          "{'error':'upstream_timeout','message':'The backend did not answer in time'}" },
    };
    static const struct said reads[] = {
        { .as = "general", .method = "GET /v1/patients/1" },
        { .as = "twine", .method = "GET /pub/patient/" T_PATIENT_1 },
        { .as = "patient-graph", .method = "GET /v1/patients/p-1" },
    };
    static const struct said writes[] = {
        { .as = "general",
          .method = "POST /v1/patients",
          .body = "{'patient':{'first_name':'a','last_name':'b','date_of_birth':'2010-05-15'}}" },
        { .as = "twine",
          .method = "POST /pub/patient",
          .body = "{'data':{'type':'patient','attributes':{'first_name':'a','last_name':'b'}}}" },
        { .as = "patient-graph",
          .method = "POST /v1/patients",
          .body = "{'brand_id':'acme','first_name':'a','last_name':'b'}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct reply reply = { .code = cases[i].code };
        const int statuses[] = { cases[i].general, cases[i].twine, cases[i].graph };
        const char *const bodies[] = { cases[i].general_body, cases[i].twine_body, cases[i].graph_body };
        for (size_t k = cases[i].code == ERR_INVALID ? 3 : 0; k < 6; k++) { /* of a read nothing in a body is wrong */
            kit_script(kit, &reply, 1);
            struct heard heard = kit_ask(kit, k < 3 ? reads[k] : writes[k - 3]);
            CHECK_HEARD(heard, statuses[k % 3], bodies[k % 3]);
            CHECK(heard.code == cases[i].code, "%s", err_name(heard.code));
            CHECK(!has(heard.body, "scripted"), "the log's words reached the client");
            CHECK(has(heard.headers, "retry-after:") == (heard.status == 503 || heard.status == 429), "%d",
                  heard.status);
        }
    }
}

/* Clients wait as long as the backend asks them to, and a second where it does not say. */
static void the_backend_says_when_to_come_again(void **state)
{
    static const struct {
        struct reply reply;
        const char *header;
    } cases[] = {
        { { .code = ERR_TOO_MANY, .after_s = 37 }, "retry-after: 37\n" },
        { { .code = ERR_UNAVAILABLE, .after_s = 120 }, "retry-after: 120\n" },
        { { .code = ERR_UNAVAILABLE }, "retry-after: 1\n" },
    };
    static const char *const methods[][2] = { { "general", "GET /v1/patients/1" }, { "patient-graph", "GET /v1/patients?brand_id=acme" } };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; k < COUNT(methods); k++) {
            kit_script(kit, &cases[i].reply, 1);
            struct heard heard = kit_ask(kit, (struct said){ .as = methods[k][0], .method = methods[k][1] });
            CHECK(has(heard.headers, cases[i].header), "case %zu, %s: " STR_FMT, i, methods[k][1], STR_ARG(heard.headers));
        }
}

/* A 400 to a request that the gateway had found good: nothing is told of members of a body that is not there. */
static void a_read_has_no_invalid_members(void **state)
{
    static const struct reply reply = { .code = ERR_INVALID };

    (void)state;
    kit_script(kit, &reply, 1);
    struct heard heard = kit_ask(kit, (struct said){ .as = "general", .method = "GET /v1/patients/1" });
    CHECK_HEARD(heard, 400, "{'errors':'The request is not valid'}");
    kit_script(kit, &reply, 1);
    heard = kit_ask(kit, (struct said){ .as = "twine", .method = "GET /pub/patient/" T_PATIENT_1 });
    CHECK_HEARD(heard, 400, TWINE("400", "'title':'Bad Request'", "The request is not valid"));
    CHECK(heard.code == ERR_BAD_REQUEST && strstr(heard.detail, "scripted"), "%s: %s", err_name(heard.code), heard.detail);
}

static const struct str one_patient[] = { STR_INIT("p-1") };
static const struct token_claims researcher = { .subject = STR_INIT("tester"),
                                                .scope = STR_INIT("read:acknowledgements"),
                                                .patients = one_patient,
                                                .patient_count = 1,
                                                .patients_bound = true };

/* A good status and a document that is not what the contract says. */
static void answers_that_are_none(void **state)
{
    static const struct said list = { .as = "general", .method = "GET /v1/patients" },
                             read = { .as = "general", .method = "GET /v1/patients/1" },
                             graph = { .as = "patient-graph", .method = "GET /v1/patients/p-1" },
                             twine = { .as = "twine", .method = "GET /pub/patient/" T_PATIENT_1 },
                             member = { .as = "patient-graph", .method = "GET /v1/researcher-acknowledgements/me", .who = &researcher },
                             create = { .as = "general",
                                        .method = "POST /v1/patients",
                                        .body = "{'patient':{'first_name':'a','last_name':'b',"
                                                "'date_of_birth':'2010-05-15'}}" };
    static const struct {
        const struct said *said;
        const char *json; /* NULL: no body */
        int status;       /* 0: anything that is an answer */
    } cases[] = {
        { &list, NULL, 502 },
        { &list, "{}", 502 },
        { &list, "[]", 502 },
        { &list, "7", 502 },
        { &list, "null", 502 },
        { &list, "{'patients':null}", 502 },
        { &list, "{'patients':{}}", 502 },
        { &list, "{'patients':'x','total':1}", 502 },
        { &list, "{'Patients':[]}", 502 },
        { &list, "{'patients':[]}", 200 },
        { &list, "{'patients':[],'total':'many'}", 200 },
        { &list, "{'patients':[],'total':-1}", 200 },
        { &list, "{'patients':[],'total':1e400}", 200 },
        { &list, "{'patients':[1,null,'x',[]],'total':4}", 502 },
        { &list, "{'patients':[{}],'total':1}", 0 },
        { &list, "{'patients':[{'id':7}],'total':1}", 0 },
        { &list, "{'patients':[{'id':''}],'total':1}", 0 },
        { &read, NULL, 502 },
        { &read, "[]", 502 },
        { &read, "null", 502 },
        { &read, "'x'", 502 },
        { &read, "{}", 404 }, /* of no brand */
        { &read, "{'id':'p-1','brand_id':7}", 404 },
        { &read, "{'brand_id':'acme','id':7}", 0 },
        { &read, "{'brand_id':'acme','id':null,'first_name':'a'}", 0 },
        { &read, "{'brand_id':'acme','id':'p-1','first_name':7,'last_name':{},'metadata':'x','date_of_birth':'never'}", 0 },
        { &graph, NULL, 502 },
        { &graph, "[[]]", 502 },
        { &twine, NULL, 502 },
        { &twine, "7", 502 },
        { &twine, "{'id':'p-1','brand_id':'acme','external_ids':[],'groups':{},'phone':[]}", 0 },
        { &member, NULL, 502 },
        { &member, "[]", 502 },
        { &member, "'acknowledgement'", 502 },
        { &member, "{}", 502 },
        { &member, "{'acknowledgement':[]}", 502 },
        { &member, "{'acknowledgement':false}", 502 },
        { &member, "{'acknowledgement':null}", 200 },
        { &create, NULL, 502 },
        { &create, "[]", 502 },
        { &create, "7", 502 },
        { &create, "{}", 404 },
        { &create, "{'brand_id':'acme'}", 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct reply reply = { .json = cases[i].json };
        kit_script(kit, &reply, 1);
        struct heard heard = kit_ask(kit, *cases[i].said);
        struct tape_fault fault;
        struct tape tape;
        CHECK(!cases[i].status || heard.status == cases[i].status, "%s %s: %d %.*s", cases[i].said->method,
              cases[i].json, heard.status, STR_ARG(heard.body));
        CHECK(cases[i].status || heard.status == 200 || heard.status == 201 || heard.status >= 500, "%s: %d", cases[i].json,
              heard.status);
        /* whatever it was, the client gets JSON */
        struct str json = kit_json(kit, arena_cstr(kit->arena, heard.body));
        CHECK(tape_read(&tape, kit->arena, json, &tape_default_limits, &fault), "%s: %s in %.*s",
              cases[i].json, fault.what, STR_ARG(json));
    }
}

/* Before the backend comes in: the request itself. */
static void requests_that_are_none(void **state)
{
    static const struct {
        struct said said;
        int status;
        const char *part, *header;
    } cases[] = {
        { { .as = "general", .method = "GET /v1/patients/%zz" },
          400,
          "{'errors':'The request is not valid: path segment 3 is not allowed'}",
          "" },
        { { .as = "general", .method = "GET /v1/../admin" }, 400, "{'errors':", "" },
        { { .as = "general", .method = "GET /v1/patients/1?x=%00" }, 400, "{'errors':", "" },
        { { .as = "twine", .method = "GET /pub/patient/%2e%2e" }, 400, "'title':'Bad Request'", "" },
        { { .as = "general", .method = "GET /v1/nothing" }, 404, "{'errors':'No such endpoint'}", "" },
        { { .as = "twine", .method = "GET /pub/nothing" }, 404, "'title':'Not Found'", "" },
        { { .as = "patient-graph", .method = "GET /v1/nothing" }, 404, "'error':'not_found'", "" },
        { { .as = "patient-graph", .method = "PUT /v1/patients" },
          405,
          "'error':'method_not_allowed'",
          "allow: GET, HEAD, POST\n" },
        { { .as = "twine", .method = "DELETE /pub/patient/x" },
          405,
          "'title':'Method Not Allowed'",
          "allow: GET, HEAD, PATCH\n" },
        { { .as = "general", .method = "GET /v1/patients", .headers = { "accept: text/html" } },
          406,
          "{'errors':",
          "" },
        { { .as = "twine",
            .method = "GET /pub/patient/" T_PATIENT_1,
            .headers = { "accept: application/xml" } },
          406,
          "'title':'Not Acceptable'",
          "content-type: application/json\n" },
        { { .as = "general", .method = "POST /v1/patients", .body = "{}", .type = "text/plain" },
          415,
          "{'errors':",
          "accept: application/json\naccept-post: application/json\n" },
        { { .as = "general", .method = "PUT /v1/patients/1", .body = "{}", .type = "text/plain" },
          415,
          "{'errors':",
          "accept: application/json\n" },
        { { .as = "twine", .method = "PATCH /pub/patient/" T_PATIENT_1, .body = "{}", .type = "text/plain" },
          415,
          "'title':'Unsupported Media Type'",
          "accept: application/vnd.api+json,application/json\naccept-patch: application/vnd.api+json,application/json\n" },
        { { .as = "general",
            .method = "POST /v1/patients",
            .body = "{}",
            .headers = { "content-encoding: gzip" } },
          415,
          "{'errors':",
          "accept-encoding: identity\n" },
        { { .as = "general",
            .method = "POST /v1/patients",
            .body = "{}",
            .type = "application/json; charset=latin1" },
          415,
          "{'errors':",
          "" },
        { { .as = "twine",
            .method = "POST /pub/patient",
            .body = "{}",
            .type = "application/vnd.api+json; ext=x" },
          415,
          "'title':'Unsupported Media Type'",
          "" },
        { { .as = "twine",
            .method = "POST /pub/oauth/token",
            .body = "{}",
            .type = "text/plain",
            .token = "" },
          403,
          "'code':'Forbidden'",
          "" },
        { { .as = "general", .method = "GET /v1/patients?page=0" },
          422,
          "{'errors':{'page':['is invalid']}}",
          "" },
        { { .as = "general", .method = "GET /v1/patients?page=1&page=2" },
          422,
          "{'errors':{'page':['is invalid']}}",
          "" },
        { { .as = "general", .method = "GET /v1/patients/1/gauges?start_date=x" },
          422,
          "{'errors':{'start_date':['is invalid']}}",
          "" },
        { { .as = "general", .method = "GET /v1/patients?search=a&search=b" },
          422,
          "{'errors':{'search':",
          "" },
        { { .as = "twine", .method = "GET /pub/patient" },
          409,
          "'detail':'filter[groups] or filter[organization] is required','status':'409','source':{'parameter':'filter[groups]'}",
          "" },
        { { .as = "twine", .method = "GET /pub/patient_health_metric" },
          409,
          "'detail':'filter[patient], filter[groups] or filter[organization] is required'",
          "" },
        { { .as = "twine", .method = "GET /pub/patient?filter[organization]=" T_ACME "&page[size]=51" },
          409,
          "'code':'InvalidParameter','detail':'must be a valid page size (at most 50)'",
          "" },
        { { .as = "twine", .method = "GET /pub/patient?filter[organization]=" T_ACME "&page[cursor]=x" },
          409,
          "'parameter':'page[cursor]'",
          "" },
        { { .as = "twine",
            .method = "GET /pub/patient?filter[organization]=" T_ACME "&filter[identifier][system]=x" },
          409,
          "'parameter':'filter[identifier][value]'",
          "" },
        { { .as = "twine",
            .method = "GET /pub/patient?filter[organization]=" T_ACME "&filter[archived]=maybe" },
          409,
          "'parameter':'filter[archived]'",
          "" },
        { { .as = "twine", .method = "GET /pub/group" }, 409, "'parameter':'filter[organization]'", "" },
        { { .as = "patient-graph", .method = "GET /v1/patients?brand_id=acme&limit=x" },
          400,
          "'error':'validation_error','message':'limit must be a valid page size'",
          "" },
        { { .as = "patient-graph", .method = "GET /v1/patients/p-1/metrics/hr?from=yesterday" },
          400,
          "'message':'from must be",
          "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, NULL, 0);
        struct heard heard = kit_ask(kit, cases[i].said);
        CHECK(heard.status == cases[i].status && has(heard.body, cases[i].part), "%s, case %zu: %d %.*s",
              cases[i].said.method, i, heard.status, STR_ARG(heard.body));
        CHECK(!cases[i].header[0] || has(heard.headers, cases[i].header), "%s: %.*s", cases[i].said.method,
              STR_ARG(heard.headers));
        CHECK(!kit->started && has(heard.headers, "x-request-id: r-1\n"), "%s", cases[i].said.method);
    }
}

/* A message that only says that something is wrong helps nobody to mend it. */
static void what_is_wrong_is_told(void **state)
{
    static char deep[512];
    static const struct {
        struct said said;
        int status;
        const char *message;
    } cases[] = {
        { { .as = "general", .method = "GET /v1/patients?a=1&x=%00" }, 400, "The request is not valid: parameter 2 is not well-formed" },
        { { .as = "patient-graph", .method = "POST /v1/patients", .body = "[]" }, 400,
          "The request is not valid: the body is not an object" },
        { { .as = "fhir", .method = "POST /fhir/Patient", .body = "5" }, 400, "The request is not valid: the body is not an object" },
        { { .as = "fhir", .method = "PUT /fhir/Patient/p-1", .body = "{'resourceType':'Patient'}" }, 400,
          "The request is not valid: id must be the id of the path" },
        { { .as = "fhir", .method = "PUT /fhir/Patient/p-1", .body = "{'resourceType':'Patient','id':'p-2'}" }, 400,
          "The request is not valid: id must be the id of the path" },
        { { .as = "general", .method = "POST /v1/patients", .body = deep }, 413,
          "The request body is too large: line 1, column 65: nested too deeply" },
        { { .as = "patient-graph", .method = "GET /v1/patients?brand_id=globex" }, 403, "Not allowed: brand_id is of another brand" },
        { { .as = "patient-graph", .method = "POST /v1/patients", .body = "{'first_name':5,'brand_id':'globex'}" }, 403,
          "Not allowed: brand_id is of another brand" },
    };

    (void)state;
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, NULL, 0);
        struct heard heard = kit_ask(kit, cases[i].said);
        CHECK(heard.status == cases[i].status && has(heard.body, cases[i].message), "%s, case %zu: %d %.*s",
              cases[i].said.method, i, heard.status, STR_ARG(heard.body));
    }
}

/* In brackets, too, wherever a document stands. */
static void documents_of_many_are_counted_in_brackets(void **state)
{
    struct kit *changed = kit_new_changed("twine/dialect.yaml", "s/^  paths: pointer/  paths: brackets/; /^  base:/d");

    (void)state;
    kit_script(changed, NULL, 0);
    struct heard heard = kit_ask(changed, (struct said){ .as = "twine", .method = "POST /pub/patient",
                                                         .body = "{'data':[5,{'attributes':{'last_name':'B','identifiers':[{}]}}]}" });
    CHECK(has(heard.body, "'pointer':'[0]'") && has(heard.body, "'pointer':'[1].attributes.first_name'") &&
              has(heard.body, "'pointer':'[1].attributes.identifiers[0].system'"),
          "%d %.*s", heard.status, STR_ARG(heard.body));
    kit_free(changed);
}

static void note(const struct flow_answer *answer, void *data)
{
    kit_heard(answer, data);
}

/* What the server found wrong already is only put into the dialect's shape. */
static void the_servers_faults(void **state)
{
    static const struct {
        enum err_code fault;
        int status;
    } cases[] = {
        { ERR_TOO_LARGE, 413 },   { ERR_URI_TOO_LONG, 414 }, { ERR_HEAD_TOO_LARGE, 431 },
        { ERR_BAD_REQUEST, 400 }, { ERR_UNAVAILABLE, 503 },  { ERR_TIMEOUT, 408 },
    };
    static const char *const dialects[] = { "general", "twine", "patient-graph" };
    static const char *const parts[] = { "{'errors':'", "{'meta':{'req_id':'r-1'},'errors':[{'title':'",
                                         "{'error':'" };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t k = 0; k < COUNT(dialects); k++) {
            struct said said = { .as = dialects[k], .method = "POST /v1/patients", .token = "" };
            struct heard heard = { .kit = kit };
            kit_script(kit, NULL, 0);
            struct exchange *x =
                flow_start(kit->flow, kit_head(kit, &said), cases[i].fault, NULL, note, &heard);
            CHECK(!x && heard.called && heard.status == cases[i].status, "%s: %d", dialects[k], heard.status);
            CHECK(str_starts(heard.body, str_from(parts[k])), "%s: %.*s", dialects[k], STR_ARG(heard.body));
        }
    }
}

/* A fault for which a dialect has no words is told in ours. */
static void no_fault_is_without_words(void **state)
{
    struct kit *other = kit_new_changed("general/dialect.yaml", "/^    blank/d");

    (void)state;
    kit_script(other, NULL, 0);
    struct heard heard =
        kit_ask(other, (struct said){ .as = "general", .method = "POST /v1/patients", .body = "{'patient':{'last_name':'x'}}" });
    CHECK(heard.status == 422 && has(heard.body, "'first_name':['is invalid']"), "%d %.*s", heard.status,
          STR_ARG(heard.body));
    kit_free(other);
}

/* A client's request id is taken if it is harmless. */
static void request_ids(void **state)
{
    static const struct {
        const char *sent;
        bool taken;
    } cases[] = {
        { "abc-123_X.y", true },
        { "0123456789012345678901234567890123456789012345678901234567890123", true },
        { "01234567890123456789012345678901234567890123456789012345678901234", false },
        { "a b", false },
        { "a\xc3\xa4", false },
        { "<script>", false },
        { "a\"b", false },
        { "a\nb", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct said said = { .as = "general", .method = "GET /v1/nothing", .token = "" };
        struct http_head *head = kit_head(kit, &said);
        struct http_header header = { .name = STR("x-request-id"), .value = str_from(cases[i].sent) };
        struct heard heard = { .kit = kit };
        head->headers = &header;
        head->header_count = 1;
        kit_script(kit, NULL, 0);
        (void)flow_start(kit->flow, head, ERR_NONE, NULL, note, &heard);
        struct str line = arena_printf(kit->arena, "x-request-id: %s\n", cases[i].sent);
        CHECK(has(heard.headers, line.ptr) == cases[i].taken, "%s: %.*s", cases[i].sent,
              STR_ARG(heard.headers));
        CHECK(has(heard.headers, "x-request-id: "), "%.*s", STR_ARG(heard.headers));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_backends_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(the_backend_says_when_to_come_again, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_that_are_none, setup, teardown),
        cmocka_unit_test_setup_teardown(requests_that_are_none, setup, teardown),
        cmocka_unit_test_setup_teardown(a_read_has_no_invalid_members, setup, teardown),
        cmocka_unit_test(documents_of_many_are_counted_in_brackets),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(the_servers_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(request_ids, setup, teardown),
        cmocka_unit_test_setup_teardown(no_fault_is_without_words, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
