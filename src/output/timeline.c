#include "output/timeline.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "output/growing.h"
#include "output/json_line.h"

/* Lines are gathered up to here, then written at once. */
#define BUFFER_SIZE (64 * 1024)

struct timeline {
    struct growing *file;
    bool lost; /* there is no more to be written */
    struct buf lines;
};

struct timeline *
timeline_open(const char *path, struct err *err)
{
    struct growing *file = growing_open(path, err);
    if (file == NULL)
        return NULL;
    struct timeline *timeline = xcalloc(1, sizeof(*timeline));
    timeline->file = file;
    return timeline;
}

void
timeline_flush(struct timeline *timeline)
{
    timeline->lost = !growing_write_lines(timeline->file, timeline->lines.data,
                                          timeline->lines.size);
    buf_clear(&timeline->lines);
}

static void
append_number(struct buf *out, const char *key, int64_t value)
{
    if (value > 0)
        buf_printf(out, ", \"%s\": %" PRId64, key, value);
}

void
timeline_write(struct timeline *timeline, const struct timeline_event *event)
{
    if (timeline->lost)
        return;
    struct buf *out = &timeline->lines;
    buf_append_str(out, "{\"at\": ");
    json_line_append_seconds(out, event->at);
    json_line_text(out, "what", event->what);
    if (event->worker < 0)
        buf_append_str(out, ", \"worker\": null");
    else
        buf_printf(out, ", \"worker\": %" PRId32, event->worker);
    if (event->op != NULL)
        buf_printf(out, ", \"task\": %" PRId64, event->task);
    json_line_text(out, "type", event->type);
    json_line_text(out, "name", event->name);
    json_line_text(out, "op", event->op);
    if (event->room >= 0)
        buf_printf(out, ", \"room\": %" PRId32, event->room);
    append_number(out, "step", event->step);
    append_number(out, "round", event->round);
    json_line_text(out, "where", event->where);
    if (event->waited >= 0)
        json_line_seconds(out, "waited", event->waited);
    if (event->failed)
        buf_append_str(out, ", \"failed\": true");
    buf_append_str(out, "}\n");
    if (out->size >= BUFFER_SIZE)
        timeline_flush(timeline);
}

bool
timeline_close(struct timeline *timeline, struct err *err)
{
    if (timeline == NULL)
        return true;
    timeline_flush(timeline);
    bool ok = growing_close(timeline->file, err);
    buf_finish(&timeline->lines);
    free(timeline);
    return ok;
}
