#include "hub/port.h"

#include "base/list.h"
#include "hub/hub.h"

static void
submit_direct(struct hub_port *base, const struct hub_op *op)
{
    struct hub_port_direct *port =
        container_of(base, struct hub_port_direct, base);
    hub_submit(port->hub, op, clock_now());
}

void
hub_port_direct_init(struct hub_port_direct *port, struct hub *hub)
{
    *port = (struct hub_port_direct){
        .base = {.submit = submit_direct},
        .hub = hub,
    };
}
