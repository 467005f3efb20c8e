/* Documented calls that replace a call which the backend does not have (`instead:` in the contract). The plan reads one
 * or several lists, keeps the rows that the parameters ask for, puts them in the order of the call and answers as the
 * call would. A parameter that the plan cannot apply is ERR_NOT_IMPLEMENTED, and so are more rows than `most`: never a
 * wrong answer. Internal to the room; the thread of the upstream's loop. */
#pragma once

#include "upstream/upstream.h"

struct plan;
typedef void plan_done_fn(const struct upstream_answer *answer, const struct err *err, void *data);

/* No plan is needed: the backend has everything that the request uses. */
bool plan_needless(const struct upstream_request *request);

/* Removes the parameters that may be left out (`leave:`). Memory is the request's arena's. */
void plan_strip(struct upstream_request *request);

/* `request` is copied, what it points to is borrowed until plan_free. NULL with `err` if there is no plan.
 * `done` is called once, never inside. plan_free takes it back. */
struct plan *plan_start(struct upstream *upstream, const struct upstream_request *request,
                        const struct tape_limits *limits, uint64_t most, plan_done_fn *done, void *data,
                        struct err *err);
void plan_free(struct plan **plan);

/* plan_rows.c: the answer of `request` from these rows. */
struct plan_row {
    const struct tape *tape;
    uint32_t at;
    struct str order, id;
};
/* The row is one that the request asks for. */
bool plan_wants(const struct upstream_request *request, const struct tape *tape, uint32_t at);
/* Sorts and writes what the call would have answered. ERR_NOT_FOUND if it is no list and there is no row. */
MUST_CHECK int plan_write(const struct upstream_request *request, struct plan_row *rows, size_t count,
                          struct buf *out, struct err *err);
/* ERR_NOT_IMPLEMENTED naming the first parameter that the plan cannot apply. */
MUST_CHECK int plan_check(const struct upstream_request *request, struct err *err);
/* The value of a parameter, or STR_NONE. */
struct str plan_value(const struct upstream_request *request, struct str name);
bool plan_has(const struct str *names, size_t count, struct str name);
