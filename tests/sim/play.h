#ifndef MOLO_TESTS_SIM_PLAY_H
#define MOLO_TESTS_SIM_PLAY_H

#include "base/rng.h"
#include "hub/hub.h"
#include "model.h"

/* One program, run: workers and their tasks take turns as a seeded scheduler
 * will, talk to a hub, and the models look at all of it. */
#define NO_FAULT (-1)

enum task_state {
    TASK_READY,
    TASK_WAITING, /* for an answer; with `answered`, to be told of it */
    TASK_ASLEEP,
};

/* What has to follow what was granted. */
enum follow {
    FOLLOW_NOTHING,
    FOLLOW_MADE,   /* a factory ends */
    FOLLOW_UNMADE, /* its value could not be stored */
    FOLLOW_UNLOCK, /* an update ends */
    FOLLOW_ACTED,  /* an action ends */
};

struct sim_task {
    bool alive;
    enum task_state state;
    uint32_t number, parent, seq;
    const struct script *script;
    int at; /* the next call of it */
    bool answered;
    struct answer answer;    /* the mailbox */
    const struct call *call; /* whose answer it waits for; NULL: another */
    enum hub_op_type asked;  /* the operation */
    nsec_t wakes_at;
    enum follow follow;
    int follow_left;
    int64_t follow_value;
    int fault_left; /* turns; NO_FAULT */
    nsec_t scope_at;
    bool cancelled; /* to be raised at the next wait */
    uint32_t child; /* spawned last */
};

enum life {
    LIFE_PLANNED,
    LIFE_SETUP,
    LIFE_DELAY,
    LIFE_BEGINNING, /* waits for leave to run */
    LIFE_RUN,
    LIFE_TEARDOWN,
    LIFE_ENDED,
};

struct sim_worker {
    int id;
    const struct worker_plan *plan;
    enum life life;
    nsec_t at; /* of its start, or the end of its delay */
    int run;   /* the next one */
    int64_t step;
    bool quits, child_failed;
    uint32_t numbers;
    struct sim_task tasks[MAX_TASKS]; /* the first is the root */
};

struct play {
    const struct program *program;
    struct hub *hub;
    struct world world;
    struct rng rng;
    nsec_t now;
    int turn, operations;
    bool draining, drain_asked;
    struct sim_worker workers[MAX_WORKERS];
    int64_t values; /* given out so far, so that each is another one */
    /* What the hub does in one call. */
    struct answer inbox[2 * MAX_WAITS];
    int inbox_count, deadlocks;
    bool deadlock_stops[MAX_VERDICTS];
    struct buf history;
    bool keeps_history;
    uint64_t hash;
    bool over;
};

/* NULL or the text of a violation, to be freed. `out` (may be NULL) gets the
 * history; `hash` (may be NULL) its hash, `operations` the number of them. */
char *play_program(const struct program *program, struct buf *out,
                   uint64_t *hash, int *operations);

/* --- for actor.c --- */

void play_note(struct play *play, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* `object` of the program, -1: none. Takes no reference of op->value. */
void
play_submit(struct play *play, struct hub_op *op, int object, int64_t value);
void play_fail(struct play *play, const char *text);

/* actor.c: what workers and tasks do when it is their turn. */
void actor_init(struct play *play, int worker);
bool actor_is_ready(const struct play *play, const struct sim_worker *worker,
                    const struct sim_task *task);
/* A start or the end of a delay is due. */
bool actor_may_begin(const struct play *play, const struct sim_worker *worker);
void actor_begin(struct play *play, struct sim_worker *worker);
void actor_resume(struct play *play, struct sim_worker *worker,
                  struct sim_task *task);
/* What the program has in store for tasks that wait. */
void actor_strike_faults(struct play *play);
void actor_strike_scopes(struct play *play);
/* Takes down workers whose turn it is. */
void actor_strike_workers(struct play *play);

#endif
