/* The kept rounds of a lockstep object, in the order of (step, n). */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "hub/cohort.h"
#include "hub/lockstep.h"

static int
compare_to(const struct lockstep_round *round, int64_t step, int64_t n)
{
    if (round->step != step)
        return round->step < step ? -1 : 1;
    return round->n < n ? -1 : round->n > n;
}

/* Index of the first round at or after (step, n). Most look-ups are for the
 * newest ones. */
static size_t
lower_bound(const struct lockstep *lockstep, int64_t step, int64_t n)
{
    size_t low = lockstep->first, high = lockstep->end;
    if (high > low && compare_to(lockstep->rounds[high - 1], step, n) < 0)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_to(lockstep->rounds[middle], step, n) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct lockstep_round *
lockstep_round_at_or_after(const struct lockstep *lockstep, int64_t step,
                           int64_t n)
{
    size_t i = lower_bound(lockstep, step, n);
    return i < lockstep->end ? lockstep->rounds[i] : NULL;
}

struct lockstep_round *
lockstep_round_before(const struct lockstep *lockstep, int64_t step, int64_t n)
{
    size_t i = lower_bound(lockstep, step, n);
    return i > lockstep->first ? lockstep->rounds[i - 1] : NULL;
}

struct lockstep_round *
lockstep_find_round(const struct lockstep *lockstep, int64_t step, int64_t n)
{
    struct lockstep_round *round =
        lockstep_round_at_or_after(lockstep, step, n);
    return round && round->step == step && round->n == n ? round : NULL;
}

struct lockstep_round *
lockstep_first_round(const struct lockstep *lockstep)
{
    return lockstep->first < lockstep->end ? lockstep->rounds[lockstep->first]
                                           : NULL;
}

static void
make_room(struct lockstep *lockstep)
{
    if (lockstep->end < lockstep->capacity)
        return;
    size_t count = lockstep->end - lockstep->first;
    if (lockstep->first > count) {
        memmove(lockstep->rounds, lockstep->rounds + lockstep->first,
                count * sizeof(*lockstep->rounds));
        lockstep->first = 0;
        lockstep->end = count;
        return;
    }
    lockstep->capacity = lockstep->capacity ? lockstep->capacity * 2 : 8;
    lockstep->rounds = xrealloc(lockstep->rounds,
                                lockstep->capacity * sizeof(*lockstep->rounds));
}

void
lockstep_add_round(struct lockstep *lockstep, struct lockstep_round *round,
                   int64_t step, int64_t n)
{
    *round = (struct lockstep_round){
        .lockstep = lockstep,
        .step_rounds = lockstep_step(lockstep->cohort, step),
        .step = step,
        .n = n,
    };
    list_append(&round->step_rounds->rounds, &round->by_step);
    make_room(lockstep);
    size_t i = lower_bound(lockstep, step, n);
    memmove(lockstep->rounds + i + 1, lockstep->rounds + i,
            (lockstep->end - i) * sizeof(*lockstep->rounds));
    lockstep->rounds[i] = round;
    lockstep->end++;
}

void
lockstep_remove_round(struct lockstep_round *round)
{
    struct lockstep *lockstep = round->lockstep;
    list_remove(&round->by_step);
    lockstep_release_step(lockstep->cohort, round->step_rounds);
    size_t i = lower_bound(lockstep, round->step, round->n);
    assert(lockstep->rounds[i] == round);
    if (i == lockstep->first) {
        lockstep->first++;
        return;
    }
    memmove(lockstep->rounds + i, lockstep->rounds + i + 1,
            (lockstep->end - i - 1) * sizeof(*lockstep->rounds));
    lockstep->end--;
}
