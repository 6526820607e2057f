#include "hub/deadlock.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/gate.h"
#include "hub/hub_internal.h"
#include "hub/report.h"
#include "hub/round.h"
#include "hub/var.h"
#include "hub/wait.h"

#define BREAK_INTERVAL (100 * NSEC_PER_MSEC)
#define BREAKS_IN_A_ROW 3

static bool
is_of_interest(const struct hub *hub)
{
    return !hub->draining && !hub->deadlocked;
}

/* Tells of a deadlock of these waits and answers `victims` of them, or leaves
 * them for the end of the run. False: it is too soon to break another one. */
static bool
declare(struct hub *hub, const char *heading, struct wait **waits, size_t count,
        size_t victims)
{
    bool stop = hub->config.on_deadlock_do == HUB_DEADLOCK_STOP ||
                hub->broken_in_a_row >= BREAKS_IN_A_ROW;
    if (!stop && hub->broken_in_a_row > 0 &&
        hub->now - hub->broken_at < BREAK_INTERVAL) {
        hub->recheck_at = hub->broken_at + BREAK_INTERVAL;
        return false;
    }
    struct buf text = {0};
    buf_append_str(&text, heading);
    report_waits(hub, (const struct wait *const *)waits, count, &text);
    if (stop)
        hub->deadlocked = true;
    if (hub->config.on_deadlock)
        hub->config.on_deadlock(hub->config.data, text.data, stop);
    if (!stop) {
        hub->broken_at = hub->now;
        hub->broken_in_a_row++;
        for (size_t i = 0; i < victims; i++)
            wait_refuse(hub, waits[i], HUB_DEADLOCK, text.data, HUB_GLOBAL);
    }
    buf_finish(&text);
    return true;
}

/* --- cycles of known owners --- */

/* The wait of the task that `wait` waits for, if that one waits for one known
 * owner in its turn and nothing but its end will end it. */
static struct wait *
next_in_chain(const struct wait *wait)
{
    if (!wait->ops->owner || wait->own_timeout)
        return NULL;
    const struct holding *holding = wait->ops->owner(wait);
    return holding->member ? wait_find(holding->member, holding->task) : NULL;
}

static size_t
cycle_length(const struct hub *hub, const struct wait *wait)
{
    size_t length = 1;
    const struct wait *at = next_in_chain(wait);
    for (; at && at != wait; at = next_in_chain(at))
        if (++length > hub->wait_count)
            return 0; /* a cycle that this one only leads to */
    return at ? length : 0;
}

void
deadlock_judge_cycle(struct hub *hub, struct wait *wait)
{
    if (!is_of_interest(hub))
        return;
    size_t length = cycle_length(hub, wait);
    if (length == 0)
        return;
    struct wait **waits = xcalloc(length, sizeof(struct wait *));
    for (size_t i = 0; i < length; i++) {
        waits[i] = wait;
        wait = next_in_chain(wait);
    }
    declare(hub,
            "deadlock: each of these waits for the next one, and the last "
            "for the first\n",
            waits, length, 1);
    free(waits);
}

/* --- everybody waits --- */

static bool
declare_all(struct hub *hub, const struct cohort *cohort)
{
    struct wait **waits = xcalloc(hub->wait_count, sizeof(struct wait *));
    size_t count = 0;
    list_for_each (it, &hub->waits) {
        struct wait *wait = container_of(it, struct wait, by_hub);
        if (!cohort || wait->member->cohort == cohort)
            waits[count++] = wait;
    }
    struct buf heading = {0};
    if (cohort)
        buf_printf(&heading,
                   "deadlock: all workers of workload '%s' wait for each "
                   "other\n",
                   cohort->workload);
    else
        buf_append_str(&heading, "deadlock: all workers wait for each other\n");
    bool done = declare(hub, heading.data, waits, count, count);
    buf_finish(&heading);
    free(waits);
    return done;
}

void
deadlock_judge_cohort(struct hub *hub, struct cohort *cohort)
{
    if (!is_of_interest(hub) || cohort->stuck_count == 0)
        return;
    /* Those to start, or between runs, are not stuck. */
    int32_t live = cohort->size - cohort->counts[MEMBER_ENDED];
    if (cohort->stuck_count + cohort->gated_count < live)
        return;
    if (cohort->gated_count > 0) {
        gate_open_lowest(hub, cohort);
        return;
    }
    int64_t step = rounds_lowest_passed(cohort);
    if (step >= 0)
        rounds_break_passed(hub, cohort, step);
    else
        declare_all(hub, cohort);
}

static bool
break_lowest_passed(struct hub *hub)
{
    int64_t lowest = -1;
    for (size_t i = 0; i < hub->cohort_count; i++) {
        int64_t step = rounds_lowest_passed(hub->cohorts[i]);
        if (step >= 0 && (lowest < 0 || step < lowest))
            lowest = step;
    }
    if (lowest < 0)
        return false;
    for (size_t i = 0; i < hub->cohort_count; i++)
        rounds_break_passed(hub, hub->cohorts[i], lowest);
    return true;
}

bool
deadlock_judge_all(struct hub *hub)
{
    if (!is_of_interest(hub) || hub->wait_count == 0 ||
        hub->own_timeout_count > 0)
        return false;
    return break_lowest_passed(hub) || declare_all(hub, NULL);
}

void
deadlock_recheck(struct hub *hub)
{
    hub->recheck_at = NSEC_NEVER;
    for (size_t i = 0; i < hub->cohort_count; i++)
        deadlock_judge_cohort(hub, hub->cohorts[i]);
    list_for_each (it, &hub->waits) {
        if (hub->recheck_at != NSEC_NEVER || !is_of_interest(hub))
            return;
        deadlock_judge_cycle(hub, container_of(it, struct wait, by_hub));
    }
}
