#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "base/units.h"
#include "cli/cmd.h"
#include "output/result.h"
#include "serve/serve.h"

#define DEFAULT_PORT 8642
#define THREADS_MAX 4

static const char help[] =
    "Examples:\n"
    "  molo serve                 a practice target on http://127.0.0.1:8642\n"
    "  molo serve --port 0        on any free port, which it prints\n"
    "  curl http://127.0.0.1:8642/stats\n"
    "                             what it was asked, counted exactly\n"
    "\n"
    "Usage: molo serve [options]\n"
    "\n"
    "  -p, --port N               port; 0: any (default 8642)\n"
    "      --host H               address to listen on (default 127.0.0.1)\n"
    "  -h, --help                 show this help\n"
    "\n"
    "GET / lists its paths. SIGINT and SIGTERM end it.\n";

struct arguments {
    struct serve_config config;
    bool help;
};

static bool
refuse(const char *word, struct err *err)
{
    static const char *const names[] = {"--port", "--host", "--help"};
    if (word[0] != '-')
        return err_set(err, "'molo serve' takes no argument '%s'", word);
    const char *nearest =
        str_nearest(word, names, sizeof(names) / sizeof(names[0]));
    if (nearest == NULL)
        return err_set(err, "unknown option '%s'", word);
    return err_set(err, "unknown option '%s': did you mean '%s'?", word,
                   nearest);
}

/* The value of `name` in this word or the next; NULL: another option. */
static const char *
value_of(const char *name, int argc, char **argv, int *index)
{
    const char *word = argv[*index];
    size_t size = strlen(name);
    if (strncmp(word, name, size) != 0)
        return NULL;
    if (word[size] == '=')
        return word + size + 1;
    if (word[size] != '\0')
        return NULL;
    /* Nothing follows: the empty value is refused like any other. */
    return *index + 1 < argc ? argv[++*index] : "";
}

static bool
parse(int argc, char **argv, struct arguments *out, struct err *err)
{
    for (int i = 0; i < argc; i++) {
        const char *value;
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            out->help = true;
        } else if ((value = value_of("--port", argc, argv, &i)) != NULL ||
                   (value = value_of("-p", argc, argv, &i)) != NULL) {
            int64_t port;
            if (!units_parse_int(value, "", 0, UINT16_MAX, &port, NULL))
                return err_set(err,
                               "--port: '%s' is not a port from 0 (any) to "
                               "65535",
                               value);
            out->config.port = (uint16_t)port;
        } else if ((value = value_of("--host", argc, argv, &i)) != NULL) {
            if (value[0] == '\0')
                return err_set(err, "--host: '' is not an address such as "
                                    "127.0.0.1");
            out->config.host = value;
        } else {
            return refuse(argv[i], err);
        }
    }
    return true;
}

/* A connection is a descriptor; failing to get more is no reason not to
 * serve. */
static void
raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int
thread_count(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (int)cores;
}

int
cmd_serve(int argc, char **argv)
{
    struct arguments arguments = {
        .config = {.host = "127.0.0.1",
                   .port = DEFAULT_PORT,
                   .workers = thread_count()},
    };
    struct err err;
    struct buf text = {0};
    if (!parse(argc, argv, &arguments, &err)) {
        log_error("%s", err.message);
        return EXIT_CODE_USAGE;
    }
    if (arguments.help) {
        buf_append_str(&text, help);
        return cli_print(&text);
    }
    raise_descriptor_limit();
    struct serve *serve = serve_create(&arguments.config, &err);
    if (serve == NULL) {
        log_error("%s", err.message);
        return EXIT_CODE_USAGE;
    }
    const char *host = arguments.config.host;
    bool is_ipv6 = strchr(host, ':') != NULL;
    buf_printf(&text, "molo serve: listening on http://%s%s%s:%u\n",
               is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "",
               (unsigned)serve_port(serve));
    int code = cli_print(&text);
    if (code == EXIT_CODE_OK)
        serve_wait(serve);
    serve_destroy(serve);
    return code;
}
