/* Who has passed which round, and rounds that will not be written. */
#include <inttypes.h>
#include <stdlib.h>

#include "hub/hub_internal.h"
#include "hub/readers.h"
#include "hub/round_internal.h"
#include "hub/wait.h"
#include "stats/recorder.h"

/* One member less could write it. */
static void
bar(struct round *round)
{
    round->barred_count++;
    free(round->missing);
    round->missing = NULL;
}

/* May free an unwritten round that it breaks, or a written one. */
static void
pass(struct hub *hub, struct round *round, struct member *member)
{
    hub->effort++;
    if (round_set_bit(round->bits, member_index(member))) {
        round->done_count++;
        if (round->written) {
            if (hub->config.recorder)
                recorder_coord_event(
                    hub->config.recorder, hub_object_type_name(HUB_NOTIFIER),
                    round->notifier->lockstep.object.name, COORD_MISSED);
        } else if (!round->culprit ||
                   (lockstep_has_failed(&round->at, member) &&
                    !lockstep_has_failed(&round->at, round->culprit))) {
            round->culprit = member;
        }
    }
    if (round->written)
        round_end_if_all_done(hub, round);
    else if (round_is_lost(round))
        round_break(hub, round);
}

void
round_advance(struct hub *hub, struct notifier *notifier, struct member *member,
              struct place *place, int64_t n)
{
    int64_t used = place->used, reached = place->reached;
    int64_t step = place->step;
    place->used = n;
    if (n > reached)
        place->reached = n;
    int64_t from = used + 1 < reached ? used + 1 : reached;
    const struct lockstep *lockstep = &notifier->lockstep;
    struct lockstep_round *next =
        lockstep_round_at_or_after(lockstep, step, from);
    while (next && next->step == step && next->n <= n) {
        struct round *round = container_of(next, struct round, at);
        int64_t at = next->n;
        if (!round->written && at > used)
            bar(round);
        if (at < n && at >= reached)
            pass(hub, round, member);
        else if (at < n && !round->written && round_is_lost(round))
            round_break(hub, round);
        next = lockstep_round_at_or_after(lockstep, step, at + 1);
    }
}

void
round_give_back(struct notifier *notifier, struct place *place, int64_t step,
                int64_t n)
{
    if (place->step != step || place->used != n)
        return;
    place->used = n - 1;
    struct round *round = round_find(notifier, step, n);
    if (round && !round->written)
        round->barred_count--;
}

/* --- rounds that will not be written --- */

bool
round_is_lost(const struct round *round)
{
    return !round->written && !list_empty(&round->waiters) &&
           round->done_count > 0 &&
           round->barred_count == round->notifier->lockstep.cohort->size;
}

static void
tell_broken(const struct round *round, struct buf *out)
{
    const struct cohort *cohort = round->notifier->lockstep.cohort;
    const struct member *first = round->culprit;
    object_describe(&round->notifier->lockstep.object, out);
    buf_printf(out, ": round %" PRId64 " of ", round->at.n);
    step_describe(round->at.step, out);
    buf_append_str(out, " will not be written; passed by ");
    struct roll roll = {.out = out};
    roll_add(&roll, first);
    for (int32_t i = 0; i < cohort->size; i++)
        if (round_has_bit(round->bits, i) && &cohort->members[i] != first)
            roll_add(&roll, &cohort->members[i]);
    roll_end(&roll);
    if (lockstep_has_failed(&round->at, first))
        buf_printf(out, "; worker %" PRId32 " had failed: %s", first->id,
                   first->error);
}

void
round_break(struct hub *hub, struct round *round)
{
    struct buf text = {0};
    tell_broken(round, &text);
    int32_t culprit = round->culprit->id;
    round->held = true;
    struct wait *wait;
    while ((wait = wait_first(&round->waiters)))
        wait_refuse(hub, wait, HUB_BROKEN, text.data, culprit);
    round->held = false;
    buf_finish(&text);
    round_release(hub, round);
}

void
round_tell_writers(struct hub *hub, const struct round *round, struct buf *out)
{
    const struct cohort *cohort = round->notifier->lockstep.cohort;
    struct roll writers = {.out = out};
    for (int32_t i = 0; i < cohort->size; i++) {
        const struct member *m = &cohort->members[i];
        if (!round_may_be_written_by(round, m))
            continue;
        if (writers.count == 0)
            buf_append_str(out, "missing: ");
        roll_add(&writers, m);
    }
    roll_end(&writers);
    if (writers.count == 0 && round->done_count == 0) {
        buf_printf(out,
                   "nobody is left to write it: all %" PRId32 " workers of ",
                   cohort->size);
        cohort_describe(cohort, out);
        buf_append_str(out, " wait for it");
    } else if (writers.count == 0) {
        buf_append_str(out, "nobody is left to write it: all others wait for "
                            "it or have passed it");
    }
    hub->effort += (uint64_t)cohort->size;
}

/* A round of a notifier, unwritten, that others wait for and someone has
 * passed; else NULL. */
static struct round *
passed_and_waited_for(struct list *it)
{
    struct lockstep_round *at =
        container_of(it, struct lockstep_round, by_step);
    if (at->lockstep->object.type != HUB_NOTIFIER)
        return NULL;
    struct round *round = container_of(at, struct round, at);
    return !round->written && round->done_count > 0 &&
                   !list_empty(&round->waiters)
               ? round
               : NULL;
}

int64_t
rounds_lowest_passed(const struct cohort *cohort)
{
    int64_t lowest = -1;
    for (struct step_rounds *rounds = cohort->by_step; rounds;
         rounds = rounds->hh.next) {
        if (lowest >= 0 && rounds->step >= lowest)
            continue;
        list_for_each (it, &rounds->rounds)
            if (passed_and_waited_for(it))
                lowest = rounds->step;
    }
    return lowest;
}

void
rounds_break_passed(struct hub *hub, struct cohort *cohort, int64_t step)
{
    struct step_rounds *rounds = lockstep_step(cohort, step);
    rounds->held = true;
    list_for_each (it, &rounds->rounds) {
        struct round *round = passed_and_waited_for(it);
        if (round)
            round_break(hub, round);
    }
    rounds->held = false;
    lockstep_release_step(cohort, rounds);
}

void
round_pass(struct hub *hub, struct lockstep_round *at, struct member *member)
{
    struct round *round = container_of(at, struct round, at);
    if (!round->written && !lockstep_has_used(at, member))
        bar(round);
    pass(hub, round, member);
}
