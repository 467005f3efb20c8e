/* The real backend calls against a scripted server: what a status means, what garbage is refused, what a call
 * carries. */
#include "check.h"

#include "conf/conf.h"
#include "test_net_server.h"
#include "upstream/upstream.h"

#define HEAD(status)    "HTTP/1.1 " status "\r\ncontent-type: application/json\r\n"
#define BODY(len, text) "content-length: " len "\r\n\r\n" text
#define ERROR(status)   HEAD(status) BODY("14", "{\"error\":\"no\"}")
#define TYPED(type)     "HTTP/1.1 200 OK\r\ncontent-type: " type "\r\n" BODY("2", "{}")

static const struct {
    const char *name, *reply;
    enum after after;
    bool trickle;
    enum err_code code; /* ERR_NONE: an answer */
    int status;
    const char *document; /* NULL: none */
    const char *etag;
    unsigned after_s;
} cases[] = {
    { .name = "200",
      .reply = HEAD("200 OK") "etag: \"v1\"\r\n" BODY("7", "{\"a\":1}"),
      .status = 200,
      .document = "{\"a\":1}",
      .etag = "\"v1\"" },
    { .name = "weak etag",
      .reply = HEAD("200 OK") "ETag: W/\"v1\"\r\n" BODY("2", "{}"),
      .status = 200,
      .document = "{}",
      .etag = "W/\"v1\"" },
    { .name = "201", .reply = HEAD("201 Created") BODY("2", "[]"), .status = 201, .document = "[]" },
    { .name = "204", .reply = "HTTP/1.1 204 No Content\r\n\r\n", .status = 204 },
    { .name = "200 empty", .reply = HEAD("200 OK") BODY("0", ""), .status = 200 },
    { .name = "200 empty, no type", .reply = "HTTP/1.1 200 OK\r\n" BODY("0", ""), .status = 200 },
    { .name = "type with charset",
      .reply = TYPED("application/json; charset=utf-8"),
      .status = 200,
      .document = "{}" },
    { .name = "type in capitals", .reply = TYPED("Application/JSON"), .status = 200, .document = "{}" },
    { .name = "suffix type", .reply = TYPED("application/problem+json"), .status = 200, .document = "{}" },
    { .name = "digits",
      .reply = HEAD("200 OK") BODY("25", "{\"n\":9007199254740993.10}"),
      .status = 200,
      .document = "{\"n\":9007199254740993.10}" },
    { .name = "trickle",
      .reply = HEAD("200 OK") BODY("7", "{\"a\":1}"),
      .trickle = true,
      .status = 200,
      .document = "{\"a\":1}" },
    /* refusals, told apart */
    { .name = "400", .reply = ERROR("400 Bad Request"), .code = ERR_INVALID },
    { .name = "401", .reply = ERROR("401 Unauthorized"), .code = ERR_UPSTREAM },
    { .name = "402", .reply = ERROR("402 Payment Required"), .code = ERR_UPSTREAM },
    { .name = "403", .reply = ERROR("403 Forbidden"), .code = ERR_FORBIDDEN },
#define LATER(status, after) "HTTP/1.1 " status "\r\nretry-after: " after "\r\n" BODY("0", "")
    { .name = "429, later", .reply = LATER("429 Too Many Requests", "37"), .code = ERR_TOO_MANY, .after_s = 37 },
    { .name = "503, later", .reply = LATER("503 Service Unavailable", "120"), .code = ERR_UNAVAILABLE, .after_s = 120 },
    { .name = "503, years", .reply = LATER("503 Service Unavailable", "99999999999"), .code = ERR_UNAVAILABLE, .after_s = 86400 },
    { .name = "503, a date", .reply = LATER("503 Service Unavailable", "Fri, 31 Dec 2027 23:59:59 GMT"), .code = ERR_UNAVAILABLE },
    { .name = "503, nonsense", .reply = LATER("503 Service Unavailable", "-1"), .code = ERR_UNAVAILABLE },
    { .name = "500, later", .reply = LATER("500 Internal Server Error", "37"), .code = ERR_UPSTREAM },
    { .name = "404", .reply = ERROR("404 Not Found"), .code = ERR_NOT_FOUND },
    { .name = "404 with a page",
      .reply = "HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\n" BODY("6", "<html>"),
      .code = ERR_NOT_FOUND },
    { .name = "405", .reply = ERROR("405 Method Not Allowed"), .code = ERR_NOT_IMPLEMENTED },
    { .name = "409", .reply = ERROR("409 Conflict"), .code = ERR_CONFLICT },
    { .name = "412", .reply = ERROR("412 Precondition Failed"), .code = ERR_PRECONDITION },
    { .name = "413", .reply = ERROR("413 Content Too Large"), .code = ERR_TOO_LARGE },
    { .name = "418", .reply = ERROR("418 Teapot"), .code = ERR_UPSTREAM },
    { .name = "422", .reply = ERROR("422 Unprocessable"), .code = ERR_INVALID },
    { .name = "429", .reply = ERROR("429 Too Many Requests"), .code = ERR_TOO_MANY },
    { .name = "500", .reply = ERROR("500 Internal Server Error"), .code = ERR_UPSTREAM },
    { .name = "501", .reply = ERROR("501 Not Implemented"), .code = ERR_NOT_IMPLEMENTED },
    { .name = "502", .reply = ERROR("502 Bad Gateway"), .code = ERR_UPSTREAM },
    { .name = "503", .reply = ERROR("503 Service Unavailable"), .code = ERR_UNAVAILABLE },
    { .name = "504", .reply = ERROR("504 Gateway Timeout"), .code = ERR_UPSTREAM_TIMEOUT },
    { .name = "599", .reply = ERROR("599 Odd"), .code = ERR_UPSTREAM },
    { .name = "301", .reply = "HTTP/1.1 301 Moved\r\nlocation: /0\r\n" BODY("0", ""), .code = ERR_UPSTREAM },
    { .name = "304", .reply = "HTTP/1.1 304 Not Modified\r\n\r\n", .code = ERR_UPSTREAM },
    /* garbage with a good status */
    { .name = "html", .reply = TYPED("text/html"), .code = ERR_UPSTREAM },
    { .name = "no type", .reply = "HTTP/1.1 200 OK\r\n" BODY("2", "{}"), .code = ERR_UPSTREAM },
    { .name = "nearly json", .reply = TYPED("application/jsonp"), .code = ERR_UPSTREAM },
    { .name = "text of json", .reply = TYPED("text/plain; x=application/json"), .code = ERR_UPSTREAM },
    { .name = "no json", .reply = HEAD("200 OK") BODY("6", "<html>"), .code = ERR_UPSTREAM },
    { .name = "half json", .reply = HEAD("200 OK") BODY("6", "{\"a\":1"), .code = ERR_UPSTREAM },
    { .name = "two documents", .reply = HEAD("200 OK") BODY("4", "{}{}"), .code = ERR_UPSTREAM },
    { .name = "duplicate", .reply = HEAD("200 OK") BODY("13", "{\"a\":1,\"a\":2}"), .code = ERR_UPSTREAM },
    { .name = "bad utf-8", .reply = HEAD("200 OK") BODY("4", "\"\xc0\xaf\""), .code = ERR_UPSTREAM },
    { .name = "NaN", .reply = HEAD("200 OK") BODY("3", "NaN"), .code = ERR_UPSTREAM },
    { .name = "white space", .reply = HEAD("200 OK") BODY("2", "  "), .code = ERR_UPSTREAM },
    { .name = "mark", .reply = HEAD("200 OK") BODY("5", "\xef\xbb\xbf{}"), .code = ERR_UPSTREAM },
    { .name = "too large", .reply = HEAD("200 OK") BODY("2000000", "{"), .code = ERR_UPSTREAM },
    { .name = "cut off",
      .reply = HEAD("200 OK") BODY("9", "{\"a\":"),
      .after = AFTER_CLOSE,
      .code = ERR_UPSTREAM },
    { .name = "reset",
      .reply = HEAD("200 OK") BODY("9", "{\"a\":"),
      .after = AFTER_RESET,
      .code = ERR_UPSTREAM },
    { .name = "nothing", .reply = "", .after = AFTER_CLOSE, .code = ERR_UPSTREAM },
    { .name = "no http", .reply = "220 smtp ready\r\n", .after = AFTER_CLOSE, .code = ERR_UPSTREAM },
    { .name = "never", .reply = "", .after = AFTER_HANG, .code = ERR_UPSTREAM_TIMEOUT },
    { .name = "half a head",
      .reply = "HTTP/1.1 200 OK\r\ncontent-",
      .after = AFTER_HANG,
      .code = ERR_UPSTREAM_TIMEOUT },
    { .name = "half a body",
      .reply = HEAD("200 OK") BODY("9", "{"),
      .after = AFTER_HANG,
      .code = ERR_UPSTREAM_TIMEOUT },
};
enum { SCRIPTS = sizeof cases / sizeof cases[0] };

struct rig {
    struct server server;
    struct conf *conf;
    struct loop *loop;
    struct upstream *upstream;
    struct arena *arena;
    struct contract_call call;
};

static struct rig rig;
static const struct contract_segment segments[] = { { .text = STR_INIT("/") },
                                                    { .text = STR_INIT("script"), .is_parameter = true } };

static int setup(void **state)
{
    static struct script scripts[SCRIPTS];
    char url[64];
    const char *sets[] = { url, "backend.body_kb=1024", "backend.first_byte_ms=500", "backend.total_ms=700",
                           "backend.connect_ms=5000" };
    struct err err;

    (void)state;
    for (size_t i = 0; i < SCRIPTS; i++)
        scripts[i] = (struct script){ .name = cases[i].name,
                                      .reply = cases[i].reply,
                                      .after = cases[i].after,
                                      .trickle = cases[i].trickle };
    server_start(&rig.server, scripts);
    (void)snprintf(url, sizeof url, "backend.url=http://127.0.0.1:%u/", rig.server.port);
    int bad = conf_load(&rig.conf, NULL, sets, COUNT(sets), &err);
    CHECK(!bad, "%s", err.detail);
    rig.loop = loop_new();
    bad = upstream_new(&rig.upstream, rig.loop, rig.conf, &err);
    CHECK(!bad, "%s", err.detail);
    rig.arena = arena_new(SIZE_MAX);
    rig.call = (struct contract_call){ .name = STR("thing.get"),
                                       .method = STR("GET"),
                                       .segments = segments,
                                       .segment_count = COUNT(segments),
                                       .served = true };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    upstream_free(&rig.upstream);
    server_stop(&rig.server);
    loop_free(&rig.loop);
    conf_free(&rig.conf);
    arena_free(&rig.arena);
    return 0;
}

struct outcome {
    bool called, inside;
    enum err_code code;
    char detail[320];
    unsigned after_s;
    int status;
    struct str document, etag;
};

static void on_done(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                    void *data)
{
    struct outcome *outcome = data;

    CHECK(!outcome->inside && !outcome->called && !answer == !!err, "once, later, one of two");
    outcome->called = true;
    if (err) {
        outcome->code = err->code;
        outcome->after_s = err->after_s;
        (void)snprintf(outcome->detail, sizeof outcome->detail, "%s", err->detail);
    } else {
        outcome->status = answer->status;
        outcome->document =
            answer->document.count ? arena_copy(rig.arena, tape_raw(&answer->document, 0)) : STR_NONE;
        outcome->etag = arena_copy(rig.arena, answer->etag);
    }
    upstream_call_free(rig.upstream, &call);
    loop_stop(rig.loop);
}

/* One call to a script; more of the request in `wanted`. */
static struct outcome call_now(size_t script, struct upstream_request wanted)
{
    struct outcome outcome = { .inside = true };
    struct upstream_argument argument = { .name = STR("script"),
                                          .value = arena_printf(rig.arena, "%zu", script) };

    if (!wanted.call)
        wanted.call = &rig.call;
    wanted.arguments = &argument;
    wanted.argument_count = 1;
    wanted.arena = rig.arena;
    (void)upstream_start(rig.upstream, &wanted, on_done, &outcome);
    outcome.inside = false;
    loop_run(rig.loop);
    CHECK(outcome.called, "no outcome");
    return outcome;
}

static void answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCRIPTS; i++) {
        struct outcome found = call_now(i, (struct upstream_request){ 0 });
        CHECK(found.code == cases[i].code, "%s: %s %s", cases[i].name, err_name(found.code), found.detail);
        CHECK(found.after_s == cases[i].after_s, "%s: after %u s", cases[i].name, found.after_s);
        if (cases[i].code)
            continue;
        CHECK(found.status == cases[i].status, "%s: %d", cases[i].name, found.status);
        CHECK(cases[i].document ? str_is(found.document, cases[i].document) : !found.document.ptr, "%s: %.*s",
              cases[i].name, STR_ARG(found.document));
        CHECK(str_is(found.etag, cases[i].etag ? cases[i].etag : ""), "%s: %.*s", cases[i].name,
              STR_ARG(found.etag));
    }
}

static void a_call_carries_what_it_must(void **state)
{
    static const char *const lines[] = {
        "POST /0 HTTP/1.1\r\n",
        "\r\nauthorization: Bearer t-1\r\n",
        "\r\nx-request-id: r-1\r\n",
        "\r\nx-brand-id: acme\r\n",
        "\r\ntraceparent: 00-a-b-01\r\n",
        "\r\nif-match: \"v7\"\r\n",
        "\r\naccept: application/json\r\n",
        "\r\ncontent-type: application/json\r\n",
        "\r\ncontent-length: 2\r\n",
    };
    struct contract_call post = rig.call;
    struct upstream_request request = { .call = &post,
                                        .brand = STR("acme"),
                                        .token = STR("t-1"),
                                        .request_id = STR("r-1"),
                                        .traceparent = STR("00-a-b-01"),
                                        .if_match = STR("\"v7\""),
                                        .body = STR("{}") };

    (void)state;
    post.method = STR("POST");
    struct outcome found = call_now(0, request);
    CHECK(!found.code, "%s", found.detail);
    for (size_t i = 0; i < COUNT(lines); i++)
        CHECK(strcasestr(rig.server.last_request, lines[i]), "%s in\n%s", lines[i], rig.server.last_request);
}

static void a_call_carries_nothing_else(void **state)
{
    static const char *const names[] = { "\r\nauthorization:",  "\r\nx-request-id:", "\r\nx-brand-id:",
                                         "\r\ntraceparent:",    "\r\nif-match:",     "\r\ncontent-type:",
                                         "\r\ncontent-length:", "\r\ncookie:" };

    (void)state;
    struct outcome found = call_now(0, (struct upstream_request){ 0 });
    CHECK(!found.code, "%s", found.detail);
    for (size_t i = 0; i < COUNT(names); i++)
        CHECK(!strcasestr(rig.server.last_request, names[i]), "%s in\n%s", names[i], rig.server.last_request);
}

/* A line feed in what came from a client's token must not become a header of its own. */
static void a_header_cannot_be_smuggled(void **state)
{
    static const struct upstream_request requests[] = {
        { .brand = STR_INIT("acme\r\nx-evil: 1") },
        { .token = STR_INIT("t\nx-evil: 1") },
        { .request_id = STR_INIT("r\r\n\r\nGET / HTTP/1.1") },
        { .if_match = STR_INIT("\"a\"\r\nx-evil: 1") },
        { .traceparent = { .ptr = "a\0b", .len = 3 } },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        size_t before = rig.server.requests;
        struct outcome found = call_now(0, requests[i]);
        CHECK(found.code == ERR_INTERNAL, "case %zu: %s", i, err_name(found.code));
        CHECK(rig.server.requests == before, "case %zu reached the server", i);
    }
}

/* What cannot even start is told later too, never inside upstream_start. */
static void early_failures(void **state)
{
    struct contract_call missing = rig.call, nameless = rig.call;
    static const struct contract_segment other[] = { { .text = STR_INIT("other"), .is_parameter = true } };
    size_t before = rig.server.requests;

    (void)state;
    missing.served = false;
    struct outcome found = call_now(0, (struct upstream_request){ .call = &missing });
    CHECK(found.code == ERR_NOT_IMPLEMENTED, "%s", err_name(found.code));
    nameless.segments = other;
    nameless.segment_count = 1;
    found = call_now(0, (struct upstream_request){ .call = &nameless });
    CHECK(found.code == ERR_INTERNAL, "%s", err_name(found.code));
    CHECK(rig.server.requests == before, "nothing was asked");
}

/* Half a request is another request, and one that was refused is none. */
static void what_is_not_whole_is_not_sent(void **state)
{
    static const struct err why = { .code = ERR_UNAVAILABLE, .detail = "no credential" };
    unsigned sent = 0;

    (void)state;
    struct outcome outcome = call_now(0, (struct upstream_request){ .refused = &why, .sent = &sent });
    CHECK(outcome.code == ERR_UNAVAILABLE && strcmp(outcome.detail, why.detail) == 0, "%s", outcome.detail);
    arena_go_without(rig.arena);
    outcome = call_now(0, (struct upstream_request){ .token = STR("t"), .sent = &sent });
    CHECK(outcome.code == ERR_TOO_LARGE && !sent, "%u sent: %s", sent, outcome.detail);
    arena_reset(rig.arena);
    outcome = call_now(0, (struct upstream_request){ .token = STR("t"), .sent = &sent });
    CHECK(outcome.code == ERR_NONE && sent == 1, "%u sent: %s", sent, outcome.detail);
}

static void never(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                  void *data)
{
    (void)call, (void)answer, (void)err, (void)data;
    fail_msg("a freed call came back");
}

/* Freed before it came: under way, and failed early. */
static void a_freed_call_is_silent(void **state)
{
    struct contract_call missing = rig.call;
    struct upstream_argument argument = { .name = STR("script"), .value = STR("0") };
    struct upstream_request request = {
        .call = &rig.call, .arguments = &argument, .argument_count = 1, .arena = rig.arena
    };

    (void)state;
    missing.served = false;
    struct upstream_call *call = upstream_start(rig.upstream, &request, never, NULL);
    upstream_call_free(rig.upstream, &call);
    CHECK(!call, "NULL afterwards");
    request.call = &missing;
    call = upstream_start(rig.upstream, &request, never, NULL);
    upstream_call_free(rig.upstream, &call);
    upstream_call_free(rig.upstream, &call); /* freeing nothing is nothing */
    /* a turn of the loop with another call lets the post run */
    struct outcome found = call_now(0, (struct upstream_request){ 0 });
    CHECK(!found.code, "%s", found.detail);
}

static void refused_at_the_door(void **state)
{
    static const char *const urls[] = { "ftp://x",     "http://", "http://user@x/", "http://x/?q",
                                        "http://x/#f", "x:1",     "http://x:99999/" };

    (void)state;
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct str saved = rig.conf->backend.url;
        struct upstream *upstream;
        struct err err = { 0 };
        rig.conf->backend.url = str_from(urls[i]);
        CHECK(upstream_new(&upstream, rig.loop, rig.conf, &err), "%s", urls[i]);
        CHECK(strstr(err.detail, "backend.url"), "%s", err.detail);
        rig.conf->backend.url = saved;
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(a_call_carries_what_it_must),
        cmocka_unit_test(a_call_carries_nothing_else),
        cmocka_unit_test(a_header_cannot_be_smuggled),
        cmocka_unit_test(early_failures),
        cmocka_unit_test(what_is_not_whole_is_not_sent),
        cmocka_unit_test(a_freed_call_is_silent),
        cmocka_unit_test(refused_at_the_door),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
