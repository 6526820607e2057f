#include "plan/rate_walk.h"

#include <math.h>

__extension__ typedef unsigned __int128 wide;

/* Of a workload that has no end. */
#define ENDLESS (INT64_C(1) << 61)

static bool
is_ramp(const struct plan_workload *workload)
{
    return workload->executor == EXECUTOR_RAMPING_RATE;
}

static size_t
stage_count(const struct plan_workload *workload)
{
    return is_ramp(workload) ? workload->stage_count : 1;
}

static nsec_t
stage_duration(const struct rate_walk *walk)
{
    const struct plan_workload *workload = walk->workload;
    if (is_ramp(workload))
        return workload->stages[walk->stage].duration;
    return workload->duration < ENDLESS ? workload->duration : ENDLESS;
}

static int64_t
scaled(const struct rate_walk *walk, struct plan_rate rate)
{
    return rate.count == 0 ? 0 : rate.count * (walk->period / rate.per);
}

/* c1 of the stage. */
static int64_t
stage_target(const struct rate_walk *walk)
{
    const struct plan_workload *workload = walk->workload;
    return is_ramp(workload)
               ? scaled(walk, workload->stages[walk->stage].target)
               : walk->count;
}

static rate_area
stage_area(const struct rate_walk *walk)
{
    return ((rate_area)walk->count + stage_target(walk)) * stage_duration(walk);
}

static void
next_stage(struct rate_walk *walk)
{
    walk->before += stage_area(walk);
    walk->begins += stage_duration(walk);
    walk->count = stage_target(walk);
    walk->stage++;
}

/* 0: there is none. */
static nsec_t
common_period(const struct plan_workload *workload)
{
    nsec_t period = workload->rate.per > 0 ? workload->rate.per : 1;
    for (size_t i = 0; is_ramp(workload) && i < workload->stage_count; i++) {
        nsec_t per = workload->stages[i].target.per;
        period = rate_common_period(period, per > 0 ? per : 1);
        if (period == 0)
            return 0;
    }
    return period;
}

bool
rate_walk_is_possible(const struct plan_workload *workload)
{
    return common_period(workload) > 0;
}

void
rate_walk_init(struct rate_walk *walk, const struct plan_workload *workload)
{
    *walk = (struct rate_walk){
        .workload = workload,
        .period = common_period(workload),
    };
    walk->count = scaled(walk, workload->rate);
}

rate_area
rate_walk_area(const struct rate_walk *walk, double runs)
{
    double whole = floor(runs);
    rate_area period = walk->period;
    return 2 * period * (rate_area)whole +
           (rate_area)(2 * (long double)walk->period *
                       (long double)(runs - whole));
}

/* a * x <= b * y, where the products have up to 192 bits. */
static bool
product_is_within(wide a, uint64_t x, wide b, uint64_t y)
{
    wide a_low = (wide)(uint64_t)a * x, b_low = (wide)(uint64_t)b * y;
    wide a_high = (wide)(uint64_t)(a >> 64) * x + (a_low >> 64);
    wide b_high = (wide)(uint64_t)(b >> 64) * y + (b_low >> 64);
    if (a_high != b_high)
        return a_high < b_high;
    return (uint64_t)a_low <= (uint64_t)b_low;
}

/* Is the area of the first x nanoseconds of the stage within `area`?
 * x (2 c0 D + (c1 - c0) x) <= area D */
static bool
is_within(const struct rate_walk *walk, rate_area area, nsec_t x)
{
    nsec_t duration = stage_duration(walk);
    rate_area slope = (rate_area)stage_target(walk) - walk->count;
    rate_area factor = 2 * (rate_area)walk->count * duration + slope * x;
    return product_is_within((wide)factor, (uint64_t)x, (wide)area,
                             (uint64_t)duration);
}

/* Right to some 64 bits, but near the end of a ramp to zero, where few of them
 * are left of a difference. */
static nsec_t
guess(const struct rate_walk *walk, rate_area area)
{
    nsec_t duration = stage_duration(walk);
    long double count = (long double)walk->count;
    long double slope = (long double)stage_target(walk) - count;
    long double square =
        count * count + slope * (long double)area / (long double)duration;
    long double divisor = count + sqrtl(square > 0 ? square : 0);
    long double x = divisor > 0 ? (long double)area / divisor : 0;
    return x >= (long double)duration ? duration : (nsec_t)x;
}

/* The last x of a slope that is within the area: from the guess outwards, then
 * inwards. */
static nsec_t
solve(const struct rate_walk *walk, rate_area area)
{
    nsec_t duration = stage_duration(walk);
    nsec_t low = guess(walk, area);
    nsec_t step = 1;
    while (low > 0 && !is_within(walk, area, low)) {
        low = low > step ? low - step : 0;
        step *= 2;
    }
    nsec_t high = low;
    for (step = 1; high < duration && is_within(walk, area, high); step *= 2) {
        low = high;
        high = duration - high > step ? high + step : duration;
    }
    while (high - low > 1) {
        nsec_t middle = low + (high - low) / 2;
        if (is_within(walk, area, middle))
            low = middle;
        else
            high = middle;
    }
    return low;
}

bool
rate_walk_to(struct rate_walk *walk, rate_area area, nsec_t *at)
{
    size_t count = stage_count(walk->workload);
    while (walk->stage < count && walk->before + stage_area(walk) <= area)
        next_stage(walk);
    if (walk->stage == count)
        return false;
    rate_area rest = area - walk->before;
    nsec_t x = stage_target(walk) == walk->count
                   ? (nsec_t)(rest / (2 * (rate_area)walk->count))
                   : solve(walk, rest);
    *at = walk->begins + x;
    return true;
}

int64_t
rate_walk_total(const struct plan_workload *workload)
{
    struct rate_walk walk;
    rate_walk_init(&walk, workload);
    while (walk.stage < stage_count(workload))
        next_stage(&walk);
    rate_area total = walk.before / (2 * (rate_area)walk.period);
    return total < INT64_MAX ? (int64_t)total : INT64_MAX;
}

/* The stage at `at`; false: it is after the last. */
static bool
walk_to_time(struct rate_walk *walk, const struct plan_workload *workload,
             nsec_t at)
{
    rate_walk_init(walk, workload);
    while (walk->stage < stage_count(workload) &&
           at - walk->begins >= stage_duration(walk))
        next_stage(walk);
    return walk->stage < stage_count(workload);
}

double
rate_walk_integral(const struct plan_workload *workload, nsec_t at)
{
    struct rate_walk walk;
    long double area = 0;
    if (at > 0 && walk_to_time(&walk, workload, at)) {
        long double x = (long double)(at - walk.begins);
        long double count = (long double)walk.count;
        long double slope = (long double)stage_target(&walk) - count;
        area =
            2 * count * x + slope * x * x / (long double)stage_duration(&walk);
    } else if (at <= 0) {
        return 0;
    }
    area += (long double)walk.before;
    return (double)(area / (2 * (long double)walk.period));
}

double
rate_walk_rate(const struct plan_workload *workload, nsec_t at)
{
    struct rate_walk walk;
    if (at < 0 || !walk_to_time(&walk, workload, at))
        return 0;
    double part = (double)(at - walk.begins) / (double)stage_duration(&walk);
    double count = (double)walk.count +
                   part * ((double)stage_target(&walk) - (double)walk.count);
    return count / nsec_to_seconds(walk.period);
}
