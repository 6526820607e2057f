#ifndef MOLO_ENGINE_INTERVALS_H
#define MOLO_ENGINE_INTERVALS_H

#include "output/interval_list.h"
#include "output/verdict.h"

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
    uint64_t shortages, shortages_before;
    unsigned unwritten; /* requests since outputs were written */
    uint64_t gc_cycles_before, most_lua_memory;
};

/* The recorder exists. */
void intervals_init(struct engine *engine);
void intervals_finish(struct engine *engine);
/* The runs begin. What was counted before is in the first row. */
void intervals_start(struct engine *engine);
/* Now and then: takes a row if its time has come. */
void intervals_tick(struct engine *engine);
/* The runs, or all, are over: takes what is left as a row. */
void intervals_close(struct engine *engine);

#endif
