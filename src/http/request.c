#include "http/guard.h"
#include "http/h2.h"
#include "http/inner.h"

#include <assert.h>

/* libh2o wants to know who makes an answer; ours are whole when they start, so it never asks for more. */
static h2o_generator_t generator = { .proceed = NULL, .stop = NULL };

struct gateway_handler {
    h2o_handler_t super;
    struct http_server *server;
};

struct gateway_filter {
    h2o_filter_t super;
    struct http_server *server;
};

/* Stands where the answer that libh2o makes for its own errors would pass, keeps it, and sends the handler's.
 */
struct shaper {
    h2o_ostream_t super;
    struct http_server *server;
};

void hold_bytes(struct http_request *request, size_t bytes)
{
    struct http_server *server = request->server;
    size_t more = bytes - request->held; /* may wrap: so it is taken away */

    request->held = bytes;
    if (!more)
        return;
    server->counts.buffered_bytes += more;
    server->total->held_bytes += more;
}

/* Runs when libh2o drops the request: after its answer went out, or because the stream was reset or the
 * connection closed. Must not touch libh2o's connection, which may be in the middle of being closed. */
static void on_dispose(void *data)
{
    struct http_request *request = data;
    struct http_server *server = request->server;
    struct conn *conn = request->conn;
    const h2o_req_t *req = request->req;
    bool unsent = req->res.content_length != SIZE_MAX && req->bytes_sent < req->res.content_length &&
                  !str_is(request->head.method, "HEAD");

    deadline_clear(server->loop, &request->begin);
    server->counts.in_flight--;
    server->total->in_flight--;
    hold_bytes(request, 0);
    if (conn->current == request)
        conn->current = NULL;
    conn->quiet_ms = loop_now_ms(server->loop);
    if (req->version >= 0x200 && (!request->answered || unsent)) {
        conn->early++;
        conn_judge_early_ends(conn, (const struct st_h2o_http2_conn_t *)(const void *)req->conn);
    }
    if (request->answered)
        return;
    request->answered = true;
    if (request->gone)
        request->gone(request->gone_data);
}

/* As libh2o left it, and expects it. */
static void unwatch(struct conn *conn)
{
    if (!conn->watched)
        return;
    conn->watched = false;
    h2o_socket_read_stop(conn->sock);
    h2o_socket_dont_read(conn->sock, 0);
}

/* More from a client that waits, or its end: both are left where they are until it is answered. */
static void on_early(h2o_socket_t *sock, const char *err)
{
    (void)err;
    unwatch(sock->on_close.data);
}

/* While a request is answered libh2o takes the connection's socket out of epoll, and puts it back afterwards. So it stays
 * registered, unread: the two system calls were 7 % of the cost of a small request. */
static void watch(struct conn *conn)
{
    conn->watched = true;
    h2o_socket_dont_read(conn->sock, 1);
    h2o_socket_read_start(conn->sock, on_early);
}

static struct http_request *request_open(struct http_server *server, h2o_req_t *req)
{
    struct http_request *request = h2o_mem_alloc_shared(&req->pool, sizeof *request, on_dispose);
    struct conn *conn = conn_of(req);

    *request = (struct http_request){
        .server = server,
        .conn = conn,
        .req = req,
        .since_ms = loop_now_ms(server->loop),
    };
    server->counts.requests++;
    server->counts.in_flight++;
    server->total->in_flight++;
    if (req->version < 0x200) {
        conn->current = request;
        conn->asked = true;
    } else {
        conn->reached++;
    }
    return request;
}

static void hand_over(struct http_request *request, enum err_code fault)
{
    struct http_server *server = request->server;

    fault = head_read(request, fault);
    server->handler(request, &request->head, fault, server->data);
}

static void send_bare(h2o_req_t *req, int status)
{
    unwatch(conn_of(req));
    req->res.status = status;
    req->res.reason = "Unavailable";
    req->res.content_length = 0;
    h2o_start_response(req, &generator);
    h2o_send(req, NULL, 0, H2O_SEND_STATE_FINAL);
}

/* A stream that is reset by what came in the same packets as its request never gets here: whoever resets all of them at once
 * (CVE-2023-44487) has cost no call to the backend. */
static void on_begin(struct deadline *deadline)
{
    struct http_request *request = CONTAINER(deadline, struct http_request, begin);

    if (!request->conn->condemned) {
        hand_over(request, ERR_NONE);
        return;
    }
    request->answered = true;
    send_bare(request->req, 503);
}

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    struct http_server *server = ((struct gateway_handler *)(void *)self)->server;
    struct conn *conn = conn_of(req);

    if (conn->condemned) { /* what is left of a flood, until the socket is shut down */
        conn->reached++;
        send_bare(req, 503);
        return 0;
    }
    struct http_request *request = request_open(server, req);
    if (req->version >= 0x200) {
        request->begin.run = on_begin;
        deadline_set(server->loop, &request->begin, 0);
        return 0;
    }
    watch(conn);
    hand_over(request, ERR_NONE);
    return 0;
}

static enum err_code fault_of(int status)
{
    static const struct {
        int status;
        enum err_code code;
    } rows[] = {
        { .status = 400, .code = ERR_BAD_REQUEST },
        { .status = 413, .code = ERR_TOO_LARGE },
        { .status = 417, .code = ERR_BAD_REQUEST },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].status == status)
            return rows[i].code;
    }
    return ERR_INTERNAL;
}

static void shaper_send(h2o_ostream_t *self, h2o_req_t *req, h2o_iovec_t *bufs, size_t count,
                        h2o_send_state_t state)
{
    struct shaper *shaper = (struct shaper *)(void *)self;

    if (conn_of(req)->condemned) {
        h2o_ostream_send_next(self, req, bufs, count, state);
        return;
    }
    enum err_code fault = fault_of(req->res.status);
    struct http_request *request = request_open(shaper->server, req);
    if (fault == ERR_BAD_REQUEST)
        shaper->server->counts.guard_refusals++;
    request->shaper = shaper;
    hand_over(request, fault);
}

static void on_error_setup(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
    if (req->_generator != &generator) { /* not an answer of ours */
        struct shaper *shaper = (void *)h2o_add_ostream(req, sizeof *shaper, slot);
        shaper->server = ((struct gateway_filter *)(void *)self)->server;
        shaper->super.do_send = shaper_send;
        slot = &shaper->super.next;
    }
    h2o_setup_next_ostream(req, slot);
}

static void add_handler(h2o_pathconf_t *path, struct http_server *server)
{
    struct gateway_handler *handler = (void *)h2o_create_handler(path, sizeof *handler);

    handler->server = server;
    handler->super.on_req = on_request;
}

/* One host, one path, one handler for everything. libh2o sends its own errors through the host's fallback
 * path. */
void requests_setup(struct http_server *server)
{
    h2o_hostconf_t *host =
        h2o_config_register_host(&server->conf, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    struct gateway_filter *filter = (void *)h2o_create_filter(&host->fallback_path, sizeof *filter);

    filter->server = server;
    filter->super.on_setup_ostream = on_error_setup;
    add_handler(&host->fallback_path, server);
    add_handler(h2o_config_register_path(host, "/", 0), server);
}

void http_request_on_gone(struct http_request *request, void (*gone)(void *data), void *data)
{
    request->gone = gone;
    request->gone_data = data;
}

/* libh2o keeps an HTTP/1 request until it is answered, whether or not anybody is there. */
void request_leave(struct http_request *request)
{
    h2o_req_t *req = request->req;
    struct shaper *shaper = request->shaper;

    request->answered = true;
    if (request->gone)
        request->gone(request->gone_data);
    req->http1_is_persistent = 0;
    if (!shaper) {
        send_bare(req, 503);
        return;
    }
    req->res.content_length = 0;
    h2o_ostream_send_next(&shaper->super, req, NULL, 0, H2O_SEND_STATE_FINAL);
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 204, "No Content" },
        { 304, "Not Modified" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 406, "Not Acceptable" },
        { 408, "Request Timeout" },
        { 409, "Conflict" },
        { 412, "Precondition Failed" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 415, "Unsupported Media Type" },
        { 422, "Unprocessable Content" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 502, "Bad Gateway" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].status == status)
            return rows[i].text;
    }
    return "Status";
}

/* Names and values are written out before http_answer returns, so they need no copy. One with a line feed in
 * it would start another header: it is left out. */
static void set_headers(h2o_req_t *req, const struct http_header *headers, size_t count)
{
    req->res.headers = (h2o_headers_t){ .entries = NULL };
    h2o_vector_reserve(&req->pool, &req->res.headers, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct str name = headers[i].name, value = headers[i].value;
        if (guard_is_name(name) && guard_is_value(value))
            h2o_add_header_by_str(&req->pool, &req->res.headers, name.ptr, name.len, 1, NULL, value.ptr,
                                  value.len);
    }
}

void http_answer(struct http_request *request, int status, const struct http_header *headers,
                 size_t header_count, struct str body)
{
    h2o_req_t *req = request->req;
    bool bodiless = status == 204 || status == 304;
    bool silent = bodiless || body.len == 0 || str_is(request->head.method, "HEAD");
    h2o_iovec_t copy = h2o_iovec_init(NULL, 0);

    assert(!request->answered);
    request->answered = true;
    set_headers(req, headers, header_count);
    req->res.status = status;
    req->res.reason = reason_of(status);
    req->res.content_length = bodiless ? SIZE_MAX : body.len;
    if (!silent)
        copy = h2o_strdup(&req->pool, body.ptr, body.len);
    if (request->server->draining)
        req->http1_is_persistent = 0;
    unwatch(request->conn);
    if (request->shaper) {
        h2o_ostream_send_next(&request->shaper->super, req, &copy, !silent, H2O_SEND_STATE_FINAL);
        return;
    }
    h2o_start_response(req, &generator);
    h2o_send(req, &copy, !silent, H2O_SEND_STATE_FINAL);
}
