#include "engine/health.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "stats/hist.h"

/* How often it is looked how late the loop is. */
#define PROBE (10 * NSEC_PER_MSEC)
/* Counting descriptors one by one may take this part of the time. */
#define COUNT_PART 500

/* What the clocks said when a stretch of time began. */
struct mark {
    nsec_t real, thread_cpu, process_cpu, waited;
};

struct health {
    struct mark start, last;
    unsigned long long idle_ticks; /* of the machine */
    nsec_t idle_at;                /* when; 0: never looked */
    struct loop *loop;             /* NULL: it is not watched */
    struct busy_poll_time idle;    /* the loop's, when it was last asked */
    struct timer probe;
    nsec_t probe_due;
    struct hist *lag, *lag_before, *lag_change;
    uint64_t fds, most_fds;
    nsec_t next_count; /* of the descriptors */
};

/* How long this thread was ready while another had the core; below 0: the
 * system does not tell. */
static nsec_t
read_waited(void)
{
    unsigned long long ran = 0, waited = 0;
    FILE *file = fopen("/proc/thread-self/schedstat", "re");
    if (file == NULL)
        return -1;
    int found = fscanf(file, "%llu %llu", &ran, &waited);
    fclose(file);
    return found == 2 ? (nsec_t)waited : -1;
}

/* Looking for events instead of sleeping is time that the loop has left. */
static struct mark
take_mark(struct health *health)
{
    if (health->loop != NULL)
        health->idle = loop_busy_poll_time(health->loop);
    struct busy_poll_time idle = health->idle;
    nsec_t waited = read_waited();
    return (struct mark){
        .real = clock_real_now(),
        .thread_cpu = clock_thread_cpu() - idle.cpu,
        .process_cpu = clock_process_cpu(),
        .waited = waited < 0 ? NSEC_NEVER : waited - (idle.elapsed - idle.cpu),
    };
}

static double
share(nsec_t from, nsec_t to, nsec_t length)
{
    return length > 0 && to > from ? (double)(to - from) / (double)length : 0;
}

/* The system may not tell for how long a thread has waited. */
static double
share_waited(const struct mark *from, const struct mark *to, nsec_t length)
{
    if (from->waited == NSEC_NEVER || to->waited == NSEC_NEVER)
        return -1;
    return share(from->waited, to->waited, length);
}

struct health *
health_create(void)
{
    struct health *health = xmalloc(sizeof(*health));
    *health = (struct health){
        .lag = hist_create(),
        .lag_before = hist_create(),
        .lag_change = hist_create(),
    };
    health->start = health->last = take_mark(health);
    return health;
}

void
health_destroy(struct health *health)
{
    if (!health)
        return;
    hist_destroy(health->lag);
    hist_destroy(health->lag_before);
    hist_destroy(health->lag_change);
    free(health);
}

/* --- lag --- */

/* A probe that comes late has kept others from coming at all: each of them
 * counts with the time that it would have had to wait. */
static void
record_lag(struct health *health, nsec_t now)
{
    for (; health->probe_due <= now; health->probe_due += PROBE)
        hist_record(health->lag, now - health->probe_due);
}

static void
on_probe(struct timer *timer)
{
    struct health *health = container_of(timer, struct health, probe);
    nsec_t now = clock_now();
    record_lag(health, now);
    health->probe_due = nsec_add(now, PROBE);
    timer_start(timer, health->probe_due);
}

void
health_start(struct health *health, struct loop *loop)
{
    if (clock_is_virtual())
        return;
    health->loop = loop;
    timer_init(&health->probe, loop, on_probe);
    health->probe_due = nsec_add(clock_now(), PROBE);
    timer_start(&health->probe, health->probe_due);
}

void
health_stop(struct health *health)
{
    if (health->loop == NULL)
        return;
    timer_stop(&health->probe);
    health->idle = loop_busy_poll_time(health->loop);
    health->loop = NULL;
}

/* --- descriptors and memory --- */

static uint64_t
count_one_by_one(void)
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

/* Linux from 6.2 on tells the number as the size of the directory; before that,
 * reading it may take as long as many requests. */
static void
count_descriptors(struct health *health)
{
    struct stat status;
    nsec_t begin = clock_real_now();
    if (stat("/proc/self/fd", &status) == 0 && status.st_size > 0) {
        health->fds = (uint64_t)status.st_size;
    } else if (begin >= health->next_count) {
        health->fds = count_one_by_one();
        nsec_t end = clock_real_now();
        health->next_count = nsec_add(end, COUNT_PART * (end - begin));
    }
    if (health->fds > health->most_fds)
        health->most_fds = health->fds;
}

uint64_t
health_rss(void)
{
    unsigned long long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    int found = fscanf(file, "%llu %llu", &size, &resident);
    fclose(file);
    return found == 2 ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* --- the machine --- */

static unsigned long long
read_idle_ticks(void)
{
    unsigned long long idle = 0;
    FILE *file = fopen("/proc/stat", "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "cpu %*u %*u %*u %llu", &idle) != 1)
        idle = 0;
    fclose(file);
    return idle;
}

static double
count_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return CPU_COUNT(&set);
    return (double)sysconf(_SC_NPROCESSORS_ONLN);
}

double
health_idle_cores(struct health *health, double used)
{
    unsigned long long before = health->idle_ticks;
    nsec_t from = health->idle_at;
    health->idle_ticks = read_idle_ticks();
    health->idle_at = clock_real_now();
    if (from == 0 || before == 0 || health->idle_ticks < before ||
        health->idle_at <= from)
        return 0;
    double seconds =
        (double)(health->idle_ticks - before) / (double)sysconf(_SC_CLK_TCK);
    double idle = seconds / nsec_to_seconds(health->idle_at - from);
    double left = count_processors() - used;
    return left < 0 ? 0 : idle < left ? idle : left;
}

/* --- samples --- */

void
health_begin(struct health *health)
{
    health->start = health->last = take_mark(health);
    hist_destroy(health->lag);
    hist_destroy(health->lag_before);
    health->lag = hist_create();
    health->lag_before = hist_create();
    if (health->loop != NULL)
        loop_take_max_turn(health->loop);
}

struct generator_sample
health_take(struct health *health, nsec_t at)
{
    struct mark mark = take_mark(health);
    const struct mark *last = &health->last;
    if (health->loop != NULL)
        record_lag(health, mark.real);
    nsec_t length = mark.real - last->real;
    hist_set_difference(health->lag_change, health->lag, health->lag_before);
    hist_merge(health->lag_before, health->lag_change);
    nsec_t lag_max = hist_max(health->lag_change);
    nsec_t turn = health->loop ? loop_take_max_turn(health->loop) : 0;
    count_descriptors(health);
    struct generator_sample sample = {
        .at = at,
        .length = length,
        .cpu = share(last->thread_cpu, mark.thread_cpu, length),
        .cpu_wait = share_waited(last, &mark, length),
        .cpu_all = share(last->process_cpu, mark.process_cpu, length),
        .lag_p50 = hist_percentile(health->lag_change, 50),
        .lag_p99 = hist_percentile(health->lag_change, 99),
        .lag_max = lag_max > turn ? lag_max : turn,
        .fds = health->fds,
        .rss = health_rss(),
    };
    health->last = mark;
    return sample;
}

void
health_report(const struct health *health, struct result_generator *out)
{
    const struct mark *start = &health->start, *last = &health->last;
    nsec_t length = last->real - start->real;
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    *out = (struct result_generator){
        .cpu = share(start->process_cpu, last->process_cpu, length),
        .cpu_loop = share(start->thread_cpu, last->thread_cpu, length),
        .cpu_wait = share_waited(start, last, length),
        .loop_lag_p50 = hist_percentile(health->lag, 50),
        .loop_lag_p99 = hist_percentile(health->lag, 99),
        .loop_lag_max = hist_max(health->lag),
        .max_rss = (uint64_t)usage.ru_maxrss * 1024,
        .fds = health->most_fds,
        .fds_limit = limit.rlim_cur,
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
