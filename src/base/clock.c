#include "base/clock.h"

#include <assert.h>
#include <stdatomic.h>
#include <time.h>

/* Where virtual time begins: no other number, so that equal runs are equal to
 * the last bit, and not 0, which often means "not yet". */
#define VIRTUAL_START NSEC_PER_SEC

static atomic_llong virtual_now; /* 0: time is real */

static nsec_t
read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (nsec_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

nsec_t
clock_now(void)
{
    nsec_t now = atomic_load_explicit(&virtual_now, memory_order_relaxed);
    return now != 0 ? now : read_clock(CLOCK_MONOTONIC);
}

nsec_t
clock_real_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void
clock_make_virtual(void)
{
    assert(!clock_is_virtual());
    atomic_store(&virtual_now, VIRTUAL_START);
}

bool
clock_is_virtual(void)
{
    return atomic_load_explicit(&virtual_now, memory_order_relaxed) != 0;
}

void
clock_advance(nsec_t at)
{
    assert(clock_is_virtual());
    if (at > clock_now())
        atomic_store_explicit(&virtual_now, at, memory_order_relaxed);
}

nsec_t
clock_process_cpu(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

nsec_t
clock_thread_cpu(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void
clock_wall_iso8601(char *out, size_t size)
{
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    if (size > 0 && strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        out[0] = '\0';
}

nsec_t
nsec_from_seconds(double seconds)
{
    double t = seconds * 1e9;
    /* 2^63 itself is a double, the largest int64 is not. */
    if (t >= 0x1p63)
        return NSEC_NEVER;
    if (t <= -0x1p63)
        return -NSEC_NEVER;
    return (nsec_t)(t < 0 ? t - 0.5 : t + 0.5);
}

nsec_t
nsec_add(nsec_t a, nsec_t b)
{
    nsec_t sum;
    if (a == NSEC_NEVER || b == NSEC_NEVER ||
        __builtin_add_overflow(a, b, &sum))
        return NSEC_NEVER;
    return sum;
}
