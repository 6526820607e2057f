#include "output/sizing.h"
#include "output/summary.h"

#include <inttypes.h>

#include "base/units.h"
#include "output/text.h"
#include "output/verdict.h"
#include "plan/executor.h"

const char *
summary_cut(struct summary *sum, const char *text, size_t width)
{
    buf_clear(&sum->text);
    text_append_cut(&sum->text, text, width);
    return sum->text.data;
}

const char *
summary_printable(struct summary *sum, const char *text)
{
    buf_clear(&sum->text);
    text_append_printable(&sum->text, text);
    return sum->text.data;
}

void
summary_print(const struct summary *sum, enum style style, const char *text)
{
    fprintf(sum->stream, "%s%s%s", style_begin(style, sum->color), text,
            style_end(style, sum->color));
}

static void
print_head(const struct summary *sum, const char *head)
{
    summary_print(sum, STYLE_HEAD, head);
    fprintf(sum->stream, "%*s", 10 - (int)text_width(head), "");
}

enum style
summary_bad_if(uint64_t count)
{
    return count > 0 ? STYLE_BAD : STYLE_PLAIN;
}

static void
print_count(const struct summary *sum, uint64_t count, const char *what)
{
    enum style style = summary_bad_if(count);
    fprintf(sum->stream, "%s%" PRIu64 " %s%s", style_begin(style, sum->color),
            count, what, style_end(style, sum->color));
}

struct rate_text
summary_rate(uint64_t count, nsec_t duration)
{
    double rate = duration > 0 ? (double)count / nsec_to_seconds(duration) : 0;
    struct rate_text text;
    snprintf(text.s, sizeof(text.s), "%.*f/s", rate < 99.95 ? 1 : 0, rate);
    return text;
}

void
summary_add_time(struct table *table, nsec_t t)
{
    char text[32];
    units_format_duration(t, text, sizeof(text));
    table_add(table, STYLE_PLAIN, "%s", text);
}

void
summary_add_percentile(struct table *table, const struct hist *hist,
                       double percent)
{
    if (hist == NULL)
        table_add(table, STYLE_PLAIN, "-");
    else
        summary_add_time(table, hist_percentile(hist, percent));
}

void
summary_add_mean(struct table *table, const struct hist *hist)
{
    if (hist == NULL)
        table_add(table, STYLE_PLAIN, "-");
    else
        summary_add_time(table, (nsec_t)(hist_mean(hist) + 0.5));
}

void
summary_finish_table(const struct summary *sum, struct table *table,
                     size_t left_out)
{
    fputc('\n', sum->stream);
    table_write(table, sum->stream, sum->color);
    if (left_out > 0)
        fprintf(sum->stream, "... and %zu more, all in the result JSON\n",
                left_out);
    table_destroy(table);
}

/* Above everything else, so that nobody takes the figures for a server's. */
static void
print_simulated(const struct summary *sum)
{
    const struct options *options = sum->result->plan->options;
    if (!options->sim)
        return;
    char low[32], high[32];
    units_format_duration(options->sim_latency_low, low, sizeof(low));
    units_format_duration(options->sim_latency_high, high, sizeof(high));
    bool range = options->sim_latency_high > options->sim_latency_low;
    summary_print(sum, STYLE_HEAD, "SIMULATED:");
    fprintf(sum->stream,
            " virtual time, no request was sent; answers after %s%s%s, %g %% "
            "of them fail\n",
            low, range ? " to " : "", range ? high : "", options->sim_failures);
}

/* Of a pool, and where workers are added by hand, not all may be needed. */
static bool
may_need_fewer(const struct plan *plan)
{
    for (size_t i = 0; i < plan->workload_count; i++) {
        enum executor_type type = plan->workloads[i].executor;
        if (executor_find(type)->open || type == EXECUTOR_MANUAL)
            return true;
    }
    return false;
}

static void
print_header(struct summary *sum)
{
    const struct plan *plan = sum->result->plan;
    char duration[32];
    units_format_duration(sum->result->duration, duration, sizeof(duration));
    summary_print(sum, STYLE_HEAD, "molo " MOLO_VERSION);
    fprintf(sum->stream, "   %s   %s%d worker%s   %s   seed %" PRIu64 "\n\n",
            summary_printable(sum, sum->result->scenario_path),
            may_need_fewer(plan) ? "at most " : "", (int)plan->workers,
            plan->workers == 1 ? "" : "s", duration, plan->options->seed);
}

static void
print_runs(const struct summary *sum)
{
    const struct snapshot *s = sum->snapshot;
    uint64_t ended = s->runs_ok + s->runs_failed;
    print_head(sum, "runs");
    fprintf(sum->stream, "%" PRIu64 "   %" PRIu64 " ok, ", s->runs_started,
            s->runs_ok);
    print_count(sum, s->runs_failed, "failed");
    fprintf(sum->stream, ", %" PRIu64 " interrupted", s->runs_interrupted);
    if (s->runs_dropped > 0) {
        fputs(", ", sum->stream);
        print_count(sum, s->runs_dropped, "dropped");
    }
    fprintf(sum->stream, "   %s\n",
            summary_rate(ended, sum->result->duration).s);
}

static void
print_requests(const struct summary *sum)
{
    const struct snapshot *s = sum->snapshot;
    if (s->requests == 0)
        return;
    char sent[32], received[32], failed[64];
    units_format_bytes(s->bytes_sent, sent, sizeof(sent));
    units_format_bytes(s->bytes_received, received, sizeof(received));
    snprintf(failed, sizeof(failed), "failed (%.3g %%)",
             100 * (double)s->requests_failed / (double)s->requests);
    print_head(sum, "requests");
    fprintf(sum->stream, "%" PRIu64 "   ", s->requests);
    print_count(sum, s->requests_failed, failed);
    if (s->requests_unsent > 0) {
        fputs(", ", sum->stream);
        print_count(sum, s->requests_unsent, "never sent");
    }
    fprintf(sum->stream, "   %s   %s sent, %s received\n",
            summary_rate(s->requests_in_runs, sum->result->duration).s, sent,
            received);
}

static void
print_status(const struct summary *sum)
{
    uint64_t totals[HTTP_STATUS_MAX] = {0}, answered = 0;
    for (const struct endpoint_stats *row = sum->snapshot->endpoints;
         row != NULL; row = row->hh.next) {
        for (int code = 0; code < HTTP_STATUS_MAX; code++) {
            totals[code] += row->status[code / 100][code % 100];
            answered += row->status[code / 100][code % 100];
        }
    }
    uint64_t sent = sum->snapshot->requests - sum->snapshot->requests_unsent;
    if (sent == 0)
        return;
    print_head(sum, "status");
    const char *gap = "";
    for (int code = 0; code < HTTP_STATUS_MAX; code++) {
        if (totals[code] == 0)
            continue;
        fprintf(sum->stream, "%s%d: %" PRIu64, gap, code, totals[code]);
        gap = "   ";
    }
    if (sent > answered)
        fprintf(sum->stream, "%sno answer: %" PRIu64, gap, sent - answered);
    fputc('\n', sum->stream);
}

static void
format_median(const struct hist *times, char *out, size_t size)
{
    if (times == NULL)
        snprintf(out, size, "-");
    else
        units_format_duration(hist_percentile(times, 50), out, size);
}

/* Only where there were any. */
static void
print_websockets(const struct summary *sum)
{
    const struct snapshot *s = sum->snapshot;
    const struct hist *opened = s->trends[TREND_WS_CONNECTING];
    if (opened == NULL)
        return;
    char held[32];
    format_median(s->trends[TREND_WS_SESSION_DURATION], held, sizeof(held));
    print_head(sum, "websocket");
    fprintf(sum->stream,
            "%" PRIu64 "   %" PRIu64 " messages sent (%s), %" PRIu64
            " received",
            hist_count(opened), s->ws_messages_sent,
            summary_rate(s->ws_messages_sent, sum->result->duration).s,
            s->ws_messages_received);
    fprintf(sum->stream, " (%s)   open for %s (p50)\n",
            summary_rate(s->ws_messages_received, sum->result->duration).s,
            held);
}

/* Only where there were any. */
static void
print_events(const struct summary *sum)
{
    const struct snapshot *s = sum->snapshot;
    if (s->sse_events == 0)
        return;
    char first[32], gap[32];
    format_median(s->trends[TREND_SSE_FIRST_EVENT], first, sizeof(first));
    format_median(s->trends[TREND_SSE_EVENT_GAP], gap, sizeof(gap));
    print_head(sum, "sse");
    fprintf(sum->stream,
            "%" PRIu64 " events read (%s)   first after %s, then every %s "
            "(p50)\n",
            s->sse_events, summary_rate(s->sse_events, sum->result->duration).s,
            first, gap);
}

static void
print_times(const struct summary *sum)
{
    static const enum trend shown[] = {
        TREND_HTTP_REQ_DURATION, TREND_HTTP_REQ_RESPONSE, TREND_RUN_DURATION,
        TREND_RUN_ACTIVE, TREND_START_LAG};
    static const char *const heads[] = {"time", "mean", "p50", "p90",
                                        "p95",  "p99",  "max"};
    struct table *table = table_create(heads, 7, 1);
    size_t rows = 0;
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        const struct hist *hist = sum->snapshot->trends[shown[i]];
        if (hist == NULL)
            continue;
        rows++;
        table_add(table, STYLE_PLAIN, "%s", snapshot_trend_name(shown[i]));
        summary_add_mean(table, hist);
        summary_add_percentile(table, hist, 50);
        summary_add_percentile(table, hist, 90);
        summary_add_percentile(table, hist, 95);
        summary_add_percentile(table, hist, 99);
        summary_add_time(table, hist_max(hist));
    }
    if (rows > 0)
        summary_finish_table(sum, table, 0);
    else
        table_destroy(table);
}

/* Results of a generator that had no time left tell about the generator. */
static void
print_generator(const struct summary *sum)
{
    const struct result *result = sum->result;
    if (result->verdict == NULL || !result->generator.saturated)
        return;
    struct buf text = {0};
    verdict_text(result->verdict, &text);
    fputc('\n', sum->stream);
    summary_print(sum, STYLE_BAD, text.data);
    fputc('\n', sum->stream);
    buf_finish(&text);
}

/* A request that fails fails nothing by itself, nor does a run that the end of
 * the test cuts off: who takes "ok" for an answer is told what it leaves open.
 */
static void
print_ok(struct summary *sum)
{
    const struct snapshot *s = sum->snapshot;
    summary_print(sum, STYLE_GOOD, "ok");
    if (s->runs_started > 0 && s->runs_ok + s->runs_failed == 0) {
        fputs(", but ", sum->stream);
        summary_print(sum, STYLE_BAD, "no run came to its end");
    } else if (s->requests_failed > 0) {
        fputs(", but ", sum->stream);
        struct buf text = {0};
        buf_printf(&text, "%" PRIu64 " of %" PRIu64 " requests failed",
                   s->requests_failed, s->requests);
        summary_print(sum, STYLE_BAD, text.data);
        buf_finish(&text);
        if (sum->result->threshold_count == 0)
            fputs("; --threshold would judge that", sum->stream);
    }
    fputc('\n', sum->stream);
}

/* The cause that decides the exit code comes first. */
static void
print_verdict(struct summary *sum)
{
    const struct result *result = sum->result;
    fputc('\n', sum->stream);
    if (result->cause_count == 0) {
        print_ok(sum);
        return;
    }
    enum exit_code code = result_exit_code(result);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < result->cause_count; i++) {
            const struct result_cause *cause = &result->causes[i];
            if ((cause->code == code) != (pass == 0))
                continue;
            summary_print(sum, STYLE_BAD, "FAILED:");
            fprintf(sum->stream, " %s (exit code %d)\n",
                    summary_printable(sum, cause->text), (int)cause->code);
        }
    }
}

void
out_summary_write(const struct result *result, FILE *stream, bool color)
{
    struct summary sum = {.result = result,
                          .snapshot = result->snapshot,
                          .stream = stream,
                          .color = color};
    print_simulated(&sum);
    print_header(&sum);
    print_runs(&sum);
    print_requests(&sum);
    print_status(&sum);
    print_websockets(&sum);
    print_events(&sum);
    print_times(&sum);
    if (result->plan->workloads[0].executor == EXECUTOR_SINGLE_RUN)
        summary_single_run(&sum);
    else
        summary_scenarios(&sum);
    summary_endpoints(&sum);
    summary_transactions(&sum);
    summary_custom(&sum);
    summary_checks(&sum);
    summary_thresholds(&sum);
    summary_sizing(&sum);
    summary_errors(&sum);
    summary_coordination(&sum);
    print_generator(&sum);
    print_verdict(&sum);
    buf_finish(&sum.text);
}
