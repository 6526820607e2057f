#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "output/growing.h"
#include "output/output_kind.h"
#include "output/request_form.h"

/* The logs of requests: the way from the loop into the file. */

/* Room for about 40,000 requests: the writer may fall behind by that much. */
#define QUEUE_SIZE ((size_t)8 << 20)
#define BATCH_SIZE ((size_t)64 << 10)

#define BATCH_MOST 1000

struct request_log {
    const struct request_form *form;
    void *data; /* the form's */
    struct growing *file;
    struct request_queue *queue;
    struct buf batch;
    size_t ends[BATCH_MOST]; /* of the entries in it */
    size_t batched;
    atomic_ullong written, lost;
};

static bool
open_log(struct output *output, const struct request_form *form,
         struct err *err)
{
    struct growing *file = growing_open(output->path, err);
    if (file == NULL)
        return false;
    struct request_log *log = xcalloc(1, sizeof(*log));
    log->form = form;
    log->data = form->create != NULL ? form->create() : NULL;
    log->file = file;
    log->queue = request_queue_create(QUEUE_SIZE);
    output->data = log;
    return true;
}

static bool
open_lines(struct output *output, struct err *err)
{
    return open_log(output, &request_lines, err);
}

static bool
open_records(struct output *output, struct err *err)
{
    return open_log(output, &request_records, err);
}

static void
flush(struct request_log *log)
{
    size_t written =
        growing_write(log->file, log->batch.data, log->ends, log->batched);
    atomic_fetch_add(&log->written, written);
    atomic_fetch_add(&log->lost, log->batched - written);
    log->batched = 0;
    buf_clear(&log->batch);
}

/* What is in the batch is no request. */
static void
flush_frame(struct request_log *log)
{
    growing_write(log->file, log->batch.data, &log->batch.size, 1);
    buf_clear(&log->batch);
}

static void
start(struct output *output, const struct result *result)
{
    struct request_log *log = output->data;
    log->form->head(log->data, &log->batch, result);
    flush_frame(log);
}

static void
on_request(struct output *output, nsec_t at,
           const struct request_sample *sample)
{
    struct request_log *log = output->data;
    request_queue_put(log->queue, at, sample);
}

static void
write_entries(struct output *output)
{
    struct request_log *log = output->data;
    const struct request_entry *entry;
    while ((entry = request_queue_first(log->queue)) != NULL) {
        log->form->entry(log->data, &log->batch, entry);
        log->ends[log->batched++] = log->batch.size;
        request_queue_take(log->queue);
        if (log->batch.size >= BATCH_SIZE || log->batched == BATCH_MOST)
            flush(log);
    }
    flush(log);
}

static void
add_counts(const struct output *output, struct outputs_log *sum)
{
    struct request_log *log = output->data;
    if (log == NULL)
        return;
    sum->written += atomic_load(&log->written);
    sum->dropped += request_queue_dropped(log->queue) + atomic_load(&log->lost);
}

static bool
finish(struct output *output, const struct result *result, struct err *err)
{
    struct request_log *log = output->data;
    write_entries(output);
    struct outputs_log sum = {0};
    add_counts(output, &sum);
    log->form->end(log->data, &log->batch, &sum);
    flush_frame(log);
    bool ok = growing_close(log->file, err);
    log->file = NULL;
    if (ok && sum.dropped > 0)
        log_warning("%s has %" PRIu64 " of %" PRIu64
                    " requests: it could not be written as fast as they came",
                    output->path, sum.written, sum.written + sum.dropped);
    return ok;
}

static void
abandon(struct output *output)
{
    struct request_log *log = output->data;
    growing_close(log->file, NULL);
    request_queue_destroy(log->queue);
    if (log->form->destroy != NULL)
        log->form->destroy(log->data);
    buf_finish(&log->batch);
    free(log);
    output->data = NULL;
}

#define KIND(its_name, its_open)                                      \
    {                                                                 \
        .name = (its_name), .rank = OUTPUT_RANK_LOG, .grows = true,   \
        .open = (its_open), .start = start, .on_request = on_request, \
        .write = write_entries, .log = add_counts, .finish = finish,  \
        .abandon = abandon,                                           \
    }

const struct output_kind output_requests = KIND("requests", open_lines);
const struct output_kind output_requests_bin =
    KIND("requests-bin", open_records);
