#ifndef MOLO_CLI_JOB_H
#define MOLO_CLI_JOB_H

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/clock.h"

struct cli_arguments;

/* One of several scenario files or tests, in a process of its own. */
struct job {
    const char *name;  /* as given */
    char *label;       /* for names of files, not shared with another */
    char *result_path; /* where the process leaves its result */
    pid_t pid;         /* 0: not begun, or gone */
    int out, err;      /* its standard output and error; -1: closed */
    struct buf text;   /* what it has printed */
    struct buf line;   /* the line on its stderr that is not yet whole */
    bool begun, over;
    bool signalled; /* it was asked to end */
    nsec_t began_at, ended_at;
    int code;        /* its exit code; of one that was lost: 1 */
    json_t *result;  /* NULL: there is none */
    bool lost;       /* it ended before it could say how */
    char reason[96]; /* ... why; or why there is no result */
};

/* The process calls cmd_run_one with what `prepare` has left of the arguments.
 * False: there can be no process; the error line is out. */
bool job_begin(struct job *job, struct cli_arguments *arguments,
               void (*prepare)(struct cli_arguments *, const struct job *));
/* Reads what there is, and shows whole lines of stderr behind its name.
 * `fds` are two, as job_watch has filled them. */
void job_watch(const struct job *job, struct pollfd fds[2]);
void job_read(struct job *job, const struct pollfd fds[2]);
/* True: the process has ended, and everything is known. */
bool job_reap(struct job *job);
void job_signal(struct job *job, int number);
void job_finish(struct job *job);

#endif
