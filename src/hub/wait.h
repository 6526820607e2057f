#ifndef MOLO_HUB_WAIT_H
#define MOLO_HUB_WAIT_H

#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "hub/op.h"

/* One task that waits: what it waits for, since when and until when. Every wait
 * ends by exactly one of wait_grant, wait_refuse and wait_drop. */
struct cohort;
struct condition;
struct hub;
struct hub_task;
struct meeting;
struct lock;
struct member;
struct notifier;
struct object;
struct round;
struct semaphore;
struct variable;
struct wait;
struct waitclock;

/* What the kinds of waits differ in. */
struct wait_ops {
    const char *name; /* of the operation */
    enum hub_object_type object;
    bool lockstep;
    /* It goes unserved, and is in no list any more. `consumed`: what it asked
     * for is used up all the same. May be NULL. */
    void (*withdraw)(struct hub *hub, struct wait *wait, bool consumed);
    /* "round 1 of step 3 not written" */
    void (*tell_what)(const struct wait *wait, struct buf *out);
    /* "missing: worker 4 (in its run of step 2)" */
    void (*tell_missing)(struct hub *hub, const struct wait *wait,
                         struct buf *out);
    /* The one task it waits for, if there is a known one; may be NULL. */
    bool (*owner)(const struct wait *wait, struct hub_task *task);
    /* Asked before it ends unserved, unless it is stopped. True: it goes on, as
     * a wait for what it must have before it may end so, and its object calls
     * wait_refuse_now then. It has called wait_end_timeout. May be NULL. */
    bool (*postpone)(struct hub *hub, struct wait *wait, enum hub_status status,
                     const char *text);
    bool ends_by_itself; /* time alone will end it */
};

struct wait {
    struct hub_id id;
    const struct wait_ops *ops;
    struct member *member;
    const char *name; /* of the object, borrowed from it */
    int32_t room;     /* of that name */
    struct list by_member, by_hub;
    struct list queue; /* of the object */
    struct heap_node deadline;
    struct waitclock *clock; /* NULL: no timeout */
    nsec_t since;
    nsec_t ends_at;   /* without a clock: when its timeout would be over */
    int64_t step, n;  /* the caller's place, for lockstep objects */
    bool own_timeout; /* or time alone will end it */
    bool closed;      /* only members of its cohort can end it */
    bool or_paused;
    enum hub_status withdrawn_as; /* GRANTED: dropped with its task */
    bool has_value;
    bool by_change;         /* variable: any change of `version` */
    bool worker_scope;      /* what it waits for is kept beyond the run */
    bool over;              /* answered or dropped */
    enum hub_status ending; /* how it ends, once postponed; else GRANTED */
    enum hub_op_type store; /* variable: what is done when it is free */
    union {
        struct notifier *notifier;
        struct variable *variable;
        struct object *object;
        struct lock *lock;
        struct semaphore *semaphore;
        struct condition *condition;
    };
    union {
        struct round *round; /* wait_for_writer: what is waited for */
        struct readers *readers;
        struct meeting *meeting; /* at a barrier */
        struct value *value;
        char *text; /* of a postponed end */
    };
    int64_t version, amount;
    uint32_t other; /* join: the task waited for */
    char where[48];
};

/* Makes the wait, not yet in a queue and without a deadline. */
struct wait *
wait_begin(struct hub *hub, struct member *member, const struct hub_op *op,
           const struct wait_ops *ops, const char *name);
/* The end of a long path tells more than its beginning; NULL makes "". */
void wait_copy_where(char *out, size_t size, const char *where);
/* The timeout `op` asks for: NSEC_NEVER for none. */
nsec_t wait_timeout(const struct hub *hub, const struct hub_op *op);
/* True if `op` names a timeout other than the default one. */
bool wait_has_own_timeout(const struct hub_op *op);
/* Starts the timeout on `clock`, or the hub's own one if op names it. */
void wait_arm(struct hub *hub, struct wait *wait, const struct hub_op *op,
              struct waitclock *clock);
/* Goes on with what is left on another clock. */
void wait_rearm(struct hub *hub, struct wait *wait, struct waitclock *clock);

/* The owner of its queue needs to do no more than that for it: it is unlinked
 * here. Of `reply`, what was granted is taken (status, value, numbers). */
void
wait_grant(struct hub *hub, struct wait *wait, const struct hub_reply *reply);
/* Ends it with an error. `culprit` may be HUB_GLOBAL. */
void wait_refuse(struct hub *hub, struct wait *wait, enum hub_status status,
                 const char *text, int32_t culprit);
/* The same without asking whether it may end. */
void wait_refuse_now(struct hub *hub, struct wait *wait, enum hub_status status,
                     const char *text, int32_t culprit);
/* From now on neither time nor a scope around it ends it. */
void wait_end_timeout(struct hub *hub, struct wait *wait);
void wait_time_out(struct hub *hub, struct wait *wait);
/* Puts a wait of a free object into `queue`, or times it out at once. True if
 * it stays. */
bool wait_enqueue(struct hub *hub, struct wait *wait, const struct hub_op *op,
                  struct list *queue);
/* Who has waited longest in the queue of an object; NULL: nobody waits. */
struct wait *wait_first(const struct list *queue);
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
