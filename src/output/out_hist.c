#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "output/growing.h"
#include "output/output_kind.h"
#include "output/write_file.h"
#include "stats/hist_log.h"

/* Service times for the tools around HdrHistogram: all of them as a table of
 * percentiles, or each interval's as a line of a log. */

static bool
finish_table(struct output *output, const struct result *result,
             struct err *err)
{
    const struct hist *times =
        result->snapshot->trends[TREND_HTTP_REQ_DURATION];
    struct hist *none = hist_create();
    struct buf out = {0};
    hist_append_hgrm(times != NULL ? times : none, &out);
    bool ok = write_file(output->path, out.data, out.size, err);
    hist_destroy(none);
    buf_finish(&out);
    return ok;
}

const struct output_kind output_hgrm = {
    .name = "hgrm",
    .rank = OUTPUT_RANK_FILE,
    .finish = finish_table,
};

struct hlog {
    struct growing *file;
    pthread_mutex_t mutex;
    struct buf lines; /* on their way to the thread that writes */
    size_t intervals;
};

static bool
open_log(struct output *output, struct err *err)
{
    struct growing *file = growing_open(output->path, err);
    if (file == NULL)
        return false;
    struct hlog *hlog = xcalloc(1, sizeof(*hlog));
    hlog->file = file;
    pthread_mutex_init(&hlog->mutex, NULL);
    output->data = hlog;
    return true;
}

static void
start_log(struct output *output, const struct result *result)
{
    struct hlog *hlog = output->data;
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    pthread_mutex_lock(&hlog->mutex);
    hist_log_append_head((double)now.tv_sec + (double)now.tv_nsec / 1e9,
                         &hlog->lines);
    pthread_mutex_unlock(&hlog->mutex);
}

static void
log_interval(struct output *output, const struct interval_row *row)
{
    struct hlog *hlog = output->data;
    const struct interval *interval = &row->interval;
    if (row->times == NULL)
        return;
    pthread_mutex_lock(&hlog->mutex);
    hist_log_append(NULL, interval->at - interval->length, interval->length,
                    row->times, &hlog->lines);
    hlog->intervals++;
    pthread_mutex_unlock(&hlog->mutex);
}

static void
write_log(struct output *output)
{
    struct hlog *hlog = output->data;
    pthread_mutex_lock(&hlog->mutex);
    struct buf lines = hlog->lines;
    hlog->lines = (struct buf){0};
    pthread_mutex_unlock(&hlog->mutex);
    if (lines.size > 0)
        growing_write(hlog->file, lines.data, lines.size);
    buf_finish(&lines);
}

static void
destroy_log(struct output *output)
{
    struct hlog *hlog = output->data;
    growing_close(hlog->file, NULL);
    pthread_mutex_destroy(&hlog->mutex);
    buf_finish(&hlog->lines);
    free(hlog);
    output->data = NULL;
}

static bool
finish_log(struct output *output, const struct result *result, struct err *err)
{
    struct hlog *hlog = output->data;
    pthread_mutex_lock(&hlog->mutex);
    buf_printf(&hlog->lines, "#[Complete: %zu intervals]\n", hlog->intervals);
    pthread_mutex_unlock(&hlog->mutex);
    write_log(output);
    bool ok = growing_close(hlog->file, err);
    hlog->file = NULL;
    return ok;
}

const struct output_kind output_hlog = {
    .name = "hlog",
    .rank = OUTPUT_RANK_STREAM,
    .grows = true,
    .open = open_log,
    .start = start_log,
    .on_interval = log_interval,
    .write = write_log,
    .finish = finish_log,
    .abandon = destroy_log,
};
