/* If-Match and If-None-Match of what shows no version itself, where another operation of the dialect shows one at the same path: the
 * condition is judged by that one, after everything that is judged without it (RFC 9110 section 13.2.1). */
#include "test_flow_each.h"

static const struct token_claims all = { .subject = STR_INIT("s"), .scope = STR_INIT("admin:*") };
/* A kit with one more operation in a dialect. */
static void begin(const char *dialect, const char *operation)
{
    struct arena *arena = arena_new(SIZE_MAX);

    kit_free(kit);
    kit = kit_new_changed(arena_printf(arena, "%s/dialect.yaml", dialect).ptr,
                          arena_printf(arena, "s|^operations:|&\\n  added: { %s }|", operation).ptr);
    arena_free(&arena);
}

static struct heard ask(const char *as, const char *method, const char *body, const char *header)
{
    return kit_ask(kit, (struct said){ .as = as, .method = method, .body = body, .headers = { header }, .who = &all });
}

#define READ(tag)   { .call = "patient.read", .json = PATIENT("p-1"), .etag = tag }
#define GONE        { .call = "patient.read", .code = ERR_NOT_FOUND }
#define FOREIGN     { .call = "patient.read", .json = PATIENT_OF("p-1", "globex", "John"), .etag = "'v7'" }
#define ERASE       { .call = "patient.erase", .json = "{'status':'deleted','rows_affected':{}}" }
#define LATE        { .call = "patient.erase", .code = ERR_PRECONDITION }
#define DELETE      "DELETE /v1/patients/p-1"
#define GET_1       "GET /v1/patients/p-1\n"
#define DELETE_1    DELETE "\n"
#define DELETE_1_V7 DELETE " ['v7']\n"

static void what_is_deleted_is_the_version_that_was_read(void **state)
{
    static const struct {
        const char *condition;
        struct reply replies[2];
        size_t calls;
        int status;
        const char *log;
    } cases[] = {
        { "if-match: \"v7\"", { READ("'v7'"), ERASE }, 2, 200, GET_1 DELETE_1_V7 },
        { "if-match: \"v6\", \"v7\"", { READ("'v7'"), ERASE }, 2, 200, GET_1 DELETE_1_V7 },
        { "if-match: \"v6\"", { READ("'v7'") }, 1, 412, GET_1 },
        { "if-match: ", { READ("'v7'") }, 1, 412, GET_1 },
        { "if-match: v7", { READ("'v7'") }, 1, 412, GET_1 },
        { "if-match: W/\"v7\"", { READ("'v7'") }, 1, 412, GET_1 }, /* section 8.8.3.2: compared strongly */
        { "if-match: \"v7\"", { READ("") }, 1, 412, GET_1 },
        { "if-match: \"v7\"", { READ("'v7'"), LATE }, 2, 412, GET_1 DELETE_1_V7 },
        { "if-match: *", { ERASE }, 1, 200, DELETE_1 },
        { "if-match: \"v6\", *", { ERASE }, 1, 200, DELETE_1 },
        { "if-none-match: \"v6\"", { READ("'v7'"), ERASE }, 2, 200, GET_1 DELETE_1 },
        { "if-none-match: W/\"v7\"", { READ("'v7'") }, 1, 412, GET_1 },
        { "if-none-match: *", { READ("'v7'") }, 1, 412, GET_1 },
        { "if-match: \"v7\"", { GONE }, 1, 404, GET_1 },
        { "if-match: \"v7\"", { FOREIGN }, 1, 404, GET_1 },
        { "if-match: \"v7\"", { { .call = "patient.read", .code = ERR_UPSTREAM } }, 1, 502, GET_1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, cases[i].replies, cases[i].calls);
        struct heard heard = ask("patient-graph", DELETE, NULL, cases[i].condition);
        CHECK(heard.status == cases[i].status, "case %zu: %d %s", i, heard.status, heard.detail);
        CHECK_LOG(kit, cases[i].log);
    }
}

/* Whoever may not have the patient hears the same as without a condition, whatever the tag is. */
static void nobody_learns_of_others_by_a_condition(void **state)
{
    static const struct str own[] = { STR_INIT("p-2") }, groups[] = { STR_INIT("g-1") };
    static const struct token_claims bound = { .subject = STR_INIT("s"), .scope = STR_INIT("admin:*"), .patients = own,
                                               .patient_count = 1, .patients_bound = true };
    static const struct token_claims member = { .subject = STR_INIT("s"), .scope = STR_INIT("admin:*"), .groups = groups,
                                                .group_count = 1, .groups_bound = true };
    static const struct token_claims reader = { .subject = STR_INIT("s"), .scope = STR_INIT("read:patients write:patients") };
    static const struct {
        const struct token_claims *who;
        struct reply replies[3];
        size_t calls;
        int status;
    } cases[] = {
        { &bound, { ERASE }, 0, 403 },
        { &reader, { ERASE }, 0, 403 },
        { &member, { { .call = "patient.groups", .json = "{'groups':[{'id':'g-2'}],'total':1}" } }, 1, 404 },
        { &member, { { .call = "patient.groups", .code = ERR_NOT_FOUND } }, 1, 404 },
    };
    static const char *const conditions[] = { NULL, "if-match: \"v7\"", "if-match: \"v6\"", "if-none-match: \"v7\"" };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; k < COUNT(conditions); k++) {
            kit_script(kit, cases[i].replies, cases[i].calls);
            struct heard heard = kit_ask(kit, (struct said){ .as = "patient-graph", .method = DELETE, .who = cases[i].who,
                                                             .headers = { conditions[k] } });
            CHECK(heard.status == cases[i].status && kit->started == cases[i].calls, "case %zu, %zu: %d %s\n" STR_FMT, i, k,
                  heard.status, heard.detail, STR_ARG(buf_str(&kit->log)));
        }
    SCRIPT(kit, { .call = "patient.groups", .json = "{'groups':[{'id':'g-1'}],'total':1}" }, READ("'v7'"), ERASE);
    struct heard heard = kit_ask(kit, (struct said){ .as = "patient-graph", .method = DELETE, .who = &member,
                                                     .headers = { "if-match: \"v7\"" } });
    CHECK(heard.status == 200, "one's own: %d %s", heard.status, heard.detail);
}

/* The answer to an earlier DELETE was lost: what is kept goes now, as it does without a condition. */
static void what_is_gone_already_is_forgotten(void **state)
{
    (void)state;
    SCRIPT(kit, GONE);
    struct heard heard = ask("patient-graph", DELETE, NULL, "if-match: \"v7\"");
    CHECK(heard.status == 404, "%d %s", heard.status, heard.detail);
    kit_script(kit, NULL, 0);
    heard = ask("general", "GET /v1/patients/1", NULL, NULL);
    CHECK(heard.status == 404 && !kit->started, "%d %s", heard.status, heard.detail);
}

static const char *tag_of(struct heard heard, const char *name)
{
    const char *at = memmem(heard.headers.ptr, heard.headers.len, "etag: ", 6);

    CHECK(at, "no ETag: %d %s", heard.status, heard.detail);
    return arena_printf(kit->arena, "%s: %.*s", name, (int)strcspn(at + 6, "\n"), at + 6).ptr;
}

#define PUT(more) "{'resourceType':'Patient','id':'p-1','name':[{'family':'Doe','given':['John']}]" more "}"

static const char *shown_now(void)
{
    SCRIPT(kit, READ("'v7'"));
    return tag_of(ask("fhir", "GET /fhir/Patient/p-1", NULL, NULL), "if-match");
}

/* The version is a fingerprint of what is shown, kept elements included; the operation's own resource is another one. */
static void a_version_that_is_shown_counts_too(void **state)
{
    (void)state;
    begin("fhir", "request: \"DELETE /Patient/{patient}\", scopes: [admin:patients], call: patient.erase, answer: $document, "
                  "path: { patient: { type: id, kind: patient, to: patient_id } }");
    const char *first = shown_now();
    SCRIPT(kit, READ("'v7'"), { .call = "patient.update", .json = PATIENT("p-1"), .etag = "'v7'" });
    struct heard heard = ask("fhir", "PUT /fhir/Patient/p-1", PUT(",'maritalStatus':{'text':'x'}"), NULL);
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    SCRIPT(kit, READ("'v7'"));
    heard = ask("fhir", "DELETE /fhir/Patient/p-1", NULL, first);
    CHECK(heard.status == 412, "what is kept has changed: %d %s", heard.status, heard.detail);
    const char *second = shown_now();
    SCRIPT(kit, READ("'v7'"), ERASE);
    heard = ask("fhir", "DELETE /fhir/Patient/p-1", NULL, second);
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, GET_1 DELETE_1_V7);
}

#define UPDATE   { .call = "patient.update", .json = PATIENT("p-1") }
#define OVERTAKEN { .call = "patient.update", .code = ERR_PRECONDITION }
#define NEWER    { .call = "patient.read", .json = PATIENT_OF("p-1", "acme", "Jane"), .etag = "'v8'" }

/* An update without etag: of its own: compared like every other, and made again only while the condition holds. */
static void an_update_is_judged_by_it(void **state)
{
    static const struct {
        const char *condition; /* NULL: the true one */
        struct reply replies[4];
        size_t calls;
        int status;
    } cases[] = {
        { NULL, { READ("'v7'"), UPDATE }, 2, 200 },
        { "if-match: \"v7\"", { READ("'v7'") }, 1, 412 },
        { "if-match: *", { READ("'v7'"), UPDATE }, 2, 200 },
        { "if-none-match: *", { READ("'v7'") }, 1, 412 },
        { NULL, { READ("'v7'"), OVERTAKEN, READ("'v8'"), UPDATE }, 4, 200 },
        { NULL, { READ("'v7'"), OVERTAKEN, NEWER }, 3, 412 },
    };

    (void)state;
    begin("fhir", "request: \"PATCH /Patient/{id}\", scopes: [write:patients], resource: Patient, call: patient.update, stored: "
                  "patient.read, body: {}, answer: $item, path: { id: { type: id, kind: patient, to: patient_id } }");
    const char *now = shown_now();
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, cases[i].replies, cases[i].calls);
        struct heard heard = ask("fhir", "PATCH /fhir/Patient/p-1", "{'gender':'female'}",
                                 cases[i].condition ? cases[i].condition : now);
        CHECK(heard.status == cases[i].status && kit->started == cases[i].calls, "case %zu: %d %s\n" STR_FMT, i, heard.status,
              heard.detail, STR_ARG(buf_str(&kit->log)));
    }
}

/* Another path, another parameter, another entity: that is no version of what the path names. */
static void another_target_has_another_version(void **state)
{
    static const char *const operations[] = {
        "request: \"DELETE /v1/patients/{id}/all\", scopes: [admin:patients], resource: erasure, call: patient.erase, answer: "
        "$item, path: { id: { type: id, kind: patient, to: patient_id } }",
        "request: \"PUT /v1/patients/{id}\", scopes: [write:patients], resource: intake_response, call: intake.put, body: {}, "
        "answer: $item, path: { id: { type: id, kind: patient, to: patient_id } }",
    };
    static const char *const requests[] = { "DELETE /v1/patients/p-1/all", "PUT /v1/patients/p-1" };

    (void)state;
    for (size_t i = 0; i < COUNT(operations); i++) {
        begin("patient-graph", operations[i]);
        kit_script(kit, NULL, 0);
        struct heard heard =
            ask("patient-graph", requests[i], i ? "{'brand_id':'acme','responses':{}}" : NULL, "if-match: \"v7\"");
        CHECK(heard.status == 412 && !kit->started, "case %zu: %d %s", i, heard.status, heard.detail);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_deleted_is_the_version_that_was_read, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_learns_of_others_by_a_condition, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_gone_already_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(a_version_that_is_shown_counts_too, setup, teardown),
        cmocka_unit_test_setup_teardown(an_update_is_judged_by_it, setup, teardown),
        cmocka_unit_test_setup_teardown(another_target_has_another_version, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
