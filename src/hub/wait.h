#ifndef MOLO_HUB_WAIT_H
#define MOLO_HUB_WAIT_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "hub/op.h"

/* One task that waits: what it waits for, since when and until when. Every wait
 * ends by exactly one of wait_grant, wait_refuse and wait_drop. */
struct cohort;
struct holding;
struct hub;
struct member;
struct notifier;
struct round;
struct variable;
struct wait;
struct waitclock;

/* What the kinds of waits differ in. */
struct wait_ops {
    const char *name; /* of the operation */
    enum hub_object_type object;
    bool lockstep;
    /* Unlinks it from its object as one that goes unserved. */
    void (*withdraw)(struct hub *hub, struct wait *wait, bool consumed);
    /* "round 1 of step 3 not written" */
    void (*tell_what)(const struct wait *wait, struct buf *out);
    /* "missing: worker 4 (in its run of step 2)" */
    void (*tell_missing)(struct hub *hub, const struct wait *wait,
                         struct buf *out);
    /* The one owner it waits for, if there is a known one; may be NULL. */
    const struct holding *(*owner)(const struct wait *wait);
};

struct wait {
    struct hub_id id;
    const struct wait_ops *ops;
    struct member *member;
    const char *name; /* of the object, borrowed from it */
    struct list by_member, by_hub;
    struct list queue; /* of the object */
    struct heap_node deadline;
    struct waitclock *clock; /* NULL: no timeout */
    nsec_t since;
    int64_t step, n; /* the caller's place, for lockstep objects */
    bool own_timeout;
    bool has_value;
    bool by_change;         /* variable: any change of `version` */
    enum hub_op_type store; /* variable: what is done when it is free */
    union {
        struct notifier *notifier;
        struct variable *variable;
    };
    union {
        struct round *round; /* wait_for_writer: what is waited for */
        struct readers *readers;
        struct value *value;
    };
    int64_t version;
    char where[48];
};

/* Makes the wait, not yet in a queue and without a deadline. */
struct wait *
wait_begin(struct hub *hub, struct member *member, const struct hub_op *op,
           const struct wait_ops *ops, const char *name);
/* The timeout `op` asks for: NSEC_NEVER for none. */
nsec_t wait_timeout(const struct hub *hub, const struct hub_op *op);
/* True if `op` names a timeout other than the default one. */
bool wait_has_own_timeout(const struct hub_op *op);
/* Starts the timeout on `clock`, or the hub's own one if op names it. */
void wait_arm(struct hub *hub, struct wait *wait, const struct hub_op *op,
              struct waitclock *clock);
/* Goes on with what is left on another clock. */
void wait_rearm(struct hub *hub, struct wait *wait, struct waitclock *clock);

/* The owner of its queue has already unlinked it. Of `reply`, the value, round,
 * version, happened_at and status (GRANTED, MAKE) are taken. */
void
wait_grant(struct hub *hub, struct wait *wait, const struct hub_reply *reply);
/* Ends it with an error. `culprit` may be HUB_GLOBAL. */
void wait_refuse(struct hub *hub, struct wait *wait, enum hub_status status,
                 const char *text, int32_t culprit);
void wait_time_out(struct hub *hub, struct wait *wait);
/* Its task is gone: no reply. */
void wait_drop(struct hub *hub, struct wait *wait);
struct wait *wait_find(const struct member *member, uint32_t task);

/* An operation that may wait was answered at once: counts as a wait of no
 * length. */
void wait_count_at_once(struct hub *hub, const char *name,
                        const struct wait_ops *ops, enum hub_status status);
void wait_drop_all(struct hub *hub, struct member *member);
void wait_free_spares(struct hub *hub);

#endif
