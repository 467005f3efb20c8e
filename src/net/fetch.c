#include "net/fetch_inner.h"

/* ---- the answer ---- */

static bool refuse(struct fetch *fetch, const char *why)
{
    fetch->why = why;
    return false;
}

static void begin_head(struct fetch *fetch)
{
    fetch->heads++;
    fetch->header_count = fetch->lengths = fetch->codings = 0;
    fetch->status = 0;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200". */
static bool read_status(struct fetch *fetch, struct str line)
{
    struct str version, rest;
    uint64_t status;

    begin_head(fetch);
    if (fetch->heads > H1_INTERIM + 1)
        return refuse(fetch, "too many 1xx answers");
    if (!str_cut(line, ' ', &version, &rest) || rest.len < 3 || !str_to_uint(str_of(rest.ptr, 3), &status) ||
        status < 100 || status > 599 || status == 101)
        return refuse(fetch, "no such status");
    fetch->status = (int)status;
    return true;
}

/* The same as h1_parse.c refuses, where curl would choose. */
static bool check_framing(struct fetch *fetch, struct str name, struct str value)
{
    uint64_t length;

    if (str_is(name, "transfer-encoding") && (fetch->codings++ || !str_eq_nocase(value, STR("chunked"))))
        return refuse(fetch, "transfer-encoding other than chunked");
    if (str_is(name, "content-length")) {
        if (fetch->lengths++ || !str_to_uint(value, &length))
            return refuse(fetch, "more than one content-length, or none that is a number");
        bool empty = str_is(fetch->call->request.method, "HEAD") || fetch->status == 304;
        if (!empty && length > fetch->body.ceiling)
            return refuse(fetch, "content-length over the ceiling");
        if (!empty && length && fetch->status == 204)
            return refuse(fetch, "a body announced with 204");
    }
    if (fetch->lengths && fetch->codings)
        return refuse(fetch, "content-length with transfer-encoding");
    return true;
}

static bool read_header(struct fetch *fetch, struct str line)
{
    struct arena *arena = fetch->call->arena;
    struct str name, value;

    if (line.ptr[0] == ' ' || line.ptr[0] == '\t' || !str_cut(line, ':', &name, &value))
        return refuse(fetch, "malformed or folded header");
    if (fetch->header_count == H1_HEADERS)
        return refuse(fetch, "too many headers");
    char *lower = arena_alloc(arena, name.len + 1);
    for (size_t i = 0; i < name.len; i++)
        lower[i] = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] + ('a' - 'A')) : name.ptr[i];
    struct call_header header = { .name = str_of(lower, name.len),
                                  .value = arena_copy(arena, str_trim(value)) };
    fetch->headers[fetch->header_count++] = header;
    return check_framing(fetch, header.name, header.value);
}

static bool read_line(struct fetch *fetch, struct str line)
{
    fetch->call->answering = true;
    fetch->head_bytes += line.len;
    if (fetch->head_bytes > fetch->call->client->limits.head_bytes)
        return refuse(fetch, "head too large");
    if (fetch->whole_head) /* trailers */
        return true;
    while (line.len && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
        line.len--;
    if (!line.len) {
        fetch->whole_head = fetch->status >= 200;
        return true;
    }
    return str_starts(line, STR("HTTP/")) ? read_status(fetch, line) : read_header(fetch, line);
}

static size_t on_header(char *data, size_t size, size_t count, void *fetch)
{
    return read_line(fetch, str_of(data, size * count)) ? size * count : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *of)
{
    struct fetch *fetch = of;

    buf_add(&fetch->body, str_of(data, size * count));
    if (buf_ok(&fetch->body))
        return size * count;
    fetch->why = "body too large";
    return 0;
}

/* Before each time the request is sent. Curl by itself sends it again, POST too, when a connection it had
 * kept turns out to be closed. */
static int on_attempt(void *of, char *to_ip, char *from_ip, int to_port, int from_port)
{
    struct fetch *fetch = of;
    struct call *call = fetch->call;

    (void)to_ip, (void)from_ip, (void)to_port;
    call->connect_by_ms = UINT64_MAX;
    fetch->stale = !fetch_is_quiet(call->client->fetcher, fetch->easy, from_port);
    if (fetch->stale)
        return CURL_PREREQFUNC_ABORT;
    if (!fetch->attempts++)
        return CURL_PREREQFUNC_OK;
    if (fetch->attempts == 2 && call->idempotent && !call->answering) {
        call->retried = true;
        call->client->counts.retried++;
        return CURL_PREREQFUNC_OK;
    }
    fetch->why = "connection lost, and the request may not be sent again";
    return CURL_PREREQFUNC_ABORT;
}

void fetch_end(struct fetch *fetch, CURLcode code)
{
    const struct call_answer answer = { .status = fetch->status,
                                        .body = buf_str(&fetch->body),
                                        .headers = fetch->headers,
                                        .header_count = fetch->header_count };
    struct err err;

    if (code == CURLE_OK &&
        !fetch->whole_head) /* curl takes the end of the connection for the end of the head */
        fetch->why = "closed within the head";
    if (code == CURLE_OK && !fetch->why) {
        call_succeed(fetch->call, &answer);
        return;
    }
    (void)err_set(&err, code == CURLE_OPERATION_TIMEDOUT ? ERR_UPSTREAM_TIMEOUT : ERR_UPSTREAM, "%s",
                  fetch->why ? fetch->why : curl_easy_strerror(code));
    call_fail(fetch->call, &err);
}

/* ---- the request ---- */

static bool add_line(struct fetch *fetch, struct arena *arena, struct str name, struct str value)
{
    /* "name;" is curl's way to say a header without a value, "name:" the way to send none */
    struct str line = value.len ? arena_printf(arena, STR_FMT ": " STR_FMT, STR_ARG(name), STR_ARG(value))
                                : arena_printf(arena, STR_FMT ";", STR_ARG(name));
    struct curl_slist *grown = curl_slist_append(fetch->lines, line.ptr);

    if (!grown)
        return false;
    fetch->lines = grown;
    return true;
}

static bool has_header(const struct call_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (str_is(request->headers[i].name, name))
            return true;
    return false;
}

/* Both transports send the same: none of what curl adds. */
static bool add_lines(struct fetch *fetch)
{
    static const char *const unwanted[] = { "accept", "content-type", "expect", "user-agent",
                                            "accept-encoding" };
    const struct call_request *request = &fetch->call->request;

    for (size_t i = 0; i < request->header_count; i++)
        if (!add_line(fetch, fetch->call->arena, request->headers[i].name, request->headers[i].value))
            return false;
    for (size_t i = 0; i < COUNT(unwanted); i++) {
        if (has_header(request, unwanted[i]))
            continue;
        struct str none = arena_printf(fetch->call->arena, "%s:", unwanted[i]);
        struct curl_slist *grown = curl_slist_append(fetch->lines, none.ptr);
        if (!grown)
            return false;
        fetch->lines = grown;
    }
    return true;
}

static const char *url_of(const struct call *call)
{
    const struct call_request *request = &call->request;
    bool literal6 = memchr(request->host.ptr, ':', request->host.len);

    return arena_printf(call->arena, STR_FMT "://%s" STR_FMT "%s:%u" STR_FMT, STR_ARG(request->scheme),
                        literal6 ? "[" : "", STR_ARG(request->host), literal6 ? "]" : "", request->port,
                        STR_ARG(request->target))
        .ptr;
}

/* The first failure, if any: curl's codes are small positive numbers. */
#define SET(option, value) failed = failed ? failed : (int)curl_easy_setopt(easy, option, value)

static int set_request(const struct fetch *fetch, CURL *easy)
{
    const struct call *call = fetch->call;
    const struct call_request *request = &call->request;
    int failed = 0;

    SET(CURLOPT_URL, url_of(call));
    SET(CURLOPT_PATH_AS_IS, 1L);
    if (str_is(request->method, "HEAD"))
        SET(CURLOPT_NOBODY, 1L);
    else
        SET(CURLOPT_CUSTOMREQUEST, arena_cstr(call->arena, request->method));
    if (request->has_body) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        SET(CURLOPT_POSTFIELDS, request->body.len ? request->body.ptr : "");
    }
    SET(CURLOPT_HTTPHEADER, fetch->lines);
    return failed;
}

static int set_rules(const struct call_client *client, CURL *easy)
{
    int failed = 0;

    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, ""); /* not the environment's */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_CONNECTTIMEOUT_MS,
        client->limits.connect_ms < INT32_MAX ? (long)client->limits.connect_ms : 0L);
    SET(CURLOPT_MAXAGE_CONN, (long)(client->limits.idle_ms / 1000 + 1));
    if (client->ca_file)
        SET(CURLOPT_CAINFO, client->ca_file);
    if (client->certificate)
        SET(CURLOPT_SSLCERT, client->certificate);
    if (client->key)
        SET(CURLOPT_SSLKEY, client->key);
    return failed;
}

static int set_callbacks(struct fetch *fetch, CURL *easy)
{
    int failed = 0;

    SET(CURLOPT_PRIVATE, fetch);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, fetch);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, fetch);
    SET(CURLOPT_PREREQFUNCTION, on_attempt);
    SET(CURLOPT_PREREQDATA, fetch);
    return failed;
}

int fetch_prepare(struct fetch *fetch, CURL *easy)
{
    struct call *call = fetch->call;

    fetch->body = buf_in(call->arena, call->client->limits.body_bytes);
    fetch->headers = ARENA_ARRAY(call->arena, struct call_header, H1_HEADERS);
    if (!add_lines(fetch) || set_request(fetch, easy) || set_rules(call->client, easy) ||
        set_callbacks(fetch, easy) || fetch_sockets_set(call->client->fetcher, easy))
        return -1;
    return 0;
}

void fetch_release(struct fetch *fetch)
{
    curl_slist_free_all(fetch->lines);
    fetch->lines = NULL;
}
