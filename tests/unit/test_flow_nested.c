/* Operations of which the path has several ids: what is kept, compared and forgotten is the entity's own, whichever of them
 * stands first in the path or in the mapping. */
#include "test_flow_kit.h"

static const struct token_claims all = { .subject = STR_INIT("s"), .scope = STR_INIT("admin:*") };
static struct kit *kit;

static int setup(void **state)
{
    (void)state;
    kit = NULL; /* each test has mappings of its own */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (kit)
        kit_free(kit);
    return 0;
}

/* A kit with one more operation in a dialect. */
static void begin(const char *dialect, const char *operation)
{
    struct arena *arena = arena_new(SIZE_MAX);

    kit = kit_new_changed(arena_printf(arena, "%s/dialect.yaml", dialect).ptr,
                          arena_printf(arena, "s|^operations:|&\\n  nested: { %s }|", operation).ptr);
    arena_free(&arena);
}

static struct heard ask(const char *as, const char *method, const char *body, const char *header)
{
    return kit_ask(kit, (struct said){ .as = as, .method = method, .body = body, .headers = { header }, .who = &all });
}

#define UPDATES     "scopes: [write:encounters], call: encounter.update, stored: encounter.read, "
#define PATIENT_ROW "patient: { type: id, kind: patient }"
#define EVENT_ROW   "id: { type: id, kind: encounter, to: encounter_id }"
#define EVENT                                                                                                \
    "{'id':'e-1','patient_id':'p-1','brand_id':'acme','encounter_type':'lab','status':'scheduled','metadata':{}," TIMES "}"
#define KEEPS "{'shoe_size':43}"

static void what_is_kept_already_is_no_change(void **state)
{
    static const char *const rows[] = { PATIENT_ROW ", " EVENT_ROW, EVENT_ROW ", " PATIENT_ROW };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *arena = arena_new(SIZE_MAX);
        begin("patient-graph", arena_printf(arena, "request: \"PATCH /v1/patients/{patient}/encounters/{id}\", " UPDATES
                                                   "resource: encounter, body: {}, answer: $item, path: { %s }",
                                            rows[i]).ptr);
        SCRIPT(kit, { .call = "encounter.read", .json = EVENT }, { .call = "encounter.update", .json = EVENT });
        struct heard heard = ask("patient-graph", "PATCH /v1/patients/p-1/encounters/e-1", KEEPS, NULL);
        CHECK(heard.status == 200 && has(heard.body, "'shoe_size':43"), "case %zu: %d %s", i, heard.status, heard.detail);
        CHECK_LOG(kit, "GET /v1/encounters/e-1\n"
                       "PATCH /v1/encounters/e-1?touch=true {}\n");
        SCRIPT(kit, { .call = "encounter.read", .json = EVENT }, { .call = "encounter.update", .json = EVENT });
        heard = ask("patient-graph", "PATCH /v1/patients/p-1/encounters/e-1", KEEPS, NULL);
        CHECK(heard.status == 200, "case %zu: %d %s", i, heard.status, heard.detail);
        CHECK_LOG(kit, "GET /v1/encounters/e-1\n"
                       "PATCH /v1/encounters/e-1 {}\n");
        kit_free(kit);
        kit = NULL;
        arena_free(&arena);
    }
}

#define PUT(more)                                                                                            \
    "{'resourceType':'Encounter','id':'e-1','status':'planned','class':{'system':"                            \
    "'http://terminology.hl7.org/CodeSystem/v3-ActCode','code':'AMB'},'subject':{'reference':'Patient/p-1'}" more "}"

/* The version of what is shown is that of the entity with what is kept beside it. */
static void a_version_is_that_of_what_is_shown(void **state)
{
    (void)state;
    begin("fhir", "request: \"PUT /Patient/{patient}/Encounter/{id}\", " UPDATES "resource: Encounter, etag: shown, "
                  "body: { same: id, whole: true }, answer: $item, path: { " PATIENT_ROW ", " EVENT_ROW " }");
    SCRIPT(kit, { .call = "encounter.read", .json = EVENT }, { .call = "encounter.update", .json = EVENT });
    struct heard heard = ask("fhir", "PUT /Patient/p-1/Encounter/e-1", PUT(",'language':'de'"), NULL);
    CHECK(heard.status == 200 && has(heard.body, "'language':'de'"), "%d %s", heard.status, heard.detail);
    SCRIPT(kit, { .call = "encounter.read", .json = EVENT });
    heard = ask("fhir", "GET /Encounter/e-1", NULL, NULL);
    const char *tag = memmem(heard.headers.ptr, heard.headers.len, "etag: ", 6);
    assert_non_null(tag);
    tag = arena_printf(kit->arena, "if-match: %.*s", (int)strcspn(tag + 6, "\n"), tag + 6).ptr;
    SCRIPT(kit, { .call = "encounter.read", .json = EVENT }, { .call = "encounter.update", .json = EVENT });
    heard = ask("fhir", "PUT /Patient/p-1/Encounter/e-1", PUT(",'language':'fr'"), tag);
    CHECK(heard.status == 200 && has(heard.body, "'language':'fr'"), "%d %s", heard.status, heard.detail);
    SCRIPT(kit, { .call = "encounter.read", .json = EVENT });
    heard = ask("fhir", "PUT /Patient/p-1/Encounter/e-1", PUT(""), tag);
    CHECK(heard.status == 412, "%d %s", heard.status, heard.detail);
}

/* Two ids of one kind: the last one of the path is the entity's. */
static void of_two_patients_the_last_is_meant(void **state)
{
    (void)state;
    begin("general", "request: \"PATCH /v1/patients/{guardian}/wards/{id}\", scopes: [write:patients], resource: patient, "
                     "body: { in: patient }, call: patient.update, stored: patient.read, answer: $item, path: { guardian: { type: id, kind: "
                     "patient }, id: { type: id, kind: patient, to: patient_id } }");
    SCRIPT(kit, { .call = "patient.update", .json = PATIENT("p-2") });
    struct heard heard = ask("general", "PATCH /v1/patients/1/wards/2", "{'patient':{'favourite':'blue'}}", NULL);
    CHECK(heard.status == 200 && has(heard.body, "'favourite':'blue'"), "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "PATCH /v1/patients/p-2?touch=true {}\n");
    SCRIPT(kit, { .call = "patient.update", .json = PATIENT("p-2") });
    heard = ask("general", "PATCH /v1/patients/1/wards/2", "{'patient':{'favourite':'blue'}}", NULL);
    CHECK_LOG(kit, "PATCH /v1/patients/p-2 {}\n");
    SCRIPT(kit, { .call = "patient.update", .json = PATIENT("p-1") });
    heard = ask("general", "PATCH /v1/patients/1/wards/2", "{'patient':{'favourite':'red'}}", NULL);
    CHECK(heard.status == 502, "the backend answers with the other one: %d", heard.status);
}

#define T_EVENT "58c4554710123c5c40dbab01"

/* A document that says its id says that of the entity. */
static void the_id_in_the_body_is_the_entity_s_own(void **state)
{
    static const struct crosswalk_row row = ROW("twine", "encounter", "acme", T_EVENT, "e-1");
    static const struct {
        const char *id;
        int status;
    } cases[] = { { T_EVENT, 200 }, { T_PATIENT_1, 409 } };
    struct err err;

    (void)state;
    begin("twine", "request: \"PATCH /patient/{patient}/calendar_event/{id}\", " UPDATES "resource: calendar_event, "
                   "body: { in: data, same: id }, answer: { data: $item }, path: { " PATIENT_ROW ", " EVENT_ROW " }");
    CHECK(!store_crosswalk_import(kit->store, &row, 1, &err), "%s", err.detail);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str body = arena_printf(
            kit->arena, "{'data':{'type':'calendar_event','id':'%s','attributes':{'location':'here'}}}", cases[i].id);
        SCRIPT(kit, { .call = "encounter.read", .json = EVENT }, { .call = "encounter.update", .json = EVENT });
        struct heard heard = ask("twine", "PATCH /pub/patient/" T_PATIENT_1 "/calendar_event/" T_EVENT, body.ptr, NULL);
        CHECK(heard.status == cases[i].status, "case %zu: %d %s", i, heard.status, heard.detail);
    }
}

static void what_a_path_of_two_deletes_is_the_entity(void **state)
{
    static const struct crosswalk_row row = ROW("twine", "encounter", "acme", T_EVENT, "e-1");
    struct err err;

    (void)state;
    begin("twine", "request: \"DELETE /patient/{patient}/calendar_event/{id}\", scopes: [write:encounters], "
                   "resource: calendar_event, call: encounter.delete, stored: encounter.read, answer: { meta: { req_id: $request_id } }, "
                   "path: { " EVENT_ROW ", " PATIENT_ROW " }");
    CHECK(!store_crosswalk_import(kit->store, &row, 1, &err), "%s", err.detail);
    SCRIPT(kit, { .call = "encounter.read", .json = EVENT }, { .call = "encounter.delete", .json = EVENT });
    struct heard heard = ask("twine", "DELETE /pub/patient/" T_PATIENT_1 "/calendar_event/" T_EVENT, NULL, NULL);
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    kit_script(kit, NULL, 0);
    heard = ask("twine", "GET /pub/calendar_event/" T_EVENT, NULL, NULL);
    CHECK(heard.status == 404 && !kit->started, "%d %s", heard.status, heard.detail);
    SCRIPT(kit, { .call = "patient.read", .json = PATIENT("p-1") });
    heard = ask("twine", "GET /pub/patient/" T_PATIENT_1, NULL, NULL);
    CHECK(heard.status == 200, "the patient is still there: %d %s", heard.status, heard.detail);
}

/* The call takes one of the two: it is no link between them that ends. */
static void a_patient_is_erased_by_a_longer_path_too(void **state)
{
    (void)state;
    begin("patient-graph", "request: \"DELETE /v1/providers/{provider}/patients/{id}\", scopes: [admin:patients], "
                           "resource: erasure, call: patient.erase, answer: $item, path: { provider: { type: id, kind: provider }, "
                           "id: { type: id, kind: patient, to: patient_id } }");
    SCRIPT(kit, { .call = "patient.erase", .json = "{'status':'erased','rows_affected':{}}" });
    struct heard heard = ask("patient-graph", "DELETE /v1/providers/c-1/patients/p-1", NULL, NULL);
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    kit_script(kit, NULL, 0);
    heard = ask("general", "GET /v1/patients/1", NULL, NULL);
    CHECK(heard.status == 404 && !kit->started, "%d %s", heard.status, heard.detail);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_kept_already_is_no_change, setup, teardown),
        cmocka_unit_test_setup_teardown(a_version_is_that_of_what_is_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(of_two_patients_the_last_is_meant, setup, teardown),
        cmocka_unit_test_setup_teardown(the_id_in_the_body_is_the_entity_s_own, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_path_of_two_deletes_is_the_entity, setup, teardown),
        cmocka_unit_test_setup_teardown(a_patient_is_erased_by_a_longer_path_too, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
