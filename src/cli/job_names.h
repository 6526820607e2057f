#ifndef MOLO_CLI_JOB_NAMES_H
#define MOLO_CLI_JOB_NAMES_H

#include <stddef.h>

struct job;

/* What the files of a job are told apart by; both are the caller's. */

/* The name without what all have, and with a number if one of the `count` jobs
 * before has the same: "b/pad.lua" is "pad", or "pad-2". */
char *job_names_label(const char *name, const struct job *before, size_t count);
/* "out.csv" for the job "pad" is "out.pad.csv". */
char *job_names_path(const char *path, const char *label);

#endif
