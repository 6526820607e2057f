#ifndef MOLO_HUB_OP_H
#define MOLO_HUB_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "hub/value.h"

/* What workers ask of the hub and what it answers, as plain data: every pointer
 * in them is borrowed for the duration of the call that passes it. */

/* Who asks. Tasks are numbered within their worker, waits within their task.
 * A reply carries the id of the operation; one that is no longer awaited is
 * dropped by the receiver. */
struct hub_id {
    int32_t worker; /* HUB_GLOBAL: a global fixture */
    uint32_t task;
    uint32_t seq;
};
enum { HUB_GLOBAL = -1 };

static inline bool
hub_id_equal(const struct hub_id *a, const struct hub_id *b)
{
    return a->worker == b->worker && a->task == b->task && a->seq == b->seq;
}

enum hub_object_type {
    HUB_VARIABLE, /* variables have a name space of their own */
    HUB_NOTIFIER,
    HUB_BARRIER,
    HUB_EVENT,
    HUB_LOCK,
    HUB_SEMAPHORE,
    HUB_CONDITION,
    HUB_QUEUE,
    HUB_LIMITER,
    HUB_TASK, /* of a worker: it has no name and no handle */
    HUB_OBJECT_TYPES,
};
/* "variable", "notifier" ... */
const char *hub_object_type_name(enum hub_object_type type);
/* "a" or "an", to go before it. */
const char *hub_object_type_article(enum hub_object_type type);

/* Steps before and after those of runs. */
#define HUB_STEP_SETUP INT64_C(0)
#define HUB_STEP_TEARDOWN (INT64_MAX - 1)

/* A star marks those that may wait. */
enum hub_op_type {
    /* Life of a worker, in program order. No reply unless noted. */
    HUB_OP_WORKER_START, /* it exists now; its tasks run setup fixtures. Of
                            HUB_GLOBAL: a global fixture begins */
    HUB_OP_RUN_BEGIN,    /* `step`. Replies GRANTED, now or when a worker that
                            failed may go on (gate.h), or in a room when all
                            members want to begin. STOPPED: it has no more
                            runs, because the test ends or another member of
                            its room has none */
    HUB_OP_RUN_END,      /* `failed`, `text`: its error; `delayed`: a delay or
                            pace follows before the next run */
    HUB_OP_SETTLE,       /* a run or fixture has succeeded, and its tasks are
                            over. Replies GRANTED, or LEAKED with a text: what it
                            acquired and still had, which is released */
    HUB_OP_RUNS_OVER,    /* no more runs; teardown fixtures follow. `failed`,
                            `text`: of a setup that failed */
    HUB_OP_WORKER_END,   /* gone; what it still waits for is dropped */
    /* Life of tasks: a started worker has task 0 from WORKER_START on; these
     * are for the others. */
    HUB_OP_TASK_BEGIN, /* `other`: its parent */
    HUB_OP_TASK_END,   /* `other`: its parent, which gets what it holds unless
                          `failed` */
    HUB_OP_TASK_JOIN,  /* * until task `other` of this worker has ended or, with
                          `or_paused`, pauses; it has not ended yet. GRANTED,
                          `number`: 1 if it pauses, else 0 */
    HUB_OP_TASK_PAUSE, /* * until TASK_RESUME, from another task */
    HUB_OP_TASK_RESUME, /* `other`, which pauses, goes on. Replies GRANTED */
    /* Asks for the wait (worker, task, seq) to end. Replies to *that* wait:
     * CANCELLED, unless its reply was given before. At once if `given_up`: the
     * task will not go on. Else it may have to wait for what it must come back
     * with, the lock of a condition. */
    HUB_OP_CANCEL,
    /* Objects. All reply. */
    HUB_OP_DECLARE, /* a handle was made: `type`, `options`. GRANTED, MISUSE */
    HUB_OP_FREE,    /* GRANTED, MISUSE if waited on or not passed by all */
    HUB_OP_GIVE_BACK, /* of a task that was taken down before it saw what the
                         operation `asked`, whose id this has, was granted:
                         a lock, `amount` permits, a notification of a condition
                         or, as `value`, an item of a queue. It may have ended
                       */
    HUB_OP_NOTIFIER_WRITTEN,
    HUB_OP_NOTIFIER_WAIT_WRITER, /* * value, round, happened_at */
    HUB_OP_NOTIFIER_ONE_READ,
    HUB_OP_NOTIFIER_WAIT_READERS, /* * */
    HUB_OP_BARRIER_WAIT,  /* * `exchange`: gives `value`; `has_action`. GRANTED
                             index, round, value (a table of all values, for an
                             exchange); or ACT: run the action, then
                             BARRIER_ACTED */
    HUB_OP_BARRIER_ACTED, /* GRANTED index, round, value, or BROKEN: as if
                             BARRIER_WAIT were answered. With `failed` and
                             `text` GRANTED; `given_up`: stopped, cancelled */
    HUB_OP_BARRIER_ABORT,
    HUB_OP_BARRIER_RESET,
    HUB_OP_BARRIER_STATE, /* GRANTED number (waiting), index (parties), broken
                           */
    HUB_OP_EVENT_SET,     /* `value` */
    HUB_OP_EVENT_CLEAR,
    HUB_OP_EVENT_STATE, /* GRANTED number: 1 if set */
    HUB_OP_EVENT_WAIT,  /* * value, happened_at */
    /* Of a lock, or of the lock of a condition. `attempt`, `worker_scope`. */
    HUB_OP_LOCK_ACQUIRE, /* * */
    HUB_OP_LOCK_RELEASE,
    HUB_OP_LOCK_STATE, /* GRANTED number: 1 if locked */
    /* `amount` permits. `attempt`, `worker_scope`. */
    HUB_OP_SEMAPHORE_ACQUIRE, /* * */
    HUB_OP_SEMAPHORE_RELEASE,
    HUB_OP_SEMAPHORE_STATE,  /* GRANTED number: available */
    HUB_OP_CONDITION_WAIT,   /* * */
    HUB_OP_CONDITION_NOTIFY, /* `amount`; 0: all. GRANTED number: how many */
    HUB_OP_QUEUE_PUT,        /* * `value`, `attempt` */
    HUB_OP_QUEUE_GET,        /* * `attempt`. GRANTED value; CLOSED */
    HUB_OP_QUEUE_DONE,
    HUB_OP_QUEUE_JOIN, /* * */
    HUB_OP_QUEUE_CLOSE,
    HUB_OP_QUEUE_STATE,  /* GRANTED number: items */
    HUB_OP_LIMITER_TAKE, /* * `amount` */
    /* Variables. */
    HUB_OP_VAR_GET,         /* GRANTED value (NULL if absent) */
    HUB_OP_VAR_GET_OR_MAKE, /* * GRANTED value, or MAKE: run the factory, then
                               VAR_MADE or VAR_MAKE_FAILED */
    HUB_OP_VAR_MAKE_FAILED, /* `text`: passed on to all that wait. With
                               `given_up` (cancelled, stopped) the next one
                               makes it */
    /* These four wait, with a timeout, while another task updates the variable
     * (VAR_LOCK), so that no update is lost; else they are answered at once. */
    HUB_OP_VAR_MADE, /* `value`. GRANTED value: what is stored */
    HUB_OP_VAR_SET,  /* `value` */
    HUB_OP_VAR_DELETE,
    HUB_OP_VAR_ADD,    /* `value`: a number. GRANTED value: the sum */
    HUB_OP_VAR_LOCK,   /* * for update_var: GRANTED value */
    HUB_OP_VAR_UNLOCK, /* with `has_value`: store `value` */
    HUB_OP_VAR_WAIT,   /* * until it equals `value` (has_value), else until it
                          is non-nil */
    HUB_OP_VAR_WAIT_CHANGE, /* * until its version exceeds `version` (-1: at
                               once); GRANTED value, version */
};

bool hub_op_may_wait(enum hub_op_type type);
/* As scripts call it: "wait_for_writer"; life: "run_begin" ... */
const char *hub_op_name(enum hub_op_type type);

/* Timeouts, in struct hub_op. */
#define HUB_TIMEOUT_DEFAULT INT64_C(-1) /* --wait-timeout */
#define HUB_TIMEOUT_NONE INT64_C(-2)

#define HUB_NO_PERMITS INT64_C(-1) /* a semaphore that starts with none */
#define HUB_SAME_ROOM INT32_C(-1)  /* as the condition */

/* Of a handle; what it does not give has the default of a zeroed struct. */
struct hub_options {
    bool given;        /* any option was given */
    int32_t readers;   /* notifier: acknowledgements that are enough; 0: all */
    int32_t parties;   /* barrier; 0: the whole cohort */
    bool shrink;       /* barrier: who has ended is no longer waited for */
    bool unowned;      /* semaphore: anyone may release */
    int64_t permits;   /* semaphore; 0: one; or HUB_NO_PERMITS */
    const char *lock;  /* condition: the name of its lock; NULL: one of its own.
                          Borrowed */
    int32_t lock_room; /* that name's, or HUB_SAME_ROOM */
    bool bounded;      /* queue: `capacity` was given */
    int64_t capacity;  /* queue; 0: a rendezvous */
    double rate, burst; /* limiter: per second; burst 0: as much as a second
                           brings, at least 1 */
};
/* What a limiter may be asked for. */
#define HUB_MIN_RATE 1e-6
#define HUB_MAX_RATE 1e9
#define HUB_MAX_BURST 1e9

/* A name is private to a room, or (0) everybody's. Rooms count from 1. */
#define HUB_NO_ROOM 0

struct hub_op {
    enum hub_op_type type;
    struct hub_id id;
    enum hub_object_type object;
    int32_t room;               /* of the name, or HUB_NO_ROOM */
    const char *name;           /* of the object; without NUL inside */
    struct hub_options options; /* of the handle, with every object operation */
    nsec_t timeout;             /* 0: try once; or HUB_TIMEOUT_* */
    bool enclosed;              /* an enclosing scope will time this wait out */
    nsec_t remaining; /* going on with an earlier wait: what was left of its
                         timeout (hub_reply.remaining); 0: all of it */
    int64_t step;
    int64_t round; /* {round = n}; 0: the next one */
    int64_t version;
    int64_t amount;
    enum hub_op_type asked; /* GIVE_BACK */
    uint32_t other;         /* a task of the same worker */
    bool failed, delayed, given_up, has_value;
    bool attempt;      /* WOULD_WAIT instead of waiting */
    bool worker_scope; /* kept beyond the run, until the worker's end */
    bool exchange, has_action, or_paused;
    struct value *value;
    const char *text;  /* an error, for those who will be told of it */
    const char *where; /* "pad.lua:9", for reports */
    nsec_t done_at;    /* written: when the writer's last request was done; 0 */
};

enum hub_status {
    HUB_GRANTED,
    HUB_MAKE,      /* get_var: this caller runs the factory */
    HUB_MISUSE,    /* `text`: raised as a string at the caller */
    HUB_TIMEOUT,   /* `text`: on what, since when, who is missing */
    HUB_BROKEN,    /* `text` */
    HUB_EXHAUSTED, /* `text` */
    HUB_DEADLOCK,  /* `text` */
    HUB_STOPPED,   /* the test ends */
    HUB_CANCELLED,
    HUB_FAILED,     /* `text`: the factory of another worker raised this */
    HUB_ACT,        /* barrier: this caller runs the action */
    HUB_CLOSED,     /* queue: `text` for put */
    HUB_LEAKED,     /* `text` */
    HUB_WOULD_WAIT, /* an attempt was in vain */
};

/* "granted", "timeout" ... */
const char *hub_status_name(enum hub_status status);

struct hub_reply {
    struct hub_id id;
    enum hub_status status;
    struct value *value; /* borrowed: take a reference to keep it */
    int64_t round;
    int64_t version;
    int64_t index;      /* of an arrival at a barrier */
    int64_t number;     /* what a *_STATE asked for, or how many */
    bool broken;        /* BARRIER_STATE */
    nsec_t waited;      /* 0 if answered at once */
    nsec_t remaining;   /* of the timeout, for hub_op.remaining; 0: there is
                           none */
    nsec_t happened_at; /* when what was waited for happened (written) */
    const char *text;
    int32_t culprit; /* broken, stopped by: a worker's id; HUB_GLOBAL: none */
};

#endif
