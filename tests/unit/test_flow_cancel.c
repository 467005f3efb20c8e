/* The client leaves, or time runs out, wherever the exchange may be waiting; and whatever happened, nothing
 * is left behind and the next request is answered. The stages are those of flow.c, so this test looks inside.
 */
#include "test_flow_kit.h"

#include "flow/stages.h"

static const struct token_claims everything = { .subject = STR_INIT("s"),
                                                .scope = STR_INIT("admin:*"),
                                                .brand = STR_INIT("acme") };

#define BULK_ONE(to) "{'type':'patient_health_metric','attributes':{'type':'weight','value':'7'}," to "}"
#define BY                                                                                                   \
    "'relationships':{'patient':{'data':{'type':'patient','meta':{'query':{'identifier':{'system':'a','"     \
    "value':'b'}}}}}}"
#define TO        "'relationships':{'patient':{'data':{'type':'patient','id':'" T_PATIENT_1 "'}}}"
#define NEW_GROUP "{'type':'group','meta':{'query':{'organization':'" T_ACME "','name':'Lead'}}}"
#define OLD_GROUP "{'type':'group','id':'" T_GROUP_1 "'}"

static const struct reply read[] = { { .call = "patient.read", .json = PATIENT("p-1") } };
static const struct reply list[] = { { .json = "{'patients':[" PATIENT("p-1") "," PATIENT(
                                           "p-3") "],'total':2}" } };
static const struct reply create[] = { { .call = "patient.create", .json = PATIENT("p-4") } };
static const struct reply membership[] = {
    { .call = "group.create", .json = "{'id':'g-5','brand_id':'acme','name':'Lead'}" },
    { .call = "patient.create", .json = PATIENT("p-5") },
    { .call = "patient.set_groups", .json = "{'groups':[]}" },
    { .call = "patient.read", .json = PATIENT("p-5") },
};
static const struct reply undone[] = {
    { .call = "group.create", .json = "{'id':'g-5','brand_id':'acme','name':'Lead'}" },
    { .call = "patient.create", .json = PATIENT("p-5") },
    { .call = "patient.set_groups", .code = ERR_UPSTREAM },
    { .call = "patient.erase", .json = "{'status':'ok'}" },
};
static const struct reply update[] = {
    { .call = "patient.read", .json = PATIENT("p-1"), .etag = "'v1'" },
    { .call = "group.create", .json = "{'id':'g-5','brand_id':'acme','name':'Lead'}" },
    { .call = "patient.update", .code = ERR_PRECONDITION },
    { .call = "patient.read", .json = PATIENT("p-1"), .etag = "'v2'" },
    { .call = "patient.update", .json = PATIENT("p-1"), .etag = "'v3'" },
    { .call = "patient.set_groups", .json = "{'groups':[]}" },
    { .call = "patient.read", .json = PATIENT("p-1") },
};
static const struct reply bulk[] = {
    { .json = "{'patients':[" PATIENT("p-1") "],'total':1}" },
    { .call = "metric.create", .json = METRIC("m-1", "p-1") },
    { .call = "metric.create", .json = METRIC("m-2", "p-1") },
    { .call = "metric.create", .json = METRIC("m-3", "p-1") },
};
static const struct reply erased[] = { { .call = "patient.erase",
                                         .json = "{'status':'erased','rows_affected':{}}" } };

static const struct {
    struct said said;
    const struct reply *replies;
    size_t count;
    int status;
} scenes[] = {
    { { .as = "general", .method = "GET /v1/patients/1", .who = &everything }, read, COUNT(read), 200 },
    { { .as = "general", .method = "GET /v1/patients/777", .who = &everything }, NULL, 0, 404 },
    { { .as = "general", .method = "GET /v1/patients/1", .token = "opaque-token-of-nobody" }, NULL, 0, 401 },
    { { .as = "twine", .method = "GET /pub/patient?filter[organization]=" T_ACME, .who = &everything },
      list,
      COUNT(list),
      200 },
    { { .as = "general",
        .method = "POST /v1/patients",
        .body = "{'patient':{'first_name':'a','last_name':'b','date_of_birth':'2010-05-15','kept':[1]}}",
        .who = &everything },
      create,
      COUNT(create),
      201 },
    { { .as = "twine",
        .method = "POST /pub/patient",
        .body = "{'data':{'type':'patient','attributes':{'first_name':'a','last_name':'b','note':'n'},'"
                "relationships':"
                "{'groups':{'data':[" OLD_GROUP "," NEW_GROUP "]}}}}",
        .who = &everything },
      membership,
      COUNT(membership),
      201 },
    { { .as = "twine",
        .method = "POST /pub/patient",
        .body = "{'data':{'type':'patient','attributes':{'first_name':'a','last_name':'b'},'relationships':"
                "{'groups':{'data':[" NEW_GROUP "]}}}}",
        .who = &everything },
      undone,
      COUNT(undone),
      502 },
    { { .as = "twine",
        .method = "PATCH /pub/patient/" T_PATIENT_1,
        .body =
            "{'data':{'type':'patient','attributes':{'gender':'female','note':'n'},'relationships':{'groups':"
            "{'data':[" OLD_GROUP "," NEW_GROUP "]}}}}",
        .who = &everything },
      update,
      COUNT(update),
      200 },
    { { .as = "twine",
        .method = "POST /pub/patient_health_metric",
        .body = "{'data':[" BULK_ONE(BY) "," BULK_ONE(TO) "," BULK_ONE(TO) "]}",
        .who = &everything },
      bulk,
      COUNT(bulk),
      200 },
    { { .as = "patient-graph", .method = "DELETE /v1/patients/p-3", .who = &everything },
      erased,
      COUNT(erased),
      200 },
};

static const struct http_head *lent(struct kit *kit, size_t scene)
{
    return kit_lend(kit, kit_head(kit, &scenes[scene].said));
}

/* Watches an exchange turn by turn, and cancels it when it waits at or past a stage. */
struct watch {
    struct kit *kit;
    struct exchange *exchange; /* NULL: gone */
    struct heard heard;
    struct post post;
    size_t stage;
    bool cancelled;
};

static void on_answer(const struct flow_answer *answer, void *data)
{
    struct watch *watch = data;

    watch->exchange = NULL;
    kit_heard(answer, &watch->heard);
}

static void look(struct post *post)
{
    struct watch *watch = (struct watch *)(void *)((char *)post - offsetof(struct watch, post));

    if (watch->heard.called)
        return;
    if (watch->exchange->at < watch->stage) {
        loop_post(watch->kit->loop, post);
        return;
    }
    flow_cancel(watch->exchange);
    kit_forget(watch->kit);
    watch->exchange = NULL;
    watch->cancelled = true;
    loop_stop(watch->kit->loop);
}

/* What has begun to write goes on without its client: waits until it has ended. */
struct settling {
    struct kit *kit;
    struct post post;
};

static void settle_more(struct post *post)
{
    struct settling *settling = (struct settling *)(void *)((char *)post - offsetof(struct settling, post));

    if (settling->kit->flow->first)
        loop_post(settling->kit->loop, post);
    else
        loop_stop(settling->kit->loop);
}

static void settle(struct kit *kit)
{
    struct settling settling = { .kit = kit, .post = { .run = settle_more } };

    loop_post(kit->loop, &settling.post);
    loop_run(kit->loop);
}

/* True when it was cancelled at that stage, false when it ended before. */
static bool leave_at(struct kit *kit, size_t scene, size_t stage)
{
    struct watch watch = { .kit = kit, .heard = { .kit = kit }, .post = { .run = look }, .stage = stage };

    kit_script(kit, scenes[scene].replies, scenes[scene].count);
    watch.exchange = flow_start(kit->flow, lent(kit, scene), ERR_NONE, NULL, on_answer, &watch);
    if (watch.heard.called)
        return false;
    look(&watch.post); /* before the store can have answered */
    loop_run(kit->loop);
    CHECK(watch.cancelled != watch.heard.called, "scene %zu, stage %zu: both or neither", scene, stage);
    CHECK(watch.cancelled || watch.heard.status == scenes[scene].status, "scene %zu: %d %s", scene,
          watch.heard.status, watch.heard.detail);
    settle(kit);
    CHECK(kit->started == kit->freed, "scene %zu, stage %zu: %zu calls started, %zu freed", scene, stage,
          kit->started, kit->freed);
    return watch.cancelled;
}

/* A request that needs the backend and the store; what still came for the one that is gone came before its
 * end. */
static void still_serves(struct kit *kit)
{
    SCRIPT(kit, { .call = "patient.create", .json = PATIENT("p-6") });
    struct heard heard = kit_ask(kit, scenes[4].said);
    CHECK(heard.status == 201, "%d %s", heard.status, heard.detail);
}

static void a_client_may_leave_anywhere(void **state)
{
    (void)state;
    for (size_t scene = 0; scene < COUNT(scenes); scene++) {
        struct kit *kit = kit_new(NULL);
        size_t stage = 0, cancelled = 0;
        while (stage < 64 && leave_at(kit, scene, stage)) {
            cancelled++;
            stage++;
            still_serves(kit);
        }
        CHECK(stage < 64 && cancelled > 0, "scene %zu: cancelled %zu times", scene, cancelled);
        still_serves(kit);
        kit_free(kit);
    }
}

/* The gateway stops while requests are under way. */
static void the_flow_may_end_anywhere(void **state)
{
    (void)state;
    for (size_t scene = 0; scene < COUNT(scenes); scene++) {
        struct kit *kit = kit_new(NULL);
        struct heard heard = { .kit = kit };
        kit_script(kit, scenes[scene].replies, scenes[scene].count);
        (void)flow_start(kit->flow, lent(kit, scene), ERR_NONE, NULL, kit_heard, &heard);
        (void)flow_start(kit->flow, lent(kit, 0), ERR_NONE, NULL, kit_heard, &heard);
        kit_free(kit);
    }
}

/* Any of the calls may never be answered: the client is, in time. */
static void time_runs_out(void **state)
{
    (void)state;
    for (size_t scene = 0; scene < COUNT(scenes); scene++) {
        for (size_t silent = 0; silent < scenes[scene].count; silent++) {
            struct kit *kit = kit_new("limits.exchange_ms=100");
            struct reply replies[16];
            memcpy(replies, scenes[scene].replies, scenes[scene].count * sizeof *replies);
            replies[silent] = (struct reply){ .never = true };
            kit_script(kit, replies, scenes[scene].count);
            struct heard heard = { .kit = kit };
            (void)flow_start(kit->flow, lent(kit, scene), ERR_NONE, NULL, kit_heard, &heard);
            loop_run(kit->loop);
            CHECK(heard.status == 504 && heard.code == ERR_UPSTREAM_TIMEOUT, "scene %zu, call %zu: %d %s",
                  scene, silent, heard.status, heard.detail);
            kit_free(kit);
        }
    }
}

/* Any of the calls may fail; what a client is told is an error of the backend's, and nothing is left over. */
static void any_call_may_fail(void **state)
{
    static const enum err_code codes[] = { ERR_UPSTREAM, ERR_UNAVAILABLE, ERR_INTERNAL, ERR_TOO_LARGE,
                                           ERR_CONFLICT };
    struct kit *kit = kit_new(NULL);

    (void)state;
    for (size_t scene = 0; scene < COUNT(scenes); scene++) {
        for (size_t failing = 0; failing < scenes[scene].count; failing++) {
            for (size_t code = 0; code < COUNT(codes); code++) {
                struct reply replies[16];
                memcpy(replies, scenes[scene].replies, scenes[scene].count * sizeof *replies);
                for (size_t i = failing; i < scenes[scene].count; i++)
                    replies[i].call = NULL; /* what follows may be another call */
                replies[failing] = (struct reply){ .code = codes[code] };
                kit_script(kit, replies, scenes[scene].count);
                struct heard heard = kit_ask(kit, scenes[scene].said);
                CHECK(heard.status >= 400 && !has(heard.body, "scripted"), "scene %zu, call %zu: %d", scene,
                      failing, heard.status);
            }
        }
    }
    kit_free(kit);
}

/* Requests that follow each other use one and the same arena, and leave it as it was. */
static void arenas_are_reused(void **state)
{
    struct kit *kit = kit_new(NULL);
    struct arena *arena = NULL;

    (void)state;
    for (size_t turn = 0; turn < 50; turn++) {
        size_t scene = turn % COUNT(scenes);
        kit_script(kit, scenes[scene].replies, scenes[scene].count);
        struct heard heard = kit_ask(kit, scenes[scene].said);
        CHECK(heard.status == scenes[scene].status, "scene %zu: %d %s", scene, heard.status, heard.detail);
        CHECK(kit->flow->spare_count == 1 && !kit->flow->first, "%zu arenas", kit->flow->spare_count);
        CHECK(!arena || arena == kit->flow->spare[0], "another arena");
        arena = kit->flow->spare[0];
        CHECK(arena_used(arena) == 0, "%zu bytes in use", arena_used(arena));
    }
    kit_free(kit);
}

/* The rest that the store holds; empty: none. Waits for it. */
static struct str rest_of(struct kit *kit, const char *dialect, const char *id)
{
    struct rest_read rest = { .key = { .dialect = str_from(dialect),
                                       .kind = STR("patient"),
                                       .brand = STR("acme"),
                                       .canonical_id = str_from(id) } };
    struct store_batch batch = { .arena = kit->arena, .reads = &rest, .read_count = 1 };

    (void)store_batch(kit->store, NULL, &batch);
    return rest.json;
}

static void nobody_waits(const struct flow_answer *answer, void *data)
{
    (void)answer;
    (void)data;
    fail_msg("an answer for a client that left");
}

/* Sends the request and leaves as soon as the backend may have been changed. */
static void ask_and_leave(struct kit *kit, const struct said *said, const struct reply *reply)
{
    kit_script(kit, reply, 1);
    struct exchange *exchange =
        flow_start(kit->flow, kit_head(kit, said), ERR_NONE, NULL, nobody_waits, NULL);
    assert_non_null(exchange);
    assert_true(exchange->writing);
    flow_cancel(exchange);
    settle(kit);
    CHECK(kit->started == 1 && kit->freed == 1, "%zu calls", kit->started);
}

/* What was written for a client that left is whole: what its dialect keeps is kept, what it erased is erased.
 */
static void a_write_ends_without_its_client(void **state)
{
    static const struct said erase = { .as = "patient-graph",
                                       .method = "DELETE /v1/patients/p-4",
                                       .who = &everything };
    struct kit *kit = kit_new(NULL);

    (void)state;
    ask_and_leave(kit, &scenes[4].said, create);
    CHECK(str_is(rest_of(kit, "general", "p-4"), "{\"kept\":[1]}"), "%.*s",
          STR_ARG(rest_of(kit, "general", "p-4")));
    ask_and_leave(kit, &erase, erased);
    CHECK(!rest_of(kit, "general", "p-4").len, "%.*s", STR_ARG(rest_of(kit, "general", "p-4")));
    kit_free(kit);
}

/* A client that sends and leaves has no more of the gateway's memory than one that waits; who waits is told. */
static void what_was_left_behind_is_bounded(void **state)
{
    struct kit *kit = kit_new("limits.buffered_mb=1");
    struct buf body = buf_in(kit->arena, 1 << 20);
    struct said said = { .as = "general", .method = "POST /v1/patients", .who = &everything };
    struct exchange *left[2];

    (void)state;
    buf_printf(&body, "{'patient':{'first_name':'A','last_name':'B','date_of_birth':'2010-05-15','kept':'%0600000d'}}", 0);
    said.body = arena_cstr(kit->arena, buf_str(&body));
    kit_script(kit, (const struct reply[]){ { .never = true }, { .never = true } }, 2);
    for (size_t i = 0; i < COUNT(left); i++) {
        left[i] = flow_start(kit->flow, kit_head(kit, &said), ERR_NONE, NULL, nobody_waits, NULL);
        assert_non_null(left[i]);
        assert_true(left[i]->writing);
        flow_cancel(left[i]);
    }
    struct heard heard = { .kit = kit };
    struct exchange *refused = flow_start(kit->flow, kit_head(kit, &said), ERR_NONE, NULL, kit_heard, &heard);
    CHECK(!refused && heard.status == 503 && kit->started == 2, "%d %s", heard.status, heard.detail);
    exchange_on_deadline(&left[0]->deadline); /* tells nobody, and counts nothing again */
    exchange_release(left[0]);                /* it has ended */
    SCRIPT(kit, { .call = "patient.create", .json = PATIENT("p-6") });
    loop_run(kit->loop); /* takes the stop of the answer before */
    heard = kit_ask(kit, scenes[4].said);
    CHECK(heard.status == 201, "%d %s", heard.status, heard.detail);
    exchange_release(left[1]);
    CHECK(!kit->flow->left_bytes, "%zu bytes", kit->flow->left_bytes);
    kit->started = kit->freed = 0; /* these two were started before the last script */
    kit_free(kit);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_may_leave_anywhere),
        cmocka_unit_test(the_flow_may_end_anywhere),
        cmocka_unit_test(a_write_ends_without_its_client),
        cmocka_unit_test(what_was_left_behind_is_bounded),
        cmocka_unit_test(time_runs_out),
        cmocka_unit_test(any_call_may_fail),
        cmocka_unit_test(arenas_are_reused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
