#ifndef MOLO_SCRIPT_SCRIPT_H
#define MOLO_SCRIPT_SCRIPT_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"
#include "hub/port.h"
#include "plan/plan.h"
#include "script/worker.h"

/* The Lua side of one shard: a Lua state, the loaded scenario, its workers'
 * coroutines. Knows what scripts say; the engine decides what happens when.
 * One thread. */

struct loop;
struct metric_catalog;
struct recorder;
struct transport;

struct script;

/* What a script asks of the engine. Callbacks may come from within a resume:
 * record and return. */
struct script_host {
    void *data;
    void (*on_call_done)(void *data, struct worker *worker,
                         const struct call_result *result);
    void (*on_stop)(void *data, const char *reason);  /* molo.stop */
    void (*on_abort)(void *data, const char *reason); /* molo.abort */
};

/* What a script runs on; borrowed, must outlive its workers. */
struct script_env {
    struct loop *loop;
    struct transport *transport;
    struct hub_port *port;
    struct recorder *recorder;
    const struct plan *plan;
    const struct options *options;
    struct script_host host;
};

/* `max_memory`: bytes that the Lua values of a worker may take; 0: no limit. */
struct script *script_create(int64_t max_memory);
void script_destroy(struct script *script);

/* Runs the file once: registers scenarios and fixtures, merges molo.options
 * into `options` (which also gives molo.env and the seed). */
bool script_load(struct script *script, const char *path,
                 struct options *options, struct err *err);
/* The metrics that the script defines; as long as the script. */
const struct metric_catalog *script_metrics(const struct script *script);
/* Loads the file of `first` once more, for another shard. False with `err`:
 * something else was registered this time. */
bool script_load_again(struct script *script, const struct script *first,
                       struct options *options, struct err *err);
/* What was registered, in order. */
size_t script_scenario_count(const struct script *script);
const char *script_scenario_name(const struct script *script, size_t i);
double script_scenario_weight(const struct script *script, size_t i);
const struct cast *script_scenario_cast(const struct script *script, size_t i);
/* Pause of its own after each run of it; false: none given. */
bool script_scenario_delay(const struct script *script, size_t i, nsec_t *low,
                           nsec_t *high);
/* ... from the start of one run to that of the next. */
bool script_scenario_pace(const struct script *script, size_t i, nsec_t *low,
                          nsec_t *high);
/* Of one that has `params`: the name they share. NULL: it has none. */
const char *script_scenario_family(const struct script *script, size_t i);
/* Its `group`; NULL: none. */
const char *script_scenario_group(const struct script *script, size_t i);
/* The tags that select it (--only-tag). */
size_t
script_scenario_tags(const struct script *script, size_t i, char *const **tags);
/* Appends its options in words: "weight 1   group a   tags smoke". */
void script_describe_scenario(const struct script *script, size_t i,
                              struct buf *out);
bool script_has_fixture(const struct script *script, enum worker_phase phase);

/* molo.scenario_picker */
bool script_has_picker(const struct script *script);
/* Calls it for the run that the worker's `step` will be. *number: in the script
 * as above; SIZE_MAX: it leaves the choice to the weights. False: it raised, or
 * what it returned cannot be run; the message names it and its place. Calls
 * Lua: not from within a resume. */
bool script_pick_scenario(struct script *script, struct worker *worker,
                          int64_t step, size_t *number, struct err *err);

/* Tells of each place where a scenario or fixture assigns a local of the file,
 * which is not the same local for all workers: one sentence each, beginning
 * with the place. (What global_setup assigns is an error when it runs.) */
void
script_tell_assigns(const struct script *script,
                    void (*tell)(void *data, const char *text), void *data);

/* Before the first worker. `started_at`: the start of the test. */
void script_attach(struct script *script, const struct script_env *env);
void script_set_started_at(struct script *script, nsec_t at);
/* What global_setup has returned, for all workers; NULL: nothing. Borrowed;
 * setting it takes a reference. */
struct value *script_data(const struct script *script);
void script_set_data(struct script *script, struct value *data);
/* The result for global_teardown; borrowed until its call is done. */
void script_set_result(struct script *script, json_t *result);

/* Bytes that Lua's values take, and how often its collector has gone through
 * all of them. */
uint64_t script_lua_memory(const struct script *script);
uint64_t script_gc_cycles(const struct script *script);

/* Whose Lua runs now; NULL: nobody's. */
const struct worker *script_running_worker(const struct script *script);
/* How many tasks wait for something outside the hub (a transfer, a sleep). */
size_t script_outside_waits(const struct script *script);
/* How long scripts may go on after the second signal: teardowns use it. */
#define SCRIPT_LAST_MOMENT (500 * NSEC_PER_MSEC)
/* From now on a script that does not yield is parked when the clock passes
 * `at`. More time than before is given only to what begins to run after this:
 * the engine's loop may go on, and give one grace after the other, while a
 * script holds that of its shard. From any thread. */
void script_park_after(struct script *script, nsec_t at);
/* Until the engine has seen the first signal itself, that signal counts as the
 * beginning of `grace`: the loop may be standing still. NSEC_NEVER: it has. */
void script_set_signal_grace(struct script *script, nsec_t grace);

/* Delivers an event to the listeners of molo.on. `fields` come in pairs of
 * name and number or string; see script_event. */
enum event_type {
    EVENT_WORKER_START,
    EVENT_WORKER_END,
    EVENT_SCENARIO_START,
    EVENT_SCENARIO_SUCCESS,
    EVENT_SCENARIO_FAILURE,
    EVENT_REQUEST_START,
    EVENT_REQUEST_END,
    EVENT_REQUEST_ERROR,
    EVENT_ROUND_END,
    EVENT_TYPES,
};
/* "worker_start" ... */
const char *event_type_name(enum event_type type);
struct event {
    enum event_type type;
    const struct worker *worker; /* NULL: none */
    /* Those that are set (non-NULL, non-negative) become fields. */
    const char *kind, *message;      /* failure, request_error */
    const char *method, *url, *name; /* request_*; name: round_end */
    int status;                      /* request_end; 0: none */
    nsec_t duration;                 /* scenario_*, request_end; < 0: none */
    int64_t round, step;             /* round_end; 0: none */
};
bool script_listens(const struct script *script, enum event_type type);
void script_emit(struct script *script, const struct event *event);

/* Version of Lua, for `molo version`. */
const char *script_lua_version(void);

#endif
