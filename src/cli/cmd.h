#ifndef MOLO_CLI_CMD_H
#define MOLO_CLI_CMD_H

#include <stdbool.h>

#include "base/buf.h"
#include "engine/engine.h"
#include "plan/options.h"

/* The commands: arguments after the command's name, to an exit code. */
int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_hist(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_version(int argc, char **argv);

/* "--help", "-h" */
bool cli_is_help(const char *word);
/* Writes to stdout to the end. Returns an exit code: 6 after an error line. */
int cli_print(struct buf *text);
/* Flushes stdout; false with `err` if anything written there was lost. */
bool cli_flush(struct err *err);

struct config;

/* What the command line says: options, and scenario files or, with --config,
 * tests of that file. */
struct cli_arguments {
    struct options *options;
    struct config *config;    /* NULL: none */
    struct option_list names; /* as given; none for `molo list --config` */
};

/* A scenario file with its options, loaded: what run, check and list have in
 * common. */
struct cli_scenario {
    struct options *options;
    char *path;
    struct engine *engine;
};

enum cli_load {
    CLI_LOAD_OK,
    CLI_LOAD_HELP,   /* --help was asked for; no engine */
    CLI_LOAD_FAILED, /* the error line is out */
};

enum cli_load cli_arguments_read(struct cli_arguments *arguments,
                                 const char *command, int argc, char **argv);
void cli_arguments_finish(struct cli_arguments *arguments);
/* Is there one name? False: the error line is out. */
bool cli_arguments_expect_one(const struct cli_arguments *arguments);
/* The scenario file that a name stands for, borrowed. NULL: the error line is
 * out. */
const char *
cli_arguments_path(const struct cli_arguments *arguments, const char *name);

/* Loads what one of the names stands for; takes the options out of `arguments`.
 * False: the error line is out. */
bool cli_scenario_open(struct cli_scenario *scenario,
                       struct cli_arguments *arguments, const char *name);
/* Runs what one of the names stands for, to an exit code; the result goes to
 * `result_file` too, unless that is NULL. Takes the options. */
int cmd_run_one(struct cli_arguments *arguments, const char *name,
                const char *result_file);
/* Reads the arguments, of which one is a name, and opens it. */
enum cli_load cli_scenario_load(struct cli_scenario *scenario,
                                const char *command, int argc, char **argv);
void cli_scenario_finish(struct cli_scenario *scenario);

#endif
