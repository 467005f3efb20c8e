/* Requests that may have less memory than they need: with any amount of it there is an answer, the whole one
 * or a refusal. */
#include "test_flow_kit.h"

#include "flow/exchange.h"

static const struct str patients[] = { STR_INIT("p-1"), STR_INIT("p-2") },
                        groups[] = { STR_INIT("g-1"), STR_INIT("g-2") };
static const struct token_claims all = { .subject = STR_INIT("s"), .scope = STR_INIT("admin:*") },
                                 of_patients = { .subject = STR_INIT("s"),
                                                 .scope = STR_INIT("admin:*"),
                                                 .patients = patients,
                                                 .patient_count = 2,
                                                 .patients_bound = true },
                                 of_groups = { .subject = STR_INIT("s"),
                                               .scope = STR_INIT("admin:*"),
                                               .groups = groups,
                                               .group_count = 2,
                                               .groups_bound = true };

#define MANY 30

static const struct scenario {
    const char *as, *method, *body,
        *one; /* `one`: of the backend's list of MANY, %d its number, between `begin` and `end` */
    const char *begin, *end;
    const struct token_claims *who; /* NULL: all */
} scenarios[] = {
    { .as = "general", .method = "GET /v1/patients/1", .begin = PATIENT("p-1") },
    { .as = "general",
      .method = "GET /v1/patients",
      .begin = "{'patients':[",
      .one = PATIENT("n-%d"),
      .end = "],'total':30}" },
    { .as = "general",
      .method = "GET /v1/patients/1/gauges",
      .begin = "{'metrics':[",
      .one = METRIC("m-%d", "p-1"),
      .end = "],'total':30}" },
    { .as = "twine",
      .method = "GET /pub/patient?filter[organization]=" T_ACME,
      .begin = "{'patients':[",
      .one = PATIENT("n-%d"),
      .end = "],'total':30}" },
    { .as = "twine",
      .method = "GET /pub/health_profile?filter[organization]=" T_ACME "&include=patient",
      .begin = "{'health_profiles':[",
      .one = "{'id':'h-%d','brand_id':'acme','patient_id':'p-1','stats':[]}",
      .end = "],'patients':[],'total':30}" },
    { .as = "patient-graph",
      .method = "GET /v1/patients/p-1/metrics/mood",
      .begin = "{'patient_id':'p-1','metric_key':'mood','data':[",
      .one = METRIC("m-%d", "p-1"),
      .end = "],'count':30}" },
    { .as = "general",
      .method = "POST /v1/patients",
      .begin = PATIENT("p-1"),
      .body = "{'patient':{'first_name':'a','last_name':'b','date_of_birth':'2010-05-15','email':'no "
              "address','n':[1,{'x':2}]}}" },
    { .as = "general",
      .method = "PUT /v1/patients/1",
      .begin = PATIENT("p-1"),
      .body = "{'patient':{'first_name':'J','n':[1]}}" },
    { .as = "general",
      .method = "POST /v1/patients",
      .begin = PATIENT("p-1"),
      .body = "{'patient':{'first_name':7,'last_name':[]}}" },
    { .as = "twine",
      .method = "PATCH /pub/patient/" T_PATIENT_1,
      .begin = PATIENT("p-1"),
      .body = "{'data':{'type':'patient','attributes':{'first_name':'J'},'relationships':{'groups':{'data':[{"
              "'type':'group','id':'" T_GROUP_1 "'}]}}}}" },
    { .as = "twine",
      .method = "POST /pub/patient_health_metric",
      .begin = METRIC("m-1", "p-1"),
      .body = "{'data':[{'type':'patient_health_metric','attributes':{'type':'weight','value':'7'},'"
              "relationships':{'patient':{'data':{"
              "'type':'patient','id':'" T_PATIENT_1
              "'}}}},{'type':'patient_health_metric','attributes':{'type':'weight','value':'8'},"
              "'relationships':{'patient':{'data':{'type':'patient','id':'" T_PATIENT_1 "'}}}}]}" },
    { .as = "general",
      .method = "GET /v1/patients",
      .begin = "{'patients':[",
      .one = PATIENT("p-1"),
      .end = "],'total':1}",
      .who = &of_patients },
    { .as = "twine",
      .method = "GET /pub/patient?filter[organization]=" T_ACME,
      .begin = "{'patients':[",
      .one = "{'id':'n-%d','brand_id':'acme','first_name':'a','last_name':'b','groups':[{'id':'g-1','brand_"
             "id':'acme'}]," PATIENT_REST "}",
      .end = "],'total':30}",
      .who = &of_groups },
    { .as = "twine",
      .method = "PATCH /pub/patient/" T_PATIENT_1,
      .begin = PATIENT("p-1"),
      .who = &of_patients,
      .body = "{'data':{'type':'patient','attributes':{'first_name':'J'}}}" },
    { .as = "fhir",
      .method = "GET /fhir/Patient",
      .begin = "{'patients':[",
      .one = PATIENT("n-%d"),
      .end = "],'total':30}" },
};

static const struct scenario *now;

static const struct reply *compose(struct kit *kit, const struct upstream_request *request)
{
    struct reply *reply = ARENA_NEW(kit->arena, struct reply);
    struct buf json = buf_in(kit->arena, 1 << 20);

    reply->status = str_is(request->call->method, "POST") ? 201 : 200;
    buf_add(&json, str_from(now->begin));
    for (int i = 0; now->one && i < MANY; i++) {
        const char *number = strstr(now->one, "%d");
        if (number)
            buf_printf(&json, "%s%.*s%d%s", i ? "," : "", (int)(number - now->one), now->one, i, number + 2);
        else if (!i)
            buf_printf(&json, "%s", now->one);
    }
    buf_add(&json, str_from(now->end ? now->end : ""));
    reply->json = arena_cstr(kit->arena, buf_str(&json));
    return reply;
}

static struct heard ask(struct kit *kit, size_t memory)
{
    flow_free(&kit->flow); /* arenas that it keeps are of another size */
    kit->flow = flow_new(kit->gateway, kit->loop, &kit->fake.upstream);
    if (memory)
        kit->flow->memory = memory;
    kit_script(kit, NULL, 0);
    return kit_ask(kit, (struct said){ .as = now->as,
                                       .method = now->method,
                                       .body = now->body,
                                       .who = now->who ? now->who : &all });
}

static void check_json(struct kit *kit, struct str body)
{
    struct tape_fault fault;
    struct tape tape;

    bool good = tape_read(&tape, kit->arena, kit_json(kit, arena_cstr(kit->arena, body)),
                          &tape_default_limits, &fault);
    CHECK(good, "%s: %s: " STR_FMT, now->method, fault.what, STR_ARG(body));
}

/* From a kilobyte to more than it needs. */
static void walk(struct kit *kit)
{
    struct heard whole = ask(kit, 0), again = ask(kit, 0);
    unsigned refused = 0, done = 0;

    CHECK(whole.status < 500 && whole.status == again.status, "%s: %d %s", now->method, whole.status,
          whole.detail);
    for (size_t memory = 1024; memory < 4u << 20; memory += memory / 10) {
        struct heard heard = ask(kit, memory);
        if (heard.status == again.status && str_eq(heard.body, again.body)) {
            done++;
            continue;
        }
        refused++;
        CHECK(heard.status == 413 || heard.status == 502 || heard.status == 503,
              "%s with %zu bytes: %d %s " STR_FMT, now->method, memory, heard.status, heard.detail,
              STR_ARG(heard.body));
        check_json(kit, heard.body);
    }
    CHECK(refused && done, "%s: %u refused, %u done", now->method, refused, done);
}

static void any_amount_of_memory_is_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scenarios); i++) {
        struct kit *kit = kit_new(NULL);
        kit->compose = compose;
        now = &scenarios[i];
        walk(kit);
        kit_free(kit);
    }
}

static const struct reply *go_without(struct kit *kit, const struct upstream_request *request)
{
    static const struct reply stored = { .status = 201, .json = METRIC("m-1", "p-1") };

    if (kit->started == 4)
        arena_go_without(request->arena); /* as when a body did not fit */
    return &stored;
}

/* What is made without something is not sent. */
static void nothing_goes_out_once_something_is_missing(void **state)
{
    struct kit *kit = kit_new(NULL);
    struct buf body = buf_in(kit->arena, 1 << 16);

    (void)state;
    buf_add(&body, STR("{'data':["));
    for (int i = 0; i < MANY; i++)
        buf_printf(&body,
                   "%s{'type':'patient_health_metric','attributes':{'type':'weight','value':'7'},'"
                   "relationships':{'patient':{"
                   "'data':{'type':'patient','id':'" T_PATIENT_1 "'}}}}",
                   i ? "," : "");
    buf_add(&body, STR("]}"));
    kit->compose = go_without;
    kit_script(kit, NULL, 0);
    struct heard heard = kit_ask(kit, (struct said){ .as = "twine",
                                                     .method = "POST /pub/patient_health_metric",
                                                     .body = arena_cstr(kit->arena, buf_str(&body)) });
    CHECK(count_of(buf_str(&kit->log), "POST /v1/") == 5, STR_FMT, STR_ARG(buf_str(&kit->log)));
    CHECK(heard.status == 413, "%d " STR_FMT, heard.status, STR_ARG(heard.body));
    kit_free(kit);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(any_amount_of_memory_is_answered),
                                               cmocka_unit_test(nothing_goes_out_once_something_is_missing) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
