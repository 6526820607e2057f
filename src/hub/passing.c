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
                    round->notifier->object.name, COORD_MISSED);
        } else if (!round->culprit ||
                   (round_failed_in(round, member) &&
                    !round_failed_in(round, round->culprit))) {
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
    struct round *round = round_at_or_after(notifier, step, from);
    while (round && round->step == step && round->n <= n) {
        int64_t at = round->n;
        if (!round->written && at > used)
            bar(round);
        if (at < n && at >= reached)
            pass(hub, round, member);
        else if (at < n && !round->written && round_is_lost(round))
            round_break(hub, round);
        round = round_at_or_after(notifier, step, at + 1);
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
           round->barred_count == round->notifier->cohort->size;
}

static void
tell_broken(const struct round *round, struct buf *out)
{
    const struct cohort *cohort = round->notifier->cohort;
    const struct member *first = round->culprit;
    buf_printf(out, "notifier '%s': round %" PRId64 " of ",
               round->notifier->object.name, round->n);
    step_describe(round->step, out);
    buf_append_str(out, " will not be written; passed by ");
    struct roll roll = {.out = out};
    roll_add(&roll, first);
    for (int32_t i = 0; i < cohort->size; i++)
        if (round_has_bit(round->bits, i) && &cohort->members[i] != first)
            roll_add(&roll, &cohort->members[i]);
    roll_end(&roll);
    if (round_failed_in(round, first))
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
    while (!list_empty(&round->waiters))
        wait_refuse(hub, container_of(round->waiters.next, struct wait, queue),
                    HUB_BROKEN, text.data, culprit);
    round->held = false;
    buf_finish(&text);
    round_release(hub, round);
}

void
round_tell_writers(struct hub *hub, const struct round *round, struct buf *out)
{
    const struct cohort *cohort = round->notifier->cohort;
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
    if (writers.count == 0 && round->done_count == 0)
        buf_printf(out,
                   "nobody is left to write it: all %" PRId32
                   " workers of '%s' wait for it",
                   cohort->size, cohort->workload);
    else if (writers.count == 0)
        buf_append_str(out, "nobody is left to write it: all others wait for "
                            "it or have passed it");
    hub->effort += (uint64_t)cohort->size;
}

static bool
is_passed_and_waited_for(const struct round *round)
{
    return !round->written && round->done_count > 0 &&
           !list_empty(&round->waiters);
}

int64_t
rounds_lowest_passed(const struct cohort *cohort)
{
    int64_t lowest = -1;
    for (const struct step_rounds *rounds = cohort->by_step; rounds;
         rounds = rounds->hh.next) {
        if (lowest >= 0 && rounds->step >= lowest)
            continue;
        list_for_each (it, &rounds->rounds)
            if (is_passed_and_waited_for(
                    container_of(it, struct round, by_step)))
                lowest = rounds->step;
    }
    return lowest;
}

void
rounds_break_passed(struct hub *hub, struct cohort *cohort, int64_t step)
{
    struct step_rounds *rounds = round_step(cohort, step);
    rounds->held = true;
    list_for_each (it, &rounds->rounds) {
        struct round *round = container_of(it, struct round, by_step);
        if (is_passed_and_waited_for(round))
            round_break(hub, round);
    }
    rounds->held = false;
    round_step_release(cohort, rounds);
}

/* --- all rounds of a cohort --- */

static void
pass_step(struct hub *hub, struct step_rounds *rounds, struct member *member)
{
    struct cohort *cohort = member->cohort;
    rounds->held = true;
    list_for_each (it, &rounds->rounds) {
        struct round *round = container_of(it, struct round, by_step);
        const struct place *place =
            notifier_peek_place(round->notifier, member);
        bool was_barred =
            place && place->step == round->step && place->used >= round->n;
        if (!round->written && !was_barred)
            bar(round);
        pass(hub, round, member);
    }
    rounds->held = false;
    round_step_release(cohort, rounds);
}

void
rounds_pass_steps(struct hub *hub, struct member *member, int64_t before)
{
    struct cohort *cohort = member->cohort;
    struct step_rounds *rounds, *next;
    if (member->over - before <= 2) {
        for (int64_t step = before + 1; step <= member->over; step++) {
            HASH_FIND(hh, cohort->by_step, &step, sizeof(step), rounds);
            if (rounds)
                pass_step(hub, rounds, member);
        }
    } else {
        HASH_ITER (hh, cohort->by_step, rounds, next)
            if (rounds->step > before && rounds->step <= member->over)
                pass_step(hub, rounds, member);
    }
    readers_update_all(hub, member);
}
