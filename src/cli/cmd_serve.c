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
    char name[16];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
    const char *nearest =
        str_nearest(name, names, sizeof(names) / sizeof(names[0]));
    if (nearest == NULL)
        return err_set(err, "unknown option '%s'", word);
    return err_set(err, "unknown option '%s': did you mean '%s'?", word,
                   nearest);
}

/* Words that are not yet used. */
struct words {
    char **next;
    int left;
};

/* If the next word is this option, with a value in the same word or in the one
 * behind it, takes both; `*value` NULL: nothing follows. */
static bool
take_option(struct words *words, const char *name, const char **value)
{
    size_t size = strlen(name);
    if (strncmp(words->next[0], name, size) != 0)
        return false;
    const char *rest = words->next[0] + size;
    bool is_long = name[1] == '-';
    if (is_long && *rest != '\0' && *rest != '=')
        return false;
    int used = 1;
    if (*rest != '\0')
        *value = rest + is_long;
    else
        *value = words->left > 1 ? words->next[used++] : NULL;
    words->next += used;
    words->left -= used;
    return true;
}

#define FORMS_PORT "a port from 0 (any) to 65535"
#define FORMS_HOST "an address such as 127.0.0.1"

static bool
set_port(const char *value, struct arguments *out, struct err *err)
{
    int64_t port;
    if (value == NULL)
        return err_set(err, "--port needs a value: " FORMS_PORT);
    if (!units_parse_int(value, "", 0, UINT16_MAX, &port, NULL))
        return err_set(err, "--port: '%.80s' is not " FORMS_PORT, value);
    out->config.port = (uint16_t)port;
    return true;
}

static bool
set_host(const char *value, struct arguments *out, struct err *err)
{
    if (value == NULL)
        return err_set(err, "--host needs a value: " FORMS_HOST);
    if (value[0] == '\0')
        return err_set(err, "--host: '' is not " FORMS_HOST);
    out->config.host = value;
    return true;
}

static bool
parse(int argc, char **argv, struct arguments *out, struct err *err)
{
    struct words words = {argv, argc};
    while (words.left > 0) {
        const char *value, *word = words.next[0];
        bool ok = true;
        if (cli_is_help(word)) {
            out->help = true;
            return true;
        }
        if (take_option(&words, "--port", &value) ||
            take_option(&words, "-p", &value))
            ok = set_port(value, out, err);
        else if (take_option(&words, "--host", &value))
            ok = set_host(value, out, err);
        else
            ok = refuse(word, err);
        if (!ok)
            return false;
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
