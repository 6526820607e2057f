#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/cmd.h"
#include "plan/config.h"

extern char **environ;

/* The Lua files beside a path that does not exist. */
static struct option_list
list_neighbours(const char *directory)
{
    struct option_list names = {0};
    DIR *dir = opendir(directory);
    if (dir == NULL)
        return names;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        size_t size = strlen(entry->d_name);
        if (size > 4 && strcmp(entry->d_name + size - 4, ".lua") == 0)
            option_list_append(&names, entry->d_name);
    }
    closedir(dir);
    return names;
}

static bool
refuse_missing(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    size_t prefix = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    char *directory = prefix > 0 ? xstrndup(path, prefix) : xstrdup(".");
    struct option_list names = list_neighbours(directory);
    const char *nearest = str_nearest(
        path + prefix, (const char *const *)names.items, names.count);
    err_set(err, "cannot read '%s': %s", path, strerror(ENOENT));
    if (nearest != NULL)
        err_set(err, "%s: did you mean '%.*s%s'?", err->message, (int)prefix,
                path, nearest);
    option_list_finish(&names);
    free(directory);
    return false;
}

/* The engine reads the file itself; this is for one helpful line. */
static bool
check_readable(const char *path, struct err *err)
{
    if (strncasecmp(path, "http://", 7) == 0 ||
        strncasecmp(path, "https://", 8) == 0)
        return err_set(err,
                       "'%s' is an address: give a scenario file that "
                       "requests it",
                       path);
    struct stat status = {0};
    if (stat(path, &status) != 0 && errno == ENOENT)
        return refuse_missing(path, err);
    /* A pipe is left alone: its writer would take this for its reader. */
    if (access(path, R_OK) != 0)
        return err_set(err, "cannot read '%s': %s", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return err_set(err, "cannot read '%s': %s", path, strerror(EISDIR));
    return true;
}

static void
apply_verbosity(const struct options *options)
{
    static const enum log_level levels[] = {LOG_ERROR, LOG_INFO, LOG_VERBOSE,
                                            LOG_DEBUG};
    log_set_level(levels[options->verbosity + 1]);
}

static bool
read_environment(struct options *options, struct option_list *warnings,
                 struct err *err)
{
    const char *no_color = getenv("NO_COLOR");
    if (no_color != NULL && no_color[0] != '\0' &&
        !options_set(options, OPTION_ENVIRONMENT, "no_color", "true", err))
        return false;
    return options_read_environment(options, environ, warnings, err);
}

enum cli_load
cli_arguments_read(struct cli_arguments *arguments, const char *command,
                   int argc, char **argv)
{
    *arguments = (struct cli_arguments){.options = options_create()};
    struct options *options = arguments->options;
    struct option_list warnings = {0};
    struct err err;
    if (!options_parse_arguments(options, argc, argv, &arguments->names, &err))
        goto failed;
    if (options->help) {
        cli_arguments_finish(arguments);
        return CLI_LOAD_HELP;
    }
    if (!read_environment(options, &warnings, &err))
        goto failed;
    apply_verbosity(options);
    for (size_t i = 0; i < warnings.count; i++)
        log_warning("%s", warnings.items[i]);
    if (options->config != NULL) {
        arguments->config = config_load(options->config, &err);
        if (arguments->config == NULL)
            goto failed;
    }
    if (arguments->names.count == 0 && arguments->config == NULL) {
        err_set(&err, "give a scenario file: molo %s FILE [options]", command);
        goto failed;
    }
    if (arguments->names.count == 0 && strcmp(command, "list") != 0)
        option_list_append(&arguments->names, "test");
    option_list_finish(&warnings);
    return CLI_LOAD_OK;

failed:
    log_error("%s", err.message);
    option_list_finish(&warnings);
    cli_arguments_finish(arguments);
    return CLI_LOAD_FAILED;
}

void
cli_arguments_finish(struct cli_arguments *arguments)
{
    config_destroy(arguments->config);
    options_destroy(arguments->options);
    option_list_finish(&arguments->names);
    *arguments = (struct cli_arguments){0};
}

const char *
cli_arguments_path(const struct cli_arguments *arguments, const char *name)
{
    struct err err;
    if (arguments->config == NULL) {
        if (check_readable(name, &err))
            return name;
    } else {
        size_t test = config_find(arguments->config, name, &err);
        const char *path =
            test != SIZE_MAX ? config_scenario(arguments->config, test) : NULL;
        if (path != NULL && check_readable(path, &err))
            return path;
        if (path != NULL)
            err_prefix(&err, "%s: tests.%s", arguments->options->config, name);
    }
    log_error("%s", err.message);
    return NULL;
}

/* Whoever chose a test of a config file meant what it says. */
static void
warn_of_overruled(const struct options *options, const char *test,
                  const char *path)
{
    struct option_list names = {0};
    struct buf list = {0};
    options_list_overruled(options, OPTION_CONFIG, OPTION_SCRIPT, &names);
    const char *them = names.count == 1 ? "it" : "them";
    for (size_t i = 0; i < names.count; i++)
        buf_printf(&list, "%s%s", i > 0 ? ", " : "", names.items[i]);
    if (names.count > 0)
        log_warning("%s: tests.%s: molo.options in %s overrides %s: take %s "
                    "out there, or give %s on the command line",
                    options->config, test, path, list.data, them, them);
    buf_finish(&list);
    option_list_finish(&names);
}

bool
cli_scenario_open(struct cli_scenario *scenario,
                  struct cli_arguments *arguments, const char *name)
{
    *scenario = (struct cli_scenario){0};
    const char *path = cli_arguments_path(arguments, name);
    if (path == NULL)
        return false;
    struct options *options = arguments->options;
    arguments->options = NULL;
    scenario->options = options;
    scenario->path = xstrdup(path);
    if (arguments->config != NULL)
        config_apply(arguments->config,
                     config_find(arguments->config, name, NULL), options);
    apply_verbosity(options);
    struct err err;
    scenario->engine = engine_create(scenario->path, options, &err);
    if (scenario->engine == NULL) {
        log_error("%s", err.message);
        cli_scenario_finish(scenario);
        return false;
    }
    /* The script may have asked for it too. */
    apply_verbosity(options);
    warn_of_overruled(options, name, path);
    return true;
}

bool
cli_arguments_expect_one(const struct cli_arguments *arguments)
{
    const struct option_list *names = &arguments->names;
    if (names->count == 1)
        return true;
    log_error("one scenario file at a time, not '%s' and '%s' ('molo run' "
              "takes several)",
              names->items[0], names->items[1]);
    return false;
}

enum cli_load
cli_scenario_load(struct cli_scenario *scenario, const char *command, int argc,
                  char **argv)
{
    struct cli_arguments arguments;
    enum cli_load result = cli_arguments_read(&arguments, command, argc, argv);
    if (result != CLI_LOAD_OK)
        return result;
    if (!cli_arguments_expect_one(&arguments) ||
        !cli_scenario_open(scenario, &arguments, arguments.names.items[0]))
        result = CLI_LOAD_FAILED;
    cli_arguments_finish(&arguments);
    return result;
}

void
cli_scenario_finish(struct cli_scenario *scenario)
{
    engine_destroy(scenario->engine);
    options_destroy(scenario->options);
    free(scenario->path);
    *scenario = (struct cli_scenario){0};
}
