#include "stats/recorder_ws.h"

#include "stats/recorder_internal.h"

/* The series and the row that the handshake was counted in. */
static void
add_bytes(struct recorder *recorder, const struct ws_traffic *more)
{
    struct series_ref *ref =
        recorder_ref(recorder, SERIES_REQUESTS,
                     recorder_context_or_nobody(recorder, more->context),
                     (struct tag[]){
                         {"failed", "false"},
                         {"status", "101"},
                         {"method", "GET"},
                         {"name", more->name},
                     },
                     4);
    struct endpoint_stats *endpoint =
        recorder_endpoint(recorder, ref, "GET", more->name);
    ref->series->bytes_sent += more->bytes_sent;
    ref->series->bytes_received += more->bytes_received;
    endpoint->bytes_sent += more->bytes_sent;
    endpoint->bytes_received += more->bytes_received;
    recorder->snapshot->bytes_sent += more->bytes_sent;
    recorder->snapshot->bytes_received += more->bytes_received;
}

static struct series *
socket_series(struct recorder *recorder, const struct recorder_context *context,
              const char *name)
{
    return recorder_series(recorder, SERIES_SOCKETS, context,
                           &(struct tag){"name", name}, 1);
}

void
recorder_ws_traffic(struct recorder *recorder, const struct ws_traffic *more)
{
    recorder->snapshot->ws_messages_sent += more->messages_sent;
    recorder->snapshot->ws_messages_received += more->messages_received;
    struct series *series = socket_series(recorder, more->context, more->name);
    series->messages_sent += more->messages_sent;
    series->messages_received += more->messages_received;
    if (more->bytes_sent > 0 || more->bytes_received > 0)
        add_bytes(recorder, more);
}

static struct hist **
slot_of(struct series *series, enum ws_time which, enum trend *trend)
{
    switch (which) {
    case WS_TIME_CONNECTING:
        *trend = TREND_WS_CONNECTING;
        return &series->response;
    case WS_TIME_SESSION:
        *trend = TREND_WS_SESSION_DURATION;
        return &series->time;
    case WS_TIME_PING:
        break;
    }
    *trend = TREND_WS_PING;
    return &series->active;
}

void
recorder_ws_time(struct recorder *recorder,
                 const struct recorder_context *context, const char *name,
                 enum ws_time which, nsec_t time)
{
    context = recorder_context_or_nobody(recorder, context);
    struct series *series = socket_series(recorder, context, name);
    enum trend trend;
    recorder_time(slot_of(series, which, &trend), time);
    if (which == WS_TIME_CONNECTING)
        series->count++;
    if (context->in_run)
        recorder_trend(recorder, trend, time);
}
