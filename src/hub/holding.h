#ifndef MOLO_HUB_HOLDING_H
#define MOLO_HUB_HOLDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "hub/op.h"

/* What a task has and others wait for: the making or the update of a variable,
 * a lock, permits of a semaphore. It ends with its task at the latest, unless
 * it is kept for the worker. */
struct buf;
struct holding;
struct hub;
struct hub_task;
struct member;
struct wait;

struct holding_ops {
    /* It was acquired by the script: a run must not end with it. */
    bool leaks;
    /* Its holder is gone: drops it, perhaps frees it, and serves the next. */
    void (*release)(struct hub *hub, struct holding *holding);
    /* "lock 'seat'" */
    void (*tell)(struct holding *holding, struct buf *out);
    /* `wait` is for this one alone. May be NULL. */
    bool (*is_awaited_by)(struct holding *holding, const struct wait *wait);
};

struct holding {
    struct list by_member;
    const struct holding_ops *ops;
    struct member *member; /* NULL: nobody has it */
    uint32_t task;
    struct hub_id taken_by; /* the operation that acquired it */
    bool worker_scope;
    nsec_t since;
    char where[48]; /* of whoever took it, for reports */
};

void holding_init(struct holding *holding, const struct holding_ops *ops);
bool holding_is(const struct holding *holding, const struct member *member,
                uint32_t task);
/* For the task that asked for it with the operation `id`. `where` may be NULL.
 */
void holding_take(struct hub *hub, struct holding *holding,
                  const struct hub_id *id, const char *where);
/* This operation has acquired it, whichever task has it now. */
bool
holding_was_taken_by(const struct holding *holding, const struct hub_id *id);
void holding_drop(struct holding *holding);
/* The task that has it; false: nobody. */
bool holding_owner(const struct holding *holding, struct hub_task *task);
/* "missing: worker 4 (in its run of step 2), which updates it" */
void
holding_tell(const struct holding *holding, const char *what, struct buf *out);

/* The task has ended: what it has goes to those who wait for it, ... */
void
holdings_release_task(struct hub *hub, struct member *member, uint32_t task);
/* ... or, if it was acquired, to its parent, unless that one waits for it. */
void holdings_pass_on(struct hub *hub, struct member *member, uint32_t task,
                      uint32_t parent);
/* The run is over; what is kept for the worker stays, unless `all`. */
void holdings_release(struct hub *hub, struct member *member, bool all);
/* What leaks, in words, or nothing. "lock 'seat' (acquired at a.lua:9)" */
bool holdings_tell_leaks(const struct member *member, struct buf *out);

#endif
