#include "output/result.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/units.h"
#include "output/table.h"
#include "output/text.h"

/* Soon enough to see that something happens, then seldom enough for a log. */
#define PLAIN_FIRST (1 * NSEC_PER_SEC)
#define PLAIN_EVERY (5 * NSEC_PER_SEC)
/* A rate over less than this jumps more than it tells. */
#define RATE_WINDOW (500 * NSEC_PER_MSEC)
#define ERASE "\r\x1b[K"

enum live_mode { LIVE_NONE, LIVE_LINE, LIVE_PLAIN };

struct out_live {
    FILE *stream;
    enum live_mode mode;
    bool color;
    /* Held from before to after a log line, which other threads may write. */
    pthread_mutex_t mutex;
    struct buf line; /* what stands on the terminal now, or "" */
    bool bad;
    nsec_t next_plain;
    bool started;
    nsec_t window_start;
    uint64_t window_requests;
    double rate;
};

static void
draw(struct out_live *live)
{
    enum style style = live->bad ? STYLE_BAD : STYLE_PLAIN;
    fprintf(live->stream, ERASE "%s%s%s", style_begin(style, live->color),
            live->line.data, style_end(style, live->color));
    fflush(live->stream);
}

static void
on_log_before(void *data)
{
    struct out_live *live = data;
    pthread_mutex_lock(&live->mutex);
    if (live->line.size > 0) {
        fputs(ERASE, live->stream);
        fflush(live->stream);
    }
}

static void
on_log_after(void *data)
{
    struct out_live *live = data;
    if (live->line.size > 0)
        draw(live);
    pthread_mutex_unlock(&live->mutex);
}

static enum live_mode
choose_mode(FILE *stream, enum option_progress mode)
{
    const char *term = getenv("TERM");
    bool terminal = isatty(fileno(stream)) == 1 &&
                    (term == NULL || strcmp(term, "dumb") != 0);
    switch (mode) {
    case PROGRESS_OFF:
        return LIVE_NONE;
    case PROGRESS_AUTO:
        return terminal ? LIVE_LINE : LIVE_NONE;
    case PROGRESS_ON:
        break;
    }
    return terminal ? LIVE_LINE : LIVE_PLAIN;
}

struct out_live *
out_live_create(FILE *stream, enum option_progress mode, bool color)
{
    struct out_live *live = xcalloc(1, sizeof(*live));
    live->stream = stream;
    live->mode = choose_mode(stream, mode);
    live->color = color;
    pthread_mutex_init(&live->mutex, NULL);
    if (live->mode == LIVE_LINE)
        log_set_hooks(on_log_before, on_log_after, live);
    return live;
}

static void
update_rate(struct out_live *live, uint64_t requests, nsec_t now)
{
    nsec_t window = now - live->window_start;
    if (live->started && window < RATE_WINDOW)
        return;
    if (live->started)
        live->rate = (double)(requests - live->window_requests) /
                     nsec_to_seconds(window);
    live->window_start = now;
    live->window_requests = requests;
}

/* Whole seconds: the digits behind would only flicker. */
static void
append_seconds(struct buf *line, nsec_t t)
{
    char text[32];
    units_format_duration(t - t % NSEC_PER_SEC, text, sizeof(text));
    buf_append_str(line, text);
}

static void
format_line(struct out_live *live, const struct live_status *status,
            const struct snapshot *s)
{
    struct buf *line = &live->line;
    buf_clear(line);
    buf_printf(line, "%s  ", status->phase);
    append_seconds(line, status->elapsed);
    if (status->total != NSEC_NEVER) {
        buf_append_str(line, " / ");
        append_seconds(line, status->total);
    }
    buf_printf(line, "  runs %" PRIu64,
               s->runs_ok + s->runs_failed + s->runs_interrupted);
    if (status->runs_total > 0)
        buf_printf(line, " / %" PRId64, status->runs_total);
    if (s->runs_failed > 0)
        buf_printf(line, "  failed %" PRIu64, s->runs_failed);
    if (s->runs_dropped > 0)
        buf_printf(line, "  dropped %" PRIu64, s->runs_dropped);
    buf_printf(line, "  %.*f req/s", live->rate < 99.95 ? 1 : 0, live->rate);
    buf_printf(line, "  workers %d / %d", (int)status->workers_running,
               (int)status->workers_total);
    if (status->waiting > 0)
        buf_printf(line, "  waiting %zu", status->waiting);
    if (status->waiting_long > 0)
        buf_printf(line, " (%zu for over 10 s)", status->waiting_long);
    live->bad = s->runs_failed > 0 || status->waiting_long > 0;
}

/* A line that wraps cannot be erased; the last column is left free, as some
 * terminals wrap when it is filled. */
static void
fit_terminal(struct out_live *live)
{
    struct winsize size;
    size_t width = 80;
    if (ioctl(fileno(live->stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
        width = size.ws_col;
    text_truncate(live->line.data, width - 1);
    live->line.size = strlen(live->line.data);
}

void
out_live_update(struct out_live *live, const struct live_status *status,
                const struct snapshot *snapshot, nsec_t now)
{
    if (live->mode == LIVE_NONE)
        return;
    pthread_mutex_lock(&live->mutex);
    if (!live->started)
        live->next_plain = nsec_add(now, PLAIN_FIRST);
    if (live->mode == LIVE_LINE) {
        update_rate(live, snapshot->requests, now);
        format_line(live, status, snapshot);
        fit_terminal(live);
        draw(live);
    } else if (!live->started || status->final || now >= live->next_plain) {
        update_rate(live, snapshot->requests, now);
        if (status->final && status->elapsed > 0)
            live->rate = (double)snapshot->requests_in_runs /
                         nsec_to_seconds(status->elapsed);
        if (live->started || status->final) {
            format_line(live, status, snapshot);
            fprintf(live->stream, "%s\n", live->line.data);
            fflush(live->stream);
            live->next_plain = nsec_add(now, PLAIN_EVERY);
        }
    }
    live->started = true;
    pthread_mutex_unlock(&live->mutex);
}

void
out_live_destroy(struct out_live *live)
{
    if (live == NULL)
        return;
    if (live->mode == LIVE_LINE) {
        log_set_hooks(NULL, NULL, NULL);
        if (live->line.size > 0) {
            fputs(ERASE, live->stream);
            fflush(live->stream);
        }
    }
    pthread_mutex_destroy(&live->mutex);
    buf_finish(&live->line);
    free(live);
}
