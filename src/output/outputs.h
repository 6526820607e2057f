#ifndef MOLO_OUTPUT_OUTPUTS_H
#define MOLO_OUTPUT_OUTPUTS_H

#include "output/interval_list.h"
#include "output/result.h"
#include "stats/recorder.h"

/* Where the result of a test goes: all of -o KIND=FILE. Kinds are rows of a
 * table (output_kind.h), so that this is all that others see of them. */
struct outputs;

/* Reads the options. NULL with `err` (usage): an unknown kind, a file that two
 * would write to, more than one for stdout. */
struct outputs *outputs_create(const struct options *options, struct err *err);
void outputs_destroy(struct outputs *outputs);

/* Before the test begins, so that no hour of results is lost to a typing error:
 * false with `err` unless every file can be written. */
bool outputs_check(const struct outputs *outputs, struct err *err);
/* Opens the files that grow while the test goes on; their old content is gone.
 */
bool outputs_open(struct outputs *outputs, struct err *err);
/* One of them goes to standard output. */
bool outputs_use_stdout(const struct outputs *outputs);
/* Is anybody interested in each error, each request? */
bool outputs_want_errors(const struct outputs *outputs);
bool outputs_want_requests(const struct outputs *outputs);

/* While it runs, on the loop's thread. None of these waits for a file. */
/* The test begins: of `result`, what is known then. */
void outputs_start(struct outputs *outputs, const struct result *result);
void
outputs_on_interval(struct outputs *outputs, const struct interval_row *row);
/* `at`: since the start of the runs, like all times of outputs. */
void
outputs_on_error(struct outputs *outputs, nsec_t at, const char *kind,
                 const char *message, const struct error_first *occurrence);
void outputs_on_request(struct outputs *outputs, nsec_t at,
                        const struct request_sample *sample);

/* Writes what has come together; waits for the files. One thread, which may be
 * another one, until outputs_finish. */
void outputs_write(struct outputs *outputs);

/* Completes output `i` of outputs_count(); those that others tell about come
 * first. False with `err`: it, or a part of it, is lost. */
size_t outputs_count(const struct outputs *outputs);
bool outputs_finish(struct outputs *outputs, size_t i,
                    const struct result *result, struct err *err);

/* What the logs of requests have, in their sum; false: there is none. */
struct outputs_log {
    uint64_t written, dropped;
};
bool outputs_log(const struct outputs *outputs, struct outputs_log *log);

#endif
