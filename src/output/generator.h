#ifndef MOLO_OUTPUT_GENERATOR_H
#define MOLO_OUTPUT_GENERATOR_H

#include <stdint.h>

#include "base/clock.h"

/* How molo itself fared in one stretch of time, usually a second. Plain
 * numbers: rows may be copied and kept. */
struct generator_sample {
    nsec_t at, length; /* its end, since the start of the runs; its length */
    double cpu;        /* of a core: what the loop's thread used of the time */
    double cpu_wait;   /* ... and how much of it was ready, but another process
                          had the core; below 0: the system does not tell */
    double cpu_all;    /* cores that all threads used */
    double idle_cores; /* of the machine, that nobody used and molo could have;
                          0, too, where the system does not tell */
    /* How late the loop comes to what is due: what an event that becomes due at
     * any moment has to wait for. */
    nsec_t lag_p50, lag_p99, lag_max;
    uint64_t starts;      /* of runs that were due at a time of their own */
    nsec_t start_lag_p99; /* how late these began */
    uint64_t shortages;   /* requests that failed for want of something on this
                             machine: descriptors, ports, memory */
    uint64_t fds;         /* descriptors at its end */
    uint64_t rss;         /* bytes at its end */
    uint64_t lua_memory;  /* bytes at its end */
    uint64_t gc_cycles;   /* collections that Lua finished in it */
};

/* Two neighbours as one: shares are means over time, of lags and sizes the
 * greater one is kept, counts add up. */
struct generator_sample generator_join(const struct generator_sample *earlier,
                                       const struct generator_sample *later);

#endif
