#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "output/growing.h"
#include "output/json_line.h"
#include "output/json_sections.h"
#include "output/json_value.h"
#include "output/output_kind.h"

/* The test line by line, to be followed while it runs: its start, every
 * interval, errors as they occur, and its end with the result. */

/* More lines of errors than this in one interval would drown the rest; they are
 * counted. */
#define MAX_ERRORS 100

struct ndjson {
    struct growing *file;
    uint64_t errors, left_out; /* since the last interval */
};

static bool
open_file(struct output *output, struct err *err)
{
    struct growing *file = growing_open(output->path, err);
    if (file == NULL)
        return false;
    struct ndjson *ndjson = xcalloc(1, sizeof(*ndjson));
    ndjson->file = file;
    output->data = ndjson;
    return true;
}

static void
add_object(struct ndjson *ndjson, json_t *object)
{
    struct buf line = {0};
    char *text = json_dumps(object, JSON_REAL_PRECISION(15));
    json_decref(object);
    if (text == NULL)
        return;
    buf_append_str(&line, text);
    buf_append_str(&line, "\n");
    growing_put(ndjson->file, line.data, line.size);
    buf_finish(&line);
    free(text);
}

static void
start(struct output *output, const struct result *result)
{
    json_t *line = json_object();
    json_object_set_new(line, "type", json_string("start"));
    json_object_set_new(line, "schema", json_string("molo-lines/1"));
    json_head(result, line);
    add_object(output->data, line);
}

static void
on_interval(struct output *output, const struct interval_row *row)
{
    struct ndjson *ndjson = output->data;
    json_t *line = json_object();
    json_object_set_new(line, "type", json_string("interval"));
    json_object_update_new(line, json_interval(row));
    json_object_set_new(line, "errors_left_out",
                        json_value_count(ndjson->left_out));
    ndjson->errors = ndjson->left_out = 0;
    add_object(ndjson, line);
}

static void
on_error(struct output *output, nsec_t at, const char *kind,
         const char *message, const struct error_first *occurrence)
{
    struct ndjson *ndjson = output->data;
    if (++ndjson->errors > MAX_ERRORS) {
        ndjson->left_out++;
        return;
    }
    struct buf line = {0};
    buf_append_str(&line, "{\"type\": \"error\"");
    json_line_seconds(&line, "at", at);
    json_line_text(&line, "kind", kind);
    json_line_text(&line, "message", message);
    if (occurrence->worker_id < 0)
        buf_append_str(&line, ", \"worker_id\": null");
    else
        buf_printf(&line, ", \"worker_id\": %" PRId64, occurrence->worker_id);
    buf_printf(&line, ", \"step\": %" PRId64, occurrence->step);
    json_line_text(&line, "where", occurrence->where);
    buf_append_str(&line, "}\n");
    growing_put(ndjson->file, line.data, line.size);
    buf_finish(&line);
}

static void
write_lines(struct output *output)
{
    struct ndjson *ndjson = output->data;
    growing_flush(ndjson->file);
}

static bool
finish(struct output *output, const struct result *result, struct err *err)
{
    struct ndjson *ndjson = output->data;
    json_t *whole = out_json_build(result);
    /* They have been told line by line. */
    json_object_del(whole, "intervals");
    add_object(ndjson,
               json_pack("{s:s, s:b, s:I, s:o}", "type", "end", "complete", 1,
                         "errors_left_out", (json_int_t)ndjson->left_out,
                         "result", whole));
    bool ok = growing_close(ndjson->file, err);
    ndjson->file = NULL;
    return ok;
}

static void
abandon(struct output *output)
{
    struct ndjson *ndjson = output->data;
    growing_close(ndjson->file, NULL);
    free(ndjson);
    output->data = NULL;
}

const struct output_kind output_ndjson = {
    .name = "ndjson",
    .rank = OUTPUT_RANK_STREAM,
    .grows = true,
    .open = open_file,
    .start = start,
    .on_interval = on_interval,
    .on_error = on_error,
    .write = write_lines,
    .finish = finish,
    .abandon = abandon,
};
