#include "stats/snapshot.h"

#include <stdlib.h>

#include "base/mem.h"

static void
merge_roles(struct scenario_stats *into, const struct scenario_stats *from)
{
    for (const struct role_stats *row = from->roles; row != NULL;
         row = row->hh.next) {
        struct role_stats *sum = snapshot_role(into, row->name);
        sum->ok += row->ok;
        sum->failed += row->failed;
        sum->interrupted += row->interrupted;
    }
}

static void
merge_scenarios(struct snapshot *into, const struct snapshot *from)
{
    for (const struct scenario_stats *row = from->scenarios; row != NULL;
         row = row->hh.next) {
        struct scenario_stats *sum = snapshot_scenario(into, row->name);
        sum->ok += row->ok;
        sum->failed += row->failed;
        sum->interrupted += row->interrupted;
        merge_roles(sum, row);
    }
}

static void
merge_workloads(struct snapshot *into, const struct snapshot *from)
{
    for (const struct workload_stats *row = from->workloads; row != NULL;
         row = row->hh.next) {
        struct workload_stats *sum = snapshot_workload(into, row->name);
        sum->started += row->started;
        sum->ok += row->ok;
        sum->failed += row->failed;
        sum->interrupted += row->interrupted;
        sum->dropped += row->dropped;
        hist_merge_into(&sum->start_lag, row->start_lag);
    }
}

static void
merge_endpoints(struct snapshot *into, const struct snapshot *from)
{
    for (const struct endpoint_stats *row = from->endpoints; row != NULL;
         row = row->hh.next) {
        struct endpoint_stats *sum =
            snapshot_endpoint(into, row->method, row->name);
        sum->count += row->count;
        sum->in_runs += row->in_runs;
        sum->unsent += row->unsent;
        sum->failed += row->failed;
        sum->bytes_sent += row->bytes_sent;
        sum->bytes_received += row->bytes_received;
        for (int i = 0; i < HTTP_STATUS_MAX; i++)
            sum->status[i / 100][i % 100] += row->status[i / 100][i % 100];
        hist_merge_into(&sum->duration, row->duration);
    }
}

static void
merge_checks(struct snapshot *into, const struct snapshot *from)
{
    for (const struct check_stats *row = from->checks; row != NULL;
         row = row->hh.next) {
        struct check_stats *sum = snapshot_check(into, row->name);
        sum->passes += row->passes;
        sum->fails += row->fails;
    }
}

static void
merge_errors(struct snapshot *into, const struct snapshot *from)
{
    for (const struct error_stats *row = from->errors; row != NULL;
         row = row->hh.next) {
        struct error_stats *sum = snapshot_error(into, row->kind, row->message);
        if (sum == NULL) {
            into->errors_dropped += row->count;
            continue;
        }
        /* The earliest of all is the first, whichever shard saw it. */
        if (sum->count == 0 || row->first.at < sum->first.at) {
            free(sum->first.where);
            sum->first = row->first;
            sum->first.where = xstrdup(row->first.where);
            free(sum->message);
            sum->message = xstrdup(row->message);
        }
        sum->count += row->count;
    }
}

static void
merge_coords(struct snapshot *into, const struct snapshot *from)
{
    for (const struct coord_stats *row = from->coords; row != NULL;
         row = row->hh.next) {
        struct coord_stats *sum = snapshot_coord(into, row->type, row->label);
        sum->rounds += row->rounds;
        sum->missed += row->missed;
        sum->waits += row->waits;
        sum->contended += row->contended;
        sum->timeouts += row->timeouts;
        sum->breaks += row->breaks;
        hist_merge_into(&sum->wait, row->wait);
        hist_merge_into(&sum->skew, row->skew);
        hist_merge_into(&sum->release, row->release);
        hist_merge_into(&sum->propagation, row->propagation);
        hist_merge_into(&sum->visibility, row->visibility);
        hist_merge_into(&sum->round, row->round);
        hist_merge_into(&sum->held, row->held);
        hist_merge_into(&sum->depth, row->depth);
    }
}

void
snapshot_merge(struct snapshot *into, const struct snapshot *from)
{
    into->runs_started += from->runs_started;
    into->runs_ok += from->runs_ok;
    into->runs_failed += from->runs_failed;
    into->runs_interrupted += from->runs_interrupted;
    into->runs_dropped += from->runs_dropped;
    into->requests += from->requests;
    into->requests_in_runs += from->requests_in_runs;
    into->requests_failed += from->requests_failed;
    into->requests_unsent += from->requests_unsent;
    into->bytes_sent += from->bytes_sent;
    into->bytes_received += from->bytes_received;
    into->checks_passed += from->checks_passed;
    into->checks_failed += from->checks_failed;
    into->ws_messages_sent += from->ws_messages_sent;
    into->ws_messages_received += from->ws_messages_received;
    into->sse_events += from->sse_events;
    into->errors_dropped += from->errors_dropped;
    for (int i = 0; i < TREND_COUNT; i++)
        hist_merge_into(&into->trends[i], from->trends[i]);
    merge_scenarios(into, from);
    merge_workloads(into, from);
    merge_endpoints(into, from);
    merge_checks(into, from);
    merge_errors(into, from);
    merge_coords(into, from);
    for (int kind = 0; kind < SERIES_KINDS; kind++)
        series_merge(&into->series[kind], into->tags, from->series[kind]);
    custom_merge(&into->custom, into->tags, from->custom);
}
