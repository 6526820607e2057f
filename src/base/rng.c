#include "base/rng.h"

#include <assert.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"

static uint64_t
rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t
splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void
rng_init(struct rng *rng, uint64_t seed, uint64_t stream)
{
    /* Both are mixed before they meet, so that (seed 1, stream 2) and (seed 2,
     * stream 1), or neighbours, have nothing in common. */
    uint64_t mixed_seed = splitmix64(&seed);
    uint64_t state = mixed_seed ^ rotate_left(splitmix64(&stream), 23);
    for (int i = 0; i < 4; i++)
        rng->state[i] = splitmix64(&state);
}

uint64_t
rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double
rng_double(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

int64_t
rng_int(struct rng *rng, int64_t low, int64_t high)
{
    assert(low <= high);
    uint64_t span = (uint64_t)high - (uint64_t)low + 1;
    uint64_t r = rng_next(rng);
    if (span == 0) /* all 2^64 values */
        return (int64_t)r;
    /* 2^64 mod span: values below it would make small results likelier. */
    uint64_t excess = (0 - span) % span;
    while (r < excess)
        r = rng_next(rng);
    return (int64_t)((uint64_t)low + r % span);
}

uint64_t
rng_fresh_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        uint64_t state =
            (uint64_t)clock_real_now() ^ ((uint64_t)getpid() << 40);
        seed = splitmix64(&state);
    }
    return seed & ((UINT64_C(1) << 53) - 1);
}
