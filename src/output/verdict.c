#include "output/verdict.h"

#include <inttypes.h>

#include "base/units.h"

static double
demand(const struct generator_sample *sample)
{
    return sample->cpu + (sample->cpu_wait > 0 ? sample->cpu_wait : 0);
}

/* Lag that is small by itself still is molo's own if requests are as short. */
static bool
lag_matters(const struct generator_sample *sample,
            const struct interval *interval)
{
    if (sample->lag_p99 >= VERDICT_LAG)
        return true;
    return interval->timed > 0 &&
           (double)sample->lag_p50 >= VERDICT_LAG_PART * (double)interval->p50;
}

static struct verdict_span
judge(const struct generator_sample *sample, const struct interval *interval)
{
    struct verdict_span span = {
        .from = sample->at - sample->length,
        .to = sample->at,
        .busy = demand(sample) >= VERDICT_BUSY && lag_matters(sample, interval),
        .late = demand(sample) >= VERDICT_BUSY_STARTING && sample->starts > 0 &&
                sample->start_lag_p99 >= VERDICT_START_LAG,
        .short_of = sample->shortages > 0,
        .cpu = sample->cpu,
        .idle_cores = sample->idle_cores,
        .cpu_wait = sample->cpu_wait,
        .lag_p99 = sample->lag_p99,
        .start_lag_p99 = sample->starts > 0 ? sample->start_lag_p99 : 0,
        .shortages = sample->shortages,
    };
    return span;
}

static void
extend(struct verdict_span *span, const struct verdict_span *by)
{
    double old = (double)(span->to - span->from);
    double added = (double)(by->to - by->from);
    if (old + added > 0) {
        span->cpu = (span->cpu * old + by->cpu * added) / (old + added);
        span->idle_cores =
            (span->idle_cores * old + by->idle_cores * added) / (old + added);
        span->cpu_wait =
            span->cpu_wait < 0 || by->cpu_wait < 0
                ? -1
                : (span->cpu_wait * old + by->cpu_wait * added) / (old + added);
    }
    span->to = by->to;
    span->busy |= by->busy;
    span->late |= by->late;
    span->short_of |= by->short_of;
    span->shortages += by->shortages;
    if (by->lag_p99 > span->lag_p99)
        span->lag_p99 = by->lag_p99;
    if (by->start_lag_p99 > span->start_lag_p99)
        span->start_lag_p99 = by->start_lag_p99;
}

/* Whether it goes on with what was found before, or there is no more room. */
static bool
join_last(struct verdict *verdict, const struct verdict_span *span,
          nsec_t longest_gap)
{
    if (verdict->count == 0)
        return false;
    struct verdict_span *last = &verdict->spans[verdict->count - 1];
    if (span->from - last->to > longest_gap)
        return false;
    extend(last, span);
    return true;
}

void
verdict_add(struct verdict *verdict, const struct generator_sample *sample,
            const struct interval *interval)
{
    struct verdict_span span = judge(sample, interval);
    struct verdict_span *pending = &verdict->pending;
    if (!span.busy && !span.late && !span.short_of) {
        *pending = (struct verdict_span){0};
        return;
    }
    if (join_last(verdict, &span, VERDICT_GAP))
        return;
    if (pending->to > pending->from)
        extend(pending, &span);
    else
        *pending = span;
    if (!pending->short_of && pending->to - pending->from < VERDICT_LEAST)
        return;
    if (verdict->count < VERDICT_MAX_SPANS)
        verdict->spans[verdict->count++] = *pending;
    else
        join_last(verdict, pending, NSEC_NEVER);
    *pending = (struct verdict_span){0};
}

static void
append_seconds(struct buf *out, nsec_t t)
{
    if (t < 0)
        t = 0;
    buf_printf(out, "%.*f s", t < 10 * NSEC_PER_SEC ? 1 : 0,
               nsec_to_seconds(t));
}

static void
append_time(struct buf *out, const char *what, nsec_t t)
{
    char text[32];
    units_format_duration(t, text, sizeof(text));
    buf_printf(out, "%s%s%s", out->size > 0 ? ", " : "", what, text);
}

void
verdict_span_text(const struct verdict_span *span, struct buf *out)
{
    struct buf text = {0};
    if (span->busy)
        append_time(&text, "loop lag p99 ", span->lag_p99);
    if (span->late)
        append_time(&text, "runs began late, p99 by ", span->start_lag_p99);
    if (span->busy || span->late) {
        buf_printf(&text, ", CPU %.0f %%", 100 * span->cpu);
        /* Whose fault it is makes a difference to who reads it. */
        if (span->cpu_wait >= 0.1)
            buf_printf(&text, ", %.0f %% of the time other processes had it",
                       100 * span->cpu_wait);
    }
    if (span->short_of)
        buf_printf(&text,
                   "%s%" PRIu64 " request%s failed for want of descriptors, "
                   "ports or memory",
                   text.size > 0 ? ", " : "", span->shortages,
                   span->shortages == 1 ? "" : "s");
    buf_append(out, text.data, text.size);
    buf_finish(&text);
}

/* The longest time in which a thread had too much to do decides. */
int32_t
verdict_advised_threads(const struct verdict *verdict)
{
    const struct verdict_span *longest = NULL;
    for (size_t i = 0; i < verdict->count; i++) {
        const struct verdict_span *span = &verdict->spans[i];
        if ((span->busy || span->late) &&
            (!longest || span->to - span->from > longest->to - longest->from))
            longest = span;
    }
    if (!longest || longest->idle_cores < VERDICT_IDLE)
        return 0;
    int32_t more = (int32_t)(longest->idle_cores + 1 - VERDICT_IDLE);
    int32_t advised = verdict->threads + more;
    if (advised > verdict->most_threads)
        advised = verdict->most_threads;
    return advised > verdict->threads ? advised : 0;
}

void
verdict_text(const struct verdict *verdict, struct buf *out)
{
    if (verdict->count == 0)
        return;
    const struct verdict_span *first = &verdict->spans[0];
    buf_append_str(out, "generator saturated from ");
    append_seconds(out, first->from);
    buf_append_str(out, " to ");
    append_seconds(out, first->to);
    buf_append_str(out, ": ");
    verdict_span_text(first, out);
    if (verdict->count > 1)
        buf_printf(out, "; and %zu more time%s", verdict->count - 1,
                   verdict->count == 2 ? "" : "s");
    buf_append_str(out, "; results from then on describe molo, not the target");
    int32_t threads = verdict_advised_threads(verdict);
    if (threads > 0)
        buf_printf(out, "; cores were idle: try -t %" PRId32, threads);
}
