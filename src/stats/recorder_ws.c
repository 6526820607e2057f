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
    if (ref->endpoint == NULL)
        ref->endpoint =
            ref->other
                ? snapshot_endpoint(recorder->snapshot, "*", "other")
                : snapshot_endpoint(recorder->snapshot, "GET", more->name);
    ref->series->bytes_sent += more->bytes_sent;
    ref->series->bytes_received += more->bytes_received;
    ref->endpoint->bytes_sent += more->bytes_sent;
    ref->endpoint->bytes_received += more->bytes_received;
    recorder->snapshot->bytes_sent += more->bytes_sent;
    recorder->snapshot->bytes_received += more->bytes_received;
}

void
recorder_ws_traffic(struct recorder *recorder, const struct ws_traffic *more)
{
    recorder->snapshot->ws_messages_sent += more->messages_sent;
    recorder->snapshot->ws_messages_received += more->messages_received;
    if (more->bytes_sent > 0 || more->bytes_received > 0)
        add_bytes(recorder, more);
}

void
recorder_ws_time(struct recorder *recorder, enum ws_time which, nsec_t time)
{
    static const enum trend trends[] = {
        [WS_TIME_CONNECTING] = TREND_WS_CONNECTING,
        [WS_TIME_SESSION] = TREND_WS_SESSION_DURATION,
        [WS_TIME_PING] = TREND_WS_PING,
    };
    recorder_trend(recorder, trends[which], time);
}
