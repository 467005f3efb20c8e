/* The service without a socket: the scripts, and what needs a look inside. */
#include "test_backend_steps.h"

#include "backend/service.h"

struct fixture {
    const char *folder;
    struct service *service;
    struct db *db;
    struct script script;
};

struct ask_job {
    struct db_job job;
    struct task *task;
};

static int run_task(struct db_job *job, struct db *db, struct err *err)
{
    return task_run(((struct ask_job *)job)->task, db, err);
}

static void send_inside(void *data, struct arena *arena, const struct principal *who, const struct step *step,
                        struct str method, struct str target, struct str body, struct told *told)
{
    struct fixture *fixture = data;
    struct task task = { .service = fixture->service, .arena = arena, .who = who };
    struct ask ask = { .method = method, .path = target, .body = body, .has_body = body.ptr != NULL };
    struct ask_job job = { .job = { .run = run_task }, .task = &task };
    struct err err;

    (void)str_cut(target, '?', &ask.path, &ask.query);
    ask.content_type = step->type ? str_from(step->type) : body.ptr ? STR("application/json") : STR_NONE;
    ask.if_match = str_from(step->if_match);
    if (task_prepare(&task, &ask) && db_run(fixture->db, &job.job, &err))
        task_refuse(&task, &err);
    *told = (struct told){ .status = task.reply.status,
                           .body = str_of(arena_cstr(arena, task.reply.body), task.reply.body.len),
                           .etag = task.reply.etag,
                           .allow = task.reply.allow };
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    char path[128];
    struct err err = { 0 };

    fixture->folder = make_folder();
    (void)snprintf(path, sizeof path, "%s/backend.db", fixture->folder);
    fixture->service = service_new();
    CHECK(db_open(&fixture->db, path, service_schema(fixture->service), &err) == 0, "%s", err.detail);
    fixture->script = (struct script){ .send = send_inside, .data = fixture, .arena = arena_new(SIZE_MAX) };
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    db_close(&fixture->db);
    service_free(&fixture->service);
    arena_free(&fixture->script.arena);
    remove_folder(fixture->folder);
    free(fixture);
    return 0;
}

SCRIPTS(SCRIPT_TEST)

static struct told ask_as(struct fixture *fixture, const char *brand, const char *method, struct str target)
{
    struct principal who = { .brand = str_from(brand) };
    struct step step = { .status = 200 };
    struct told told = { 0 };

    send_inside(fixture, fixture->script.arena, &who, &step, str_from(method), target, STR_NONE, &told);
    return told;
}

/* A page after a page shows every row once, in the order of the whole list. */
static void pages_make_the_list(void **state)
{
    struct fixture *fixture = *state;
    struct arena *arena = fixture->script.arena;
    static const struct step make[] = { MAKE_A };
    struct buf pieces = buf_in(arena, SIZE_MAX);

    for (int i = 0; i < 7; i++)
        RUN(&fixture->script, make);
    struct str whole = ask_as(fixture, "acme", "GET", STR("/v1/patients?brand_id=acme")).body;
    for (int offset = 0; offset < 9; offset += 2) {
        struct str target = arena_printf(arena, "/v1/patients?brand_id=acme&limit=2&offset=%d", offset);
        struct str page = ask_as(fixture, "acme", "GET", target).body, items;

        CHECK(holds(page, STR("],\"total\":7}")), STR_FMT, STR_ARG(page));
        items = str_of(page.ptr + 13, page.len - 13 - strlen("],\"total\":7}"));
        if (pieces.len && items.len)
            buf_char(&pieces, ',');
        buf_add(&pieces, items);
    }
    CHECK(holds(whole, buf_str(&pieces)) && pieces.len == whole.len - 13 - strlen("],\"total\":7}"),
          STR_FMT "\n" STR_FMT, STR_ARG(whole), STR_ARG(buf_str(&pieces)));
}

static void other_methods_are_named(void **state)
{
    static const struct {
        const char *method, *target, *allow;
    } cases[] = {
        { "PUT", "/v1/patients", "GET, POST" },
        { "POST", "/v1/patients/x", "GET, PATCH, DELETE" },
        { "DELETE", "/v1/patients/x/groups", "GET, PUT" },
        { "get", "/v1/groups", "GET, POST" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct told told = ask_as(*state, "acme", cases[i].method, str_from(cases[i].target));
        CHECK(told.status == 405 && str_is(told.allow, cases[i].allow), "case %zu: %d " STR_FMT, i,
              told.status, STR_ARG(told.allow));
    }
    CHECK(ask_as(*state, "acme", "HEAD", STR("/v1/groups")).status == 200, "HEAD is like GET");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCRIPTS(SCRIPT_ROW)
        TEST(pages_make_the_list),
        TEST(other_methods_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
