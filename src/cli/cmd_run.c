#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "cli/cmd.h"
#include "output/result.h"

static const char examples[] =
    "Examples:\n"
    "  molo run pad.lua -w 5 -r 20              5 workers, 20 runs each\n"
    "  molo run shop.lua -w 50 -d 2m --ramp-up 10s\n"
    "                                           50 workers for 2 minutes, one\n"
    "                                           more every 200 ms at first\n"
    "  molo run shop.lua -s search --delay 1s..5s -e USER=ann\n"
    "                                           one scenario, with pauses\n"
    "  molo run pad.lua -w 5 -d 10m --sim       the same plan in virtual "
    "time,\n"
    "                                           without a server\n"
    "  molo run shop.lua -d 1m -o json=out.json -q -f 1%\n"
    "                                           for a script: exit code 1 "
    "from\n"
    "                                           1 % failed runs on\n"
    "\n"
    "Usage: molo run FILE [options]\n"
    "\n";

static const char *
path_of(const char *output)
{
    return strchr(output, '=') + 1;
}

static bool
is_stdout(const char *output)
{
    return strcmp(path_of(output), "-") == 0;
}

/* A file is written beside its final name first, so it takes the directory. */
static int
probe_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash != NULL ? xstrndup(path, (size_t)(slash - path) + 1)
                                    : xstrdup(".");
    int problem = access(directory, W_OK | X_OK) == 0 ? 0 : errno;
    free(directory);
    return problem;
}

/* One that is written to as it stands. */
static int
probe_in_place(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOENT ? probe_directory_of(path) : errno;
    if (S_ISDIR(status.st_mode))
        return EISDIR;
    return access(path, W_OK) == 0 ? 0 : errno;
}

static int
probe(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return errno == ENOENT ? probe_directory_of(path) : errno;
    if (S_ISDIR(status.st_mode))
        return EISDIR;
    if (S_ISREG(status.st_mode))
        return probe_directory_of(path);
    return access(path, W_OK) == 0 ? 0 : errno;
}

/* Before the run, so that no hour of results is lost to a typing error. */
static bool
check_outputs(const struct options *options, struct err *err)
{
    for (size_t i = 0; i < options->outputs.count; i++) {
        const char *output = options->outputs.items[i];
        if (is_stdout(output))
            continue;
        int problem = probe(path_of(output));
        if (problem != 0)
            return err_set(err, "cannot write '%s': %s", path_of(output),
                           strerror(problem));
    }
    const char *timeline = options->timeline;
    int problem = 0;
    if (timeline != NULL && strcmp(timeline, "-") != 0)
        problem = probe_in_place(timeline);
    return problem == 0 ||
           err_set(err, "cannot write '%s': %s", timeline, strerror(problem));
}

/* Two of them in one stream could not be told apart. */
static bool
check_stdout(const struct options *options, struct err *err)
{
    if (options->timeline == NULL || strcmp(options->timeline, "-") != 0)
        return true;
    for (size_t i = 0; i < options->outputs.count; i++) {
        if (is_stdout(options->outputs.items[i]))
            return err_set(err,
                           "--timeline - and --out %s would both go to "
                           "standard output: give one of them a file",
                           options->outputs.items[i]);
    }
    return true;
}

static void
report_lost(struct engine *engine, const struct err *err)
{
    log_error("%s", err->message);
    engine_add_cause(engine, EXIT_CODE_OUTPUT, err->message);
}

static void
write_outputs(struct engine *engine, const struct result *result,
              const struct options *options)
{
    struct err err;
    bool summary =
        options->verbosity >= 0 &&
        (options->timeline == NULL || strcmp(options->timeline, "-") != 0);
    for (size_t i = 0; i < options->outputs.count; i++) {
        const char *output = options->outputs.items[i];
        if (is_stdout(output))
            summary = false;
        if (!out_json_write(result, path_of(output), &err))
            report_lost(engine, &err);
    }
    if (!summary)
        return;
    out_summary_write(result, stdout,
                      isatty(STDOUT_FILENO) && !options->no_color);
    if (!cli_flush(&err))
        report_lost(engine, &err);
}

static void
on_stuck(const struct result *result, void *data)
{
    const struct cli_scenario *scenario = data;
    write_outputs(scenario->engine, result, scenario->options);
}

static int
run(struct cli_scenario *scenario)
{
    struct err err;
    if (!check_stdout(scenario->options, &err)) {
        log_error("%s", err.message);
        return EXIT_CODE_USAGE;
    }
    if (!check_outputs(scenario->options, &err)) {
        log_error("%s", err.message);
        return EXIT_CODE_OUTPUT;
    }
    const struct plan *plan = engine_plan(scenario->engine);
    int32_t unreached = plan_unreached_workers(plan);
    if (unreached > 0)
        log_warning("%d of %d workers will never start: the ramp-up is longer "
                    "than the run",
                    (int)unreached, (int)plan->workers);
    engine_set_on_stuck(scenario->engine, on_stuck, scenario);
    const struct result *result = engine_run(scenario->engine);
    write_outputs(scenario->engine, result, scenario->options);
    return (int)result_exit_code(result);
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
cmd_run(int argc, char **argv)
{
    struct cli_scenario scenario;
    int code = EXIT_CODE_OK;
    switch (cli_scenario_load(&scenario, "run", argc, argv)) {
    case CLI_LOAD_OK:
        code = run(&scenario);
        break;
    case CLI_LOAD_HELP:
        code = show_help();
        break;
    case CLI_LOAD_FAILED:
        return EXIT_CODE_USAGE;
    }
    cli_scenario_finish(&scenario);
    return code;
}
