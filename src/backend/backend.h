/* The embedded canonical service (docs/backend.md): patient-graph's contract and the completions on SQLite, with a
 * listener and a loop of its own. It trusts nobody: every call must carry the gateway's token, and the brand in it
 * bounds every row. */
#pragma once

#include "base/err.h"

struct conf;
struct auth;
struct backend;

/* Opens the database (backend.database) and listens on backend.listen; serves on a thread of its own. `port` (or
 * NULL) receives the port. `auth` is borrowed. */
MUST_CHECK int backend_start(struct backend **backend, const struct conf *conf, struct auth *auth, uint16_t *port,
                             struct err *err);
void backend_stop(struct backend **backend); /* drains, then ends the thread */

/* Deterministic sample data (docs/backend.md) in the database of `conf`, which must not be open elsewhere for writing.
 * Does nothing to a database that has patients, and then says so with `*made` false. `each` is called for every
 * row the gateway's crosswalk and rests should know; see struct seed_row. */
struct seed_row {
    struct str entity, brand, canonical_id; /* entity: "patient", "metric", "brand", "group" */
    const char *role;                       /* NULL, or what the documented examples call it: "example-patient", … */
};
typedef int seed_row_fn(const struct seed_row *row, void *data);
MUST_CHECK int backend_seed(const struct conf *conf, unsigned patients, seed_row_fn *each, void *data, bool *made,
                            struct err *err);
