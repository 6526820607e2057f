#include "stats/hist_encode.h"

#include <assert.h>
#include <stdint.h>

#include "base/buf.h"
#include "stats/hist_internal.h"

/* The layout is that of AbstractHistogram.encodeIntoByteBuffer in HdrHistogram
 * 2.x: big-endian integers of 4 or 8 bytes, then the counts in the order of the
 * buckets up to the last one that is not 0. A negative number stands for that
 * many zeros; a lone zero is written as 0. */
static const struct field {
    const char *name;
    size_t size;
    uint64_t value;
} header[] = {
    /* V2 cookie 0x1c849303; the 1 in the word size means LEB128. */
    {"cookie", 4, 0x1c849313},
    {"payload length", 4, 0},
    {"normalizing index offset", 4, 0},
    {"significant digits", 4, 3},
    {"lowest discernible value", 8, 1},
    {"highest trackable value", 8, HIST_LONGEST},
    {"conversion ratio", 8, 0x3ff0000000000000}, /* 1.0 in IEEE 754 */
};
enum header_field {
    COOKIE_FIELD,
    LENGTH_FIELD,
    OFFSET_FIELD,
    DIGITS_FIELD,
    LOWEST_FIELD,
    HIGHEST_FIELD,
    RATIO_FIELD,
};
#define FIELD_COUNT (sizeof(header) / sizeof(header[0]))
#define HEADER_SIZE 40
/* Unlike in plain LEB128 the ninth byte has 8 bits of the value, not 7. */
#define MAX_NUMBER_SIZE 9

static void
append_big_endian(struct buf *out, uint64_t value, size_t size)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> 8 * (size - 1 - i));
    buf_append(out, bytes, size);
}

static uint64_t
read_big_endian(const unsigned char *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static void
append_number(struct buf *out, int64_t number)
{
    /* ZigZag: 0, -1, 1, -2 ... become 0, 1, 2, 3 ... */
    uint64_t rest = (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
    unsigned char bytes[MAX_NUMBER_SIZE];
    size_t size = 0;
    while (rest > 0x7f && size < MAX_NUMBER_SIZE - 1) {
        bytes[size++] = (unsigned char)(0x80 | (rest & 0x7f));
        rest >>= 7;
    }
    bytes[size++] = (unsigned char)rest;
    buf_append(out, bytes, size);
}

/* Returns how many bytes were read, 0 when the number is cut off. */
static size_t
read_number(const unsigned char *bytes, size_t size, int64_t *number)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        bool last = i == MAX_NUMBER_SIZE - 1 || bytes[i] < 0x80;
        value |= (uint64_t)(last ? bytes[i] : bytes[i] & 0x7f) << 7 * i;
        if (!last)
            continue;
        *number = (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
        return i + 1;
    }
    return 0;
}

static void
append_counts(const struct hist *hist, struct buf *out)
{
    size_t limit = hist_bucket_limit(), next = 0;
    uint64_t count;
    for (size_t at = hist_next_bucket(hist, 0, &count); at < limit;
         at = hist_next_bucket(hist, next, &count)) {
        assert(count <= INT64_MAX);
        if (at > next)
            append_number(out, at - next == 1 ? 0 : -(int64_t)(at - next));
        append_number(out, (int64_t)count);
        next = at + 1;
    }
    /* An empty histogram has the count of the first bucket. */
    if (next == 0)
        append_number(out, 0);
}

void
hist_encode_v2(const struct hist *hist, struct buf *out)
{
    struct buf counts = {0};
    append_counts(hist, &counts);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        append_big_endian(out,
                          i == LENGTH_FIELD ? counts.size : header[i].value,
                          header[i].size);
    buf_append(out, counts.data, counts.size);
    buf_finish(&counts);
}

static bool
check_header(const unsigned char *bytes, size_t size, struct err *err)
{
    if (size < HEADER_SIZE)
        return err_set(err, "histogram of %zu bytes: the header alone has %d",
                       size, HEADER_SIZE);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        uint64_t wanted =
            i == LENGTH_FIELD ? size - HEADER_SIZE : header[i].value;
        uint64_t value = read_big_endian(bytes, header[i].size);
        if (value != wanted)
            return err_set(err, "histogram with %s 0x%llx instead of 0x%llx",
                           header[i].name, (unsigned long long)value,
                           (unsigned long long)wanted);
        bytes += header[i].size;
    }
    return true;
}

static bool
read_counts(struct hist *hist, const unsigned char *bytes, size_t size,
            struct err *err)
{
    size_t limit = hist_bucket_limit(), index = 0;
    for (size_t at = 0; at < size;) {
        int64_t number;
        size_t used = read_number(bytes + at, size - at, &number);
        if (used == 0)
            return err_set(err, "histogram ends within a count");
        at += used;
        /* Negated as unsigned: INT64_MIN has no positive counterpart. */
        uint64_t zeros = number < 0 ? -(uint64_t)number : 0;
        if (zeros > limit - index || (number >= 0 && index == limit))
            return err_set(err, "histogram with more than %zu buckets", limit);
        index += zeros;
        if (number >= 0 && !hist_add_bucket(hist, index++, (uint64_t)number))
            return err_set(err, "histogram with more than 2^64 values");
    }
    return true;
}

struct hist *
hist_decode_v2(const void *data, size_t size, struct err *err)
{
    const unsigned char *bytes = data;
    if (!check_header(bytes, size, err))
        return NULL;
    struct hist *hist = hist_create();
    if (read_counts(hist, bytes + HEADER_SIZE, size - HEADER_SIZE, err))
        return hist;
    hist_destroy(hist);
    return NULL;
}

/* --- those of others --- */

/* How another histogram divides its range: like hist.c, with a power of two of
 * linear buckets that is enough for the digits. */
struct layout {
    unsigned unit_bits; /* of the lowest value */
    unsigned half_bits; /* log2 of half of the linear buckets */
    uint64_t highest;
};

static bool
read_layout(const unsigned char *bytes, size_t size, struct layout *layout,
            struct err *err)
{
    if (size < HEADER_SIZE)
        return err_set(err, "histogram of %zu bytes: the header alone has %d",
                       size, HEADER_SIZE);
    uint64_t values[FIELD_COUNT];
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        values[i] = read_big_endian(bytes, header[i].size);
        bytes += header[i].size;
    }
    /* The size of words does not matter where they are packed. */
    if ((values[COOKIE_FIELD] & ~UINT64_C(0xf0)) != 0x1c849303)
        return err_set(err,
                       "histogram with cookie 0x%llx: this is not the V2 "
                       "encoding",
                       (unsigned long long)values[COOKIE_FIELD]);
    if (values[LENGTH_FIELD] != size - HEADER_SIZE ||
        values[OFFSET_FIELD] != 0 || values[DIGITS_FIELD] < 1 ||
        values[DIGITS_FIELD] > 5 || values[LOWEST_FIELD] < 1 ||
        values[HIGHEST_FIELD] > INT64_MAX ||
        values[LOWEST_FIELD] > values[HIGHEST_FIELD])
        return err_set(err, "histogram with a header that contradicts itself");
    unsigned linear = 2;
    for (uint64_t i = 0; i < values[DIGITS_FIELD]; i++)
        linear *= 10;
    *layout = (struct layout){.highest = values[HIGHEST_FIELD]};
    while ((2U << layout->half_bits) < linear)
        layout->half_bits++;
    layout->unit_bits = 63 - (unsigned)__builtin_clzll(values[LOWEST_FIELD]);
    return layout->unit_bits + layout->half_bits < 61 ||
           err_set(err, "histogram with a header that contradicts itself");
}

/* The middle of a bucket; false if it is out of range. */
static bool
middle_of(const struct layout *layout, uint64_t index, double *value)
{
    uint64_t half = UINT64_C(1) << layout->half_bits;
    unsigned shift = layout->unit_bits;
    uint64_t bucket = index;
    if (index >= 2 * half) {
        uint64_t block = (index >> layout->half_bits) - 1;
        if (block > 63)
            return false;
        shift += (unsigned)block;
        bucket = (index & (half - 1)) + half;
    }
    if (shift > 62 || bucket > (uint64_t)INT64_MAX >> shift)
        return false;
    uint64_t first = bucket << shift;
    *value = (double)first + (double)((UINT64_C(1) << shift) / 2);
    /* The highest value may be anywhere in its bucket. */
    return first <= layout->highest;
}

static bool
read_any_counts(struct hist *hist, const struct layout *layout,
                const unsigned char *bytes, size_t size, struct err *err)
{
    uint64_t index = 0;
    for (size_t at = 0; at < size;) {
        int64_t number;
        size_t used = read_number(bytes + at, size - at, &number);
        if (used == 0)
            return err_set(err, "histogram ends within a count");
        at += used;
        if (number <= 0) {
            uint64_t zeros = number < 0 ? -(uint64_t)number : 1;
            if (__builtin_add_overflow(index, zeros, &index))
                return err_set(err, "histogram with too many buckets");
            continue;
        }
        double middle;
        if (!middle_of(layout, index++, &middle))
            return err_set(err, "histogram with values above its own range");
        if (!hist_add_value(hist,
                            middle < 9e18 ? (nsec_t)(middle + 0.5) : INT64_MAX,
                            (uint64_t)number))
            return err_set(err, "histogram with more than 2^64 values");
    }
    return true;
}

bool
hist_decode_any_v2(const void *data, size_t size, struct hist *hist,
                   struct err *err)
{
    struct layout layout = {0};
    if (!read_layout(data, size, &layout, err))
        return false;
    struct hist *read = hist_create();
    bool ok = read_any_counts(read, &layout,
                              (const unsigned char *)data + HEADER_SIZE,
                              size - HEADER_SIZE, err);
    if (ok)
        hist_merge(hist, read);
    hist_destroy(read);
    return ok;
}
