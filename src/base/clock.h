#ifndef MOLO_BASE_CLOCK_H
#define MOLO_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A point or a length of time in monotonic nanoseconds. */
typedef int64_t nsec_t;

#define NSEC_PER_USEC INT64_C(1000)
#define NSEC_PER_MSEC INT64_C(1000000)
#define NSEC_PER_SEC INT64_C(1000000000)
#define NSEC_NEVER INT64_MAX

/* CLOCK_MONOTONIC, or virtual time; async-signal-safe. */
nsec_t clock_now(void);
/* CLOCK_MONOTONIC in any case, for what watches the process itself: signals, a
 * script that does not yield, how often progress is drawn. */
nsec_t clock_real_now(void);

/* Virtual time stands still but for clock_advance. The switch is of the whole
 * process, once, before anything has read the clock, and is not taken back:
 * points of real and of virtual time must never meet. Wall-clock and CPU time
 * stay real. One thread moves the clock; any may read it. */
void clock_make_virtual(void);
bool clock_is_virtual(void);
/* Moves virtual time forward to `at`; an earlier `at` does nothing. */
void clock_advance(nsec_t at);

/* User and system time this process has used. */
nsec_t clock_process_cpu(void);
/* The same of the calling thread. */
nsec_t clock_thread_cpu(void);
/* Wall-clock time as "2026-01-01T00:00:00Z". */
void clock_wall_iso8601(char *out, size_t size);

static inline double
nsec_to_seconds(nsec_t t)
{
    return (double)t / 1e9;
}

/* Saturates at NSEC_NEVER; `seconds` must not be NaN. */
nsec_t nsec_from_seconds(double seconds);
/* a + b for non-negative lengths b; NSEC_NEVER absorbs. */
nsec_t nsec_add(nsec_t a, nsec_t b);

#endif
