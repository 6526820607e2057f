#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "stats/metric_internal.h"

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define TAG(tag) (1U << METRIC_TAG_##tag)
/* With the phase come the tags that scripts set. */
#define PLACE_TAGS (TAG(WORKLOAD) | TAG(SCENARIO) | TAG(ROLE) | TAG(PHASE))
#define REQUEST_TAGS \
    (PLACE_TAGS | TAG(METHOD) | TAG(NAME) | TAG(STATUS) | TAG(FAILED))
#define RUN_TAGS (PLACE_TAGS | TAG(STATUS))
#define TRANSACTION_TAGS (PLACE_TAGS | TAG(NAME) | TAG(STATUS))
#define STREAM_TAGS (PLACE_TAGS | TAG(NAME))
#define COORD_TAGS (TAG(LABEL) | TAG(NAME) | TAG(TYPE))

/* One without a break-down. */
#define PLAIN_TREND(public_name, id)                                           \
    {                                                                          \
        .name = (public_name), .kind = METRIC_TREND, .unit = METRIC_UNIT_TIME, \
        .trend = (id), .add = metric_add_trend                                 \
    }
#define COORD_COUNTER(public_name, field)                                  \
    {                                                                      \
        .name = (public_name), .kind = METRIC_COUNTER, .tags = COORD_TAGS, \
        .offset = offsetof(struct coord_stats, field),                     \
        .add = metric_add_coord_count                                      \
    }
#define COORD_TREND(public_name, field, measured_in)                        \
    {                                                                       \
        .name = (public_name), .kind = METRIC_TREND, .unit = (measured_in), \
        .tags = COORD_TAGS, .offset = offsetof(struct coord_stats, field),  \
        .add = metric_add_coord_trend                                       \
    }

static const struct metric metrics[] = {
    {.name = "http_reqs",
     .kind = METRIC_COUNTER,
     .tags = REQUEST_TAGS,
     .series = SERIES_REQUESTS,
     .add = metric_add_count},
    {.name = "http_req_failed",
     .kind = METRIC_SHARE,
     .tags = REQUEST_TAGS & ~TAG(FAILED),
     .series = SERIES_REQUESTS,
     .add = metric_add_failed_requests},
    {.name = "http_req_duration",
     .kind = METRIC_TREND,
     .unit = METRIC_UNIT_TIME,
     .tags = REQUEST_TAGS,
     .trend = TREND_HTTP_REQ_DURATION,
     .series = SERIES_REQUESTS,
     .offset = offsetof(struct series, time),
     .add = metric_add_times},
    {.name = "http_req_response",
     .kind = METRIC_TREND,
     .unit = METRIC_UNIT_TIME,
     .tags = REQUEST_TAGS,
     .trend = TREND_HTTP_REQ_RESPONSE,
     .series = SERIES_REQUESTS,
     .offset = offsetof(struct series, response),
     .add = metric_add_times},
    PLAIN_TREND("http_req_dns", TREND_HTTP_REQ_DNS),
    PLAIN_TREND("http_req_connect", TREND_HTTP_REQ_CONNECT),
    PLAIN_TREND("http_req_tls", TREND_HTTP_REQ_TLS),
    PLAIN_TREND("http_req_send", TREND_HTTP_REQ_SEND),
    PLAIN_TREND("http_req_wait", TREND_HTTP_REQ_WAIT),
    PLAIN_TREND("http_req_receive", TREND_HTTP_REQ_RECEIVE),
    {.name = "data_sent",
     .kind = METRIC_COUNTER,
     .unit = METRIC_UNIT_BYTES,
     .tags = REQUEST_TAGS,
     .series = SERIES_REQUESTS,
     .offset = offsetof(struct series, bytes_sent),
     .add = metric_add_sum},
    {.name = "data_received",
     .kind = METRIC_COUNTER,
     .unit = METRIC_UNIT_BYTES,
     .tags = REQUEST_TAGS,
     .series = SERIES_REQUESTS,
     .offset = offsetof(struct series, bytes_received),
     .add = metric_add_sum},
    {.name = "runs",
     .kind = METRIC_COUNTER,
     .tags = RUN_TAGS,
     .series = SERIES_RUNS,
     .add = metric_add_count},
    {.name = "run_duration",
     .kind = METRIC_TREND,
     .unit = METRIC_UNIT_TIME,
     .tags = RUN_TAGS,
     .trend = TREND_RUN_DURATION,
     .series = SERIES_RUNS,
     .offset = offsetof(struct series, time),
     .add = metric_add_times},
    {.name = "run_active",
     .kind = METRIC_TREND,
     .unit = METRIC_UNIT_TIME,
     .tags = RUN_TAGS,
     .trend = TREND_RUN_ACTIVE,
     .series = SERIES_RUNS,
     .offset = offsetof(struct series, active),
     .add = metric_add_times},
    {.name = "start_lag",
     .kind = METRIC_TREND,
     .unit = METRIC_UNIT_TIME,
     .tags = TAG(WORKLOAD),
     .trend = TREND_START_LAG,
     .add = metric_add_start_lag},
    {.name = "dropped_runs",
     .kind = METRIC_COUNTER,
     .tags = TAG(WORKLOAD),
     .add = metric_add_dropped},
    {.name = "transactions",
     .kind = METRIC_COUNTER,
     .tags = TRANSACTION_TAGS,
     .series = SERIES_TRANSACTIONS,
     .add = metric_add_count},
    {.name = "transaction_duration",
     .kind = METRIC_TREND,
     .unit = METRIC_UNIT_TIME,
     .tags = TRANSACTION_TAGS,
     .trend = TREND_COUNT,
     .series = SERIES_TRANSACTIONS,
     .offset = offsetof(struct series, time),
     .add = metric_add_times},
    {.name = "checks",
     .kind = METRIC_SHARE,
     .tags = PLACE_TAGS | TAG(CHECK),
     .series = SERIES_CHECKS,
     .add = metric_add_checks},
    {.name = "errors",
     .kind = METRIC_COUNTER,
     .tags = PLACE_TAGS | TAG(KIND),
     .series = SERIES_ERRORS,
     .add = metric_add_count},
    COORD_TREND("coord_wait", wait, METRIC_UNIT_TIME),
    COORD_TREND("coord_round", round, METRIC_UNIT_TIME),
    COORD_TREND("coord_skew", skew, METRIC_UNIT_TIME),
    COORD_TREND("coord_release", release, METRIC_UNIT_TIME),
    COORD_TREND("coord_propagation", propagation, METRIC_UNIT_TIME),
    COORD_TREND("coord_visibility", visibility, METRIC_UNIT_TIME),
    COORD_TREND("coord_held", held, METRIC_UNIT_TIME),
    COORD_TREND("coord_depth", depth, METRIC_UNIT_NUMBER),
    COORD_COUNTER("coord_rounds", rounds),
    COORD_COUNTER("coord_missed", missed),
    COORD_COUNTER("coord_contended", contended),
    COORD_COUNTER("coord_timeouts", timeouts),
    COORD_COUNTER("coord_breaks", breaks),
    {.name = "ws_connecting",
     .kind = METRIC_TREND,
     .unit = METRIC_UNIT_TIME,
     .tags = STREAM_TAGS,
     .trend = TREND_WS_CONNECTING,
     .series = SERIES_SOCKETS,
     .offset = offsetof(struct series, response),
     .add = metric_add_times},
    {.name = "ws_session_duration",
     .kind = METRIC_TREND,
     .unit = METRIC_UNIT_TIME,
     .tags = STREAM_TAGS,
     .trend = TREND_WS_SESSION_DURATION,
     .series = SERIES_SOCKETS,
     .offset = offsetof(struct series, time),
     .add = metric_add_times},
    {.name = "ws_ping",
     .kind = METRIC_TREND,
     .unit = METRIC_UNIT_TIME,
     .tags = STREAM_TAGS,
     .trend = TREND_WS_PING,
     .series = SERIES_SOCKETS,
     .offset = offsetof(struct series, active),
     .add = metric_add_times},
    {.name = "ws_msgs_sent",
     .kind = METRIC_COUNTER,
     .tags = STREAM_TAGS,
     .series = SERIES_SOCKETS,
     .offset = offsetof(struct series, messages_sent),
     .add = metric_add_sum},
    {.name = "ws_msgs_received",
     .kind = METRIC_COUNTER,
     .tags = STREAM_TAGS,
     .series = SERIES_SOCKETS,
     .offset = offsetof(struct series, messages_received),
     .add = metric_add_sum},
    {.name = "sse_first_event",
     .kind = METRIC_TREND,
     .unit = METRIC_UNIT_TIME,
     .tags = STREAM_TAGS,
     .trend = TREND_SSE_FIRST_EVENT,
     .series = SERIES_EVENTS,
     .offset = offsetof(struct series, response),
     .add = metric_add_times},
    {.name = "sse_event_gap",
     .kind = METRIC_TREND,
     .unit = METRIC_UNIT_TIME,
     .tags = STREAM_TAGS,
     .trend = TREND_SSE_EVENT_GAP,
     .series = SERIES_EVENTS,
     .offset = offsetof(struct series, time),
     .add = metric_add_times},
    {.name = "sse_events",
     .kind = METRIC_COUNTER,
     .tags = STREAM_TAGS,
     .series = SERIES_EVENTS,
     .add = metric_add_count},
};

const char *const metric_tag_names[METRIC_TAG_COUNT] = {
    [METRIC_TAG_CHECK] = "check",       [METRIC_TAG_FAILED] = "failed",
    [METRIC_TAG_KIND] = "kind",         [METRIC_TAG_LABEL] = "label",
    [METRIC_TAG_METHOD] = "method",     [METRIC_TAG_NAME] = "name",
    [METRIC_TAG_PHASE] = "phase",       [METRIC_TAG_ROLE] = "role",
    [METRIC_TAG_SCENARIO] = "scenario", [METRIC_TAG_STATUS] = "status",
    [METRIC_TAG_TYPE] = "type",         [METRIC_TAG_WORKLOAD] = "workload",
};

/* "what 'word': did you mean 'x'?", or which there are. */
bool
metric_refuse_word(struct err *err, const char *what, const char *word,
                   const char *which, const char *const *known, size_t count)
{
    const char *nearest = str_nearest(word, known, count);
    if (nearest != NULL)
        return err_set(err, "%s '%.60s': did you mean '%s'?", what, word,
                       nearest);
    struct buf list = {0};
    for (size_t i = 0; i < count; i++)
        buf_printf(&list, "%s%s", i > 0 ? ", " : "", known[i]);
    err_set(err, "%s '%.60s' (%s: %s)", what, word, which, list.data);
    buf_finish(&list);
    return false;
}

const struct metric *
metric_find_own(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(metrics); i++) {
        if (strcmp(metrics[i].name, name) == 0)
            return &metrics[i];
    }
    return NULL;
}

size_t
metric_own_count(void)
{
    return ARRAY_LENGTH(metrics);
}

const char *
metric_own_name(size_t i)
{
    return metrics[i].name;
}

/* What k6 calls them, and whoever comes from there writes first. */
static const char *
find_foreign(const char *name)
{
    static const struct {
        const char *theirs, *ours;
    } names[] = {
        {"iterations", "runs"},
        {"iteration_duration", "run_duration"},
        {"dropped_iterations", "dropped_runs"},
        {"group_duration", "transaction_duration"},
        {"http_req_connecting", "http_req_connect"},
        {"http_req_tls_handshaking", "http_req_tls"},
        {"http_req_sending", "http_req_send"},
        {"http_req_waiting", "http_req_wait"},
        {"http_req_receiving", "http_req_receive"},
        {"ws_sessions", "ws_connecting"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (strcmp(names[i].theirs, name) == 0)
            return names[i].ours;
    }
    return NULL;
}

const struct metric *
metric_find(const char *name, const struct metric_catalog *catalog,
            struct err *err)
{
    const struct metric *metric = metric_find_own(name);
    if (metric == NULL)
        metric = metric_catalog_find(catalog, name);
    if (metric != NULL)
        return metric;
    const char *ours = find_foreign(name);
    if (ours != NULL) {
        err_set(err, "unknown metric '%s': here it is '%s'", name, ours);
        return NULL;
    }
    size_t count;
    const char **names = metric_names(catalog, &count);
    metric_refuse_word(err, "unknown metric", name,
                       "define it at the top of the file; there are", names,
                       count);
    free(names);
    return NULL;
}

const char *
metric_name(const struct metric *metric)
{
    return metric->name;
}

enum metric_kind
metric_kind(const struct metric *metric)
{
    return metric->kind;
}
