#include "hub/round_internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "hub/hub_internal.h"
#include "hub/readers.h"

struct round *
round_find(const struct notifier *notifier, int64_t step, int64_t n)
{
    struct lockstep_round *at =
        lockstep_find_round(&notifier->lockstep, step, n);
    return at ? container_of(at, struct round, at) : NULL;
}

struct round *
round_last_written(const struct notifier *notifier, int64_t step, int64_t n,
                   bool same_step)
{
    const struct lockstep *lockstep = &notifier->lockstep;
    struct lockstep_round *at =
        n == INT64_MAX ? lockstep_round_before(lockstep, step + 1, 0)
                       : lockstep_round_before(lockstep, step, n + 1);
    while (at && !(same_step && at->step != step)) {
        struct round *round = container_of(at, struct round, at);
        if (round->written)
            return round;
        at = lockstep_round_before(lockstep, at->step, at->n);
    }
    return NULL;
}

/* --- the life of a round --- */

bool
round_is_done(const struct round *round, const struct member *member)
{
    return round_has_bit(round->bits, member_index(member));
}

bool
round_is_read(const struct round *round, const struct member *member)
{
    return round_has_bit(round->bits + round->words, member_index(member));
}

bool
round_may_be_written_by(const struct round *round, const struct member *member)
{
    return member->over < round->at.step &&
           !lockstep_has_used(&round->at, member);
}

struct round *
round_create(struct hub *hub, struct notifier *notifier, int64_t step,
             int64_t n)
{
    struct cohort *cohort = notifier->lockstep.cohort;
    size_t words = ((size_t)cohort->size + 63) / 64;
    struct round *round =
        xcalloc(1, sizeof(*round) + 2 * words * sizeof(round->bits[0]));
    *round = (struct round){.notifier = notifier, .words = words};
    list_init(&round->waiters);
    lockstep_add_round(&notifier->lockstep, &round->at, step, n);
    for (int32_t i = 0; i < cohort->size; i++) {
        struct member *m = &cohort->members[i];
        round->barred_count += !round_may_be_written_by(round, m);
        if (!lockstep_has_passed(&round->at, m))
            continue;
        round_set_bit(round->bits, i);
        round->done_count++;
        if (lockstep_is_culprit(&round->at, m, round->culprit))
            round->culprit = m;
    }
    hub->effort += (uint64_t)cohort->size;
    return round;
}

static void
destroy(struct round *round)
{
    round->notifier->written_count -= round->written;
    lockstep_remove_round(&round->at);
    value_unref(round->value);
    free(round->missing);
    free(round);
}

void
round_release(struct hub *hub, struct round *round)
{
    if (!round->written && !round->held && list_empty(&round->waiters))
        destroy(round);
}

void
round_forget_if_over(struct round *round)
{
    struct notifier *notifier = round->notifier;
    if (!round->over || round->held)
        return;
    if (notifier->lockstep.cohort->min_over < round->at.step &&
        round_last_written(notifier, round->at.step, INT64_MAX, true) == round)
        return;
    readers_forget_round(notifier, round);
    destroy(round);
}

void
round_end_if_all_done(struct hub *hub, struct round *round)
{
    const struct notifier *notifier = round->notifier;
    if (!round->written || round->over ||
        round->done_count < notifier->lockstep.cohort->size)
        return;
    round->over = true;
    hub_round_ended(hub, &notifier->lockstep.object, round->at.step,
                    round->at.n, hub->now - round->written_at);
    round_forget_if_over(round);
}

void
round_mark_read(struct hub *hub, struct round *round,
                const struct member *member)
{
    int32_t i = member_index(member);
    if (round_set_bit(round->bits + round->words, i) && round->writer != member)
        round->read_count++;
    round->done_count += round_set_bit(round->bits, i);
    round_end_if_all_done(hub, round);
}

/* --- forgetting --- */

static struct round *
first_round(const struct lockstep *lockstep)
{
    struct lockstep_round *first = lockstep_first_round(lockstep);
    return first ? container_of(first, struct round, at) : NULL;
}

void
round_forget_passed(struct lockstep *lockstep)
{
    struct round *round;
    while ((round = first_round(lockstep)) && round->over &&
           round->at.step <= lockstep->cohort->min_over)
        round_forget_if_over(round);
}

void
notifier_free_rounds(struct hub *hub, struct notifier *notifier)
{
    struct round *round;
    while ((round = first_round(&notifier->lockstep))) {
        assert(list_empty(&round->waiters));
        destroy(round);
    }
}
