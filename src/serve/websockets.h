#ifndef MOLO_SERVE_WEBSOCKETS_H
#define MOLO_SERVE_WEBSOCKETS_H

#include "base/err.h"
#include "serve/counts.h"

/* WebSockets: each message goes back to whoever sent it, or to everybody in the
 * same room. A server thread answers the handshake and hands the connection to
 * the loop's thread, which owns it from then on. */
struct loop;
struct websockets;
struct MHD_UpgradeResponseHandle;

/* Loop thread; `counts` is borrowed. */
struct websockets *websockets_create(struct loop *loop, struct counts *counts);
/* Any server thread, from the upgrade handler: takes the connection. `room` is
 * "" for one of its own; `early` is what arrived behind the handshake. */
void websockets_add(struct websockets *websockets,
                    struct MHD_UpgradeResponseHandle *handle, int fd,
                    const char *room, const void *early, size_t early_size);
/* Loop thread: closes all, and others that are added from now on; the daemon
 * cannot be stopped before. */
void websockets_close(struct websockets *websockets);
/* Loop thread, closed; the daemon has been stopped. NULL: no-op. */
void websockets_destroy(struct websockets *websockets);

#endif
