/* The embedded service through its listener: the scripts again, tokens, clients that leave, races, restarts,
 * the sample data. */
#include "test_backend_steps.h"

#include "backend/backend.h"
#include "base/clock.h"
#include "conf/conf.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

/* libh2o keeps what it freed in lists of the thread, which end with it. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:h2o_mem_alloc_recycle\n";
}

struct fixture {
    const char *folder;
    struct conf *conf;
    struct auth *auth;
    struct auth_cache *cache; /* of the test's own thread: it mints tokens */
    struct backend *backend;
    uint16_t port;
    struct script script;
};

/* Blocking: one connection, one request, everything until the server closes. */
static int dial(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct timeval patience = { .tv_sec = 30 };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0, "port %u", port);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

static void write_all(int fd, struct str text)
{
    while (text.len) {
        ssize_t n = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* refused early: the answer says why */
        text = str_from_at(text, (size_t)n);
    }
}

static struct str exchange(struct arena *arena, uint16_t port, struct str request)
{
    struct buf answer = buf_in(arena, SIZE_MAX);
    int fd = dial(port);

    write_all(fd, request);
    for (;;) {
        char *to = buf_reserve(&answer, 65536);
        ssize_t n = recv(fd, to, 65536, 0);
        if (n <= 0)
            break;
        answer.len += (size_t)n;
    }
    (void)close(fd);
    return buf_str(&answer);
}

static struct str header(struct arena *arena, struct str head, const char *name)
{
    struct str start = arena_printf(arena, "\r\n%s: ", name), line, rest;

    for (size_t i = 0; i + start.len < head.len; i++) {
        if (!str_eq_nocase(str_of(head.ptr + i, start.len), start))
            continue;
        rest = str_from_at(head, i + start.len);
        return str_cut(rest, '\r', &line, &rest) ? line : rest;
    }
    return STR_NONE;
}

/* `headers`: whole lines, each with its line end. */
static struct told call(struct arena *arena, uint16_t port, const char *method, struct str target,
                        struct str headers, struct str body)
{
    struct buf request = buf_in(arena, SIZE_MAX);

    buf_printf(&request, "%s " STR_FMT " HTTP/1.1\r\nhost: backend\r\nconnection: close\r\n" STR_FMT, method,
               STR_ARG(target), STR_ARG(headers));
    if (body.ptr)
        buf_printf(&request, "content-length: %zu\r\n", body.len);
    buf_add(&request, STR("\r\n"));
    buf_add(&request, body);
    struct str answer = exchange(arena, port, buf_str(&request));
    const char *end = answer.len ? memmem(answer.ptr, answer.len, "\r\n\r\n", 4) : NULL;
    CHECK(end && answer.len > 12, "%s " STR_FMT ": no answer", method, STR_ARG(target));
    struct str head = str_of(answer.ptr, (size_t)(end - answer.ptr));
    uint64_t status = 0;
    CHECK(str_to_uint(str_of(answer.ptr + 9, 3), &status), STR_FMT, STR_ARG(head));
    struct str text = str_from_at(answer, head.len + 4);
    return (struct told){ .status = (int)status,
                          .body = str_of(arena_cstr(arena, text), text.len),
                          .etag = header(arena, head, "etag"),
                          .allow = header(arena, head, "allow") };
}

static struct str bearer(struct fixture *fixture, struct arena *arena, const struct principal *who)
{
    struct str token;
    struct err err = { 0 };

    CHECK(auth_backend_token(fixture->auth, fixture->cache, who, who->brand, clock_wall_ms(), &token, &err) ==
              0,
          "%s", err.detail);
    return arena_printf(arena, "authorization: Bearer " STR_FMT "\r\n", STR_ARG(token));
}

static void send_outside(void *data, struct arena *arena, const struct principal *who,
                         const struct step *step, struct str method, struct str target, struct str body,
                         struct told *told)
{
    struct fixture *fixture = data;
    struct buf headers = buf_in(arena, SIZE_MAX);
    const char *type = step->type ? step->type : body.ptr ? "application/json" : NULL;

    buf_add(&headers, bearer(fixture, arena, who));
    if (type)
        buf_printf(&headers, "content-type: %s\r\n", type);
    if (step->if_match)
        buf_printf(&headers, "if-match: %s\r\n", step->if_match);
    *told = call(arena, fixture->port, arena_cstr(arena, method), target, buf_str(&headers), body);
}

static struct conf *load(const char *folder)
{
    char state[128];
    const char *const sets[] = { state, "backend.listen=127.0.0.1:0", "listen=127.0.0.1:1" };
    struct conf *conf;
    struct err err = { 0 };

    (void)snprintf(state, sizeof state, "state_dir=%s", folder);
    CHECK(conf_load(&conf, NULL, sets, COUNT(sets), &err) == 0, "%s", err.detail);
    return conf;
}

static void start(struct fixture *fixture)
{
    struct err err = { 0 };

    CHECK(backend_start(&fixture->backend, fixture->conf, fixture->auth, NULL, &fixture->port, &err) == 0, "%s",
          err.detail);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct err err = { 0 };

    fixture->folder = make_folder();
    fixture->conf = load(fixture->folder);
    CHECK(auth_new(&fixture->auth, fixture->conf, &err) == 0, "%s", err.detail);
    fixture->cache = auth_cache_new(fixture->auth);
    fixture->script = (struct script){ .send = send_outside, .data = fixture, .arena = arena_new(SIZE_MAX) };
    start(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    backend_stop(&fixture->backend);
    auth_cache_free(&fixture->cache);
    auth_free(&fixture->auth);
    conf_free(&fixture->conf);
    arena_free(&fixture->script.arena);
    remove_folder(fixture->folder);
    free(fixture);
    return 0;
}

SCRIPTS(SCRIPT_TEST)

static void only_the_gateway_is_let_in(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = fixture->script.arena;
    struct principal who = { .subject = STR("tester"), .brand = STR("acme") };
    struct token_claims claims = {
        .subject = STR("s"), .brand = STR("acme"), .scope = STR("admin:*"), .ttl_s = 60
    };
    struct str good = bearer(fixture, arena, &who), target = STR("/v1/patients?brand_id=acme");
    struct buf client = buf_in(arena, SIZE_MAX);
    struct err err = { 0 };

    buf_add(&client, STR("authorization: Bearer "));
    CHECK(auth_issue(fixture->auth, &claims, clock_wall_ms(), &client, &err) == 0, "%s", err.detail);
    buf_add(&client, STR("\r\n"));
    struct str cut = arena_printf(arena, STR_FMT "\r\n", STR_ARG(str_of(good.ptr, good.len - 6)));
    struct str again = arena_printf(arena, STR_FMT STR_FMT, STR_ARG(good), STR_ARG(good));
    const struct {
        const char *name;
        struct str headers;
        int status;
    } cases[] = {
        { "the gateway's", good, 200 },
        { "none", STR(""), 401 },
        { "empty", STR("authorization: \r\n"), 401 },
        { "no token", STR("authorization: Bearer \r\n"), 401 },
        { "another scheme", STR("authorization: Basic eDp5\r\n"), 401 },
        { "opaque", STR("authorization: Bearer abcdef\r\n"), 401 },
        { "no signature", STR("authorization: Bearer eyJhbGciOiJub25lIn0.eyJicmFuZF9pZCI6ImFjbWUifQ.\r\n"),
          401 },
        { "cut", cut, 401 },
        { "a client's", buf_str(&client), 401 },
        { "two", again, 400 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct told told = call(arena, fixture->port, "GET", target, cases[i].headers, STR_NONE);

        CHECK(told.status == cases[i].status, "%s: %d " STR_FMT, cases[i].name, told.status,
              STR_ARG(told.body));
        CHECK(told.status != 401 || holds(told.body, STR("\"error\":\"unauthenticated\"")), "%s: " STR_FMT,
              cases[i].name, STR_ARG(told.body));
    }
    CHECK(call(arena, fixture->port, "GET", STR("/nowhere"), STR(""), STR_NONE).status == 401,
          "401 before 404");
}

static void other_methods_are_named(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = fixture->script.arena;
    struct principal who = { .subject = STR("tester"), .brand = STR("acme") };
    struct str headers = bearer(fixture, arena, &who);
    struct told told = call(arena, fixture->port, "DELETE", STR("/v1/groups"), headers, STR_NONE);

    CHECK(told.status == 405 && str_is(told.allow, "GET, POST"), "%d " STR_FMT, told.status,
          STR_ARG(told.allow));
    told = call(arena, fixture->port, "HEAD", STR("/v1/groups"), headers, STR_NONE);
    CHECK(told.status == 200 && told.body.len == 0, "%d " STR_FMT, told.status, STR_ARG(told.body));
}

static void bodies_have_a_ceiling(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = fixture->script.arena;
    struct principal who = { .subject = STR("tester"), .brand = STR("acme") };
    struct buf headers = buf_in(arena, SIZE_MAX);
    static const struct {
        size_t pad;
        int status;
    } cases[] = { { 0, 201 }, { (8 << 20) - 512, 201 }, { (8 << 20) + 1, 413 } };

    buf_add(&headers, bearer(fixture, arena, &who));
    buf_add(&headers, STR("content-type: application/json\r\n"));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf body = buf_in(arena, SIZE_MAX);

        buf_add(&body, STR("{\"name\":\"group "));
        buf_uint(&body, i);
        buf_add(&body, STR("\""));
        memset(buf_reserve(&body, cases[i].pad + 1), ' ', cases[i].pad + 1);
        body.len += cases[i].pad;
        buf_char(&body, '}');
        struct told told =
            call(arena, fixture->port, "POST", STR("/v1/groups"), buf_str(&headers), buf_str(&body));
        CHECK(told.status == cases[i].status, "case %zu: %d " STR_FMT, i, told.status, STR_ARG(told.body));
        CHECK(told.status != 413 || holds(told.body, STR("\"message\":")), "shape: " STR_FMT,
              STR_ARG(told.body));
    }
}

enum { RACERS = 8 };

struct racer {
    pthread_t thread;
    struct arena *arena;
    uint16_t port;
    struct str target, headers, body;
    struct told told;
};

static void *race(void *data)
{
    struct racer *racer = data;

    racer->told = call(racer->arena, racer->port, "POST", racer->target, racer->headers, racer->body);
    return NULL;
}

/* All post the same at once: `won` answers of status `won_status`, the others `lost_status`. */
static void race_all(struct fixture *fixture, const char *target, const char *body, int won_status,
                     int lost_status)
{
    struct arena *arena = fixture->script.arena;
    struct principal who = { .subject = STR("tester"), .brand = STR("acme") };
    struct str headers = arena_printf(arena, STR_FMT "content-type: application/json\r\n",
                                      STR_ARG(bearer(fixture, arena, &who)));
    struct racer racers[RACERS];
    int won = 0, lost = 0;

    for (size_t i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){ .arena = arena_new(SIZE_MAX),
                                    .port = fixture->port,
                                    .target = str_from(target),
                                    .headers = headers,
                                    .body = str_from(body) };
        CHECK(pthread_create(&racers[i].thread, NULL, race, &racers[i]) == 0, "thread");
    }
    for (size_t i = 0; i < RACERS; i++) {
        (void)pthread_join(racers[i].thread, NULL);
        won += racers[i].told.status == won_status;
        lost += racers[i].told.status == lost_status;
        arena_free(&racers[i].arena);
    }
    CHECK(won == 1 && lost == RACERS - 1, "%s: %d won, %d lost", target, won, lost);
}

static void one_of_several_wins(void **state)
{
    race_all(*state, "/v1/patients", "{" PATIENT ",\"external_ids\":{\"mrn\":\"1\"}}", 201, 409);
    race_all(*state, "/v1/groups", "{\"name\":\"G\"}", 201, 409);
    race_all(*state, "/v1/groups?get_or_create=true", "{\"name\":\"H\"}", 201, 200);
}

/* Clients that do not wait: nothing breaks, and what they sent whole is stored or not, never half. */
static void clients_may_leave(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = fixture->script.arena;
    struct principal who = { .subject = STR("tester"), .brand = STR("acme") };
    static const struct step after[] = { MAKE_A };

    for (size_t i = 0; i < 60; i++) {
        struct str body = STR("{" PATIENT "}");
        struct str request =
            arena_printf(arena,
                         "POST /v1/patients HTTP/1.1\r\nhost: b\r\n" STR_FMT
                         "content-type: application/json\r\ncontent-length: %zu\r\n\r\n" STR_FMT,
                         STR_ARG(bearer(fixture, arena, &who)), body.len, STR_ARG(body));
        int fd = dial(fixture->port);
        struct linger now = { .l_onoff = i % 2 };

        write_all(fd, str_of(request.ptr, i % 3 ? request.len : request.len / 2));
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        (void)close(fd);
    }
    RUN(&fixture->script, after);
}

static struct str read_all(struct fixture *fixture, const char *brand)
{
    struct arena *arena = fixture->script.arena;
    struct principal who = { .subject = STR("tester"), .brand = str_from(brand) };
    struct str headers = bearer(fixture, arena, &who);
    struct buf all = buf_in(arena, SIZE_MAX);
    const struct str targets[] = {
        arena_printf(arena, "/v1/patients?brand_id=%s&limit=1000&include=groups", brand),
        STR("/v1/metrics?limit=1000"),
        STR("/v1/groups"),
        arena_printf(arena, "/v1/brands/%s", brand),
    };

    for (size_t i = 0; i < COUNT(targets); i++) {
        struct told told = call(arena, fixture->port, "GET", targets[i], headers, STR_NONE);
        CHECK(told.status == 200, STR_FMT ": %d " STR_FMT, STR_ARG(targets[i]), told.status,
              STR_ARG(told.body));
        buf_add(&all, told.body);
    }
    return buf_str(&all);
}

static void a_restart_keeps_everything(void **state)
{
    struct fixture *fixture = *state;
    static const struct step make[] = {
        MAKE_A,
        { .as = "acme",
          .call = "PATCH /v1/patients/<a>",
          .body = "{\"gender\":\"x\"}",
          .status = 200,
          .etag = "\"2\"" },
        { .as = "acme", .call = "POST /v1/groups", .body = "{\"name\":\"G\"}", .status = 201, .save = 'g' },
        { .as = "acme",
          .call = "PUT /v1/patients/<a>/groups",
          .body = "{\"group_ids\":[\"<g>\"]}",
          .status = 200 },
        { .as = "acme",
          .call = "POST /v1/patients/<a>/metrics",
          .body = METRIC(",\"value_numeric\":\"1.0\""),
          .status = 201 },
    };
    static const struct step find[] = {
        { .as = "acme", .call = "GET /v1/patients/<a>", .status = 200, .etag = "\"2\"" },
    };

    RUN(&fixture->script, make);
    struct str before = read_all(fixture, "acme");
    backend_stop(&fixture->backend);
    start(fixture);
    struct str after = read_all(fixture, "acme");
    CHECK(str_eq(before, after), STR_FMT "\n" STR_FMT, STR_ARG(before), STR_ARG(after));
    RUN(&fixture->script, find);
}

struct seen {
    size_t patients, metrics, brands, groups, roles, ends;
    char patient[36], gauge[36];
    int fail_at; /* counts down; 0: never; below: at the end */
};

static int count_row(const struct seed_row *row, void *data)
{
    struct seen *seen = data;

    if (!row) {
        seen->ends++;
        return seen->fail_at < 0 ? -1 : 0;
    }
    seen->patients += str_is(row->entity, "patient");
    seen->metrics += str_is(row->entity, "metric");
    seen->brands += str_is(row->entity, "brand");
    seen->groups += str_is(row->entity, "group");
    seen->roles += row->role != NULL;
    if (row->role && strcmp(row->role, "example-patient") == 0)
        memcpy(seen->patient, row->canonical_id.ptr, 36);
    if (row->role && strcmp(row->role, "example-gauge") == 0)
        memcpy(seen->gauge, row->canonical_id.ptr, 36);
    return seen->fail_at > 0 && --seen->fail_at == 0 ? -1 : 0;
}

static void seed_once(struct fixture *fixture, struct seen *seen, bool want_made)
{
    struct err err = { 0 };
    bool made = !want_made;

    CHECK(backend_seed(fixture->conf, 25, count_row, seen, &made, &err) == 0, "%s", err.detail);
    CHECK(made == want_made, "made %d", made);
}

static void samples_are_the_same_every_time(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = { .fail_at = 3 }, again = { 0 }, nothing = { 0 };
    struct err err = { 0 };
    bool made;

    backend_stop(&fixture->backend);
    CHECK(backend_seed(fixture->conf, 25, count_row, &seen, &made, &err) != 0, "a refused row ends it");
    CHECK(!seen.ends, "the end of rows that were refused");
    seen = (struct seen){ .fail_at = -1 };
    CHECK(backend_seed(fixture->conf, 25, count_row, &seen, &made, &err) != 0, "rows that are refused at the end");
    CHECK(seen.ends == 1 && seen.patients == 30, "%zu ends, %zu patients", seen.ends, seen.patients);
    seen = (struct seen){ 0 };
    seed_once(fixture, &seen, true);
    CHECK(seen.patients == 30 && seen.metrics == 150 && seen.brands == 2 && seen.groups == 2 &&
              seen.roles == 5,
          "%zu patients, %zu metrics, %zu brands, %zu groups, %zu roles", seen.patients, seen.metrics,
          seen.brands, seen.groups, seen.roles);
    seed_once(fixture, &nothing, false);
    CHECK(nothing.patients == 0, "rows of a database that is filled");
    start(fixture);
    struct str acme = read_all(fixture, "acme"), globex = read_all(fixture, "globex");
    backend_stop(&fixture->backend);

    const char *const names[] = { "backend.db", "backend.db-wal", "backend.db-shm" };
    for (size_t i = 0; i < COUNT(names); i++)
        (void)unlink(arena_printf(fixture->script.arena, "%s/%s%c", fixture->folder, names[i], '\0').ptr);
    seed_once(fixture, &again, true);
    CHECK(memcmp(seen.patient, again.patient, 36) == 0 && memcmp(seen.gauge, again.gauge, 36) == 0,
          "other ids");
    start(fixture);
    CHECK(str_eq(acme, read_all(fixture, "acme")), "acme differs");
    CHECK(str_eq(globex, read_all(fixture, "globex")), "globex differs");
    fixture->script.saved['p'] = str_of(seen.patient, 36);
    fixture->script.saved['m'] = str_of(seen.gauge, 36);
    static const struct step examples[] = {
        { .as = "acme",
          .call = LIST "&external_id=medical-record-number%7C121212",
          .status = 200,
          .has = { "{\"patients\":[{\"id\":\"<p>\",\"brand_id\":\"acme\",\"first_name\":\"John\",\"last_"
                   "name\":\"Doe\","
                   "\"date_of_birth\":\"2010-05-15\",\"gender\":\"male\",\"email\":null,\"phone\":\"+1-555-"
                   "123-4567\","
                   "\"external_ids\":{\"medical-record-number\":\"121212\"}",
                   "\"metadata\":{\"address\":{\"line\":\"123 Main "
                   "St\",\"city\":\"Anytown\",\"state\":\"CA\","
                   "\"postal_code\":\"12345\"}}",
                   "\"created_at\":\"2023-10-20T10:00:00.000Z\",\"updated_at\":\"2023-10-20T15:30:00."
                   "000Z\"" } },
        { .as = "acme",
          .call = LIST "&limit=1&include=groups",
          .status = 200,
          .has = { "<p>", "\"total\":25}" } },
        { .as = "globex",
          .call = "GET /v1/patients?brand_id=globex",
          .status = 200,
          .has = { "\"total\":5}" } },
        { .as = "acme",
          .call = "GET /v1/metrics/<m>",
          .status = 200,
          .has = { "\"patient_id\":\"<p>\"", "\"metric_key\":\"mood\",\"value_numeric\":\"7\"",
                   "\"recorded_at\":\"2023-10-27T14:30:00.000Z\"" } },
        { .as = "acme", .call = "GET /v1/brands/acme", .status = 200, .has = { "\"name\":\"Acme Health\"" } },
        { .as = "acme",
          .call = "GET /v1/groups?name=Patients+Lead",
          .status = 200,
          .has = { "\"total\":1}" } },
        { .as = "acme", .call = LIST "&search=john+doe", .status = 200, .has = { "<p>", "\"total\":1}" } },
    };
    RUN(&fixture->script, examples);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCRIPTS(SCRIPT_ROW)
        TEST(only_the_gateway_is_let_in),
        TEST(other_methods_are_named),
        TEST(bodies_have_a_ceiling),
        TEST(one_of_several_wins),
        TEST(clients_may_leave),
        TEST(a_restart_keeps_everything),
        TEST(samples_are_the_same_every_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
