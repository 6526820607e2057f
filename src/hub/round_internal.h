#ifndef MOLO_HUB_ROUND_INTERNAL_H
#define MOLO_HUB_ROUND_INTERNAL_H

#include "hub/round.h"

/* Between round.c and passing.c. */

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

/* May free the round. */
void round_end_if_all_done(struct hub *hub, struct round *round);

#endif
