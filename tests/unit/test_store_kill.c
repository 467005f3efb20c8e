/* What was reported survives kill -9: a child allocates ids and writes rests, telling through a pipe what it
 * was told; it is killed at some moment, and every id it reported must resolve in the store it left. */
#include "test_store.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

enum { LIVES = 12, LANES = 6 };

/* One line of the pipe: of fixed size and below PIPE_BUF, so that it is there as a whole or not at all. */
struct report {
    char canonical[32], number[32], hex[32];
};

/* One chain of batches; several run at once, so that commits hold more than one. */
struct lane {
    struct store *store;
    struct loop *loop;
    struct arena *arena;
    int life, lane, at, pipe;
    struct report report;
    struct id_query ids[2];
    struct rest_write write;
    struct store_batch batch;
};

static void allocate_next(struct lane *lane);

static void on_allocated(struct store_batch *batch, const struct err *err, void *data)
{
    struct lane *lane = data;

    (void)batch;
    if (err)
        _exit(3);
    memcpy(lane->report.number, lane->ids[0].found.ptr, lane->ids[0].found.len + 1);
    memcpy(lane->report.hex, lane->ids[1].found.ptr, lane->ids[1].found.len + 1);
    if (write(lane->pipe, &lane->report, sizeof lane->report) != sizeof lane->report)
        _exit(4);
    allocate_next(lane);
}

static void allocate_next(struct lane *lane)
{
    arena_reset(lane->arena);
    lane->report = (struct report){ 0 };
    (void)snprintf(lane->report.canonical, sizeof lane->report.canonical, "c-%d-%d-%d", lane->life,
                   lane->lane, lane->at++);
    lane->ids[0] = query_of(ID_INTEGER, true, lane->report.canonical);
    lane->ids[1] = query_of(ID_HEX24, true, lane->report.canonical);
    lane->ids[1].dialect = STR("e");
    struct rest_key key = { STR("d"), STR("k"), STR("b"), str_from(lane->report.canonical) };
    lane->write =
        (struct rest_write){ .key = key, .patch = arena_printf(lane->arena, "{\"at\":%d}", lane->at) };
    lane->batch = (struct store_batch){ .arena = lane->arena,
                                        .ids = lane->ids,
                                        .id_count = 2,
                                        .writes = &lane->write,
                                        .write_count = 1,
                                        .done = on_allocated,
                                        .data = lane };
    if (store_batch(lane->store, lane->loop, &lane->batch))
        _exit(5);
}

static _Noreturn void live(const char *dir, int life, int out)
{
    static struct lane lanes[LANES];
    struct store *store = NULL;
    struct loop *loop = loop_new();
    struct err err;

    if (store_open(&store, dir, &err))
        _exit(2);
    for (int i = 0; i < LANES; i++) {
        lanes[i] = (struct lane){ .store = store, .loop = loop, .life = life, .lane = i, .pipe = out };
        lanes[i].arena = arena_new(SIZE_MAX);
        allocate_next(&lanes[i]);
    }
    loop_run(loop);
    _exit(6);
}

static bool read_report(int in, struct report *report)
{
    ssize_t n;

    do
        n = read(in, report, sizeof *report);
    while (n < 0 && errno == EINTR);
    CHECK(n == 0 || n == sizeof *report, "%zd bytes of a report", n);
    return n > 0;
}

/* Starts a child, kills it after some of its reports and a random moment, and returns all it told. */
static size_t life_of(const char *dir, int life, struct report *told, size_t space)
{
    int ends[2];
    size_t count = 0, before_kill = 1 + (size_t)(rand() % 200);

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        live(dir, life, ends[1]);
    }
    (void)close(ends[1]);
    while (count < before_kill && read_report(ends[0], &told[count]))
        count++;
    (void)usleep((useconds_t)(rand() % 3000));
    assert_int_equal(kill(child, SIGKILL), 0);
    while (count < space && read_report(ends[0], &told[count]))
        count++;
    (void)close(ends[0]);
    int status;
    assert_true(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && count >= before_kill, "the child ended by itself: %x", (unsigned)status);
    return count;
}

static void check_report(struct place *place, struct arena *arena, const struct report *told)
{
    struct id_query hex = query_of(ID_HEX24, false, told->hex);
    struct rest_read read = { .key = { STR("d"), STR("k"), STR("b"), str_from(told->canonical) } };
    struct store_batch batch = { .arena = arena, .reads = &read, .read_count = 1 };
    struct answer answer;

    hex.dialect = STR("e");
    CHECK(str_is(id_wait(place->store, arena, query_of(ID_INTEGER, false, told->number)), told->canonical),
          "%s lost %s", told->canonical, told->number);
    CHECK(str_is(id_wait(place->store, arena, hex), told->canonical), "%s lost %s", told->canonical,
          told->hex);
    (void)batch_wait(place->store, &batch, &answer);
    CHECK(answer.code == ERR_NONE && read.json.len, "%s lost its rest", told->canonical);
}

static void what_was_reported_survives_a_kill(void **state)
{
    enum { SPACE = 20000 };
    struct place place = place_new();
    struct arena *arena = arena_new(SIZE_MAX);
    struct report *told = calloc(SPACE, sizeof *told);
    size_t count = 0;

    (void)state;
    for (int life = 0; life < LIVES; life++) {
        store_close(&place.store); /* no thread of ours while forking */
        size_t new = life_of(place.dir, life, told + count, SPACE - count);
        place_open(&place);
        for (size_t i = 0; i < count + new; i += i < count ? 10 : 1) /* the older ones by sample */
            check_report(&place, arena, &told[i]);
        count += new;
        arena_reset(arena);
    }
    free(told);
    arena_free(&arena);
    place_done(&place);
}

/* A gateway has the store, stores an id, and is killed. */
static void claim_and_die(const char *dir)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct place place = { 0 };
        struct arena *arena = arena_new(SIZE_MAX);
        struct err err;
        if (store_open(&place.store, dir, &err) || store_claim(place.store, &err))
            _exit(2);
        (void)id_wait(place.store, arena, query_of(ID_INTEGER, true, "c-1"));
        (void)raise(SIGKILL);
    }
    assert_true(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the child ended by itself: %x", (unsigned)status);
}

/* Opened, it tells that the log is missing. */
static bool warns(struct place *place)
{
    return place_warns(place, place_open, "gateway.db-wal is missing");
}

static void a_log_that_somebody_removes_is_missed(void **state)
{
    struct place place = place_new();
    char path[128];
    struct err err;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/gateway.db-wal", place.dir);
    store_close(&place.store);
    claim_and_die(place.dir);
    CHECK(!warns(&place), "it is there");
    store_close(&place.store);
    CHECK(!warns(&place), "it was taken in by the one before");
    store_close(&place.store);

    claim_and_die(place.dir);
    CHECK(!unlink(path), "%s: %s", path, strerror(errno));
    CHECK(warns(&place), "it is gone");
    store_close(&place.store);
    CHECK(!warns(&place), "that was said");
    CHECK(!store_claim(place.store, &err), "%s", err.detail);
    store_close(&place.store);
    CHECK(!warns(&place), "nobody was killed");
    place_done(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_reported_survives_a_kill),
        cmocka_unit_test(a_log_that_somebody_removes_is_missed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
