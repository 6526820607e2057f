#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "output/output_kind.h"
#include "output/text.h"
#include "output/write_file.h"

/* The endpoints as a table in the form of RFC 4180. Times are in seconds. */

static const char *const heads[] = {
    "method", "name", "count",      "failed",
    "unsent", "rate", "bytes_sent", "bytes_received",
    "status", "min",  "mean",       "p50",
    "p90",    "p95",  "p99",        "p999",
    "max",
};
#define COLUMN_COUNT (sizeof(heads) / sizeof(heads[0]))

/* Spreadsheets take a text that begins like this for a formula and run it; who
 * names a page should not be able to do that. */
static bool
is_formula(const char *text)
{
    return text[0] != '\0' && strchr("=+-@\t\r\n", text[0]) != NULL;
}

static void
add_text(struct buf *out, const char *text)
{
    buf_append_str(out, out->size > 0 && out->data[out->size - 1] != '\n' ? ","
                                                                          : "");
    char *utf8 = text_to_utf8(text);
    bool formula = is_formula(utf8);
    bool quoted = strpbrk(utf8, ",\"\r\n") != NULL;
    buf_append_str(out, quoted ? "\"" : "");
    buf_append_str(out, formula ? "'" : "");
    for (const char *p = utf8; *p != '\0'; p++)
        buf_append(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    buf_append_str(out, quoted ? "\"" : "");
    free(utf8);
}

static void
add_count(struct buf *out, uint64_t count)
{
    buf_printf(out, ",%" PRIu64, count);
}

static void
add_seconds(struct buf *out, const struct hist *hist, double nanoseconds)
{
    if (hist == NULL || hist_count(hist) == 0)
        buf_append_str(out, ",");
    else
        buf_printf(out, ",%.9f", nanoseconds / 1e9);
}

/* "200=12 404=1" */
static void
add_status(struct buf *out, const struct endpoint_stats *row)
{
    const char *gap = ",";
    for (int code = 0; code < HTTP_STATUS_MAX; code++) {
        uint64_t count = row->status[code / 100][code % 100];
        if (count == 0)
            continue;
        buf_printf(out, "%s%d=%" PRIu64, gap, code, count);
        gap = " ";
    }
    if (gap[0] == ',')
        buf_append_str(out, gap);
}

static void
add_row(struct buf *out, const struct endpoint_stats *row, nsec_t duration)
{
    static const double percents[] = {50, 90, 95, 99, 99.9};
    const struct hist *hist = row->duration;
    add_text(out, row->method);
    add_text(out, row->name);
    add_count(out, row->count);
    add_count(out, row->failed);
    add_count(out, row->unsent);
    buf_printf(out, ",%.6g",
               duration > 0 ? (double)row->in_runs / nsec_to_seconds(duration)
                            : 0);
    add_count(out, row->bytes_sent);
    add_count(out, row->bytes_received);
    add_status(out, row);
    add_seconds(out, hist, hist != NULL ? (double)hist_min(hist) : 0);
    add_seconds(out, hist, hist != NULL ? hist_mean(hist) : 0);
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
        add_seconds(out, hist,
                    hist != NULL ? (double)hist_percentile(hist, percents[i])
                                 : 0);
    add_seconds(out, hist, hist != NULL ? (double)hist_max(hist) : 0);
    buf_append_str(out, "\r\n");
}

static bool
finish(struct output *output, const struct result *result, struct err *err)
{
    struct buf out = {0};
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        add_text(&out, heads[i]);
    buf_append_str(&out, "\r\n");
    for (const struct endpoint_stats *row = result->snapshot->endpoints;
         row != NULL; row = row->hh.next)
        add_row(&out, row, result->duration);
    bool ok = write_file(output->path, out.data, out.size, err);
    buf_finish(&out);
    return ok;
}

const struct output_kind output_csv = {
    .name = "csv",
    .rank = OUTPUT_RANK_FILE,
    .finish = finish,
};
