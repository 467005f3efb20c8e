/* contract.yaml: what the backend is called with. Faults have places; what a backend is not said to have is
 * not called. */
#include "check.h"

#include "conf/conf.h"
#include "upstream/contract.h"
#include "upstream/upstream.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    struct arena *arena;
    char dir[64];
};

static const char *path_in(const struct folder *folder, const char *name)
{
    return arena_printf(folder->arena, "%s/%s", folder->dir, name).ptr;
}

static struct folder folder_new(const char *contract)
{
    struct folder folder = { .arena = arena_new(SIZE_MAX), .dir = "/tmp/test_upstream.XXXXXX" };

    assert_non_null(mkdtemp(folder.dir));
    assert_int_equal(mkdir(path_in(&folder, "canonical"), 0700), 0);
    FILE *out = contract ? fopen(path_in(&folder, "canonical/contract.yaml"), "w") : NULL;
    if (out) {
        assert_true(fputs(contract, out) >= 0);
        assert_int_equal(fclose(out), 0);
    }
    return folder;
}

static void folder_done(struct folder *folder)
{
    (void)unlink(path_in(folder, "canonical/contract.yaml"));
    (void)rmdir(path_in(folder, "canonical"));
    assert_int_equal(rmdir(folder->dir), 0);
    arena_free(&folder->arena);
}

static struct conf *conf_with(const char *set)
{
    struct conf *conf;
    struct err err;
    int bad = conf_load(&conf, NULL, &set, 1, &err);

    CHECK(!bad, "%s", err.detail);
    return conf;
}

static void faults_have_places(void **state)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        { "", "1:1: no calls, expected calls:" },
        { "calls: []", "1:1: no calls, expected calls:" },
        { "calls: x", "1:1: no calls, expected calls:" },
        { "call: {}", "1:1: unknown key \"call\"" },
        { "calls: { a: x }", "1:13: found \"x\", expected a map" },
        { "calls:\n  a: {}", "2:6: no request, expected e.g." },
        { "calls:\n  a: { request: GET }", "2:17: no request, expected e.g." },
        { "calls:\n  a: { request: [GET /v1] }", "2:17: no request, expected e.g." },
        { "calls:\n  a: { request: \"GET \" }", "2:17: no request, expected e.g." },
        { "calls:\n  a: { request: GET v1/x }", "2:17: no request, expected e.g." },
        { "calls:\n  a: { request: \"GET /v1/{x\" }", "2:17: an unclosed {" },
        { "calls:\n  a: { request: \"GET /v1/{}\" }", "2:17: a {} without a name" },
        { "calls:\n  a: { request: GET /v1, method: GET }", "2:26: unknown key \"method\"" },
        { "calls:\n  a: { request: GET /v1, query: q }", "2:33: found \"q\", expected a list" },
        { "calls:\n  a: { request: GET /v1, query: [[q]] }", "2:34: found a list, expected text" },
        { "calls:\n  a: { request: POST /v1, needs: q }", "2:34: found \"q\", expected a list" },
        { "calls:\n  a: { request: GET /v1, brand: header }",
          "2:33: unknown place for the brand, expected query" },
        { "calls:\n  a: { request: GET /v1, after: [o] }", "2:33: found a list, expected a map" },
        { "calls:\n  a: { request: GET /v1, after: { o: m } }", "2:38: found \"m\", expected a list" },
        { "calls:\n  a: { request: GET /v1, page: some }", "2:32: found \"some\", expected true or false" },
        { "calls:\n  a: { request: GET /v1, documented: 1 }", "2:38: found \"1\", expected true or false" },
        { "calls:\n  a: { request: GET /v1, entity: [x] }", "2:34: found a list, expected text" },
        { "calls:\n  a: { request: GET /v1, query: [q], lists: [r] }", "2:45: 'r' is not under query:" },
        { "calls:\n  a: { request: GET /v1, item: [x] }", "2:32: found a list, expected text" },
        { "calls:\n  a: { request: GET /v1, items: i, item: x }", "2:42: the entity is a member of the answer, expected" },
        { "calls:\n  a: { request: POST /v1, item: x }", "2:33: the entity is a member of the answer, expected" },
        { "calls:\n  a: { request: \"GET /v1/{id}\", item: x }", "2:39: the entity is a member of the answer, expected" },
        { "calls:\n  a: { request: GET /v1, beyond: { query: [q] } }", "2:34: beyond: needs completion: and query:" },
        { "calls:\n  a: { request: GET /v1, instead: { } }", "2:35: no read:, expected the name of a documented" },
        { "calls:\n  a: { request: GET /v1, instead: { read: b } }\n  b: { request: GET /b, items: i }",
          "2:43: \"b\" is not a documented list, expected one" },
        { "calls:\n  a: { request: POST /v1, instead: { read: b } }\n  b: { request: GET /b, items: i, documented: true }",
          "2:36: instead: of a call that writes, expected it of a GET" },
        { "calls:\n  a: { request: GET /v1, instead: { read: b, where: { q: id } } }\n"
          "  b: { request: GET /b, items: i, documented: true }",
          "2:35: a takes no parameter 'q'" },
        { "calls:\n  a: { request: GET /v1, instead: { read: b, each: { call: b, member: k } } }\n"
          "  b: { request: GET /b, items: i, documented: true }",
          "2:52: each: needs a member: that is a parameter of the call after read:" },
        { "calls:\n  a: { request: GET /v1 }\n  a: { request: GET /v1 }", "3:3: " },
        { "whose: x\ncalls: {}", "1:8: found \"x\", expected a map" },
        { "whose: { patient: [x] }\ncalls: {}", "1:10: unknown key \"patient\"" },
        { "whose: { brand: x }\ncalls: {}", "1:17: found \"x\", expected a list" },
        { "whose: { group: [[x]] }\ncalls: {}", "1:18: found a list, expected text" },
        { "whose: { unbranded: [e, y] }\ncalls:\n  a: { request: GET /v1, entity: e }",
          "1:25: no call is about 'y', expected the entity of one" },
        { "calls: {", "2:1: " },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct folder folder = folder_new(cases[i].text);
        struct conf *conf = conf_with("workers=1");
        struct contract *contract;
        struct err err = { 0 };
        int bad = contract_load(&contract, folder.arena, folder.dir, conf, &err);
        struct str want =
            arena_printf(folder.arena, "%s/canonical/contract.yaml:%s", folder.dir, cases[i].fault);
        CHECK(bad && err.code == ERR_CONFIG, "%s", cases[i].text);
        CHECK(str_starts(str_from(err.detail), want), "%s\n  said %s", cases[i].text, err.detail);
        conf_free(&conf);
        folder_done(&folder);
    }
}

static void a_missing_file_is_named(void **state)
{
    struct folder folder = folder_new(NULL);
    struct conf *conf = conf_with("workers=1");
    struct contract *contract;
    struct err err = { 0 };

    (void)state;
    CHECK(contract_load(&contract, folder.arena, folder.dir, conf, &err), "no file");
    CHECK(strstr(err.detail, "canonical/contract.yaml"), "%s", err.detail);
    conf_free(&conf);
    folder_done(&folder);
}

static void served(void **state)
{
    static const char text[] = "calls:\n"
                               "  doc:   { request: GET /v1/d, documented: true, query: [q], beyond: { completion: one, query: [f] } }\n"
                               "  one:   { request: GET /v1/a, query: [q], beyond: { completion: more, query: [f] } }\n"
                               "  other: { request: GET /v1/b, documented: false }\n";
    static const struct {
        const char *set;
        bool one, more, other;
    } cases[] = {
        { "backend.completions=all", true, true, true },
        { "backend.completions=[one]", true, false, false },
        { "backend.completions=[one, more]", true, true, false },
        { "backend.completions=[more]", false, false, false },
        { "backend.completions=[one, other]", true, false, true },
        { "backend.completions=[]", false, false, false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct folder folder = folder_new(text);
        struct conf *conf = conf_with(cases[i].set);
        struct contract *contract;
        struct err err = { 0 };
        int bad = contract_load(&contract, folder.arena, folder.dir, conf, &err);
        CHECK(!bad, "%s", err.detail);
        CHECK(contract_serves(contract_find(contract, STR("doc")), &(struct str)STR_INIT("q"), 1), "documented");
        CHECK(contract_serves(contract_find(contract, STR("doc")), &(struct str)STR_INIT("f"), 1) == cases[i].one,
              "%s", cases[i].set);
        CHECK(contract_find(contract, STR("doc"))->served, "%s", cases[i].set);
        CHECK(contract_find(contract, STR("one"))->served == cases[i].one, "%s", cases[i].set);
        CHECK(contract_find(contract, STR("other"))->served == cases[i].other, "%s", cases[i].set);
        CHECK(contract_offers(contract_find(contract, STR("one")), STR("q")) == cases[i].one, "%s", cases[i].set);
        CHECK(contract_offers(contract_find(contract, STR("one")), STR("f")) == cases[i].more, "%s", cases[i].set);
        CHECK(!contract_offers(contract_find(contract, STR("one")), STR("g")), "%s", cases[i].set);
        CHECK(!contract_find(contract, STR("on")) && !contract_find(contract, STR("")), "unknown calls");
        conf_free(&conf);
        folder_done(&folder);
    }
}

static void a_completion_that_no_call_is(void **state)
{
    struct folder folder = folder_new("calls:\n  one: { request: GET /v1/a }\n");
    struct conf *conf = conf_with("backend.completions=[one, on]");
    struct contract *contract;
    struct err err = { 0 };

    (void)state;
    CHECK(contract_load(&contract, folder.arena, folder.dir, conf, &err) && err.code == ERR_CONFIG, "loaded");
    CHECK(strstr(err.detail, "backend.completions: unknown 'on'"), "%s", err.detail);
    conf_free(&conf);
    folder_done(&folder);
}

/* The contract as it is shipped. */
static void targets(void **state)
{
    static const struct {
        const char *call;
        struct upstream_argument arguments[4];
        bool paged;
        const char *target; /* or '!' and the error */
    } cases[] = {
        { "patient.list", { { STR_INIT("none"), STR_INIT("x") } }, false, "/v1/patients?brand_id=a%26b" },
        { "patient.list",
          { { STR_INIT("status"), STR_INIT("active") },
            { STR_INIT("search"), STR_INIT("J\xc3\xb6 & S/\xc3\xb6=?#+%") } },
          true,
          "/v1/"
          "patients?brand_id=a%26b&search=J%C3%B6%20%26%20S%2F%C3%B6%3D%3F%23%2B%25&status=active&limit=25&"
          "offset=50" },
        /* of several with one name the first counts */
        { "patient.list",
          { { STR_INIT("search"), STR_INIT("a") }, { STR_INIT("search"), STR_INIT("b") } },
          false,
          "/v1/patients?brand_id=a%26b&search=a" },
        { "patient.list",
          { { STR_INIT("search"), STR_INIT("") } },
          false,
          "/v1/patients?brand_id=a%26b&search=" },
        { "patient.list",
          { { STR_INIT("search"), STR_INIT("\r\nX: y") } },
          false,
          "/v1/patients?brand_id=a%26b&search=%0D%0AX%3A%20y" },
        { "patient.read", { { STR_INIT("patient_id"), STR_INIT("p-1_.~") } }, false, "/v1/patients/p-1_.~" },
        { "patient.read",
          { { STR_INIT("patient_id"), STR_INIT("a/../b?c#d") } },
          false,
          "/v1/patients/a%2F..%2Fb%3Fc%23d" },
        { "patient.read",
          { { STR_INIT("patient_id"), STR_INIT("%2e%2e") } },
          false,
          "/v1/patients/%252e%252e" },
        { "patient.read", { { STR_INIT("patient_id"), STR_INIT("...") } }, false, "/v1/patients/..." },
        { "metric.series",
          { { STR_INIT("metric_key"), STR_INIT("a b") }, { STR_INIT("patient_id"), STR_INIT("p") } },
          false,
          "/v1/patients/p/metrics/a%20b" },
        { "patient.groups", { { STR_INIT("patient_id"), STR_INIT("p") } }, false, "/v1/patients/p/groups" },
        { "patient.read", { { STR_INIT("id"), STR_INIT("p") } }, false, "!internal" },
        { "patient.read", { { STR_INIT("patient_id"), STR_INIT("") } }, false, "!not_found" },
        { "patient.read", { { STR_INIT("patient_id"), STR_INIT(".") } }, false, "!not_found" },
        { "patient.read", { { STR_INIT("patient_id"), STR_INIT("..") } }, false, "!not_found" },
        { "metric.series", { { STR_INIT("patient_id"), STR_INIT("p") } }, false, "!internal" },
        { "metric.series",
          { { STR_INIT("patient_id"), STR_INIT("p") }, { STR_INIT("metric_key"), STR_INIT("..") } },
          false,
          "!not_found" },
    };
    struct conf *conf = conf_with("workers=1");
    struct arena *arena = arena_new(SIZE_MAX);
    struct contract *contract;
    struct err err = { 0 };
    int bad = contract_load(&contract, arena, SOURCE_DIR "/mappings", conf, &err);

    (void)state;
    CHECK(!bad, "%s", err.detail);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct upstream_request request = { .call = contract_find(contract, str_from(cases[i].call)),
                                            .arguments = cases[i].arguments,
                                            .argument_count = COUNT(cases[i].arguments),
                                            .brand = STR("a&b"),
                                            .paged = cases[i].paged,
                                            .limit = 25,
                                            .offset = 50 };
        struct buf out = buf_in(arena, 64 * 1024);
        assert_non_null(request.call);
        if (upstream_target(&request, STR("/base"), &out, &err)) {
            CHECK(cases[i].target[0] == '!' && !strcmp(err_name(err.code), cases[i].target + 1), "%s: %s",
                  cases[i].target, err.detail);
            continue;
        }
        struct str target = str_from_at(buf_str(&out), 5);
        CHECK(str_starts(buf_str(&out), STR("/base")) && str_is(target, cases[i].target), "%.*s",
              STR_ARG(target));
    }
    arena_free(&arena);
    conf_free(&conf);
}

static void a_target_has_an_end(void **state)
{
    struct conf *conf = conf_with("workers=1");
    struct arena *arena = arena_new(SIZE_MAX);
    struct buf long_text = buf_in(arena, 8192);
    struct contract *contract;
    struct err err = { 0 };
    int bad = contract_load(&contract, arena, SOURCE_DIR "/mappings", conf, &err);

    (void)state;
    CHECK(!bad, "%s", err.detail);
    for (int i = 0; i < 8192; i++)
        buf_char(&long_text, 'x');
    struct upstream_argument argument = { .name = STR("search"), .value = buf_str(&long_text) };
    struct upstream_request request = { .call = contract_find(contract, STR("patient.list")),
                                        .arguments = &argument,
                                        .argument_count = 1 };
    struct buf out = buf_in(arena, 4096);
    CHECK(upstream_target(&request, STR(""), &out, &err) && err.code == ERR_URI_TOO_LONG, "%s", err.detail);
    arena_free(&arena);
    conf_free(&conf);
}

static void what_a_call_takes(void **state)
{
    struct conf *conf = conf_with("workers=1");
    struct arena *arena = arena_new(SIZE_MAX);
    struct contract *contract;
    struct err err = { 0 };
    int bad = contract_load(&contract, arena, SOURCE_DIR "/mappings", conf, &err);

    (void)state;
    CHECK(!bad, "%s", err.detail);
    const struct contract_call *series = contract_find(contract, STR("metric.series"));
    CHECK(contract_takes(series, STR("patient_id")) && contract_takes(series, STR("granularity")),
          "path and query");
    CHECK(!contract_takes(series, STR("patient")) && !contract_takes(series, STR("")), "others");
    CHECK(!contract_takes(series, STR("/v1/patients/")), "a literal is no parameter");
    CHECK(contract_names(series, STR("patient_id")) && !contract_names(series, STR("granularity")), "the path only");
    CHECK(!contract_names(contract_find(contract, STR("metric.list")), STR("patient_id")), "a filter is no path");
    arena_free(&arena);
    conf_free(&conf);
}

/* What no list names is a patient's, and says its brand: an entity that somebody forgets is shown to fewer, not to more. */
static void whose_an_entity_is(void **state)
{
    static const struct {
        const char *entity;
        enum contract_owner owner;
        bool says_brand;
    } cases[] = {
        { "patient", OWNER_PATIENT, true },     { "metric", OWNER_PATIENT, true },
        { "action", OWNER_PATIENT, true },      { "metric_latest", OWNER_PATIENT, false },
        { "erasure", OWNER_PATIENT, false },    { "provider", OWNER_BRAND, true },
        { "brand", OWNER_BRAND, true },         { "protocol_compounds", OWNER_BRAND, false },
        { "group", OWNER_GROUP, true },         { "reward_program", OWNER_GROUP, true },
        { "no such thing", OWNER_PATIENT, true }, { "", OWNER_PATIENT, true },
    };
    struct folder none = folder_new("calls: { a: { request: GET /a, entity: provider } }");
    struct conf *conf = conf_with("workers=1");
    struct arena *arena = arena_new(SIZE_MAX);
    struct contract *contract, *silent;
    struct err err = { 0 };
    int bad = contract_load(&contract, arena, SOURCE_DIR "/mappings", conf, &err) ||
              contract_load(&silent, arena, none.dir, conf, &err);

    (void)state;
    CHECK(!bad, "%s", err.detail);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str entity = str_from(cases[i].entity);
        CHECK(contract_owner(contract, entity) == cases[i].owner, "%s", cases[i].entity);
        CHECK(contract_says_brand(contract, entity) == cases[i].says_brand, "%s", cases[i].entity);
        CHECK(contract_owner(silent, entity) == OWNER_PATIENT && contract_says_brand(silent, entity), "%s", cases[i].entity);
    }
    arena_free(&arena);
    conf_free(&conf);
    folder_done(&none);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_have_places),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(whose_an_entity_is),
        cmocka_unit_test(served),
        cmocka_unit_test(a_completion_that_no_call_is),
        cmocka_unit_test(targets),
        cmocka_unit_test(a_target_has_an_end),
        cmocka_unit_test(what_a_call_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
