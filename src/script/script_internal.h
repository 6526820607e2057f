#ifndef MOLO_SCRIPT_INTERNAL_H
#define MOLO_SCRIPT_INTERNAL_H

#include <lua.h>

#include "base/buf.h"
#include "http/session.h"
#include "plan/options.h"
#include "script/memory.h"
#include "script/script.h"

/* What the files of src/script share. */

struct scenario {
    char *name;
    double weight;
    int ref; /* the function, or the table of role_refs */
    struct cast cast;
    int *role_refs; /* a function for each role of the cast; NULL: `ref` */
    bool has_delay, has_pace;
    nsec_t delay_low, delay_high;
    nsec_t pace_low, pace_high;
    nsec_t timeout; /* of a run; 0: none */
    char *family;   /* `params`: the name without [param]; NULL: none */
    struct value *param;
    char *group; /* NULL: none */
    char **tags; /* that select it, ... */
    size_t tag_count;
    struct option_pair *metric_tags; /* ... and that its metrics carry */
    size_t metric_tag_count;
};

struct listener {
    int ref;
    bool failed;  /* reported once */
    bool stopped; /* it did not end once, and is not called again */
};
struct listener_list {
    struct listener *items;
    size_t count;
};

/* A handle that was given options while the file was loaded. */
struct declaration {
    enum hub_object_type type;
    char *name;
    struct hub_options options;
};

#define FIXTURE_COUNT (PHASE_GLOBAL_TEARDOWN + 1)

struct script {
    lua_State *L;
    struct script_env env;
    struct options *load_options; /* while the file is being loaded */
    bool loads_again;  /* for a further shard: the options have been read */
    bool orders_pairs; /* pairs() goes in an order of its own */
    char *path;
    struct scenario *scenarios;
    size_t scenario_count;
    int fixtures[FIXTURE_COUNT]; /* by enum worker_phase; LUA_NOREF: none */
    struct listener_list listeners[EVENT_TYPES];
    struct declaration *declarations;
    size_t declaration_count;
    struct metric_catalog *metrics;
    struct pending_threshold *thresholds; /* lua_threshold.c */
    size_t threshold_count;
    uint64_t feed_count;     /* data files, lua_data.c */
    struct buf tags;         /* packed, of what is about to be recorded */
    int session_options_ref; /* molo.options{session = ...} */
    int picker_ref;          /* molo.scenario_picker; LUA_NOREF: none */
    char picker_where[128];
    struct memory memory;
    struct worker *picking; /* for whom the picker runs now; NULL: nobody */
    struct task *current;   /* the task whose coroutine runs */
    bool in_listener;
    size_t outside_waits;
    _Atomic nsec_t park_after;      /* set by any thread, like signal_grace */
    _Atomic nsec_t next_park_after; /* from the next time Lua begins to run */
    nsec_t entered_at;      /* when Lua last began to run, in real time */
    nsec_t callback_at;     /* when a listener or the picker was called */
    bool callback_stopped;  /* ... and it did not end */
    unsigned waits_at_once; /* since entered_at */
    _Atomic nsec_t signal_grace;
    char parked_at[128]; /* where the watchdog took a task off */
    nsec_t started_at;
    struct value *data;
    json_t *result;
    struct lua_exchange *spare_exchanges; /* lua_http.c */
    const void *handle_class;             /* lua_handle.c */
    struct list late;                     /* late.c */
    struct buf scratch;                   /* encoding of values */
    uint64_t gc_cycles;                   /* collections Lua has finished */
    struct rng load_rng;                  /* math.random outside of runs */
    struct worker **workers;              /* by id + 1; NULL: none */
    size_t worker_slots;
};

/* The script a Lua state belongs to. */
struct script *script_of(lua_State *L);
/* Lua begins to run: what limits how long it holds the loop counts from here.
 */
void script_enter(struct script *script);
/* Virtual time stands still while Lua runs: what does not yield would never see
 * the end of its time. True: as nothing else happens until then, it is `until`
 * now. */
bool script_let_time_pass(const struct script *script, nsec_t until);
/* A listener or the picker is called in `L`, which may not take long; and has
 * come back. */
struct callback {
    lua_State *L;
    int hook_count;
};
struct callback script_begin_callback(struct script *script, lua_State *L);
/* False: it had to be stopped. */
bool script_end_callback(const struct callback *callback);
/* False: it has run for long enough, others come first. */
bool script_has_turn(struct script *script);
void script_add_worker(struct script *script, struct worker *worker);
void script_remove_worker(struct script *script, struct worker *worker);

#endif
