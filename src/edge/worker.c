#include "edge/worker.h"

#include "auth/files.h"
#include "base/log.h"
#include "conf/conf.h"
#include "edge/forwarded.h"

/* One request between the server and the flow. Lives in its own arena, since both sides may end first. */
struct visit {
    struct arena *arena;
    struct worker *worker;
    struct http_request *request;
    struct http_head head; /* with the client as its peer */
    struct exchange *exchange;
};

static void end_visit(struct visit *visit)
{
    struct worker *worker = visit->worker;
    struct arena *arena = visit->arena;

    if (worker->spare_count == COUNT(worker->spare)) {
        arena_free(&arena);
        return;
    }
    arena_reset(arena);
    worker->spare[worker->spare_count++] = arena;
}

static void on_gone(void *data)
{
    struct visit *visit = data;

    flow_cancel(visit->exchange);
    end_visit(visit);
}

static void on_answer(const struct flow_answer *answer, void *data)
{
    struct visit *visit = data;
    struct worker *worker = visit->worker;

    metrics_count(worker->metrics, answer);
    access_log_add(worker->access, &visit->head, answer);
    http_answer(visit->request, answer->status, answer->headers, answer->header_count, answer->body);
    end_visit(visit);
}

static const struct dialect *bound_dialect(const struct worker *worker, uint16_t port)
{
    for (size_t i = 0; i < worker->bound_count; i++)
        if (worker->bound[i].port == port)
            return worker->bound[i].dialect;
    return NULL;
}

static void on_request(struct http_request *request, const struct http_head *head, enum err_code fault, void *data)
{
    struct worker *worker = data;
    struct arena *arena = worker->spare_count ? worker->spare[--worker->spare_count] : arena_new(SIZE_MAX);
    struct visit *visit = ARENA_NEW(arena, struct visit);

    *visit = (struct visit){ .arena = arena, .worker = worker, .request = request, .head = *head };
    visit->head.peer = forwarded_client(worker->conf, head, arena);
    struct exchange *exchange =
        flow_start(worker->flow, &visit->head, fault, bound_dialect(worker, head->local_port), on_answer, visit);
    if (!exchange)
        return; /* answered already, and the visit is over */
    visit->exchange = exchange;
    http_request_on_gone(request, on_gone, visit);
}

static struct http_limits limits_of(const struct conf *conf)
{
    struct http_limits limits = http_default_limits;

    limits.head_bytes = conf->limits.head_kb * 1024;
    limits.target_bytes = conf->limits.target_kb * 1024;
    limits.body_bytes = conf->limits.body_kb * 1024;
    limits.headers = (unsigned)conf->limits.headers;
    limits.exempt = conf->trusted_proxies;
    limits.exempt_count = conf->trusted_proxy_count;
    limits.in_flight = (unsigned)conf->limits.in_flight;
    limits.buffered_bytes = conf->limits.buffered_mb * 1024 * 1024;
    limits.head_ms = conf->limits.head_ms;
    limits.body_ms = conf->limits.body_ms;
    limits.answer_ms = conf->limits.answer_ms;
    limits.idle_ms = conf->limits.idle_ms;
    limits.resets_per_second = (unsigned)conf->limits.resets_per_second;
    return limits;
}

static const char *path_or_none(struct arena *arena, struct str path)
{
    return path.len ? arena_cstr(arena, path) : NULL;
}

int renewal_read(struct renewal *renewal, const struct conf *conf, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);
    struct http_tls *tls;

    if (!conf->tls_certificate.len)
        return 0;
    if (http_tls_read(&tls, arena_cstr(arena, conf->tls_certificate), arena_cstr(arena, conf->tls_key),
                      path_or_none(arena, conf->tls_client_ca), err))
        return -1;
    (void)pthread_mutex_lock(&renewal->lock);
    http_tls_free(&renewal->tls);
    renewal->tls = tls;
    (void)pthread_mutex_unlock(&renewal->lock);
    return 0;
}

/* What is the newest when the post arrives. The last worker speaks for all. */
static void renew_tls(struct post *post)
{
    struct worker *worker = CONTAINER(post, struct worker, renew);
    struct renewal *renewal = worker->renewal;

    (void)pthread_mutex_lock(&renewal->lock);
    worker->renewing = false;
    http_server_tls(worker->server, renewal->tls);
    if (--renewal->left == 0)
        log_line(LOG_INFO, "SIGHUP: the certificate is read again");
    (void)pthread_mutex_unlock(&renewal->lock);
}

/* As at the start (auth_check), a key that others may read is none. */
static int judge_key(const struct conf *conf, struct err *err)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(SIZE_MAX);

    return file_check_secret(arena, conf->tls_key, err) ? err_wrap(err, "tls.key") : 0;
}

void workers_renew_tls(struct worker *workers, size_t count)
{
    struct renewal *renewal = workers->renewal;
    struct err err;

    if (!renewal->tls)
        return;
    if (judge_key(workers->conf, &err) || renewal_read(renewal, workers->conf, &err)) {
        log_line(LOG_WARN, "SIGHUP: %s; the old certificate stays", err.detail);
        return;
    }
    (void)pthread_mutex_lock(&renewal->lock);
    for (size_t i = 0; i < count; i++) {
        if (workers[i].renewing)
            continue;
        workers[i].renewing = true;
        renewal->left++;
        loop_post(workers[i].loop, &workers[i].renew);
    }
    (void)pthread_mutex_unlock(&renewal->lock);
}

/* Whoever may say X-Forwarded-For may say it before everything else, too, and there must. */
static int listen_at(struct worker *worker, struct str address, bool proxied, struct http_share share, uint16_t *port,
                     struct err *err)
{
    const struct conf *conf = worker->conf;

    http_server_proxied(worker->server, conf->trusted_proxies, proxied ? conf->trusted_proxy_count : 0);
    return http_server_listen(worker->server, address, share, port, err);
}

int worker_listen(struct worker *worker, struct http_share share, struct err *err)
{
    const struct conf *conf = worker->conf;
    struct arena *arena = conf->arena;

    if (worker->renewal->tls)
        http_server_tls(worker->server, worker->renewal->tls);
    if (listen_at(worker, conf->listen, conf->proxy_protocol, share, NULL, err))
        return -1;
    worker->bound = ARENA_ARRAY(arena, struct bound_port, conf->facade_count + 1);
    for (size_t i = 0; i < conf->facade_count; i++) {
        const struct conf_facade *facade = &conf->facades[i];
        struct bound_port *bound = &worker->bound[worker->bound_count];
        if (!facade->listen.len)
            continue;
        if (listen_at(worker, facade->listen, conf_is_proxied(conf, facade), share, &bound->port, err))
            return -1;
        bound->dialect = gateway_dialect(worker->gateway, facade->dialect);
        worker->bound_count++;
    }
    return 0;
}

/* What began to write and has lost its client goes on to its end now, too (flow/leave.c), while there is time. */
static void end_when_idle(struct deadline *deadline)
{
    enum { LOOK_AGAIN_MS = 20 };
    struct worker *worker = CONTAINER(deadline, struct worker, ending);

    if (flow_is_idle(worker->flow) || loop_now_ms(worker->loop) >= worker->drain_until_ms)
        loop_stop(worker->loop);
    else
        deadline_set(worker->loop, deadline, LOOK_AGAIN_MS);
}

static void on_drained(void *data)
{
    struct worker *worker = data;

    worker->ending.run = end_when_idle;
    end_when_idle(&worker->ending);
}

static void drain(struct post *post)
{
    struct worker *worker = CONTAINER(post, struct worker, drain);

    worker->drain_until_ms = loop_now_ms(worker->loop) + worker->conf->limits.drain_ms;
    if (worker->leave_waiting)
        http_server_stop_listening(worker->server);
    http_server_drain(worker->server, worker->conf->limits.drain_ms, on_drained, worker);
}

static void cut(struct post *post)
{
    struct worker *worker = CONTAINER(post, struct worker, cut);

    worker->drain_until_ms = loop_now_ms(worker->loop);
    http_server_drain(worker->server, 0, on_drained, worker);
}

/* On its thread. The last time is when that ends: a post that is still on its way then never arrives. */
static void give_counts(struct worker *worker, bool last)
{
    const struct worker_counts counts = { .http = http_server_counts(worker->server),
                                          .auth = flow_auth_counts(worker->flow),
                                          .calls = flow_call_counts(worker->flow),
                                          .undo_failures = flow_undo_failures(worker->flow),
                                          .lines_lost = access_log_lost(worker->access) };

    (void)pthread_mutex_lock(&worker->lock);
    struct worker_counts *to = worker->asked.to;
    worker->asked.to = NULL;
    if (to)
        *to = counts;
    if (last) {
        worker->last = counts;
        worker->over = true;
    }
    (void)pthread_mutex_unlock(&worker->lock);
    if (to)
        worker->asked.counted(worker->asked.data);
}

static void count(struct post *post)
{
    give_counts(CONTAINER(post, struct worker, count), false);
}

void worker_count(struct worker *worker, struct worker_counts *to, void (*counted)(void *data), void *data)
{
    (void)pthread_mutex_lock(&worker->lock);
    const bool over = worker->over;
    if (over) {
        *to = worker->last;
    } else {
        worker->asked.to = to;
        worker->asked.counted = counted;
        worker->asked.data = data;
        loop_post(worker->loop, &worker->count);
    }
    (void)pthread_mutex_unlock(&worker->lock);
    if (over)
        counted(data);
}

/* Where there are fewer connections than asked for, one address gets fewer in the same proportion. */
static unsigned per_address(const struct conf *conf, const struct crew *crew)
{
    uint64_t most = conf->limits.per_address * crew->connections / conf->limits.connections;

    return (unsigned)(most || !conf->limits.per_address ? most : 1);
}

int worker_init(struct worker *worker, const struct conf *conf, struct gateway *gateway, struct crew *crew, struct err *err)
{
    struct http_limits limits = limits_of(conf);

    *worker = (struct worker){ .conf = conf, .gateway = gateway, .loop = loop_new(), .drain = { .run = drain },
                                .cut = { .run = cut }, .renew = { .run = renew_tls }, .renewal = &crew->renewal,
                                .count = { .run = count } };
    (void)pthread_mutex_init(&worker->lock, NULL);
    limits.total = &crew->total;
    limits.connections = (unsigned)crew->connections;
    limits.per_address = per_address(conf, crew);
    worker->metrics = metrics_new(gateway);
    worker->access = access_log_new(worker->loop, crew->access_fd);
    worker->server = http_server_new(worker->loop, &limits, on_request, worker);
    http_server_sockets(worker->server, crew->sockets);
    if (upstream_new(&worker->upstream, worker->loop, conf, err))
        return -1;
    worker->flow = flow_new(gateway, worker->loop, worker->upstream);
    return 0;
}

static void *thread_main(void *data)
{
    struct worker *worker = data;

    loop_run(worker->loop);
    give_counts(worker, true);
    return NULL;
}

int worker_run(struct worker *worker, struct err *err)
{
    if (pthread_create(&worker->thread, NULL, thread_main, worker))
        return err_set(err, ERR_INTERNAL, "a worker thread cannot be started");
    worker->started = true;
    return 0;
}

void worker_drain(struct worker *worker, bool leave_waiting)
{
    if (worker->draining)
        return;
    worker->draining = true;
    worker->leave_waiting = leave_waiting;
    loop_post(worker->loop, &worker->drain);
}

void worker_cut(struct worker *worker)
{
    loop_post(worker->loop, &worker->cut);
}

void worker_stop(struct worker *worker)
{
    if (worker->started)
        (void)pthread_join(worker->thread, NULL);
    worker->started = false;
    http_server_free(&worker->server); /* first: requests that are not answered cancel their exchanges */
    flow_free(&worker->flow);
    upstream_free(&worker->upstream);
    access_log_free(&worker->access);
}

void worker_done(struct worker *worker)
{
    worker_stop(worker);
    while (worker->spare_count)
        arena_free(&worker->spare[--worker->spare_count]);
    loop_free(&worker->loop);
    (void)pthread_mutex_destroy(&worker->lock);
}
