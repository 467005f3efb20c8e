/* Updates that are more than one write take turns with the entity; what is one write, or of another entity, waits for nobody. */
#include "test_flow_kit.h"

static struct kit *kit;

static int setup(void **state)
{
    (void)state;
    kit = kit_new("limits.exchange_ms=400");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kit_free(kit);
    return 0;
}

static struct exchange *start(struct heard *heard, const char *target, const char *body)
{
    struct said said = { .as = "general", .method = target, .body = body };

    *heard = (struct heard){ .kit = kit };
    return flow_start(kit->flow, kit_head(kit, &said), ERR_NONE, NULL, kit_heard, heard);
}

static void run_until(const struct heard *heard)
{
    while (!heard->called)
        loop_run(kit->loop); /* any answer stops it */
}

/* The store answers in its time. */
static void run_until_started(size_t calls)
{
    while (kit->started < calls)
        kit_turn(kit);
}

static bool hangs; /* what the backend does with the first patient */

static const struct reply *answer(struct kit *its, const struct upstream_request *request)
{
    static const struct reply first = { .json = PATIENT("p-1") }, second = { .json = PATIENT("p-2") },
                              never = { .never = true };
    bool of_first = false;

    (void)its;
    for (size_t i = 0; i < request->argument_count; i++)
        of_first = of_first || str_is(request->arguments[i].value, "p-1");
    return of_first && hangs ? &never : of_first ? &first : &second;
}

static void script(bool hanging)
{
    kit_script(kit, NULL, 0);
    kit->compose = answer;
    hangs = hanging;
}

#define FIRST         "PUT /v1/patients/1"
#define SECOND        "PUT /v1/patients/2"
#define BOTH(word)    "{'patient':{'phone':'" word "','hat':'" word "'}}"
#define BACKEND(word) "PATCH /v1/patients/p-1?touch=true {'phone':'" word "'}\n"

static void of_one_entity_one_is_written_at_a_time(void **state)
{
    struct heard a, b, c;

    (void)state;
    script(false);
    (void)start(&a, FIRST, BOTH("1"));
    run_until_started(1);
    (void)start(&b, "PATCH /v1/patients/1", BOTH("2"));
    (void)start(&c, FIRST, BOTH("3"));
    run_until(&c);
    CHECK(a.status == 200 && b.status == 200 && c.status == 200, "%d %d %d", a.status, b.status, c.status);
    CHECK(kit->most_open == 1, "%zu at once", kit->most_open);
    CHECK(str_is(buf_str(&kit->log), BACKEND("1") BACKEND("2") BACKEND("3")), "%.*s", STR_ARG(buf_str(&kit->log)));
    CHECK(has(c.body, "'hat':'3'"), "%.*s", STR_ARG(c.body));
    /* the end of one that is refused ends its turn, too */
    kit->compose = NULL;
    SCRIPT(kit, { .call = "patient.update", .code = ERR_UNAVAILABLE }, { .call = "patient.update", .json = PATIENT("p-1") });
    (void)start(&a, FIRST, BOTH("4"));
    (void)start(&b, FIRST, BOTH("5"));
    run_until(&b);
    CHECK(a.status == 503 && b.status == 200 && kit->most_open == 1, "%d %d", a.status, b.status);
}

static void nobody_else_waits(void **state)
{
    struct heard a, b, c, d;

    (void)state;
    script(true);
    (void)start(&a, FIRST, BOTH("1"));
    run_until_started(1);
    (void)start(&b, FIRST, BOTH("2"));
    (void)start(&c, SECOND, BOTH("3"));
    run_until(&c);
    CHECK(c.status == 200 && !a.called && !b.called, "another entity: %d", c.status);
    hangs = false;
    (void)start(&d, FIRST, "{'patient':{'phone':'4'}}");
    run_until(&d);
    CHECK(d.status == 200 && !b.called, "one write: %d", d.status);
    run_until(&a);
    run_until(&b);
    CHECK(a.status == 504 && b.status == 504, "%d %d", a.status, b.status);
    CHECK(kit->started == 3, "what waited in vain was sent: %zu calls", kit->started);
}

/* A client that leaves the queue is not written, and those behind it are. */
static void whoever_leaves_is_not_waited_for(void **state)
{
    struct heard a, b, c;

    (void)state;
    script(false);
    (void)start(&a, FIRST, BOTH("1"));
    run_until_started(1);
    struct exchange *gone = start(&b, FIRST, BOTH("2"));
    (void)start(&c, FIRST, BOTH("3"));
    flow_cancel(gone);
    run_until(&c);
    CHECK(!b.called && c.status == 200, "%d", c.status);
    CHECK(str_is(buf_str(&kit->log), BACKEND("1") BACKEND("3")), "%.*s", STR_ARG(buf_str(&kit->log)));
}

static void too_many_are_refused(void **state)
{
    enum { MOST = 256 };
    static struct heard waiting[MOST];
    struct heard first, more;

    (void)state;
    script(true);
    (void)start(&first, FIRST, BOTH("1"));
    run_until_started(1);
    for (size_t i = 0; i < COUNT(waiting); i++)
        (void)start(&waiting[i], FIRST, BOTH("2"));
    CHECK(!start(&more, FIRST, BOTH("3")), "it is answered at once");
    CHECK(more.status == 503 && has(more.headers, "retry-after: 1\n") && has(more.body, "'errors'"), "%d %.*s", more.status,
          STR_ARG(more.body));
    run_until(&waiting[MOST - 1]);
    CHECK(waiting[0].status == 504 && kit->started == 1, "%d", waiting[0].status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_one_entity_one_is_written_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_else_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(whoever_leaves_is_not_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_are_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
