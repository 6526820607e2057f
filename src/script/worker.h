#ifndef MOLO_SCRIPT_WORKER_H
#define MOLO_SCRIPT_WORKER_H

#include "base/rng.h"
#include "script/task.h"

/* One virtual user: its coroutine, its session, its own state. The engine says
 * what it does next (worker_call); the worker says when it is done. Shard
 * thread. */

struct plan_workload;
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
    enum worker_phase phase;
    int co_ref;
    int view_refs[2]; /* session and worker objects, made at first use */
    int state_ref, data_ref;
    struct session *http; /* made at first use */
    struct rng rng;
    struct task task; /* the root task */
    nsec_t called_at;
    nsec_t idle; /* of the current call: waits, sleeps */
    bool quit;   /* session:quit() */
    void *owner; /* the engine's */
};

/* `owner` is told of calls that end through script_host.on_call_done. */
struct worker *worker_create(struct script *script, int32_t id, int32_t index,
                             const struct plan_workload *workload, void *owner);
void worker_destroy(struct worker *worker);

/* Calls a fixture or (PHASE_RUN) scenario number `scenario`, in a later turn.
 * The worker is idle. */
void
worker_call(struct worker *worker, enum worker_phase phase, size_t scenario);
/* The call of the root task is over, with lua_resume's `status`: uses what a
 * setup fixture returned and tells the host. Only task.c calls this. */
void worker_on_task_done(struct task *task, int status);

/* The hub's answers to this worker's operations. */
void worker_on_reply(struct worker *worker, const struct hub_reply *reply);

/* Its HTTP client with the defaults in force, made at first use. */
struct session *worker_http(struct worker *worker);

#endif
