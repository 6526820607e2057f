#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cli/cmd.h"
#include "output/result.h"
#include "output/write_file.h"

static const char help[] =
    "molo: load tests whose workers act together\n"
    "\n"
    "Examples:\n"
    "  molo serve                               a practice target, to begin "
    "with\n"
    "  molo run scenarios/pad.lua -w 5 -r 20    5 workers, 20 runs each\n"
    "  molo run shop.lua -w 50 -d 2m            50 workers for 2 minutes\n"
    "  molo check shop.lua -w 50                show the plan, run nothing\n"
    "\n"
    "Commands:\n"
    "  run FILE [options]       run the scenarios of a Lua file\n"
    "  check FILE [options]     load it and print the plan\n"
    "  list FILE                its scenarios, one a line\n"
    "  serve [options]          serve a practice target on 127.0.0.1\n"
    "  hist FILE                what a log of histograms (-o hlog) comes to\n"
    "  version                  versions of molo and of what it links\n"
    "  help [COMMAND]           this help, or that of a command\n"
    "\n"
    "'molo run --help' shows all options.\n";

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    {"run", cmd_run},     {"check", cmd_check}, {"list", cmd_list},
    {"serve", cmd_serve}, {"hist", cmd_hist},   {"version", cmd_version},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

bool
cli_is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool
refuse_stdout(int cause, struct err *err)
{
    return err_set(err, "cannot write to standard output%s%s",
                   cause != 0 ? ": " : "",
                   cause != 0 ? write_file_cause(cause) : "");
}

bool
cli_flush(struct err *err)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    return refuse_stdout(errno, err);
}

int
cli_print(struct buf *text)
{
    struct err err;
    errno = 0;
    bool ok = fwrite(text->data, 1, text->size, stdout) == text->size ||
              refuse_stdout(errno, &err);
    buf_finish(text);
    if (ok && cli_flush(&err))
        return EXIT_CODE_OK;
    log_error("%s", err.message);
    return EXIT_CODE_OUTPUT;
}

/* A standard stream that is closed would be the next file or socket that is
 * opened, and get what is meant for the user. Read-only, so that writing to it
 * fails as it should. */
static void
reserve_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDONLY) != fd)
            return;
    }
}

static const struct command *
find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static void
refuse_option(const char *word)
{
    static const char *const names[] = {"--help", "--version"};
    const char *nearest = str_nearest(word, names, 2);
    if (nearest != NULL)
        log_error("unknown option '%s': did you mean '%s'?", word, nearest);
    else
        log_error("unknown option '%s': options follow the command, as in "
                  "'molo run FILE %s'",
                  word, word);
}

static int
refuse(const char *word)
{
    const char *names[COMMAND_COUNT + 1] = {"help"};
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i + 1] = commands[i].name;
    const char *nearest = str_nearest(word, names, COMMAND_COUNT + 1);
    size_t size = strlen(word);
    if (word[0] == '-')
        refuse_option(word);
    else if (nearest != NULL)
        log_error("unknown command '%s': did you mean '%s'?", word, nearest);
    else if (size > 4 && strcmp(word + size - 4, ".lua") == 0)
        log_error("unknown command '%s': did you mean 'molo run %s'?", word,
                  word);
    else
        log_error("unknown command '%s' (see 'molo help')", word);
    return EXIT_CODE_USAGE;
}

static int
show_help(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "help") != 0) {
        const struct command *command = find_command(argv[0]);
        if (command == NULL)
            return refuse(argv[0]);
        char option[] = "--help";
        char *arguments[] = {option, NULL};
        return command->run(1, arguments);
    }
    struct buf text = {0};
    buf_append_str(&text, help);
    return cli_print(&text);
}

int
cli_main(int argc, char **argv)
{
    reserve_standard_streams();
    /* A reader that goes away is a failed write, and told like any other. */
    signal(SIGPIPE, SIG_IGN);
    /* So is a file that grows beyond what the user may write. */
    signal(SIGXFSZ, SIG_IGN);
    const char *word = argc > 1 ? argv[1] : "help";
    int rest = argc > 2 ? argc - 2 : 0;
    if (strcmp(word, "help") == 0 || cli_is_help(word))
        return show_help(rest, argv + argc - rest);
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        word = "version";
    const struct command *command = find_command(word);
    if (command == NULL)
        return refuse(word);
    return command->run(rest, argv + 2);
}
