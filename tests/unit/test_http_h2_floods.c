/* Clients of HTTP/2 that reset, stall or flood are cut off (docs/security.md). */
#include "test_http_h2_kit.h"

/* What is reset by the packet that brings it has cost nothing: no handler has seen it. */
static void s46_reset_at_once_is_never_begun(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    struct frame *body = calloc(1, sizeof *body);
    int fd = dial(kit->port);
    struct frames f = hello();

    (void)state;
    for (uint32_t stream = 1; stream < 11; stream += 2) {
        add_headers(&f, stream, END_STREAM, (struct request){ .path = "/never" });
        add_cancel(&f, stream);
    }
    add_headers(&f, 11, END_STREAM, (struct request){ .path = "/hello" });
    assert_int_equal(ask(fd, &f, body), 200);
    assert_int_equal(kit->calls, 1);
    assert_int_equal(kit->gone, 0);
    wait_for_idle(kit);
    close(fd);
    free(body);
    kit_stop(kit);
}

/* What the flood sends for each stream. */
static void rapid_reset_never(struct frames *f, uint32_t stream)
{
    add_headers(f, stream, END_STREAM, (struct request){ .path = "/never" });
    add_frame(f, RST_STREAM, 0, stream, "\0\0\0\x08", 4);
}

static void rapid_reset_answered(struct frames *f, uint32_t stream)
{
    add_headers(f, stream, END_STREAM, (struct request){ .path = "/hello" });
    add_frame(f, RST_STREAM, 0, stream, "\0\0\0\x08", 4);
}

static void reset_before_the_end(struct frames *f, uint32_t stream)
{
    add_headers(f, stream, 0, (struct request){ .method = "POST", .path = "/never" });
    add_frame(f, RST_STREAM, 0, stream, "\0\0\0\x08", 4);
}

static void made_you_reset_by_window(struct frames *f, uint32_t stream)
{
    add_headers(f, stream, END_STREAM, (struct request){ .path = "/never" });
    add_frame(f, WINDOW_UPDATE, 0, stream, "\0\0\0\0", 4);
}

static void made_you_reset_by_data(struct frames *f, uint32_t stream)
{
    add_headers(f, stream, END_STREAM, (struct request){ .path = "/never" });
    add_frame(f, DATA, 0, stream, "x", 1);
}

static void s46_reset_floods_close_the_connection(void **state)
{
    static const struct {
        const char *name;
        void (*add)(struct frames *f, uint32_t stream);
    } rows[] = {
        { "rapid reset", rapid_reset_never },
        { "rapid reset of answered streams", rapid_reset_answered },
        { "HEADERS without END_STREAM and RST_STREAM", reset_before_the_end },
        { "WINDOW_UPDATE of nothing", made_you_reset_by_window },
        { "DATA behind the end", made_you_reset_by_data },
    };
    struct http_limits limits = kit_limits();
    limits.resets_per_second = 50;
    struct kit *kit = kit_start(&limits);
    struct frame *frame = calloc(1, sizeof *frame);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t cut = kit_counts(kit).resets_cut;
        int fd = dial(kit->port);
        struct frames f = hello();
        bool open = send_frames(fd, &f);
        uint64_t start = clock_monotonic_ms();
        uint32_t stream = 1;
        while (open && clock_monotonic_ms() - start < 8000) {
            struct pollfd poller = { .fd = fd, .events = 0 };
            for (int n = 0; n < 100; n++, stream += 2)
                rows[i].add(&f, stream);
            open = send_frames(fd, &f) && !(poll(&poller, 1, 5) > 0);
        }
        CHECK(!open, "%s: still open after %u streams", rows[i].name, stream / 2);
        CHECK(kit_counts(kit).resets_cut == cut + 1, "%s", rows[i].name);
        free(f.bytes);
        close(fd);
    }
    for (int i = 0; i < 2000 && kit_counts(kit).connections; i++)
        usleep(1000);
    assert_int_equal(kit_counts(kit).in_flight, 0);
    /* A few resets are everybody's right. */
    int fd = dial(kit->port);
    struct frames f = hello();
    for (uint32_t stream = 1; stream < 81; stream += 2)
        rapid_reset_never(&f, stream);
    add_headers(&f, 81, END_STREAM, (struct request){ .path = "/hello" });
    assert_int_equal(ask(fd, &f, frame), 200);
    close(fd);
    free(frame);
    kit_stop(kit);
}

/* So slow that libh2o can say why: the limit is passed, GOAWAY with ENHANCE_YOUR_CALM comes, then the end. */
static void s46_says_goaway(void **state)
{
    struct http_limits limits = kit_limits();
    limits.resets_per_second = 5;
    struct kit *kit = kit_start(&limits);
    struct frame *frame = calloc(1, sizeof *frame);
    int fd = dial(kit->port);
    struct frames f = hello();

    (void)state;
    for (uint32_t stream = 1; stream < 21; stream += 2)
        rapid_reset_never(&f, stream);
    assert_true(send_frames(fd, &f));
    assert_true(next_frame(fd, GOAWAY, frame));
    assert_int_equal(frame->payload[7], 11);
    assert_false(next_frame(fd, GOAWAY, frame));
    assert_int_equal(kit_counts(kit).resets_cut, 1);
    assert_true(kit->calls <= 7);
    close(fd);
    free(frame);
    kit_stop(kit);
}

static void s48_stalled_streams_are_cut(void **state)
{
    static const struct {
        const char *name, *path;
        bool end, data;
        uint8_t end_headers;
    } rows[] = {
        { "no END_HEADERS", "/hello", true, false, 0 },
        { "no END_STREAM", "/hello", false, true, END_HEADERS },
        { "no window", "/big", true, false, END_HEADERS },
        { "no answer", "/never", true, false, END_HEADERS },
    };
    struct http_limits limits = kit_limits();
    limits.head_ms = limits.body_ms = limits.answer_ms = 300;
    struct kit *kit = kit_start(&limits);
    struct frame *frame = calloc(1, sizeof *frame);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int fd = dial(kit->port);
        struct frames f = { .bytes = NULL }, block = { .bytes = NULL };
        add(&f, PREFACE, sizeof PREFACE - 1);
        add_frame(&f, SETTINGS, 0, 0, "\0\x04\0\0\0\0", 6); /* INITIAL_WINDOW_SIZE 0 */
        add_field(&block, STR(":method"), STR("GET"));
        add_field(&block, STR(":scheme"), STR("http"));
        add_field(&block, STR(":path"), str_from(rows[i].path));
        add_field(&block, STR(":authority"), STR("a"));
        add_frame(&f, HEADERS, (rows[i].end ? END_STREAM : 0) | rows[i].end_headers, 1, block.bytes,
                  block.len);
        if (rows[i].data)
            add_frame(&f, DATA, 0, 1, "abc", 3);
        assert_true(send_frames(fd, &f));
        while (next_frame(fd, -1, frame))
            ;
        CHECK(kit_counts(kit).timeouts == i + 1, "%s: %llu", rows[i].name,
              (unsigned long long)kit_counts(kit).timeouts);
        free(block.bytes);
        close(fd);
    }
    free(frame);
    kit_stop(kit);
}

/* Nothing of the answers is read while it lasts: libh2o stops reading, and the tick ends it. */
static void s47_control_frame_floods_are_cut(void **state)
{
    static const struct {
        const char *name;
        uint8_t type;
        uint32_t stream;
        size_t len;
    } rows[] = {
        { "PING", PING, 0, 8 },
        { "SETTINGS", SETTINGS, 0, 0 },
        { "CONTINUATION", CONTINUATION, 1, 1000 },
        { "PRIORITY", PRIORITY, 1, 5 },
    };
    struct http_limits limits = kit_limits();
    limits.answer_ms = limits.head_ms = 500;
    struct kit *kit = kit_start(&limits);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int fd = dial(kit->port), small = 4096;
        uint8_t payload[1000] = { 0 };
        uint32_t stream = rows[i].stream;
        struct frames f = hello();
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        if (rows[i].type == CONTINUATION)
            add_frame(&f, HEADERS, 0, 1, payload, 0);
        bool open = send_frames(fd, &f);
        uint64_t start = clock_monotonic_ms();
        while (open && clock_monotonic_ms() - start < 9000) {
            for (int n = 0; n < 100; n++, stream += rows[i].type == PRIORITY ? 2 : 0)
                add_frame(&f, rows[i].type, 0, stream, payload, rows[i].len);
            open = send_frames(fd, &f);
        }
        CHECK(!open, "%s: still open", rows[i].name);
        free(f.bytes);
        close(fd);
    }
    kit_stop(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s46_reset_at_once_is_never_begun),
        cmocka_unit_test(s46_reset_floods_close_the_connection),
        cmocka_unit_test(s46_says_goaway),
        cmocka_unit_test(s48_stalled_streams_are_cut),
        cmocka_unit_test(s47_control_frame_floods_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
