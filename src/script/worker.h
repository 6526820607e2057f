#ifndef MOLO_SCRIPT_WORKER_H
#define MOLO_SCRIPT_WORKER_H

#include "base/rng.h"
#include "http/wire_view.h"
#include "script/limit.h"
#include "script/task.h"

/* One virtual user: its coroutine, its session, its own state. The engine says
 * what it does next (worker_call); the worker says when it is done. Shard
 * thread. */

struct plan_workload;
struct recorder_context;
struct scenario;
struct session;

enum worker_phase {
    PHASE_GLOBAL_SETUP,
    PHASE_SETUP,
    PHASE_SETUP_SESSION,
    PHASE_RUN,
    PHASE_TEARDOWN_SESSION,
    PHASE_TEARDOWN,
    PHASE_GLOBAL_TEARDOWN,
};
/* "global_setup", "setup" ... */
const char *worker_phase_name(enum worker_phase phase);

/* How a call of a fixture or scenario ended. Strings are borrowed during the
 * callback. */
struct call_result {
    enum task_call_status status;
    bool parked;      /* CALL_RESET because it never yielded */
    bool stopped;     /* `stopped` was raised in it at some point */
    const char *kind; /* failed: of the error object */
    const char *message;
    const char *where;     /* "pad.lua:9", or "" */
    const char *traceback; /* or NULL */
    struct value *value;   /* global_setup: what it returned, or NULL */
    nsec_t duration, active;
};

struct worker {
    struct script *script;
    int32_t id; /* HUB_GLOBAL: a global fixture */
    int32_t index;
    const struct plan_workload *workload; /* NULL: global */
    int64_t step;
    const char *scenario; /* of the current run, else NULL */
    int32_t room, seat;   /* from 0; -1: its workload has no cast */
    enum worker_phase phase;
    int co_ref;
    int view_refs[2]; /* session and worker objects, made at first use */
    int state_ref, data_ref, room_ref;
    const struct value *param; /* of the current run's scenario; NULL: none */
    int param_ref;             /* its copy for this run */
    struct session *http;      /* made at first use */
    struct wire_viewer viewer; /* of all its sessions */
    struct rng rng;
    struct task task;       /* the root task */
    struct list tasks;      /* struct child: those beside the root task */
    struct list websockets; /* struct lua_websocket: open ones */
    struct list sessions;   /* struct lua_identity: molo.session */
    struct list streams;    /* struct lua_stream: answers that are read */
    uint32_t last_task, last_end;
    int32_t live_tasks, idle_tasks;
    bool was_stopped; /* a task that ended was */
    bool acquired;    /* something it may not keep when its call ends */
    nsec_t called_at;
    /* Where what it does is recorded: of the call that goes on, or the last. */
    const struct recorder_context *context;
    const struct scenario *placed; /* whose context it is; NULL: no run's */
    bool has_requested;            /* in the current call */
    nsec_t due_at; /* when the current run was due on a schedule; 0: on none */
    nsec_t idle;   /* of the current call: all tasks wait or sleep */
    nsec_t idle_since;
    bool quit;          /* session:quit() */
    struct limit limit; /* of the current run */
    void *owner;        /* the engine's */
};

/* `owner` is told of calls that end through script_host.on_call_done. */
struct worker *worker_create(struct script *script, int32_t id, int32_t index,
                             const struct plan_workload *workload, void *owner);
void worker_destroy(struct worker *worker);

/* Calls a fixture or (PHASE_RUN) scenario number `scenario`, in a later turn.
 * The worker is idle. */
void
worker_call(struct worker *worker, enum worker_phase phase, size_t scenario);
/* A task is over, with lua_resume's `status`. With the root task, which ends
 * last, the call is: uses what a setup fixture returned and tells the host.
 * Only task.c calls this. */
void worker_on_task_done(struct task *task, int status);
/* Raises `stopped` in all its tasks. */
void worker_stop(struct worker *worker);
/* Takes all its tasks down: the call, if there is one, is over after this. */
void worker_reset(struct worker *worker);

/* One of its tasks waits and counts as idle; goes on; is gone. A call is active
 * while any of its tasks is. */
void worker_begin_idle(struct worker *worker);
void worker_end_idle(struct worker *worker);
void worker_end_task(struct worker *worker);

/* The hub's answers to this worker's operations. */
void worker_on_reply(struct worker *worker, const struct hub_reply *reply);

/* When the last of its requests was answered, in any session; 0: none. */
nsec_t worker_last_done_at(const struct worker *worker);

/* Its HTTP client with the defaults in force, made at first use. */
struct session *worker_http(struct worker *worker);
/* Makes one more, which the worker's requests are counted and shown with. */
struct session *worker_make_session(struct worker *worker);

#endif
