#ifndef MOLO_HUB_BARRIER_H
#define MOLO_HUB_BARRIER_H

#include "hub/holding.h"
#include "hub/lockstep.h"

/* Barriers, between barrier.c, barrier_meeting.c, barrier_round.c (those of a
 * whole cohort) and barrier_free.c (those with a number of parties). */
struct buf;
struct wait_ops;

enum barrier_kind {
    BARRIER_UNUSED, /* the first use decides */
    BARRIER_LOCKSTEP,
    BARRIER_FREE,
};

struct arrival {
    struct member *member;
    struct hub_id id;  /* what is answered at the release */
    struct wait *wait; /* NULL: it is not waiting (any more) */
    struct value *value;
    bool present; /* it is to be answered */
    bool exchange, has_action;
};

/* One round of a barrier, from the first arrival to the release. A broken one
 * of a lockstep barrier is kept until all have passed it. */
struct meeting {
    struct barrier *barrier;
    struct lockstep_round at; /* of a free barrier: only `n` */
    struct list by_barrier;   /* of a free barrier */
    struct arrival *arrivals; /* in their order */
    int32_t count, capacity;  /* of arrivals */
    int32_t present;          /* of them */
    nsec_t first_at, last_at;
    struct holding actor; /* who runs the action now */
    int32_t actor_index;  /* its arrival */
    bool broken;
    bool in_deadlock; /* broken by one, which ends all that wait in it */
    char *why;        /* it is broken */
    int32_t culprit;
    /* Of a lockstep barrier: members that have used this round, that have
     * passed it without, and that had ended before and are not waited for. */
    int32_t used_count, passed_count, gone_count;
};

struct barrier {
    struct lockstep lockstep;
    enum barrier_kind kind;
    int32_t acting; /* meetings whose action is being run */
    /* A free one: */
    struct cohort *pool;  /* whose members can come; NULL: all workers */
    struct list by_hub;   /* among hub->crowds */
    struct list meetings; /* the first one fills, or acts while others queue */
    struct list undone;   /* broken, and not all are answered yet */
    int64_t round;        /* of the last meeting */
    bool broken;
    char *why;
    int32_t culprit;
};

/* --- barrier_meeting.c --- */

struct meeting *meeting_create(struct barrier *barrier);
void meeting_destroy(struct meeting *meeting);
/* The caller has come. Returns the place among the arrivals. */
int32_t meeting_add(struct hub *hub, struct meeting *meeting,
                    struct member *member, const struct hub_op *op);
/* This arrival has to wait, without a timeout as yet. */
struct wait *
meeting_wait(struct hub *hub, struct meeting *meeting, int32_t index,
             const struct hub_op *op, const struct wait_ops *ops);
/* All have come: lets the last one run its action, or answers all. True if the
 * meeting is over. */
bool meeting_complete(struct hub *hub, struct meeting *meeting);
/* Tells all that wait in it; keeps `why`. */
void meeting_break(struct hub *hub, struct meeting *meeting, const char *why,
                   int32_t culprit);
/* Answers an operation that comes too late. */
void meeting_reply_broken(struct hub *hub, const struct meeting *meeting,
                          struct hub_id id);
bool meeting_is_acting(const struct meeting *meeting);
/* HUB_OP_BARRIER_ACTED of the one who runs the action. */
void meeting_acted(struct hub *hub, struct meeting *meeting,
                   struct member *member, const struct hub_op *op);
/* For struct wait_ops. */
void meeting_withdraw(struct hub *hub, struct wait *wait, bool consumed);

/* --- barrier.c: what follows, by kind --- */

/* Breaks the meeting, or the whole of a free barrier. `reason` is the end of a
 * sentence. The meeting may be gone after it. */
void barrier_break(struct hub *hub, struct meeting *meeting, const char *reason,
                   const struct member *culprit);
/* The meeting was released, or nobody runs its action any more. */
void barrier_meeting_over(struct hub *hub, struct meeting *meeting);

/* --- barrier_round.c --- */

extern const struct lockstep_ops barrier_lockstep_ops;
void barrier_round_op(struct hub *hub, struct barrier *barrier,
                      struct member *member, const struct hub_op *op);
void barrier_round_break(struct hub *hub, struct meeting *meeting,
                         const char *reason, const struct member *culprit);
/* Frees it if all have passed it. */
void barrier_round_settle(struct meeting *meeting);

/* --- barrier_free.c --- */

void barrier_free_op(struct hub *hub, struct barrier *barrier,
                     struct member *member, const struct hub_op *op);
void barrier_free_break(struct hub *hub, struct barrier *barrier,
                        const char *reason, const struct member *culprit);
/* Completes the meetings that can be; the first may have just ended. */
void barrier_free_proceed(struct hub *hub, struct barrier *barrier);
/* A worker has ended, not in DRAIN. */
void barriers_member_ended(struct hub *hub, const struct member *member);

#endif
