#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "plan/config.h"
#include "plan/option_workload.h"

static char path[] = "/tmp/molo-config-XXXXXX";

static struct config *
load(const char *text, struct err *err)
{
    strcpy(path + sizeof(path) - 7, "XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    struct config *config = config_load(path, err);
    unlink(path);
    return config;
}

static struct options *
apply(const struct config *config, const char *name)
{
    struct options *options = options_create();
    size_t index = config_find(config, name, NULL);
    assert_true(index != SIZE_MAX);
    config_apply(config, index, options);
    return options;
}

static struct config *
load_good(const char *text)
{
    struct err err = {{0}};
    struct config *config = load(text, &err);
    if (config == NULL)
        fail_msg("%s", err.message);
    return config;
}

static void
test_nearest_wins(void **state)
{
    struct config *config = load_good(
        "{\"defaults\": {\"workers\": 2, \"duration\": \"10s\","
        " \"env\": {\"A\": \"1\", \"B\": 2}, \"insecure\": true,"
        " \"services\": {\"users\": {\"base_url\": \"http://u\"}}},"
        " \"tests\": {"
        " \"base\": {\"workers\": 3, \"env\": {\"B\": \"3\"}},"
        " \"mid\": {\"extends\": \"base\", \"scenario\": \"m.lua\"},"
        " \"top\": {\"extends\": \"mid\", \"workers\": 5,"
        "  \"insecure\": false, \"scenarios\": [\"x\", \"y\"],"
        "  \"services\": {\"user-api\": {\"base_url\": \"http://v\"}},"
        "  \"delay\": [0.5, \"2s\"], \"rate\": 2.5}}}");
    assert_int_equal(config_count(config), 2);
    assert_string_equal(config_name(config, 0), "mid");
    assert_string_equal(config_scenario(config, 1), "/tmp/m.lua");

    struct options *options = apply(config, "top");
    assert_int_equal(options->workers, 5);
    assert_int_equal(options->duration, 10 * NSEC_PER_SEC);
    assert_false(options->insecure);
    assert_int_equal(options->env_count, 2);
    assert_string_equal(options->env[0].value, "1");
    assert_string_equal(options->env[1].value, "3");
    assert_int_equal(options->scenarios.count, 2);
    assert_int_equal(options->delay_low, 500 * NSEC_PER_MSEC);
    assert_int_equal(options->delay_high, 2 * NSEC_PER_SEC);
    assert_string_equal(options_service(options, "users"), "http://u");
    assert_string_equal(options_service(options, "User_Api"), "http://v");
    assert_null(options_service(options, "other"));
    options_destroy(options);

    options = apply(config, "mid");
    assert_int_equal(options->workers, 3);
    assert_true(options->insecure);
    assert_int_equal(options->scenarios.count, 0);
    options_destroy(options);
    config_destroy(config);
}

/* Whichever of its spellings an option is inherited under. */
static void
test_spellings(void **state)
{
    struct config *config =
        load_good("{\"defaults\": {\"max-runs\": 7, \"vus\": 7,"
                  " \"only_tag\": [\"all\"]},"
                  " \"tests\": {"
                  " \"base\": {\"max_runs\": 3, \"workers\": 3},"
                  " \"test\": {\"extends\": \"base\", \"scenario\": \"a.lua\","
                  "  \"max-runs\": 5, \"vus\": 5,"
                  "  \"only-tag\": [\"x\", \"y\"],"
                  "  \"threshold\": \"runs:count > 1\","
                  "  \"sim-latency\": [1, 2]}}}");
    struct options *options = apply(config, "test");
    assert_int_equal(options->max_runs, 5);
    assert_int_equal(options->workers, 5);
    assert_int_equal(options->only_tags.count, 2);
    assert_string_equal(options->only_tags.items[0], "x");
    assert_string_equal(options->thresholds[0].expression, "runs:count > 1");
    assert_int_equal(options->sim_latency_high, 2 * NSEC_PER_SEC);
    options_destroy(options);
    config_destroy(config);
}

/* A config file is weaker than all but the defaults, in whatever order they
 * are read; a pair at a time. */
static void
test_precedence(void **state)
{
    struct config *config =
        load_good("{\"tests\": {\"test\": {\"scenario\": \"a.lua\","
                  " \"workers\": 2, \"max_runs\": 3, \"env\": {\"A\": \"c\","
                  " \"B\": \"c\"}}}}");
    struct options *options = options_create();
    assert_true(
        options_set(options, OPTION_COMMAND_LINE, "workers", "7", NULL));
    assert_true(options_set(options, OPTION_COMMAND_LINE, "env", "A=x", NULL));
    config_apply(config, 0, options);
    assert_true(options_set(options, OPTION_SCRIPT, "max_runs", "4", NULL));
    assert_int_equal(options->workers, 7);
    assert_int_equal(options->max_runs, 4);
    assert_string_equal(options->env[0].value, "x");
    assert_string_equal(options->env[1].value, "c");
    options_destroy(options);
    config_destroy(config);
}

static void
test_thresholds_and_workloads(void **state)
{
    struct config *config =
        load_good("{\"tests\": {\"test\": {\"scenario\": \"a.lua\","
                  " \"thresholds\": [\"checks:rate > 0.9\","
                  "  {\"expression\": \"runs:count > 1\", \"abort\": true,"
                  "   \"after\": \"5s\"}],"
                  " \"workloads\": {\"z\": {\"executor\": \"ramping_workers\","
                  "   \"stages\": [\"1m:5\", \"1m:0\"], \"env\": {\"K\": 1}},"
                  "  \"a\": {\"executor\": \"constant_rate\", \"rate\": 5,"
                  "   \"duration\": \"1m\", \"scenarios\": {\"x\": 2.5}}}}}}");
    struct options *options = apply(config, "test");
    assert_int_equal(options->threshold_count, 2);
    assert_false(options->thresholds[0].abort);
    assert_true(options->thresholds[1].abort);
    assert_int_equal(options->thresholds[1].after, 5 * NSEC_PER_SEC);
    assert_string_equal(options->thresholds[1].where, path);
    assert_int_equal(options->workload_count, 2);
    assert_string_equal(options->workloads[0].name, "z");
    assert_int_equal(options->workloads[0].stage_count, 2);
    assert_string_equal(options->workloads[0].env[0].value, "1");
    assert_true(options->workloads[1].choices[0].weight == 2.5);
    options_destroy(options);
    config_destroy(config);
}

/* FILE stands for the path. */
static const struct fault {
    const char *text, *message;
} faults[] = {
    {"{\n \"tests\": {,}}", "FILE:2:12: string or '}' expected near ','"},
    {"[]", "FILE: expected an object such as {\"tests\": {\"smoke\": "
           "{\"scenario\": \"smoke.lua\"}}}, got a list"},
    {"{}", "FILE: there are no tests: add some, such as \"tests\": {\"smoke\": "
           "{\"scenario\": \"smoke.lua\"}}"},
    {"{\"test\": {}}", "FILE: unknown key 'test': did you mean 'tests'?"},
    {"{\"x\": {}}", "FILE: unknown key 'x': there are 'defaults' and 'tests'"},
    {"{\"tests\": []}", "FILE: tests: expected an object, got a list"},
    {"{\"tests\": {\"a\": {}}}",
     "FILE: no test has a scenario: add \"scenario\": \"FILE.lua\""},
    {"{\"tests\": {\"a\": 1}}",
     "FILE: tests.a: expected an object, got a number"},
    {"{\"tests\": {\"a\": {\"scenario\": \"a.lua\", \"wokers\": 1}}}",
     "FILE: tests.a: unknown option 'wokers': did you mean 'workers'?"},
    {"{\"tests\": {\"a\": {\"scenario\": \"a.lua\", \"extnds\": \"b\"}}}",
     "FILE: tests.a: unknown option 'extnds': did you mean 'extends'?"},
    {"{\"tests\": {\"a\": {\"scenario\": \"a.lua\", \"jobs\": 1}}}",
     "FILE: tests.a: unknown option 'jobs'"},
    {"{\"tests\": {\"a\": {\"scenario\": \"a.lua\", \"workers\": 0}}}",
     "FILE: tests.a: workers: '0' is not a whole number from 1 to 1000000"},
    {"{\"tests\": {\"a\": {\"scenario\": \"a.lua\", \"workers\": [1]}}}",
     "FILE: tests.a: workers: expected a string, a number, true or false, got "
     "a list"},
    {"{\"tests\": {\"a\": {\"scenario\": \"a.lua\", \"workers\": null}}}",
     "FILE: tests.a: workers: expected a string, a number, true or false, got "
     "null"},
    {"{\"defaults\": {\"quiet\": 3}, \"tests\": {\"a\": {\"scenario\": "
     "\"a.lua\"}}}",
     "FILE: defaults: quiet: '3' is not true or false"},
    {"{\"tests\": {\"a\": {\"scenario\": 5}}}",
     "FILE: tests.a: scenario: expected the path of a scenario file, got a "
     "number"},
    {"{\"tests\": {\"a\": {\"scenario\": \"a.lua\", \"extends\": \"bse\"}, "
     "\"base\": {}}}",
     "FILE: tests.a: extends: there is no test 'bse': did you mean 'base'?"},
    {"{\"tests\": {\"a\": {\"extends\": \"b\"}, \"b\": {\"extends\": \"c\"}, "
     "\"c\": {\"extends\": \"a\"}}}",
     "FILE: tests.a: extends goes round in a circle: a -> b -> c -> a"},
    {"{\"defaults\": {\"extends\": \"a\"}, \"tests\": {\"a\": {}}}",
     "FILE: defaults: extends is for tests"},
    {"{\"tests\": {\"a\": {\"scenario\": \"a.lua\", \"services\": {\"u\": "
     "{\"url\": \"x\"}}}}}",
     "FILE: tests.a: services.u: unknown key 'url': there is 'base_url'"},
    {"{\"tests\": {\"a\": {\"scenario\": \"a.lua\", \"services\": {\"u\": "
     "{\"base_url\": \"x\"}}}}}",
     "FILE: tests.a: services.u: base_url: 'x' is not an address such as "
     "http://127.0.0.1:8642, or the name has other than letters, digits, '_' "
     "and '-'"},
    {"{\"tests\": {\"a\": {\"scenario\": \"a.lua\", \"thresholds\": [{\"expr\":"
     " \"x\"}]}}}",
     "FILE: tests.a: thresholds: 'expr' is none of expression (a string), "
     "abort (true or false) and after (a time)"},
    {"{\"tests\": {\"a\": {\"scenario\": \"a.lua\", \"workloads\": {\"w\": "
     "{\"executor\": \"constant_workers\", \"wrkers\": 1}}}}}",
     "FILE: tests.a: workload 'w': unknown option 'wrkers': did you mean "
     "'workers'?"},
    {"{\"tests\": {\"a\": {}, \"a\": {}}}",
     "FILE:1:23: duplicate object key near '\"a\"'"},
};

static void
test_faults(void **state)
{
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct err err = {{0}};
        struct config *config = load(faults[i].text, &err);
        if (config != NULL)
            fail_msg("accepted: %s", faults[i].text);
        char *at = strstr(err.message, path);
        if (at != NULL) {
            memmove(at + 4, at + strlen(path), strlen(at + strlen(path)) + 1);
            memcpy(at, "FILE", 4);
        }
        assert_string_equal(err.message, faults[i].message);
    }
}

static void
test_names(void **state)
{
    struct err err;
    struct config *config =
        load_good("{\"tests\": {\"base\": {}, \"smoke\": {\"scenario\": "
                  "\"/x/a.lua\"}, \"load\": {\"scenario\": \"a.lua\"}}}");
    assert_string_equal(config_scenario(config, 0), "/x/a.lua");
    assert_true(config_find(config, "smok", &err) == SIZE_MAX);
    assert_non_null(
        strstr(err.message, "no test 'smok': did you mean 'smoke'?"));
    assert_true(config_find(config, "nothing", &err) == SIZE_MAX);
    assert_non_null(strstr(err.message, "(there are: smoke, load)"));
    assert_true(config_find(config, "base", &err) == SIZE_MAX);
    assert_non_null(strstr(err.message, "tests.base has no scenario"));
    config_destroy(config);
    assert_null(config_load("/nowhere/x.json", &err));
    assert_string_equal(err.message,
                        "cannot read '/nowhere/x.json': No such file or "
                        "directory");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest_wins),
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_thresholds_and_workloads),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
