/* Canonical calls to the backend: a call of the contract with its arguments becomes one HTTP call, its answer a
 * checked JSON document or an error. One per loop; used on that loop's thread only. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "json/tape.h"
#include "net/call.h"
#include "upstream/contract.h"

struct conf;
struct upstream;
struct upstream_call;

struct upstream_argument {
    struct str name, value; /* value: decoded text; of several with one name the first counts */
};

/* Everything is borrowed until `done`. */
struct upstream_request {
    const struct contract_call *call;
    const struct upstream_argument *arguments;
    size_t argument_count;
    struct str brand;      /* sent as X-Brand-Id, and as a parameter where the contract says so */
    struct str token;      /* Bearer */
    struct str request_id, traceparent;
    struct str if_match;   /* empty: none */
    struct str body;       /* JSON; ptr NULL: none */
    uint64_t limit, offset;
    bool paged;            /* send limit and offset */
    struct arena *arena;   /* for the call and its answer's tape; outlives upstream_call_free */
    const struct err *refused; /* nothing goes out, and `done` gets this; or NULL */
    unsigned *sent;        /* one more for each HTTP call that goes out (a slower plan makes several); or NULL */
};

/* A 2xx answer: `document.count` is 0 when there was no body. Lives until upstream_call_free. */
struct upstream_answer {
    int status;
    struct tape document;
    struct str etag; /* as sent, with quotes; empty: none */
};

/* Once per call unless freed before. `err` (answer NULL): ERR_NOT_FOUND, ERR_CONFLICT, ERR_PRECONDITION, ERR_INVALID,
 * ERR_FORBIDDEN, ERR_TOO_MANY, ERR_NOT_IMPLEMENTED, ERR_UPSTREAM, ERR_UNAVAILABLE, ERR_UPSTREAM_TIMEOUT,
 * ERR_TOO_LARGE. Its `after_s` is the backend's Retry-After beside a 429 or 503. Never inside upstream_start. */
typedef void upstream_done_fn(struct upstream_call *call, const struct upstream_answer *answer, const struct err *err,
                              void *data);

/* The one door, so that tests can put a fake behind it: see upstream_new and tests. */
struct upstream_ops {
    struct upstream_call *(*start)(struct upstream *upstream, const struct upstream_request *request,
                                   upstream_done_fn *done, void *data);
    void (*free_call)(struct upstream_call **call);
};
struct upstream {
    const struct upstream_ops *ops;
};

/* The real one, over net/call. `conf` is borrowed. */
MUST_CHECK int upstream_new(struct upstream **upstream, struct loop *loop, const struct conf *conf, struct err *err);
void upstream_free(struct upstream **upstream);
struct call_counts upstream_counts(const struct upstream *upstream);

static inline struct upstream_call *upstream_start(struct upstream *upstream, const struct upstream_request *request,
                                                   upstream_done_fn *done, void *data)
{
    return upstream->ops->start(upstream, request, done, data);
}
/* Ends a call's memory; before `done` it cancels the call. */
static inline void upstream_call_free(struct upstream *upstream, struct upstream_call **call)
{
    upstream->ops->free_call(call);
}

/* Path and query of a call (for the real one and for `explain`): ERR_INTERNAL if a path argument is missing. */
MUST_CHECK int upstream_target(const struct upstream_request *request, struct str base, struct buf *out,
                               struct err *err);
