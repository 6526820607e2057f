#include "output/request_log.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "output/growing.h"

/* Room for about 40,000 requests: the writer may fall behind by that much. */
#define QUEUE_SIZE ((size_t)8 << 20)
#define BATCH_SIZE ((size_t)64 << 10)

#define BATCH_MOST 1000

struct request_log {
    const struct request_log_form *form;
    void *data;
    struct growing *file;
    struct request_queue *queue;
    struct buf batch;
    size_t ends[BATCH_MOST]; /* of the entries in it */
    size_t batched;
    atomic_ullong written, lost;
};

bool
request_log_open(struct output *output, const struct request_log_form *form,
                 void *data, struct err *err)
{
    struct growing *file = growing_open(output->path, err);
    if (file == NULL) {
        form->destroy(data);
        return false;
    }
    struct request_log *log = xcalloc(1, sizeof(*log));
    log->form = form;
    log->data = data;
    log->file = file;
    log->queue = request_queue_create(QUEUE_SIZE);
    output->data = log;
    return true;
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

void
request_log_start(struct output *output, const struct result *result)
{
    struct request_log *log = output->data;
    log->form->head(log->data, &log->batch, result);
    flush_frame(log);
}

void
request_log_on_request(struct output *output, nsec_t at,
                       const struct request_sample *sample)
{
    struct request_log *log = output->data;
    request_queue_put(log->queue, at, sample);
}

void
request_log_write(struct output *output)
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

void
request_log_log(const struct output *output, struct outputs_log *sum)
{
    struct request_log *log = output->data;
    if (log == NULL)
        return;
    sum->written += atomic_load(&log->written);
    sum->dropped += request_queue_dropped(log->queue) + atomic_load(&log->lost);
}

bool
request_log_finish(struct output *output, const struct result *result,
                   struct err *err)
{
    struct request_log *log = output->data;
    request_log_write(output);
    struct outputs_log sum = {0};
    request_log_log(output, &sum);
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

void
request_log_abandon(struct output *output)
{
    struct request_log *log = output->data;
    growing_close(log->file, NULL);
    request_queue_destroy(log->queue);
    log->form->destroy(log->data);
    buf_finish(&log->batch);
    free(log);
    output->data = NULL;
}
