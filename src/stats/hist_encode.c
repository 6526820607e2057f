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
#define LENGTH_FIELD 1
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
