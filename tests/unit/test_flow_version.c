/* Versions of what is shown (`etag: shown`): the client's condition is judged on what it was shown, kept elements
 * included; the backend is asked for its own version. */
#include "test_flow_each.h"

#define STORED(more) "{'id':'p-1','brand_id':'acme','first_name':'A','last_name':'B','status':'active'" more "," TIMES "}"
#define READ(etag_, more)                                                                                    \
    {                                                                                                        \
        .call = "patient.read", .json = STORED(more), .etag = etag_                                          \
    }
#define PUT_BODY(more) "{'resourceType':'Patient','id':'p-1','name':[{'family':'B','given':['A']}]" more "}"

static const char *version_of(struct heard heard)
{
    const char *at = memmem(heard.headers.ptr, heard.headers.len, "etag: ", 6);

    CHECK(at, "no ETag: %d " STR_FMT, heard.status, STR_ARG(heard.headers));
    at += 6;
    return arena_printf(kit->arena, "%.*s", (int)strcspn(at, "\n"), at).ptr;
}

static struct heard put(const char *body, const char *condition)
{
    return kit_ask(kit, (struct said){ .as = "fhir",
                                       .method = "PUT /fhir/Patient/p-1",
                                       .body = body,
                                       .headers = { condition } });
}

static const char *now(void)
{
    SCRIPT(kit, READ("'v7'", ""));
    return version_of(kit_ask(kit, (struct said){ .as = "fhir", .method = "GET /fhir/Patient/p-1" }));
}

static const char *if_match(const char *tag)
{
    return arena_printf(kit->arena, "if-match: %s", tag).ptr;
}

static void kept_elements_are_part_of_the_version(void **state)
{
    static const struct reply replies[] = { READ("'v7'", ""),
                                            { .call = "patient.update", .json = STORED(""), .etag = "'v7'" } };
    static const struct reply reads[] = { READ("'v7'", "") };

    (void)state;
    const char *first = now();
    kit_script(kit, replies, COUNT(replies));
    struct heard heard = put(PUT_BODY(",'maritalStatus':{'text':'x'}"), if_match(first));
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients/p-1\nPATCH /v1/patients/p-1?touch=true ['v7'] {}\n"); /* the backend's own version */
    const char *second = version_of(heard);
    CHECK(strcmp(first, second) != 0 && strcmp(second, now()) == 0, "%s %s", first, second);
    /* the backend tells no change, and would let this through */
    kit_script(kit, reads, COUNT(reads));
    heard = put(PUT_BODY(""), if_match(first));
    CHECK(heard.status == 412, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients/p-1\n");
    CHECK(strcmp(second, now()) == 0, "nothing was stored");
}

/* The backend's 412 is judged again by what the client was shown. */
static void a_change_meanwhile_counts_if_it_is_shown(void **state)
{
    static const struct reply hidden[] = { READ("'v7'", ""), { .call = "patient.update", .code = ERR_PRECONDITION },
                                           READ("'v8'", ",'metadata':{'other':1}"),
                                           { .call = "patient.update", .json = STORED(""), .etag = "'v9'" } };
    static const struct reply seen[] = { READ("'v7'", ""), { .call = "patient.update", .code = ERR_PRECONDITION },
                                         READ("'v8'", ",'phone':'5'") };

    (void)state;
    const char *first = if_match(now());
    kit_script(kit, hidden, COUNT(hidden));
    struct heard heard = put(PUT_BODY(",'gender':'male'"), first);
    CHECK(heard.status == 200, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients/p-1\nPATCH /v1/patients/p-1 ['v7'] {'gender':'male'}\n"
                   "GET /v1/patients/p-1\nPATCH /v1/patients/p-1 ['v8'] {'gender':'male'}\n");
    kit_script(kit, seen, COUNT(seen));
    heard = put(PUT_BODY(",'gender':'male'"), first);
    CHECK(heard.status == 412, "%d %s", heard.status, heard.detail);
    CHECK_LOG(kit, "GET /v1/patients/p-1\nPATCH /v1/patients/p-1 ['v7'] {'gender':'male'}\nGET /v1/patients/p-1\n");
}

/* RFC 9110 section 13.1.2: with it nothing is changed that is there already. */
static void none_may_match(void **state)
{
    static const struct {
        const char *condition;
        int status;
    } cases[] = { { "if-none-match: *", 412 }, { "if-none-match: \"x\"", 200 }, { "if-match: *", 200 },
                  { "if-match: \"x\"", 412 },  { "if-match: x", 412 },          { "if-match: ,", 412 } };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        SCRIPT(kit, READ("'v7'", ""), { .call = "patient.update", .json = STORED(""), .etag = "'v7'" });
        struct heard heard = put(PUT_BODY(",'gender':'male'"), cases[i].condition);
        CHECK(heard.status == cases[i].status, "%s: %d %s", cases[i].condition, heard.status, heard.detail);
        CHECK(has(buf_str(&kit->log), "PATCH") == (heard.status == 200), "%s", cases[i].condition);
    }
}

#define MOOD "{'metric_key':'mood','value_numeric':'1','source':'api','recorded_at':'2024-01-01T00:00:00Z'}"

/* Where no version is shown none can be named: nothing is written, and nothing is made for it. */
static void where_none_is_shown_only_a_star_matches(void **state)
{
    static const struct {
        const char *as, *method, *body, *condition;
        int status;
    } cases[] = {
        { "general", "PUT /v1/patients/1", "{'patient':{'gender':'male'}}", "if-match: \"v7\"", 412 },
        { "general", "PUT /v1/patients/1", "{'patient':{'gender':'male'}}", "if-match: \"a\", *", 200 },
        { "general", "PUT /v1/patients/1", "{'patient':{'gender':'male'}}", "if-match: ", 412 },
        { "general", "PUT /v1/patients/1", "{'patient':{'date_of_birth':5}}", "if-match: \"v7\"", 422 },
        { "general", "GET /v1/patients/1", NULL, "if-match: \"v7\"", 200 },
        { "patient-graph", "POST /v1/patients/p-1/metrics", MOOD, "if-match: \"v7\"", 412 },
        { "patient-graph", "POST /v1/patients/p-1/metrics", MOOD, "if-match: *", 201 },
        { "patient-graph", "POST /v1/patients/p-1/metrics", MOOD, "if-none-match: \"v7\"", 201 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (strstr(cases[i].method, "POST"))
            SCRIPT(kit, { .call = "metric.create", .status = 201, .json = METRIC("m-1", "p-1") });
        else
            SCRIPT(kit, { .json = STORED("") });
        struct heard heard = kit_ask(kit, (struct said){ .as = cases[i].as,
                                                         .method = cases[i].method,
                                                         .body = cases[i].body,
                                                         .headers = { cases[i].condition } });
        bool written = has(buf_str(&kit->log), "PATCH") || has(buf_str(&kit->log), "POST");
        CHECK(heard.status == cases[i].status, "%zu: %d %s", i, heard.status, heard.detail);
        CHECK(written == (heard.status < 300 && !str_starts(str_from(cases[i].method), STR("GET"))), "%zu", i);
    }
}

/* A backend without versions: the condition is judged all the same. */
static void no_version_of_the_backend_is_needed(void **state)
{
    (void)state;
    const char *first = now();
    SCRIPT(kit, READ("", ""), { .call = "patient.update", .json = STORED("") });
    CHECK(put(PUT_BODY(",'gender':'male'"), if_match(first)).status == 200, "the version that is shown");
    CHECK_LOG(kit, "GET /v1/patients/p-1\nPATCH /v1/patients/p-1 {'gender':'male'}\n");
    SCRIPT(kit, READ("", ",'phone':'5'"));
    CHECK(put(PUT_BODY(",'gender':'male'"), if_match(first)).status == 412, "another version");
}

#define SHOWN(times) "{'id':'p-1','brand_id':'acme','first_name':'A','last_name':'B','status':'active'" times "}"

/* `modified:`; RFC 9110 section 8.8.2.1: no moment that is yet to come. */
static void when_it_was_changed_is_told_where_that_is_known(void **state)
{
    static const struct {
        const char *json;
        const char *want; /* NULL: no such header; "": some other one */
    } cases[] = {
        { SHOWN(",'updated_at':'2024-01-02T03:04:05.999Z'"), "last-modified: Tue, 02 Jan 2024 03:04:05 GMT\n" },
        { SHOWN(",'updated_at':'2024-01-02T05:04:05+02:00'"), "last-modified: Tue, 02 Jan 2024 03:04:05 GMT\n" },
        { SHOWN(",'updated_at':'9998-12-31T00:00:00.000Z'"), "" },
        { SHOWN(""), NULL },
        { SHOWN(",'updated_at':null"), NULL },
        { SHOWN(",'updated_at':'2024-01-02'"), NULL },
        { SHOWN(",'updated_at':''"), NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct reply read = { .call = "patient.read", .json = cases[i].json, .etag = "'v7'" };
        kit_script(kit, &read, 1);
        struct heard heard = kit_ask(kit, (struct said){ .as = "fhir", .method = "GET /fhir/Patient/p-1" });
        CHECK(heard.status == 200, "case %zu: %d %s", i, heard.status, heard.detail);
        CHECK(has(heard.headers, "last-modified: ") == (cases[i].want != NULL), "case %zu: " STR_FMT, i, STR_ARG(heard.headers));
        CHECK(!cases[i].want || has(heard.headers, cases[i].want), "case %zu: " STR_FMT, i, STR_ARG(heard.headers));
        CHECK(!has(heard.headers, " 9998 "), "case %zu: " STR_FMT, i, STR_ARG(heard.headers));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kept_elements_are_part_of_the_version, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_meanwhile_counts_if_it_is_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(none_may_match, setup, teardown),
        cmocka_unit_test_setup_teardown(when_it_was_changed_is_told_where_that_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(where_none_is_shown_only_a_star_matches, setup, teardown),
        cmocka_unit_test_setup_teardown(no_version_of_the_backend_is_needed, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
