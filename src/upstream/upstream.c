#include "upstream/upstream.h"

#include "base/buf.h"
#include "base/log.h"
#include "conf/conf.h"
#include "upstream/plan.h"

#include <stdlib.h>

/* The real transport: a call of net/ per canonical call. */
struct live {
    struct upstream upstream; /* first: what the flow holds */
    struct loop *loop;
    struct call_client *client;
    struct call_origin origin;
    struct tape_limits limits;
    uint64_t scan_limit;
};

enum { HEADERS_MAX = 8, TARGET_MAX = 32 * 1024 };

struct upstream_call {
    struct call *call;
    struct plan *plan; /* in the place of `call` */
    struct upstream_answer answer;
    struct live *live;
    struct arena *arena; /* the request's; holds the call itself */
    upstream_done_fn *done;
    void *data;
    struct early *early; /* what is still to be told; or NULL */
    struct call_header headers[HEADERS_MAX];
    struct call_request request;
};

/* Why a call could not even start: told after upstream_start returned, when the call may be gone. */
struct early {
    struct post post;
    struct upstream_call *call; /* NULL: freed before it could be told */
    struct err err;
};

/* What a backend's refusal means here. A 401 is the gateway's own fault, and so is a 400 to a checked request. */
static enum err_code code_of(int status)
{
    static const struct {
        int status;
        enum err_code code;
    } codes[] = {
        { 400, ERR_INVALID },       { 403, ERR_FORBIDDEN },   { 404, ERR_NOT_FOUND },   { 409, ERR_CONFLICT },
        { 405, ERR_NOT_IMPLEMENTED },
        { 412, ERR_PRECONDITION },  { 413, ERR_TOO_LARGE },   { 422, ERR_INVALID },     { 429, ERR_TOO_MANY },
        { 501, ERR_NOT_IMPLEMENTED }, { 503, ERR_UNAVAILABLE }, { 504, ERR_UPSTREAM_TIMEOUT },
    };

    for (size_t i = 0; i < COUNT(codes); i++)
        if (codes[i].status == status)
            return codes[i].code;
    return ERR_UPSTREAM;
}

static struct str header_value(const struct call_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (str_is(answer->headers[i].name, name))
            return answer->headers[i].value;
    return STR_NONE;
}

static bool is_json(struct str content_type)
{
    struct str type = content_type, rest;

    (void)str_cut(content_type, ';', &type, &rest);
    type = str_trim(type);
    return str_eq_nocase(type, STR("application/json")) ||
           (type.len > 5 && str_eq_nocase(str_from_at(type, type.len - 5), STR("+json")));
}

enum { MOST_AFTER_S = 24 * 3600 };

/* What the backend says of the time to wait; 0: nothing, or a date. */
static unsigned after_of(const struct call_answer *answer)
{
    struct str said = answer->status == 429 || answer->status == 503 ? header_value(answer, "retry-after") : STR_NONE;
    uint64_t seconds;

    if (!said.len || !str_to_uint(said, &seconds))
        return 0;
    return seconds < MOST_AFTER_S ? (unsigned)seconds : MOST_AFTER_S;
}

static int refused(const struct call_answer *answer, struct err *err)
{
    (void)err_set(err, code_of(answer->status), "the backend answered %d", answer->status);
    err->after_s = after_of(answer);
    return -1;
}

static int read_answer(struct upstream_call *call, const struct call_answer *answer, struct err *err)
{
    struct tape_fault fault;

    if (answer->status >= 400)
        return refused(answer, err);
    if (answer->status < 200 || answer->status >= 300)
        return err_set(err, ERR_UPSTREAM, "the backend answered %d", answer->status);
    call->answer = (struct upstream_answer){ .status = answer->status, .etag = header_value(answer, "etag") };
    if (!answer->body.len)
        return 0;
    if (!is_json(header_value(answer, "content-type")))
        return err_set(err, ERR_UPSTREAM, "the backend's answer is not JSON by its content type");
    if (!tape_read(&call->answer.document, call->arena, answer->body, &call->live->limits, &fault))
        return err_set(err, ERR_UPSTREAM, "the backend's answer at byte %u: %s", fault.offset, fault.what);
    return 0;
}

static void on_done(struct call *inner, const struct call_answer *answer, const struct err *failed, void *data)
{
    struct upstream_call *call = data;
    struct err err;

    (void)inner;
    if (!answer)
        call->done(call, NULL, failed, call->data);
    else if (read_answer(call, answer, &err))
        call->done(call, NULL, &err, call->data);
    else
        call->done(call, &call->answer, NULL, call->data);
}

static void tell_early(struct post *post)
{
    struct early *early = CONTAINER(post, struct early, post);
    struct upstream_call *call = early->call;

    if (call) {
        call->early = NULL;
        call->done(call, NULL, &early->err, call->data);
    }
    free(early);
}

static void fail_early(struct upstream_call *call, const struct err *err)
{
    struct early *early = calloc(1, sizeof *early);

    if (!early)
        log_no_memory();
    *early = (struct early){ .post.run = tell_early, .call = call, .err = *err };
    call->early = early;
    loop_post(call->live->loop, &early->post);
}

static void add_header(struct upstream_call *call, struct str name, struct str value)
{
    if (value.len)
        call->headers[call->request.header_count++] = (struct call_header){ .name = name, .value = value };
}

static void add_headers(struct upstream_call *call, const struct upstream_request *request)
{
    struct buf bearer = buf_in(call->arena, request->token.len + sizeof "Bearer ");

    buf_add(&bearer, STR("Bearer "));
    buf_add(&bearer, request->token);
    if (request->token.len)
        add_header(call, STR("authorization"), buf_str(&bearer));
    add_header(call, STR("x-request-id"), request->request_id);
    add_header(call, STR("x-brand-id"), request->brand);
    add_header(call, STR("traceparent"), request->traceparent);
    add_header(call, STR("if-match"), request->if_match);
    add_header(call, STR("accept"), STR("application/json"));
    if (request->body.ptr)
        add_header(call, STR("content-type"), STR("application/json"));
}

static int prepare(struct upstream_call *call, const struct upstream_request *request, struct err *err)
{
    const struct call_origin *origin = &call->live->origin;
    struct buf target = buf_in(call->arena, TARGET_MAX);

    if (upstream_target(request, origin->base, &target, err))
        return -1;
    call->request = (struct call_request){ .method = request->call->method,
                                           .scheme = origin->scheme,
                                           .host = origin->host,
                                           .port = origin->port,
                                           .target = buf_str(&target),
                                           .body = request->body,
                                           .has_body = request->body.ptr != NULL,
                                           .headers = call->headers };
    add_headers(call, request);
    /* Half a request is another request. */
    return arena_is_short(call->arena) ? err_set(err, ERR_TOO_LARGE, "no memory left for the call") : 0;
}

static void on_plan(const struct upstream_answer *answer, const struct err *err, void *data)
{
    struct upstream_call *call = data;

    call->done(call, answer, err, call->data);
}

/* What goes out: the call itself, or documented ones in its place. */
static int start(struct upstream_call *call, const struct upstream_request *wanted, struct err *err)
{
    struct live *live = call->live;
    struct upstream_request request = *wanted;

    if (request.refused) {
        *err = *request.refused;
        return -1;
    }
    if (!plan_needless(&request)) {
        call->plan = plan_start(&live->upstream, &request, &live->limits, live->scan_limit, on_plan, call, err);
        return call->plan ? 0 : -1;
    }
    plan_strip(&request);
    if (prepare(call, &request, err))
        return -1;
    call->call = call_start(live->client, &call->request, on_done, call);
    if (request.sent)
        ++*request.sent;
    return 0;
}

static struct upstream_call *live_start(struct upstream *upstream, const struct upstream_request *request,
                                        upstream_done_fn *done, void *data)
{
    struct live *live = (struct live *)(void *)upstream;
    struct upstream_call *call = ARENA_NEW(request->arena, struct upstream_call);
    struct err err;

    call->live = live;
    call->arena = request->arena;
    call->done = done;
    call->data = data;
    if (start(call, request, &err))
        fail_early(call, &err);
    return call;
}

static void live_free_call(struct upstream_call **call)
{
    if (!*call)
        return;
    plan_free(&(*call)->plan);
    if ((*call)->call)
        call_free(&(*call)->call);
    if ((*call)->early)
        (*call)->early->call = NULL;
    *call = NULL;
}

static const struct upstream_ops live_ops = { .start = live_start, .free_call = live_free_call };

static enum call_transport transport_of(const struct conf *conf)
{
    if (str_is(conf->backend.transport, "h1"))
        return CALL_H1;
    return str_is(conf->backend.transport, "curl") ? CALL_CURL : CALL_AUTO;
}

/* The setting as a C string, or NULL where it is empty. */
static const char *path_or_null(const struct conf *conf, struct str path)
{
    return path.len ? arena_cstr(conf->arena, path) : NULL;
}

/* Of an answer the bytes are limited. The rest is more than any document could have that a client was allowed to store: it stands
 * deeper here, in a list, and may have grown by updates. */
static struct tape_limits answer_limits(size_t bytes)
{
    struct tape_limits limits = tape_known_limits;

    limits.bytes = limits.string_bytes = (uint32_t)bytes;
    limits.members = 1u << 16;
    limits.elements = 1u << 20;
    return limits;
}

int upstream_new(struct upstream **upstream, struct loop *loop, const struct conf *conf, struct err *err)
{
    struct call_limits limits = call_default_limits;
    struct call_origin origin;

    if (call_origin_parse(&origin, conf->backend.url, err))
        return err_wrap(err, "backend.url");
    limits.connect_ms = conf->backend.connect_ms;
    limits.first_byte_ms = conf->backend.first_byte_ms;
    limits.total_ms = conf->backend.total_ms;
    limits.body_bytes = conf->backend.body_kb * 1024;
    limits.connections = (unsigned)conf->backend.connections;
    limits.waiting = (unsigned)conf->backend.waiting;
    struct live *live = calloc(1, sizeof *live);
    if (!live)
        log_no_memory();
    live->upstream.ops = &live_ops;
    live->loop = loop;
    live->origin = origin;
    live->limits = answer_limits(limits.body_bytes);
    live->scan_limit = conf->backend.scan_limit;
    live->client = call_client_new(loop, transport_of(conf), &limits);
    call_client_tls(live->client, path_or_null(conf, conf->backend.ca_file),
                    path_or_null(conf, conf->backend.certificate), path_or_null(conf, conf->backend.key));
    *upstream = &live->upstream;
    return 0;
}

void upstream_free(struct upstream **upstream)
{
    if (!*upstream)
        return;
    struct live *live = (struct live *)(void *)*upstream;
    call_client_free(&live->client);
    free(live);
    *upstream = NULL;
}

struct call_counts upstream_counts(const struct upstream *upstream)
{
    const struct live *live = (const struct live *)(const void *)upstream;

    return call_client_counts(live->client);
}
