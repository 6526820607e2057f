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

static int
refuse(const char *why, const char *word)
{
    log_error("%s '%s': give one file: molo hist FILE", why, word);
    return EXIT_CODE_USAGE;
}

int
cmd_hist(int argc, char **argv)
{
    struct buf text = {0};
    struct err err;
    const char *file = NULL;
    bool only_files = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        bool is_option = !only_files && word[0] == '-' && word[1] != '\0';
        if (is_option && cli_is_help(word)) {
            buf_append_str(&text, usage);
            return cli_print(&text);
        }
        if (is_option && strcmp(word, "--") == 0)
            only_files = true;
        else if (is_option)
            return refuse("unknown option", word);
        else if (file != NULL)
            return refuse("there is no use for", word);
        else
            file = word;
    }
    if (file == NULL) {
        log_error("give one file: molo hist FILE");
        return EXIT_CODE_USAGE;
    }
    if (!hist_report(file, &text, &err)) {
        log_error("%s", err.message);
        buf_finish(&text);
        return EXIT_CODE_USAGE;
    }
    return cli_print(&text);
}
