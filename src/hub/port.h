#ifndef MOLO_HUB_PORT_H
#define MOLO_HUB_PORT_H

#include "hub/op.h"

/* A shard's way to the hub. Scripts submit here and never see what is behind
 * it: the hub itself (one shard), a mailbox (many), or a store (machines).
 * The reply comes through hub_config.on_reply or its equivalent, now or later.
 */
struct hub_port {
    void (*submit)(struct hub_port *port, const struct hub_op *op);
};

/* The port that hands each operation straight to a hub on the same thread,
 * stamped with the time of submission. Borrows the hub. */
struct hub;
struct hub_port_direct {
    struct hub_port base;
    struct hub *hub;
};
void hub_port_direct_init(struct hub_port_direct *port, struct hub *hub);

#endif
