#include "base/log.h"
#include "cli/cmd.h"
#include "output/result.h"
#include "serve/serve.h"

int
cmd_version(int argc, char **argv)
{
    if (argc > 0) {
        log_error("'molo version' takes no arguments");
        return EXIT_CODE_USAGE;
    }
    struct buf text = {0};
    buf_append_str(&text, "molo " MOLO_VERSION "\n");
    engine_versions(&text);
    buf_printf(&text, "libmicrohttpd %s\n", serve_library_version());
    return cli_print(&text);
}
