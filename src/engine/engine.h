#ifndef MOLO_ENGINE_ENGINE_H
#define MOLO_ENGINE_ENGINE_H

#include "base/err.h"
#include "output/result.h"
#include "plan/options.h"

/* From a scenario file and options to a finished test, in the phases INIT
 * SETUP RUN DRAIN TEARDOWN REPORT. Main thread; one engine per process. */
struct engine;

/* Loads the scenario: its molo.options are merged into `options` (borrowed),
 * the plan is made; once more for each further shard of the plan. NULL with
 * `err` (exit code 2): syntax errors, unknown options, no scenario, not the
 * same each time. */
struct engine *engine_create(const char *scenario_path, struct options *options,
                             struct err *err);
void engine_destroy(struct engine *engine);
const struct plan *engine_plan(const struct engine *engine);
/* Tells what in the scenario file will probably not do what was meant: one
 * sentence each, beginning with the place. Runs nothing. */
void engine_check(const struct engine *engine,
                  void (*tell)(void *data, const char *text), void *data);
/* For `molo list`: a line for each scenario that would run, its name first. */
void engine_list(const struct engine *engine, struct buf *out);
struct outputs;
/* Where to tell of it as it goes on; opened, and borrowed from now on. Before
 * engine_run. */
void engine_set_outputs(struct engine *engine, struct outputs *outputs);
/* Runs the test to its end, whatever ends it; draws progress on stderr. The
 * result borrows from the engine. */
const struct result *engine_run(struct engine *engine);
/* Called in a signal handler, before the process ends, when a script cannot be
 * stopped after the second signal: write what there is; call no other function
 * of the engine. NULL: none. */
void
engine_set_on_stuck(struct engine *engine,
                    void (*callback)(const struct result *result, void *data),
                    void *data);
/* Adds what the caller found wrong afterwards (an output that could not be
 * written). */
void
engine_add_cause(struct engine *engine, enum exit_code code, const char *text);
/* Versions of what the engine links, one "name version" per line. */
void engine_versions(struct buf *out);

#endif
