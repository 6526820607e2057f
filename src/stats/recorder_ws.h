#ifndef MOLO_STATS_RECORDER_WS_H
#define MOLO_STATS_RECORDER_WS_H

#include "stats/recorder.h"

/* What happens on WebSockets, besides their handshakes, which are requests. */

struct ws_traffic {
    const struct recorder_context *context; /* of the handshake, and its name */
    const char *name;
    uint64_t messages_sent, messages_received;
    uint64_t bytes_sent, bytes_received; /* frames, on the wire */
};
/* Since the last time. The bytes are added to those of the handshake. */
void
recorder_ws_traffic(struct recorder *recorder, const struct ws_traffic *more);

/* Lengths of time; a handshake's counts a connection, too. */
enum ws_time {
    WS_TIME_CONNECTING, /* from the start to the end of the handshake */
    WS_TIME_SESSION,    /* from there to the end of the connection */
    WS_TIME_PING,       /* from a ping to its pong */
};
/* `name`: that of the handshake. */
void recorder_ws_time(struct recorder *recorder,
                      const struct recorder_context *context, const char *name,
                      enum ws_time which, nsec_t time);

#endif
