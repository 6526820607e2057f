#include "base/clock.h"

#include <time.h>

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
    return read_clock(CLOCK_MONOTONIC);
}

nsec_t
clock_process_cpu(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
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
