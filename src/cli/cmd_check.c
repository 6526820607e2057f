#include "base/log.h"
#include "cli/cmd.h"
#include "output/outputs.h"
#include "output/result.h"

static const char usage[] =
    "Example:\n"
    "  molo check shop.lua -w 50 -d 2m          load it, show what would run\n"
    "\n"
    "Usage: molo check FILE [options]\n"
    "       molo check --config FILE [TEST] [options]\n"
    "\n";

static void
warn(void *data, const char *text)
{
    (void)data;
    log_warning("%s", text);
}

/* Would molo run know what to write? Nothing is opened. */
static bool
check_outputs(const struct options *options)
{
    struct err err;
    struct outputs *outputs = outputs_create(options, &err);
    if (outputs == NULL)
        log_error("%s", err.message);
    outputs_destroy(outputs);
    return outputs != NULL;
}

int
cmd_check(int argc, char **argv)
{
    struct cli_scenario scenario;
    struct buf text = {0};
    switch (cli_scenario_load(&scenario, "check", argc, argv)) {
    case CLI_LOAD_OK:
        break;
    case CLI_LOAD_HELP:
        buf_append_str(&text, usage);
        options_help(&text);
        return cli_print(&text);
    case CLI_LOAD_FAILED:
        return EXIT_CODE_USAGE;
    }
    int code = EXIT_CODE_USAGE;
    if (check_outputs(scenario.options)) {
        engine_check(scenario.engine, warn, NULL);
        buf_printf(&text, "%-16s%s\n", "file", scenario.path);
        plan_describe(engine_plan(scenario.engine), &text);
        plan_plot(engine_plan(scenario.engine), &text);
        code = cli_print(&text);
    }
    cli_scenario_finish(&scenario);
    return code;
}
