#include <dirent.h>
#include <errno.h>
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
read_options(struct options *options, int argc, char **argv,
             struct option_list *files, struct err *err)
{
    const char *no_color = getenv("NO_COLOR");
    if (no_color != NULL && no_color[0] != '\0' &&
        !options_set(options, OPTION_ENVIRONMENT, "no_color", "true", err))
        return false;
    return options_read_environment(options, environ, err) &&
           options_parse_arguments(options, argc, argv, files, err);
}

static bool
check_files(const struct option_list *files, const char *command,
            struct err *err)
{
    if (files->count == 0)
        return err_set(err, "give a scenario file: molo %s FILE [options]",
                       command);
    if (files->count > 1)
        return err_set(err, "one scenario file at a time, not '%s' and '%s'",
                       files->items[0], files->items[1]);
    return check_readable(files->items[0], err);
}

enum cli_load
cli_scenario_load(struct cli_scenario *scenario, const char *command, int argc,
                  char **argv)
{
    *scenario = (struct cli_scenario){.options = options_create()};
    struct options *options = scenario->options;
    struct option_list files = {0};
    struct err err;
    enum cli_load result = CLI_LOAD_FAILED;
    if (!read_options(options, argc, argv, &files, &err))
        goto out;
    if (options->help) {
        result = CLI_LOAD_HELP;
        goto out;
    }
    apply_verbosity(options);
    if (!check_files(&files, command, &err))
        goto out;
    scenario->path = xstrdup(files.items[0]);
    scenario->engine = engine_create(scenario->path, options, &err);
    if (scenario->engine == NULL)
        goto out;
    /* The script may have asked for it too. */
    apply_verbosity(options);
    result = CLI_LOAD_OK;

out:
    if (result == CLI_LOAD_FAILED) {
        log_error("%s", err.message);
        cli_scenario_finish(scenario);
    }
    option_list_finish(&files);
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
