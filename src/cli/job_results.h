#ifndef MOLO_CLI_JOB_RESULTS_H
#define MOLO_CLI_JOB_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

struct job;
struct options;

/* What several jobs came to. Borrows all. */
struct job_results {
    const struct job *jobs; /* all are over */
    size_t count;
    const struct options *options;
    nsec_t began_at;
    bool takes_stdout; /* the merged result is printed there, alone */
};

/* Is this -o KIND=FILE written once for all, and not by each? */
bool job_results_have(const char *output);
/* Merges the results, writes what is to be written of all, and prints a table.
 * Returns the exit code of all. */
int job_results_tell(const struct job_results *all);

#endif
