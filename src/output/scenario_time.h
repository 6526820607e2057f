#ifndef MOLO_OUTPUT_SCENARIO_TIME_H
#define MOLO_OUTPUT_SCENARIO_TIME_H

#include "base/clock.h"
#include "stats/snapshot.h"

/* The longest run of a scenario, which is what it took in a single run: its
 * workers begin together. -1: none has ended. */
nsec_t scenario_time(const struct snapshot *s, const char *name);

#endif
