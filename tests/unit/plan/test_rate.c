#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/rate.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SEC NSEC_PER_SEC

static const struct {
    const char *text;
    struct plan_rate rate;
    const char *described;
} rates[] = {
    {"50/s", {1, SEC / 50}, "50/s"},
    {"1/2m", {1, 120 * SEC}, "30/h"},
    {"2.5/s", {1, SEC / 5 * 2}, "150/m"},
    {"333/10s", {333, 10 * SEC}, "1998/m"},
    {"1/1h30m", {1, 5400 * SEC}, "1/90m"},
    {"7/100ms", {7, SEC / 10}, "70/s"},
    {"0/s", {0, 1}, "0/s"},
    {"1000000000/s", {1, 1}, "1000000000/s"},
    {"0.001/s", {1, 1000 * SEC}, "1/1000s"},
};

static void
test_rates(void **state)
{
    for (size_t i = 0; i < COUNT(rates); i++) {
        struct plan_rate rate;
        struct buf text = {0};
        if (!rate_parse(rates[i].text, &rate))
            fail_msg("%s is refused", rates[i].text);
        if (rate.count != rates[i].rate.count || rate.per != rates[i].rate.per)
            fail_msg("%s: %lld per %lld", rates[i].text, (long long)rate.count,
                     (long long)rate.per);
        rate_describe(rate, &text);
        assert_string_equal(text.data, rates[i].described);
        struct plan_rate again;
        assert_true(rate_parse(text.data, &again));
        assert_int_equal(again.count, rate.count);
        assert_int_equal(again.per, rate.per);
        buf_finish(&text);
    }
}

static void
test_refused_rates(void **state)
{
    static const char *const texts[] = {"",
                                        "50",
                                        "/s",
                                        "50/",
                                        "50/2",
                                        "-1/s",
                                        "50/0s",
                                        "a/s",
                                        "1e3/s",
                                        "1000000001/s",
                                        "5./s",
                                        ".5/s",
                                        "5 /s",
                                        "50/s ",
                                        "50//s",
                                        "5/ s",
                                        "nan/s",
                                        "1/1y",
                                        "9999999999999/s",
                                        "1/99999999999999999999s",
                                        "0.000000001/100000h"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct plan_rate rate = {77, 77};
        if (rate_parse(texts[i], &rate))
            fail_msg("'%s' is taken", texts[i]);
        assert_int_equal(rate.count, 77);
    }
}

static void
test_stages(void **state)
{
    struct plan_stage stage;
    assert_true(stage_parse("1m30s:50", &stage));
    assert_int_equal(stage.duration, 90 * SEC);
    assert_int_equal(stage.target.count, 50);
    assert_int_equal(stage.target.per, 0);
    assert_true(stage_parse("0:7", &stage));
    assert_int_equal(stage.duration, 0);
    assert_true(stage_parse("2.5:100/s", &stage));
    assert_int_equal(stage.duration, SEC * 5 / 2);
    assert_int_equal(stage.target.count, 1);
    assert_int_equal(stage.target.per, SEC / 100);
    static const char *const refused[] = {
        "",        "1m",         "1m:",      ":50",    "1m:-1",
        "1m:5.5",  "1m:50s",     "x:50",     "1m:50/", "1m:a/s",
        "1m:50:3", "1m:1000001", "100000h:1"};
    for (size_t i = 0; i < COUNT(refused); i++)
        if (stage_parse(refused[i], &stage))
            fail_msg("'%s' is taken", refused[i]);
}

static void
test_common_periods(void **state)
{
    assert_int_equal(rate_common_period(6, 4), 12);
    assert_int_equal(rate_common_period(SEC, 3600 * SEC), 3600 * SEC);
    assert_int_equal(rate_common_period(RATE_PERIOD_MAX, 3), 0);
    assert_int_equal(rate_common_period(RATE_PERIOD_MAX, 2), RATE_PERIOD_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates),
        cmocka_unit_test(test_refused_rates),
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_common_periods),
    };
    return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
