#include "plan/executor.h"

/* A rate of runs that changes along straight lines: arrivals.c has the
 * schedule. */
const struct executor_ops exec_ramping_rate = {
    .type = EXECUTOR_RAMPING_RATE,
    .name = "ramping_rate",
    .scheduled = true,
    .open = true,
};
