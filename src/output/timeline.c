#include "output/timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "output/json_line.h"

/* Lines are gathered up to here, then written at once. */
#define BUFFER_SIZE (64 * 1024)

struct timeline {
    char *path;
    int fd;
    int failure; /* errno of the first write that failed; 0: none */
    struct buf lines;
};

struct timeline *
timeline_open(const char *path, struct err *err)
{
    int fd = STDOUT_FILENO;
    if (strcmp(path, "-") != 0) {
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (fd < 0) {
            err_set(err, "cannot write '%s': %s", path, strerror(errno));
            return NULL;
        }
    }
    struct timeline *timeline = xcalloc(1, sizeof(*timeline));
    timeline->path = xstrdup(path);
    timeline->fd = fd;
    return timeline;
}

void
timeline_flush(struct timeline *timeline)
{
    const char *data = timeline->lines.data;
    size_t left = timeline->lines.size;
    while (left > 0 && timeline->failure == 0) {
        ssize_t written = write(timeline->fd, data, left);
        if (written < 0) {
            if (errno != EINTR)
                timeline->failure = errno;
            continue;
        }
        data += written;
        left -= (size_t)written;
    }
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
    if (timeline->failure != 0)
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
    int failure = timeline->failure;
    if (timeline->fd != STDOUT_FILENO && close(timeline->fd) != 0 &&
        failure == 0)
        failure = errno;
    if (failure != 0)
        err_set(err, "cannot write the timeline to '%s': %s", timeline->path,
                strerror(failure));
    buf_finish(&timeline->lines);
    free(timeline->path);
    free(timeline);
    return failure == 0;
}
