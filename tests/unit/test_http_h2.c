/* HTTP/2 with frames and HPACK (literals without indexing) written by hand. */
#include "test_http_kit.h"

enum {
    DATA,
    HEADERS,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    PUSH_PROMISE,
    PING,
    GOAWAY,
    WINDOW_UPDATE,
    CONTINUATION
};
enum { END_STREAM = 1, ACK = 1, END_HEADERS = 4 };

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

struct frames {
    uint8_t *bytes;
    size_t len, space;
};

static void add(struct frames *f, const void *bytes, size_t len)
{
    if (f->len + len > f->space) {
        f->space = (f->len + len) * 2;
        f->bytes = realloc(f->bytes, f->space);
    }
    if (len)
        memcpy(f->bytes + f->len, bytes, len);
    f->len += len;
}

static void add_frame(struct frames *f, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
                      size_t len)
{
    const uint8_t head[9] = {
        (uint8_t)(len >> 16),    (uint8_t)(len >> 8),     (uint8_t)len,           type,           flags,
        (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream
    };
    add(f, head, sizeof head);
    add(f, payload, len);
}

static void add_int(struct frames *f, size_t value)
{
    uint8_t byte = (uint8_t)(value < 127 ? value : 127);

    add(f, &byte, 1);
    if (value < 127)
        return;
    for (value -= 127; value >= 128; value /= 128) {
        byte = (uint8_t)(0x80 | (value & 127));
        add(f, &byte, 1);
    }
    byte = (uint8_t)value;
    add(f, &byte, 1);
}

static void add_field(struct frames *f, struct str name, struct str value)
{
    const uint8_t literal = 0;

    add(f, &literal, 1);
    add_int(f, name.len);
    add(f, name.ptr, name.len);
    add_int(f, value.len);
    add(f, value.ptr, value.len);
}

struct request {
    const char *method, *path, *authority;
    struct http_header extra[4];
};

static void add_headers(struct frames *f, uint32_t stream, uint8_t flags, struct request request)
{
    struct frames block = { .bytes = NULL };

    add_field(&block, STR(":method"), str_from(request.method ? request.method : "GET"));
    add_field(&block, STR(":scheme"), STR("http"));
    if (request.path)
        add_field(&block, STR(":path"), str_from(request.path));
    if (!request.authority || *request.authority)
        add_field(&block, STR(":authority"),
                  request.authority ? str_from(request.authority) : STR("a.example"));
    for (size_t i = 0; i < COUNT(request.extra) && request.extra[i].name.len; i++)
        add_field(&block, request.extra[i].name, request.extra[i].value);
    add_frame(f, HEADERS, flags | END_HEADERS, stream, block.bytes, block.len);
    free(block.bytes);
}

static struct frames hello(void)
{
    struct frames f = { .bytes = NULL };

    add(&f, PREFACE, sizeof PREFACE - 1);
    add_frame(&f, SETTINGS, 0, 0, NULL, 0);
    return f;
}

static bool send_frames(int fd, struct frames *f)
{
    bool ok = put(fd, f->bytes, f->len);

    free(f->bytes);
    *f = (struct frames){ .bytes = NULL };
    return ok;
}

struct frame {
    uint8_t type, flags;
    uint32_t stream;
    size_t len;
    uint8_t payload[20000];
};

static bool take(int fd, void *to, size_t len)
{
    for (size_t n = 0; n < len;) {
        ssize_t got = recv(fd, (char *)to + n, len - n, 0);
        if (got <= 0)
            return false;
        n += (size_t)got;
    }
    return true;
}

/* The next frame of that type (any when negative); false when the connection ends before. */
static bool next_frame(int fd, int type, struct frame *frame)
{
    uint8_t head[9];

    do {
        if (!take(fd, head, sizeof head))
            return false;
        frame->len = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        frame->type = head[3];
        frame->flags = head[4];
        frame->stream = (uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8];
        assert_true(frame->len < sizeof frame->payload);
        if (!take(fd, frame->payload, frame->len))
            return false;
        frame->payload[frame->len] = '\0';
    } while (type >= 0 && frame->type != type);
    return true;
}

/* :status as libh2o writes it: indexed, or a literal of three digits. */
static int status_of(const struct frame *frame)
{
    static const int indexed[] = { 200, 204, 206, 304, 400, 404, 500 };

    if (frame->payload[0] & 0x80)
        return indexed[(frame->payload[0] & 0x7f) - 8];
    return (frame->payload[2] - '0') * 100 + (frame->payload[3] - '0') * 10 + frame->payload[4] - '0';
}

/* Sends and reads until the answer's body; 0 when the stream or connection was closed instead. */
static int ask(int fd, struct frames *f, struct frame *body)
{
    struct frame *frame = malloc(sizeof *frame);
    int status = 0;

    (void)send_frames(fd, f);
    while (next_frame(fd, -1, frame) && frame->type != RST_STREAM && frame->type != GOAWAY) {
        if (frame->type == HEADERS)
            status = status_of(frame);
        if (frame->type == DATA) {
            *body = *frame;
            free(frame);
            return status;
        }
    }
    free(frame);
    return 0;
}

static void h2_serves_requests(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    struct frame *body = calloc(1, sizeof *body);
    int fd = dial(kit->port);
    struct frames f = hello();

    (void)state;
    add_headers(&f, 1, END_STREAM,
                (struct request){ .path = "/x?y=1",
                                  .extra = { { STR("x-one"), STR("1") },
                                             { STR("x_two"), STR("2") },
                                             { STR("te"), STR("trailers") },
                                             { STR("authorization"), STR("t") } } });
    assert_int_equal(ask(fd, &f, body), 200);
    assert_non_null(
        strstr((char *)body->payload,
               "GET /x?y=1|/x|y=1\nhost=a.example h2=1 tls=0 body=0\n[x-one: 1]\n[authorization: t]\n"));
    assert_null(strstr((char *)body->payload, "two"));
    assert_null(strstr((char *)body->payload, "trailers"));
    add_headers(&f, 3, 0, (struct request){ .method = "POST", .path = "/p" });
    add_frame(&f, DATA, 0, 3, "abc", 3);
    add_frame(&f, DATA, END_STREAM, 3, "def", 3);
    assert_int_equal(ask(fd, &f, body), 200);
    assert_non_null(strstr((char *)body->payload, "<abcdef>"));
    add_headers(&f, 5, END_STREAM, (struct request){ .path = "/later" });
    add_headers(&f, 7, END_STREAM, (struct request){ .path = "/hello" });
    assert_int_equal(ask(fd, &f, body), 200);
    assert_int_equal(body->stream, 7);
    assert_int_equal(ask(fd, &f, body), 200);
    assert_int_equal(body->stream, 5);
    close(fd);
    free(body);
    kit_stop(kit);
}

static void h2_preface_in_pieces(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    struct frame *body = calloc(1, sizeof *body);
    int fd = dial(kit->port);
    struct frames f = hello();

    (void)state;
    add_headers(&f, 1, END_STREAM, (struct request){ .path = "/hello" });
    for (size_t i = 0; i < f.len; i++) {
        assert_true(put(fd, f.bytes + i, 1));
        usleep(300);
    }
    f.len = 0;
    assert_int_equal(ask(fd, &f, body), 200);
    close(fd);
    free(body);
    kit_stop(kit);
}

/* want 0: the stream or the connection is refused by libh2o, without a call of the handler */
static void h2_refuses_what_http1_refuses(void **state)
{
    static const struct {
        struct request request;
        int want;
    } rows[] = {
        { { .path = "/", .extra = { { STR_INIT("connection"), STR_INIT("close") } } }, 0 },
        { { .path = "/", .extra = { { STR_INIT("transfer-encoding"), STR_INIT("chunked") } } }, 0 },
        { { .path = "/", .extra = { { STR_INIT("upgrade"), STR_INIT("h2c") } } }, 0 },
        { { .path = "/", .extra = { { STR_INIT("te"), STR_INIT("chunked") } } }, 0 },
        { { .path = "/", .extra = { { STR_INIT("X-Upper"), STR_INIT("a") } } }, 0 },
        { { .path = "/", .extra = { { STR_INIT(":path"), STR_INIT("/two") } } }, 0 },
        { { .path = "/", .extra = { { STR_INIT("x"), STR_INIT("a\r\nb: c") } } }, 400 },
        { { .path = "/", .extra = { { STR_INIT("x"), STR_INIT("a\0b") } } }, 400 },
        { { .path = "/", .extra = { { STR_INIT("x y"), STR_INIT("a") } } }, 400 },
        { { .path = "/", .extra = { { STR_INIT("content-length"), STR_INIT("5") } } }, 400 },
        { { .path = "/",
            .extra = { { STR_INIT("authorization"), STR_INIT("a") },
                       { STR_INIT("authorization"), STR_INIT("b") } } },
          400 },
        { { .path = "/", .authority = "" }, 400 },
        { { .path = "/", .authority = "", .extra = { { STR_INIT("host"), STR_INIT("a.example") } } }, 400 },
        { { .path = "/", .authority = "a b" }, 400 },
        { { .path = "/", .authority = "u@a" }, 400 },
        { { .path = "/a b" }, 400 },
        { { .path = "/a#b" }, 400 },
        { { .path = "/a\r\nHost: x" }, 400 },
        { { .path = "" }, 400 },
        { { .path = "*", .method = "OPTIONS" }, 400 },
        { { .path = "http://a.example/" }, 400 },
        { { .path = "/", .method = "GE T" }, 400 },
        { { .path = "/", .method = "" }, 400 },
        { { .path = NULL }, 0 },
    };
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    struct frame *body = calloc(1, sizeof *body);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned calls = kit->calls, faults = kit->faults;
        int fd = dial(kit->port);
        struct frames f = hello();
        add_headers(&f, 1, END_STREAM, rows[i].request);
        int got = ask(fd, &f, body);
        CHECK(got == rows[i].want, "row %zu: %d", i, got);
        CHECK(kit->calls - calls == (rows[i].want ? 1 : 0), "row %zu: %u calls", i, kit->calls - calls);
        CHECK(kit->faults - faults == (rows[i].want ? 1 : 0), "row %zu: %u faults", i, kit->faults - faults);
        close(fd);
    }
    free(body);
    kit_stop(kit);
}

static void h2_shapes_what_is_too_large(void **state)
{
    struct http_limits limits = kit_limits();
    struct kit *kit = kit_start(&limits);
    struct frame *body = calloc(1, sizeof *body);
    char *pad = malloc(16000);
    int fd = dial(kit->port);
    struct frames f = hello();

    (void)state;
    memset(pad, 'p', 16000);
    add_headers(&f, 1, 0, (struct request){ .method = "POST", .path = "/" });
    for (int i = 0; i < 7; i++)
        add_frame(&f, DATA, i == 6 ? END_STREAM : 0, 1, pad, 16000);
    assert_int_equal(ask(fd, &f, body), 413);
    assert_string_equal((char *)body->payload, "fault:too_large");
    pad[0] = '/';
    pad[9000] = '\0';
    add_headers(&f, 3, END_STREAM, (struct request){ .path = pad });
    assert_int_equal(ask(fd, &f, body), 414);
    pad[0] = 'x';
    add_headers(&f, 5, END_STREAM, (struct request){ .path = "/", .extra = { { STR("a"), str_from(pad) } } });
    assert_int_equal(ask(fd, &f, body), 200);
    struct frames block = { .bytes = NULL };
    add_field(&block, STR(":method"), STR("GET"));
    add_field(&block, STR(":scheme"), STR("http"));
    add_field(&block, STR(":path"), STR("/"));
    add_field(&block, STR(":authority"), STR("a"));
    for (unsigned i = 0; i < limits.headers + 1; i++)
        add_field(&block, STR("x"), STR("y"));
    add_frame(&f, HEADERS, END_STREAM | END_HEADERS, 7, block.bytes, block.len);
    assert_int_equal(ask(fd, &f, body), 431);
    add_headers(&f, 9, END_STREAM, (struct request){ .path = "/hello" });
    assert_int_equal(ask(fd, &f, body), 200);
    /* One name and value said 5,000 times in a byte each (RFC 7541 section 7.3): the connection goes. */
    static const uint8_t indexed[] = { 0x40, 1, 'z', 1, 'z' }, again[] = { 0xbe };
    block.len = 0;
    add_field(&block, STR(":method"), STR("GET"));
    add_field(&block, STR(":scheme"), STR("http"));
    add_field(&block, STR(":path"), STR("/"));
    add_field(&block, STR(":authority"), STR("a"));
    add(&block, indexed, sizeof indexed);
    for (int i = 0; i < 5000; i++)
        add(&block, again, 1);
    add_frame(&f, HEADERS, END_STREAM | END_HEADERS, 11, block.bytes, block.len);
    (void)send_frames(fd, &f);
    while (next_frame(fd, -1, body))
        ;
    free(block.bytes);
    close(fd);
    free(pad);
    free(body);
    kit_stop(kit);
}

static void add_cancel(struct frames *f, uint32_t stream)
{
    const uint8_t cancel[4] = { 0, 0, 0, 8 };

    add_frame(f, RST_STREAM, 0, stream, cancel, sizeof cancel);
}

static void wait_for_idle(struct kit *kit)
{
    for (int i = 0; i < 2000 && kit_counts(kit).in_flight; i++)
        usleep(1000);
    assert_int_equal(kit_counts(kit).in_flight, 0);
}

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
        cmocka_unit_test(h2_serves_requests),
        cmocka_unit_test(h2_preface_in_pieces),
        cmocka_unit_test(h2_refuses_what_http1_refuses),
        cmocka_unit_test(h2_shapes_what_is_too_large),
        cmocka_unit_test(h2_tells_who_left),
        cmocka_unit_test(s46_reset_at_once_is_never_begun),
        cmocka_unit_test(s46_reset_floods_close_the_connection),
        cmocka_unit_test(s46_says_goaway),
        cmocka_unit_test(s48_stalled_streams_are_cut),
        cmocka_unit_test(s47_control_frame_floods_are_cut),
        cmocka_unit_test(h2_drains),
        cmocka_unit_test(h2_frees_with_requests_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
