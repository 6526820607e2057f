#include "hub/bucket.h"

#include <assert.h>

#include "hub/op.h"

#define UNITS_OF_A_RATE 0x1p60
#define TOKEN ((__int128)NSEC_PER_SEC << 60)

void
bucket_init(struct bucket *bucket, double rate, double burst, nsec_t now)
{
    assert(rate >= HUB_MIN_RATE && rate <= HUB_MAX_RATE && burst >= 1 &&
           burst <= HUB_MAX_BURST);
    *bucket = (struct bucket){
        .burst = (__int128)(burst * UNITS_OF_A_RATE) * NSEC_PER_SEC,
        .speed = (__int128)(rate * UNITS_OF_A_RATE),
        .at = now,
    };
}

bool
bucket_holds(const struct bucket *bucket, int64_t n)
{
    return n <= bucket->burst / TOKEN;
}

/* What passed since `at`, times the speed, would overflow after a long time;
 * the quotient does not. */
static __int128
debt_at(const struct bucket *bucket, nsec_t now, __int128 least)
{
    __int128 passed = now - bucket->at;
    if (bucket->debt <= least ||
        passed > (bucket->debt - least) / bucket->speed)
        return least;
    return bucket->debt - passed * bucket->speed;
}

static bool
take(struct bucket *bucket, int64_t n, nsec_t now, __int128 least)
{
    assert(bucket_holds(bucket, n));
    bucket->debt = debt_at(bucket, now, least);
    bucket->at = now;
    if (bucket->debt > bucket->burst - n * TOKEN)
        return false;
    bucket->debt += n * TOKEN;
    return true;
}

static __int128
least_for_waiters(const struct bucket *bucket)
{
    return -BUCKET_LATENESS * bucket->speed;
}

bool
bucket_take(struct bucket *bucket, int64_t n, nsec_t now)
{
    return take(bucket, n, now, 0);
}

bool
bucket_serve(struct bucket *bucket, int64_t n, nsec_t now)
{
    return take(bucket, n, now, least_for_waiters(bucket));
}

nsec_t
bucket_ready_at(const struct bucket *bucket, int64_t n, nsec_t now)
{
    if (n > BUCKET_MAX_IN_A_ROW)
        return NSEC_NEVER;
    __int128 missing = debt_at(bucket, now, least_for_waiters(bucket)) +
                       n * TOKEN - bucket->burst;
    if (missing <= 0)
        return now;
    __int128 left = (missing - 1) / bucket->speed + 1;
    return left < NSEC_NEVER - now ? now + (nsec_t)left : NSEC_NEVER;
}
