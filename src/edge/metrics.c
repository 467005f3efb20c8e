#include "edge/metrics.h"

const double latency_bounds[LATENCY_BUCKETS] = { 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                 0.025,  0.05,    0.1,    0.25,  0.5,    1.0,   5.0 };

struct metrics *metrics_new(const struct gateway *gateway)
{
    struct metrics *metrics = ARENA_NEW(gateway->arena, struct metrics);

    metrics->gateway = gateway;
    metrics->dialects = ARENA_ARRAY(gateway->arena, struct operation_metrics *, gateway->dialect_count);
    for (size_t i = 0; i < gateway->dialect_count; i++)
        metrics->dialects[i] =
            ARENA_ARRAY(gateway->arena, struct operation_metrics, gateway->dialects[i]->operation_count + 1);
    return metrics;
}

/* A single writer needs no locked instruction. */
static void add(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more, memory_order_relaxed);
}

static struct operation_metrics *find(struct metrics *metrics, const struct flow_report *report)
{
    const struct gateway *gateway = metrics->gateway;

    for (size_t i = 0; i < gateway->dialect_count; i++) {
        const struct dialect *dialect = gateway->dialects[i];
        size_t at = 0;
        if (!str_eq(dialect->name, report->dialect))
            continue;
        while (at < dialect->operation_count && !str_eq(dialect->operations[at].name, report->operation))
            at++;
        return &metrics->dialects[i][at];
    }
    return NULL;
}

void metrics_count(struct metrics *metrics, const struct flow_answer *answer)
{
    struct operation_metrics *row = find(metrics, &answer->report);
    double seconds = (double)answer->report.micros / 1e6;
    size_t bucket = 0;

    if (!row)
        return;
    if (answer->status >= STATUS_FIRST && answer->status < STATUS_FIRST + STATUS_COUNT)
        add(&row->statuses[answer->status - STATUS_FIRST], 1);
    while (bucket < LATENCY_BUCKETS && seconds > latency_bounds[bucket])
        bucket++;
    add(&row->buckets[bucket], 1);
    add(&row->micros, answer->report.micros);
}

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

struct row {
    struct str dialect, operation;
    size_t at_dialect, at_operation;
};

static void write_statuses(struct metrics *const *all, size_t count, const struct row *row, struct buf *out)
{
    for (size_t status = 0; status < STATUS_COUNT; status++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += load(&all[i]->dialects[row->at_dialect][row->at_operation].statuses[status]);
        if (sum)
            buf_printf(out,
                       "dragoman_requests_total{dialect=\"" STR_FMT "\",operation=\"" STR_FMT "\",status=\"%zu\"} %llu\n",
                       STR_ARG(row->dialect), STR_ARG(row->operation), status + STATUS_FIRST, (unsigned long long)sum);
    }
}

static void write_latency(struct metrics *const *all, size_t count, const struct row *row, struct buf *out)
{
    uint64_t sums[LATENCY_BUCKETS + 1] = { 0 }, micros = 0, total = 0;

    for (size_t i = 0; i < count; i++) {
        const struct operation_metrics *one = &all[i]->dialects[row->at_dialect][row->at_operation];
        for (size_t k = 0; k <= LATENCY_BUCKETS; k++)
            sums[k] += load(&one->buckets[k]);
        micros += load(&one->micros);
    }
    for (size_t k = 0; k <= LATENCY_BUCKETS; k++)
        total += sums[k];
    if (!total)
        return;
    uint64_t so_far = 0;
    for (size_t k = 0; k < LATENCY_BUCKETS; k++) {
        so_far += sums[k];
        buf_printf(out, "dragoman_request_seconds_bucket{dialect=\"" STR_FMT "\",operation=\"" STR_FMT "\",le=\"%g\"} %llu\n",
                   STR_ARG(row->dialect), STR_ARG(row->operation), latency_bounds[k], (unsigned long long)so_far);
    }
    buf_printf(out,
               "dragoman_request_seconds_bucket{dialect=\"" STR_FMT "\",operation=\"" STR_FMT "\",le=\"+Inf\"} %llu\n"
               "dragoman_request_seconds_sum{dialect=\"" STR_FMT "\",operation=\"" STR_FMT "\"} %.6f\n"
               "dragoman_request_seconds_count{dialect=\"" STR_FMT "\",operation=\"" STR_FMT "\"} %llu\n",
               STR_ARG(row->dialect), STR_ARG(row->operation), (unsigned long long)total, STR_ARG(row->dialect),
               STR_ARG(row->operation), (double)micros / 1e6, STR_ARG(row->dialect), STR_ARG(row->operation),
               (unsigned long long)total);
}

static void each_row(struct metrics *const *all, size_t count, struct buf *out,
                     void (*write)(struct metrics *const *, size_t, const struct row *, struct buf *))
{
    const struct gateway *gateway = all[0]->gateway;

    for (size_t i = 0; i < gateway->dialect_count; i++) {
        const struct dialect *dialect = gateway->dialects[i];
        for (size_t k = 0; k <= dialect->operation_count; k++) {
            struct row row = { .dialect = dialect->name,
                               .operation = k < dialect->operation_count ? dialect->operations[k].name : STR("none"),
                               .at_dialect = i,
                               .at_operation = k };
            write(all, count, &row, out);
        }
    }
}

void metrics_write(struct metrics *const *all, size_t count, struct buf *out)
{
    if (!count)
        return;
    buf_add(out, STR(FAMILY("requests_total", "counter", "Requests answered.")));
    each_row(all, count, out, write_statuses);
    buf_add(out, STR(FAMILY("request_seconds", "histogram", "Time from a request's arrival to its answer.")));
    each_row(all, count, out, write_latency);
}
