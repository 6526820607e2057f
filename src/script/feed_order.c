#include "script/feed_order.h"

#include "base/rng.h"

/* Few would do for large files; in small ones some orders came too often. */
#define ROUNDS 12

static uint64_t
mix(uint64_t x, uint64_t key)
{
    x = (x ^ key) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ (x >> 32)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ (x >> 29);
}

/* A permutation of 0 .. count - 1 that needs no memory: a Feistel network over
 * the next power of four, walked until it is back in the range. */
static uint64_t
permute(uint64_t index, uint64_t count, const uint64_t keys[ROUNDS])
{
    unsigned half = 1;
    while (half < 31 && UINT64_C(1) << (2 * half) < count)
        half++;
    uint64_t mask = (UINT64_C(1) << half) - 1;
    do {
        uint64_t left = index >> half, right = index & mask;
        for (int round = 0; round < ROUNDS; round++) {
            uint64_t next = left ^ (mix(right, keys[round]) & mask);
            left = right;
            right = next;
        }
        index = left << half | right;
    } while (index >= count);
    return index;
}

static uint64_t
shuffle(const struct feed_plan *plan, uint64_t seed, uint64_t ordinal)
{
    uint64_t keys[ROUNDS];
    struct rng rng;
    rng_init(&rng, seed, mix(ordinal / plan->count, plan->number + 1));
    for (int round = 0; round < ROUNDS; round++)
        keys[round] = rng_next(&rng);
    return permute(ordinal % plan->count, plan->count, keys);
}

bool
feed_plan_pick(const struct feed_plan *plan, uint64_t seed, uint64_t ordinal,
               uint64_t *index)
{
    if (ordinal >= plan->count && plan->end != FEED_LOOP)
        return false;
    *index = plan->order == FEED_SHUFFLED ? shuffle(plan, seed, ordinal)
                                          : ordinal % plan->count;
    return true;
}
