#define uthash_malloc(size) xmalloc(size)

#include "output/hist_report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "base/units.h"
#include "output/text.h"
#include "stats/hist_log.h"

struct row {
    char *tag; /* "": none */
    struct hist *hist;
    UT_hash_handle hh;
};

struct report {
    struct row *rows;
    size_t intervals;
    nsec_t from, to;
};

static void
on_line(void *data, const struct hist_log_line *line)
{
    struct report *report = data;
    const char *tag = line->tag != NULL ? line->tag : "";
    struct row *row;
    HASH_FIND(hh, report->rows, tag, strlen(tag), row);
    if (row == NULL) {
        row = xcalloc(1, sizeof(*row));
        row->tag = xstrdup(tag);
        row->hist = hist_create();
        HASH_ADD_KEYPTR(hh, report->rows, row->tag, strlen(row->tag), row);
    }
    hist_merge(row->hist, line->hist);
    nsec_t end = nsec_add(line->at, line->length);
    if (report->intervals == 0 || line->at < report->from)
        report->from = line->at;
    if (end > report->to)
        report->to = end;
    report->intervals++;
}

static bool
read_all(const char *path, struct buf *text, struct err *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "r");
    if (file == NULL)
        return err_set(err, "cannot read '%s': %s", path, strerror(errno));
    char chunk[65536];
    size_t size;
    while ((size = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buf_append(text, chunk, size);
    int problem = ferror(file) ? errno : 0;
    if (!is_stdin)
        fclose(file);
    return problem == 0 ||
           err_set(err, "cannot read '%s': %s", path, strerror(problem));
}

static void
append_time(struct buf *out, nsec_t t)
{
    char text[32];
    units_format_duration(t, text, sizeof(text));
    buf_printf(out, "%11s", text);
}

static void
append_row(struct buf *out, const struct row *row)
{
    static const double percents[] = {0, 50, 90, 99, 99.9, 100};
    struct buf tag = {0};
    text_append_cut(&tag, row->tag[0] != '\0' ? row->tag : "-", 20);
    buf_printf(out, "%-20s %10" PRIu64, tag.data, hist_count(row->hist));
    buf_finish(&tag);
    if (hist_count(row->hist) == 0) {
        buf_append_str(out, "\n");
        return;
    }
    append_time(out, (nsec_t)(hist_mean(row->hist) + 0.5));
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
        append_time(out, hist_percentile(row->hist, percents[i]));
    buf_append_str(out, "\n");
}

static void
append_report(struct buf *out, const struct report *report)
{
    char from[32], to[32];
    units_format_duration(report->from, from, sizeof(from));
    units_format_duration(report->to, to, sizeof(to));
    buf_printf(out, "intervals  %zu, from %s to %s\n\n", report->intervals,
               from, to);
    buf_printf(out, "%-20s %10s%11s%11s%11s%11s%11s%11s%11s\n", "tag", "count",
               "mean", "min", "p50", "p90", "p99", "p99.9", "max");
    for (const struct row *row = report->rows; row != NULL; row = row->hh.next)
        append_row(out, row);
}

bool
hist_report(const char *path, struct buf *out, struct err *err)
{
    struct report report = {0};
    struct buf text = {0};
    bool ok = read_all(path, &text, err);
    if (ok) {
        ok = hist_log_read(text.data != NULL ? text.data : "", text.size,
                           on_line, &report, err);
        if (ok && report.intervals == 0)
            ok = err_set(err, "there is no histogram in it");
        if (!ok)
            err_prefix(err, "%s", path);
    }
    if (ok)
        append_report(out, &report);
    struct row *row, *next;
    HASH_ITER (hh, report.rows, row, next) {
        HASH_DEL(report.rows, row);
        hist_destroy(row->hist);
        free(row->tag);
        free(row);
    }
    buf_finish(&text);
    return ok;
}
