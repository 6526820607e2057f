#include "stats/recorder_internal.h"

#include <stdlib.h>

#include "base/mem.h"

struct recorder *
recorder_create(void)
{
    struct recorder *recorder = xcalloc(1, sizeof(*recorder));
    recorder->snapshot = snapshot_create();
    recorder->nobody =
        recorder_context(recorder, &(struct recorder_labels){.phase = "run"});
    return recorder;
}

void
recorder_destroy(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    recorder_finish_series(recorder);
    snapshot_destroy(recorder->snapshot);
    free(recorder);
}

const struct snapshot *
recorder_snapshot(const struct recorder *recorder)
{
    return recorder->snapshot;
}

void
recorder_observe(struct recorder *recorder,
                 const struct recorder_observer *observer)
{
    recorder->observer = *observer;
}

void
recorder_run_start(struct recorder *recorder, const char *workload)
{
    recorder->snapshot->runs_started++;
    if (workload != NULL)
        snapshot_workload(recorder->snapshot, workload)->started++;
}

static const char *
outcome_name(enum run_outcome outcome)
{
    switch (outcome) {
    case RUN_OK:
        return "ok";
    case RUN_FAILED:
        return "failed";
    case RUN_INTERRUPTED:
        break;
    }
    return "interrupted";
}

static void
count_run(struct recorder *recorder, const struct recorder_context *context,
          const char *scenario, enum run_outcome outcome)
{
    struct snapshot *s = recorder->snapshot;
    struct scenario_stats *row = snapshot_scenario(s, scenario);
    struct workload_stats none = {0};
    struct workload_stats *workload =
        context->workload != NULL ? context->workload : &none;
    switch (outcome) {
    case RUN_OK:
        s->runs_ok++;
        row->ok++;
        workload->ok++;
        break;
    case RUN_FAILED:
        s->runs_failed++;
        row->failed++;
        workload->failed++;
        break;
    case RUN_INTERRUPTED:
        s->runs_interrupted++;
        row->interrupted++;
        workload->interrupted++;
        break;
    }
}

void
recorder_run_end(struct recorder *recorder,
                 const struct recorder_context *context, const char *scenario,
                 enum run_outcome outcome, nsec_t duration, nsec_t active)
{
    context = recorder_context_or_nobody(recorder, context);
    count_run(recorder, context, scenario, outcome);
    struct series *series =
        recorder_series(recorder, SERIES_RUNS, context,
                        (struct tag[]){{"status", outcome_name(outcome)},
                                       {"scenario", scenario}},
                        2);
    series->count++;
    if (outcome == RUN_INTERRUPTED)
        return;
    recorder_trend(recorder, TREND_RUN_DURATION, duration);
    recorder_trend(recorder, TREND_RUN_ACTIVE, active);
    recorder_time(&series->time, duration);
    recorder_time(&series->active, active);
}

void
recorder_run_role(struct recorder *recorder, const char *scenario,
                  const char *role, enum run_outcome outcome)
{
    struct role_stats *row =
        snapshot_role(snapshot_scenario(recorder->snapshot, scenario), role);
    switch (outcome) {
    case RUN_OK:
        row->ok++;
        break;
    case RUN_FAILED:
        row->failed++;
        break;
    case RUN_INTERRUPTED:
        row->interrupted++;
        break;
    }
}

void
recorder_start_lag(struct recorder *recorder, const char *workload, nsec_t lag)
{
    struct workload_stats *row =
        snapshot_workload(recorder->snapshot, workload);
    hist_record_into(&row->start_lag, lag);
    recorder_trend(recorder, TREND_START_LAG, lag < 0 ? 0 : lag);
}

void
recorder_run_dropped(struct recorder *recorder, const char *workload)
{
    recorder->snapshot->runs_dropped++;
    snapshot_workload(recorder->snapshot, workload)->dropped++;
}

/* Where a request of this outcome is counted. */
static struct series_ref *
request_ref(struct recorder *recorder, const struct recorder_context *context,
            const struct request_sample *sample, int status, bool failed)
{
    char digits[] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10),
                     (char)('0' + status % 10), '\0'};
    bool known = status >= 100 && status < HTTP_STATUS_MAX;
    return recorder_ref(recorder, SERIES_REQUESTS, context,
                        (struct tag[]){
                            {"failed", failed ? "true" : "false"},
                            {"status", known ? digits : NULL},
                            {"method", sample->method},
                            {"name", sample->name},
                        },
                        4);
}

static void
count_request(struct recorder *recorder, struct endpoint_stats *row,
              const struct request_sample *sample, uint64_t attempts,
              uint64_t failed, bool in_run)
{
    struct snapshot *s = recorder->snapshot;
    uint64_t unsent = sample->sends > 0 ? 0 : 1;
    row->count += attempts;
    row->in_runs += in_run ? attempts : 0;
    row->failed += failed;
    row->unsent += unsent;
    row->bytes_sent += sample->bytes_sent;
    row->bytes_received += sample->bytes_received;
    s->requests += attempts;
    s->requests_in_runs += in_run ? attempts : 0;
    s->requests_failed += failed;
    s->requests_unsent += unsent;
    s->bytes_sent += sample->bytes_sent;
    s->bytes_received += sample->bytes_received;
    if (sample->status > 0 && sample->status < HTTP_STATUS_MAX)
        row->status[sample->status / 100][sample->status % 100]++;
    if (sample->challenges > 0)
        row->status[sample->challenge_status / 100]
                   [sample->challenge_status % 100] += sample->challenges;
}

/* Of requests in runs: how long they and their parts took. */
static void
record_trends(struct recorder *recorder, const struct request_sample *sample)
{
    recorder_trend(recorder, TREND_HTTP_REQ_DNS, sample->dns);
    recorder_trend(recorder, TREND_HTTP_REQ_CONNECT, sample->connect);
    recorder_trend(recorder, TREND_HTTP_REQ_TLS, sample->tls);
    if (sample->sends == 0)
        return;
    recorder_trend(recorder, TREND_HTTP_REQ_DURATION, sample->duration);
    recorder_trend(recorder, TREND_HTTP_REQ_SEND, sample->send);
    recorder_trend(recorder, TREND_HTTP_REQ_WAIT, sample->wait);
    recorder_trend(recorder, TREND_HTTP_REQ_RECEIVE, sample->receive);
}

void
recorder_request(struct recorder *recorder, const struct request_sample *sample)
{
    const struct recorder_context *context =
        recorder_context_or_nobody(recorder, sample->context);
    bool was_due = context->in_run && context->scheduled && !sample->poll;
    const struct recorder_observer *observer = &recorder->observer;
    if (observer->on_request != NULL) {
        struct request_sample seen = *sample;
        seen.response = was_due ? sample->response : -1;
        observer->on_request(observer->data, &seen);
    }
    bool sent = sample->sends > 0;
    uint64_t challenges = sample->challenges;
    uint64_t lost = sent ? sample->sends - 1 - challenges : 0;
    struct series_ref *ref =
        request_ref(recorder, context, sample, sample->status, sample->failed);
    struct series *series = ref->series;
    struct endpoint_stats *row =
        recorder_endpoint(recorder, ref, sample->method, sample->name);
    count_request(recorder, row, sample, 1 + lost + challenges,
                  lost + (sample->failed ? 1 : 0), context->in_run);
    series->count++;
    series->unsent += sent ? 0 : 1;
    series->bytes_sent += sample->bytes_sent;
    series->bytes_received += sample->bytes_received;
    if (sent && !sample->poll)
        recorder_time(&series->time, sample->duration);
    if (context->in_run && !sample->poll) {
        record_trends(recorder, sample);
        if (sent)
            recorder_time(&row->duration, sample->duration);
    }
    if (was_due) {
        recorder_trend(recorder, TREND_HTTP_REQ_RESPONSE, sample->response);
        recorder_time(&series->response, sample->response);
    }
    if (lost > 0)
        request_ref(recorder, context, sample, 0, true)->series->count += lost;
    if (challenges > 0)
        request_ref(recorder, context, sample, sample->challenge_status, false)
            ->series->count += challenges;
}

void
recorder_check(struct recorder *recorder,
               const struct recorder_context *context, const char *name,
               bool passed)
{
    struct snapshot *s = recorder->snapshot;
    struct check_stats *row = snapshot_check(s, name);
    struct series *series = recorder_series(recorder, SERIES_CHECKS, context,
                                            &(struct tag){"check", name}, 1);
    series->count++;
    if (passed) {
        row->passes++;
        s->checks_passed++;
    } else {
        row->fails++;
        s->checks_failed++;
        series->failed++;
    }
}

void
recorder_error(struct recorder *recorder,
               const struct recorder_context *context, const char *kind,
               const char *message, const struct error_first *first)
{
    const struct recorder_observer *observer = &recorder->observer;
    if (observer->on_error != NULL)
        observer->on_error(observer->data, kind, message, first);
    struct snapshot *s = recorder->snapshot;
    recorder_series(recorder, SERIES_ERRORS, context,
                    &(struct tag){"kind", kind}, 1)
        ->count++;
    struct error_stats *row = snapshot_error(s, kind, message);
    if (row == NULL) {
        s->errors_dropped++;
        return;
    }
    if (row->count++ > 0 || first == NULL)
        return;
    free(row->first.where);
    row->first = *first;
    row->first.where = xstrdup(first->where != NULL ? first->where : "");
}

void
recorder_transaction(struct recorder *recorder,
                     const struct recorder_context *context, const char *name,
                     enum run_outcome outcome, nsec_t duration)
{
    struct series *series = recorder_series(
        recorder, SERIES_TRANSACTIONS, context,
        (struct tag[]){{"status", outcome_name(outcome)}, {"name", name}}, 2);
    series->count++;
    if (outcome != RUN_INTERRUPTED)
        recorder_time(&series->time, duration);
}

void
recorder_define(struct recorder *recorder, const struct custom_metric *metrics)
{
    for (; metrics != NULL; metrics = metrics->hh.next)
        custom_add(&recorder->snapshot->custom, metrics->name, metrics->type,
                   metrics->unit);
}

void
recorder_custom(struct recorder *recorder,
                const struct recorder_context *context,
                const struct custom_metric *metric, double value, nsec_t at)
{
    struct custom_metric *own = custom_add(
        &recorder->snapshot->custom, metric->name, metric->type, metric->unit);
    custom_record(own, recorder_custom_series(recorder, own, context), value,
                  at);
}
