#include "engine/health.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "stats/hist.h"

/* Counting descriptors reads a directory: not at every tick. */
#define SAMPLES_PER_COUNT 8

struct health {
    nsec_t cpu_at_start;
    struct hist *turns;
    uint64_t fds;
    unsigned samples;
};

struct health *
health_create(void)
{
    struct health *health = xmalloc(sizeof(*health));
    *health = (struct health){
        .cpu_at_start = clock_process_cpu(),
        .turns = hist_create(),
    };
    return health;
}

void
health_destroy(struct health *health)
{
    if (!health)
        return;
    hist_destroy(health->turns);
    free(health);
}

static uint64_t
count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return 0;
    uint64_t count = 0;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 3; /* ".", ".." and the directory itself */
}

void
health_sample(struct health *health, nsec_t turn)
{
    hist_record(health->turns, turn);
    if (health->samples++ % SAMPLES_PER_COUNT != 0)
        return;
    uint64_t fds = count_descriptors();
    if (fds > health->fds)
        health->fds = fds;
}

void
health_report(const struct health *health, nsec_t duration,
              struct result_generator *out)
{
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    nsec_t cpu = clock_process_cpu() - health->cpu_at_start;
    /* Real work over a virtual length of time says nothing. */
    bool comparable = duration > 0 && !clock_is_virtual();
    *out = (struct result_generator){
        .cpu = comparable ? (double)cpu / (double)duration : 0,
        .loop_lag_p99 = hist_percentile(health->turns, 99),
        .loop_lag_max = hist_max(health->turns),
        .max_rss = (uint64_t)usage.ru_maxrss * 1024,
        .fds = health->fds,
    };
}

uint64_t
health_raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}
