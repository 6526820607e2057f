#ifndef MOLO_SERVE_DELAYS_H
#define MOLO_SERVE_DELAYS_H

#include <stdbool.h>

#include "base/list.h"
#include "loop/mailbox.h"
#include "loop/timer.h"

/* Connections that are to be answered later. A server thread suspends one and
 * hands it to the loop's thread, whose timer resumes it; no thread waits. */
struct MHD_Connection;
struct delays;

/* Embedded in its request, which may go away once it has been resumed. */
struct delay {
    struct message message; /* on its way to the loop */
    struct list link;
    struct timer timer;
    struct MHD_Connection *connection;
    nsec_t at;
    bool over;
};

/* Loop thread. */
struct delays *delays_create(struct loop *loop);
/* Any server thread, from the access handler or while a body is asked for.
 * False: the server is closing, and nothing was suspended. */
bool delays_add(struct delays *delays, struct delay *delay,
                struct MHD_Connection *connection, nsec_t at);
/* Loop thread: resumes all, and refuses others from now on; the daemon cannot
 * be stopped before. */
void delays_close(struct delays *delays);
/* Loop thread; no daemon can add to it any more. NULL: no-op. */
void delays_destroy(struct delays *delays);

#endif
