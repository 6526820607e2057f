#ifndef MOLO_OUTPUT_REQUEST_LOG_H
#define MOLO_OUTPUT_REQUEST_LOG_H

#include "output/output_kind.h"
#include "output/request_queue.h"

/* What the two forms of the log of requests have in common: the way from the
 * loop into the file. Inside src/output only. */

struct request_log_form {
    /* Append to `out`. */
    void (*head)(void *data, struct buf *out, const struct result *result);
    void (*entry)(void *data, struct buf *out,
                  const struct request_entry *entry);
    void (*end)(void *data, struct buf *out, const struct outputs_log *log);
    void (*destroy)(void *data);
};

/* Functions of struct output_kind; `data` goes to those of the form. */
bool
request_log_open(struct output *output, const struct request_log_form *form,
                 void *data, struct err *err);
void request_log_start(struct output *output, const struct result *result);
void request_log_on_request(struct output *output, nsec_t at,
                            const struct request_sample *sample);
void request_log_write(struct output *output);
void request_log_log(const struct output *output, struct outputs_log *log);
bool request_log_finish(struct output *output, const struct result *result,
                        struct err *err);
void request_log_abandon(struct output *output);

#endif
