/* Streams and connections of HTTP/2 that end early: the client leaves, the server drains or is freed. */
#include "test_http_h2_kit.h"

/* A reset stream is gone at once, and the connection serves on. */
static void h2_tells_who_left(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    struct frame *body = calloc(1, sizeof *body);
    int fd = dial(kit->port);
    struct frames f = hello();

    (void)state;
    add_headers(&f, 1, END_STREAM, (struct request){ .path = "/never" });
    add_headers(&f, 3, END_STREAM, (struct request){ .path = "/later" });
    assert_true(send_frames(fd, &f));
    assert_true(wait_for(&kit->calls, 2));
    add_cancel(&f, 1);
    add_cancel(&f, 3);
    assert_true(send_frames(fd, &f));
    assert_true(wait_for(&kit->gone, 1));
    add_headers(&f, 5, END_STREAM, (struct request){ .path = "/hello" });
    assert_int_equal(ask(fd, &f, body), 200);
    add_headers(&f, 7, END_STREAM, (struct request){ .path = "/never" });
    add_headers(&f, 9, END_STREAM, (struct request){ .path = "/later" });
    assert_true(send_frames(fd, &f));
    assert_true(wait_for(&kit->calls, 5));
    unsigned gone = kit->gone;
    close(fd);
    assert_true(wait_for(&kit->gone, gone + 1));
    wait_for_idle(kit);
    free(body);
    kit_stop(kit);
}

static void on_drained(void *data)
{
    struct kit *kit = data;

    kit->drained++;
}

static void start_drain(struct kit *kit)
{
    http_server_drain(kit->server, 8000, on_drained, kit);
}

static void h2_drains(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    struct frame *frame = calloc(1, sizeof *frame);
    int idle = dial(kit->port), busy = dial(kit->port);
    struct frames f = hello();

    (void)state;
    add_headers(&f, 1, END_STREAM, (struct request){ .path = "/hello" });
    assert_int_equal(ask(idle, &f, frame), 200);
    f = hello();
    add_headers(&f, 1, END_STREAM, (struct request){ .path = "/later" });
    assert_true(send_frames(busy, &f));
    assert_true(wait_for(&kit->calls, 2));
    kit_do(kit, start_drain);
    assert_true(next_frame(idle, GOAWAY, frame));
    assert_true(next_frame(busy, DATA, frame));
    assert_memory_equal(frame->payload, "later", 5);
    while (next_frame(idle, -1, frame) || next_frame(busy, -1, frame))
        ;
    assert_true(wait_for(&kit->drained, 1));
    assert_int_equal(kit_counts(kit).connections, 0);
    close(idle);
    close(busy);
    free(frame);
    kit_stop(kit);
}

static void h2_frees_with_requests_open(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    int fds[3];

    (void)state;
    for (unsigned i = 0; i < COUNT(fds); i++) {
        struct frames f = hello();
        fds[i] = dial(kit->port);
        add_headers(&f, 1, i == 2 ? 0 : END_STREAM, (struct request){ .path = i ? "/big" : "/never" });
        assert_true(send_frames(fds[i], &f));
    }
    assert_true(wait_for(&kit->calls, 2));
    for (int i = 0; i < 500 && kit_counts(kit).connections < COUNT(fds); i++)
        usleep(1000);
    kit_do(kit, start_drain); /* and its timer in libh2o */
    kit_stop(kit);
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h2_tells_who_left),
        cmocka_unit_test(h2_drains),
        cmocka_unit_test(h2_frees_with_requests_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
