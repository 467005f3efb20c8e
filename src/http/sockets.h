/* The listening sockets of a process, which outlive its servers: those that a service manager holds (LISTEN_FDS,
 * sd_listen_fds(3)), and those that the process opened itself. All of them can be handed to the program that takes the place
 * of this one in the same process, and whoever connects meanwhile waits. One thread at a time. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct http_sockets;

/* With what was handed to this process, if anything was. */
struct http_sockets *http_sockets_new(void);
void http_sockets_free(struct http_sockets **sockets); /* those that servers use stay with them; NULL is fine */

/* What this program opened before a restart at other addresses than these is closed. A service manager's stay: it holds them
 * all the same. Call before servers listen, since an address may be in the way of another one. */
void http_sockets_keep(struct http_sockets *sockets, const struct str *addresses, size_t count);

/* The process is to end: no socket that it opened itself outlives its server any more. */
void http_sockets_close(struct http_sockets *sockets);

/* The ports of all of them, "8080,9901". */
struct str http_sockets_ports(const struct http_sockets *sockets, struct arena *arena);

/* Makes them what http_sockets_new() finds after exec(): descriptors from 3 on, LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES.
 * Whatever had those numbers is closed. Only while no other thread runs, at the end: `sockets` is of no more use. */
MUST_CHECK int http_sockets_hand_over(const struct http_sockets *sockets, struct err *err);

/* Whether a server could listen there: it is an address, of this machine, which nobody uses and this user may. It is not tried
 * where `taken`, "8080,9901", has its port. */
MUST_CHECK int http_address_try(struct str address, struct str taken, struct err *err);
