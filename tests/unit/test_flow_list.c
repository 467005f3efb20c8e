/* Lists: pages as each dialect counts them, and everything where a dialect has no pages. */
#include "test_flow_each.h"

#define TWO   "{'patients':[" PATIENT("p-1") "," PATIENT("p-2") "],'total':57}"
#define TWINE "GET /pub/patient?filter[organization]=" T_ACME

static void pages(void **state)
{
    static const struct reply reply[] = { { .call = "patient.list", .json = TWO } };
    static const struct {
        const char *as, *method;
        const char *log;
        const char *parts[3];
    } cases[] = {
        { "general",
          "GET /v1/patients",
          "limit=25&offset=0\n",
          { "'pagination':{'current_page':1,'total_pages':3,'total_count':57,'per_page':25}" } },
        { "general",
          "GET /v1/patients?page=3&page_size=20",
          "limit=20&offset=40\n",
          { "'pagination':{'current_page':3,'total_pages':3,'total_count':57,'per_page':20}" } },
        { "general",
          "GET /v1/patients?page_size=1000",
          "limit=100&offset=0\n",
          { "'total_pages':1,", "'per_page':100" } },
        { "general",
          "GET /v1/patients?page=1000000",
          "limit=25&offset=24999975\n",
          { "'current_page':1000000," } },
        { "general",
          "GET /v1/patients?search=J%C3%B6%26",
          "search=J%C3%B6%26&limit=25&offset=0\n",
          { "'total_count':57" } },
        { "patient-graph", "GET /v1/patients?brand_id=acme", "limit=50&offset=0\n", { "'total':57}" } },
        { "patient-graph",
          "GET /v1/patients?brand_id=acme&limit=1&offset=56",
          "limit=1&offset=56\n",
          { "'total':57}" } },
        { "twine",
          TWINE,
          "limit=10&offset=0\n",
          { "'count':57",
            "'next':'/pub/patient?filter[organization]=" T_ACME "&page[number]=2&page[size]=10'",
            "'last':'/pub/patient?filter[organization]=" T_ACME "&page[number]=6&page[size]=10'" } },
        { "twine",
          TWINE "&page[number]=2&page[size]=5",
          "limit=5&offset=5\n",
          { "'prev':'/pub/patient?filter[organization]=" T_ACME "&page[number]=1&page[size]=5'",
            "'count':57" } },
        { "twine", TWINE "&page[size]=0", "limit=1&offset=0\n", { "'count':57", "'data':[]" } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, reply, 1);
        struct heard heard = kit_ask(kit, (struct said){ .as = cases[i].as, .method = cases[i].method });
        CHECK(heard.status == 200, "%s: %d %s", cases[i].method, heard.status, heard.detail);
        CHECK(has(buf_str(&kit->log), cases[i].log), "%s: %.*s", cases[i].method,
              STR_ARG(buf_str(&kit->log)));
        for (size_t k = 0; k < COUNT(cases[i].parts) && cases[i].parts[k]; k++)
            CHECK(has(heard.body, cases[i].parts[k]), "%s: %s in %.*s", cases[i].method, cases[i].parts[k],
                  STR_ARG(heard.body));
    }
}

/* A page of metrics as long as the gateway asks for, or shorter. */
static const char *metrics(size_t from, size_t count)
{
    struct buf out = buf_in(kit->arena, SIZE_MAX);

    buf_add(&out, STR("{'metrics':["));
    for (size_t i = 0; i < count; i++)
        buf_printf(
            &out,
            "%s{'id':'m-%zu','patient_id':'p-1','brand_id':'acme','metric_key':'mood','value_numeric':7,"
            "'recorded_at':'2024-01-01T00:00:00.000Z'}",
            i ? "," : "", from + i);
    buf_printf(&out, "],'total':%zu}", from + count);
    return arena_cstr(kit->arena, buf_str(&out));
}

/* A dialect that wants everything gets it, however the backend cuts it. */
static void everything_is_everything(void **state)
{
    static const size_t sizes[][3] = { { 0, 0, 0 },    { 7, 0, 0 },    { 999, 0, 0 },
                                       { 1000, 0, 0 }, { 1000, 1, 0 }, { 1000, 1000, 3 } };

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct reply replies[3];
        size_t sum = 0, pages = 0;
        do {
            replies[pages] = (struct reply){ .call = "metric.list", .json = metrics(sum, sizes[i][pages]) };
            sum += sizes[i][pages];
        } while (sizes[i][pages++] == 1000 && pages < 3);
        kit_script(kit, replies, pages);
        struct heard heard =
            kit_ask(kit, (struct said){ .as = "general", .method = "GET /v1/patients/1/gauges" });
        CHECK(heard.status == 200 && kit->started == pages, "case %zu: %d, %zu calls", i, heard.status,
              kit->started);
        CHECK(count_of(heard.body, "'gauge_type':'mood'") == sum, "case %zu", i);
        struct str part = arena_printf(
            kit->arena, "'current_page':1,'total_pages':1,'total_count':%zu,'per_page':%zu", sum, sum);
        CHECK(has(heard.body, part.ptr), "case %zu: no %s", i, part.ptr);
    }
}

/* A backend whose list never ends does not keep us for ever. */
static void nothing_is_endless(void **state)
{
    const char *page;
    struct reply replies[65];

    (void)state;
    page = metrics(0, 1000);
    for (size_t i = 0; i < COUNT(replies); i++)
        replies[i] = (struct reply){ .call = "metric.list", .json = page };
    kit_script(kit, replies, COUNT(replies));
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "general", .method = "GET /v1/patients/1/gauges" });
    CHECK(heard.status == 502 && kit->started == 64, "%d %s, %zu calls", heard.status, heard.detail,
          kit->started);
}

/* A later page may fail. */
static void half_of_everything_is_nothing(void **state)
{
    struct reply replies[2];

    (void)state;
    replies[0] = (struct reply){ .call = "metric.list", .json = metrics(0, 1000) };
    replies[1] = (struct reply){ .call = "metric.list", .code = ERR_UNAVAILABLE };
    kit_script(kit, replies, 2);
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "general", .method = "GET /v1/patients/1/gauges" });
    CHECK(heard.status == 503 && !has(heard.body, "mood"), "%d", heard.status);
}

static void filters_are_translated(void **state)
{
    static const struct reply none[] = { { .json = "{'metrics':[],'patients':[],'total':0}" } };
    static const struct {
        const char *as, *method, *log;
    } cases[] = {
        { "general", "GET /v1/patients/1/gauges?gauge_type=pain&start_date=2024-01-01&end_date=2024-01-31",
          "metric_key=pain_level&from=2024-01-01T00%3A00%3A00.000Z&to=2024-02-01T00%3A00%3A00.000Z&" },
        { "general", "GET /v1/patients/1/gauges?gauge_type=mood", "metric_key=mood&" },
        { "twine", TWINE "&filter[archived]=true", "status=inactive&" },
        { "twine", TWINE "&filter[identifier][system]=a%7Cb&filter[identifier][value]=c",
          "external_id=a%5C%7Cb%7Cc&" },
        { "twine", "GET /pub/patient?filter[group]=" T_GROUP_1, "group_id=g-1&" },
        { "twine", "GET /pub/patient?filter%5Bgroups%5D=" T_GROUP_1 "%2C" T_GROUP_2, "group_id=g-1%2Cg-2&" },
        { "twine", TWINE "&filter[created_at]=2024-01-01T00:00:00Z..2024-02-01T00:00:00Z",
          "created_from=2024-01-01T00%3A00%3A00.000Z&created_to=2024-02-01T00%3A00%3A00.000Z&" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, none, 1);
        struct heard heard = kit_ask(kit, (struct said){ .as = cases[i].as, .method = cases[i].method });
        CHECK(heard.status == 200, "%s: %d %.*s", cases[i].method, heard.status, STR_ARG(heard.body));
        CHECK(has(buf_str(&kit->log), cases[i].log), "%s: %.*s", cases[i].method,
              STR_ARG(buf_str(&kit->log)));
    }
}

/* Digits, text and order survive as they were sent. */
static void values_are_not_touched(void **state)
{
    (void)state;
    SCRIPT(
        kit,
        { .json =
              "{'id':'p-1','brand_id':'acme','first_name':'\\u0041\\n\\ud83d\\ude00','last_name':'\xc3\xa9',"
              "'external_ids':{},'status':'active','metadata':{'a':[0.10,1e400,-0,9007199254740993]}}" });
    struct heard heard =
        kit_ask(kit, (struct said){ .as = "patient-graph", .method = "GET /v1/patients/p-1" });
    CHECK(heard.status == 200 && has(heard.body, "{'a':[0.10,1e400,-0,9007199254740993]}"), "%.*s",
          STR_ARG(heard.body));
    CHECK(has(heard.body, "'last_name':'\xc3\xa9'") && has(heard.body, "\\n"), "%.*s", STR_ARG(heard.body));
}

/* What may be said twice may be said by either name. */
static void a_parameter_repeats_under_both_names(void **state)
{
    static const struct reply read[] = { { .json = TWO } };
    struct kit *other =
        kit_new_changed("fhir/dialect.yaml", "s/birthdate:  { type: days,/birthdate:  { type: days, alias: born,/");

    (void)state;
    kit_script(other, read, 1);
    struct heard heard =
        kit_ask(other, (struct said){ .as = "fhir", .method = "GET /Patient?birthdate=ge2010-01-01&born=le2011-01-01" });
    CHECK(heard.status == 200 && has(buf_str(&other->log), "birth_from=2010-01-01") &&
              has(buf_str(&other->log), "birth_to=2011-01-0"),
          "%d %.*s", heard.status, STR_ARG(buf_str(&other->log)));
    kit_free(other);
}

static void the_media_type_is_the_clients_choice(void **state)
{
    static const struct reply read[] = { { .json = PATIENT("p-1") } };
    static const struct {
        const char *accept, *also, *type;
    } cases[] = {
        { NULL, NULL, "content-type: application/json\n" },
        { "accept: */*", NULL, "content-type: application/vnd.api+json\n" },
        { "accept: application/json", NULL, "content-type: application/json\n" },
        { "accept: application/vnd.api+json", NULL, "content-type: application/vnd.api+json\n" },
        { "accept: text/html", "accept: application/vnd.api+json", "content-type: application/vnd.api+json\n" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(kit, read, 1);
        struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                         .method = "GET /pub/patient/" T_PATIENT_1,
                                                         .headers = { cases[i].accept, cases[i].also } });
        CHECK(heard.status == 200 && has(heard.headers, cases[i].type), "%s: %.*s", cases[i].accept,
              STR_ARG(heard.headers));
    }
}

/* A dialect that pages by offset may say which one an answer has. */
static void the_offset_is_told(void **state)
{
    static const struct reply reply[] = { { .call = "patient.list", .json = TWO } };
    static const struct {
        const char *method, *part;
    } cases[] = {
        { "GET /v1/patients?brand_id=acme", "'start':0}" },
        { "GET /v1/patients?brand_id=acme&limit=1&offset=56", "'start':56}" },
    };
    struct kit *changed =
        kit_new_changed("patient-graph/dialect.yaml", "s/{ patients: $items, total: $total }/{ patients: $items, start: $offset }/");

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        kit_script(changed, reply, 1);
        struct heard heard = kit_ask(changed, (struct said){ .as = "patient-graph", .method = cases[i].method });
        CHECK(heard.status == 200 && has(heard.body, cases[i].part), "%s: %.*s", cases[i].method, STR_ARG(heard.body));
    }
    kit_free(changed);
}

/* Two parameters that become one value may stand in the path, too. */
static void halves_of_a_pair_in_the_path(void **state)
{
    static const struct reply reply[] = { { .call = "patient.list", .json = TWO } };
    struct kit *changed = kit_new_changed(
        "patient-graph/dialect.yaml",
        "s/^operations:/&\\n  find: { request: \"GET \\/v1\\/patients\\/by\\/{system}\\/{value}\", scopes: [read:patients], "
        "resource: patient, path: { system: { type: string, to: external_id, part: 1 }, value: { type: string, to: external_id, part: "
        "2 } }, call: patient.list, paging: none, answer: { patients: $items } }/");

    (void)state;
    kit_script(changed, reply, 1);
    struct heard heard = kit_ask(changed, (struct said){ .as = "patient-graph", .method = "GET /v1/patients/by/ehr/7%7C1" });
    struct str log = buf_str(&changed->log);
    CHECK(heard.status == 200 && strstr(log.ptr, "external_id=ehr%7C7%5C%7C1"), "%d %.*s\n%.*s", heard.status, STR_ARG(heard.body),
          STR_ARG(log));
    kit_free(changed);
}

/* Where the shape of an error has no place for a parameter's name the message has it: a client must learn which one is
 * wrong. */
static void a_wrong_parameter_is_named(void **state)
{
    struct kit *changed = kit_new_changed("twine/dialect.yaml", "s/, parameter: $parameter//");

    (void)state;
    kit_script(changed, NULL, 0);
    struct heard heard = kit_ask(changed, (struct said){ .as = "twine", .method = TWINE "&page[number]=x" });
    CHECK(heard.status == 409 && has(heard.body, "'detail':'page[number] must be a valid page number'"), "%.*s",
          STR_ARG(heard.body));
    kit_free(changed);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages, setup, teardown),
        cmocka_unit_test_setup_teardown(everything_is_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_endless, setup, teardown),
        cmocka_unit_test_setup_teardown(half_of_everything_is_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(filters_are_translated, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_not_touched, setup, teardown),
        cmocka_unit_test_setup_teardown(a_parameter_repeats_under_both_names, setup, teardown),
        cmocka_unit_test(the_offset_is_told),
        cmocka_unit_test(halves_of_a_pair_in_the_path),
        cmocka_unit_test(a_wrong_parameter_is_named),
        cmocka_unit_test_setup_teardown(the_media_type_is_the_clients_choice, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
