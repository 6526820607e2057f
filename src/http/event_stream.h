#ifndef MOLO_HTTP_EVENT_STREAM_H
#define MOLO_HTTP_EVENT_STREAM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/clock.h"

/* Reads text/event-stream as section 9.2.6 of the HTML standard tells: lines
 * that end with CR, LF or both, in pieces of any size. Bytes that are not UTF-8
 * are passed on as they are. */

/* Zeroed, but for `limit`, is the start of a stream. */
struct event_stream {
    size_t limit;       /* bytes of one event; more is too large */
    struct buf line;    /* not ended yet */
    struct buf data;    /* of the event that is being read */
    struct buf type;    /* "": it is a "message" */
    struct buf id;      /* last one named in the stream; for later events */
    struct buf last_id; /* of the last event: to ask for what follows it */
    nsec_t retry;       /* told by the server, if `retry_told`; may be 0 */
    bool retry_told;
    bool begun;    /* a first line was read: no byte order mark now */
    bool after_cr; /* a LF here belongs to the CR before */
    bool complete; /* `data` and `type` are an event that was returned */
};

enum event_stream_status {
    EVENT_STREAM_MORE,  /* all was read, and no event is complete */
    EVENT_STREAM_EVENT, /* type, data and last_id are one */
    EVENT_STREAM_TOO_LARGE,
};

void event_stream_finish(struct event_stream *stream);
/* For a new connection: drops an event that is not complete, and keeps what
 * outlives one, which are last_id and retry. */
void event_stream_restart(struct event_stream *stream);
/* Reads until an event is complete; `*used` gets how many bytes that took. The
 * event is there until the next call. Nothing may follow what was too large. */
enum event_stream_status
event_stream_read(struct event_stream *stream, const char *data, size_t size,
                  size_t *used);

#endif
