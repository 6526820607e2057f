#define uthash_malloc(size) xmalloc(size)

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "output/json_sections.h"
#include "output/json_value.h"
#include "output/text.h"
#include "stats/metric.h"

/* --- parts of a metric, by tag --- */

/* A tag with more values than this is left to thresholds and endpoints; the
 * result says so. */
#define MAX_VALUES 100

/* All of a metric that has one value of one tag. */
struct part {
    struct tag tag;
    struct series sum;
    UT_hash_handle hh;
};

struct part_key {
    char bytes[TAG_NAME_MAX + 512];
    size_t size;
};

static void
make_key(struct part_key *key, const struct tag *tag)
{
    int size = snprintf(key->bytes, sizeof(key->bytes), "%s=%s", tag->name,
                        tag->value);
    key->size = (size_t)size < sizeof(key->bytes) ? (size_t)size
                                                  : sizeof(key->bytes) - 1;
}

static void
add_part(struct part **parts, const struct tag *tag, const struct series *row)
{
    struct part_key key = {.size = 0};
    make_key(&key, tag);
    struct part *part;
    HASH_FIND(hh, *parts, key.bytes, key.size, part);
    if (part == NULL) {
        part = xcalloc(1, sizeof(*part));
        part->tag = *tag;
        char *own = xmemdup(key.bytes, key.size);
        HASH_ADD_KEYPTR(hh, *parts, own, key.size, part);
    }
    series_merge_row(&part->sum, row);
}

static bool
is_one_of(const char *word, const char *const *list)
{
    for (; list != NULL && *list != NULL; list++) {
        if (strcmp(word, *list) == 0)
            return true;
    }
    return false;
}

/* `hidden`: tags that are told elsewhere; ends with NULL. */
static struct part *
split(const struct series *rows, const char *const *hidden)
{
    struct part *parts = NULL;
    for (const struct series *row = rows; row != NULL; row = row->hh.next) {
        for (size_t i = 0; series_is_in_run(row) && i < row->tags->count; i++) {
            const struct tag *tag = &row->tags->tags[i];
            if (strcmp(tag->name, "phase") != 0 &&
                !is_one_of(tag->name, hidden))
                add_part(&parts, tag, row);
        }
    }
    return parts;
}

static void
destroy_parts(struct part *parts)
{
    struct part *part, *next;
    HASH_ITER (hh, parts, part, next) {
        void *key = (void *)(uintptr_t)part->hh.key;
        HASH_DEL(parts, part);
        series_finish(&part->sum);
        free(key);
        free(part);
    }
}

/* What is said of a metric's sum, or of a part of it. */
struct view {
    json_t *(*show)(const struct view *view, const struct series *sum);
    const struct custom_metric *custom;
    size_t offset; /* of a histogram in a row */
    nsec_t duration;
};

/* Adds to a metric "by": {"tag": {"value": ...}}. A tag that all of it has is
 * there, too: whoever reads this, or adds it to that of another file, finds it
 * at one place. */
static void
set_by(json_t *metric, const struct series *rows, const struct view *view,
       const char *const *hidden)
{
    json_t *by = json_object(), *left_out = json_array();
    struct part *parts = split(rows, hidden);
    for (const struct part *part = parts; part != NULL; part = part->hh.next) {
        json_t *shown = view->show(view, &part->sum);
        if (shown == NULL)
            continue;
        json_t *values = json_object_get(by, part->tag.name);
        if (values == NULL) {
            values = json_object();
            json_object_set_new(by, part->tag.name, values);
        }
        json_value_set(values, part->tag.value, shown);
    }
    const char *name;
    json_t *values;
    void *next;
    json_object_foreach_safe(by, next, name, values)
    {
        if (json_object_size(values) <= MAX_VALUES)
            continue;
        json_array_append_new(left_out, json_string(name));
        json_object_del(by, name);
    }
    destroy_parts(parts);
    json_object_set_new(metric, "by", by);
    if (json_array_size(left_out) > 0)
        json_object_set(metric, "by_left_out", left_out);
    json_decref(left_out);
}

static json_t *
show_times(const struct view *view, const struct series *sum)
{
    const struct hist *hist;
    memcpy(&hist, (const char *)sum + view->offset, sizeof(hist));
    return hist != NULL ? json_value_part(hist, "s", 1e9) : NULL;
}

/* --- metrics of the script --- */

static const char *
unit_of(const struct custom_metric *metric)
{
    const char *unit = custom_unit_name(metric->unit);
    return unit[0] != '\0' ? unit : NULL;
}

static json_t *
unit_value(const struct custom_metric *metric)
{
    const char *unit = unit_of(metric);
    return unit != NULL ? json_string(unit) : json_null();
}

static json_t *
show_custom(const struct view *view, const struct series *sum)
{
    const struct custom_metric *metric = view->custom;
    double total = (double)sum->sum / 1e9;
    switch (metric->type) {
    case CUSTOM_COUNTER:
        return json_pack(
            "{s:s, s:o, s:o, s:o}", "type", "counter", "unit",
            unit_value(metric), "count", json_value_number(total), "rate",
            json_value_real(view->duration > 0
                                ? total / nsec_to_seconds(view->duration)
                                : 0));
    case CUSTOM_GAUGE:
        return json_pack(
            "{s:s, s:o, s:o, s:o, s:o, s:o}", "type", "gauge", "unit",
            unit_value(metric), "count", json_value_count(sum->count), "last",
            json_value_number(sum->last), "min", json_value_number(sum->min),
            "max", json_value_number(sum->max));
    case CUSTOM_RATE:
        return json_value_rate(sum->count - sum->failed, sum->failed);
    case CUSTOM_TREND:
        break;
    }
    return json_value_part(sum->time, unit_of(metric),
                           custom_scale(metric->unit));
}

static json_t *
build_custom(const struct custom_metric *metric, nsec_t duration)
{
    const struct view view = {
        .show = show_custom,
        .custom = metric,
        .duration = duration,
    };
    struct series sum = {0};
    for (const struct series *row = metric->series; row != NULL;
         row = row->hh.next) {
        if (series_is_in_run(row))
            series_merge_row(&sum, row);
    }
    json_t *value = metric->type == CUSTOM_TREND
                        ? json_value_custom(sum.time, unit_of(metric),
                                            custom_scale(metric->unit))
                        : show_custom(&view, &sum);
    set_by(value, metric->series, &view, NULL);
    series_finish(&sum);
    return value;
}

/* --- all of them --- */

static struct metric_value
evaluate(const char *name, enum metric_stat stat, const struct snapshot *s)
{
    struct metric_query query = {
        .metric = metric_find(name, NULL, NULL),
        .stat = stat,
    };
    return metric_query_evaluate(&query, s, 0);
}

static void
set_counter(json_t *metrics, const char *name, const struct snapshot *s,
            nsec_t duration)
{
    double count = evaluate(name, METRIC_STAT_COUNT, s).number;
    json_object_set_new(metrics, name,
                        json_value_counter((uint64_t)count, duration));
}

static void
set_shares(json_t *metrics, const struct snapshot *s)
{
    uint64_t requests =
        (uint64_t)evaluate("http_reqs", METRIC_STAT_COUNT, s).number;
    uint64_t failed =
        (uint64_t)evaluate("http_req_failed", METRIC_STAT_COUNT, s).number;
    json_object_set_new(metrics, "http_req_failed",
                        json_value_rate(failed, requests - failed));
    uint64_t passed = 0, all = 0;
    for (const struct series *row = s->series[SERIES_CHECKS]; row != NULL;
         row = row->hh.next) {
        if (!series_is_in_run(row))
            continue;
        passed += row->count - row->failed;
        all += row->count;
    }
    json_object_set_new(metrics, "checks",
                        json_value_rate(passed, all - passed));
}

static void
set_transaction_duration(json_t *metrics, const struct snapshot *s)
{
    struct hist *all = hist_create();
    for (const struct series *row = s->series[SERIES_TRANSACTIONS]; row != NULL;
         row = row->hh.next) {
        if (series_is_in_run(row) && row->time != NULL)
            hist_merge(all, row->time);
    }
    json_object_set_new(metrics, "transaction_duration", json_value_trend(all));
    hist_destroy(all);
}

/* The trends that are told by tag, too. */
static const struct {
    const char *name;
    enum series_kind kind;
    size_t offset; /* of the histogram in a row */
} divided[] = {
    {"http_req_duration", SERIES_REQUESTS, offsetof(struct series, time)},
    {"http_req_response", SERIES_REQUESTS, offsetof(struct series, response)},
    {"run_duration", SERIES_RUNS, offsetof(struct series, time)},
    {"run_active", SERIES_RUNS, offsetof(struct series, active)},
    {"transaction_duration", SERIES_TRANSACTIONS,
     offsetof(struct series, time)},
    {"ws_connecting", SERIES_SOCKETS, offsetof(struct series, response)},
    {"ws_session_duration", SERIES_SOCKETS, offsetof(struct series, time)},
    {"ws_ping", SERIES_SOCKETS, offsetof(struct series, active)},
    {"sse_first_event", SERIES_EVENTS, offsetof(struct series, response)},
    {"sse_event_gap", SERIES_EVENTS, offsetof(struct series, time)},
};

json_t *
json_metrics(const struct snapshot *s, nsec_t duration)
{
    static const char *const counters[] = {
        "http_reqs",    "data_sent",    "data_received",    "runs",
        "ws_msgs_sent", "dropped_runs", "ws_msgs_received", "transactions",
        "sse_events",
    };
    /* Endpoints have a section of their own. */
    static const char *const of_endpoints[] = {"method", "name", NULL};
    json_t *metrics = json_object();
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
        set_counter(metrics, counters[i], s, duration);
    set_shares(metrics, s);
    for (int i = 0; i < TREND_COUNT; i++)
        json_object_set_new(metrics, snapshot_trend_name((enum trend)i),
                            json_value_trend(s->trends[i]));
    set_transaction_duration(metrics, s);
    for (size_t i = 0; i < sizeof(divided) / sizeof(divided[0]); i++)
        set_by(json_object_get(metrics, divided[i].name),
               s->series[divided[i].kind],
               &(struct view){
                   .show = show_times,
                   .offset = divided[i].offset,
               },
               divided[i].kind == SERIES_REQUESTS ? of_endpoints : NULL);
    json_coordination_metrics(s, duration, metrics);
    for (const struct custom_metric *metric = s->custom; metric != NULL;
         metric = metric->hh.next)
        json_object_set_new(metrics, metric->name,
                            build_custom(metric, duration));
    return metrics;
}

/* --- sections of their own --- */

static json_t *
find_or_add(json_t *object, const char *name)
{
    char *utf8 = text_to_utf8(name);
    json_t *found = json_object_get(object, utf8);
    if (found == NULL) {
        found = json_pack("{s:i, s:i, s:i}", "ok", 0, "failed", 0,
                          "interrupted", 0);
        json_object_set_new(object, utf8, found);
    }
    free(utf8);
    return found;
}

json_t *
json_transactions(const struct snapshot *s)
{
    json_t *transactions = json_object();
    struct part *parts = NULL;
    for (const struct series *row = s->series[SERIES_TRANSACTIONS]; row != NULL;
         row = row->hh.next) {
        if (!series_is_in_run(row))
            continue;
        const char *name = tag_set_get(row->tags, "name");
        const char *status = tag_set_get(row->tags, "status");
        json_t *counts = find_or_add(transactions, name);
        json_int_t before = json_integer_value(json_object_get(counts, status));
        json_object_set_new(counts, status,
                            json_integer(before + (json_int_t)row->count));
        add_part(&parts, &(struct tag){"name", name}, row);
    }
    for (const struct part *part = parts; part != NULL; part = part->hh.next)
        json_object_set_new(find_or_add(transactions, part->tag.value),
                            "duration",
                            json_value_part(part->sum.time, "s", 1e9));
    destroy_parts(parts);
    return transactions;
}

json_t *
json_workloads(const struct plan *plan, const struct snapshot *s)
{
    json_t *workloads = json_object();
    for (size_t i = 0; i < plan->workload_count; i++) {
        const struct plan_workload *workload = &plan->workloads[i];
        const struct workload_stats none = {0};
        const struct workload_stats *stats =
            snapshot_find_workload(s, workload->name);
        if (stats == NULL)
            stats = &none;
        json_t *row = json_pack(
            "{s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "executor",
            executor_type_name(workload->executor), "workers",
            (int)workload->workers, "started", json_value_count(stats->started),
            "ok", json_value_count(stats->ok), "failed",
            json_value_count(stats->failed), "interrupted",
            json_value_count(stats->interrupted), "dropped",
            json_value_count(stats->dropped));
        if (stats->start_lag != NULL)
            json_object_set_new(row, "start_lag",
                                json_value_trend(stats->start_lag));
        if (workload->room_size > 0) {
            json_object_set_new(row, "rooms", json_integer(workload->rooms));
            json_object_set_new(row, "room_size",
                                json_integer(workload->room_size));
        }
        json_value_set(workloads, workload->name, row);
    }
    return workloads;
}
