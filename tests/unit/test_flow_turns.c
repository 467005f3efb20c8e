/* Whose turn it is: one after the other, in the order of coming, across loops and whoever leaves. */
#include "flow/turns.h"

#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

static struct arena *arena;
static struct turns *turns;
static struct loop *loop;
static struct turn_door door;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(SIZE_MAX);
    turns = turns_new(arena);
    loop = loop_new();
    turn_door_init(&door, turns, loop);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    loop_free(&loop);
    turns_free(turns);
    arena_free(&arena);
    return 0;
}

static struct turn *came[8];
static size_t came_count;

static void note(struct turn *turn)
{
    came[came_count++] = turn;
}

static void on_end(struct post *post)
{
    (void)post;
    loop_stop(loop);
}

static void run_loop(void)
{
    struct post end = { .run = on_end };

    loop_post(loop, &end);
    loop_run(loop);
}

static enum turn_taken take(struct turn *turn, const char *name)
{
    *turn = (struct turn){ .came = note };
    return turn_take(turn, &door, str_from(name));
}

static void those_that_wait_come_in_their_order(void **state)
{
    struct turn a, b, c, other;

    (void)state;
    came_count = 0;
    CHECK(take(&a, "x") == TURN_TAKEN, "first");
    CHECK(take(&b, "x") == TURN_LATER && take(&c, "x") == TURN_LATER, "the others wait");
    CHECK(take(&other, "y") == TURN_TAKEN, "another thing waits for nobody");
    run_loop();
    CHECK(!came_count, "too early");
    turn_leave(&a);
    CHECK(!came_count, "only on the loop");
    run_loop();
    CHECK(came_count == 1 && came[0] == &b, "%zu", came_count);
    turn_leave(&a); /* twice does nothing */
    turn_leave(&other);
    turn_leave(&b);
    run_loop();
    CHECK(came_count == 2 && came[1] == &c, "%zu", came_count);
    turn_leave(&c);
    CHECK(take(&a, "x") == TURN_TAKEN, "nothing is left behind");
    turn_leave(&a);
}

/* From the middle, the end and the front of the queue; and between being called and hearing of it. */
static void whoever_leaves_is_not_waited_for(void **state)
{
    struct turn a, b, c, d, e;

    (void)state;
    came_count = 0;
    (void)take(&a, "x");
    (void)take(&b, "x");
    (void)take(&c, "x");
    (void)take(&d, "x");
    turn_leave(&c);
    turn_leave(&d);
    CHECK(take(&e, "x") == TURN_LATER && take(&c, "x") == TURN_LATER, "their places are free, at the end");
    turn_leave(&a);
    turn_leave(&b); /* was called, does not know */
    run_loop();
    CHECK(came_count == 1 && came[0] == &e, "%zu", came_count);
    turn_leave(&e);
    turn_leave(&c);
    run_loop();
    CHECK(came_count == 1, "%zu came", came_count);
    CHECK(take(&a, "x") == TURN_TAKEN, "free");
    turn_leave(&a);
}

static void no_more_than_so_many_wait(void **state)
{
    static struct turn waiting[TURN_WAITERS_MAX];
    struct turn first, more, other;

    (void)state;
    (void)take(&first, "x");
    for (size_t i = 0; i < COUNT(waiting); i++)
        CHECK(take(&waiting[i], "x") == TURN_LATER, "%zu", i);
    CHECK(take(&more, "x") == TURN_REFUSED, "one more");
    turn_leave(&more); /* it has no place */
    CHECK(take(&other, "y") == TURN_TAKEN, "another thing");
    turn_leave(&waiting[7]);
    CHECK(take(&more, "x") == TURN_LATER, "a place is free again");
    for (size_t i = 0; i < COUNT(waiting); i++)
        turn_leave(&waiting[i]);
    turn_leave(&first);
    turn_leave(&more);
    turn_leave(&other);
}

/* ---- loops in threads ---- */

enum { THREADS = 4, EACH = 6, ROUNDS = 300, THINGS = 3 };

static atomic_uint inside[THINGS];
static atomic_uint most;
static unsigned counted[THINGS]; /* by whose turn it is only: the thread sanitizer watches */

struct visitor {
    struct turn turn;
    struct post again;
    struct crowd *crowd;
    unsigned thing, rounds;
};

struct crowd {
    pthread_t thread;
    struct loop *loop;
    struct turn_door door;
    struct visitor visitors[EACH];
    unsigned left;
};

static void visit(struct visitor *visitor)
{
    unsigned now = atomic_fetch_add(&inside[visitor->thing], 1) + 1;

    if (now > atomic_load(&most))
        atomic_store(&most, now);
    counted[visitor->thing]++;
    loop_post(visitor->crowd->loop, &visitor->again); /* it stays for a turn of the loop */
}

static void on_turn(struct turn *turn)
{
    visit(CONTAINER(turn, struct visitor, turn));
}

static void begin(struct visitor *visitor)
{
    static const char *const names[THINGS] = { "a", "b", "c" };

    visitor->turn = (struct turn){ .came = on_turn };
    if (turn_take(&visitor->turn, &visitor->crowd->door, str_from(names[visitor->thing])) == TURN_TAKEN)
        visit(visitor);
}

static void on_again(struct post *post)
{
    struct visitor *visitor = CONTAINER(post, struct visitor, again);

    atomic_fetch_sub(&inside[visitor->thing], 1);
    turn_leave(&visitor->turn);
    visitor->thing = (visitor->thing + 1) % THINGS;
    if (++visitor->rounds < ROUNDS)
        begin(visitor);
    else if (!--visitor->crowd->left)
        loop_stop(visitor->crowd->loop);
}

static void *run_crowd(void *data)
{
    struct crowd *crowd = data;

    for (unsigned i = 0; i < EACH; i++) {
        crowd->visitors[i] = (struct visitor){ .again.run = on_again, .crowd = crowd, .thing = i % THINGS };
        begin(&crowd->visitors[i]);
    }
    loop_run(crowd->loop);
    return NULL;
}

static void threads_take_turns(void **state)
{
    static struct crowd crowds[THREADS];
    unsigned sum = 0;

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        crowds[i].loop = loop_new();
        crowds[i].left = EACH;
        turn_door_init(&crowds[i].door, turns, crowds[i].loop);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&crowds[i].thread, NULL, run_crowd, &crowds[i]), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(crowds[i].thread, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        loop_free(&crowds[i].loop);
    for (unsigned i = 0; i < THINGS; i++)
        sum += counted[i];
    CHECK(atomic_load(&most) == 1, "%u at once", atomic_load(&most));
    CHECK(sum == THREADS * EACH * ROUNDS, "%u turns", sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(those_that_wait_come_in_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(whoever_leaves_is_not_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(no_more_than_so_many_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_take_turns, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
