#ifndef MOLO_TESTS_SIM_PROGRAM_H
#define MOLO_TESTS_SIM_PROGRAM_H

#include "base/buf.h"
#include "hub/op.h"

/* What the workers of one simulated test do, and what befalls them, as plain
 * data: it is generated first and then run, so that a program that fails can be
 * made smaller and run again. */
#define MAX_WORKERS 6
#define MAX_ROOMS 2
#define MAX_OBJECTS 5
#define MAX_RUNS 4
#define MAX_CALLS 20
#define MAX_SCRIPTS 48
#define NO_SCRIPT (-1)

enum call_kind {
    CALL_OP,    /* an operation of the hub */
    CALL_SLEEP, /* for `time` */
    CALL_YIELD, /* others may go first */
    CALL_SPAWN, /* a task that does what `script` says */
    CALL_JOIN,  /* waits for the task spawned last, if it has not ended */
    CALL_RAISE, /* the task fails */
    CALL_QUIT,  /* this run is the worker's last one */
};

enum fault {
    FAULT_NONE,
    FAULT_CANCEL, /* somebody cancels the wait */
    FAULT_LATE,   /* a cancellation of its wait before comes only now */
    FAULT_SCOPE,  /* the deadline of an enclosing scope cancels it */
    FAULT_RESET,  /* the task is taken down while it waits */
    FAULT_KILL,   /* its worker is */
};

struct call {
    enum call_kind kind;
    enum hub_op_type op;
    int object;
    int script;
    nsec_t time;
    nsec_t timeout; /* or HUB_TIMEOUT_* */
    int64_t amount, round;
    bool attempt, exchange, has_action, has_value, worker_scope, or_paused;
    /* What has to follow a grant (the end of a factory, of an update, of an
     * action): after so many turns, and how. */
    int hold;
    bool gives_up, follow_fails;
    bool abandons; /* the task fails before that */
    bool catches;  /* goes on after an error; else the task fails of it */
    enum fault fault;
    int fault_after;    /* turns since the wait began */
    nsec_t fault_delay; /* FAULT_SCOPE */
};

struct script {
    int count;
    struct call calls[MAX_CALLS];
};

struct worker_plan {
    int room; /* from 0 */
    nsec_t start, delay;
    int kill_turn;       /* it is gone then, whatever it does; 0: never */
    int setup, teardown; /* scripts */
    int run_count;
    int runs[MAX_RUNS];
};

struct object_plan {
    enum hub_object_type type;
    char name[16];
    bool per_room;
    struct hub_options options; /* `lock` is `lock_name` */
    int lock;                   /* condition: an object, or -1 */
};

struct program {
    uint64_t seed;
    int rooms; /* 0: one cohort of all, and no room */
    int worker_count, object_count, script_count;
    struct worker_plan workers[MAX_WORKERS];
    struct object_plan objects[MAX_OBJECTS];
    struct script scripts[MAX_SCRIPTS];
    nsec_t wait_timeout;
    bool break_deadlocks;
    int drain_turn, stop_turn; /* 0: never */
    nsec_t drain_at;           /* NSEC_NEVER */
};

/* Types that a generated program may use, as bits of 1 << enum
 * hub_object_type. */
void program_generate(struct program *program, uint64_t seed, unsigned types);
void program_describe(const struct program *program, struct buf *out);
/* Renames objects and points options to their own strings again; after any
 * copy. */
void program_relink(struct program *program);
void program_remove_worker(struct program *program, int worker);
int program_room_size(const struct program *program, int room);

#endif
