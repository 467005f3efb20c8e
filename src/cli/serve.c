/* The two services: the gateway (with the embedded backend in the same process unless backend.url says otherwise),
 * and the backend alone. */
#include "cli/cli.h"

#include "backend/backend.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/restart.h"
#include "cli/signals.h"
#include "edge/edge.h"
#include "http/sockets.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

/* The program's log must not share libh2o's descriptor: it prints to standard error as it likes. */
static void open_log(const struct conf *conf)
{
    static const char *const levels[] = { "error", "warn", "info", "debug" };
    int level = LOG_INFO, fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

    for (size_t i = 0; i < COUNT(levels); i++)
        if (str_is(conf->log_level, levels[i]))
            level = (int)i;
    log_to(fd >= 0 ? fd : STDERR_FILENO, (enum log_level)level);
}

static int make_state_dir(const struct conf *conf, struct err *err)
{
    const char *dir = arena_cstr(conf->arena, conf->state_dir);

    if (mkdir(dir, 0700) && errno != EEXIST)
        return err_set(err, ERR_CONFIG, "state_dir: %s cannot be made: %s", dir, strerror(errno));
    return 0;
}

/* Everything of one gateway process, taken down in the reverse order. */
struct service {
    struct auth *auth;
    struct store *store;
    struct gateway *gateway;
    struct backend *backend;
    struct edge *edge;
    struct signals *signals;
    struct http_sockets *sockets;
};

size_t serve_addresses(const struct conf *conf, struct str **addresses)
{
    enum { BESIDE = 3 };
    struct str *all = ARENA_ARRAY(conf->arena, struct str, conf->facade_count + BESIDE);
    size_t count = 0;

    all[count++] = conf->listen;
    all[count++] = conf->admin_listen;
    if (conf->backend.embedded && !conf->backend.url.len)
        all[count++] = conf->backend.listen;
    for (size_t i = 0; i < conf->facade_count; i++)
        if (conf->facades[i].listen.len)
            all[count++] = conf->facades[i].listen;
    *addresses = all;
    return count;
}

static void take_sockets(struct service *service, const struct conf *conf)
{
    struct str *addresses;
    size_t count = serve_addresses(conf, &addresses);

    service->sockets = http_sockets_new();
    http_sockets_keep(service->sockets, addresses, count);
}

/* The embedded backend's address becomes the one the gateway calls. */
static int start_backend(struct service *service, struct conf *conf, struct err *err)
{
    struct str host = conf->backend.listen;
    uint16_t port = 0;

    if (!conf->backend.embedded || conf->backend.url.len)
        return 0;
    if (backend_start(&service->backend, conf, service->auth, service->sockets, &port, err))
        return -1;
    while (host.len && host.ptr[host.len - 1] != ':')
        host.len--;
    host.len -= host.len > 0; /* without the port, which may have been 0 */
    conf->backend.url = arena_printf(conf->arena, "http://" STR_FMT ":%u", STR_ARG(host), port);
    return 0;
}

/* An answer of some 10 KB is a block at the end of its thread's heap. Given back to the system each time, it costs a call
 * and as many page faults as it has pages; and so does a body of megabytes that is a mapping of its own. */
static void keep_memory(void)
{
    enum { BLOCK = 16 << 20, HEAP = 32 << 20 }; /* larger blocks are the system's own; more than that at the end goes back */

    (void)mallopt(M_MMAP_THRESHOLD, BLOCK);
    (void)mallopt(M_TRIM_THRESHOLD, HEAP);
}

static int start(struct service *service, const struct invocation *invocation, struct err *err)
{
    struct conf *conf = invocation->conf;

    take_sockets(service, conf);
    if (make_state_dir(conf, err) || auth_new(&service->auth, conf, err) ||
        store_open(&service->store, arena_cstr(conf->arena, conf->state_dir), err) || store_claim(service->store, err) ||
        gateway_new(&service->gateway, conf, service->auth, service->store, err) ||
        auth_load_revoked(service->auth, service->store, clock_wall_ms(), err) || auth_start(service->auth, err) ||
        start_backend(service, conf, err) || edge_start(&service->edge, conf, service->gateway, service->sockets, err))
        return -1;
    struct str held = http_sockets_ports(service->sockets, conf->arena);
    return signals_start(&service->signals, service->edge, invocation->arguments, held, err);
}

static void stop(struct service *service)
{
    (void)signals_end(&service->signals);
    if (service->store)
        store_close(&service->store);
    edge_free(&service->edge);
    if (service->backend)
        backend_stop(&service->backend);
    gateway_free(&service->gateway);
    if (service->auth)
        auth_free(&service->auth);
}

/* A service manager starts the program again that ends here. */
static int follow(const struct invocation *invocation, const struct http_sockets *sockets, struct err *err)
{
    log_to(STDERR_FILENO, LOG_INFO); /* the log's descriptor may be one that a socket is to have */
    (void)restart_program(invocation->arguments, sockets, err);
    log_line(LOG_ERROR, "restart: %s", err->detail);
    return 1;
}

int command_serve(const struct invocation *invocation, struct err *err)
{
    struct conf *conf = invocation->conf;
    struct service service = { 0 };
    bool restart = false;

    open_log(conf);
    signals_block();
    keep_memory();
    int failed = start(&service, invocation, err);
    if (!failed) {
        log_line(LOG_INFO, "serving on " STR_FMT ", admin on " STR_FMT ", backend " STR_FMT, STR_ARG(conf->listen),
                 STR_ARG(conf->admin_listen), STR_ARG(conf->backend.url));
        edge_run(service.edge);
        restart = signals_end(&service.signals);
        log_line(LOG_INFO, restart ? "restarting" : "stopped");
    }
    stop(&service);
    if (restart)
        failed = follow(invocation, service.sockets, err);
    http_sockets_free(&service.sockets);
    return failed;
}

int command_backend(const struct invocation *invocation, struct err *err)
{
    struct conf *conf = invocation->conf;
    struct http_sockets *sockets = http_sockets_new();
    struct auth *auth = NULL;
    struct backend *backend = NULL;
    uint16_t port;

    open_log(conf);
    signals_block();
    int failed = make_state_dir(conf, err) || auth_new(&auth, conf, err) ||
                 backend_start(&backend, conf, auth, sockets, &port, err);
    if (!failed) {
        log_line(LOG_INFO, "backend on " STR_FMT, STR_ARG(conf->backend.listen));
        signals_await_stop();
        http_sockets_close(sockets);
        backend_stop(&backend);
    }
    if (auth)
        auth_free(&auth);
    http_sockets_free(&sockets);
    return failed ? -1 : 0;
}
