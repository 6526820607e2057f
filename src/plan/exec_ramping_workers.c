#include <stddef.h>

#include "plan/executor.h"

/* A number of workers that follows straight lines. Worker i is wanted while
 * the line is above i, so that the first worker of a ramp starts with it and
 * the last of a ramp down leaves at its end: on the way from a to b within D
 * the worker i >= a comes after (i - a) D / (b - a), on the way down i goes
 * after (a - i) D / (a - b), both rounded down. */

/* A stage, as it looks from its beginning. */
struct line {
    nsec_t begins, duration;
    int64_t from, to;
};

static struct line
first_line(const struct plan_workload *workload)
{
    return (struct line){.to = workload->workers_at_start};
}

static bool
next_line(const struct plan_workload *workload, size_t i, struct line *line)
{
    if (i >= workload->stage_count)
        return false;
    const struct plan_stage *stage = &workload->stages[i];
    *line = (struct line){
        .begins = line->begins + line->duration,
        .duration = stage->duration,
        .from = line->to,
        .to = stage->target.count,
    };
    return true;
}

__extension__ typedef __int128 wide;

static nsec_t
share(nsec_t duration, int64_t number, int64_t of)
{
    return (nsec_t)((wide)duration * number / of);
}

/* A time of being wanted; `begins` NSEC_NEVER: none. */
struct span {
    nsec_t begins, ends; /* ends NSEC_NEVER: not yet known to end */
};

static bool
is_over(const struct span *span, nsec_t now)
{
    return span->begins == NSEC_NEVER || span->ends <= now ||
           span->ends <= span->begins;
}

/* When the worker, who is not wanted, comes on this line. */
static nsec_t
comes_at(const struct line *line, int32_t index)
{
    if (line->duration == 0)
        return line->begins;
    return line->begins +
           share(line->duration, index - line->from, line->to - line->from);
}

static nsec_t
goes_at(const struct line *line, int32_t index)
{
    if (line->duration == 0)
        return line->begins;
    return line->begins +
           share(line->duration, line->from - index, line->from - line->to);
}

/* The first span that is not over at `now`; false: there is none. */
static bool
find_span(const struct plan_workload *workload, int32_t index, nsec_t now,
          struct span *out)
{
    struct span span = {NSEC_NEVER, NSEC_NEVER};
    if (workload->workers_at_start > index)
        span.begins = 0;
    struct line line = first_line(workload);
    for (size_t i = 0; next_line(workload, i, &line); i++) {
        bool wanted = span.begins != NSEC_NEVER && span.ends == NSEC_NEVER;
        if (wanted && line.to <= index) {
            span.ends = goes_at(&line, index);
        } else if (!wanted && line.to > index) {
            nsec_t at = comes_at(&line, index);
            /* Gone and back at the same moment is staying. */
            if (span.begins != NSEC_NEVER && span.ends == at) {
                span.ends = NSEC_NEVER;
                continue;
            }
            if (!is_over(&span, now))
                break;
            span = (struct span){at, NSEC_NEVER};
        }
    }
    if (is_over(&span, now) || span.begins >= workload->duration)
        return false;
    *out = span;
    return true;
}

static struct executor_due
next_run(const struct plan_workload *workload,
         const struct executor_state *state, int32_t index, int64_t runs_done,
         nsec_t now)
{
    struct span span;
    if (now >= workload->duration || !find_span(workload, index, now, &span))
        return (struct executor_due){EXECUTOR_OVER, 0};
    return executor_from(span.begins, now);
}

static nsec_t
leaves_at(const struct plan_workload *workload, int32_t index, nsec_t now)
{
    struct span span;
    if (!find_span(workload, index, now, &span) ||
        span.ends >= workload->duration)
        return NSEC_NEVER;
    return span.ends;
}

static int64_t
workers_on(const struct line *line, nsec_t x)
{
    int64_t difference =
        line->to > line->from ? line->to - line->from : line->from - line->to;
    if (difference == 0 || line->duration == 0)
        return line->to;
    /* Of those who come or go, the ones whose time is at most x. */
    int64_t reached =
        (int64_t)((((wide)x + 1) * difference - 1) / line->duration);
    if (line->to > line->from)
        return line->from + (reached < difference ? reached + 1 : difference);
    return line->from - (reached < difference ? reached : difference);
}

static int32_t
workers_at(const struct plan_workload *workload, nsec_t now)
{
    struct line line = first_line(workload);
    if (now < 0)
        return 0;
    for (size_t i = 0; next_line(workload, i, &line); i++)
        if (now - line.begins < line.duration)
            return (int32_t)workers_on(&line, now - line.begins);
    return 0;
}

const struct executor_ops exec_ramping_workers = {
    .type = EXECUTOR_RAMPING_WORKERS,
    .name = "ramping_workers",
    .next_run = next_run,
    .leaves_at = leaves_at,
    .workers_at = workers_at,
};
