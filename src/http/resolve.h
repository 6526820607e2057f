#ifndef MOLO_HTTP_RESOLVE_H
#define MOLO_HTTP_RESOLVE_H

#include <stdbool.h>

#include "base/list.h"

/* One name look-up per host and shard. The look-up itself is the transport's:
 * the first transfer to a host goes ahead and performs it, others that need the
 * same host wait here until it is known to have succeeded or failed. After a
 * failure the next in line tries. Literal addresses never wait. */
struct resolve_gate;
struct resolve_host;

struct resolve_ticket {
    struct list link;
    struct resolve_host *host; /* NULL: holds no place */
    /* The way is free: start now. Called from resolve_done/resolve_leave of
     * another ticket, never from resolve_enter. */
    void (*on_go)(struct resolve_ticket *ticket);
};

struct resolve_gate *resolve_gate_create(void);
void resolve_gate_destroy(struct resolve_gate *gate);
/* True: start now (known, literal, or this one is the look-up). False: on_go
 * will be called. */
bool resolve_enter(struct resolve_gate *gate, struct resolve_ticket *ticket,
                   const char *url);
/* The name of this ticket's URL is known. Idempotent. */
void resolve_done(struct resolve_ticket *ticket);
/* The transfer ended or was cancelled, whether it got through or not; if it was
 * the look-up and did not get through, the next one tries. */
void resolve_leave(struct resolve_ticket *ticket);

#endif
