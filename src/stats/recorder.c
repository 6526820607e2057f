#include "stats/recorder.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#define LABEL_SIZE 256

struct recorder {
    struct snapshot *snapshot;
    bool warned_endpoints;
};

struct recorder *
recorder_create(void)
{
    struct recorder *recorder = xcalloc(1, sizeof(*recorder));
    recorder->snapshot = snapshot_create();
    return recorder;
}

void
recorder_destroy(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    snapshot_destroy(recorder->snapshot);
    free(recorder);
}

const struct snapshot *
recorder_snapshot(const struct recorder *recorder)
{
    return recorder->snapshot;
}

static void
record_trend(struct recorder *recorder, enum trend trend, nsec_t value)
{
    if (value >= 0)
        snapshot_record(&recorder->snapshot->trends[trend], value);
}

void
recorder_run_start(struct recorder *recorder)
{
    recorder->snapshot->runs_started++;
}

void
recorder_run_end(struct recorder *recorder, const char *scenario,
                 enum run_outcome outcome, nsec_t duration, nsec_t active)
{
    struct snapshot *s = recorder->snapshot;
    struct scenario_stats *row = snapshot_scenario(s, scenario);
    switch (outcome) {
    case RUN_OK:
        s->runs_ok++;
        row->ok++;
        break;
    case RUN_FAILED:
        s->runs_failed++;
        row->failed++;
        break;
    case RUN_INTERRUPTED:
        s->runs_interrupted++;
        row->interrupted++;
        return;
    }
    record_trend(recorder, TREND_RUN_DURATION, duration);
    record_trend(recorder, TREND_RUN_ACTIVE, active);
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
    snapshot_record(&row->start_lag, lag);
    record_trend(recorder, TREND_START_LAG, lag < 0 ? 0 : lag);
}

void
recorder_run_dropped(struct recorder *recorder, const char *workload)
{
    recorder->snapshot->runs_dropped++;
    snapshot_workload(recorder->snapshot, workload)->dropped++;
}

static struct endpoint_stats *
endpoint_of(struct recorder *recorder, const char *method, const char *name)
{
    struct snapshot *s = recorder->snapshot;
    struct endpoint_stats *row = snapshot_find_endpoint(s, method, name);
    if (row != NULL)
        return row;
    if (HASH_COUNT(s->endpoints) < RECORDER_MAX_ENDPOINTS)
        return snapshot_endpoint(s, method, name);
    if (!recorder->warned_endpoints) {
        recorder->warned_endpoints = true;
        log_warning("more than %d different endpoints (the next is %s %.200s): "
                    "further ones are counted as \"other\"; give requests to "
                    "one kind of page one `name`",
                    RECORDER_MAX_ENDPOINTS, method, name);
    }
    return snapshot_endpoint(s, "*", "other");
}

void
recorder_request(struct recorder *recorder, const struct request_sample *sample)
{
    struct snapshot *s = recorder->snapshot;
    struct endpoint_stats *row =
        endpoint_of(recorder, sample->method, sample->name);
    bool sent = sample->sends > 0;
    uint64_t attempts = sent ? sample->sends : 1;
    uint64_t failed = attempts - 1 + (sample->failed ? 1 : 0);
    uint64_t unsent = sent ? 0 : 1;

    row->count += attempts;
    row->failed += failed;
    row->unsent += unsent;
    row->bytes_sent += sample->bytes_sent;
    row->bytes_received += sample->bytes_received;
    s->requests += attempts;
    s->requests_failed += failed;
    s->requests_unsent += unsent;
    s->bytes_sent += sample->bytes_sent;
    s->bytes_received += sample->bytes_received;
    if (sample->status > 0 && sample->status < HTTP_STATUS_MAX)
        row->status[sample->status / 100][sample->status % 100]++;

    record_trend(recorder, TREND_HTTP_REQ_DNS, sample->dns);
    record_trend(recorder, TREND_HTTP_REQ_CONNECT, sample->connect);
    record_trend(recorder, TREND_HTTP_REQ_TLS, sample->tls);
    if (!sent)
        return;
    record_trend(recorder, TREND_HTTP_REQ_DURATION, sample->duration);
    record_trend(recorder, TREND_HTTP_REQ_SEND, sample->send);
    record_trend(recorder, TREND_HTTP_REQ_WAIT, sample->wait);
    record_trend(recorder, TREND_HTTP_REQ_RECEIVE, sample->receive);
    if (sample->duration >= 0)
        snapshot_record(&row->duration, sample->duration);
}

void
recorder_check(struct recorder *recorder, const char *name, bool passed)
{
    struct snapshot *s = recorder->snapshot;
    struct check_stats *row = snapshot_check(s, name);
    if (passed) {
        row->passes++;
        s->checks_passed++;
    } else {
        row->fails++;
        s->checks_failed++;
    }
}

void
recorder_error(struct recorder *recorder, const char *kind, const char *message,
               const struct error_first *first)
{
    struct snapshot *s = recorder->snapshot;
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

static struct coord_stats *
coord_of(struct recorder *recorder, const char *type, const char *name)
{
    char label[LABEL_SIZE];
    str_label(name, label, sizeof(label));
    return snapshot_coord(recorder->snapshot, type, label);
}

void
recorder_coord_wait(struct recorder *recorder, const char *type,
                    const char *name, nsec_t waited)
{
    struct coord_stats *row = coord_of(recorder, type, name);
    row->waits++;
    snapshot_record(&row->wait, waited);
    record_trend(recorder, TREND_COORD_WAIT, waited < 0 ? 0 : waited);
}

void
recorder_coord_event(struct recorder *recorder, const char *type,
                     const char *name, enum coord_event event)
{
    struct coord_stats *row = coord_of(recorder, type, name);
    switch (event) {
    case COORD_ROUND:
        row->rounds++;
        break;
    case COORD_MISSED:
        row->missed++;
        break;
    case COORD_TIMEOUT:
        row->timeouts++;
        break;
    case COORD_BREAK:
        row->breaks++;
        break;
    case COORD_CONTENDED:
        row->contended++;
        break;
    }
}

void
recorder_coord_time(struct recorder *recorder, enum coord_time which,
                    const char *type, const char *name, nsec_t t)
{
    struct coord_stats *row = coord_of(recorder, type, name);
    static const enum trend trends[] = {
        [COORD_PROPAGATION] = TREND_COORD_PROPAGATION,
        [COORD_VISIBILITY] = TREND_COORD_VISIBILITY,
        [COORD_ROUND_TIME] = TREND_COORD_ROUND,
        [COORD_SKEW] = TREND_COORD_SKEW,
        [COORD_RELEASE] = TREND_COORD_RELEASE,
        [COORD_HELD] = TREND_COORD_HELD,
    };
    struct hist **const hists[] = {
        [COORD_PROPAGATION] = &row->propagation,
        [COORD_VISIBILITY] = &row->visibility,
        [COORD_ROUND_TIME] = &row->round,
        [COORD_SKEW] = &row->skew,
        [COORD_RELEASE] = &row->release,
        [COORD_HELD] = &row->held,
    };
    snapshot_record(hists[which], t);
    record_trend(recorder, trends[which], t < 0 ? 0 : t);
}

void
recorder_coord_depth(struct recorder *recorder, const char *type,
                     const char *name, uint64_t items)
{
    nsec_t depth = items < INT64_MAX ? (nsec_t)items : INT64_MAX;
    snapshot_record(&coord_of(recorder, type, name)->depth, depth);
}
