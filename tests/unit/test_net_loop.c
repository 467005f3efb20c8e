/* The loop: posts, deadlines, errands, seen through net/loop.h. */
#include "check.h"
#include "base/clock.h"
#include "net/loop.h"

#include <pthread.h>
#include <stdlib.h>

#define FROM(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* ---- posts ---- */

struct note {
    struct post post;
    struct loop *loop;
    size_t *order; /* grows by what ran */
    size_t *count;
    size_t number, again;
    bool last;
};

static void note_run(struct post *post)
{
    struct note *note = FROM(post, struct note, post);

    note->order[(*note->count)++] = note->number;
    if (note->again) {
        note->again--;
        loop_post(note->loop, post);
        return;
    }
    if (note->last)
        loop_stop(note->loop);
}

static void posts_run_in_order(void **state)
{
    enum { NOTES = 100 };
    struct note notes[NOTES];
    size_t order[NOTES], count = 0;
    struct loop *loop = loop_new();

    (void)state;
    for (size_t i = 0; i < NOTES; i++) {
        notes[i] = (struct note){ .post.run = note_run,
                                  .loop = loop,
                                  .order = order,
                                  .count = &count,
                                  .number = i,
                                  .last = i == NOTES - 1 };
        loop_post(loop, &notes[i].post);
    }
    loop_run(loop);
    CHECK(count == NOTES, "%zu", count);
    for (size_t i = 0; i < NOTES; i++)
        CHECK(order[i] == i, "at %zu came %zu", i, order[i]);
    loop_free(&loop);
    assert_null(loop);
}

static void a_post_may_post_itself_again(void **state)
{
    size_t order[11], count = 0;
    struct loop *loop = loop_new();
    struct note note = {
        .post.run = note_run, .loop = loop, .order = order, .count = &count, .again = 10, .last = true
    };

    (void)state;
    loop_post(loop, &note.post);
    loop_run(loop);
    CHECK(count == 11, "%zu", count);
    loop_free(&loop);
}

enum { POSTERS = 4, EACH = 500 };

struct tally {
    struct loop *loop;
    size_t ran;
    size_t latest[POSTERS]; /* the number of the last post of each thread, from 1 */
    bool disorder;
};

struct tallied {
    struct post post;
    struct tally *tally;
    size_t poster, number;
};

struct poster {
    struct tally *tally;
    struct tallied posts[EACH];
    size_t index;
};

static void tally_run(struct post *post)
{
    struct tallied *one = FROM(post, struct tallied, post);
    struct tally *tally = one->tally;

    if (tally->latest[one->poster] + 1 != one->number)
        tally->disorder = true;
    tally->latest[one->poster] = one->number;
    if (++tally->ran == POSTERS * EACH)
        loop_stop(tally->loop);
}

static void *post_many(void *data)
{
    struct poster *poster = data;

    for (size_t i = 0; i < EACH; i++) {
        poster->posts[i] = (struct tallied){
            .post.run = tally_run, .tally = poster->tally, .poster = poster->index, .number = i + 1
        };
        loop_post(poster->tally->loop, &poster->posts[i].post);
    }
    return NULL;
}

static void posts_of_many_threads_all_run(void **state)
{
    static struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    struct tally tally = { .loop = loop_new() };

    (void)state;
    for (size_t i = 0; i < POSTERS; i++) {
        posters[i].tally = &tally;
        posters[i].index = i;
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    loop_run(tally.loop);
    for (size_t i = 0; i < POSTERS; i++)
        (void)pthread_join(threads[i], NULL);
    CHECK(!tally.disorder, "posts of one thread changed places");
    CHECK(tally.ran == POSTERS * EACH, "%zu", tally.ran);
    loop_free(&tally.loop);
}

static void *stop_soon(void *loop)
{
    loop_stop(loop);
    return NULL;
}

static void another_thread_stops_an_idle_loop(void **state)
{
    struct loop *loop = loop_new();
    pthread_t thread;

    (void)state;
    for (size_t i = 0; i < 20; i++) { /* a stop before the run is not lost */
        assert_int_equal(pthread_create(&thread, NULL, stop_soon, loop), 0);
        loop_run(loop);
        (void)pthread_join(thread, NULL);
    }
    loop_free(&loop);
}

/* ---- deadlines ---- */

struct alarm {
    struct deadline deadline;
    struct loop *loop;
    uint64_t after_ms, *latest_ms;
    size_t *count, ran, again;
    bool early, disorder;
};

static void ring(struct deadline *deadline)
{
    struct alarm *alarm = FROM(deadline, struct alarm, deadline);

    alarm->ran++;
    alarm->early = clock_monotonic_ms() < deadline->at_ms;
    alarm->disorder = alarm->latest_ms && *alarm->latest_ms > deadline->at_ms;
    if (alarm->latest_ms)
        *alarm->latest_ms = deadline->at_ms;
    if (alarm->again) {
        alarm->again--;
        deadline_set(alarm->loop, deadline, 0);
        return;
    }
    if (--*alarm->count == 0)
        loop_stop(alarm->loop);
}

static void deadlines_ring_in_order_and_never_early(void **state)
{
    enum { ALARMS = 300 };
    static struct alarm alarms[ALARMS];
    struct loop *loop = loop_new();
    uint64_t latest_ms = 0;
    size_t count = ALARMS - ALARMS / 3;
    unsigned random = 7;

    (void)state;
    for (size_t i = 0; i < ALARMS; i++) {
        random = random * 1103515245u + 12345u;
        alarms[i] =
            (struct alarm){ .deadline.run = ring, .loop = loop, .latest_ms = &latest_ms, .count = &count };
        deadline_set(loop, &alarms[i].deadline, random % 5000);
    }
    for (size_t i = 0; i < ALARMS; i += 3) /* out of the middle of the heap, twice */
        for (int twice = 0; twice < 2; twice++)
            deadline_clear(loop, &alarms[i].deadline);
    for (size_t i = 0; i < ALARMS; i++) { /* moved, nearer or further */
        random = random * 1103515245u + 12345u;
        if (i % 3)
            deadline_set(loop, &alarms[i].deadline, (random >> 8) % 50);
    }
    loop_run(loop);
    for (size_t i = 0; i < ALARMS; i++) {
        size_t want = i % 3 != 0;
        CHECK(alarms[i].ran == want, "alarm %zu ran %zu times", i, alarms[i].ran);
        CHECK(!alarms[i].early && !alarms[i].disorder, "alarm %zu", i);
        CHECK(alarms[i].deadline.index == 0, "alarm %zu is still set", i);
    }
    loop_free(&loop);
}

static void a_deadline_may_set_itself_again_at_once(void **state)
{
    struct loop *loop = loop_new();
    size_t count = 1;
    struct alarm alarm = { .deadline.run = ring, .loop = loop, .count = &count, .again = 100 };

    (void)state;
    deadline_set(loop, &alarm.deadline, 0);
    loop_run(loop);
    CHECK(alarm.ran == 101, "%zu", alarm.ran);
    loop_free(&loop);
}

static void a_far_deadline_does_not_overflow(void **state)
{
    struct loop *loop = loop_new();
    size_t count = 1;
    struct alarm far = { .deadline.run = ring, .loop = loop, .count = &count };
    struct alarm near = { .deadline.run = ring, .loop = loop, .count = &count };

    (void)state;
    deadline_set(loop, &far.deadline, UINT64_MAX);
    deadline_set(loop, &near.deadline, 1);
    loop_run(loop);
    CHECK(near.ran == 1 && far.ran == 0, "near %zu, far %zu", near.ran, far.ran);
    deadline_clear(loop, &far.deadline);
    loop_free(&loop);
}

static void clocks_go_on_while_the_loop_sleeps(void **state)
{
    struct loop *loop = loop_new();
    size_t count = 1;
    struct alarm alarm = { .deadline.run = ring, .loop = loop, .count = &count };
    uint64_t before = loop_now_ms(loop);

    (void)state;
    deadline_set(loop, &alarm.deadline, 20);
    loop_run(loop);
    CHECK(loop_now_ms(loop) >= before + 20, "no time went by");
    CHECK(llabs((long long)(loop_wall_ms(loop) - clock_wall_ms())) < 10000, "the wall clock is another");
    loop_free(&loop);
}

/* ---- errands ---- */

struct sum {
    struct loop *loop;
    size_t left;
    pthread_t own;
    bool wrong_thread;
};

struct job {
    struct errand errand;
    struct sum *sum;
    size_t in, out;
};

static void job_work(struct errand *errand)
{
    struct job *job = FROM(errand, struct job, errand);

    job->out = job->in * 2;
    if (pthread_equal(pthread_self(), job->sum->own))
        job->sum->wrong_thread = true;
}

static void job_done(struct errand *errand)
{
    struct job *job = FROM(errand, struct job, errand);

    if (!pthread_equal(pthread_self(), job->sum->own))
        job->sum->wrong_thread = true;
    if (--job->sum->left == 0)
        loop_stop(job->sum->loop);
}

static void errands_work_elsewhere_and_end_here(void **state)
{
    enum { JOBS = 200 };
    static struct job jobs[JOBS];
    struct sum sum = { .loop = loop_new(), .left = JOBS, .own = pthread_self() };

    (void)state;
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i] = (struct job){ .errand = { .work = job_work, .done = job_done }, .sum = &sum, .in = i };
        assert_true(errand_submit(sum.loop, &jobs[i].errand));
    }
    loop_run(sum.loop);
    for (size_t i = 0; i < JOBS; i++)
        CHECK(jobs[i].out == 2 * i, "job %zu gave %zu", i, jobs[i].out);
    CHECK(!sum.wrong_thread, "a job ran on the wrong thread");
    loop_free(&sum.loop);
}

struct gate {
    pthread_mutex_t lock;
    struct errand errand;
};

static void gate_work(struct errand *errand)
{
    struct gate *gate = FROM(errand, struct gate, errand);

    (void)pthread_mutex_lock(&gate->lock);
    (void)pthread_mutex_unlock(&gate->lock);
}

static void no_work(struct errand *errand)
{
    (void)errand;
}

static void never_done(struct errand *errand)
{
    (void)errand;
    CHECK(false, "done of a freed loop");
}

static void too_many_errands_are_refused(void **state)
{
    enum { MOST = 1024 + 2 }; /* two are under way */
    static struct errand errands[MOST + 1];
    struct gate gates[2];
    struct loop *loop = loop_new();
    size_t taken = 0;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        gates[i] = (struct gate){ .lock = PTHREAD_MUTEX_INITIALIZER,
                                  .errand = { .work = gate_work, .done = never_done } };
        (void)pthread_mutex_lock(&gates[i].lock);
        assert_true(errand_submit(loop, &gates[i].errand));
    }
    for (size_t i = 0; i <= MOST; i++) {
        errands[i] = (struct errand){ .work = no_work, .done = never_done };
        if (!errand_submit(loop, &errands[i]))
            break;
        taken++;
    }
    CHECK(taken >= 1022 && taken <= 1024, "%zu", taken);
    for (size_t i = 0; i < 2; i++)
        (void)pthread_mutex_unlock(&gates[i].lock);
    /* Freeing drops the waiting ones and waits for those under way. */
    loop_free(&loop);
}

/* One waits, two are under way or done and posted: none of them ends after it was taken back. */
static void errands_can_be_taken_back(void **state)
{
    (void)state;
    for (size_t round = 0; round < 50; round++) {
        struct loop *loop = loop_new();
        size_t count = 1;
        struct alarm alarm = { .deadline.run = ring, .loop = loop, .count = &count };
        struct errand errands[3];
        for (size_t i = 0; i < 3; i++) {
            errands[i] = (struct errand){ .work = no_work, .done = never_done };
            assert_true(errand_submit(loop, &errands[i]));
        }
        for (size_t i = 0; i < 3; i++)
            errand_cancel(&errands[(i + round) % 3]);
        deadline_set(loop, &alarm.deadline, 1);
        loop_run(loop);
        loop_free(&loop);
    }
}

static void *run_own_loop(void *data)
{
    static _Atomic size_t total;

    (void)data;
    for (size_t round = 0; round < 10; round++) {
        struct sum sum = { .loop = loop_new(), .left = 5, .own = pthread_self() };
        struct job jobs[5];
        for (size_t i = 0; i < 5; i++) {
            jobs[i] = (struct job){ .errand = { .work = job_work, .done = job_done }, .sum = &sum, .in = i };
            if (!errand_submit(sum.loop, &jobs[i].errand))
                return data;
        }
        loop_run(sum.loop);
        loop_free(&sum.loop); /* the last one ends the helpers, the next one starts them again */
        total++;
    }
    return NULL;
}

static void loops_come_and_go_in_threads(void **state)
{
    pthread_t threads[3];
    int mark;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_own_loop, &mark), 0);
    for (size_t i = 0; i < 3; i++) {
        void *failed = &mark;
        (void)pthread_join(threads[i], &failed);
        CHECK(!failed, "thread %zu could not submit", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_run_in_order),
        cmocka_unit_test(a_post_may_post_itself_again),
        cmocka_unit_test(posts_of_many_threads_all_run),
        cmocka_unit_test(another_thread_stops_an_idle_loop),
        cmocka_unit_test(deadlines_ring_in_order_and_never_early),
        cmocka_unit_test(a_deadline_may_set_itself_again_at_once),
        cmocka_unit_test(a_far_deadline_does_not_overflow),
        cmocka_unit_test(clocks_go_on_while_the_loop_sleeps),
        cmocka_unit_test(errands_work_elsewhere_and_end_here),
        cmocka_unit_test(too_many_errands_are_refused),
        cmocka_unit_test(errands_can_be_taken_back),
        cmocka_unit_test(loops_come_and_go_in_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
