#ifndef MOLO_HUB_ROUND_INTERNAL_H
#define MOLO_HUB_ROUND_INTERNAL_H

#include "hub/round.h"

/* Between round.c, round_index.c and passing.c. */

static inline bool
round_has_bit(const uint64_t *bits, int32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

/* False if it was set already. */
static inline bool
round_set_bit(uint64_t *bits, int32_t i)
{
    uint64_t mask = UINT64_C(1) << (i % 64);
    bool was_set = bits[i / 64] & mask;
    bits[i / 64] |= mask;
    return !was_set;
}

/* NULL: it has not used the notifier yet. */
const struct place *notifier_peek_place(const struct notifier *notifier,
                                        const struct member *member);

struct round *
round_at_or_after(const struct notifier *notifier, int64_t step, int64_t n);
void round_index_add(struct notifier *notifier, struct round *round);
void round_index_remove(struct notifier *notifier, const struct round *round);

/* Found or made. */
struct step_rounds *round_step(struct cohort *cohort, int64_t step);
/* Frees it if it is empty and not held. */
void round_step_release(struct cohort *cohort, struct step_rounds *rounds);
/* Its run of that step failed. */
bool round_failed_in(const struct round *round, const struct member *member);
/* May free the round. */
void round_end_if_all_done(struct hub *hub, struct round *round);

#endif
