#ifndef MOLO_TESTS_SIM_MODEL_H
#define MOLO_TESTS_SIM_MODEL_H

#include "hub/op.h"
#include "program.h"

/* What the hub has to answer, worked out a second time and in the plainest way:
 * every wait there is in one list, and after each event every object is asked
 * which of them it serves now. Written from what the operations mean, not from
 * how src/hub does it; the hub's answers are compared with it one by one. */
#define NO_VALUE INT64_MIN /* nil */
#define MAX_TASKS 8
#define MAX_VERDICTS 4 /* in one event */
#define MAX_WAITS (MAX_WORKERS * MAX_TASKS)

struct answer {
    struct hub_id id;
    enum hub_status status;
    int64_t value;
    int table_count; /* 0: no table */
    int64_t table[MAX_WORKERS];
    int64_t round, version, index, number;
    bool broken;
    char text[120]; /* its beginning */
    nsec_t waited, remaining;
};

/* Which fields of an expected answer are compared; the status always is. */
enum {
    CHECK_VALUE = 1,
    CHECK_ROUND = 2,
    CHECK_INDEX = 4,
    CHECK_NUMBER = 8,
    CHECK_TABLE = 16,
    CHECK_BROKEN = 32,
    CHECK_WAITED = 64,
};

struct expected {
    struct answer answer;
    unsigned checks;
    int place; /* among the grants of one object and operation, from 1; 0: in
                  any order */
    const struct model_object *object;
    enum hub_op_type type;
    bool seen;
};

enum phase {
    PHASE_PLANNED,
    PHASE_SETUP,
    PHASE_BETWEEN, /* two runs */
    PHASE_RUN,
    PHASE_TEARDOWN,
    PHASE_ENDED,
};

struct model_member {
    int id, room;
    enum phase phase;
    int64_t step, over;
    bool delayed, failed, stopped, gated;
    struct hub_id gate_id;
    int64_t gate_step;
    uint32_t tasks[MAX_TASKS];
    int task_count;
};

struct model_wait {
    struct hub_id id;
    struct hub_op op; /* without what it points to */
    int64_t value;
    struct model_object *object; /* NULL: a join */
    struct model_member *member;
    nsec_t since, left; /* of the timeout */
    bool own_timeout;   /* an end of it is certain */
    bool lockstep;
    uint64_t order; /* in the queue it stands in */
    int64_t step, n;
    int stage;               /* of its object's own */
    enum hub_status outcome; /* condition: once it has the lock */
};

#define WAIT_DROPPED HUB_WOULD_WAIT

struct world;

struct model_object {
    const struct object_plan *plan;
    const struct model_ops *ops;
    int index, room;
    void *state; /* of ops->state_size bytes */
};

/* One operation, as the models see it. */
struct model_call {
    const struct hub_op *op;
    struct model_object *object;
    struct model_member *member;
    int64_t value;
};

struct model_ops {
    size_t state_size;
    void (*init)(struct world *world, struct model_object *object);
    void (*op)(struct world *world, const struct model_call *call);
    /* The wait ends unserved; it is no longer in world->waits. May be NULL.
     * `why` may be WAIT_DROPPED: its task is gone. */
    void (*withdraw)(struct world *world, struct model_object *object,
                     struct model_wait *wait, enum hub_status why);
    /* Serves who can be served now. */
    void (*settle)(struct world *world, struct model_object *object);
    /* What the task has is passed on to `parent`, or released; -1: what all
     * tasks of the member have. May be NULL. */
    void (*release)(struct world *world, struct model_object *object,
                    struct model_member *member, int64_t task, bool all);
    void (*pass_on)(struct world *world, struct model_object *object,
                    struct model_member *member, uint32_t task,
                    uint32_t parent);
    /* Something of it is held that leaks. */
    bool (*leaks)(struct world *world, struct model_object *object,
                  const struct model_member *member);
    /* The one task that `wait` waits for, if there is one. */
    bool (*owner)(struct world *world, const struct model_wait *wait,
                  struct hub_id *task);
    /* The default timeout of `wait` stands still. NULL: while a start is
     * planned. */
    bool (*stands_still)(struct world *world, const struct model_wait *wait);
    /* It cannot end like that yet, but will later. May be NULL. */
    bool (*puts_off)(struct world *world, struct model_wait *wait,
                     enum hub_status status);
    /* Lowest step with a round that some have passed and others wait for in
     * vain; -1: none. */
    int64_t (*lowest_passed)(struct world *world, struct model_object *object);
    void (*break_passed)(struct world *world, struct model_object *object,
                         int64_t step);
};

extern const struct model_ops model_variable_ops, model_notifier_ops,
    model_barrier_ops, model_event_ops, model_lock_ops, model_semaphore_ops,
    model_condition_ops, model_queue_ops, model_limiter_ops;

enum cause {
    CAUSE_OP,
    CAUSE_TICK,
    CAUSE_QUIESCENT,
    CAUSE_DRAIN,
    CAUSE_STOP,
};

/* One call of the hub, and all it did. */
struct event {
    enum cause cause;
    nsec_t now;
    const struct hub_op *op;
    int64_t value;
    int object; /* of the program; -1: none */
    const struct answer *answers;
    int count;
    int deadlocks; /* that were told of */
    bool deadlock_stops[MAX_VERDICTS];
};

struct world {
    const struct program *program;
    nsec_t now;
    bool draining;
    bool deadlocked;   /* the hub has asked for the end of the test */
    nsec_t next_break; /* no deadlock is broken before */
    int broken_in_a_row;
    struct model_member members[MAX_WORKERS];
    bool uses_lockstep[MAX_ROOMS], room_closed[MAX_ROOMS];
    struct model_object objects[MAX_OBJECTS * (MAX_ROOMS + 1)];
    int object_count;
    struct model_wait *waits[MAX_WAITS];
    int wait_count;
    uint64_t orders, orders_before; /* this event */
    bool tick_begins; /* nothing but the time has changed so far */
    struct expected expected[2 * MAX_WAITS];
    int expected_count;
    const struct event *event;
    bool passed_on;      /* a task has left what it had to its parent */
    int verdicts;        /* of the hub, in this event, that the models share */
    char violation[400]; /* empty: none so far */
};

void world_init(struct world *world, const struct program *program);
void world_finish(struct world *world);
/* Compares what the hub did with what it had to do. False: see
 * world->violation. */
bool world_check(struct world *world, const struct event *event);
/* After the last event: nobody waits, nothing is held. */
bool world_check_end(struct world *world);

/* --- for the models --- */

/* Serves everybody who can be served now. */
void world_settle(struct world *world);
void world_fail(struct world *world, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* An answer that has to come; what else of it is compared is the caller's. */
struct expected *
world_answer(struct world *world, struct hub_id id, enum hub_status status);
/* To the operation that is being carried out. */
struct expected *world_reply(struct world *world, const struct model_call *call,
                             enum hub_status status);
struct expected *
world_reply_value(struct world *world, const struct model_call *call,
                  enum hub_status status, int64_t value);
struct model_wait *
world_wait(struct world *world, const struct model_call *call);
/* Serves a wait, which is gone after that. */
struct expected *world_grant(struct world *world, struct model_wait *wait,
                             enum hub_status status);
struct expected *world_grant_value(struct world *world, struct model_wait *wait,
                                   enum hub_status status, int64_t value);
/* Ends it otherwise. */
void world_refuse(struct world *world, struct model_wait *wait,
                  enum hub_status status);
/* Its task is gone. */
void world_drop(struct world *world, struct model_wait *wait);
void world_take_out(struct world *world, const struct model_wait *wait);
/* The event takes down the task of this id: what it is told meanwhile does not
 * matter, unless it is granted what others wait for. */
bool world_is_gone(const struct event *event, const struct hub_id *id);
/* What the hub answers to it in this event; NULL: nothing. */
const struct answer *
world_actual(const struct world *world, const struct model_wait *wait);
/* First in the queue of those at `stage`; NULL: none. */
struct model_wait *
world_first(struct world *world, const struct model_object *object, int stage);
int world_count(const struct world *world, const struct model_object *object);
struct model_wait *
world_find_wait(struct world *world, int member, uint32_t task);
struct model_object *world_object(struct world *world, int plan, int room);
bool world_start_planned(const struct world *world);
bool world_is_task(const struct model_member *member, uint32_t task);
bool world_has_own_timeout(const struct hub_op *op);

/* world_life.c: operations that are no object's. */
void world_life(struct world *world, const struct model_call *call);
void world_open_gates(struct world *world);
int64_t world_current_step(const struct model_member *member);
/* In one cohort with `member`. */
bool world_plays_with(const struct world *world, const struct model_member *a,
                      const struct model_member *b);
void world_stop_waits(struct world *world, bool teardowns_too);
bool world_any_in_run(const struct world *world);

/* world_compare.c */
void world_compare(struct world *world);

/* world_deadlock.c */
void world_judge(struct world *world);
void world_quiescent(struct world *world);

#endif
