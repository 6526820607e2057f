#ifndef MOLO_HUB_COHORT_H
#define MOLO_HUB_COHORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/heap.h"
#include "base/list.h"
#include "hub/op.h"

/* Workers that play together, where each of them stands, and what depends on
 * all of them at once: the slowest, those to come, those that wait. */
struct hub;
struct step_rounds;

enum member_state {
    MEMBER_PLANNED,
    MEMBER_STARTED, /* in its setup, step 0 */
    MEMBER_IDLE,    /* between two runs; `step` is that of the last one */
    MEMBER_RUNNING,
    MEMBER_TEARDOWN, /* no more runs */
    MEMBER_ENDED,
    MEMBER_STATES,
};

struct member {
    struct cohort *cohort; /* NULL: the global fixtures */
    int32_t id;
    enum member_state state;
    bool delayed; /* idle: a delay or pace goes on */
    bool failed;  /* its last run */
    bool gated;   /* idle: its next run is held back, with gate_id, gate_step */
    bool stopped; /* gets STOPPED from every wait */
    bool stuck;   /* all its tasks wait on members of the cohort, for ever */
    int64_t step;
    int64_t last_run; /* step last begun, the setup included; -1: none */
    int64_t over;     /* it has passed all rounds of steps up to this */
    uint64_t over_order;
    char *error; /* of its last run that failed, that of error_step */
    int64_t error_step;
    uint32_t tasks;
    uint32_t closed_waits; /* of them, on members of the cohort alone, without
                              a timeout of their own */
    struct list waits;     /* struct wait */
    struct list holdings;  /* struct holding */
    struct heap_node lagging_node, begun_node, over_node, gate_node;
    struct list by_gate;
    struct hub_id gate_id;
    int64_t gate_step;
};

struct cohort {
    char *workload;
    int32_t room; /* HUB_NO_ROOM: all of the workload */
    int32_t first_worker, size;
    bool fixed;
    bool uses_lockstep; /* a lockstep object was used in it */
    bool closed;        /* a room: no run begins any more */
    bool pool;          /* nobody knows who of them will start */
    bool draining;      /* its workload has ended, the test goes on */
    struct member *members;
    int32_t counts[MEMBER_STATES];
    int32_t stuck_count, gated_count;
    struct heap lagging; /* planned or delayed members by their next step */
    struct heap begun;   /* members with runs to come by the last step begun */
    struct heap over;    /* all members by member.over */
    int64_t min_over;    /* that was last acted upon */
    struct list gate;    /* members held back, first come first ... */
    struct heap gate_steps; /* ... and by the step they are to begin */
    struct list clocks;     /* struct waitclock, by threshold */
    struct list locksteps;
    struct list read_waited;     /* notifiers somebody waits for readers of */
    struct step_rounds *by_step; /* the rounds that are kept */
    int32_t alive;               /* not ended, or only in DRAIN */
    int64_t runs_left;           /* that may still begin */
};

/* Whoever leaves now counts as still there, among these workers at least.
 * NULL: the global fixtures. */
bool cohort_drains(const struct hub *hub, const struct cohort *cohort);

struct cohort *
cohort_create(struct hub *hub, const char *workload, int32_t room,
              int32_t first_worker, int32_t size, bool fixed);
void cohort_destroy(struct hub *hub, struct cohort *cohort);

void member_init(struct member *member, struct cohort *cohort, int32_t id);
void member_finish(struct member *member);

static inline int32_t
member_index(const struct member *member)
{
    return member->id - member->cohort->first_worker;
}

/* The step whose rounds an operation of it means now. */
int64_t member_current_step(const struct member *member);
void member_set_state(struct hub *hub, struct member *member,
                      enum member_state state, int64_t step, bool delayed);
/* Passes all rounds of steps up to `step`, unless DRAIN has begun. */
void member_pass(struct hub *hub, struct member *member, int64_t step);
/* After a change of its tasks or waits. */
void member_judge_stuck(struct member *member);
/* What those outside are told: 0 for that of a setup or of a teardown. */
int64_t step_number(int64_t step);
/* "step 3", "the setup" */
void step_describe(int64_t step, struct buf *out);
/* "workload 'pad'", "room 2 of workload 'chat'" */
void cohort_describe(const struct cohort *cohort, struct buf *out);
/* " (room 2)" after a name that is private to a room: as scripts count them,
 * from 0. Nothing for HUB_NO_ROOM. */
void room_describe(int32_t room, struct buf *out);
/* "worker 4 (in its run of step 2)" */
void member_describe(const struct member *member, struct buf *out);

/* The clock for default timeouts that stands still while someone has not begun
 * `threshold`; made on first use. */
struct waitclock *
cohort_clock(struct hub *hub, struct cohort *cohort, int64_t threshold);
/* Frees it if nothing is left on it. */
void cohort_clock_release(struct hub *hub, struct waitclock *clock);
/* After a change of who lags. */
void cohort_update_clocks(struct hub *hub, struct cohort *cohort);

/* A list of members in a sentence, cut after the first few. */
struct roll {
    struct buf *out;
    int32_t count;
};
void roll_add(struct roll *roll, const struct member *member);
void roll_end(struct roll *roll);

#endif
