#ifndef MOLO_HUB_HUB_INTERNAL_H
#define MOLO_HUB_HUB_INTERNAL_H

#include "base/heap.h"
#include "base/list.h"
#include "hub/cohort.h"
#include "hub/hub.h"
#include "hub/waitclock.h"

struct object;
struct variable;

/* A name space: everybody's, or that of a room. */
struct names {
    struct object *objects;
    struct variable *variables;
};

/* Who waits or is waited for. */
struct hub_task {
    struct member *member;
    uint32_t task;
};

/* What the hub does at a time of its own, such as a refill. */
struct hub_timer {
    struct heap_node node;
    void (*fire)(struct hub *hub, struct hub_timer *timer);
};

/* What all parts of the hub share. Only files of this directory and its tests
 * include it. */
struct hub {
    struct hub_config config;
    nsec_t now; /* never runs backwards */
    bool draining;
    bool serves_late;         /* runs begin in DRAIN */
    int32_t draining_cohorts; /* that drain though the test goes on */

    struct cohort **cohorts;
    size_t cohort_count;
    struct member **by_id; /* by worker id; NULL: no such worker */
    int32_t id_count;
    struct member global; /* the global fixtures, HUB_GLOBAL */
    int32_t size;         /* members of all cohorts */
    int32_t planned;      /* of them, not started */
    int32_t in_run;       /* members in a run or a setup */
    int32_t alive;        /* members not ended, or only in DRAIN */
    struct list crowds;   /* free barriers that somebody waits at */
    uint64_t passings;    /* orders who passed a step first */

    struct names *names; /* by room */
    int32_t name_count;
    int64_t version;         /* of the last change of any variable */
    int64_t version_dropped; /* of the last deletion of one */

    struct list waits; /* all, oldest first */
    size_t wait_count, own_timeout_count, gated_count;
    size_t by_itself_count; /* waits that time alone will end */
    struct list spare_waits;
    struct heap clocks;          /* that run and have a deadline */
    struct waitclock own_clock;  /* timeouts that the script asked for */
    struct waitclock free_clock; /* default timeouts of free objects */
    struct heap timers;          /* struct hub_timer */

    bool deadlocked;   /* told, and the end of the run was asked for */
    nsec_t next_break; /* no deadlock is broken before */
    int broken_in_a_row;
    nsec_t recheck_at; /* a deadlock found too soon after another */

    const struct hub_op *op; /* that is being carried out, or NULL */
    bool answered;           /* it was */

    uint64_t effort; /* members and rounds looked at, for tests of cost */
};

/* Time never runs backwards. */
void hub_set_now(struct hub *hub, nsec_t now);
/* After a change of who is planned to start. */
void hub_update_free_clock(struct hub *hub);

/* Answers the operation that is being carried out. */
void hub_reply(struct hub *hub, const struct hub_reply *reply);
/* Answers a wait; only wait.c calls it. */
void hub_answer_wait(struct hub *hub, const struct hub_reply *reply);
/* Without a text or anything else. */
void
hub_reply_status(struct hub *hub, struct hub_id id, enum hub_status status);
/* GRANTED at once. Of `reply`, the value, the numbers and `broken` are taken.
 */
void hub_reply_granted(struct hub *hub, struct hub_id id,
                       const struct hub_reply *reply);
/* With a text that says why not. */
void hub_reply_text(struct hub *hub, struct hub_id id, enum hub_status status,
                    const char *text);
void hub_reply_misuse(struct hub *hub, struct hub_id id, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A round of a lockstep object or barrier is over. */
void hub_round_ended(struct hub *hub, const struct object *object, int64_t step,
                     int64_t round, nsec_t duration);
struct member *hub_member(struct hub *hub, int32_t worker);
/* Made on first use; valid until the next call. */
struct names *hub_names(struct hub *hub, int32_t room);
/* Sets the time at which it fires; NSEC_NEVER: not any more. */
void hub_set_timer(struct hub *hub, struct hub_timer *timer, nsec_t at);

#endif
