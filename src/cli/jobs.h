#ifndef MOLO_CLI_JOBS_H
#define MOLO_CLI_JOBS_H

struct cli_arguments;

/* Runs what all the names stand for, each in a process of its own, so many at a
 * time as --jobs says; merges their results. Returns the exit code. */
int jobs_run(struct cli_arguments *arguments);

#endif
