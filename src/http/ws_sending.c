/* What a WebSocket sends: frames in a buffer, until the system takes them. */
#include <string.h>

#include "http/ws_internal.h"

enum {
    /* Memory for what is sent, between two messages. */
    OUT_KEPT = 16 * 1024,
    /* Read and thrown away before an end. */
    DRAIN_MAX = 256 * 1024,
};

void
ws_write_frame(struct websocket *ws, enum ws_opcode opcode, const void *data,
               size_t size)
{
    size_t before = ws->out.size;
    ws_frames_write(ws->frames, opcode, data, size, &ws->out);
    ws->queued += ws->out.size - before;
}

void
ws_write_close(struct websocket *ws, int code, const char *reason, size_t size)
{
    if (ws->close_sent)
        return;
    size_t before = ws->out.size;
    ws_frames_write_close(ws->frames, code, reason, size, &ws->out);
    ws->queued += ws->out.size - before;
    ws->close_sent = true;
}

/* Takes away what was sent: a queue that is never quite empty must not grow by
 * it, nor one large message leave its size behind. */
static void
trim_out(struct websocket *ws)
{
    struct buf *out = &ws->out;
    size_t rest = out->size - ws->out_used;
    if (rest > ws->out_used)
        return; /* so that no byte is moved more than once for each one sent */
    if (rest == 0 && out->capacity > OUT_KEPT) {
        buf_finish(out);
    } else if (ws->out_used > 0) {
        memmove(out->data, out->data + ws->out_used, rest + 1);
        out->size = rest;
    }
    ws->out_used = 0;
}

bool
ws_flush(struct websocket *ws)
{
    while (ws->out_used < ws->out.size) {
        ssize_t sent =
            ws->ops->stream_send(ws->stream, ws->out.data + ws->out_used,
                                 ws->out.size - ws->out_used);
        if (sent == STREAM_NOT_NOW) {
            trim_out(ws);
            return false;
        }
        if (sent < 0) {
            websocket_set_end(ws, FAULT_RESET, WS_CODE_ABNORMAL,
                              "connection closed while sending (%.200s)",
                              ws->ops->stream_error(ws->stream));
            websocket_finish(ws);
            return false;
        }
        ws->out_used += (size_t)sent;
        ws->handed_over += (uint64_t)sent;
        ws->counts.bytes_sent += (uint64_t)sent;
    }
    trim_out(ws);
    return true;
}

void
ws_drain(struct websocket *ws)
{
    char scratch[4096];
    for (size_t read = 0; read < DRAIN_MAX;) {
        ssize_t got =
            ws->ops->stream_receive(ws->stream, scratch, sizeof(scratch));
        if (got <= 0)
            return;
        read += (size_t)got;
        ws->counts.bytes_received += (uint64_t)got;
    }
}
