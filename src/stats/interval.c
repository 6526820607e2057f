#include "stats/interval.h"

#include <stdlib.h>

#include "base/mem.h"

struct interval_meter {
    struct interval total; /* all until the last call; no times */
    struct hist *before;   /* the durations until then */
    struct hist *change;   /* those since */
};

struct interval_meter *
interval_meter_create(void)
{
    struct interval_meter *meter = xmalloc(sizeof(*meter));
    *meter = (struct interval_meter){
        .before = hist_create(),
        .change = hist_create(),
    };
    return meter;
}

void
interval_meter_destroy(struct interval_meter *meter)
{
    if (meter == NULL)
        return;
    hist_destroy(meter->before);
    hist_destroy(meter->change);
    free(meter);
}

static uint64_t
count_errors(const struct snapshot *s)
{
    uint64_t count = s->errors_dropped;
    for (const struct error_stats *row = s->errors; row != NULL;
         row = row->hh.next)
        count += row->count;
    return count;
}

static struct interval
all_until(const struct snapshot *s, nsec_t at, int32_t workers)
{
    return (struct interval){
        .at = at,
        .workers = workers,
        .runs_started = s->runs_started,
        .runs_ok = s->runs_ok,
        .runs_failed = s->runs_failed,
        .runs_interrupted = s->runs_interrupted,
        .runs_dropped = s->runs_dropped,
        .requests = s->requests,
        .requests_failed = s->requests_failed,
        .requests_unsent = s->requests_unsent,
        .bytes_sent = s->bytes_sent,
        .bytes_received = s->bytes_received,
        .checks_passed = s->checks_passed,
        .checks_failed = s->checks_failed,
        .errors = count_errors(s),
    };
}

static void
subtract(struct interval *row, const struct interval *before)
{
    row->length = row->at > before->at ? row->at - before->at : 0;
    row->runs_started -= before->runs_started;
    row->runs_ok -= before->runs_ok;
    row->runs_failed -= before->runs_failed;
    row->runs_interrupted -= before->runs_interrupted;
    row->runs_dropped -= before->runs_dropped;
    row->requests -= before->requests;
    row->requests_failed -= before->requests_failed;
    row->requests_unsent -= before->requests_unsent;
    row->bytes_sent -= before->bytes_sent;
    row->bytes_received -= before->bytes_received;
    row->checks_passed -= before->checks_passed;
    row->checks_failed -= before->checks_failed;
    row->errors -= before->errors;
}

static void
take_times(struct interval_meter *meter, const struct hist *now,
           struct interval *row)
{
    if (now == NULL)
        return;
    hist_set_difference(meter->change, now, meter->before);
    hist_merge(meter->before, meter->change);
    row->timed = hist_count(meter->change);
    row->p50 = hist_percentile(meter->change, 50);
    row->p95 = hist_percentile(meter->change, 95);
    row->p99 = hist_percentile(meter->change, 99);
    row->max = hist_max(meter->change);
}

struct interval
interval_take(struct interval_meter *meter, const struct snapshot *snapshot,
              nsec_t at, int32_t workers)
{
    struct interval total = all_until(snapshot, at, workers);
    struct interval row = total;
    subtract(&row, &meter->total);
    meter->total = total;
    take_times(meter, snapshot->trends[TREND_HTTP_REQ_DURATION], &row);
    return row;
}

const struct hist *
interval_times(const struct interval_meter *meter)
{
    return meter->change;
}

static nsec_t
greater(nsec_t a, nsec_t b)
{
    return a > b ? a : b;
}

struct interval
interval_join(const struct interval *earlier, const struct interval *later)
{
    struct interval row = *later;
    row.length += earlier->length;
    row.runs_started += earlier->runs_started;
    row.runs_ok += earlier->runs_ok;
    row.runs_failed += earlier->runs_failed;
    row.runs_interrupted += earlier->runs_interrupted;
    row.runs_dropped += earlier->runs_dropped;
    row.requests += earlier->requests;
    row.requests_failed += earlier->requests_failed;
    row.requests_unsent += earlier->requests_unsent;
    row.bytes_sent += earlier->bytes_sent;
    row.bytes_received += earlier->bytes_received;
    row.checks_passed += earlier->checks_passed;
    row.checks_failed += earlier->checks_failed;
    row.errors += earlier->errors;
    row.timed += earlier->timed;
    row.p50 = greater(row.p50, earlier->p50);
    row.p95 = greater(row.p95, earlier->p95);
    row.p99 = greater(row.p99, earlier->p99);
    row.max = greater(row.max, earlier->max);
    return row;
}
