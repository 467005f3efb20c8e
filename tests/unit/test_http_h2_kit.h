/* A client of HTTP/2 for test_http_h2_*.c: frames and HPACK (literals without indexing) written by hand. */
#pragma once

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

static inline void add(struct frames *f, const void *bytes, size_t len)
{
    if (f->len + len > f->space) {
        f->space = (f->len + len) * 2;
        f->bytes = realloc(f->bytes, f->space);
    }
    if (len)
        memcpy(f->bytes + f->len, bytes, len);
    f->len += len;
}

static inline void add_frame(struct frames *f, uint8_t type, uint8_t flags, uint32_t stream,
                             const void *payload, size_t len)
{
    const uint8_t head[9] = {
        (uint8_t)(len >> 16),    (uint8_t)(len >> 8),     (uint8_t)len,           type,           flags,
        (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream
    };
    add(f, head, sizeof head);
    add(f, payload, len);
}

static inline void add_int(struct frames *f, size_t value)
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

static inline void add_field(struct frames *f, struct str name, struct str value)
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

static inline void add_headers(struct frames *f, uint32_t stream, uint8_t flags, struct request request)
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

static inline struct frames hello(void)
{
    struct frames f = { .bytes = NULL };

    add(&f, PREFACE, sizeof PREFACE - 1);
    add_frame(&f, SETTINGS, 0, 0, NULL, 0);
    return f;
}

static inline bool send_frames(int fd, struct frames *f)
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

static inline bool take(int fd, void *to, size_t len)
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
static inline bool next_frame(int fd, int type, struct frame *frame)
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
static inline int status_of(const struct frame *frame)
{
    static const int indexed[] = { 200, 204, 206, 304, 400, 404, 500 };

    if (frame->payload[0] & 0x80)
        return indexed[(frame->payload[0] & 0x7f) - 8];
    return (frame->payload[2] - '0') * 100 + (frame->payload[3] - '0') * 10 + frame->payload[4] - '0';
}

/* Sends and reads until the answer's body; 0 when the stream or connection was closed instead. */
static inline int ask(int fd, struct frames *f, struct frame *body)
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

static inline void add_cancel(struct frames *f, uint32_t stream)
{
    const uint8_t cancel[4] = { 0, 0, 0, 8 };

    add_frame(f, RST_STREAM, 0, stream, cancel, sizeof cancel);
}

static inline void wait_for_idle(struct kit *kit)
{
    for (int i = 0; i < 2000 && kit_counts(kit).in_flight; i++)
        usleep(1000);
    assert_int_equal(kit_counts(kit).in_flight, 0);
}
