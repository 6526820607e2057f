#ifndef MOLO_STATS_RECORDER_SSE_H
#define MOLO_STATS_RECORDER_SSE_H

#include "stats/recorder.h"

/* A server-sent event was read, `since` after the one before it on the same
 * connection, or, if it is the `first`, after that connection was asked for.
 * The connection is a request of its own; `context` and `name` are those of
 * it. */
void recorder_sse_event(struct recorder *recorder,
                        const struct recorder_context *context,
                        const char *name, nsec_t since, bool first);

#endif
