#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cmd.h"
#include "cli/jobs.h"
#include "output/outputs.h"
#include "output/result.h"
#include "output/write_file.h"

static const char examples[] =
    "Examples:\n"
    "  molo run pad.lua -w 5 -r 20              5 workers, 20 runs each\n"
    "  molo run shop.lua -w 50 -d 2m --ramp-up 10s\n"
    "                                           50 workers for 2 minutes, one\n"
    "                                           more every 200 ms at first\n"
    "  molo run shop.lua --rate 50/s -d 5m      50 runs start each second,\n"
    "                                           whatever the answers take\n"
    "  molo run shop.lua --stage 1m:50 --stage 10m:50 --stage 30s:0\n"
    "                                           up to 50 workers, and down\n"
    "  molo run shop.lua -s search --delay 1s..5s -e USER=ann\n"
    "                                           one scenario, with pauses\n"
    "  molo run shop.lua pad.lua --jobs 2       two files at the same time\n"
    "  molo run --config tests.json smoke       a test of a config file\n"
    "  molo run pad.lua -w 5 -d 10m --sim       the same plan in virtual "
    "time,\n"
    "                                           without a server\n"
    "  molo run shop.lua -d 1m -o json=out.json -q -f 1%\n"
    "                                           for a script: exit code 1 "
    "from\n"
    "                                           1 % failed runs on\n"
    "\n"
    "Usage: molo run FILE... [options]\n"
    "       molo run --config FILE [TEST...] [options]\n"
    "\n";

static bool
is_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

/* Before the run, so that no hour of results is lost to a typing error. */
static bool
check_timeline(const char *path, struct err *err)
{
    int problem = 0;
    if (path != NULL && !is_stdout(path))
        problem = write_file_probe(path, true);
    return problem == 0 || err_set(err, "cannot write '%s': %s", path,
                                   write_file_cause(problem));
}

static void
report_lost(struct engine *engine, const struct err *err)
{
    log_error("%s", err->message);
    engine_add_cause(engine, EXIT_CODE_OUTPUT, err->message);
}

/* The last thing on stdout, unless something else has it to itself. */
static bool
write_summary(const struct result *result, const struct options *options,
              bool stdout_is_taken, struct err *err)
{
    switch (options->summary_format) {
    case SUMMARY_TEXT:
        if (stdout_is_taken || options->verbosity < 0)
            return true;
        out_summary_write(result, stdout,
                          isatty(STDOUT_FILENO) && !options->no_color);
        return cli_flush(err);
    case SUMMARY_JSON:
        return out_json_write(result, "-", err);
    case SUMMARY_NONE:
        break;
    }
    return true;
}

struct runner {
    struct cli_scenario *scenario;
    struct outputs *outputs;
    const char *result_file; /* for the process that began this one */
};

static void
write_outputs(const struct runner *runner, const struct result *result)
{
    struct err err;
    struct engine *engine = runner->scenario->engine;
    const struct options *options = runner->scenario->options;
    for (size_t i = 0; i < outputs_count(runner->outputs); i++) {
        if (!outputs_finish(runner->outputs, i, result, &err))
            report_lost(engine, &err);
    }
    bool taken =
        outputs_use_stdout(runner->outputs) || is_stdout(options->timeline);
    if (!write_summary(result, options, taken, &err))
        report_lost(engine, &err);
    if (runner->result_file != NULL &&
        !out_json_write(result, runner->result_file, &err))
        report_lost(engine, &err);
}

static void
on_stuck(const struct result *result, void *data)
{
    write_outputs(data, result);
}

static int
run_plan(struct runner *runner)
{
    struct engine *engine = runner->scenario->engine;
    const struct plan *plan = engine_plan(engine);
    int32_t unreached = plan_unreached_workers(plan);
    if (unreached > 0)
        log_warning("%d of %d workers will never start: the ramp-up is longer "
                    "than the run",
                    (int)unreached, (int)plan->workers);
    engine_set_on_stuck(engine, on_stuck, runner);
    engine_set_outputs(engine, runner->outputs);
    const struct result *result = engine_run(engine);
    write_outputs(runner, result);
    return (int)result_exit_code(result);
}

static int
run(struct cli_scenario *scenario, const char *result_file)
{
    struct err err;
    const struct options *options = scenario->options;
    struct runner runner = {
        .scenario = scenario,
        .outputs = outputs_create(options, &err),
        .result_file = result_file,
    };
    if (runner.outputs == NULL) {
        log_error("%s", err.message);
        return EXIT_CODE_USAGE;
    }
    int code = EXIT_CODE_OUTPUT;
    if (check_timeline(options->timeline, &err) &&
        outputs_check(runner.outputs, &err) &&
        outputs_open(runner.outputs, &err))
        code = run_plan(&runner);
    else
        log_error("%s", err.message);
    outputs_destroy(runner.outputs);
    return code;
}

static int
show_help(void)
{
    struct buf text = {0};
    buf_append_str(&text, examples);
    options_help(&text);
    return cli_print(&text);
}

int
cmd_run_one(struct cli_arguments *arguments, const char *name,
            const char *result_file)
{
    struct cli_scenario scenario;
    if (!cli_scenario_open(&scenario, arguments, name))
        return EXIT_CODE_USAGE;
    int code = run(&scenario, result_file);
    cli_scenario_finish(&scenario);
    return code;
}

int
cmd_run(int argc, char **argv)
{
    struct cli_arguments arguments;
    switch (cli_arguments_read(&arguments, "run", argc, argv)) {
    case CLI_LOAD_OK:
        break;
    case CLI_LOAD_HELP:
        return show_help();
    case CLI_LOAD_FAILED:
        return EXIT_CODE_USAGE;
    }
    int code = arguments.names.count > 1
                   ? jobs_run(&arguments)
                   : cmd_run_one(&arguments, arguments.names.items[0], NULL);
    cli_arguments_finish(&arguments);
    return code;
}
