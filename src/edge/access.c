#include "edge/access.h"

#include "base/clock.h"
#include "json/write.h"

#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FLUSH_MS = 200,
    FLUSH_BYTES = 32 * 1024,
    LINE_BYTES = 8192,
    NAME_BYTES = 256, /* of a brand or subject; what an issuer writes there may be as long as a token */
    HELD_BYTES = 1024 * 1024,
};

struct access_log {
    struct arena *arena;
    struct arena *scratch;
    struct loop *loop;
    struct deadline flush;
    struct buf lines;
    int fd;
    bool is_socket, in_pieces;
    uint64_t lost;
};

/* A pipe takes PIPE_BUF bytes whole or not at all, a stream socket too. So what goes out at once is whole lines of no more:
 * the logs of other loops write there as well. */
static size_t next_piece(const struct access_log *log, size_t at)
{
    size_t left = log->lines.len - at;
    const char *from = log->lines.ptr + at, *end;

    if (!log->in_pieces || left <= PIPE_BUF)
        return left;
    end = memrchr(from, '\n', PIPE_BUF);
    if (!end)
        end = memchr(from, '\n', left);
    return end ? (size_t)(end - from) + 1 : left;
}

/* Without waiting, though the descriptor may be one that waits: a socket, such as systemd's journal, cannot be opened anew. */
static ssize_t write_piece(const struct access_log *log, size_t at, size_t len)
{
    struct pollfd room = { .fd = log->fd, .events = POLLOUT };

    if (log->is_socket)
        return send(log->fd, log->lines.ptr + at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (log->in_pieces && (poll(&room, 1, 0) <= 0 || !(room.revents & POLLOUT)))
        return -1;
    return write(log->fd, log->lines.ptr + at, len);
}

/* What a full pipe does not take stays for the next time; nobody waits for its reader. */
static void flush(struct access_log *log)
{
    size_t at = 0;

    deadline_clear(log->loop, &log->flush);
    if (!log->lines.len)
        return;
    while (at < log->lines.len) {
        ssize_t n = write_piece(log, at, next_piece(log, at));
        if (n <= 0)
            break; /* neither a full pipe nor a full disk may stop the service */
        at += (size_t)n;
    }
    log->lines.len -= at;
    memmove(log->lines.ptr, log->lines.ptr + at, log->lines.len);
    if (log->lines.len)
        deadline_set(log->loop, &log->flush, FLUSH_MS);
}

static void on_flush(struct deadline *deadline)
{
    flush(CONTAINER(deadline, struct access_log, flush));
}

static void look_at(struct access_log *log)
{
    struct stat is;

    if (log->fd < 0 || fstat(log->fd, &is))
        return;
    log->is_socket = S_ISSOCK(is.st_mode);
    log->in_pieces = log->is_socket || S_ISFIFO(is.st_mode);
}

struct access_log *access_log_new(struct loop *loop, int fd)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct access_log *log = ARENA_NEW(arena, struct access_log);

    log->arena = arena;
    log->scratch = arena_new(SIZE_MAX);
    log->loop = loop;
    log->fd = fd;
    log->flush.run = on_flush;
    log->lines = buf_in(arena, HELD_BYTES);
    look_at(log);
    return log;
}

void access_log_free(struct access_log **log)
{
    if (!*log)
        return;
    flush(*log);
    deadline_clear((*log)->loop, &(*log)->flush);
    struct arena *arena = (*log)->arena;
    arena_free(&(*log)->scratch);
    arena_free(&arena);
    *log = NULL;
}

/* Only methods of RFC 9110 and RFC 5789 are words; a client may send any token. */
static struct str known_method(struct str method)
{
    static const char *const known[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE" };

    for (size_t i = 0; i < COUNT(known); i++)
        if (str_is(method, known[i]))
            return method;
    return STR("other");
}

/* Most of a client's faults may quote the client. Those of these codes are said in words of our own, with counts and names
 * of scopes, and tell the operator why a token is refused, or that it is the backend that refuses a document. */
static bool detail_is_ours(const struct err *err, int status)
{
    static const enum err_code ours[] = { ERR_UNAUTHENTICATED, ERR_INVALID_TOKEN, ERR_SCOPE, ERR_INVALID };

    for (size_t i = 0; i < COUNT(ours); i++)
        if (ours[i] == err->code)
            return true;
    return status >= 500;
}

/* Not in the midst of a letter. */
static struct str shortened(struct arena *arena, struct str name)
{
    size_t len = NAME_BYTES;

    if (name.len <= NAME_BYTES)
        return name;
    while (len && ((unsigned char)name.ptr[len] & 0xC0) == 0x80)
        len--;
    return arena_printf(arena, STR_FMT "…", STR_ARG(str_of(name.ptr, len)));
}

/* The start of a member that is not the first. Known to need no escapes, for which json_member_string would look each time. */
#define MEMBER(name) STR(",\"" name "\":")

static void add_text(struct buf *out, struct str member, struct str text)
{
    buf_add(out, member);
    json_quote(out, text);
}

static void add_number(struct buf *out, struct str member, uint64_t number)
{
    buf_add(out, member);
    buf_uint(out, number);
}

static void write_line(struct arena *scratch, struct buf *out, const struct http_head *head, const struct flow_answer *answer)
{
    const struct flow_report *report = &answer->report;
    char when[DATETIME_LEN];

    datetime_format(clock_wall_ms(), when);
    add_text(out, STR("{\"time\":"), str_of(when, sizeof when));
    add_text(out, MEMBER("request_id"), report->request_id);
    add_text(out, MEMBER("peer"), head->peer);
    add_text(out, MEMBER("method"), known_method(head->method));
    add_text(out, MEMBER("dialect"), report->dialect);
    add_text(out, MEMBER("operation"), report->operation.len ? report->operation : STR("none"));
    add_number(out, MEMBER("status"), (uint64_t)answer->status);
    add_number(out, MEMBER("micros"), report->micros);
    add_number(out, MEMBER("bytes_in"), head->body.len);
    add_number(out, MEMBER("bytes_out"), answer->body.len);
    add_number(out, MEMBER("upstream_calls"), report->upstream_calls);
    if (report->brand.len)
        add_text(out, MEMBER("brand"), shortened(scratch, report->brand));
    if (report->subject.len)
        add_text(out, MEMBER("subject"), shortened(scratch, report->subject));
    if (report->err)
        add_text(out, MEMBER("error"), str_from(err_name(report->err->code)));
    if (report->err && detail_is_ours(report->err, answer->status))
        add_text(out, MEMBER("detail"), str_from(report->err->detail));
    buf_add(out, STR("}\n"));
}

uint64_t access_log_lost(const struct access_log *log)
{
    return log->lost;
}

void access_log_add(struct access_log *log, const struct http_head *head, const struct flow_answer *answer)
{
    struct buf line = buf_in(log->scratch, LINE_BYTES);

    if (log->fd < 0)
        return;
    write_line(log->scratch, &line, head, answer);
    if (buf_ok(&line) && line.len <= HELD_BYTES - log->lines.len)
        buf_add(&log->lines, buf_str(&line));
    else
        log->lost++;
    arena_reset(log->scratch);
    if (log->lines.len >= FLUSH_BYTES && log->lines.len < HELD_BYTES / 2)
        flush(log); /* more than that is held only while nobody reads: the deadline tries again */
    else if (!log->flush.index)
        deadline_set(log->loop, &log->flush, FLUSH_MS);
}
