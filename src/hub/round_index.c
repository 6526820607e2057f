#include "hub/round_internal.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

static int
compare_to(const struct round *round, int64_t step, int64_t n)
{
    if (round->step != step)
        return round->step < step ? -1 : 1;
    return round->n < n ? -1 : round->n > n;
}

/* Index of the first round at or after (step, n). Most look-ups are for the
 * newest ones. */
static size_t
lower_bound(const struct notifier *notifier, int64_t step, int64_t n)
{
    size_t low = notifier->first, high = notifier->end;
    if (high > low && compare_to(notifier->rounds[high - 1], step, n) < 0)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_to(notifier->rounds[middle], step, n) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct round *
round_at_or_after(const struct notifier *notifier, int64_t step, int64_t n)
{
    size_t i = lower_bound(notifier, step, n);
    return i < notifier->end ? notifier->rounds[i] : NULL;
}

struct round *
round_find(const struct notifier *notifier, int64_t step, int64_t n)
{
    struct round *round = round_at_or_after(notifier, step, n);
    return round && round->step == step && round->n == n ? round : NULL;
}

struct round *
round_last_written(const struct notifier *notifier, int64_t step, int64_t n,
                   bool same_step)
{
    size_t i = n == INT64_MAX ? lower_bound(notifier, step + 1, 0)
                              : lower_bound(notifier, step, n + 1);
    while (i > notifier->first) {
        struct round *round = notifier->rounds[--i];
        if (same_step && round->step != step)
            return NULL;
        if (round->written)
            return round;
    }
    return NULL;
}

void
round_index_add(struct notifier *notifier, struct round *round)
{
    if (notifier->end == notifier->capacity) {
        size_t count = notifier->end - notifier->first;
        if (notifier->first > count) {
            memmove(notifier->rounds, notifier->rounds + notifier->first,
                    count * sizeof(*notifier->rounds));
            notifier->first = 0;
            notifier->end = count;
        } else {
            notifier->capacity =
                notifier->capacity ? notifier->capacity * 2 : 8;
            notifier->rounds =
                xrealloc(notifier->rounds,
                         notifier->capacity * sizeof(*notifier->rounds));
        }
    }
    size_t i = lower_bound(notifier, round->step, round->n);
    memmove(notifier->rounds + i + 1, notifier->rounds + i,
            (notifier->end - i) * sizeof(*notifier->rounds));
    notifier->rounds[i] = round;
    notifier->end++;
}

void
round_index_remove(struct notifier *notifier, const struct round *round)
{
    size_t i = lower_bound(notifier, round->step, round->n);
    assert(notifier->rounds[i] == round);
    if (i == notifier->first) {
        notifier->first++;
        return;
    }
    memmove(notifier->rounds + i, notifier->rounds + i + 1,
            (notifier->end - i - 1) * sizeof(*notifier->rounds));
    notifier->end--;
}
