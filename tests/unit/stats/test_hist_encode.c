#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"
#include "stats/hist_encode.h"
#include "stats/hist_internal.h"

/* Cookie, payload length, offset 0, 3 digits, 1 ns, 24 h, ratio 1.0. */
#define HEADER(length)                           \
    "\x1c\x84\x93\x13\0\0\0" length "\0\0\0\0"   \
    "\0\0\0\x03\0\0\0\0\0\0\0\x01"               \
    "\0\0\x4e\x94\x91\x4f\0\0\x3f\xf0\0\0\0\0\0" \
    "\0"
#define HEADER_SIZE 40
/* A payload as bytes and size, from a literal. */
#define BYTES(s) (s), sizeof(s) - 1

static void
assert_bytes(const char *name, const struct buf *buf, const char *expected,
             size_t size)
{
    if (buf->size == size && memcmp(buf->data, expected, size) == 0)
        return;
    struct buf text = {0};
    for (size_t i = 0; i < buf->size; i++)
        buf_printf(&text, "%02x ", (unsigned char)buf->data[i]);
    fail_msg("%s: %s", name, text.data);
}

static struct hist *
decode(const struct buf *buf)
{
    struct err err = {"no message"};
    struct hist *hist = hist_decode_v2(buf->data, buf->size, &err);
    if (hist == NULL)
        fail_msg("%s", err.message);
    return hist;
}

static void
test_small_histogram_by_hand(void **state)
{
    struct hist *hist = hist_create();
    hist_record(hist, 1);
    hist_record(hist, 1);
    hist_record(hist, 3);
    /* 3,000 ns stand in the bucket of 3,000 and 3,001: number 2,048 + 476. */
    for (int i = 0; i < 70; i++)
        hist_record(hist, 3000);
    /* No 0, two times 1, no 2, one 3, then 2,520 zeros (-2,520 is 5,039 in
     * ZigZag: 0x27 times 128 and 0x2f) and 70 (140: 1 times 128 and 12). */
    static const char expected[] =
        HEADER("\x08") "\x00\x04\x00\x02\xaf\x27\x8c\x01";
    struct buf out = {0};
    hist_encode_v2(hist, &out);
    assert_bytes("small", &out, BYTES(expected));
    buf_finish(&out);
    hist_destroy(hist);
}

static void
test_empty(void **state)
{
    struct hist *hist = hist_create();
    struct buf out = {0};
    buf_append_str(&out, "before");
    hist_encode_v2(hist, &out);
    assert_bytes("empty", &out, BYTES("before" HEADER("\x01") "\0"));
    hist_destroy(hist);
    hist = hist_decode_v2(out.data + 6, out.size - 6, NULL);
    assert_non_null(hist);
    assert_true(hist_count(hist) == 0);
    hist_destroy(hist);
    buf_finish(&out);
}

static void
test_sizes_of_counts(void **state)
{
    static const struct {
        const char *name;
        uint64_t count;
        const char *bytes;
        size_t size;
    } rows[] = {
        {"1", 1, BYTES("\x02")},
        {"63", 63, BYTES("\x7e")},
        {"64", 64, BYTES("\x80\x01")},
        {"8191", 8191, BYTES("\xfe\x7f")},
        {"8192", 8192, BYTES("\x80\x80\x01")},
        {"2^55 - 1", (UINT64_C(1) << 55) - 1,
         BYTES("\xfe\xff\xff\xff\xff\xff\xff\x7f")},
        {"2^55", UINT64_C(1) << 55,
         BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x01")},
        {"2^62", UINT64_C(1) << 62,
         BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80")},
        {"2^63 - 1", INT64_MAX, BYTES("\xfe\xff\xff\xff\xff\xff\xff\xff\xff")},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hist *hist = hist_create();
        assert_true(hist_add_bucket(hist, 0, rows[i].count));
        struct buf out = {0}, payload = {0};
        hist_encode_v2(hist, &out);
        buf_append(&payload, out.data + HEADER_SIZE, out.size - HEADER_SIZE);
        assert_bytes(rows[i].name, &payload, rows[i].bytes, rows[i].size);
        hist_destroy(hist);
        hist = decode(&out);
        assert_true(hist_count(hist) == rows[i].count);
        hist_destroy(hist);
        buf_finish(&payload);
        buf_finish(&out);
    }
}

/* Each magnitude equally likely, some of them often, some too long. */
static struct hist *
random_hist(struct rng *rng)
{
    struct hist *hist = hist_create();
    int64_t count = rng_int(rng, 0, 3000);
    double spread = rng_double(rng) * 1.05;
    nsec_t value = 0;
    for (int64_t i = 0; i < count; i++) {
        if (rng_double(rng) < 0.8)
            value = (nsec_t)exp(rng_double(rng) * spread *
                                log((double)HIST_LONGEST)) -
                    1;
        hist_record(hist, value);
    }
    return hist;
}

static void
assert_same_buckets(const struct hist *a, const struct hist *b)
{
    assert_true(hist_count(a) == hist_count(b));
    size_t limit = hist_bucket_limit();
    for (size_t at = 0; at < limit; at++) {
        uint64_t count = 0, other = 0;
        at = hist_next_bucket(a, at, &count);
        assert_true(hist_next_bucket(b, at, &other) == at);
        assert_true(count == other);
    }
}

static void
assert_near(double a, double b)
{
    if (fabs(a - b) > fabs(a) * 0.001)
        fail_msg("%.17g and %.17g", a, b);
}

static void
test_round_trip(void **state)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct rng rng;
        rng_init(&rng, seed, 0);
        struct hist *hist = random_hist(&rng);
        struct buf out = {0}, again = {0};
        hist_encode_v2(hist, &out);
        struct hist *copy = decode(&out);
        assert_same_buckets(hist, copy);
        assert_same_buckets(copy, hist);
        hist_encode_v2(copy, &again);
        assert_bytes("again", &again, out.data, out.size);
        /* The rest is told by the buckets, as long as all is within them. */
        if (hist_overflow(hist) == 0) {
            assert_near((double)hist_min(hist), (double)hist_min(copy));
            assert_near((double)hist_max(hist), (double)hist_max(copy));
            assert_near(hist_mean(hist), hist_mean(copy));
            for (double percent = 0; percent <= 100; percent += 0.5)
                assert_near((double)hist_percentile(hist, percent),
                            (double)hist_percentile(copy, percent));
        }
        hist_destroy(hist);
        hist_destroy(copy);
        buf_finish(&out);
        buf_finish(&again);
    }
}

static void
test_merging_copies(void **state)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct rng rng;
        rng_init(&rng, seed, 1);
        struct hist *a = random_hist(&rng), *b = random_hist(&rng);
        struct buf a_bytes = {0}, b_bytes = {0};
        hist_encode_v2(a, &a_bytes);
        hist_encode_v2(b, &b_bytes);
        struct hist *a_copy = decode(&a_bytes), *b_copy = decode(&b_bytes);
        hist_merge(a, b);
        hist_merge(a_copy, b_copy);
        assert_same_buckets(a, a_copy);
        hist_destroy(a);
        hist_destroy(b);
        hist_destroy(a_copy);
        hist_destroy(b_copy);
        buf_finish(&a_bytes);
        buf_finish(&b_bytes);
    }
}

static void
test_too_long_values_come_back_as_24_hours(void **state)
{
    struct hist *hist = hist_create();
    hist_record(hist, NSEC_NEVER);
    struct buf out = {0};
    hist_encode_v2(hist, &out);
    hist_destroy(hist);
    hist = decode(&out);
    assert_true(hist_count(hist) == 1);
    assert_true(hist_overflow(hist) == 0);
    assert_true(hist_max(hist) == HIST_LONGEST);
    assert_near((double)hist_min(hist), (double)HIST_LONGEST);
    hist_destroy(hist);
    buf_finish(&out);
}

static void
assert_refused(const char *name, const void *data, size_t size,
               const char *message)
{
    /* Of its exact size, so that reading past it is found. */
    void *copy = malloc(size);
    memcpy(copy, data, size);
    struct err err = {"no message"};
    struct hist *hist = hist_decode_v2(copy, size, &err);
    if (hist != NULL)
        fail_msg("%s was taken", name);
    if (strstr(err.message, message) == NULL)
        fail_msg("%s: %s", name, err.message);
    assert_null(hist_decode_v2(copy, size, NULL));
    free(copy);
}

/* 24 h lie between 2^46 and 2^47, in bucket 233 of the 1,024 of that power, and
 * 1,024 + 36 times 1,024 buckets come before these: there are 38,122. As zeros
 * that is d3 d3 04. */
static void
test_strange_payloads_are_taken(void **state)
{
    static const struct {
        const char *name;
        const char *bytes;
        size_t size;
        uint64_t count;
    } rows[] = {
        {"nothing", BYTES(HEADER("\0")), 0},
        {"only zeros", BYTES(HEADER("\x03") "\0\0\0"), 0},
        {"a run of one zero", BYTES(HEADER("\x02") "\x01\x04"), 2},
        {"zeros up to the end", BYTES(HEADER("\x03") "\xd3\xd3\x04"), 0},
        {"zeros up to the last bucket",
         BYTES(HEADER("\x04") "\xd1\xd3\x04\x04"), 2},
        {"a count in more bytes than it needs", BYTES(HEADER("\x02") "\x84\0"),
         2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err = {"no message"};
        struct hist *hist = hist_decode_v2(rows[i].bytes, rows[i].size, &err);
        if (hist == NULL)
            fail_msg("%s: %s", rows[i].name, err.message);
        assert_true(hist_count(hist) == rows[i].count);
        hist_destroy(hist);
    }
}

static void
test_malformed_payloads_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *bytes;
        size_t size;
        const char *message;
    } rows[] = {
        {"no count after continuation", BYTES(HEADER("\x01") "\x80"),
         "within a count"},
        {"ninth byte missing",
         BYTES(HEADER("\x08") "\xff\xff\xff\xff\xff\xff\xff\xff"),
         "within a count"},
        {"a count after the last bucket",
         BYTES(HEADER("\x04") "\xd3\xd3\x04\0"), "38122 buckets"},
        {"more zeros than buckets", BYTES(HEADER("\x03") "\xd5\xd3\x04"),
         "38122 buckets"},
        {"2^63 zeros",
         BYTES(HEADER("\x09") "\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
         "buckets"},
        {"more than 2^64 values",
         BYTES(HEADER("\x1b") "\xfe\xff\xff\xff\xff\xff\xff\xff\xff"
                              "\xfe\xff\xff\xff\xff\xff\xff\xff\xff"
                              "\xfe\xff\xff\xff\xff\xff\xff\xff\xff"),
         "2^64 values"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_refused(rows[i].name, rows[i].bytes, rows[i].size,
                       rows[i].message);
}

static void
test_damaged_encodings_are_refused(void **state)
{
    static const char good[] = HEADER("\x04") "\x04\x06\x80\x01";
    size_t size = sizeof(good) - 1;
    struct hist *hist = hist_decode_v2(good, size, NULL);
    assert_non_null(hist);
    hist_destroy(hist);
    for (size_t i = 0; i < HEADER_SIZE; i++) {
        char bad[sizeof(good)];
        memcpy(bad, good, sizeof(good));
        bad[i] ^= 0x40;
        assert_refused("damaged header", bad, size, "instead of");
    }
    for (size_t cut = 0; cut < HEADER_SIZE; cut++)
        assert_refused("cut header", good, cut, "header");
    for (size_t cut = HEADER_SIZE; cut < size; cut++)
        assert_refused("cut payload", good, cut, "payload length");
    assert_refused("a byte too many", good, size + 1, "payload length");
}

/* What is taken must be a histogram in order. */
static bool
try_decode(const struct buf *buf)
{
    char *copy = malloc(buf->size + 1);
    if (buf->size > 0)
        memcpy(copy + 1, buf->data, buf->size);
    /* Ends with the memory, and starts at an odd address. */
    struct hist *hist = hist_decode_v2(copy + 1, buf->size, NULL);
    free(copy);
    if (hist == NULL)
        return false;
    assert_true(hist_min(hist) <= hist_percentile(hist, 50));
    assert_true(hist_percentile(hist, 50) <= hist_max(hist));
    hist_destroy(hist);
    return true;
}

static void
append_random(struct buf *buf, struct rng *rng, int64_t size)
{
    for (int64_t i = 0; i < size; i++) {
        /* Mostly small, so that numbers end now and then. */
        int64_t most = rng_double(rng) < 0.7 ? 0x7f : 0xff;
        char byte = (char)rng_int(rng, 0, most);
        buf_append(buf, &byte, 1);
    }
}

static void
test_random_bytes(void **state)
{
    struct rng rng;
    rng_init(&rng, 42, 0);
    int taken = 0;
    for (int i = 0; i < 5000; i++) {
        struct buf noise = {0}, payload = {0};
        append_random(&noise, &rng, rng_int(&rng, 0, 100));
        assert_false(try_decode(&noise));
        char size = (char)rng_int(&rng, 0, 100);
        buf_append(&payload, HEADER("\0"), HEADER_SIZE);
        payload.data[7] = size;
        append_random(&payload, &rng, size);
        taken += try_decode(&payload);
        buf_finish(&noise);
        buf_finish(&payload);
    }
    /* Both ways were taken often. */
    assert_in_range(taken, 500, 4500);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_histogram_by_hand),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_sizes_of_counts),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_merging_copies),
        cmocka_unit_test(test_too_long_values_come_back_as_24_hours),
        cmocka_unit_test(test_strange_payloads_are_taken),
        cmocka_unit_test(test_malformed_payloads_are_refused),
        cmocka_unit_test(test_damaged_encodings_are_refused),
        cmocka_unit_test(test_random_bytes),
    };
    return cmocka_run_group_tests_name("hist_encode", tests, NULL, NULL);
}
