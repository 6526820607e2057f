#ifndef MOLO_ENGINE_INTERVALS_H
#define MOLO_ENGINE_INTERVALS_H

#include "output/interval_list.h"
#include "output/verdict.h"
#include "stats/recorder.h"

/* The test second by second: what was counted and how molo fared, for the
 * result, the outputs and the verdict. Main thread. */

struct engine;

/* In the engine; zeroed before intervals_init. */
struct intervals {
    struct interval_meter *meter;
    struct interval_list list;
    struct verdict verdict;
    nsec_t next; /* when the next row is due; 0: the runs have not begun */
    struct hist *start_lag_before, *start_lag_change;
    uint64_t shortages_before;
    unsigned unwritten; /* requests since outputs were written */
    uint64_t gc_cycles_before, most_lua_memory;
};

void intervals_init(struct engine *engine);
void intervals_finish(struct engine *engine);
/* For the outputs. From the thread of any shard. */
void intervals_on_request(void *engine, nsec_t at,
                          const struct request_sample *sample);
void
intervals_on_error(void *engine, nsec_t at, const char *kind,
                   const char *message, const struct error_first *occurrence);
/* The runs begin. What was counted before is in the first row. */
void intervals_start(struct engine *engine);
/* Now and then: takes a row if its time has come. */
void intervals_tick(struct engine *engine);
/* The runs, or all, are over: takes what is left as a row. */
void intervals_close(struct engine *engine);

#endif
