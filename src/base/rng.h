#ifndef MOLO_BASE_RNG_H
#define MOLO_BASE_RNG_H

#include <stdint.h>

/* xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", 2018), seeded through splitmix64. Not for secrets. */
struct rng {
    uint64_t state[4];
};

/* Different streams of one seed are independent. */
void rng_init(struct rng *rng, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *rng);
/* Uniform in [0, 1), 53 bits. */
double rng_double(struct rng *rng);
/* Uniform in [low, high], unbiased; low <= high. */
int64_t rng_int(struct rng *rng, int64_t low, int64_t high);
/* A seed from the operating system, below 2^53 so that it survives JSON. */
uint64_t rng_fresh_seed(void);

#endif
