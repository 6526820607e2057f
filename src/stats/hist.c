#include "stats/hist.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "stats/hist_internal.h"

#define LINEAR_BITS 11 /* values below 2,048 ns have a bucket each */
#define LINEAR_COUNT (1 << LINEAR_BITS)
#define HALF_COUNT (LINEAR_COUNT / 2)
/* One block of linear buckets, then one for each power of two up to 24 h, which
 * lies between 2^46 and 2^47. */
#define BLOCK_COUNT (1 + 47 - LINEAR_BITS)

struct hist {
    uint64_t *blocks[BLOCK_COUNT]; /* NULL until a value falls into it */
    uint64_t count, overflow;
    uint64_t sum_low, sum_high; /* 213,000 days fill 64 bits */
    nsec_t min, max;
};

static size_t
block_size(size_t block)
{
    return block == 0 ? LINEAR_COUNT : HALF_COUNT;
}

/* Where `value` is counted: its block, and its bucket in the block. */
static size_t
locate(nsec_t value, size_t *bucket)
{
    if (value < LINEAR_COUNT) {
        *bucket = (size_t)value;
        return 0;
    }
    size_t top_bit = 63 - (size_t)__builtin_clzll((uint64_t)value);
    size_t block = top_bit - LINEAR_BITS + 1;
    *bucket = (size_t)(value >> block) - HALF_COUNT;
    return block;
}

static nsec_t
bucket_width(size_t block)
{
    return (nsec_t)1 << block;
}

static nsec_t
bucket_start(size_t block, size_t bucket)
{
    if (block == 0)
        return (nsec_t)bucket;
    return (nsec_t)(bucket + HALF_COUNT) * bucket_width(block);
}

static nsec_t
bucket_middle(size_t block, size_t bucket)
{
    return bucket_start(block, bucket) + bucket_width(block) / 2;
}

/* Buckets in the blocks before this one. */
static size_t
block_start(size_t block)
{
    return block == 0 ? 0 : (block + 1) * HALF_COUNT;
}

static uint64_t *
need_block(struct hist *hist, size_t block)
{
    if (hist->blocks[block] == NULL)
        hist->blocks[block] = xcalloc(block_size(block), sizeof(uint64_t));
    return hist->blocks[block];
}

static void
add_sum(struct hist *hist, uint64_t high, uint64_t low)
{
    if (__builtin_add_overflow(hist->sum_low, low, &hist->sum_low))
        hist->sum_high++;
    hist->sum_high += high;
}

static void
widen_range(struct hist *hist, nsec_t min, nsec_t max)
{
    if (hist->count == 0 || min < hist->min)
        hist->min = min;
    if (hist->count == 0 || max > hist->max)
        hist->max = max;
}

struct hist *
hist_create(void)
{
    return xcalloc(1, sizeof(struct hist));
}

void
hist_destroy(struct hist *hist)
{
    if (hist == NULL)
        return;
    for (size_t block = 0; block < BLOCK_COUNT; block++)
        free(hist->blocks[block]);
    free(hist);
}

void
hist_record(struct hist *hist, nsec_t value)
{
    if (value < 0)
        value = 0;
    widen_range(hist, value, value);
    add_sum(hist, 0, (uint64_t)value);
    hist->count++;
    if (value > HIST_LONGEST) {
        hist->overflow++;
        value = HIST_LONGEST;
    }
    size_t bucket;
    size_t block = locate(value, &bucket);
    need_block(hist, block)[bucket]++;
}

void
hist_merge(struct hist *into, const struct hist *from)
{
    if (from->count == 0)
        return;
    widen_range(into, from->min, from->max);
    add_sum(into, from->sum_high, from->sum_low);
    into->count += from->count;
    into->overflow += from->overflow;
    for (size_t block = 0; block < BLOCK_COUNT; block++) {
        const uint64_t *source = from->blocks[block];
        if (source == NULL)
            continue;
        uint64_t *target = need_block(into, block);
        for (size_t i = 0; i < block_size(block); i++)
            target[i] += source[i];
    }
}

void
hist_record_into(struct hist **slot, nsec_t value)
{
    if (*slot == NULL)
        *slot = hist_create();
    hist_record(*slot, value);
}

void
hist_merge_into(struct hist **slot, const struct hist *from)
{
    if (from == NULL)
        return;
    if (*slot == NULL)
        *slot = hist_create();
    hist_merge(*slot, from);
}

static void
clear(struct hist *hist)
{
    for (size_t block = 0; block < BLOCK_COUNT; block++) {
        if (hist->blocks[block] != NULL)
            memset(hist->blocks[block], 0,
                   block_size(block) * sizeof(uint64_t));
    }
    hist->count = hist->overflow = 0;
    hist->sum_low = hist->sum_high = 0;
    hist->min = hist->max = 0;
}

/* A bucket of values that `later` has and `earlier` has not. */
static void
set_bucket(struct hist *hist, size_t block, size_t bucket, uint64_t count,
           const struct hist *later)
{
    nsec_t first = bucket_start(block, bucket);
    nsec_t last = first + bucket_width(block) - 1;
    /* The exact ends of `later` bound what is in it; what is above the range
     * stands in the last bucket. */
    bool above = last >= HIST_LONGEST && hist->overflow > 0;
    nsec_t max = above || last > later->max ? later->max : last;
    widen_range(hist, first > later->min ? first : later->min, max);
    need_block(hist, block)[bucket] = count;
    hist->count += count;
}

void
hist_set_difference(struct hist *hist, const struct hist *later,
                    const struct hist *earlier)
{
    clear(hist);
    hist->overflow = later->overflow - earlier->overflow;
    hist->sum_high = later->sum_high - earlier->sum_high;
    if (__builtin_sub_overflow(later->sum_low, earlier->sum_low,
                               &hist->sum_low))
        hist->sum_high--;
    for (size_t block = 0; block < BLOCK_COUNT; block++) {
        const uint64_t *now = later->blocks[block];
        const uint64_t *before = earlier->blocks[block];
        for (size_t i = 0; now != NULL && i < block_size(block); i++) {
            uint64_t count = now[i] - (before != NULL ? before[i] : 0);
            if (count > 0)
                set_bucket(hist, block, i, count, later);
        }
    }
}

uint64_t
hist_count(const struct hist *hist)
{
    return hist->count;
}

uint64_t
hist_overflow(const struct hist *hist)
{
    return hist->overflow;
}

nsec_t
hist_min(const struct hist *hist)
{
    return hist->min;
}

nsec_t
hist_max(const struct hist *hist)
{
    return hist->max;
}

double
hist_mean(const struct hist *hist)
{
    if (hist->count == 0)
        return 0;
    double sum = (double)hist->sum_high * 0x1p64 + (double)hist->sum_low;
    return sum / (double)hist->count;
}

/* Position of the wanted value among all, counted from 1. */
static uint64_t
percent_rank(double percent, uint64_t count)
{
    double share = percent / 100 * (double)count;
    /* 99.9 % of 1,000 is the 999th, though the product is a little above. */
    double rank = ceil(share - share * 1e-12);
    if (!(rank >= 1))
        return 1;
    return rank < (double)count ? (uint64_t)rank : count;
}

nsec_t
hist_percentile(const struct hist *hist, double percent)
{
    if (hist->count == 0)
        return 0;
    uint64_t rank = percent_rank(percent, hist->count);
    if (rank == hist->count)
        return hist->max;
    uint64_t seen = 0;
    for (size_t block = 0; block < BLOCK_COUNT; block++) {
        if (hist->blocks[block] == NULL)
            continue;
        for (size_t i = 0; i < block_size(block); i++) {
            seen += hist->blocks[block][i];
            if (seen < rank)
                continue;
            nsec_t value = bucket_middle(block, i);
            if (value < hist->min)
                return hist->min;
            return value > hist->max ? hist->max : value;
        }
    }
    return hist->max;
}

size_t
hist_bucket_limit(void)
{
    size_t bucket;
    size_t block = locate(HIST_LONGEST, &bucket);
    return block_start(block) + bucket + 1;
}

/* Finds the block of a bucket, and the bucket in it. */
static size_t
place_of(size_t index, size_t *bucket)
{
    size_t block = 0;
    while (index >= block_start(block + 1))
        block++;
    *bucket = index - block_start(block);
    return block;
}

nsec_t
hist_bucket_first(size_t index)
{
    size_t bucket;
    size_t block = place_of(index, &bucket);
    return bucket_start(block, bucket);
}

size_t
hist_next_bucket(const struct hist *hist, size_t from, uint64_t *count)
{
    for (size_t block = 0; block < BLOCK_COUNT; block++) {
        size_t start = block_start(block);
        if (hist->blocks[block] == NULL || from >= block_start(block + 1))
            continue;
        for (size_t i = from > start ? from - start : 0; i < block_size(block);
             i++) {
            if (hist->blocks[block][i] == 0)
                continue;
            *count = hist->blocks[block][i];
            return start + i;
        }
    }
    return hist_bucket_limit();
}

bool
hist_add_value(struct hist *hist, nsec_t value, uint64_t count)
{
    uint64_t total;
    if (__builtin_add_overflow(hist->count, count, &total))
        return false;
    if (count == 0)
        return true;
    widen_range(hist, value, value);
    unsigned __int128 sum = (unsigned __int128)value * count;
    add_sum(hist, (uint64_t)(sum >> 64), (uint64_t)sum);
    hist->count = total;
    if (value > HIST_LONGEST) {
        hist->overflow += count;
        value = HIST_LONGEST;
    }
    size_t bucket;
    size_t block = locate(value, &bucket);
    need_block(hist, block)[bucket] += count;
    return true;
}

bool
hist_add_bucket(struct hist *hist, size_t index, uint64_t count)
{
    uint64_t total;
    if (index >= hist_bucket_limit() ||
        __builtin_add_overflow(hist->count, count, &total))
        return false;
    if (count == 0)
        return true;
    size_t bucket;
    size_t block = place_of(index, &bucket);
    nsec_t first = bucket_start(block, bucket);
    nsec_t last = first + bucket_width(block) - 1;
    widen_range(hist, first, last < HIST_LONGEST ? last : HIST_LONGEST);
    unsigned __int128 sum =
        (unsigned __int128)bucket_middle(block, bucket) * count;
    add_sum(hist, (uint64_t)(sum >> 64), (uint64_t)sum);
    hist->count = total;
    need_block(hist, block)[bucket] += count;
    return true;
}
