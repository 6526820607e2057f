#include <inttypes.h>

#include "output/json_line.h"
#include "output/request_form.h"

static void
add_count(struct buf *out, const char *key, uint64_t count)
{
    buf_printf(out, ", \"%s\": %" PRIu64, key, count);
}

/* What did not take place or was not measured is left out. */
static void
add_phase(struct buf *out, const char *key, nsec_t t)
{
    if (t >= 0)
        json_line_seconds(out, key, t);
}

static void
head(void *data, struct buf *out, const struct result *result)
{
    buf_append_str(out, "{\"type\": \"start\"");
    json_line_text(out, "schema", "molo-requests/1");
    json_line_text(out, "molo", MOLO_VERSION);
    json_line_text(out, "scenario", result->scenario_path);
    add_count(out, "seed", result->plan->options->seed);
    json_line_text(out, "started_at", result->started_at);
    buf_append_str(out, "}\n");
}

static void
add_entry(void *data, struct buf *out, const struct request_entry *entry)
{
    const struct request_sample *s = &entry->sample;
    buf_append_str(out, "{\"type\": \"request\"");
    json_line_seconds(out, "at", entry->at);
    if (s->worker_id < 0)
        buf_append_str(out, ", \"worker_id\": null");
    else
        buf_printf(out, ", \"worker_id\": %" PRId64, s->worker_id);
    buf_printf(out, ", \"step\": %" PRId64, s->step);
    json_line_text(out, "method", s->method);
    json_line_text(out, "name", s->name);
    buf_printf(out, ", \"status\": %d, \"failed\": %s", s->status,
               s->failed ? "true" : "false");
    json_line_text(out, "kind", s->kind);
    add_count(out, "sends", s->sends);
    add_count(out, "bytes_sent", s->bytes_sent);
    add_count(out, "bytes_received", s->bytes_received);
    add_phase(out, "response", s->response);
    add_phase(out, "duration", s->duration);
    add_phase(out, "dns", s->dns);
    add_phase(out, "connect", s->connect);
    add_phase(out, "tls", s->tls);
    add_phase(out, "send", s->send);
    add_phase(out, "wait", s->wait);
    add_phase(out, "receive", s->receive);
    buf_append_str(out, "}\n");
}

static void
end(void *data, struct buf *out, const struct outputs_log *log)
{
    buf_append_str(out, "{\"type\": \"end\", \"complete\": true");
    add_count(out, "written", log->written);
    add_count(out, "dropped", log->dropped);
    buf_append_str(out, "}\n");
}

const struct request_form request_lines = {
    .head = head,
    .entry = add_entry,
    .end = end,
};
