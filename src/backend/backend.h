/* The embedded canonical service (docs/backend.md): the documented calls and the completions on SQLite, with
 * a listener and a loop of its own. It trusts nobody: every call must carry the gateway's token, and the
 * brand in it bounds every row. */
#pragma once

#include "base/err.h"

struct conf;
struct auth;
struct http_sockets;
struct backend;

/* Opens the database (backend.database) and listens on backend.listen; serves on a thread of its own. `port`
 * (or NULL) receives the port. `auth` is borrowed; so is `sockets`, which may be NULL. */
MUST_CHECK int backend_start(struct backend **started, const struct conf *conf, struct auth *auth,
                             struct http_sockets *sockets, uint16_t *port, struct err *err);
void backend_stop(struct backend **stopped); /* drains, then ends the thread */

/* Deterministic sample data (docs/backend.md) in the database of `conf`, which must not be open elsewhere for
 * writing. Does nothing to a database that has patients or groups, and then says so with `*made` false.
 * `patients` is the number in the first brand, at least 1. `each` (or NULL) is called for every row the
 * gateway's crosswalk and rests should know, on the caller's thread and before anything is stored: when it
 * fails nothing was, and the same rows come next time. After the last row it is called with NULL. */
struct seed_row {
    struct str entity, brand,
        canonical_id; /* entity: "patient", "metric", "brand", "group"; borrowed for the call */
    const char *role; /* NULL, or what the documented examples call it: "example-patient", … */
};
typedef int seed_row_fn(const struct seed_row *row, void *data);
MUST_CHECK int backend_seed(const struct conf *conf, unsigned patients, seed_row_fn *each, void *data,
                            bool *made, struct err *err);
