#include "base/log.h"
#include "cli/cmd.h"
#include "output/result.h"
#include "serve/serve.h"

static const char usage[] =
    "Usage: molo version\n"
    "\n"
    "Prints the versions of molo and of the libraries it uses.\n";

int
cmd_version(int argc, char **argv)
{
    struct buf text = {0};
    if (argc > 0 && cli_is_help(argv[0])) {
        buf_append_str(&text, usage);
        return cli_print(&text);
    }
    if (argc > 0) {
        log_error("'molo version' takes no argument '%s'", argv[0]);
        return EXIT_CODE_USAGE;
    }
    buf_append_str(&text, "molo " MOLO_VERSION "\n");
    engine_versions(&text);
    buf_printf(&text, "libmicrohttpd %s\n", serve_library_version());
    return cli_print(&text);
}
