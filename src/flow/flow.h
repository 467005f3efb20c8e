/* The order of things: one request from its head to its answer. A flow belongs to one loop and does no I/O of its
 * own: it asks upstream, store and auth, and is told. What all loops share is the gateway. */
#pragma once

#include "auth/auth.h"
#include "base/arena.h"
#include "base/err.h"
#include "dialect/dialect.h"
#include "http/http.h"
#include "net/loop.h"
#include "upstream/upstream.h"

struct conf;
struct store;
struct exchange;
struct flow;
struct turns;

/* An operation's calls (operation->bound), found once at start. */
struct bound {
    const struct contract_call *call, *stored, *thens[THENS_MAX], *then_read, *then_undo, *inherit, *via;
};

/* Immutable after gateway_new; read by every thread. Everything but `conf`, `auth` and `store` (borrowed) lives in
 * `arena`. */
struct gateway {
    struct arena *arena;
    const struct conf *conf;
    struct auth *auth;
    struct store *store;
    struct dialect **dialects;
    size_t dialect_count;
    const struct dialect *fallback;
    struct contract *contract;
    struct turns *turns; /* of updates (turn.c) */
    const struct contract_call *memberships; /* how to ask for a patient's groups; NULL: the backend cannot say */
    const struct contract_call *patients;    /* and for those of many */
    const struct contract_call *groups;      /* how to list groups */
    struct kept_parameter {
        struct str entity, name;
    } *kept; /* what entities are found by although dialects keep it beside them (kept.c) */
    size_t kept_count;
    struct tape_limits limits;
    bool incomplete; /* of gateway_judge: something has a fault, and is not here */
};

/* Loads mappings and contract and binds them to each other; faults name file, line and column. `auth` and `store`
 * may be NULL for checking. */
MUST_CHECK int gateway_new(struct gateway **gateway, const struct conf *conf, struct auth *auth, struct store *store,
                           struct err *err);
/* Without serving: `faults` takes one fault of each section at the top of a dialect, mapping file, operation and look-up, and
 * what is sound is here. -1: nothing is. */
MUST_CHECK int gateway_judge(struct gateway **gateway, const struct conf *conf, struct err_list *faults, struct err *err);
void gateway_free(struct gateway **gateway);
const struct dialect *gateway_dialect(const struct gateway *gateway, struct str name); /* NULL: unknown */

struct flow *flow_new(struct gateway *gateway, struct loop *loop, struct upstream *upstream);
void flow_free(struct flow **flow); /* gives up what is under way; no `done` is called any more */

/* What happened, for metrics, access log and audit. Strings live as long as the answer. */
struct flow_report {
    struct str dialect, operation; /* operation empty: none was found */
    struct str request_id, brand, subject;
    const struct err *err; /* NULL when it went well */
    unsigned upstream_calls;
    uint64_t micros;
};
struct flow_answer {
    int status;
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    struct flow_report report;
};
typedef void flow_done_fn(const struct flow_answer *answer, void *data);

/* Starts an exchange. `head` is borrowed until `done`, which is called exactly once, maybe before flow_start returns
 * (then the result is NULL), unless the exchange is cancelled. `fault` is what the server found wrong already.
 * `bound` (or NULL) is the dialect that the listener belongs to. */
struct exchange *flow_start(struct flow *flow, const struct http_head *head, enum err_code fault,
                            const struct dialect *bound, flow_done_fn *done, void *data);

/* The client left: `done` is not called any more. What only reads is given up; what has begun to write goes on to its
 * end. `head` need not live any longer. */
void flow_cancel(struct exchange *exchange);

bool flow_is_idle(const struct flow *flow); /* nothing is under way, not even for a client that left */

struct auth_counts flow_auth_counts(const struct flow *flow);
struct call_counts flow_call_counts(const struct flow *flow);
uint64_t flow_undo_failures(const struct flow *flow); /* entities that a failed request left behind */
