#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "stats/hist_log.h"

struct seen {
    struct hist *sum;
    size_t lines;
    nsec_t at, length;
    char tag[32];
};

static void
on_line(void *data, const struct hist_log_line *line)
{
    struct seen *seen = data;
    hist_merge(seen->sum, line->hist);
    seen->lines++;
    seen->at = line->at;
    seen->length = line->length;
    snprintf(seen->tag, sizeof(seen->tag), "%s",
             line->tag != NULL ? line->tag : "");
}

static void
test_round_trip(void **state)
{
    struct rng rng;
    rng_init(&rng, 2, 0);
    struct buf text = {0};
    struct hist *all = hist_create();
    hist_log_append_head(1234.5, &text);
    for (int i = 0; i < 20; i++) {
        struct hist *part = hist_create();
        int64_t count = rng_int(&rng, 0, 500);
        for (int64_t k = 0; k < count; k++)
            hist_record(part, rng_int(&rng, 0, INT64_C(1) << (2 * i)));
        hist_log_append(i == 19 ? "last" : NULL, i * NSEC_PER_SEC, NSEC_PER_SEC,
                        part, &text);
        hist_merge(all, part);
        hist_destroy(part);
    }
    struct seen seen = {.sum = hist_create()};
    struct err err;
    if (!hist_log_read(text.data, text.size, on_line, &seen, &err))
        fail_msg("%s", err.message);
    assert_int_equal(seen.lines, 20);
    assert_int_equal(seen.at, 19 * NSEC_PER_SEC);
    assert_int_equal(seen.length, NSEC_PER_SEC);
    assert_string_equal(seen.tag, "last");
    assert_int_equal(hist_count(seen.sum), hist_count(all));
    for (int percent = 1; percent < 100; percent++)
        assert_int_equal(hist_percentile(seen.sum, percent),
                         hist_percentile(all, percent));
    hist_destroy(seen.sum);
    hist_destroy(all);
    buf_finish(&text);
}

/* Whatever is damaged is refused or read; nothing is read beyond its end. */
static void
test_damaged_logs(void **state)
{
    struct rng rng;
    rng_init(&rng, 3, 0);
    struct buf text = {0};
    struct hist *hist = hist_create();
    for (int i = 0; i < 100; i++)
        hist_record(hist, rng_int(&rng, 0, NSEC_PER_SEC));
    hist_log_append("a", 0, NSEC_PER_SEC, hist, &text);
    for (int round = 0; round < 5000; round++) {
        char copy[4096];
        assert_true(text.size < sizeof(copy));
        size_t size = (size_t)rng_int(&rng, 0, (int64_t)text.size);
        memcpy(copy, text.data, size);
        for (int64_t k = rng_int(&rng, 0, 3); size > 0 && k > 0; k--)
            copy[rng_int(&rng, 0, (int64_t)size - 1)] =
                (char)rng_int(&rng, 1, 255);
        struct seen seen = {.sum = hist_create()};
        struct err err;
        if (!hist_log_read(copy, size, on_line, &seen, &err))
            assert_memory_equal(err.message, "line ", 5);
        hist_destroy(seen.sum);
    }
    hist_destroy(hist);
    buf_finish(&text);
}

static void
test_table_of_nothing(void **state)
{
    struct buf text = {0};
    struct hist *hist = hist_create();
    hist_append_hgrm(hist, &text);
    assert_non_null(strstr(text.data, "Total count    =            0]"));
    hist_destroy(hist);
    buf_finish(&text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damaged_logs),
        cmocka_unit_test(test_table_of_nothing),
    };
    return cmocka_run_group_tests_name("hist_log", tests, NULL, NULL);
}
