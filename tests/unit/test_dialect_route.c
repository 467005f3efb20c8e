/* Which facade a request meets, in the order that the default configuration promises: a host, a prefix, the
 * credential's header, the only one that has the path, the fallback. And which operation. Over the mappings
 * as they are shipped. */
#include "check.h"

#include "dialect/route.h"

#include <string.h>

static struct arena *arena;
static struct dialect **dialects;
static size_t dialect_count;

static int load(void **state)
{
    struct err err;

    (void)state;
    arena = arena_new(SIZE_MAX);
    if (!dialects_load(&dialects, &dialect_count, arena, SOURCE_DIR "/mappings", NULL, &err))
        return 0;
    print_error("%s\n", err.detail);
    return -1;
}

static int unload(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static const struct dialect *named(const char *name)
{
    for (size_t i = 0; i < dialect_count; i++)
        if (str_is(dialects[i]->name, name))
            return dialects[i];
    fail_msg("no dialect %s", name);
    return NULL;
}

/* `data`: names with spaces between. */
static bool has_header(const void *data, struct str name)
{
    struct str rest = str_from(data), piece;

    while (str_next(&rest, ' ', &piece))
        if (str_eq(piece, name))
            return true;
    return false;
}

static struct target target_of(const char *path)
{
    struct target target;
    struct err err;

    CHECK(target_parse(&target, arena, str_from(path), STR_NONE, &err) == 0, "%s: %s", path, err.detail);
    return target;
}

static void facades(void **state)
{
    static const struct {
        const char *host, *path, *headers, *bound, *expect;
    } cases[] = {
        /* what the listener says goes before everything */
        { "twine.localhost", "/pub/patient", "authorization", "general", "general" },
        { "general.localhost", "/v1/patients", "x-user-token", "twine", "twine" },
        /* a host that names one: before path and header */
        { "general.localhost", "/pub/patient", "authorization", NULL, "general" },
        { "twine.localhost", "/v1/patients", "x-user-token", NULL, "twine" },
        { "twine.localhost", "/patient", "", NULL, "twine" },
        { "twine.localhost", "/pub/patient", "", NULL, "twine" },
        { "patient-graph.localhost", "/v1/patients", "x-user-token", NULL, "patient-graph" },
        { "GENERAL.LocalHost", "/v1/patients", "authorization", NULL, "general" },
        { "general.localhost:8080", "/v1/patients", "authorization", NULL, "general" },
        /* names that only look like one */
        { "xgeneral.localhost", "/v1/patients", "authorization", NULL, "patient-graph" },
        { "general.localhost.evil.example", "/v1/patients", "authorization", NULL, "patient-graph" },
        { "general", "/v1/patients", "authorization", NULL, "patient-graph" },
        { "[::1]:8080", "/v1/patients", "x-user-token", NULL, "general" },
        { "", "/v1/patients", "x-user-token", NULL, "general" },
        /* the prefix */
        { "localhost", "/pub/patient", "authorization", NULL, "twine" },
        { "localhost", "/pub/patient", "x-user-token", NULL, "twine" },
        { "localhost", "/pub", "", NULL, "twine" },
        { "localhost", "/pub/no/such/thing", "", NULL, "twine" },
        { "localhost", "/public/patient", "", NULL, "patient-graph" },
        { "localhost", "/Pub/patient", "", NULL, "patient-graph" },
        { "localhost", "/patient", "authorization", NULL, "patient-graph" },
        /* the credential's header */
        { "localhost", "/v1/patients", "x-user-token", NULL, "general" },
        { "localhost", "/v1/patients", "authorization", NULL, "patient-graph" },
        { "localhost", "/v1/patients/1/encounters", "x-user-token", NULL, "general" },
        { "localhost", "/v1/patients/1/gauges", "authorization", NULL, "patient-graph" },
        { "localhost", "/v1/no/such/thing", "x-user-token", NULL, "general" },
        /* none or both: the only one with such a path */
        { "localhost", "/v1/patients/1/gauges", "", NULL, "general" },
        { "localhost", "/v1/patients/1/gauges", "authorization x-user-token", NULL, "general" },
        { "localhost", "/v1/patients/1/encounters", "", NULL, "patient-graph" },
        { "localhost", "/v1/patients/1/metrics", "x-other", NULL, "patient-graph" },
        /* else the fallback */
        { "localhost", "/v1/patients", "", NULL, "patient-graph" },
        { "localhost", "/v1/patients", "authorization x-user-token", NULL, "patient-graph" },
        { "localhost", "/", "", NULL, "patient-graph" },
        { "localhost", "/", "x-user-token", NULL, "patient-graph" },
        { "localhost", "/v2/patients", "x-user-token", NULL, "patient-graph" },
        /* the gateway's own */
        { "localhost", "/oauth/token", "", NULL, "oauth" },
        { "localhost", "/.well-known/jwks.json", "authorization", NULL, "oauth" },
        { "localhost", "/pub/oauth/token", "", NULL, "twine" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct target target = target_of(cases[i].path);
        struct route_request request = { .method = STR("GET"),
                                         .host = str_from(cases[i].host),
                                         .bound = cases[i].bound ? named(cases[i].bound) : NULL,
                                         .has_header = has_header,
                                         .data = cases[i].headers };
        const struct dialect *found =
            route_facade(dialects, dialect_count, named("patient-graph"), &request, &target);
        CHECK(str_is(found->name, cases[i].expect), "%s %s (%s): %.*s", cases[i].host, cases[i].path,
              cases[i].headers, STR_ARG(found->name));
    }
}

static void operations(void **state)
{
    static const struct {
        const char *dialect, *method, *path;
        const char *expect; /* operation and path values; "404"; "405 allow" */
    } cases[] = {
        { "general", "GET", "/v1/patients", "listPatients" },
        { "general", "GET", "/v1/patients/", "listPatients" },
        { "general", "HEAD", "/v1/patients", "listPatients" },
        { "general", "POST", "/v1/patients", "createPatient" },
        { "general", "GET", "/v1/patients/1049", "showPatient 1049" },
        { "general", "HEAD", "/v1/patients/1049", "showPatient 1049" },
        { "general", "PUT", "/v1/patients/1049", "updatePatient 1049" },
        { "general", "PATCH", "/v1/patients/1049", "updatePatient 1049" },
        { "general", "GET", "/v1/patients/1%2e5", "showPatient 1.5" },
        { "general", "GET", "/v1/patients/gauges", "showPatient gauges" },
        { "general", "DELETE", "/v1/patients/1049", "405 GET, HEAD, PUT, PATCH" },
        { "general", "PUT", "/v1/patients", "405 GET, HEAD, POST" },
        { "general", "DELETE", "/v1/patients", "405 GET, HEAD, POST" },
        { "general", "OPTIONS", "/v1/patients", "405 GET, HEAD, POST" },
        { "general", "TRACE", "/v1/patients", "405 GET, HEAD, POST" },
        { "general", "get", "/v1/patients", "405 GET, HEAD, POST" }, /* methods have case */
        { "general", "", "/v1/patients", "405 GET, HEAD, POST" },
        { "general", "GETS", "/v1/patients", "405 GET, HEAD, POST" },
        { "general", "GET", "/", "404" },
        { "general", "GET", "/v1", "404" },
        { "general", "GET", "/v2/patients", "404" },
        { "general", "GET", "/V1/patients", "404" },
        { "general", "GET", "/v1/Patients", "404" },
        { "general", "GET", "/v1/patient", "404" },
        { "general", "GET", "/v1/patients/1049/gauge", "404" },
        { "general", "GET", "/v1/patients/1049/gauges/1", "404" },
        { "general", "GET", "/x/v1/patients", "404" },
        { "general", "GET", "/pub/v1/patients", "404" },
        { "general", "DELETE", "/nothing", "404" }, /* an unknown path before a wrong method */
        /* the prefix is cut; on the dialect's own host it may be missing */
        { "twine", "GET", "/pub/patient/a", "fetchPatient a" },
        { "twine", "GET", "/patient/a", "fetchPatient a" },
        { "twine", "POST", "/pub/oauth/token", "createToken" },
        { "twine", "HEAD", "/pub/oauth/token", "405 POST" }, /* HEAD goes with GET only */
        { "twine", "HEAD", "/pub/patient_health_metric", "fetchPatientHealthMetrics" },
        { "twine", "PUT", "/pub/patient/a", "405 GET, HEAD, PATCH" },
        { "twine", "GET", "/pub", "404" },
        { "twine", "GET", "/pub/pub/patient", "404" },
        { "twine", "GET", "/pub/v1/patients", "404" },
        { "patient-graph", "GET", "/v1/patients/p/metrics/heart_rate", "showMetricSeries p heart_rate" },
        { "patient-graph", "GET", "/v1/patients/p/safe", "showPatientSafe p" },
        { "patient-graph", "PUT", "/v1/patients/p", "405 GET, HEAD, PATCH, DELETE" },
        { "patient-graph", "GET", "/v1/patients/p/unsafe", "404" },
        { "oauth", "GET", "/.well-known/jwks.json", "keys" },
        { "oauth", "POST", "/.well-known/jwks.json", "405 GET, HEAD" },
        { "oauth", "GET", "/.well-known/other", "404" },
        { "oauth", "GET", "/oauth/token", "405 POST" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct target target = target_of(cases[i].path);
        struct buf text = buf_in(arena, 1024);
        struct route route;
        struct err err = { 0 };
        int bad =
            route_operation(&route, arena, named(cases[i].dialect), str_from(cases[i].method), &target, &err);

        if (!bad)
            buf_add(&text, route.operation->name);
        else if (err.code == ERR_NO_ROUTE)
            buf_add(&text, STR("404"));
        else if (err.code == ERR_METHOD)
            buf_printf(&text, "405 " STR_FMT, STR_ARG(route.allow));
        for (size_t k = 0; !bad && k < route.operation->path_count; k++)
            buf_printf(&text, " " STR_FMT, STR_ARG(route.path[k]));
        CHECK(str_is(buf_str(&text), cases[i].expect), "%s %s %s: %.*s", cases[i].dialect, cases[i].method,
              cases[i].path, STR_ARG(buf_str(&text)));
        CHECK(!bad == (route.operation != NULL), "%s", cases[i].path);
    }
}

/* {id} and a word at the same place. */
static const struct segment by_id[] = { { .text = STR_INIT("x") },
                                        { .text = STR_INIT("id"), .is_parameter = true } };
static const struct segment me[] = { { .text = STR_INIT("x") }, { .text = STR_INIT("me") } };
static const struct segment me_b[] = { { .text = STR_INIT("x") },
                                       { .text = STR_INIT("me") },
                                       { .text = STR_INIT("b"), .is_parameter = true } };
static const struct segment a_y[] = { { .text = STR_INIT("x") },
                                      { .text = STR_INIT("a"), .is_parameter = true },
                                      { .text = STR_INIT("y") } };
static const struct parameter id_row[] = { { .name = STR_INIT("id") } };
static const struct parameter a_row[] = { { .name = STR_INIT("a") } };
static const struct parameter b_row[] = { { .name = STR_INIT("b") } };
#define GET .methods = { STR_INIT("GET") }, .method_count = 1

static void literals_win(void **state)
{
    struct operation rows[] = {
        { .name = STR_INIT("byId"),
          GET,
          .segments = by_id,
          .segment_count = 2,
          .path = id_row,
          .path_count = 1 },
        { .name = STR_INIT("me"), GET, .segments = me, .segment_count = 2 },
        { .name = STR_INIT("meB"),
          GET,
          .segments = me_b,
          .segment_count = 3,
          .path = b_row,
          .path_count = 1 },
        { .name = STR_INIT("aY"), GET, .segments = a_y, .segment_count = 3, .path = a_row, .path_count = 1 },
        { .name = STR_INIT("drop"),
          .methods = { STR_INIT("DELETE") },
          .method_count = 1,
          .segments = by_id,
          .segment_count = 2,
          .path = id_row,
          .path_count = 1 },
    };
    static const struct {
        const char *method, *path, *expect;
    } cases[] = {
        { "GET", "/x/me", "me" },    { "GET", "/x/you", "byId" }, { "GET", "/x/ME", "byId" },
        { "GET", "/x/me/y", "meB" }, /* from the left */
        { "GET", "/x/you/y", "aY" }, { "GET", "/x/me/z", "meB" }, { "DELETE", "/x/me", "drop" },
        { "GET", "/x/you/z", NULL }, { "GET", "/x", NULL },       { "POST", "/x/me", NULL },
    };

    (void)state;
    /* whatever the order of the rows */
    for (size_t turn = 0; turn < COUNT(rows); turn++) {
        struct dialect dialect = { .operations = rows, .operation_count = COUNT(rows) };
        for (size_t i = 0; i < COUNT(cases); i++) {
            struct target target = target_of(cases[i].path);
            struct route route;
            struct err err;
            int bad = route_operation(&route, arena, &dialect, str_from(cases[i].method), &target, &err);
            CHECK(bad ? !cases[i].expect : cases[i].expect && str_is(route.operation->name, cases[i].expect),
                  "%s %s, turn %zu", cases[i].method, cases[i].path, turn);
            if (!bad && route.operation->path_count)
                CHECK(route.path[0].len > 0, "%s: no value", cases[i].path);
        }
        struct operation first = rows[0];
        memmove(rows, rows + 1, sizeof rows - sizeof first);
        rows[COUNT(rows) - 1] = first;
    }
}

/* Each method once, though several rows have the path. */
static void allow_names_a_method_once(void **state)
{
    struct operation rows[] = {
        { .name = STR_INIT("byId"),
          GET,
          .segments = by_id,
          .segment_count = 2,
          .path = id_row,
          .path_count = 1 },
        { .name = STR_INIT("me"), GET, .segments = me, .segment_count = 2 },
    };
    struct dialect dialect = { .operations = rows, .operation_count = COUNT(rows) };
    struct target target = target_of("/x/me");
    struct route route;
    struct err err;

    (void)state;
    CHECK(route_operation(&route, arena, &dialect, STR("PUT"), &target, &err) && err.code == ERR_METHOD,
          "405");
    CHECK(str_is(route.allow, "GET, HEAD"), "%.*s", STR_ARG(route.allow));
}

/* A form's parameters stand beside the query's, and the target becomes the search's own. */
static void a_form_becomes_its_search(void **state)
{
    static const struct {
        const char *form;
        enum err_code code;
        const char *values; /* name=value pairs, in order */
    } cases[] = {
        { "name=a+b&_count=2", ERR_NONE, "_format=json name=a b _count=2 " },
        { "", ERR_NONE, "_format=json " },
        { "name=%C3%A9&name=%2B", ERR_NONE, "_format=json name=\xC3\xA9 name=+ " },
        { "name=%C3", ERR_BAD_REQUEST, "" },
        { "name=%00", ERR_BAD_REQUEST, "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct target target;
        struct route route;
        struct err err = { 0 };
        struct buf values = buf_in(arena, 1024);
        assert_int_equal(target_parse(&target, arena, STR("/fhir/Patient/_search"), STR("_format=json"), &err), 0);
        assert_int_equal(route_operation(&route, arena, named("fhir"), STR("POST"), &target, &err), 0);
        CHECK(str_is(route.operation->name, "searchPatientsByForm") && route.operation->form_of, "route");
        int bad = route_take_form(&route, arena, str_from(cases[i].form), &target, &err);
        CHECK(bad == (cases[i].code ? -1 : 0) && err.code == cases[i].code, "%s: %s", cases[i].form, err.detail);
        if (bad)
            continue;
        for (size_t k = 0; k < target.parameter_count; k++)
            buf_printf(&values, STR_FMT "=" STR_FMT " ", STR_ARG(target.parameters[k].name),
                       STR_ARG(target.parameters[k].value));
        CHECK(str_is(buf_str(&values), cases[i].values), STR_FMT, STR_ARG(buf_str(&values)));
        CHECK(str_is(route.operation->name, "searchPatients") && target.segment_count == 2 &&
                  str_is(target.segments[1], "Patient"), "the search itself");
    }
}

static void a_form_has_a_limit(void **state)
{
    struct buf form = buf_in(arena, 4096);
    struct target target;
    struct route route;
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < TARGET_PARAMETERS_MAX; i++)
        buf_add(&form, STR("a=b&"));
    for (size_t more = 0; more < 2; more++) {
        const char *query = more ? "" : "c=d";
        assert_int_equal(target_parse(&target, arena, STR("/fhir/Patient/_search"), str_from(query), &err), 0);
        assert_int_equal(route_operation(&route, arena, named("fhir"), STR("POST"), &target, &err), 0);
        if (more)
            buf_add(&form, STR("a=b"));
        CHECK(route_take_form(&route, arena, buf_str(&form), &target, &err) && err.code == ERR_TOO_LARGE, "%s", err.detail);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(facades),
        cmocka_unit_test(operations),
        cmocka_unit_test(literals_win),
        cmocka_unit_test(allow_names_a_method_once),
        cmocka_unit_test(a_form_becomes_its_search),
        cmocka_unit_test(a_form_has_a_limit),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
