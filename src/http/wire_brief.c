#include "http/wire_brief.h"

#include <string.h>

#include "base/log.h"
#include "base/units.h"
#include "http/redact.h"
#include "http/transfer.h"
#include "http/wire_view.h"

void
wire_brief_append_who(struct buf *out, const struct wire_viewer *viewer,
                      uint64_t number)
{
    if (viewer->worker < 0)
        buf_append_str(out, "[global");
    else
        buf_printf(out, "[w%d", (int)viewer->worker);
    buf_printf(out, " s%lld #%llu", (long long)*viewer->step,
               (unsigned long long)number);
}

static void
append_duration(struct buf *out, nsec_t duration)
{
    char text[32];
    units_format_duration(duration, text, sizeof(text));
    buf_append_str(out, text);
}

static void
append_bytes(struct buf *out, uint64_t size)
{
    char text[32];
    units_format_bytes(size, text, sizeof(text));
    buf_append_str(out, text);
}

void
wire_brief_request(const struct transfer *transfer,
                   const struct wire_viewer *viewer)
{
    const struct http_request *request = &transfer->request;
    struct buf line = {0};
    wire_brief_append_who(&line, viewer, transfer->view_number);
    buf_printf(&line, "] > %s ", request->method);
    redact_append_url(&line, request->url.data, request->url.size);
    if (request->has_body) {
        buf_append_str(&line, ", a body of ");
        append_bytes(&line, http_request_body_size(request));
    }
    log_debug("%s", line.data);
    buf_finish(&line);
}

static const char *
version_words(int version)
{
    return version == 10   ? "HTTP/1.0 "
           : version == 20 ? "HTTP/2 "
           : version == 30 ? "HTTP/3 "
                           : "HTTP/1.1 ";
}

void
wire_brief_append_outcome(struct buf *line, const struct transfer *transfer,
                          bool aborted)
{
    if (aborted)
        buf_append_str(line, "aborted");
    else if (transfer->response.status != 0)
        buf_printf(line, "%s%d", version_words(transfer->response.http_version),
                   transfer->response.status);
    else
        buf_append_str(line, "no answer");
    if (transfer->fault != FAULT_NONE) {
        buf_printf(line, ", %s: ", transfer_fault_name(transfer->fault));
        redact_append_url(line, transfer->fault_message,
                          strlen(transfer->fault_message));
    }
    buf_append_str(line, " (");
    append_bytes(line, transfer->bytes_sent);
    buf_append_str(line, " sent, ");
    append_bytes(line, transfer->bytes_received);
    buf_append_str(line, " received, ");
    append_duration(line, transfer->timings.elapsed);
    if (transfer->timings.wait >= 0) {
        buf_append_str(line, ", ");
        append_duration(line, transfer->timings.wait);
        buf_append_str(line, " of it waiting for the first byte");
    }
    if (transfer->sends > 1)
        buf_printf(line, ", sent %u times", transfer->sends);
    buf_append_str(line, ")");
}

void
wire_brief_answer(const struct transfer *transfer,
                  const struct wire_viewer *viewer, bool aborted)
{
    const struct http_request *request = &transfer->request;
    struct buf line = {0};
    wire_brief_append_who(&line, viewer, transfer->view_number);
    buf_printf(&line, "] < %s ", request->method);
    redact_append_url(&line, request->url.data, request->url.size);
    buf_append_str(&line, ": ");
    wire_brief_append_outcome(&line, transfer, aborted);
    log_debug("%s", line.data);
    buf_finish(&line);
}
