#include "output/generator.h"

static double
mean(double a, nsec_t length_a, double b, nsec_t length_b)
{
    if (a < 0 || b < 0)
        return -1;
    nsec_t length = length_a + length_b;
    return length > 0
               ? (a * (double)length_a + b * (double)length_b) / (double)length
               : b;
}

static nsec_t
greater(nsec_t a, nsec_t b)
{
    return a > b ? a : b;
}

static uint64_t
more(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

struct generator_sample
generator_join(const struct generator_sample *earlier,
               const struct generator_sample *later)
{
    nsec_t a = earlier->length, b = later->length;
    return (struct generator_sample){
        .at = later->at,
        .length = a + b,
        .cpu = mean(earlier->cpu, a, later->cpu, b),
        .cpu_wait = mean(earlier->cpu_wait, a, later->cpu_wait, b),
        .cpu_all = mean(earlier->cpu_all, a, later->cpu_all, b),
        .idle_cores = mean(earlier->idle_cores, a, later->idle_cores, b),
        .lag_p50 = greater(earlier->lag_p50, later->lag_p50),
        .lag_p99 = greater(earlier->lag_p99, later->lag_p99),
        .lag_max = greater(earlier->lag_max, later->lag_max),
        .starts = earlier->starts + later->starts,
        .start_lag_p99 = greater(earlier->start_lag_p99, later->start_lag_p99),
        .shortages = earlier->shortages + later->shortages,
        .fds = more(earlier->fds, later->fds),
        .rss = more(earlier->rss, later->rss),
        .lua_memory = more(earlier->lua_memory, later->lua_memory),
        .gc_cycles = earlier->gc_cycles + later->gc_cycles,
    };
}
