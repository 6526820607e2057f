#include "stats/hist_log.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/base64.h"
#include "base/mem.h"
#include "stats/hist_encode.h"
#include "stats/hist_internal.h"

#define MSEC (double)NSEC_PER_MSEC

/* --- percentiles --- */

#define TICKS_PER_HALF 5

static uint64_t
count_up_to(const struct hist *hist, nsec_t value)
{
    uint64_t seen = 0, count;
    size_t limit = hist_bucket_limit();
    for (size_t at = hist_next_bucket(hist, 0, &count); at < limit;
         at = hist_next_bucket(hist, at + 1, &count)) {
        if (hist_bucket_first(at) > value)
            break;
        seen += count;
    }
    return seen;
}

static void
append_rows(const struct hist *hist, struct buf *out)
{
    uint64_t total = hist_count(hist);
    double percent = 0;
    for (;;) {
        nsec_t value = hist_percentile(hist, percent);
        uint64_t seen = count_up_to(hist, value);
        bool last = value >= hist_max(hist) || seen >= total || percent >= 100;
        if (last)
            break;
        buf_printf(out, "%12.6f %2.12f %10" PRIu64 " %14.2f\n",
                   (double)value / MSEC, percent / 100, seen,
                   1 / (1 - percent / 100));
        /* Each time the rest is halved, the steps are. */
        double halvings = floor(log2(100 / (100 - percent))) + 1;
        percent += 100 / (TICKS_PER_HALF * exp2(halvings));
    }
    buf_printf(out, "%12.6f %2.12f %10" PRIu64 "\n",
               (double)hist_max(hist) / MSEC, 1.0, total);
}

static double
deviation(const struct hist *hist)
{
    double mean = hist_mean(hist), sum = 0;
    size_t limit = hist_bucket_limit();
    uint64_t count;
    for (size_t at = hist_next_bucket(hist, 0, &count); at < limit;
         at = hist_next_bucket(hist, at + 1, &count)) {
        double middle = ((double)hist_bucket_first(at) +
                         (double)hist_bucket_first(at + 1)) /
                        2;
        sum += (double)count * (middle - mean) * (middle - mean);
    }
    return hist_count(hist) > 0 ? sqrt(sum / (double)hist_count(hist)) : 0;
}

void
hist_append_hgrm(const struct hist *hist, struct buf *out)
{
    buf_printf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile",
               "TotalCount", "1/(1-Percentile)");
    if (hist_count(hist) > 0)
        append_rows(hist, out);
    buf_printf(out,
               "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n"
               "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n"
               "#[Buckets = %12d, SubBuckets     = %12d]\n",
               hist_mean(hist) / MSEC, deviation(hist) / MSEC,
               (double)hist_max(hist) / MSEC, hist_count(hist), 37, 2048);
}

/* --- writing the log --- */

#define COMPRESSED_COOKIE 0x1c849314
#define FRAME_SIZE 8 /* cookie and length, before what zlib made */

static void
append_big_endian(struct buf *out, uint32_t value)
{
    unsigned char bytes[] = {
        (unsigned char)(value >> 24),
        (unsigned char)(value >> 16),
        (unsigned char)(value >> 8),
        (unsigned char)value,
    };
    buf_append(out, bytes, sizeof(bytes));
}

void
hist_log_append_head(double started_at, struct buf *out)
{
    buf_printf(out,
               "#[Histogram log format version 1.3]\n"
               "#[StartTime: %.3f (seconds since epoch)]\n"
               "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
               "\"Interval_Compressed_Histogram\"\n",
               started_at);
}

void
hist_log_append(const char *tag, nsec_t at, nsec_t length,
                const struct hist *hist, struct buf *out)
{
    struct buf plain = {0}, framed = {0};
    hist_encode_v2(hist, &plain);
    uLongf size = compressBound(plain.size);
    unsigned char *packed = xmalloc(size);
    /* Cannot fail: the memory is enough. */
    compress2(packed, &size, (const Bytef *)plain.data, plain.size,
              Z_DEFAULT_COMPRESSION);
    append_big_endian(&framed, COMPRESSED_COOKIE);
    append_big_endian(&framed, (uint32_t)size);
    buf_append(&framed, packed, size);
    if (tag != NULL)
        buf_printf(out, "Tag=%s,", tag);
    buf_printf(out, "%.3f,%.3f,%.3f,", nsec_to_seconds(at),
               nsec_to_seconds(length), (double)hist_max(hist) / MSEC);
    base64_encode(framed.data, framed.size, out);
    buf_append_str(out, "\n");
    free(packed);
    buf_finish(&plain);
    buf_finish(&framed);
}

/* --- reading it --- */

/* More than any histogram of 24 h with 5 digits has. */
#define MAX_PLAIN (64 << 20)

static bool
inflate_frame(const struct buf *framed, struct buf *plain, struct err *err)
{
    const unsigned char *bytes = (const unsigned char *)framed->data;
    if (framed->size < FRAME_SIZE)
        return err_set(err, "the histogram is cut off");
    uint32_t cookie = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
                      (uint32_t)bytes[2] << 8 | bytes[3];
    uint32_t size = (uint32_t)bytes[4] << 24 | (uint32_t)bytes[5] << 16 |
                    (uint32_t)bytes[6] << 8 | bytes[7];
    if ((cookie & ~UINT32_C(0xf0)) != 0x1c849304)
        return err_set(err,
                       "the histogram has cookie 0x%x: only the compressed V2 "
                       "encoding is read",
                       cookie);
    if (size != framed->size - FRAME_SIZE)
        return err_set(err, "the histogram is cut off");
    z_stream z = {.next_in = (Bytef *)(uintptr_t)(bytes + FRAME_SIZE),
                  .avail_in = size};
    if (inflateInit(&z) != Z_OK)
        return err_set(err, "cannot decompress: no memory");
    int status = Z_OK;
    while (status == Z_OK && plain->size < MAX_PLAIN) {
        unsigned char chunk[4096];
        z.next_out = chunk;
        z.avail_out = sizeof(chunk);
        status = inflate(&z, Z_NO_FLUSH);
        buf_append(plain, chunk, sizeof(chunk) - z.avail_out);
    }
    inflateEnd(&z);
    return status == Z_STREAM_END ||
           err_set(err, "the compressed histogram is damaged");
}

static bool
read_number(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*number) && *number >= 0 &&
           *number < 1e15;
}

static bool
read_hist(const char *text, struct hist *hist, struct err *err)
{
    struct buf framed = {0}, plain = {0};
    bool ok = base64_decode(text, strlen(text),
                            (struct base64_form){.padded = true}, &framed, err);
    ok = ok && inflate_frame(&framed, &plain, err) &&
         hist_decode_any_v2(plain.data, plain.size, hist, err);
    buf_finish(&framed);
    buf_finish(&plain);
    return ok;
}

/* The fields of `line`, which is changed: [tag,] start, length, max, data. */
static bool
read_line(char *line, struct hist_log_line *out, struct hist *hist,
          struct err *err)
{
    char *rest = line;
    if (strncmp(line, "Tag=", 4) == 0) {
        strsep(&rest, ",");
        out->tag = line + 4;
    }
    const char *at = strsep(&rest, ","), *length = strsep(&rest, ",");
    const char *max = strsep(&rest, ",");
    double start, seconds, most;
    if (rest == NULL || strchr(rest, ',') != NULL || !read_number(at, &start) ||
        !read_number(length, &seconds) || !read_number(max, &most))
        return err_set(err, "not an interval: [Tag=NAME,]START,LENGTH,MAX,"
                            "HISTOGRAM is");
    out->at = start < 9e9 ? nsec_from_seconds(start) : INT64_MAX;
    out->length = seconds < 9e9 ? nsec_from_seconds(seconds) : INT64_MAX;
    out->hist = hist;
    return read_hist(rest, hist, err);
}

bool
hist_log_read(const char *text, size_t size,
              void (*on_line)(void *data, const struct hist_log_line *line),
              void *data, struct err *err)
{
    const char *end = text + size;
    bool ok = true;
    for (size_t number = 1; ok && text < end; number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline != NULL ? newline : end;
        size_t length = (size_t)(line_end - text);
        if (length > 0 && text[length - 1] == '\r')
            length--;
        if (length > 0 && text[0] != '#' && text[0] != '"') {
            char *copy = xstrndup(text, length);
            struct hist_log_line line = {0};
            struct hist *hist = hist_create();
            ok = read_line(copy, &line, hist, err);
            if (ok)
                on_line(data, &line);
            else
                err_prefix(err, "line %zu", number);
            hist_destroy(hist);
            free(copy);
        }
        text = newline != NULL ? newline + 1 : end;
    }
    return ok;
}
