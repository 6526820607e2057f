#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan/plan.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct plan_candidate shop[] = {
    {"browse", 3}, {"buy", 1}, {"audit", 0}};

/* Options of one row: pairs of name and value, NULL at the end. */
static struct options *
make_options(const char *const *pairs)
{
    struct options *options = options_create();
    struct err err = {""};
    for (; *pairs != NULL; pairs += 2) {
        if (!options_set(options, OPTION_COMMAND_LINE, pairs[0], pairs[1],
                         &err))
            fail_msg("%s", err.message);
    }
    return options;
}

struct selection {
    const char *name;
    const char *pairs[8];
    const char *selected; /* names and weights, or the error */
};

static const struct selection selections[] = {
    {"all but those of weight 0", {NULL}, "browse:3 buy:1 "},
    {"one", {"scenario", "buy", NULL}, "buy:1 "},
    {"order of registration",
     {"scenario", "buy", "scenario", "browse", NULL},
     "browse:3 buy:1 "},
    {"named twice", {"scenario", "buy", "scenario", "buy", NULL}, "buy:1 "},
    {"weight 0, named, can be drawn", {"scenario", "audit", NULL}, "audit:1 "},
    {"mistyped",
     {"scenario", "bowse", NULL},
     "unknown scenario 'bowse': did you mean 'browse'?"},
    {"unknown",
     {"scenario", "pad", NULL},
     "unknown scenario 'pad' (there are: browse, buy, audit)"},
    {"one known, one not",
     {"scenario", "buy", "scenario", "x", NULL},
     "unknown scenario 'x' (there are: browse, buy, audit)"},
};

static void
test_selection(void **state)
{
    for (size_t i = 0; i < COUNT(selections); i++) {
        struct options *options = make_options(selections[i].pairs);
        struct err err = {""};
        struct plan *plan = plan_create(options, shop, COUNT(shop), &err);
        struct buf got = {0};
        for (size_t j = 0; plan != NULL && j < plan->scenario_count; j++)
            buf_printf(&got, "%s:%g ", plan->scenarios[j].name,
                       plan->scenarios[j].weight);
        if (plan == NULL)
            buf_append_str(&got, err.message);
        if (strcmp(got.data, selections[i].selected) != 0)
            fail_msg("%s: got %s", selections[i].name, got.data);
        buf_finish(&got);
        plan_destroy(plan);
        options_destroy(options);
    }
}

static void
test_no_scenario(void **state)
{
    static const struct plan_candidate idle[] = {{"a", 0}, {"b", 0}};
    struct options *options = options_create();
    struct err err;
    assert_null(plan_create(options, NULL, 0, &err));
    assert_string_equal(err.message, "the script has no scenario: register one "
                                     "with molo.scenario(name, fn)");
    assert_null(plan_create(options, idle, COUNT(idle), &err));
    assert_string_equal(
        err.message, "every scenario has weight 0: choose one with --scenario");
    options_destroy(options);
}

struct bound {
    const char *name;
    const char *pairs[8];
    enum executor_type executor;
    nsec_t deadline;
};

static const struct bound bounds[] = {
    {"nothing given", {NULL}, EXECUTOR_CONSTANT_WORKERS, 10 * NSEC_PER_SEC},
    {"time",
     {"duration", "3s", NULL},
     EXECUTOR_CONSTANT_WORKERS,
     3 * NSEC_PER_SEC},
    {"runs", {"max_runs", "7", NULL}, EXECUTOR_RUNS_PER_WORKER, NSEC_NEVER},
    {"both",
     {"max_runs", "7", "duration", "3s", NULL},
     EXECUTOR_RUNS_PER_WORKER,
     3 * NSEC_PER_SEC},
    {"shared runs",
     {"iterations", "7", NULL},
     EXECUTOR_SHARED_RUNS,
     NSEC_NEVER},
    {"a rate",
     {"rate", "7/s", NULL},
     EXECUTOR_CONSTANT_RATE,
     10 * NSEC_PER_SEC},
    {"stages",
     {"stage", "1s:7", "stage", "2s:1", NULL},
     EXECUTOR_RAMPING_WORKERS,
     3 * NSEC_PER_SEC},
    {"stages of a rate",
     {"stage", "4s:7/s", NULL},
     EXECUTOR_RAMPING_RATE,
     4 * NSEC_PER_SEC},
    {"by hand", {"manual", "true", NULL}, EXECUTOR_MANUAL, NSEC_NEVER},
    {"by hand, for a time",
     {"manual", "true", "duration", "3s", NULL},
     EXECUTOR_MANUAL,
     3 * NSEC_PER_SEC},
    {"a single run",
     {"single_run", "true", NULL},
     EXECUTOR_SINGLE_RUN,
     NSEC_NEVER},
};

static void
test_bounds(void **state)
{
    for (size_t i = 0; i < COUNT(bounds); i++) {
        struct options *options = make_options(bounds[i].pairs);
        struct err err = {""};
        struct plan *plan = plan_create(options, shop, COUNT(shop), &err);
        assert_non_null(plan);
        if (plan_deadline(plan) != bounds[i].deadline ||
            plan->workloads[0].executor != bounds[i].executor)
            fail_msg("%s", bounds[i].name);
        plan_destroy(plan);
        options_destroy(options);
    }
}

struct ramp_up {
    const char *name;
    const char *pairs[10];
    int32_t unreached;
};

static const struct ramp_up ramp_ups[] = {
    {"none", {"workers", "4", NULL}, 0},
    {"as long as the run", {"workers", "4", "ramp_up", "10s", NULL}, 0},
    {"twice the default run", {"workers", "4", "ramp_up", "20s", NULL}, 2},
    {"far longer",
     {"workers", "4", "ramp_up", "1h", "duration", "1s", NULL},
     3},
    {"no end but the runs",
     {"workers", "4", "ramp_up", "1h", "max_runs", "1", NULL},
     0},
    {"runs and time",
     {"workers", "4", "ramp_up", "4s", "max_runs", "1", "duration", "2s", NULL},
     2},
};

static void
test_unreached_workers(void **state)
{
    for (size_t i = 0; i < COUNT(ramp_ups); i++) {
        struct options *options = make_options(ramp_ups[i].pairs);
        struct err err = {""};
        struct plan *plan = plan_create(options, shop, COUNT(shop), &err);
        assert_non_null(plan);
        int32_t got = plan_unreached_workers(plan);
        if (got != ramp_ups[i].unreached)
            fail_msg("%s: %d", ramp_ups[i].name, (int)got);
        struct buf text = {0};
        plan_describe(plan, &text);
        assert_int_equal(strstr(text.data, "never start") != NULL, got > 0);
        buf_finish(&text);
        plan_destroy(plan);
        options_destroy(options);
    }
}

static void
test_workload_of_a_worker(void **state)
{
    static const char *const pairs[] = {"workers", "3", NULL};
    struct options *options = make_options(pairs);
    struct err err;
    struct plan *plan = plan_create(options, shop, COUNT(shop), &err);
    assert_int_equal(plan->workers, 3);
    assert_ptr_equal(plan_workload_of(plan, 0), &plan->workloads[0]);
    assert_ptr_equal(plan_workload_of(plan, 2), &plan->workloads[0]);
    assert_null(plan_workload_of(plan, 3));
    assert_null(plan_workload_of(plan, -1));
    plan_destroy(plan);
    options_destroy(options);
}

static void
test_description(void **state)
{
    static const char *const pairs[] = {
        "workers", "5",       "max_runs",     "20",       "duration",
        "1m",      "ramp_up", "2s",           "delay",    "1..2",
        "fail",    "5%",      "base_url",     "http://x", "tag",
        "a=b",     "header",  "K: V",         "env",      "PASSWORD=secret",
        "seed",    "7",       "wait_timeout", "0",        NULL};
    struct options *options = make_options(pairs);
    struct err err;
    struct plan *plan = plan_create(options, shop, COUNT(shop), &err);
    struct buf text = {0};
    plan_describe(plan, &text);
    assert_string_equal(
        text.data, "workload        default (runs_per_worker)\n"
                   "  workers       5, started evenly over 2 s\n"
                   "  ends          after 20 runs per worker or 60 s, "
                   "whichever is first\n"
                   "  delay         1 s to 2 s after each run\n"
                   "scenarios       browse (weight 3, 75 %)\n"
                   "                buy (weight 1, 25 %)\n"
                   "fails           from 5 % failed runs on\n"
                   "grace           30 s for runs in flight at the end\n"
                   "waits           without limit; a deadlock stops the test\n"
                   "requests        at most 60 s\n"
                   "base URL        http://x\n"
                   "headers         K\n"
                   "tags            a = b\n"
                   "seed            7\n"
                   "command line    --workers, --duration, --max-runs, "
                   "--ramp-up, --delay, --fail, --wait-timeout, --base-url, "
                   "--header, --env, --tag, --seed\n");
    buf_finish(&text);
    plan_destroy(plan);
    options_destroy(options);
}

struct companion {
    const char *name;
    enum option_source source; /* of the option that needs another */
    const char *pair[2];
    const char *other[2];
    const char *error; /* NULL: none */
};

static const struct companion companions[] = {
    {"together",
     OPTION_COMMAND_LINE,
     {"sim-latency", "5ms"},
     {"sim", "true"},
     NULL},
    {"latency alone",
     OPTION_COMMAND_LINE,
     {"sim-latency", "5ms"},
     {NULL},
     "--sim-latency is for simulated runs: add --sim, or leave it out to send "
     "real requests"},
    {"failures alone",
     OPTION_COMMAND_LINE,
     {"sim-failures", "5%"},
     {NULL},
     "--sim-failures is for simulated runs: add --sim, or leave it out to send "
     "real requests"},
    {"kept in the script", OPTION_SCRIPT, {"sim-latency", "5ms"}, {NULL}, NULL},
    {"kept in the environment",
     OPTION_ENVIRONMENT,
     {"sim-failures", "5%"},
     {NULL},
     NULL},
    {"tolerance alone",
     OPTION_COMMAND_LINE,
     {"sizing-tolerance", "5%"},
     {NULL},
     "--sizing-tolerance is for --sizing"},
    {"step of a sizing",
     OPTION_COMMAND_LINE,
     {"sizing-step", "1s"},
     {"sizing", "true"},
     NULL},
    {"another order of nothing",
     OPTION_COMMAND_LINE,
     {"shuffle", "true"},
     {NULL},
     "--shuffle is for --single-run"},
    {"what is asked is in the script",
     OPTION_COMMAND_LINE,
     {"precheck-timeout", "1s"},
     {"precheck", "http://127.0.0.1/"},
     NULL},
    {"nothing is asked",
     OPTION_COMMAND_LINE,
     {"precheck-status", "200"},
     {NULL},
     "--precheck-status is for --precheck URL"},
};

static void
test_options_that_need_another(void **state)
{
    for (size_t i = 0; i < COUNT(companions); i++) {
        const struct companion *row = &companions[i];
        struct options *options = options_create();
        struct err err = {""};
        assert_true(options_set(options, row->source, row->pair[0],
                                row->pair[1], &err));
        if (row->other[0] != NULL)
            assert_true(options_set(options, OPTION_SCRIPT, row->other[0],
                                    row->other[1], &err));
        struct plan *plan = plan_create(options, shop, COUNT(shop), &err);
        if ((plan != NULL) != (row->error == NULL))
            fail_msg("%s: %s", row->name, err.message);
        if (row->error != NULL)
            assert_string_equal(err.message, row->error);
        plan_destroy(plan);
        options_destroy(options);
    }
}

static void
test_description_of_a_simulated_run(void **state)
{
    static const char *const rows[][2] = {
        {"1ms..2s", "\nsimulated       answers after 1 ms to 2 s, 2.5 % of "
                    "them fail\n"},
        {"3ms", "\nsimulated       answers after 3 ms, 2.5 % of them fail\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *const pairs[] = {"sim",      "true",         "sim-latency",
                                     rows[i][0], "sim-failures", "2.5%",
                                     NULL};
        struct options *options = make_options(pairs);
        struct plan *plan = plan_create(options, shop, COUNT(shop), NULL);
        struct buf text = {0};
        plan_describe(plan, &text);
        assert_non_null(strstr(text.data, rows[i][1]));
        buf_finish(&text);
        plan_destroy(plan);
        options_destroy(options);
    }
}

struct order {
    const char *name;
    const char *groups[6]; /* of scenarios "0", "1" ..; "": none */
    const char *lanes;     /* stage:scenario, by lane */
};

static const struct order orders[] = {
    {"one after another", {"", "", "", NULL}, "0:0 1:1 2:2 / "},
    {"a group", {"a", "a", NULL}, "0:0 / 0:1 / "},
    {"a group between",
     {"", "a", "a", "a", "", NULL},
     "0:0 1:1 2:4 / 1:2 / 1:3 / "},
    {"a group that does not stand together",
     {"a", "", "a", NULL},
     "0:0 1:1 / 0:2 / "},
    {"two groups", {"a", "b", "b", "a", NULL}, "0:0 1:1 / 0:3 1:2 / "},
};

static void
test_lanes_of_a_single_run(void **state)
{
    static const char *const pairs[] = {"single_run", "true", "workers", "3",
                                        NULL};
    static const char *const names[] = {"0", "1", "2", "3", "4"};
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct plan_candidate candidates[5] = {{0}};
        size_t count = 0;
        for (; orders[i].groups[count] != NULL; count++) {
            const char *group = orders[i].groups[count];
            candidates[count] = (struct plan_candidate){
                .name = names[count],
                .weight = 1,
                .group = group[0] != '\0' ? group : NULL,
            };
        }
        struct options *options = make_options(pairs);
        struct err err = {""};
        struct plan *plan = plan_create(options, candidates, count, &err);
        assert_non_null(plan);
        struct buf got = {0};
        for (size_t j = 0; j < plan->workload_count; j++) {
            const struct plan_workload *lane = &plan->workloads[j];
            assert_int_equal(lane->workers, 3);
            assert_int_equal(lane->first_worker, 3 * j);
            for (size_t k = 0; k < lane->turn_count; k++)
                buf_printf(&got, "%d:%s ", (int)lane->turns[k].stage,
                           plan->scenarios[lane->turns[k].scenario].name);
            buf_append_str(&got, "/ ");
        }
        if (strcmp(got.data, orders[i].lanes) != 0)
            fail_msg("%s: %s", orders[i].name, got.data);
        assert_int_equal(plan->workers, 3 * plan->workload_count);
        assert_string_equal(plan->workloads[0].name, "single_run");
        if (plan->workload_count > 1)
            assert_string_equal(plan->workloads[1].name, "single_run_2");
        buf_finish(&got);
        plan_destroy(plan);
        options_destroy(options);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selection),
        cmocka_unit_test(test_no_scenario),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_unreached_workers),
        cmocka_unit_test(test_workload_of_a_worker),
        cmocka_unit_test(test_description),
        cmocka_unit_test(test_lanes_of_a_single_run),
        cmocka_unit_test(test_options_that_need_another),
        cmocka_unit_test(test_description_of_a_simulated_run),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
