#ifndef MOLO_HUB_BUCKET_H
#define MOLO_HUB_BUCKET_H

#include <stdbool.h>

#include "base/clock.h"

/* A token bucket that starts full: `rate` tokens a second flow in, at most
 * `burst` are kept.
 *
 * It is kept the other way round, as the continuous-state leaky bucket of the
 * Generic Cell Rate Algorithm (ITU-T I.371): `debt` is what was taken and has
 * not flowed back yet, and n tokens may go when debt + n <= burst. All is
 * integer: the unit of a token is such that a nanosecond brings a whole number
 * of units, so nothing is rounded from one take to the next, and time alone,
 * however long, cannot bring it off. Rates are rounded once, down, by less
 * than 2^-60 tokens a second. */
struct bucket {
    __int128 debt, burst;
    __int128 speed; /* units a nanosecond */
    nsec_t at;      /* of `debt` */
};

/* Who waits is served at a whole nanosecond, and by timers that are late; what
 * flowed in meanwhile is not lost to those who wait, even if the bucket could
 * not have kept it, as long as it is not more than this time brings. */
#define BUCKET_LATENESS (10 * NSEC_PER_MSEC)
#define BUCKET_MAX_IN_A_ROW (INT64_C(1) << 36)

/* The rate is within HUB_MIN_RATE and HUB_MAX_RATE, `burst` within 1 and
 * HUB_MAX_BURST: then no number overflows. */
void bucket_init(struct bucket *bucket, double rate, double burst, nsec_t now);
/* True if there will ever be `n` tokens at once; n > 0. */
bool bucket_holds(const struct bucket *bucket, int64_t n);
/* Takes them if they are there; it must hold that many. For somebody who comes
 * when nobody waits. Time never runs backwards. */
bool bucket_take(struct bucket *bucket, int64_t n, nsec_t now);
/* The same for somebody who has waited since the last call of either. */
bool bucket_serve(struct bucket *bucket, int64_t n, nsec_t now);
/* The first nanosecond at which bucket_serve will succeed. `n` may be more than
 * the bucket holds, for several in a row. NSEC_NEVER: that is too far away, as
 * it is for more than BUCKET_MAX_IN_A_ROW. */
nsec_t bucket_ready_at(const struct bucket *bucket, int64_t n, nsec_t now);

#endif
