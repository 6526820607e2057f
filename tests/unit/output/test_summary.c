#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "output/verdict.h"
#include "sample.h"

static char *
summary_of(const struct sample *sample, bool color)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    out_summary_write(&sample->result, stream, color);
    fclose(stream);
    return text;
}

/* Line by line, so that a difference shows the line. */
static void
assert_lines(const char *text, const char *const *expected, size_t count)
{
    char *copy = strdup(text), *rest = copy;
    for (size_t i = 0; i < count; i++) {
        char *line = strsep(&rest, "\n");
        assert_non_null(line);
        assert_string_equal(line, expected[i]);
    }
    assert_string_equal(rest, "");
    free(copy);
}

static void
test_small_run(void **state)
{
    static const char *const expected[] = {
        "molo " MOLO_VERSION "   scenarios/pad.lua   2 workers   4 s   seed 7",
        "",
        "runs      5   3 ok, 1 failed, 1 interrupted   1.0/s",
        "requests  12   4 failed (33.3 %), 1 never sent   3.0/s   1.0 kB sent, "
        "9.0 kB received",
        "status    200: 8   404: 1   no answer: 2",
        "",
        "time                 mean    p50    p90    p95    p99    max",
        "http_req_duration  7.6 ms   5 ms  20 ms  20 ms  20 ms  20 ms",
        "run_duration        40 ms  40 ms  40 ms  40 ms  40 ms  40 ms",
        "run_active          30 ms  30 ms  30 ms  30 ms  30 ms  30 ms",
        "",
        "method  endpoint   count  failed   rate    mean    p50    p95    p99  "
        "  max",
        "GET     /pad/demo      8       0  2.0/s  4.5 ms   4 ms   8 ms   8 ms  "
        " 8 ms",
        "PUT     /pad/demo      4       4  1.0/s   20 ms  20 ms  20 ms  20 ms  "
        "20 ms",
        "",
        "check         passed  failed  rate",
        "text arrived       3       1  75 %",
        "",
        "errors",
        "     2  timeout: no answer\\x1b[2J\\nafter 60 s",
        "        first: worker 1, step 3, after 500 ms, at pad.lua:9",
        "",
        "notifier  rounds  missed  waits  wait p50  wait p99  propagation p99",
        "pad#           3       1      3      2 ms      3 ms             2 us",
        "",
        "FAILED: deadlock: 2 wait (exit code 4)",
        "FAILED: 1 of 5 runs failed (exit code 1)",
    };
    struct sample sample;
    sample_init(&sample);
    sample_record(&sample);
    result_add_cause(&sample.result, EXIT_CODE_FAILED, "1 of 5 runs failed");
    result_add_cause(&sample.result, EXIT_CODE_DEADLOCK, "deadlock: 2 wait");
    char *text = summary_of(&sample, false);
    assert_lines(text, expected, sizeof(expected) / sizeof(expected[0]));
    free(text);
    sample_finish(&sample);
}

/* Of each type what it has to tell, and nothing that is the same for all. */
static void
test_coordination_by_type(void **state)
{
    static const char *const expected[] = {
        "molo " MOLO_VERSION "   scenarios/pad.lua   2 workers   4 s   seed 7",
        "",
        "runs      0   0 ok, 0 failed, 0 interrupted   0.0/s",
        "",
        "lock   waits  contended  wait p50  wait p99  held p50  held p99",
        "seat#      4       25 %      1 ms      1 ms     10 ms     10 ms",
        "gate       1        0 %      1 ms      1 ms         -         -",
        "",
        "barrier  rounds  waits  wait p50  wait p99  skew p50  skew p99  "
        "release p99  breaks",
        "start         1      1      1 ms      1 ms      2 ms      2 ms  "
        "      50 us       1",
        "",
        "queue  waits  wait p50  wait p99  depth p50  depth max",
        "jobs       1      1 ms      1 ms          2         90",
        "",
        "notifier  waits  wait p50  wait p99  round p99",
        "pad           1      1 ms      1 ms       7 ms",
        "",
        "ok",
    };
    struct sample sample;
    sample_init(&sample);
    struct recorder *recorder = sample.recorder;
    for (int i = 0; i < 4; i++)
        recorder_coord_wait(recorder, "lock", "seat12", NSEC_PER_MSEC);
    recorder_coord_wait(recorder, "barrier", "start", NSEC_PER_MSEC);
    recorder_coord_wait(recorder, "lock", "gate", NSEC_PER_MSEC);
    recorder_coord_event(recorder, "lock", "seat2", COORD_CONTENDED);
    recorder_coord_time(recorder, COORD_HELD, "lock", "seat2",
                        10 * NSEC_PER_MSEC);
    recorder_coord_event(recorder, "barrier", "start", COORD_ROUND);
    recorder_coord_event(recorder, "barrier", "start", COORD_BREAK);
    /* At a barrier everybody waits; that says nothing. */
    recorder_coord_event(recorder, "barrier", "start", COORD_CONTENDED);
    recorder_coord_time(recorder, COORD_SKEW, "barrier", "start",
                        2 * NSEC_PER_MSEC);
    recorder_coord_time(recorder, COORD_RELEASE, "barrier", "start",
                        50 * NSEC_PER_USEC);
    recorder_coord_wait(recorder, "queue", "jobs", NSEC_PER_MSEC);
    recorder_coord_depth(recorder, "queue", "jobs", 1);
    recorder_coord_depth(recorder, "queue", "jobs", 2);
    recorder_coord_depth(recorder, "queue", "jobs", 90);
    recorder_coord_wait(recorder, "notifier", "pad", NSEC_PER_MSEC);
    recorder_coord_time(recorder, COORD_ROUND_TIME, "notifier", "pad",
                        7 * NSEC_PER_MSEC);
    /* A barrier's is its skew. */
    recorder_coord_time(recorder, COORD_ROUND_TIME, "barrier", "start",
                        2 * NSEC_PER_MSEC);
    char *text = summary_of(&sample, false);
    assert_lines(text, expected, sizeof(expected) / sizeof(expected[0]));
    free(text);
    sample_finish(&sample);
}

static void
test_scenarios_and_roles(void **state)
{
    struct sample sample;
    sample_init(&sample);
    struct recorder *recorder = sample.recorder;
    recorder_run_end(recorder, NULL, "chat", RUN_OK, 1, 1);
    recorder_run_end(recorder, NULL, "chat", RUN_FAILED, 1, 1);
    recorder_run_role(recorder, "chat", "speaker", RUN_OK);
    recorder_run_role(recorder, "chat", "listener", RUN_FAILED);
    char *text = summary_of(&sample, false);
    assert_non_null(strstr(text,
                           "scenario    runs  ok  failed  interrupted\n"
                           "chat           2   1       1            0\n"
                           "  speaker      1   1       0            0\n"
                           "  listener     1   0       1            0\n"));
    free(text);
    sample_finish(&sample);
}

static void
test_thresholds(void **state)
{
    static const char *const expressions[] = {
        "http_req_duration:p95 < 30ms", "http_req_failed:rate < 1%",
        "coord_skew:p99 < 5ms", "runs{scenario=nope}:count > 0"};
    enum { COUNT = sizeof(expressions) / sizeof(expressions[0]) };
    struct sample sample;
    sample_init(&sample);
    sample_record(&sample);
    struct threshold thresholds[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(threshold_init(&thresholds[i], expressions[i], NULL, NULL));
        threshold_judge(&thresholds[i], sample.result.snapshot,
                        4 * NSEC_PER_SEC);
    }
    thresholds[1].aborted = true;
    sample.result.thresholds = thresholds;
    sample.result.threshold_count = COUNT;
    char *text = summary_of(&sample, false);
    assert_non_null(strstr(
        text, "threshold                      result                          "
              "      value\n"
              "http_req_duration:p95 < 30ms   ok                              "
              "      20 ms\n"
              "http_req_failed:rate < 1%      FAILED, ended the test          "
              "    33.33 %\n"
              "coord_skew:p99 < 5ms           FAILED                          "
              "    no data\n"
              "runs{scenario=nope}:count > 0  FAILED                  0, "
              "nothing measured\n"));
    free(text);
    for (size_t i = 0; i < COUNT; i++)
        threshold_finish(&thresholds[i]);
    sample_finish(&sample);
}

static void
test_empty_sections_are_left_out(void **state)
{
    static const char *const expected[] = {
        "molo " MOLO_VERSION "   scenarios/pad.lua   2 workers   4 s   seed 7",
        "",
        "runs      0   0 ok, 0 failed, 0 interrupted   0.0/s",
        "",
        "ok",
    };
    struct sample sample;
    sample_init(&sample);
    char *text = summary_of(&sample, false);
    assert_lines(text, expected, sizeof(expected) / sizeof(expected[0]));
    free(text);
    sample_finish(&sample);
}

static void
test_a_simulated_run_says_so_first(void **state)
{
    static const char *const rows[][2] = {
        {"1ms..10ms", "SIMULATED: virtual time, no request was sent; answers "
                      "after 1 ms to 10 ms, 2.5 % of them fail\nmolo "},
        {"5ms", "SIMULATED: virtual time, no request was sent; answers after "
                "5 ms, 2.5 % of them fail\nmolo "},
    };
    for (size_t i = 0; i < 2; i++) {
        struct sample sample;
        sample_init(&sample);
        options_set(sample.options, OPTION_COMMAND_LINE, "sim", NULL, NULL);
        options_set(sample.options, OPTION_COMMAND_LINE, "sim-latency",
                    rows[i][0], NULL);
        options_set(sample.options, OPTION_COMMAND_LINE, "sim-failures", "2.5%",
                    NULL);
        char *text = summary_of(&sample, false);
        assert_memory_equal(text, rows[i][1], strlen(rows[i][1]));
        free(text);
        sample_finish(&sample);
    }
}

static void
test_color_adds_only_codes(void **state)
{
    struct sample sample;
    sample_init(&sample);
    sample_record(&sample);
    result_add_cause(&sample.result, EXIT_CODE_FAILED, "1 of 5 runs failed");
    char *plain = summary_of(&sample, false);
    char *colored = summary_of(&sample, true);
    assert_null(strchr(plain, '\x1b'));
    assert_non_null(strstr(colored, "\x1b[31m1 failed\x1b[0m"));
    assert_non_null(strstr(colored, "\x1b[31mFAILED:\x1b[0m"));
    char *to = colored;
    for (const char *from = colored; *from != '\0';) {
        if (*from == '\x1b')
            from = strchr(from, 'm') + 1;
        else
            *to++ = *from++;
    }
    *to = '\0';
    assert_string_equal(colored, plain);
    free(plain);
    free(colored);
    sample_finish(&sample);
}

static void
test_names_cannot_steer_the_terminal(void **state)
{
    static const char evil[] = "x\x1b]0;title\x07\r\n\xc2\x9b"
                               "2J\xff";
    struct sample sample;
    sample_init(&sample);
    sample.result.scenario_path = evil;
    recorder_request(sample.recorder,
                     &(struct request_sample){.method = evil, .name = evil});
    recorder_check(sample.recorder, NULL, evil, false);
    char where[sizeof(evil)];
    strcpy(where, evil);
    recorder_error(sample.recorder, NULL, evil, evil,
                   &(struct error_first){.where = where});
    recorder_coord_wait(sample.recorder, evil, evil, 1);
    recorder_coord_time(sample.recorder, COORD_PROPAGATION, evil, evil, 1);
    result_add_cause(&sample.result, EXIT_CODE_FAILED, "%s", evil);
    char *text = summary_of(&sample, false);
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        assert_true(c == '\n' || (c >= 0x20 && c < 0x7f));
    }
    free(text);
    sample_finish(&sample);
}

/* Longer lists are shortened to the rows with most to tell. */
static void
test_long_lists(void **state)
{
    struct sample sample;
    sample_init(&sample);
    for (int i = 0; i < 50; i++) {
        char name[200];
        snprintf(name, sizeof(name), "/%s/%d",
                 "a-long-and-repetitive-path-to-an-item", i);
        struct request_sample request = {
            .method = "GET", .name = name, .status = 200, .sends = 1};
        for (int n = 0; n <= i; n++)
            recorder_request(sample.recorder, &request);
        recorder_check(sample.recorder, NULL, name, i != 49);
        recorder_error(sample.recorder, NULL, "user", name, NULL);
    }
    char *text = summary_of(&sample, false);
    /* Names are cut in the middle: the end is what differs. */
    assert_non_null(
        strstr(text, "GET     /a-long-and-repe...ath-to-an-item/49     50"));
    assert_null(strstr(text, "/19     20"));
    assert_non_null(strstr(text, "... and 20 more, all in the result JSON"));
    assert_non_null(strstr(text, "... and 30 more, all in the result JSON"));
    /* The failed check is shown though it came last. */
    assert_non_null(strstr(text, "/49       0       1    0 %"));
    free(text);
    sample_finish(&sample);
}

static void
test_saturated_generator_is_told(void **state)
{
    struct sample sample;
    sample_init(&sample);
    static const struct verdict verdict = {
        .count = 1,
        .spans = {{.from = 12 * NSEC_PER_SEC,
                   .to = 20 * NSEC_PER_SEC,
                   .busy = true,
                   .cpu = 0.99,
                   .lag_p99 = 40 * NSEC_PER_MSEC}},
    };
    sample.result.verdict = &verdict;
    sample.result.generator.saturated = true;
    char *text = summary_of(&sample, false);
    assert_non_null(strstr(text,
                           "\ngenerator saturated from 12 s to 20 s: loop lag "
                           "p99 40 ms, CPU 99 %; results from then on describe "
                           "molo, not the target\n"));
    free(text);
    sample_finish(&sample);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_run),
        cmocka_unit_test(test_coordination_by_type),
        cmocka_unit_test(test_scenarios_and_roles),
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_empty_sections_are_left_out),
        cmocka_unit_test(test_a_simulated_run_says_so_first),
        cmocka_unit_test(test_color_adds_only_codes),
        cmocka_unit_test(test_names_cannot_steer_the_terminal),
        cmocka_unit_test(test_long_lists),
        cmocka_unit_test(test_saturated_generator_is_told),
    };
    return cmocka_run_group_tests_name("summary", tests, NULL, NULL);
}
