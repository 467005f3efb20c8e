#include "http/h2.h"
#include "http/guard.h"
#include "http/inner.h"

#include "base/buf.h"
#include "base/log.h"

struct str http_find(const struct http_head *head, struct str name, unsigned *count)
{
    struct str value = STR_NONE;
    unsigned found = 0;

    for (size_t i = 0; i < head->header_count; i++) {
        if (!str_eq(head->headers[i].name, name))
            continue;
        value = head->headers[i].value;
        found++;
    }
    if (count)
        *count = found;
    return found == 1 ? value : STR_NONE;
}

bool http_has(const struct http_head *head, struct str name)
{
    unsigned count;

    (void)http_find(head, name, &count);
    return count > 0;
}

struct str http_find_list(const struct http_head *head, struct str name, struct arena *arena)
{
    unsigned count;
    struct str only = http_find(head, name, &count);
    struct buf list = buf_in(arena, SIZE_MAX);

    if (count < 2)
        return only;
    for (size_t i = 0; i < head->header_count; i++)
        if (str_eq(head->headers[i].name, name))
            buf_join(&list, ',', head->headers[i].value);
    return list.len ? buf_str(&list) : STR("");
}

/* Meant for this connection only (RFC 9110 section 7.6.1), or framing that is dealt with already. */
static const struct str hop_by_hop[] = {
    STR_INIT("connection"),
    STR_INIT("keep-alive"),
    STR_INIT("proxy-connection"),
    STR_INIT("proxy-authenticate"),
    STR_INIT("proxy-authorization"),
    STR_INIT("te"),
    STR_INIT("trailer"),
    STR_INIT("transfer-encoding"),
    STR_INIT("upgrade"),
    STR_INIT("http2-settings"),
    STR_INIT("expect"),
    STR_INIT("host"),
    STR_INIT("content-length"),
};

/* Naming one of these in Connection does not remove it: a client behind a trusted proxy could otherwise take
 * away what that proxy added. Ending in '-' means every name that starts so. */
static const struct str end_to_end[] = {
    STR_INIT("authorization"), STR_INIT("x-"),     STR_INIT("content-"), STR_INIT("accept"),
    STR_INIT("accept-"),       STR_INIT("if-"),    STR_INIT("cookie"),   STR_INIT("forwarded"),
    STR_INIT("traceparent"),   STR_INIT("date"),   STR_INIT("prefer"),   STR_INIT("idempotency-key"),
    STR_INIT("tracestate"),    STR_INIT("origin"), STR_INIT("range"),    STR_INIT("user-agent"),
};

static bool is_hop_by_hop(struct str name)
{
    for (size_t i = 0; i < COUNT(hop_by_hop); i++) {
        if (str_eq(name, hop_by_hop[i]))
            return true;
    }
    return false;
}

static bool is_end_to_end(struct str name)
{
    for (size_t i = 0; i < COUNT(end_to_end); i++) {
        struct str row = end_to_end[i];
        if (row.ptr[row.len - 1] == '-' ? str_starts(name, row) : str_eq(name, row))
            return true;
    }
    return false;
}

static bool is_named_by(struct str connection, struct str name)
{
    struct str token;

    while (str_next(&connection, ',', &token)) {
        if (str_eq_nocase(str_trim(token), name))
            return true;
    }
    return false;
}

static bool is_connection_header(const h2o_header_t *header)
{
    return header->name == &H2O_TOKEN_CONNECTION->buf;
}

static bool is_named(const h2o_headers_t *headers, struct str name)
{
    for (size_t i = 0; i < headers->size; i++) {
        if (is_connection_header(&headers->entries[i]) &&
            is_named_by(str_of_iovec(headers->entries[i].value), name))
            return true;
    }
    return false;
}

/* Underscores are dropped because much software behind us makes '-' of them (S43). */
static bool is_wanted(const h2o_headers_t *headers, bool has_connection, struct str name)
{
    if (name.len == 0 || memchr(name.ptr, '_', name.len) || is_hop_by_hop(name))
        return false;
    return !has_connection || is_end_to_end(name) || !is_named(headers, name);
}

static void fill_headers(struct http_request *request)
{
    h2o_req_t *req = request->req;
    struct http_header *to = h2o_mem_alloc_pool(&req->pool, sizeof *to * (req->headers.size + 1));
    bool has_connection = false;

    request->head.headers = to;
    for (size_t i = 0; i < req->headers.size; i++)
        has_connection |= is_connection_header(&req->headers.entries[i]);
    for (size_t i = 0; i < req->headers.size; i++) {
        const h2o_header_t *header = &req->headers.entries[i];
        struct str name = str_of_iovec(*header->name);
        if (is_wanted(&req->headers, has_connection, name))
            *to++ = (struct http_header){ .name = name, .value = str_of_iovec(header->value) };
    }
    request->head.header_count = (size_t)(to - request->head.headers);
}

static void fill_head(struct http_request *request)
{
    h2o_req_t *req = request->req;
    const struct conn *conn = request->conn;
    struct http_head *head = &request->head;
    bool named_host = req->input.authority.base != req->conn->hosts[0]->authority.hostport.base;

    *head = (struct http_head){
        .method = str_of_iovec(req->input.method),
        .target = str_of_iovec(req->input.path),
        .path = str_of_iovec(req->input.path),
        .host = named_host ? str_of_iovec(req->input.authority) : STR_NONE, /* else libh2o filled it in */
        .peer = str_of(conn->peer, conn->peer_len),
        .peer_is_proxy = conn->peer_is_proxy,
        .local_port = conn->listener->port,
        .tls = conn->listener->accept.ssl_ctx,
        .http2 = req->version >= 0x200,
        .body = str_of_iovec(req->entity),
        .has_body = req->entity.base,
    };
    str_cut(head->target, '?', &head->path, &head->query);
}

/* The bytes as they came are still where libh2o read them; only names are lower case already. */
static enum err_code judge_http1(struct http_request *request)
{
    h2o_req_t *req = request->req;
    const struct http_limits *limits = &request->server->limits;
    const h2o_buffer_t *input = request->conn->sock->input;
    struct guard guard;
    enum guard_verdict verdict = guard_check(str_of(input->bytes, input->size), &guard);

    if (verdict) {
        request->server->counts.guard_refusals++;
        log_line(LOG_DEBUG, "request refused at byte %zu: %s", guard.offset, guard_text(verdict));
        return ERR_BAD_REQUEST;
    }
    if (guard.chunked) /* the framing of the chunks was not kept, so nobody can check it */
        req->http1_is_persistent = 0;
    if (guard.offset > limits->head_bytes || guard.headers > limits->headers)
        return ERR_HEAD_TOO_LARGE;
    return ERR_NONE;
}

static bool headers_are_clean(const h2o_headers_t *headers)
{
    unsigned authorizations = 0;

    for (size_t i = 0; i < headers->size; i++) {
        const h2o_header_t *header = &headers->entries[i];
        if (!guard_is_name(str_of_iovec(*header->name)) || !guard_is_value(str_of_iovec(header->value)))
            return false;
        if (header->name == &H2O_TOKEN_AUTHORIZATION->buf && authorizations++)
            return false;
    }
    return true;
}

/* A length promised where the stream ended without a body: libh2o compares the two only when there is a body.
 */
static bool length_is_true(h2o_req_t *req)
{
    const struct st_h2o_http2_stream_t *stream = h2_stream_of(req);

    return stream->req_body || stream->expected_content_length == SIZE_MAX ||
           stream->expected_content_length == 0;
}

/* What applies in HTTP/2; libh2o refuses connection-specific headers itself, but writes of a block that says
 * the same header many thousand times (RFC 7541 section 7.3) how large it is only here. */
static enum err_code judge_http2(struct http_request *request)
{
    h2o_req_t *req = request->req;
    const struct http_limits *limits = &request->server->limits;
    const struct http_head *head = &request->head;
    size_t bytes = head->target.len;

    for (size_t i = 0; i < req->headers.size; i++)
        bytes += req->headers.entries[i].name->len + req->headers.entries[i].value.len + 4;
    if (bytes > limits->head_bytes || req->headers.size > limits->headers) {
        if (req->headers.size / 4 > limits->headers)
            conn_condemn(request->conn);
        return ERR_HEAD_TOO_LARGE;
    }
    if (guard_is_method(head->method) && !guard_check_target(head->target) && guard_is_host(head->host) &&
        headers_are_clean(&req->headers) && length_is_true(req))
        return ERR_NONE;
    request->server->counts.guard_refusals++;
    return ERR_BAD_REQUEST;
}

static enum err_code judge_amount(const struct http_request *request)
{
    const struct http_server *server = request->server;
    const struct http_limits *limits = &server->limits;
    const struct http_head *head = &request->head;

    if (head->target.len > limits->target_bytes)
        return ERR_URI_TOO_LONG;
    if (head->body.len > limits->body_bytes)
        return ERR_TOO_LARGE;
    if (server->total->in_flight > limits->in_flight)
        return ERR_UNAVAILABLE;
    if (head->body.len && (server->too_much || server->total->held_bytes > limits->buffered_bytes))
        return ERR_UNAVAILABLE;
    return ERR_NONE;
}

/* Fills request->head; gives what is wrong with the request, or `fault` when libh2o found something first. */
enum err_code head_read(struct http_request *request, enum err_code fault)
{
    h2o_req_t *req = request->req;

    fill_head(request);
    hold_bytes(request, request->head.body.len);
    if (!fault)
        fault = request->head.http2 ? judge_http2(request) : judge_http1(request);
    if (!request->head.http2 && fault) { /* nothing that follows on this connection can be trusted */
        req->http1_is_persistent = 0;
        linger_prepare(request->conn);
    }
    if (!fault)
        fault = judge_amount(request);
    if (fault != ERR_HEAD_TOO_LARGE)
        fill_headers(request);
    return fault;
}
