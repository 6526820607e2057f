#include "base/log.h"
#include "cli/cmd.h"
#include "output/result.h"
#include "plan/config.h"

static const char usage[] =
    "Example:\n"
    "  molo list shop.lua                       the scenarios that would run\n"
    "  molo list --config tests.json            the tests that it has\n"
    "\n"
    "Usage: molo list FILE [options]\n"
    "       molo list --config FILE [TEST] [options]\n"
    "\n";

/* A test a line, with its scenario file. */
static void
list_tests(const struct config *config, struct buf *text)
{
    for (size_t i = 0; i < config_count(config); i++)
        buf_printf(text, "%-16s%s\n", config_name(config, i),
                   config_scenario(config, i));
}

static bool
list_scenarios(struct cli_arguments *arguments, struct buf *text)
{
    struct cli_scenario scenario;
    if (!cli_arguments_expect_one(arguments) ||
        !cli_scenario_open(&scenario, arguments, arguments->names.items[0]))
        return false;
    engine_list(scenario.engine, text);
    cli_scenario_finish(&scenario);
    return true;
}

int
cmd_list(int argc, char **argv)
{
    struct cli_arguments arguments;
    struct buf text = {0};
    bool ok = true;
    switch (cli_arguments_read(&arguments, "list", argc, argv)) {
    case CLI_LOAD_OK:
        if (arguments.names.count == 0)
            list_tests(arguments.config, &text);
        else
            ok = list_scenarios(&arguments, &text);
        cli_arguments_finish(&arguments);
        break;
    case CLI_LOAD_HELP:
        buf_append_str(&text, usage);
        options_help(&text);
        break;
    case CLI_LOAD_FAILED:
        ok = false;
        break;
    }
    if (ok)
        return cli_print(&text);
    buf_finish(&text);
    return EXIT_CODE_USAGE;
}
