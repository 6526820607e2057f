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
#define ROOMS_TOLD 20

static bool
is_of_interest(const struct hub *hub)
{
    return !hub->draining && !hub->deadlocked;
}

enum victims { NO_VICTIM, ONE_VICTIM, ALL_VICTIMS };

/* Tells of a deadlock of these waits and answers `victims` of them, or leaves
 * them for the end of the run. False: it is too soon to break another one. */
static bool
declare(struct hub *hub, const char *heading, struct wait **waits, size_t count,
        enum victims victims)
{
    bool stop = hub->config.on_deadlock_do == HUB_DEADLOCK_STOP ||
                victims == NO_VICTIM || hub->broken_in_a_row >= BREAKS_IN_A_ROW;
    if (!stop && hub->now < hub->next_break) {
        hub->recheck_at = hub->next_break;
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
        hub->next_break = hub->now + BREAK_INTERVAL;
        hub->broken_in_a_row++;
        /* The end of one may have been what another one waited for. */
        for (size_t i = 0; i < (victims == ONE_VICTIM ? 1 : count); i++)
            if (!waits[i]->over)
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
    struct hub_task task;
    return wait->ops->owner(wait, &task) ? wait_find(task.member, task.task)
                                         : NULL;
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

/* True if it was one and was told of. */
static bool
judge_cycle(struct hub *hub, struct wait *wait)
{
    size_t length = cycle_length(hub, wait);
    if (length == 0)
        return false;
    struct wait **waits = xcalloc(length, sizeof(struct wait *));
    /* The first one is the victim: one that can end without what it waits for,
     * the one that closed the cycle if it can. */
    enum victims victims = NO_VICTIM;
    for (size_t i = 0; i < length && victims == NO_VICTIM; i++) {
        if (!wait->ops->postpone)
            victims = ONE_VICTIM;
        else
            wait = next_in_chain(wait);
    }
    for (size_t i = 0; i < length; i++) {
        waits[i] = wait;
        wait = next_in_chain(wait);
    }
    bool done = declare(hub,
                        "deadlock: each of these waits for the next one, and "
                        "the last for the first\n",
                        waits, length, victims);
    free(waits);
    return done;
}

void
deadlock_judge_cycle(struct hub *hub, struct wait *wait)
{
    if (is_of_interest(hub))
        judge_cycle(hub, wait);
}

/* --- everybody waits --- */

static void
head_cohort(const struct cohort *cohort, struct buf *out)
{
    buf_append_str(out, "deadlock: all workers of ");
    if (cohort->room != HUB_NO_ROOM)
        buf_printf(out, "room %" PRId32 " of ", cohort->room - 1);
    buf_printf(out, "workload '%s' wait for each other\n", cohort->workload);
    gate_tell(cohort, out);
}

static void
head_all(const struct hub *hub, struct buf *out)
{
    int told = 0;
    buf_append_str(out, "deadlock: all workers wait for each other\n");
    for (size_t i = 0; i < hub->cohort_count && told < ROOMS_TOLD; i++)
        told += gate_tell(hub->cohorts[i], out);
}

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
        head_cohort(cohort, &heading);
    else
        head_all(hub, &heading);
    bool done = declare(hub, heading.data, waits, count, ALL_VICTIMS);
    buf_finish(&heading);
    free(waits);
    return done;
}

/* Those that have gone home cannot help; teardowns come last. */
static void
stop_cohort(struct hub *hub, const struct cohort *cohort)
{
    int32_t first = cohort->first_worker, size = cohort->size;
    if (!hub_stop_workers(hub, first, size, false, hub->now))
        hub_stop_workers(hub, first, size, true, hub->now);
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
    if (cohort->draining) {
        stop_cohort(hub, cohort);
        return;
    }
    /* Who is held back in a room waits for those that are stuck. */
    if (cohort->gated_count > 0 && cohort->room == HUB_NO_ROOM) {
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
    if (!is_of_interest(hub))
        return;
    list_for_each (it, &hub->waits) {
        if (hub->recheck_at != NSEC_NEVER)
            return;
        if (judge_cycle(hub, container_of(it, struct wait, by_hub))) {
            /* The list has changed; the others are looked at later. */
            hub->recheck_at = hub->now + BREAK_INTERVAL;
            return;
        }
    }
}
