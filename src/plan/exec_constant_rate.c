#include "plan/executor.h"

/* So many runs per time, whatever the answers take: arrivals.c has the
 * schedule. */
const struct executor_ops exec_constant_rate = {
    .type = EXECUTOR_CONSTANT_RATE,
    .name = "constant_rate",
    .scheduled = true,
    .open = true,
};
