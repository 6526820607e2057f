#ifndef MOLO_TESTS_SIM_MODEL_BARRIER_H
#define MOLO_TESTS_SIM_MODEL_BARRIER_H

#include "model.h"

/* The two kinds of barriers, between model_barrier.c, model_barrier_round.c
 * (of a whole cohort) and model_barrier_free.c (with a number of parties). */
#define MAX_MEETINGS 128
#define MAX_ARRIVALS (2 * MAX_WORKERS)

struct arrival {
    struct hub_id id;
    int64_t value;
    bool exchange, has_action;
    bool present;
};

struct meeting {
    int64_t step, n;
    struct arrival arrivals[MAX_ARRIVALS];
    int count;
    bool broken, over;
    bool acting;
    struct hub_id actor;
    int actor_index;
    bool used[MAX_WORKERS]; /* lockstep */
};

struct barrier {
    enum { UNUSED, LOCKSTEP, FREE } kind;
    struct meeting meetings[MAX_MEETINGS];
    int meeting_count;
    int64_t round; /* free: of the last meeting */
    bool broken;   /* free */
};

struct meeting *
model_barrier_meeting(struct world *world, struct barrier *barrier,
                      int64_t step, int64_t n);
int model_meeting_present(const struct meeting *meeting);
void model_meeting_arrive(struct world *world, struct meeting *meeting,
                          const struct model_call *call);
/* All have come: the last one acts, or all are let go. */
void model_meeting_complete(struct world *world, struct model_object *object,
                            struct meeting *meeting);
/* Those who wait in it are told; who acts will be. */
void model_meeting_break(struct world *world, struct meeting *meeting);
/* Breaks the meeting, and of a free barrier everything. */
void model_barrier_break(struct world *world, struct model_object *object,
                         struct meeting *meeting);

void model_barrier_round_op(struct world *world, const struct model_call *call);
void
model_barrier_round_settle(struct world *world, struct model_object *object);
bool model_barrier_round_stands_still(struct world *world,
                                      const struct model_wait *wait);
void model_barrier_free_op(struct world *world, const struct model_call *call);
void
model_barrier_free_settle(struct world *world, struct model_object *object);
void model_barrier_free_break(struct world *world, struct model_object *object);

#endif
