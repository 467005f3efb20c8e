#include "edge/edge.h"

#include "base/log.h"
#include "conf/conf.h"
#include "edge/admin.h"
#include "edge/worker.h"
#include "http/sockets.h"

#include <fcntl.h>
#include <unistd.h>

struct edge {
    struct arena *arena;
    const struct conf *conf;
    struct gateway *gateway;
    struct worker *workers;
    size_t worker_count;
    struct crew crew;
    struct admin *admin;
    struct loop *loop; /* of the admin pages */
    const char *access_path; /* NULL: it is no file */
    bool own_access_fd;
    struct post stop, restart, cut;
    bool restarting, draining;
    struct deadline ending; /* until the drain begins, then until it is over */
};

static int open_access_file(const struct edge *edge)
{
    return open(edge->access_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

static int open_access_log(struct edge *edge, struct err *err)
{
    struct str where = edge->conf->log_access;

    edge->crew.access_fd = -1;
    if (str_is(where, "off"))
        return 0;
    if (str_is(where, "-")) {
        /* a description of our own, so that not waiting for its reader changes nothing for others */
        edge->crew.access_fd = open("/proc/self/fd/1", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC);
        edge->own_access_fd = edge->crew.access_fd >= 0;
        if (edge->crew.access_fd < 0)
            edge->crew.access_fd = STDOUT_FILENO;
        return 0;
    }
    edge->access_path = arena_cstr(edge->arena, where);
    edge->crew.access_fd = open_access_file(edge);
    edge->own_access_fd = edge->crew.access_fd >= 0;
    return edge->own_access_fd ? 0 : err_set(err, ERR_CONFIG, "log.access: " STR_FMT " cannot be opened",
                                             STR_ARG(where));
}

static size_t count_workers(const struct conf *conf)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (conf->workers)
        return conf->workers;
    return cores > 0 ? (size_t)cores : 1;
}

static struct edge *edge_of(struct deadline *deadline)
{
    return CONTAINER(deadline, struct edge, ending);
}

static void on_admin_drained(void *data)
{
    struct edge *edge = data;

    loop_stop(edge->loop);
}

/* The admin pages are there as long as a worker is: who asks is told 503, and need not wait for a connection. */
static void end_with_workers(struct deadline *deadline)
{
    enum { LOOK_AGAIN_MS = 20 };
    struct edge *edge = edge_of(deadline);

    for (size_t i = 0; i < edge->worker_count; i++) {
        if (edge->workers[i].over)
            continue;
        deadline_set(edge->loop, deadline, LOOK_AGAIN_MS);
        return;
    }
    if (edge->restarting)
        admin_drain(edge->admin, on_admin_drained, edge);
    else
        loop_stop(edge->loop);
}

static void begin_drain(struct deadline *deadline)
{
    struct edge *edge = edge_of(deadline);

    log_line(LOG_INFO, "draining");
    edge->draining = true;
    if (!edge->restarting)
        http_sockets_close(edge->crew.sockets); /* first: each worker's are then the last, and who waits there is taken in */
    for (size_t i = 0; i < edge->worker_count; i++)
        worker_drain(&edge->workers[i], edge->restarting);
    edge->ending.run = end_with_workers;
    end_with_workers(&edge->ending);
}

/* A load balancer that asks for /readyz has limits.stop_delay_ms to see it, then everything drains. */
static void on_stop(struct post *post)
{
    struct edge *edge = CONTAINER(post, struct edge, stop);

    admin_stopping(edge->admin);
    if (edge->restarting) { /* nobody will come after this program */
        log_line(LOG_INFO, "stopping: there is no restart");
        edge->restarting = false;
        http_sockets_close(edge->crew.sockets);
        return;
    }
    edge->ending.run = begin_drain;
    if (edge->conf->limits.stop_delay_ms) {
        log_line(LOG_INFO, "stopping: draining begins in %llu ms", (unsigned long long)edge->conf->limits.stop_delay_ms);
        deadline_set(edge->loop, &edge->ending, edge->conf->limits.stop_delay_ms);
    } else {
        begin_drain(&edge->ending);
    }
}

/* No balancer need know: who connects now waits at a socket until the next program takes him in. */
static void on_restart(struct post *post)
{
    struct edge *edge = CONTAINER(post, struct edge, restart);

    edge->restarting = true;
    begin_drain(&edge->ending);
}

static void on_cut(struct post *post)
{
    struct edge *edge = CONTAINER(post, struct edge, cut);

    log_line(LOG_WARN, "stopping at once: what is under way is given up");
    if (!edge->draining)
        begin_drain(&edge->ending);
    for (size_t i = 0; i < edge->worker_count; i++)
        worker_cut(&edge->workers[i]);
}

void edge_stop(struct edge *edge)
{
    loop_post(edge->loop, &edge->stop);
}

void edge_restart(struct edge *edge)
{
    loop_post(edge->loop, &edge->restart);
}

void edge_cut(struct edge *edge)
{
    loop_post(edge->loop, &edge->cut);
}

/* The descriptor that the workers write to becomes another file at once, and what they hold goes to that one. */
void edge_reopen_log(struct edge *edge, const char *why)
{
    if (!edge->access_path) {
        log_line(LOG_INFO, "%s: there is no access log file to open again; SIGUSR2 takes up a new configuration", why);
        return;
    }
    int fresh = open_access_file(edge);
    if (fresh < 0 || dup3(fresh, edge->crew.access_fd, O_CLOEXEC) < 0)
        log_line(LOG_WARN, "%s: log.access: %s cannot be opened, the old file stays", why, edge->access_path);
    else
        log_line(LOG_INFO, "%s: the access log is opened again", why);
    if (fresh >= 0)
        (void)close(fresh);
}

void edge_renew(struct edge *edge)
{
    workers_renew_tls(edge->workers, edge->worker_count);
    auth_renew(edge->gateway->auth, edge->conf, "SIGHUP");
}

static int start_workers(struct edge *edge, struct gateway *gateway, struct err *err)
{
    size_t count = count_workers(edge->conf);

    edge->workers = ARENA_ARRAY(edge->arena, struct worker, count);
    edge->crew.connections = crew_connections(edge->conf, count);
    http_total_count_addresses(&edge->crew.total, edge->arena);
    if (renewal_read(&edge->crew.renewal, edge->conf, err))
        return -1;
    while (edge->worker_count < count) {
        struct worker *worker = &edge->workers[edge->worker_count++];
        if (worker_init(worker, edge->conf, gateway, &edge->crew, err) ||
            worker_listen(worker, HTTP_SHARE(edge->worker_count - 1, count), err))
            return -1;
    }
    edge->admin = admin_new(edge->loop, edge->conf, gateway, &edge->crew, edge->workers, edge->worker_count);
    if (admin_listen(edge->admin, err))
        return -1;
    for (size_t i = 0; i < count; i++)
        if (worker_run(&edge->workers[i], err))
            return -1;
    if (edge->crew.connections < edge->conf->limits.connections)
        log_line(LOG_WARN, "limits.connections: for lack of open files (ulimit -n) %llu connections are accepted, not %llu",
                 (unsigned long long)edge->crew.connections, (unsigned long long)edge->conf->limits.connections);
    return 0;
}

int edge_start(struct edge **edge, const struct conf *conf, struct gateway *gateway, struct http_sockets *sockets,
               struct err *err)
{
    struct arena *arena = arena_new(SIZE_MAX);
    struct edge *made = *edge = ARENA_NEW(arena, struct edge);

    made->arena = arena;
    made->conf = conf;
    made->gateway = gateway;
    made->loop = loop_new();
    made->stop.run = on_stop;
    made->restart.run = on_restart;
    made->cut.run = on_cut;
    made->crew.access_fd = -1;
    made->crew.sockets = sockets;
    (void)pthread_mutex_init(&made->crew.renewal.lock, NULL);
    if (!open_access_log(made, err) && !start_workers(made, gateway, err))
        return 0;
    edge_free(edge);
    return -1;
}

int edge_check(const struct conf *conf, struct err *err)
{
    struct renewal renewal = { .lock = PTHREAD_MUTEX_INITIALIZER };
    int failed = renewal_read(&renewal, conf, err);

    http_tls_free(&renewal.tls);
    return failed;
}

static void stop_workers(struct edge *edge)
{
    for (size_t i = 0; i < edge->worker_count; i++) {
        if (edge->workers[i].started)
            worker_drain(&edge->workers[i], false);
        worker_stop(&edge->workers[i]);
    }
}

void edge_run(struct edge *edge)
{
    loop_run(edge->loop);
    stop_workers(edge);
}

void edge_free(struct edge **edge)
{
    struct edge *gone = *edge;

    if (!gone)
        return;
    stop_workers(gone);
    for (size_t i = 0; i < gone->worker_count; i++)
        worker_done(&gone->workers[i]);
    admin_free(&gone->admin);
    deadline_clear(gone->loop, &gone->ending);
    loop_free(&gone->loop);
    if (gone->own_access_fd)
        (void)close(gone->crew.access_fd);
    http_tls_free(&gone->crew.renewal.tls);
    (void)pthread_mutex_destroy(&gone->crew.renewal.lock);
    struct arena *arena = gone->arena;
    arena_free(&arena);
    *edge = NULL;
}
