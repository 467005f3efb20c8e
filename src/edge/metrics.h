/* Counters per worker, written by its thread alone and summed on scrape. */
#pragma once

#include "flow/flow.h"

#include <stdatomic.h>

/* The two lines that open a family; its samples follow. Parts of a format, so no percent sign in `help`. */
#define FAMILY(name, type, help) \
    "# HELP dragoman_" name " " help "\n# TYPE dragoman_" name " " type "\n"

enum { LATENCY_BUCKETS = 14, STATUS_FIRST = 100, STATUS_COUNT = 500 };
extern const double latency_bounds[LATENCY_BUCKETS]; /* seconds; the last bucket of a histogram is +Inf */

struct operation_metrics {
    _Atomic uint64_t statuses[STATUS_COUNT]; /* from 100 */
    _Atomic uint64_t buckets[LATENCY_BUCKETS + 1];
    _Atomic uint64_t micros;
};

/* One per operation of every dialect, and per dialect one for requests that met no operation. */
struct metrics {
    const struct gateway *gateway;
    struct operation_metrics **dialects; /* [dialect][operation, last: none] */
};

struct metrics *metrics_new(const struct gateway *gateway);
void metrics_count(struct metrics *metrics, const struct flow_answer *answer);

/* Prometheus text of the sum of all workers' metrics. */
void metrics_write(struct metrics *const *all, size_t count, struct buf *out);
