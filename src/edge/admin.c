#include "edge/admin.h"

#include "conf/conf.h"
#include "store/store.h"

struct admin {
    struct arena *arena;
    const struct conf *conf;
    struct gateway *gateway;
    struct loop *loop;
    struct http_server *server;
    struct worker *workers;
    size_t worker_count;
    struct worker_counts *counts; /* of each worker, as the last scrape found them */
    struct counting *counting;    /* NULL: no scrape is under way */
    bool stopping;
};

/* A scrape: every worker copies its counters on its own thread, the last one posts back. */
struct counting {
    struct arena *arena;
    struct admin *admin;
    struct http_request *request; /* NULL when the scraper left */
    _Atomic size_t left;
    struct post back;
};

static void answer_text(struct http_request *request, int status, struct str text)
{
    struct http_header type = { .name = STR("content-type"), .value = STR("text/plain; version=0.0.4; charset=utf-8") };

    http_answer(request, status, &type, 1, text);
}

/* So that a dashboard shows which program a change came with. */
static void write_build(struct buf *out)
{
    buf_add(out, STR(FAMILY("build_info", "gauge", "1; the version is the label.")
                     "dragoman_build_info{version=\"" DRAGOMAN_VERSION "\"} 1\n"));
}

/* Sums over the workers and one line each. */
static void write_http(const struct admin *admin, struct buf *out)
{
    struct http_counts sum = { 0 };

    for (size_t i = 0; i < admin->worker_count; i++) {
        const struct http_counts *one = &admin->counts[i].http;
        sum.accepted += one->accepted;
        sum.refused += one->refused;
        sum.guard_refusals += one->guard_refusals;
        sum.proxy_refusals += one->proxy_refusals;
        sum.address_refusals += one->address_refusals;
        sum.resets_cut += one->resets_cut;
        sum.timeouts += one->timeouts;
        sum.connections += one->connections;
        sum.in_flight += one->in_flight;
        sum.buffered_bytes += one->buffered_bytes;
    }
    buf_printf(out,
               FAMILY("connections", "gauge", "Open client connections.")
               "dragoman_connections %u\n"
               FAMILY("in_flight", "gauge", "Requests being worked on.")
               "dragoman_in_flight %u\n"
               FAMILY("buffered_bytes", "gauge", "Bytes of request bodies in memory.")
               "dragoman_buffered_bytes %zu\n"
               FAMILY("connections_accepted_total", "counter", "Client connections accepted.")
               "dragoman_connections_accepted_total %llu\n"
               FAMILY("connections_refused_total", "counter", "Client connections refused, beyond limits.connections.")
               "dragoman_connections_refused_total %llu\n"
               FAMILY("address_refusals_total", "counter",
                      "Client connections refused, beyond limits.connections_per_address.")
               "dragoman_address_refusals_total %llu\n"
               FAMILY("guard_refusals_total", "counter", "Requests refused as malformed (400).")
               "dragoman_guard_refusals_total %llu\n"
               FAMILY("proxy_refusals_total", "counter", "Client connections refused for lack of a good PROXY protocol header.")
               "dragoman_proxy_refusals_total %llu\n"
               FAMILY("resets_cut_total", "counter", "HTTP/2 connections ended because of too many resets, or of a flood.")
               "dragoman_resets_cut_total %llu\n"
               FAMILY("timeouts_total", "counter", "Client connections ended because one of the times in limits had passed.")
               "dragoman_timeouts_total %llu\n",
               sum.connections, sum.in_flight, sum.buffered_bytes, (unsigned long long)sum.accepted,
               (unsigned long long)sum.refused, (unsigned long long)sum.address_refusals,
               (unsigned long long)sum.guard_refusals, (unsigned long long)sum.proxy_refusals, (unsigned long long)sum.resets_cut,
               (unsigned long long)sum.timeouts);
}

static void write_upstream(const struct admin *admin, struct buf *out)
{
    struct call_counts sum = { 0 };

    for (size_t i = 0; i < admin->worker_count; i++) {
        const struct call_counts *one = &admin->counts[i].calls;
        sum.started_h1 += one->started_h1;
        sum.started_curl += one->started_curl;
        sum.failed += one->failed;
        sum.retried += one->retried;
        sum.open += one->open;
        sum.idle += one->idle;
        sum.waiting += one->waiting;
    }
    buf_printf(out,
               FAMILY("upstream_requests_total", "counter", "Calls to the backend, by the transport that carried them.")
               "dragoman_upstream_requests_total{transport=\"h1\"} %llu\n"
               "dragoman_upstream_requests_total{transport=\"curl\"} %llu\n"
               FAMILY("upstream_failures_total", "counter", "Calls to the backend that brought no answer.")
               "dragoman_upstream_failures_total %llu\n"
               FAMILY("upstream_retries_total", "counter", "Calls to the backend that were sent again.")
               "dragoman_upstream_retries_total %llu\n"
               FAMILY("upstream_connections", "gauge",
                      "Connections to the backend: with or for a call, or kept for the next one.")
               "dragoman_upstream_connections{state=\"busy\"} %u\ndragoman_upstream_connections{state=\"idle\"} %u\n"
               FAMILY("upstream_waiting", "gauge", "Calls that wait for a connection to the backend.")
               "dragoman_upstream_waiting %u\n",
               (unsigned long long)sum.started_h1, (unsigned long long)sum.started_curl,
               (unsigned long long)sum.failed, (unsigned long long)sum.retried, sum.open - sum.idle, sum.idle, sum.waiting);
}

static void write_state(const struct admin *admin, struct buf *out)
{
    struct store_counts store = store_count(admin->gateway->store);
    struct auth_counts auth = { 0 };

    for (size_t i = 0; i < admin->worker_count; i++) {
        auth.hits += admin->counts[i].auth.hits;
        auth.misses += admin->counts[i].auth.misses;
        auth.denied += admin->counts[i].auth.denied;
    }
    buf_printf(out,
               FAMILY("crosswalk_lookups_total", "counter", "Look-ups in the store's cache of ids.")
               "dragoman_crosswalk_lookups_total{result=\"hit\"} %llu\n"
               "dragoman_crosswalk_lookups_total{result=\"miss\"} %llu\n"
               FAMILY("crosswalk_allocated_total", "counter", "Ids made for entities that a dialect had none for.")
               "dragoman_crosswalk_allocated_total %llu\n"
               FAMILY("rest_lookups_total", "counter", "Look-ups in the store's cache of what the backend has no field for.")
               "dragoman_rest_lookups_total{result=\"hit\"} %llu\ndragoman_rest_lookups_total{result=\"miss\"} %llu\n"
               FAMILY("store_commits_total", "counter", "Transactions of gateway.db.")
               "dragoman_store_commits_total %llu\n"
               FAMILY("token_checks_total", "counter", "Credentials: found in the cache (hit), checked anew (miss), refused (denied).")
               "dragoman_token_checks_total{result=\"hit\"} %llu\ndragoman_token_checks_total{result=\"miss\"} %llu\n"
               "dragoman_token_checks_total{result=\"denied\"} %llu\n",
               (unsigned long long)store.id_hits, (unsigned long long)store.id_misses,
               (unsigned long long)store.id_allocated, (unsigned long long)store.rest_hits,
               (unsigned long long)store.rest_misses, (unsigned long long)store.commits,
               (unsigned long long)auth.hits, (unsigned long long)auth.misses, (unsigned long long)auth.denied);
}

/* What an alarm is set on: a key set that fails is still used, until a key changes. */
static void write_issuers(const struct admin *admin, struct buf *out)
{
    struct auth_others others = auth_others(admin->gateway->auth);

    buf_printf(out,
               FAMILY("key_sets", "gauge", "Issuers' key sets; failing: not fetched the last time, missing: never yet.")
               "dragoman_key_sets{state=\"configured\"} %u\n"
               "dragoman_key_sets{state=\"failing\"} %u\ndragoman_key_sets{state=\"missing\"} %u\n"
               FAMILY("key_set_fetches_total", "counter", "Requests to issuers for their key sets.")
               "dragoman_key_set_fetches_total %llu\n"
               FAMILY("introspections_total", "counter", "Questions to the introspection service.")
               "dragoman_introspections_total{result=\"answered\"} %llu\n"
               "dragoman_introspections_total{result=\"failed\"} %llu\n",
               others.key_sets, others.failing, others.missing, (unsigned long long)others.fetches,
               (unsigned long long)(others.questions - others.unanswered), (unsigned long long)others.unanswered);
}

/* Each of the first is an entity that somebody has to look at; the log names the request. */
static void write_lost(const struct admin *admin, struct buf *out)
{
    uint64_t undo_failures = 0, lines = 0;

    for (size_t i = 0; i < admin->worker_count; i++) {
        undo_failures += admin->counts[i].undo_failures;
        lines += admin->counts[i].lines_lost;
    }
    buf_printf(out,
               FAMILY("undo_failures_total", "counter", "Entities without what belongs to them that could not be taken back.")
               "dragoman_undo_failures_total %llu\n"
               FAMILY("access_lines_lost_total", "counter", "Lines of the access log that found no room.")
               "dragoman_access_lines_lost_total %llu\n",
               (unsigned long long)undo_failures, (unsigned long long)lines);
}

static void on_counted(struct post *post)
{
    struct counting *counting = CONTAINER(post, struct counting, back);
    struct admin *admin = counting->admin;
    struct arena *arena = counting->arena;

    admin->counting = NULL;
    if (counting->request) {
        struct buf out = buf_in(arena, SIZE_MAX);
        struct metrics **all = ARENA_ARRAY(arena, struct metrics *, admin->worker_count);
        for (size_t i = 0; i < admin->worker_count; i++)
            all[i] = admin->workers[i].metrics;
        metrics_write(all, admin->worker_count, &out);
        write_build(&out);
        write_http(admin, &out);
        write_upstream(admin, &out);
        write_lost(admin, &out);
        write_state(admin, &out);
        write_issuers(admin, &out);
        answer_text(counting->request, 200, buf_str(&out));
    }
    arena_free(&arena);
}

/* On a worker's thread, or here. */
static void one_counted(void *data)
{
    struct counting *counting = data;

    if (atomic_fetch_sub(&counting->left, 1) == 1)
        loop_post(counting->admin->loop, &counting->back);
}

static void scraper_gone(void *data)
{
    struct counting *counting = data;

    counting->request = NULL;
}

static void start_scrape(struct admin *admin, struct http_request *request)
{
    if (admin->counting) {
        answer_text(request, 503, STR("another scrape is under way\n"));
        return;
    }
    struct arena *arena = arena_new(SIZE_MAX);
    struct counting *counting = ARENA_NEW(arena, struct counting);
    counting->arena = arena;
    counting->admin = admin;
    counting->request = request;
    counting->left = admin->worker_count;
    counting->back.run = on_counted;
    http_request_on_gone(request, scraper_gone, counting);
    admin->counting = counting;
    for (size_t i = 0; i < admin->worker_count; i++)
        worker_count(&admin->workers[i], &admin->counts[i], one_counted, counting);
}

/* During a restart it is ready: who connects waits for a moment, and nobody need be sent elsewhere. */
static const char *why_not_ready(const struct admin *admin)
{
    if (admin->stopping)
        return "not ready: stopping\n";
    return store_healthy(admin->gateway->store) ? NULL : "not ready: state_dir cannot be written\n";
}

static void on_request(struct http_request *request, const struct http_head *head, enum err_code fault, void *data)
{
    struct admin *admin = data;
    const char *why = why_not_ready(admin);

    if (fault != ERR_NONE)
        answer_text(request, err_status(fault), STR("refused\n"));
    else if (!str_is(head->method, "GET") && !str_is(head->method, "HEAD"))
        answer_text(request, 405, STR("GET only\n"));
    else if (str_is(head->path, "/healthz"))
        answer_text(request, 200, STR("ok\n"));
    else if (str_is(head->path, "/readyz"))
        answer_text(request, why ? 503 : 200, why ? str_from(why) : STR("ready\n"));
    else if (str_is(head->path, "/metrics"))
        start_scrape(admin, request);
    else
        answer_text(request, 404, STR("no such page: /healthz, /readyz, /metrics\n"));
}

struct admin *admin_new(struct loop *loop, const struct conf *conf, struct gateway *gateway, const struct crew *crew,
                        struct worker *workers, size_t count)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct admin *admin = ARENA_NEW(arena, struct admin);
    struct http_limits limits = http_default_limits;

    limits.connections = 64;
    limits.body_bytes = 1024;
    *admin = (struct admin){ .arena = arena,
                             .conf = conf,
                             .gateway = gateway,
                             .loop = loop,
                             .workers = workers,
                             .worker_count = count,
                             .counts = ARENA_ARRAY(arena, struct worker_counts, count) };
    admin->server = http_server_new(loop, &limits, on_request, admin);
    http_server_sockets(admin->server, crew->sockets);
    return admin;
}

int admin_listen(struct admin *admin, struct err *err)
{
    if (http_server_listen(admin->server, admin->conf->admin_listen, HTTP_ALONE, NULL, err))
        return err_wrap(err, "admin.listen");
    return 0;
}

void admin_stopping(struct admin *admin)
{
    admin->stopping = true;
}

void admin_drain(struct admin *admin, void (*drained)(void *data), void *data)
{
    enum { WITHIN_MS = 200 }; /* who has connected and says nothing holds up the others */

    http_server_stop_listening(admin->server);
    http_server_drain(admin->server, WITHIN_MS, drained, data);
}

void admin_free(struct admin **admin)
{
    if (!*admin)
        return;
    http_server_free(&(*admin)->server);
    struct arena *arena = (*admin)->counting ? (*admin)->counting->arena : NULL; /* of a scrape that came too late */
    arena_free(&arena);
    arena = (*admin)->arena;
    arena_free(&arena);
    *admin = NULL;
}
