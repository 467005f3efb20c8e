#include "backend/backend.h"
#include "backend/open.h"
#include "backend/task.h"

#include "base/log.h"
#include "conf/conf.h"
#include "http/http.h"

#include <pthread.h>
#include <signal.h>

enum {
    BODY_BYTES = 8 << 20,
    TARGET_BYTES = 64 << 10, /* comma lists of ids */
    HEAD_BYTES = 96 << 10,
    IDLE_MS = 300000, /* the gateway keeps its connections */
    DRAIN_MS = 5000,
    VISIT_BYTES = 512 << 20, /* ceiling of one request's arena: several times the largest answer */
    SPARE_ARENAS = 64
};

struct backend {
    struct arena *arena;
    struct loop *loop;
    struct http_server *server;
    struct auth *auth; /* borrowed */
    struct auth_cache *cache;
    struct service *service;
    struct db *db;
    pthread_t thread;
    struct post stop;
    unsigned visits; /* requests with a job that has not come back */
    bool drained;    /* the loop may have ended: no job would come back */
    struct arena *spare[SPARE_ARENAS];
    size_t spare_count;
};

/* One request on its way from the loop to the database and back; lives in its own arena. */
struct visit {
    struct db_job job;
    struct post back;
    struct backend *backend;
    struct http_request *request; /* NULL: the client left */
    struct principal *who;
    struct task task;
};

static struct arena *arena_get(struct backend *backend)
{
    return backend->spare_count ? backend->spare[--backend->spare_count] : arena_new(VISIT_BYTES);
}

static void arena_put(struct backend *backend, struct arena *arena)
{
    if (backend->spare_count == SPARE_ARENAS) {
        arena_free(&arena);
        return;
    }
    arena_reset(arena);
    backend->spare[backend->spare_count++] = arena;
}

static void answer(struct http_request *request, const struct reply *reply)
{
    struct http_header headers[5] = {
        { .name = STR("content-type"), .value = STR("application/json") },
        { .name = STR("cache-control"), .value = STR("no-store") },
    };
    size_t count = 2;

    if (reply->etag.len)
        headers[count++] = (struct http_header){ .name = STR("etag"), .value = reply->etag };
    if (reply->allow.len)
        headers[count++] = (struct http_header){ .name = STR("allow"), .value = reply->allow };
    if (reply->status == 401)
        headers[count++] = (struct http_header){ .name = STR("www-authenticate"), .value = STR("Bearer") };
    http_answer(request, reply->status, headers, count, reply->body);
}

static void visit_end(struct visit *visit)
{
    struct backend *backend = visit->backend;
    struct arena *arena = visit->task.arena; /* holds the visit itself */

    if (visit->request)
        answer(visit->request, &visit->task.reply);
    principal_release(&visit->who);
    arena_put(backend, arena);
}

static void visit_back(struct post *post)
{
    struct visit *visit = CONTAINER(post, struct visit, back);
    struct backend *backend = visit->backend;

    visit_end(visit);
    if (--backend->visits == 0 && backend->drained)
        loop_stop(backend->loop);
}

static int visit_run(struct db_job *job, struct db *db, struct err *err)
{
    return task_run(&((struct visit *)job)->task, db, err);
}

static void visit_done(struct db_job *job, const struct err *err)
{
    struct visit *visit = (struct visit *)job;

    if (err)
        task_refuse(&visit->task, err);
    loop_post(visit->backend->loop, &visit->back);
}

static void visit_gone(void *data)
{
    ((struct visit *)data)->request = NULL;
}

/* "Bearer <token>" (RFC 6750 section 2.1), exactly one. */
static int bearer(const struct http_head *head, struct str *token, struct err *err)
{
    unsigned count;
    struct str value = http_find(head, STR("authorization"), &count), scheme;

    if (count != 1 || !str_cut(value, ' ', &scheme, token) || !str_eq_nocase(scheme, STR("Bearer")))
        return err_set(err, ERR_UNAUTHENTICATED, "no bearer token");
    return 0;
}

static struct str keep(struct arena *arena, struct str text)
{
    return text.len ? arena_copy(arena, text) : STR_NONE;
}

/* The head dies with the request, the job may outlive it: copies. */
static struct ask ask_of(struct arena *arena, const struct http_head *head)
{
    struct str if_match = http_find_list(head, STR("if-match"), arena);

    return (struct ask){
        .method = head->method,
        .path = keep(arena, head->path),
        .query = keep(arena, head->query),
        .content_type = http_find(head, STR("content-type"), NULL),
        .if_match = if_match.ptr ? arena_copy(arena, if_match) : STR_NONE,
        .body = keep(arena, head->body),
        .has_body = head->has_body,
    };
}

/* Whether the request goes on to the database; if not, the reply is ready. */
static bool judge(struct visit *visit, const struct http_head *head, enum err_code fault)
{
    struct backend *backend = visit->backend;
    struct task *task = &visit->task;
    struct err err = { .code = backend->drained ? ERR_UNAVAILABLE : fault };
    struct str token;

    if (err.code != ERR_NONE || bearer(head, &token, &err) ||
        auth_judge_backend(backend->auth, backend->cache, token, loop_wall_ms(backend->loop), &visit->who,
                           &err)) {
        task_refuse(task, &err);
        return false;
    }
    task->who = visit->who;
    struct ask ask = ask_of(task->arena, head);
    return task_prepare(task, &ask);
}

static void on_request(struct http_request *request, const struct http_head *head, enum err_code fault,
                       void *data)
{
    struct backend *backend = data;
    struct arena *arena = arena_get(backend);
    struct visit *visit = ARENA_NEW(arena, struct visit);

    *visit = (struct visit){
        .job = { .run = visit_run, .done = visit_done },
        .back = { .run = visit_back },
        .backend = backend,
        .request = request,
        .task = { .service = backend->service, .arena = arena },
    };
    if (!judge(visit, head, fault)) {
        visit_end(visit);
        return;
    }
    http_request_on_gone(request, visit_gone, visit);
    backend->visits++;
    db_submit(backend->db, &visit->job);
}

static void on_drained(void *data)
{
    struct backend *backend = data;

    backend->drained = true;
    if (backend->visits == 0)
        loop_stop(backend->loop);
}

static void on_stop(struct post *post)
{
    struct backend *backend = CONTAINER(post, struct backend, stop);

    http_server_drain(backend->server, DRAIN_MS, on_drained, backend);
}

static void *run_thread(void *data)
{
    loop_run(((struct backend *)data)->loop);
    return NULL;
}

static void free_all(struct backend *backend)
{
    struct arena *arena = backend->arena; /* holds the backend itself */

    http_server_free(&backend->server);
    db_close(&backend->db);
    auth_cache_free(&backend->cache);
    loop_free(&backend->loop);
    service_free(&backend->service);
    while (backend->spare_count)
        arena_free(&backend->spare[--backend->spare_count]);
    arena_free(&arena);
}

/* Signals belong to the main thread. */
static int start_thread(struct backend *backend, struct err *err)
{
    sigset_t all, old;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int code = pthread_create(&backend->thread, NULL, run_thread, backend);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (code)
        return err_set(err, ERR_INTERNAL, "backend: no thread: %s", strerror(code));
    (void)pthread_setname_np(backend->thread, "backend");
    return 0;
}

static int start(struct backend *backend, const struct conf *conf, struct http_sockets *sockets, uint16_t *port,
                 struct err *err)
{
    struct http_limits limits = http_default_limits;

    limits.body_bytes = BODY_BYTES;
    limits.target_bytes = TARGET_BYTES;
    limits.head_bytes = HEAD_BYTES;
    limits.idle_ms = IDLE_MS;
    if (backend_open(conf, &backend->service, &backend->db, err))
        return -1;
    backend->loop = loop_new();
    backend->cache = auth_cache_new(backend->auth);
    backend->server = http_server_new(backend->loop, &limits, on_request, backend);
    http_server_sockets(backend->server, sockets);
    if (http_server_listen(backend->server, conf->backend.listen, HTTP_ALONE, port, err))
        return err_wrap(err, "backend.listen");
    return start_thread(backend, err);
}

int backend_start(struct backend **started, const struct conf *conf, struct auth *auth, struct http_sockets *sockets,
                  uint16_t *port, struct err *err)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct backend *backend = ARENA_NEW(arena, struct backend);

    *backend = (struct backend){ .arena = arena, .auth = auth, .stop = { .run = on_stop } };
    if (start(backend, conf, sockets, port, err)) {
        free_all(backend);
        return -1;
    }
    *started = backend;
    return 0;
}

void backend_stop(struct backend **stopped)
{
    struct backend *backend = *stopped;

    if (!backend)
        return;
    loop_post(backend->loop, &backend->stop);
    (void)pthread_join(backend->thread, NULL);
    free_all(backend);
    *stopped = NULL;
}
