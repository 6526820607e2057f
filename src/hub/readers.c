#include "hub/readers.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/hub_internal.h"
#include "hub/round.h"
#include "hub/wait.h"

struct readers {
    struct round *last;   /* written at or before the caller's place */
    struct round *before; /* last written of the step before the caller's */
    int32_t pending;      /* members that are behind */
    uint64_t behind[];
};

static bool
is_behind(const struct wait *wait, const struct readers *readers,
          const struct member *m)
{
    if (readers->last && !round_is_done(readers->last, m))
        return true;
    return wait->step >= 2 && m->over < wait->step - 1 &&
           !(readers->before && round_is_read(readers->before, m));
}

static bool
is_served(const struct wait *wait)
{
    const struct readers *readers = wait->readers;
    int32_t enough = wait->notifier->lockstep.object.options.readers;
    return readers->pending == 0 ||
           (enough > 0 && readers->last && readers->last->read_count >= enough);
}

/* A member is waited for that has not begun this step. */
static int64_t
threshold_of(const struct wait *wait)
{
    int64_t threshold = wait->step >= 2 ? wait->step - 1 : -1;
    const struct round *last = wait->readers->last;
    return last && last->at.step > threshold ? last->at.step : threshold;
}

static void
scan(struct hub *hub, struct wait *wait)
{
    struct readers *readers = wait->readers;
    const struct cohort *cohort = wait->notifier->lockstep.cohort;
    readers->pending = 0;
    for (int32_t i = 0; i < cohort->size; i++) {
        const struct member *m = &cohort->members[i];
        uint64_t bit = UINT64_C(1) << (i % 64);
        readers->behind[i / 64] &= ~bit;
        if (m == wait->member || !is_behind(wait, readers, m))
            continue;
        readers->behind[i / 64] |= bit;
        readers->pending++;
    }
    hub->effort += (uint64_t)cohort->size;
}

/* --- the wait --- */

static void
leave(struct wait *wait)
{
    struct notifier *notifier = wait->notifier;
    list_remove(&wait->queue);
    free(wait->readers);
    wait->readers = NULL;
    lockstep_place(&notifier->lockstep, wait->member)->wait = NULL;
    notifier->lockstep.wait_count--;
    if (list_empty(&notifier->read_waits))
        list_remove(&notifier->by_read_waited);
}

static void
withdraw(struct hub *hub, struct wait *wait, bool consumed)
{
    leave(wait);
}

static void
tell_what(const struct wait *wait, struct buf *out)
{
    const struct round *last = wait->readers->last;
    if (last) {
        buf_printf(out, "round %" PRId64 " of ", last->at.n);
        step_describe(last->at.step, out);
        buf_append_str(out, " not read by all");
    } else {
        buf_append_str(out, "the step before ");
        step_describe(wait->step, out);
        buf_append_str(out, " not ended by all");
    }
}

static void
tell_missing(struct hub *hub, const struct wait *wait, struct buf *out)
{
    const struct cohort *cohort = wait->notifier->lockstep.cohort;
    buf_append_str(out, "missing: ");
    struct roll roll = {.out = out};
    for (int32_t i = 0; i < cohort->size; i++)
        if (wait->readers->behind[i / 64] >> (i % 64) & 1)
            roll_add(&roll, &cohort->members[i]);
    roll_end(&roll);
}

static const struct wait_ops readers_wait_ops = {
    .name = "wait_for_readers",
    .object = HUB_NOTIFIER,
    .lockstep = true,
    .withdraw = withdraw,
    .tell_what = tell_what,
    .tell_missing = tell_missing,
};

static void
grant_if_served(struct hub *hub, struct wait *wait)
{
    if (!is_served(wait))
        return;
    const struct round *last = wait->readers->last;
    struct hub_reply reply = {
        .status = HUB_GRANTED,
        .round = last ? last->at.n : 0,
    };
    leave(wait);
    wait_grant(hub, wait, &reply);
}

void
readers_wait(struct hub *hub, struct notifier *notifier, struct member *member,
             const struct hub_op *op)
{
    struct place *place = lockstep_place(&notifier->lockstep, member);
    struct wait *wait = wait_begin(hub, member, op, &readers_wait_ops,
                                   notifier->lockstep.object.name);
    size_t words = ((size_t)notifier->lockstep.cohort->size + 63) / 64;
    wait->notifier = notifier;
    wait->step = place->step;
    wait->n = op->round > 0 ? op->round : place->used;
    wait->readers = xcalloc(1, sizeof(*wait->readers) +
                                   words * sizeof(wait->readers->behind[0]));
    wait->readers->last =
        round_last_written(notifier, wait->step, wait->n, false);
    if (wait->step >= 2)
        wait->readers->before =
            round_last_written(notifier, wait->step - 1, INT64_MAX, true);
    scan(hub, wait);
    if (list_empty(&notifier->read_waits))
        list_append(&notifier->lockstep.cohort->read_waited,
                    &notifier->by_read_waited);
    list_append(&notifier->read_waits, &wait->queue);
    notifier->lockstep.wait_count++;
    place->wait = wait;
    if (is_served(wait)) {
        grant_if_served(hub, wait);
    } else if (op->timeout == 0) {
        wait_time_out(hub, wait);
    } else {
        wait_arm(
            hub, wait, op,
            cohort_clock(hub, notifier->lockstep.cohort, threshold_of(wait)));
    }
}

/* --- events --- */

void
readers_serve(struct hub *hub, struct notifier *notifier)
{
    list_for_each (it, &notifier->read_waits)
        grant_if_served(hub, container_of(it, struct wait, queue));
}

void
readers_update(struct hub *hub, struct notifier *notifier,
               const struct member *member)
{
    int32_t i = member_index(member);
    uint64_t bit = UINT64_C(1) << (i % 64);
    list_for_each (it, &notifier->read_waits) {
        struct wait *wait = container_of(it, struct wait, queue);
        uint64_t *word = &wait->readers->behind[i / 64];
        hub->effort++;
        if ((*word & bit) && !is_behind(wait, wait->readers, member)) {
            *word &= ~bit;
            wait->readers->pending--;
        }
        grant_if_served(hub, wait);
    }
}

void
readers_update_all(struct hub *hub, const struct member *member)
{
    list_for_each (it, &member->cohort->read_waited)
        readers_update(hub, container_of(it, struct notifier, by_read_waited),
                       member);
}

void
readers_round_written(struct hub *hub, struct notifier *notifier,
                      struct round *round)
{
    list_for_each (it, &notifier->read_waits) {
        struct wait *wait = container_of(it, struct wait, queue);
        struct readers *readers = wait->readers;
        const struct round *last =
            round_last_written(notifier, wait->step, wait->n, false);
        bool changed = false;
        if (last == round && readers->last != round) {
            readers->last = round;
            changed = true;
        }
        if (round->at.step == wait->step - 1 && wait->step >= 2 &&
            (!readers->before || readers->before->at.n < round->at.n)) {
            readers->before = round;
            changed = true;
        }
        if (!changed)
            continue;
        scan(hub, wait);
        wait_rearm(
            hub, wait,
            cohort_clock(hub, notifier->lockstep.cohort, threshold_of(wait)));
        grant_if_served(hub, wait);
    }
}

void
readers_forget_round(struct notifier *notifier, const struct round *round)
{
    list_for_each (it, &notifier->read_waits) {
        struct readers *readers = container_of(it, struct wait, queue)->readers;
        if (readers->last == round)
            readers->last = NULL;
        if (readers->before == round)
            readers->before = NULL;
    }
}
