#ifndef MOLO_HTTP_WIRE_VIEW_H
#define MOLO_HTTP_WIRE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a worker's transfers look like on the wire, for people, on stderr: all
 * of them for `molo run --http-debug`, and one line for each request and answer
 * for -vv. What must not be shown is hidden (see redact.h).
 *
 * The session tells when a transfer begins and ends, the transport what goes
 * over the wire in between. All of it runs on the worker's thread and may be
 * called from within callbacks; nothing here waits or starts anything. */

struct transfer;

/* Who looks: one for each worker, shared by its sessions. */
struct wire_viewer {
    int32_t worker;      /* negative: a global fixture */
    const int64_t *step; /* borrowed; the worker's */
    bool full;           /* heads, bodies and connections, too */
    uint64_t requests;   /* begun so far */
};

/* Called by the session, for each exchange (a hop of a redirect is one). A
 * transfer whose session has no viewer costs nothing. */
void wire_view_begin(struct transfer *transfer, struct wire_viewer *viewer);
/* Its outcome is filled in. `aborted`: it was cancelled. */
void wire_view_end(struct transfer *transfer, struct wire_viewer *viewer,
                   bool aborted);

/* Called by transports; all do nothing for a transfer without a view. Pieces
 * may be of any size. */
void wire_view_note(struct transfer *transfer, const char *text, size_t size);
/* All of a head at once, its empty line included: the beginning of a request,
 * also of one that is sent again. */
void
wire_view_head_sent(struct transfer *transfer, const char *head, size_t size);
void
wire_view_body_sent(struct transfer *transfer, const char *data, size_t size);
/* Header lines, the status line and the empty one among them. */
void wire_view_head_received(struct transfer *transfer, const char *lines,
                             size_t size);
/* Decoded. */
void wire_view_body_received(struct transfer *transfer, const char *data,
                             size_t size);

#endif
