#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan/option_workload.h"
#include "plan/options.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Values, one option at a time. */

struct good_value {
    const char *name, *value;
    size_t offset;
    int64_t expected;
};

#define FIELD(f) offsetof(struct options, f)

static const struct good_value good_values[] = {
    {"workers", "1", FIELD(workers), 1},
    {"workers", "1000000", FIELD(workers), 1000000},
    {"vus", "7", FIELD(workers), 7},
    {"duration", "90", FIELD(duration), 90 * NSEC_PER_SEC},
    {"duration", "1m30s", FIELD(duration), 90 * NSEC_PER_SEC},
    {"duration", "1ns", FIELD(duration), 1},
    {"max-runs", "1", FIELD(max_runs), 1},
    {"max_runs", "5", FIELD(max_runs), 5},
    {"ramp-up", "0", FIELD(ramp_up), 0},
    {"ramp_up", "250ms", FIELD(ramp_up), 250 * NSEC_PER_MSEC},
    {"graceful-stop", "0", FIELD(graceful_stop), 0},
    {"wait-timeout", "0", FIELD(wait_timeout), 0},
    {"timeout", "1.5", FIELD(timeout), 1500 * NSEC_PER_MSEC},
    {"delay", "2", FIELD(delay_high), 2 * NSEC_PER_SEC},
    {"delay", "1..5s", FIELD(delay_low), NSEC_PER_SEC},
    {"delay", "1..5s", FIELD(delay_high), 5 * NSEC_PER_SEC},
    {"delay", "0.5..0.5", FIELD(delay_low), 500 * NSEC_PER_MSEC},
    {"fail", "3", FIELD(fail_runs), 3},
    {"fail", "5%", FIELD(fail_runs), -1},
    {"fail", "never", FIELD(fail_runs), -1},
    {"sim-latency", "5ms", FIELD(sim_latency_low), 5 * NSEC_PER_MSEC},
    {"sim-latency", "5ms", FIELD(sim_latency_high), 5 * NSEC_PER_MSEC},
    {"sim_latency", "0..2", FIELD(sim_latency_low), 0},
    {"sim_latency", "0..2", FIELD(sim_latency_high), 2 * NSEC_PER_SEC},
    {"seed", "0", FIELD(seed), 0},
    {"seed", "9007199254740991", FIELD(seed), 9007199254740991},
};

static void
test_good_values(void **state)
{
    for (size_t i = 0; i < COUNT(good_values); i++) {
        const struct good_value *row = &good_values[i];
        struct options *options = options_create();
        struct err err = {"none"};
        assert_false(options_is_given(options, row->name));
        if (!options_set(options, OPTION_COMMAND_LINE, row->name, row->value,
                         &err))
            fail_msg("%s = %s: %s", row->name, row->value, err.message);
        int64_t got;
        memcpy(&got, (char *)options + row->offset, sizeof(got));
        if (got != row->expected)
            fail_msg("%s = %s: got %lld", row->name, row->value,
                     (long long)got);
        assert_true(options_is_given(options, row->name));
        options_destroy(options);
    }
}

struct bad_value {
    enum option_source source;
    const char *name, *value, *message;
};

#define TIMES "250ms, 30s, 2m, 1h30m or 1.5 (seconds)"
#define POSITIVE " is not a time above 0, such as " TIMES

static const struct bad_value bad_values[] = {
    {OPTION_COMMAND_LINE, "workers", "0",
     "--workers: '0' is not a whole number from 1 to 1000000"},
    {OPTION_COMMAND_LINE, "workers", "1000001",
     "--workers: '1000001' is not a whole number from 1 to 1000000"},
    {OPTION_COMMAND_LINE, "workers", "5x",
     "--workers: '5x' is not a whole number from 1 to 1000000"},
    {OPTION_SCRIPT, "workers", "",
     "workers: '' is not a whole number from 1 to 1000000"},
    {OPTION_ENVIRONMENT, "workers", "-1",
     "MOLO_WORKERS: '-1' is not a whole number from 1 to 1000000"},
    {OPTION_COMMAND_LINE, "max_runs", "0",
     "--max-runs: '0' is not a whole number from 1 (leave it out for no "
     "limit)"},
    {OPTION_SCRIPT, "max-runs", "0",
     "max_runs: '0' is not a whole number from 1 (leave it out for no limit)"},
    {OPTION_ENVIRONMENT, "max-runs", "1.5",
     "MOLO_MAX_RUNS: '1.5' is not a whole number from 1 (leave it out for no "
     "limit)"},
    {OPTION_COMMAND_LINE, "workers", NULL,
     "--workers needs a value: a whole number from 1 to 1000000"},
    {OPTION_COMMAND_LINE, "duration", "0", "--duration: '0'" POSITIVE},
    {OPTION_COMMAND_LINE, "duration", "-1s", "--duration: '-1s'" POSITIVE},
    {OPTION_COMMAND_LINE, "duration", "999999h",
     "--duration: '999999h'" POSITIVE},
    {OPTION_COMMAND_LINE, "sizing-step", "1us",
     "--sizing-step: '1us' is not a time from 1ms on, such as 500ms, 5s or 1.5 "
     "(seconds)"},
    {OPTION_COMMAND_LINE, "ramp-up", "5 s",
     "--ramp-up: '5 s' is not a time such as " TIMES},
    {OPTION_COMMAND_LINE, "wait-timeout", "none",
     "--wait-timeout: 'none' is not a time such as " TIMES ", or 0 for none"},
    {OPTION_COMMAND_LINE, "delay", "5..1",
     "--delay: '5..1' is not a time such as 500ms or 2 (seconds), or a range "
     "such as 1s..5s"},
    {OPTION_COMMAND_LINE, "delay", "1..",
     "--delay: '1..' is not a time such as 500ms or 2 (seconds), or a range "
     "such as 1s..5s"},
    {OPTION_COMMAND_LINE, "fail", "0",
     "--fail: '0' is not a number of runs from 1, a percentage above 0 such "
     "as 5%, or never"},
    {OPTION_COMMAND_LINE, "fail", "101%",
     "--fail: '101%' is not a number of runs from 1, a percentage above 0 "
     "such as 5%, or never"},
    {OPTION_COMMAND_LINE, "fail", "%",
     "--fail: '%' is not a number of runs from 1, a percentage above 0 such "
     "as 5%, or never"},
    {OPTION_COMMAND_LINE, "fail", "0x5%",
     "--fail: '0x5%' is not a number of runs from 1, a percentage above 0 "
     "such as 5%, or never"},
    {OPTION_COMMAND_LINE, "sim-latency", "10ms..1ms",
     "--sim-latency: '10ms..1ms' is not a time such as 5ms, or a range such as "
     "1ms..10ms"},
    {OPTION_COMMAND_LINE, "sim-failures", "5",
     "--sim-failures: '5' is not a percentage from 0% to 100%"},
    {OPTION_SCRIPT, "sim_failures", "100.1%",
     "sim_failures: '100.1%' is not a percentage from 0% to 100%"},
    {OPTION_ENVIRONMENT, "sim-failures", "%",
     "MOLO_SIM_FAILURES: '%' is not a percentage from 0% to 100%"},
    {OPTION_COMMAND_LINE, "fail", "0%",
     "--fail: '0%' is not a number of runs from 1, a percentage above 0 such "
     "as 5%, or never"},
    {OPTION_COMMAND_LINE, "on-deadlock", "ignore",
     "--on-deadlock: 'ignore' is not stop or break"},
    {OPTION_COMMAND_LINE, "progress", "On",
     "--progress: 'On' is not auto, on or off"},
    {OPTION_SCRIPT, "stop_on_failure", "maybe",
     "stop_on_failure: 'maybe' is not true or false"},
    {OPTION_COMMAND_LINE, "seed", "9007199254740992",
     "--seed: '9007199254740992' is not a whole number from 0 to "
     "9007199254740991"},
    {OPTION_COMMAND_LINE, "base-url", "localhost:80",
     "--base-url: 'localhost:80' is not an address such as "
     "http://127.0.0.1:8642"},
    {OPTION_COMMAND_LINE, "base-url", "http://",
     "--base-url: 'http://' is not an address such as http://127.0.0.1:8642"},
    {OPTION_COMMAND_LINE, "header", "Accept",
     "--header: 'Accept' is not a header such as 'Accept: text/html'"},
    {OPTION_COMMAND_LINE, "header", "a b: c",
     "--header: 'a b: c' is not a header such as 'Accept: text/html'"},
    {OPTION_COMMAND_LINE, "header", "a: b\r\nc: d",
     "--header: 'a: b\r\nc: d' is not a header such as 'Accept: text/html'"},
    {OPTION_COMMAND_LINE, "env", "=x", "--env: '=x' is not NAME=VALUE"},
    {OPTION_COMMAND_LINE, "tag", "x", "--tag: 'x' is not NAME=VALUE"},
    {OPTION_COMMAND_LINE, "out", "x.csv",
     "--out: 'x.csv' is not KIND=FILE, such as json=result.json"},
    {OPTION_COMMAND_LINE, "out",
     "json=", "--out: 'json=' is not KIND=FILE, such as json=result.json"},
    {OPTION_COMMAND_LINE, "summary-format", "xml",
     "--summary-format: 'xml' is not text, json or none"},
    {OPTION_COMMAND_LINE, "scenario", "",
     "--scenario: '' is not the name of a scenario"},
    {OPTION_COMMAND_LINE, "threshold", "",
     "--threshold: '' is not an expression such as 'http_req_duration:p95 < "
     "300ms'"},
    {OPTION_COMMAND_LINE, "timeline", "",
     "--timeline: '' is not the name of a file"},
    {OPTION_SCRIPT, "max_run", "5",
     "unknown option 'max_run': did you mean 'max_runs'?"},
    {OPTION_SCRIPT, "help", "true", "unknown option 'help'"},
    {OPTION_SCRIPT, "elephants", "5", "unknown option 'elephants'"},
};

static void
test_bad_values(void **state)
{
    struct options *options = options_create();
    for (size_t i = 0; i < COUNT(bad_values); i++) {
        const struct bad_value *row = &bad_values[i];
        struct err err = {"none"};
        assert_false(
            options_set(options, row->source, row->name, row->value, &err));
        assert_string_equal(err.message, row->message);
    }
    assert_int_equal(options->workers, 1);
    assert_true(options->duration == NSEC_NEVER);
    assert_int_equal(options->headers.count, 0);
    assert_int_equal(options->fail_runs, 1);
    assert_false(options_is_given(options, "workers"));
    options_destroy(options);
}

static void
test_defaults(void **state)
{
    struct options *options = options_create();
    assert_int_equal(options->workers, 1);
    assert_true(options->duration == NSEC_NEVER);
    assert_int_equal(options->max_runs, 0);
    assert_int_equal(options->fail_runs, 1);
    assert_true(options->fail_percent < 0);
    assert_int_equal(options->graceful_stop, 30 * NSEC_PER_SEC);
    assert_int_equal(options->wait_timeout, 60 * NSEC_PER_SEC);
    assert_int_equal(options->timeout, 60 * NSEC_PER_SEC);
    assert_int_equal(options->on_deadlock, ON_DEADLOCK_STOP);
    assert_false(options->sim);
    assert_int_equal(options->sim_latency_low, 1 * NSEC_PER_MSEC);
    assert_int_equal(options->sim_latency_high, 10 * NSEC_PER_MSEC);
    assert_true(options->sim_failures == 0);
    assert_int_equal(options->progress, PROGRESS_AUTO);
    assert_false(options->seed_given);
    assert_true(options->seed < UINT64_C(1) << 53);
    options_destroy(options);
    options_destroy(NULL);
}

static void
set(struct options *options, enum option_source source, const char *name,
    const char *value)
{
    struct err err = {""};
    if (!options_set(options, source, name, value, &err))
        fail_msg("%s", err.message);
}

static void
test_words_and_flags(void **state)
{
    struct options *options = options_create();
    set(options, OPTION_SCRIPT, "on_deadlock", "break");
    set(options, OPTION_SCRIPT, "progress", "off");
    set(options, OPTION_SCRIPT, "insecure", NULL);
    set(options, OPTION_SCRIPT, "stop_on_failure", "true");
    assert_int_equal(options->on_deadlock, ON_DEADLOCK_BREAK);
    assert_int_equal(options->progress, PROGRESS_OFF);
    assert_true(options->insecure);
    assert_true(options->stop_on_failure);
    set(options, OPTION_SCRIPT, "sim", "true");
    assert_true(options->sim);
    set(options, OPTION_ENVIRONMENT, "sim_failures", "0.5%");
    assert_true(options->sim_failures == 0.5);
    set(options, OPTION_SCRIPT, "sim_failures", "7%");
    assert_true(options->sim_failures == 0.5);
    set(options, OPTION_COMMAND_LINE, "sim_failures", "0%");
    assert_true(options->sim_failures == 0);
    set(options, OPTION_COMMAND_LINE, "exception", "false");
    assert_false(options->stop_on_failure);
    set(options, OPTION_COMMAND_LINE, "fail", "2.5%");
    assert_true(options->fail_percent == 2.5);
    set(options, OPTION_COMMAND_LINE, "fail", "2");
    assert_true(options->fail_percent < 0);
    options_destroy(options);
}

static void
test_thresholds(void **state)
{
    struct options *options = options_create();
    char expression[] = "runs:count > 1", where[] = "pad.lua:9";
    options_add_threshold(options, OPTION_SCRIPT,
                          &(struct option_threshold){.expression = expression,
                                                     .where = where,
                                                     .abort = true,
                                                     .after = 5});
    /* They are copied. */
    expression[0] = where[0] = '\0';
    options_add_threshold(
        options, OPTION_SCRIPT,
        &(struct option_threshold){.expression = expression, .where = where});
    assert_int_equal(options->threshold_count, 2);
    assert_string_equal(options->thresholds[0].expression, "runs:count > 1");
    assert_string_equal(options->thresholds[0].where, "pad.lua:9");
    assert_true(options->thresholds[0].abort);
    assert_int_equal(options->thresholds[0].after, 5);
    assert_false(options->thresholds[1].abort);
    /* A stronger source replaces the list, a weaker one does nothing. */
    set(options, OPTION_ENVIRONMENT, "threshold", "a");
    assert_int_equal(options->threshold_count, 1);
    assert_string_equal(options->thresholds[0].where, "MOLO_THRESHOLD");
    set(options, OPTION_COMMAND_LINE, "threshold", "b");
    set(options, OPTION_COMMAND_LINE, "threshold", "c");
    set(options, OPTION_ENVIRONMENT, "threshold", "d");
    assert_int_equal(options->threshold_count, 2);
    assert_string_equal(options->thresholds[1].expression, "c");
    assert_string_equal(options->thresholds[1].where, "--threshold");
    assert_true(options_is_given(options, "threshold"));
    assert_false(options_is_given(options, "fail"));
    options_destroy(options);
}

/* Whatever the order in which the sources are read. */
static void
test_precedence(void **state)
{
    static const enum option_source order[] = {
        OPTION_SCRIPT, OPTION_COMMAND_LINE, OPTION_CONFIG, OPTION_ENVIRONMENT};
    struct options *options = options_create();
    for (size_t i = 0; i < COUNT(order); i++) {
        const char value[] = {(char)('1' + order[i]), '\0'};
        set(options, order[i], "workers", value);
        set(options, order[i], "seed", value);
        const char url[] = {'h', 't', 't', 'p', ':', '/', '/', value[0], '\0'};
        set(options, order[i], "base_url", url);
    }
    assert_int_equal(options->workers, 1 + OPTION_COMMAND_LINE);
    assert_int_equal(options->seed, 1 + OPTION_COMMAND_LINE);
    assert_string_equal(options->base_url, "http://5");
    /* A weaker source cannot change it, and is still checked. */
    struct err err;
    assert_false(options_set(options, OPTION_SCRIPT, "workers", "many", &err));
    set(options, OPTION_COMMAND_LINE, "workers", "9");
    assert_int_equal(options->workers, 9);
    options_destroy(options);
}

static void
expect_names(struct option_list *names, const char *expected)
{
    struct buf text = {0};
    for (size_t i = 0; i < names->count; i++)
        buf_printf(&text, "%s ", names->items[i]);
    assert_string_equal(text.size > 0 ? text.data : "", expected);
    buf_finish(&text);
    option_list_finish(names);
}

static void
test_who_gave_what(void **state)
{
    struct options *options = options_create();
    struct option_list names = {0};
    assert_int_equal(options_source(options, "workers"), OPTION_DEFAULT);
    set(options, OPTION_CONFIG, "workers", "1");
    set(options, OPTION_CONFIG, "delay", "1");
    set(options, OPTION_CONFIG, "max_runs", "1");
    set(options, OPTION_CONFIG, "env", "A=1");
    set(options, OPTION_COMMAND_LINE, "delay", "2");
    set(options, OPTION_SCRIPT, "workers", "2");
    set(options, OPTION_SCRIPT, "delay", "3");
    set(options, OPTION_SCRIPT, "env", "A=2");
    assert_true(options_begin_workloads(options, OPTION_SCRIPT));
    assert_false(options_begin_workloads(options, OPTION_CONFIG));
    assert_int_equal(options_source(options, "workers"), OPTION_SCRIPT);
    assert_int_equal(options_source(options, "delay"), OPTION_COMMAND_LINE);
    assert_int_equal(options_source(options, "env"), OPTION_SCRIPT);

    options_list_given(options, OPTION_COMMAND_LINE, &names);
    expect_names(&names, "--delay ");
    options_list_given(options, OPTION_SCRIPT, &names);
    expect_names(&names, "workers env workloads ");
    options_list_given(options, OPTION_CONFIG, &names);
    expect_names(&names, "max_runs ");
    /* The delay would be overruled in any case. */
    options_list_overruled(options, OPTION_CONFIG, OPTION_SCRIPT, &names);
    expect_names(&names, "workers workloads ");
    options_list_overruled(options, OPTION_CONFIG, OPTION_COMMAND_LINE, &names);
    expect_names(&names, "delay ");
    options_destroy(options);
}

static void
test_lists_append_and_replace(void **state)
{
    struct options *options = options_create();
    set(options, OPTION_SCRIPT, "scenario", "a");
    set(options, OPTION_SCRIPT, "scenario", "b");
    assert_int_equal(options->scenarios.count, 2);
    set(options, OPTION_COMMAND_LINE, "scenario", "c");
    assert_int_equal(options->scenarios.count, 1);
    set(options, OPTION_COMMAND_LINE, "scenario", "d");
    set(options, OPTION_SCRIPT, "scenario", "e");
    assert_int_equal(options->scenarios.count, 2);
    assert_string_equal(options->scenarios.items[0], "c");
    assert_string_equal(options->scenarios.items[1], "d");
    options_destroy(options);
}

static void
test_pairs_merge_by_key(void **state)
{
    struct options *options = options_create();
    set(options, OPTION_COMMAND_LINE, "env", "HOST=there");
    set(options, OPTION_SCRIPT, "env", "HOST=here");
    set(options, OPTION_SCRIPT, "env", "USER=ann");
    set(options, OPTION_SCRIPT, "env", "USER=bob=b");
    set(options, OPTION_COMMAND_LINE, "env", "EMPTY=");
    assert_int_equal(options->env_count, 3);
    assert_string_equal(options->env[0].key, "HOST");
    assert_string_equal(options->env[0].value, "there");
    assert_string_equal(options->env[1].key, "USER");
    assert_string_equal(options->env[1].value, "bob=b");
    assert_string_equal(options->env[2].value, "");
    set(options, OPTION_COMMAND_LINE, "tag", "HOST=x");
    assert_int_equal(options->tag_count, 1);
    assert_int_equal(options->env_count, 3);
    options_destroy(options);
}

static void
test_verbosity_is_one_option(void **state)
{
    struct options *options = options_create();
    set(options, OPTION_ENVIRONMENT, "quiet", "1");
    assert_int_equal(options->verbosity, -1);
    set(options, OPTION_COMMAND_LINE, "verbose", NULL);
    assert_int_equal(options->verbosity, 1);
    set(options, OPTION_COMMAND_LINE, "verbose", NULL);
    set(options, OPTION_COMMAND_LINE, "verbose", NULL);
    assert_int_equal(options->verbosity, 2);
    set(options, OPTION_SCRIPT, "quiet", "true");
    assert_int_equal(options->verbosity, 2);
    set(options, OPTION_COMMAND_LINE, "quiet", NULL);
    assert_int_equal(options->verbosity, -1);
    options_destroy(options);
}

static void
test_environment(void **state)
{
    char workers[] = "MOLO_WORKERS=4", runs[] = "MOLO_MAX_RUNS=9",
         empty[] = "MOLO_DURATION=", unknown[] = "MOLO_ELEPHANTS=1",
         other[] = "WORKERS=7", help[] = "MOLO_HELP=1", none[] = "MOLO_",
         mistyped[] = "MOLO_BASEURL=1";
    char *variables[] = {workers, runs, empty,    unknown, other,
                         help,    none, mistyped, NULL};
    struct option_list warnings = {0};
    struct options *options = options_create();
    struct err err = {""};
    assert_true(options_read_environment(options, variables, &warnings, &err));
    assert_int_equal(options->workers, 4);
    assert_int_equal(options->max_runs, 9);
    assert_true(options->duration == NSEC_NEVER);
    assert_false(options->help);
    assert_int_equal(warnings.count, 2);
    assert_string_equal(warnings.items[0], "MOLO_HELP has no effect: --help is "
                                           "for the command line");
    assert_string_equal(
        warnings.items[1],
        "MOLO_BASEURL has no effect: did you mean MOLO_BASE_URL?");

    char bad[] = "MOLO_RAMP_UP=soon";
    char *bad_variables[] = {bad, NULL};
    assert_false(
        options_read_environment(options, bad_variables, &warnings, &err));
    assert_string_equal(err.message,
                        "MOLO_RAMP_UP: 'soon' is not a time such as " TIMES);

    char service[] = "MOLO_SERVICE_A.B=http://a";
    bad_variables[0] = service;
    assert_false(
        options_read_environment(options, bad_variables, &warnings, &err));
    assert_string_equal(err.message,
                        "MOLO_SERVICE_A.B: 'http://a' is not an address such "
                        "as http://127.0.0.1:8642, or the name has other than "
                        "letters, digits, '_' and '-'");
    option_list_finish(&warnings);
    options_destroy(options);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_values),
        cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_words_and_flags),
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_who_gave_what),
        cmocka_unit_test(test_lists_append_and_replace),
        cmocka_unit_test(test_pairs_merge_by_key),
        cmocka_unit_test(test_verbosity_is_one_option),
        cmocka_unit_test(test_environment),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
