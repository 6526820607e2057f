#include "cli/cmd.h"
#include "output/result.h"

static const char usage[] =
    "Example:\n"
    "  molo list shop.lua                       the scenarios that would run\n"
    "\n"
    "Usage: molo list FILE [options]\n"
    "\n";

int
cmd_list(int argc, char **argv)
{
    struct cli_scenario scenario;
    struct buf text = {0};
    switch (cli_scenario_load(&scenario, "list", argc, argv)) {
    case CLI_LOAD_OK:
        engine_list(scenario.engine, &text);
        break;
    case CLI_LOAD_HELP:
        buf_append_str(&text, usage);
        options_help(&text);
        break;
    case CLI_LOAD_FAILED:
        return EXIT_CODE_USAGE;
    }
    int code = cli_print(&text);
    cli_scenario_finish(&scenario);
    return code;
}
