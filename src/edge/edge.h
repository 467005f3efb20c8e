/* Facade listeners and admin pages: requests become exchanges, answers go out, metrics and the access log are
 * written. One worker per thread, each with its own loop, server, flow and upstream; the admin listener runs on the
 * caller's thread. */
#pragma once

#include "base/err.h"

struct conf;
struct gateway;
struct http_sockets;
struct edge;

/* Listens and starts the workers. `gateway`, its store and `sockets` are borrowed. Signals must be blocked already. */
MUST_CHECK int edge_start(struct edge **edge, const struct conf *conf, struct gateway *gateway, struct http_sockets *sockets,
                          struct err *err);

/* What of the configuration only the edge reads: the certificate. */
MUST_CHECK int edge_check(const struct conf *conf, struct err *err);

/* Serves the admin pages until SIGTERM, SIGINT or SIGQUIT, then drains, after limits.stop_delay_ms: no new connection, requests
 * in flight are answered, idle connections closed. SIGHUP opens the access log's file again and reads a renewed certificate;
 * SIGUSR1 does only the first. When it returns no worker runs any more. Call from the thread that called edge_start. */
void edge_run(struct edge *edge);

/* After the store was closed, which may still post to the loops. */
void edge_free(struct edge **edge);
