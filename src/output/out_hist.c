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
    output->data = hlog;
    return true;
}

/* Takes what is in `lines`. */
static void
put(struct hlog *hlog, struct buf *lines)
{
    growing_put(hlog->file, lines->data, lines->size);
    buf_finish(lines);
}

static void
start_log(struct output *output, const struct result *result)
{
    struct hlog *hlog = output->data;
    struct buf lines = {0};
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    hist_log_append_head((double)now.tv_sec + (double)now.tv_nsec / 1e9,
                         &lines);
    put(hlog, &lines);
}

static void
log_interval(struct output *output, const struct interval_row *row)
{
    struct hlog *hlog = output->data;
    const struct interval *interval = &row->interval;
    struct buf lines = {0};
    if (row->times == NULL)
        return;
    hist_log_append(NULL, interval->at - interval->length, interval->length,
                    row->times, &lines);
    put(hlog, &lines);
    hlog->intervals++;
}

static void
write_log(struct output *output)
{
    struct hlog *hlog = output->data;
    growing_flush(hlog->file);
}

static void
destroy_log(struct output *output)
{
    struct hlog *hlog = output->data;
    growing_close(hlog->file, NULL);
    free(hlog);
    output->data = NULL;
}

static bool
finish_log(struct output *output, const struct result *result, struct err *err)
{
    struct hlog *hlog = output->data;
    struct buf lines = {0};
    buf_printf(&lines, "#[Complete: %zu intervals]\n", hlog->intervals);
    put(hlog, &lines);
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
