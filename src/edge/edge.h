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

/* Serves the admin pages until it is told to end. When it returns no worker runs any more. Call from the thread that called
 * edge_start. */
void edge_run(struct edge *edge);

/* The rest may be called from any other thread, from edge_start to edge_free.
 *
 * Each of these ends edge_run, and may be called once. Stop: after limits.stop_delay_ms everything drains: no new connection,
 * requests in flight are answered, idle connections closed. Restart: the same without that delay, and who connects waits at
 * `sockets`, which stay open; a stop after it closes them. Cut, after one of them: a drain ends now. */
void edge_stop(struct edge *edge);
void edge_restart(struct edge *edge);
void edge_cut(struct edge *edge);

/* After a log file was moved away; without a new file the old one stays. `why`, for the log: which signal. */
void edge_reopen_log(struct edge *edge, const char *why);
void edge_renew(struct edge *edge); /* reads the certificate and the gateway's own credentials again, for what is to come */

/* After the store was closed, which may still post to the loops. */
void edge_free(struct edge **edge);
