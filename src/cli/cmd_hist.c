#include <string.h>

#include "base/log.h"
#include "cli/cmd.h"
#include "output/hist_report.h"
#include "output/result.h"

static const char usage[] =
    "Example:\n"
    "  molo run shop.lua -d 1m -o hlog=shop.hlog\n"
    "  molo hist shop.hlog                      how long its requests took\n"
    "\n"
    "Usage: molo hist FILE\n"
    "\n"
    "Reads a log of histograms (HdrHistogram log, V2; - is standard input), "
    "as\n"
    "-o hlog=FILE writes it, and prints count, mean and percentiles.\n";

int
cmd_hist(int argc, char **argv)
{
    struct buf text = {0};
    struct err err;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            buf_append_str(&text, usage);
            return cli_print(&text);
        }
    }
    if (argc != 1 || (argv[0][0] == '-' && argv[0][1] != '\0')) {
        log_error("give one file: molo hist FILE");
        return EXIT_CODE_USAGE;
    }
    if (!hist_report(argv[0], &text, &err)) {
        log_error("%s", err.message);
        buf_finish(&text);
        return EXIT_CODE_USAGE;
    }
    return cli_print(&text);
}
